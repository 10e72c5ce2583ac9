"""Branch and cut: the LP relaxation over a tree of boxes, each leaf keeping the multipliers that prove its bound."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Floats
from solvers.judge import Ended
from solvers.linear.cutting_plane import Relaxation, cut
from solvers.linear.linear_program import Arrays, ExtensibleProgram, LinearProgram
from solvers.linear.sifting import Sifting
from solvers.proof.branching import Branch, Fixed, Leaf, Proof, leaf_bound
from solvers.proof.certificate import Dual
from solvers.proof.form import StandardForm
from solvers.proof.search import Search, integral, offer_repaired

SIFTING_RATIO = 20  # columns per row from which an LP is sifted


def branch_and_cut(search: Search, load: Callable[[Arrays], ExtensibleProgram]) -> Ended:
    """Solve to the asked gap or within the time limit; returns "optimal" (done), "limit", "infeasible", "unbounded".

    An interrupt or a limit loses nothing: search keeps the incumbent, and a proof in which every open box is bounded
    by the multipliers of its parent. load makes an LP solver of arrays.
    """
    form = search.model.form
    if (form.lower > form.upper).any():  # an integer between 0.4 and 0.6, say: LP solvers refuse that
        search.proof = Leaf(Dual(np.zeros(len(form.row_lower))), infeasible=True)
        return "infeasible"
    search.proof = Leaf(Dual(np.zeros(len(form.row_lower))))
    offer_repaired(search, np.clip(np.zeros(len(form.c)), form.lower, form.upper))
    start = search.clock.elapsed
    relaxation = Relaxation(search.model, _sifted(search, load))
    search.loading = search.clock.elapsed - start
    status, x, dual, bound = cut(search, relaxation)
    if status == "infeasible" and dual is not None:
        search.proof = Leaf(dual, infeasible=True)
    if status != "optimal" or x is None or dual is None:
        return status
    if integral(form, x):
        search.offer(x)
    if search.closed(bound) or integral(form, x):
        return "optimal"
    fixed = _fixed_by_reduced_cost(search, dual)
    lower, upper = form.lower.copy(), form.upper.copy()
    lower[fixed] = upper[fixed] = np.rint(x[fixed])
    relaxation.lp.change_bounds(fixed, lower[fixed], upper[fixed])
    root = _Box(Leaf(dual), x, bound, {})
    try:
        return _branch(search, relaxation, root, lower, upper)
    finally:
        proof = _proof(root)
        search.proof = Fixed(fixed, dual, proof) if len(fixed) else proof


def _sifted(search: Search, load: Callable[[Arrays], ExtensibleProgram]) -> Callable[[Arrays], LinearProgram]:
    """The same, or with sifting where there are many more columns than rows and a feasible point is known."""
    best, (rows, columns) = search.best, search.model.form.A.shape
    if best is None or not 1 < rows < columns / SIFTING_RATIO:
        return load
    return lambda lp: Sifting(lp, load, best != 0)


@dataclass(eq=False)
class _Box:
    """A node of the search tree: the root's box but for `sides`, column -> (lower, upper).

    leaf, x, bound  multipliers, solution (None if it needs no branching) and bound of the LP relaxation
    column, at, halves  once branched: x[column] <= at in the first half, x[column] >= at + 1 in the second
    """

    leaf: Leaf
    x: Floats | None
    bound: float
    sides: dict[int, tuple[float, float]]
    column: int = -1
    at: int = 0
    halves: list[_Box] = field(default_factory=list)


def _branch(search: Search, relaxation: Relaxation, root: _Box, lower: Floats, upper: Floats) -> Ended:
    """Best-first search; lower, upper are the root's box."""
    form, loaded = search.model.form, root
    queue, order = [(root.bound, 0, root)], 1
    while queue:
        search.bound = queue[0][0]
        if search.closed(search.bound):
            return "optimal"
        if search.clock.left <= 0:
            return "limit"
        _, _, box = heapq.heappop(queue)
        assert box.x is not None
        j = _branching_column(form, box.x)
        at = math.floor(box.x[j])
        least, most = box.sides.get(j, (lower[j], upper[j]))
        halves = []
        for sides in ({**box.sides, j: (least, float(at))}, {**box.sides, j: (at + 1.0, most)}):
            half = _Box(box.leaf, None, box.bound, sides)
            _load_box(relaxation, loaded, half, lower, upper)
            loaded = half
            search.boxes += 1
            status, half.x, dual, bound = cut(search, relaxation)
            if status == "limit":
                return "limit"
            if dual is not None:
                half.leaf = Leaf(dual, infeasible=status == "infeasible")
            half.bound = max(bound, box.bound)
            leaf_bound(search.model, half.leaf, *_sides(sides, lower, upper))  # now, within the time limit
            halves.append(half)
            if half.x is not None and integral(form, half.x):
                search.offer(half.x)
            elif half.x is not None:
                heapq.heappush(queue, (half.bound, order, half))
                order += 1
        box.column, box.at, box.halves = j, at, halves
        search.note()
    search.bound = float(search.value)
    return "optimal"


def _branching_column(form: StandardForm, x: Floats) -> int:
    """The cheapest column at least half as fractional as any: half as many boxes on tours as the most fractional."""
    fraction = np.where(form.integral, np.abs(x - np.rint(x)), 0.0)
    return int(np.argmin(np.where(fraction >= 0.5 * fraction.max(), form.c, np.inf)))


def _load_box(relaxation: Relaxation, loaded: _Box, box: _Box, lower: Floats, upper: Floats) -> None:
    """Change the bounds of the LP from those of the box loaded to those of another, both within lower, upper."""
    columns = np.unique(np.fromiter([*loaded.sides, *box.sides], dtype=np.int64))
    if len(columns):
        sides = [box.sides.get(j, (lower[j], upper[j])) for j in columns.tolist()]
        relaxation.lp.change_bounds(columns, *np.array(sides).T)


def _sides(sides: dict[int, tuple[float, float]], lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """The bounds of a box as arrays."""
    lower, upper = lower.copy(), upper.copy()
    for j, side in sides.items():
        lower[j], upper[j] = side
    return lower, upper


def _proof(root: _Box) -> Proof:
    """The tree as a proof, built bottom up: it may be deeper than Python's stack."""
    boxes = [root]
    done: dict[int, Proof] = {}
    for box in boxes:
        boxes += box.halves
    for box in reversed(boxes):
        if box.halves:
            below, above = (done[id(half)] for half in box.halves)
            done[id(box)] = Branch(box.column, box.at, below, above)
        else:
            done[id(box)] = box.leaf
    return done[id(root)]


def _fixed_by_reduced_cost(search: Search, dual: Dual) -> NDArray[np.int64]:
    """Reduced-cost fixing: integral columns that leave their bound in no better answer, as that costs over the gap."""
    model, none = search.model, np.zeros(0, dtype=np.int64)
    result = model.lower_bound(dual)
    if search.best is None or isinstance(result.value, float):
        return none
    gap = search.value - model.granularity - result.value
    fixed = np.abs(result.reduced) > gap * result.unit if len(result.reduced) else none.astype(bool)
    return np.flatnonzero(fixed.astype(bool) & (result.reduced != 0).astype(bool) & model.form.integral)
