"""The nearest neighbours of points, as a graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from formulations.problem import Floats, Ints

SOURCES = 200  # points from which paths are found in one call, which nothing can stop


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The K nearest other points of each of n points, the nearest first: int64 (n, K), and their distances (n, K)."""

    index: Ints
    distance: Floats

    @property
    def n(self) -> int:
        """How many points there are."""
        return len(self.index)

    @property
    def count(self) -> int:
        """K."""
        return int(self.index.shape[1])

    @cached_property
    def graph(self) -> csr_array:
        """An edge from each point to its K nearest, as long as it is far, (n, n)."""
        ends = np.arange(0, self.n * self.count + 1, self.count)
        return csr_array((self.distance.ravel(), self.index.ravel(), ends), shape=(self.n, self.n))

    @cached_property
    def joined(self) -> csr_array:
        """1 where one of two points is among the nearest of the other, (n, n), symmetric."""
        ones = csr_array((np.ones(self.index.size), self.graph.indices, self.graph.indptr), shape=self.graph.shape)
        return csr_array(ones.maximum(ones.T))

    @cached_property
    def parts(self) -> Ints:
        """The number, from 0 on, of the connected part that each point is in, (n,)."""
        return np.asarray(connected_components(self.joined, directed=False)[1], dtype=np.int64)

    @property
    def connected(self) -> bool:
        """Whether there is a path between any two points."""
        return not self.parts.any()

    def refuse_parts(self) -> None:
        """Raise ValueError unless the graph is connected."""
        if not self.connected:
            sizes = np.sort(np.bincount(self.parts))[::-1]
            listed = ", ".join(f"{size:,}" for size in sizes[:3].tolist()) + (", ..." if len(sizes) > 3 else "")
            raise ValueError(
                f"the graph of {self.count} nearest neighbours falls into {len(sizes):,} parts, of {listed} points; "
                "give more neighbours, or embed each part by itself"
            )

    @cached_property
    def paths(self) -> Floats:
        """The lengths of shortest paths between all points along edges, either way, (n, n); inf between parts."""
        both = self.both_ways
        parts = np.array_split(np.arange(self.n), -(-self.n // SOURCES))
        lengths = np.concatenate([dijkstra(both, indices=part) for part in parts])
        return np.asarray(np.minimum(lengths, lengths.T))

    @property
    def both_ways(self) -> csr_array:
        """Each edge in both directions, (n, n); those between points at one place are stored, with length 0."""
        tail, head = np.repeat(np.arange(self.n), self.count), self.index.ravel()
        _, first = np.unique(np.r_[tail * self.n + head, head * self.n + tail], return_index=True)
        ends = np.r_[tail, head][first], np.r_[head, tail][first]
        return csr_array((np.tile(self.distance.ravel(), 2)[first], ends), shape=(self.n, self.n))


def connecting(find: Callable[[int], Neighbours], count: int, n: int) -> Neighbours:
    """Of n points as few neighbours as connect them, more than `count` of them; find: count -> Neighbours.

    >>> connecting(lambda count: nearest(np.array([[0.0], [1], [5], [6]]), count), 1, 4).count
    2
    """
    low, high = count, min(2 * count, n - 1)
    while high < n - 1 and not find(high).connected:
        low, high = high, min(2 * high, n - 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if find(middle).connected else (middle, high)
    return find(high)


def nearest(X: Floats, count: int) -> Neighbours:
    """The nearest of points X (n, p) in the plain distance, found by a k-d tree.

    Raises ValueError unless 1 <= count < n.

    >>> nearest(np.array([[0.0], [1.0], [3.0]]), 1).index.tolist()
    [[1], [0], [1]]
    """
    from scipy.spatial import cKDTree

    _refuse_count(len(X), count)
    distance, index = cKDTree(X).query(X, count + 1)
    own = index == np.arange(len(X))[:, None]
    own[~own.any(axis=1), -1] = True  # among many points at one place it may not be listed itself
    return Neighbours(index[~own].reshape(-1, count).astype(np.int64), distance[~own].reshape(-1, count))


def nearest_by(D: Floats, count: int) -> Neighbours:
    """The nearest by distances D (n, n), symmetric.

    >>> nearest_by(np.array([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]]), 1).index.tolist()
    [[1], [0], [1]]
    """
    _refuse_count(len(D), count)
    others = np.where(np.eye(len(D), dtype=bool), np.inf, D)
    index = np.argsort(others, axis=1, kind="stable")[:, :count]
    return Neighbours(index.astype(np.int64), np.take_along_axis(others, index, axis=1))


def _refuse_count(n: int, count: int) -> None:
    if not 1 <= count < n:
        raise ValueError(f"{n:,} points have no {count:,} neighbours each; give 1 to {n - 1:,}")
