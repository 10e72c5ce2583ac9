"""Metric scaling from the classical map and from random ones, by Guttman's transform.

    X  ->  B(X) X / n           B_ij = -d_ij / r_ij, rows of B sum to 0

minimizes a quadratic function that is the stress at X and nowhere below it: majorization, SMACOF (de Leeuw,
Applications of convex analysis to multidimensional scaling, 1977). It is the step of steepest descent of length 1 / 2n,
and so scipy's L-BFGS takes its steps for gradients, from which it learns more than their double or the next one say: it
needs a third or less of them. The bound comes from the same in as many dimensions as distances have: there all local
optima are global.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from formulations.arithmetic.raw_stress import RawStress
from formulations.problem import Floats, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judge import MEETS
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed

NAME, KIND = "smacof", "distances in more dimensions"
SETTLED = 1e-11  # of the squared distances: a step that lowers the stress by less
LANCZOS = 20  # points by coordinates from which on these are found one by one
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
    """Positions as they are being found, and a configuration in more dimensions once there is one.

    on_the_way  where the steps from the last start have led so far
    """

    problem: SearchProblem
    X: Floats
    value: float
    relaxed: Floats | None = None
    starts: int = 0
    on_the_way: list[Floats] = field(default_factory=list)
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
        self.on_the_way = []
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
    bounded = form.n <= BOUNDED
    classical = classical_map(form.D, None if bounded else form.k)
    flat = np.zeros((form.n, form.k))
    flat[:, : classical.shape[1]] = classical[:, : form.k]
    search.note(_settled(form, flat, solver.iterations, clock, search), report)
    if _proves(form, search.X, search.value):
        search.relaxed = search.X if bounded else None
        return "optimal"
    if bounded and clock.left > 0:
        search.relaxed = _relaxed(form, classical, solver.iterations, clock)
    scale = float(np.sqrt(form.squares)) / form.n
    for search.starts in range(1, min(solver.starts, PAIRS // form.n**2) + 1):
        if clock.left <= 0:
            return "limit"
        start = scale * rng.standard_normal((form.n, form.k))
        search.note(_settled(form, start, solver.iterations, clock, search), report)
    return "optimal" if _proves(form, search.X, search.value) else "limit"


def _proves(form: RawStress, X: Floats, value: float) -> bool:
    """Whether the positions themselves are an optimum of the relaxation; of many points, whether there is no stress."""
    return value - (form.bound(X) if form.n <= BOUNDED else 0.0) <= MEETS * form.size(X)


def classical_map(D: Floats, k: int | None = None) -> Floats:
    """Classical scaling's coordinates of distances D (n, n), the widest first: all that it has, or k at most.

    >>> line = np.arange(3.0)[:, None]
    >>> np.abs(np.diff(classical_map(abs(line - line.T))[:, 0])).round(9).tolist()
    [1.0, 1.0]
    """
    S = D**2
    means = S.mean(axis=1)
    M = -0.5 * (S - means - means[:, None] + means.mean())
    if k is None or k + 1 >= len(D) / LANCZOS:
        values, V = np.linalg.eigh(M)
    else:
        from scipy.sparse.linalg import ArpackNoConvergence, eigsh

        try:
            values, V = eigsh(M, k, which="LA", v0=np.random.default_rng(0).standard_normal(len(D)))
        except ArpackNoConvergence:
            values, V = np.linalg.eigh(M)
    values, V = values[::-1][:k], V[:, ::-1][:, :k]
    kept = values > POSITIVE * values[0]
    return np.asarray(V[:, kept] * np.sqrt(values[kept]))


def _relaxed(form: RawStress, X: Floats, iterations: int, clock: Clock) -> Floats:
    """The same in more dimensions, those left out that shrink to nothing."""
    value = np.inf
    for _ in range(0, iterations, ROUND):
        U, sizes, _ = np.linalg.svd(_settled(form, X, ROUND, clock), full_matrices=False)
        kept = sizes > THIN * sizes[0]
        X = U[:, kept] * sizes[kept]
        before, value = value, form.value(X)
        if clock.left <= 0 or before - value <= SETTLED * form.squares:
            break
    return X


def _settled(
    form: RawStress, start: Floats, iterations: int, clock: Clock, search: StressSearch | None = None
) -> Floats:
    """Where the stress no longer falls; the search is told of positions on the way there."""
    from scipy.optimize import minimize

    unit, shape = float(np.sqrt(form.squares)) / form.n, start.shape
    best = start - start.mean(axis=0), np.inf

    def relative(x: Floats) -> tuple[float, Floats]:
        """The stress of positions in that unit by the squared distances, and its gradient."""
        nonlocal best
        X = unit * x.reshape(shape)
        once, value = form.guttman(X)
        if value < best[1]:
            best = X, value
        return value / form.squares, (2 / (form.n * unit) * (X - once)).ravel()

    def told(intermediate_result: Any) -> None:
        if search is not None:
            search.on_the_way = [best[0]]
        if clock.left <= 0:
            raise StopIteration

    minimize(
        relative,
        (best[0] / unit).ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=told,
        options={"maxiter": iterations, "maxfun": 2 * iterations, "ftol": SETTLED, "gtol": 0.0},
    )
    return np.asarray(best[0])


def _found(search: StressSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    stats = {
        "starts": search.starts,
        **account(search, built, clock),
    }
    certificate = search.X if search.relaxed is None and search.form.n <= BOUNDED else search.relaxed
    return Searched(search.problem), Findings(
        solver=NAME,
        ended=ended,
        candidates=[search.X, *search.on_the_way],
        certificates=[(KIND, certificate)],
        remark=_remark(search, clock) if ended == "limit" else "",
        stats=stats,
    )


def _remark(search: StressSearch, clock: Clock) -> str:
    if clock.left <= 0:
        return "stopped by its limits"
    if search.form.n > BOUNDED:
        return f"of more than {BOUNDED:,} points no bound is sought"
    return "in more dimensions there are better positions, which bound those on the map"
