"""Transport as a flow of least cost (OR-Tools), over the few pairs that matter, proven by potentials on all pairs.

Sifting: the flow is sent over a working set of pairs, first the cheapest of each place. Where an optimal flow moves
something, its potentials fulfil f_i + g_j = C_ij; with f_i + g_j <= C_ij on the other pairs of the set they are optimal
there. Pairs outside that break this join the set, until there are none: then the potentials prove the plan best of all.
The flow is computed in whole numbers, costs rounded to them; the potentials are those of the costs as given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from formulations.arithmetic.plans import Plan, Transportation
from formulations.problem import Bools, Floats, Ints, Multipliers, SearchProblem
from solvers.clock import Clock
from solvers.judge import MEETS, Ended, Findings, relative_gap
from solvers.judged.searched import Searched
from solvers.judged.so_far import followed

KIND = "potentials"
COARSE_BITS, FINE_BITS = 40, 60  # of costs times places, which OR-Tools multiplies in int64: at first, and if need be
NEGATIVE_REDUCED_COST = 1e-13  # relative to the largest cost: a pair below minus that joins the working set
PAIRS_ADDED = 4  # pairs by place that join in a round, at most
MOST_ROUNDS = 100


@dataclass(frozen=True)
class MinCostFlow:
    """Flows of least cost on a growing set of pairs, for transport; pairs: how many of each place it begins with."""

    pairs: int = 20
    name = "min-cost-flow"

    def __post_init__(self) -> None:
        """Raise ValueError for a number of pairs that makes no sense."""
        if self.pairs < 1:
            raise ValueError(f"pairs is {self.pairs!r}; it must be a whole number from 1")


@dataclass
class FlowSearch:
    """A transport as it is being solved: the best plan and the best potentials so far."""

    problem: SearchProblem
    gap: float
    plan: Plan
    value: Any
    f: Floats
    bound: Any
    rounds: int = 0
    interrupted: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    so_far: Callable[[], Any] = lambda: None

    @property
    def form(self) -> Transportation:
        """The transport."""
        assert isinstance(self.problem.objective, Transportation)
        return self.problem.objective

    def note(self, plan: Plan, f: Floats) -> bool:
        """Keep what is better; whether the best plan and the best potentials meet."""
        value, bound = self.form.value(plan), self.form.dual_value(f)
        if value <= self.value:
            self.plan, self.value = plan, value
        if bound >= self.bound:
            self.f, self.bound = f, bound
        self.rounds += 1
        self.history.append({"round": self.rounds, "value": float(self.value), "bound": float(self.bound)})
        return relative_gap(self.value, self.bound, self.form.size(self.plan)) <= self.gap


def solve_transport(
    problem: SearchProblem, solver: MinCostFlow, *, clock: Clock, gap: float | None, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The plan and the potentials."""
    form = problem.objective
    assert isinstance(form, Transportation)
    plan, f = corner_plan(form.supply, form.demand), form.cost.min(axis=1)
    search = FlowSearch(problem, MEETS if gap is None else gap, plan, form.value(plan), f, form.dual_value(f))
    built = clock.elapsed
    run = partial(_run, search, solver, clock, report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock))


def _run(search: FlowSearch, solver: MinCostFlow, clock: Clock, report: Callable[[Any], None]) -> Ended:
    """Rounds of flow, potentials and further pairs, among the places that something leaves or arrives at."""
    report(search)
    form, bits = search.form, COARSE_BITS
    rows, columns = np.flatnonzero(form.supply), np.flatnonzero(form.demand)
    whole = (len(rows), len(columns)) == form.cost.shape
    C = form.cost if whole else form.cost[np.ix_(rows, columns)]
    supply, demand = form.supply[rows], form.demand[columns]
    if not C.size:
        return "optimal"
    usable, least = _cheapest(C, solver.pairs), -NEGATIVE_REDUCED_COST * float(np.abs(C).max())
    first = corner_plan(supply, demand)
    usable[first.source, first.target] = True
    while search.rounds < MOST_ROUNDS and clock.left > 0:
        pairs = np.nonzero(usable)
        part = _flow(C, supply, demand, pairs, bits)
        if part is None:
            return "not_converged"
        f, g = _potentials(C, pairs, part)
        earned = f if whole else form.cost.min(axis=1) - g.max()  # what nothing leaves from is to hinder nobody
        earned[rows] = f
        done = search.note(Plan(rows[part.source], columns[part.target], part.amount), earned)
        report(search)
        if done:
            return "optimal"
        reduced = C - f[:, None]
        reduced -= g
        new = _worst(reduced, (reduced < least) & ~usable)
        if not new.any():
            if bits == FINE_BITS:
                return "optimal"
            bits = FINE_BITS
        usable |= new
    return "limit"


def _cheapest(C: Floats, count: int) -> Bools:
    """The cheapest pairs of each source and of each target, costs being compared beside the least of their place."""
    least = C - C.min(axis=1, keepdims=True)
    least -= least.min(axis=0)
    chosen = np.zeros(C.shape, dtype=bool)
    for costs, marked in ((least, chosen), (least.T, chosen.T)):
        k = min(count, costs.shape[1])
        np.put_along_axis(marked, np.argpartition(costs, k - 1, axis=1)[:, :k], True, axis=1)
    return chosen


