"""Separation over vertex sets: which sets S hold more of x inside than a tree, or a tour, can.

One pure oracle serves the spanning tree (x(E(S)) <= |S| - 1), the two-part cut (x(delta(S)) >= 1) and, where all
degrees are 2, the travelling salesman (x(delta(S)) >= 2 is x(E(S)) <= |S| - 1 again).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow, minimum_spanning_tree

from formulations.graphs import links

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TOLERANCE = 1e-6  # by how much a row must be broken to count


@dataclass(frozen=True, eq=False)
class Laminar:
    """k nested or disjoint sets of the vertices 0..n-1, as a forest with the vertices for leaves.

    parent  int64 (n + k,): the smallest set that strictly contains vertex v (index v) or set i (index n + i), as
            its index n + i; -1 if there is none. A set's parent comes after it.
    """

    n: int
    parent: Ints

    def __post_init__(self) -> None:
        """Raise ValueError if this is no such forest, or a set is empty: no row may rest on it."""
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
        """The vertices of each set, as lists: for reading, not for hot paths."""
        inside: list[list[int]] = [[] for _ in range(len(self))]
        for v, p in enumerate(self.parent.tolist()):
            if p >= 0:
                inside[p - self.n] += [v] if v < self.n else inside[v - self.n]
        return inside

    def owner(self, tail: Ints, head: Ints) -> Ints:
        """For each edge the smallest set that contains both its ends, 0..k-1, or -1; int64 (m,)."""
        position = self._walk.position
        first = np.minimum(position[tail], position[head]) + 1
        last = np.maximum(position[tail], position[head])
        if not len(first):
            return np.zeros(0, dtype=np.int64)
        # The common ancestor is the largest over a stretch of gaps: a sparse table of maxima over 2^l gaps.
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
        """x(E(S)) for each set, given the edges' owners; float64 (k,)."""
        walk, k = self._walk, len(self)
        own = np.bincount(walk.rank[owner[owner >= 0]], weights=x[owner >= 0], minlength=k)
        sums = np.r_[0.0, np.cumsum(own)]
        total: Floats = sums[walk.rank + walk.nested] - sums[walk.rank]
        return total

    def only(self, keep: Bools) -> Laminar:
        """The family of those sets alone; keep is bool (k,)."""
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
        n, k, above = self.n, len(self), self.parent[: self.n] - self.n
        covered = np.flatnonzero(above >= 0)
        own = np.bincount(above[covered], minlength=k)
        up = np.where(self.parent[n:] >= 0, self.parent[n:] - n, -1).tolist()
        width, nested = own.tolist(), [1] * k
        for i, p in enumerate(up):
            if p >= 0:
                width[p] += width[i]
                nested[p] += nested[i]
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

        # A set's own vertices stand at its start, one after the other; those in no set stand at the end.
        position = np.empty(n, dtype=np.int64)
        by_set = covered[np.argsort(above[covered], kind="stable")]
        position[by_set] = first[above[by_set]] + np.arange(len(by_set)) - (np.cumsum(own) - own)[above[by_set]]
        position[above < 0] = np.arange(place, n)
        gap = np.full(n + 1, n + k)
        inner = by_set[position[by_set] > first[above[by_set]]]
        gap[position[inner]] = above[inner] + n
        below = np.flatnonzero(self.parent[n:] >= 0)
        parents = self.parent[n:][below] - n
        later = first[below] > first[parents]
        gap[first[below[later]]] = parents[later] + n
        return _Walk(gap, position, *(np.asarray(part, dtype=np.int64) for part in (width, rank, nested)))


class _Walk(NamedTuple):
    """gap: the smallest set across each gap between neighbouring vertices; then, by vertex or by set:"""

    gap: Ints
    position: Ints  # of each vertex, in an order that keeps every set together
    vertices: Ints  # in each set
    rank: Ints  # of each set, in an order where those nested in it follow it
    nested: Ints  # sets in each set, itself included


def merge_tree(n: int, tail: Ints, head: Ints, order: Ints) -> tuple[Laminar, Ints]:
    """All clusters that arise when the edges are added in that order, and the n - 1 (or fewer) edges that merged.

    This is Kruskal's algorithm seen as single-linkage clustering; order is an int64 permutation of some edges.
    """
    # scipy's tree for weights 1, 2, ... is the tree of this very order, and its weights tell which edges they are.
    rank = csr_array((np.arange(1.0, len(order) + 1), (tail[order], head[order])), shape=(n, n))
    merging = order[np.sort(minimum_spanning_tree(rank).data).astype(np.int64) - 1]
    root, cluster, parent = list(range(n)), list(range(n)), [-1] * (n + len(merging))
    for new, (a, b) in enumerate(zip(tail[merging].tolist(), head[merging].tolist(), strict=True), start=n):
        while root[a] != a:
            root[a] = a = root[root[a]]
        while root[b] != b:
            root[b] = b = root[root[b]]
        parent[cluster[a]] = parent[cluster[b]] = new
        root[a], cluster[b] = b, new
    return Laminar(n, np.asarray(parent, dtype=np.int64)), merging


def greedy_clusters(n: int, tail: Ints, head: Ints, x: Floats, cost: Floats) -> tuple[Laminar, Ints]:
    """The merge_tree along the edges by falling x, by rising cost where x ties: Kruskal's order if x says nothing."""
    return merge_tree(n, tail, head, np.lexsort((cost, -np.round(x, 9))))


