"""Seriation criteria: how well an order fits dissimilarities. Names and definitions of R's package seriation 1.4.

With i and j the places of two items, d_ij their dissimilarity, s_ij = 1 / (1 + d_ij) and k = |i - j|, most criteria are
quadratic assignment objectives, the sum of A_ij B(k) over all i and j:

                          A                  B(k)
    2SUM                  s_ij               k^2                 min   Barnard, Pothen, Simon 1993
    LS                    d_ij               n - k               min   Hubert, Schultz 1976
    Inertia               d_ij               k^2                 max   Caraux, Pinloche 2005
    Least_squares         d_ij               -2 k, + constant    min   sum of (d_ij - k)^2; Caraux, Pinloche 2005
    BAR                   d_ij / 2           max(0, b + 1 - k)   min   the band b is n / 5; Earle, Hurley 2015
    Gradient_weighted     d_ij / 2           3 k - n - 1         max   Hubert, Arabie, Meulman 2001
    Path_length           d_ij / 2           [k = 1]             min   Hamiltonian path
    Neumann_stress        2 |s_i - s_j|^2    [k = 1]             min   rows of s; Niermann 2005
    ME                    <s_i, s_j>         [k = 1]             max   rows of s; McCormick, Schweitzer, White 1972

Gradient_weighted is the sum of (d_ij - d_ih) + (d_ij - d_hj) over all i < h < j: a pair is the outer one in k - 1
triples, counted twice, and an inner one in n - 1 - k. The last three are lengths of Hamiltonian paths. The others:

    AR_events, AR_deviations, RGAR, Gradient_raw: sums over triples, see `formulations.orders.triples`
    Lazy_path_length      sum of (n - i) d_{i,i+1}               min   Earle, Hurley 2015; not that of the reverse order
    Moore_stress          of s, to all 8 neighbours              min   Niermann 2005
    Cor_R                 of i and j, weighted by s_ij           max   Deutsch, Martin 1971
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import comb

import numpy as np

from formulations.orders.further_criteria import between_rows, correlation, lazy_path, moore_stress, similarity
from formulations.orders.triples import DEVIATIONS, EVENTS, GRADIENT, Penalty, anti_robinson
from formulations.problem import (
    Floats,
    Ints,
    Ordering,
    QuadraticAssignment,
    by_distance,
    constant_dual,
    is_symmetric,
    place_distances,
)


@dataclass(frozen=True)
class Criterion:
    """How well an order fits dissimilarities: to be maximized if `merit`, else minimized.

    objective  dissimilarities, float64 (n, n) -> the criterion as an objective on orders, quadratic if possible

    >>> CRITERIA["ME"].merit, CRITERIA["Path_length"].merit
    (True, False)
    """

    merit: bool
    objective: Callable[[Floats], QuadraticAssignment | Ordering]


def criteria(d: Floats, order: Ints) -> dict[str, float]:
    """The values of all criteria for one order, int64 (n,), of the items of d, float64 (n, n).

    Raises ValueError as `objective`.

    >>> d = np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]])  # points at 0, 1 and 3
    >>> found = criteria(d, np.array([0, 1, 2]))
    >>> found["Path_length"], found["AR_events"], found["Inertia"]
    (3.0, 0.0, 30.0)
    """
    return {name: float(objective(name, d).values(order[None])[0]) for name in CRITERIA}


def objective(name: str, d: Floats) -> QuadraticAssignment | Ordering:
    """The criterion of that name: to be maximized if `CRITERIA[name].merit`, else minimized.

    d, float64 (n, n), is finite, not negative, symmetric and zero on the diagonal; raises ValueError if it is not, or
    if no criterion has that name.

    >>> d = np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]])
    >>> objective("Path_length", d).values(np.array([[0, 1, 2], [1, 0, 2]])).tolist()
    [3.0, 4.0]
    """
    if name not in CRITERIA:
        raise ValueError(f"no criterion is named {name!r}; choose one of {', '.join(CRITERIA)}")
    if d.ndim != 2 or len(d) != d.shape[1] or not len(d):
        raise ValueError(f"the dissimilarities have shape {d.shape}; give a square matrix")
    if not np.isfinite(d).all() or d.min() < 0:
        raise ValueError(f"the dissimilarities go from {d.min()} to {d.max()}; give finite ones that are not negative")
    if not is_symmetric(d) or d.diagonal().any():
        raise ValueError("the dissimilarities are not symmetric with a diagonal of zeros; give, say, (d + d.T) / 2")
    return CRITERIA[name].objective(d)


def objective_seconds(name: str, n: int) -> float:
    """What stating a quadratic criterion of n items takes on a slow day: those between rows are products of matrices.

    >>> objective_seconds("LS", 1000) < objective_seconds("ME", 1000)
    True
    """
    return 6e-11 * n**3 if name in ("Neumann_stress", "ME") else 3e-8 * n**2


def as_path(name: str, d: Floats) -> Floats | None:
    """Distances, float64 (n, n), for which the criterion is an order's path length, or None if there are none.

    For a merit they are negated, so that a shortest Hamiltonian path is the best order either way. Raises ValueError as
    `objective`.

    >>> d = np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]])
    >>> as_path("Path_length", d).tolist() == d.tolist(), as_path("Inertia", d) is None
    (True, True)
    """
    if name in CRITERIA and name not in PATHS:
        return None
    form = objective(name, d)
    assert isinstance(form, QuadraticAssignment)
    steps: Floats = (-2 if CRITERIA[name].merit else 2) * form.scale * form.A
    np.fill_diagonal(steps, 0)
    return steps if is_symmetric(steps) else (steps + steps.T) / 2  # rounding makes those between rows differ


# Quadratic assignment criteria.


def _quadratic(
    A: Callable[[Floats], Floats], B: Callable[[Floats, int], Floats], scale: float = 1.0
) -> Callable[[Floats], QuadraticAssignment]:
    """scale <A, P B P'>, with A from the dissimilarities and B from the distances k of places, and n."""
    return lambda d: QuadraticAssignment(A(d), by_distance(B(np.arange(len(d), dtype=np.float64), len(d))), scale)


