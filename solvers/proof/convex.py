"""A convex program as the judge sees it: values by cvxpy's own evaluation, bounds by weak duality, no solver in sight.

Bounds come from the problem's own dual function, or from its conic form (solvers.proof.conic_dual). How cvxpy compiled
that form need not be believed: the Lagrangian of the model itself, at random points, must not lie below the bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats, Multipliers, Number, Problem, Values
from solvers.findings import Evidence
from solvers.proof.conic_dual import ConicDual, lower_bound
from solvers.proof.conic_form import ConicForm
from solvers.proof.ranges import Ranges, ranges
from solvers.proof.rays import Ray
from solvers.solution import gap_in_words

if TYPE_CHECKING:
    import cvxpy as cp

FEASIBLE = 1e-7  # of max(1, its constants): up to which a constraint counts as satisfied
ROUNDED = 1e-9  # of what it compares: the same, where that is large
MOST_ROUNDING = 1e-3  # of its constants: the most that this may come to
STEP_SHARE = 1e-4  # of what a step of about 1 in all variables changes: the least size of an objective
DRAWS, FAR = 12, 3  # points at which the Lagrangian is evaluated, from 10^-FAR times the variables' sizes away
AGREES = 1e-6  # relative to its terms: by how much the Lagrangian, at a solver's multipliers, may lie below the bound


class ConvexProgram:
    """A convex Problem; candidates are variables' values, certificates Multipliers or ConicDuals."""

    membership = "every constraint holds"
    exact = False
    level: float | None = None

    def __init__(self, problem: Problem, form: ConicForm | None = None) -> None:
        """The problem, and its conic form if it has been compiled."""
        self.problem, self.form, self.references = problem, form, problem.references
        self.maximize = problem.objective.NAME == "maximize"

    def broken(self, values: Values) -> str | None:
        """The first constraint, or domain of a variable, that the values break by more than FEASIBLE."""
        if not all(np.isfinite(value).all() for value in values.values()):
            return "an entry that is not a finite number"
        with self.problem.at(values), np.errstate(all="ignore"):
            for name, constraint in self.problem.subject_to.items():
                if not _holds(constraint):
                    return f"the constraint {name!r}"
            for name, variable in self.problem.variables.items():
                if not all(map(_holds, variable.domain)):
                    return f"the domain of the variable {name!r}"
        return None

    def value(self, values: Values) -> float:
        """The objective there."""
        with self.problem.at(values), np.errstate(all="ignore"):
            return float(np.asarray(self.problem.objective.value, dtype=float).item())

    def bound(self, kind: str, certificate: Multipliers | ConicDual) -> Number:
        """What the certificate proves."""
        if isinstance(certificate, ConicDual):
            return self._by_cones(certificate)
        nothing = math.inf if self.maximize else -math.inf
        dual, listed = self.problem.dual_function, certificate.listed
        if dual is None or listed.keys() != self.problem.subject_to.keys():
            return nothing
        if not all(np.isfinite(part).all() for part in listed.values()):
            return nothing
        try:
            with np.errstate(all="ignore"):
                bound = float(dual(listed))
        except ArithmeticError:  # numbers that no float holds prove nothing
            return nothing
        except Exception as error:
            raise ValueError(
                f"the problem's dual_function raises {type(error).__name__}: {error}; it is given the multipliers "
                f"of the constraints {', '.join(listed)} by name and returns the bound that they prove"
            ) from error
        return bound if math.isfinite(bound) else nothing

    def endless(self, values: Values, ray: Any) -> bool:
        """Whether the ray, of the problem's own conic form, holds."""
        return isinstance(ray, Ray) and ray.form is self.form and ray.holds()

    def _by_cones(self, dual: ConicDual) -> float:
        """The bound of the conic form, unless the model's own Lagrangian contradicts it."""
        sign = -1 if self.maximize else 1
        if self.form is None:
            return -sign * math.inf
        level = math.inf if dual.infeasible else dual.level  # that there is no good point is no contradiction
        known = ranges(self.form, level, dual.spread)
        found = min(lower_bound(self.form, dual, known)[0], level)
        if not math.isfinite(found) or (dual.infeasible and not found > 0):
            return -sign * math.inf
        if not all(self._lagrangian_agrees(dual, found, known, step) for step in range(DRAWS)):
            return -sign * math.inf
        return sign * (math.inf if dual.infeasible else found)

    def _lagrangian_agrees(self, dual: ConicDual, bound: float, known: Ranges, step: int) -> bool:
        """Whether the Lagrangian is at least the bound at a random point near the values, in the variables' ranges."""
        assert self.form is not None
        draw = np.random.default_rng(step).standard_normal
        reach = 10.0 ** -(step % (FAR + 1)) if step else 0.0
        point: dict[str, Floats] = {}
        for name, v in self.problem.variables.items():
            near = np.asarray(dual.values.get(name, np.zeros(v.shape)), dtype=float)
            far = near + reach * max(float(np.abs(near).max(initial=0)), 1e-3) * draw(v.shape)
            columns = self.form.columns.get(name, slice(0, 0))
            if columns.stop - columns.start == v.size:  # not so of symmetric matrices
                low, high = (side[columns].reshape(v.shape, order="F") for side in known)
                far = np.clip(far, low, high)
            inside: Any = v.project(far)  # type: ignore[no-untyped-call]
            point[name] = np.asarray(dense(inside), dtype=float)
        with self.problem.at(point), np.errstate(all="ignore"):
            sign = 0 if dual.infeasible else -1 if self.maximize else 1
            try:
                terms = [sign * self.problem.objective.expr.value if sign else 0.0]
                for name, constraint in self.problem.subject_to.items():
                    terms.append(_weighted(constraint, dual.multipliers.listed.get(name)))
            except np.linalg.LinAlgError:  # a matrix outside a function's domain
                return True
        parts = np.concatenate([np.ravel(term) for term in terms])
        total, size = float(parts.sum()), float(np.abs(parts).sum()) + abs(bound)
        return math.isnan(total) or total >= bound - AGREES * size  # nan: outside the functions' domains

    def size(self, values: Values) -> float:
        """The problem's own; else the value without its constants, or a share of what steps change if that is more."""
        if self.problem.size is not None:
            return self.problem.size(values)
        with np.errstate(all="ignore"):
            constant, value = float(np.sum(_constant(self.problem.objective.expr))), self.value(values)
            changes = [self._change(values, value, step) for step in self._steps(values)]
        return max(abs(value - constant), STEP_SHARE * max(changes))

    def _steps(self, values: Values) -> Iterator[Values]:
        """By 1 in every entry; by cos(1), cos(2), ..., where rational costs never cancel (Lindemann, Weierstrass)."""
        yield {name: np.ones_like(x) for name, x in values.items()}
        step, first = {}, 1
        for name, x in values.items():
            d = np.cos(np.arange(first, first + x.size)).reshape(x.shape)
            step[name] = (d + d.T) / 2 if self.problem.variables[name].is_symmetric() else d
            first += x.size
        yield step

    def _change(self, values: Values, value: float, step: Values) -> float:
        """What the step, forth or back, changes; the less of the two, 0 outside the domain."""
        there = [self.value({name: x + sign * step[name] for name, x in values.items()}) for sign in (1, -1)]
        return min((abs(worth - value) for worth in there if math.isfinite(worth)), default=0.0)

    def slack(self, values: Values) -> float:
        """What constraints that hold to FEASIBLE may be worth."""
        return FEASIBLE * self.size(values)

    def solved(self, values: Values) -> tuple[Any, Values]:
        """The answer and the variables."""
        return self.problem.answer(values), values

    def evidence(self, kind: str, certificate: Multipliers | ConicDual) -> Evidence:
        """The multipliers, by the names of the constraints."""
        if isinstance(certificate, ConicDual):
            return Evidence(certificate.multipliers, certificate)
        return Evidence(certificate)

    def distance(self, value: float, bound: float, gap: float) -> str:
        """The gap."""
        return gap_in_words(gap)


