"""Separation over vertex sets: find sets S whose constraint is violated by edge values x.

x(E(S)) is the sum of x over the edges inside S, x(delta(S)) that over the edges that leave S.

    x(E(S)) <= |S| - 1      spanning tree           `dense_sets`
    x(delta(S)) >= 1        cut into two parts      `small_cuts`
    x(delta(S)) >= 2        travelling salesman     `cut_below_two`; where all degrees are 2, the same as the first
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

VIOLATION_TOLERANCE = 1e-6  # a row counts as violated from this amount on


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


def greedy_clusters(n: int, tail: Ints, head: Ints, x: Floats, cost: Floats) -> tuple[Laminar, Ints]:
    """The merge_tree of the edges by decreasing x, ties by increasing cost: for constant x Kruskal's tree.

    >>> x, cost = np.array([0.5, 0.5, 1.0]), np.array([2.0, 1.0, 3.0])
    >>> clusters, merging = greedy_clusters(3, np.array([0, 0, 1]), np.array([1, 2, 2]), x, cost)
    >>> clusters.members(), merging.tolist()
    ([[1, 2], [0, 1, 2]], [2, 1])
    """
    return merge_tree(n, tail, head, np.lexsort((cost, -np.round(x, 9))))


def dense_sets(
    n: int, tail: Ints, head: Ints, x: Floats, cost: Floats, grow: Callable[[], Laminar] | None = None
) -> Laminar | None:
    """Sets with x(E(S)) > |S| - 1: all of them among x's greedy clusters, or else one by minimum cuts, or else None.

    tail, head, x, cost are (m,), without loops; grow() returns x's greedy_clusters if the caller has them already.

    >>> tail, head = np.array([0, 0, 1]), np.array([1, 2, 2])  # a triangle: at most 2 of its edges are in a tree
    >>> dense_sets(3, tail, head, np.array([1.0, 1.0, 0.5]), np.ones(3)).members()
    [[0, 1, 2]]
    >>> dense_sets(3, tail, head, np.array([1.0, 1.0, 0.0]), np.ones(3)) is None
    True
    """
    support = x > VIOLATION_TOLERANCE / 10
    pieces = connected_components(links(n, tail[support], head[support]), directed=False)[0]
    if support.sum() == n - pieces and (x <= 1 + VIOLATION_TOLERANCE).all():
        return None  # the support is a forest
    clusters = grow() if grow else greedy_clusters(n, tail, head, x, cost)[0]
    owner = clusters.owner(tail, head)
    violated = clusters.inside(owner, x) > clusters.sizes() - 1 + VIOLATION_TOLERANCE
    if violated.any():
        return clusters.only(violated)
    return _dense_set_by_minimum_cut(n, tail, head, x)


def _dense_set_by_minimum_cut(n: int, tail: Ints, head: Ints, x: Floats) -> Laminar | None:
    """Exact separation where no cluster is violated: maximise x(E(S)) - |S| + 1 (Padberg and Wolsey 1983).

    Two reductions keep a maximiser: the ends of an edge with x = 1 can be contracted, and a vertex with
    x(delta(v)) <= 1 can be deleted. What is left (nothing, if x is a forest) takes one minimum cut per vertex.
    """
    # Contract the components of the edges with x = 1.
    support = x > VIOLATION_TOLERANCE / 10
    tail, head, x = tail[support], head[support], x[support]
    whole = x > 1 - VIOLATION_TOLERANCE / 10
    size, group = connected_components(links(n, tail[whole], head[whole]), directed=False)
    between = group[tail] != group[head]
    a, b, y = group[tail[between]], group[head[between]], x[between]

    # Delete vertices of degree at most 1 until none is left.
    alive = np.ones(size, dtype=bool)
    while True:
        inner = alive[a] & alive[b]
        degree = np.bincount(a[inner], y[inner], size) + np.bincount(b[inner], y[inner], size)
        thin = alive & (degree <= 1 + VIOLATION_TOLERANCE / 10)
        if not thin.any():
            break
        alive &= ~thin

    core, renumbered = np.flatnonzero(alive), np.cumsum(alive) - 1
    best = _densest(len(core), renumbered[a[inner]], renumbered[b[inner]], y[inner])
    if best is None:
        return None
    chosen = np.isin(group, core[best])
    return Laminar(n, np.r_[np.where(chosen, n, -1), -1])


def _densest(n: int, tail: Ints, head: Ints, x: Floats) -> Ints | None:
    """The vertex set that maximises x(E(S)) - |S| + 1, or None if the maximum is within the tolerance.

    For each vertex r that S must contain it is one minimum cut; a vertex gains half its degree and costs 1.
    """
    source, sink, vertices = n, n + 1, np.arange(n)
    unit = _units_of_flow(x.sum() + n)
    half = np.rint(x * unit / 2).astype(np.int32)
    excess = (np.bincount(tail, half, n) + np.bincount(head, half, n)).astype(np.int32) - unit
    i, j = np.r_[tail, head, np.full(n, source), vertices], np.r_[head, tail, vertices, np.full(n, sink)]
    best, best_set = VIOLATION_TOLERANCE * unit, None
    for r in range(n):
        gain, loss = np.maximum(excess, 0), np.maximum(-excess, 0)
        gain[r] = half.sum() + unit * n  # forces r into S
        network = csr_array((np.r_[half, half, gain, loss], (i, j)), shape=(n + 2, n + 2))
        _, side = _minimum_cut(network, source, sink)
        value = 2 * half[side[tail] & side[head]].sum() - unit * (side[:n].sum() - 1)
        if value > best:
            best, best_set = value, np.flatnonzero(side[:n])
    return best_set


def small_cuts(n: int, tail: Ints, head: Ints, x: Floats, at_least: float) -> Laminar | None:
    """Sets with x(delta(S)) < at_least, 0 < |S| < n: all those among x's clusters, or else minimum cuts, or else None.

    >>> tail, head, x = np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([1.0, 0.25, 1.0])  # a path of 4 vertices
    >>> small_cuts(4, tail, head, x, at_least=1).members()
    [[0, 1], [2, 3]]
    """
    # An edge with x >= at_least crosses no such cut, so it can be contracted.
    heavy = x >= at_least - VIOLATION_TOLERANCE / 10
    size, group = connected_components(links(n, tail[heavy], head[heavy]), directed=False)
    if size < 2:
        return None
    clusters, _ = merge_tree(n, tail, head, np.argsort(-np.round(x, 9), kind="stable"))
    shifted = np.where(clusters.parent >= 0, clusters.parent + n, -1)
    candidates = Laminar(n, np.r_[np.arange(n, 2 * n), shifted])  # with the singletons
    degree = (np.bincount(tail, x, n) + np.bincount(head, x, n)).astype(np.float64)
    touching = candidates.inside(np.arange(n), degree)
    leaving = touching - 2 * candidates.inside(candidates.owner(tail, head), x)
    violated = (leaving < at_least - VIOLATION_TOLERANCE) & (candidates.sizes() < n)
    if violated.any():
        return candidates.only(violated)
    sets = _cuts_by_phases(size, group[tail], group[head], x, at_least - VIOLATION_TOLERANCE)
    return _laminar(n, [np.isin(group, part) for part in sets]) if sets else None


def _cuts_by_phases(n: int, tail: Ints, head: Ints, x: Floats, below: float) -> list[list[int]]:
    """Vertex sets S with x(delta(S)) < below, nested or disjoint, a minimum cut among them if there is any.

    Each phase visits all vertices in maximum adjacency order: next the vertex of largest strength, its total weight to
    the vertices visited. A vertex of strength >= below is in any such cut on the side of the one visited before it, and
    the two are contracted. The last vertex's strength is a minimum cut between the last two vertices, and these are
    contracted as well (Nagamochi and Ibaraki 1992; Stoer and Wagner 1997).
    """
    adjacent: list[dict[int, float]] = [{} for _ in range(n)]
    for u, v, weight in zip(tail.tolist(), head.tolist(), x.tolist(), strict=True):
        if u != v:
            adjacent[u][v] = adjacent[u].get(v, 0.0) + weight
            adjacent[v][u] = adjacent[v].get(u, 0.0) + weight
    members, found = [[v] for v in range(n)], []
    while len(adjacent) > 1:
        # A phase: visit the vertices; those to be contracted get the same label.
        strength, visited = [0.0] * len(adjacent), [False] * len(adjacent)
        label, last, labels = [0] * len(adjacent), -1, -1
        queue = [(0.0, v) for v in range(len(adjacent))]
        left = len(adjacent)
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
            for u, weight in adjacent[v].items():
                if not visited[u]:
                    strength[u] += weight
                    heappush(queue, (-strength[u], u))

        # Contract the vertices of each label.
        merged: list[dict[int, float]] = [{} for _ in range(labels + 1)]
        groups: list[list[int]] = [[] for _ in range(labels + 1)]
        for v, into in enumerate(label):
            groups[into] += members[v]
            for u, weight in adjacent[v].items():
                if label[u] != into:
                    merged[into][label[u]] = merged[into].get(label[u], 0.0) + weight
        adjacent, members = merged, groups
    return found


def _laminar(n: int, sets: list[Bools]) -> Laminar:
    """Nested or disjoint sets, bool (n,) each, as a laminar family."""
    sets = sorted(sets, key=np.sum)
    parent = np.full(n + len(sets), -1)
    for k in range(len(sets) - 1, -1, -1):  # the largest first; smaller ones overwrite
        for j in range(k):
            if sets[k][np.argmax(sets[j])]:
                parent[n + j] = n + k
        parent[:n][sets[k]] = n + k
    return Laminar(n, parent)


def cut_below_two(n: int, tail: Ints, head: Ints, x: Floats) -> Laminar | None:
    """Sets with x(delta(S)) < 2, as small_cuts finds them, for x of degree 2 at every vertex; None if none exists.

    Edges with x = 1 can then be contracted, again and again (Padberg and Rinaldi 1990), so that the graph in which
    minimum cuts are computed is small.

    >>> tail, head = np.array([0, 0, 1, 3, 3, 4, 0]), np.array([1, 2, 2, 4, 5, 5, 3])  # two triangles and (0, 3)
    >>> cut_below_two(6, tail, head, np.array([1.0, 1, 1, 1, 1, 1, 0])).members()
    [[0, 1, 2], [3, 4, 5]]
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
        violated = np.flatnonzero(np.bincount(i, y, size) + np.bincount(j, y, size) < 2 - VIOLATION_TOLERANCE)
        if len(violated):
            return _laminar(n, [group == part for part in violated])
    small = small_cuts(int(group.max()) + 1, i, j, y, at_least=2)
    if small is None:
        return None
    above = np.where(small.parent >= 0, small.parent - small.n + n, -1)
    return Laminar(n, np.r_[above[: small.n][group], above[small.n :]])


def _units_of_flow(total: float) -> int:
    """The integer that stands for a flow of 1: scipy's flows are 32-bit integers and overflow silently."""
    return int((1 << 30) / max(total, 1.0))


def _minimum_cut(network: csr_array, source: int, sink: int) -> tuple[int, Bools]:
    """The value of a minimum cut, and the vertices on the source's side, bool."""
    result = maximum_flow(network, source, sink)
    residual = network - result.flow
    residual.data = np.maximum(residual.data, 0)
    residual.eliminate_zeros()
    side = np.zeros(network.shape[0], dtype=bool)
    side[breadth_first_order(residual, source, return_predecessors=False)] = True
    return int(result.flow_value), side
