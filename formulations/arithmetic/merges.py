"""Hierarchies of n items as merges: which clusters are joined, row by row, as scipy.cluster.hierarchy writes them.

Row i joins the clusters Z[i, 0] and Z[i, 1] (an item j < n, or n + j for what row j has made), at the height Z[i, 2],
into one of Z[i, 3] items. In the order of the leaves each cluster is an interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from formulations.problem import Floats, Ints


@dataclass(frozen=True, eq=False)
class Layout:
    """The leaves in an order that the hierarchy allows, (n,); merge i joins the places start to middle to stop."""

    leaves: Ints
    start: Ints
    middle: Ints
    stop: Ints

    @property
    def pairs(self) -> Ints:
        """How many pairs of items meet in each merge, (n - 1,)."""
        return (self.middle - self.start) * (self.stop - self.middle)

    @property
    def sizes(self) -> Ints:
        """How many items each merge makes one cluster of, (n - 1,)."""
        return self.stop - self.start

    def sides(self, merge: int) -> tuple[Ints, Ints]:
        """The items of the two clusters that it joins."""
        a, m, b = int(self.start[merge]), int(self.middle[merge]), int(self.stop[merge])
        return self.leaves[a:m], self.leaves[m:b]


def misshapen(merges: Any, n: int) -> str | None:
    """What keeps it from being a hierarchy of n items, in words; None if it is one.

    >>> misshapen(np.array([[0, 1, 2.5, 2]]), 2), misshapen(np.array([[0, 0, 2.5, 2]]), 2)
    (None, 'the rule that every cluster is merged once')
    """
    Z = np.asarray(merges)
    if Z.shape != (n - 1, 4) or Z.dtype.kind not in "fiu" or not np.isfinite(Z).all():
        return f"the shape of a hierarchy of {n} items, {n - 1} x 4 finite numbers"
    if not np.array_equal(np.sort(Z[:, :2], axis=None), np.arange(2 * n - 2)):
        return "the rule that every cluster is merged once"
    if (Z[:, :2] >= n + np.arange(n - 1)[:, None]).any():
        return "the rule that a cluster is made before it is merged"
    return None if np.array_equal(layout(Z).sizes, Z[:, 3]) else "the sizes of its clusters"


def layout(merges: Floats) -> Layout:
    """The order of the leaves and where each merge stands in it.

    >>> found = layout(np.array([[0, 2, 1.0, 2], [1, 3, 4.0, 3]]))
    >>> found.leaves.tolist(), found.sizes.tolist(), found.pairs.tolist()
    ([1, 0, 2], [2, 3], [1, 2])
    """
    children = np.asarray(merges)[:, :2].astype(np.int64)
    n = len(children) + 1
    size = [1] * n
    for left, right in children.tolist():
        size.append(size[left] + size[right])
    start = [0] * (2 * n - 1)
    for i in range(n - 2, -1, -1):
        left, right = children[i].tolist()
        start[left], start[right] = start[n + i], start[n + i] + size[left]
    first, sizes = np.array(start, dtype=np.int64), np.array(size, dtype=np.int64)
    return Layout(np.argsort(first[:n]), first[n:], first[n:] + sizes[children[:, 0]], first[n:] + sizes[n:])


def merges_of_tree(parents: Ints, steps: Floats) -> Floats:
    """The merges that a spanning tree makes, its shortest edges first: of a shortest one that is single linkage.

    parents int64 (n,), -1 of the root; steps float64 (n,): how long each item's edge to its parent is.

    >>> merges_of_tree(np.array([-1, 2, 0]), np.array([0.0, 4, 1])).tolist()
    [[0.0, 2.0, 1.0, 2.0], [1.0, 3.0, 4.0, 3.0]]
    """
    n, items = len(parents), np.flatnonzero(parents >= 0)
    items = items[np.argsort(steps[items], kind="stable")]
    root, name, size, rows = list(range(n)), list(range(n)), [1] * n, []
    for u, v, step in zip(items.tolist(), parents[items].tolist(), steps[items].tolist(), strict=True):
        a, b = find(root, u), find(root, v)
        rows.append((min(name[a], name[b]), max(name[a], name[b]), step, size[a] + size[b]))
        if size[a] < size[b]:
            a, b = b, a
        root[b], size[a], name[a] = a, size[a] + size[b], n + len(rows) - 1
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def find(root: list[int], u: int) -> int:
    """The root of the set that u is in, the ways there being halved."""
    while root[u] != u:
        root[u] = u = root[root[u]]
    return u


def across(M: Floats, at: Layout, of: Callable[[Floats], float]) -> Floats:
    """What `of` makes of the entries of M, (n, n), between the two clusters of each merge; (n - 1,)."""
    return np.array([of(M[np.ix_(*at.sides(i))]) for i in range(len(at.start))])


def cophenetic(merges: Floats) -> Floats:
    """The height of the merge in which two items meet, (n, n).

    >>> cophenetic(np.array([[0, 2, 1.0, 2], [1, 3, 4.0, 3]])).tolist()
    [[0.0, 4.0, 1.0], [4.0, 0.0, 4.0], [1.0, 4.0, 0.0]]
    """
    at, n = layout(merges), len(merges) + 1
    u = np.zeros((n, n))
    for i, height in enumerate(np.asarray(merges)[:, 2].tolist()):
        a, b = at.sides(i)
        u[np.ix_(a, b)] = u[np.ix_(b, a)] = height
    return u


def inversions(merges: Floats) -> Ints:
    """The merges that lie lower than a cluster that they join: the hierarchy is then no ultrametric; int64 (k,).

    >>> inversions(np.array([[0, 1, 2.0, 2], [2, 3, 1.8, 3]])).tolist()
    [1]
    """
    Z = np.asarray(merges)
    below = np.concatenate([np.full(len(Z) + 1, -np.inf), Z[:, 2]])[Z[:, :2].astype(np.int64)]
    return np.flatnonzero(Z[:, 2] < below.max(axis=1, initial=-np.inf))


def groups(merges: Floats, k: int) -> Ints:
    """The labels, 0 to k - 1 in the order of their first items, when all but the last k - 1 merges are done; (n,).

    >>> groups(np.array([[0, 2, 1.0, 2], [1, 3, 4.0, 3]]), 2).tolist()
    [0, 1, 0]
    """
    return _labels(merges, np.arange(len(merges)) < len(merges) + 1 - k)


def groups_below(merges: Floats, height: float) -> Ints:
    """The same when those merges are done that lie at most that high, as do all within their clusters.

    >>> groups_below(np.array([[0, 2, 1.0, 2], [1, 3, 4.0, 3]]), 4.0).tolist()
    [0, 0, 0]
    """
    n = len(merges) + 1
    highest = [-np.inf] * n
    for left, right, own in np.asarray(merges)[:, :3].tolist():
        highest.append(max(own, highest[int(left)], highest[int(right)]))
    return _labels(merges, np.array(highest[n:]) <= height)


def _labels(merges: Floats, done: Any) -> Ints:
    n, at = len(merges) + 1, layout(merges)
    own = np.arange(n)
    for i in np.flatnonzero(done).tolist():
        a, b = at.sides(i)
        both = np.concatenate([a, b])
        own[both] = both.min()
    _, labels = np.unique(own, return_inverse=True)
    return labels.ravel().astype(np.int64)
