"""DIMACS: road networks .gr ("p sp n m", "a u v w"), PACE's .gr ("p tw n m", "u v"), graphs to colour .col ("e u v").

Benchmarks of colouring list an edge once or twice, and count it once or twice in "p edge n m".
"""

from __future__ import annotations

import numpy as np

from problems.io.formats.entries import entries
from problems.io.parsed import Parsed, number, refuse_promise
from problems.terminal.errors import InputError, quoted, safe

FORMS = {"sp": "a u v length", "tw": "u v", "edge": "e u v", "col": "e u v"}
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
    colouring = FORMS[kind] == FORMS["edge"]
    rows = [i for i in at[1:] if not colouring or lines[i].lstrip()[0] not in DESCRIPTIONS]
    if len(rows) != m and not (colouring and m in (2 * len(rows), len(rows) / 2)):
        raise InputError(f"promises {safe(m)} edges but lists {len(rows)}; correct the p line, or is it cut short?")
    refuse_promise(n, m)
    table = entries([lines[i] for i in rows], rows, FORMS[kind])
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