def _next(k: Floats, n: int) -> Floats:
    return np.where(k == 1, 1.0, 0.0)


def _dissimilarity(d: Floats) -> Floats:
    return d


def _products(s: Floats) -> Floats:
    """<s_i, s_j>: of a matrix and its own transpose, which takes half the time."""
    products: Floats = s @ s.T
    return products


def _least_squares(d: Floats) -> QuadraticAssignment:
    k = place_distances(len(d))
    return QuadraticAssignment(d, k, -2.0, float(np.square(d).sum() + np.square(k).sum()))


# Sums over triples: none is below 0, and of the gradient's two signs a triple both can be 1.


def _triples(penalty: Penalty) -> Callable[[Floats], Ordering]:
    return lambda d: anti_robinson(d, penalty, [constant_dual("no pair is worth less than 0", 0.0)])


def _gradient(d: Floats) -> Ordering:
    return anti_robinson(d, GRADIENT, [constant_dual("all triples in order", 2.0 * comb(len(d), 3))])


def _relative_events(d: Floats) -> Ordering:
    """AR_events divided by their largest possible number, as R defines it with its default window, the whole order."""
    events, most = _triples(EVENTS)(d), max(1, 2 * comb(len(d), 3))
    mean, extent, prefixes = events.mean, events.extent, events.prefixes
    assert mean is not None
    assert extent is not None
    assert prefixes is not None
    return replace(
        events,
        values=lambda orders: events.values(orders) / most,
        moves=lambda *at: events.moves(*at) / most,
        mean=lambda: mean() / most,
        extent=lambda: extent() / most,
        prefixes=lambda: prefixes() / most,
    )


PATHS = ("Path_length", "Neumann_stress", "ME")  # of the criteria, the lengths of Hamiltonian paths
CRITERIA = {
    "2SUM": Criterion(False, _quadratic(similarity, lambda k, n: k**2)),
    "AR_deviations": Criterion(False, _triples(DEVIATIONS)),
    "AR_events": Criterion(False, _triples(EVENTS)),
    "BAR": Criterion(False, _quadratic(_dissimilarity, lambda k, n: np.maximum(0, max(1, n // 5) + 1 - k), 0.5)),
    "Cor_R": Criterion(True, correlation),
    "Gradient_raw": Criterion(True, _gradient),
    "Gradient_weighted": Criterion(True, _quadratic(_dissimilarity, lambda k, n: 3 * k - n - 1, 0.5)),
    "Inertia": Criterion(True, _quadratic(_dissimilarity, lambda k, n: k**2)),
    "LS": Criterion(False, _quadratic(_dissimilarity, lambda k, n: n - k)),
    "Lazy_path_length": Criterion(False, lazy_path),
    "Least_squares": Criterion(False, _least_squares),
    "ME": Criterion(True, _quadratic(lambda d: _products(similarity(d)), _next)),
    "Moore_stress": Criterion(False, moore_stress),
    "Neumann_stress": Criterion(False, _quadratic(between_rows, _next, 2.0)),
    "Path_length": Criterion(False, _quadratic(_dissimilarity, _next, 0.5)),
    "RGAR": Criterion(False, _relative_events),
}
