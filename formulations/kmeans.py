"""k-means: rows in k groups, such that the squares of their distances to the means of their groups sum to least.

    minimize    sum over groups C of sum over rows i of C of |x_i - mean of C|^2
    over        partitions of the rows into k groups, none of them empty

NP-hard (Aloise et al. 2009). With centers c_t it is to minimize the sum over i of min over t of |x_i - c_t|^2, and any
prices a_i of the rows prove

    value  >=  sum of a_i - k max over c of (sum over i of max(0, a_i - |x_i - c|^2))                           "prices"

(formulations.arithmetic.prices): nearly always the value itself for the best prices, where dimensions are few, so that
boxes of places tell the best center c. In any dimension, write Z_ij = 1/|C| where rows i and j share the group C, else
0, and G for the products of the centred rows, G_ij = x_i'x_j. The objective is tr G - <G, Z>, and every such Z has

    Z 1 = 1,  tr Z = k,  eigenvalues within [0, 1]
    Z_ij >= 0                             "not negative"
    Z_ij <= Z_ii                          "pairs"
    Z_ij + Z_il <= Z_ii + Z_jl            "triangles"

(Peng and Wei, Approximating k-means-type clustering via semidefinite programming, 2007; the last two are facets of all
partitions, Grotschel and Wakabayashi 1990). Multipliers y >= 0 of these inequalities, <T, Z> >= 0 each, make a matrix
A = sum of y T. As Z is 11'/n plus a matrix on the complement of 1 of trace k - 1 and eigenvalues within [0, 1],

    value  >=  tr G - <G + A, Z>  >=  tr G - 1'A1/n - (sum of the k - 1 largest eigenvalues of G + A there)

by a theorem of Fan (formulations.trace). That holds for whatever y was found, and with y = 0 it is the bound by
principal components (Ding and He 2004). Where neither is the value, a pair of rows is together or apart: a tree of such
cases, each with its prices or its y, proves the least of their bounds (Piccialli, Sudoso and Wiegele, SOS-SDP, 2022).
Rows that are together are one item of as much weight. For many rows in many dimensions the sum of bounds on disjoint
blocks of them is a bound too, and groups that are far from each other prove one at once
(formulations.arithmetic.separated_groups).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.partition_bounds import (
    BY_BLOCKS,
    BY_COMPONENTS,
    BY_TREE,
    NONNEGATIVE,
    blocks_bound,
    spectral_bound,
    tree_bound,
)
from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.separated_groups import BY_SEPARATION, separated_bound
from formulations.problem import Floats, Ints, SearchProblem, WeakDual, constant_dual

MAX_MAGNITUDE = 1e100  # of a number, whose square is to be finite


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups: the label of each row, 0 to k - 1, in the order in which they first appear; their means, (k, d)."""

    labels: Ints
    centers: Floats