def dense(value: Any) -> Any:
    """The value of a variable that cvxpy may have as a sparse matrix."""
    return value.toarray() if hasattr(value, "toarray") else value


def _weighted(constraint: cp.Constraint, multipliers: Floats | None) -> Any:
    """What a constraint adds to the Lagrangian, in parts: y'(u - v) for u <= v and u == v, -y's for s in a cone.

    nan where there are no multipliers that fit, and the constraint is not empty.
    """
    kind = type(constraint).__name__
    args = [constraint.expr] if kind in ("Equality", "Inequality") else constraint.args
    values = np.concatenate([np.ravel(arg.value) for arg in args]).astype(float)
    if multipliers is None or multipliers.size != values.size:
        return np.zeros(0) if not values.size else np.array([-math.inf])
    sign = 1 if kind in ("Equality", "Inequality", "Zero", "NonPos") else -1
    y = np.ravel(multipliers)
    return sign * np.where(y == 0, 0.0, y * values)


def _constant(expression: Any) -> Any:
    """What is left of an expression if all that is not affine in it, and all variables, are 0."""
    from cvxpy.atoms.affine.affine_atom import AffAtom

    if expression.is_constant():
        return expression.value
    if isinstance(expression, AffAtom):
        return expression.numeric([_constant(part) for part in expression.args])
    return np.zeros(expression.shape)


def _holds(constraint: cp.Constraint) -> bool:
    """Whether it is satisfied, relative to its constants: what it compares could be moved at will."""
    violation = np.ravel(constraint.violation())  # type: ignore[no-untyped-call]
    if not np.isfinite(violation).all():
        return False
    constants = [np.abs(_constant(part)).max(initial=0) for part in constraint.args]
    size = max(1.0, *constants)
    sizes = [np.abs(part.value).max() for part in constraint.args if part.size]
    return bool((violation <= FEASIBLE * size + min(ROUNDED * max(sizes, default=0.0), MOST_ROUNDING * size)).all())
