"""Some rows of a table, and how far they spread: the logarithm of the determinant of their covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from formulations.problem import Bools, Floats


def squared_distances(Z: Floats, scatter: Floats) -> Floats:
    """z' S^+ z of every row z of Z (n, p): Mahalanobis' squared distances from 0, S^+ the pseudoinverse of the scatter.

    >>> squared_distances(np.array([[2.0, 0.0], [0.0, 3.0]]), np.diag([4.0, 1.0])).round(12)
    array([1., 9.])
    """
    return np.asarray(np.einsum("ij,ij->i", Z @ np.linalg.pinv(scatter, hermitian=True), Z))


@dataclass(frozen=True, eq=False)
class LogDeterminant:
    """log det of the covariance, divided by h, of h rows; over masks of rows, bool (n,).

    >>> form = LogDeterminant(np.array([[0.0], [2.0], [9.0]]), 2)
    >>> form.value(np.array([True, True, False])), form.broken(np.array([True, True, True]))
    (0.0, 'the number of rows, 2')
    """

    rows: Floats
    h: int

    def values(self, candidates: Any) -> Floats:
        """Of many masks."""
        return np.array([self.value(mask) for mask in candidates])

    def value(self, mask: Bools) -> float:
        """The objective; infinite where the rows lie in a plane."""
        Z = self.rows[mask] - self.rows[mask].mean(axis=0)
        sign, log = np.linalg.slogdet(Z.T @ Z / self.h)
        return float(log) if sign > 0 and math.isfinite(log) else math.inf

    def size(self, mask: Bools) -> float:
        """One for each column: a change of its units by a factor of e changes the value by 2."""
        return float(self.rows.shape[1])

    def broken(self, mask: Any) -> str | None:
        """What keeps a mask from being h of the rows, in words."""
        found = np.asarray(mask)
        fits = found.shape == (len(self.rows),) and found.dtype == bool and found.sum() == self.h
        return None if fits else f"the number of rows, {self.h}"
