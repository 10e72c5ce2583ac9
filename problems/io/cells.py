"""Text as rows of cells: what separates them, quotes, comments, and the numbers in them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from formulations.problem import Floats
from problems.io.parsed import number
from problems.terminal.errors import InputError, quoted, safe

SEPARATORS = ("\t", ";", ",", "|")  # tried in this order; blanks, written None, come last
SAMPLE_LINES, SAMPLE_CHARACTERS = 100, 100_000  # by which the separator is chosen
_WORD = re.compile(r'"([^"]*)"(?!\S)|(\S+)')
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "?", ".", "-", "--"}  # cells, in lower case, without a value
THOUSANDS = re.compile(
    r"[+-]?\d{1,3}((,\d{3})+(\.\d+)?|(\.\d{3})+,\d+|(\.\d{3}){2,}|([ '\u2019\u00a0]\d{3})+([.,]\d+)?)", re.ASCII
)
EXCEL = re.compile(r"\ufeff?sep=(\S)\s*\Z")  # how Excel says what separates the columns
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*", re.ASCII)

Separator = str | None


@dataclass(frozen=True)
class Table:
    """The lines of a text, comments (#) made empty, and what separates the cells in them; None for blanks."""

    lines: list[str]
    separator: Separator

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        r"""The number of the line on which each row begins, and its cells; not of blank lines.

        Raises InputError for a quote that does not close.

        >>> list(table_of('# km\n;"Bern; CH";Genf\n"Bern; CH";0;158,5\n').rows())
        [(2, ['', 'Bern; CH', 'Genf']), (3, ['Bern; CH', '0', '158,5'])]
        """
        if any('"' in line for line in self.lines):
            yield from quoted_rows(self.lines, self.separator)
            return
        for i, line in enumerate(self.lines, start=1):
            if line.strip() or (self.separator and self.separator in line):
                yield i, split(line, None) if self.separator is None else _stripped(line.split(self.separator), line)


def table_of(text: str) -> Table:
    r"""The table in a text, separated as makes most cells numbers, or as Excel's sep= says.

    >>> table_of("0,5 1\n1 0,25\n").separator, table_of("0,5\n5,0\n").separator
    (None, ',')
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    said = EXCEL.match(lines[0])
    if said:
        lines[0] = ""
    if "#" in text:
        lines = ["" if line.lstrip().startswith("#") else line for line in lines]
    return Table(lines, said[1] if said else _separator(lines))


def _separator(lines: Iterable[str]) -> Separator:
    """The separator that makes the most numbers and the fewest texts of the first lines; of equals, the first."""
    sample, length = [], 0
    for line in lines:
        if line.strip():
            sample.append(line)
            length += len(line)
            if len(sample) == SAMPLE_LINES or length > SAMPLE_CHARACTERS:
                break

    def fit(separator: Separator) -> int:
        return sum(_fit(cell, separator) for line in sample for cell in split(line, separator) if cell)

    there = [sign for sign in SEPARATORS if any(sign in line for line in sample)]
    return max([*there, None], key=fit) if there else None


def _fit(cell: str, separator: Separator) -> int:
    """How much a cell speaks for a separator: numbers for it, texts against it, most so with another sign in them."""
    if not np.isnan(finite(cell, separator)):
        return 2
    if THOUSANDS.fullmatch(cell):
        return 0
    return -3 if any(sign in cell for sign in SEPARATORS if sign != separator) else -1


def split(line: str, separator: Separator) -> list[str]:
    r"""The cells of one line.

    >>> split("a b\tc", None), split("a b\tc", "\t")
    (['a', 'b', 'c'], ['a b', 'c'])
    """
    if separator is None and '"' in line:
        words = [(quote, word) for quote, word in _WORD.findall(line)]
        end = next((i for i, (_, word) in enumerate(words) if word.startswith("#")), len(words))
        return [quote or word for quote, word in words[:end]]
    if separator is None:
        return line.partition(" #")[0].split() if "#" in line else line.split()
    try:
        return [cell.strip() for row in csv.reader([line], delimiter=separator, skipinitialspace=True) for cell in row]
    except (csv.Error, TypeError, ValueError):  # separators that the csv module does not take
        return [cell.strip() for cell in line.split(separator)]


def _stripped(cells: list[str], text: str) -> list[str]:
    """The cells without blanks around them, if there are any in their text."""
    plain = text.isascii() and " " not in text and "\t" not in text
    return cells if plain else [cell.strip() for cell in cells]


def quoted_rows(lines: Sequence[str], separator: Separator) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of the rows that are not blank, by the csv module, where cells may go over several lines.

    Raises InputError for a quote that does not close.
    """
    if separator is None or len(separator) > 1 or separator in '"\n ':
        rows = ((i, split(line, separator)) for i, line in enumerate(lines, start=1) if line.strip())
        yield from ((i, cells) for i, cells in rows if cells)
        return
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, skipinitialspace=True, strict=True)
    line = 0
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield line + 1, _stripped(row, "".join(row))
            line = reader.line_num
    except csv.Error as error:
        fault = f"line {line + 1} has a quote that does not close as it should ({safe(error)})"
        raise InputError(f'{fault}; write a quote within quotes twice, as in "Ann ""A"" Lee"') from None


