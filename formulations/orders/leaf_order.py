"""Hierarchical clustering, and the shortest order of its leaves: a surrogate of the shortest Hamiltonian path.

A binary tree over n items allows 2^(n-1) orders, one for each choice of which child comes first. Among them

    minimize    sum over q of d(order[q], order[q + 1])

is solved exactly by dynamic programming (Bar-Joseph, Gifford, Jaakkola 2001): the best order of the leaves below the
node that is their lowest common ancestor, u first and w last, has the length

    M(u, w) = min over h, k of M(u, h) + d(h, k) + M(k, w),      M(u, u) = 0

where h is the last leaf on u's side (u and h lie below different children of that side's root) and k the first on w's:
two min-plus products, O(n^3) in all. As each pair of leaves has one lowest common ancestor, an n x n matrix holds M.
The length is an upper bound on that of a shortest Hamiltonian path.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Literal, get_args

import numpy as np

from formulations.problem import Floats, Ints, is_symmetric

Linkage = Literal["single", "complete", "average", "ward"]
Splits = dict[tuple[int, int], int]  # (a, b): m where a node's leaves are a..b-1, those of its children a..m-1, m..b-1
MIN_PLUS_BLOCK = 1 << 16  # sums of a min-plus product that are computed at a time, so that they stay in the cache


def leaf_orders(d: Floats) -> dict[str, Callable[[], Ints]]:
    """The optimal leaf orders of the usual clusterings by name, worked out when asked for, once.

    >>> sorted(leaf_orders(np.abs(np.subtract.outer(range(3), range(3)) * 1.0)))[0]
    'leaf order, average linkage'
    """

    def order(method: Linkage) -> Ints:
        shifted = d
        if d.min(initial=0) < 0:  # a constant more for all pairs changes no path, and clusterings need it
            shifted = d - d.min()
            np.fill_diagonal(shifted, 0)
        return optimal_leaf_order(shifted, linkage_tree(shifted, method))[0]

    return {f"leaf order, {method} linkage": cache(partial(order, method)) for method in get_args(Linkage)}


def leaf_order_seconds(n: int) -> float:
    """What one of them takes on a slow day.

    >>> leaf_order_seconds(1000)
    0.5
    """
    return 5e-10 * n**3


def linkage_tree(d: Floats, method: Linkage = "average") -> Floats:
    """The mergers of agglomerative clustering, float64 (n - 1, 4), as scipy.cluster.hierarchy has them.

    Row i merges the clusters Z[i, 0] and Z[i, 1] (an item j < n, or n + j for the cluster of row j) at the height
    Z[i, 2] into one of Z[i, 3] items. Single linkage is Kruskal's algorithm: its heights are the weights of a minimum
    spanning tree's edges. Ward's heights are variances only if d is Euclidean. Raises ValueError if d is not a
    symmetric (n, n) matrix of finite numbers with a zero diagonal.

    >>> d = np.array([[0.0, 4, 1], [4, 0, 4], [1, 4, 0]])
    >>> linkage_tree(d, "single").tolist()
    [[0.0, 2.0, 1.0, 2.0], [1.0, 3.0, 4.0, 3.0]]
    """
    from scipy.cluster.hierarchy import linkage

    d = _checked(d)
    n = len(d)
    tree: Floats = linkage(d[np.triu_indices(n, 1)], method) if n > 1 else np.empty((0, 4))
    return tree


def optimal_leaf_order(d: Floats, tree: Floats) -> tuple[Ints, float]:
    """The shortest of the orders that the tree (as linkage_tree has it) allows, int64 (n,), and its length.

    Of an order and its reverse it is the one with order[0] < order[-1]. Raises ValueError if d is not a symmetric
    (n, n) matrix of finite numbers with a zero diagonal, or the tree is not a binary tree of n leaves.

    >>> x = np.array([0.0, 10, 1, 12])
    >>> d = np.abs(x[:, None] - x)
    >>> order, length = optimal_leaf_order(d, linkage_tree(d))
    >>> order.tolist(), length
    ([0, 2, 1, 3], 12.0)
    """
    d = _checked(d)
    leaves, splits = _layout(tree, len(d))
    d = d[np.ix_(leaves, leaves)]
    order = leaves[_retrace(d, _shortest(d, splits), splits)]
    if order[0] > order[-1]:
        order = order[::-1].copy()
    place = np.argsort(leaves)[order]
    return order, float(d[place[:-1], place[1:]].sum())


def _shortest(d: Floats, splits: Splits) -> Floats:
    """M, for leaves numbered so that those below each node are consecutive."""
    best, joined = np.zeros_like(d), np.empty_like(d)  # joined(u, k) = min over h of M(u, h) + d(h, k)
    for (a, b), m in splits.items():
        for ends, inner in _sides(a, m, splits):
            joined[ends, m:b] = _min_plus(best[ends, inner], d[inner, m:b])
        for ends, inner in _sides(m, b, splits):
            best[a:m, ends] = _min_plus(joined[a:m, inner], best[inner, ends])
        best[m:b, a:m] = best[a:m, m:b].T
    return best


def _retrace(d: Floats, best: Floats, splits: Splits) -> Ints:
    """An order of minimum length, by tracing M back from the root."""
    n, order = len(d), []
    top = splits.get((0, n), 1)
    u, w = divmod(int(np.argmin(best[:top, top:])), n - top) if n > 1 else (0, 0)
    stack = [(0, n, u, top + w)]  # leaves a..b-1 come next, u first and w last
    while stack:
        a, b, u, w = stack.pop()
        if b - a == 1:
            order.append(a)
            continue
        m = splits[a, b]
        first, second = ((a, m), (m, b)) if u < m else ((m, b), (a, m))
        h, k = _opposite(u, *first, splits), _opposite(w, *second, splits)
        i, j = divmod(int(np.argmin(best[u, h, None] + d[h, k] + best[k, w])), k.stop - k.start)
        stack += [(*second, k.start + j, w), (*first, u, h.start + i)]
    return np.array(order, dtype=np.int64)


def _sides(a: int, b: int, splits: Splits) -> list[tuple[slice, slice]]:
    """For a node with leaves a..b-1: which leaves may be first, each with those that may then be last."""
    if b - a == 1:
        return [(slice(a, b), slice(a, b))]
    m = splits[a, b]
    return [(slice(a, m), slice(m, b)), (slice(m, b), slice(a, m))]


def _opposite(u: int, a: int, b: int, splits: Splits) -> slice:
    """The leaves that may be last among a..b-1 when u is first."""
    return next(inner for ends, inner in _sides(a, b, splits) if ends.start <= u < ends.stop)


def _min_plus(x: Floats, y: Floats) -> Floats:
    """The matrix of min over j of x[i, j] + y[j, k]."""
    product = np.empty((len(x), y.shape[1]))
    step = max(MIN_PLUS_BLOCK // y.size, 1)
    for i in range(0, len(x), step):  # a block of rows of x at a time
        np.min(x[i : i + step, :, None] + y, axis=1, out=product[i : i + step])
    return product


def _layout(tree: Floats, n: int) -> tuple[Ints, Splits]:
    """The leaves in one order that the tree allows, and each node's range of places in it, children before parents."""
    child = np.asarray(tree)[:, :2].astype(np.int64) if np.ndim(tree) == 2 else np.empty((0, 2), dtype=np.int64)
    if len(child) != n - 1 or not np.array_equal(np.sort(child, axis=None), np.arange(2 * n - 2)):
        raise ValueError(
            f"the tree has shape {np.shape(tree)} or uses a cluster twice; one of {n} leaves has {n - 1} rows,"
            " as linkage_tree returns them"
        )
    if np.any(child >= n + np.arange(n - 1)[:, None]):
        raise ValueError("the tree merges a cluster before it is formed; order its rows as linkage_tree does")
    size = np.ones(2 * n - 1, dtype=np.int64)
    for i, (left, right) in enumerate(child):
        size[n + i] = size[left] + size[right]
    start = np.zeros(2 * n - 1, dtype=np.int64)
    for i in range(n - 2, -1, -1):
        left, right = child[i]
        start[left], start[right] = start[n + i], start[n + i] + size[left]
    stop = start + size
    splits = {(int(start[n + i]), int(stop[n + i])): int(stop[left]) for i, left in enumerate(child[:, 0])}
    return np.argsort(start[:n]), splits


def _checked(d: Floats) -> Floats:
    d = np.asarray(d, dtype=np.float64)
    if d.ndim != 2 or d.shape[0] != d.shape[1] or not len(d):
        raise ValueError(f"the dissimilarities have shape {d.shape}; give an (n, n) matrix, n >= 1")
    if not np.all(np.isfinite(d)):
        raise ValueError("a dissimilarity is not a finite number; leave such items out or fill the value in")
    if not is_symmetric(d) or np.any(np.diag(d) != 0):
        raise ValueError("the dissimilarities are not symmetric with a zero diagonal; use (d + d.T) / 2, diagonal 0")
    return d
