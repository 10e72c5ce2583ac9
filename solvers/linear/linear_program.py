"""Linear programs as arrays, and what the cutting-plane loop asks of an LP solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from scipy.sparse import csr_array, hstack, vstack
from scipy.sparse import eye_array as identity_array

from formulations.problem import Floats, Ints
from solvers.proof.form import StandardForm


@dataclass(frozen=True)
class LPResult:
    """A status, and the solution or the proof that there is none.

    x        where "optimal": primal solution, float64 (columns,)
    y        where "optimal": multipliers of the rows, float64 (rows,); where "infeasible": a Farkas proof, if known
    reduced  reduced costs of the columns added with rows (where "infeasible" of costs 0), in the order they were added
    said     what the user should be told about how it was solved
    """

    status: Literal["optimal", "infeasible", "unbounded", "limit"]
    x: Floats | None = None
    y: Floats | None = None
    reduced: Floats | None = None
    iterations: int = 0
    said: str = ""


@dataclass
class Arrays:
    """min c'x over row_lower <= A x <= row_upper, lower <= x <= upper; c, bounds float64, A csr (rows, columns).

    >>> one = np.ones(2)
    >>> lp = Arrays(np.array([1.0, 2.0]), csr_array([one]), one[:1], one[:1], 0 * one, one)  # min x + 2 y, x + y = 1
    >>> lp.add_columns(np.array([5.0]), np.zeros(1), np.ones(1), csr_array([[1.0]]))
    >>> lp.c.tolist(), lp.A.toarray().tolist()
    ([1.0, 2.0, 5.0], [[1.0, 1.0, 1.0]])
    """

    c: Floats
    A: csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats

    @staticmethod
    def of(form: StandardForm) -> Arrays:
        """The LP relaxation of a standard form."""
        return Arrays(form.c, form.A, form.row_lower, form.row_upper, form.lower, form.upper)

    def add_rows(self, lower: Floats, upper: Floats, A: csr_array, row_lower: Floats, row_upper: Floats) -> None:
        """Add columns of cost 0 and rows; A is csr (new rows, old and new columns)."""
        self.c = np.r_[self.c, np.zeros(len(lower))]
        wider = csr_array((self.A.data, self.A.indices, self.A.indptr), shape=(self.A.shape[0], len(self.c)))
        self.A = vstack([wider, A], format="csr")
        self.row_lower, self.row_upper = np.r_[self.row_lower, row_lower], np.r_[self.row_upper, row_upper]
        self.lower, self.upper = np.r_[self.lower, lower], np.r_[self.upper, upper]

    def add_columns(self, c: Floats, lower: Floats, upper: Floats, A: csr_array) -> None:
        """Add columns; A is csr (rows, new columns)."""
        self.A = hstack([self.A, A], format="csr")
        self.c, self.lower, self.upper = np.r_[self.c, c], np.r_[self.lower, lower], np.r_[self.upper, upper]

    def replace_row(self, row: int, columns: Ints, coefficients: Floats) -> None:
        """Change some coefficients of one row."""
        dense = self.A[[row], :].toarray()[0]
        dense[columns] = coefficients
        self.A = vstack([self.A[:row], csr_array(dense[None, :]), self.A[row + 1 :]], format="csr")

    def change_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns."""
        self.lower, self.upper = self.lower.copy(), self.upper.copy()
        self.lower[columns], self.upper[columns] = lower, upper

    def elastic(self) -> Arrays:
        """The phase-one LP, minimum sum of violations of the rows: two slack columns per row, of cost 1."""
        m, n = self.A.shape
        identity = identity_array(m, format="csr")
        return Arrays(
            c=np.r_[np.zeros(n), np.ones(2 * m)],
            A=hstack([self.A, identity, -identity], format="csr"),
            row_lower=self.row_lower,
            row_upper=self.row_upper,
            lower=np.r_[self.lower, np.zeros(2 * m)],
            upper=np.r_[self.upper, np.full(2 * m, np.inf)],
        )


class LinearProgram(Protocol):
    """An LP solver that holds such arrays and starts each solve from its last basis."""

    def add_rows(self, lower: Floats, upper: Floats, A: csr_array, row_lower: Floats, row_upper: Floats) -> None:
        """Add columns of cost 0 and rows; A is csr (new rows, old and new columns)."""

    def replace_row(self, row: int, columns: Ints, coefficients: Floats) -> None:
        """Change some coefficients of one row."""

    def change_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns."""

    def solve(self, seconds: float) -> LPResult:
        """Solve from the last basis, within the seconds; raises KeyboardInterrupt soon after Ctrl-C."""


class ExtensibleProgram(LinearProgram, Protocol):
    """One that also takes further columns in its present rows, for column generation."""

    def add_columns(self, c: Floats, lower: Floats, upper: Floats, A: csr_array) -> None:
        """Add columns; A is csr (rows, new columns)."""
