"""OR-Tools' CP-SAT (and SCIP, by solvers.integer.scip) on the integer model as it is declared.

CP-SAT has no lazy constraints: it solves again with the rows of families that its answers violated, until there are
none. Its arithmetic is integer, on sums below 2^53; MathOpt silently rounds everything else to 1e-6 and truncates
infinite bounds. So rows and costs are passed as integers: exactly where they fit, else relaxed by rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import gcd, inf, isfinite
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.exact import number_by_number, over_one_denominator
from formulations.problem import Floats, Integers
from solvers.findings import Ended
from solvers.integer.branch_and_bound import branch_and_cut
from solvers.integer.scip import evaluate, resolved, rounded, run_mip, solve_by_scip
from solvers.linear.glop import Glop
from solvers.linear.linear_program import Arrays
from solvers.proof.branching import proven
from solvers.proof.search import Search

Row = tuple[tuple[int, ...], tuple[int, ...], int]  # columns, coefficients, upper bound of their sum
MAX_SUM = 2**51  # sums up to here are exact in CP-SAT; from 2^53 on it errs
MAX_BOUND = 2**45  # larger bounds count as infinite
# No presolve, which computes in floats; strong LP relaxations.
PARAMETERS = {"mip_presolve_level": 0, "mip_max_bound": 2.0 * MAX_BOUND, "linearization_level": 2}
ASSUMED_RANGE = 10**6  # distance from 0 and from the other bound in which an unbounded column is searched


def solve_by_mip(search: Search, solver: str) -> Ended:
    """Solve by "scip" or "cp-sat"; returns "optimal" (to its tolerances), "limit", "infeasible" or "unbounded".

    Where its answer breaks a row by less than its tolerance, or it proves nothing, branch and cut goes on.
    Raises ValueError for "cp-sat" on variables that are not integer.
    """
    form = search.model.form
    if solver == "cp-sat" and not form.integral.all():
        raise ValueError("cp-sat takes integer variables only; glop, highs and scip take others")
    empty = bool((form.lower > form.upper).any())  # MathOpt would refuse the model
    ended: Ended = "infeasible" if empty else _by_cp_sat(search) if solver == "cp-sat" else solve_by_scip(search)
    proven_so = search.proof is not None and proven(search.model, search.proof) == inf
    answered = ended == "optimal" and search.best is not None
    if search.clock.left <= 0 or ended == "unbounded" or proven_so or answered or search.remark:
        return ended
    boxes, search.boxes = search.boxes, 0
    try:
        return branch_and_cut(search, Glop)
    finally:
        search.boxes += boxes


def _by_cp_sat(search: Search) -> Ended:
    from ortools.math_opt import parameters_pb2

    form, step = search.model.form, search.model.granularity or Fraction(1)  # c'x is a multiple of the step
    numerators, unit = over_one_denominator(form.c)
    costs = numerators.astype(object) * step.denominator // (unit * step.numerator)
    rows = dict.fromkeys(_rows(form.A, form.row_lower, form.row_upper))  # an ordered set

    def seen(x: Floats, _: Any = None) -> bool:
        violated = evaluate(search, x)
        for start, family in violated:
            rows.update(dict.fromkeys(_rows(family.expanded(), family.lower, family.upper, start)))
        return bool(violated)

    while search.clock.left > 0:
        box, complete = _bounds(search, rows, costs, step)
        c, error = _rounded_costs(costs, box)
        model, known = _arrays(c, rows, box), len(rows)
        if (model.lower > model.upper).any() or (model.row_lower > model.row_upper).any():
            return resolved(search, "infeasible")
        parameters = parameters_pb2.SolveParametersProto(threads=1, cp_sat=PARAMETERS)
        status, x = run_mip(search, parameters_pb2.SOLVER_TYPE_CP_SAT, model, parameters, seen)
        if status != "optimal" or x is None:
            return resolved(search, status if complete else "unclear") if status == "infeasible" else "limit"
        if seen(x):
            search.cuts += len(rows) - known
            if len(rows) == known:
                search.remark = "a family of constraints calls broken what its own rows allow"
                return "limit"
        elif complete:
            return "optimal" if search.closed(float(search.model.value(rounded(search, x)) - error * step)) else "limit"
        elif not _bounds(search, rows, costs, step)[1]:  # not even among answers no worse than x
            return resolved(search, "unclear")
    return "limit"


def _rows(A: csr_array, lower: Floats, upper: Floats, start: int = 0) -> Iterator[Row]:
    """The rows as integers without common divisor, one for each finite side; columns are counted from start."""
    sides = [np.where(np.isfinite(side), side, 0.0) for side in (lower, upper)]
    numbers, m = number_by_number(np.concatenate([A.data, *sides]))[0].tolist(), A.shape[0]
    for i in range(m):
        entries = [(int(A.indices[k]) + start, numbers[k]) for k in range(A.indptr[i], A.indptr[i + 1]) if numbers[k]]
        columns, divisor = tuple(j for j, _ in entries), gcd(*(a for _, a in entries)) or 1
        for sign, side, at in ((1, upper[i], A.nnz + m + i), (-1, lower[i], A.nnz + i)):
            if isfinite(side):
                yield columns, tuple(sign * a // divisor for _, a in entries), sign * numbers[at] // divisor


def _bounds(search: Search, rows: Iterable[Row], costs: Integers, step: Fraction) -> tuple[Integers, bool]:
    """Bounds of the columns, integers (n, 2), and whether all are given or implied by rows, none assumed."""
    form = search.model.form
    low, high = ([int(v) if abs(v) <= MAX_BOUND else None for v in side.tolist()] for side in (form.lower, form.upper))
    if search.best is not None:  # answers worse than the incumbent are cut off
        rows = [*rows, (tuple(range(len(costs))), tuple(costs), int(search.value / step))]
    for _ in range(10):  # passes over all rows
        for row in rows if None in low or None in high else ():
            _tighten(row, low, high)
    box = np.zeros((len(low), 2), dtype=object)
    for j, (a, b) in enumerate(zip(low, high, strict=True)):
        to = (ASSUMED_RANGE if a is None else max(ASSUMED_RANGE, a + ASSUMED_RANGE)) if b is None else b
        box[j] = min(-ASSUMED_RANGE, to - ASSUMED_RANGE) if a is None else a, to
    return box, None not in low and None not in high


def _tighten(row: Row, low: list[int | None], high: list[int | None]) -> None:
    """Bound propagation: tighten the columns' bounds by what the row implies."""
    terms = [(j, a, low[j] if a > 0 else high[j]) for j, a in zip(*row[:2], strict=True) if a]
    unbounded = sum(end is None for *_, end in terms)
    slack = row[2] - sum(a * end for _, a, end in terms if end is not None)
    for j, a, end in terms:
        reach = (slack + a * (end or 0)) // abs(a)
        bounds, old = (high, high[j]) if a > 0 else (low, low[j])
        if unbounded == (end is None) and abs(reach) <= MAX_BOUND and (old is None or reach < (old if a > 0 else -old)):
            bounds[j] = reach if a > 0 else -reach


