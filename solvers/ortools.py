"""OR-Tools' GLOP as an incremental LP solver, through MathOpt's protocol buffers.

The buffers take whole numpy arrays; MathOpt's Python expressions would cost more than the solve.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from solvers.linear_program import Arrays, Floats, Ints, LPResult, interruptible


def model_of(lp: Arrays, integral: NDArray[np.bool_] | None = None) -> Any:
    """The arrays as a MathOpt model."""
    from ortools.math_opt import model_pb2

    model = model_pb2.ModelProto()
    _set_variables(model.variables, 0, lp.lower, lp.upper, integral)
    used = np.flatnonzero(lp.c)
    model.objective.linear_coefficients.ids.extend(used.tolist())
    model.objective.linear_coefficients.values.extend(lp.c[used].tolist())
    _set_rows(model.linear_constraints, model.linear_constraint_matrix, 0, lp.A, lp.row_lower, lp.row_upper)
    return model


def _set_variables(
    proto: Any, first: int, lower: Floats, upper: Floats, integral: NDArray[np.bool_] | None = None
) -> None:
    proto.ids.extend(range(first, first + len(lower)))
    proto.lower_bounds.extend(lower.tolist())
    proto.upper_bounds.extend(upper.tolist())
    proto.integers.extend([False] * len(lower) if integral is None else integral.tolist())


def _set_rows(rows: Any, matrix: Any, first: int, A: csr_array, lower: Floats, upper: Floats) -> None:
    rows.ids.extend(range(first, first + len(lower)))
    rows.lower_bounds.extend(lower.tolist())
    rows.upper_bounds.extend(upper.tolist())
    _set_entries(matrix, np.repeat(np.arange(first, first + A.shape[0]), np.diff(A.indptr)), A.indices, A.data)


def _set_entries(matrix: Any, rows: Ints, columns: Ints, values: Floats) -> None:
    """Sorted by row, then column, as MathOpt wants it."""
    order = np.lexsort((columns, rows))
    matrix.row_ids.extend(rows[order].tolist())
    matrix.column_ids.extend(columns[order].tolist())
    matrix.coefficients.extend(values[order].tolist())


def dense(sparse: Any, size: int) -> Floats:
    """A sparse vector of the protocol as an array."""
    vector = np.zeros(size)
    vector[np.asarray(sparse.ids, dtype=np.int64)] = np.asarray(sparse.values)
    return vector


class Glop:
    """OR-Tools' simplex. Rows are appended to the living solver, which goes on from its last basis."""

    def __init__(self, lp: Arrays) -> None:
        """Load the LP."""
        from ortools.math_opt import parameters_pb2
        from ortools.math_opt.core.python import solver

        self._lp, self._appended = lp, np.zeros(0, dtype=np.int64)
        self._solver = solver.new(
            parameters_pb2.SOLVER_TYPE_GLOP, model_of(lp), parameters_pb2.SolverInitializerProto()
        )

    def append(self, lower: Floats, upper: Floats, A: csr_array, row_lower: Floats, row_upper: Floats) -> None:
        """Add columns of cost 0 and rows; A is csr (new rows, old and new columns)."""
        update, (m, n) = _update(), self._lp.A.shape
        _set_variables(update.new_variables, n, lower, upper)
        matrix = update.linear_constraint_matrix_updates
        _set_rows(update.new_linear_constraints, matrix, m, A, row_lower, row_upper)
        self._send(update)
        self._appended = np.r_[self._appended, n + np.arange(len(lower))]
        self._lp.append(lower, upper, A, row_lower, row_upper)

    def enter(self, c: Floats, lower: Floats, upper: Floats, A: csr_array) -> None:
        """Add columns to the rows there are; A is csr (rows, new columns)."""
        update, n, entries = _update(), self._lp.A.shape[1], A.tocoo()
        _set_variables(update.new_variables, n, lower, upper)
        update.objective_updates.linear_coefficients.ids.extend(range(n, n + len(c)))
        update.objective_updates.linear_coefficients.values.extend(c.tolist())
        rows, columns = entries.coords
        _set_entries(update.linear_constraint_matrix_updates, rows, n + columns, entries.data)
        self._send(update)
        self._lp.enter(c, lower, upper, A)

    def replace_row(self, row: int, columns: Ints, coefficients: Floats) -> None:
        """Change some coefficients of one row."""
        update = _update()
        _set_entries(update.linear_constraint_matrix_updates, np.full(len(columns), row), columns, coefficients)
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
        """Which parts of the solution to send: copying all reduced costs would take as long as a short solve."""
        from ortools.math_opt import model_parameters_pb2

        wanted = model_parameters_pb2.ModelSolveParametersProto()
        wanted.variable_values_filter.skip_zero_values = True
        wanted.reduced_costs_filter.filter_by_ids = True
        wanted.reduced_costs_filter.filtered_ids.extend(self._appended.tolist())
        return wanted

    def solve(self, seconds: float) -> LPResult:
        """Solve from the last basis, for that many seconds at most; raises KeyboardInterrupt soon after Ctrl-C."""
        from ortools.math_opt import parameters_pb2, result_pb2
        from pybind11_abseil.status import StatusNotOk  # type: ignore[import-untyped]

        parameters = parameters_pb2.SolveParametersProto()
        parameters.glop.use_dual_simplex = True
        parameters.glop.use_preprocessing = False
        limit(parameters, seconds)
        try:
            result = run(self._solver, parameters, wanted=self._wanted())
        except StatusNotOk as error:
            raise ValueError(f"GLOP refuses the model ({error}); are there numbers as large as 1e100 in it?") from error
        reason, iterations = result.termination.reason, result.solve_stats.simplex_iterations
        (m, n), A = self._lp.A.shape, self._lp.A
        if reason == result_pb2.TERMINATION_REASON_OPTIMAL:
            x, y = result.solutions[0].primal_solution, result.solutions[0].dual_solution
            return LPResult(
                "optimal",
                dense(x.variable_values, n),
                dense(y.dual_values, m),
                dense(y.reduced_costs, n)[self._appended],
                iterations,
            )
        if reason not in (
            result_pb2.TERMINATION_REASON_INFEASIBLE,
            result_pb2.TERMINATION_REASON_INFEASIBLE_OR_UNBOUNDED,
            result_pb2.TERMINATION_REASON_UNBOUNDED,
        ):
            return LPResult("limit", iterations=iterations)
        # GLOP calls unbounded LPs infeasible and proves neither; the least sum of violations tells and proves.
        least = Glop(self._lp.elastic()).solve(seconds)
        if least.x is None or least.y is None:
            return LPResult("limit", iterations=iterations)
        if least.x[n:].sum() <= 1e-7:
            return LPResult("unbounded", iterations=iterations)
        return LPResult("infeasible", None, least.y, -(A.T @ least.y)[self._appended], iterations + least.iterations)


def _update() -> Any:
    from ortools.math_opt import model_update_pb2

    return model_update_pb2.ModelUpdateProto()


def limit(parameters: Any, seconds: float) -> None:
    """Set the time limit."""
    if seconds != float("inf"):
        nanoseconds = int(max(seconds, 0.001) * 1e9)
        parameters.time_limit.seconds, parameters.time_limit.nanos = divmod(nanoseconds, 10**9)


def run(
    solver: Any,
    parameters: Any,
    registration: Any = None,
    callback: Callable[[Any], Any] | None = None,
    wanted: Any = None,
) -> Any:
    """The solver's result; raises KeyboardInterrupt soon after Ctrl-C, and whatever the callback raised."""
    from ortools.math_opt import callback_pb2, model_parameters_pb2
    from ortools.util.python import solve_interrupter

    interrupter = solve_interrupter.SolveInterrupter()
    return interruptible(
        lambda: solver.solve(
            parameters,
            wanted or model_parameters_pb2.ModelSolveParametersProto(),
            None,
            registration or callback_pb2.CallbackRegistrationProto(),
            callback,
            interrupter.pybind_interrupter,
        ),
        interrupter.interrupt,
    )
