"""Pajek .net: *Vertices, then *Edges (undirected) or *Arcs (directed), one a line or as lists."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

from problems.io.build import Attributes, Parsed, ends, labels_or_ids, number, positions_of
from problems.terminal.errors import InputError, quoted, safe

MORE = 1_000_000  # vertices that may be promised beyond those that edges name
SECTIONS = {"*vertices", "*edges", "*arcs", "*edgeslist", "*arcslist", "*network"}
_WORD = re.compile(r'"([^"]*)"|(\S+)')


def parse(text: str) -> Parsed:
    """The graph in a Pajek text."""
    count: int | None = None
    section = ""
    ids: list[int] = []
    labels: list[object] = []
    places: list[Attributes] = []
    sources: list[int] = []
    targets: list[int] = []
    attributes: list[Attributes] = []
    kinds: set[str] = set()
    for line, row in enumerate(text.split("\n"), start=1):
        words = [quote or word for quote, word in _WORD.findall(row)]
        if not words or row.lstrip().startswith("%"):
            continue
        if words[0].startswith("*"):
            section = words[0].lower()
            if section not in SECTIONS:
                raise InputError(f"line {line} begins {quoted(words[0])}, which is not read; write *Edges or *Arcs")
            if section == "*vertices":
                if count is not None:
                    raise InputError(f"line {line} begins a second *Vertices; a file must hold exactly one graph")
                count = _natural(words[1] if len(words) > 1 else "", line, "the number of vertices")
        elif section == "*vertices":
            ids.append(_natural(words[0], line, "a vertex number"))
            labels.append(words[1] if len(words) > 1 else None)
            at = [number(word) for word in words[2:4]]
            places.append({"x": at[0], "y": at[1]} if len(at) == 2 else {})
        elif section in ("", "*network") or count is None:
            raise InputError(f"line {line} comes before *Vertices; begin with *Vertices and their number")
        else:
            kinds.add(section[:5])  # *edge or *arcs
            listed = section.endswith("list")
            first, *others = (_vertex(word, line, count) for word in (words if listed else words[:2]))
            if not others:
                raise InputError(f"line {line} has one vertex; an edge has two")
            weight: Attributes = {} if listed or len(words) < 3 else {"weight": words[2]}
            for other in others:
                sources.append(first)
                targets.append(other)
                attributes.append(weight)
    if count is None:
        raise InputError("has no line '*Vertices N'; begin with it")
    if len(kinds) > 1:
        raise InputError("has both *Edges and *Arcs; make all edges undirected or all directed")
    nodes = _vertices(count, ids, len(sources))
    tail, head = ends(nodes, sources, targets)
    graph = Parsed(nodes, tail, head, kinds == {"*arcs"}, attributes)
    if ids:
        graph.nodes = labels_or_ids(list(nodes), labels, graph.notes)
        graph.positions = positions_of(places)
    return graph


def _vertices(count: int, ids: list[int], m: int) -> Sequence[Hashable]:
    """The vertices' numbers: as listed, or 1..count where the file lists none."""
    if not ids and count <= 2 * m + MORE:
        return range(1, count + 1)
    if len(ids) != count:
        raise InputError(f"promises {count} vertices but lists {len(ids)}; correct the number after *Vertices")
    wrong = next((i for i in ids if not 1 <= i <= count), None)
    if wrong is not None:
        raise InputError(f"lists vertex {wrong}, but vertices are numbered 1 to {count}")
    return ids


def _vertex(word: str, line: int, count: int) -> int:
    vertex = _natural(word, line, "a vertex number")
    if not 1 <= vertex <= count:
        raise InputError(
            f"line {line} names vertex {safe(vertex)}, but they are numbered 1 to {count}; correct one of them"
        )
    return vertex


def _natural(word: str, line: int, what: str) -> int:
    value = number(word)
    if not isinstance(value, int) or value < 0:
        raise InputError(f"line {line} has {quoted(word)} where {what} should be")
    return value
