"""Matrix Market .mtx: a sparse square matrix, the entry of row i and column j the weight of the edge i to j."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from problems.io.parsed import Parsed, number
from problems.terminal.errors import InputError, quoted, safe

FIELDS = ("real", "double", "integer", "unsigned-integer", "pattern")
SYMMETRIES = ("general", "symmetric")
MAX_ISOLATED = 1_000_000  # nodes that may be promised beyond those that entries can name


def parse(text: str) -> Parsed:
    r"""The graph in a Matrix Market text, undirected if the matrix is declared symmetric; raises InputError.

    >>> graph = parse("%%MatrixMarket matrix coordinate real symmetric\n3 3 2\n2 1 4.0\n3 2 5.0\n")
    >>> graph.tail.tolist(), graph.head.tolist(), graph.columns["weight"].tolist(), graph.directed
    ([1, 2], [0, 1], [4.0, 5.0], False)
    """
    from scipy.io import mmread
    from scipy.sparse import coo_array

    symmetry, pattern = _checked(text)
    try:
        matrix = coo_array(mmread(BytesIO(text.encode()), spmatrix=False))
    except (ValueError, OverflowError, TypeError, StopIteration) as error:
        raise InputError(f"cannot be read as a Matrix Market file ({safe(error)}); correct that line") from None
    rows, columns = (ends.astype(np.int64) for ends in matrix.coords)
    lower = rows >= columns if symmetry == "symmetric" else np.ones(len(rows), dtype=bool)  # each pair is there twice
    nodes = range(1, matrix.shape[0] + 1)
    graph = Parsed(nodes, rows[lower], columns[lower], symmetry == "general")
    if not pattern:
        graph.columns = {"weight": matrix.data[lower].astype(np.float64)}
    return graph


def _checked(text: str) -> tuple[str, bool]:
    """The matrix's symmetry, and whether it has no numbers, once its first lines are what they should be."""
    lines = text.split("\n")
    words = lines[0].lower().split()
    if len(words) != 5 or words[:2] != ["%%matrixmarket", "matrix"]:
        raise InputError(f"begins {quoted(lines[0])}; begin with '%%MatrixMarket matrix coordinate real general'")
    if words[2] != "coordinate":
        raise InputError("is a dense matrix (array); write the matrix sparse (coordinate)")
    if words[3] not in FIELDS or words[4] not in SYMMETRIES:
        raise InputError(
            f"is a {words[3]} {words[4]} matrix; give a real, integer or pattern one, general or symmetric"
        )
    at = next((i for i, line in enumerate(lines) if i and line.strip() and not line.startswith("%")), None)
    sizes = [number(word) for word in lines[at].split()] if at is not None else []
    if len(sizes) != 3 or not all(isinstance(size, int) and size >= 0 for size in sizes) or at is None:
        raise InputError(
            f"has {quoted(lines[at or 0].strip())} where its sizes should be; write 'rows columns entries'"
        )
    n, columns, entries = (int(size or 0) for size in sizes)
    if n != columns:
        raise InputError(f"is a matrix of {n} rows and {columns} columns; a graph needs a square one")
    listed = sum(1 for line in lines[at + 1 :] if line.strip())
    if listed != entries:
        raise InputError(f"promises {entries} entries but lists {listed}; correct the numbers, or is it cut short?")
    if n > 2 * entries + MAX_ISOLATED:
        raise InputError(f"promises {n} nodes for {entries} entries; correct the numbers")
    return words[4], words[3] == "pattern"
