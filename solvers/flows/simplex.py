"""Transport by a simplex method on the pairs of small reduced cost (HiGHS), from potentials that are nearly optimal.

Sifting: the linear program is solved over a working set of pairs, and those outside whose reduced costs are negative by
its multipliers join the set, until there are none. It is stated in the reduced costs of the first potentials, which are
all >= 0: the basis of no pairs is dual feasible, and the nearer those potentials are, the fewer steps are left.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.plans import Plan
from formulations.problem import Bools, Floats, Ints
from solvers.clock import Clock
from solvers.flows.forests import forest, plan_along
from solvers.flows.sinkhorn import nearly_optimal, quantile, reduced_costs
from solvers.linear.highs import Highs
from solvers.linear.linear_program import Arrays

TOLERANCE = 1e-10  # of primal and dual feasibility, HiGHS's least: costs are divided by the median one in the set
NEGATIVE_REDUCED_COST = 1e-13  # relative to the largest cost: a pair below minus that joins the working set
PAIRS_ADDED = 4  # pairs by place that join in a round, at most
MOST_ROUNDS = 30
MORE = 4  # times as many pairs are handed to a solver of flows


def by_simplex(
    C: Floats,
    supply: Ints,
    demand: Ints,
    first: Plan,
    pairs: int,
    found: Callable[[Plan, Floats, Floats], bool],
    clock: Clock,
) -> tuple[Bools, Floats]:
    """Call found(plan, f, g) after each round until it says that they meet; the working set at the end, (m, n), and f.

    first is any plan; pairs: how many of each place the working set begins with. Where many pairs cost the same, or all
    that leave are equal and so are all that arrive, most steps would be degenerate: none is done; the set is larger.
    """
    f, few = nearly_optimal(C, supply, demand, clock)
    f, R, g = reduced_costs(C, f)
    degenerate = not few or ((supply == supply[0]).all() and (demand == demand[0]).all())
    usable = _smallest(R, (MORE if degenerate else 1) * pairs * sum(C.shape))
    usable[first.source, first.target] = True
    if degenerate:
        return usable, f
    i, j = np.nonzero(usable)
    unit = float(np.median(R[i, j])) or float(R.max()) or 1.0
    amounts = np.r_[supply, demand] / (supply.sum() / max(C.shape))
    options = {"dual_feasibility_tolerance": TOLERANCE, "primal_feasibility_tolerance": TOLERANCE}
    none = np.zeros(len(i))
    program = Arrays(R[i, j] / unit, _ends(i, j, C.shape), amounts, amounts, none, none + np.inf)
    highs = Highs(program, options=options | {"simplex_strategy": 0})  # dual at first; primal, where that is feasible
    least = -NEGATIVE_REDUCED_COST * float(np.abs(C).max())
    for _ in range(MOST_ROUNDS):
        result = highs.solve(clock.left)
        if result.status != "optimal" or result.y is None:
            break
        y, z = unit * result.y[: len(C)], unit * result.y[len(C) :]
        basic = highs.basic_columns()
        plan = plan_along(forest(i[basic], j[basic], *C.shape), supply, demand)
        if found(first if plan is None else plan, f + y, g + z) or clock.left <= 0:
            break
        reduced = R - y[:, None]
        reduced -= z
        new = worst(reduced, (reduced < least) & ~usable)
        if not new.any():
            break
        usable |= new
        p, q = np.nonzero(new)
        highs.add_columns(R[p, q] / unit, np.zeros(len(p)), np.full(len(p), np.inf), _ends(p, q, C.shape))
        i, j = np.r_[i, p], np.r_[j, q]
    return usable, f


def worst(reduced: Floats, wrong: Bools) -> Bools:
    """Of the pairs that break the potentials, the worst of each place, and of the rest as many as there are places."""
    chosen, (m, n) = _least_of_each(reduced), wrong.shape
    flat = np.flatnonzero(wrong)
    if len(flat) > PAIRS_ADDED * (m + n):
        flat = flat[np.argpartition(reduced.ravel()[flat], PAIRS_ADDED * (m + n))[: PAIRS_ADDED * (m + n)]]
    chosen.ravel()[flat] = True
    return chosen & wrong


def _smallest(R: Floats, count: int) -> Bools:
    """About the `count` pairs of smallest reduced cost, (m, n), and one of the smallest in each row and column."""
    flat, chosen = R.ravel(), _least_of_each(R)
    below = np.flatnonzero(flat <= quantile(R, min(1.0, count / flat.size)))
    chosen.ravel()[below[:: -(-len(below) // (2 * count))]] = True  # of many that are equal some
    return chosen


def _least_of_each(R: Floats) -> Bools:
    """The first of the smallest entries in each row, and in each column, (m, n)."""
    m, n = R.shape
    chosen = np.zeros(R.shape, dtype=bool)
    chosen[np.arange(m), R.argmin(axis=1)] = chosen[R.argmin(axis=0), np.arange(n)] = True
    return chosen


def _ends(i: Ints, j: Ints, shape: tuple[int, ...]) -> csr_array:
    """The rows of the pairs' columns: 1 at source i and at target j, (m + n, k)."""
    m, n = shape
    k = np.arange(len(i))
    return csr_array((np.ones(2 * len(i)), (np.r_[i, m + j], np.r_[k, k])), shape=(m + n, len(i)))
