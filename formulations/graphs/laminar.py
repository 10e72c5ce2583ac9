"""Laminar families, vertex sets that are nested or disjoint: how they are stored, made, and turned into rows.

They are made of given sets (`nested`), or by merging vertices along edges (`merge_tree`). All sums x(E(S)) over the
edges inside the sets are found at once, in time almost linear in the edges (`Laminar.owner`, `Laminar.inside`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree

from formulations.problem import Bools, Floats, Ints, Rows


@dataclass(frozen=True, eq=False)
class Laminar:
    """k nested or disjoint sets of the vertices 0..n-1, as a forest with the vertices for leaves.

    parent  int64 (n + k,): the smallest set that strictly contains vertex v (index v) or set i (index n + i), as
            its index n + i; -1 if there is none. A set's parent comes after it.

    >>> family = Laminar(3, np.array([3, 3, 4, 4, -1]))  # {0, 1} inside {0, 1, 2}
    >>> family.members()
    [[0, 1], [2, 0, 1]]
    >>> owner = family.owner(np.array([0, 1]), np.array([1, 2]))  # of the edges (0, 1) and (1, 2)
    >>> owner.tolist(), family.inside(owner, np.array([0.5, 1.0])).tolist()
    ([0, 1], [0.5, 1.5])
    """

    n: int
    parent: Ints

    def __post_init__(self) -> None:
        """Raise ValueError if the parents are not such a forest or a set is empty: rows would be invalid."""
        parent, above = self.parent, self.parent >= 0
        later = (parent >= self.n) & (parent > np.arange(len(parent))) & (parent < len(parent))
        if len(parent) < self.n or not (later | (parent == -1)).all():
            raise ValueError("the parents of a laminar family must be sets that come after their members, or -1")
        if len(np.unique(parent[above])) < len(parent) - self.n:
            raise ValueError("a set of a laminar family is empty")

    def __len__(self) -> int:
        """k, the number of sets."""
        return len(self.parent) - self.n

    def sizes(self) -> Ints:
        """|S| for each set, int64 (k,)."""
        return self._walk.vertices

    def members(self) -> list[list[int]]:
        """The vertices of each set, as lists; slow, so not for hot loops."""
        inside: list[list[int]] = [[] for _ in range(len(self))]
        for v, p in enumerate(self.parent.tolist()):
            if p >= 0:
                inside[p - self.n] += [v] if v < self.n else inside[v - self.n]
        return inside

    def owner(self, tail: Ints, head: Ints) -> Ints:
        """For each edge (tail, head) the smallest set, 0..k-1, that contains both its ends, or -1; int64 (m,)."""
        position = self._walk.position
        first = np.minimum(position[tail], position[head]) + 1
        last = np.maximum(position[tail], position[head])
        if not len(first):
            return np.zeros(0, dtype=np.int64)
        # The smallest common set is the maximum of the gaps between the two positions: a range maximum query,
        # answered by a sparse table whose level l has the maxima over 2^l successive gaps.
        level = np.frexp(last - first + 1)[1] - 1
        top, table = np.empty(len(first), dtype=np.int64), self._walk.gap
        for step in range(int(level.max()) + 1):
            if step:
                half = 1 << (step - 1)
                table = np.maximum(table[:-half], table[half:])
            at = np.flatnonzero(level == step)
            top[at] = np.maximum(table[first[at]], table[last[at] - (1 << step) + 1])
        return np.where(top < len(self.parent), top - self.n, -1)

    def inside(self, owner: Ints, x: Floats) -> Floats:
        """x(E(S)) for each set, given the edges' owners and x, float64 (m,); float64 (k,)."""
        walk, k = self._walk, len(self)
        # By rank a set and those nested in it are consecutive, so its total is a difference of prefix sums.
        own = np.bincount(walk.rank[owner[owner >= 0]], weights=x[owner >= 0], minlength=k)
        sums = np.r_[0.0, np.cumsum(own)]
        total: Floats = sums[walk.rank + walk.nested] - sums[walk.rank]
        return total

    def only(self, keep: Bools) -> Laminar:
        """The subfamily of the sets with keep, bool (k,), members of dropped sets going to the next larger one."""
        total = len(self.parent)
        kept = np.r_[np.zeros(self.n, dtype=bool), keep, True]
        above = np.r_[np.where(self.parent >= 0, self.parent, total), total]
        upward = np.where(kept, np.arange(total + 1), above)
        while not kept[upward].all():
            upward = upward[upward]
        rename = np.full(total + 1, -1)
        rename[np.flatnonzero(kept[:-1])] = self.n + np.arange(int(keep.sum()))
        parent = rename[upward[above[:-1]]]
        return Laminar(self.n, np.r_[parent[: self.n], parent[self.n :][keep]])

    @cached_property
    def _walk(self) -> _Walk:
        """The family in depth-first order, each set's own vertices before the sets in it.

        Two passes over the sets; all else is array arithmetic.
        """
        # Children before parents: how many vertices and sets each set contains.
        n, k, above = self.n, len(self), self.parent[: self.n] - self.n
        covered = np.flatnonzero(above >= 0)
        own = np.bincount(above[covered], minlength=k)
        up = np.where(self.parent[n:] >= 0, self.parent[n:] - n, -1).tolist()
        width, nested = own.tolist(), [1] * k
        for i, p in enumerate(up):
            if p >= 0:
                width[p] += width[i]
                nested[p] += nested[i]

        # Parents before children: where each set's vertices start, and its rank among the sets.
        start, rank, leaves = [0] * k, [0] * k, own.tolist()
        free, next_rank = [0] * k, [0] * k
        place = ranked = 0
        for i in range(k - 1, -1, -1):
            p = up[i]
            if p >= 0:
                line, order = free[p], next_rank[p]
                free[p], next_rank[p] = line + width[i], order + nested[i]
            else:
                line, order = place, ranked
                place, ranked = place + width[i], ranked + nested[i]
            start[i], rank[i] = line, order
            free[i], next_rank[i] = line + leaves[i], order + 1
        first = np.asarray(start, dtype=np.int64)

        # Positions: a set's own vertices come first in its range; vertices in no set come last of all.
        position = np.empty(n, dtype=np.int64)
        by_set = covered[np.argsort(above[covered], kind="stable")]
        position[by_set] = first[above[by_set]] + np.arange(len(by_set)) - (np.cumsum(own) - own)[above[by_set]]
        position[above < 0] = np.arange(place, n)

        # Gaps: before an own vertex, or before a nested set, unless it comes first in the parent: the parent.
        gap = np.full(n + 1, n + k)
        inner = by_set[position[by_set] > first[above[by_set]]]
        gap[position[inner]] = above[inner] + n
        below = np.flatnonzero(self.parent[n:] >= 0)
        parents = self.parent[n:][below] - n
        later = first[below] > first[parents]
        gap[first[below[later]]] = parents[later] + n
        return _Walk(gap, position, *(np.asarray(part, dtype=np.int64) for part in (width, rank, nested)))


