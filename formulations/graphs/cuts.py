"""Separation over vertex sets: which sets S hold more of x inside than a tree, or a tour, can.

One pure oracle serves the spanning tree (x(E(S)) <= |S| - 1), the two-part cut (x(delta(S)) >= 1) and, where all
degrees are 2, the travelling salesman (x(delta(S)) >= 2 is x(E(S)) <= |S| - 1 again).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow, minimum_spanning_tree

from formulations.graphs.network import links
from formulations.problem import Bools, Floats, Ints, Rows

VIOLATION_TOLERANCE = 1e-6  # by how much a row must be broken to count


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


def at_most_a_tree_inside(sets: Laminar, tail: Ints, head: Ints) -> Rows:
    """x(E(S)) <= |S| - 1 for each set, x having an entry for each edge (tail, head)."""
    owner = sets.owner(tail, head)
    edges, k, above = np.flatnonzero(owner >= 0), len(sets), sets.parent[sets.n :]
    return Rows(
        variable="x",
        matrix=csr_array((np.ones(len(edges)), (owner[edges], edges)), shape=(k, len(tail))),
        parent=np.where(above >= 0, above - sets.n, -1),
        lower=np.zeros(k),  # implied, but a simplex starts better from a bounded activity
        upper=(sets.sizes() - 1).astype(np.float64),
    )


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


def dense_sets(
    n: int, tail: Ints, head: Ints, x: Floats, cost: Floats, grow: Callable[[], Laminar] | None = None
) -> Laminar | None:
    """Sets with x(E(S)) > |S| - 1: all those among the clusters of x, or else one by minimum cuts; None if none exists.

    tail, head, x, cost are (m,), no loops; grow() gives the greedy_clusters of x, if somebody has them.
    """
    support = x > VIOLATION_TOLERANCE / 10
    pieces = connected_components(links(n, tail[support], head[support]), directed=False)[0]
    if support.sum() == n - pieces and (x <= 1 + VIOLATION_TOLERANCE).all():
        return None  # the support is a forest
    clusters = grow() if grow else greedy_clusters(n, tail, head, x, cost)[0]
    owner = clusters.owner(tail, head)
    broken = clusters.inside(owner, x) > clusters.sizes() - 1 + VIOLATION_TOLERANCE
    if broken.any():
        return clusters.only(broken)
    return _dense_set_by_minimum_cut(n, tail, head, x)


def _dense_set_by_minimum_cut(n: int, tail: Ints, head: Ints, x: Floats) -> Laminar | None:
    """The exact answer when no cluster is dense_sets: maximise x(E(S)) - |S| + 1 (Padberg and Wolsey 1983).

    Two steps shrink the graph without losing a maximiser: ends of an edge with x = 1 are in S together, and a vertex
    with x(delta(v)) <= 1 need not be in S. What is left (nothing, if x is a forest) takes one flow per vertex.
    """
    support = x > VIOLATION_TOLERANCE / 10
    tail, head, x = tail[support], head[support], x[support]
    whole = x > 1 - VIOLATION_TOLERANCE / 10
    size, group = connected_components(links(n, tail[whole], head[whole]), directed=False)
    between = group[tail] != group[head]
    a, b, y = group[tail[between]], group[head[between]], x[between]
    alive = np.ones(size, dtype=bool)
    while True:
        inner = alive[a] & alive[b]
        degree = np.bincount(a[inner], y[inner], size) + np.bincount(b[inner], y[inner], size)
        thin = alive & (degree <= 1 + VIOLATION_TOLERANCE / 10)
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
    best, best_set = VIOLATION_TOLERANCE * unit, None
    for r in range(n):
        gain, loss = np.maximum(excess, 0), np.maximum(-excess, 0)
        gain[r] = half.sum() + unit * n  # r is in S
        network = csr_array((np.r_[half, half, gain, loss], (i, j)), shape=(n + 2, n + 2))
        _, side = _minimum_cut(network, source, sink)
        value = 2 * half[side[tail] & side[head]].sum() - unit * (side[:n].sum() - 1)
        if value > best:
            best, best_set = value, np.flatnonzero(side[:n])
    return best_set


def small_cuts(n: int, tail: Ints, head: Ints, x: Floats, at_least: float) -> Laminar | None:
    """Sets with x(delta(S)) < at_least, 0 < |S| < n: all among the clusters of x, or else a minimum cut; or None."""
    # An edge with x >= at_least crosses no such cut: its ends are one vertex for the flows.
    heavy = x >= at_least - VIOLATION_TOLERANCE / 10
    size, group = connected_components(links(n, tail[heavy], head[heavy]), directed=False)
    if size < 2:
        return None
    clusters, _ = merge_tree(n, tail, head, np.argsort(-np.round(x, 9), kind="stable"))
    shifted = np.where(clusters.parent >= 0, clusters.parent + n, -1)
    candidates = Laminar(n, np.r_[np.arange(n, 2 * n), shifted])  # each vertex alone is a cluster as well
    degree = (np.bincount(tail, x, n) + np.bincount(head, x, n)).astype(np.float64)
    touching = candidates.inside(np.arange(n), degree)
    leaving = touching - 2 * candidates.inside(candidates.owner(tail, head), x)
    broken = (leaving < at_least - VIOLATION_TOLERANCE) & (candidates.sizes() < n)
    if broken.any():
        return candidates.only(broken)
    sets = _cuts_by_phases(size, group[tail], group[head], x, at_least - VIOLATION_TOLERANCE)
    return _laminar(n, [np.isin(group, part) for part in sets]) if sets else None


def _cuts_by_phases(n: int, tail: Ints, head: Ints, x: Floats, below: float) -> list[list[int]]:
    """Vertex sets S with x(delta(S)) < below, nested or disjoint, a minimum cut among them if there is any.

    Each phase visits all vertices, always the one most strongly joined to those visited. Visited with that strength or
    more, a vertex is on the same side as the one before in any such cut, and merges with it; the last one's strength
    is a minimum cut between the last two, which merge as well (Nagamochi and Ibaraki 1992; Stoer and Wagner 1997).
    """
    beside: list[dict[int, float]] = [{} for _ in range(n)]
    for u, v, weight in zip(tail.tolist(), head.tolist(), x.tolist(), strict=True):
        if u != v:
            beside[u][v] = beside[u].get(v, 0.0) + weight
            beside[v][u] = beside[v].get(u, 0.0) + weight
    members, found = [[v] for v in range(n)], []
    while len(beside) > 1:
        strength, visited = [0.0] * len(beside), [False] * len(beside)
        label, last, labels = [0] * len(beside), -1, -1
        queue = [(0.0, v) for v in range(len(beside))]
        left = len(beside)
        while left:
            _, v = heappop(queue)
            if visited[v]:
                continue
            visited[v], left = True, left - 1
            if not left and strength[v] < below:
                found.append(members[v])
            if last < 0 or (strength[v] < below and left):
                labels += 1
            label[v], last = labels, v
            for u, weight in beside[v].items():
                if not visited[u]:
                    strength[u] += weight
                    heappush(queue, (-strength[u], u))
        merged: list[dict[int, float]] = [{} for _ in range(labels + 1)]
        groups: list[list[int]] = [[] for _ in range(labels + 1)]
        for v, into in enumerate(label):
            groups[into] += members[v]
            for u, weight in beside[v].items():
                if label[u] != into:
                    merged[into][label[u]] = merged[into].get(label[u], 0.0) + weight
        beside, members = merged, groups
    return found


def _laminar(n: int, sets: list[Bools]) -> Laminar:
    """Nested or disjoint sets, bool (n,) each, as a forest."""
    sets = sorted(sets, key=np.sum)
    parent = np.full(n + len(sets), -1)
    for k in range(len(sets) - 1, -1, -1):  # from the largest on: what is written later lies within
        for j in range(k):
            if sets[k][np.argmax(sets[j])]:
                parent[n + j] = n + k
        parent[:n][sets[k]] = n + k
    return Laminar(n, parent)


def cut_below_two(n: int, tail: Ints, head: Ints, x: Floats) -> Laminar | None:
    """Sets with x(delta(S)) < 2, as small_cuts finds them, where x has degree 2 at every vertex.

    The ends of an edge with x = 1 then need not be told apart, nor those of the vertex that they merge into (Padberg
    and Rinaldi 1990), so that what is left for the flows is small.
    """
    support = x > VIOLATION_TOLERANCE / 10
    tail, head, x = tail[support], head[support], x[support]
    group, i, j, y = np.arange(n), tail, head, x
    while (whole := y > 1 - VIOLATION_TOLERANCE / 10).any():
        size, merged = connected_components(links(group.max() + 1, i[whole], j[whole]), directed=False)
        group, i, j = merged[group], merged[i], merged[j]
        if size == 1:
            return None
        between = np.flatnonzero(i != j)
        total = csr_array((y[between], np.sort([i[between], j[between]], axis=0)), shape=(size, size)).tocoo()
        (i, j), y = total.coords, total.data
        broken = np.flatnonzero(np.bincount(i, y, size) + np.bincount(j, y, size) < 2 - VIOLATION_TOLERANCE)
        if len(broken):
            return _laminar(n, [group == part for part in broken])
    small = small_cuts(int(group.max()) + 1, i, j, y, at_least=2)
    if small is None:
        return None
    above = np.where(small.parent >= 0, small.parent - small.n + n, -1)
    return Laminar(n, np.r_[above[: small.n][group], above[small.n :]])


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
