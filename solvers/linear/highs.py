"""HiGHS as an incremental LP solver: the model is passed again with the last basis extended, which is cheap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array

from formulations.problem import Bools, Floats, Ints
from solvers.clock import interruptible
from solvers.linear.linear_program import Arrays, LPResult


class Highs:
    """HiGHS's dual simplex, warm-started from the last basis.

    >>> one = np.ones(2)
    >>> lp = Arrays(np.array([1.0, 2.0]), csr_array([one]), one[:1], one[:1], 0 * one, one)  # min x + 2 y, x + y = 1
    >>> highs = Highs(lp)
    >>> highs.solve(seconds=10).x.tolist()
    [1.0, 0.0]
    >>> none = np.zeros(0)
    >>> highs.add_rows(none, none, csr_array([[1.0, 0.0]]), np.array([-np.inf]), np.array([0.25]))  # x <= 1/4
    >>> highs.solve(seconds=10).x.tolist()
    [0.25, 0.75]
    """

    def __init__(
        self, lp: Arrays, start: tuple[Bools, Bools] | None = None, options: Mapping[str, float | str] | None = None
    ) -> None:
        """Load the LP; start: which columns and which rows are basic at first; options: HiGHS's own, beyond ours."""
        import highspy

        self._lp, self._changed, self._solved, self._added = lp, True, False, np.zeros(0, dtype=np.int64)
        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("solver", "simplex")
        self._highs.setOptionValue("presolve", "off")  # it would discard the basis
        self._highs.setOptionValue("simplex_dual_edge_weight_strategy", 1)  # Devex: no weights to set up each round
        self._highs.setOptionValue("simplex_price_strategy", 1)  # by rows: 17 % faster on flows in grids
        for name, value in (options or {}).items():
            self._highs.setOptionValue(name, value)
        self._highs.HandleUserInterrupt = True
        self._basis = _knapsack_basis(lp) if start is None else _basis(lp, *start)

    def add_rows(self, lower: Floats, upper: Floats, A: csr_array, row_lower: Floats, row_upper: Floats) -> None:
        """Add columns of cost 0 and rows; A is csr (new rows, old and new columns)."""
        import highspy

        self._added = np.r_[self._added, len(self._lp.c) + np.arange(len(lower))]
        self._lp.add_rows(lower, upper, A, row_lower, row_upper)
        self._keep_basis()
        if self._basis is not None:
            # An activity's column is basic in its own row, so that the start is dual feasible and nearly primal.
            status, (columns, rows) = highspy.HighsBasisStatus, self._basis
            self._basis = (columns + [status.kBasic] * len(lower), rows + [status.kLower] * len(row_lower))
        self._changed = True

    def add_columns(self, c: Floats, lower: Floats, upper: Floats, A: csr_array) -> None:
        """Add columns; A is csr (rows, new columns)."""
        import highspy

        self._lp.add_columns(c, lower, upper, A)
        self._keep_basis()
        if self._basis is not None:
            columns, rows = self._basis
            self._basis = (columns + [highspy.HighsBasisStatus.kLower] * len(c), rows)
        self._changed = True

    def basic_columns(self) -> Ints:
        """The columns that are basic after a solve that ended optimal, int (k,)."""
        _, variables = self._highs.getBasicVariables()  # rows are negative
        return np.sort(variables[variables >= 0]).astype(np.int64)

    def _keep_basis(self) -> None:
        """Read the last basis before the model is passed again."""
        if self._solved:
            basis = self._highs.getBasis()
            self._basis, self._solved = (list(basis.col_status), list(basis.row_status)), False

    def replace_row(self, row: int, columns: Ints, coefficients: Floats) -> None:
        """Change some coefficients of one row."""
        self._lp.replace_row(row, columns, coefficients)
        self._changed = True

    def change_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns, given in rising order."""
        self._lp.change_bounds(columns, lower, upper)
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def solve(self, seconds: float) -> LPResult:
        """Solve from the last basis, within the seconds; raises KeyboardInterrupt soon after Ctrl-C."""
        import highspy

        highs, status = self._highs, highspy.HighsModelStatus
        if self._changed:
            self._load()
        # HiGHS counts its seconds over all runs.
        highs.setOptionValue("time_limit", min(highs.getRunTime() + max(seconds, 0.001), 1e30))
        interruptible(highs.run, highs.cancelSolve)
        found, iterations = highs.getModelStatus(), highs.getInfo().simplex_iteration_count
        if found == status.kModelEmpty:  # no columns: HiGHS does not check the rows
            fits = (self._lp.row_lower <= 0).all() and (self._lp.row_upper >= 0).all()
            y = np.where(self._lp.row_lower > 0, 1.0, np.where(self._lp.row_upper < 0, -1.0, 0.0))
            none = np.zeros(0)
            return LPResult("optimal", none, 0 * y, none) if fits else LPResult("infeasible", None, y, none)
        if found == status.kOptimal:
            solution = highs.getSolution()
            self._solved = True
            return LPResult(
                "optimal",
                np.array(solution.col_value),
                np.array(solution.row_dual),
                np.array(solution.col_dual)[self._added],
                iterations,
            )
        if found == status.kUnbounded:
            return LPResult("unbounded", iterations=iterations)
        if found in (status.kInfeasible, status.kUnboundedOrInfeasible):
            _, has_ray, ray = highs.getDualRay()
            y = np.array(ray) if has_ray else np.zeros(self._lp.A.shape[0])
            return LPResult("infeasible", None, y, -(self._lp.A.T @ y)[self._added], iterations)
        return LPResult("limit", iterations=iterations)

    def _load(self) -> None:
        import highspy

        lp, (m, n) = self._lp, self._lp.A.shape
        self._highs.passModel(  # arrays whole: attribute by attribute it would copy number by number
            n,
            m,
            lp.A.nnz,
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            lp.c,
            lp.lower,
            lp.upper,
            lp.row_lower,
            lp.row_upper,
            lp.A.indptr.astype(np.int32),
            lp.A.indices.astype(np.int32),
            lp.A.data,
            np.zeros(n, dtype=np.int32),
        )
        if self._basis is not None:
            basis = highspy.HighsBasis()
            basis.col_status, basis.row_status = self._basis
            basis.valid = True
            self._highs.setBasis(basis)
        self._changed = False


def _basis(lp: Arrays, columns: Bools, rows: Bools) -> tuple[list[object], list[object]]:
    """That basis as HiGHS's statuses of columns and rows, nonbasic ones at a finite bound."""
    import highspy

    status = highspy.HighsBasisStatus
    bounded = np.where(np.isfinite(lp.lower), status.kLower, status.kUpper), np.full(len(rows), status.kLower)
    both = (np.where(basic, status.kBasic, other) for basic, other in zip((columns, rows), bounded, strict=True))
    at_columns, at_rows = (part.tolist() for part in both)
    return at_columns, at_rows


def _knapsack_basis(lp: Arrays) -> tuple[list[object], list[object]] | None:
    """The optimal basis of an LP with one row sum of x = b over a finite box: fill up in ascending order of c.

    HiGHS's ratio test takes quadratic time there (2.3 s at 80,000 columns, 25 s at 365,000), sorting is instant.
    """
    import highspy

    n, room = len(lp.c), lp.upper - lp.lower
    if lp.A.shape[0] != 1 or lp.A.nnz != n or not (lp.A.data == 1).all() or not np.isfinite(room).all():
        return None
    order = np.argsort(lp.c, kind="stable")
    full = int(np.searchsorted(np.cumsum(room[order]), lp.row_lower[0] - lp.lower.sum()))
    if lp.row_lower[0] != lp.row_upper[0] or not 0 <= full < n:
        return None
    status = highspy.HighsBasisStatus
    columns = np.full(n, status.kLower)
    columns[order[:full]] = status.kUpper
    columns[order[full]] = status.kBasic
    return columns.tolist(), [status.kLower]
