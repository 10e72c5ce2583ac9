"""GEXF 1.1 to 1.3, the format of Gephi; networkx writes it too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import numpy as np

from problems.io.formats.xml import tag, walk
from problems.io.parsed import Parsed, columns_of, ends, names_of, positions_of
from problems.terminal.errors import InputError, quoted

DIRECTED = {"directed": True, "undirected": False, "mutual": False}


@dataclass
class _Found:
    """What has been read so far; titles and defaults of attributes by class and id."""

    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    defaults: dict[str, dict[str, object]] = field(default_factory=lambda: {"node": {}, "edge": {}})
    default: str = "undirected"  # type of an edge that says none
    said: bool = False
    graphs: int = 0
    ids: list[str] = field(default_factory=list)
    nodes: list[dict[str, object]] = field(default_factory=list)
    ends: list[tuple[str, str]] = field(default_factory=list)
    edges: list[dict[str, object]] = field(default_factory=list)
    directed: list[bool] = field(default_factory=list)


def parse(data: bytes) -> Parsed:
    """The graph in the bytes of a GEXF file; raises InputError.

    >>> nodes, edge = b"<node id='0' label='a'/><node id='1' label='b'/>", b"<edge source='0' target='1' weight='2'/>"
    >>> graph = parse(b"<gexf><graph><nodes>" + nodes + b"</nodes><edges>" + edge + b"</edges></graph></gexf>")
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist(), graph.columns
    (['a', 'b'], [0], [1], {'weight': ['2']})
    """
    found = _Found()
    for event, element, parents in walk(data, forget=("nodes", "edges", "graph")):
        if event == "start":
            _enter(found, element, tag(element), parents)
        elif tag(element) == "attributes":
            _attributes(found, element)
        elif tag(element) == "node":
            _node(found, element)
        elif tag(element) == "edge":
            _edge(found, element)
    return _assembled(found)


def _enter(found: _Found, element: Element, name: str, parents: Sequence[str]) -> None:
    if not parents and name != "gexf":
        raise InputError(f"is XML but not GEXF: its root is <{quoted(name)[1:-1]}>; convert it to GEXF or GraphML")
    if name == "graph":
        found.graphs += 1
        if found.graphs > 1:
            raise InputError("has more than one <graph>; a GEXF file must hold exactly one")
        found.said = "defaultedgetype" in element.attrib
        found.default = element.get("defaultedgetype", "undirected")
        if found.default not in DIRECTED:
            raise InputError(f"has defaultedgetype {quoted(found.default)}; write 'directed' or 'undirected'")


def _attributes(found: _Found, element: Element) -> None:
    """The names of attributes and their defaults."""
    owner = element.get("class", "")
    for child in element:
        key = child.get("id")
        if tag(child) == "attribute" and key is not None:
            title = child.get("title", key)
            found.titles[owner, key] = title
            default = next((part.text for part in child if tag(part) == "default"), None)
            if default is not None and owner in found.defaults:
                found.defaults[owner][title] = default.strip()


def _node(found: _Found, element: Element) -> None:
    """A node, which may hold others: those have ended before it."""
    node = element.get("id")
    if node is None:
        raise InputError(f"node {len(found.ids) + 1} has no id; give it one")
    values = _values(found, element, "node")
    place = next((child for child in element if tag(child) == "position"), None)
    if place is not None:
        values = {"x": place.get("x"), "y": place.get("y"), **values}
    if element.get("label"):
        values["label"] = element.get("label")
    found.ids.append(node)
    found.nodes.append(values)


def _edge(found: _Found, element: Element) -> None:
    source, target = element.get("source"), element.get("target")
    number = len(found.edges) + 1
    if source is None or target is None:
        raise InputError(f"edge {number} has no {'source' if source is None else 'target'}; give it one")
    kind = element.get("type", found.default)
    if kind not in DIRECTED:
        raise InputError(
            f"edge {number} ({quoted(source)} to {quoted(target)}) has type {quoted(kind)}; write 'directed'"
        )
    values = _values(found, element, "edge")
    values.update((key, value) for key, value in element.items() if key in ("weight", "label", "id"))
    found.ends.append((source, target))
    found.edges.append(values)
    found.directed.append(DIRECTED[kind])


def _values(found: _Found, element: Element, owner: str) -> dict[str, object]:
    """The attributes of a node or edge, by title."""
    values = dict(found.defaults[owner])
    for group in element:
        if tag(group) == "attvalues":
            for part in group:
                key = part.get("for", part.get("id", ""))
                values[found.titles.get((owner, key), key)] = part.get("value")
    return values


def _assembled(found: _Found) -> Parsed:
    """The graph, once all elements are read."""
    if not found.graphs:
        raise InputError("has no <graph>; a GEXF file must hold exactly one")
    tail, head = ends(found.ids, [u for u, _ in found.ends], [v for _, v in found.ends])
    directed = np.array(found.directed, dtype=bool)
    said = found.said or not directed.size or directed.any()
    graph = Parsed(found.ids, tail, head, directed if said and directed.size else None, ids=found.ids)
    weighted = sum("weight" in edge for edge in found.edges)
    if 0 < weighted < len(found.edges):
        graph.notes.append(f"Edges without a weight, which count 1 in GEXF: {len(found.edges) - weighted:,}.")
        found.edges = [{"weight": 1, **edge} for edge in found.edges]
    graph.columns = columns_of(found.edges)
    graph.nodes = names_of(found.ids, found.nodes, graph.notes)
    graph.positions = positions_of(found.nodes)
    return graph
