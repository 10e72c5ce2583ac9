"""OR-Tools' GLOP as an incremental LP solver."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from formulations.problem import Floats, Ints
from solvers.linear.linear_program import Arrays, LPResult
from solvers.linear.mathopt import dense, model_of, run, set_entries, set_rows, set_time_limit, set_variables

ITERATIONS, ITERATIONS_PER_LINE = 10_000, 100  # at most, per row or column: two or three of those are usual
FEASIBILITY_TOLERANCE = 1e-7  # sum of violations up to which an LP counts as feasible, hence unbounded


class Glop:
    """OR-Tools' dual simplex; rows and columns are added to the solver, which starts from its last basis.

    >>> one = np.ones(2)
    >>> lp = Arrays(np.array([1.0, 2.0]), csr_array([one]), one[:1], one[:1], 0 * one, one)  # min x + 2 y, x + y = 1
    >>> result = Glop(lp).solve(seconds=10)
    >>> result.status, result.x.tolist(), result.y.tolist()
    ('optimal', [1.0, 0.0], [1.0])
    """

    def __init__(self, lp: Arrays) -> None:
        """Load the LP."""
        self._lp, self._added, self._solver = lp, np.zeros(0, dtype=np.int64), _loaded(lp)

    def add_rows(self, lower: Floats, upper: Floats, A: csr_array, row_lower: Floats, row_upper: Floats) -> None:
        """Add columns of cost 0 and rows; A is csr (new rows, old and new columns)."""
        update, (m, n) = _update(), self._lp.A.shape
        set_variables(update.new_variables, n, lower, upper)
        matrix = update.linear_constraint_matrix_updates
        set_rows(update.new_linear_constraints, matrix, m, A, row_lower, row_upper)
        self._send(update)
        self._added = np.r_[self._added, n + np.arange(len(lower))]
        self._lp.add_rows(lower, upper, A, row_lower, row_upper)

    def add_columns(self, c: Floats, lower: Floats, upper: Floats, A: csr_array) -> None:
        """Add columns; A is csr (rows, new columns)."""
        update, n, entries = _update(), self._lp.A.shape[1], A.tocoo()
        set_variables(update.new_variables, n, lower, upper)
        update.objective_updates.linear_coefficients.ids.extend(range(n, n + len(c)))
        update.objective_updates.linear_coefficients.values.extend(c.tolist())
        rows, columns = entries.coords
        set_entries(update.linear_constraint_matrix_updates, rows, n + columns, entries.data)
        self._send(update)
        self._lp.add_columns(c, lower, upper, A)

    def replace_row(self, row: int, columns: Ints, coefficients: Floats) -> None:
        """Change some coefficients of one row."""
        update = _update()
        set_entries(update.linear_constraint_matrix_updates, np.full(len(columns), row), columns, coefficients)
        self._send(update)
        self._lp.replace_row(row, columns, coefficients)

    def change_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns, given in rising order."""
        update = _update()
        for proto, values in (
            (update.variable_updates.lower_bounds, lower),
            (update.variable_updates.upper_bounds, upper),
        ):
            proto.ids.extend(columns.tolist())
            proto.values.extend(values.tolist())
        self._send(update)
        self._lp.change_bounds(columns, lower, upper)

    def _send(self, update: Any) -> None:
        if not self._solver.update(update):
            raise RuntimeError("GLOP refused an incremental update")

    def _wanted(self) -> Any:
        """Which parts of the solution to return: copying all reduced costs would take as long as a short solve."""
        from ortools.math_opt import model_parameters_pb2

        wanted = model_parameters_pb2.ModelSolveParametersProto()
        wanted.variable_values_filter.skip_zero_values = True
        wanted.reduced_costs_filter.filter_by_ids = True
        wanted.reduced_costs_filter.filtered_ids.extend(self._added.tolist())
        return wanted

    def solve(self, seconds: float) -> LPResult:
        """Solve from the last basis, within the seconds; raises KeyboardInterrupt soon after Ctrl-C.

        GLOP may loop; HiGHS is asked where it takes many times the usual number of iterations. Raises ValueError for a
        model that GLOP refuses.
        """
        from ortools.math_opt import parameters_pb2, result_pb2
        from pybind11_abseil.status import StatusNotOk  # type: ignore[import-untyped]

        parameters = parameters_pb2.SolveParametersProto()
        parameters.glop.use_dual_simplex = True
        parameters.glop.use_preprocessing = False
        parameters.iteration_limit = ITERATIONS + ITERATIONS_PER_LINE * sum(self._lp.A.shape)
        set_time_limit(parameters, seconds)
        started = time.perf_counter()
        try:
            try:
                result = run(self._solver, parameters, wanted=self._wanted())
            except StatusNotOk:  # GLOP may end ABNORMAL where it goes on from its last basis
                self._solver = _loaded(self._lp)
                result = run(self._solver, parameters, wanted=self._wanted())
        except StatusNotOk as error:
            raise ValueError(f"GLOP refuses the model ({error}); are there numbers as large as 1e100 in it?") from error
        reason, iterations = result.termination.reason, result.solve_stats.simplex_iterations
        if reason == result_pb2.TERMINATION_REASON_NO_SOLUTION_FOUND and iterations >= parameters.iteration_limit:
            return self._by_highs(iterations, seconds - (time.perf_counter() - started))
        (m, n), A = self._lp.A.shape, self._lp.A
        if reason == result_pb2.TERMINATION_REASON_OPTIMAL:
            x, y = result.solutions[0].primal_solution, result.solutions[0].dual_solution
            return LPResult(
                "optimal",
                dense(x.variable_values, n),
                dense(y.dual_values, m),
                dense(y.reduced_costs, n)[self._added],
                iterations,
            )
        if reason not in (
            result_pb2.TERMINATION_REASON_INFEASIBLE,
            result_pb2.TERMINATION_REASON_INFEASIBLE_OR_UNBOUNDED,
            result_pb2.TERMINATION_REASON_UNBOUNDED,
        ):
            return LPResult("limit", iterations=iterations)
        # GLOP calls unbounded LPs infeasible and proves neither; the phase-one LP decides, and its dual is the proof.
        phase_one = Glop(self._lp.elastic()).solve(seconds)
        if phase_one.x is None or phase_one.y is None:
            return LPResult("limit", iterations=iterations)
        lp = self._lp
        endless = (np.isinf(np.where(lp.c > 0, lp.lower, lp.upper)) & (lp.c != 0)).any()
        if phase_one.x[n:].sum() <= FEASIBILITY_TOLERANCE and endless:
            return LPResult("unbounded", iterations=iterations)
        y, iterations = phase_one.y, iterations + phase_one.iterations
        return LPResult("infeasible", None, y, -(A.T @ y)[self._added], iterations)

    def _by_highs(self, iterations: int, seconds: float) -> LPResult:
        """What HiGHS makes of the LP, from the start, GLOP having taken so many iterations without an end."""
        from solvers.linear.highs import Highs

        found, lp = Highs(self._lp).solve(seconds), self._lp
        costs = lp.c if found.status == "optimal" else np.zeros(len(lp.c))
        reduced = None if found.y is None else (costs - lp.A.T @ found.y)[self._added]
        said = f"GLOP did not settle within {iterations:,} iterations, so HiGHS was asked"
        return LPResult(found.status, found.x, found.y, reduced, iterations + found.iterations, said)


def _update() -> Any:
    from ortools.math_opt import model_update_pb2

    return model_update_pb2.ModelUpdateProto()


def _loaded(lp: Arrays) -> Any:
    """MathOpt's solver of the LP, without a basis."""
    from ortools.math_opt import parameters_pb2
    from ortools.math_opt.core.python import solver

    return solver.new(parameters_pb2.SOLVER_TYPE_GLOP, model_of(lp), parameters_pb2.SolverInitializerProto())
