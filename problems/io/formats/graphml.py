"""GraphML, of yEd too: labels as they are drawn, groups opened up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from problems.io.formats.xml import tag, walk
from problems.io.parsed import Attributes, Parsed, columns_of, ends, names_of, number, numeric, positions_of
from problems.terminal.errors import InputError, quoted

NUMERIC = {"int", "integer", "short", "long", "float", "double", "long double", "long_double"}
TYPES = NUMERIC | {"boolean", "string"}
MAX_DEFAULTS = 10_000_000  # values that defaults may add to nodes or edges
DRAWN = {"nodegraphics", "edgegraphics"}  # yFiles' types of keys under which it keeps the drawing


class _Key(NamedTuple):
    """A declared attribute."""

    name: str
    kind: str
    owner: str
    default: str | None
    drawn: bool


@dataclass
class _Found:
    """What has been read so far."""

    keys: dict[str, _Key] = field(default_factory=dict)
    defaults: list[str | None] = field(default_factory=list)  # edgedefault of the graphs that are open
    default: str | None = None  # of the first
    graphs: int = 0
    ids: list[str] = field(default_factory=list)
    nodes: list[dict[str, object]] = field(default_factory=list)
    groups: set[str] = field(default_factory=set)
    ends: list[tuple[str, str]] = field(default_factory=list)
    edges: list[dict[str, object]] = field(default_factory=list)
    directed: list[bool] = field(default_factory=list)
    mixing: str = ""
    unread: dict[str, str] = field(default_factory=dict)
    headless: int = 0  # edges that are drawn without arrowheads


def parse(data: bytes) -> Parsed:
    """The graph in the bytes of a GraphML file, in the encoding that the file declares; raises InputError.

    >>> nodes, edge = b"<node id='a'/><node id='b'/>", b"<edge source='a' target='b'/>"
    >>> graph = parse(b"<graphml><graph edgedefault='directed'>" + nodes + edge + b"</graph></graphml>")
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist(), graph.directed.tolist()
    (['a', 'b'], [0], [1], [True])
    """
    found = _Found()
    for event, element, parents in walk(data, forget=("graph", "graphml")):
        if event == "start":
            _enter(found, element, tag(element), parents)
        elif tag(element) in _LEAVE:
            _LEAVE[tag(element)](found, element)
    return _assembled(found)


def _enter(found: _Found, element: Element, name: str, parents: Sequence[str]) -> None:
    """The start of an element: refuse it where it does not belong."""
    if not parents and name != "graphml":
        raise InputError(f"is XML but not GraphML: its root is <{quoted(name)[1:-1]}>; convert it to GraphML")
    if name == "graph":
        nested = parents[-1:] == ["node"]
        found.graphs += not nested
        if found.graphs > 1:
            raise InputError("has more than one <graph> side by side; a file must hold one graph")
        default = element.get("edgedefault", found.defaults[-1] if nested and found.defaults else None)
        if default not in (None, "directed", "undirected"):
            raise InputError(f"has edgedefault {quoted(default)}; write 'directed' or 'undirected'")
        found.default = found.default or default
        found.defaults.append(default)
    elif name in ("node", "edge") and parents[-1:] != ["graph"]:
        raise InputError(f"has a <{name}> outside of <graph>; move it inside")
    elif name == "hyperedge":
        raise InputError("has a <hyperedge>, which no edge between two nodes can stand for; remove it")


def _key(found: _Found, element: Element) -> None:
    name, kind = element.get("id"), element.get("attr.type", "string").strip()
    if name is None:
        raise InputError("has a <key> without id; give it one")
    if name in found.keys:
        raise InputError(f"key {quoted(name)} is declared twice; give each its own id")
    default = next((child.text or "" for child in element if tag(child) == "default"), None)
    drawn = element.get("yfiles.type") in DRAWN
    found.keys[name] = _Key(element.get("attr.name", name), kind, element.get("for", "all"), default, drawn)
    if kind not in TYPES and element.get("for", "all") in ("edge", "all"):
        remedy = f"declare it as one of {', '.join(sorted(TYPES))}, or choose another with --weight NAME"
        found.unread[found.keys[name].name] = f"key {quoted(name)} has attr.type {quoted(kind)}; {remedy}"


def _node(found: _Found, element: Element) -> None:
    node = element.get("id")
    if node is None:
        raise InputError(f"node {len(found.ids) + 1} has no id; give it one")
    if any(tag(child) == "graph" for child in element):
        found.groups.add(node)
    found.ids.append(node)
    found.nodes.append(_data(found, element))


def _edge(found: _Found, element: Element) -> None:
    source, target = element.get("source"), element.get("target")
    if source is None or target is None:
        missing = "source" if source is None else "target"
        raise InputError(f"edge {len(found.edges) + 1} has no {missing}; give it one")
    own = element.get("directed")
    if own not in (None, *_DIRECTED):
        raise InputError(f"{_where(found, element)} has directed {quoted(own)}; write 'true' or 'false'")
    directed = found.defaults[-1] == "directed" if own is None else _DIRECTED[own]
    if not found.mixing and found.directed and directed != found.directed[0]:
        found.mixing = f"{_where(found, element)} mixes directed and undirected edges"
    attributes = _data(found, element)
    found.directed.append(directed)
    found.ends.append((source, target))
    found.edges.append(attributes)


def _graph(found: _Found, _: Element) -> None:
    found.defaults.pop()


_DIRECTED = {"true": True, "1": True, "false": False, "0": False}
_LEAVE = {"key": _key, "node": _node, "edge": _edge, "graph": _graph}


def _where(found: _Found, element: Element) -> str:
    """The node or edge, for an error message."""
    source, target = element.get("source"), element.get("target")
    if source is None:
        return f"node {quoted(element.get('id'))}"
    return f"edge {len(found.edges) + 1} ({quoted(source)} to {quoted(target)})"


def _data(found: _Found, element: Element) -> dict[str, object]:
    """The attributes of a node or edge, by name; what yEd draws gives way to what other keys say."""
    values: dict[str, object] = {}
    drawn: dict[str, object] = {}
    for data in element:
        if tag(data) != "data":
            continue
        name = data.get("key", "")
        if name not in found.keys:
            raise InputError(f"{_where(found, element)} has data for the undeclared key {quoted(name)}; declare it")
        key = found.keys[name]
        if key.drawn:
            drawn = _drawn(found, data)
        elif key.kind in TYPES:
            values[key.name] = _value(key, data.text)
    return drawn | values


def _drawn(found: _Found, data: Element) -> dict[str, object]:
    """What yEd draws of a node or edge: its first label, a number if it reads as one, and where the node stands."""
    values: dict[str, object] = {}
    for part in data.iter():
        name, text = tag(part), (part.text or "").strip()
        if name in ("NodeLabel", "EdgeLabel") and text:
            value = number(text) if name == "EdgeLabel" else None
            values.setdefault("label", text if value is None else value)
        elif name == "Geometry":
            corner, extent = (
                [numeric(part.get(key)) or 0.0 for key in keys] for keys in (("x", "y"), ("width", "height"))
            )
            values.setdefault("x", corner[0] + extent[0] / 2)
            values.setdefault("y", -corner[1] - extent[1] / 2)  # yEd counts downwards
        elif name == "Arrows":
            found.headless += part.get("source") == part.get("target") == "none"
    return values


def _value(key: _Key, text: str | None) -> object:
    """The number in the text of a numeric key, graph-tool's hexadecimal ones too; else the text."""
    word = (text or "").strip()
    if key.kind not in NUMERIC:
        return word
    if "0x" in word and "p" in word:
        try:
            return float.fromhex(word)
        except (ValueError, OverflowError):
            return word
    value = number(word)
    return word if value is None else value


