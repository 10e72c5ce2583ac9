"""From a parsed file to a Network: names for the nodes, ends and weights for the edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from formulations.graphs import Network
from formulations.problem import Floats, Ints
from problems.terminal.errors import InputError, quoted, safe

Attributes = Mapping[str, object]
EXACT_INTEGERS = 2**53  # larger ones are rounded by floating point
MAX_DIGITS = 4000  # longer integers, which Python may refuse to read, are read as infinity
EDGE_NUMBERS = {"id", "key"}  # attributes that are numeric, but number the edges
COORDINATES = (("Longitude", "Latitude"), ("x", "y"))


@dataclass
class Parsed:
    """A graph as its file has it, n nodes and m edges.

    tail, head  int64 (m,): positions in nodes
    attributes  of each edge, by name; empty if there is an array of weights, float64 (m,)
    positions   float64 (n, 2), None if there are none
    notes       what the user should be told about the reading
    """

    nodes: Sequence[Hashable]
    tail: Ints
    head: Ints
    directed: bool = False
    attributes: Sequence[Attributes] = ()
    weight: Floats | None = None
    positions: Floats | None = None
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
        tail = np.array([index[node] for node in sources], dtype=np.int64)
        head = np.array([index[node] for node in targets], dtype=np.int64)
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


def labels_or_ids(ids: list[Hashable], labels: list[object], notes: list[str]) -> list[Hashable]:
    """The labels if every node has one of its own, else the ids, with a note on why.

    >>> notes = []
    >>> labels_or_ids([1, 2], ["Ann", "Ann"], notes), notes
    ([1, 2], ["2 nodes share the label 'Ann', so nodes are named by their id."])
    """
    usable: list[Hashable] = [
        label.strip() if isinstance(label, str) else label for label in labels if isinstance(label, str | int | float)
    ]
    if not usable:
        return ids
    if len(usable) < len(ids):
        notes.append(f"Only {len(usable)} of {len(ids)} nodes have a label, so nodes are named by their id.")
        return ids
    label, times = Counter(usable).most_common(1)[0]
    if times > 1:
        notes.append(f"{times} nodes share the label {quoted(label)}, so nodes are named by their id.")
        return ids
    return usable


def positions_of(nodes: Sequence[Attributes]) -> Floats | None:
    """The coordinates, float64 (n, 2), if all nodes have them as numbers, else None.

    >>> positions_of([{"x": 0, "y": 1.5}, {"x": 2, "y": 3}]).tolist()
    [[0.0, 1.5], [2.0, 3.0]]
    """
    for x, y in COORDINATES:
        pairs = [(node.get(x), node.get(y)) for node in nodes]
        if all(isinstance(value, int | float) and abs(value) < 1e300 for pair in pairs for value in pair):
            return np.array(pairs, dtype=np.float64)
    return None


def build(graph: Parsed, name: str | None, limits: Sequence[str] = ()) -> tuple[Network, tuple[str, ...]]:
    """The Network with the edge attribute `name` as weight, and all notes.

    Without a name, the weight is "weight", else the only numeric attribute, else 1. The network's `attributes` are
    those named in `limits`, which are not taken as weight unless named. Raises InputError if there are no nodes, if a
    name is none of the attributes, or if it is not a finite number on every edge.

    >>> parsed = Parsed(["a", "b"], np.array([0]), np.array([1]), attributes=[{"km": 12}])
    >>> network, notes = build(parsed, None)
    >>> network.weight.tolist(), notes
    ([12.0], ("The edge attribute 'km', the only numeric one, is taken as weight.",))
    """
    notes = list(graph.notes)
    if not graph.nodes:
        raise InputError("has no nodes; give a graph with at least one")
    attributes = {limit: _numbers(graph, limit, "--limit", notes) for limit in dict.fromkeys(limits)}
    if name is None:
        name = _suggested(graph, limits, notes)
    if name is None:
        weight = np.ones(len(graph.tail))
    else:
        weight = attributes[name] if name in attributes else _numbers(graph, name, "--weight", notes)
    network = Network(graph.nodes, graph.tail, graph.head, weight, graph.directed, graph.positions, attributes)
    return network, tuple(notes)


def _suggested(graph: Parsed, limits: Sequence[str], notes: list[str]) -> str | None:
    """The attribute that is the weight if none is named: "weight", else the only one that is numeric on every edge."""
    m = len(graph.tail)
    present: Counter[str] = Counter()
    numeric: Counter[str] = Counter()
    for edge in graph.attributes:
        for key, value in edge.items():
            present[key] += 1
            numeric[key] += type(value) in (int, float)  # bool is excluded
    if graph.weight is not None or present["weight"]:
        return "weight"
    numbers = [key for key in numeric if numeric[key] and key not in EDGE_NUMBERS and key not in limits]
    full = [key for key in numbers if numeric[key] == m]
    if len(full) > 1:
        raise InputError(f"has several numeric edge attributes ({_listed(full)}); choose one with --weight NAME")
    if full:
        only = "the only other numeric one" if limits else "the only numeric one"
        notes.append(f"The edge attribute {quoted(full[0])}, {only}, is taken as weight.")
        return full[0]
    if m:
        partly = f" ({_listed(numbers)} is not a number on every edge)" if numbers else ""
        notes.append(f"The edges have no weights{partly}, so each counts 1.")
    return None


def _numbers(graph: Parsed, name: str, option: str, notes: list[str]) -> Floats:
    """The attribute `name`, float64 (m,), all finite; the user named it by the command-line `option`."""
    if graph.weight is None:
        values = _column(graph, name, option, notes)
    elif name == "weight":
        values = graph.weight
        if np.any(np.abs(values) > EXACT_INTEGERS):
            notes.append("Weights beyond 2^53 are rounded to the nearest floating-point number.")
    else:
        raise InputError(f"has no edge attribute {quoted(name)}; its only one is weight: name that or omit {option}")
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise InputError(_refusal(graph, int(bad[0]), name, values[bad[0]], option))
    return values


def _column(graph: Parsed, name: str, option: str, notes: list[str]) -> Floats:
    """The attribute `name` of all edges, float64 (m,), perhaps not finite."""
    values = np.empty(len(graph.tail))
    if len(values) and not any(name in edge for edge in graph.attributes):
        known = dict.fromkeys(key for edge in graph.attributes for key in edge if _number(edge[key]) is not None)
        others = (
            f"the numeric ones there are: {_listed(known)}" if known else f"numeric ones there are none: omit {option}"
        )
        raise InputError(f"has no edge attribute {quoted(name)}; {others}")
    rounded = 0
    for e, edge in enumerate(graph.attributes):
        value = _number(edge.get(name))
        if value is None:
            raise InputError(_refusal(graph, e, name, edge.get(name), option))
        try:
            values[e] = float(value)
        except OverflowError:  # an integer of hundreds of digits
            raise InputError(_refusal(graph, e, name, value, option)) from None
        rounded += abs(value) > EXACT_INTEGERS and isinstance(value, int) and int(values[e]) != value
    if rounded:
        what = "Integer weights" if option == "--weight" else f"Integers given as {safe(name)}"
        notes.append(f"{what} beyond 2^53 ({rounded}) are rounded to the nearest floating-point number.")
    return values


def _number(given: object) -> int | float | None:
    """The number that an attribute is, or has as text; None for anything else, bool too."""
    value = number(given) if isinstance(given, str) else given
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _refusal(graph: Parsed, e: int, name: str, value: object, option: str) -> str:
    """Why the value of edge e cannot be used, in a sentence."""
    u, v = (quoted(graph.nodes[end]) for end in (int(graph.tail[e]), int(graph.head[e])))
    edge = f"edge {e + 1} ({u} to {v})"
    if value is None:
        return f"{edge} has no {safe(name)}; give every edge one, or choose another attribute with {option}"
    fault = "not a number"
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        fault = "too large" if isinstance(value, int) else "not finite"
    return f"{edge} has as {safe(name)} {quoted(value)}, which is {fault}; give every edge a finite number"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(safe(name, 30) for name in names[:8]) + (", ..." if len(names) > 8 else "")
