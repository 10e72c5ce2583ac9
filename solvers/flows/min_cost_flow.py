"""Transport of least cost over the few pairs that matter, proven by potentials on all pairs.

Sifting: the plan is optimal over a working set of pairs. Where it moves something, its potentials fulfil
f_i + g_j = C_ij; with f_i + g_j <= C_ij on the other pairs of the set they are optimal there. Pairs outside that break
this join the set, until there are none: then the potentials prove the plan best of all. Between many places a simplex
method (simplex.py) does so first, or the plan is an assignment over all pairs (assignment.py). Flows (OR-Tools) do it
between few, and where a simplex method would stall or did not end: they are computed in whole numbers, costs rounded to
them; the potentials are those of the costs as given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from formulations.arithmetic.plans import Plan, Transportation
from formulations.problem import Bools, Floats, Ints, Multipliers, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.flows.assignment import assigned, is_assignment
from solvers.flows.distances import shortest
from solvers.flows.forests import forest, potentials_along
from solvers.flows.simplex import NEGATIVE_REDUCED_COST, by_simplex, worst
from solvers.judge import MEETS, relative_gap
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed

KIND = "potentials"
FINE_BITS, COARSE_BITS = 60, 40  # of costs times places, which OR-Tools multiplies in int64: at first; if it fails
FEW_PAIRS = 10_000  # are all usable from the start
MOST_ROUNDS = 100


@dataclass(frozen=True)
class MinCostFlow:
    """Transport over a growing set of pairs; pairs: how many of each place it begins with, of many."""

    pairs: int = 5
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
    met: bool = False
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
        self.met = relative_gap(self.value, self.bound, self.form.size(self.plan)) <= self.gap
        return self.met


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
    """The plan among the places that something leaves or arrives at."""
    report(search)
    form = search.form
    rows, columns = np.flatnonzero(form.supply), np.flatnonzero(form.demand)
    whole = (len(rows), len(columns)) == form.cost.shape
    C = form.cost if whole else form.cost[np.ix_(rows, columns)]
    supply, demand = form.supply[rows], form.demand[columns]

    def found(plan: Plan, f: Floats, g: Floats) -> bool:
        earned = f if whole else form.cost.min(axis=1) - g.max()  # what nothing leaves from is to hinder nobody
        earned[rows] = f
        done = search.note(Plan(rows[plan.source], columns[plan.target], plan.amount), earned)
        report(search)
        return done

    if not C.size:
        return "optimal"
    usable, start = np.ones(C.shape, dtype=bool), np.zeros(len(rows))
    if C.size > FEW_PAIRS:
        usable, start = by_simplex(C, supply, demand, corner_plan(supply, demand), solver.pairs, found, clock)
    return "optimal" if search.met else _by_flows(C, supply, demand, usable, start, found, clock)


def _by_flows(
    C: Floats,
    supply: Ints,
    demand: Ints,
    usable: Bools,
    f: Floats,
    found: Callable[[Plan, Floats, Floats], bool],
    clock: Clock,
) -> Ended:
    """Rounds of flow, potentials and further pairs, which join those that are usable, (m, n); f: potentials nearby.

    A plan over all pairs is not looked for again in each round: of an assignment between many places.
    """
    bits, least = FINE_BITS, -NEGATIVE_REDUCED_COST * float(np.abs(C).max())
    whole = assigned(C, supply, f, clock) if C.size > FEW_PAIRS and is_assignment(supply, demand) else None
    if whole is not None:
        usable[whole.source, whole.target] = True
    for _ in range(MOST_ROUNDS):
        if clock.left <= 0:
            break
        pairs = np.nonzero(usable)
        plan = _flow(C, supply, demand, pairs, bits) if whole is None else whole
        if plan is None:
            if bits == COARSE_BITS:
                return "not_converged"
            bits = COARSE_BITS
            continue
        f, g = _potentials(C, pairs, plan, f)
        if found(plan, f, g):
            return "optimal"
        reduced = C - f[:, None]
        reduced -= g
        new = worst(reduced, (reduced < least) & ~usable)
        if not new.any():
            if bits == COARSE_BITS:
                return "optimal"
            whole, bits = None, COARSE_BITS if whole is None else bits
        usable |= new
    return "limit"


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


def _potentials(C: Floats, pairs: tuple[Any, ...], plan: Plan, near: Floats) -> tuple[Floats, Floats]:
    """f and g with f_i + g_j = C_ij where the plan moves something and, if it is optimal, <= C_ij on the pairs.

    near are potentials f not far from them.

    Each tree of the plan's pairs fixes its own potentials but for a constant, and the constants d fulfil
    d_k <= d_l + w_kl for trees k and l: shortest distances (distances.py). Costs rounded coarsely would make cycles
    that are a little negative, which no sweeps settle.
    """
    m, n = C.shape
    grown = forest(plan.source, plan.target, m, n)
    (f, g), trees, tree = potentials_along(grown, C), grown.trees, grown.tree
    i, j = pairs
    of, to = tree[i], tree[m + j]
    between = np.flatnonzero(of != to)
    d = np.zeros(trees)
    d[tree[:m]] = near - f  # at one source of each tree
    step = NEGATIVE_REDUCED_COST * float(np.abs(C).max())
    d = shortest(of[between], to[between], (C[i, j] - f[i] - g[j])[between], d, step)
    return f + d[tree[:m]], g - d[tree[m:]]


def _found(search: FlowSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The transport as the judge sees it, and what was found."""
    form = search.form
    potentials = Multipliers({"leaves": search.f, "arrives": form.transformed(search.f)})
    stats = {
        "rounds": search.rounds,
        **account(search, built, clock),
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
