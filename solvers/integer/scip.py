"""OR-Tools' SCIP on the integer model as it is declared, and what it shares with CP-SAT (solvers.integer.cp_sat).

Families are lazy constraints: violated rows are added in a callback. SCIP gives no dual certificate, so its answers are
proven only where the problem itself derives a dual from the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from formulations.problem import Floats, Rows
from solvers.findings import Ended
from solvers.linear.linear_program import Arrays
from solvers.linear.mathopt import dense, model_of, run, set_time_limit
from solvers.linear.pdlp import by_glop, with_integers_of
from solvers.proof.search import Search, offer_repaired

Violated = list[tuple[int, Rows]]  # rows of families, and the column at which their variable starts
MAX_COST = 1e6  # costs are scaled to at most this
INFINITY = 1e15  # values from here on are near SCIP's own infinity
ROW_TOLERANCE = 1e-6  # of SCIP


def solve_by_scip(search: Search) -> Ended:
    """Solve; returns "optimal" (to SCIP's tolerances), "limit", "infeasible" or "unbounded"."""
    from ortools.math_opt import parameters_pb2

    form, step, largest = search.model.form, float(search.model.granularity), np.abs(search.model.form.c).max(initial=0)
    costs = form.c / max(step, largest / MAX_COST or 1.0)  # SCIP's tolerances are absolute: scale values to steps of 1

    def solved(c: Floats) -> tuple[str, Floats | None]:
        arrays = Arrays(c, form.A, form.row_lower, form.row_upper, form.lower, form.upper)
        parameters = parameters_pb2.SolveParametersProto()
        kind = parameters_pb2.SOLVER_TYPE_GSCIP
        return run_mip(search, kind, arrays, parameters, seen)

    def seen(x: Floats, answer: Any) -> None:
        _add_cuts(search, evaluate(search, x), answer)

    unbounded = np.isinf(np.where(form.c > 0, form.lower, form.upper)) & (form.c != 0)
    if unbounded.any() and not search.problem.for_all and by_glop(search)[0] == "unbounded":
        return resolved(search, solved(0 * costs)[0])  # on unbounded programs SCIP errs, raises or runs for ever
    status, x = solved(costs)
    if status == "optimal" and x is not None and np.abs(x).max(initial=0) < INFINITY:
        violated, value = evaluate(search, x), float(search.model.value(rounded(search, x)))
        if not form.integral.all():
            search.offer(with_integers_of(search, x))
            value += ROW_TOLERANCE * max(abs(value), 1.0)
        return "optimal" if not violated and search.closed(value) else "limit"
    return "limit" if status == "limit" else resolved(search, status)


def _add_cuts(search: Search, violated: Violated, answer: Any) -> None:
    """Hand the rows to SCIP as lazy constraints."""
    for start, rows in violated:
        A, search.cuts = rows.expanded(), search.cuts + len(rows.lower)
        A.sort_indices()
        for i, (lower, upper) in enumerate(zip(rows.lower, rows.upper, strict=True)):
            entries = slice(A.indptr[i], A.indptr[i + 1])
            cut = answer.cuts.add()
            cut.linear_expression.ids.extend((A.indices[entries] + start).tolist())
            cut.linear_expression.values.extend(A.data[entries].tolist())
            cut.lower_bound, cut.upper_bound, cut.is_lazy = lower, upper, True


def rounded(search: Search, x: Floats) -> Floats:
    """x with its integral columns rounded."""
    return np.where(search.model.form.integral, np.rint(x), x)


def evaluate(search: Search, x: Floats) -> Violated:
    """The rows of families that an integer point violates; it is offered if there are none, its repair in any case."""
    form, violated = search.model.form, []
    search.rounds += 1
    values = form.values(rounded(search, x))
    for family in search.problem.for_all:
        sets = family.violated(values)
        if sets is not None:
            rows = search.model.rows(family.name, sets)
            violated.append((form.columns[rows.variable][0].start, rows))
    offer_repaired(search, x)
    if not violated:
        search.offer(x)
    search.note()
    return violated


def run_mip(
    search: Search, kind: Any, model: Arrays, parameters: Any, seen: Callable[[Floats, Any], object]
) -> tuple[str, Floats | None]:
    """Solve once, calling seen(x, answer) at each integer point; returns a status and the best x.

    The status is the solver's: "optimal", "infeasible", "limit", or "unclear" (infeasible or unbounded). What seen
    raises is raised again.
    """
    from ortools.math_opt import callback_pb2, parameters_pb2, result_pb2
    from ortools.math_opt.core.python import solver
    from pybind11_abseil.status import StatusNotOk  # type: ignore[import-untyped]

    n, start = len(model.c), search.clock.elapsed
    proto = model_of(model, search.model.form.integral)
    parameters.relative_gap_tolerance, parameters.random_seed = search.gap, search.seed % 2**31
    set_time_limit(parameters, search.clock.left)
    registration = callback_pb2.CallbackRegistrationProto()
    registration.request_registration.append(callback_pb2.CALLBACK_EVENT_MIP_SOLUTION)
    registration.add_lazy_constraints = kind == parameters_pb2.SOLVER_TYPE_GSCIP and bool(search.problem.for_all)
    failures: list[BaseException] = []

    def guarded(data: Any) -> Any:
        answer = callback_pb2.CallbackResultProto()
        try:
            seen(dense(data.primal_solution_vector, n), answer)
        except BaseException as error:  # must not pass through the solver, which is left in an invalid state
            failures.append(error)
            answer.Clear()
            answer.terminate = True
        return answer

    try:
        mip = solver.new(kind, proto, parameters_pb2.SolverInitializerProto())
        search.loading += search.clock.elapsed - start
        result = run(mip, parameters, registration, guarded)
    except StatusNotOk:  # numbers are too large for the solver, or its own answer is infinite
        result = None
    if failures:
        raise failures[0]
    if result is None:
        return "unclear", None
    search.boxes += result.solve_stats.node_count
    statuses = {
        result_pb2.TERMINATION_REASON_OPTIMAL: "optimal",
        result_pb2.TERMINATION_REASON_INFEASIBLE: "infeasible",
        result_pb2.TERMINATION_REASON_UNBOUNDED: "unclear",  # perhaps without a feasible point
        result_pb2.TERMINATION_REASON_INFEASIBLE_OR_UNBOUNDED: "unclear",
    }
    x = dense(result.solutions[0].primal_solution.variable_values, n) if result.solutions else None
    return statuses.get(result.termination.reason, "limit"), x


def resolved(search: Search, status: str) -> Ended:
    """The status after solving the LP relaxation, which may prove "infeasible" and tells what "unclear" means.

    With rational data, an integer program is unbounded if and only if it is feasible and its LP relaxation is
    unbounded (Meyer 1974). Families are not in this relaxation: they may make bounded what it leaves unbounded.
    """
    relaxed, x = by_glop(search) if search.clock.left > 0 else ("limit", None)
    if relaxed == "infeasible" or (status == "infeasible" and search.best is None):
        return "infeasible"
    if relaxed == "unbounded" and search.best is not None and not search.problem.for_all:
        return "unbounded"
    met = relaxed == "optimal" and x is not None and search.closed(float((search.model.form.c * x).sum()))
    return "optimal" if met else "limit"
