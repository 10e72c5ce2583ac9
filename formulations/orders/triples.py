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

import numpy as np

from formulations.problem import Floats, Ints, Ordering

Penalty = Callable[[Floats, Floats], Floats]  # near, far (broadcast) -> penalty, of any real dtype
BLOCK_ENTRIES = 1 << 17  # entries of h that are computed at a time, so that they stay in the cache


def anti_robinson(d: Floats, penalty: Penalty) -> Ordering:
    """The sum of penalty(d_xy, d_xz) over all x and all y, z on the same side of x with y nearer to x in the order.

    d float64 (n, n), symmetric. `moves` takes O(n^3) time for a new order, O(n) after a single move.

    >>> d = np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]])
    >>> events = anti_robinson(d, lambda near, far: (near > far).astype(np.int8))
    >>> events.values(np.array([[0, 1, 2], [1, 0, 2]])).tolist()
    [0.0, 1.0]
    """
    steps = _Steps(d, penalty)
    return Ordering(
        n=len(d),
        values=lambda orders: np.array([_value(d[np.ix_(order, order)], penalty) for order in orders]),
        moves=steps.moves,
    )


def _value(d: Floats, penalty: Penalty) -> float:
    """The objective of the order 0, 1, ..., n - 1."""
    n, total = len(d), 0.0
    nearer = np.tri(n, k=-1, dtype=bool).T
    for i in range(n):
        for side in (d[i, i + 1 :], d[i, :i][::-1]):
            k = len(side)
            total += float(penalty(side[:, None], side[None, :])[nearer[:k, :k]].sum())
    return total


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
