"""The rows of least covariance by scikit-learn's FAST-MCD (Rousseeuw and Van Driessen 1999), which proves nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from formulations.arithmetic.row_subsets import LogDeterminant
from formulations.problem import SearchProblem
from solvers.clock import Clock
from solvers.findings import Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import followed


@dataclass(frozen=True)
class FastMcd:
    """FAST-MCD."""

    name = "fast-mcd"


@dataclass
class SubsetSearch:
    """A set of rows."""

    mask: Any
    interrupted: bool = False
    so_far: Callable[[], Any] = lambda: None


def solve_subset(
    problem: SearchProblem, clock: Clock, seed: int, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The rows that were found."""
    from sklearn.covariance import fast_mcd

    form = problem.objective
    assert isinstance(form, LogDeterminant)
    near = np.abs(form.rows - np.median(form.rows, axis=0)).sum(axis=1)
    search, built = SubsetSearch(_mask(np.argsort(near, kind="stable")[: form.h], len(near))), clock.elapsed

    def run() -> str:
        report(search)
        if clock.left <= 0:
            return "limit"
        with warnings.catch_warnings(action="ignore"):  # of determinants that grow, which the value shows
            _, _, support, _ = fast_mcd(form.rows, support_fraction=form.h / len(form.rows), random_state=seed % 2**32)
        if support.sum() == form.h and form.value(support) < form.value(search.mask):
            search.mask = support
        return "limit"

    def found(ended: str) -> tuple[Searched, Findings]:
        n, p = form.rows.shape
        stats = {"rows": n, "columns": p, "interrupted": search.interrupted, "build_seconds": built}
        return Searched(problem), Findings(
            solver=FastMcd.name,
            ended="limit",
            candidates=[search.mask],
            stats={**stats, "solve_seconds": clock.elapsed - built},
        )

    return followed(search, run, found)


def _mask(some: Any, n: int) -> Any:
    found = np.zeros(n, dtype=bool)
    found[some] = True
    return found
