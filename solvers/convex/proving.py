"""What a conic solver found, turned into certificates that prove something without it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from formulations.problem import Bools, Problem, Values
from solvers.clock import Clock
from solvers.convex.compiled import Compiled, Found
from solvers.convex.rays import ray, spread
from solvers.proof.conic_dual import ConicDual, lower_bound
from solvers.proof.conic_form import ConicForm
from solvers.proof.ranges import ranges
from solvers.proof.rays import Ray

SHORT = (0.0, 1e-9, 1e-7, 1e-5)  # relative to the largest: multipliers of a contradiction that may as well be 0


@dataclass(frozen=True)
class Proofs:
    """Certificates, or a direction without end with a feasible point to go from; else what is missing, in words."""

    certificates: list[tuple[str, Any]]
    ray: Ray | None = None
    start: Values | None = None
    remark: str = ""


def proofs(problem: Problem, compiled: Compiled, found: Found, clock: Clock) -> Proofs:
    """Whatever proves what the solver says, as far as there is time to look for it."""
    own = [("dual function", found.multipliers)] if found.multipliers is not None else []
    form = compiled.form
    if form is None or found.x is None or found.y is None or not _finite(found):
        return Proofs(own, remark=compiled.lacking)
    if found.ended == "infeasible":
        contradiction = _contradiction(form, found)
        return Proofs(own if contradiction is None else [("conic dual", contradiction)])
    missing = np.zeros(len(form.c), dtype=bool)
    if found.ended != "unbounded":
        dual, missing = _bounding(form, found, clock)
        if not missing.any():
            return Proofs([("conic dual", dual), *own])
    endless = ray(form, lambda: clock.left)
    if endless is not None:
        return Proofs(own, endless, found.values or _feasible(problem, clock))
    if found.ended == "unbounded":
        return Proofs(own, remark=f"{compiled.name} calls it unbounded, but no direction that proves it was found")
    return Proofs(own, remark=_without_ranges(problem, compiled, missing))


def _finite(found: Found) -> bool:
    return bool(np.isfinite(found.x).all() and np.isfinite(found.y).all())  # type: ignore[arg-type]


def _bounding(form: ConicForm, found: Found, clock: Clock) -> tuple[ConicDual, Bools]:
    """The multipliers with all that is needed for a bound, and the columns that still lack a range."""
    assert found.x is not None
    assert found.y is not None
    level = form.value(found.x) + form.scale(found.x)
    dual = ConicDual(found.y, found.x, level, None, found.values or {}, found.multipliers or ConicDual.multipliers)
    _, missing = lower_bound(form, dual, ranges(form, level))
    if missing.any() and clock.left > 0:
        dual = replace(dual, spread=spread(form, level, clock.left))
        _, missing = lower_bound(form, dual, ranges(form, level, dual.spread))
    return dual, missing


def _contradiction(form: ConicForm, found: Found) -> ConicDual | None:
    """Multipliers that prove that there is no feasible point, if the solver's do."""
    assert found.y is not None
    known, largest = ranges(form, math.inf), float(np.abs(found.y).max(initial=0))
    for share in SHORT:
        y = np.where(np.abs(found.y) > share * largest, found.y, 0.0) / (largest or 1.0)
        listed = found.multipliers
        dual = ConicDual(y, np.zeros(len(form.c)), infeasible=True)
        if lower_bound(form, dual, known)[0] > 0:
            return dual if listed is None else replace(dual, multipliers=listed)
    return None


def _feasible(problem: Problem, clock: Clock) -> Values | None:
    """A point that meets all constraints, and lies in the domain of the objective."""
    import cvxpy as cp

    if clock.left <= 0:
        return None
    domain = {f"domain {k}": c for k, c in enumerate(problem.objective.expr.domain)}
    alone = Problem(objective=cp.Minimize(0), subject_to={**problem.subject_to, **domain})
    if alone.variables.keys() != problem.variables.keys():
        return None
    return Compiled(alone, "clarabel").solved(clock).values


def _without_ranges(problem: Problem, compiled: Compiled, missing: Bools) -> str:
    """Which variables lack a range, and what helps."""
    assert compiled.form is not None
    lacking = [name for name, columns in compiled.form.columns.items() if missing[columns].any()]
    named = [name for name in problem.variables if name in lacking] or list(problem.variables)
    is_, first = ("have", named[0]) if len(named) > 1 else ("has", named[0])
    remedy = f"state one that is wide enough, as cp.abs({first}) <= 1000"
    return (
        f"the bound needs to know how large {', '.join(map(repr, named))} can be, which {is_} no known range: {remedy}"
    )
