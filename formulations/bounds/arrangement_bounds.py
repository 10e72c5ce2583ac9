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
from functools import cache, partial
from typing import Any

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF
from formulations.bounds.all_orders import best_of_all
from formulations.bounds.betweenness import betweenness_bound, betweenness_multipliers
from formulations.bounds.convex_quadratic import convex_quadratic_bound, convex_quadratic_point
from formulations.bounds.gilmore_lawler import gilmore_lawler_bound, gilmore_lawler_multipliers
from formulations.bounds.held_karp import held_karp_bound, held_karp_potentials
from formulations.bounds.prefix_potentials import neighbours_bound, prefix_bound
from formulations.bounds.projected_eigenvalue import projected_eigenvalue_bound, projected_eigenvalue_shift
from formulations.bounds.subset_potentials import subset_bound
from formulations.problem import Floats, Ordering, PathLength, QuadraticAssignment, WeakDual, is_symmetric
from formulations.problem.arrangement import LISTED_ITEMS, TABLE_ITEMS

# name; A, B and seconds -> certificate; A, B and certificate -> lower bound; its least seconds on a slow day, by n^3
Row = tuple[str, Callable[[Floats, Floats, float], Any], Callable[[Floats, Floats, Any], float], float]
SUBSETS = "potentials of all subsets"
LARGEST_SEMIDEFINITE = 200  # items up to which the semidefinite bound is offered: it needs n^3 numbers


def order_duals(form: QuadraticAssignment | PathLength | Ordering, *, maximize: bool) -> list[WeakDual]:
    """Bounds of any kind that an objective on orders has; up to 10 items the best of all orders.

    >>> form = PathLength(np.array([[0.0, 2, 9], [2, 0, 1], [9, 1, 0]]))
    >>> [(dual.name, dual.bound(dual.certificate(1.0))) for dual in order_duals(form, maximize=False)][:1]
    [('all orders', 3.0)]
    """
    sign = -1 if maximize else 1
    duals: list[WeakDual] = []
    if form.n <= LISTED_ITEMS:
        best = cache(partial(best_of_all, form, sign))
        duals = [WeakDual("all orders", lambda _: best()[0], lambda _: best()[1])]
    if isinstance(form, PathLength):
        find, bound = partial(held_karp_potentials, sign * form.D), partial(held_karp_bound, sign * form.D)
        duals.append(WeakDual("Held-Karp bound", find, lambda y: sign * bound(y), 2e-7 * form.n**2))
    elif isinstance(form, QuadraticAssignment):
        if form.linear is not None:
            W, constant = form.linear
            table = partial(subset_bound, sign * W)
            duals.append(WeakDual(SUBSETS, None, lambda f: sign * table(f) + constant))
        duals += weak_duals(form, maximize=maximize)
    else:
        duals += [*_tables(form, sign), *form.duals]
    return duals


def _tables(form: Ordering, sign: int) -> list[WeakDual]:
    """The bound by a table of the program over subsets, where the objective has one."""
    if form.n > TABLE_ITEMS:
        return []
    if form.prefixes is not None:
        prefixes = form.prefixes
        return [WeakDual(SUBSETS, None, lambda f: sign * prefix_bound(sign * prefixes(), f))]
    if form.steps is not None:
        d, weight = form.steps
        return [WeakDual(SUBSETS, None, lambda f: sign * neighbours_bound(sign * d, weight, f))]
    return []


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
    if not (is_symmetric(q.B) or is_symmetric(q.A)):
        return []
    sign, n = -1.0 if maximize else 1.0, q.n

    @cache
    def minimized() -> tuple[Floats, Floats, float]:
        """A and B, symmetric, and the error that rounding may make; worked out when a bound is asked for."""
        A, B = sign * q.scale * ((q.A + q.A.T) / 2), (q.B + q.B.T) / 2
        return A, B, 8 * ROUNDOFF * float(np.abs(A).sum()) * float(np.abs(B).max(initial=0))

    def dual(name: str, find: Callable[..., Any], bound: Callable[..., float], work: float) -> WeakDual:
        def in_units(certificate: Any) -> float:
            A, B, rounding = minimized()
            value = sign * (bound(A, B, certificate) - rounding) + q.offset
            return value - sign * 4 * ROUNDOFF * (abs(value) + abs(q.offset)) if math.isfinite(value) else value

        return WeakDual(name, lambda seconds: find(*minimized()[:2], seconds), in_units, work * n**3)

    table: list[Row] = [("Gilmore-Lawler bound", gilmore_lawler_multipliers, gilmore_lawler_bound, 6e-10)]
    if len(np.unique(np.diag(q.B))) == 1:
        table = [
            ("projected eigenvalue bound", projected_eigenvalue_shift, projected_eigenvalue_bound, 3e-9),
            *table,
            (
                "convex quadratic bound over doubly stochastic matrices",
                convex_quadratic_point,
                convex_quadratic_bound,
                5e-9,
            ),
        ]
    duals = [dual(*row) for row in table]
    arrangement = _linear_arrangement(*minimized()[:2]) if n <= LARGEST_SEMIDEFINITE else None
    if arrangement:
        w, constant = arrangement
        duals.append(
            dual(
                "semidefinite betweenness bound",
                lambda A, B, seconds: betweenness_multipliers(w, seconds),
                lambda A, B, found: betweenness_bound(w, found) + constant,
                4e-7,
            )
        )
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
