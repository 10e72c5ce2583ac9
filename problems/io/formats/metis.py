"""METIS .graph: a line for each node, its neighbours and perhaps the edges' weights, every edge at both of its ends."""

from __future__ import annotations

import numpy as np

from formulations.problem import Floats, Ints
from problems.io.parsed import Column, Parsed, number
from problems.terminal.errors import InputError, quoted, safe

MAX_CONSTRAINTS = 1000  # weights of a node; lines with as many words do not happen


def parse(text: str) -> Parsed:
    r"""The undirected graph in a METIS text; raises InputError.

    >>> graph = parse("% a path\n3 2 1\n2 5\n1 5 3 7\n2 7\n")
    >>> graph.tail.tolist(), graph.head.tolist(), graph.columns["weight"].tolist()
    ([0, 1], [1, 2], [5.0, 7.0])
    """
    lines = [(i, line) for i, line in enumerate(text.split("\n"), start=1) if not line.lstrip().startswith("%")]
    while lines and not lines[0][1].strip():
        lines.pop(0)
    if not lines:
        raise InputError("has no line 'nodes edges'; begin with it")
    n, m, skipped, weighted = _promise(*lines[0])
    rows = lines[1:]
    while len(rows) > n and not rows[-1][1].strip():
        rows.pop()
    if len(rows) != n:
        raise InputError(f"promises {safe(n)} nodes but has {len(rows)} lines for them; correct line {lines[0][0]}")
    values, counts = _values(rows)
    starts = np.cumsum(counts) - counts
    place = np.arange(len(values)) - np.repeat(starts, counts)  # in the line
    step = 2 if weighted else 1
    used = counts - skipped
    if np.any((used < 0) | (used % step != 0)):
        line = rows[int(np.argmax((used < 0) | (used % step != 0)))][0]
        raise InputError(
            f"line {line} does not have {'a weight for each neighbour' if weighted else 'all its weights'}"
        )
    neighbour = (place >= skipped) & ((place - skipped) % step == 0)
    tail = np.repeat(np.arange(n), counts)[neighbour]
    head = values[neighbour] - 1
    weight = values[np.flatnonzero(neighbour) + 1] if weighted else np.ones(len(head))
    wrong = np.flatnonzero((head != np.rint(head)) | (head < 0) | (head >= n))
    if len(wrong):
        e = int(wrong[0])
        raise InputError(f"line {rows[tail[e]][0]} names node {head[e] + 1:g}, but nodes are numbered 1 to {n}")
    once = _once(tail, head.astype(np.int64), weight, [line for line, _ in rows])
    if np.count_nonzero(once) != m:
        raise InputError(f"promises {safe(m)} edges but lists {np.count_nonzero(once)}; correct line {lines[0][0]}")
    columns: dict[str, Column] = {"weight": weight[once]} if weighted else {}
    return Parsed(range(1, n + 1), tail[once], head[once].astype(np.int64), False, columns=columns)


def _promise(line: int, row: str) -> tuple[int, int, int, bool]:
    """Numbers of nodes and edges, how many numbers come before a node's neighbours, and whether edges have weights."""
    words = row.split()
    sizes = [number(word) for word in words]
    if len(words) not in (2, 3, 4) or not all(isinstance(size, int) and size >= 0 for size in sizes):
        raise InputError(f"line {line} is {quoted(row.strip())}; write 'nodes edges', and perhaps what has weights")
    flags = words[2].zfill(3) if len(words) > 2 else "000"
    if len(flags) != 3 or set(flags) - {"0", "1"}:
        raise InputError(f"line {line} has {quoted(words[2])} as its format; write three digits 0 or 1")
    constraints = min(int(sizes[3] or 0), MAX_CONSTRAINTS) if len(words) > 3 else 1
    n, m = int(sizes[0] or 0), int(sizes[1] or 0)
    return n, m, int(flags[0]) + (constraints if flags[1] == "1" else 0), flags[2] == "1"


def _values(rows: list[tuple[int, str]]) -> tuple[Floats, Ints]:
    """All numbers of the lines, float64, and how many each has, int64."""
    words = [row.split() for _, row in rows]
    counts = np.array([len(row) for row in words], dtype=np.int64)
    flat = [word for row in words for word in row]
    try:
        if "_" not in (joined := "".join(flat)) and joined.isascii():
            values = np.array(list(map(float, flat)))
            if np.isfinite(values).all():
                return values, counts
    except ValueError:
        pass
    for (line, _), row in zip(rows, words, strict=True):
        for word in row:
            if (value := number(word)) is None or not abs(value) < np.inf:
                raise InputError(f"line {line} has {quoted(word)}, which is not a finite number; correct it")
    raise InputError("has a number that is too large; correct it")


def _once(tail: Ints, head: Ints, weight: Floats, lines: list[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which entries to take so that each edge is there once; raises InputError for one that is not at both its ends."""
    forth = np.lexsort((weight, head, tail))
    back = np.lexsort((weight, tail, head))
    differ = np.flatnonzero((tail[forth] != head[back]) | (head[forth] != tail[back]) | (weight[forth] != weight[back]))
    if len(differ):
        one, other = int(forth[differ[0]]), int(back[differ[0]])
        e = one if (tail[one], head[one]) < (head[other], tail[other]) or weight[one] != weight[other] else other
        u, v = int(tail[e]) + 1, int(head[e]) + 1
        raise InputError(
            f"line {lines[u - 1]} has the edge {u} to {v}, line {lines[v - 1]} not the same; list it at both ends"
        )
    return tail <= head
