"""Optimal transport on the line: sorted places go to each other in their order, and a staircase of pairs proves it.

    minimize    sum of C_ij P_ij,  C_ij = |x_i - y_j|^r, r >= 1
    over        P >= 0, an m x n plan
    subject to  sum over j of P_ij = a_i       "leaves"
                sum over i of P_ij = b_j       "arrives"

For sorted x and y, and any convex function of x - y as the cost, C is a Monge array: with i <= k and j <= l

    C_ij + C_kl  <=  C_il + C_kj,

as x_i - y_j and x_k - y_l lie between x_i - y_l and x_k - y_j and have the same sum. So no two amounts of an optimal
plan need cross: places are served in order, and the pairs that are used lie on a staircase from (1, 1) to (m, n), each
step of which leads to the next source or to the next target. One walk along it finds potentials with f_i + g_j = C_ij
on it. They are feasible, f_i + g_j <= C_ij for all m n pairs, whatever staircase it is (Hoffman 1963): R_ij = C_ij -
f_i - g_j is a Monge array as well. Let a pair (k, j) lie below the staircase, which leaves column j at (i, j), i < k,
for (i, j + 1). There R is 0, so that R_kj >= R_k,j+1: and so on to the right, up to the staircase, where R is 0. Above
it the same holds downwards. So every staircase proves a lower bound, and that of the best plan its cost.

Santambrogio, Optimal transport for applied mathematicians, 2015, chapter 2; Hoffman, On simple linear programming
problems, 1963; Burkard, Klinz & Rudolf, Perspectives of Monge properties in optimization, 1996, section 5.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.amounts import MAX_MAGNITUDE, checked_weights, in_units, said_of_sums
from formulations.arithmetic.exact import over_one_denominator
from formulations.arithmetic.plans import LineTransportation, Plan
from formulations.problem import Bools, Floats, Ints, Multipliers, SearchProblem, WeakDual
from formulations.transport import transport, transport_lp

MOST_PAIRS = 25_000_000  # of which a flow or a linear program is stated


def monotone_transport(x: ArrayLike, a: ArrayLike, y: ArrayLike, b: ArrayLike, order: int = 1) -> SearchProblem:
    """The cheapest plan from weights a (m,) at x (m,) to weights b (n,) at y (n,), at costs |x_i - y_j|^order.

    The answer is what is moved, (i, j, amount), in the order of the places; the multipliers are the potentials. Values
    and bounds are exact. Raises ValueError for places that are not finite, an order that is not a whole number from 1
    (below 1 the cost is not convex, and crossing may pay), and weights as transport() does.

    >>> from solvers import solve
    >>> found = solve(monotone_transport([0, 1], [0.5, 0.5], [0, 3], [0.25, 0.75]))
    >>> found.status, found.value, found.bound, found.answer
    ('optimal', 1.75, 1.75, [(0, 0, 0.25), (0, 1, 0.25), (1, 1, 0.5)])
    """
    if not 1 <= order < math.inf or order != int(order):
        raise ValueError(f"the order is {order}; on a line costs are exact for whole numbers from 1, such as 1 and 2")
    a_, b_ = checked_weights(a, b)
    x_, y_ = _places("first", x, len(a_)), _places("second", y, len(b_))
    farthest = max(x_.max() - y_.min(), y_.max() - x_.min())
    if order * math.log10(max(farthest, 1.0)) > math.log10(MAX_MAGNITUDE):
        raise ValueError(f"places are {farthest:g} apart, to the power {order:g}; give them in another unit")
    rows, columns = (np.argsort(places, kind="stable") for places in (x_, y_))
    supply, demand, unit = in_units(a_, b_)
    numbers, scale = over_one_denominator(np.r_[x_[rows], y_[columns]])
    whole = numbers[: len(x_)], numbers[len(x_) :]
    form = LineTransportation(supply[rows], demand[columns], unit, *whole, scale, int(order), said_of_sums(a, b))

    def moved(plan: Plan) -> tuple[Ints, Ints, Floats]:
        return rows[plan.source], columns[plan.target], plan.amount / float(unit)

    def potentials(staircase: Bools) -> Multipliers:
        f, g = form.potentials(staircase)
        return Multipliers({"leaves": f[np.argsort(rows)], "arrives": g[np.argsort(columns)]})

    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="all that is there leaves, and all that is wanted arrives",
        answer=lambda plan: _listed(*moved(plan)),
        values=lambda plan: {"amount": moved(plan)[2]},
        weak_duals=[WeakDual("potentials", None, form.dual_value, multipliers=potentials)],
        model=lambda: _in_full(x_, a_, y_, b_, order),
        exact=True,
        maths={
            "minimize": rf"\sum_{{i, j}} |x_i - y_j|^{{{order}}} P_{{ij}}",
            "over": r"P \in \mathbb{R}^{m \times n}, \quad P \geq 0",
            "subject to": r"\sum_j P_{ij} = a_i \quad \forall i, \qquad \sum_i P_{ij} = b_j \quad \forall j",
        },
    )


def _in_full(x: Floats, a: Floats, y: Floats, b: Floats, order: int) -> SearchProblem:
    """The same by all its pairs, as a flow and as a linear program."""
    if len(x) * len(y) > MOST_PAIRS:
        raise ValueError(
            f"{len(x):,} and {len(y):,} places have {len(x) * len(y):,} pairs, too many for a solver that is stated all"
            f" of them (at most {MOST_PAIRS:,}); leave the solver out: sorting needs none"
        )
    C = np.abs(np.subtract.outer(x, y)) ** order
    ranks = np.argsort(np.argsort(x, kind="stable")), np.argsort(np.argsort(y, kind="stable"))

    def listed(plan: Floats) -> list[tuple[int, int, float]]:
        i, j = np.nonzero(plan)
        order = np.lexsort((ranks[1][j], ranks[0][i]))
        return _listed(i[order], j[order], plan[i, j][order])

    flow, program = transport(a, b, C), transport_lp(a, b, C)
    return replace(
        flow,
        answer=lambda plan: listed(np.array(flow.answer(plan))),
        model=lambda: replace(program, answer=lambda values: listed(np.array(program.answer(values)))),
    )


def _listed(i: Ints, j: Ints, amount: Floats) -> list[tuple[int, int, float]]:
    return list(zip(i.tolist(), j.tolist(), amount.tolist(), strict=True))


def _places(name: str, given: ArrayLike, count: int) -> Floats:
    places = np.asarray(given, dtype=np.float64)
    if places.shape != (count,):
        raise ValueError(f"the {name} places have shape {places.shape}; give a number for each of {count} weights")
    if not (np.abs(places) <= MAX_MAGNITUDE).all():
        raise ValueError(f"a {name} place is not finite, or beyond {MAX_MAGNITUDE:g} in size; leave it out")
    return places
