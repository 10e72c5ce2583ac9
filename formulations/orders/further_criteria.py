"""Criteria that are neither quadratic nor sums over triples; formulations.orders.criteria has their definitions.

Each has its own way to tell how its value changes if one item moves, and a bound of its own.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF
from formulations.bounds.held_karp import held_karp_bound, held_karp_potentials
from formulations.graphs.prim import shortest_forest
from formulations.problem import Floats, Ints, Ordering, WeakDual, constant_dual, sums_over_pairs

CANCELLED = 1e-4  # relative size of a difference that loses more than four digits


def similarity(d: Floats) -> Floats:
    """s = 1 / (1 + d).

    >>> similarity(np.array([0.0, 1.0])).tolist()
    [1.0, 0.5]
    """
    return 1 / (1 + d)


def between_rows(d: Floats) -> Floats:
    """|s_i - s_j|^2, from products; of near rows from the differences, so that equal ones have distance exactly 0.

    >>> between_rows(np.array([[0.0, 1], [1, 0]])).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    s = similarity(d)
    size = np.square(s).sum(axis=1)
    squares: Floats = size[:, None] + size - 2 * (s @ s.T)
    for i, row in enumerate(s):
        near = np.flatnonzero(squares[i] < CANCELLED * (size + size[i]))
        squares[i, near] = np.square(s[near] - row).sum(axis=1)
    return squares


def lazy_path(d: Floats) -> Ordering:
    """The sum of (n - i) d_{i,i+1}, i = 1, 2, ... the places: its long steps come late.

    >>> lazy_path(np.array([[0.0, 2, 9], [2, 0, 1], [9, 1, 0]])).values(np.array([[0, 1, 2], [2, 1, 0]])).tolist()
    [5.0, 4.0]
    """
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

    def mean() -> float:
        return float(d.sum() / max(n * (n - 1), 1) * weight.sum())

    return Ordering(
        n,
        lambda orders: d[orders[:, :-1], orders[:, 1:]] @ weight,
        moves,
        directed=True,
        mean=mean,
        extent=mean,
        duals=[
            WeakDual("spanning tree, its edges one by one", lambda _: (), lambda _: _lazy_tree(d, weight), 2e-7 * n**2)
        ],
        steps=(d, weight),
    )


def _lazy_tree(d: Floats, weight: Floats) -> float:
    """The least sum of weights times the lengths of a shortest spanning tree's edges.

    A path is a spanning tree, and of no spanning tree the k-th shortest edge is shorter than that of a shortest one;
    the sum is least if the greater weights go with the shorter edges.
    """
    order, parent = shortest_forest(d)
    lengths = np.sort(d[order[1:], parent[order[1:]]])
    return math.fsum((lengths * weight).tolist()) * (1 - 4 * ROUNDOFF)


def moore_stress(d: Floats) -> Ordering:
    """Neumann's stress, and twice the sum over all pairs of steps (a, b), (c, e) of

    g = (s_ac - s_be)^2 + (s_ae - s_bc)^2,

    which does not depend on the direction of a step.

    >>> float(moore_stress(np.array([[0.0, 1], [1, 0]])).values(np.array([[0, 1]]))[0])
    2.0
    """
    n, t = len(d), 1 - similarity(d)  # t has the differences of s and a zero diagonal
    table = cache(lambda: 4 * between_rows(d))  # Neumann's stress of every step

    def squares(down: Floats, across: Floats) -> Floats:
        total: Floats = np.einsum("ij,ij->i", down, down) + np.einsum("ij,ij->i", across, across)
        return total

    def pairs(T: Floats) -> Floats:
        """For each step of the order in which T is written the sum of g over all steps."""
        return squares(T[1:, 1:] - T[:-1, :-1], T[1:, :-1] - T[:-1, 1:])

    def values(orders: Ints) -> Floats:
        if 8 * len(orders) > n**4:  # then the table of all pairs of steps pays
            return _moore_of_many(table(), t, orders)
        return np.array([4 * np.square(np.diff(t[o], axis=0)).sum() + 2 * pairs(t[np.ix_(o, o)]).sum() for o in orders])

    def moves(order: Ints, place: int) -> Floats:
        neumann, x, rest = table(), order[place], np.delete(order, place)
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

    shortest = WeakDual(
        "Held-Karp bound on Neumann's stress",
        lambda seconds: held_karp_potentials(table(), seconds),
        lambda potentials: held_karp_bound(table(), potentials),
        6e-11 * n**3 + 2e-7 * n**2,
    )
    return Ordering(n, values, moves, moves_seconds=6e-11 * n**3, duals=[shortest])


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


def correlation(d: Floats) -> Ordering:
    """(T q - m^2) / (T v - m^2), with places p and T, m, v, q the sums of s_ij times 1, p_i, p_i^2, p_i p_j.

    It is 1 - T 2SUM / (2 (T v - m^2)): 2SUM relative to the variance of the places, and 0 where that is 0.

    >>> apart = np.array([[0.0, 9, 9], [9, 0, 9], [9, 9, 0]])
    >>> bool(0 < correlation(apart).values(np.array([[0, 1, 2]]))[0] < 1)
    True
    """
    n, s = len(d), similarity(d)
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

    return Ordering(n, values, moves, duals=[constant_dual("no correlation is above 1", 1.0)])
