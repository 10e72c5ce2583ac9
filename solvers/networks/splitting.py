"""Robust accuracy by attacks and by branch and bound over the signs of hidden units.

What attacks leave is bounded, point by point and rival by rival: by linear bounds, then by the linear program of the
relaxation, and where that does not prove a positive margin its least point is tried as an attack, and the unit that is
farthest off there is split: active in one cell, inactive in the other, with bounds computed anew (Bunel et al., Branch
and bound for piecewise linear neural network verification, 2020; Wang et al., Beta-CROWN, 2021).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from formulations.arithmetic.relu_bounds import Cells, cells
from formulations.arithmetic.robust_accuracy import KIND, RobustAccuracy, SignTrees
from formulations.problem import Bools, Floats, Ints, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed
from solvers.networks.attacks import ascended
from solvers.networks.relaxation import relaxed

AT_ONCE = 256  # cells whose linear bounds are computed together


@dataclass(frozen=True)
class Splitting:
    """Attacks of so many steps from so many starts, then cells, at most so many for each point and rival."""

    starts: int = 5
    steps: int = 40
    cells: int = 10_000
    name = "relu-splitting"

    def __post_init__(self) -> None:
        """Raise ValueError for numbers that make no sense."""
        for name in ("starts", "steps", "cells"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be a whole number from 1")


@dataclass
class Trees:
    """The trees as they grow: node by node the unit, the place of what is below, and its own multipliers if any."""

    point: Ints
    rival: Ints
    unit: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)
    nu: dict[int, Floats] = field(default_factory=dict)

    def split(self, node: int, unit: int) -> int:
        """Ask for that unit's sign at the node; the first of its two new nodes."""
        first = len(self.unit)
        self.unit[node], self.below[node] = unit, first
        self.unit += [-1, -1]
        self.below += [-1, -1]
        return first

    def certificate(self, units: int) -> SignTrees:
        """As arrays."""
        leaves = sorted(self.nu)
        nu = np.array([self.nu[node] for node in leaves]).reshape(len(leaves), units)
        unit, below, leaf = (np.array(part, dtype=np.int64) for part in (self.unit, self.below, leaves))
        return SignTrees(self.point, self.rival, unit, below, leaf, nu)


@dataclass
class SplittingSearch:
    """Where points are moved to, which are broken by that, and the trees that certify others."""

    problem: SearchProblem
    moved: Floats
    broken: Bools
    trees: Trees
    left: Ints  # of each point, how many cells of its trees are still open
    programs: int = 0
    interrupted: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    so_far: Callable[[], Any] = lambda: None

    @property
    def form(self) -> RobustAccuracy:
        """The objective."""
        assert isinstance(self.problem.objective, RobustAccuracy)
        return self.problem.objective

    def offer(self, points: Ints, moved: Floats) -> None:
        """Keep where those points are moved to if that breaks them."""
        candidate = self.moved.copy()
        low, high = self.form.reach
        candidate[points] = moved.clip(low[points], high[points])
        broken = self.form.broken_points(candidate) & ~self.broken
        self.moved[broken] = candidate[broken]
        self.broken |= broken

    def note(self) -> None:
        """What is known by now, for whoever follows."""
        n = len(self.broken)
        value, bound = 1 - int(self.broken.sum()) / n, int((~self.broken & (self.left == 0)).sum()) / n
        self.history.append({"round": len(self.history), "cells": len(self.trees.unit), "value": value, "bound": bound})


def solve_robust_accuracy(
    problem: SearchProblem, solver: Splitting, *, clock: Clock, seed: int, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """Where points were moved to, and the trees that prove what cannot be broken."""
    form = problem.objective
    assert isinstance(form, RobustAccuracy)
    n, none = len(form.labels), np.zeros(0, dtype=np.int64)
    search = SplittingSearch(problem, form.points.copy(), np.zeros(n, dtype=bool), Trees(none, none), np.ones(n, int))
    built = clock.elapsed
    run = partial(_run, search, solver, clock, np.random.default_rng(seed), report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock), _without_trees)


def _without_trees(found: tuple[Searched, Findings]) -> tuple[Searched, Findings]:
    """What needs no further work: to check trees takes seconds if they are large."""
    judged, findings = found
    return judged, replace(findings, certificates=())


