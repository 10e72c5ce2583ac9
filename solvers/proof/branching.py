"""Proofs that need more than one set of multipliers: the box is split, and each part is bounded by its own.

Each part is bounded by weak duality (solvers.proof.certificate); the whole by the worst of its parts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from typing import Any

import numpy as np

from formulations.problem import Floats, Ints, Multipliers
from solvers.proof.certificate import ROUNDED, Bound, Dual, ExactModel
from solvers.proof.form import StandardForm

KEPT = 4  # bounds of the whole box: they have an entry for each column


@dataclass(frozen=True)
class Leaf:
    """The multipliers bound this box, or (infeasible) show that no point of it satisfies the rows."""

    dual: Dual
    infeasible: bool = False


@dataclass(frozen=True)
class Branch:
    """Either x_column <= at, or x_column >= at + 1, the column being integral."""

    column: int
    at: int
    below: Proof
    above: Proof


@dataclass(frozen=True)
class Fixed:
    """The multipliers show what it costs to move each of the integral columns off its bound; below, they stay there."""

    columns: Ints
    dual: Dual
    below: Proof


Proof = Leaf | Branch | Fixed


def proven(model: ExactModel, proof: Proof) -> Fraction | float:
    """What the proof proves of c'x over all integer feasible points: +infinity if that there are none."""
    worst: Fraction | float = math.inf
    todo: list[tuple[Proof, Floats, Floats]] = [(proof, model.form.lower, model.form.upper)]
    while todo:
        step, lower, upper = todo.pop()
        match step:
            case Leaf():
                worst = min(worst, leaf_bound(model, step, lower, upper))
            case Branch(column, at, below, above):
                whole = isinstance(column, int) and isinstance(at, int)
                if not whole or not 0 <= column < len(lower) or not model.form.integral[column]:
                    return -math.inf
                todo.append((below, lower, _with(upper, column, min(at, upper[column]))))
                todo.append((above, _with(lower, column, max(at + 1, lower[column])), upper))
            case Fixed(columns, dual, below):
                result = model.lower_bound(dual, lower, upper)
                if isinstance(result.value, float) or not model.form.integral[columns].all():
                    return -math.inf
                rates = result.reduced[columns]
                step_cost = Fraction(int(min(abs(rates), default=0)), result.unit)
                worst = min(worst, lift(model, result.value + step_cost)) if len(columns) else worst
                stay = np.where(rates > 0, lower[columns], upper[columns])
                todo.append((below, _with(lower, columns, stay), _with(upper, columns, stay)))
            case _:
                return -math.inf  # what is no proof proves nothing
    return worst


def leaf_bound(model: ExactModel, leaf: Leaf, lower: Floats, upper: Floats) -> Fraction | float:
    """What a leaf proves over the box; worked out once, so that a long search is not proved all at its end."""
    if (lower > upper).any():
        return math.inf  # there is nothing in the box
    if lower is model.form.lower and upper is model.form.upper:
        return _claimed(model, leaf, whole_bound(model, leaf))
    key = (id(leaf), blake2b(lower.tobytes() + upper.tobytes()).digest())
    if key not in model.kept:
        bound = model.lower_bound(leaf.dual, lower, upper, feasibility=leaf.infeasible)
        model.kept[key] = (leaf, _claimed(model, leaf, bound))
    return model.kept[key][1]


def whole_bound(model: ExactModel, leaf: Leaf) -> Bound:
    """The bound of the leaf's multipliers over the whole box; worked out once, the last few being kept."""
    if id(leaf) not in model.whole:
        if len(model.whole) >= KEPT:
            del model.whole[next(iter(model.whole))]
        model.whole[id(leaf)] = (leaf, model.lower_bound(leaf.dual, feasibility=leaf.infeasible))
    return model.whole[id(leaf)][1]


def _claimed(model: ExactModel, leaf: Leaf, bound: Bound) -> Fraction | float:
    """What a leaf proves by the bound of its multipliers.

    Rows of columns that are not integral hold to a tolerance, so that a contradiction by no more than what rounding
    makes of the model's own numbers is none: two rows that touch, rounded apart, leave answers between them.
    """
    if leaf.infeasible:
        rounding = Fraction(ROUNDED) * bound.terms
        return math.inf if bound.value > rounding else -math.inf
    return lift(model, bound.value)


def _with(vector: Floats, index: Any, value: Any) -> Floats:
    changed = vector.copy()
    changed[index] = value
    return changed


def lift(model: ExactModel, bound: Fraction | float) -> Fraction | float:
    """The least value at or above the bound that c'x can take, where all columns that cost are integral."""
    if isinstance(bound, float) or not model.granularity:
        return bound
    return math.ceil(bound / model.granularity) * model.granularity


def dual_of(form: StandardForm, guess: Multipliers) -> Dual:
    """Multipliers by constraint name as multipliers of the form's rows."""
    kinds = [values.dtype for values in guess.listed.values()]
    y = np.zeros(len(form.row_lower), dtype=float if guess.unit is None else np.result_type(np.int64, *kinds))
    for name, values in guess.listed.items():
        y[form.names[name]] = -values if form.maximize else values
    return Dual(y, [(name, sets, -pi if form.maximize else pi) for name, sets, pi in guess.families], guess.unit)