class _Walk(NamedTuple):
    """A depth-first order of a laminar family, in which every set's vertices are consecutive."""

    gap: Ints  # (n + 1,): n + i for the smallest set i that spans the gap before position p; n + k for none
    position: Ints  # (n,): the position of each vertex
    vertices: Ints  # (k,): the number of vertices in each set
    rank: Ints  # (k,): the rank of each set, directly followed by the sets nested in it
    nested: Ints  # (k,): the number of sets in each set, itself included


def nested(n: int, sets: list[Bools]) -> Laminar:
    """The laminar family of sets that are nested or disjoint, bool (n,) each.

    >>> nested(3, [np.array([True, True, True]), np.array([True, True, False])]).members()
    [[0, 1], [2, 0, 1]]
    """
    sets = sorted(sets, key=np.sum)
    parent = np.full(n + len(sets), -1)
    for k in range(len(sets) - 1, -1, -1):  # the largest first; smaller ones overwrite
        for j in range(k):
            if sets[k][np.argmax(sets[j])]:
                parent[n + j] = n + k
        parent[:n][sets[k]] = n + k
    return Laminar(n, parent)


def merge_tree(n: int, tail: Ints, head: Ints, order: Ints) -> tuple[Laminar, Ints]:
    """All clusters that arise when the edges are added in that order, and the n - 1 (or fewer) edges that merged two.

    This is Kruskal's algorithm seen as single-linkage clustering; order is int64, distinct indices of edges.

    >>> clusters, merging = merge_tree(3, np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([2, 0, 1]))
    >>> clusters.members(), merging.tolist()
    ([[1, 2], [0, 1, 2]], [2, 0])
    """
    # scipy's tree for the weights 1, 2, ... is Kruskal's for this order, and its weights identify the edges.
    rank = csr_array((np.arange(1.0, len(order) + 1), (tail[order], head[order])), shape=(n, n))
    merging = order[np.sort(minimum_spanning_tree(rank).data).astype(np.int64) - 1]
    # Union-find with path halving; cluster[r] is the latest set, or vertex, of root r.
    root, cluster, parent = list(range(n)), list(range(n)), [-1] * (n + len(merging))
    for new, (a, b) in enumerate(zip(tail[merging].tolist(), head[merging].tolist(), strict=True), start=n):
        while root[a] != a:
            root[a] = a = root[root[a]]
        while root[b] != b:
            root[b] = b = root[root[b]]
        parent[cluster[a]] = parent[cluster[b]] = new
        root[a], cluster[b] = b, new
    return Laminar(n, np.asarray(parent, dtype=np.int64)), merging


def at_most_a_tree_inside(sets: Laminar, tail: Ints, head: Ints) -> Rows:
    """The rows x(E(S)) <= |S| - 1, one per set, of a variable "x" with one entry per edge (tail, head).

    Nested sets share their entries: a row lists the edges that its set owns, and adds the rows whose parent it is.

    >>> sets = Laminar(3, np.array([3, 3, 4, 4, -1]))  # {0, 1} inside {0, 1, 2}
    >>> rows = at_most_a_tree_inside(sets, np.array([0, 0, 1]), np.array([1, 2, 2]))
    >>> rows.matrix.toarray().tolist(), rows.parent.tolist(), rows.upper.tolist()
    ([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]], [1, -1], [1.0, 2.0])
    """
    owner = sets.owner(tail, head)
    edges, k, above = np.flatnonzero(owner >= 0), len(sets), sets.parent[sets.n :]
    return Rows(
        variable="x",
        matrix=csr_array((np.ones(len(edges)), (owner[edges], edges)), shape=(k, len(tail))),
        parent=np.where(above >= 0, above - sets.n, -1),
        lower=np.zeros(k),  # implied, but a simplex starts better from a bounded activity
        upper=(sets.sizes() - 1).astype(np.float64),
    )
