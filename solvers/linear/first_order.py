"""Linear programs as saddle points, min over x and max over y of c'x + y'(b - Ax), by descent and ascent.

The iteration is solvers.linear.pdhg; here its iterates become answers and bounds. They satisfy constraints only
approximately, so both are repaired first: the problem's own `repair` makes x feasible, its `dual_repair` makes the
multipliers prove a bound. The gap closes long before the iteration converges.
"""

from __future__ import annotations

import math

import numpy as np

from formulations.problem import Floats
from solvers.findings import Ended
from solvers.linear.linear_program import Arrays
from solvers.linear.pdhg import PrimalDual
from solvers.proof.search import Search, first_answer, integral, offer_repaired

CLOCK_INTERVAL = 64  # steps between two checks of the clock
EVALUATION_GROWTH = 1.25  # factor from the steps at one evaluation to those at the next: each costs dozens of steps
RESIDUAL_TOLERANCE = 1e-9  # relative residuals below which rounding dominates
RAY_TOLERANCE = 1e-6  # relative to a ray's largest entry: what counts as zero


def descend_ascend(search: Search, iterations: int) -> Ended:
    """Solve the LP relaxation within so many steps; returns the status.

    "optimal" (the gap is closed, or the iteration converged), "limit", "infeasible", "unbounded" or "not_converged".
    """
    form, clock = search.model.form, search.clock
    start = clock.elapsed
    lp = Arrays.of(form)
    method = PrimalDual(lp, search.device, search.seed)
    search.loading = clock.elapsed - start
    first_answer(search)
    next_evaluation = CLOCK_INTERVAL
    while method.iterations < iterations and clock.left > 0:
        method.run(CLOCK_INTERVAL)
        if method.iterations < next_evaluation:
            continue
        next_evaluation = math.ceil(method.iterations * EVALUATION_GROWTH)
        status = _evaluate(search, method)
        if status is not None:
            return status
        if max(method.residuals()) <= RESIDUAL_TOLERANCE:
            return "optimal"
    return "limit" if clock.left <= 0 or search.best is not None else "not_converged"


def _evaluate(search: Search, method: PrimalDual) -> Ended | None:
    """Offer the iterates as answer and proof; the status if that settles it, else None."""
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
    if search.best is not None and _is_unbounded(search, x_ray):
        return "unbounded"
    return None


def _is_unbounded(search: Search, ray: Floats) -> bool:
    """Whether the ray, up to rounding, is a feasible direction along which the objective decreases."""
    form, size = search.model.form, float(np.abs(ray).max(initial=0))
    if not size:
        return False
    ray = np.where(np.abs(ray) < RAY_TOLERANCE * size, 0.0, ray) / size
    along = form.A @ ray
    recedes = (
        (ray[np.isfinite(form.lower)] >= 0).all()
        and (ray[np.isfinite(form.upper)] <= 0).all()
        and (along[np.isfinite(form.row_lower)] >= -RAY_TOLERANCE).all()
        and (along[np.isfinite(form.row_upper)] <= RAY_TOLERANCE).all()
    )
    return bool(recedes and (form.c * ray).sum() < -RAY_TOLERANCE * np.abs(form.c).max())
