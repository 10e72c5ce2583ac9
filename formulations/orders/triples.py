"""Objectives on orders that depend, for each triple of items, only on which one is between the other two.

    V(order) = sum over triples {x, y, z} of t(middle; the two ends)

The anti-Robinson criteria are of this kind. With y between x and z, y is nearer to each end than the other end is, so
with a penalty f(near, far) for a pair of dissimilarities that should have near <= far,

    t(y; x, z) = f(d_xy, d_xz) + f(d_yz, d_xz).

That is the sum, over each item x and either side of it, of f over all pairs there: of inversions, if f is the number of
events (orders.inversions). A random order has each of a triple's items between the others equally often, so that its
mean is a third of the sum over all x and {y, z} of f(d_xy, d_xz) + f(d_xz, d_xy).

When x steps past its neighbour y, the middle changes in the triples {x, y, z}: from x to y for every z before both,
from y to x for every z after both. With h(x, y, z) = t(y; x, z) - t(x; y, z), the step changes V by

    S_xy = sum over z of h(x, y, z) sign(p_y - p_z),    p the places, h = 0 if z is x or y,

up to the sign, which depends on the direction. S_xy does not depend on the place of x. So prefix sums of a row of S
give all moves of one item in O(n), and after a move past k others S is updated in O(k n).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formulations.orders.inversions import deviations, inversions, row_ranks, sides
from formulations.problem import Floats, Ints, Ordering, WeakDual

BLOCK_ENTRIES = 1 << 17  # entries of h that are computed at a time, so that they stay in the cache
ROW_ENTRIES = 1 << 15  # the same where all are, for a row of S
Ranks = Callable[[], NDArray[Any]]  # the rows' ranks (orders.inversions), worked out when they are asked for, once
STEP_SECONDS, ORDINAL_STEP_SECONDS = 1.2e-8, 4e-9  # by n^3, that S takes for a new order on a slow day


@dataclass(frozen=True)
class Penalty:
    """A penalty f for pairs of dissimilarities that should have near <= far.

    of       near, far (broadcast) -> f, of any real dtype
    total    d float64 (n, n), its rows' ranks -> a function that maps an order, int64 (n,), to the sum over the pairs
             of all sides
    apart    d float64 (n, n), its rows' ranks -> sum over all x and {y, z} of |f(d_xy, d_xz)| + |f(d_xz, d_xy)|
    odd      whether f(a, b) = -f(b, a), so that its mean is 0; else f is not negative
    ordinal  whether f depends only on which of the two is greater
    """

    of: Callable[[Floats, Floats], Floats]
    total: Callable[[Floats, Ranks], Callable[[Ints], float]]
    apart: Callable[[Floats, Ranks], float]
    odd: bool = False
    ordinal: bool = True


def anti_robinson(d: Floats, penalty: Penalty, duals: Sequence[WeakDual] = ()) -> Ordering:
    """The sum of f(d_xy, d_xz) over all x and all y, z on the same side of x with y nearer to x in the order.

    d float64 (n, n), symmetric, not negative, its diagonal 0. `moves` takes O(n^3) time for a new order, O(n) after a
    single move.

    >>> d = np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]])
    >>> events = anti_robinson(d, EVENTS)
    >>> events.values(np.array([[0, 1, 2], [1, 0, 2]])).tolist(), events.mean()
    ([0.0, 1.0], 1.0)
    """
    steps, costs = _Steps(d, penalty), cache(partial(prefix_costs, d, penalty.of))
    ranks = cache(partial(row_ranks, d))
    total, apart = cache(partial(penalty.total, d, ranks)), cache(partial(penalty.apart, d, ranks))

    def values(orders: Ints) -> Floats:
        if len(orders) > 2 ** len(d):
            return _values_of_many(costs(), orders)
        return np.array([total()(order) for order in orders])

    return Ordering(
        len(d),
        values,
        steps.moves,
        moves_seconds=(ORDINAL_STEP_SECONDS if penalty.ordinal else STEP_SECONDS) * len(d) ** 3,
        mean=lambda: 0.0 if penalty.odd else apart() / 3,
        extent=lambda: apart() / 3,
        duals=duals,
        prefixes=costs,
    )


def prefix_costs(d: Floats, f: Callable[[Floats, Floats], Floats]) -> Floats:
    """The sum of t(y; x, z) over x in S and z outside, for each y and S, float64 (n, 2^n): S the bits of an index.

    So the objective is the sum of the costs of each y and the set S before it.

    >>> d = np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]])
    >>> prefix_costs(d, EVENTS.of)[0, ::2].tolist()  # item 0 after 1, after 2
    [0.0, 1.0, 1.0, 0.0]
    """
    n = len(d)
    inside = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(np.float64)
    costs = np.zeros((n, 2**n))
    for y in range(n):
        t = f(d[y][:, None], d) + f(d[y][None, :], d)
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


class _Steps:
    """S for the order of the last call of `moves`."""

    def __init__(self, d: Floats, penalty: Penalty) -> None:
        self._d, self.penalty = d, penalty
        self.order: Ints = np.empty(0, dtype=np.int64)
        self.place = np.zeros(len(d), dtype=np.int64)
        self.S = np.zeros((0, 0))  # transposed: row y, column x

    @cached_property
    def d(self) -> NDArray[Any]:
        """The dissimilarities; or their ranks, which are compared in half the time, where these are enough."""
        if not self.penalty.ordinal:
            return self._d
        ranks = np.unique(self._d, return_inverse=True)[1].astype(np.int32)
        return ranks.reshape(self._d.shape)

    def moves(self, order: Ints, place: int) -> Floats:
        """How the value changes if the item at that place moves to place 0, 1, ..., n - 1."""
        self._follow(order)
        past = self.S[order, order[place]]
        change = np.zeros(len(order))
        change[place + 1 :] = np.cumsum(past[place + 1 :])
        change[:place] = -np.cumsum(past[:place][::-1])[::-1]
        return change

    def _follow(self, order: Ints) -> None:
        """Update S from the last order to this one: as a whole where that takes less than by its changes."""
        moved = np.flatnonzero(self.order != order) if len(self.order) else np.arange(len(order))
        if 2 * len(moved) > len(order):
            self.place[order] = np.arange(len(order))
            self.S = np.array([self._row(y, order) for y in range(len(order))])
        elif len(moved):
            self._turn(np.arange(moved[0], moved[-1] + 1), order)
        self.order = order.copy()

    def _row(self, y: int, order: Ints) -> Floats:
        """Row y of S for an order with these places, float64 (n,), some z at a time."""
        n, row = len(order), np.zeros(len(order))
        size = max(1, ROW_ENTRIES // n)
        for at in range(0, n, size):
            z = order[at : at + size]
            h = self._h(self.d[y], self.d[z], self.d[y, z, None], z)
            exact = np.float64 if h.dtype.kind == "f" else np.float32  # whole numbers add up exactly in 24 bits
            row += np.sign(self.place[y] - np.arange(at, at + len(z))).astype(exact) @ h.astype(exact)
        return row

    def _turn(self, window: Ints, order: Ints) -> None:
        """Update S by the pairs y, z in a window of places whose relative order changed."""
        items, old = order[window], self.place[order[window]]
        turn = np.sign(window[:, None] - window) - np.sign(old[:, None] - old)
        y, z = np.nonzero(turn)
        turn, y, z = turn[y, z], items[y], items[z]

        # Add their terms to the rows y of S, a block of pairs at a time.
        size = max(1, BLOCK_ENTRIES // len(order))
        for at in range(0, len(y), size):
            part = slice(at, at + size)
            u, v = y[part], z[part]
            change = self._h(self.d[u], self.d[v], self.d[u, v, None], v) * turn[part, None].astype(np.int8)
            first = np.flatnonzero(np.diff(u, prepend=-1))  # where y changes: pairs are sorted by the place of y
            self.S[u[first]] += np.add.reduceat(change, first, axis=0, dtype=np.float64)
        self.place[items] = window

    def _h(self, xy: Floats, xz: Floats, yz: Floats, z: Ints) -> Floats:
        """h(x, y, z) for pairs y, z (k,) and all x, (k, n), from the dissimilarities."""
        f = self.penalty.of
        h = f(xy, xz) + f(yz, xz) - f(xy, yz) - f(xz, yz)
        h[np.arange(len(z)), z] = 0
        return h


def _event(near: Floats, far: Floats) -> Floats:
    return (near > far).view(np.int8)


def _deviation(near: Floats, far: Floats) -> Floats:
    return np.maximum(near - far, 0)


def _gradient(near: Floats, far: Floats) -> Floats:
    return _event(far, near) - _event(near, far)


def _events(d: Floats, ranks: Ranks) -> Callable[[Ints], float]:
    return lambda order: float(sum(map(inversions, sides(ranks(), order))))


def _deviations(d: Floats, ranks: Ranks) -> Callable[[Ints], float]:
    return lambda order: sum(map(deviations, sides(d, order)))


def _gradients(d: Floats, ranks: Ranks) -> Callable[[Ints], float]:
    forwards = ranks()
    backwards = forwards.max(initial=0) - forwards
    return lambda order: float(
        sum(map(inversions, sides(backwards, order))) - sum(map(inversions, sides(forwards, order)))
    )


def _untied(d: Floats, ranks: Ranks) -> float:
    """The number of x and {y, z} with d_xy other than d_xz."""
    total = 0
    for x, row in enumerate(ranks()):
        alike = np.bincount(row)
        alike[row[x]] -= 1  # x itself
        total += ((len(d) - 1) ** 2 - int(np.square(alike).sum())) // 2
    return float(total)


def _differences(d: Floats, ranks: Ranks) -> float:
    """The sum over x and {y, z} of |d_xy - d_xz|."""
    n = len(d)
    return float((np.sort(d, axis=1)[:, 1:] @ (2 * np.arange(n - 1.0) - (n - 2))).sum())


EVENTS = Penalty(_event, _events, _untied)
DEVIATIONS = Penalty(_deviation, _deviations, _differences, ordinal=False)
GRADIENT = Penalty(_gradient, _gradients, lambda d, ranks: 2 * _untied(d, ranks), odd=True)
