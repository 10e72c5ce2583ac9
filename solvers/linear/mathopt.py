"""OR-Tools' MathOpt by its protocol buffers, which take whole numpy arrays: its Python expressions are slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from formulations.problem import Floats, Ints
from solvers.clock import interruptible
from solvers.linear.linear_program import Arrays


def model_of(lp: Arrays, integral: NDArray[np.bool_] | None = None) -> Any:
    """The arrays as a MathOpt ModelProto; integral, bool (columns,): which columns are integers."""
    from ortools.math_opt import model_pb2

    model = model_pb2.ModelProto()
    set_variables(model.variables, 0, lp.lower, lp.upper, integral)
    used = np.flatnonzero(lp.c)
    model.objective.linear_coefficients.ids.extend(used.tolist())
    model.objective.linear_coefficients.values.extend(lp.c[used].tolist())
    set_rows(model.linear_constraints, model.linear_constraint_matrix, 0, lp.A, lp.row_lower, lp.row_upper)
    return model


def set_variables(
    proto: Any, first: int, lower: Floats, upper: Floats, integral: NDArray[np.bool_] | None = None
) -> None:
    """Write variables with those bounds, numbered from `first`."""
    proto.ids.extend(range(first, first + len(lower)))
    proto.lower_bounds.extend(lower.tolist())
    proto.upper_bounds.extend(upper.tolist())
    proto.integers.extend([False] * len(lower) if integral is None else integral.tolist())


def set_rows(rows: Any, matrix: Any, first: int, A: csr_array, lower: Floats, upper: Floats) -> None:
    """Write the rows lower <= A x <= upper, numbered from `first`."""
    rows.ids.extend(range(first, first + len(lower)))
    rows.lower_bounds.extend(lower.tolist())
    rows.upper_bounds.extend(upper.tolist())
    set_entries(matrix, np.repeat(np.arange(first, first + A.shape[0]), np.diff(A.indptr)), A.indices, A.data)


def set_entries(matrix: Any, rows: Ints, columns: Ints, values: Floats) -> None:
    """Write matrix entries, sorted by row, then column, as MathOpt requires."""
    order = np.lexsort((columns, rows))
    matrix.row_ids.extend(rows[order].tolist())
    matrix.column_ids.extend(columns[order].tolist())
    matrix.coefficients.extend(values[order].tolist())


def dense(sparse: Any, size: int) -> Floats:
    """A SparseDoubleVectorProto as float64 (size,)."""
    vector = np.zeros(size)
    vector[np.asarray(sparse.ids, dtype=np.int64)] = np.asarray(sparse.values)
    return vector


def set_time_limit(parameters: Any, seconds: float) -> None:
    """Set the time limit of SolveParametersProto; none if infinite."""
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
    """The solver's SolveResultProto; raises KeyboardInterrupt soon after Ctrl-C, and whatever the callback raised."""
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
