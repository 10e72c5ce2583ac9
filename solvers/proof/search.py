"""The state of a solve of a linear or integer program: the best answer and the proof so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from formulations.arithmetic.exact import as_float
from formulations.problem import Floats, Integers, Problem, Values
from solvers.clock import Clock
from solvers.proof.branching import Leaf, Proof, proven
from solvers.proof.certificate import Dual, ExactModel
from solvers.proof.form import StandardForm

COMPLETION_SECONDS = 1.0  # for the best values of further variables beside those that are given
STEP_SHARE = 1e-4  # of what steps in all columns cost: the most that the size of an objective near 0 may be
INTEGRAL = 1e-6  # how far from an integer still counts as one: what is rounded is then checked exactly


@dataclass
class Search:
    """The state of a solve: the best answer, the bound, and the proof so far. Values are of the form: minimized."""

    problem: Problem
    model: ExactModel
    clock: Clock
    gap: float
    report: Callable[[Search], None]
    so_far: Callable[[], Any] = lambda: None  # the problem as the judge sees it, and what was found up to now
    seed: int = 0
    device: str = "cpu"
    best: Floats | None = None
    value: Fraction | float = math.inf
    size: float = 1.0  # of the problem at the best answer, that gaps are relative to
    interrupted: bool = False
    remark: str = ""  # on how the search ended, where that needs saying
    said: str = ""  # what the user should be told of the way, whatever came of it
    bound: float = -math.inf  # by the LP's word, for progress and pruning; what is claimed is certified afterwards
    proof: Proof | None = None
    direction: Integers | None = None  # in which the costs are said to fall without end
    known: Proof | None = None  # one that was worked out already: what Ctrl-C or the limit cannot take away
    rounds: int = 0
    cuts: int = 0
    boxes: int = 0  # branched into
    iterations: int = 0  # of the simplex method
    loading: float = 0.0  # seconds to hand the compiled model to the solver
    history: list[dict[str, float | int | None]] = field(default_factory=list)

    def offer(self, x: Floats | None) -> bool:
        """Keep x if it is feasible and better than the best."""
        if x is None or not np.isfinite(x).all():
            return False
        form = self.model.form
        own = np.clip(np.where(form.integral, np.rint(x), x), form.lower, form.upper)
        for point in [self.rounded(x), own] if form.further else [own]:  # a function, rounded, may miss a side of 0
            value = self.model.value(point)
            if value < self.value and self.model.broken(point) is None:
                self.best, self.value, self.size = point, value, size_at(self.problem, self.model, point)
                return True
        return False

    def rounded(self, x: Floats) -> Floats:
        """x with its integral columns rounded, in the box, and its functions evaluated."""
        form = self.model.form
        x = np.clip(np.where(form.branching, np.rint(x), x), form.lower, form.upper)
        return form.vector(form.values(x)) if form.further else x

    def keep(self, multipliers: Floats) -> None:
        """Keep multipliers of the rows as the proof if they bound better than the last."""
        leaf = Leaf(Dual(multipliers))
        bound = float(proven(self.model, leaf))
        if self.proof is None or bound > self.bound:
            self.proof, self.bound = leaf, bound

    def contradicts(self, multipliers: Floats) -> bool:
        """Whether multipliers of the rows prove that there is no feasible point; if so, they are the proof."""
        leaf = Leaf(Dual(multipliers), infeasible=True)
        if proven(self.model, leaf) < math.inf:
            return False
        self.proof = leaf
        return True

    def closed(self, bound: Fraction | float) -> bool:
        """Whether the bound meets the best value to the asked gap, or so nearly that no value fits between."""
        if bound == math.inf or self.best is None or bound == -math.inf:
            return bound == math.inf
        left = float(self.value - bound)
        return left <= self.gap * self.size or left < float(self.model.granularity) * (1 - INTEGRAL)

    def note(self) -> None:
        """Write down one round for the history, and tell whoever follows."""
        self.history.append(
            {
                "round": self.rounds,
                "cuts": self.cuts,
                "boxes": self.boxes,
                "bound": self.model.form.objective(self.bound) if math.isfinite(self.bound) else None,
                "value": self.model.form.objective(self.value) if self.best is not None else None,
            }
        )
        self.report(self)


def size_at(problem: Problem, model: ExactModel, x: Floats) -> float:
    """The natural size of the problem at x: its own, or that of the terms of its objective."""
    return _terms(model, x) if problem.size is None else problem.size(model.form.values(x))


def _terms(model: ExactModel, x: Floats) -> float:
    """The sum of |c_j x_j|, at least the cost of a small step: what differences in value are compared with.

    Where the box is wide, terms are summed before the sign is dropped: x could be blown up there at no cost.
    """
    c, used = model.form.c, np.flatnonzero(x)
    narrow = model.form.narrow[used]
    wide = np.zeros(len(x))
    wide[used[~narrow]] = x[used[~narrow]]
    rest = 0.0 if narrow.all() else as_float(model.value(wide))
    total = float(np.abs(c[used] * x[used])[narrow].sum()) + abs(rest)
    steps = np.abs(c) * model.form.steps
    steps = steps[steps > 0]
    return max(total, min(float(steps.min()), STEP_SHARE * float(steps.sum()))) if steps.size else total


def offer_repaired(search: Search, x: Floats) -> None:
    """Offer what the problem's own repair makes of x."""
    if search.problem.repair is not None:
        repaired = search.problem.repair(search.model.form.values(x))
        search.offer(None if repaired is None else completed(search, repaired))


def completed(search: Search, values: Values) -> Floats | None:
    """The columns at those values of some of the variables, the best of the others; None if none was found."""
    form = search.model.form
    if set(form.columns) <= set(values):
        return form.vector(values)
    from scipy.optimize import Bounds, LinearConstraint, milp

    x, others = np.zeros(len(form.c)), np.ones(len(form.c), dtype=bool)
    for name, value in values.items():
        columns, _ = form.columns[name]
        x[columns], others[columns] = value.ravel(order="F"), False
    A, given = csc_array(form.A)[:, np.flatnonzero(others)], form.A @ x
    rows = np.unique(A.indices)
    sides = ((side - given)[rows] for side in (form.row_lower, form.row_upper))
    limits = [LinearConstraint(csr_array(A)[rows], *sides)] if len(rows) else []
    box = Bounds(form.lower[others], form.upper[others])
    options = {"time_limit": min(search.clock.left, COMPLETION_SECONDS)}
    found = milp(form.c[others], integrality=form.integral[others], bounds=box, constraints=limits, options=options)
    x[others] = np.nan if found.x is None else found.x
    return x


def first_answer(search: Search) -> None:
    """Offer what the problem's own repair makes of x = 0, and tell whoever follows: from now on nothing can lose it."""
    form = search.model.form
    offer_repaired(search, np.clip(np.zeros(len(form.c)), form.lower, form.upper))
    if search.best is not None:
        search.report(search)


def integral(form: StandardForm, x: Floats) -> bool:
    """Whether the columns to branch on are integers up to rounding."""
    return bool((np.abs(x - np.rint(x))[form.branching] <= INTEGRAL).all())
