"""Low rank plus sparse by the augmented Lagrangian method, one step for each part: ADMM.

    L  =  M - S + Y / mu, its singular values reduced by 1 / mu
    S  =  M - L + Y / mu, its entries reduced by w / mu
    Y  +=  mu (M - L - S)

The entries of Y are then at most w, and its singular values tend to at most 1: it is the dual point (Lin, Chen and Ma,
The augmented Lagrange multiplier method for exact recovery of corrupted low-rank matrices, 2010). mu follows whichever
of the two residuals is larger (Boyd et al., Distributed optimization and statistical learning via ADMM, 2011, 3.4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from formulations.arithmetic.low_rank import LowRankPlusSparse
from formulations.problem import Floats, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judge import relative_gap
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed

KIND = "dual matrix"
MEETS = 1e-7  # gap up to which value and bound count as equal, unless another is asked for
EVERY = 10  # iterations that value and bound are looked at
BALANCE, FACTOR, SETTLED = 10.0, 2.0, 5000  # residuals that far apart change mu by that factor, until an iteration


@dataclass(frozen=True)
class Alm:
    """The augmented Lagrangian method; iterations: at most."""

    iterations: int = 20_000
    name = "alm"

    def __post_init__(self) -> None:
        """Raise ValueError for a number of iterations that makes no sense."""
        if self.iterations < 1:
            raise ValueError(f"iterations is {self.iterations!r}; it must be a whole number from 1")


@dataclass
class SplitSearch:
    """A split as it is being found: the best parts and the best dual matrix."""

    problem: SearchProblem
    L: Floats
    value: float
    Y: Floats
    bound: float
    interrupted: bool = False
    iteration: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    so_far: Callable[[], Any] = lambda: None

    @property
    def form(self) -> LowRankPlusSparse:
        """The objective."""
        assert isinstance(self.problem.objective, LowRankPlusSparse)
        return self.problem.objective

    def note(self, L: Floats, Y: Floats) -> None:
        """Keep what is better."""
        value, bound = self.form.value(L), self.form.bound(Y)
        if value < self.value:
            self.L, self.value = L, value
        if bound > self.bound:
            self.Y, self.bound = Y, bound
        self.history.append({"iteration": self.iteration, "value": self.value, "bound": self.bound})


def solve_split(
    problem: SearchProblem, solver: Alm, *, clock: Clock, gap: float | None, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The split, and the dual matrix."""
    form = problem.objective
    assert isinstance(form, LowRankPlusSparse)
    none = np.zeros_like(form.M)
    search = SplitSearch(problem, none, form.value(none), none, 0.0)
    built = clock.elapsed
    run = partial(_run, search, solver, clock, MEETS if gap is None else gap, report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock))


def _run(search: SplitSearch, solver: Alm, clock: Clock, gap: float, report: Callable[[Any], None]) -> Ended:
    form = search.form
    report(search)
    if search.value == 0:
        return "optimal"
    M, w = form.M, form.w
    mu = M.size / (4 * float(np.abs(M).sum()))
    S, Y = np.zeros_like(M), np.zeros_like(M)
    for search.iteration in range(1, solver.iterations + 1):
        L = _reduced(M - S + Y / mu, 1 / mu)
        before, rest = S, M - L + Y / mu
        S = np.sign(rest) * np.maximum(np.abs(rest) - w / mu, 0.0)
        Y = Y + mu * (M - L - S)
        if search.iteration % EVERY == 0 or clock.left <= 0:
            search.note(L, Y)
            search.note(M - S, Y)
            report(search)
            if relative_gap(search.value, search.bound, search.value) <= gap:
                return "optimal"
        if clock.left <= 0:
            return "limit"
        if search.iteration <= SETTLED and search.iteration % EVERY == 0:
            primal, dual = float(np.linalg.norm(M - L - S)), mu * float(np.linalg.norm(S - before))
            if primal * mu > BALANCE * dual:
                mu *= FACTOR
            elif dual > BALANCE * primal * mu:
                mu /= FACTOR
    return "limit"


def _reduced(A: Floats, by: float) -> Floats:
    """The matrix with its singular values reduced, to 0 at most."""
    U, values, V = np.linalg.svd(A, full_matrices=False)
    kept = values > by
    return np.asarray((U[:, kept] * (values[kept] - by)) @ V[kept])


def _found(search: SplitSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    stats = {
        "rows": search.form.M.shape[0],
        "columns": search.form.M.shape[1],
        "iterations": search.iteration,
        **account(search, built, clock),
    }
    return Searched(search.problem), Findings(
        solver=Alm.name,
        ended=ended,
        candidates=[search.L],
        certificates=[(KIND, search.Y)],
        remark="stopped by its limits" if ended == "limit" else "",
        stats=stats,
    )
