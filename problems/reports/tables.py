"""Whatever JSON holds as tables for a reader: answers, statistics, certificates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from problems.terminal.errors import safe

WIDEST = 12  # columns; longer rows are one cell
LONGEST = 100  # characters of a cell
Headings = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and whether it is a number."""

    text: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """The first rows of a table; `total` rows there are."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    total: int


def tables(title: str, value: Any, headings: Headings = {}, most: int = 1_000) -> Iterator[Table]:  # noqa: B006
    """Tables of at most so many rows that hold all there is in a value read from JSON; none for an empty one.

    headings  title -> what the columns of that table are called

    >>> [table] = tables("tree", [["a", "b", 2.5]], {"tree": ("from", "to", "weight")})
    >>> table.headings, [cell.text for cell in table.rows[0]]
    (['from', 'to', 'weight'], ['a', 'b', '2.5'])
    """
    if isinstance(value, Mapping):
        yield from _of_mapping(title, value, headings, most)
    elif isinstance(value, list) and value:
        yield _of_list(title, value, headings.get(title, ()), most)
    elif value is not None and not isinstance(value, list):
        yield Table(title, ("",), [[cell(value)]], 1)


def _of_mapping(title: str, value: Mapping[str, Any], headings: Headings, most: int) -> Iterator[Table]:
    """Its numbers and names in one table, each list in one of its own."""
    alone = {key: part for key, part in value.items() if not isinstance(part, list | dict)}
    if alone:
        rows = [[Cell(safe(key, LONGEST)), cell(part)] for key, part in list(alone.items())[:most]]
        yield Table(title, headings.get(title, ("", "")), rows, len(alone))
    names = value.get("columns")
    # A list of that name says what the columns of the tables beside it are, where these have as many.
    of_others = names if isinstance(names, list) and any(_width(part) == len(names) for part in value.values()) else []
    for key, part in value.items():
        if key not in alone and not (of_others and part is names):
            named = {key: of_others, **headings} if of_others and _width(part) == len(of_others) else headings
            yield from tables(safe(key, LONGEST), part, named, most)


def _of_list(title: str, value: Sequence[Any], headings: Sequence[str], most: int) -> Table:
    shown, total = value[:most], len(value)
    if all(isinstance(row, dict) for row in value):
        keys = list(dict.fromkeys(key for row in shown for key in row))[:WIDEST]
        rows = [[cell(row.get(key)) for key in keys] for row in shown]
        return Table(title, [safe(key, LONGEST) for key in keys], rows, total)
    width = _width(value)
    if width:
        names = headings if len(headings) == width else [str(k + 1) for k in range(width)]
        return Table(
            title, [safe(name, LONGEST) for name in names], [[cell(part) for part in row] for row in shown], total
        )
    named = (*headings, title)[0]
    rows = [[Cell(str(place), True), cell(part)] for place, part in enumerate(shown, start=1)]
    return Table(title, ("place", named), rows, total)


def _width(value: Any) -> int:
    """How long the rows of a table are; 0 for what is none."""
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        return 0
    widths = {len(row) for row in value}
    return widths.pop() if len(widths) == 1 and max(widths) <= WIDEST else 0


def cell(value: Any) -> Cell:
    """A value as text: a number to twelve digits, text from a file without what is not printable.

    >>> cell(0.1 + 0.2).text, cell(None).text, cell(True).text, cell(["a", "b"]).text
    ('0.3', 'none', 'yes', 'a, b')
    """
    if value is None or isinstance(value, bool):
        return Cell({None: "none", True: "yes", False: "no"}[value])
    if isinstance(value, int | float):
        whole = isinstance(value, int) and abs(value) < 1e15
        return Cell(str(value) if whole else f"{value:.12g}" if abs(value) < 1e300 else safe(value, 30), True)
    if isinstance(value, list) and not any(isinstance(part, list | dict) for part in value):
        return Cell(safe(", ".join(cell(part).text for part in value[:LONGEST]), LONGEST))
    if isinstance(value, list):
        return Cell(f"{len(value):,} entries")
    return Cell(safe(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), LONGEST))
