"""The rows of an edge table: comments and quotes taken care of, columns separated by what the rows agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from problems.io.cells import EXCEL, SEPARATORS, Separator, number_in, quoted_rows, split
from problems.io.parsed import number
from problems.terminal.errors import InputError, quoted, safe

BY_SUFFIX = {".csv": ",", ".tsv": "\t"}
COMMENTS = ("#", "%")
SAMPLE = 200  # rows by which the separator is chosen
SHAPE = "an edge is u v, or u v weight"


@dataclass
class Rows:
    """The rows of a table: the first, which may hold names, and the columns of all others.

    lines      the numbers of the lines on which they stand, that of the first included
    comments   those before the first row, without their # or %
    separator  of the columns, None for blanks
    """

    first: list[str]
    columns: list[list[str]]
    lines: list[int]
    comments: list[str]
    separator: Separator


def rows_of(text: str, separator: Separator, suffix: str, guess: bool) -> Rows:
    r"""The rows of a text, separated as given, or, to be guessed, as the rows themselves agree; by blanks if not.

    Raises InputError if there are none, for rows of several widths, a quote that does not close, and a comment that may
    be a row. The first row may be shorter by one.

    >>> rows = rows_of('# a comment\n"Smith, Jo", Lee, 3\nLee, Kim, 4\n', None, ".csv", True)
    >>> rows.first, rows.columns, rows.lines
    (['Smith, Jo', 'Lee', '3'], [['Lee'], ['Kim'], ['4']], [2, 3])
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if match := EXCEL.match(lines[0]):
        separator, lines[0] = separator or match[1], ""
    marked = {}
    if any(mark in text for mark in COMMENTS):
        marked = {i: line for i, line in enumerate(lines) if line.lstrip()[:1] in COMMENTS}
    for i in marked:
        lines[i] = ""
    first = next((i for i, line in enumerate(lines) if line and not line.isspace()), None)
    if first is None:
        raise InputError(f"has no edges; write one a line: {SHAPE.removeprefix('an edge is ')}")
    if separator is None and guess:
        separator = _agreed([line for line in lines[first : first + 2 * SAMPLE] if line.strip()][:SAMPLE], suffix)
    comments = [line.strip()[1:].strip() for i, line in marked.items() if i < first]
    rows = _split(lines, separator, comments)
    _refuse_commented_rows(rows, {i: line for i, line in marked.items() if i > first})
    return rows


def _split(lines: Sequence[str], separator: Separator, comments: list[str]) -> Rows:
    """All rows, where nothing is quoted without a list for each of them."""
    numbers = [i for i, line in enumerate(lines, start=1) if line and not line.isspace()]
    kept = [lines[i - 1] for i in numbers]
    first, others = kept[0], kept[1:]
    plain = not any('"' in line or (separator is None and "#" in line) for line in kept)
    if plain:
        counted = map(len, map(str.split, others)) if separator is None else (o.count(separator) + 1 for o in others)
        widths = list(counted)
        flat = " ".join(others).split() if separator is None else separator.join(others).split(separator)
        cells = [split(first, separator)]
    else:
        found = list(quoted_rows(lines, separator))
        cells, numbers = [row for _, row in found], [line for line, _ in found]
        widths = [len(row) for row in cells[1:]]
        flat = [cell for row in cells[1:] for cell in row]
    width = widths[0] if widths else 0
    for line, own in zip(numbers[1:], widths, strict=True):
        if own != width:
            raise InputError(f"line {line} has {own} columns where line {numbers[1]} has {width}; make all rows alike")
    columns = [flat[j::width] for j in range(width)]
    if separator is not None:
        columns = [list(map(str.strip, column)) for column in columns]
    rows = Rows(cells[0], columns, numbers, comments, separator)
    while len(rows.columns) > 2 and not any(rows.columns[-1]):  # a separator at the end of each row is no column
        rows.columns.pop()
        rows.first = rows.first[: len(rows.columns)]
    _refuse_misshapen(rows)
    return rows


def _refuse_misshapen(rows: Rows) -> None:
    """Raise InputError for a single column, a first row of a width of its own, and a separator left in the cells."""
    width, own = len(rows.columns), len(rows.first)
    if own == 1 and width <= 1:
        sign = next((sign for sign in SEPARATORS if sign in rows.first[0] and sign != rows.separator), "")
        sign = safe(sign)  # a tab is written \\t
        remedy = f"if columns are separated by '{sign}', use --delimiter '{sign}'" if sign else "write both on a line"
        raise InputError(f"line {rows.lines[0]} has one column; {SHAPE}: {remedy}")
    if width and own not in (width, width - 1):
        raise InputError(first_unlike(rows))
    if rows.separator is None and rows.first[0].endswith((",", ";")):
        sign = rows.first[0][-1]
        raise InputError(f"line {rows.lines[0]} has '{sign}' between columns; use --delimiter '{sign}'")


def first_unlike(rows: Rows) -> str:
    """That the first row has a width of its own, in a sentence."""
    widths = f"line {rows.lines[1]} has {len(rows.columns)} columns where line {rows.lines[0]} has {len(rows.first)}"
    return f"{widths}; make all rows alike; if the first counts nodes and edges, begin it with #"


def _refuse_commented_rows(rows: Rows, comments: Mapping[int, str]) -> None:
    """Raise InputError for a line such as #tag1,#tag2,5 among the rows: a row, or a comment?"""
    for i, line in comments.items():
        mark, cells = line.lstrip()[0], split(line, rows.separator)
        like_a_row = len(cells) == len(rows.first) and (rows.separator is not None or any(map(number, cells[2:])))
        if like_a_row and len(cells[0]) > 1:
            raise InputError(
                f"line {i + 1} begins with {mark}, as comments do, but has {len(cells)} columns as the rows have; "
                f"put {quoted(cells[0])} in double quotes if it is a name, or a blank after the {mark} if it is none"
            )


def _agreed(sample: Sequence[str], suffix: str) -> Separator:
    """The first separator that splits all rows of a sample alike, if possible with a number or 12 km as third cell."""
    blanks = [split(line, None) for line in sample]
    if _alike(blanks) and all(number(cell) is not None for row in blanks for cell in row):
        return None
    alike = []
    for separator in (*SEPARATORS, None):
        cells = blanks if separator is None else [split(line, separator) for line in sample]
        if _alike(cells):
            alike.append(separator)
            if len(cells[-1]) == 2 or any(cell[:1].isdecimal() or is_number(cell, separator) for cell in cells[-1][2:]):
                return separator
    if alike:
        return alike[0]
    everywhere = [separator for separator in SEPARATORS if all(separator in line for line in sample)]
    return BY_SUFFIX.get(suffix, everywhere[0] if everywhere else None)


def _alike(cells: Sequence[Sequence[str]]) -> bool:
    """Whether all rows have as many cells, at least two; the first may have one less, for a column of row names."""
    widths = {len(row) for row in cells[1:]} or {len(cells[0])}
    return len(widths) == 1 and len(cells[0]) > 1 and len(cells[0]) - max(widths) in (0, -1)


def is_number(cell: str, separator: Separator) -> bool:
    """Whether a cell is a number, where columns are not separated by commas or blanks perhaps with a decimal comma.

    >>> is_number("1,5", ";"), is_number("1,5", ","), is_number("x", ";")
    (True, False, False)
    """
    return number_in(cell, separator or ",") is not None
