"""Potentials on the subsets of the items: a dual certificate for the linear arrangement of few items.

An order is a path of sets that grow item by item from the empty set to all items; its cost is the sum of their cuts:

    sum over pairs of w_ij |p_i - p_j|  =  sum over k < n of w(delta(S_k)),     S_k the first k items.

So for any numbers f on the subsets, as potentials of that shortest path problem, no order costs less than

    f(all) - f(none) - sum over k of  max over |S| = k of  f(S) - min over v in S of f(S - v) - w(delta(S)),

and f(S) = w(delta(S)) + min over v of f(S - v) makes that the optimum, f(all): the dynamic program of Held and Karp
(SIAM J. 1962). A table with errors still gives a valid bound, but a weaker one.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formulations.arithmetic.exact import SAFE_INT64, over_one_denominator
from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Floats


def subset_bound(W: Floats, table: Any) -> float:
    """The lower bound on the linear arrangement of W that the certificate, a table f, proves; -inf if it is none.

    W float64 (n, n), symmetric, of any sign; its diagonal is ignored. table (2^n,), bit i of an index meaning that item
    i is in S: int64, in units of one over W's common denominator, and then all is exact (W's floats are read as
    decimals, see formulations.arithmetic.exact); or float64, in W's units, minus a margin for rounding. Takes 40 bytes
    per subset.

    >>> W = np.array([[0.0, 2], [2, 0]])
    >>> subset_bound(W, np.array([0, 2, 2, 2])), subset_bound(W, np.array([0, 1, 1, 1]))  # two items: 2, at distance 1
    (2.0, 2.0)
    """
    n = len(W)
    if not isinstance(table, np.ndarray) or table.shape != (2**n,):
        return -math.inf
    if table.dtype == np.int64:
        return _exact_bound(W, table)
    found = arrays((table,), (2**n,))
    if found is None:
        return -math.inf
    (f,), upper = found, np.triu(W, 1)
    W = upper + upper.T
    rise = _rise(n, f, W) + _margin(W, f)
    total = math.fsum([float(f[-1]), -float(f[0]), *(-rise).tolist()])
    return math.nextafter(total, -math.inf)


def _exact_bound(W: Floats, f: NDArray[np.int64]) -> float:
    n = len(W)
    numerators, denominator = over_one_denominator(W[np.triu_indices(n, 1)])
    if (
        8 * (n + 1) * sum(map(abs, numerators.tolist())) >= SAFE_INT64
        or max(-int(f.min()), int(f.max())) >= SAFE_INT64 // 4
    ):
        return -math.inf
    whole = np.zeros((n, n), dtype=np.int64)
    whole[np.triu_indices(n, 1)] = numerators
    rise = _rise(n, f, whole + whole.T)
    exact = Fraction(int(f[-1]) - int(f[0]) - sum(rise.tolist()), denominator)
    bound = float(exact)
    return bound if Fraction(bound) <= exact else math.nextafter(bound, -math.inf)


def _rise(n: int, f: NDArray[Any], W: NDArray[Any]) -> NDArray[Any]:
    """For k = 1, ..., n the largest f(S) - min over v of f(S - v) - w(delta(S)) with |S| = k."""
    # excess = -w(delta(S)), for the subsets of 0..v in turn.
    excess, leaving = np.zeros(2**n, dtype=f.dtype), W.sum(axis=1)
    for v in range(n):
        inside = np.zeros(2**v, dtype=f.dtype)  # w(v, S) for the subsets S of 0..v-1
        for u in range(v):
            inside[2**u : 2 ** (u + 1)] = inside[: 2**u] + W[v, u]
        excess[2**v : 2 ** (v + 1)] = excess[: 2**v] + (2 * inside - leaving[v])

    # before = min over v of f(S - v).
    before = np.full(2**n, f.max(), dtype=f.dtype)
    for v in range(n):
        without, with_v = f.reshape(-1, 2, 2**v)[:, 0], before.reshape(-1, 2, 2**v)[:, 1]
        np.minimum(with_v, without, out=with_v)
    excess += f - before
    size = np.bitwise_count(np.arange(2**n, dtype=np.uint32))
    return np.array([excess[size == k].max() for k in range(1, n + 1)], dtype=f.dtype)


def _margin(W: Floats, f: Floats) -> float:
    """A bound on the rounding error of _rise: a cut takes at most 2 n sums, none larger than sum of |W|."""
    return 16 * (len(W) + 4) * ROUNDOFF * (math.fsum(np.abs(W).ravel().tolist()) + float(np.abs(f).max()))
