"""Rows that hold for all trees, paths or tours of a graph, and what they add up to under given multipliers.

The last arguments of a kind of rows are labels, multipliers and columns (problems.proofs.duality.Question.rows).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from problems.proofs.duality import Unproven, Weighed


@dataclass(frozen=True, eq=False)
class Columns:
    """The edges or arcs that x has an entry for: the vertices by name, the numbers of the ends, (m,) each.

    edge      which edge of the graph each is
    directed  whether an arc's name has its tail first; if not, tail <= head
    """

    index: Mapping[Hashable, int]
    tail: Any
    head: Any
    edge: Any
    directed: bool

    def only(self, which: Any) -> Columns:
        """Some of the columns, by a mask or in the order given."""
        return replace(self, tail=self.tail[which], head=self.head[which], edge=self.edge[which])

    @cached_property
    def ends(self) -> list[int]:
        """A number for each pair of ends, by tail and then head."""
        return list((self.tail * len(self.index) + self.head).tolist())

    @property
    def links(self) -> csr_array:
        """An entry for each pair of vertices with a column from the one to the other, (n, n)."""
        return csr_array((np.ones(len(self.tail)), (self.tail, self.head)), shape=(len(self.index),) * 2)

    def vertices(self, names: Sequence[Any]) -> list[int]:
        """Their numbers; raises Unproven for a name that is not in the graph."""
        try:
            return [self.index[name] for name in names]
        except (KeyError, TypeError):
            raise Unproven("a node is named that is not in the graph") from None

    def number(self, name: Sequence[Any]) -> int:
        """The column [tail, head], or [tail, head, k] for the k-th parallel to it; columns are sorted by their ends."""
        found, parallel = self.vertices(name[:2]), int([*name[2:], 0][0])
        u, v = found if self.directed else sorted(found)
        j = bisect_left(self.ends, u * len(self.index) + v) + parallel
        if parallel < 0 or self.ends[j : j + 1] != [u * len(self.index) + v]:
            raise Unproven(f"there is no edge {name[0]!r} to {name[1]!r} in the graph")
        return j


def at_ends(x: Columns, out: int, into: int, lower: Any, upper: Any, labels: Sequence[Any], y: Any, at: Any) -> Weighed:
    """lower[v] <= out x(out of v) + into x(into v) <= upper[v]; labels [v]."""
    vertices, total = x.vertices([v for (v,) in labels]), np.zeros(len(x.index), dtype=object)
    np.add.at(total, vertices, y)
    return lower[vertices], upper[vertices], out * total[x.tail[at]] + into * total[x.head[at]]


def one_by_one(row: Callable[..., tuple[Any, Any, Any]], labels: Sequence[Any], y: Any, at: Any) -> Weighed:
    """lower <= a'x <= upper, where row(columns, *label) is lower, a on the columns, and upper."""
    lower, coefficients, upper = zip(*(row(at, *label) for label in labels), strict=True)
    return lower, upper, sum(p * a.astype(object) for p, a in zip(y, coefficients, strict=True))


class Sets:
    """k nested or disjoint sets of vertices: each listed vertex's smallest set, then each set's parent or -1."""

    def __init__(self, x: Columns, nodes: Sequence[Any], parent: Sequence[int]) -> None:
        """Parents are counted from the first of the nodes on, and come later; no set is empty. Raises Unproven."""
        vertices, first, end = x.vertices(nodes), len(nodes), len(parent)
        later = (max(first - 1, i) < p < end or (p == -1 and i >= first) for i, p in enumerate(parent))
        valid = {*map(type, parent)} <= {int} and all(later) and {*parent} >= {*range(first, end)}
        if len(set(vertices)) < first or end < first or not valid:
            raise Unproven("sets are not given as a laminar family")
        self.x, self.k = x, end - first
        self.up = [*(p - first if p >= 0 else self.k for p in parent[first:]), self.k]  # k stands for none
        self.of = np.full(len(x.index), self.k)  # each vertex's smallest set
        self.of[vertices] = np.array(parent[:first], dtype=np.int64) - first
        size = np.bincount(self.of, minlength=self.k + 1).tolist()
        for i, p in enumerate(self.up[:-1]):
            size[p] += size[i]
        self.size = size[:-1]

    def cumulative(self, y: Sequence[int]) -> Any:
        """For each set, and last for none, the sum of y over it and all sets that it is in."""
        sums = [*y, 0]
        for i in range(self.k - 1, -1, -1):
            sums[i] += sums[self.up[i]]
        return np.array(sums, dtype=object)

    def weighed(self, y: Sequence[int], at: Any) -> Any:
        """For each of the columns the sum of y over all sets that both its ends are in."""
        return self.cumulative(y)[self.common[at]]

    @cached_property
    def common(self) -> Any:
        """For each column the smallest set with both its ends: lowest common ancestors, by steps of powers of two."""
        depth = self.cumulative([1] * self.k).astype(np.int64)
        u, v, steps = self.of[self.x.tail], self.of[self.x.head], [np.array(self.up)]
        while (steps[-1] != self.k).any():
            steps.append(steps[-1][steps[-1]])
        for bit, step in enumerate(steps):
            for low, high in ((u, v), (v, u)):
                deeper = ((depth[low] - depth[high]).clip(0) >> bit & 1).astype(bool)
                low[deeper] = step[low[deeper]]
        for step in reversed(steps):
            apart = step[u] != step[v]
            u, v = np.where(apart, step[u], u), np.where(apart, step[v], v)
        return np.where(u == v, u, steps[0][u])


def trees_inside(families: Sequence[Sets], most: float, labels: Sequence[Any], y: Any, at: Any) -> Weighed:
    """0 <= x(E(S)) <= |S| - 1, or |S| for sets S of `most` vertices; labels [family, set]."""
    weights = {f: [0] * families[f].k for f in {f for f, _ in labels}}
    for (f, i), p in zip(labels, y.tolist(), strict=True):
        weights[f][i] += p
    upper = [size - (size < most) for size in (families[f].size[i] for f, i in labels)]
    return [0] * len(upper), upper, sum(families[f].weighed(some, at) for f, some in weights.items())


def comb(families: Sequence[Sets], at: Any, h: int, t: int) -> tuple[int, Any, int]:
    """0 <= x(E(H)) + sum of x(E(T)) <= |H| + sum of (|T| - 1) - (k + 1) / 2 for k disjoint teeth T, partly in H.

    k is odd, at least 3; h and t are the families of H and of the teeth.
    """
    handle, teeth = families[h], families[t]
    both = (0 < (handle.of[teeth.of == i] == 0).sum() < size for i, size in enumerate(teeth.size))
    if handle.k != 1 or teeth.k % 2 == 0 or teeth.k < 3 or {*teeth.up} != {teeth.k} or not all(both):
        raise Unproven("a comb is none")
    upper = handle.size[0] + sum(teeth.size) - teeth.k - (teeth.k + 1) // 2
    return 0, handle.weighed([1], at) + teeth.weighed([1] * teeth.k, at), upper
