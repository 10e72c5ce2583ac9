"""What a branch-and-bound box comes to where the LP solver's tolerances leave that open.

The solver's point may break a row by less than its tolerance, its multipliers may miss the bound by as little, and its
"infeasible" may not be provable in floats. Then one row alone contradicts the box, or the multipliers can be made
exact, or the small program is solved in exact arithmetic, or the box is split on, until its integral columns are fixed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np

from formulations.problem import Bools, Floats
from solvers.findings import Ended
from solvers.proof.branching import Leaf, leaf_bound
from solvers.proof.certificate import Dual, ExactModel
from solvers.proof.exact_dual import REPAIR_SECONDS, exact_dual
from solvers.proof.exact_simplex import ExactSolution, fits, solve_exactly
from solvers.proof.search import Search

VISIBLE = 1e-12  # by how much a column moves
UNDECIDED = "the LP solver's answer holds only up to its tolerances, and the program is too large for exact arithmetic"


@dataclass(frozen=True)
class Claim:
    """What the LP solver says of a box."""

    status: Ended
    x: Floats | None
    dual: Dual | None


class Box(Protocol):
    """A part of the root's box: what it is bounded by, and where to branch, or -1."""

    leaf: Leaf
    bound: Fraction | float
    column: int
    at: int

    def keep(self, search: Search, leaf: Leaf, lower: Floats, upper: Floats) -> bool:
        """Keep multipliers that prove no less than the last; whether the box is settled by what is known."""


def decide(search: Search, box: Box, claim: Claim, lower: Floats, upper: Floats) -> Ended:
    """Settle the box, or choose where to branch; "optimal" if so, else what the LP solver says without proof."""
    form = search.model.form
    undecided = form.branching & (lower < upper)
    if any(box.keep(search, leaf, lower, upper) for leaf in _rows_against(search, claim.x)):
        return "optimal"
    if lower is form.lower and upper is form.upper and _made_exact(search, box, claim):
        return "optimal"
    solution = None
    if not search.model.families or not undecided.any():
        solution = solve_exactly(search.model, lower, upper, claim.x, search.clock)
    if solution is not None and (solution.status != "unbounded" or not undecided.any()):
        return _adopt(search, box, solution, lower, upper)
    if claim.status == "unbounded" or search.clock.left <= 0:
        return claim.status if claim.status == "unbounded" else "limit"
    if undecided.any():
        box.column = _splitting_column(search, claim, undecided)
        box.at = _splitting_point(box.column, claim.x, lower, upper)
        return "optimal"
    search.remark = UNDECIDED
    if claim.status == "infeasible" and claim.dual is not None and math.isinf(box.bound):
        box.leaf = Leaf(claim.dual, infeasible=True)
    return claim.status


def refined(search: Search, x: Floats) -> Floats | None:
    """The best point with the integers of x, exactly, where x breaks rows visibly; None if there is none.

    A point that breaks large rows within their tolerance can be better than the optimum, or where there is none.
    """
    form, model = search.model.form, search.model
    point = search.rounded(x)
    lower, upper = (np.where(form.branching, point, side) for side in (form.lower, form.upper))
    if not model.tolerance or not fits(model, lower, upper) or not _visibly_broken(model, point):
        return x
    solution = solve_exactly(model, lower, upper, x, search.clock)
    if solution is None or solution.status == "unbounded":
        return x
    if solution.x is not None:
        return np.array([float(value) for value in solution.x])
    assert solution.dual is not None
    contradicted = leaf_bound(model, Leaf(solution.dual, infeasible=True), lower, upper) == math.inf
    return None if contradicted else x


def _visibly_broken(model: ExactModel, x: Floats) -> bool:
    """Whether a column would have to move visibly to mend a row that x breaks."""
    A, (low, high) = model.form.A, model.broken_rows(x, exactly=True)
    for i in np.flatnonzero(low | high).tolist():
        row, side = slice(A.indptr[i], A.indptr[i + 1]), (model.row_lower if low[i] else model.row_upper)[i]
        entries = model.entries[row].tolist()
        terms = zip(entries, x[A.indices[row]].tolist(), strict=True)
        over = abs(sum((p * Fraction(value) for p, value in terms), Fraction(-int(side))))
        if over > VISIBLE * min((abs(p) for p in entries if p), default=0):
            return True
    return False


