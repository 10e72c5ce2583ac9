"""Directed tours through all items: built greedily from arcs, and improved by local search.

A tour is int64 (n,), the items in the order visited; D is float64 (n, n), the distance from the row's item to the
column's. As for undirected tours (formulations.graphs.tours), these are heuristics.
"""

from __future__ import annotations

import numpy as np

from formulations.graphs.tours import LEAST_RELATIVE_GAIN
from formulations.problem import Floats, Ints


def successors(n: int, tail: Ints, head: Ints) -> Ints:
    """The tour of the n arcs (tail, head), from item 0 on.

    >>> successors(3, np.array([1, 0, 2]), np.array([0, 2, 1])).tolist()
    [0, 2, 1]
    """
    after = np.empty(n, dtype=np.int64)
    after[tail] = head
    following, tour = after.tolist(), [0]
    while len(tour) < n:
        tour.append(following[tour[-1]])
    return np.asarray(tour, dtype=np.int64)


def joined_arcs(n: int, tail: Ints, head: Ints, order: Ints, D: Floats) -> Ints:
    """The greedy tour: take arcs in that order, skipping those that close a cycle or leave or enter an item twice.

    tail, head int64 (m,); order, int64, are indices of arcs. The ends of the paths that result are joined by increasing
    distance D.

    >>> D = np.array([[0.0, 2, 1], [1, 0, 2], [2, 1, 0]])
    >>> tail, head = np.array([0, 0, 1, 1, 2, 2]), np.array([1, 2, 0, 2, 0, 1])
    >>> joined_arcs(3, tail, head, np.argsort(D[tail, head], kind="stable"), D).tolist()
    [0, 2, 1]
    """
    after, before, far = [-1] * n, [-1] * n, list(range(n))  # far: at one end of a path its other end

    def take(u: int, v: int) -> None:
        if after[u] < 0 and before[v] < 0 and far[u] != v:
            after[u], before[v] = v, u
            start, end = far[u], far[v]
            far[start], far[end] = end, start

    for u, v in zip(tail[order].tolist(), head[order].tolist(), strict=True):
        take(u, v)
    ends, starts = (np.flatnonzero(np.asarray(other) < 0) for other in (after, before))
    i, j = (part.ravel() for part in np.meshgrid(ends, starts, indexing="ij"))
    for e in np.argsort(D[i, j], kind="stable").tolist():
        take(int(i[e]), int(j[e]))
    after[after.index(-1)] = before.index(-1)
    return successors(n, np.arange(n), np.asarray(after))


def improved_circuit(tour: Ints, D: Floats, near: Ints) -> Ints:
    """The tour after best-improvement local search by 3-opt moves that keep all directions (Kanellakis, Papadimitriou).

    A move exchanges two neighbouring segments: from a, [next of a .. b], [next of b .. c] to a, [next of b .. c],
    [next of a .. b]. Only moves are tried whose new arcs from a, shorter than the old one, and from b go to candidates;
    near is int64 (n, k), the candidates of each item.

    >>> D = np.abs(np.arange(5)[:, None] + 1.0 - np.arange(5)) % 5  # the next item is at distance 0
    >>> near = np.argsort(D + np.diag(np.full(5, np.inf)), axis=1)[:, :2]
    >>> improved_circuit(np.array([0, 3, 4, 1, 2]), D, near).tolist()
    [0, 1, 2, 3, 4]
    """
    n, least = len(tour), LEAST_RELATIVE_GAIN * float(np.abs(D).max(initial=0))
    k = near.shape[1]
    while n > 3:
        place = np.empty(n, dtype=np.int64)
        place[tour] = np.arange(n)
        after, before = np.roll(tour, -1)[place], np.roll(tour, 1)[place]
        a, second = np.repeat(np.arange(n), k), near.ravel()  # the second segment's first item
        gain = D[a, after[a]] - D[a, second]
        shorter = gain > 0
        a, second, gain = np.repeat(a[shorter], k), np.repeat(second[shorter], k), np.repeat(gain[shorter], k)
        b = before[second]
        rest = near[b[::k]].ravel()  # the first item after both segments
        c = before[rest]
        start, stop = (place[second] - place[a]) % n, (place[rest] - place[a] - 1) % n + 1
        gain = gain + D[b, second] - D[b, rest] + D[c, rest] - D[c, after[a]]
        gain = np.where(start < stop, gain, -np.inf)
        e = int(gain.argmax()) if len(gain) else -1
        if e < 0 or gain[e] <= least:
            break
        turned = np.roll(tour, -place[a[e]])
        tour = np.r_[turned[0], turned[start[e] : stop[e]], turned[1 : start[e]], turned[stop[e] :]]
    return tour
