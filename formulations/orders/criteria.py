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

from formulations.orders.triples import Penalty, anti_robinson, inversions
from formulations.problem import Floats, Ints, Ordering, QuadraticAssignment, place_distances, sums_over_pairs

CANCELLED = 1e-4  # relative size of a difference that loses more than four digits


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
    if not np.array_equal(d, d.T) or d.diagonal().any():
        raise ValueError("the dissimilarities are not symmetric with a diagonal of zeros; give, say, (d + d.T) / 2")
    return CRITERIA[name].objective(d)


def as_path(name: str, d: Floats) -> Floats | None:
    """Distances, float64 (n, n), for which the criterion is an order's path length, or None if there are none.

    For a merit they are negated, so that a shortest Hamiltonian path is the best order either way. Raises ValueError as
    `objective`.

    >>> d = np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]])
    >>> as_path("Path_length", d).tolist() == d.tolist(), as_path("Inertia", d) is None
    (True, True)
    """
    form = objective(name, d)
    if not isinstance(form, QuadraticAssignment) or name not in ("Path_length", "Neumann_stress", "ME"):
        return None
    steps: Floats = (-2 if CRITERIA[name].merit else 2) * form.scale * form.A
    np.fill_diagonal(steps, 0)
    return (steps + steps.T) / 2  # rounding makes <s_i, s_j> and <s_j, s_i> differ


# Quadratic assignment criteria.


def _quadratic(
    A: Callable[[Floats], Floats], B: Callable[[Floats, int], Floats], scale: float = 1.0
) -> Callable[[Floats], QuadraticAssignment]:
    """scale <A, P B P'>, with A from the dissimilarities and B from the distances k of places, and n."""
    return lambda d: QuadraticAssignment(A(d), B(place_distances(len(d)), len(d)), scale)


def _next(k: Floats, n: int) -> Floats:
    return np.where(k == 1, 1.0, 0.0)


def _dissimilarity(d: Floats) -> Floats:
    return d


def _similarity(d: Floats) -> Floats:
    return 1 / (1 + d)


def _between_rows(d: Floats) -> Floats:
    """|s_i - s_j|^2, from products; of near rows from the differences, so that equal ones have distance exactly 0."""
    s = _similarity(d)
    size = np.square(s).sum(axis=1)
    squares: Floats = size[:, None] + size - 2 * (s @ s.T)
    for i, row in enumerate(s):
        near = np.flatnonzero(squares[i] < CANCELLED * (size + size[i]))
        squares[i, near] = np.square(s[near] - row).sum(axis=1)
    return squares


def _least_squares(d: Floats) -> QuadraticAssignment:
    k = place_distances(len(d))
    return QuadraticAssignment(d, k, -2.0, float(np.square(d).sum() + np.square(k).sum()))


# Sums over triples.


def _event(near: Floats, far: Floats) -> Floats:
    return (near > far).view(np.int8)


def _deviation(near: Floats, far: Floats) -> Floats:
    return np.maximum(near - far, 0)


def _gradient(near: Floats, far: Floats) -> Floats:
    return _event(far, near) - _event(near, far)


def _events(rows: Floats) -> float:
    return inversions(rows)[0]


def _deviations(rows: Floats) -> float:
    return inversions(rows)[1]


def _gradients(rows: Floats) -> float:
    return _events(np.where(np.isfinite(rows), -rows, np.inf)) - _events(rows)


def _triples(penalty: Penalty, total: Callable[[Floats], float]) -> Callable[[Floats], Ordering]:
    return lambda d: anti_robinson(d, penalty, total)


def _relative_events(d: Floats) -> Ordering:
    """AR_events divided by their largest possible number, as R defines it with its default window, the whole order."""
    n, events = len(d), anti_robinson(d, _event, _events)
    most = max(1, 2 * comb(n, 3))
    return replace(
        events, values=lambda orders: events.values(orders) / most, moves=lambda *at: events.moves(*at) / most
    )


# Other criteria. Moving x changes a path only around x's old and new neighbours.


def _lazy_path(d: Floats) -> Ordering:
    n = len(d)
    weight = np.arange(n - 1, 0, -1, dtype=np.float64)

    def moves(order: Ints, place: int) -> Floats:
        # The value with x at each place, but for what does not depend on the place.
        x, rest = order[place], np.delete(order, place)
        steps, to_x = d[rest[:-1], rest[1:]], d[rest, x] * weight
        value = np.zeros(n)
        value[1:] += to_x
        value[:-1] += to_x
        value[2:] += np.cumsum(steps * weight[:-1])  # steps before x
        value[:-2] += np.cumsum((steps * weight[1:])[::-1])[::-1]  # steps after x, shifted by one place
        value -= value[place]
        return value

    return Ordering(n, lambda orders: d[orders[:, :-1], orders[:, 1:]] @ weight, moves, directed=True)