def number_in(cell: str, separator: Separator) -> int | float | None:
    """The number in a cell, with a decimal comma unless commas are between the cells; None for anything else.

    >>> number_in("1,5", ";"), number_in("1,5", ","), number_in("1,234,567", ";"), number_in("x", ";")
    (1.5, None, None, None)
    """
    if separator != "," and _DECIMAL_COMMA.fullmatch(cell):
        cell = cell.replace(",", ".")
    return number(cell)


def amount(cell: str, separator: Separator) -> int | float | None:
    """The same, of which a sign of per cent makes hundredths.

    >>> amount("91 %", ","), amount("12,5%", ";"), amount("%", ",")
    (0.91, 0.125, None)
    """
    if not cell.endswith("%"):
        return number_in(cell, separator)
    value = number_in(cell[:-1].rstrip(), separator)
    try:
        return None if value is None else value / 100
    except OverflowError:  # an integer of hundreds of digits
        return np.inf


def numbers(cells: Sequence[str], separator: Separator) -> tuple[Floats, tuple[int, str] | None]:
    """The cells as float64, nan for missing ones; and place and text of the first that is not even missing.

    >>> numbers(["1,5", "NA"], ";"), numbers(["x"], ";")
    ((array([1.5, nan]), None), (array([nan]), (0, 'x')))
    """
    text = "".join(cells)
    if text.isascii() and "_" not in text:  # which Python would read in numbers
        plain = [cell.replace(",", ".") for cell in cells] if separator != "," and "," in text else cells
        try:
            values = np.fromiter(map(float, plain), dtype=np.float64, count=len(plain))
            if np.isfinite(values).all():
                return values, None
        except ValueError:
            pass
    found, odd = np.full(len(cells), np.nan), None
    for k, cell in enumerate(cells):
        if cell.lower() not in MISSING:
            found[k] = finite(cell, separator)
            odd = odd or ((k, cell) if np.isnan(found[k]) else None)
    return found, odd


def finite(cell: str, separator: Separator) -> float:
    """The finite number in a cell, hundredths if it has a sign of per cent, else nan.

    >>> finite("1e3", ","), finite("91 %", ","), finite("1e999", ",")
    (1000.0, 0.91, nan)
    """
    value = amount(cell, separator)
    try:
        return float(value) if value is not None and abs(value) < np.inf else np.nan
    except OverflowError:  # an integer of hundreds of digits
        return np.nan


def not_a_number(line: int, place: int, cell: str) -> InputError:
    """The error for a cell that holds no number, its place counted from 1.

    >>> print(not_a_number(3, 2, "1.234,5"))
    line 3, cell 2 is '1.234,5'; write a finite number, with nothing between its thousands
    """
    remedy = "write a finite number"
    if THOUSANDS.fullmatch(cell):
        remedy += ", with nothing between its thousands"
    elif cell.isalpha():
        remedy += ", and quotes around a name that has in it what separates cells"
    return InputError(f"line {line}, cell {place} is {quoted(cell)}; {remedy}")
