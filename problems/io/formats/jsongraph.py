"""Graphs in JSON: node-link of networkx and d3, adjacency of networkx, Cytoscape.js, sigma, vis.js, JSON Graph Format.

All have a list of nodes and one of edges, under names of their own; some keep attributes one level deeper.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from problems.io.parsed import Parsed, columns_of, ends, names_of, positions_of
from problems.terminal.errors import InputError, quoted

INNER = ("data", "attributes", "metadata", "position")  # where attributes stand one level deeper
IDS = ("id", "key")
ENDS = (("source", "target"), ("from", "to"))
EXPECTED = "give an object with lists of nodes and of links or edges"
Record = dict[str, Any]


def parse(text: str) -> Parsed:
    """The graph in a JSON text; raises InputError.

    >>> graph = parse('{"nodes": [{"id": "a"}, {"id": "b"}], "links": [{"source": "a", "target": "b", "km": 2}]}')
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist(), graph.columns
    (['a', 'b'], [0], [1], {'km': [2]})
    """
    try:
        document = json.loads(text)
    except RecursionError:
        raise InputError(f"is too deeply nested; {EXPECTED}") from None
    except ValueError as error:
        raise InputError(f"is not JSON ({error}); is it cut short?") from None
    if isinstance(document, dict) and not {"nodes", "elements"} & set(document):
        document = document.get("graph")  # JSON Graph Format
    if not isinstance(document, dict):
        raise InputError(f"is JSON without a graph; {EXPECTED}")
    nodes, edges = _records(document)
    pairs = [_ends(edge, e) for e, edge in enumerate(edges, start=1)]
    notes: list[str] = []
    ids, (sources, targets) = _resolved(nodes, [u for u, _ in pairs], [v for _, v in pairs], notes)
    tail, head = ends(ids, sources, targets)
    directed = _directed(document, edges)
    graph = Parsed(ids, tail, head, directed, columns=columns_of(edges), ids=ids, notes=notes)
    graph.nodes = names_of(ids, nodes, notes)
    graph.positions = positions_of(nodes)
    return graph


def _records(document: Mapping[str, Any]) -> tuple[list[Record], list[Record]]:
    """The nodes and edges, their attributes all at one level."""
    elements = document.get("elements")
    if isinstance(elements, list):  # of Cytoscape.js, where edges are those that have a source
        records = list(_flattened(elements, "elements"))
        return [r for r in records if "source" not in r], [r for r in records if "source" in r]
    if isinstance(elements, dict):
        document = {**document, **elements}
    nodes = document.get("nodes")
    if isinstance(nodes, dict):  # of JSON Graph Format, by id
        nodes = [{"id": key, **(value if isinstance(value, dict) else {})} for key, value in nodes.items()]
    listed = list(_flattened(nodes, "nodes"))
    if "adjacency" in document:
        return listed, list(_adjacency(document, listed))
    if not {"links", "edges"} & set(document):
        raise InputError(f"is JSON with nodes but no edges ({quoted(', '.join(document))}); {EXPECTED}")
    return listed, list(_flattened(document.get("links", document.get("edges")), "edges"))


def _flattened(records: object, what: str) -> Iterator[Record]:
    if not isinstance(records, list):
        raise InputError(f"is JSON in which {what} are not a list; {EXPECTED}")
    for i, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            if what != "nodes" or not isinstance(record, str | int | float):
                raise InputError(f"has {quoted(record)} as number {i} of its {what}; write an object there")
            record = {"id": record}
        flat = {key: value for key, value in record.items() if key not in INNER or not isinstance(value, dict)}
        for key in INNER:
            if isinstance(record.get(key), dict):
                flat.update(record[key])
        yield flat


def _adjacency(document: Mapping[str, Any], nodes: Sequence[Record]) -> Iterator[Record]:
    """The edges in the lists of neighbours, in the order of the nodes; undirected ones are listed at both ends."""
    lists = document["adjacency"]
    if not isinstance(lists, list) or len(lists) != len(nodes):
        raise InputError("is JSON whose adjacency is not a list for each node; write one for each")
    position = {_name(node.get("id"), "a node's id"): i for i, node in enumerate(nodes)}
    for i, neighbours in enumerate(lists):
        for edge in _flattened(neighbours, "edges"):
            target = edge.pop("id", None)
            if document.get("directed") is True or i <= position.get(_name(target, "an edge's end"), i):
                yield {**edge, "source": nodes[i].get("id"), "target": target}


def _ends(edge: Record, e: int) -> tuple[Hashable, Hashable]:
    """Remove from an edge the nodes at which it ends: their ids, or objects that have these."""
    for keys in ENDS:
        if keys[0] in edge or keys[1] in edge:
            found = [edge.pop(key, None) for key in keys]
            u, v = (end.get("id") if isinstance(end, dict) else end for end in found)
            return _name(u, f"edge {e}'s {keys[0]}"), _name(v, f"edge {e}'s {keys[1]}")
    raise InputError(f"has an edge, number {e}, without source and target; give it both")


def _name(value: object, what: str) -> Hashable:
    """A node's id: text, a number, or a list of those, as networkx writes tuples."""
    if isinstance(value, list):
        return tuple(_name(part, what) for part in value)
    if isinstance(value, str | int | float) and not isinstance(value, bool) and value == value:
        return value
    raise InputError(f"has {quoted(value)} as {what}; write a text or a number")


def _resolved(
    nodes: Sequence[Record], sources: list[Hashable], targets: list[Hashable], notes: list[str]
) -> tuple[list[Hashable], tuple[list[Hashable], list[Hashable]]]:
    """The nodes' ids, and the edges' ends as such: they may be ids, or the same as text, or positions from 0."""
    n, used = len(nodes), {*sources, *targets}
    key = next((key for key in IDS if any(key in node for node in nodes)), None)
    if key is None and nodes and all(isinstance(node.get("name"), str) and node["name"] in used for node in nodes):
        key = "name"
    positions = all(isinstance(end, int) and 0 <= end < n for end in used)
    if key is None:
        if not positions:
            raise InputError("has nodes without id, so its edges must give their positions in the list, from 0")
        return list(range(n)), (sources, targets)
    ids = [_name(node.get(key), f"node {i}'s {key}") for i, node in enumerate(nodes, start=1)]
    if used <= set(ids):
        return ids, (sources, targets)
    texts = {str(node): node for node in ids}
    if len(texts) == n and all(str(end) in texts for end in used):
        return ids, ([texts[str(end)] for end in sources], [texts[str(end)] for end in targets])
    if positions:
        notes.append("The edges give their ends as positions in the list of nodes, from 0.")
        by_position = dict(enumerate(ids))
        return ids, ([by_position[end] for end in sources], [by_position[end] for end in targets])  # type: ignore[index]
    return ids, (sources, targets)


def _directed(
    document: Mapping[str, Any], edges: Sequence[Record]
) -> bool | np.ndarray[Any, np.dtype[np.bool_]] | None:
    """Whether the file says that its edges are directed, all or each."""
    options = document.get("options")
    kind = options.get("type") if isinstance(options, dict) else None
    whole = document.get("directed")
    said = whole if isinstance(whole, bool) else {"directed": True, "undirected": False}.get(str(kind))
    own = []
    for edge in edges:
        directed, undirected = edge.pop("directed", None), edge.pop("undirected", None)
        own.append(directed if isinstance(directed, bool) else not undirected if isinstance(undirected, bool) else None)
    if all(value is None for value in own):
        return said
    default = kind == "mixed" if said is None else said
    return np.array([default if value is None else value for value in own], dtype=bool)