def _run(
    search: SplittingSearch, solver: Splitting, clock: Clock, rng: np.random.Generator, report: Callable[[Any], None]
) -> Ended:
    """Attacks, then trees."""
    search.offer(np.arange(len(search.broken)), search.form.points)
    report(search)
    for start in range(solver.starts):
        points = np.flatnonzero(~search.broken)
        if not len(points):
            break
        if clock.left <= 0:
            return "limit"
        search.offer(points, ascended(search.form, points, solver.steps, rng if start else None))
    return _grow(search, solver, clock, report)


def _grow(search: SplittingSearch, solver: Splitting, clock: Clock, report: Callable[[Any], None]) -> Ended:
    """Trees of all points that are not broken, in depth, until each is certified or broken or there is no time."""
    form = search.form
    points = np.flatnonzero(~search.broken)
    rivals = (form.labels[points][:, None] + np.arange(1, form.network.classes)) % form.network.classes
    trees = search.trees = Trees(points.repeat(rivals.shape[1]), rivals.ravel())
    roots, units = len(trees.point), sum(form.network.hidden)
    trees.unit, trees.below = [-1] * roots, [-1] * roots
    search.left = np.bincount(trees.point, minlength=len(form.labels))
    sizes = np.ones(roots, dtype=np.int64)
    waiting = [(node, node, np.zeros(units, dtype=np.int8)) for node in reversed(range(roots))]  # node, tree, signs
    stuck = False
    while waiting:
        if clock.left <= 0:
            return "limit"
        batch = [item for item in waiting[-AT_ONCE:] if not search.broken[trees.point[item[1]]]]
        del waiting[-AT_ONCE:]
        if not batch:
            continue
        found = _unproven(search, batch)
        for item, cell in found:
            node, tree, signs = item
            if search.broken[trees.point[tree]]:
                continue
            if clock.left <= 0:
                return "limit"
            unit = _bounded(search, node, tree, cell, clock)
            if unit is None:
                continue
            if unit < 0 or sizes[tree] >= solver.cells:
                stuck = True
                continue
            first = trees.split(node, unit)
            sizes[tree] += 2
            search.left[trees.point[tree]] += 1
            for child, sign in ((first, -1), (first + 1, 1)):
                known = signs.copy()
                known[unit] = sign
                waiting.append((child, tree, known))
        search.note()
        report(search)
    return "limit" if stuck else "optimal"


def _unproven(search: SplittingSearch, batch: list[tuple[int, int, Any]]) -> list[tuple[tuple[int, int, Any], Cells]]:
    """Those items of which linear bounds do not prove a positive margin, with their cells."""
    form, trees = search.form, search.trees
    of_tree = np.array([tree for _, tree, _ in batch])
    points, rivals = trees.point[of_tree], trees.rival[of_tree]
    low, high = form.box
    within = cells(form.network, low[points], high[points], np.array([signs for *_, signs in batch]))
    positive = form.margins(within, points, rivals) > 0
    np.subtract.at(search.left, points[positive], 1)
    return [(batch[i], within.take(np.array([i]))) for i in np.flatnonzero(~positive).tolist()]


def _bounded(search: SplittingSearch, node: int, tree: int, cell: Cells, clock: Clock) -> int | None:
    """Bound the cell by its program: None if that settles it, else the unit to be split, -1 if there is none."""
    form, trees = search.form, search.trees
    point, rival = trees.point[[tree]], trees.rival[[tree]]
    W = form.network.weights[-1]
    found = relaxed(cell, (W[form.labels[point]] - W[rival])[0], clock)
    search.programs += 1
    if found is None:
        return -1
    if form.margins(cell, point, rival, found.nu[None])[0] > 0:
        trees.nu[node] = found.nu
        search.left[point] -= 1
        return None
    if found.x is None:
        return -1
    search.offer(point, found.x[None])
    if search.broken[point[0]]:
        return None
    assert found.off is not None
    crossing = np.concatenate(
        [(low < 0) & (high > 0) for low, high in zip(cell.lower, cell.upper, strict=True)], axis=1
    )[0]
    return int(np.where(crossing, found.off, -1.0).argmax()) if crossing.any() else -1


def _found(search: SplittingSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    form = search.form
    stats = {
        "points": len(form.labels),
        "hidden_units": sum(form.network.hidden),
        "cells": len(search.trees.unit),
        "programs": search.programs,
        **account(search, built, clock),
    }
    return Searched(search.problem), Findings(
        solver=Splitting.name,
        ended=ended,
        candidates=[search.moved],
        certificates=[(KIND, search.trees.certificate(sum(form.network.hidden)))],
        remark="stopped by its limits" if ended == "limit" else "",
        stats=stats,
    )
