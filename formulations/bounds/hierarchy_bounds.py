"""Bounds on Dasgupta's cost, the sum over pairs of w_ij times the size of the least cluster with both.

That size is 2, and 1 more for every third item k that is with i and j when these meet. Of three items two meet first,
i and j say, without k; then j counts for the pair i, k, and i for j, k. Hence with W the sum of all w_ij

    cost  =  2 W + sum over triples of (the sum of their three w, less that of the two that meet first)
          >= 2 W + sum over triples of the two least of their three w                               "triples"

(Wang and Wang, An improved cost function for hierarchical cluster trees, 2020), an equality if w is an ultrametric. The
sum of the two least grows with each w, so that the triples of groups of items, of whose similarities the least takes
the place of all, are bounded faster. With w = c for all pairs each triple is worth 2 c. As cost - 2 W is the sum over
all sizes t >= 2 of what w cuts between the clusters of at most t items, and c times what 1 cuts is no more for
c = l / n, where l is the second eigenvalue of the Laplacian L, diag(w 1) - w,

    cost  >=  2 W + l (n - 1) (n - 2) / 3                                                     "second eigenvalue"

Among few items f(S) = min over splits of S into A and B of f(A) + f(B) + |S| w(A, B) is the optimum for all of them.
Any numbers f on sets with f({i}) = 0 prove, as there are n - 1 splits in a hierarchy,

    cost  >=  f(all) - (n - 1) max over S and its splits of f(S) - f(A) - f(B) - |S| w(A, B)           "splits"
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from formulations.arithmetic.eigenvalues import negative_by
from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Floats, Ints

DENSE = 500  # items up to which eigenvalues are not left to Lanczos's method
MOST_SPLIT = 14  # items whose splits are all gone through: there are 3^n


def triples_bound(w: Floats, labels: Any) -> float:
    """What the triples of the groups with those labels, int64 (n,), prove; w float64 (n, n), >= 0, diagonal 0.

    >>> w = np.array([[0.0, 3, 1], [3, 0, 1], [1, 1, 0]])
    >>> round(triples_bound(w, np.arange(3)), 9)
    12.0
    """
    n, own = len(w), np.asarray(labels)
    if own.shape != (n,) or own.dtype.kind not in "iu":
        return -math.inf
    V, within, size = _least(w, own)
    total = 2 * _pairs(w)
    for i in range(len(V)):
        r, M = V[i, i + 1 :], V[i + 1 :, i + 1 :]
        both = r[:, None] + r
        two = np.minimum(both, M + np.minimum(r[:, None], r))  # the two least of r_j, r_k and M_jk
        np.fill_diagonal(two, 0)
        total += size[i] * float(size[i + 1 :] @ two @ size[i + 1 :]) / 2
        pairs = size[i] * (size[i] - 1) / 2
        if pairs:  # of triples with two or three items in this group
            others = np.delete(V[i], i)
            total += pairs * float(np.delete(size, i) @ np.minimum(2 * others, others + within[i]))
            total += pairs * (size[i] - 2) / 3 * 2 * float(within[i])
    return float(total - 8 * (n + 8) * ROUNDOFF * total)


def eigenvalue_bound(w: Floats, least: Any) -> float:
    """What a lower bound on the second eigenvalue of w's Laplacian proves, once it is found to be one.

    >>> round(eigenvalue_bound(np.ones((4, 4)) - np.eye(4), 4.0), 9)
    20.0
    """
    n, found = len(w), arrays((least,), ())
    if found is None or n < 3:
        return 2 * _pairs(w) if n < 3 else -math.inf
    c = float(found[0]) / n
    degrees = w.sum(axis=1)
    shift = max(abs(c), float(degrees.max()) / n)  # puts the vector 1 among the largest eigenvalues
    margin = 8 * (n + 2) * ROUNDOFF * (float(degrees.max()) + n * abs(c))
    T = (shift + c) - w
    T[np.arange(n), np.arange(n)] += degrees - n * c + margin
    off = negative_by(T)
    eigenvalue = n * c - 2 * margin - off
    total = 2 * _pairs(w)
    return total + eigenvalue * (n - 1) * (n - 2) / 3 - 8 * (n + 8) * ROUNDOFF * (total + n * n * abs(n * c))


def second_eigenvalue(w: Floats) -> float:
    """The second eigenvalue of the Laplacian, a little less for what rounding did.

    >>> bool(abs(second_eigenvalue(np.ones((4, 4)) - np.eye(4)) - 4) < 1e-9)
    True
    """
    n, degrees = len(w), w.sum(axis=1)
    L = -w
    L[np.arange(n), np.arange(n)] += degrees
    if n <= DENSE:
        from scipy.linalg import eigh

        found = eigh(L, eigvals_only=True, subset_by_index=(1, 1))[0] if n > 1 else 0.0
    else:
        from scipy.sparse.linalg import eigsh

        L += float(2 * degrees.max() / n)  # the vector 1 is out of the way
        start = np.random.default_rng(0).standard_normal(n)
        found = eigsh(L, 1, which="SA", v0=start, tol=1e-4, return_eigenvectors=False)[0]
        found -= 1e-3 * abs(found)
    return float(found - 64 * n * ROUNDOFF * degrees.max())


def best_splits(w: Floats) -> tuple[Floats, Ints]:
    """f, float64 (2^n,), bit i of an index meaning item i, and of each set one part of its best split, int64 (2^n,).

    >>> f, part = best_splits(np.array([[0.0, 3, 1], [3, 0, 1], [1, 1, 0]]))
    >>> float(f[7]), int(part[7]) in (3, 4)
    (12.0, True)
    """
    inner = _inner(w)
    f, part = np.zeros(len(inner)), np.zeros(len(inner), dtype=np.int64)
    for size, sets, parts in _splits(len(w)):
        costs = _split_costs(f, inner, size, sets, parts)
        best = costs.argmin(axis=1)
        rows = np.arange(len(sets))
        f[sets], part[sets] = costs[rows, best], parts[rows, best]
    return f, part


def splits_bound(w: Floats, table: Any) -> float:
    """What any numbers on the sets of items, float64 (2^n,), prove: see the page; -inf if they are none.

    >>> w = np.array([[0.0, 3, 1], [3, 0, 1], [1, 1, 0]])
    >>> round(splits_bound(w, best_splits(w)[0]), 9)
    12.0
    """
    n = len(w)
    found = arrays((table,), (2**n,)) if n <= MOST_SPLIT else None
    if found is None:
        return -math.inf
    f = found[0].copy()
    f[1 << np.arange(n)] = 0.0
    inner, excess = _inner(w), 0.0
    for size, sets, parts in _splits(n):
        costs = _split_costs(f, inner, size, sets, parts)
        excess = max(excess, float((f[sets] - costs.min(axis=1)).max()))
    rounding = 16 * n * n * ROUNDOFF * (n * float(inner[-1]) + float(np.abs(f).max()))
    return float(f[-1]) - (n - 1) * excess - rounding


def merges_of_splits(part: Ints) -> Floats:
    """The hierarchy of the best splits, the size of each cluster less 1 as its height: merges, (n - 1, 4).

    >>> merges_of_splits(best_splits(np.array([[0.0, 3, 1], [3, 0, 1], [1, 1, 0]]))[1]).tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 2.0, 3.0]]
    """
    n = len(part).bit_length() - 1
    sets, todo = [], [len(part) - 1]
    while todo:
        S = todo.pop()
        if S.bit_count() > 1:
            sets.append(S)
            todo += [int(part[S]), S ^ int(part[S])]
    sets.sort(key=lambda S: (S.bit_count(), S))
    number = {1 << i: i for i in range(n)} | {S: n + i for i, S in enumerate(sets)}
    rows = []
    for S in sets:
        a, b = sorted((number[int(part[S])], number[S ^ int(part[S])]))
        rows.append((a, b, S.bit_count() - 1, S.bit_count()))
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def _pairs(w: Floats) -> float:
    """The sum over pairs."""
    return float(w.sum()) / 2


def _least(w: Floats, labels: Ints) -> tuple[Floats, Floats, Floats]:
    """The least similarity between two groups, (g, g), and within one, (g,), and the groups' sizes, (g,)."""
    _, own = np.unique(labels, return_inverse=True)
    size = np.bincount(own.ravel())
    if len(size) == len(w):
        return w, np.zeros(len(w)), np.ones(len(w))
    order, first = np.argsort(own.ravel(), kind="stable"), np.cumsum(size) - size
    by_row = np.array([np.minimum.reduce(w[order[a : a + k]], axis=0) for a, k in zip(first, size, strict=True)])
    V = np.minimum.reduceat(by_row[:, order], first, axis=1)
    within = np.zeros(len(size))
    for g in np.flatnonzero(size > 1).tolist():
        items = order[first[g] : first[g] + size[g]]
        block = w[np.ix_(items, items)]
        within[g] = block[~np.eye(len(items), dtype=bool)].min()
    np.fill_diagonal(V, 0)
    return V, within, size.astype(np.float64)


