"""Bounds on a quadratic assignment objective over orders, scale <A, P B P'> + offset, with dual certificates.

    any A and B             Gilmore-Lawler bound
    B's diagonal constant   projected eigenvalue bound, convex quadratic bound
    B = |i - j|             semidefinite betweenness bound, by far the strongest

Each of these is a lower bound on min <A, P B P'> for symmetric A and B; this module adds sign, scale and offset. A
maximum is minus the minimum with -A.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF
from formulations.bounds.betweenness import betweenness_bound, betweenness_multipliers
from formulations.bounds.convex_quadratic import convex_quadratic_bound, convex_quadratic_point
from formulations.bounds.gilmore_lawler import gilmore_lawler_bound, gilmore_lawler_multipliers
from formulations.bounds.projected_eigenvalue import projected_eigenvalue_bound, projected_eigenvalue_shift
from formulations.problem import Floats, QuadraticAssignment, WeakDual

# name; A, B and seconds -> certificate; A, B and certificate -> lower bound
Row = tuple[str, Callable[[Floats, Floats, float], Any], Callable[[Floats, Floats, Any], float]]
LARGEST_SEMIDEFINITE = 200  # items up to which the semidefinite bound is offered: it needs n^3 numbers


def weak_duals(q: QuadraticAssignment, *, maximize: bool) -> list[WeakDual]:
    """Upper bounds on q's values if maximize, else lower bounds, in q's units; usually the strongest last.

    Empty if neither A nor B is symmetric. From an invalid certificate the bound is inf, or -inf.

    >>> from formulations.problem import place_distances
    >>> path = np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1)  # the best order of a path's vertices costs 2 * 3
    >>> dual = weak_duals(QuadraticAssignment(path, place_distances(4)), maximize=False)[-1]
    >>> certificate = betweenness_multipliers(2 * path, math.inf)  # of w = A + A', as dual finds it
    >>> dual.name, round(dual.bound(certificate), 6)
    ('semidefinite betweenness bound', 6.0)
    """
    if not ((q.A == q.A.T).all() or (q.B == q.B.T).all()):
        return []
    sign = -1.0 if maximize else 1.0
    A, B = sign * q.scale * ((q.A + q.A.T) / 2), (q.B + q.B.T) / 2
    rounding = 8 * ROUNDOFF * float(np.abs(A).sum()) * float(np.abs(B).max(initial=0))

    def dual(name: str, find: Callable[[float], Any], bound: Callable[[Any], float]) -> WeakDual:
        def in_units(certificate: Any) -> float:
            value = sign * (bound(certificate) - rounding) + q.offset
            return value - sign * 4 * ROUNDOFF * (abs(value) + abs(q.offset)) if math.isfinite(value) else value

        return WeakDual(name, find, in_units)

    table: list[Row] = [("Gilmore-Lawler bound", gilmore_lawler_multipliers, gilmore_lawler_bound)]
    if len(np.unique(np.diag(B))) == 1:
        table = [
            ("projected eigenvalue bound", projected_eigenvalue_shift, projected_eigenvalue_bound),
            *table,
            ("convex quadratic bound over doubly stochastic matrices", convex_quadratic_point, convex_quadratic_bound),
        ]
    duals = [dual(name, partial(find, A, B), partial(bound, A, B)) for name, find, bound in table]
    arrangement = _linear_arrangement(A, B)
    if arrangement and len(A) <= LARGEST_SEMIDEFINITE:
        w, constant = arrangement
        find = partial(betweenness_multipliers, w)
        duals.append(dual("semidefinite betweenness bound", find, lambda found: betweenness_bound(w, found) + constant))
    return duals


def _linear_arrangement(A: Floats, B: Floats) -> tuple[Floats, float] | None:
    """w and c with <A, P B P'> >= sum over pairs of w_ij |p_i - p_j| + c, equal up to rounding; or None.

    That is possible if B = f |i - j| + g off a constant diagonal, to 1e-12 of B's largest entry.
    """
    n = len(A)
    place = np.arange(n)
    distance, elsewhere = np.abs(place[:, None] - place), ~np.eye(n, dtype=bool)
    slope = float(B[0, -1] - B[0, 1]) / (n - 2) if n > 2 else 0.0
    base = float(B[0, 1]) - slope if n > 1 else 0.0
    if n > 1 and abs(base) <= 1e-12 * np.abs(B).max():
        slope, base = slope + base, 0.0
    corner = float(B[0, 0]) if n else 0.0
    error = float(np.abs(B - np.where(elsewhere, slope * distance + base, corner)).max(initial=0))
    if not error <= 1e-12 * np.abs(B).max(initial=0):
        return None
    size = float(np.abs(A).sum())
    constant = base * math.fsum(A[elsewhere].tolist()) + corner * math.fsum(np.diag(A).tolist())
    rounding = ROUNDOFF * (8 * abs(constant) + 16 * size * max(float(np.abs(B).max(initial=0)), abs(base)))
    return 2 * slope * A, constant - (error * size + rounding)
