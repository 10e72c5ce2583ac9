"""t-SNE by scikit-learn: gradient descent from the classical map; of many points by Barnes and Hut's tree.

A start that keeps the large distances makes a better map than a random one (Kobak and Linderman, Initialization is
critical for preserving global data structure in both t-SNE and UMAP, 2021). The seed moves that start a little, which
also separates points that it has at one place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from formulations.arithmetic.affinities import Affinities
from formulations.problem import Floats, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed
from solvers.maps.smacof import classical_map

NAME = "tsne"
EXACT = 150  # points up to which all pairs push each other one by one
RATES = (20.0, 1.0)  # of learning, besides the one that suits many points: of few it may be too large
TREE = 3  # dimensions that the tree is for
NARROW, MOVED = 1e-4, 0.01  # deviation of the start, and of it the part that the seed is for
FEWEST = 250  # iterations that scikit-learn takes


@dataclass(frozen=True)
class Tsne:
    """t-SNE by scikit-learn; iterations: of gradient descent."""

    iterations: int = 1_000
    name = NAME

    def __post_init__(self) -> None:
        """Raise ValueError for numbers that make no sense."""
        if self.iterations < FEWEST:
            raise ValueError(f"{self.iterations} iterations are too few; give {FEWEST} at least")


@dataclass
class TsneSearch:
    """Positions as they are being found."""

    problem: SearchProblem
    X: Floats
    value: float
    finished: bool = False
    interrupted: bool = False
    so_far: Callable[[], Any] = lambda: None
    history: list[dict[str, Any]] = field(default_factory=list)


def solve_tsne(
    problem: SearchProblem, solver: Tsne, *, clock: Clock, seed: int, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The positions; there is no bound."""
    form = problem.objective
    assert isinstance(form, Affinities)
    first = _start(form, seed)
    search = TsneSearch(problem, first, form.value(first))
    built = clock.elapsed
    run = partial(_run, search, form, solver, clock, report)
    return followed(search, run, lambda _: _found(search, built, clock))


def _run(search: TsneSearch, form: Affinities, solver: Tsne, clock: Clock, report: Callable[[Any], None]) -> Ended:
    report(search)
    from sklearn.manifold import TSNE

    many = form.n > EXACT and form.k <= TREE
    start, D = search.X.astype(np.float32), form.D / form.D.max()
    for rate in ("auto",) if many else ("auto", *RATES):
        if clock.left <= 0:
            break
        descent = TSNE(
            form.k,
            perplexity=form.perplexity,
            metric="precomputed",
            init=start,
            method="barnes_hut" if many else "exact",
            max_iter=solver.iterations,
            learning_rate=rate,
        )
        X = np.asarray(descent.fit_transform(D), dtype=np.float64)
        value, search.finished = form.value(X), True
        if value < search.value:
            search.X, search.value = X, value
        search.history.append({"round": len(search.history) + 1, "value": search.value, "bound": None})
        report(search)
    return "limit"


def _start(form: Affinities, seed: int) -> Floats:
    """The classical map, narrow, and moved a little."""
    classical = classical_map(form.D / form.D.max(), form.k)
    X = MOVED * np.random.default_rng(seed).standard_normal((form.n, form.k))
    X[:, : classical.shape[1]] += classical / classical[:, 0].std()
    return np.asarray(NARROW * X)


def _found(search: TsneSearch, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    return Searched(search.problem), Findings(
        solver=NAME,
        ended="limit",
        candidates=[search.X],
        remark="no bound of use on the divergence is known"
        + ("" if search.finished else "; stopped by its limits, where the descent begins"),
        stats={
            **account(search, built, clock),
        },
    )