def _worst(reduced: Floats, wrong: Bools) -> Bools:
    """Of the pairs that break the potentials, the worst of each place, and of the rest as many as there are places."""
    chosen = np.zeros(wrong.shape, dtype=bool)
    m, n = wrong.shape
    chosen[np.arange(m), reduced.argmin(axis=1)] = chosen[reduced.argmin(axis=0), np.arange(n)] = True
    flat = np.flatnonzero(wrong)
    if len(flat) > PAIRS_ADDED * (m + n):
        flat = flat[np.argpartition(reduced.ravel()[flat], PAIRS_ADDED * (m + n))[: PAIRS_ADDED * (m + n)]]
    chosen.ravel()[flat] = True
    return chosen & wrong


def corner_plan(supply: Ints, demand: Ints) -> Plan:
    """Some plan, of at most m + n - 1 amounts: places are served in order (the northwest-corner rule).

    >>> plan = corner_plan(np.array([2, 1]), np.array([1, 2]))
    >>> plan.source.tolist(), plan.target.tolist(), plan.amount.tolist()
    ([0, 0, 1], [0, 1, 1], [1, 1, 1])
    """
    left, gone = np.cumsum(supply), np.cumsum(demand)
    ends = np.unique(np.r_[left, gone])
    amount = np.diff(ends, prepend=0)
    ends, amount = ends[amount > 0], amount[amount > 0]
    return Plan(np.searchsorted(left, ends), np.searchsorted(gone, ends), amount)


def _flow(C: Floats, supply: Ints, demand: Ints, pairs: tuple[Any, ...], bits: int) -> Plan | None:
    """The plan of least cost over those pairs, costs rounded to so many bits; None if OR-Tools finds none."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    (i, j), (m, n) = pairs, C.shape
    costs = C[i, j] - C[i, j].min()
    largest = costs.max()
    if not ((costs == np.rint(costs)).all() and largest * (m + n + 1) < 2.0**FINE_BITS):
        costs = np.ldexp(costs / largest, bits - (m + n + 1).bit_length())
    flow = SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        i.astype(np.int32), (m + j).astype(np.int32), np.minimum(supply[i], demand[j]), np.rint(costs).astype(np.int64)
    )
    flow.set_nodes_supplies(np.arange(m + n, dtype=np.int32), np.r_[supply, -demand])
    if flow.solve() != flow.OPTIMAL:
        return None
    amount = flow.flows(arcs)
    moved = amount > 0
    return Plan(i[moved], j[moved], amount[moved])


def _potentials(C: Floats, pairs: tuple[Any, ...], plan: Plan) -> tuple[Floats, Floats]:
    """f and g with f_i + g_j = C_ij where the plan moves something and, if it is optimal, <= C_ij on the pairs.

    Each tree of the plan's pairs fixes its own potentials but for a constant, and the constants d fulfil
    d_k <= d_l + w_kl for trees k and l: shortest distances, found by sweeps over all pairs (Bellman and Ford).
    """
    m, n = C.shape
    ends = np.ones(len(plan.source)), (plan.source, m + plan.target)
    trees, tree = connected_components(csr_array(ends, shape=(m + n, m + n)), directed=False)
    roots = np.unique(tree, return_index=True)[1]  # all hang on one more node, so that one search finds all
    forest = np.r_[plan.source, np.full(trees, m + n)], np.r_[m + plan.target, roots]
    graph = csr_array((np.ones(len(forest[0])), forest), shape=(m + n + 1, m + n + 1))
    order, before = breadth_first_order(graph, m + n, directed=False)
    potential = np.zeros(m + n)
    above = before[order]
    for v, u in zip(order[1:].tolist(), above[1:].tolist(), strict=True):
        if u < m + n:
            potential[v] = (C[u, v - m] if u < m else C[v, u - m]) - potential[u]
    f, g = potential[:m], potential[m:]
    i, j = pairs
    of, to = tree[i], tree[m + j]
    between = np.flatnonzero(of != to)
    between = between[np.argsort(of[between], kind="stable")]
    of, to, w = of[between], to[between], (C[i, j] - f[i] - g[j])[between]
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    own, d = of[starts], np.zeros(trees)
    for _ in range(trees if len(starts) else 0):
        shorter = np.minimum(d[own], np.minimum.reduceat(w + d[to], starts))
        if (shorter == d[own]).all():
            break
        d[own] = shorter
    return f + d[tree[:m]], g - d[tree[m:]]


def _found(search: FlowSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The transport as the judge sees it, and what was found."""
    form = search.form
    potentials = Multipliers({"leaves": search.f, "arrives": form.transformed(search.f)})
    stats = {
        "rounds": search.rounds,
        "interrupted": search.interrupted,
        "history": search.history,
        "build_seconds": built,
        "solve_seconds": clock.elapsed - built,
    }
    return Searched(search.problem), Findings(
        solver=MinCostFlow.name,
        ended=ended,
        candidates=[search.plan],
        certificates=[(KIND, potentials)],
        remark="; ".join(filter(None, [form.said, "stopped by its limits" if ended == "limit" else ""])),
        note=form.said,
        stats=stats,
    )
