"""Sums of losses of rows, by Newton's method; medians and trimmed means by sorting.

With the weights w_i = rho'(r_i) / r_i of the rows z_i = x_i - y, of lengths r_i, the gradient is minus g = sum of
w_i z_i, and the matrix of second derivatives

    H  =  sum of w_i I - k_i w_i z_i z_i' / r_i^2       k_i = 1 where rho is straight at r_i, 0 where it is a square

A step is H^-1 g, halved until it helps; where that is of no use it is g over the sum of the weights, which never harms
(Weiszfeld, Sur le point pour lequel la somme des distances de n points donnes est minimum, 1937). A row at which f has
a kink is best if the others pull at it by no more than its own m copies can hold (Kuhn, A note on Fermat's problem,
1973); else there is a step away from it (Vardi and Zhang, The multivariate L1-median and associated data depth, 2000).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from formulations.arithmetic.losses_of_rows import FORCES, THRESHOLDS, SumOfLosses, Trimming
from formulations.problem import Floats, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judge import MEETS
from solvers.judged.searched import Searched
from solvers.judged.so_far import followed

HALVINGS = 30  # of a step, at most
SHARE = 1e-2  # of the gap asked for: what the pull that is left may cost
SAME = 1e-14  # relative: values so near each other are not told apart


@dataclass(frozen=True)
class Newton:
    """Newton's method; iterations: at most."""

    iterations: int = 1_000
    name = "newton"

    def __post_init__(self) -> None:
        """Raise ValueError for a number of iterations that makes no sense."""
        if self.iterations < 1:
            raise ValueError(f"iterations is {self.iterations!r}; it must be a whole number from 1")


@dataclass
class LocationSearch:
    """A point as it is being found, less the center of the rows, or marks; and the forces there, or thresholds."""

    problem: SearchProblem
    found: Any
    certificate: Any
    kind: str = FORCES
    interrupted: bool = False
    iteration: int = 0
    so_far: Callable[[], Any] = lambda: None


def solve_location(
    problem: SearchProblem, solver: Newton, *, clock: Clock, gap: float | None, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The point, or the marks, and what proves it."""
    form, built = problem.objective, clock.elapsed
    if isinstance(form, Trimming):
        search = LocationSearch(problem, *form.sorted_out(), THRESHOLDS)
    else:
        assert isinstance(form, SumOfLosses)
        about = form.about_center
        y = about.rows.mean(axis=0) if form.loss.knee == np.inf else np.zeros_like(form.center)
        search = LocationSearch(problem, y, form.forces(form.center + y))
    run = partial(_run, search, solver, clock, MEETS if gap is None else gap, report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock))


def _run(search: LocationSearch, solver: Newton, clock: Clock, gap: float, report: Callable[[Any], None]) -> Ended:
    form = search.problem.objective
    report(search)
    if not isinstance(form, SumOfLosses) or form.loss.entries:
        return "optimal"
    form = form.about_center
    here, tried = _At(form, search.found), -1
    for search.iteration in range(1, solver.iterations + 1):
        if form.loss.knee == 0 and (nearest := int(here.r.argmin())) != tried:
            tried = nearest
            at_row = _at_row(form, nearest)
            if at_row.holds or here.r[nearest] == 0:
                search.found, search.certificate = at_row.y, at_row.U
                if at_row.holds:
                    return "optimal"
                here = _At(form, at_row.away)
        search.found, search.certificate = here.y, here.U
        report(search)
        if here.pull <= SHARE * gap * len(form.rows) * form.loss.steepest:
            return "optimal"
        if clock.left <= 0:
            return "limit"
        after = _step(here)
        if after is None:
            return "limit"
        here = after
    return "limit"


class _At:
    """What there is to know of a point: the value, the forces of the rows, (n, p), and their sum."""

    def __init__(self, form: SumOfLosses, y: Floats) -> None:
        """Of y."""
        self.form, self.y = form, y
        self.Z = form.rows - y
        self.r = form.loss.sizes(self.Z)
        self.value = float(form.loss.of(self.r).sum())
        self.w = form.loss.slope(np.maximum(self.r, np.finfo(float).tiny))
        self.U = self.w * self.Z
        self.g = self.U.sum(axis=0)
        self.pull = float(np.sqrt(self.g @ self.g))

    def better(self, other: _At) -> bool:
        """Whether the value is less; of values that rounding does not tell apart the one with less pull."""
        return self.value < other.value * (1 - SAME) or (
            self.value <= other.value * (1 + SAME) and self.pull < other.pull / 2
        )

    def newton(self) -> Floats:
        """H^-1 g."""
        straight = self.r >= self.form.loss.knee
        D = np.where(straight, self.Z / np.maximum(self.r, np.finfo(float).tiny), 0.0)
        H = self.w.sum() * np.eye(len(self.g)) - D.T @ (self.w * D)
        return np.asarray(np.linalg.lstsq(H, self.g, rcond=None)[0])


def _step(here: _At) -> _At | None:
    """A better point; None if none is found."""
    step = here.newton()
    for k in range(HALVINGS):
        after = _At(here.form, here.y + step / 2**k)
        if after.better(here):
            return after
    after = _At(here.form, here.y + here.g / here.w.sum())
    return after if after.better(here) else None


@dataclass(frozen=True, eq=False)
class _AtRow:
    """A row as a point: the forces there, whether they hold it, and, if not, a point that is better."""

    y: Floats
    U: Floats
    holds: bool
    away: Floats


def _at_row(form: SumOfLosses, row: int) -> _AtRow:
    """Of the point at which that row is; its copies together hold a pull of at most their number."""
    y = form.rows[row]
    Z = form.rows - y
    r = form.loss.sizes(Z)
    here = r[:, 0] == 0
    w = np.divide(1, r, out=np.zeros_like(r), where=r > 0)
    U = w * Z
    pull, copies = U.sum(axis=0), int(here.sum())
    size = float(np.sqrt(pull @ pull))
    U[here] = -pull / max(copies, size)
    step = pull * (max(size - copies, 0.0) / (size * w.sum())) if size else pull
    return _AtRow(y, U, size <= copies * (1 + SAME), y + step)


def _found(search: LocationSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    form = search.problem.objective
    assert isinstance(form, SumOfLosses | Trimming)
    n, p = form.rows.shape
    stats = {
        "rows": n,
        "columns": p,
        "iterations": search.iteration,
        "interrupted": search.interrupted,
        "build_seconds": built,
        "solve_seconds": clock.elapsed - built,
    }
    return Searched(search.problem), Findings(
        solver=Newton.name,
        ended=ended,
        candidates=[search.found if isinstance(form, Trimming) else form.center + search.found],
        certificates=[(search.kind, search.certificate)],
        remark="stopped by its limits" if ended == "limit" else "",
        stats=stats,
    )
