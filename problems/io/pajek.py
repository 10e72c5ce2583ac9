"""Pajek .net: *Vertices, then *Edges (undirected) or *Arcs (directed), one a line or as lists."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from problems.io.build import Attributes, Parsed, ends, labels_or_ids, number, positions_of
from problems.terminal.errors import InputError, quoted, safe

MAX_ISOLATED = 1_000_000  # vertices that may be promised beyond those that edges can name
SECTIONS = {"*vertices", "*edges", "*arcs", "*edgeslist", "*arcslist", "*network"}
_WORD = re.compile(r'"([^"]*)"|(\S+)')


@dataclass
class _Found:
    """What has been read so far; section is "" before the first, count the number of vertices that was promised."""

    section: str = ""
    count: int | None = None
    ids: list[int] = field(default_factory=list)
    labels: list[object] = field(default_factory=list)
    places: list[Attributes] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    attributes: list[Attributes] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)  # of *edge and *arcs


def parse(text: str) -> Parsed:
    r"""The graph in a Pajek text; raises InputError.

    >>> graph = parse('*Vertices 3\n1 "a b"\n2 c\n3 d\n*Arcs\n1 2 1.5\n*Arcslist\n3 1 2')
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist(), graph.directed
    (['a b', 'c', 'd'], [0, 2, 2], [1, 0, 1], True)
    """
    found = _Found()
    for line, row in enumerate(text.split("\n"), start=1):
        words = [quote or word for quote, word in _WORD.findall(row)]
        if not words or row.lstrip().startswith("%"):
            continue
        if words[0].startswith("*"):
            _begin_section(found, words, line)
        elif found.section == "*vertices":
            _add_vertex(found, words, line)
        else:
            _add_edges(found, words, line)
    return _assemble(found)


def _begin_section(found: _Found, words: list[str], line: int) -> None:
    """A line "*Section ..."."""
    found.section = words[0].lower()
    if found.section not in SECTIONS:
        raise InputError(f"line {line} begins {quoted(words[0])}, which is not read; write *Edges or *Arcs")
    if found.section == "*vertices":
        if found.count is not None:
            raise InputError(f"line {line} begins a second *Vertices; a file must hold exactly one graph")
        found.count = _natural(words[1] if len(words) > 1 else "", line, "the number of vertices")


def _add_vertex(found: _Found, words: list[str], line: int) -> None:
    """A line "number label x y ...", of which only the number is needed."""
    found.ids.append(_natural(words[0], line, "a vertex number"))
    found.labels.append(words[1] if len(words) > 1 else None)
    at = [number(word) for word in words[2:4]]
    found.places.append({"x": at[0], "y": at[1]} if len(at) == 2 else {})


def _add_edges(found: _Found, words: list[str], line: int) -> None:
    """A line "u v weight ...", or in a list section "u v1 v2 ..."."""
    if found.section in ("", "*network") or found.count is None:
        raise InputError(f"line {line} comes before *Vertices; begin with *Vertices and their number")
    found.kinds.add(found.section[:5])
    listed = found.section.endswith("list")
    first, *others = (_vertex(word, line, found.count) for word in (words if listed else words[:2]))
    if not others:
        raise InputError(f"line {line} has one vertex; an edge has two")
    weight: Attributes = {} if listed or len(words) < 3 else {"weight": words[2]}
    for other in others:
        found.sources.append(first)
        found.targets.append(other)
        found.attributes.append(weight)


def _assemble(found: _Found) -> Parsed:
    """The graph, once all lines are read."""
    if found.count is None:
        raise InputError("has no line '*Vertices N'; begin with it")
    if len(found.kinds) > 1:
        raise InputError("has both *Edges and *Arcs; make all edges undirected or all directed")
    nodes = _vertices(found.count, found.ids, len(found.sources))
    tail, head = ends(nodes, found.sources, found.targets)
    graph = Parsed(nodes, tail, head, found.kinds == {"*arcs"}, found.attributes)
    if found.ids:
        graph.nodes = labels_or_ids(list(nodes), found.labels, graph.notes)
        graph.positions = positions_of(found.places)
    return graph


def _vertices(count: int, ids: list[int], m: int) -> Sequence[Hashable]:
    """The vertices' numbers: as listed, or 1..count where the file lists none."""
    if not ids and count <= 2 * m + MAX_ISOLATED:
        return range(1, count + 1)
    if len(ids) != count:
        raise InputError(f"promises {count} vertices but lists {len(ids)}; correct the number after *Vertices")
    wrong = next((i for i in ids if not 1 <= i <= count), None)
    if wrong is not None:
        raise InputError(f"lists vertex {wrong}, but vertices are numbered 1 to {count}")
    return ids


def _vertex(word: str, line: int, count: int) -> int:
    """The vertex number in a word; raises InputError unless it is one of 1..count."""
    vertex = _natural(word, line, "a vertex number")
    if not 1 <= vertex <= count:
        raise InputError(
            f"line {line} names vertex {safe(vertex)}, but they are numbered 1 to {count}; correct one of them"
        )
    return vertex


def _natural(word: str, line: int, what: str) -> int:
    """The integer >= 0 in a word; raises InputError, which says what it should be, if there is none."""
    value = number(word)
    if not isinstance(value, int) or value < 0:
        raise InputError(f"line {line} has {quoted(word)} where {what} should be")
    return value
