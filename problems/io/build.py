"""From what a parser found in a file to a Network: names for the nodes, ends and weights for the edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from formulations.graphs import Network
from formulations.problem import Floats, Ints
from problems.terminal.errors import InputError, quoted, safe

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


def build(graph: Parsed, name: str | None, limits: Sequence[str] = ()) -> tuple[Network, tuple[str, ...]]:
    """The Network with the edge attribute `name` as weight (or the one that suggests itself), and all notes.

    Its `attributes` are those named in `limits`, which do not suggest themselves as weight.
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
    """The attribute to weigh by where none is asked for: "weight", else the only other one numeric on every edge."""
    m = len(graph.tail)
    present: Counter[str] = Counter()
    numeric: Counter[str] = Counter()
    for edge in graph.attributes:
        for key, value in edge.items():
            present[key] += 1
            numeric[key] += type(value) in (int, float)  # a bool is no weight
    if graph.weight is not None or present["weight"]:
        return "weight"
    numbers = [key for key in numeric if numeric[key] and key not in NUMBERINGS and key not in limits]
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
    """The finite numbers that the edges have as the attribute `name`, which the user asked for by `option`."""
    if graph.weight is None:
        values = _column(graph, name, option, notes)
    elif name == "weight":
        values = graph.weight
        if np.any(np.abs(values) > EXACT):
            notes.append("Weights beyond 2^53 are rounded to the nearest floating-point number.")
    else:
        raise InputError(f"has no edge attribute {quoted(name)}; its only one is weight: name that or omit {option}")
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise InputError(_refusal(graph, int(bad[0]), name, values[bad[0]], option))
    return values


def _column(graph: Parsed, name: str, option: str, notes: list[str]) -> Floats:
    """The attribute `name` of all edges, a number on each but perhaps not finite."""
    values = np.empty(len(graph.tail))
    if len(values) and not any(name in edge for edge in graph.attributes):
        known = dict.fromkeys(key for edge in graph.attributes for key in edge if _number(edge[key]) is not None)
        there = (
            f"the numeric ones there are: {_listed(known)}" if known else f"numeric ones there are none: omit {option}"
        )
        raise InputError(f"has no edge attribute {quoted(name)}; {there}")
    rounded = 0
    for e, edge in enumerate(graph.attributes):
        value = _number(edge.get(name))
        if value is None:
            raise InputError(_refusal(graph, e, name, edge.get(name), option))
        try:
            values[e] = float(value)
        except OverflowError:  # an integer of hundreds of digits
            raise InputError(_refusal(graph, e, name, value, option)) from None
        rounded += abs(value) > EXACT and isinstance(value, int) and int(values[e]) != value
    if rounded:
        what = "Integer weights" if option == "--weight" else f"Integers given as {safe(name)}"
        notes.append(f"{what} beyond 2^53 ({rounded}) are rounded to the nearest floating-point number.")
    return values


def _number(given: object) -> int | float | None:
    """The number that an attribute is, or spells; a bool is none."""
    value = number(given) if isinstance(given, str) else given
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _refusal(graph: Parsed, e: int, name: str, value: object, option: str) -> str:
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
