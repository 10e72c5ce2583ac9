"""Bounds for convex programs from multipliers of their conic form, rigorous in floating point.

For any y in the dual cone, any x0, and every x that is feasible (so that y's >= 0),

    x'Px/2 + c'x  >=  -b'y - x0'P x0/2 + sum over j of [r_j x_j + p_j (x_j - x0_j)^2 / 2],     r = c + A'y + P x0,

where x'Px >= sum of p_j x_j^2. Each term of the sum is least at a known place of x_j's range; without a range it needs
p_j > 0, or r_j = 0 exactly. So any multipliers of a solver give a bound, however inexact they are (Jansson, Chaykin and
Keil, SIAM J. Numer. Anal. 46, 2008; for quadratic objectives Dorn 1960).

Ranges may be those of all x whose objective is at most some level: then min(level, the bound over these) is a bound, as
the others are above the level. All sums are rounded down by more than floating point can be off, cvxpy's own included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from formulations.problem import Bools, Floats, Multipliers, Values
from solvers.proof.conic_form import ConicForm
from solvers.proof.ranges import Ranges

UNSURE = 2.0**-50  # relative to each term of a sum: what it may be off, with the rounding of cvxpy's coefficients

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


def lower_bound(form: ConicForm, dual: ConicDual, ranges: Ranges, *, feasibility: bool = False) -> tuple[float, Bools]:
    """The least that the objective is in the ranges, -inf if unknown, and the columns that lack a range for it.

    With feasibility=True the objective counts as 0: a positive bound then proves that there is no feasible point.
    """
    nothing = -math.inf, np.zeros(len(form.c), dtype=bool)
    if dual.y.shape != form.b.shape or dual.x.shape != form.c.shape:
        return nothing
    if not all((np.abs(part) <= LARGEST).all() for part in (dual.y, dual.x)):
        return nothing
    y = form.cones.into_dual(dual.y)
    flat = np.zeros_like(form.c)
    c, p, x = (flat, flat, flat) if feasibility else (form.c, form.curvature, dual.x)
    Px, size_Px = form.P @ x, abs(form.P) @ np.abs(x)
    r = c + form.A.T @ y + Px
    terms = np.abs(c) + abs(form.A).T @ np.abs(y) + size_Px
    count = np.diff(form.A.tocsc().indptr) + np.diff(form.P.indptr) + 16
    error = UNSURE * count * terms
    least, missing = _least(r, error, p, x, *ranges)
    for j in np.flatnonzero(missing).tolist():
        if _vanishes(form, y, c, Px, j):
            least[j], missing[j] = 0.0, False
    if missing.any():
        return -math.inf, missing
    parts = np.concatenate([-form.b * y, -x * Px / 2, least, [0.0 if feasibility else form.offset]])
    unsure = np.abs(parts).sum() + np.abs(x) @ size_Px * (len(x) + 4)
    if not math.isfinite(unsure):
        return nothing
    return math.nextafter(math.fsum(parts) - UNSURE * unsure, -math.inf), missing


def _least(r: Floats, error: Floats, p: Floats, x: Floats, low: Floats, high: Floats) -> tuple[Floats, Bools]:
    """min over the range of r x_j + p (x_j - x0)^2 / 2 for every r within the error, and where that is -infinite."""
    found = np.full(len(r), np.inf)
    with np.errstate(all="ignore"):
        for slope in (r - error, r + error):
            at = [low, high, np.where(p > 0, np.clip(x - slope / p, low, high), low)]
            for z in at:
                value = np.where(slope == 0, 0.0, slope * z) + np.where(p == 0, 0.0, p * (z - x) ** 2 / 2)
                size = np.where(slope == 0, 0.0, np.abs(slope * z)) + np.where(p == 0, 0.0, np.abs(p) * (z - x) ** 2)
                endless = np.isinf(z) & (p > 0)
                found = np.where(endless, found, np.minimum(found, value - UNSURE * size))
    missing = ~(found > -np.inf) | (found == np.inf)
    return np.where(missing, 0.0, found), missing


def _vanishes(form: ConicForm, y: Floats, c: Floats, Px: Floats, j: int) -> bool:
    """Whether r_j is 0 exactly, in rational arithmetic; P x0 must not come into it."""
    column = form.A.T[[j]].tocoo()
    if Px[j] != 0:
        return False
    return Fraction(c[j]) + sum(Fraction(a) * Fraction(y[i]) for i, a in zip(column.col, column.data, strict=True)) == 0
