"""Reading points of the plane or of space, with their names, as the complete graph of their distances."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence

import numpy as np

from formulations.graphs import Network
from formulations.problem import Floats
from problems.io import GraphFile
from problems.io.content import read_file, unknown_format
from problems.io.data_table import SHEETS, TEXT_SUFFIXES, about_label, told_apart
from problems.io.parsed import MAX_COMPLETE
from problems.io.raw_table import RawTable, as_list, counts_on, of_array, of_text
from problems.terminal.errors import InputError, listed

ON_THE_GLOBE = (("longitude", "latitude"), ("long", "lat"), ("lon", "lat"), ("lng", "lat"))
COORDINATES = (("x", "y", "z"), ("x", "y"), *ON_THE_GLOBE)  # names of columns, in small letters


def read_points(path: str | os.PathLike[str], columns: tuple[str, str] | None = None) -> GraphFile:
    r"""The complete graph of the straight-line distances between points, which are not rounded.

    The points are the rows of a table as `read_data_table` reads it, or of a .npy file (n, 2), perhaps packed. Nodes
    have the names in its first column of text, else they are numbered from 1 on.

    columns  the names or numbers of the two columns that hold the coordinates; None for those named x and y, perhaps z,
             or longitude and latitude, or for the only two that hold numbers

    Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("stop,x,y\nhome,0,0\nshop,3,4", file=file, flush=True)
    ...     network = read_points(file.name).network
    >>> network.edges(), network.weight.tolist()
    ([('home', 'shop')], [5.0])
    """

    def parse(data: bytes, suffix: str) -> GraphFile:
        if suffix in SHEETS:
            raise InputError("is a spreadsheet's own file; save it as CSV")
        if suffix not in (*TEXT_SUFFIXES, ".npy"):
            raise unknown_format(suffix, ".csv, .tsv, .txt or .npy; a TSPLIB file goes with --graph")
        return _complete(of_array(data) if suffix == ".npy" else of_text(data), columns)

    return read_file(path, parse, "points")


def _complete(raw: RawTable, columns: tuple[str, str] | None) -> GraphFile:
    """The complete graph of the points in a table."""
    n, notes = len(raw.values), list(raw.notes)
    if n * (n - 1) // 2 > MAX_COMPLETE:
        most = int((2 * MAX_COMPLETE) ** 0.5)
        raise InputError(f"has {n:,} points; their distances are read of at most {most:,}: give fewer")
    chosen = _named(raw) if columns is None else _asked(raw, columns)
    label = _label(raw, chosen)
    chosen = _alone(raw, label) if chosen is None else chosen
    called = [raw.called(k) for k in chosen]
    notes += about_label(raw, label)
    notes.append(f"Columns {', '.join(called[:-1])} and {called[-1]} are the coordinates; distances are not rounded.")
    if {raw.names[k].lower() for k in chosen} & {name for pair in ON_THE_GLOBE for name in pair}:
        notes.append(
            "Degrees are taken as lengths on a flat map; project them, or give distances on the globe (--matrix)."
        )
    at = _coordinates(raw, chosen)
    nodes: Sequence[Hashable] = range(1, n + 1)
    if label is not None:
        given = [name or str(i) for i, name in enumerate(raw.cells[label], start=1)]
        nodes, said = told_apart(given, "points", "row")
        notes += said
    tail, head = np.triu_indices(n, 1)
    weight: Floats = np.zeros(len(tail))
    for x in at.T:  # the root of a sum of squares, which neither overflows nor vanishes on the way
        weight = np.hypot(weight, x[tail] - x[head])
    return GraphFile(Network(nodes, tail, head, weight, False, at[:, :2]), tuple(notes))


def _asked(raw: RawTable, columns: tuple[str, str]) -> list[int]:
    """The two columns that the user names."""
    chosen = raw.columns(as_list(columns)) or []
    if len(chosen) != 2:
        raise InputError("cannot have both coordinates in one column; name two with --columns X Y")
    return chosen


def _named(raw: RawTable) -> list[int] | None:
    """The columns of numbers that are called as coordinates are; None if none are."""
    numbers = _numbers(raw)
    names = [raw.names[k].lower() for k in numbers]
    found = (wanted for wanted in COORDINATES if all(names.count(name) == 1 for name in wanted))
    return next(([numbers[names.index(name)] for name in wanted] for wanted in found), None)


def _numbers(raw: RawTable) -> list[int]:
    return [k for k in range(len(raw.names)) if raw.holds_numbers(k)]


def _label(raw: RawTable, chosen: Sequence[int] | None) -> int | None:
    """The column that names the points: the first with text, or one before two coordinates that counts 1, 2, 3."""
    numbers = _numbers(raw)
    if chosen is None and len(numbers) == 2:
        return raw.label(numbers)
    if chosen is None and not raw.headed and len(numbers) == len(raw.names) == 3 and raw.cells:
        return 0 if counts_on(raw.values[:, 0]) else None
    return raw.label(chosen)


def _alone(raw: RawTable, label: int | None) -> list[int]:
    """The two columns of numbers that there are besides those that name the points."""
    numbers = [k for k in _numbers(raw) if k != label]
    if len(numbers) == 2:
        return numbers
    if len(numbers) < 2:
        there = f"has numbers in column {raw.called(numbers[0])} alone" if numbers else "has no column of numbers"
        raise InputError(f"{there}; give each point two coordinates, x and y")
    there = listed([raw.called(k) for k in numbers], 5)
    raise InputError(f"has numbers in columns {there}; say which two are the coordinates, --columns X Y")


def _coordinates(raw: RawTable, chosen: Sequence[int]) -> Floats:
    """The numbers in those columns, float64 (n, d); raises InputError where one is missing or none."""
    at, text = raw.values[:, chosen], raw.text[:, chosen]
    for i, j in np.argwhere(text | ~np.isfinite(at)).tolist():
        if text[i, j] or np.isinf(at[i, j]):
            raise raw.no_number(i, chosen[j])
        raise InputError(
            f"{raw.where[i]} has no value in column {raw.called(chosen[j])}; write one, or leave out the row"
        )
    return at