def _assembled(found: _Found) -> Parsed:
    """The graph, once all elements are read; defaults are filled in."""
    if not found.graphs:
        raise InputError("has no <graph>; a GraphML file must hold exactly one")
    _fill_in(found, "node", found.nodes)
    _fill_in(found, "edge", found.edges)
    notes: list[str] = []
    ids, nodes = _without_groups(found, notes)
    tail, head = ends(ids, [u for u, _ in found.ends], [v for _, v in found.ends])
    graph = Parsed(ids, tail, head, columns=columns_of(found.edges), unread=found.unread, ids=ids, notes=notes)
    graph.positions = positions_of(nodes)
    graph.nodes = names_of(ids, nodes, notes)
    graph.directed, graph.unmixed = np.array(found.directed, dtype=bool), found.mixing
    if found.headless and found.headless == len(found.edges):
        graph.directed = False
        notes.append("No edge is drawn with an arrowhead, so edges are taken as undirected.")
    elif not found.edges or (found.default is None and not any(found.directed)):
        graph.directed = None if found.default is None else found.default == "directed"
        if found.edges:
            notes.append("The file does not say edgedefault; edges go both ways unless you say --directed.")
    return graph


def _fill_in(found: _Found, owner: str, records: list[dict[str, object]]) -> None:
    """Add the defaults of their keys to the nodes or edges."""
    keys = [key for key in found.keys.values() if key.owner in (owner, "all") and key.default is not None]
    keys = [key for key in keys if key.kind in TYPES and not key.drawn]
    if len(keys) * len(records) > MAX_DEFAULTS:
        raise InputError(f"declares {len(keys)} defaults for {len(records)} {owner}s; write fewer")
    default = {key.name: _value(key, key.default) for key in keys}
    if keys:
        records[:] = [{**default, **record} for record in records]


def _without_groups(found: _Found, notes: list[str]) -> tuple[list[str], list[Attributes]]:
    """The nodes, without groups at which no edge ends: what was drawn around others."""
    used = {end for pair in found.ends for end in pair}
    empty = found.groups - used
    if empty:
        notes.append(f"Groups of nodes, which are no nodes themselves as no edge ends there: {len(empty):,}.")
    kept = [i for i, node in enumerate(found.ids) if node not in empty]
    return [found.ids[i] for i in kept], [found.nodes[i] for i in kept]