def kmeans(
    rows: ArrayLike,
    k: int,
    together: Iterable[tuple[int, int]] = (),
    apart: Iterable[tuple[int, int]] = (),
    at_least: int = 1,
    at_most: int | None = None,
) -> SearchProblem:
    """The partition of rows (n, d) into k groups; its answer is Groups.

    together, apart    pairs of row numbers, from 0, that share a group, or do not
    at_least, at_most  rows that a group has
    Rows that are equal are together, unless sizes are limited or pairs are apart. Raises ValueError for rows that are
    not finite numbers, fewer different rows than groups, or demands on groups that contradict each other plainly.

    >>> from solvers import solve
    >>> found = solve(kmeans([[0.0], [1.0], [5.0], [7.0]], 2))
    >>> found.status, found.value, found.answer.labels.tolist(), found.answer.centers.tolist()
    ('optimal', 2.5, [0, 0, 1, 1], [[0.5], [6.0]])
    """
    X = np.array(rows, dtype=np.float64)
    if X.ndim != 2 or not X.size or not (np.abs(X) <= MAX_MAGNITUDE).all():
        raise ValueError(f"rows have shape {X.shape}; give (n, d) finite numbers, at most {MAX_MAGNITUDE:g} in size")
    n = len(X)
    pairs = [np.array(list(listed), dtype=np.int64).reshape(-1, 2) for listed in (together, apart)]
    for listed in pairs:
        if len(listed) and not (listed.min() >= 0 and listed.max() < n):
            raise ValueError(f"a pair names row {listed[(listed < 0) | (listed >= n)][0]}; rows are 0 to {n - 1}")
    most = n if at_most is None else at_most
    if not 1 <= k <= n:
        raise ValueError(f"{n} rows do not make {k} groups; ask for 1 to {n}")
    if not 1 <= at_least <= most or not k * at_least <= n <= k * most:
        raise ValueError(f"{n} rows do not make {k} groups of {at_least} to {most} rows each; change one of these")
    center = X.mean(axis=0)
    merged = pairs[0] if at_least > 1 or most < n or len(pairs[1]) else np.vstack([pairs[0], _equal(X)])
    form = SumOfSquares(X - center, k, _items(n, merged), pairs[1], at_least, most)
    if len(form.weights) < k:
        raise ValueError(f"{k} groups need {k} different rows that are not together, and there are {len(form.weights)}")
    if form.weights.max() > most:
        raise ValueError(f"{form.weights.max():.0f} rows are together, and a group has at most {most}; change one")
    if (form.conflicts[:, 0] == form.conflicts[:, 1]).any():
        raise ValueError("a pair of rows is to be apart and together; leave one of the two out")
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="each row is in one group, none is empty, and they are as was asked",
        answer=lambda labels: _groups(X, labels),
        values=lambda labels: {"labels": _groups(X, labels).labels.astype(np.float64)},
        weak_duals=[
            constant_dual(NONNEGATIVE, 0.0),
            WeakDual(BY_COMPONENTS, lambda _: (), lambda _: spectral_bound(form)),
            WeakDual(BY_TREE, None, lambda tree: tree_bound(form, tree)),
            WeakDual(BY_SEPARATION, None, lambda labels: separated_bound(form, labels)),
            WeakDual(BY_BLOCKS, None, lambda blocks: blocks_bound(form, blocks)),
        ],
        maths={
            "minimize": r"\sum_{C} \sum_{i \in C} \Bigl\| x_i - \frac{1}{|C|} \sum_{j \in C} x_j \Bigr\|^2",
            "over": rf"\text{{partitions of }} \{{1, \dots, {n}\}} \text{{ into }} {k} \text{{ groups }} C",
        },
    )


def _groups(X: Floats, labels: Ints) -> Groups:
    """Groups in the order of their first rows."""
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    number = np.argsort(np.argsort(first))
    own = number[place.ravel()]
    centers = np.array([X[own == group].mean(axis=0) for group in range(len(first))])
    return Groups(own.astype(np.int64), centers)


def _equal(X: Floats) -> Ints:
    """Pairs of equal rows that link all that are, (p, 2): rows are compared where their bits sum to the same number."""
    odd = 2 * np.random.default_rng(0).integers(2**62, size=X.shape[1], dtype=np.uint64) + np.uint64(1)
    key = (np.ascontiguousarray(X + 0.0).view(np.uint64) * odd).sum(axis=1)  # + 0.0, as -0.0 equals 0.0
    _, place, times = np.unique(key, return_inverse=True, return_counts=True)
    alike = np.flatnonzero(times[place] > 1)
    _, first, own = np.unique(X[alike], axis=0, return_index=True, return_inverse=True)
    every = alike[np.column_stack([first[own.ravel()], np.arange(len(alike))])]
    return np.asarray(every[every[:, 0] != every[:, 1]])


def _items(n: int, pairs: Ints) -> Ints:
    """Numbers of what the pairs link, (n,), in the order of their first rows."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    label = connected_components(links, directed=False)[1]
    _, first, place = np.unique(label, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[place.ravel()], dtype=np.int64)
