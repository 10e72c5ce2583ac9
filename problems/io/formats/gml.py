"""GML, tokenized by one regular expression and nested by a stack: keys in any order, no recursion."""

from __future__ import annotations

import re
from collections.abc import Hashable
from html import unescape

import numpy as np

from problems.io.parsed import Parsed, columns_of, ends, names_of, number, positions_of
from problems.terminal.errors import InputError, quoted

Record = dict[str, object]

# White space and comments, then a closing bracket, or a key with its value, or the end, or anything else: an error.
# All repetitions are possessive, so that no input causes backtracking.
_TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*+)*+
    (?: (\])
      | ([A-Za-z_][\w.:-]*+) (?:\s|\#[^\n]*+)*+
        (?: (\[) | (?<=\s)"([^"]*+)"(?=[\s\]\#]|\Z) | (?<=\s)([^\s\[\]"]++) )
      | (\Z) | (\S) )""",
    re.VERBOSE,
)
MAX_DEPTH = 1000  # of nested lists
_CLOSE, _OPEN, _STRING, _BARE, _END = 1, 3, 4, 5, 6


class _Many(list[object]):
    """The values of a key that a record has several times."""


def parse(text: str) -> Parsed:
    """The graph in a GML text; raises InputError.

    >>> graph = parse("graph [ node [ id 1 label 'a' ] node [ id 2 ] edge [ source 1 target 2 weight 1e-05 ] ]")
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist(), graph.columns
    ([1, 2], [0], [1], {'weight': [1e-05]})
    """
    root = _records(text)
    graphs = _all(root, "graph")
    if len(graphs) != 1:
        raise InputError(f"has {len(graphs) or 'no'} graphs; a GML file must hold exactly one 'graph [ ... ]'")
    graph = graphs[0]
    nodes, edges = _all(graph, "node"), _all(graph, "edge")
    ids = [_end(node, "id", f"node {i}") for i, node in enumerate(nodes, start=1)]
    sources = [_end(edge, "source", f"edge {e}") for e, edge in enumerate(edges, start=1)]
    targets = [_end(edge, "target", f"edge {e}") for e, edge in enumerate(edges, start=1)]
    tail, head = ends(ids, sources, targets)
    directed = _flag(graph, "directed") if "directed" in graph else None
    parsed = Parsed(ids, tail, head, directed, columns=columns_of(edges), ids=ids)
    parsed.nodes = names_of(ids, nodes, parsed.notes)
    graphics = [node.get("graphics") for node in nodes]
    places = [place for place in graphics if isinstance(place, dict)]
    parsed.positions = positions_of(places if nodes and len(places) == len(nodes) else nodes)
    _check_parallel(parsed, edges, _flag(graph, "multigraph"))
    return parsed


def _records(text: str) -> Record:
    """The nested key-value lists of the text."""
    record: Record = {}
    outer: list[Record] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastindex
        if kind == _BARE:
            word = match[_BARE]
            value: object = number(word)
            if value is None:
                value = word
        elif kind == _STRING:
            value = unescape(match[_STRING]) if "&" in match[_STRING] else match[_STRING]
        elif kind == _OPEN:
            value = {}
        elif kind == _CLOSE:
            if not outer:
                raise InputError(f"line {_line(text, match.start(kind))} closes a bracket ] that was never opened")
            record = outer.pop()
            continue
        elif kind == _END:
            break
        else:
            raise InputError(_misread(text, match.end() - 1))
        key = match[2]
        if key not in record:
            record[key] = value
        elif type(record[key]) is _Many:
            record[key].append(value)  # type: ignore[attr-defined]
        else:
            record[key] = _Many((record[key], value))
        if kind == _OPEN:
            outer.append(record)
            if len(outer) > MAX_DEPTH:
                raise InputError(f"line {_line(text, match.start(kind))} nests lists more than {MAX_DEPTH} deep")
            record = value  # type: ignore[assignment]
    if outer:
        raise InputError(f"ends with {len(outer)} open brackets; is it cut short?")
    return record


def _all(record: Record, key: str) -> list[Record]:
    """The records under a key, however many there are."""
    found = record.get(key, _Many())
    values = found if isinstance(found, _Many) else [found]
    records = [value for value in values if isinstance(value, dict)]
    if len(records) < len(values):
        raise InputError(f"has a {key} that is not a list; write '{key} [ ... ]'")
    return records


def _end(record: Record, key: str, owner: str) -> Hashable:
    """Remove from a record the id of the node that it is, or ends at."""
    value = record.pop(key, None)
    if value is None:
        raise InputError(f"{owner} has no {key}; give it one")
    if not isinstance(value, str | int | float):
        raise InputError(f"{owner} has {quoted(value)} as {key}; give it one number")
    return value


def _flag(graph: Record, key: str) -> bool:
    """A key that is 0, as where it is missing, or 1."""
    value = graph.get(key, 0)
    if value not in (0, 1):
        raise InputError(f"has '{key} {quoted(value)}'; write {key} 0 or {key} 1")
    return bool(value)


def _check_parallel(graph: Parsed, edges: list[Record], declared: bool) -> None:
    """Raise InputError for parallel edges of the same key; add a note if the flag multigraph is missing."""
    u, v = (graph.tail, graph.head) if graph.directed else np.sort([graph.tail, graph.head], axis=0)
    pair = u * len(graph.nodes) + v
    extra = len(pair) - len(np.unique(pair))
    if extra and not declared:
        graph.notes.append(f"The file lacks 'multigraph 1' but has parallel edges ({extra}); all are kept.")
    if extra and declared:
        seen: set[tuple[int, str]] = set()
        for e, edge in enumerate(edges):
            if "key" in edge:
                name = (int(pair[e]), quoted(edge["key"]))
                if name in seen:
                    a, b = (quoted(graph.nodes[end]) for end in (graph.tail[e], graph.head[e]))
                    raise InputError(
                        f"edge {e + 1} ({a} to {b}) has the key {name[1]} of an earlier one; give it its own"
                    )
                seen.add(name)


def _misread(text: str, position: int) -> str:
    """What is no GML there, in a sentence."""
    line = f"line {_line(text, position)}"
    found = text[position : position + 40].split("\n")[0]
    quote = re.compile(r'[\w.:-]*\s*"[^"]*("?)').match(text, position)
    if quote and quote[1]:
        return f"{line} has a quote too many or too few: {quoted(found)}; within a text write &quot; for it"
    if quote:
        return f"{line} opens a quote that is never closed: {quoted(found)}"
    return f"{line} is not GML: expected a key and its value, found {quoted(found)}; is this file in another format?"


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