def _moore(d: Floats) -> Ordering:
    """Neumann's stress, and twice the sum over all pairs of steps (a, b), (c, e) of

    g = (s_ac - s_be)^2 + (s_ae - s_bc)^2,

    which does not depend on the direction of a step.
    """
    n, neumann, t = len(d), 4 * _between_rows(d), 1 - _similarity(d)  # t has the differences of s and a zero diagonal

    def squares(down: Floats, across: Floats) -> Floats:
        total: Floats = np.einsum("ij,ij->i", down, down) + np.einsum("ij,ij->i", across, across)
        return total

    def pairs(T: Floats) -> Floats:
        """For each step of the order in which T is written the sum of g over all steps."""
        return squares(T[1:, 1:] - T[:-1, :-1], T[1:, :-1] - T[:-1, 1:])

    def values(orders: Ints) -> Floats:
        if 8 * len(orders) > n**4:  # then the table of all pairs of steps pays
            return _moore_of_many(neumann, t, orders)
        return np.array([neumann[o[:-1], o[1:]].sum() + 2 * pairs(t[np.ix_(o, o)]).sum() for o in orders])

    def moves(order: Ints, place: int) -> Floats:
        x, rest = order[place], np.delete(order, place)
        T, to_x = t[np.ix_(rest, rest)], t[rest, x]
        step = neumann[rest, x] + 4 * squares(T[:, :-1] - to_x[1:], T[:, 1:] - to_x[:-1])  # from x to each item
        value = np.zeros(n)
        value[1:] += step
        value[:-1] += step
        # Between u and v, x removes the step (u, v): take its terms off, and replace g of the two new steps' pairs with
        # it, which `step` counted, by g of the two new steps with each other. Together these are a square.
        value[1:-1] -= neumann[rest[:-1], rest[1:]] + 4 * pairs(T)
        value[1:-1] -= 4 * np.square(to_x[:-1] + to_x[1:] - T.diagonal(1))
        value -= value[place]
        return value

    return Ordering(n, values, moves)


def _moore_of_many(neumann: Floats, t: Floats, orders: Ints) -> Floats:
    """Moore's stress of many orders, float64 (k,), from a table of g."""
    n = len(t)
    g = np.square(t[:, None, :, None] - t[None, :, None, :]) + np.square(t[:, None, None, :] - t[None, :, :, None])
    item, total = np.ascontiguousarray(orders.T), np.zeros(len(orders))
    step = item[:-1] * n + item[1:]
    for i in range(n - 1):
        total += neumann.take(step[i]) + 2 * g.take(step[i] * (n * n + 1))
        for j in range(i):
            total += 4 * g.take(step[i] * (n * n) + step[j])
    return total


def _correlation(d: Floats) -> Ordering:
    """(T q - m^2) / (T v - m^2), with places p and T, m, v, q the sums of s_ij times 1, p_i, p_i^2, p_i p_j.

    It is 1 - T 2SUM / (2 (T v - m^2)): 2SUM relative to the variance of the places, and 0 where that is 0.
    """
    n, s = len(d), _similarity(d)
    total, row, p = s.sum(), s.sum(axis=1), np.arange(n) - (n - 1) / 2

    def correlation(m: Floats, v: Floats, q: Floats) -> Floats:
        spread = total * v - m**2
        found: Floats = np.divide(total * q - m**2, spread, out=np.zeros_like(spread), where=spread > 0)
        return found

    def moments(order: Ints) -> Floats:
        at = np.empty(n)
        at[order] = p
        return np.array([row @ at, row @ at**2, at @ s @ at])

    def to_the_right(order: Ints, place: int) -> Floats:
        """The values with the item of that place moved to the same and later places; items it passes move up by one.

        The changes of m, v and q are that of the item itself, plus prefix sums over the items passed.
        """
        after = order[place:]
        r, S, by, at = row[after], s[np.ix_(after, after)], np.arange(n - place), p[place:]

        def passed(change: Floats) -> Floats:
            return np.cumsum(np.r_[0.0, change[1:]])

        pull, pairs = s[np.ix_(after, order)] @ p, S.diagonal() + 2 * np.tril(S[:, 1:], -2).sum(axis=1)
        m, v, q = moments(order)
        return correlation(
            m + r[0] * by - passed(r),
            v + r[0] * (at**2 - at[0] ** 2) - passed(r * (2 * at - 1)),
            q + 2 * (pull[0] * by - passed(pull)) + S[0, 0] * by**2 - 2 * by * passed(S[0]) + passed(pairs),
        )

    def moves(order: Ints, place: int) -> Floats:
        left, right = to_the_right(order[::-1], n - 1 - place)[::-1], to_the_right(order, place)
        change: Floats = np.r_[left[:-1], right] - right[0]
        return change

    def values(orders: Ints) -> Floats:
        r, q = row[orders], sums_over_pairs(s, np.multiply.outer(p, p), orders)
        return correlation(r @ p, r @ p**2, q)

    return Ordering(n, values, moves)


CRITERIA = {
    "2SUM": Criterion(False, _quadratic(_similarity, lambda k, n: k**2)),
    "AR_deviations": Criterion(False, _triples(_deviation, _deviations)),
    "AR_events": Criterion(False, _triples(_event, _events)),
    "BAR": Criterion(False, _quadratic(_dissimilarity, lambda k, n: np.maximum(0, max(1, n // 5) + 1 - k), 0.5)),
    "Cor_R": Criterion(True, _correlation),
    "Gradient_raw": Criterion(True, _triples(_gradient, _gradients)),
    "Gradient_weighted": Criterion(True, _quadratic(_dissimilarity, lambda k, n: 3 * k - n - 1, 0.5)),
    "Inertia": Criterion(True, _quadratic(_dissimilarity, lambda k, n: k**2)),
    "LS": Criterion(False, _quadratic(_dissimilarity, lambda k, n: n - k)),
    "Lazy_path_length": Criterion(False, _lazy_path),
    "Least_squares": Criterion(False, _least_squares),
    "ME": Criterion(True, _quadratic(lambda d: _similarity(d) @ _similarity(d), _next)),
    "Moore_stress": Criterion(False, _moore),
    "Neumann_stress": Criterion(False, _quadratic(_between_rows, _next, 2.0)),
    "Path_length": Criterion(False, _quadratic(_dissimilarity, _next, 0.5)),
    "RGAR": Criterion(False, _relative_events),
}
