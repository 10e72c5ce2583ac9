"""Bounds for convex programs from multipliers of their conic form, rigorous in floating point.

For any y in the dual cone, any x0, and every x that is feasible (so that y's >= 0),

    x'Px/2 + c'x  >=  -b'y - x0'P x0/2 + sum over j of [r_j x_j + p_j (x_j - x0_j)^2 / 2],     r = c + A'y + P x0,

where x'Px >= sum of p_j x_j^2. Each term of the sum is least at a known place of x_j's range; without a range it needs
p_j > 0, or multipliers with r_j = 0 exactly (solvers.proof.stationary). So a solver's multipliers give a bound however
inexact they are (Jansson, Chaykin and Keil, SIAM J. Numer. Anal. 46, 2008; for quadratic objectives Dorn 1960).

Ranges may be those of all x whose objective is at most some level: then min(level, the bound over these) is a bound, as
the others are above the level. All sums are rounded down by more than floating point can be off, cvxpy's own included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Bools, Floats, Multipliers, Values
from solvers.proof.conic_form import ConicForm
from solvers.proof.ranges import Ranges
from solvers.proof.stationary import stationary

UNSURE = 2.0**-50  # relative to each term of a sum: what it may be off, with the rounding of cvxpy's coefficients

COSTLY = 1e-3  # of what all columns cost a bound
LARGEST = 1e100  # of an entry: beyond, products would overflow


@dataclass(frozen=True)
class ConicDual:
    """Multipliers of the conic form's rows, float64 (m,), and where its columns were, float64 (n,); none need be right.

    level        of the objective of the conic form, up to which ranges are looked for; infinite: all feasible points
    spread       multipliers of the rows of the level set that bound it (solvers.proof.ranges)
    values       the variables of the model near which its Lagrangian is held against the bound
    multipliers  y by the problem's names, as cvxpy has them
    infeasible   the objective counts as 0, so that a positive bound proves that there is no feasible point
    """

    y: Floats
    x: Floats
    level: float = math.inf
    spread: Floats | None = None
    values: Values = field(default_factory=dict)
    multipliers: Multipliers = field(default_factory=Multipliers)
    infeasible: bool = False


def lower_bound(form: ConicForm, dual: ConicDual, ranges: Ranges) -> tuple[float, Bools]:
    """The least that the objective is in the ranges, -inf if unknown, and the columns that lack a range for it.

    Of an infeasible dual: the same with an objective of 0.
    """
    nothing = -math.inf, np.zeros(len(form.c), dtype=bool)
    if dual.y.shape != form.b.shape or dual.x.shape != form.c.shape:
        return nothing
    if not all((np.abs(part) <= LARGEST).all() for part in (dual.y, dual.x)):
        return nothing
    y = form.cones.into_dual(dual.y)
    if not (np.abs(y) <= LARGEST).all():
        return nothing
    flat = np.zeros_like(form.c)
    c, p, x = (flat, flat, flat) if dual.infeasible else (form.c, form.curvature, dual.x)
    Px, size_Px = form.P @ x, abs(form.P) @ np.abs(x)
    g, size = c + Px, np.abs(c) + size_Px
    off, zero = np.zeros(len(y)), np.zeros(len(c), dtype=bool)
    least, missing = _terms(form, y, off, g, size, p, x, ranges, zero)
    if missing.any():
        counts = UNSURE * (np.diff(form.P.indptr) + 2)
        repaired = stationary(form, y, g, counts * size_Px, np.flatnonzero(missing))
        if repaired is None:
            return -math.inf, missing
        (y, off), zero = repaired, missing
        least, missing = _terms(form, y, off, g, size, p, x, ranges, zero)
        if missing.any():
            return -math.inf, missing
    parts, offset = np.concatenate([-form.b * y, -x * Px / 2, least]), 0.0 if dual.infeasible else form.offset
    unsure = UNSURE * (np.abs(parts).sum() + np.abs(x) @ size_Px * (len(x) + 4)) + np.abs(form.b) @ off
    if not parts.any() and not unsure:
        return offset, missing
    total = math.fsum([offset, *parts, -unsure]) if math.isfinite(unsure) else -math.inf
    return math.nextafter(total, -math.inf), missing


def polished(form: ConicForm, dual: ConicDual, ranges: Ranges) -> Floats:
    """Multipliers near y with smaller r_j in the columns that cost the bound most, as far as they can be moved."""
    y, (low, high) = form.cones.into_dual(dual.y), ranges
    g = form.c + form.P @ dual.x
    with np.errstate(invalid="ignore"):
        cost = np.where(form.curvature > 0, 0.0, np.abs(g + form.A.T @ y) * (high - low))
    worst = np.flatnonzero(cost > COSTLY * cost.sum())
    moved = stationary(form, y, g, 0 * g, worst)
    return dual.y if moved is None else moved[0]


def _terms(
    form: ConicForm, y: Floats, off: Floats, g: Floats, size: Floats, p: Floats, x: Floats, ranges: Ranges, zero: Bools
) -> tuple[Floats, Bools]:
    """The least of every term of the sum, r = g + A'y with a y within `off`, and where it is not finite.

    size  of the terms of g; zero: columns whose r is 0 exactly
    """
    A = abs(form.A).T
    count = np.bincount(form.A.indices, minlength=len(g)) + np.diff(form.P.indptr) + 16
    unsure = UNSURE + 2 * ROUNDOFF * count
    error = unsure * (size + A @ np.abs(y)) + (1 + unsure) * (A @ off)
    return _least(np.where(zero, 0.0, g + form.A.T @ y), np.where(zero, 0.0, error), p, x, *ranges)


def _least(r: Floats, error: Floats, p: Floats, x: Floats, low: Floats, high: Floats) -> tuple[Floats, Bools]:
    """min over the range of r x_j + p (x_j - x0)^2 / 2 for every r within the error, and where that is -infinite."""
    found = np.full(len(r), np.inf)
    with np.errstate(all="ignore"):
        for slope in (r - error, r + error):
            for z in (low, high):
                linear, square = np.where(slope == 0, 0.0, slope * z), np.where(p == 0, 0.0, p * (z - x) ** 2 / 2)
                value = linear + square - UNSURE * (np.abs(linear) + np.abs(square))
                found = np.where(np.isinf(z) & (p > 0), found, np.minimum(found, value))
            place, fall = x - slope / p, slope**2 / p / 2
            value = slope * x - fall - UNSURE * (np.abs(slope * x) + fall)
            found = np.where((p > 0) & ~(place < low) & ~(place > high), np.minimum(found, value), found)
    missing = ~np.isfinite(found)
    return np.where(missing, 0.0, found), missing
