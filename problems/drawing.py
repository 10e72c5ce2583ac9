"""Pictures of an answer: the graph with the chosen edges, and how bound and value met. Draws; shows nothing."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.graphs import Floats, Ints, Network
from problems.io import InputError, safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, RUST, MIST, HAZE = "#12304f", "#c05a12", "#b4bcc6", "#dde3ea"  # dark to light: they differ in print as well
PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}  # text from files is never markup
FALLBACKS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Arial Unicode MS",
)
METADATA: dict[str, dict[str, Any]] = {  # nothing that differs from run to run
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
LABELLED, EXACT, RASTER = 40, 1000, 5000  # nodes with labels; nodes laid out by stress; edges before pixels are smaller


def layout(network: Network, chosen: Ints | None = None) -> Floats:
    """Where to draw the nodes, float64 (n, 2): their own positions, or the components laid out and packed in rows."""
    if network.positions is not None:
        return np.asarray(network.positions, dtype=np.float64)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    n, rank = network.n, np.full(network.m, 2.0)
    rank[[] if chosen is None else chosen] = 1
    links = csr_array((n, n))
    apart = network.tail != network.head
    if apart.any():
        ends = np.sort(np.c_[network.tail, network.head][apart], axis=1)
        # Of parallel edges one remains, of the lowest rank: csr_array would add them up.
        order = np.lexsort((rank[apart], ends[:, 1], ends[:, 0]))
        ends, first = np.unique(ends[order], axis=0, return_index=True)
        links = csr_array((rank[apart][order][first], (ends[:, 0], ends[:, 1])), shape=(n, n))
    count, component = network.components()
    members = np.split(np.argsort(component, kind="stable"), np.cumsum(np.bincount(component, minlength=count))[:-1])
    place = np.zeros((n, 2))
    if n > EXACT:
        tree = minimum_spanning_tree(links).tocoo().coords
        near: list[list[int]] = [[] for _ in range(n)]
        for u, v in zip(tree[0].tolist(), tree[1].tolist(), strict=True):
            near[u].append(v)
            near[v].append(u)
        for nodes in members:
            place[nodes] = 0
            _fan_out(near, int(nodes[0]), place)
    else:
        for nodes in members:
            place[nodes] = _least_stress(links[nodes][:, nodes])
    return _packed(place, members)


def _least_stress(links: Any) -> Floats:
    """Distances on paper as close as possible to the numbers of hops (stress majorization, Gansner et al. 2004)."""
    from scipy.sparse.csgraph import shortest_path

    n = links.shape[0]
    turn = 2 * np.pi * np.arange(n) / n
    circle = np.c_[np.cos(turn), np.sin(turn)]
    if n < 3:
        return circle / 2
    dense = links.nnz > 20 * n
    hops = shortest_path(links, method="FW" if dense else "D", directed=False, unweighted=True)
    np.fill_diagonal(hops, 1)
    near = hops**-2
    np.fill_diagonal(near, 0)
    inverse = np.linalg.inv(np.diag(near.sum(axis=0)) - near + 1 / n)
    np.fill_diagonal(hops, 0)
    centre = np.eye(n) - 1 / n
    size, axes = np.linalg.eigh(-centre @ hops**2 @ centre / 2)
    # Classical scaling unfolds the graph; the circle tells twins apart.
    x = axes[:, -2:] * np.sqrt(np.maximum(size[-2:], 0)) + circle / 10
    for _ in range(100):
        pull = near * hops / np.maximum(np.hypot(*(x[:, None] - x[None]).transpose(2, 0, 1)), 1e-9)
        x = inverse @ (pull.sum(axis=1)[:, None] * x - pull @ x)
    x -= x.mean(axis=0)
    return np.asarray(x @ np.linalg.svd(x, full_matrices=False)[2].T)  # the long way lies flat


def _fan_out(near: list[list[int]], start: int, place: Floats) -> None:
    """A tree from its middle outwards, each branch in a sector as wide as it has leaves."""

    def walk(root: int) -> tuple[list[int], dict[int, int]]:
        order, above = [root], {root: -1}
        for u in order:
            for v in near[u]:
                if v != above[u]:
                    above[v] = u
                    order.append(v)
        return order, above

    order, above = walk(walk(start)[0][-1])
    path = [order[-1]]
    while above[path[-1]] >= 0:
        path.append(above[path[-1]])
    order, above = walk(path[len(path) // 2])
    leaves = dict.fromkeys(order, 0.0)
    for v in reversed(order):
        leaves[v] = leaves[v] or 1.0
        if above[v] >= 0:
            leaves[above[v]] += leaves[v]
    angle, depth = {order[0]: 0.0}, {order[0]: 0}
    used = dict.fromkeys(order, 0.0)
    total = leaves[order[0]]
    begin = {order[0]: 0.0}
    for v in order[1:]:
        u = above[v]
        begin[v] = begin[u] + used[u]
        used[u] += leaves[v]
        angle[v], depth[v] = 2 * np.pi * (begin[v] + leaves[v] / 2) / total, depth[u] + 1
    t, r = np.array([angle[v] for v in order]), np.array([depth[v] for v in order], dtype=float)
    place[order] = np.c_[r * np.cos(t), r * np.sin(t)]