def _rounded_costs(numbers: Integers, box: Integers) -> tuple[Floats, int]:
    """The costs without their last bits, so that sums fit, and the largest error of a sum."""
    shift = (int(abs(numbers) @ abs(box).max(axis=1)) // MAX_SUM).bit_length()
    costs = (numbers + (1 << shift >> 1)) >> shift
    return costs.astype(float), abs(numbers - (costs << shift)) @ (box[:, 1] - box[:, 0])


def _arrays(c: Floats, rows: Iterable[Row], box: Integers) -> Arrays:
    """The rows, each relaxed until it fits, those of opposite coefficients joined to one with two sides."""
    sides: dict[tuple[tuple[int, ...], tuple[int, ...]], list[float]] = {}
    for row in rows:
        columns, coefficients, most = _relaxed(row, box)
        side = float(min(max(most, -4 * MAX_SUM), 4 * MAX_SUM))  # no sum is larger
        if (opposite := sides.get((columns, tuple(-a for a in coefficients)))) is not None:
            opposite[0] = max(opposite[0], -side)
        else:
            own = sides.setdefault((columns, coefficients), [-inf, inf])
            own[1] = min(own[1], side)
    ends = np.cumsum([0, *(len(columns) for columns, _ in sides)])
    entries = [float(a) for _, part in sides for a in part], [j for part, _ in sides for j in part]
    lower, upper = np.array([*sides.values()], dtype=float).reshape(-1, 2).T
    return Arrays(c, csr_array((*entries, ends), (len(sides), len(c))), lower, upper, *box.T.astype(float))


def _relaxed(row: Row, box: Integers) -> Row:
    """The row if its sums fit, else what it implies, by column >= lower, for coefficients without their last bits."""
    columns, a = np.array(row[0], dtype=np.int64), np.array(row[1], dtype=object)
    low, reach = box[columns, 0], abs(box[columns]).max(axis=1, initial=0)
    shift = (int(abs(a) @ reach) // MAX_SUM).bit_length()
    kept = np.where(low < box[columns, 1], a >> shift, 0)
    if int(abs(kept) @ reach) >= 2 * MAX_SUM:
        return (), (), 0
    most = (row[2] - int(a @ low) >> shift) + int(kept @ low)
    divisor, used = gcd(*kept) or 1, np.flatnonzero(kept)  # MathOpt raises where a divisor leaves no solution
    return tuple(columns[used].tolist()), tuple(kept[used] // divisor), most // divisor
