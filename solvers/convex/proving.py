"""What a conic solver found, turned into certificates that prove something without it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from formulations.problem import Bools, Floats, Multipliers, Problem, Values
from solvers.clock import Clock
from solvers.convex.compiled import Compiled, Found
from solvers.convex.rays import feasible_point, ray, spread
from solvers.proof.conic_dual import ConicDual, lower_bound, polished
from solvers.proof.conic_form import ConicForm
from solvers.proof.ranges import ranges
from solvers.proof.rays import Ray

SHORT = (0.0, 1e-9, 1e-7, 1e-5)  # relative to the largest: multipliers of a contradiction that may as well be 0

LEVEL = 1e-2  # of the objective's size: how far above the solver's value the level is
POLISHED = 1e-8  # of the objective's size: a bound that is nearer to the value is not worth improving


@dataclass(frozen=True)
class Proofs:
    """Certificates, or a direction without end and a feasible point to go from; else what is missing, in words."""

    certificates: list[tuple[str, Any]] = field(default_factory=list)
    ray: Ray | None = None
    start: Values | None = None
    remark: str = ""


def proofs(problem: Problem, compiled: Compiled, found: Found, clock: Clock) -> Proofs:
    """Whatever proves what the solver says, or that it is wrong, as far as there is time to look for it."""
    own = [("dual function", found.multipliers)] if found.multipliers is not None else []
    form = compiled.form
    if form is None:
        return Proofs(own, remark=compiled.lacking)
    if found.ended == "infeasible":
        return Proofs(_contradiction(form, found.y, found.multipliers) or own)
    missing = np.zeros(len(form.c), dtype=bool)
    if found.ended != "unbounded":
        if not _finite(found.x, found.y):
            return Proofs(own)
        dual, missing = _bounding(form, found, clock)
        if dual is not None:
            remark = _without_ranges(problem, form, missing) if missing.any() else ""
            return Proofs([("conic dual", dual), *own], remark=remark)
    endless = ray(form, lambda: clock.left)
    if endless is not None:
        return Proofs([], endless, compiled.unpacked(endless.start)[0])
    if found.ended != "unbounded":
        return Proofs(own, remark=_without_ranges(problem, form, missing))
    y = None if clock.left <= 0 else feasible_point(form, clock.left)[1]  # there may be none, whatever the solver says
    listed = compiled.unpacked(np.zeros(len(form.c)), y)[1] if _finite(y) else None
    remark = f"{compiled.name} calls it unbounded, but no direction that proves it was found"
    return Proofs(_contradiction(form, y, listed), remark=remark)


def _finite(*parts: Floats | None) -> bool:
    return all(part is not None and np.isfinite(part).all() for part in parts)


def _bounding(form: ConicForm, found: Found, clock: Clock) -> tuple[ConicDual | None, Bools]:
    """The multipliers with all that is needed for a bound, and the columns that would need a range for a better one."""
    assert found.x is not None
    assert found.y is not None
    value, scale = form.value(found.x), form.scale(found.x)
    level = value + LEVEL * scale
    listed = found.multipliers or Multipliers()
    dual = ConicDual(found.y, found.x, level, None, found.values or {}, listed)
    none = Multipliers({name: 0 * part for name, part in listed.listed.items()})
    trivial = replace(dual, y=0 * found.y, x=0 * found.x, multipliers=none)
    known = ranges(form, level)
    (bound, missing), least = lower_bound(form, dual, known), lower_bound(form, trivial, known)[0]
    if missing.any() and clock.left > 0:
        dual = replace(dual, spread=spread(form, level, clock.left))
        known = ranges(form, level, dual.spread)
        bound, missing = lower_bound(form, dual, known)
    if -math.inf < bound < value - POLISHED * scale:
        moved = replace(dual, y=polished(form, dual, known))
        better = lower_bound(form, moved, known)[0]
        dual, bound = (moved, better) if better > bound else (dual, bound)
    enough = min(bound + POLISHED * scale, value)  # ranges alone prove less, as a rule
    best = trivial if least >= enough or bound == -math.inf else dual
    return (best if max(bound, least) > -math.inf else None), missing


def _contradiction(form: ConicForm, y: Floats | None, listed: Multipliers | None) -> list[tuple[str, Any]]:
    """Multipliers that prove that there is no feasible point, if these do."""
    if y is None or listed is None or not _finite(y):
        return []
    known, largest = ranges(form, math.inf), float(np.abs(y).max(initial=0))
    for share in SHORT:
        short = np.where(np.abs(y) > share * largest, y, 0.0)
        dual = ConicDual(short, np.zeros(len(form.c)), infeasible=True, multipliers=listed)
        if lower_bound(form, dual, known)[0] > 0:
            return [("conic dual", dual)]
    return []


def _without_ranges(problem: Problem, form: ConicForm, missing: Bools) -> str:
    """Which variables lack a range, and what helps."""
    lacking = [name for name, columns in form.columns.items() if missing[columns].any()]
    named = [name for name in problem.variables if name in lacking] or list(problem.variables)
    have = "have" if len(named) > 1 else "has"
    stated = named[0] if named[0].isidentifier() else "..."
    remedy = f"state one that is wide enough, as cp.abs({stated}) <= 1000"
    return f"{', '.join(map(repr, named))} {have} no known range, which the bound needs: {remedy}"
