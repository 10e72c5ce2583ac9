"""Pajek .net: *Vertices, then *Edges (undirected) and *Arcs (directed), one a line, as lists, or as a *Matrix."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from problems.io.parsed import Attributes, Parsed, columns_of, ends, names_of, number, positions_of, refuse_promise
from problems.terminal.errors import InputError, quoted, safe

UNREAD = ("*partition", "*vector", "*permutation", "*cluster", "*hierarchy")  # what a project file holds besides
_WORD = re.compile(r'"([^"]*)"|(\S+)')


@dataclass
class _Found:
    """What has been read so far.

    section  the reader of the lines below the last *Section, None if they are not read
    count    the number of vertices that was promised; of two kinds, first those of the first kind
    """

    section: Callable[[_Found, list[str], int], None] | None = None
    begun: bool = False
    count: int | None = None
    first: int | None = None
    ids: list[int] = field(default_factory=list)
    nodes: list[Attributes] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    weights: list[object] = field(default_factory=list)
    directed: list[bool] = field(default_factory=list)
    unweighted: int = 0  # lines of edges that do not say their weight
    matrix: list[str] = field(default_factory=list)
    listing: bool = False
    arcs: bool = False
    unread: list[str] = field(default_factory=list)
    commented: bool = False


def parse(text: str) -> Parsed:
    r"""The graph in a Pajek text; raises InputError.

    >>> graph = parse('*Vertices 3\n1 "a b"\n2 c\n3 d\n*Arcs\n1 2 1.5\n*Arcslist\n3 1 2')
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist(), graph.directed.tolist()
    (['a b', 'c', 'd'], [0, 2, 2], [1, 0, 1], [True, True, True])
    """
    found = _Found()
    for line, row in enumerate(text.split("\n"), start=1):
        words = [quote or word for quote, word in _WORD.findall(row)] if '"' in row else row.split()
        if not words or row.lstrip().startswith("%") or _is_comment(found, row):
            continue
        if words[0].startswith("*"):
            _begin_section(found, words, line)
        elif found.section is not None:
            found.section(found, words, line)
        elif not found.begun:
            raise InputError(f"line {line} comes before *Vertices; begin with *Vertices and their number")
    return _assembled(found)


def _is_comment(found: _Found, row: str) -> bool:
    """Whether a row is in a comment /* ... */."""
    if not found.commented and not row.lstrip().startswith("/*"):
        return False
    found.commented = "*/" not in row
    return True


def _begin_section(found: _Found, words: list[str], line: int) -> None:
    """A line "*Section ...", of which Pajek reads the first letters only, in any case."""
    word = words[0].lower()
    found.begun = True
    if word.startswith("*vert"):
        if found.unread and found.section is None and found.count is not None:
            return  # the *Vertices of a *Partition or *Vector
        _begin_vertices(found, words, line)
    elif word.startswith(("*edge", "*arc", "*matr")):
        if found.count is None:
            raise InputError(f"line {line} comes before *Vertices; begin with *Vertices and their number")
        found.listing = word.endswith("list")
        found.arcs = word.startswith("*arc")
        found.section = _add_matrix_row if word.startswith("*matr") else _add_edges
    elif word.startswith(UNREAD):
        found.unread.append(words[0])
        found.section = None
    elif word.startswith(("*net", "*desc")):
        found.section = None
    else:
        raise InputError(f"line {line} begins {quoted(words[0])}, which is not read; write *Edges, *Arcs or *Matrix")


def _begin_vertices(found: _Found, words: list[str], line: int) -> None:
    if found.count is not None:
        raise InputError(f"line {line} begins a second *Vertices; a file must hold exactly one graph")
    found.count = _natural(words[1] if len(words) > 1 else "", line, "the number of vertices")
    if len(words) > 2:
        found.first = _natural(words[2], line, "the number of vertices of the first kind")
    found.section = _add_vertex


def _add_vertex(found: _Found, words: list[str], line: int) -> None:
    """A line "number label x y ...", of which only the number is needed."""
    found.ids.append(_natural(words[0], line, "a vertex number"))
    node: dict[str, object] = {"label": words[1]} if len(words) > 1 else {}
    if len(words) > 3:
        node.update(x=number(words[2]), y=number(words[3]))
    found.nodes.append(node)


def _add_edges(found: _Found, words: list[str], line: int) -> None:
    """A line "u v weight ...", or in a list section "u v1 v2 ..."; a weight that is not given is 1."""
    assert found.count is not None
    first, *others = (_vertex(word, line, found.count) for word in (words if found.listing else words[:2]))
    if not others:
        raise InputError(f"line {line} has one vertex; an edge has two")
    weight: object = 1
    if not found.listing and len(words) > 2:
        value = number(words[2])
        weight = words[2] if value is None else value
    else:
        found.unweighted += 1
    for other in others:
        found.sources.append(first)
        found.targets.append(other)
        found.weights.append(weight)
        found.directed.append(found.arcs)


def _add_matrix_row(found: _Found, words: list[str], line: int) -> None:
    for word in words:
        if number(word) is None:
            raise InputError(f"line {line} has {quoted(word)} in its *Matrix; write numbers")
    found.matrix += words


def _assembled(found: _Found) -> Parsed:
    """The graph, once all lines are read."""
    if found.count is None:
        raise InputError("has no line '*Vertices N'; begin with it")
    if found.matrix:
        _add_matrix(found, found.count)
    m = len(found.sources)
    vertices = _vertices(found, found.count)
    tail, head = ends(vertices, found.sources, found.targets)
    graph = Parsed(vertices, tail, head, np.array(found.directed, dtype=bool) if m else None, ids=vertices)
    if found.unweighted < m:
        graph.columns = columns_of([{"weight": weight} for weight in found.weights])
        if found.unweighted:
            graph.notes.append(f"Lines of edges without a weight, which count 1: {found.unweighted:,}.")
    if found.ids and len(found.ids) == len(vertices):
        graph.nodes = names_of(vertices, found.nodes, graph.notes)
        graph.positions = positions_of(found.nodes)
    if found.unread:
        graph.notes.append(f"Sections that are not read: {safe(', '.join(dict.fromkeys(found.unread)))}.")
    return graph


def _add_matrix(found: _Found, n: int) -> None:
    """The edges of a matrix, 0 for none: undirected if it is symmetric, or of two kinds of vertices."""
    first = n if found.first is None else found.first
    shape = (n, n) if first in (0, n) or len(found.matrix) == n * n else (first, n - first)
    if len(found.matrix) != shape[0] * shape[1]:
        raise InputError(
            f"has {len(found.matrix)} numbers in its *Matrix, not {shape[0]} x {shape[1]}; is it cut short?"
        )
    matrix = np.array(list(map(float, found.matrix))).reshape(shape)
    two_kinds = shape != (n, n)
    undirected = two_kinds or bool(np.array_equal(matrix, matrix.T, equal_nan=True))
    rows, columns = np.nonzero(matrix if two_kinds or not undirected else np.triu(matrix))
    found.sources += (rows + 1).tolist()
    found.targets += (columns + 1 + (first if two_kinds else 0)).tolist()
    found.weights += matrix[rows, columns].tolist()
    found.directed += [not undirected] * len(rows)


def _vertices(found: _Found, count: int) -> Sequence[Hashable]:
    """The vertices' numbers: as listed, or 1..count where no vertex is missing both from the list and the edges."""
    ids = found.ids
    wrong = next((i for i in ids if not 1 <= i <= count), None)
    if wrong is not None:
        raise InputError(f"lists vertex {safe(wrong)}, but vertices are numbered 1 to {safe(count)}")
    if len(ids) == count:
        return ids
    refuse_promise(count, len(found.sources))
    missing = set(range(1, count + 1)).difference(ids, found.sources, found.targets) if ids else ()
    if missing or len(ids) > count:
        which = f" and names no vertex {min(missing)}" if missing else ""
        raise InputError(
            f"promises {safe(count)} vertices but lists {len(ids)}{which}; correct the number after *Vertices"
        )
    ends(ids, [], [])  # refuses a number that is listed twice
    listed = dict(zip(ids, found.nodes, strict=True))
    found.ids = list(range(1, count + 1))
    found.nodes = [listed.get(i, {}) for i in found.ids]
    return found.ids


def _vertex(word: str, line: int, count: int) -> int:
    """The vertex number in a word; raises InputError unless it is one of 1..count."""
    vertex = _natural(word, line, "a vertex number")
    if not 1 <= vertex <= count:
        raise InputError(
            f"line {line} names vertex {safe(vertex)}, but they are numbered 1 to {safe(count)}; correct one of them"
        )
    return vertex


def _natural(word: str, line: int, what: str) -> int:
    """The integer >= 0 in a word; raises InputError, which says what it should be, if there is none."""
    value = number(word)
    if not isinstance(value, int) or value < 0:
        raise InputError(f"line {line} has {quoted(word)} where {what} should be")
    return value
