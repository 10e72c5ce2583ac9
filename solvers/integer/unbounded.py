"""What a solver calls unbounded, proven: a feasible point, and a direction that no multipliers can bound."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, diags_array, hstack, vstack

from formulations.problem import Floats, Integers
from solvers.clock import Clock
from solvers.findings import Ended
from solvers.integer.branch_and_bound import without_costs
from solvers.linear.glop import Glop
from solvers.linear.linear_program import Arrays
from solvers.proof.certificate import Dual, ExactModel
from solvers.proof.descent import bounding_system, falls_without_end
from solvers.proof.exact_dual import exact_dual
from solvers.proof.exact_simplex import solve_exactly
from solvers.proof.form import StandardForm
from solvers.proof.search import Search

DEPTH = 1e-5  # of a row's largest entry: how far from its side a direction need keep, which rounding then cannot take
FALL = 1e-7  # of the costs, on a direction of entries up to 1: less is rounding


def prove_unbounded(search: Search) -> Ended:
    """Look for a feasible point, if there is none yet, and for a direction; how it ends, as there may be no point."""
    ended: Ended = "unbounded" if search.best is not None else without_costs(search, Glop)
    if ended == "unbounded":
        search.direction = direction(search.model, search.clock)
    return ended


def direction(model: ExactModel, clock: Clock) -> Integers | None:
    """A direction, integers (n,), in which the costs fall without end; None if none is found that holds exactly."""
    system = ExactModel(bounding_system(model.form), {})
    deep = _deep(model.form, clock) if clock.left > 0 else None
    dual = None if deep is None else exact_dual(system, Dual(-deep), feasibility=True)
    if dual is None and clock.left > 0:
        found = solve_exactly(system, system.form.lower, system.form.upper, None, clock)
        dual = found.dual if found is not None and found.status == "infeasible" else None
    if dual is None:
        return None
    d = -system.lower_bound(dual, feasibility=True).rows
    return d if falls_without_end(model, d) else None


def _deep(form: StandardForm, clock: Clock) -> Floats | None:
    """A direction in floats, entries up to 1, that keeps off the rows' sides where it can; None if none falls."""
    upper, lower = form.row_upper < np.inf, form.row_lower > -np.inf
    sides = np.where(lower, 0.0, -np.inf), np.where(upper, 0.0, np.inf)
    box = np.where(form.lower > -np.inf, 0.0, -1.0), np.where(form.upper < np.inf, 0.0, 1.0)
    c = form.c / (np.abs(form.c).max(initial=0) or 1.0)
    steepest = Glop(Arrays(c, form.A, *sides, *box)).solve(clock.left).x
    fall = 0.0 if steepest is None else -float((c * steepest).sum())
    if fall <= FALL:
        return None
    rows = np.flatnonzero((upper != lower) & (np.diff(form.A.indptr) > 0))
    k, depth = len(rows), np.zeros(len(upper))
    depth[rows] = np.where(upper, 1.0, -1.0)[rows] * abs(form.A[rows]).max(axis=1).toarray().ravel()
    room = diags_array(depth, format="csr")[:, rows]
    deep = Glop(
        Arrays(
            np.r_[np.zeros(len(c)), -np.ones(k)],
            csr_array(vstack([hstack([form.A, room]), csr_array(np.r_[c, np.zeros(k)][None, :])])),
            np.r_[sides[0], -np.inf],
            np.r_[sides[1], -fall / 2],
            np.r_[box[0], np.zeros(k)],
            np.r_[box[1], np.full(k, DEPTH)],
        )
    ).solve(clock.left)
    return steepest if deep.x is None else deep.x[: len(c)]
