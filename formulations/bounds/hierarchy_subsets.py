"""A bound on Dasgupta's cost by the best hierarchies of all few items.

Of any three items a hierarchy says which two meet first, and its cost is 2 W, W the sum of all w_ij, and what each
triple adds (formulations.bounds.hierarchy_bounds). What the triples within a set S of r items add is the cost of the
hierarchy that is left of it on S, less 2 W(S), and so f(S) - 2 W(S) at least, f(S) being the least cost of S. Each
triple is in C(n - 3, r - 3) such sets, hence

    cost  >=  2 W + sum over S of r items of (f(S) - 2 W(S)) / C(n - 3, r - 3)                "all sets of r items"

With r = 3 these are the triples' own bound, with r = n it is the optimum, and in between it grows with r, as the bound
for a set of r + 1 items by its subsets of r is no more than its optimum. f is computed from smaller to larger sets,

    f(S) = min over splits of S into A and B of f(A) + f(B) + |S| w(A, B).
"""

from __future__ import annotations

import math

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats, Ints

WORK = 4e7  # splits that are gone through, in some seconds


def subsets_bound(w: Floats, r: int) -> float:
    """What the sets of r items prove, -inf unless 3 <= r <= affordable(n); w float64 (n, n), symmetric, >= 0.

    >>> w = np.array([[0.0, 3, 1], [3, 0, 1], [1, 1, 0]])
    >>> round(subsets_bound(w, 3), 9)
    12.0
    """
    n = len(w)
    if r not in range(3, affordable(n) + 1):
        return -math.inf
    inner, least = _least_costs(w, r)
    added = float((least - 2 * inner).sum()) / math.comb(n - 3, r - 3)
    total = float(w.sum())  # 2 W
    return total + added - 16 * (r * r + 64) * ROUNDOFF * (total * n + added)


def affordable(n: int) -> int:
    """The largest sets of n items that WORK allows for, 2 if none.

    >>> affordable(16), affordable(40), affordable(100), affordable(1000)
    (16, 5, 4, 2)
    """
    work, r = 0, 2
    while r < n and (work := work + math.comb(n, r + 1) * 2**r) <= WORK:
        r += 1
    return r


def _least_costs(w: Floats, r: int) -> tuple[Floats, Floats]:
    """W(S) and f(S) of the sets of r items, which are ordered by their largest item, then the next, and so on."""
    n = len(w)
    before = np.array([[math.comb(c, i) for c in range(n)] for i in range(r + 1)])  # sets of i items below c
    sets = np.arange(n)[:, None]
    inner, least = {1: np.zeros(n)}, {1: np.zeros(n)}
    for k in range(2, r + 1):
        sets = np.concatenate([_joined(sets[: before[k - 1, c]], c) for c in range(k - 1, n)])
        rest, last = _number(sets[:, :-1], before), sets[:, -1]
        inner[k] = inner[k - 1][rest] + w[sets[:, :-1], last[:, None]].sum(axis=1)
        least[k] = np.full(len(sets), np.inf)
        for mask in range(1, 2 ** (k - 1)):  # the last item is in the other part
            within = [i for i in range(k) if mask >> i & 1]
            other = [i for i in range(k) if not mask >> i & 1]
            A, B = (_number(sets[:, part], before) for part in (within, other))
            a, b = len(within), len(other)
            across = inner[k] - inner[a][A] - inner[b][B]
            np.minimum(least[k], least[a][A] + least[b][B] + k * across, out=least[k])
    return inner[r], least[r]


def _joined(sets: Ints, item: int) -> Ints:
    """The sets with one more item, larger than all of theirs."""
    return np.column_stack([sets, np.full(len(sets), item)])


def _number(sets: Ints, before: Ints) -> Ints:
    """The places of sets in that order, items ascending, int64 (m,)."""
    found = np.zeros(len(sets), dtype=np.int64)
    for i in range(sets.shape[1]):
        found += before[i + 1, sets[:, i]]
    return found
