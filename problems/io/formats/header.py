"""Which row of an edge table names its columns, and which columns hold the ends of edges."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from problems.io.cells import split
from problems.io.formats.rows import SAMPLE, Rows, is_number
from problems.io.parsed import number
from problems.io.weights import is_length
from problems.terminal.errors import InputError, quoted

PAIRS = [  # what the names of the two columns begin or end with, the rest being alike: FromNodeId, ToNodeId
    *(("source", "target"), ("source", "destination"), ("source", "dest"), ("from", "to"), ("src", "dst")),
    *(("src", "dest"), ("src", "tgt"), ("src", "trg"), ("tail", "head"), ("origin", "destination"), ("origin", "dest")),
    *(("orig", "dest"), ("o", "d"), ("u", "v"), ("i", "j"), ("1", "2"), ("0", "1"), ("a", "b"), ("x", "y")),
    *(("parent", "child"), ("sender", "receiver"), ("sender", "recipient"), ("row", "col"), ("row", "column")),
    *(("predecessor", "successor"), ("first", "second"), ("start", "end"), ("init", "term"), ("left", "right")),
]
ALONE = ("u", "i")  # one letter that may be all of a name
COORDINATES = (("x", "y"), ("longitude", "latitude"), ("long", "lat"), ("lon", "lat"), ("lng", "lat"))
POINTS = "a table of points, which mst and tsp read by --points"
NODES = ({"id", "label"}, {"id", "name"}, {"nodes", "label"}, {"nodes", "id"})  # columns of a table of nodes
_STEM = re.compile(r"\D+")


@dataclass
class Header:
    """The names of an edge table's columns, "" for one without, and whether the first row is where they stand."""

    names: list[str]
    is_row: bool


def ends_named(names: Sequence[str]) -> tuple[int, int] | None:
    """The positions of the two columns whose names say that they hold the ends of edges; None if none do.

    >>> ends_named(["Id", "Source", "Target"]), ends_named(["node_2", "km", "node_1"]), ends_named(["a", "b"])
    ((1, 2), (2, 0), None)
    """
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in names]
    for first, second in PAIRS:
        for i, one in enumerate(plain):
            for j, other in enumerate(plain):
                if i != j and _differ_by(one, other, first, second):
                    return i, j
    return None


def _differ_by(one: str, other: str, first: str, second: str) -> bool:
    """Whether two names are alike but for a word at their beginning or end."""
    for rest, same in (
        (one.removeprefix(first), other.removeprefix(second)),
        (one.removesuffix(first), other.removesuffix(second)),
    ):
        if rest == same and (rest, same) != (one, other) and one != rest and other != same:
            return bool(rest) if first.isdigit() else len(first) > 1 or len(rest) > 1 or (not rest and first in ALONE)
    return False


def header_of(rows: Rows, asked: Sequence[str]) -> Header | None:
    """The names of the columns: in a comment in front, or in the first row; None if there are none.

    asked  names or numbers of columns that the user named

    The first row holds names if its first cell is empty, or if it has a cell less than the others, or if the user
    named its cells, or if none of its cells is a number and two say "from" and "to" in some words, or if a word stands
    there over a column of numbers; but not if one of its ends is an end of another row.
    """
    first, width = rows.first, len(rows.columns) or len(rows.first)
    for names in (split(comment, separator) for comment in rows.comments[-1:] for separator in (rows.separator, None)):
        if len(names) == width and ends_named(names):
            return Header(names, False)
    if any(number(cell) is not None for cell in first[1:]):
        return None
    if rows.columns and width > 2 and first[1 - width :] == rows.columns[0]:
        raise InputError("is a matrix with a row and a column for each node; give a table with a line for each edge")
    if len(first) == width - 1:
        return Header(["", *first], True)
    if not first[0] or (asked and set(asked) <= set(first)):
        return Header(first, True)
    ends = ends_named(first)
    named = number(first[0]) is None and (ends is not None or _over_numbers(rows))
    return Header(first, True) if named and not _is_edge(rows, ends or (0, 1)) else None


def _over_numbers(rows: Rows) -> bool:
    """Whether the first row has no digits, although a column below holds numbers, but for a slip here and there."""
    return not any(map(str.isdecimal, "".join(rows.first))) and any(
        cell[:1].isalpha() and _mostly_numbers(column, rows)
        for cell, column in zip(rows.first, rows.columns, strict=False)
    )


