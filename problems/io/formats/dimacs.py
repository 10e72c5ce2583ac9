"""DIMACS: road networks .gr ("p sp n m", "a u v w"), PACE's .gr ("p tw n m", "u v"), graphs to colour .col ("e u v").

Benchmarks of colouring list an edge once or twice, and count it once or twice in "p edge n m".
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from problems.io.parsed import Parsed, number
from problems.terminal.errors import InputError, quoted

MAX_ISOLATED = 1_000_000  # nodes that may be promised beyond those that edges can name
ARC = np.dtype([("kind", "U2"), ("u", np.int64), ("v", np.int64), ("w", np.float64)])
EDGE = np.dtype([("u", np.int64), ("v", np.int64)])
COLOURED = np.dtype([("kind", "U2"), ("u", np.int64), ("v", np.int64)])
FORMS = {"sp": (ARC, "a u v length"), "tw": (EDGE, "u v"), "edge": (COLOURED, "e u v"), "col": (COLOURED, "e u v")}
DESCRIPTIONS = "cndvx"  # lines "c comment", and in .col those of nodes and generators


def parse(text: str) -> Parsed:
    r"""The graph in a .gr text: directed with lengths (sp) or undirected without (tw); raises InputError.

    >>> graph = parse("c a comment\np sp 3 2\na 1 2 10\na 2 3 5\n")
    >>> graph.tail.tolist(), graph.head.tolist(), graph.columns["weight"].tolist()
    ([0, 1], [1, 2], [10.0, 5.0])
    """
    lines = text.split("\n")
    at = [i for i, line in enumerate(lines) if (word := line.lstrip()) and word[0] != "c"]  # no blanks, comments
    problem = [i for i in at if lines[i].lstrip()[0] == "p"]
    if len(problem) != 1 or problem[0] != at[0]:
        raise InputError(f"has {len(problem)} lines 'p ...'; such a file needs exactly one, before all arcs")
    kind, n, m = _promise(lines[at[0]].split(), at[0] + 1)
    columns, form = FORMS[kind]
    rows = at[1:] if columns is not COLOURED else [i for i in at[1:] if lines[i].lstrip()[0] not in DESCRIPTIONS]
    if len(rows) != m and (columns is not COLOURED or m not in (2 * len(rows), len(rows) / 2)):
        raise InputError(f"promises {m} edges but lists {len(rows)}; correct the p line, or is the file cut short?")
    if n > 2 * m + MAX_ISOLATED:
        raise InputError(f"promises {n} nodes for {m} edges; correct the p line")
    table = _table([lines[i] for i in rows], rows, columns, form)
    outside = np.flatnonzero((table["u"] < 1) | (table["u"] > n) | (table["v"] < 1) | (table["v"] > n))
    if len(outside):
        i = rows[outside[0]]
        raise InputError(f"line {i + 1} ({quoted(lines[i].strip())}) names a node that is not in 1 to {n}")
    graph = Parsed(range(1, n + 1), table["u"] - 1, table["v"] - 1, kind == "sp")
    if kind == "sp":
        graph.columns = {"weight": table["w"].copy()}
    if len(rows) != m:
        graph.notes.append(
            f"The p line counts {m:,} edges where {len(rows):,} are listed: each is counted once or twice."
        )
    return graph


def _promise(words: list[str], line: int) -> tuple[str, int, int]:
    """The p line: the kind of graph and its numbers of nodes and edges."""
    if len(words) < 2 or words[0] != "p" or words[1] not in FORMS:
        known = ", ".join(f"'p {kind} n m'" for kind in FORMS)
        raise InputError(f"line {line} begins {quoted(' '.join(words[:2]))}; what is read begins {known}")
    n, m = (number(word) for word in words[2:4]) if len(words) == 4 else (None, None)
    if not isinstance(n, int) or not isinstance(m, int) or n < 0 or m < 0:
        raise InputError(
            f"line {line} must be 'p {words[1]} n m' with n nodes and m edges, not {quoted(' '.join(words))}"
        )
    return words[1], n, m


def _table(rows: list[str], at: list[int], columns: np.dtype[np.void], form: str) -> NDArray[np.void]:
    """The rows as a structured array; the first malformed row is searched only when there is one."""
    if not rows:
        return np.empty(0, dtype=columns)
    letter = form[0] if columns is not EDGE else ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # numpy's warning for 1.5 where an integer belongs
            table = np.loadtxt(rows, dtype=columns, comments=None, ndmin=1)
        if not letter or bool(np.all(table["kind"] == letter)):
            return table
    except (ValueError, DeprecationWarning):
        pass
    bad = next((i for i, row in zip(at, rows, strict=True) if not _fits(row.split(), columns, letter)), at[0])
    text = rows[at.index(bad)]
    raise InputError(f"line {bad + 1} is {quoted(text.strip())}, which is not '{form}' in numbers; correct it")


def _fits(words: list[str], columns: np.dtype[np.void], letter: str) -> bool:
    """Whether a row is well-formed."""
    if len(words) != len(columns.names or ()) or (letter and words[0] != letter):
        return False
    if columns is ARC and number(words[3]) is None:
        return False
    ends = words[1:3] if letter else words
    return all(isinstance(value := number(word), int) and abs(value) < 2**63 for word in ends)
