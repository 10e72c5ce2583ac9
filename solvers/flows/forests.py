"""Forests of pairs: what flows along them, and the potentials that make their reduced costs 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from formulations.arithmetic.plans import Plan
from formulations.problem import Floats, Ints


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees among m sources and n targets, the nodes 0 to m - 1 and m to m + n - 1; some may be single nodes.

    trees   how many there are
    tree    the one of each node
    nodes   all nodes, each tree's from its root outwards
    parent  of each of them, m + n of a root
    """

    trees: int
    tree: Ints
    nodes: list[int]
    parent: list[int]


def forest(source: Ints, target: Ints, m: int, n: int) -> Forest:
    """The forest that those pairs (k,) span; a pair that closes a cycle is left out.

    >>> found = forest(np.array([0, 1]), np.array([0, 0]), 2, 2)
    >>> found.trees, found.nodes, found.parent
    (2, [0, 3, 2, 1], [4, 4, 0, 2])
    """
    ends = np.ones(len(source)), (source, m + target)
    trees, tree = connected_components(csr_array(ends, shape=(m + n, m + n)), directed=False)
    roots = np.unique(tree, return_index=True)[1]  # all hang on one more node, so that one search finds all
    hung = np.r_[source, np.full(trees, m + n)], np.r_[m + target, roots]
    graph = csr_array((np.ones(len(hung[0])), hung), shape=(m + n + 1, m + n + 1))
    order, before = breadth_first_order(graph, m + n, directed=False)
    return Forest(trees, tree, order[1:].tolist(), before[order[1:]].tolist())


def plan_along(grown: Forest, supply: Ints, demand: Ints) -> Plan | None:
    """The only plan along a forest; None if there is none, or if an amount would be negative.

    >>> along = forest(np.array([0, 0, 1]), np.array([0, 1, 1]), 2, 2)
    >>> plan_along(along, np.array([2, 1]), np.array([1, 2])).amount.tolist()
    [1, 1, 1]
    >>> plan_along(along, np.array([2, 1]), np.array([3, 0])) is None
    True
    """
    m, root = len(supply), len(supply) + len(demand)
    left, moved = [*supply.tolist(), *(-demand).tolist()], []
    for v, u in zip(reversed(grown.nodes), reversed(grown.parent), strict=True):  # all below v has been settled
        if u == root:
            if left[v]:
                return None
            continue
        left[u] += left[v]
        moved.append((v, u - m, left[v]) if v < m else (u, v - m, -left[v]))
    source, target, amount = np.array(moved, dtype=np.int64).reshape(-1, 3).T
    if (amount < 0).any():
        return None
    used = amount > 0
    return Plan(source[used], target[used], amount[used])


def potentials_along(grown: Forest, C: Floats) -> tuple[Floats, Floats]:
    """f and g with f_i + g_j = C_ij along the forest, 0 at its roots; C is (m, n).

    >>> f, g = potentials_along(forest(np.array([0, 0, 1]), np.array([0, 1, 1]), 2, 2), np.array([[1.0, 2], [3, 5]]))
    >>> f.tolist(), g.tolist()
    ([0.0, 3.0], [1.0, 2.0])
    """
    m, root = len(C), sum(C.shape)
    potential = np.zeros(root)
    for v, u in zip(grown.nodes, grown.parent, strict=True):
        if u < root:
            potential[v] = (C[u, v - m] if u < m else C[v, u - m]) - potential[u]
    return potential[:m], potential[m:]
