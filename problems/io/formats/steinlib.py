"""SteinLib .stp: the edges of a graph, and the terminals that a Steiner tree is to join."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from problems.io.parsed import Parsed, number, refuse_promise
from problems.terminal.errors import InputError, quoted, safe

MAGIC = "33D32945"
SECTIONS = ("graph", "terminals", "coordinates")  # "comment" is skipped, others with a note

Rows = list[tuple[int, list[str]]]  # numbered lines, in words


def parse(text: str) -> Parsed:
    r"""The graph in a SteinLib text; raises InputError.

    >>> head = "33D32945 STP File, STP Format Version 1.0\n"
    >>> graph = parse(head + "SECTION Graph\nNodes 2\nEdges 1\nE 1 2 7\nEND\nSECTION Terminals\nT 2\nEND\nEOF\n")
    >>> graph.tail.tolist(), graph.head.tolist(), graph.columns["weight"].tolist(), graph.terminals
    ([0], [1], [7.0], [2])
    """
    sections = _split(text)
    if "graph" not in sections:
        raise InputError("has no SECTION Graph; a SteinLib file needs one")
    n, edges, directed = _graph(sections["graph"])
    nodes = range(1, n + 1)
    tail, head = (np.array([edge[end] for edge in edges], dtype=np.int64) - 1 for end in (0, 1))
    graph = Parsed(nodes, tail, head, directed)
    graph.columns = {"weight": np.array([edge[2] for edge in edges], dtype=np.float64)}
    terminals = [_node(row, 1, line, n) for line, row in sections.get("terminals", []) if row[0].lower() == "t"]
    graph.terminals = list(dict.fromkeys(terminals))
    graph.positions = _positions(sections.get("coordinates", []), n)
    unread = [name for name in sections if name not in (*SECTIONS, "comment")]
    if unread:
        graph.notes.append(f"Sections that are not read: {safe(', '.join(unread))}.")
    return graph


def _split(text: str) -> dict[str, Rows]:
    """The lines of each section."""
    sections: dict[str, Rows] = {}
    rows: Rows | None = None
    for line, row in enumerate(text.split("\n"), start=1):
        words = row.split()
        if not words or words[0].startswith("#") or words[0].lower().startswith(MAGIC.lower()):
            continue
        first = words[0].lower()
        if first == "section":
            name = " ".join(words[1:]).lower()
            if rows is not None or name in sections:
                raise InputError(f"line {line} begins {quoted(row.strip())} before the last one ends, or again")
            rows = sections[name] = []
        elif first == "end":
            rows = None
        elif first == "eof":
            break
        elif rows is not None:
            rows.append((line, words))
        else:
            raise InputError(f"line {line} is {quoted(row.strip())}, in no SECTION; write SECTION before, END after")
    if rows is not None:
        raise InputError("ends within a SECTION; is it cut short?")
    return sections


def _graph(rows: Rows) -> tuple[int, list[tuple[int, int, float]], bool]:
    """The number of nodes, the edges with their weights, and whether they are arcs."""
    promised: dict[str, int] = {}
    for line, row in rows:
        if row[0].lower() in ("nodes", "edges", "arcs"):
            size = number(row[1]) if len(row) == 2 else None
            if not isinstance(size, int) or size < 0:
                raise InputError(f"line {line} is {quoted(' '.join(row))}; write '{safe(row[0], 10)} number'")
            promised[row[0].lower()] = size
    n, m = promised.get("nodes", 0), promised.get("arcs", promised.get("edges", 0))
    listed = [(line, row) for line, row in rows if row[0].lower() in ("e", "a")]
    if len({row[0].lower() for _, row in listed}) > 1:
        raise InputError("has both edges E and arcs A in its SECTION Graph; make all one or the other")
    if len(listed) != m:
        raise InputError(f"promises {safe(m)} edges but lists {len(listed)}; correct the number, or is it cut short?")
    refuse_promise(n, m)
    edges = [(_node(row, 1, line, n), _node(row, 2, line, n), _weight(row, line)) for line, row in listed]
    return n, edges, bool(listed) and listed[0][1][0].lower() == "a"


def _node(row: Sequence[str], place: int, line: int, n: int) -> int:
    """The node's number at that place of a row."""
    node = number(row[place]) if len(row) > place else None
    if not isinstance(node, int) or not 1 <= node <= n:
        raise InputError(f"line {line} is {quoted(' '.join(row))}, which does not name a node from 1 to {n} there")
    return node


def _weight(row: Sequence[str], line: int) -> float:
    weight = number(row[3]) if len(row) > 3 else None
    if weight is None or not abs(weight) < 1e300:
        raise InputError(f"line {line} is {quoted(' '.join(row))}; write '{safe(row[0], 10)} u v weight'")
    return float(weight)


def _positions(rows: Rows, n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]] | None:
    """The coordinates, if every node has two."""
    at = {}
    for _, row in rows:
        if row[0].lower().startswith("dd"):
            place = [number(word) for word in row[1:4]]
            if len(place) == 3 and all(value is not None and abs(value) < 1e300 for value in place):
                at[place[0]] = place[1:]
    return (
        np.array([at[i] for i in range(1, n + 1)], dtype=np.float64) if n and set(at) == set(range(1, n + 1)) else None
    )
