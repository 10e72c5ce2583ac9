"""OR-Tools' PDLP on the LP relaxation of a problem without families.

It is a first-order method, whose solutions are approximate: they become feasible by rounding or by the problem's own
repair, and multipliers and rays are claimed only for what they are checked to prove after rounding.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from formulations.problem import Floats
from solvers.findings import Ended
from solvers.linear.cutting_plane import Relaxation
from solvers.linear.glop import Glop
from solvers.linear.linear_program import Arrays
from solvers.linear.mathopt import dense, model_of, run, set_time_limit
from solvers.proof.branching import Leaf
from solvers.proof.search import Search, first_answer, integral, offer_repaired
from solvers.proof.standard_form import totally_unimodular

TOLERANCE, LEAST_TOLERANCE = 1e-8, 1e-12  # relative and absolute: the first, and the last if that proves too little
ITERATION_GROWTH = 10  # a warm restart at a smaller tolerance may take so many times the iterations so far
RAY_TOLERANCE = 1e-4  # rays are checked, so it may be large: at PDLP's own 1e-8 an infeasible network takes minutes
USUAL = (1e-6, 1e6)  # sizes of the largest cost that are left as they are
ROUNDING_DIGITS = (15, 9, 6, 3, 0)  # rays, and the multipliers of most vertices, have few digits


def solve_by_pdlp(search: Search) -> Ended:
    """Solve; returns "optimal" (to PDLP's tolerance), "limit", "infeasible" or "unbounded"."""
    from ortools.math_opt import parameters_pb2, result_pb2
    from ortools.math_opt.core.python import solver

    form, start = search.model.form, search.clock.elapsed
    if (form.lower > form.upper).any():  # MathOpt would refuse the model
        return "infeasible"
    unit = _unit(form.c)
    model = model_of(replace(Arrays.of(form), c=form.c / unit))
    pdlp = solver.new(parameters_pb2.SOLVER_TYPE_PDLP, model, parameters_pb2.SolverInitializerProto())
    search.loading = search.clock.elapsed - start
    x, y = np.clip(np.zeros(len(form.c)), form.lower, form.upper), np.zeros(len(form.row_lower))
    first_answer(search)
    tolerance, ray_tolerance, converged = max(TOLERANCE, 0.1 * search.gap), RAY_TOLERANCE, False
    while tolerance >= LEAST_TOLERANCE and search.clock.left > 0:
        parameters = _parameters(tolerance, ray_tolerance)
        set_time_limit(parameters, search.clock.left)
        if converged:
            parameters.iteration_limit = ITERATION_GROWTH * (search.iterations + 1)
        result = run(pdlp, parameters, wanted=_warm_start(x, y))
        search.iterations += result.solve_stats.first_order_iterations
        if result.dual_rays or result.primal_rays:
            if any(_infeasible(search, dense(ray.dual_values, len(y))) for ray in result.dual_rays):
                return "infeasible"
            status = by_glop(search)[0]
            if status != "optimal" or ray_tolerance < RAY_TOLERANCE:
                proven = status == "infeasible" or (status == "unbounded" and _has_feasible_integers(search))
                return status if proven else "limit"
            ray_tolerance *= 1e-8  # the ray proved nothing
            continue
        if not result.solutions:
            break
        x = dense(result.solutions[0].primal_solution.variable_values, len(x))
        y = dense(result.solutions[0].dual_solution.dual_values, len(y))
        _evaluate(search, x, y, unit)
        if search.closed(search.bound):
            return "optimal"
        if result.termination.reason != result_pb2.TERMINATION_REASON_OPTIMAL:
            break
        tolerance, converged = 0.01 * tolerance, True
    return "optimal" if converged and search.best is not None and integral(search.model.form, x) else "limit"


def _parameters(tolerance: float, ray_tolerance: float) -> Any:
    from ortools.math_opt import parameters_pb2

    parameters = parameters_pb2.SolveParametersProto(threads=1)
    criteria = parameters.pdlp.termination_criteria
    criteria.eps_primal_infeasible = criteria.eps_dual_infeasible = ray_tolerance
    for what in ("primal_residual", "dual_residual", "objective_gap"):
        for kind in ("absolute", "relative"):
            setattr(criteria.detailed_optimality_criteria, f"eps_optimal_{what}_{kind}", tolerance)
    return parameters


def _warm_start(x: Floats, y: Floats) -> Any:
    from ortools.math_opt import model_parameters_pb2

    wanted = model_parameters_pb2.ModelSolveParametersProto()
    hint = wanted.solution_hints.add()
    for sparse, values in ((hint.variable_values, x), (hint.dual_values, y)):
        sparse.ids.extend(range(len(values)))
        sparse.values.extend(values.tolist())
    return wanted


def _unit(c: Floats) -> float:
    """What PDLP is to see costs in: its tolerances are absolute too, and it refuses more than 1e50."""
    largest = float(np.abs(c).max(initial=0))
    return 1.0 if not largest or USUAL[0] <= largest <= USUAL[1] else 2.0 ** math.floor(math.log2(largest))


def _evaluate(search: Search, x: Floats, y: Floats, unit: float) -> None:
    """Offer a point as an answer, and its multipliers, in that unit, as a proof."""
    form, search.rounds = search.model.form, search.rounds + 1
    offer_repaired(search, x)
    if integral(search.model.form, x):
        inside = np.clip(x, form.lower, form.upper)
        search.offer(inside)
        search.offer(np.round(inside, 6))  # exact at a vertex of few digits
    for digits in ROUNDING_DIGITS:
        search.keep(unit * np.round(y, digits))
        if search.closed(search.bound):
            break
    search.note()


def _infeasible(search: Search, ray: Floats) -> bool:
    """Whether a dual ray, rounded, proves the rows infeasible; if so, it is kept as the proof."""
    ray = ray / max(np.abs(ray).max(initial=0), 1e-300)
    return any(search.contradicts(np.round(ray, digits)) for digits in ROUNDING_DIGITS)


def _has_feasible_integers(search: Search) -> bool:
    """Whether feasibility of the LP relaxation is known to imply a feasible integer point."""
    form = search.model.form
    return search.best is not None or not form.integral.any() or totally_unimodular(form)


def by_glop(search: Search) -> tuple[Ended, Floats | None]:
    """The LP relaxation of the listed rows by simplex: status, and x; a proof of infeasibility is kept."""
    result, dual = Relaxation(search.model, Glop).solve(search.clock.left)
    if result.status == "infeasible" and dual is not None:
        search.proof = Leaf(dual, infeasible=True)
    return result.status, result.x


def with_integers_of(search: Search, x: Floats) -> Floats | None:
    """The best point with the integers of x, by simplex: more accurate than a MIP solver's tolerances; None if none."""
    form = search.model.form
    lower, upper = (np.where(form.branching, np.rint(x), side) for side in (form.lower, form.upper))
    return Glop(Arrays(form.c, form.A, form.row_lower, form.row_upper, lower, upper)).solve(search.clock.left).x
