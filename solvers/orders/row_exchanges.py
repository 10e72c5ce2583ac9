"""Descent by exchanges for quadratic assignments of many items, whose whole neighbourhood takes too long.

    minimize  sum over i, j of A[i, j] B[p(i), p(j)],   A and B symmetric

The changes by all exchanges of one item u take two products of a matrix and a vector (Burkard and Rendl 1984). Where A
has the diagonal 0 and B has beta, with a = A[u], b_v = B[p(u), p(v)] and own_v the sum over k of A[v, k] B[p(v), p(k)],
exchanging u and v changes half of the sum by

    sum over k of a_k B[p(v), p(k)]  +  sum over k of A[v, k] b_k  -  own_u - own_v  +  2 a_v (b_v - beta).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from formulations.problem import Floats, Ints

LEAST_RELATIVE_GAIN = 1e-10  # of an exchange, so that rounding cannot make the descent cycle


def exchange_descent(
    A: Floats, B: Floats, order: Ints, *, seconds: float | None, seed: int, keep: Callable[[Ints, float], None]
) -> None:
    """Exchange items, each with the one that is best, until no item gains or time runs out; keep gets the last one.

    A, B float64 (n, n), symmetric, of diagonal 0 and constant diagonal; order int64 (n,), the item at each place.

    >>> A, B = np.array([[0.0, 1, 5], [1, 0, 1], [5, 1, 0]]), np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> exchange_descent(A, B, np.array([0, 1, 2]), seconds=None, seed=0, keep=lambda _, value: print(value))
    16.0
    """
    end = np.inf if seconds is None else time.monotonic() + seconds
    n, random = len(order), np.random.default_rng(seed)
    order, place = order.copy(), np.argsort(order)
    own = np.array([A[v] @ B[place[v]][place] for v in range(n)])
    least = LEAST_RELATIVE_GAIN * float(np.abs(own).sum())
    stagnant = 0
    while stagnant < n and time.monotonic() < end:
        for u in random.permutation(n).tolist():
            a, b = A[u], B[place[u]][place]
            change = (B @ a[order])[place] + A @ b - own[u] - own + 2 * a * (b - b[u])
            change[u] = 0
            v = int(change.argmin())
            stagnant += 1
            if change[v] < -least:
                stagnant = 0
                b_v = B[place[v]][place]
                order[place[u]], order[place[v]] = v, u
                place[u], place[v] = place[v], place[u]
                own += (A[u] - A[v]) * (b_v - b)
                own[u], own[v] = (A[w] @ B[place[w]][place] for w in (u, v))
            if stagnant >= n or time.monotonic() >= end:
                break
    keep(order, float(own.sum()))
