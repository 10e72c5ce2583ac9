"""Potentials on the sets of items placed so far, for objectives that are sums over prefixes or over neighbours.

An order is a path of sets that grow item by item. If item y costs c(y, S) after the set S, whatever the order of S,
then for any numbers f on the sets no order costs less than

    f(all) - f(none) - sum over k of  max over |S| = k - 1 and y not in S of  f(S + y) - f(S) - c(y, S),

and f(S + y) = min over y of f(S) + c(y, S) makes that the optimum (Held and Karp, SIAM J. 1962). If y costs w_k d_xy
after k items, x the last of them, the same holds of sets with their last items: of numbers f(S, x) and

    min over x of f(all, x) - max over x of f({x}, x) - sum over k of  max of  f(S + y, y) - f(S, x) - w_k d_xy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Floats


def prefix_bound(costs: Floats, table: Any) -> float:
    """The lower bound that f, float64 (2^n,), bit i of an index meaning that i is in S, proves; -inf if it is none.

    costs float64 (n, 2^n): c(y, S), whatever it is where y is in S.

    >>> costs = np.array([[0.0, 0, 3, 0], [0, 1, 0, 0]])  # item 0 costs 3 after item 1, item 1 costs 1 after item 0
    >>> round(prefix_bound(costs, np.array([0.0, 0, 0, 1])), 9)
    1.0
    """
    n = len(costs)
    found = arrays((table,), (2**n,))
    if found is None:
        return -math.inf
    (f,) = found
    sets = np.arange(2**n)
    rise = np.full(n, -np.inf)
    for y in range(n):
        before = sets[(sets >> y) & 1 == 0]
        np.maximum.at(rise, np.bitwise_count(before), f[before | 1 << y] - f[before] - costs[y, before])
    return _below([f[-1], -f[0], *-rise], [f, costs])


def neighbours_bound(d: Floats, weight: Floats, table: Any) -> float:
    """The lower bound on sum over k of w_k d(k-th, next) that f, float64 (n, 2^n), f[x, S], proves; -inf if none.

    d float64 (n, n); weight float64 (n - 1,). Where x is not in S, f does not matter.

    >>> d = np.array([[0.0, 2], [2, 0]])
    >>> round(neighbours_bound(d, np.array([1.0]), np.array([[0, 0, 0, 2.0], [0, 0, 0, 2]])), 9)
    2.0
    """
    n = len(d)
    found = arrays((table,), (n, 2**n))
    if found is None:
        return -math.inf
    (f,) = found
    sets = np.arange(2**n)
    size = np.bitwise_count(sets)
    rise = np.full(n + 1, -np.inf)
    for x in range(n):
        for y in range(n):
            if x != y:
                before = sets[(sets >> x & 1 == 1) & (sets >> y & 1 == 0)]
                k = size[before]
                steps = f[y, before | 1 << y] - f[x, before] - weight[k - 1] * d[x, y]
                np.maximum.at(rise, k, steps)
    single = max(float(f[x, 1 << x]) for x in range(n))
    return _below([float(f[:, -1].min()), -single, *-rise[1:n]], [f, d * weight.max(initial=0)])


def _below(terms: list[float], entries: list[Floats]) -> float:
    """The sum of the terms less the error of each, which is at most a few units of the last place of what made it."""
    size = sum(float(np.abs(part).max(initial=0)) for part in entries)
    return math.fsum([float(term) for term in terms]) - 4 * len(terms) * ROUNDOFF * size
