"""Reading similarities, a table of pairs of users or a square matrix, and matrices of distances."""

from __future__ import annotations

import csv
import io
import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from formulations.graphs import Network
from formulations.problem import Floats, Ints
from problems.io.content import decode, read_file, unknown_format
from problems.io.npy import Shape, misshapen, read_npy
from problems.io.parsed import number
from problems.io.table import read_table, refuse_beyond
from problems.terminal.errors import InputError, quoted, safe

Kind = Literal["similarity", "dissimilarity"]
COLUMNS = ("user1", "user2", "similarity")
MAX_ITEMS = 10_000  # their matrix takes 800 MB
MAX_MAGNITUDE = 1e100  # greater dissimilarities overflow once they are squared and summed
TOLERANCE = 1e-9  # relative to the largest entry: differences up to it are rounding


@dataclass(frozen=True, eq=False)
class Pairs:
    """Similarities s of M pairs of users, each pair at most once; pairs may be missing.

    items       the N users by name, as the file has them: to be shown through `safe` only
    first, second  int64 (M,): positions in items, first != second
    similarity  float64 (M,), in [0, 1]
    notes       for the user, on how the file was read
    """

    items: list[str]
    first: Ints
    second: Ints
    similarity: Floats
    notes: tuple[str, ...] = ()

    def matrix(self) -> Floats:
        """The similarities as a symmetric float64 (N, N) with ones on the diagonal; missing pairs have 0.

        >>> Pairs(["ann", "bob"], np.array([0]), np.array([1]), np.array([0.5])).matrix().tolist()
        [[1.0, 0.5], [0.5, 1.0]]
        """
        full = np.eye(len(self.items))
        full[self.first, self.second] = full[self.second, self.first] = self.similarity
        return full


@dataclass(frozen=True, eq=False)
class MatrixFile:
    """A symmetric float64 (n, n), its diagonal 1 for similarities and 0 for dissimilarities, and notes on reading."""

    matrix: Floats
    kind: Kind
    notes: tuple[str, ...] = ()


def read_pairs(path: str | os.PathLike[str]) -> Pairs:
    r"""The pairs in a CSV file (.gz .bz2 .xz) with the columns user1, user2, similarity in any order, among others.

    Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("user1,user2,similarity\nann,bob,0.9\nbob,cem,0.25", file=file, flush=True)
    ...     pairs = read_pairs(file.name)
    >>> pairs.items, pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist()
    (['ann', 'bob', 'cem'], [0, 1], [1, 2], [0.9, 0.25])
    """
    return read_file(path, _pairs, "similarities")


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


def _pairs(data: bytes, suffix: str) -> Pairs:
    """The pairs in the bytes of a CSV file."""
    index: dict[str, int] = {}
    ends, lines, values = array("q"), array("q"), array("d")
    loops = 0
    for line, (u, v, text) in _rows(decode(data)):
        value = number(text)
        if value is None or not 0 <= value <= 1:
            fault = "not a number" if value is None else "not between 0 and 1"
            remedy = "write a number from 0 to 1 (a percentage divided by 100), or leave the pair out"
            raise InputError(f"line {line} has similarity {quoted(text)}, which is {fault}; {remedy}")
        if not u or not v:
            raise InputError(f"line {line} has an empty name; name both users")
        pair = index.setdefault(u, len(index)), index.setdefault(v, len(index))
        if len(index) > MAX_ITEMS:
            raise InputError(f"line {line} names user number {len(index):,}; give at most {MAX_ITEMS:,} users")
        if u != v:
            ends.extend(pair)
            lines.append(line)
            values.append(value)
        elif value == 1:
            loops += 1
        else:
            raise InputError(
                f"line {line} pairs {quoted(u)} with itself at similarity {safe(text)}; drop the line or correct a name"
            )
    if not lines:
        raise InputError("lists no pair of two users; give a line user1,user2,similarity for each")
    return _deduplicated(
        list(index), np.array(ends, dtype=np.int64).reshape(-1, 2), np.array(values), np.array(lines), loops
    )


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and (user1, user2, similarity) of each line below the header, blank lines skipped."""
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    places: list[int] | None = None
    width = line = 0
    try:
        for row in rows:
            line, before = rows.line_num, line
            if not row:
                continue
            if places is None:
                places, width = _places([cell.strip() for cell in row]), len(row)
            elif len(row) != width:
                raise InputError(
                    f"line {before + 1} has {len(row)} fields where the header has {width}; "
                    "separate fields by commas and quote names that contain one"
                )
            else:
                yield before + 1, [row[place].strip() for place in places]
    except csv.Error as error:
        raise InputError(
            f"line {line + 1} begins a row with a quote that does not close as it should ({safe(error)}); "
            'write a quote within a quoted name twice, as in "Ann ""A"" Lee"'
        ) from None


def _places(header: list[str]) -> list[int]:
    """Positions of the three columns in the header."""
    if any(header.count(column) != 1 for column in COLUMNS):
        named = quoted(",".join(header))
        raise InputError(f"has as header {named}; it must name each of user1,user2,similarity once, between commas")
    return [header.index(column) for column in COLUMNS]


def _deduplicated(items: list[str], ends: Ints, values: Floats, lines: Ints, loops: int) -> Pairs:
    """Each pair once, in the order of the file; raises InputError for a pair with two similarities."""
    n, (low, high) = len(items), np.sort(ends, axis=1).T
    _, first, inverse = np.unique(low * n + high, return_index=True, return_inverse=True)
    clash = np.flatnonzero(values != values[first][inverse])
    if len(clash):
        later, earlier = int(clash[0]), int(first[inverse[clash[0]]])
        u, v = (quoted(items[end]) for end in ends[later])
        raise InputError(
            f"line {lines[later]} gives {u} and {v} similarity {values[later]:.12g} "
            f"but line {lines[earlier]} gave them {values[earlier]:.12g}; keep one"
        )
    kept = np.sort(first)
    again, pairs = len(values) - len(kept), n * (n - 1) // 2
    notes = [
        f"Lines that pair a user with itself, left out: {loops:,}.",
        f"Lines that repeat a pair at the same similarity, left out: {again:,}.",
        f"Pairs that are not listed, of {pairs:,}: {pairs - len(kept):,}; the score knows nothing of them.",
        f"Pairs at similarity 1, which the score clips to 1 - 1e-9: {np.count_nonzero(values[kept] == 1):,}.",
    ]
    counts = (loops, again, pairs - len(kept), np.any(values[kept] == 1))
    kept_notes = tuple(note for note, count in zip(notes, counts, strict=True) if count)
    return Pairs(items, ends[kept, 0], ends[kept, 1], values[kept], kept_notes)


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
