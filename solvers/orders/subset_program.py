"""The linear arrangement of few items by dynamic programming over their subsets (Held and Karp, SIAM J. 1962).

The least cost of placing the items of S first, in any order, is

    f(S) = w(delta(S)) + min over v in S of f(S - v),      f(all) the optimum,

computed for all subsets of one size at a time. The table f is a certificate: see formulations.bounds.subset_potentials.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formulations.arithmetic.exact import SAFE_INT64, over_one_denominator
from formulations.problem import Floats, Ints

MAX_ITEMS = 24  # 2^24 subsets
BYTES_PER_SUBSET = 40


def subset_program(W: Floats, *, seconds: float = math.inf) -> tuple[Ints, float, NDArray[Any]]:
    """An order of minimum sum over pairs of w_ij |p_i - p_j|, its value, and the table f.

    W float64 (n, n), symmetric, finite, of any sign; its diagonal is ignored. The order is int64 (n,), the item at each
    place, the smaller end first. The table is (2^n,), bit i of an index meaning that item i is in S: int64 in units of
    one over W's common denominator where sums fit into that, else float64 in W's units. When time runs out, the order
    is completed greedily and f is constant on the sets not reached: still a certificate, of a weaker bound. Raises
    ValueError beyond 24 items.

    >>> order, value, f = subset_program(np.array([[0.0, 1, 5], [1, 0, 1], [5, 1, 0]]))
    >>> order.tolist(), value, f.tolist()  # the last entry of f is the optimum
    ([0, 2, 1], 8.0, [0, 6, 2, 8, 6, 8, 8, 8])
    """
    end, n = time.monotonic() + seconds, len(W)
    if n > MAX_ITEMS:
        raise ValueError(
            f"{n} items have 2^{n} subsets, whose table takes {BYTES_PER_SUBSET * 2**n / 1e9:,.0f} GB; "
            f"the program over subsets takes up to {MAX_ITEMS} items, local-search any number"
        )
    weights, denominator = _weights(W)
    cut, size = _cuts(weights), np.bitwise_count(np.arange(2**n, dtype=np.uint32))
    ranked = np.argsort(size, kind="stable")  # all subsets, the small ones first
    first = np.searchsorted(size[ranked], np.arange(n + 2))
    never = SAFE_INT64 if cut.dtype == np.int64 else math.inf
    f = np.full(2**n, never, dtype=cut.dtype)
    f[0] = done = 0
    for k in range(1, n + 1):
        if time.monotonic() > end:
            break
        sets = ranked[first[k] : first[k + 1]]
        before = np.full(len(sets), never, dtype=f.dtype)
        for v in range(n):
            np.minimum(before, f[sets & ~(1 << v)], out=before)  # if v is not in it, that is f[sets]: still `never`
        f[sets] = before + cut[sets]
        done = k
    largest = ranked[first[done] : first[done + 1]]
    f[ranked[first[done + 1] :]] = f[largest].min()
    order, value = _order(int(largest[f[largest].argmin()]), f, cut, n)
    return order, value.item() / denominator, f


def _weights(W: Floats) -> tuple[NDArray[Any], int]:
    """W, without its diagonal, over one denominator: int64 if all sums fit, else float64 and denominator 1."""
    pairs = np.triu_indices(len(W), 1)
    numerators, denominator = over_one_denominator(W[pairs])
    fits = 8 * (len(W) + 1) * sum(map(abs, numerators.tolist())) < SAFE_INT64
    upper = np.zeros(W.shape, dtype=np.int64 if fits else np.float64)
    upper[pairs] = numerators if fits else W[pairs]
    return upper + upper.T, denominator if fits else 1


def _cuts(weights: NDArray[Any]) -> NDArray[Any]:
    """w(delta(S)) of all subsets, (2^n,): those with largest item v from those of smaller items."""
    n = len(weights)
    cut = np.zeros(2**n, dtype=weights.dtype)
    for v in range(n):
        to_set = np.zeros(1, dtype=weights.dtype)
        for u in range(v):
            to_set = np.concatenate([to_set, to_set + weights[v, u]])
        cut[2**v : 2 ** (v + 1)] = cut[: 2**v] + weights[v].sum() - 2 * to_set
    return cut


def _order(placed: int, f: NDArray[Any], cut: NDArray[Any], n: int) -> tuple[Ints, Any]:
    """A best order of the items of a set, traced back in f, then completed greedily by least cut; and its value."""
    order, value, left = [], f[placed], placed
    while left:
        last = min((v for v in range(n) if left >> v & 1), key=lambda v: f[left & ~(1 << v)])
        order.append(last)
        left &= ~(1 << last)
    order.reverse()
    while len(order) < n:
        after = min((v for v in range(n) if not placed >> v & 1), key=lambda v: cut[placed | 1 << v])
        order.append(after)
        placed |= 1 << after
        value += cut[placed]
    return np.array(order if not n or order[0] <= order[-1] else order[::-1], dtype=np.int64), value
