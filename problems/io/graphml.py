"""GraphML, read element by element; document type declarations, and so all entities, are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from problems.io.build import Attributes, Parsed, ends, labels_or_ids, number, positions_of
from problems.terminal.errors import InputError, quoted

NUMERIC = {"int", "integer", "long", "float", "double"}
TYPES = NUMERIC | {"boolean", "string"}
MAX_DEPTH = 100  # of nested elements
MAX_DEFAULTS = 10_000_000  # values that defaults may add to nodes or edges


class _Key(NamedTuple):
    """A declared attribute."""

    name: str
    kind: str
    owner: str
    default: str | None


@dataclass
class _Found:
    """What has been read so far."""

    keys: dict[str, _Key] = field(default_factory=dict)
    default: str | None = None
    graphs: int = 0
    ids: list[str] = field(default_factory=list)
    nodes: list[Attributes] = field(default_factory=list)
    ends: list[tuple[str, str]] = field(default_factory=list)
    edges: list[Attributes] = field(default_factory=list)
    directions: set[str] = field(default_factory=set)


def parse(data: bytes) -> Parsed:
    """The graph in the bytes of a GraphML file, in the encoding that the file declares; raises InputError.

    >>> nodes, edge = b"<node id='a'/><node id='b'/>", b"<edge source='a' target='b'/>"
    >>> graph = parse(b"<graphml><graph edgedefault='directed'>" + nodes + edge + b"</graph></graphml>")
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist(), graph.directed
    (['a', 'b'], [0], [1], True)
    """
    from defusedxml.common import DefusedXmlException

    found = _Found()
    try:
        for event, element, parents in _walk(data):
            tag = _tag(element)
            if event == "start":
                _enter(found, element, tag, parents)
            elif tag in _LEAVE:
                _LEAVE[tag](found, element)
    except DefusedXmlException:
        raise InputError("has a document type or entity declaration, which is refused; remove <!DOCTYPE ...>") from None
    except ParseError as error:
        raise InputError(f"is not well-formed XML ({error}); is it cut short, or another format?") from None
    except (ValueError, LookupError):  # expat on encodings it does not know
        raise InputError("declares an encoding that cannot be read; save it as UTF-8") from None
    return _assemble(found)


def _walk(data: bytes) -> Iterator[tuple[str, Element, list[str]]]:
    """Starts and ends of elements with the tags of their parents; elements that have ended are freed."""
    from defusedxml.ElementTree import iterparse

    open_elements: list[Element] = []
    parents: list[str] = []
    for event, element in iterparse(BytesIO(data), events=("start", "end"), forbid_dtd=True):
        if event == "start":
            yield event, element, parents
            open_elements.append(element)
            parents.append(_tag(element))
            if len(parents) > MAX_DEPTH:
                raise InputError(f"nests elements more than {MAX_DEPTH} deep; GraphML needs about 5")
        else:
            open_elements.pop()
            parents.pop()
            yield event, element, parents
            if parents and parents[-1] in ("graph", "graphml"):
                open_elements[-1].clear()


def _tag(element: Element) -> str:
    """The tag without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _enter(found: _Found, element: Element, tag: str, parents: list[str]) -> None:
    """The start of an element: refuse it where it does not belong."""
    if not parents and tag != "graphml":
        raise InputError(f"is XML but not GraphML: its root is <{quoted(tag)[1:-1]}>; convert it to GraphML")
    if tag == "graph":
        found.graphs += 1
        if found.graphs > 1:
            raise InputError("has more than one <graph>; a file must hold exactly one, and none inside a node")
        found.default = element.get("edgedefault")
        if found.default not in (None, "directed", "undirected"):
            raise InputError(f"has edgedefault {quoted(found.default)}; write 'directed' or 'undirected'")
    elif tag in ("node", "edge") and (not parents or parents[-1] != "graph"):
        raise InputError(f"has a <{tag}> outside of <graph>; move it inside")
    elif tag == "hyperedge":
        raise InputError("has a <hyperedge>, which no edge between two nodes can stand for; remove it")


