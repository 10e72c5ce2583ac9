"""OR-Tools' PDLP on the LP relaxation of a problem without families.

It is a first-order method, whose points are near what they stand for and never exact: they become answers by rounding
or by the problem's own repair, and its multipliers and rays count for what they are then checked to prove.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formulations.problem import Floats
from solvers.judge import Ended
from solvers.linear.cutting_plane import Relaxation
from solvers.linear.glop import Glop
from solvers.linear.linear_program import Arrays
from solvers.linear.mathopt import dense, limit, model_of, run
from solvers.proof.branching import Leaf
from solvers.proof.search import Search, integral, offer_repaired
from solvers.proof.standard_form import totally_unimodular

ACCURACY = 1e-8  # relative and absolute, at first; where that proves too little, it goes on from there, up to
FINEST = 1e-12
LONGER = 10  # times the iterations so far is what going on may take
SUSPECT = 1e-4  # rays are checked, so a hint of one will do: at PDLP's own 1e-8 an infeasible network takes minutes
DIGITS = (15, 9, 6, 3, 0)  # rays, and the multipliers of most vertices, are short numbers


def solve_by_pdlp(search: Search) -> Ended:
    """Solve; returns "optimal" (by PDLP's word), "limit", "infeasible" or "unbounded"."""
    from ortools.math_opt import parameters_pb2, result_pb2
    from ortools.math_opt.core.python import solver

    form, start = search.model.form, search.clock.elapsed
    if (form.lower > form.upper).any():  # MathOpt would take it for a mistake
        return "infeasible"
    model = model_of(Arrays.of(form))
    pdlp = solver.new(parameters_pb2.SOLVER_TYPE_PDLP, model, parameters_pb2.SolverInitializerProto())
    search.loading = search.clock.elapsed - start
    x, y = np.clip(np.zeros(len(form.c)), form.lower, form.upper), np.zeros(len(form.row_lower))
    offer_repaired(search, x)
    accuracy, suspect, converged = max(ACCURACY, 0.1 * search.gap), SUSPECT, False
    while accuracy >= FINEST and search.clock.left > 0:
        parameters = _parameters(accuracy, suspect)
        limit(parameters, search.clock.left)
        if converged:
            parameters.iteration_limit = LONGER * (search.iterations + 1)
        result = run(pdlp, parameters, wanted=_starting_at(x, y))
        search.iterations += result.solve_stats.first_order_iterations
        if result.dual_rays or result.primal_rays:
            if any(_infeasible(search, dense(ray.dual_values, len(y))) for ray in result.dual_rays):
                return "infeasible"
            word = by_glop(search)[0]
            if word != "optimal" or suspect < SUSPECT:
                return word if word == "infeasible" or (word == "unbounded" and _has_integers(search)) else "limit"
            suspect *= 1e-8  # it was none
            continue
        if not result.solutions:
            break
        x = dense(result.solutions[0].primal_solution.variable_values, len(x))
        y = dense(result.solutions[0].dual_solution.dual_values, len(y))
        _look(search, x, y)
        if search.closed(search.bound):
            return "optimal"
        if result.termination.reason != result_pb2.TERMINATION_REASON_OPTIMAL:
            break
        accuracy, converged = 0.01 * accuracy, True
    return "optimal" if converged and search.best is not None and integral(search.model.form, x) else "limit"


def _parameters(accuracy: float, suspect: float) -> Any:
    from ortools.math_opt import parameters_pb2

    parameters = parameters_pb2.SolveParametersProto(threads=1)
    criteria = parameters.pdlp.termination_criteria
    criteria.eps_primal_infeasible = criteria.eps_dual_infeasible = suspect
    for what in ("primal_residual", "dual_residual", "objective_gap"):
        for kind in ("absolute", "relative"):
            setattr(criteria.detailed_optimality_criteria, f"eps_optimal_{what}_{kind}", accuracy)
    return parameters


def _starting_at(x: Floats, y: Floats) -> Any:
    from ortools.math_opt import model_parameters_pb2

    wanted = model_parameters_pb2.ModelSolveParametersProto()
    hint = wanted.solution_hints.add()
    for sparse, values in ((hint.variable_values, x), (hint.dual_values, y)):
        sparse.ids.extend(range(len(values)))
        sparse.values.extend(values.tolist())
    return wanted


def _look(search: Search, x: Floats, y: Floats) -> None:
    """What a point is worth as an answer, and its multipliers as a proof."""
    form, search.rounds = search.model.form, search.rounds + 1
    offer_repaired(search, x)
    if integral(search.model.form, x):
        inside = np.clip(x, form.lower, form.upper)
        search.offer(inside)
        search.offer(np.round(inside, 6))  # a vertex of short numbers, hit exactly
    for digits in DIGITS:
        search.keep(np.round(y, digits))
        if search.closed(search.bound):
            break
    search.note()


def _infeasible(search: Search, ray: Floats) -> bool:
    """Whether multipliers along the ray prove that no point satisfies the rows; if so, the proof is kept."""
    ray = ray / max(np.abs(ray).max(initial=0), 1e-300)
    return any(search.contradicts(np.round(ray, digits)) for digits in DIGITS)


def _has_integers(search: Search) -> bool:
    """Whether what is feasible for the LP relaxation is so for integers, too."""
    form = search.model.form
    return search.best is not None or not form.integral.any() or totally_unimodular(form)


def by_glop(search: Search) -> tuple[Ended, Floats | None]:
    """The LP relaxation (of the listed rows) by simplex, for where another's word needs proof or is ambiguous."""
    result, dual = Relaxation(search.model, Glop).solve(search.clock.left)
    if result.status == "infeasible" and dual is not None:
        search.proof = Leaf(dual, infeasible=True)
    return result.status, result.x


def with_integers_of(search: Search, x: Floats) -> Floats | None:
    """The best point with the integers of x, by simplex: more exact than the tolerances of a MIP solver."""
    form = search.model.form
    lower, upper = (np.where(form.integral, np.rint(x), side) for side in (form.lower, form.upper))
    return Glop(Arrays(form.c, form.A, form.row_lower, form.row_upper, lower, upper)).solve(search.clock.left).x
