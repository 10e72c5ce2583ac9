"""OR-Tools' SCIP on the integer model as it is declared: its families are lazy constraints, cut off as they are broken.

SCIP keeps its proof to itself, so only a dual that the problem reads off the answer can certify what it finds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from solvers.branch_and_bound import Search
from solvers.linear_program import Arrays
from solvers.ortools import dense, limit, model_of, run


def solve_by_scip(search: Search) -> str:
    """Solve; returns "optimal" (by SCIP's word), "limit", "infeasible" or "unbounded"."""
    from ortools.math_opt import callback_pb2, parameters_pb2, result_pb2
    from ortools.math_opt.core.python import solver

    form = search.model.form
    n, families = len(form.c), search.problem.for_all
    start = search.clock.elapsed
    model = model_of(Arrays(form.c, form.A, form.row_lower, form.row_upper, form.lower, form.upper), form.integral)
    scip = solver.new(parameters_pb2.SOLVER_TYPE_GSCIP, model, parameters_pb2.SolverInitializerProto())
    parameters = parameters_pb2.SolveParametersProto()
    parameters.relative_gap_tolerance = search.gap
    limit(parameters, search.clock.left)
    registration = callback_pb2.CallbackRegistrationProto()
    if families:
        registration.request_registration.append(callback_pb2.CALLBACK_EVENT_MIP_SOLUTION)
        registration.add_lazy_constraints = True
    search.loading = search.clock.elapsed - start

    def cut_off(data: Any) -> Any:
        answer = callback_pb2.CallbackResultProto()
        x = dense(data.primal_solution_vector, n)
        values = form.values(np.where(form.integral, np.rint(x), x))
        search.rounds += 1
        for family in families:
            sets = family.violated(values)
            if sets is None:
                continue
            rows = family.rows(sets)
            start, whole = form.columns[rows.variable][0].start, rows.expanded()
            for i in range(whole.shape[0]):
                _add(answer.cuts, whole[[i], :], start, rows.lower[i], rows.upper[i])
                search.cuts += 1
            break
        else:
            search.offer(x)
        search.note()
        return answer

    result = run(scip, parameters, registration, cut_off if families else None)
    search.boxes = result.solve_stats.node_count
    reason = result.termination.reason
    if result.solutions:
        search.offer(dense(result.solutions[0].primal_solution.variable_values, n))
    if reason == result_pb2.TERMINATION_REASON_OPTIMAL:
        return "optimal"
    if reason == result_pb2.TERMINATION_REASON_UNBOUNDED:
        return "unbounded"
    return "infeasible" if reason == result_pb2.TERMINATION_REASON_INFEASIBLE else "limit"


def _add(cuts: Any, row: csr_array, start: int, lower: float, upper: float) -> None:
    cut = cuts.add()
    order = np.argsort(row.indices)
    cut.linear_expression.ids.extend((row.indices[order] + start).tolist())
    cut.linear_expression.values.extend(row.data[order].tolist())
    cut.lower_bound, cut.upper_bound, cut.is_lazy = lower, upper, True
