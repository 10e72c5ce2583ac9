"""Reading square matrices: similarities, dissimilarities, correlations, distances."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from formulations.graphs import Network
from problems.io import GraphFile
from problems.io.cells import numbers, table_of
from problems.io.content import read_file, unknown_format
from problems.io.encodings import decode_any, notes_on
from problems.io.kinds import MAX_MAGNITUDE, TOLERANCE, Correlation, Kind, MatrixFile, Symmetrize, meant
from problems.io.labelled import MAX_ITEMS, Labelled, completed, where
from problems.io.layouts import SHAPES, labelled
from problems.io.npy import Shape, misshapen, read_npy
from problems.io.pairs import Pairs, names_pairs, pairs_in
from problems.io.phylip import SUFFIXES, items_of, phylip
from problems.io.table import refuse_beyond
from problems.terminal.errors import InputError

__all__ = [
    "MAX_MAGNITUDE",
    "Kind",
    "MatrixFile",
    "holds_matrix",
    "read_distances",
    "read_known_distances",
    "read_matrix",
    "read_similarities",
]

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".dist", *SUFFIXES)


def read_matrix(
    path: str | os.PathLike[str],
    kind: Kind | None = None,
    *,
    correlation: Correlation | None = None,
    symmetrize: Symmetrize | None = None,
    items: int | None = None,
) -> MatrixFile:
    r"""The matrix in a text (.csv .tsv .txt .dat .dist .phy .phylip) or in a .npy file, perhaps packed (.gz .bz2 .xz).

    The text is read as people write it (see `cells`, `layouts`, `phylip`): square or a triangle, with names or without,
    with a decimal comma, in any encoding. The diagonal tells similarities from dissimilarities, and their scale.

    kind         which of the two, None to be told by the diagonal
    correlation  how correlations r become dissimilarities, signed 1 - r or absolute 1 - |r|; None if there are none
    symmetrize   which of two entries of a pair that differ is taken, None if they must not
    items        how many there are, None to be told by the shape

    Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("Bern;0\nGenf;158,5;0", file=file, flush=True)
    ...     read = read_matrix(file.name)
    >>> read.kind, read.names, read.matrix.tolist()
    ('dissimilarity', ('Bern', 'Genf'), [[0.0, 158.5], [158.5, 0.0]])
    """

    def parse(data: bytes, suffix: str) -> MatrixFile:
        return meant(completed(_given(data, suffix, items)), kind, correlation, symmetrize)

    return read_file(path, parse, "similarities")


def read_distances(path: str | os.PathLike[str], items: int | None = None) -> GraphFile:
    r"""The complete graph of the distances in a file, which `read_matrix` says how to write.

    Nodes are the items, by name, or numbered from 1 on; the graph is directed, from row to column, unless the matrix is
    symmetric. The diagonal is not used. Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("0,3\n4,0", file=file, flush=True)
    ...     network = read_distances(file.name).network
    >>> network.directed, network.edges(), network.weight.tolist()
    (True, [(1, 2), (2, 1)], [3.0, 4.0])
    """
    given = read_file(path, lambda data, suffix: completed(_given(data, suffix, items)), "distances")
    D = given.matrix
    np.fill_diagonal(D, 0)
    directed = bool((D != D.T).any())
    tail, head = np.nonzero(~np.eye(len(D), dtype=bool) if directed else np.triu(np.ones(D.shape, dtype=bool), 1))
    nodes = range(1, len(D) + 1) if given.names is None else given.names
    return GraphFile(Network(nodes, tail, head, D[tail, head], directed), given.notes)


def read_known_distances(path: str | os.PathLike[str], items: int | None = None) -> GraphFile:
    r"""The graph of those distances that a matrix gives: cells may be empty, and of a pair one of its two is enough.

    Nodes are the items, by name, or numbered from 1 on. Raises InputError, one sentence for the user, for a file that
    cannot be used, and for a pair with two distances that differ.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("0,3,\n3,0,5\n,5,0", file=file, flush=True)
    ...     network = read_known_distances(file.name).network
    >>> network.edges(), network.weight.tolist()
    ([(1, 2), (2, 3)], [3.0, 5.0])
    """
    given = read_file(path, lambda data, suffix: _given(data, suffix, items), "distances")
    D, names = given.matrix, given.names
    apart = np.abs(D - D.T) > TOLERANCE * np.nanmax(np.abs(D), initial=0.0)
    if apart.any():
        i, j = np.unravel_index(int(apart.argmax()), D.shape)
        raise InputError(
            f"{os.fspath(path)}: {where(names, int(i), int(j))} is {D[i, j]:.12g} and the other way round "
            f"{D[j, i]:.12g}; keep one of them"
        )
    D = np.where(np.isnan(D), D.T, D)
    tail, head = np.nonzero(np.triu(~np.isnan(D), 1))
    notes, pairs = list(given.notes), len(D) * (len(D) - 1) // 2
    notes.append(f"Pairs with a distance, of {pairs:,}: {len(tail):,}.")
    if not D[tail, head].all():
        zeros = int((D[tail, head] == 0).sum())
        notes.append(f"Pairs 0 apart: {zeros:,}. Leave cells empty where a distance is not known.")
    nodes = range(1, len(D) + 1) if names is None else names
    return GraphFile(Network(nodes, tail, head, D[tail, head], False), tuple(notes))


def read_similarities(
    path: str | os.PathLike[str],
    kind: Kind | None = None,
    *,
    correlation: Correlation | None = None,
    symmetrize: Symmetrize | None = None,
    items: int | None = None,
) -> MatrixFile | Pairs:
    r"""The matrix in a file, as `read_matrix` reads it, or the pairs, as `read_pairs` does, whichever it holds.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("1,0.5\n0.5,1", file=file, flush=True)
    ...     read_similarities(file.name).kind
    'similarity'
    """

    def parse(data: bytes, suffix: str) -> MatrixFile | Pairs:
        if not holds_matrix(data, suffix):
            return pairs_in(data, suffix)
        return meant(completed(_given(data, suffix, items)), kind, correlation, symmetrize)

    return read_file(path, parse, "similarities")


def holds_matrix(data: bytes, suffix: str) -> bool:
    r"""Whether the bytes of a file hold a matrix rather than pairs: .npy, or numbers but for names above and in front.

    >>> holds_matrix(b"1,0.5\n0.5,1", ".csv"), holds_matrix(b"user1,user2,similarity\na,b,0.5", ".csv")
    (True, False)
    """
    if suffix == ".npy":
        return True
    table = table_of(decode_any(data)[0])
    some = [cells for (_, cells), _ in zip(table.rows(), range(3), strict=False)]
    if not some or names_pairs(some[0]):
        return False
    return all(numbers(cells[1:], table.separator)[1] is None for cells in some[1:] or some)


def _given(data: bytes, suffix: str, items: int | None) -> Labelled:
    """The matrix in the bytes of a file with that suffix, nan where nothing is given."""
    if suffix == ".npy":
        matrix = read_npy(data, _refuse_unless_square)
        if np.isinf(matrix).any():
            known = np.where(np.isnan(matrix), 0, matrix)
            refuse_beyond(np.finfo(np.float64).max, known, "give every pair a finite number")
        return Labelled(matrix)
    if suffix not in TEXT_SUFFIXES:
        raise unknown_format(suffix, f"{', '.join(TEXT_SUFFIXES)} or .npy")
    text, encoding = decode_any(data)
    found = _of_text(text, suffix, items)
    return replace(found, notes=(*found.notes, *notes_on(encoding)))


def _of_text(text: str, suffix: str, items: int | None) -> Labelled:
    """The matrix in a text: as PHYLIP writes it if it can be read so, else in rows of cells."""
    table = table_of(text)
    if names_pairs(next((cells for _, cells in table.rows()), [])):
        raise InputError("holds pairs, one a line, and no matrix; give it by --similarity")
    count = items_of(table.lines)
    if suffix in SUFFIXES or (count is not None and items in (None, count)):
        try:
            return phylip(table.lines)
        except InputError:
            if suffix in SUFFIXES:
                raise
    return labelled(table, items)


def _refuse_unless_square(shape: Shape) -> None:
    if len(shape) == 2 and shape[0] > MAX_ITEMS:
        raise InputError(f"has {shape[0]:,} rows; give a matrix of at most {MAX_ITEMS:,} items")
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 1:
        raise misshapen(shape, SHAPES)
