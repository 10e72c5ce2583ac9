"""Reading how often each whole number was observed."""

from __future__ import annotations

import csv
import io
import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from formulations.problem import Floats, Ints
from problems.io.content import decode, read_file, unknown_format
from problems.io.matrix import MAX_MAGNITUDE
from problems.io.parsed import EXACT_INTEGERS, number
from problems.terminal.errors import InputError, quoted, safe

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
MAX_NUMBERS = 10_000_000  # 80 MB, read in some 20 s
MAX_LINE = 4 << 20  # characters: a longer line may be split into more strings than fit in memory
SEPARATORS = (";", ",", "\t")  # else blanks
COUNT_HEADERS = {"count", "counts", "frequency", "freq", "n", "number", "times"}


@dataclass(frozen=True, eq=False)
class CountsFile:
    """How often each value was observed; and notes for the user on how the file was read.

    value  int64 (k,), distinct, ascending, >= 1
    count  int64 (k,), >= 1; value @ count is below 2^53
    """

    value: Ints
    count: Ints
    notes: tuple[str, ...] = ()


def read_counts(path: str | os.PathLike[str]) -> CountsFile:
    r"""Integers >= 1 in a .csv file (.gz .bz2 .xz): a column of observations, or columns of values and counts.

    Of two columns, the header says which has the counts; without header it is the second. Raises InputError, one
    sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("1\n3\n1", file=file, flush=True)
    ...     read = read_counts(file.name)
    >>> read.value.tolist(), read.count.tolist()
    ([1, 3], [2, 1])
    """
    return read_file(path, _counts, "numbers")


# Counts


def _counts(data: bytes, suffix: str) -> CountsFile:
    header, lines, numbers = _table(data, suffix)
    notes = [f"The first line, {quoted(', '.join(header))}, is taken as names."] if header else []
    columns = numbers.shape[1]
    if columns > 2:
        raise InputError(f"has {columns:,} columns; give one of observations, or two headed value,count")
    if columns == 2 and not header:
        notes.append("The columns have no names, so the first is taken as values and the second as their counts.")
    value, given = numbers[:, 0], np.ones(len(numbers))
    if columns == 2:
        last = _place_of_counts(header) if header else 1
        value, given = numbers[:, 1 - last], numbers[:, last]
    _refuse_unless_whole("value", value, lines)
    _refuse_unless_whole("count", given, lines)
    low = np.flatnonzero(value < 1)
    if len(low):
        raise InputError(
            f"line {lines[low[0]]} has value {value[low[0]]:.0f}, but x counts trials up to and including the first "
            "success, so it is at least 1; if the file counts failures before it, add 1 to every value"
        )
    negative = np.flatnonzero(given < 0)
    if len(negative):
        raise InputError(f"line {lines[negative[0]]} has count {given[negative[0]]:.0f}; a count is 0 or more")
    if not given.any():
        raise InputError("has counts that are all 0; give at least one observation")
    if float(value @ given) >= EXACT_INTEGERS:
        raise InputError(f"has observations that sum to {value @ given:.3g}; their sum must be below 2^53")
    if columns == 2 and len(np.unique(value)) < len(value):
        notes.append("Some values are listed more than once; their counts are added.")
    seen = given > 0
    distinct, inverse = np.unique(value[seen], return_inverse=True)
    return CountsFile(
        distinct.astype(np.int64), np.bincount(inverse, weights=given[seen]).astype(np.int64), tuple(notes)
    )


def _place_of_counts(header: list[str]) -> int:
    """The index of the column of counts, by its name; 1 if both have such a name."""
    places = [place for place in (1, 0) if header[place].lower() in COUNT_HEADERS]
    if not places:
        raise InputError(f"has as header {quoted(','.join(header))}, of which neither names counts; write value,count")
    return places[0]


def _refuse_unless_whole(name: str, numbers: Floats, lines: Ints) -> None:
    wrong = np.flatnonzero((numbers != np.rint(numbers)) | (np.abs(numbers) >= EXACT_INTEGERS))
    if len(wrong):
        i = wrong[0]
        fault = "not below 2^53" if abs(numbers[i]) >= EXACT_INTEGERS else "not a whole number"
        raise InputError(f"line {lines[i]} has {name} {numbers[i]:.12g}, which is {fault}; give whole numbers to count")


# Text


def _table(data: bytes, suffix: str) -> tuple[list[str], Ints, Floats]:
    """The header (empty if there is none), line numbers int64 (n,), and the finite numbers, float64 (n, d)."""
    if suffix not in TEXT_SUFFIXES:
        raise unknown_format(suffix, ".csv")
    header: list[str] = []
    lines, numbers = array("q"), array("d")
    width = 0
    for line, cells in _rows(decode(data)):
        if not width:
            width = len(cells)
            if all(number(cell) is None for cell in cells):
                header = cells
                if "" in header:
                    raise InputError(
                        f"line {line} leaves column {header.index('') + 1} without a name; name every column, and drop "
                        "one that only numbers the rows (pandas: index=False)"
                    )
                continue
        if len(cells) != width:
            fields = "1 field" if len(cells) == 1 else f"{len(cells):,} fields"
            raise InputError(f"line {line} has {fields} where the lines before have {width:,}; make them all alike")
        values = [_finite(cell, line, column) for column, cell in enumerate(cells, start=1)]
        if len(numbers) + width > MAX_NUMBERS:
            raise InputError(f"has more than {MAX_NUMBERS:,} numbers up to line {line:,}; give fewer")
        lines.append(line)
        numbers.extend(values)
    if not lines:
        raise InputError("has no numbers below its first line; give a row of numbers for each observation")
    return header, np.array(lines, dtype=np.int64), np.array(numbers).reshape(-1, width)


def _finite(cell: str, line: int, column: int) -> float:
    """The number in a cell; raises InputError if there is none, or one beyond MAX_MAGNITUDE."""
    value = number(cell)
    if value is not None and abs(value) <= MAX_MAGNITUDE:
        return float(value)
    remedy = f"write a number, from -{MAX_MAGNITUDE:g} to {MAX_MAGNITUDE:g}"
    if "," in cell:
        remedy = "write a decimal point, and nothing between thousands"
    if not cell:
        remedy = "write a number there, and no separator at the end of lines"
    raise InputError(f"line {line}, column {column} is {quoted(cell)}; {remedy}, or leave out the line")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each line that is not blank; the # that numpy writes before a header is dropped."""
    if text.lstrip().startswith("#"):
        text = text.replace("#", " ", 1)
    last = "".join(text.rstrip()[-MAX_LINE:].splitlines()[-1:])  # rather not the header
    separator = next((sign for sign in SEPARATORS if sign in last), " " if len(last.split()) > 1 else ",")
    for line, row in enumerate(io.StringIO(text, newline=None), start=1):
        if len(row) > MAX_LINE:
            raise InputError(f"line {line} has {len(row):,} characters; give at most {MAX_LINE:,}, a row on each line")
        if row.isspace():
            continue
        if separator == " ":
            yield line, row.split()
            continue
        try:  # line by line: no quoted cell goes over lines
            cells = next(csv.reader([row.rstrip("\n")], delimiter=separator, skipinitialspace=True, strict=True))
        except csv.Error as error:
            raise InputError(f"line {line} cannot be split into fields ({safe(error)}); correct its quotes") from None
        yield line, [cell.strip() for cell in cells]
