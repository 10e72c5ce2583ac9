"""The deepest point by cutting planes: directions are added in which the best point so far is not deep.

Of the directions U known so far, a point is at depth m if u'y <= the m-th largest u'x_i for all u of U, a linear
program; the greatest such m, by bisection, is a bound, with the multipliers of m + 1 for its proof. The point that is
farthest from these planes is tried, and a direction in which it is less deep is added. What is found in the end is
proven to be as deep as it is by cases (solvers.location.halfspaces), or, with two columns, by all directions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from formulations.arithmetic.halfspaces import LEVELS, NONNEGATIVE, Case, Deep, RowsBeyond, RowsInHalfspace
from formulations.problem import Bools, Floats, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed
from solvers.location.halfspaces import Halfspaces, HalfspaceSearch, begun, improve, local_search

FIRST = 100  # directions at random to begin with, beside the axes
PROVING = 0.5  # share of the time for the proof of the depth
SAME = 1e-12  # of 1 less the cosine of directions that are the same


@dataclass(frozen=True)
class Deepest:
    """Cutting planes, in so many rounds at most; cases: of the proof of the depth."""

    rounds: int = 500
    cases: int = 2_000
    name = "deepest"

    def __post_init__(self) -> None:
        """Raise ValueError for numbers that make no sense."""
        for name in ("rounds", "cases"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be a whole number from 0")


@dataclass
class DeepestSearch:
    """The best point so far, how deep it is proven to be, and what bounds that and the depth of all points."""

    problem: SearchProblem
    found: Deep
    depth: int = 0
    at_most: int = 0
    most: int = 0
    excluded: tuple[Floats, Floats] | None = None
    rounds: int = 0
    interrupted: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    so_far: Callable[[], Any] = lambda: None

    @property
    def form(self) -> RowsBeyond:
        """The objective."""
        assert isinstance(self.problem.objective, RowsBeyond)
        return self.problem.objective


def solve_deepest(
    problem: SearchProblem, solver: Deepest, *, clock: Clock, seed: int, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The deepest point that was found, with the proof of its depth, and what excludes deeper ones."""
    form = problem.objective
    assert isinstance(form, RowsBeyond)
    search = DeepestSearch(problem, _a_row(form.rows), depth=1, at_most=len(form.rows), most=len(form.rows))
    built = clock.elapsed
    run = partial(_run, search, solver, clock, np.random.default_rng(seed), report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock))


def _a_row(rows: Floats) -> Deep:
    """The row nearest to the median: a row is of depth 1 at least, and its own proof."""
    center, scale = np.median(rows, axis=0), np.ptp(rows, axis=0)
    away = np.divide(rows - center, scale, out=np.zeros_like(rows), where=scale > 0)
    i = int((away**2).sum(axis=1).argmin())
    return Deep(rows[i], Case([(i,)]))


def _run(
    search: DeepestSearch, solver: Deepest, clock: Clock, rng: np.random.Generator, report: Callable[[Any], None]
) -> Ended:
    rows = search.form.rows
    n = len(rows)
    varies = np.ptp(rows, axis=0) > 0  # in the others, if there are such, there is nothing to choose
    point, scale = np.median(rows, axis=0), np.ptp(rows, axis=0)[varies]
    center, p = point[varies], len(scale)
    Z = (rows[:, varies] - center) / scale
    U = np.vstack([np.eye(p), -np.eye(p), *(sign * _random(p, rng) for sign in (1, -1))])
    ranked = _ranked(Z, U)
    report(search)
    for search.rounds in range(1, solver.rounds + 1):
        if p:
            point[varies] = center + scale * _deepest_by(search, _placed(U / scale, varies), U, ranked, clock)
        around = begun(RowsInHalfspace(rows, point.copy()))
        local_search(around, clock, rng, search.most)
        late = clock.left <= PROVING * (clock.limit or 0.0) or search.rounds == solver.rounds
        stuck = around.value < search.most and _is_among(U, around.u[varies] * scale)  # rounding hides its depth
        if around.value >= search.most or late or stuck:
            _prove(search, around, solver, clock, rng)
        search.history.append({"round": search.rounds, "value": n - search.depth, "bound": n - search.most})
        report(search)
        if search.depth >= search.most:
            return "optimal"
        if late or stuck or around.value >= search.most:
            return "limit"
        u = around.u[varies] * scale
        new = (u / np.sqrt(u @ u))[None]
        U, ranked = np.vstack([U, new]), np.hstack([ranked, _ranked(Z, new)])
    return "limit"


