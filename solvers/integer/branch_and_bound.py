"""Branch and cut: the LP relaxation over a tree of boxes, each leaf keeping the multipliers that prove its bound."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Floats
from solvers.findings import Ended
from solvers.integer.exactness import Claim, decide, refined
from solvers.linear.cutting_plane import Relaxation, cut
from solvers.linear.linear_program import Arrays, ExtensibleProgram, LinearProgram
from solvers.linear.sifting import Sifting
from solvers.proof.branching import Branch, Fixed, Leaf, Proof, leaf_bound, whole_bound
from solvers.proof.certificate import Dual, ExactModel
from solvers.proof.exact_dual import exact_dual
from solvers.proof.search import Search, first_answer, integral

PRODUCTS_PER_BOX = 5_000  # of rationals, to make its multipliers exact where columns are unbounded
SIFTING_RATIO = 20  # columns per row from which an LP is sifted
STRONG_BRANCHING_DEPTH, MOST_CANDIDATES = 2, 8  # on tours a quarter less time; in all boxes it takes more than it saves
LEAST_GAIN = 1e-9  # of a bound, so that a product with 0 still tells the other half's gains apart


def branch_and_cut(search: Search, load: Callable[[Arrays], ExtensibleProgram]) -> Ended:
    """Solve to the asked gap or within the time limit; returns "optimal" (done), "limit", "infeasible", "unbounded".

    An interrupt or a limit loses nothing: search keeps the incumbent, and a proof in which every open box is bounded
    by the multipliers of its parent. load makes an LP solver of arrays.
    """
    form = search.model.form
    nothing = Leaf(Dual(np.zeros(len(form.row_lower))), infeasible=bool((form.lower > form.upper).any()))
    search.proof = nothing
    if nothing.infeasible:  # an integer between 0.4 and 0.6, say: LP solvers refuse that
        return "infeasible"
    first_answer(search)
    start = search.clock.elapsed
    relaxation = Relaxation(search.model, _sifted(search, load))
    search.loading = search.clock.elapsed - start
    root = _Box(nothing, {})
    ended = _relax(search, relaxation, root, form.lower, form.upper)
    search.proof = root.leaf
    if ended == "unbounded" and search.model.families:
        search.remark = "the relaxation is unbounded without constraints that are found lazily"
        return "limit"
    if ended == "unbounded" and form.c.any():
        return without_costs(search, load)
    if ended != "optimal" or root.column < 0:
        return "infeasible" if root.leaf.infeasible else ended
    lower, upper, fixed = form.lower, form.upper, np.zeros(0, dtype=np.int64)
    if search.best is not None and not root.leaf.infeasible:
        lower, upper, fixed = _fixed_by_reduced_cost(search, root.leaf)
        relaxation.lp.change_bounds(fixed, lower[fixed], upper[fixed])
    try:
        return _branch(search, relaxation, root, lower, upper)
    finally:
        # The root's multipliers are kept even where they fix nothing: they are the prices of the linear relaxation.
        search.proof = Fixed(fixed, root.leaf.dual, _proof(root)) if isinstance(root.bound, Fraction) else _proof(root)


def without_costs(search: Search, load: Callable[[Arrays], ExtensibleProgram]) -> Ended:
    """ "unbounded" if there is a feasible point, the LP relaxation being unbounded (Meyer 1974); else "infeasible"."""
    form = replace(search.model.form, c=0 * search.model.form.c)
    feasibility = replace(search, model=ExactModel(form, {}), best=None, value=math.inf)
    ended = branch_and_cut(feasibility, load)
    search.offer(feasibility.best)
    if ended == "infeasible":  # of the boxes, whatever the costs; the root's multipliers are those of costs 0
        search.proof = feasibility.proof.below if isinstance(feasibility.proof, Fixed) else feasibility.proof
    search.boxes, search.rounds, search.iterations = feasibility.boxes, feasibility.rounds, feasibility.iterations
    return "unbounded" if ended == "optimal" else ended


def _sifted(search: Search, load: Callable[[Arrays], ExtensibleProgram]) -> Callable[[Arrays], LinearProgram]:
    """The same, or with sifting where there are many more columns than rows and a feasible point is known."""
    best, (rows, columns) = search.best, search.model.form.A.shape
    if best is None or not 1 < rows < columns / SIFTING_RATIO:
        return load
    return lambda lp: Sifting(lp, load, best != 0)


@dataclass(eq=False)
class _Box:
    """A node of the search tree: the root's box but for `sides`, column -> (lower, upper).

    leaf, bound         multipliers, of the LP relaxation or of the parent's, and what they prove
    column, at, halves  x[column] <= at in the first half, x[column] >= at + 1 in the second; -1 if it is settled
    """

    leaf: Leaf
    sides: dict[int, tuple[float, float]]
    bound: Fraction | float = -math.inf
    column: int = -1
    at: int = 0
    halves: list[_Box] = field(default_factory=list)

    def keep(self, search: Search, leaf: Leaf, lower: Floats, upper: Floats) -> bool:
        """Keep multipliers that prove no less than the last; whether the box is settled by what is known."""
        model, endless = search.model, np.isinf(lower).any() or np.isinf(upper).any()
        bound = leaf_bound(model, leaf, lower, upper)
        if bound == -math.inf and endless:
            exact = exact_dual(
                model, leaf.dual, (lower, upper), feasibility=leaf.infeasible, most_products=PRODUCTS_PER_BOX
            )
            leaf = leaf if exact is None else Leaf(exact, leaf.infeasible)
            bound = leaf_bound(model, leaf, lower, upper)
        if bound >= self.bound and (bound == math.inf or not leaf.infeasible):
            self.leaf, self.bound = leaf, bound
        return search.closed(self.bound)


def _branch(search: Search, relaxation: Relaxation, root: _Box, lower: Floats, upper: Floats) -> Ended:
    """Best-first search; lower, upper are the root's box."""
    loaded = root
    queue, order = [(root.bound, 0, root)], 1
    while queue:
        search.bound = float(queue[0][0])
        if search.closed(queue[0][0]):
            break
        if search.clock.left <= 0:
            return "limit"
        _, _, box = heapq.heappop(queue)
        j, at = box.column, box.at
        least, most = box.sides.get(j, (lower[j], upper[j]))
        halves = []
        for sides in ({**box.sides, j: (least, float(at))}, {**box.sides, j: (at + 1.0, most)}):
            half = _Box(box.leaf, sides, box.bound)
            halves.append(half)
            if sides[j][0] > sides[j][1]:  # reduced costs fixed the column after it was chosen: nothing is in the half
                half.bound = math.inf
                continue
            _load_box(relaxation, loaded, half, lower, upper)
            loaded = half
            search.boxes += 1
            ended = _relax(search, relaxation, half, *_sides(sides, lower, upper))
            if ended == "limit":
                return "limit"
            if half.column >= 0:
                heapq.heappush(queue, (half.bound, order, half))
                order += 1
        box.halves = halves
        search.note()
    search.bound = float(search.value)
    if search.remark:
        return "limit"
    return "optimal" if search.best is not None else "infeasible"


