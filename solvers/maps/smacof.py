"""Metric scaling by majorization: SMACOF, from the classical map and from random ones.

    X  <-  B(X) X / n           B_ij = -d_ij / r_ij, rows of B sum to 0

is Guttman's transform; it minimizes a quadratic function that is the stress at X and nowhere below it, so that stress
never rises, nor does it by twice the step (de Leeuw, Applications of convex analysis to multidimensional scaling, 1977;
de Leeuw and Heiser 1980). The bound comes from the same steps in as many dimensions as distances have: there all local
optima are global.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from formulations.arithmetic.raw_stress import RawStress, lengths
from formulations.problem import Floats, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judge import MEETS
from solvers.judged.searched import Searched
from solvers.judged.so_far import followed

NAME, KIND = "smacof", "distances in more dimensions"
SETTLED = 1e-11  # of the squared distances: a step that lowers the stress by less
POSITIVE = 1e-9  # of the largest eigenvalue: a dimension of the relaxation has at least that one
BOUNDED = 500  # points up to which the relaxation is solved: its steps multiply full matrices
PAIRS = 4_000_000  # that random starts have together
ROUND, THIN = 10, 1e-3  # steps of the relaxation after which dimensions are left out, and of the widest one how wide


@dataclass(frozen=True)
class Smacof:
    """SMACOF; starts: how many random ones besides the classical map, fewer of many points; iterations: of each."""

    starts: int = 30
    iterations: int = 1_000
    name = NAME

    def __post_init__(self) -> None:
        """Raise ValueError for numbers that make no sense."""
        if self.starts < 0 or self.iterations < 1:
            raise ValueError(f"{self.starts} starts of {self.iterations} iterations make no sense; give 0, 1 at least")


@dataclass
class StressSearch:
    """Positions as they are being found, and a configuration in more dimensions once there is one."""

    problem: SearchProblem
    X: Floats
    value: float
    relaxed: Floats | None = None
    starts: int = 0
    interrupted: bool = False
    so_far: Callable[[], Any] = lambda: None
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def form(self) -> RawStress:
        """The objective."""
        assert isinstance(self.problem.objective, RawStress)
        return self.problem.objective

    def note(self, X: Floats, report: Callable[[Any], None]) -> None:
        """Keep what is better, and tell whoever follows."""
        value = self.form.value(X)
        if value < self.value:
            self.X, self.value = X, value
        self.history.append({"round": len(self.history) + 1, "value": self.value, "bound": None})
        report(self)


def solve_stress(
    problem: SearchProblem, solver: Smacof, *, clock: Clock, seed: int, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The positions, and the configuration that bounds all others."""
    form = problem.objective
    assert isinstance(form, RawStress)
    rng = np.random.default_rng(seed)
    first = float(form.D.mean()) * rng.standard_normal((form.n, form.k))
    search = StressSearch(problem, first, form.value(first))
    built = clock.elapsed
    run = partial(_run, search, solver, clock, rng, report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock))


def _run(
    search: StressSearch, solver: Smacof, clock: Clock, rng: np.random.Generator, report: Callable[[Any], None]
) -> Ended:
    form = search.form
    report(search)
    classical = classical_map(form.D)
    flat = np.zeros((form.n, form.k))
    flat[:, : classical.shape[1]] = classical[:, : form.k]
    search.note(_settled(form, flat, solver.iterations, clock), report)
    if _proves(form, search.X, search.value):
        search.relaxed = search.X
        return "optimal"
    if form.n <= BOUNDED and clock.left > 0:
        search.relaxed = _relaxed(form, classical, solver.iterations, clock)
    scale = float(np.sqrt(form.squares)) / form.n
    for search.starts in range(1, min(solver.starts, PAIRS // form.n**2) + 1):
        if clock.left <= 0:
            return "limit"
        start = scale * rng.standard_normal((form.n, form.k))
        search.note(_settled(form, start, solver.iterations, clock), report)
    return "optimal" if _proves(form, search.X, search.value) else "limit"


def _proves(form: RawStress, X: Floats, value: float) -> bool:
    """Whether the positions themselves are an optimum of the relaxation."""
    return value - form.bound(X) <= MEETS * form.squares


def classical_map(D: Floats) -> Floats:
    """Classical scaling's coordinates of distances D (n, n) in all dimensions that it has, the widest first."""
    S = D**2
    means = S.mean(axis=1)
    values, V = np.linalg.eigh(-0.5 * (S - means - means[:, None] + means.mean()))
    values, V = values[::-1], V[:, ::-1]
    kept = values > POSITIVE * values[0]
    return np.asarray(V[:, kept] * np.sqrt(values[kept]))


def _relaxed(form: RawStress, X: Floats, iterations: int, clock: Clock) -> Floats:
    """The same in more dimensions, those left out that shrink to nothing."""
    for _ in range(0, iterations, ROUND):
        if clock.left <= 0:
            break
        U, sizes, _ = np.linalg.svd(_settled(form, X, ROUND, clock), full_matrices=False)
        kept = sizes > THIN * sizes[0]
        X = U[:, kept] * sizes[kept]
    return X


def _settled(form: RawStress, X: Floats, iterations: int, clock: Clock) -> Floats:
    """Where Guttman's transform and its double lead in turn, until neither lowers the stress."""
    r, value = lengths(X), np.inf
    for iteration in range(iterations):
        before, value = value, float(((r - form.D) ** 2).sum()) / 2
        if clock.left <= 0 or (iteration % 2 == 0 and before - value <= SETTLED * form.squares):
            break
        ratio = np.divide(form.D, r, out=np.zeros_like(r), where=r > 0)
        once = (ratio.sum(axis=1)[:, None] * X - ratio @ X) / form.n
        X = once if iteration % 2 else 2 * once - X
        r = lengths(X)
    return X


def _found(search: StressSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    stats = {
        "starts": search.starts,
        "interrupted": search.interrupted,
        "history": search.history,
        "build_seconds": built,
        "solve_seconds": clock.elapsed - built,
    }
    certificates = [] if search.relaxed is None else [(KIND, search.relaxed)]
    return Searched(search.problem), Findings(
        solver=NAME,
        ended=ended,
        candidates=[search.X],
        certificates=certificates or [(KIND, search.X)],
        remark=_remark(search, clock) if ended == "limit" else "",
        stats=stats,
    )


def _remark(search: StressSearch, clock: Clock) -> str:
    if clock.left <= 0:
        return "stopped by its limits"
    if search.form.n > BOUNDED:
        return f"of more than {BOUNDED:,} points no bound is sought"
    return "in more dimensions there are better positions, which bound those on the map"
