"""From what a parser found in a file to a Network: names for the nodes, ends and weights for the edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from formulations.graphs import Floats, Ints, Network
from problems.errors import InputError, quoted, safe

Attributes = Mapping[str, object]
EXACT = 2**53  # integers beyond are rounded by floating point
DIGITS = 4000  # longer integers, which Python may refuse to read, are read as infinity
NUMBERINGS = {"id", "key"}  # numeric, but they number the edges
PLACES = (("Longitude", "Latitude"), ("x", "y"))


@dataclass
class Parsed:
    """A graph as its file has it; weights are the array `weight`, or stand in each edge's `attributes`."""

    nodes: Sequence[Hashable]
    tail: Ints
    head: Ints
    directed: bool = False
    attributes: Sequence[Attributes] = ()
    weight: Floats | None = None
    positions: Floats | None = None
    notes: list[str] = field(default_factory=list)


def number(text: str) -> int | float | None:
    """The number that a text spells in decimal, or None; Python's own 1_000 and non-ASCII digits are not read."""
    if not text.isascii() or "_" in text:
        return None
    try:
        return int(text) if text.lstrip("+-").isdigit() and len(text) < DIGITS else float(text)
    except ValueError:
        return None


def ends(ids: Iterable[Hashable], sources: Sequence[Hashable], targets: Sequence[Hashable]) -> tuple[Ints, Ints]:
    """The edges' ends as positions in `ids`, which must all differ."""
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
    """The labels where every node has its own, else the ids, with a note of what was wrong with the labels."""
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
    """The coordinates that all nodes have as numbers, or None."""
    for x, y in PLACES:
        pairs = [(node.get(x), node.get(y)) for node in nodes]
        if all(isinstance(value, int | float) and abs(value) < 1e300 for pair in pairs for value in pair):
            return np.array(pairs, dtype=np.float64)
    return None


def build(graph: Parsed, name: str | None) -> tuple[Network, tuple[str, ...]]:
    """The Network with the edge attribute `name` as weight (or the one that suggests itself), and all notes."""
    notes = list(graph.notes)
    if not graph.nodes:
        raise InputError("has no nodes; give a graph with at least one")
    if graph.weight is not None:
        if name not in (None, "weight"):
            raise InputError(f"has no edge attribute {quoted(name)}; its only one is weight: leave out --weight")
        weight = graph.weight
        if np.any(np.abs(weight) > EXACT):
            notes.append("Weights beyond 2^53 are rounded to the nearest floating-point number.")
    else:
        name = _choose(graph.attributes, len(graph.tail), name, notes)
        weight = np.ones(len(graph.tail)) if name is None else _weights(graph, name, notes)
    bad = np.flatnonzero(~np.isfinite(weight))
    if len(bad):
        raise InputError(_refusal(graph, int(bad[0]), name or "weight", weight[bad[0]]))
    network = Network(graph.nodes, graph.tail, graph.head, weight, graph.directed, graph.positions)
    return network, tuple(notes)


def _choose(edges: Sequence[Attributes], m: int, name: str | None, notes: list[str]) -> str | None:
    """The attribute to weigh by: the one asked for, else "weight", else the only one numeric on every edge."""
    present: Counter[str] = Counter()
    numeric: Counter[str] = Counter()
    for edge in edges:
        for key, value in edge.items():
            present[key] += 1
            numeric[key] += type(value) in (int, float)  # a bool is no weight
    if name is not None:
        if m and not present[name]:
            known = f"the attributes there are: {_listed(present)}" if present else "there are none: leave out --weight"
            raise InputError(f"has no edge attribute {quoted(name)}; {known}")
        return name if m else None
    if present["weight"]:
        return "weight"
    numbers = [key for key in numeric if numeric[key] and key not in NUMBERINGS]
    full = [key for key in numbers if numeric[key] == m]
    if len(full) > 1:
        raise InputError(f"has several numeric edge attributes ({_listed(full)}); choose one with --weight NAME")
    if full:
        notes.append(f"The edge attribute {quoted(full[0])}, the only numeric one, is taken as weight.")
        return full[0]
    if m:
        partly = f" ({_listed(numbers)} is not a number on every edge)" if numbers else ""
        notes.append(f"The edges have no weights{partly}, so each counts 1.")
    return None


def _weights(graph: Parsed, name: str, notes: list[str]) -> Floats:
    weight = np.empty(len(graph.tail))
    rounded = 0
    for e, attributes in enumerate(graph.attributes):
        given = attributes.get(name)
        value: object = number(given) if isinstance(given, str) else given
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(_refusal(graph, e, name, given))
        try:
            weight[e] = float(value)
        except OverflowError:  # an integer of hundreds of digits
            raise InputError(_refusal(graph, e, name, given)) from None
        rounded += abs(value) > EXACT and isinstance(value, int) and int(weight[e]) != value
    if rounded:
        notes.append(f"Integer weights beyond 2^53 ({rounded}) are rounded to the nearest floating-point number.")
    return weight


def _refusal(graph: Parsed, e: int, name: str, value: object) -> str:
    u, v = (quoted(graph.nodes[end]) for end in (int(graph.tail[e]), int(graph.head[e])))
    edge = f"edge {e + 1} ({u} to {v})"
    if value is None:
        return f"{edge} has no {safe(name)}; give every edge one, or choose another attribute with --weight NAME"
    fault = "not a number"
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        fault = "too large" if isinstance(value, int) else "not finite"
    return f"{edge} has as {safe(name)} {quoted(value)}, which is {fault}; give every edge a finite number"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(safe(name, 30) for name in names[:8]) + (", ..." if len(names) > 8 else "")
