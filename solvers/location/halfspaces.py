"""The halfspace with the fewest rows: local search for it, simplices around the point and cases for the proof.

Of a halfspace that was found each row, with rows from outside of it, should be around the point, without a row in
common: if so it is best. Where that fails sets have weights (solvers.location.packings), and there are cases, the one
with the least bound first (Bremner and Chen, A branch and cut algorithm for the halfspace depth problem, 2009).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from typing import Any

import numpy as np

from formulations.arithmetic.halfspaces import KIND, NONNEGATIVE, SWEEP, Case, RowsInHalfspace, Simplex, rows_by_weights
from formulations.problem import Bools, Floats, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed
from solvers.location.packings import Packings, nearest

DIRECTIONS, AT_ONCE, STARTS = 2_000, 100, 8  # at random, those looked at together, and the best that are improved
HOPELESS = 10  # rows between value and first bound from which cases would be too many


@dataclass(frozen=True)
class Halfspaces:
    """Local search, then all directions or cases: at most so many of these."""

    cases: int = 20_000
    name = "halfspaces"

    def __post_init__(self) -> None:
        """Raise ValueError for a number of cases that makes no sense."""
        if self.cases < 0:
            raise ValueError(f"cases is {self.cases!r}; it must be a whole number from 0")


@dataclass
class HalfspaceSearch:
    """The best direction so far, the tree of cases, and what it proves."""

    problem: SearchProblem | None
    form: RowsInHalfspace
    u: Floats
    value: int
    tree: Case = field(default_factory=lambda: Case([]))
    bound: float = 0
    cases: int = 1
    swept: bool = False  # proven by all directions
    interrupted: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    so_far: Callable[[], Any] = lambda: None

    def offer(self, u: Floats) -> None:
        """Keep the direction if it is better."""
        value = self.form.value(u)
        if value < self.value:
            self.u, self.value = u, value


def solve_halfspaces(
    problem: SearchProblem, solver: Halfspaces, *, clock: Clock, seed: int, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The best direction that was found, and the tree."""
    form = problem.objective
    assert isinstance(form, RowsInHalfspace)
    search = begun(form, problem)
    built = clock.elapsed
    run = partial(improve, search, solver, clock, np.random.default_rng(seed), report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock))


def begun(form: RowsInHalfspace, problem: SearchProblem | None = None) -> HalfspaceSearch:
    """A search with the first direction that there is."""
    u = np.eye(form.rows.shape[1])[0]
    return HalfspaceSearch(problem, form, u, form.value(u))


def local_search(search: HalfspaceSearch, clock: Clock, rng: np.random.Generator, least: int = -1) -> None:
    """Better directions, until there is one with fewer rows than that."""
    Z = search.form.Z
    none = np.zeros(len(Z), dtype=bool)
    for u in _directions(Z, rng, clock):
        search.offer(u)
        if clock.left > 0 and search.value >= least:
            search.offer(_improved(Z, u, none, none, clock))


def improve(
    search: HalfspaceSearch, solver: Halfspaces, clock: Clock, rng: np.random.Generator, report: Callable[[Any], None]
) -> Ended:
    """Local search, then cases."""
    Z = search.form.Z
    report(search)
    local_search(search, clock, rng)
    if clock.left <= 0:
        return "limit"
    if search.form.by_sweep() >= search.value:
        search.swept, search.bound = True, search.value
        return "optimal"
    packings = Packings(search.form, rng)
    waiting: list[tuple[float, int, Case, Bools, Bools, Floats]] = []

    def add(case: Case, inside: Bools, outside: Bools, prices: Floats) -> None:
        """Bound a case, and keep it if it may hold something better."""
        prices = _bound(search, packings, case, inside, outside, prices, clock)
        bound = int(inside.sum()) + rows_by_weights(_open(case.around, outside), case.weights)
        search.cases += 1
        if bound < search.value:
            heappush(waiting, (bound, -search.cases, case, inside, outside, prices))

    none = np.zeros(len(Z), dtype=bool)
    add(search.tree, none, none, np.zeros(len(Z)))
    for step in range(solver.cases + 1):
        search.bound = waiting[0][0] if waiting else search.value
        if step & (step - 1) == 0:
            search.history.append({"cases": search.cases, "value": search.value, "bound": search.bound})
            report(search)
        if search.bound >= search.value:
            return "optimal"
        hopeless = search.value - search.bound > HOPELESS or not waiting[0][2].around
        if hopeless or clock.left <= 0 or step == solver.cases:
            return "limit"
        _, _, case, inside, outside, prices = heappop(waiting)
        split = min(case.around, key=lambda S: int((~outside[list(S)]).sum()))
        split = tuple(sorted(split, key=lambda i: -prices[i]))  # the dearest first, as it is outside of the others
        below, before = list[Case](), outside
        for i in [i for i in split if not outside[i]]:
            below.append(Case([]))
            add(below[-1], _with(inside, i), before, prices)
            before = _with(before, i)
        if clock.left <= 0:  # cases that were bounded in haste prove less than the one above them
            return "limit"
        case.around, case.below, case.weights = [split], below, []
    return "limit"


