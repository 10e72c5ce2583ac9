"""Branch and cut: the relaxation solved over ever smaller boxes, each leaf keeping the multipliers that prove it."""

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
from solvers.linear.linear_program import Arrays, LinearProgram, OpenProgram
from solvers.linear.sifting import Sifting
from solvers.proof.branching import Branch, Fixed, Leaf, Proof, leaf_bound
from solvers.proof.certificate import Dual
from solvers.proof.form import StandardForm
from solvers.proof.search import Search, integral, offer_repaired

WIDE = 20  # columns per row from which an LP is sifted


def branch_and_cut(search: Search, load: Callable[[Arrays], OpenProgram]) -> Ended:
    """Solve to the asked gap or until the clock stops; returns "optimal" (done), "limit", "infeasible", "unbounded".

    An interrupt or a limit loses nothing: search keeps the best answer, and a proof in which every open box is
    bounded by the multipliers of the box that it came from.
    """
    form = search.model.form
    if (form.lower > form.upper).any():  # an integer between 0.4 and 0.6, say: solvers take that for a mistake
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
    fixed = _too_dear(search, dual)
    lower, upper = form.lower.copy(), form.upper.copy()
    lower[fixed] = upper[fixed] = np.rint(x[fixed])
    relaxation.lp.change_bounds(fixed, lower[fixed], upper[fixed])
    root = _Box(Leaf(dual), x, bound, {})
    try:
        return _branch(search, relaxation, root, lower, upper)
    finally:
        proof = _proof(root)
        search.proof = Fixed(fixed, dual, proof) if len(fixed) else proof


def _sifted(search: Search, load: Callable[[Arrays], OpenProgram]) -> Callable[[Arrays], LinearProgram]:
    """The loader, or one that sifts where there are many more columns than rows and a feasible point is known."""
    best, (rows, columns) = search.best, search.model.form.A.shape
    if best is None or not 1 < rows < columns / WIDE:
        return load
    return lambda lp: Sifting(lp, load, best != 0)


@dataclass(eq=False)
class _Box:
    """A box of the search: the root's but for `sides`, column -> (lower, upper)."""

    leaf: Leaf
    x: Floats | None
    bound: float
    sides: dict[int, tuple[float, float]]
    column: int = -1
    at: int = 0
    halves: list[_Box] = field(default_factory=list)


def _branch(search: Search, relaxation: Relaxation, root: _Box, lower: Floats, upper: Floats) -> Ended:
    """Best bound first; lower, upper are the root's box."""
    form, entered = search.model.form, root
    queue, order = [(root.bound, 0, root)], 1
    while queue:
        search.bound = queue[0][0]
        if search.closed(search.bound):
            return "optimal"
        if search.clock.left <= 0:
            return "limit"
        _, _, box = heapq.heappop(queue)
        assert box.x is not None
        j = _branching(form, box.x)
        at = math.floor(box.x[j])
        least, most = box.sides.get(j, (lower[j], upper[j]))
        halves = []
        for sides in ({**box.sides, j: (least, float(at))}, {**box.sides, j: (at + 1.0, most)}):
            half = _Box(box.leaf, None, box.bound, sides)
            _enter(relaxation, entered, half, lower, upper)
            entered = half
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


def _branching(form: StandardForm, x: Floats) -> int:
    """Of the columns at least half as fractional as any, the cheapest: halves the boxes of tours."""
    apart = np.where(form.integral, np.abs(x - np.rint(x)), 0.0)
    return int(np.argmin(np.where(apart >= 0.5 * apart.max(), form.c, np.inf)))


def _enter(relaxation: Relaxation, left: _Box, entered: _Box, lower: Floats, upper: Floats) -> None:
    """Move the LP from one box to another, both within lower, upper."""
    columns = np.unique(np.fromiter([*left.sides, *entered.sides], dtype=np.int64))
    if len(columns):
        sides = [entered.sides.get(j, (lower[j], upper[j])) for j in columns.tolist()]
        relaxation.lp.change_bounds(columns, *np.array(sides).T)


def _sides(sides: dict[int, tuple[float, float]], lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    lower, upper = lower.copy(), upper.copy()
    for j, side in sides.items():
        lower[j], upper[j] = side
    return lower, upper


def _proof(root: _Box) -> Proof:
    """The boxes as a proof; bottom up, since the tree may be deeper than Python's stack."""
    line = [root]
    done: dict[int, Proof] = {}
    for box in line:
        line += box.halves
    for box in reversed(line):
        if box.halves:
            below, above = (done[id(half)] for half in box.halves)
            done[id(box)] = Branch(box.column, box.at, below, above)
        else:
            done[id(box)] = box.leaf
    return done[id(root)]


def _too_dear(search: Search, dual: Dual) -> NDArray[np.int64]:
    """Integral columns that cannot leave their bound in any better answer: it would cost more than the gap."""
    model, none = search.model, np.zeros(0, dtype=np.int64)
    result = model.lower_bound(dual)
    if search.best is None or isinstance(result.value, float):
        return none
    room = search.value - model.granularity - result.value
    dear = np.abs(result.reduced) > room * result.unit if len(result.reduced) else none.astype(bool)
    return np.flatnonzero(dear.astype(bool) & (result.reduced != 0).astype(bool) & model.form.integral)
