"""Combs: an odd number of disjoint teeth T_i, each of them partly inside the handle H and partly outside.

    x(E(H)) + sum of x(E(T_i))  <=  |H| + sum of (|T_i| - 1) - (k + 1) / 2        for the k teeth, k >= 3 odd

holds for every tour x (Chvatal 1973; Groetschel and Padberg 1979); given that all degrees are 2, it is equivalent to
x(delta(H)) + sum of x(delta(T_i)) >= 3 k + 1. Teeth of two vertices make it a blossom (Edmonds 1965).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from formulations.graphs.cuts import VIOLATION_TOLERANCE
from formulations.graphs.laminar import merge_tree
from formulations.graphs.network import links
from formulations.problem import Bools, Floats, Ints, Rows

ROUNDING = VIOLATION_TOLERANCE / 10  # of an x that is 0 or 1


class Combs(NamedTuple):
    """Combs: the handle of each, int64 vertices, and its teeth, int64 vertices each.

    >>> len(Combs([np.array([0, 1, 2])], [[np.array([0, 3]), np.array([1, 4]), np.array([2, 5])]]))
    1
    """

    handles: list[Ints]
    teeth: list[list[Ints]]

    def __len__(self) -> int:
        """Their number."""
        return len(self.handles)


def comb_rows(combs: Combs, n: int, tail: Ints, head: Ints) -> Rows:
    """The rows of combs, of a variable "x" with one entry per edge (tail, head) of a graph on n vertices.

    Raises ValueError for what is no comb: its row would cut off tours.

    >>> combs = Combs([np.array([0, 1, 2])], [[np.array([0, 3]), np.array([1, 4]), np.array([2, 5])]])
    >>> tail, head = np.array([0, 1, 2, 0, 1, 2, 3]), np.array([1, 2, 0, 3, 4, 5, 4])
    >>> rows = comb_rows(combs, 6, tail, head)
    >>> rows.matrix.toarray().tolist(), rows.upper.tolist()
    ([[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]], [4.0])
    """
    columns, entries, upper = [], [], []
    for handle, teeth in zip(combs.handles, combs.teeth, strict=True):
        inside, tooth = _checked(n, handle, teeth)
        coefficients = (inside[tail] & inside[head]).astype(np.int64)
        coefficients += (tooth[tail] == tooth[head]) & (tooth[tail] >= 0)
        columns.append(np.flatnonzero(coefficients))
        entries.append(coefficients[columns[-1]])
        upper.append(len(handle) + sum(len(part) - 1 for part in teeth) - (len(teeth) + 1) // 2)
    ends = np.cumsum([0, *map(len, columns)])
    matrix = (np.concatenate(entries).astype(np.float64), np.concatenate(columns), ends)
    return Rows(
        variable="x",
        matrix=csr_array(matrix, shape=(len(combs), len(tail))),
        parent=np.full(len(combs), -1),
        lower=np.zeros(len(combs)),  # implied, but a simplex starts better from a bounded activity
        upper=np.asarray(upper, dtype=np.float64),
    )


def _checked(n: int, handle: Ints, teeth: list[Ints]) -> tuple[Bools, Ints]:
    """By vertex whether it is in the handle, and its tooth, or -1; raises ValueError for what is no comb."""
    times = [np.bincount(part, minlength=n) for part in (handle, np.concatenate([*teeth, handle[:0]]))]
    if len(teeth) < 3 or len(teeth) % 2 == 0:
        raise ValueError(f"a comb with {len(teeth)} teeth is none; it has an odd number of teeth, at least 3")
    if any(len(counts) > n or counts.max() > 1 for counts in times):
        raise ValueError("a comb's handle and its disjoint teeth must be made of different vertices of the graph")
    inside, tooth = times[0] > 0, np.full(n, -1)
    for i, part in enumerate(teeth):
        tooth[part] = i
        if inside[part].all() or not inside[part].any():
            raise ValueError("every tooth of a comb must have vertices both inside its handle and outside")
    return inside, tooth


def violated_combs(n: int, tail: Ints, head: Ints, x: Floats) -> Combs | None:
    """Combs that x violates, x of degree 2 at every vertex; None if none was found. tail, head, x are (m,).

    A heuristic: it looks for blossoms, in the graph and in those that arise by contracting edges with x = 1 whose ends
    have x = 1 in sum to a third vertex, or to both ends of another such edge (after Padberg and Rinaldi 1990).

    >>> tail, head = np.triu_indices(6, 1)
    >>> ends = list(zip(tail.tolist(), head.tolist()))  # two triangles of x = 1/2, joined by three edges of x = 1
    >>> half, whole = {(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)}, {(0, 3), (1, 4), (2, 5)}
    >>> found = violated_combs(6, tail, head, np.array([0.5 * (e in half) + (e in whole) for e in ends]))
    >>> [handle.tolist() for handle in found.handles], [[part.tolist() for part in teeth] for teeth in found.teeth]
    ([[0, 1, 2]], [[[0, 3], [1, 4], [2, 5]]])
    """
    support = x > ROUNDING
    graph = _Shrunken(np.arange(n), tail[support], head[support], x[support])
    found: dict[bytes, tuple[Ints, list[Ints]]] = {}
    while graph.n >= 6:
        for inside, ends in _blossoms(graph.n, graph.u, graph.v, graph.y):
            handle = inside[graph.group]
            smaller = handle == (2 * np.count_nonzero(handle) - handle[0] < n)  # the handle or its complement
            teeth = [np.flatnonzero((graph.group == a) | (graph.group == b)) for a, b in ends]
            key = smaller.tobytes() + np.sort(np.concatenate(teeth)).tobytes()
            found.setdefault(key, (np.flatnonzero(smaller), teeth))
        edges = _contractible(graph)
        if not len(edges):
            break
        graph = graph.contracted(edges)
    return Combs(*map(list, zip(*found.values(), strict=True))) if found else None


class _Shrunken(NamedTuple):
    """A graph that arose by contracting edges: the vertex that each vertex went into, and the edges with their y."""

    group: Ints
    u: Ints
    v: Ints
    y: Floats

    @property
    def n(self) -> int:
        """Its number of vertices."""
        return int(self.group.max()) + 1

    def contracted(self, edges: Ints) -> _Shrunken:
        """The graph after contracting those edges, parallel edges being summed up."""
        if not len(edges):
            return self
        n, merged = connected_components(links(self.n, self.u[edges], self.v[edges]), directed=False)
        low, high = np.sort([merged[self.u], merged[self.v]], axis=0)
        between = low != high
        pairs, which = np.unique(low[between] * n + high[between], return_inverse=True)
        return _Shrunken(
            merged[self.group], *np.divmod(pairs, n), np.bincount(which, self.y[between]).astype(np.float64)
        )


def _contractible(graph: _Shrunken) -> Ints:
    """The edges with y = 1 whose ends have y = 1 in sum to a third vertex, or to both ends of another such edge."""
    u, v, whole = graph.u, graph.v, graph.y > 1 - ROUNDING
    degree = np.bincount(np.r_[u[whole], v[whole]], minlength=graph.n)
    edges, rest = np.flatnonzero(whole & (degree[u] == 1) & (degree[v] == 1)), np.flatnonzero(~whole)
    end, own = np.arange(graph.n), np.full(graph.n, -1)  # of each vertex the first end of its edge, and that edge
    end[v[edges]], own[u[edges]] = u[edges], edges
    low, high = np.sort([end[u[rest]], end[v[rest]]], axis=0)
    pairs, which = np.unique(low * graph.n + high, return_inverse=True)
    one = pairs[np.bincount(which, graph.y[rest]) > 1 - ROUNDING]
    joined = np.unique(own[np.r_[np.divmod(one, graph.n)]])
    return joined[joined >= 0]


def _blossoms(n: int, u: Ints, v: Ints, y: Floats) -> Iterator[tuple[Bools, list[tuple[int, int]]]]:
    """Handles, bool (n,), and teeth, edges that leave them: sum of 1 - y over the teeth and y over others is below 1.

    Handles are the clusters formed by merging along the fractional edges, either by decreasing y or those nearest to 0
    or 1 first. For a handle the best teeth are known: the edges with y > 1/2, one more or less if that makes their
    number odd (Padberg and Rao 1982). If two share a vertex, it changes sides, which makes neither side larger.
    """
    fraction = np.minimum(y, 1 - y)
    fractional = np.flatnonzero(fraction > ROUNDING)
    if not len(fractional):
        return
    by_y, by_fraction = (np.argsort(key[fractional], kind="stable") for key in (-y, fraction))
    handles = np.r_[_clusters(n, u, v, fractional[by_y]), _clusters(n, u, v, fractional[by_fraction])]
    for _ in range(2):
        leaving = handles[:, u] != handles[:, v]
        teeth, left_side = leaving & (y > 0.5), leaving @ fraction
        even = np.flatnonzero(teeth.sum(axis=1) % 2 == 0)
        switched = np.argmax(np.where(leaving[even], fraction, -1), axis=1)
        teeth[even, switched] ^= leaving[even, switched]
        left_side[even] += 1 - 2 * fraction[switched]
        violated = (left_side < 1 - VIOLATION_TOLERANCE) & (teeth.sum(axis=1) >= 3)
        handles, teeth = handles[violated], teeth[violated]
        touching = np.array([np.bincount(np.r_[u[row], v[row]], minlength=n) for row in teeth]).reshape(-1, n)
        disjoint = (touching < 2).all(axis=1)
        for handle, row in zip(handles[disjoint], teeth[disjoint], strict=True):
            yield handle, list(zip(u[row].tolist(), v[row].tolist(), strict=True))
        handles = handles[~disjoint] ^ (touching[~disjoint] > 1)


def _clusters(n: int, u: Ints, v: Ints, order: Ints) -> Bools:
    """The clusters that arise when the edges are added in that order, bool (k, n)."""
    clusters, _ = merge_tree(n, u, v, order)
    inside = np.zeros((len(clusters.parent), n), dtype=bool)
    inside[np.arange(n), np.arange(n)] = True
    for child, parent in enumerate(clusters.parent.tolist()):
        if parent >= 0:
            inside[parent] |= inside[child]
    return inside[n:]