def _relax(search: Search, relaxation: Relaxation, box: _Box, lower: Floats, upper: Floats) -> Ended:
    """Bound the box by its LP relaxation; "optimal" says that this is done, and box.column where to branch, if need be.

    What the LP solver says within its tolerances is believed only as far as it is exactly so.
    """
    form = search.model.form
    status, x, dual, _ = cut(search, relaxation)
    whole = lower is form.lower and upper is form.upper
    if (status == "limit" and search.clock.left <= 0) or (status == "unbounded" and whole):
        return status
    if dual is not None and box.keep(search, Leaf(dual, infeasible=status == "infeasible"), lower, upper):
        return "optimal"
    if x is not None and not integral(form, x):
        box.column = _branching_column(search, relaxation, len(box.sides), x, lower, upper)
        box.at = math.floor(x[box.column])
        return "optimal"
    if x is not None and search.offer(refined(search, x)) and search.closed(box.bound):
        return "optimal"
    return decide(search, box, Claim(status, x, dual), lower, upper)


def _branching_column(
    search: Search, relaxation: Relaxation, depth: int, x: Floats, lower: Floats, upper: Floats
) -> int:
    """Of the columns at least half as fractional as any the cheapest, or near the root the one that promises most.

    There a few of them, from the cheapest to the dearest, are tried (strong branching): the best is that of the largest
    product of what the LP relaxation's bound gains in both halves. It ends when it has cost as much as all before.
    """
    form = search.model.form
    fraction = np.where(form.branching, np.abs(x - np.rint(x)), 0.0)
    candidates = np.flatnonzero(fraction >= 0.5 * fraction.max())
    candidates = candidates[np.argsort(form.c[candidates], kind="stable")]
    if depth >= STRONG_BRANCHING_DEPTH or len(candidates) == 1:
        return int(candidates[0])
    tried = candidates[np.linspace(0, len(candidates) - 1, MOST_CANDIDATES).astype(int)]
    best, most, iterations, bound = int(tried[0]), -math.inf, search.iterations, float((form.c * x).sum())
    for j in dict.fromkeys(tried.tolist()):
        product = 1.0
        for low, high in ((lower[j], math.floor(x[j])), (math.floor(x[j]) + 1.0, upper[j])):
            relaxation.lp.change_bounds(np.array([j]), np.array([low]), np.array([high], dtype=np.float64))
            half, _ = relaxation.solve(search.clock.left)
            search.iterations += half.iterations
            gain = math.inf if half.x is None else float((form.c * half.x).sum()) - bound
            product *= max(min(gain, float(search.value) - bound, 1 / LEAST_GAIN), LEAST_GAIN)
        relaxation.lp.change_bounds(np.array([j]), lower[[j]], upper[[j]])
        if search.clock.left <= 0:
            break
        if product > most:
            best, most = j, product
        if search.iterations > 2 * iterations:
            break
    return best


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


def _fixed_by_reduced_cost(search: Search, leaf: Leaf) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Reduced-cost fixing: the box without what costs more than the gap, and the columns that stay at a bound."""
    model, form, none = search.model, search.model.form, np.zeros(0, dtype=np.int64)
    result = whole_bound(model, leaf)
    if isinstance(result.value, float):
        return form.lower, form.upper, none
    gap = search.value - model.granularity - result.value
    fixed = (np.abs(result.reduced) > gap * result.unit).astype(bool) & (result.reduced != 0).astype(bool)
    columns = np.flatnonzero(fixed & form.integral)
    lower, upper = form.lower.copy(), form.upper.copy()
    stay = np.where(result.reduced[columns] > 0, lower[columns], upper[columns])
    lower[columns] = upper[columns] = stay
    return lower, upper, columns
