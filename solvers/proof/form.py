"""The standard form: min c'x + offset over row_lower <= A x <= row_upper, lower <= x <= upper.

Whoever compiled the model into this form need not be trusted: verify() holds it against the model itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.exact import as_float
from formulations.problem import Bools, Floats, Number, Problem, Values

if TYPE_CHECKING:
    import cvxpy as cp

WIDE = 1000.0  # a box in which large terms could cancel each other
AGREE = 1e-9  # relative: what rounding may do to an affine function
SIMPLE = {"nonneg", "nonpos", "pos", "neg", "bounds", "boolean", "integer"}  # attributes that a box has


@dataclass(frozen=True, kw_only=True)
class StandardForm:
    """minimize c'x + offset subject to row_lower <= A x <= row_upper, lower <= x <= upper, x[integral] integer.

    c, lower, upper      float64 (n,)
    A                    csr (m, n); row_lower, row_upper float64 (m,)
    integral             bool (n,)
    maximize             the problem maximizes; this form minimizes minus its objective
    columns              variable name -> its columns, and the variable's shape
    names                constraint name -> its rows
    further              the columns that stand for functions of the variables (solvers.proof.linearized)
    completed            values of the variables -> those columns
    """

    c: Floats
    offset: float
    A: csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    integral: Bools
    maximize: bool
    columns: Mapping[str, tuple[slice, tuple[int, ...]]]
    names: Mapping[str, slice]
    further: Sequence[slice] = ()
    completed: Callable[[Values], Sequence[Floats]] = lambda _: ()

    @cached_property
    def narrow(self) -> Bools:
        """The columns whose box is not wider than WIDE: no answer can be blown up in them at will."""
        return np.asarray(self.upper - self.lower <= WIDE)

    @cached_property
    def unit(self) -> float:
        """What columns are measured in: 1, or the largest bound, or side by its row's largest coefficient, if below 1.

        It is scaled down with them: where all are tiny, what is about as tiny is no rounding.
        """
        largest = abs(self.A).max(axis=1).toarray().ravel() if self.A.nnz else np.zeros(len(self.row_lower))
        rows = largest > 0
        with np.errstate(over="ignore"):
            sides = [side[rows] / largest[rows] for side in (self.row_lower, self.row_upper)]
        numbers = np.abs(np.concatenate([*sides, self.lower, self.upper]))
        return min(1.0, float(numbers[np.isfinite(numbers)].max(initial=0.0)) or 1.0)

    @cached_property
    def steps(self) -> Floats:
        """By how much a column may move, at most by the unit; by 1 if it is integral."""
        return np.minimum(np.where(self.integral, 1.0, self.unit), self.upper - self.lower)

    @cached_property
    def branching(self) -> Bools:
        """The integral columns to branch on: those that are no functions of others."""
        own = self.integral.copy()
        for columns in self.further:
            own[columns] = False
        return own

    def values(self, x: Floats) -> Values:
        """The columns as the problem's variables."""
        return {name: x[cols].reshape(shape, order="F") for name, (cols, shape) in self.columns.items()}

    def in_units(self, value: Number) -> Number:
        """A value of c'x as one of the problem's own objective."""
        if isinstance(value, Fraction) or math.isfinite(value):
            value = Fraction(value) + Fraction(self.offset)
        return -value if self.maximize else value

    def objective(self, value: Number) -> float:
        """The same, rounded once."""
        return as_float(self.in_units(value))

    def vector(self, values: Values) -> Floats:
        """The problem's variables as columns, and what further columns stand for there."""
        x = np.full(len(self.c), np.nan)
        for name, (cols, _) in self.columns.items():
            x[cols] = np.asarray(values[name], dtype=float).ravel(order="F")
        for cols, part in zip(self.further, self.completed(values), strict=True):
            x[cols] = part
        return x


def verify(problem: Problem, form: StandardForm, draws: int = 1) -> None:
    """Raise ValueError for a form that is not the model's.

    Affine functions that agree at a random point, drawn from a continuous law, are equal with probability 1: the
    objective and the constraints are evaluated by cvxpy there. Rows that are not the model's own must hold there.
    """
    draw, sign = np.random.default_rng(0).standard_normal, -1 if form.maximize else 1
    for _ in range(draws):
        point = {name: np.asarray(draw(v.shape)) for name, v in problem.variables.items()}
        x = form.vector(point)
        size = abs(form.A) @ np.abs(x) + np.abs(form.row_upper)
        activity = form.A @ x - form.row_upper
        with problem.at(point):
            stated, compiled = sign * problem.objective.expr.value, (form.c * x).sum() + form.offset
            _agree("the objective", stated, compiled, np.abs(form.c * x).sum() + abs(form.offset))
            for name, rows in form.names.items():
                if name not in problem.subject_to:
                    _agree(f"the row {name!r}", np.minimum(activity[rows], 0), activity[rows], size[rows])
                elif type(problem.subject_to[name]).__name__ in ("Equality", "Inequality"):
                    stated = problem.subject_to[name].expr.value
                    _agree(f"the constraint {name!r}", stated, activity[rows], size[rows])


def _agree(what: str, stated: Any, compiled: Any, size: Any) -> None:
    """Raise ValueError unless both are the same up to rounding, or both infinite."""
    stated, compiled = np.ravel(stated, order="F").real, np.ravel(compiled)  # rows of imaginary parts have no name
    with np.errstate(invalid="ignore"):
        near = np.abs(stated - compiled) <= AGREE * np.ravel(size) if stated.shape == compiled.shape else False
    if not np.all(near | (stated == compiled)):
        raise ValueError(f"{what} was compiled into another function; please report this with the model")


class NotPlain(Exception):
    """Left to cvxpy."""


def box(variable: cp.Variable) -> tuple[Floats, Floats, Bools]:
    """The bounds of a variable's columns, and which are integral; raises NotPlain for attributes that are more."""
    has: dict[str, Any] = {a: v for a, v in variable.attributes.items() if v is not False and v is not None}
    sides = has.pop("bounds", (-np.inf, np.inf))
    plain = all(isinstance(side, np.ndarray | float | int) for side in sides)
    if not plain or has.keys() - SIMPLE or any(v is not True for v in has.values()):
        raise NotPlain
    lower, upper = (np.array(np.broadcast_to(side, variable.shape), dtype=float).ravel() for side in sides)
    lower = np.maximum(lower, 0) if has.keys() & {"nonneg", "pos", "boolean"} else lower
    upper = np.minimum(upper, 0) if has.keys() & {"nonpos", "neg"} else upper
    upper = np.minimum(upper, 1) if "boolean" in has else upper
    if has.keys() & {"boolean", "integer"}:
        return np.ceil(lower), np.floor(upper), np.ones(variable.size, dtype=bool)
    return lower, upper, np.zeros(variable.size, dtype=bool)
