"""Orders of few items whose value is a sum over prefixes or neighbours, by dynamic programming over subsets.

The least cost of placing the items of S first is, if item y costs c(y, S) after S,

    f(S + y) = min over y of f(S) + c(y, S),

and if it costs w_k d_xy after k items, the last of which is x, with the last item of S as a part of the state,

    f(S + y, y) = min over x in S of f(S, x) + w_k d_xy

(Held and Karp, SIAM J. 1962), for all subsets of one size at a time. The table f is a certificate: see
formulations.bounds.prefix_potentials.
"""

from __future__ import annotations

import numpy as np

from formulations.problem import Floats, Ints


def prefix_program(costs: Floats) -> tuple[Ints, Floats]:
    """An order of least sum of c(y, S) over its items y and the sets S before them, int64 (n,); and f, float64 (2^n,).

    costs float64 (n, 2^n), bit i of an index meaning that item i is in S.

    >>> order, f = prefix_program(np.array([[0.0, 0, 3, 0], [0, 1, 0, 0]]))
    >>> order.tolist(), f.tolist()
    ([0, 1], [0.0, 0.0, 0.0, 1.0])
    """
    n = len(costs)
    f = np.full(2**n, np.inf)
    f[0] = 0
    for sets in _by_size(n)[1:]:
        for y in range(n):
            with_y = sets[sets >> y & 1 == 1]
            before = with_y ^ (1 << y)
            f[with_y] = np.minimum(f[with_y], f[before] + costs[y, before])
    order, left = [], 2**n - 1
    while left:
        items = [y for y in range(n) if left >> y & 1]
        order.append(min(items, key=lambda y: f[left ^ 1 << y] + costs[y, left ^ 1 << y]))
        left ^= 1 << order[-1]
    return np.array(order[::-1], dtype=np.int64), f


def neighbours_program(d: Floats, weight: Floats) -> tuple[Ints, Floats]:
    """An order of least sum of w_k d(k-th item, next), int64 (n,); and f, float64 (n, 2^n), 0 where x is not in S.

    d float64 (n, n); weight float64 (n - 1,).

    >>> order, f = neighbours_program(np.array([[0.0, 2, 9], [2, 0, 1], [9, 1, 0]]), np.array([2.0, 1.0]))
    >>> order.tolist(), float(f[0, -1])
    ([2, 1, 0], 4.0)
    """
    n = len(d)
    f = np.zeros((n, 2**n))
    for k, sets in enumerate(_by_size(n)[2:]):
        for y in range(n):
            with_y = sets[sets >> y & 1 == 1]
            before = with_y ^ (1 << y)
            inside = before >> np.arange(n)[:, None] & 1 == 1
            f[y, with_y] = np.where(inside, f[:, before] + weight[k] * d[:, y, None], np.inf).min(axis=0)
    left = 2**n - 1
    order = [int(f[:, left].argmin())]
    for k in range(n - 2, -1, -1):
        y = order[-1]
        left ^= 1 << y
        items = [x for x in range(n) if left >> x & 1]
        order.append(min(items, key=lambda x: f[x, left] + weight[k] * d[x, y]))
    return np.array(order[::-1], dtype=np.int64), f


def _by_size(n: int) -> list[Ints]:
    """The subsets of n items, int64, of each size from 0 to n."""
    sets = np.arange(2**n)
    size = np.bitwise_count(sets)
    return [sets[size == k] for k in range(n + 1)]