def _mostly_numbers(column: Sequence[str], rows: Rows) -> bool:
    """Whether more than half of the cells of a column, those of its first rows, are numbers."""
    some = column[:SAMPLE]
    return 2 * sum(is_number(cell, rows.separator) for cell in some) > len(some)


def _is_edge(rows: Rows, ends: tuple[int, int]) -> bool:
    """Whether one of the ends in the first row, or one numbered alike, as v1 and v7, is an end in another row."""
    own = {rows.first[end] for end in ends}
    others = [rows.columns[end] for end in ends] if rows.columns else []
    if not all(own.isdisjoint(column) for column in others):
        return True
    stems = {match[0] for cell in own if (match := _STEM.match(cell)) and match[0] != cell}
    return bool(stems) and any((m := _STEM.match(cell)) and m[0] in stems for column in others for cell in column)


def ends_of(names: Sequence[str], rows: Rows, line: str) -> tuple[int, int]:
    """The columns of an edge's ends under these names: those named so, else the first two where that is no guess.

    Raises InputError for a table of nodes or of points, and where it is a guess; `line` says where the names stand.
    """
    if _names_points(names, rows):
        raise InputError(f"{line} names {_shown(names)}: {POINTS}; give a table of edges here")
    named = ends_named(names)
    if named:
        return named
    places = [i for i, name in enumerate(names) if name and not name.lower().startswith("unnamed:")]
    lower = {names[place].lower() for place in places}
    if any(columns <= lower for columns in NODES):
        raise InputError(f"{line} names {_shown(names)}: a table of nodes; give the table of edges")
    weighted = len(places) == 3 and _mostly_numbers(rows.columns[places[2]], rows)
    points = like_points(rows.columns, rows)
    if (weighted or len(places) == 2) and not points and not any(is_length(names[place]) for place in places[:2]):
        return places[0], places[1]
    remedy = "say --columns U V" + (f", or is this {POINTS}?" if points else "")
    raise InputError(f"{line} names {_shown(names)}, of which none are surely an edge's ends; {remedy}")


def like_points(columns: Sequence[Sequence[str]], rows: Rows) -> bool:
    """Whether columns hold points: two of numbers with decimals, or of numbers behind a name of its own in each row.

    >>> table = Rows(["a", "1", "2"], [["b"], ["3"], ["5"]], [1, 2], [], ",")
    >>> like_points([["a", "b"], ["1", "3"], ["2", "5"]], table)
    True
    >>> like_points([["a", "b"], ["b", "c"], ["2", "5"]], table)
    False
    """
    if len(columns) not in (2, 3) or len(columns[0]) < 2:
        return False
    *names, x, y = columns
    if not all(is_number(cell, rows.separator) for column in (y[:SAMPLE], x[:SAMPLE], x, y) for cell in column):
        return False
    if not names:
        return _any_decimals(x) and _any_decimals(y)
    if len({*names[0]}) < len(x) or not {*names[0]}.isdisjoint(x):
        return False
    no_end_twice = len({*x}) == len(x) > 2
    return no_end_twice or _any_decimals(x) or all(number(name) is None for name in names[0])


def _names_points(names: Sequence[str], rows: Rows) -> bool:
    """Whether two columns are called as coordinates are, and hold numbers that are not those of nodes."""
    lower = [name.lower() for name in names]
    for pair in COORDINATES:
        if rows.columns and all(lower.count(name) == 1 for name in pair):
            x, y = (rows.columns[lower.index(name)] for name in pair)
            if _mostly_numbers(x, rows) and _mostly_numbers(y, rows):
                beside = [column for name, column in zip(lower, rows.columns, strict=True) if name not in pair]
                named = any(len({*column}) == len(column) and number(column[0]) is None for column in beside)
                return pair != ("x", "y") or named or "z" in lower or _any_decimals(x) or _any_decimals(y)
    return False


def _any_decimals(column: Sequence[str]) -> bool:
    return any(sign in cell for cell in column for sign in ".,")


def _shown(names: Sequence[str]) -> str:
    return quoted(", ".join(names))