def _rows_against(search: Search, x: Floats | None) -> Iterator[Leaf]:
    """Proofs by one row each, listed or of a family, that the point nearest to x breaks."""
    model, form = search.model, search.model.form
    if x is None or not form.integral.any():
        return
    point = search.rounded(x)
    low, high = model.broken_rows(point)
    nothing = np.zeros(len(low), dtype=np.int64)
    for i in np.flatnonzero(low | high).tolist():
        one = nothing.copy()
        one[i] = 1 if low[i] else -1
        yield Leaf(Dual(one, unit=1), infeasible=True)
    values = form.values(point)
    for name, family in model.families.items():
        sets = family.violated(values)
        if sets is not None:
            rows = model.rows(name, sets)
            activity = rows.activity(values[rows.variable])
            signs = np.where(activity < rows.lower, 1.0, np.where(activity > rows.upper, -1.0, 0.0))
            for k in np.flatnonzero(signs)[:1].tolist():
                weights = np.where(np.arange(len(signs)) == k, signs, 0.0)
                yield Leaf(Dual(nothing.astype(float), [(name, sets, weights)]), infeasible=True)


def _made_exact(search: Search, box: Box, claim: Claim) -> bool:
    """Whether the whole box is settled by multipliers made exactly dual feasible where columns are unbounded."""
    form, infeasible = search.model.form, claim.status == "infeasible"
    endless = np.isinf(form.lower).any() or np.isinf(form.upper).any()
    if claim.dual is None or not endless or search.clock.left <= REPAIR_SECONDS:
        return False
    if box.bound > -math.inf and not infeasible:
        return False
    exact = exact_dual(search.model, claim.dual, feasibility=infeasible)
    return exact is not None and box.keep(search, Leaf(exact, infeasible), form.lower, form.upper)


def _adopt(search: Search, box: Box, solution: ExactSolution, lower: Floats, upper: Floats) -> Ended:
    """Settle the box by an exact solution of its relaxation, or branch at it."""
    if solution.status == "unbounded":
        return "unbounded"
    assert solution.dual is not None
    if box.keep(search, Leaf(solution.dual, solution.status == "infeasible"), lower, upper) or solution.x is None:
        return "optimal"
    for j in np.flatnonzero(search.model.form.branching).tolist():
        if solution.x[j].denominator > 1:
            box.column, box.at = j, math.floor(solution.x[j])
            return "optimal"
    search.offer(np.array([float(value) for value in solution.x]))
    if not search.closed(box.bound) and search.value > box.bound + search.model.tolerance * search.size:
        search.remark = "the exact solution cannot be rounded to floats that hold"
    return "optimal"


def _splitting_column(search: Search, claim: Claim, undecided: Bools) -> int:
    """An integral column that is not fixed, of a row that the claim hangs on: its coefficient is the largest."""
    form = search.model.form
    if claim.x is not None:
        rows = np.logical_or(*search.model.broken_rows(search.rounded(claim.x)))
    else:
        rows = np.zeros(len(form.row_lower), bool) if claim.dual is None else claim.dual.rows != 0
    A = abs(form.A[np.flatnonzero(rows)])
    weights = np.asarray(A.max(axis=0).toarray()).ravel() if A.shape[0] else np.zeros(len(form.c))
    return int(np.argmax(np.where(undecided, weights, -1.0)))


def _splitting_point(j: int, x: Floats | None, lower: Floats, upper: Floats) -> int:
    """Where to split the column's range: both parts are smaller."""
    finite = [side for side in (lower[j], upper[j]) if math.isfinite(side)]
    middle = sum(finite) / len(finite) if finite else 0.0
    at = math.floor(middle) if x is None else round(x[j])
    return int(max(min(at, upper[j] - 1), lower[j]))
