"""From a Problem to sparse arrays: min c'x + offset over row_lower <= A x <= row_upper, lower <= x <= upper."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from formulations.problem import Problem, Values

if TYPE_CHECKING:
    import cvxpy as cp

Floats = NDArray[np.float64]
NOT_LINEAR = "the model needs cones or a quadratic objective; the solvers here take linear models only"
HUGE = 1e200  # costs above it overflow in sums


@dataclass(frozen=True, kw_only=True)
class StandardForm:
    """minimize c'x + offset subject to row_lower <= A x <= row_upper, lower <= x <= upper, x[integral] integer.

    c, lower, upper      float64 (n,)
    A                    csr (m, n); row_lower, row_upper float64 (m,)
    integral             bool (n,)
    maximize             the problem maximizes; this form minimizes minus its objective
    columns              variable name -> its columns, and the variable's shape
    names                constraint name -> its rows
    """

    c: Floats
    offset: float
    A: csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    integral: NDArray[np.bool_]
    maximize: bool
    columns: Mapping[str, tuple[slice, tuple[int, ...]]]
    names: Mapping[str, slice]

    def values(self, x: Floats) -> Values:
        """The columns as the problem's variables."""
        return {name: x[cols].reshape(shape, order="F") for name, (cols, shape) in self.columns.items()}

    def objective(self, value: Fraction | float) -> float:
        """A value of c'x as one of the problem's own objective, rounded once."""
        if math.isfinite(value):
            value = Fraction(value) + Fraction(self.offset)
        return float(-value if self.maximize else value)

    def vector(self, values: Values) -> Floats:
        """The problem's variables as columns; raises ValueError if there are further, auxiliary columns."""
        x = np.full(len(self.c), np.nan)
        for name, (cols, _) in self.columns.items():
            x[cols] = np.asarray(values[name], dtype=float).ravel(order="F")
        if np.isnan(x).any():
            raise ValueError("the model has auxiliary columns that the variables' values do not determine")
        return x


def standard_form(problem: Problem) -> StandardForm:
    """Compile the objective and the listed constraints; the families are left to the solver.

    Raises ValueError, in a sentence, for a model that is not a linear or mixed-integer program.
    """
    import cvxpy as cp

    model = cp.Problem(problem.objective, list(problem.subject_to.values()))
    if not model.is_dcp():
        raise ValueError("the model is not convex by cvxpy's rules (not DCP); state it by affine expressions")
    try:
        data, _, _ = model.get_problem_data(cp.HIGHS)
    except cp.error.SolverError:
        raise ValueError(NOT_LINEAR) from None
    cones = data["dims"]
    if cones.soc or cones.exp or cones.psd or cones.p3d or "P" in data:
        raise ValueError(
            "the model is not linear: it needs cones or a quadratic objective, and no solver here takes them"
        )
    if np.abs(data["c"]).max(initial=0) > HUGE:
        raise ValueError(f"a cost of {np.abs(data['c']).max():.3g} is too large to be summed up; divide all costs")
    n, equalities = len(data["c"]), cones.zero
    b = np.asarray(data["b"], dtype=float)
    lower = np.full(n, -np.inf) if data["lower_bounds"] is None else np.array(data["lower_bounds"], dtype=float)
    upper = np.full(n, np.inf) if data["upper_bounds"] is None else np.array(data["upper_bounds"], dtype=float)
    binary, integral = data["bool_vars_idx"], np.zeros(n, dtype=bool)
    lower[binary], upper[binary] = np.maximum(lower[binary], 0), np.minimum(upper[binary], 1)
    integral[binary] = integral[data["int_vars_idx"]] = True
    lower[integral], upper[integral] = np.ceil(lower[integral]), np.floor(upper[integral])

    program = data["param_prob"]
    columns, names = {}, {}
    for variable in program.variables:
        start = program.var_id_to_col[variable.id]
        columns[variable.id] = (slice(start, start + variable.size), variable.shape)
    row, by_id = 0, {}
    for constraint in program.constraints:
        by_id[constraint.constr_id] = slice(row, row + constraint.size)
        row += constraint.size
    names = {name: by_id[c.id] for name, c in problem.subject_to.items() if c.id in by_id}
    return StandardForm(
        c=np.asarray(data["c"], dtype=float),
        offset=float(program.apply_parameters()[1]),
        A=csr_array(data["A"]),
        row_lower=np.where(np.arange(len(b)) < equalities, b, -np.inf),
        row_upper=b,
        lower=lower,
        upper=upper,
        integral=integral,
        maximize=problem.objective.NAME == "maximize",
        columns={name: _columns(v, columns) for name, v in problem.variables.items()},
        names=names,
    )


def _columns(variable: cp.Variable, columns: dict[int, tuple[slice, tuple[int, ...]]]) -> tuple[slice, tuple[int, ...]]:
    cols, shape = columns.get(variable.id, (slice(0, 0), variable.shape))
    if cols.stop - cols.start != variable.size:
        raise ValueError(
            f"cvxpy replaces the variable {variable.name()!r}; state its attributes as constraints instead"
        )
    return cols, shape
