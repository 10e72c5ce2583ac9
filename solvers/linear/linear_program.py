"""What the cutting-plane loop needs of an LP solver, and how a long C++ call is kept interruptible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import numpy as np
from scipy.sparse import csr_array, hstack, vstack
from scipy.sparse import eye_array as identity_array

from formulations.problem import Floats, Ints
from solvers.proof.form import StandardForm

Result = TypeVar("Result")


@dataclass(frozen=True)
class LPResult:
    """status, and where it is "optimal" x, row multipliers y and the reduced costs of the columns appended.

    Where it is "infeasible", y and the reduced costs (of costs 0) are multipliers that prove it, if there are any.
    """

    status: Literal["optimal", "infeasible", "unbounded", "limit"]
    x: Floats | None = None
    y: Floats | None = None
    reduced: Floats | None = None
    iterations: int = 0


@dataclass
class Arrays:
    """min c'x over row_lower <= A x <= row_upper, lower <= x <= upper; c, bounds float64, A csr (rows, columns)."""

    c: Floats
    A: csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats

    @staticmethod
    def of(form: StandardForm) -> Arrays:
        """The LP relaxation of a form."""
        return Arrays(form.c, form.A, form.row_lower, form.row_upper, form.lower, form.upper)

    def append(self, lower: Floats, upper: Floats, A: csr_array, row_lower: Floats, row_upper: Floats) -> None:
        """Add columns of cost 0 and rows; A is csr (new rows, old and new columns)."""
        self.c = np.r_[self.c, np.zeros(len(lower))]
        wider = csr_array((self.A.data, self.A.indices, self.A.indptr), shape=(self.A.shape[0], len(self.c)))
        self.A = vstack([wider, A], format="csr")
        self.row_lower, self.row_upper = np.r_[self.row_lower, row_lower], np.r_[self.row_upper, row_upper]
        self.lower, self.upper = np.r_[self.lower, lower], np.r_[self.upper, upper]

    def enter(self, c: Floats, lower: Floats, upper: Floats, A: csr_array) -> None:
        """Add columns to the rows there are; A is csr (rows, new columns)."""
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
        """The least sum of violations of the rows: two further columns per row take them up, at cost 1."""
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
    """An LP solver that holds such arrays, grows with them and keeps its basis."""

    def append(self, lower: Floats, upper: Floats, A: csr_array, row_lower: Floats, row_upper: Floats) -> None:
        """Add columns of cost 0 and rows; A is csr (new rows, old and new columns)."""

    def replace_row(self, row: int, columns: Ints, coefficients: Floats) -> None:
        """Change some coefficients of one row."""

    def change_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns."""

    def solve(self, seconds: float) -> LPResult:
        """Solve from the last basis, for that many seconds at most; raises KeyboardInterrupt soon after Ctrl-C."""


class OpenProgram(LinearProgram, Protocol):
    """One that takes further columns in the rows there are."""

    def enter(self, c: Floats, lower: Floats, upper: Floats, A: csr_array) -> None:
        """Add columns; A is csr (rows, new columns)."""
