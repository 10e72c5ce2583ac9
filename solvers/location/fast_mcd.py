"""The rows of least covariance by concentration, which proves nothing (Rousseeuw and Van Driessen 1999, FAST-MCD).

Of h rows with mean m and covariance S, the h rows that are nearest to m by z' S^-1 z have no greater determinant, and
the same one only if they are those rows. So each step from any start helps, until none does. Starts are p + 1 rows at
random, from which the first steps tell good starts from bad ones. Of many rows these are done within a few samples of
them, and the best starts go on in the samples together, and then in all rows.

Steps are taken one by one, with a look at the clock before each: scikit-learn's, which are the same, cannot be stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from formulations.arithmetic.row_subsets import LogDeterminant
from formulations.problem import Floats, Ints, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import followed

FIRST_STEPS, KEPT = 2, 10  # of each start, and how many starts go on
SAMPLE, MOST_SAMPLES = 300, 5  # rows in a sample; fewer than two samples are not worth it
MOST_STEPS = 100  # of a start that goes on
SAME = 1e-12  # of a logarithm: a step that gains no more was the last


@dataclass(frozen=True)
class FastMcd:
    """FAST-MCD from so many starts."""

    starts: int = 500
    name = "fast-mcd"

    def __post_init__(self) -> None:
        """Raise ValueError for a number of starts that makes no sense."""
        if self.starts < 1:
            raise ValueError(f"starts is {self.starts!r}; it must be a whole number from 1")


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """Mean and covariance of some rows, as a root of its inverse, (p, p), and the logarithm of its determinant."""

    center: Floats
    root: Floats
    log: float


@dataclass
class SubsetSearch:
    """The best set of rows so far, and what came of the search."""

    form: LogDeterminant
    mask: Any
    value: float
    steps: int = 0
    interrupted: bool = False
    so_far: Callable[[], Any] = lambda: None

    def offer(self, rows: Ints) -> None:
        """Keep a set of rows, by number, if it is better."""
        mask = _mask(rows, len(self.mask))
        value = self.form.value(mask)
        if value < self.value:
            self.mask, self.value = mask, value


def solve_subset(
    problem: SearchProblem, solver: FastMcd, *, clock: Clock, seed: int, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The rows that were found."""
    form = problem.objective
    assert isinstance(form, LogDeterminant)
    near = np.abs(form.rows - np.median(form.rows, axis=0)).sum(axis=1)
    mask = _mask(np.argsort(near, kind="stable")[: form.h], len(near))
    search, built = SubsetSearch(form, mask, form.value(mask)), clock.elapsed
    rng = np.random.default_rng(seed)

    def found(ended: Ended) -> tuple[Searched, Findings]:
        n, p = form.rows.shape
        stats = {"rows": n, "columns": p, "steps": search.steps, "interrupted": search.interrupted}
        return Searched(problem), Findings(
            solver=FastMcd.name,
            ended="limit",
            candidates=[search.mask],
            remark="stopped by the time limit" if clock.left <= 0 else "",
            stats={**stats, "build_seconds": built, "solve_seconds": clock.elapsed - built},
        )

    return followed(search, lambda: _run(search, solver, clock, rng, report), found)


def _run(
    search: SubsetSearch, solver: FastMcd, clock: Clock, rng: np.random.Generator, report: Callable[[Any], None]
) -> Ended:
    """Starts within samples, the best of them within these together, and the best of those within all rows."""
    form = search.form
    n, h = len(form.rows), form.h
    Z = form.rows - np.median(form.rows, axis=0)
    Z /= np.maximum(np.abs(Z).max(axis=0), np.finfo(float).tiny)  # the determinant is another, by the same factor
    report(search)

    def best(rows: Floats, starts: Iterable[Ellipsoid]) -> list[Ellipsoid]:
        """The best of the starts after their first steps among these rows, of which a like share is to be found."""
        stepped = (
            _concentrated(search, rows, max(h * len(rows) // n, 1), start, FIRST_STEPS, clock)[0] for start in starts
        )
        return sorted((one for one in stepped if one is not None), key=lambda one: one.log)[:KEPT]

    samples = min(n // SAMPLE, MOST_SAMPLES)
    if samples < 2:
        several = best(Z, _starts(Z, solver.starts, rng))
    else:
        drawn = Z[rng.permutation(n)[: samples * SAMPLE]]
        parts = np.array_split(drawn, samples)
        each = -(-solver.starts // samples)
        several = best(drawn, [one for part in parts for one in best(part, _starts(part, each, rng))])
    for start in several:
        _, rows = _concentrated(search, Z, h, start, MOST_STEPS, clock)
        if rows is not None:
            search.offer(rows)
            report(search)
    return "limit"


def _starts(Z: Floats, count: int, rng: np.random.Generator) -> Iterator[Ellipsoid]:
    """Of p + 1 rows at random each, or more where these lie in a plane."""
    n, p = Z.shape
    for _ in range(count):
        order, k = rng.permutation(n), p + 1
        while (start := _ellipsoid(Z[order[:k]])) is None and k < n:
            k *= 2
        if start is not None:
            yield start


def _ellipsoid(some: Floats) -> Ellipsoid | None:
    """Of some rows; None if they lie in a plane."""
    center = some.mean(axis=0)
    centred = some - center
    lengths, axes = np.linalg.eigh(centred.T @ centred / len(some))
    if lengths[0] <= len(lengths) * np.finfo(float).eps * lengths[-1]:
        return None
    return Ellipsoid(center, axes / np.sqrt(lengths), float(np.log(lengths).sum()))


def _concentrated(
    search: SubsetSearch, Z: Floats, h: int, start: Ellipsoid, steps: int, clock: Clock
) -> tuple[Ellipsoid | None, Ints | None]:
    """What so many steps to the h nearest rows lead to, and these rows; nothing where they lie in a plane, or late."""
    here, rows = start, None
    for k in range(steps):
        if clock.left <= 0:
            return None, rows
        away = (Z - here.center) @ here.root
        rows = np.argpartition(np.einsum("ij,ij->i", away, away), h - 1)[:h]
        after = _ellipsoid(Z[rows])
        search.steps += 1
        if after is None:
            return None, rows
        last = k > 0 and after.log >= here.log - SAME * max(1.0, abs(here.log))
        here = after
        if last:
            break
    return here, rows


def _mask(some: Any, n: int) -> Any:
    found = np.zeros(n, dtype=bool)
    found[some] = True
    return found
