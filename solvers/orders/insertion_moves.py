"""Insertions in a linear arrangement in O(n): a quadratic objective as one that the insertion search takes.

    minimize    sum over pairs u < v of w_uv |z_u - z_v|

Other items enter the change of an insertion only by their balances b, weight to the right less weight to the left
(orders.arrangement_search): moved rightwards past the item q, v changes the objective by F_q - F_v,

    F_q = b_q + 2 sum of w(v, u) over all u up to q.
"""

from __future__ import annotations

import numpy as np

from formulations.problem import Floats, Ints, Ordering


def linear_ordering(W: Floats) -> Ordering:
    """The sum over pairs of W_uv |p(u) - p(v)|, W float64 (n, n), symmetric, of any sign, its diagonal 0.

    `moves` takes O(n) after a single move, O(n^2) after others.

    >>> path = linear_ordering(np.diag(np.ones(2), 1) + np.diag(np.ones(2), -1))
    >>> path.values(np.array([[0, 2, 1]])).tolist(), path.moves(np.array([0, 2, 1]), 2).tolist()
    ([3.0], [0.0, -1.0, 0.0])
    """
    moves = _Balances(W)

    def values(orders: Ints) -> Floats:
        return np.array([float(_balances(W, order).cumsum().sum()) for order in orders])

    return Ordering(len(W), values, moves.moves)


def _balances(W: Floats, order: Ints) -> Floats:
    """By place, the weight of its item to the right less that to the left, float64 (n,)."""
    total, balance = W.sum(axis=1), np.empty(len(order))
    for q, item in enumerate(order):
        balance[q] = total[item] - 2 * W[item, order[:q]].sum()
    return balance


class _Balances:
    """The balances at the order of the last call of `moves`."""

    def __init__(self, W: Floats) -> None:
        self.W = W
        self.order: Ints = np.empty(0, dtype=np.int64)
        self.balance: Floats = np.empty(0)

    def moves(self, order: Ints, place: int) -> Floats:
        """How the value changes if the item at that place moves to place 0, 1, ..., n - 1."""
        self._follow(order)
        pull = 2 * self.W[order[place], order]
        passed = pull.cumsum()
        passed[:place] -= pull[:place]
        step = passed + self.balance
        step -= step[place]
        change: Floats = step.cumsum()
        change[:place] -= step[:place]
        change -= change[place]
        return change

    def _follow(self, order: Ints) -> None:
        """Update the balances from the last order to this one: an item that moved is on the other side of some."""
        moved = np.flatnonzero(self.order != order) if len(self.order) else np.arange(len(order))
        if not len(moved):
            return
        span = slice(int(moved[0]), int(moved[-1]) + 1)
        before, after = self.order[span], order[span]
        if len(self.order) and np.array_equal(after[:-1], before[1:]) and after[-1] == before[0]:  # to the right
            pull = 2 * self.W[after[-1], after[:-1]]
            balance = self.balance[span]
            self.balance[span] = np.r_[balance[1:] + pull, balance[0] - pull.sum()]
        elif len(self.order) and np.array_equal(after[1:], before[:-1]) and after[0] == before[-1]:
            pull = 2 * self.W[after[0], after[1:]]
            balance = self.balance[span]
            self.balance[span] = np.r_[balance[-1] + pull.sum(), balance[:-1] - pull]
        else:
            self.balance = _balances(self.W, order)
        self.order = order.copy()
