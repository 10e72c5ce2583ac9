"""Linear programs as saddle points, min over x and max over y of c'x + y'(b - Ax), by descent and ascent.

The iteration is solvers.linear.pdhg; here its points become answers and bounds. Neither is exact, so both are repaired
first: the problem's own `repair` turns x into an answer, its `dual_repair` the multipliers into ones that bound. Gaps
close long before the iteration itself has settled.
"""

from __future__ import annotations

import math

import numpy as np

from formulations.problem import Floats
from solvers.judge import Ended
from solvers.linear.linear_program import Arrays
from solvers.linear.pdhg import PrimalDual
from solvers.proof.search import Search, integral, offer_repaired

STEPS = 64  # between two readings of the clock
EVALUATION_GROWTH = 1.25  # of the steps between evaluations, each of which costs as much as dozens of steps
SETTLED = 1e-9  # relative residuals at which more steps would be lost on rounding


def descend_ascend(search: Search, iterations: int) -> Ended:
    """Solve the LP relaxation; returns "optimal" (closed, or settled), "limit", "infeasible" or "unbounded"."""
    form, clock = search.model.form, search.clock
    start = clock.elapsed
    lp = Arrays.of(form)
    method = PrimalDual(lp, search.device, search.seed)
    search.loading = clock.elapsed - start
    offer_repaired(search, np.clip(np.zeros(len(form.c)), form.lower, form.upper))
    next_evaluation = STEPS
    while method.iterations < iterations and clock.left > 0:
        method.run(STEPS)
        if method.iterations < next_evaluation:
            continue
        next_evaluation = math.ceil(method.iterations * EVALUATION_GROWTH)
        status = _evaluate(search, method)
        if status is not None:
            return status
        if max(method.residuals()) <= SETTLED:
            return "optimal"
    return "limit" if clock.left <= 0 or search.best is not None else "not_converged"


def _evaluate(search: Search, method: PrimalDual) -> Ended | None:
    """What the iteration has come to: an answer and a bound, a contradiction, or neither yet (None)."""
    search.iterations, search.rounds = method.iterations, search.rounds + 1
    x, form = method.x, search.model.form
    offer_repaired(search, x)
    if integral(form, x):
        search.offer(x)
    search.keep(method.y)
    search.note()
    if search.closed(search.bound):
        return "optimal"
    x_ray, y_ray = method.rays()
    if search.contradicts(y_ray):
        return "infeasible"
    if search.best is not None and _improves_forever(search, x_ray):
        return "unbounded"
    return None


def _improves_forever(search: Search, ray: Floats) -> bool:
    """Whether the ray, up to rounding, leads from any feasible point to better and better ones."""
    form, size = search.model.form, float(np.abs(ray).max(initial=0))
    if not size:
        return False
    ray = np.where(np.abs(ray) < 1e-6 * size, 0.0, ray) / size
    along = form.A @ ray
    stays = (
        (ray[np.isfinite(form.lower)] >= 0).all()
        and (ray[np.isfinite(form.upper)] <= 0).all()
        and (along[np.isfinite(form.row_lower)] >= -1e-6).all()
        and (along[np.isfinite(form.row_upper)] <= 1e-6).all()
    )
    return bool(stays and (form.c * ray).sum() < -1e-6 * np.abs(form.c).max())
