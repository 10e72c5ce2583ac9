"""Held and Karp's bound on the shortest Hamiltonian path (Operations Research 1970).

A path has two edges at each item but its ends, a and b, which have one. So for any potentials y, one for each item,

    length  =  sum over its edges of (D_uv + y_u + y_v)  -  2 sum of y  +  y_a + y_b
           >=  the shortest spanning tree of D_uv + y_u + y_v  -  2 sum of y  +  the two least of y,

as a path is a spanning tree. It is the bound by 1-trees on the tour through one more item at distance 0 of all others:
the dual of the linear program whose constraints are degrees and cuts.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree

from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.graphs.prim import shortest_forest
from formulations.problem import Floats, Ints

CANDIDATES = 10  # nearest items whose edges the trees of the ascent are made of
ASCENT_STEPS = 1000  # where no time is set
MOMENTUM = 0.3  # share of the last direction in the next (Volgenant and Jonker 1982)
LONGEST_STEP, SHORTEST_STEP = 0.1, 1e-5  # relative to the mean length of a tree's edges
CHECKS = 20  # of an ascent's potentials against all edges


def held_karp_bound(D: Floats, potentials: Any) -> float:
    """The lower bound on the length of a Hamiltonian path that the potentials, float64 (n,), prove; -inf if none.

    D float64 (n, n), symmetric, of any sign, its diagonal 0. Of each edge's length the rounding error is taken
    off, so that the bound holds for the numbers of D themselves.

    >>> place = np.array([0.0, 5.0, 1.0, 3.0])
    >>> round(held_karp_bound(np.abs(place[:, None] - place), np.zeros(4)), 9)
    5.0
    """
    n = len(D)
    found = arrays((potentials,), (n,))
    if found is None or n < 2:
        return -math.inf
    (y,) = found
    order, parent = shortest_forest(D, y)
    lengths = D[order[1:], parent[order[1:]]] + y[order[1:]] + y[parent[order[1:]]]
    largest = float(np.abs(D).max()) + 2 * float(np.abs(y).max())
    total = [*lengths.tolist(), *(-2 * y).tolist(), *np.partition(y, 1)[:2].tolist()]
    bound = math.fsum(total) - 8 * n * ROUNDOFF * largest
    return max(bound, 0.0) if D.min() >= 0 else bound


def held_karp_potentials(D: Floats, seconds: float) -> Floats:
    """Good potentials, float64 (n,), within about that time, by subgradient steps on the trees' degrees.

    The trees of the ascent are made of near items' edges only, so that a step takes n log n; now and then the
    potentials are checked on all edges, and edges of the shortest tree that were missing join.

    >>> D = np.ones((4, 4)) + np.diag([4.0, 0, 0, 0])  # any path has length 3
    >>> round(held_karp_bound(D, held_karp_potentials(D, math.inf)), 6)
    3.0
    """
    end, n = time.monotonic() + seconds, len(D)
    y = best = np.zeros(n)
    value, edges = -math.inf, _near(D, min(CANDIDATES, n - 1))
    direction, begun, step, checked = np.zeros(n), time.monotonic(), 0, -1
    unit = 0.0
    while True:
        done = step / ASCENT_STEPS if seconds == math.inf else (time.monotonic() - begun) / max(end - begun, 1e-9)
        if int(done * CHECKS) > checked or done >= 1:
            checked = int(done * CHECKS)
            order, parent = shortest_forest(D, y)
            tree = order[1:], parent[order[1:]]
            unit = unit or float(np.abs(D[tree]).mean())
            found = float((D[tree] + y[tree[0]] + y[tree[1]]).sum() - 2 * y.sum() + np.partition(y, 1)[:2].sum())
            if found > value:
                best, value = y, found
            if done >= 1 or not unit > 0:
                return best
            edges = np.unique(np.concatenate([edges, np.sort(np.stack(tree, axis=1), axis=1)]), axis=0)
            u, v = edges.T
            length = D[u, v]
        ascent = _degrees(u, v, length + y[u] + y[v], n) - 2.0
        ascent[np.argpartition(y, 1)[:2]] += 1
        if not ascent.any():  # the tree is a path: the bound is its length
            return y
        direction = (1 - MOMENTUM) * ascent + MOMENTUM * direction
        y = y + unit * LONGEST_STEP * (SHORTEST_STEP / LONGEST_STEP) ** done * direction
        step += 1


def _near(D: Floats, k: int) -> Ints:
    """The pairs of each item and its k nearest, int64 (m, 2), the smaller first, each once."""
    n, near = len(D), []
    for u in range(n):
        row = D[u].copy()
        row[u] = np.inf
        near.append(np.argpartition(row, k - 1)[:k])
    pairs = np.stack([np.repeat(np.arange(n), k), np.concatenate(near)], axis=1)
    return np.unique(np.sort(pairs, axis=1), axis=0)


def _degrees(u: Ints, v: Ints, length: Floats, n: int) -> Ints:
    """The degrees of the items in a shortest spanning tree of those edges, int64 (n,)."""
    positive = length - length.min() + 1.0  # a stored 0 would be no edge
    tree = minimum_spanning_tree(csr_array((positive, (u, v)), shape=(n, n))).tocoo()
    degrees: Ints = np.bincount(np.concatenate([tree.row, tree.col]), minlength=n)
    return degrees
