"""A table of text, or an array, as columns with their names: which hold numbers, and which names the rows."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from formulations.problem import Bools, Floats
from problems.io.cells import MISSING, THOUSANDS, Separator, amount, split, table_of
from problems.io.encodings import decode_any, notes_on
from problems.io.matrix import MAX_MAGNITUDE
from problems.io.npy import Shape, misshapen, read_npy
from problems.terminal.errors import InputError, most_of, quoted

TRUTH = {"true": 1.0, "false": 0.0}
MAX_NUMBERS = 10_000_000  # in a table of text
MAX_ARRAY = 32_000_000  # numbers in a .npy file: 256 MB
LEAST_NUMBERED = 3  # rows that 1, 2, 3, ... in the first column are taken to number
SAMPLE = 1000  # rows that the header is told by


@dataclass(frozen=True, eq=False)
class RawTable:
    """The n x m cells of a file.

    names   of the columns; headed: whether the file itself has them
    cells   column by column, as text; empty for an array
    values  float64 (n, m), nan where there is no number, inf where it is beyond MAX_MAGNITUDE
    text    bool (n, m): where there is anything else
    where   what messages call each row
    """

    names: Sequence[str]
    headed: bool
    cells: Sequence[Sequence[str]]
    values: Floats
    text: Bools
    where: Sequence[str]
    notes: Sequence[str]

    def holds_numbers(self, k: int) -> bool:
        """Whether the column has numbers, and no more texts than numbers."""
        numbers = int(np.count_nonzero(~np.isnan(self.values[:, k])))
        return numbers > 0 and int(self.text[:, k].sum()) <= numbers

    def label(self, chosen: Sequence[int] | None) -> int | None:
        """The column that names the rows, None if there is none; not one that was chosen for its numbers."""
        free = [k for k in range(len(self.names)) if chosen is None or k not in chosen]
        numbers = [k for k in (free if chosen is None else chosen) if self.holds_numbers(k)]
        first = self.headed and (not self.names[0] or counts_on(self.values[:, 0]))
        if 0 in free and first and numbers not in ([], [0]):
            return 0
        return next((k for k in free if self.text[:, k].any() and not self.holds_numbers(k)), None)

    def columns(self, asked: str | None, option: str = "--columns") -> list[int] | None:
        """The columns that are asked for by name or number; raises InputError for one that is not there."""
        if asked is None:
            return None
        wanted = [name.strip() for name in next(csv.reader([asked], skipinitialspace=True), [])]
        if not any(wanted):
            raise InputError(f"{option} {quoted(asked)} names no column; {self._known()}")
        return list(dict.fromkeys(self._column(name) for name in wanted if name))

    def _column(self, name: str) -> int:
        for same in (str, str.casefold):
            found = [k for k, known in enumerate(self.names) if same(known) == same(name)]
            if len(found) > 1:
                places = " and ".join(str(k + 1) for k in found[:2])
                raise InputError(f"has several columns named {quoted(name)}; say by their numbers, {places}, which")
            if found:
                return found[0]
        if name.isdecimal() and len(name) < 9 and 1 <= int(name) <= len(self.names):
            return int(name) - 1
        raise InputError(f"has no column {quoted(name)}; {self._known()}")

    def called(self, k: int) -> str:
        """What messages call a column."""
        return quoted(self.names[k]) if self.names[k] else str(k + 1)

    def no_number(self, i: int, k: int) -> InputError:
        """The error for what stands in row i of column k, where a number should."""
        cell = quoted(self.cells[k][i]) if self.cells else "too large"
        return InputError(
            f"{self.where[i]}, column {self.called(k)} is {cell}; write a number within {MAX_MAGNITUDE:g}, without "
            f"signs between thousands, or NA, or choose other --columns"
        )

    def _known(self) -> str:
        named = [quoted(name) for name in self.names if name]
        shown, rest = most_of(named, 8)
        more = f" and {rest} more" if rest else ""
        return f"its columns are {', '.join(shown)}{more}" if self.headed else f"it has {len(self.names)} columns"


def of_array(data: bytes) -> RawTable:
    """A .npy file (n, m), or (n,) for m = 1; its rows and columns are numbered."""
    held = read_npy(data, _refuse_shape)
    values = held.reshape(len(held), -1)
    n, m = values.shape
    values[np.abs(values) > MAX_MAGNITUDE] = np.inf
    where = [f"row {i}" for i in range(1, n + 1)]
    return RawTable(numbered(m), False, (), values, np.zeros((n, m), dtype=bool), where, ())


def _refuse_shape(shape: Shape) -> None:
    if len(shape) not in (1, 2) or min(shape) < 1:
        raise misshapen(shape, "give a table, n objects x m measurements")
    if math.prod(shape) > MAX_ARRAY:
        raise InputError(f"holds {math.prod(shape):,} numbers; give at most {MAX_ARRAY:,}")


def of_text(data: bytes) -> RawTable:
    """A table of text, whatever separates its cells."""
    text, encoding = decode_any(data)
    notes = notes_on(encoding)
    table = table_of(text)
    lines, rows = _rectangular([(line, cells) for line, cells in table.rows() if any(cells)])
    marked = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    names = split(marked[0].lstrip("\ufeff# \t"), table.separator) if marked else []
    if len(names) == len(rows[0]) > 1:  # as numpy writes a header, and biologists do
        lines, rows, marked = [1, *lines], [names, *rows], marked[1:]
    if marked:
        notes.append(f"Lines that begin with # are left out as comments: {len(marked):,}.")
    headed, note = _headed(rows, table.separator)
    notes += [note] if note else []
    names = rows[0] if headed else numbered(len(rows[0]))
    body = rows[1:] if headed else rows
    if not body:
        raise InputError("has no rows below its first line; give a row of numbers for each object")
    cells = list(zip(*body, strict=True))
    columns = [_numbers(column, table.separator) for column in cells]
    values, text_there = (np.stack(parts, axis=1) for parts in zip(*columns, strict=True))
    where = [f"line {line}" for line in lines[len(lines) - len(body) :]]
    return RawTable(names, headed, cells, values, text_there, where, notes)


def _rectangular(rows: list[tuple[int, list[str]]]) -> tuple[list[int], list[list[str]]]:
    """Line numbers, and rows of one width: without columns at the end that are empty and have no name."""
    if not rows:
        raise InputError("holds no cells; give a row of numbers for each object")
    width = max(len(cells) for _, cells in rows)
    if width * len(rows) > MAX_NUMBERS:
        raise InputError(f"has {len(rows):,} lines of up to {width:,} cells; give at most {MAX_NUMBERS:,} cells")
    while width > 1 and not any(cells[width - 1] for _, cells in rows if len(cells) == width):
        rows = [(line, cells[: width - 1]) for line, cells in rows]
        width -= 1
    if len(rows) > 1 and len(rows[0][1]) == width - 1:  # as R's write.table leaves out the name of the names
        rows = [(rows[0][0], ["", *rows[0][1]]), *rows[1:]]
    for line, cells in rows:
        if len(cells) != len(rows[0][1]):
            raise InputError(
                f"line {line} has {len(cells):,} cell{'s' if len(cells) > 1 else ''} where line {rows[0][0]} has "
                f"{len(rows[0][1]):,}; give every row as many, and put names that hold a separator in quotes"
            )
    return [line for line, _ in rows], [cells for _, cells in rows]


def _headed(rows: Sequence[Sequence[str]], separator: Separator) -> tuple[bool, str]:
    """Whether the first row has the names of the columns, and what is to be said of it."""
    first, body = rows[0], rows[1:]
    is_number = [[_value(cell, separator) is not None for cell in row] for row in (first, *body[:SAMPLE])]
    if not body:
        return not any(is_number[0]), ""
    below, text = np.array(is_number[1:], dtype=bool).mean(axis=0) >= 0.5, ~np.array(is_number[0])
    if (below & text).any() or (not first[0] and text.any()):
        return True, ""
    steps = np.diff([_value(cell, separator) or 0.0 for cell in first[1:]])
    even = len(steps) > 1 and steps[0] > 0 and bool((steps == steps[0]).all())
    named = not below[0] or counts_on(_numbers([row[0] for row in body], separator)[0])
    new = not any(map(any, is_number)) and not any(name in column for name, *column in zip(first, *body, strict=True))
    if (even and text[0]) or (not first[0] and named and len(first) > 1) or new:
        return True, f"The first line, {quoted(', '.join(first[:4]))} and so on, is taken as the names of the columns."
    return False, "The first line holds numbers, so the columns have no names: they are numbered."


def counts_on(column: Floats) -> bool:
    """Whether whole numbers go up by 1 from row to row, as those of rows and years do.

    >>> counts_on(np.array([1.0, 2, 3])), counts_on(np.array([1.0, 2, 4]))
    (True, False)
    """
    few = len(column) < LEAST_NUMBERED
    return not few and float(column[0]).is_integer() and bool((np.diff(column) == 1).all())


def _value(cell: str, separator: Separator) -> float | None:
    """The number in a cell; nan where it says that it is missing, None for text.

    Truth counts 1 or 0, 5 % counts .05; inf beyond MAX_MAGNITUDE, and for numbers with signs between thousands: that
    they are numbers is plain, but not which.
    """
    said = cell.lower()
    if said in MISSING or said in TRUTH:
        return TRUTH.get(said, math.nan)
    value = amount(cell, separator)
    if value is None:
        return math.inf if THOUSANDS.fullmatch(cell) else None
    return math.inf if abs(value) > MAX_MAGNITUDE else float(value)


def _numbers(column: Sequence[str], separator: Separator) -> tuple[Floats, Bools]:
    """The numbers in a column, float64 (n,), nan where there is none; and where there is text instead, bool (n,)."""
    joined = "".join(column)
    if joined.isascii() and "_" not in joined:  # what Python reads, and we do not
        with suppress(ValueError):
            quick = np.array(column).astype(np.float64)
            if (np.abs(quick) <= MAX_MAGNITUDE).all():
                return quick, np.zeros(len(column), dtype=bool)
    found = [_value(cell, separator) for cell in column]
    return np.array([np.nan if value is None else value for value in found]), np.array([v is None for v in found])


def numbered(n: int) -> list[str]:
    """Names for what has none.

    >>> numbered(3)
    ['1', '2', '3']
    """
    return [str(k) for k in range(1, n + 1)]


def as_list(names: Sequence[str]) -> str:
    """Names of columns as --columns takes them.

    >>> as_list(["a", "b,c"])
    'a,"b,c"'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()