def crowded(
    n: int, tail: Ints, head: Ints, x: Floats, cost: Floats, grow: Callable[[], Laminar] | None = None
) -> Laminar | None:
    """Sets with x(E(S)) > |S| - 1: all those among the clusters of x, or else one by minimum cuts; None if none exists.

    tail, head, x, cost are (m,), no loops; grow() gives the greedy_clusters of x, if somebody has them.
    """
    support = x > TOLERANCE / 10
    pieces = connected_components(links(n, tail[support], head[support]), directed=False)[0]
    if support.sum() == n - pieces and (x <= 1 + TOLERANCE).all():
        return None  # the support is a forest
    clusters = grow() if grow else greedy_clusters(n, tail, head, x, cost)[0]
    owner = clusters.owner(tail, head)
    broken = clusters.inside(owner, x) > clusters.sizes() - 1 + TOLERANCE
    if broken.any():
        return clusters.only(broken)
    return _crowded_by_minimum_cut(n, tail, head, x)


def _crowded_by_minimum_cut(n: int, tail: Ints, head: Ints, x: Floats) -> Laminar | None:
    """The exact answer when no cluster is crowded: maximise x(E(S)) - |S| + 1 (Padberg and Wolsey 1983).

    Two steps shrink the graph without losing a maximiser: ends of an edge with x = 1 are in S together, and a vertex
    with x(delta(v)) <= 1 need not be in S. What is left (nothing, if x is a forest) takes one flow per vertex.
    """
    support = x > TOLERANCE / 10
    tail, head, x = tail[support], head[support], x[support]
    whole = x > 1 - TOLERANCE / 10
    size, group = connected_components(links(n, tail[whole], head[whole]), directed=False)
    between = group[tail] != group[head]
    a, b, y = group[tail[between]], group[head[between]], x[between]
    alive = np.ones(size, dtype=bool)
    while True:
        inner = alive[a] & alive[b]
        degree = np.bincount(a[inner], y[inner], size) + np.bincount(b[inner], y[inner], size)
        thin = alive & (degree <= 1 + TOLERANCE / 10)
        if not thin.any():
            break
        alive &= ~thin
    core, name = np.flatnonzero(alive), np.cumsum(alive) - 1
    best = _densest(len(core), name[a[inner]], name[b[inner]], y[inner])
    if best is None:
        return None
    chosen = np.isin(group, core[best])
    return Laminar(n, np.r_[np.where(chosen, n, -1), -1])


def _densest(n: int, tail: Ints, head: Ints, x: Floats) -> Ints | None:
    """The vertex set that maximises x(E(S)) - |S| + 1, if that is above the tolerance."""
    source, sink, vertices = n, n + 1, np.arange(n)
    unit = _unit(x.sum() + n)
    half = np.rint(x * unit / 2).astype(np.int32)
    excess = (np.bincount(tail, half, n) + np.bincount(head, half, n)).astype(np.int32) - unit
    i, j = np.r_[tail, head, np.full(n, source), vertices], np.r_[head, tail, vertices, np.full(n, sink)]
    best, best_set = TOLERANCE * unit, None
    for r in range(n):
        gain, loss = np.maximum(excess, 0), np.maximum(-excess, 0)
        gain[r] = half.sum() + unit * n  # r is in S
        network = csr_array((np.r_[half, half, gain, loss], (i, j)), shape=(n + 2, n + 2))
        _, side = _minimum_cut(network, source, sink)
        value = 2 * half[side[tail] & side[head]].sum() - unit * (side[:n].sum() - 1)
        if value > best:
            best, best_set = value, np.flatnonzero(side[:n])
    return best_set


def loosely_joined(n: int, tail: Ints, head: Ints, x: Floats, at_least: float) -> Laminar | None:
    """Sets with x(delta(S)) < at_least, 0 < |S| < n: all among the clusters of x, or else a minimum cut; or None."""
    # An edge with x >= at_least crosses no such cut: its ends are one vertex for the flows.
    heavy = x >= at_least - TOLERANCE / 10
    size, group = connected_components(links(n, tail[heavy], head[heavy]), directed=False)
    if size < 2:
        return None
    clusters, _ = merge_tree(n, tail, head, np.argsort(-np.round(x, 9), kind="stable"))
    shifted = np.where(clusters.parent >= 0, clusters.parent + n, -1)
    candidates = Laminar(n, np.r_[np.arange(n, 2 * n), shifted])  # each vertex alone is a cluster as well
    degree = (np.bincount(tail, x, n) + np.bincount(head, x, n)).astype(np.float64)
    touching = candidates.inside(np.arange(n), degree)
    leaving = touching - 2 * candidates.inside(candidates.owner(tail, head), x)
    broken = (leaving < at_least - TOLERANCE) & (candidates.sizes() < n)
    if broken.any():
        return candidates.only(broken)
    unit, i, j = _unit(x.sum()), group[tail], group[head]
    capacity = np.rint(x * unit).astype(np.int32)
    network = csr_array((np.r_[capacity, capacity], (np.r_[i, j], np.r_[j, i])), shape=(size, size))
    for sink in range(1, size):
        value, side = _minimum_cut(network, 0, sink)
        if value < (at_least - TOLERANCE) * unit:
            return Laminar(n, np.r_[np.where(side[group], n, -1), -1])
    return None


def _unit(total: float) -> int:
    """How many units of flow make 1: scipy's flows are 32-bit integers, and overflow silently."""
    return int((1 << 30) / max(total, 1.0))


def _minimum_cut(network: csr_array, source: int, sink: int) -> tuple[int, Bools]:
    """The value of a minimum cut and which vertices are on the source's side."""
    result = maximum_flow(network, source, sink)
    residual = network - result.flow
    residual.data = np.maximum(residual.data, 0)
    residual.eliminate_zeros()
    side = np.zeros(network.shape[0], dtype=bool)
    side[breadth_first_order(residual, source, return_predecessors=False)] = True
    return int(result.flow_value), side
