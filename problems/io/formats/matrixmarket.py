"""Matrix Market .mtx: a sparse square matrix, the entry of row i and column j the weight of the edge i to j.

scipy.io.mmread is not used: on damaged files it ends the whole process with a segmentation fault (scipy 1.17).
"""

from __future__ import annotations

import numpy as np

from problems.io.formats.entries import entries
from problems.io.parsed import Parsed, number, refuse_promise
from problems.terminal.errors import InputError, quoted, safe

FIELDS = ("real", "double", "integer", "unsigned-integer", "pattern")
SYMMETRIES = ("general", "symmetric")


def parse(text: str) -> Parsed:
    r"""The graph in a Matrix Market text, undirected if the matrix is declared symmetric; raises InputError.

    >>> graph = parse("%%MatrixMarket matrix coordinate real symmetric\n3 3 2\n2 1 4.0\n3 2 5.0\n")
    >>> graph.tail.tolist(), graph.head.tolist(), graph.columns["weight"].tolist(), graph.directed
    ([1, 2], [0, 1], [4.0, 5.0], False)
    """
    lines = text.split("\n")
    pattern, symmetric = _kind(lines[0])
    at = [i for i, line in enumerate(lines) if line.strip() and not line.startswith("%")]
    n, m = _sizes(lines[at[0]] if at else "")
    rows = at[1:]
    if len(rows) != m:
        raise InputError(f"promises {safe(m)} entries but lists {len(rows)}; correct the numbers, or is it cut short?")
    refuse_promise(n, m)
    table = entries([lines[i] for i in rows], rows, "u v" if pattern else "u v weight")
    outside = np.flatnonzero((np.minimum(table["u"], table["v"]) < 1) | (np.maximum(table["u"], table["v"]) > n))
    if len(outside):
        i = rows[outside[0]]
        raise InputError(f"line {i + 1} ({quoted(lines[i].strip())}) names a row or column that is not in 1 to {n}")
    graph = Parsed(range(1, n + 1), table["u"] - 1, table["v"] - 1, not symmetric)
    if not pattern:
        graph.columns = {"weight": table["w"].copy()}
    return graph


def _kind(line: str) -> tuple[bool, bool]:
    """Whether the matrix has no numbers, and whether it is symmetric, of which one triangle is listed."""
    words = line.lower().split()
    if len(words) != 5 or words[:2] != ["%%matrixmarket", "matrix"]:
        raise InputError(f"begins {quoted(line.strip())}; begin with '%%MatrixMarket matrix coordinate real general'")
    if words[2] != "coordinate":
        raise InputError("is a dense matrix (array); write the matrix sparse (coordinate)")
    if words[3] not in FIELDS or words[4] not in SYMMETRIES:
        kind = safe(" ".join(words[3:]))
        raise InputError(f"is a {kind} matrix; give a real, integer or pattern one, general or symmetric")
    return words[3] == "pattern", words[4] == "symmetric"


def _sizes(line: str) -> tuple[int, int]:
    """The numbers of rows, which is that of columns, and of entries."""
    sizes = [size for size in map(number, line.split()) if isinstance(size, int) and size >= 0]
    if len(sizes) != 3 or len(line.split()) != 3:
        raise InputError(f"has {quoted(line.strip())} where its sizes should be; write 'rows columns entries'")
    n, columns, m = sizes
    if n != columns:
        raise InputError(f"is a matrix of {n} rows and {columns} columns; a graph needs a square one")
    return n, m
