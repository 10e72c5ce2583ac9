"""Where to draw the vertices of a graph that has no coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from formulations.graphs import Network
from formulations.problem import Floats, Ints

SMALL = 150  # nodes up to which all pairs are laid out


def layout(network: Network, chosen: Ints | None = None) -> Floats:
    """Where to draw the nodes, float64 (n, 2): their positions, else all pairs by distance, else along a forest.

    Chosen edges count as half as long as others: they are drawn short and, as a forest, hardly cross.
    """
    if network.positions is not None:
        return np.asarray(network.positions, dtype=np.float64)
    if not network.n:
        return np.zeros((0, 2))
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    n, near, apart = network.n, np.ones(network.m), network.tail != network.head
    near[[] if chosen is None else chosen] = 2
    links = csr_array((near[apart], (network.tail[apart], network.head[apart])), shape=(n, n))
    links.data = 2 / links.data
    count, component = network.components()
    ends = np.cumsum(np.bincount(component, minlength=count))[:-1]
    members = sorted(np.split(np.argsort(component, kind="stable"), ends), key=len, reverse=True)
    if n <= SMALL:
        return _side_by_side([(nodes, _all_pairs(links[nodes][:, nodes])) for nodes in members], n)
    tail, head = minimum_spanning_tree(links).tocoo().coords
    near_to: list[list[int]] = [[] for _ in range(n)]
    for u, v in zip(np.r_[tail, head].tolist(), np.r_[head, tail].tolist(), strict=True):
        near_to[u].append(v)
    return _relaxed(_side_by_side([_fanned_out(near_to, int(nodes[0])) for nodes in members], n), tail, head)


def _all_pairs(links: Any) -> Floats:
    """Distances on paper as near as can be to those along the edges (stress majorization; Gansner et al. 2004)."""
    from scipy.sparse.csgraph import shortest_path

    n = links.shape[0]
    turn = np.arange(n) * 2 * np.pi / n
    x: Floats = np.c_[np.cos(turn), np.sin(turn)] / 10
    if n < 3:
        return x * 5
    far = shortest_path(links, directed=False)
    weight = (far + np.eye(n)) ** -2 - np.eye(n)
    inverse = np.linalg.inv(np.diag(weight.sum(axis=0)) - weight + 1 / n)
    centre = np.eye(n) - 1 / n
    size, axis = np.linalg.eigh(centre @ far**2 @ centre / -2)
    x += axis[:, -2:] * np.sqrt(size[-2:].clip(0))  # classical scaling unfolds; the circle parts twins
    for _ in range(100):
        pull = weight * far / np.hypot(*(x.T[:, :, None] - x.T[:, None])).clip(1e-9)
        x = inverse @ (pull.sum(axis=1)[:, None] * x - pull @ x)
    return x


def _fanned_out(near: list[list[int]], start: int) -> tuple[Ints, Floats]:
    """A tree from its middle outwards, each branch in a sector as wide as its leaves are many."""

    def outwards(root: int) -> tuple[list[int], dict[int, int]]:
        order, above = [root], {root: -1}
        for u in order:
            for v in near[u]:
                if v != above[u]:
                    order.append(v)
                    above[v] = u
        return order, above

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
    radius, angle = np.sqrt(np.searchsorted(level, level)), angle * np.pi / leaves[-1]  # room for all further in
    return np.array(order), np.c_[radius * np.cos(angle), radius * np.sin(angle)]


def _side_by_side(parts: Sequence[tuple[Ints, Floats]], n: int) -> Floats:
    """The parts, each turned to take little room (a lone one: to be drawn large), in rows in a wide frame."""
    angle = np.linspace(0, np.pi, 90, endpoint=False)
    turns = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    boxes = []
    for nodes, x in parts:
        size = np.ptp(x @ turns, axis=1) + 1
        room = size.prod(axis=1) + size[:, 1] / 10 if len(parts) > 1 else np.maximum(size[:, 0] / 1.4, size[:, 1])
        best = np.argmin(np.round(room, 6))  # rounded, so that ties fall the same way everywhere
        boxes.append((nodes, x @ turns[best], size[best]))
    width = max([np.sqrt(1.5 * sum(w * h for *_, (w, h) in boxes)), *(w for *_, (w, _) in boxes)], default=0)
    place, left, top, height = np.zeros((n, 2)), 0.0, 0.0, 0.0
    for nodes, x, (w, h) in boxes:
        if left + w > width * 1.001:
            left, top, height = 0.0, top - height, 0.0
        place[nodes] = x - x.min(axis=0) + (left, top - h)
        left, height = left + w, max(height, h)
    return place


def _relaxed(x: Floats, tail: Ints, head: Ints) -> Floats:
    """Nodes pushed off their nearest ones and pulled to unit distance along the forest, in a few seconds at most."""
    from scipy.spatial import KDTree

    n, ends = len(x), np.r_[tail, head]
    degree = np.bincount(ends, minlength=n).clip(1)
    for _ in range(min(60, 400_000 // n)):
        distance, other = KDTree(x).query(x, k=8)
        push = 0.4 * (1.2 / distance.clip(1e-3) - 1).clip(0)
        apart = push.sum(axis=1)[:, None] * x - np.stack([(push * c[other]).sum(axis=1) for c in x.T], axis=1)
        along = x[head] - x[tail]
        along *= (1 - 1 / np.hypot(*along.T).clip(1e-9))[:, None]
        together = np.stack([np.bincount(ends, np.r_[c, -c], n) for c in along.T], axis=1) / degree[:, None]
        x = x + (apart + together / 2).clip(-2, 2)
    return x