def _inner(w: Floats) -> Floats:
    """The sum of w over the pairs within each set, (2^n,)."""
    inner, to = np.zeros(1), np.zeros(1)
    for i in range(len(w)):
        to = np.zeros(1)
        for j in range(i):
            to = np.concatenate([to, to + w[i, j]])
        inner = np.concatenate([inner, inner + to])
    return inner


def _splits(n: int) -> Iterator[tuple[int, Ints, Ints]]:
    """Of each size k from 2 on the sets of k items, (m,), and one part of each split of these, (m, 2^(k-1) - 1)."""
    for k in range(2, n + 1):
        bits = 1 << np.array(list(combinations(range(n), k)), dtype=np.int64)
        parts = np.zeros((len(bits), 1), dtype=np.int64)
        for j in range(1, k):
            parts = np.concatenate([parts, parts | bits[:, j, None]], axis=1)
        yield k, bits.sum(axis=1), parts[:, 1:]


def _split_costs(f: Floats, inner: Floats, size: int, sets: Ints, parts: Ints) -> Floats:
    """f(A) + f(B) + |S| w(A, B) of each split."""
    rest = sets[:, None] ^ parts
    return np.asarray(f[parts] + f[rest] + size * (inner[sets][:, None] - inner[parts] - inner[rest]))
