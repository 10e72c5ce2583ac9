"""Rows that hold for all trees, paths or tours of a graph, and what they add up to under given multipliers.

The last arguments of a kind of rows are entries, [label ..., multiplier y] each, and columns; it returns b'y, and A'y
on these columns.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from problems.proofs.duality import Entries, Terms, Unproven

Row = tuple[Any, int]  # integer coefficients of all columns (m,), and the side


@dataclass(frozen=True, eq=False)
class Columns:
    """The edges or arcs that x has an entry for: the vertices by name, and the numbers of the ends, (m,) each."""

    index: Mapping[Hashable, int]
    tail: Any
    head: Any

    def vertices(self, names: Sequence[Any]) -> list[int]:
        """Their numbers; raises Unproven for a name that is not in the graph."""
        try:
            return [self.index[name] for name in names]
        except (KeyError, TypeError):
            raise Unproven("a node is named that is not in the graph") from None


def at_ends(g: Columns, sides: Any, by_tail: int, by_head: int, sign: int, entries: Entries, at: Any) -> Terms:
    """by_tail x(out of v) + by_head x(into v) = sides[v], or <= (sign -1), or >= (sign 1); entries [v, y]."""
    y = np.zeros(len(g.index), dtype=object)
    np.add.at(y, g.vertices([v for v, _ in entries]), np.array([p for _, p in entries], dtype=object))
    if (y * sign < 0).any():
        raise Unproven("a multiplier has the wrong sign for its row")
    return int((sides * y).sum()), by_tail * y[g.tail[at]] + by_head * y[g.head[at]]


def listed(row: Callable[..., Row], sign: int, scale: int, entries: Entries, at: Any) -> Terms:
    """Rows a'x <= b (sign -1) or >= b (sign 1), a and b over scale, found by their labels; entries [label ..., y]."""
    side, inside = 0, np.zeros(len(at), dtype=object)
    for *label, y in entries:
        (a, b), part = row(*label), y // scale
        if y * sign < 0:
            raise Unproven("a multiplier has the wrong sign for its row")
        side, inside = side + b * part, inside + a[at].astype(object) * part
    return side, inside


class Sets:
    """k nested or disjoint sets of vertices: each listed vertex's smallest set, then each set's parent or -1."""

    def __init__(self, g: Columns, nodes: Sequence[Any], parent: Sequence[int]) -> None:
        """Parents are counted from the first of the nodes on, and come later. Raises Unproven if they do not."""
        vertices, first, end = g.vertices(nodes), len(nodes), len(parent)
        later = (max(first - 1, i) < p < end or (p == -1 and i >= first) for i, p in enumerate(parent))
        if len(set(vertices)) < first or end < first or {*map(type, parent)} - {int} or not all(later):
            raise Unproven("sets are not given as a laminar family")
        self.g, self.k = g, end - first
        self.up = [*(p - first if p >= 0 else self.k for p in parent[first:]), self.k]  # k stands for none
        self.of = np.full(len(g.index), self.k)  # each vertex's smallest set
        self.of[vertices] = np.array(parent[:first], dtype=np.int64) - first
        self.size = np.bincount(self.of, minlength=self.k + 1).tolist()
        for i, p in enumerate(self.up[:-1]):
            self.size[p] += self.size[i]

    def cumulative(self, y: Sequence[int]) -> Any:
        """For each set, and last for none, the sum of y over it and all sets that it is in."""
        sums = [*y, 0]
        for i in range(self.k - 1, -1, -1):
            sums[i] += sums[self.up[i]]
        return np.array(sums, dtype=object)

    @cached_property
    def common(self) -> Any:
        """For each column the smallest set with both its ends: lowest common ancestors, by steps of powers of two."""
        depth = self.cumulative([1] * self.k).astype(np.int64)
        u, v, steps = self.of[self.g.tail], self.of[self.g.head], [np.array(self.up)]
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


def trees_inside(families: Sequence[Sets], smaller_than: float, entries: Entries, at: Any) -> Terms:
    """0 <= x(E(S)) <= |S| - 1 for sets S smaller than that; entries [family, set, y]."""
    side, inside = 0, np.zeros(len(at), dtype=object)
    found = {f: [0] * families[f].k for f in {f for f, *_ in entries}}
    for f, i, y in entries:
        found[f][i] += y
    for f, y in found.items():
        some = [(p, size) for p, size in zip(y, families[f].size, strict=False) if p < 0]
        if not all(0 < size < smaller_than for _, size in some):
            raise Unproven("a set is empty, or too large for its row")
        side += sum(p * (size - 1) for p, size in some)
        inside += families[f].cumulative(y)[families[f].common[at]]
    return side, inside


def combs(families: Sequence[Sets], entries: Entries, at: Any) -> Terms:
    """0 <= x(E(H)) + sum of x(E(T)) <= |H| + sum of (|T| - 1) - (k + 1) / 2 for k disjoint teeth T, partly in H.

    k is odd, at least 3. Entries [family of H, family of the teeth, y].
    """
    side, inside = 0, np.zeros(len(at), dtype=object)
    for h, t, y in entries:
        handle, teeth = families[h], families[t]
        both = [0 < (handle.of[teeth.of == i] == 0).sum() < teeth.size[i] for i in range(teeth.k)]
        if handle.k != 1 or teeth.k % 2 == 0 or teeth.k < 3 or {*teeth.up} != {teeth.k} or not all(both):
            raise Unproven("a comb is none")
        inside += y * ((handle.common[at] == 0).astype(object) + (teeth.common[at] < teeth.k))
        side += min(y, 0) * (handle.size[0] + sum(teeth.size[:-1]) - teeth.k - (teeth.k + 1) // 2)
    return side, inside
