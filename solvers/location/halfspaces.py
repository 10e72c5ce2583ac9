"""The halfspace with the fewest rows: local search for it, simplices around the point and cases for the proof.

Whether rows can all be outside of a halfspace is a question of their hull: its point nearest to 0 is either a direction
or the 0 itself, in the hull of a few of them (Lawson and Hanson, Solving least squares problems, 1974). Of a halfspace
that was found each row, with rows from outside of it, should be around the point, without a row in common: if so it is
best. Where that fails there are cases, the one with the least bound first (Bremner and Chen, A branch and cut algorithm
for the halfspace depth problem, 2009, by linear programs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from typing import Any

import numpy as np

from formulations.arithmetic.halfspaces import KIND, NONNEGATIVE, SWEEP, Case, RowsInHalfspace, Simplex
from formulations.problem import Bools, Floats, Ints, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import followed

DIRECTIONS, STARTS = 2_000, 8  # at random, and the best of them that are improved
NEAR = 1e-10  # a length that counts as 0, of a mean of unit vectors
MOST_ROUNDS = 1_000  # of the search for a nearest point
HOPELESS = 10  # rows between value and first bound from which cases would be too many
PACKINGS = 5  # orders in which simplices are sought


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
    bound: int = 0
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
    for u in _directions(Z, rng):
        search.offer(u)
        if clock.left > 0 and search.value >= least:
            search.offer(_improved(Z, u, none, none))


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
    waiting: list[tuple[int, int, Case, Bools, Bools]] = []

    def add(case: Case, inside: Bools, outside: Bools) -> None:
        """Bound a case, and keep it if it may hold something better."""
        case.around = _packed(search, inside, outside, rng)
        bound = int(inside.sum()) + len(case.around)
        if bound < search.value and any(_open(S, outside) == 0 for S in case.around):
            return
        heappush(waiting, (bound, -search.cases, case, inside, outside))
        search.cases += 1

    none = np.zeros(len(Z), dtype=bool)
    add(search.tree, none, none)
    for step in range(solver.cases + 1):
        search.bound = waiting[0][0] if waiting else search.value
        if step == 0 and search.value - search.bound > HOPELESS:
            return "limit"
        if step & (step - 1) == 0:
            search.history.append({"cases": search.cases, "value": search.value, "bound": search.bound})
            report(search)
        if search.bound >= search.value:
            return "optimal"
        if clock.left <= 0 or step == solver.cases or not waiting[0][2].around:
            return "limit"
        _, _, case, inside, outside = heappop(waiting)
        split = min(case.around, key=lambda S: _open(S, outside))
        below, before = list[Case](), outside
        for i in [i for i in split if not outside[i]]:
            below.append(Case([]))
            add(below[-1], _with(inside, i), before)
            before = _with(before, i)
        case.around, case.below = [split], below
    return "limit"


def _open(S: Simplex, outside: Bools) -> int:
    return int((~outside[list(S)]).sum())


def _with(mask: Bools, i: int) -> Bools:
    found = mask.copy()
    found[i] = True
    return found


def _directions(Z: Floats, rng: np.random.Generator) -> Iterable[Floats]:
    """Some to begin with: away from the mean of the rows, and the best at random, in units of their spread."""
    p = Z.shape[1]
    mean = Z.mean(axis=0)
    spread = (Z - mean).T @ (Z - mean) / len(Z)
    root = np.linalg.inv(np.linalg.cholesky(spread + 1e-9 * np.eye(p)))
    away = [-mean, -root.T @ (root @ mean)]
    drawn = rng.standard_normal((DIRECTIONS, p)) @ root
    counts = (Z @ drawn.T >= 0).sum(axis=0)
    yield from (u for u in away if u.any())
    yield from drawn[np.argsort(counts, kind="stable")[:STARTS]]


def _improved(Z: Floats, u: Floats, inside: Bools, outside: Bools) -> Floats:
    """A direction with as few rows in its halfspace as can be had by leaving out one after the other."""
    along = Z @ u
    for i in np.flatnonzero((along >= 0) & ~inside)[np.argsort(along[(along >= 0) & ~inside], kind="stable")].tolist():
        if Z[i] @ u < 0:
            continue
        kept = Z @ u < 0
        kept[i] = True
        found, _ = nearest(Z, np.flatnonzero(kept & ~inside | outside))
        if found is not None:
            u = found
    return u


def _packed(search: HalfspaceSearch, inside: Bools, outside: Bools, rng: np.random.Generator) -> list[Simplex]:
    """Sets around the point, whose open rows are apart, as many as are found; a set without one, if there is any."""
    Z = search.form.Z
    u, S = nearest(Z, np.flatnonzero(outside))
    if u is None:
        return [] if S is None else [S]
    u = _improved(Z, u, inside, outside)
    search.offer(u)
    best: list[Simplex] = []
    for _ in range(PACKINGS):
        found = _packing(Z, u, inside, outside, rng)
        best = max(best, found, key=len)
        if inside.sum() + len(best) >= search.value:
            break
    return best


def _packing(Z: Floats, u: Floats, inside: Bools, outside: Bools, rng: np.random.Generator) -> list[Simplex]:
    """One set for each row in the halfspace of u, as far as there are rows left, and then whatever there is."""
    free, found = ~inside & ~outside, list[Simplex]()
    halfspace = (Z @ u >= 0) & free
    for i in rng.permutation(np.flatnonzero(halfspace)).tolist():
        some = (free & ~halfspace) | outside
        some[i] = True
        _, S = nearest(Z, np.flatnonzero(some))
        if S is not None:
            found.append(S)
            free[list(S)] = False
    while True:
        _, S = nearest(Z, np.flatnonzero(free | outside))
        if S is None:
            return found
        found.append(S)
        free[list(S)] = False


def nearest(Z: Floats, among: Ints) -> tuple[Floats | None, Simplex | None]:
    """A direction u with u'z < 0 for all those rows, or a set of them whose hull has the 0; neither if it is too near.

    With (r, t) what is left of (0, 1) by the multiples w >= 0 of the vectors (z, 1) that come nearest to it, all
    r'z + t <= 0, and t, the square of its length, is above 0 unless nothing is left: then w are the weights of a hull.
    """
    if not len(among):
        return np.eye(Z.shape[1])[0], None
    from scipy.optimize import nnls

    A = np.vstack([Z[among].T, np.ones(len(among))])
    try:
        w, left = nnls(A, np.eye(len(A))[-1], maxiter=MOST_ROUNDS * len(A))
    except RuntimeError:
        return None, None
    if left <= NEAR:
        return None, tuple(int(i) for i in among[w > NEAR])
    return -(A[:-1] @ w), None


def _found(search: HalfspaceSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    assert search.problem is not None
    n, p = search.form.rows.shape
    stats = {
        "rows": n,
        "columns": p,
        "cases": search.cases,
        "interrupted": search.interrupted,
        "history": search.history,
        "build_seconds": built,
        "solve_seconds": clock.elapsed - built,
    }
    return Searched(search.problem), Findings(
        solver=Halfspaces.name,
        ended=ended,
        candidates=[search.u],
        certificates=[(NONNEGATIVE, ()), (SWEEP, ()) if search.swept else (KIND, search.tree)],
        remark="stopped by its limits" if ended == "limit" else "",
        stats=stats,
    )
