"""Descent by exchanges for quadratic assignments of many items, whose whole neighbourhood takes too long.

    minimize  sum over i, j of A[i, j] B[p(i), p(j)],   A and B symmetric

The changes by all exchanges of one item u take two products of a matrix and a vector (Burkard and Rendl 1984). Where A
has the diagonal 0 and B has beta, with a = A[u], b_v = B[p(u), p(v)] and own_v the sum over k of A[v, k] B[p(v), p(k)],
exchanging u and v changes half of the sum by

    sum over k of a_k B[p(v), p(k)]  +  sum over k of A[v, k] b_k  -  own_u - own_v  +  2 a_v (b_v - beta).

Where time is left at a local optimum, some items near each other are exchanged at random, and descend again; the better
one of the two orders goes on (Lourenco, Martin and Stuetzle, Iterated local search, 2003).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from itertools import pairwise

import numpy as np

from formulations.problem import Floats, Ints

LEAST_RELATIVE_GAIN = 1e-10  # of an exchange, so that rounding cannot make the descent cycle
PERTURBED, TURNED = 16, 4  # places of a stretch, and how many of its items change places, where a descent begins anew


def exchange_descent(
    A: Floats, B: Floats, order: Ints, *, seconds: float | None, seed: int, keep: Callable[[Ints, float], None]
) -> None:
    """Exchange items, each with the one that is best, until time runs out; keep gets each local optimum that is better.

    A, B float64 (n, n), symmetric, of diagonal 0 and constant diagonal; order int64 (n,), the item at each place.
    Without a limit the first local optimum is the end. The same seed gives the same orders if time does not run out.

    >>> A, B = np.array([[0.0, 1, 5], [1, 0, 1], [5, 1, 0]]), np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> exchange_descent(A, B, np.array([0, 1, 2]), seconds=None, seed=0, keep=lambda _, value: print(value))
    16.0
    """
    end, n, random = np.inf if seconds is None else time.monotonic() + seconds, len(order), np.random.default_rng(seed)
    best = _State(A, B, order)
    least = LEAST_RELATIVE_GAIN * float(np.abs(best.own).sum())
    best.descend(np.arange(n), least, end, random)
    keep(best.order, best.value)
    while n > PERTURBED and seconds is not None and time.monotonic() < end:
        other = best.copy()
        other.descend(other.perturb(random), least, end, random)
        if other.value <= best.value - least:
            keep(other.order, other.value)
        if other.value <= best.value:
            best = other


class _State:
    """An order that is changed: places, int64 (n,), and own, float64 (n,)."""

    def __init__(self, A: Floats, B: Floats, order: Ints) -> None:
        self.A, self.B, self.order, self.place = A, B, order.copy(), np.argsort(order)
        self.own: Floats = np.array([self.own_of(v) for v in range(len(order))])

    def copy(self) -> _State:
        other = copy(self)
        other.order, other.place, other.own = self.order.copy(), self.place.copy(), self.own.copy()
        return other

    @property
    def value(self) -> float:
        return float(self.own.sum())

    def row(self, v: int) -> Floats:
        """B[p(v), p(k)] for all k."""
        row: Floats = self.B[self.place[v]][self.place]
        return row

    def own_of(self, v: int) -> float:
        return float(self.A[v] @ self.row(v))

    def changes(self, u: int) -> Floats:
        """How half of the sum changes by exchanging u with each item, float64 (n,)."""
        a, b = self.A[u], self.row(u)
        change: Floats = (self.B @ a[self.order])[self.place] + self.A @ b - self.own[u] - self.own
        change += 2 * a * (b - b[u])
        change[u] = 0
        return change

    def exchange(self, u: int, v: int) -> None:
        order, place = self.order, self.place
        b_u, b_v = self.row(u), self.row(v)
        order[place[u]], order[place[v]] = v, u
        place[u], place[v] = place[v], place[u]
        self.own += (self.A[u] - self.A[v]) * (b_v - b_u)
        self.own[u], self.own[v] = self.own_of(u), self.own_of(v)

    def descend(self, items: Ints, least: float, end: float, random: np.random.Generator) -> None:
        """Exchange until none of the items gains: of all items, or of some that others join as they are exchanged."""
        waiting = np.zeros(len(self.order), dtype=bool)
        waiting[items] = True
        everywhere = len(items) == len(self.order)
        while waiting.any():
            for u in random.permutation(np.flatnonzero(waiting)).tolist():
                if time.monotonic() >= end:
                    return
                waiting[u] = False
                change = self.changes(u)
                v = int(change.argmin())
                if change[v] < -least:
                    self.exchange(u, v)
                    waiting[slice(None) if everywhere else [u, v]] = True

    def perturb(self, random: np.random.Generator) -> Ints:
        """Turn some neighbouring items' places by one; returns the items."""
        at = int(random.integers(len(self.order) - PERTURBED + 1))
        items: Ints = self.order[random.permutation(np.arange(at, at + PERTURBED))[:TURNED]].copy()
        for u, v in pairwise(items.tolist()):
            self.exchange(u, v)
        return items