def _bound(
    search: HalfspaceSearch, packings: Packings, case: Case, inside: Bools, outside: Bools, prices: Floats, clock: Clock
) -> Floats:
    """Give the case sets and weights that bound it, having looked for a better direction; the prices of the rows."""
    Z = search.form.Z
    u, S = nearest(Z, np.flatnonzero(outside))
    if u is None:
        case.around = [] if S is None else [S]
        return prices
    u = _improved(Z, u, inside, outside, clock)
    search.offer(u)
    if not packings.sets:
        for S in _packing(Z, u, inside, outside, packings.rng, clock):
            packings.add(S)
    case.around, case.weights, prices = packings.packed(
        inside, outside, prices, search.value - int(inside.sum()), clock
    )
    return prices


def _open(sets: Iterable[Simplex], outside: Bools) -> list[frozenset[int]]:
    return [frozenset(i for i in S if not outside[i]) for S in sets]


def _with(mask: Bools, i: int) -> Bools:
    found = mask.copy()
    found[i] = True
    return found


def _directions(Z: Floats, rng: np.random.Generator, clock: Clock) -> Iterable[Floats]:
    """Some to begin with: away from the mean of the rows, and the best at random, in units of their spread."""
    p = Z.shape[1]
    mean = Z.mean(axis=0)
    spread = (Z - mean).T @ (Z - mean) / len(Z)
    root = np.linalg.inv(np.linalg.cholesky(spread + 1e-9 * np.eye(p)))
    away = [-mean, -root.T @ (root @ mean)]
    drawn = rng.standard_normal((DIRECTIONS, p)) @ root
    yield from (u for u in away if u.any())
    parts = np.split(drawn, DIRECTIONS // AT_ONCE)
    counts = [count for part in parts if clock.left > 0 for count in (Z @ part.T >= 0).sum(axis=0)]
    yield from drawn[np.argsort(counts, kind="stable")[:STARTS]]


def _improved(Z: Floats, u: Floats, inside: Bools, outside: Bools, clock: Clock) -> Floats:
    """A direction with as few rows in its halfspace as can be had by leaving out one after the other, in time."""
    along = Z @ u
    for i in np.flatnonzero((along >= 0) & ~inside)[np.argsort(along[(along >= 0) & ~inside], kind="stable")].tolist():
        if clock.left <= 0:
            break
        if Z[i] @ u < 0:
            continue
        kept = Z @ u < 0
        kept[i] = True
        found, _ = nearest(Z, np.flatnonzero(kept & ~inside | outside))
        if found is not None:
            u = found
    return u


def _packing(
    Z: Floats, u: Floats, inside: Bools, outside: Bools, rng: np.random.Generator, clock: Clock
) -> list[Simplex]:
    """One set for each row in the halfspace of u, as far as rows and time go, and then whatever there is."""
    free, found = ~inside & ~outside, list[Simplex]()
    halfspace = (Z @ u >= 0) & free
    for i in rng.permutation(np.flatnonzero(halfspace)).tolist():
        if clock.left <= 0:
            break
        some = (free & ~halfspace) | outside
        some[i] = True
        _, S = nearest(Z, np.flatnonzero(some))
        if S is not None:
            found.append(S)
            free[list(S)] = False
    while True:
        _, S = nearest(Z, np.flatnonzero(free | outside))
        if S is None or clock.left <= 0:
            return found
        found.append(S)
        free[list(S)] = False


def _found(search: HalfspaceSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    assert search.problem is not None
    n, p = search.form.rows.shape
    stats = {
        "rows": n,
        "columns": p,
        "cases": search.cases,
        **account(search, built, clock),
    }
    return Searched(search.problem), Findings(
        solver=Halfspaces.name,
        ended=ended,
        candidates=[search.u],
        certificates=[(NONNEGATIVE, ()), (SWEEP, ()) if search.swept else (KIND, search.tree)],
        remark="stopped by its limits" if ended == "limit" else "",
        stats=stats,
    )