def _key(found: _Found, element: Element) -> None:
    name, kind = element.get("id"), element.get("attr.type", "string").strip()
    if name is None:
        raise InputError("has a <key> without id; give it one")
    if kind not in TYPES:
        raise InputError(f"key {quoted(name)} has attr.type {quoted(kind)}; write one of {', '.join(sorted(TYPES))}")
    if name in found.keys:
        raise InputError(f"key {quoted(name)} is declared twice; give each its own id")
    default = next((child.text or "" for child in element if _tag(child) == "default"), None)
    found.keys[name] = _Key(element.get("attr.name", name), kind, element.get("for", "all"), default)


def _node(found: _Found, element: Element) -> None:
    node = element.get("id")
    if node is None:
        raise InputError(f"node {len(found.ids) + 1} has no id; give it one")
    found.ids.append(node)
    found.nodes.append(_data(found, element))


def _edge(found: _Found, element: Element) -> None:
    source, target = element.get("source"), element.get("target")
    if source is None or target is None:
        missing = "source" if source is None else "target"
        raise InputError(f"edge {len(found.edges) + 1} has no {missing}; give it one")
    own = element.get("directed")
    if own not in (None, "true", "false", "1", "0"):
        raise InputError(f"{_where(found, element)} has directed {quoted(own)}; write 'true' or 'false'")
    found.directions.add((found.default or "undirected") if own is None else _DIRECTION[own])
    if len(found.directions) > 1:
        raise InputError(
            f"{_where(found, element)} mixes directed and undirected edges; make all edges one or the other"
        )
    found.ends.append((source, target))
    found.edges.append(_data(found, element))


_DIRECTION = {"true": "directed", "1": "directed", "false": "undirected", "0": "undirected"}
_LEAVE = {"key": _key, "node": _node, "edge": _edge}


def _where(found: _Found, element: Element) -> str:
    """The node or edge, for an error message."""
    source, target = element.get("source"), element.get("target")
    if source is None:
        return f"node {quoted(element.get('id'))}"
    return f"edge {len(found.edges) + 1} ({quoted(source)} to {quoted(target)})"


def _data(found: _Found, element: Element) -> dict[str, object]:
    """The attributes of a node or edge, by name."""
    values: dict[str, object] = {}
    for data in element:
        if _tag(data) == "data":
            name = data.get("key", "")
            if name not in found.keys:
                raise InputError(f"{_where(found, element)} has data for the undeclared key {quoted(name)}; declare it")
            key = found.keys[name]
            values[key.name] = _value(key, data.text)
    return values


def _value(key: _Key, text: str | None) -> object:
    """The number in the text of a numeric key, else the text."""
    word = (text or "").strip()
    value = number(word) if key.kind in NUMERIC else None
    return word if value is None else value


def _assemble(found: _Found) -> Parsed:
    """The graph, once all elements are read; defaults are filled in."""
    if not found.graphs:
        raise InputError("has no <graph>; a GraphML file must hold exactly one")
    for owner, records in (("node", found.nodes), ("edge", found.edges)):
        keys = [key for key in found.keys.values() if key.owner in (owner, "all") and key.default is not None]
        if len(keys) * len(records) > MAX_DEFAULTS:
            raise InputError(f"declares {len(keys)} defaults for {len(records)} {owner}s; write fewer")
        if keys:
            default = {key.name: _value(key, key.default) for key in keys}
            records[:] = [{**default, **record} for record in records]
    tail, head = ends(found.ids, [u for u, _ in found.ends], [v for _, v in found.ends])
    directed = "directed" in (found.directions or {found.default or "undirected"})
    graph = Parsed(found.ids, tail, head, directed, found.edges, positions=positions_of(found.nodes))
    graph.nodes = labels_or_ids(list(found.ids), [node.get("label") for node in found.nodes], graph.notes)
    if found.default is None and found.edges and not directed:
        graph.notes.append("The file does not say edgedefault, so edges are taken as undirected.")
    return graph