def _is_among(U: Floats, u: Floats) -> bool:
    """Whether there is no such direction, or it is one of U."""
    return not u.any() or float((U @ u).max()) > (1 - SAME) * float(np.sqrt(u @ u))


def _placed(U: Floats, varies: Bools) -> Floats:
    """The directions in all columns."""
    found = np.zeros((len(U), len(varies)))
    found[:, varies] = U
    return found


def _prove(
    search: DeepestSearch, around: HalfspaceSearch, solver: Deepest, clock: Clock, rng: np.random.Generator
) -> None:
    """Prove how deep the point of that search is, and keep it if that is deeper than what was proven before."""
    until = Clock(None if clock.limit is None else max(clock.left * PROVING, 0.01))
    improve(around, Halfspaces(solver.cases), until, rng, lambda _: None)
    found = Deep(around.form.point, None if around.swept else around.tree)
    proven = search.form.depth(found)
    if proven > search.depth or not search.depth:
        search.found, search.depth, search.at_most = found, proven, around.value


def _random(p: int, rng: np.random.Generator) -> Floats:
    drawn = rng.standard_normal((FIRST, p))
    return np.asarray(drawn / np.sqrt((drawn**2).sum(axis=1, keepdims=True)))


def _ranked(Z: Floats, U: Floats) -> Floats:
    """What each direction's rows come to, the largest first, (n, k)."""
    return np.asarray(-np.sort(-(Z @ U.T), axis=0))


def _deepest_by(search: DeepestSearch, own: Floats, U: Floats, ranked: Floats, clock: Clock) -> Floats:
    """The point that is deepest in the directions U; own: the same in the units of the rows."""
    low, high = 1, min(search.most, len(ranked))
    best = np.zeros(U.shape[1])
    while low <= high and clock.left > 0:
        m = (low + high) // 2 if search.rounds == 1 else high
        y, slack, weights = _inside(U, ranked[m - 1])
        if slack >= 0:
            best, low = y, m + 1
        else:
            high = m - 1
            if m - 1 < search.most or search.excluded is None:
                search.most, search.excluded = m - 1, (own, weights)
    return best


def _inside(U: Floats, ranked: Floats) -> tuple[Floats, float, Floats]:
    """The point with the most slack in u'y <= ranked, the slack, and the multipliers of the directions."""
    k, p = U.shape
    from scipy.optimize import linprog

    A = np.column_stack([U, np.ones(k)])
    found = linprog(-np.eye(p + 1)[-1], A_ub=A, b_ub=ranked, bounds=[(None, None)] * p + [(None, None)], method="highs")
    if found.status != 0:
        return np.zeros(p), 0.0, np.ones(k)
    return found.x[:p], float(found.x[p]), np.maximum(-found.ineqlin.marginals, 0.0)


def _found(search: DeepestSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    n, p = search.form.rows.shape
    stats = {
        "rows": n,
        "columns": p,
        "rounds": search.rounds,
        "depth_at_most": search.at_most,
        **account(search, built, clock),
    }
    return Searched(search.problem), Findings(
        solver=Deepest.name,
        ended=ended,
        candidates=[search.found],
        certificates=[(NONNEGATIVE, ()) if search.excluded is None else (LEVELS, search.excluded)],
        remark="stopped by its limits" if ended == "limit" else "",
        stats=stats,
    )
