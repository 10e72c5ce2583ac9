"""Graph layout: where to draw the nodes of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from formulations.graphs import Network
from formulations.problem import Floats, Ints

STRESS_NODES = 150  # nodes up to which stress majorization is fast


def layout(network: Network, chosen: Ints | None = None) -> Floats:
    """Where to draw the nodes, float64 (n, 2): at their positions, else by stress majorization, else along a forest.

    Chosen edges, int64 (k,), are half as long as others: they are drawn short and, if a forest, hardly cross.

    >>> path = Network(range(3), np.array([0, 1]), np.array([1, 2]), np.ones(2))
    >>> x = layout(path)
    >>> np.hypot(*(x[[1, 2, 2]] - x[[0, 1, 0]]).T).round(1).tolist()  # along the edges, and from end to end
    [2.0, 2.0, 4.0]
    """
    if network.positions is not None:
        return np.asarray(network.positions, dtype=np.float64)
    if not network.n:
        return np.zeros((0, 2))
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    n, weight, proper = network.n, np.ones(network.m), network.tail != network.head
    weight[[] if chosen is None else chosen] = 2
    links = csr_array((weight[proper], (network.tail[proper], network.head[proper])), shape=(n, n))
    links.data = 2 / links.data
    count, component = network.components()
    ends = np.cumsum(np.bincount(component, minlength=count))[:-1]
    members = sorted(np.split(np.argsort(component, kind="stable"), ends), key=len, reverse=True)
    if n <= STRESS_NODES:
        return _packed([(nodes, _stress_layout(links[nodes][:, nodes])) for nodes in members], n)
    tail, head = minimum_spanning_tree(links).tocoo().coords
    neighbours: list[list[int]] = [[] for _ in range(n)]
    for u, v in zip(np.r_[tail, head].tolist(), np.r_[head, tail].tolist(), strict=True):
        neighbours[u].append(v)
    return _force_directed(_packed([_radial_layout(neighbours, int(nodes[0])) for nodes in members], n), tail, head)


def _stress_layout(links: Any) -> Floats:
    """Stress majorization: distances as close as possible to those along the edges (Gansner et al. 2004)."""
    from scipy.sparse.csgraph import shortest_path

    n = links.shape[0]
    turn = np.arange(n) * 2 * np.pi / n
    x: Floats = np.c_[np.cos(turn), np.sin(turn)] / 10
    if n < 3:
        return x * 5
    distance = shortest_path(links, directed=False)
    weight = (distance + np.eye(n)) ** -2 - np.eye(n)
    inverse = np.linalg.inv(np.diag(weight.sum(axis=0)) - weight + 1 / n)
    centre = np.eye(n) - 1 / n
    size, axis = np.linalg.eigh(centre @ distance**2 @ centre / -2)
    x += axis[:, -2:] * np.sqrt(size[-2:].clip(0))  # classical scaling unfolds; the circle separates equal points
    for _ in range(100):
        pull = weight * distance / np.hypot(*(x.T[:, :, None] - x.T[:, None])).clip(1e-9)
        x = inverse @ (pull.sum(axis=1)[:, None] * x - pull @ x)
    return x


def _radial_layout(near: list[list[int]], start: int) -> tuple[Ints, Floats]:
    """A radial layout of a tree from its centre, sectors in proportion to leaves: its nodes, and float64 (k, 2)."""

    def outwards(root: int) -> tuple[list[int], dict[int, int]]:
        order, above = [root], {root: -1}
        for u in order:
            for v in near[u]:
                if v != above[u]:
                    order.append(v)
                    above[v] = u
        return order, above

    # The middle of a longest path is the centre.
    order, above = outwards(outwards(start)[0][-1])
    longest = [order[-1]]
    while above[longest[-1]] >= 0:
        longest.append(above[longest[-1]])
    order, above = outwards(longest[len(longest) // 2])
    leaves, free, middle, depth = (dict.fromkeys([-1, *order], 0) for _ in range(4))
    for v in reversed(order):
        leaves[v] = leaves[v] or 1
        leaves[above[v]] += leaves[v]
    for v in order:
        u = above[v]
        free[v], middle[v], depth[v] = free[u], 2 * free[u] + leaves[v], depth[u] + 1
        free[u] += leaves[v]
    angle, level = (np.array([of[v] for v in order]) for of in (middle, depth))
    # The area within a radius is in proportion to the nodes further in.
    radius, angle = np.sqrt(np.searchsorted(level, level)), angle * np.pi / leaves[-1]
    return np.array(order), np.c_[radius * np.cos(angle), radius * np.sin(angle)]


def _packed(parts: Sequence[tuple[Ints, Floats]], n: int) -> Floats:
    """The components, each rotated to take little room, packed in rows of a wide frame; float64 (n, 2)."""
    angle = np.linspace(0, np.pi, 90, endpoint=False)
    turns = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    boxes = []
    for nodes, x in parts:
        size = np.ptp(x @ turns, axis=1) + 1
        room = size.prod(axis=1) + size[:, 1] / 10 if len(parts) > 1 else np.maximum(size[:, 0] / 1.4, size[:, 1])
        best = np.argmin(np.round(room, 6))  # rounded, so that ties are broken alike on all machines
        boxes.append((nodes, x @ turns[best], size[best]))
    width = max([np.sqrt(1.5 * sum(w * h for *_, (w, h) in boxes)), *(w for *_, (w, _) in boxes)], default=0)
    place, left, top, height = np.zeros((n, 2)), 0.0, 0.0, 0.0
    for nodes, x, (w, h) in boxes:
        if left + w > width * 1.001:
            left, top, height = 0.0, top - height, 0.0
        place[nodes] = x - x.min(axis=0) + (left, top - h)
        left, height = left + w, max(height, h)
    return place


def _force_directed(x: Floats, tail: Ints, head: Ints) -> Floats:
    """Force-directed: nearest nodes repel, edges of the forest pull to unit length; at most a few seconds."""
    from scipy.spatial import KDTree

    n, ends = len(x), np.r_[tail, head]
    degree = np.bincount(ends, minlength=n).clip(1)
    for _ in range(min(60, 400_000 // n)):
        distance, other = KDTree(x).query(x, k=8)
        push = 0.4 * (1.2 / distance.clip(1e-3) - 1).clip(0)
        repulsion = push.sum(axis=1)[:, None] * x - np.stack([(push * c[other]).sum(axis=1) for c in x.T], axis=1)
        along = x[head] - x[tail]
        along *= (1 - 1 / np.hypot(*along.T).clip(1e-9))[:, None]
        attraction = np.stack([np.bincount(ends, np.r_[c, -c], n) for c in along.T], axis=1) / degree[:, None]
        x = x + (repulsion + attraction / 2).clip(-2, 2)
    return x
