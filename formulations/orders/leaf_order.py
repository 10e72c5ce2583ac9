"""Hierarchical clustering, and the shortest order of its leaves: an amenable neighbour of the shortest path.

A binary tree over n items allows 2^(n-1) orders, one for each choice of which child comes first. Among them

    minimize    sum over q of d(order[q], order[q + 1])

is solved exactly by dynamic programming (Bar-Joseph, Gifford, Jaakkola 2001): the best order of the leaves below the
node at which u and w part, u first and w last, has the length

    M(u, w) = min over h, k of M(u, h) + d(h, k) + M(k, w),      M(u, u) = 0

where h, the last leaf of u's side, parts from u at that side's root, and k, the first of w's, parts from w likewise:
two min-plus products, O(n^3) in all. Every pair of leaves parts at one node, so one n x n matrix holds all of M.
The result is a Hamiltonian path, so no shorter than the shortest, which the tree need not allow.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from formulations.problem import Floats, Ints

Linkage = Literal["single", "complete", "average", "ward"]
Splits = dict[tuple[int, int], int]  # (a, b): m where a node's leaves are a..b-1, those of its children a..m-1, m..b-1
MIN_PLUS_BLOCK = 1 << 16  # of the sums in a min-plus product at a time: they stay in the cache


def linkage_tree(d: Floats, method: Linkage = "average") -> Floats:
    """The mergers of agglomerative clustering, float64 (n - 1, 4), as scipy.cluster.hierarchy has them.

    Row i merges the clusters Z[i, 0] and Z[i, 1] (an item j < n, or n + j for the cluster of row j) at the height
    Z[i, 2] into one of Z[i, 3] items. Single linkage is the minimum spanning tree again: its heights are the weights
    of that tree's edges, its clusters what the lighter edges connect. Ward's heights mean variances only
    for Euclidean d. Raises ValueError if d is not a symmetric (n, n) matrix of finite numbers with a zero diagonal.
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
    """M, for leaves numbered so that those below any node are consecutive."""
    best, joined = np.zeros_like(d), np.empty_like(d)  # joined(u, k) = min over h of M(u, h) + d(h, k)
    for (a, b), m in splits.items():
        for ends, inner in _sides(a, m, splits):
            joined[ends, m:b] = _min_plus(best[ends, inner], d[inner, m:b])
        for ends, inner in _sides(m, b, splits):
            best[a:m, ends] = _min_plus(joined[a:m, inner], best[inner, ends])
        best[m:b, a:m] = best[a:m, m:b].T
    return best


def _retrace(d: Floats, best: Floats, splits: Splits) -> Ints:
    """An order of the least length that M has at the root."""
    n, order = len(d), []
    top = splits.get((0, n), 1)
    u, w = divmod(int(np.argmin(best[:top, top:])), n - top) if n > 1 else (0, 0)
    todo = [(0, n, u, top + w)]  # leaves a..b-1 are next, u first and w last
    while todo:
        a, b, u, w = todo.pop()
        if b - a == 1:
            order.append(a)
            continue
        m = splits[a, b]
        first, second = ((a, m), (m, b)) if u < m else ((m, b), (a, m))
        h, k = _opposite(u, *first, splits), _opposite(w, *second, splits)
        i, j = divmod(int(np.argmin(best[u, h, None] + d[h, k] + best[k, w])), k.stop - k.start)
        todo += [(*second, k.start + j, w), (*first, u, h.start + i)]
    return np.array(order, dtype=np.int64)


def _sides(a: int, b: int, splits: Splits) -> list[tuple[slice, slice]]:
    """For leaves a..b-1 of a node: those that may stand at one end, beside those that then stand at the other."""
    if b - a == 1:
        return [(slice(a, b), slice(a, b))]
    m = splits[a, b]
    return [(slice(a, m), slice(m, b)), (slice(m, b), slice(a, m))]


def _opposite(u: int, a: int, b: int, splits: Splits) -> slice:
    """The leaves that may stand at the other end of a..b-1 when u stands at one."""
    return next(inner for ends, inner in _sides(a, b, splits) if ends.start <= u < ends.stop)


def _min_plus(x: Floats, y: Floats) -> Floats:
    """The matrix of min over j of x[i, j] + y[j, k]."""
    product = np.empty((len(x), y.shape[1]))
    step = max(MIN_PLUS_BLOCK // y.size, 1)
    for i in range(0, len(x), step):
        np.min(x[i : i + step, :, None] + y, axis=1, out=product[i : i + step])
    return product


def _layout(tree: Floats, n: int) -> tuple[Ints, Splits]:
    """The leaves in an order that the tree allows, and where each node's stand in it, children before parents."""
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
    if np.any(d != d.T) or np.any(np.diag(d) != 0):
        raise ValueError("the dissimilarities are not symmetric with a zero diagonal; use (d + d.T) / 2, diagonal 0")
    return d
