"""Reading square matrices: similarities, dissimilarities, distances."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

import numpy as np

from formulations.graphs import Network
from formulations.problem import Floats
from problems.io.content import decode, read_file, unknown_format
from problems.io.npy import Shape, misshapen, read_npy
from problems.io.parsed import number
from problems.io.table import read_table, refuse_beyond
from problems.terminal.errors import InputError

Kind = Literal["similarity", "dissimilarity"]
MAX_ITEMS = 10_000  # their matrix takes 800 MB
MAX_MAGNITUDE = 1e100  # greater dissimilarities overflow once they are squared and summed
TOLERANCE = 1e-9  # relative to the largest entry: differences up to it are rounding


@dataclass(frozen=True, eq=False)
class MatrixFile:
    """A symmetric float64 (n, n), its diagonal 1 for similarities and 0 for dissimilarities, and notes on reading."""

    matrix: Floats
    kind: Kind
    notes: tuple[str, ...] = ()


def read_matrix(path: str | os.PathLike[str], kind: Kind | None = None) -> MatrixFile:
    r"""The matrix in a .csv file without header, or in a .npy file (.gz .bz2 .xz).

    Without a `kind`, a diagonal of 1 tells similarities (in [0, 1]), one of 0 dissimilarities (>= 0). Raises
    InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("0,3\n3,0", file=file, flush=True)
    ...     read = read_matrix(file.name)
    >>> read.kind, read.matrix.tolist()
    ('dissimilarity', [[0.0, 3.0], [3.0, 0.0]])
    """
    return read_file(path, lambda data, suffix: _checked(_square(data, suffix), kind), "similarities")


def read_distances(path: str | os.PathLike[str]) -> Network:
    r"""The complete graph of the distances in a .csv file without header, or in a .npy file (.gz .bz2 .xz).

    Nodes are the rows, from 1 on; the graph is directed, from row to column, unless the matrix is symmetric. The
    diagonal is not used. Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("0,3\n4,0", file=file, flush=True)
    ...     network = read_distances(file.name)
    >>> network.directed, network.edges(), network.weight.tolist()
    (True, [(1, 2), (2, 1)], [3.0, 4.0])
    """
    D = read_file(path, _square, "distances")
    directed = bool((D != D.T).any())
    tail, head = np.nonzero(~np.eye(len(D), dtype=bool) if directed else np.triu(np.ones(D.shape, dtype=bool), 1))
    return Network(range(1, len(D) + 1), tail, head, D[tail, head], directed)


def holds_matrix(path: str) -> bool:
    r"""Whether a file holds a matrix rather than a table with a header: .npy, or numbers in all of its first line.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("1,0.5\n0.5,1", file=file, flush=True)
    ...     holds_matrix(file.name)
    True
    """

    def numbers(data: bytes, suffix: str) -> bool:
        first = [] if suffix == ".npy" else decode(data.lstrip().split(b"\n", 1)[0]).split(",")
        return all(number(cell.strip()) is not None for cell in first)

    return read_file(path, numbers, "similarities")


def _square(data: bytes, suffix: str) -> Floats:
    """The finite square matrix in the bytes of a file with that suffix, float64 (n, n)."""
    if suffix == ".csv":
        return read_table(decode(data), _refuse_unless_square, "a matrix", finite=True)
    if suffix != ".npy":
        raise unknown_format(suffix, ".csv or .npy")
    matrix = read_npy(data, _refuse_unless_square)
    refuse_beyond(np.finfo(np.float64).max, matrix, "give every pair a finite number")
    return matrix


def _refuse_unless_square(shape: Shape) -> None:
    if len(shape) == 2 and shape[0] > MAX_ITEMS:
        raise InputError(f"has {shape[0]:,} rows; give a matrix of at most {MAX_ITEMS:,} items")
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 1:
        raise misshapen(shape, "give a square matrix, n x n, without header and names")


def _checked(matrix: Floats, kind: Kind | None) -> MatrixFile:
    """The matrix made exactly symmetric, its diagonal 1 or 0; raises InputError for deviations beyond rounding."""
    diagonal, notes = matrix.diagonal(), []
    if kind is None:
        kind = _kind(diagonal)
    own, highest, other = (1.0, 1.0, "dissimilarity") if kind == "similarity" else (0.0, MAX_MAGNITUDE, "similarity")
    if np.any(np.abs(diagonal - own) > TOLERANCE):
        notes.append(f"The diagonal is not used: an item's {kind} to itself is {own:.0f}.")
    np.fill_diagonal(matrix, own)
    slack = TOLERANCE * min(float(np.abs(matrix).max()), highest)
    outside = np.argwhere((matrix < -slack) | (matrix > highest + slack))
    if len(outside):
        i, j = outside[0]
        raise InputError(
            f"row {i + 1}, column {j + 1} is {matrix[i, j]:.12g} but a {kind} is a number from 0 to {highest:g}; "
            f"scale the matrix, or say --kind {other} if it is one"
        )
    np.clip(matrix, 0, highest, out=matrix)
    difference = np.abs(matrix - matrix.T)
    i, j = np.unravel_index(int(difference.argmax()), matrix.shape)
    if difference[i, j] > slack:
        raise InputError(
            f"row {i + 1}, column {j + 1} is {matrix[i, j]:.12g} but row {j + 1}, column {i + 1} is "
            f"{matrix[j, i]:.12g}; a {kind} must be symmetric: correct one or give their mean"
        )
    if difference[i, j] > 0:
        matrix = (matrix + matrix.T) / 2
        notes.append(f"The matrix is symmetric only up to {difference[i, j]:.1g}: the means are taken.")
    return MatrixFile(matrix, kind, tuple(notes))


def _kind(diagonal: Floats) -> Kind:
    """The kind that the diagonal tells; raises InputError if it is neither 1 nor 0."""
    if np.all(np.abs(diagonal - 1) <= TOLERANCE):
        return "similarity"
    if np.all(np.abs(diagonal) <= TOLERANCE):
        return "dissimilarity"
    raise InputError(
        f"has a diagonal from {diagonal.min():.6g} to {diagonal.max():.6g}, where similarities have 1 and "
        "dissimilarities 0; say --kind similarity or --kind dissimilarity"
    )
