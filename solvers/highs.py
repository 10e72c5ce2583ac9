"""HiGHS as an incremental LP solver: the model is passed anew with the last basis extended, which costs it little."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, vstack

from solvers.linear_program import Floats, Ints, LPResult, interruptible


class Highs:
    """HiGHS's dual simplex, started from the last basis each time."""

    def __init__(
        self, c: Floats, A: csr_array, row_lower: Floats, row_upper: Floats, lower: Floats, upper: Floats
    ) -> None:
        """Load min c'x over row_lower <= A x <= row_upper, lower <= x <= upper."""
        import highspy

        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("solver", "simplex")
        self._highs.setOptionValue("presolve", "off")  # it would throw the basis away
        self._highs.setOptionValue("simplex_dual_edge_weight_strategy", 1)  # Devex: no weights to set up each round
        self._highs.HandleUserInterrupt = True
        self._c, self._A, self._rows, self._box = c, A, (row_lower, row_upper), (lower.copy(), upper.copy())
        self._basis = _knapsack_basis(c, A, row_lower, row_upper, lower, upper)
        self._changed = True

    def append(self, lower: Floats, upper: Floats, A: csr_array, row_lower: Floats, row_upper: Floats) -> None:
        """Add columns of cost 0 and rows; A is csr (new rows, old and new columns)."""
        import highspy

        k, r = len(lower), len(row_lower)
        wider = csr_array((self._A.data, self._A.indices, self._A.indptr), shape=(self._A.shape[0], len(self._c) + k))
        self._A = vstack([wider, A], format="csr")
        self._c = np.r_[self._c, np.zeros(k)]
        self._rows = (np.r_[self._rows[0], row_lower], np.r_[self._rows[1], row_upper])
        self._box = (np.r_[self._box[0], lower], np.r_[self._box[1], upper])
        if self._basis is not None:
            # An activity's column is basic in its own row, so that the start is dual feasible and nearly primal.
            own = highspy.HighsBasisStatus
            columns, rows = self._basis
            fresh = [own.kBasic] * min(k, r) + [own.kLower] * (k - min(k, r))
            self._basis = (columns + fresh, rows + [own.kLower] * min(k, r) + [own.kBasic] * (r - min(k, r)))
        self._changed = True

    def replace_row(self, row: int, columns: Ints, coefficients: Floats) -> None:
        """Change some coefficients of one row."""
        dense = self._A[[row], :].toarray()[0]
        dense[columns] = coefficients
        self._A = vstack([self._A[:row], csr_array(dense[None, :]), self._A[row + 1 :]], format="csr")
        self._changed = True

    def change_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns."""
        self._box[0][columns], self._box[1][columns] = lower, upper
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def solve(self, seconds: float) -> LPResult:
        """Solve from the last basis, for that many seconds at most; raises KeyboardInterrupt soon after Ctrl-C."""
        import highspy

        highs, status = self._highs, highspy.HighsModelStatus
        if self._changed:
            self._load()
        # HiGHS counts its seconds over all runs.
        highs.setOptionValue("time_limit", min(highs.getRunTime() + max(seconds, 0.001), 1e30))
        interruptible(highs.run, highs.cancelSolve)
        found, iterations = highs.getModelStatus(), highs.getInfo().simplex_iteration_count
        if found == status.kOptimal:
            basis, solution = highs.getBasis(), highs.getSolution()
            self._basis = (list(basis.col_status), list(basis.row_status))
            return LPResult(
                "optimal",
                np.array(solution.col_value),
                np.array(solution.row_dual),
                np.array(solution.col_dual),
                iterations,
            )
        if found == status.kUnbounded:
            return LPResult("unbounded", iterations=iterations)
        if found in (status.kInfeasible, status.kUnboundedOrInfeasible):
            _, has_ray, ray = highs.getDualRay()
            y = np.array(ray) if has_ray else np.zeros(self._A.shape[0])
            return LPResult("infeasible", None, y, -(self._A.T @ y), iterations)
        return LPResult("limit", iterations=iterations)

    def _load(self) -> None:
        import highspy

        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self._c), self._A.shape[0]
        lp.col_cost_, (lp.col_lower_, lp.col_upper_) = self._c, self._box
        lp.row_lower_, lp.row_upper_ = self._rows
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = self._A.indptr, self._A.indices, self._A.data
        self._highs.passModel(lp)
        if self._basis is not None:
            basis = highspy.HighsBasis()
            basis.col_status, basis.row_status = self._basis
            basis.valid = True
            self._highs.setBasis(basis)
        self._changed = False


def _knapsack_basis(
    c: Floats, A: csr_array, row_lower: Floats, row_upper: Floats, lower: Floats, upper: Floats
) -> tuple[list[object], list[object]] | None:
    """The optimal basis of an LP with one row sum of x = b over a finite box: fill up in the order of c.

    HiGHS's ratio test takes quadratic time there (2.3 s at 80,000 columns, 25 s at 365,000), sorting takes none.
    """
    import highspy

    if A.shape[0] != 1 or A.nnz != len(c) or not (A.data == 1).all() or row_lower[0] != row_upper[0]:
        return None
    if not (np.isfinite(lower) & np.isfinite(upper)).all() or not len(c):
        return None
    order = np.argsort(c, kind="stable")
    filled = lower.sum() + np.cumsum((upper - lower)[order])
    full = int(np.searchsorted(filled, row_lower[0]))
    if full >= len(c) or row_lower[0] < lower.sum():
        return None
    status = highspy.HighsBasisStatus
    at_upper = np.zeros(len(c), dtype=bool)
    at_upper[order[:full]] = True
    columns = [status.kUpper if up else status.kLower for up in at_upper.tolist()]
    columns[order[full]] = status.kBasic
    return columns, [status.kLower]
