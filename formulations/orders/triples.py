"""Objectives on orders that depend, for each triple of items, only on which one is between the other two.

    V(order) = sum over triples {x, y, z} of t(middle; the two ends)

The anti-Robinson criteria are of this kind. With y between x and z, y is nearer to each end than the other end is, so
with a penalty f(near, far) for a pair of dissimilarities that should have near <= far,

    t(y; x, z) = f(d_xy, d_xz) + f(d_yz, d_xz).

When x steps past its neighbour y, the middle changes in the triples {x, y, z}: from x to y for every z before both,
from y to x for every z after both. With h(x, y, z) = t(y; x, z) - t(x; y, z), the step changes V by

    S_xy = sum over z of h(x, y, z) sign(p_y - p_z),    p the places, h = 0 if z is x or y,

up to the sign, which depends on the direction. S_xy does not depend on the place of x. So prefix sums of a row of S
give all moves of one item in O(n), and after a move past k others S is updated in O(k n).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from formulations.problem import Floats, Ints, Ordering

Penalty = Callable[[Floats, Floats], Floats]  # near, far (broadcast) -> penalty, of any real dtype
BLOCK_ENTRIES = 1 << 17  # entries of h that are computed at a time, so that they stay in the cache
ROW_ENTRIES = 1 << 16  # entries of rows that are summed at a time
STEP_SECONDS = 2e-8  # by n^3, that S takes for a new order on a slow day


def anti_robinson(d: Floats, penalty: Penalty, total: Callable[[Floats], float]) -> Ordering:
    """The sum of penalty(d_xy, d_xz) over all x and all y, z on the same side of x with y nearer to x in the order.

    d float64 (n, n), symmetric; total gives the sum of the penalties of all pairs in each row of an array, float64 (k,
    m), whose rows may end in infinities that have none. `moves` takes O(n^3) time for a new order, O(n) after a single
    move.

    >>> d = np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]])
    >>> events = anti_robinson(d, lambda near, far: (near > far).astype(np.int8), lambda rows: inversions(rows)[0])
    >>> events.values(np.array([[0, 1, 2], [1, 0, 2]])).tolist()
    [0.0, 1.0]
    """
    steps, costs = _Steps(d, penalty), cache(partial(prefix_costs, d, penalty))

    def values(orders: Ints) -> Floats:
        if len(orders) > 2 ** len(d):
            return _values_of_many(costs(), orders)
        return np.array([_value(d[np.ix_(order, order)], total) for order in orders])

    return Ordering(len(d), values, steps.moves, moves_seconds=STEP_SECONDS * len(d) ** 3)


def prefix_costs(d: Floats, penalty: Penalty) -> Floats:
    """The sum of t(y; x, z) over x in S and z outside, for each y and S, float64 (n, 2^n): S the bits of an index.

    So the objective is the sum of the costs of each y and the set S before it.

    >>> d = np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]])
    >>> prefix_costs(d, lambda near, far: (near > far).astype(np.int8))[0, ::2].tolist()  # item 0 after 1, after 2
    [0.0, 1.0, 1.0, 0.0]
    """
    n = len(d)
    inside = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(np.float64)
    costs = np.zeros((n, 2**n))
    for y in range(n):
        t = penalty(d[y][:, None], d) + penalty(d[y][None, :], d)
        t[y] = t[:, y] = 0
        np.fill_diagonal(t, 0)
        costs[y] = ((inside @ t) * (1 - inside)).sum(axis=1)
    return costs


def _values_of_many(costs: Floats, orders: Ints) -> Floats:
    """The objective of more orders than there are subsets, float64 (k,)."""
    before, total = np.zeros(len(orders), dtype=np.int64), np.zeros(len(orders))
    for item in orders.T:
        total += costs[item, before]
        before |= 1 << item
    return total


def _value(d: Floats, total: Callable[[Floats], float]) -> float:
    """The objective of the order 0, 1, ..., n - 1: what is to the left and to the right of each item, nearest first."""
    n, value = len(d), 0.0
    rows = max(1, ROW_ENTRIES // n)
    for side in (d, d[::-1, ::-1]):  # to the right, and to the left
        for at in range(0, n, rows):
            items = np.arange(at, min(at + rows, n))
            away = items[:, None] + 1 + np.arange(n - 1 - at)
            value += total(np.where(away < n, side[items[:, None], np.minimum(away, n - 1)], np.inf))
    return value


def inversions(rows: Floats) -> tuple[float, float]:
    """The number of pairs in each row whose left entry x is greater than its right one y, and the sum of all x - y.

    rows float64 (k, m), which may end in infinities. By merging: O(k m log(m)^2).

    >>> inversions(np.array([[2.0, 3.0, 1.0], [0.0, 1.0, np.inf]]))
    (2.0, 3.0)
    """
    value, rank = np.unique(rows, return_inverse=True)
    k, m = rows.shape
    width = 1 << max(m - 1, 0).bit_length()
    ranks = np.full((k, width), len(value))
    ranks[:, :m] = rank.reshape(k, m)
    value = np.append(np.where(np.isfinite(value), value, 0.0), 0.0)
    number, total, half = 0, 0.0, 1
    while half < width:
        # The halves of each block, each in order, are merged; equal entries of the left half come first.
        merged = 2 * ranks.reshape(k, -1, 2 * half)
        merged[..., half:] += 1
        merged.sort(axis=-1)
        right = merged & 1
        ranks = merged >> 1
        left, entry = 1 - right, value[ranks]
        smaller = right.cumsum(axis=-1) * left  # entries of the right half before this one of the left
        number += int(smaller.sum())
        total += float((smaller * entry).sum() - (np.cumsum(entry * right, axis=-1) * left).sum())
        half *= 2
    return float(number), total


class _Steps:
    """S for the order of the last call of `moves`."""

    def __init__(self, d: Floats, penalty: Penalty) -> None:
        self.d, self.penalty = d, penalty
        self.order: Ints = np.empty(0, dtype=np.int64)
        self.place = np.zeros(len(d), dtype=np.int64)  # all at one place, for which S = 0
        self.S = np.zeros(d.shape)  # transposed: row y, column x

    def moves(self, order: Ints, place: int) -> Floats:
        """How the value changes if the item at that place moves to place 0, 1, ..., n - 1."""
        self._follow(order)
        past = self.S[order, order[place]]
        change = np.zeros(len(order))
        change[place + 1 :] = np.cumsum(past[place + 1 :])
        change[:place] = -np.cumsum(past[:place][::-1])[::-1]
        return change

    def _follow(self, order: Ints) -> None:
        """Update S from the last order to this one, by the pairs whose relative order changed."""
        moved = np.flatnonzero(self.order != order) if len(self.order) else np.arange(len(order))
        if not len(moved):
            return
        # Pairs y, z whose relative order changed, with the change of sign(p_y - p_z).
        window = np.arange(moved[0], moved[-1] + 1)
        items, old = order[window], self.place[order[window]]
        turn = np.sign(window[:, None] - window) - np.sign(old[:, None] - old)
        y, z = np.nonzero(turn)
        turn, y, z = turn[y, z], items[y], items[z]

        # Add their terms to the rows y of S, a block of pairs at a time.
        size = max(1, BLOCK_ENTRIES // len(order))
        for at in range(0, len(y), size):
            part = slice(at, at + size)
            change = self._h(y[part], z[part]) * turn[part, None].astype(np.int8)
            first = np.flatnonzero(np.diff(y[part], prepend=-1))  # where y changes: pairs are sorted by the place of y
            self.S[y[part][first]] += np.add.reduceat(change, first, axis=0, dtype=np.float64)
        self.order, self.place[items] = order.copy(), window

    def _h(self, y: Ints, z: Ints) -> Floats:
        """h(x, y, z) for pairs y, z (k,) and all x, (k, n)."""
        xy, xz, yz, f = self.d[y], self.d[z], self.d[y, z][:, None], self.penalty
        h = f(xy, xz) + f(yz, xz) - f(xy, yz) - f(xz, yz)
        h[np.arange(len(z)), z] = 0
        return h
