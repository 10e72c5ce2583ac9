"""Centred and scaled rows of numbers, and their Gram matrices, with a proven bound on what rounding did to them.

Sums are of BLOCK terms at a time: then rounding errors are of so many terms, and of so many blocks, and not of as many
as there are rows. Of a sparse matrix a block of rows is dense at a time. u is the unit roundoff.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array, issparse

from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Bools, Floats

BLOCK = 1024
NARROWEST = 1e-100  # range of a column: squares of less would underflow


@dataclass(frozen=True, eq=False)
class Rows:
    """Z = (X - 1 mean') / scale, float64 (n, p), or csr_array.

    mean         (p,), in two parts, as the last places of large numbers are not enough; of a constant column its value
    scale        (p,); 1 for a constant column
    shift        what the mean may be off by, (p,)
    constant     which columns have one value in all rows
    """

    X: Floats | csr_array
    mean: tuple[Floats, Floats]
    scale: Floats
    shift: Floats
    constant: Bools

    @property
    def shape(self) -> tuple[int, int]:
        """n, p."""
        n, p = self.X.shape
        return int(n), int(p)

    def blocks(self) -> Iterator[Floats]:
        """The rows of Z, some at a time."""
        X: Any = self.X
        for at in range(0, X.shape[0], BLOCK):
            part = X[at : at + BLOCK]
            yield self._centred(part, slice(None))

    def dense(self) -> Floats:
        """Z, (n, p)."""
        return np.concatenate(list(self.blocks()))

    def columns(self) -> Iterator[Floats]:
        """The columns of Z, some at a time."""
        X: Any = csc_array(self.X) if issparse(self.X) else self.X
        for at in range(0, self.X.shape[1], BLOCK):
            yield self._centred(X[:, at : at + BLOCK], slice(at, at + BLOCK))

    def _centred(self, part: Any, columns: slice) -> Floats:
        mean, rest = self.mean
        Z = (part.toarray() if issparse(part) else part) - mean[columns]
        if rest.any():
            Z -= rest[columns]
        if (self.scale != 1).any():
            Z /= self.scale[columns]
        return np.asarray(Z)

    def times(self, V: Floats) -> Floats:
        """Z V, (n, k)."""
        return np.concatenate([Z @ V for Z in self.blocks()])

    def transposed_times(self, U: Floats) -> Floats:
        """Z'U, (p, k)."""
        return np.concatenate([Z.T @ U for Z in self.columns()])


def centred(X: Floats | csr_array, *, scaled: bool = False) -> Rows:
    """The rows less their mean; if scaled then divided by the standard deviations, with n - 1, of the columns.

    Raises ValueError for a column that varies, but by less than NARROWEST.

    >>> rows = centred(np.array([[1e9, 5.0], [1e9 + 1, 5.0], [1e9 + 2, 5.0]]), scaled=True)
    >>> next(rows.blocks()).tolist(), rows.constant.tolist()
    ([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]], [False, True])
    """
    n, p = X.shape
    data: Any = X
    ends = (data.min(axis=0), data.max(axis=0))
    low, high = (np.asarray(end.toarray() if issparse(end) else end).ravel() for end in ends)
    constant = low == high
    narrow = np.flatnonzero(~constant & (high - low < NARROWEST))
    if len(narrow):
        j = int(narrow[0])
        raise ValueError(f"column {j + 1} varies by {high[j] - low[j]:.3g} only; give it in a smaller unit")
    ones = np.ones(p)
    mean = np.asarray(X.sum(axis=0), dtype=np.float64).ravel() / n
    mean[constant] = low[constant]
    rest = sum((Z.sum(axis=0) for Z in Rows(X, (mean, np.zeros(p)), ones, ones, constant).blocks()), np.zeros(p)) / n
    left, squares = np.zeros(p), np.zeros(p)
    for Z in Rows(X, (mean, rest), ones, ones, constant).blocks():
        left += Z.sum(axis=0)
        squares += np.einsum("ij,ij->j", Z, Z)
    shift = np.abs(left) / n + 2 * (n + 2) * ROUNDOFF * np.sqrt(squares / n)
    scale = np.where(constant | (not scaled), 1.0, np.sqrt(squares / max(n - 1, 1)))
    return Rows(X, (mean, rest), scale, np.where(constant, 0.0, shift), constant)


def gram(rows: Rows) -> tuple[Floats, float]:
    """Z'Z, (p, p), and by how much it may be off that of the exact Z, in Frobenius's norm.

    With b terms at a time a sum of n products is off by at most (b + n / b + 4) u times the sum of their sizes (Higham,
    Accuracy and Stability of Numerical Algorithms, 2002, 3.1), so all of them by tr Z'Z instead of that sum; twice as
    much for what the scale is off. A mean that is off by s adds n ss'.

    >>> G, error = gram(centred(np.array([[1.0, 2.0], [3.0, 2.0]])))
    >>> G.tolist(), error < 1e-12
    ([[2.0, 0.0], [0.0, 0.0]], True)
    """
    n, p = rows.shape
    G = np.zeros((p, p))
    for Z in rows.blocks():
        G += Z.T @ Z
    return G, _rounding(n) * float(np.trace(G)) + 2 * n * float(((rows.shift / rows.scale) ** 2).sum())


def gram_of_rows(rows: Rows) -> tuple[Floats, float]:
    """ZZ', (n, n), which has the same eigenvalues but for zeros, and by how much it may be off; for p > n.

    A mean that is off by s adds 1 s'Z' and its transpose, and s's to each entry.

    >>> K, error = gram_of_rows(centred(np.array([[1.0, 2.0], [3.0, 2.0]])))
    >>> K.tolist(), error < 1e-12
    ([[1.0, -1.0], [-1.0, 1.0]], True)
    """
    n, p = rows.shape
    K = np.zeros((n, n))
    for Z in rows.columns():
        K += Z @ Z.T
    size, off = float(np.trace(K)), float(np.linalg.norm(rows.shift / rows.scale))
    return K, (_rounding(p) + _rounding(n)) * size + 4 * math.sqrt(n * size) * off + 2 * n * off**2


def _rounding(terms: int) -> float:
    """What a sum of so many terms is off, with its factors and their scale, relative to the sum of their sizes."""
    return 4 * (min(terms, BLOCK) + terms / BLOCK + 12) * ROUNDOFF
