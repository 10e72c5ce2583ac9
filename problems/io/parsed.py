"""What a parser makes of a graph file, and what parsers have in common: numbers, ends, names, positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Floats, Ints
from problems.terminal.errors import InputError, quoted, safe

Attributes = Mapping[str, object]
Column = Floats | Sequence[object]  # one value an edge; None in a sequence for an edge that has none
EXACT_INTEGERS = 2**53  # larger ones are rounded by floating point
MAX_DIGITS = 4000  # longer integers, which Python may refuse to read, are read as infinity
MAX_COMPLETE = 5_000_000  # edges of a complete graph, of 3162 nodes
MAX_ISOLATED = 1_000_000  # nodes that may be promised beyond those that edges can name
UNIX_TIMES = ((5e8, 5e9), (5e11, 5e12))  # from 1985 to 2128, in seconds and in milliseconds
COORDINATES = (("Longitude", "Latitude"), ("x", "y"))


@dataclass(frozen=True)
class Asked:
    """What the user says of the reading.

    weight      the edge attribute, or the number of an edge table's column, that is the weight; None if not said
    unweighted  whether every edge counts 1
    directed    whether edges are arcs; None if not said
    delimiter   between the columns of an edge table; None if not said
    columns     names or numbers of the columns of an edge table that hold the edges' ends; None if not said
    attributes  further edge attributes to read
    """

    weight: str | None = None
    unweighted: bool = False
    directed: bool | None = None
    delimiter: str | None = None
    columns: tuple[str, str] | None = None
    attributes: Sequence[str] = ()


@dataclass
class Parsed:
    """A graph as its file has it, n nodes and m edges.

    tail, head  int64 (m,): positions in nodes
    directed    whether edges are arcs, also bool (m,) where they differ; None if the file does not say
    unmixed     why the file cannot be read if they differ and the user does not say what they are; "" if it can
    columns     the edges' attributes by name
    unread      attributes that are there but cannot be read, and why
    positions   float64 (n, 2), None if there are none
    ids         what nodes are called besides, None for nothing
    terminals   the nodes that a Steiner tree is to join
    notes       what the user should be told about the reading
    """

    nodes: Sequence[Hashable]
    tail: Ints
    head: Ints
    directed: bool | NDArray[np.bool_] | None = None
    unmixed: str = ""
    columns: dict[str, Column] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    positions: Floats | None = None
    ids: Sequence[Hashable] | None = None
    terminals: Sequence[Hashable] = ()
    notes: list[str] = field(default_factory=list)


def number(text: str) -> int | float | None:
    """The decimal number in a text, or None; Python's own 1_000 and non-ASCII digits are not read.

    >>> number("1e3"), number("-7"), number("1_000")
    (1000.0, -7, None)
    """
    if not text.isascii() or "_" in text:
        return None
    try:
        return int(text) if text.lstrip("+-").isdigit() and len(text) < MAX_DIGITS else float(text)
    except ValueError:
        return None


def numeric(given: object) -> int | float | None:
    """The number that an attribute is, or has as text; None for anything else, bool too.

    >>> numeric(2), numeric("2.5"), numeric("far"), numeric(True)
    (2, 2.5, None, None)
    """
    value = number(given.strip()) if isinstance(given, str) else given
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def ends(ids: Iterable[Hashable], sources: Sequence[Hashable], targets: Sequence[Hashable]) -> tuple[Ints, Ints]:
    """The edges' ends as positions in `ids`, int64 (m,) each.

    Raises InputError for an id that is there twice, and for an end that is not among them.

    >>> ends(["a", "b", "c"], ["a", "b"], ["c", "c"])
    (array([0, 1]), array([2, 2]))
    """
    index: dict[Hashable, int] = {}
    for i, node in enumerate(ids):
        if index.setdefault(node, i) != i:
            raise InputError(f"node id {quoted(node)} is declared twice; give every node its own")
    try:
        tail, head = (
            np.fromiter(map(index.__getitem__, side), dtype=np.int64, count=len(side)) for side in (sources, targets)
        )
    except KeyError:
        for e, pair in enumerate(zip(sources, targets, strict=True), start=1):
            for node in pair:
                if node not in index:
                    where = f"edge {e} ({quoted(pair[0])} to {quoted(pair[1])})"
                    raise InputError(
                        f"{where} ends at node {quoted(node)}, which is not declared; declare the node or drop the edge"
                    ) from None
        raise
    return tail, head


def refuse_promise(nodes: int, edges: int) -> None:
    """Raise InputError for a file that promises far more nodes than its edges can name: they would fill the memory.

    >>> refuse_promise(1_000_000, 3)
    >>> refuse_promise(10**12, 3)
    Traceback (most recent call last):
        ...
    problems.terminal.errors.InputError: promises 1000000000000 nodes for 3 edges; correct the number
    """
    if nodes > 2 * edges + MAX_ISOLATED:
        raise InputError(f"promises {safe(nodes)} nodes for {edges} edges; correct the number")


def names_of(ids: Sequence[Hashable], nodes: Sequence[Attributes], notes: list[str]) -> Sequence[Hashable]:
    """The nodes' labels, or else their names, if every node has one of its own; else the ids, with a note on why.

    >>> notes = []
    >>> names_of([1, 2], [{"label": "Ann"}, {"label": "Ann"}], notes), notes
    ([1, 2], ["2 nodes share the label 'Ann', so nodes are named by their id."])
    """
    for key in ("label", "name"):
        given = [next((value for name, value in node.items() if name.lower() == key), None) for node in nodes]
        names: list[Hashable] = [
            name.strip() if isinstance(name, str) else name
            for name in given
            if isinstance(name, str | int | float) and name != ""
        ]
        if not names:
            continue
        if len(names) < len(ids):
            notes.append(f"Only {len(names)} of {len(ids)} nodes have a {key}, so nodes are named by their id.")
            return ids
        name, times = Counter(names).most_common(1)[0]
        if times == 1:
            return names
        notes.append(f"{times} nodes share the {key} {quoted(name)}, so nodes are named by their id.")
        return ids
    return ids


def positions_of(nodes: Sequence[Attributes]) -> Floats | None:
    """The coordinates, float64 (n, 2), if all nodes have them as numbers, else None.

    >>> positions_of([{"x": 0, "y": 1.5}, {"x": 2, "y": 3}]).tolist()
    [[0.0, 1.5], [2.0, 3.0]]
    """
    for x, y in COORDINATES:
        pairs = [(numeric(node.get(x)), numeric(node.get(y))) for node in nodes]
        if all(value is not None and abs(value) < 1e300 for pair in pairs for value in pair):
            return np.array(pairs, dtype=np.float64)
    return None


def columns_of(edges: Sequence[Attributes]) -> dict[str, Column]:
    """The attributes of all edges by name, None where an edge has none.

    >>> columns_of([{"km": 12}, {"km": 7, "toll": 1}])
    {'km': [12, 7], 'toll': [None, 1]}
    """
    return {key: [edge.get(key) for edge in edges] for key in dict.fromkeys(key for edge in edges for key in edge)}


def are_times(column: Column) -> bool:
    """Whether all values look like Unix times, in seconds or milliseconds.

    >>> are_times([1082040961, 1082155839]), are_times([3, 4])
    (True, False)
    """
    first = numeric(column[0])
    if first is None or not any(low <= first <= high for low, high in UNIX_TIMES):  # without looking at all
        return False
    values = [numeric(value) for value in column]
    return any(all(value is not None and low <= value <= high for value in values) for low, high in UNIX_TIMES)
