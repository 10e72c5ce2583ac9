"""Tours through all items: built greedily from edges, and improved by local search.

A tour is int64 (n,), the items in the order visited; the distance D is symmetric, float64 (n, n). These are heuristics:
they find feasible tours, whose lengths are upper bounds on the optimum.
"""

from __future__ import annotations

import numpy as np

from formulations.problem import Floats, Ints

NEIGHBOURS_PER_ITEM = 8  # nearest items that a move may join an item to
LONGEST_SEGMENT = 3  # items that a move relocates at most (Or 1976)
MOST_BY_SUBSETS = 11  # items up to which the dynamic program over subsets takes a moment
LEAST_RELATIVE_GAIN = 1e-10  # of a move, so that rounding cannot make the search cycle


def length(tour: Ints, D: Floats) -> float:
    """The sum of D along the closed tour.

    >>> length(np.array([0, 1, 2]), np.array([[0.0, 3, 5], [3, 0, 4], [5, 4, 0]]))
    12.0
    """
    return float(D[tour, np.roll(tour, -1)].sum())


def one_more(D: Floats) -> Floats:
    """D with a new item 0 at distance 0 from all others: a tour of these n + 1 items is a path of the n.

    >>> one_more(np.array([[0.0, 3], [3, 0]])).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 3.0], [0.0, 3.0, 0.0]]
    """
    padded = np.zeros((len(D) + 1, len(D) + 1))
    padded[1:, 1:] = D
    return padded


def nearest(D: Floats) -> Ints:
    """Each item's nearest other items, nearest first, int64 (n, k) with k = min(8, n - 1).

    >>> nearest(np.array([[0.0, 3, 5], [3, 0, 4], [5, 4, 0]])).tolist()
    [[1, 2], [0, 2], [1, 0]]
    """
    n = len(D)
    closest: Ints = np.argsort(D + np.diag(np.full(n, np.inf)), axis=1, kind="stable")
    return closest[:, : min(NEIGHBOURS_PER_ITEM, n - 1)]


def joined(n: int, tail: Ints, head: Ints, order: Ints, D: Floats) -> Ints:
    """The greedy tour: take edges in that order, skipping those that close a cycle or give an item degree 3.

    tail, head int64 (m,); order, int64, are indices of edges. The ends of the paths that result are joined by
    increasing distance D.

    >>> x = np.array([0.0, 1, 2, 3])
    >>> tail, head = np.triu_indices(4, 1)
    >>> D = np.abs(x[:, None] - x)
    >>> joined(4, tail, head, np.argsort(D[tail, head], kind="stable"), D).tolist()
    [0, 1, 2, 3]
    """
    room, far = [2] * n, list(range(n))  # how many edges an item can still take; the other end of its path
    adjacent: list[list[int]] = [[] for _ in range(n)]

    def take(u: int, v: int) -> None:
        if room[u] and room[v] and far[u] != v:
            a, b = far[u], far[v]
            far[a], far[b] = b, a
            for end, other in ((u, v), (v, u)):
                room[end] -= 1
                adjacent[end].append(other)

    for u, v in zip(tail[order].tolist(), head[order].tolist(), strict=True):
        take(u, v)
    ends = np.flatnonzero(room)
    i, j = (ends[part] for part in np.triu_indices(len(ends), 1))
    for e in np.argsort(D[i, j], kind="stable").tolist():
        take(int(i[e]), int(j[e]))
    return walk(adjacent, next(v for v in range(n) if room[v]))


def walk(adjacent: list[list[int]], start: int) -> Ints:
    """The items of a path or cycle from `start` on, int64 (n,), given each item's neighbours in it.

    >>> walk([[1, 2], [0, 2], [0, 1]], 0).tolist()
    [0, 1, 2]
    """
    tour, before = [start], -1
    while len(tour) < len(adjacent):
        at = tour[-1]
        tour.append(next(v for v in adjacent[at] if v != before))
        before = at
    return np.asarray(tour, dtype=np.int64)


def improved(tour: Ints, D: Floats, near: Ints) -> Ints:
    """The tour after best-improvement local search by 2-opt (Croes 1958) and Or-opt moves (Or 1976).

    2-opt exchanges two edges, Or-opt moves up to three successive items. Only moves that join an item to one of its
    candidates are tried; near is int64 (n, k), the candidates of each item.

    >>> x = np.arange(6.0)
    >>> D = np.abs(x[:, None] - x)  # points on a line: the shortest tour has length 10
    >>> length(improved(np.array([0, 3, 1, 4, 2, 5]), D, nearest(D)), D)
    10.0
    """
    n, least = len(tour), LEAST_RELATIVE_GAIN * float(np.abs(D).max(initial=0))
    item, candidate = np.repeat(np.arange(n), near.shape[1]), near.ravel()
    between = D[item, candidate]
    while n > 4:
        # Pairs that a move may join: nearer to each other than one of them to an item beside it.
        place = np.argsort(tour)
        beside = np.maximum(D[tour, np.roll(tour, 1)], D[tour, np.roll(tour, -1)])[place]
        joins = between < np.maximum(beside[item], beside[candidate])
        a, c = item[joins], candidate[joins]
        if not len(a):
            break
        p, q = place[a], place[c]
        best, move = least, None
        for step in (1, -1):  # in the tour's direction, and against it
            # 2-opt: (a, after a), (c, after c) -> (a, c), (after a, after c).
            after_a, after_c = tour[(p + step) % n], tour[(q + step) % n]
            gain = D[a, after_a] + D[c, after_c] - D[a, c] - D[after_a, after_c]
            e = int(gain.argmax())
            if gain[e] > best:
                best, move = gain[e], (p[e], q[e], 0, step, 0)
            # Or-opt: the segment of k items that ends with a moves between c and an item beside c.
            for k in range(1, LONGEST_SEGMENT + 1):
                first, before = tour[(p - step * (k - 1)) % n], tour[(p - step * k) % n]
                freed = D[before, first] + D[a, after_a] - D[before, after_a] - D[a, c]
                outside = (step * (p - q)) % n >= k  # c is not in the segment
                for side in (1, -1):
                    beside = tour[(q + side) % n]
                    beside_outside = (step * (p - place[beside])) % n >= k
                    gain = np.where(outside & beside_outside, freed + D[c, beside] - D[first, beside], -np.inf)
                    e = int(gain.argmax())
                    if gain[e] > best:
                        best, move = gain[e], (p[e], q[e], k, step, side)
        if move is None:
            break
        tour = _exchanged(tour, *map(int, move))
    return tour


def shortest_by_subsets(D: Floats) -> float:
    """The least length of a tour, directed from row to column, by dynamic programming (Held and Karp 1962).

    D is float64 (n, n), infinite where there is no edge. Time and memory grow as 2^n: for few items.

    >>> shortest_by_subsets(np.array([[0.0, 1, 9], [9, 0, 1], [1, 9, 0]]))
    3.0
    """
    n = len(D) - 1  # item n is the start, and in none of the subsets
    least = np.full((1 << n, n), np.inf)  # of paths from the start through a subset, by the item that they end at
    least[1 << np.arange(n), np.arange(n)] = D[n, :n]
    for subset in range(1, 1 << n):
        outside = np.flatnonzero(subset >> np.arange(n) & 1 == 0)
        longer = (least[subset][:, None] + D[:n, outside]).min(axis=0)
        least[subset | 1 << outside, outside] = np.minimum(least[subset | 1 << outside, outside], longer)
    return float((least[-1] + D[:n, n]).min())


def short_path(D: Floats) -> Ints:
    """A short Hamiltonian path, int64 (n,), by the greedy tour and local search with one more item at distance 0.

    >>> x = np.array([0.0, 2, 1, 3])
    >>> sorted([0, 3]) == sorted(short_path(np.abs(x[:, None] - x))[[0, -1]].tolist())
    True
    """
    padded = one_more(D)
    tail, head = np.triu_indices(len(padded), 1)
    tour = joined(len(padded), tail, head, np.argsort(padded[tail, head], kind="stable"), padded)
    tour = improved(tour, padded, nearest(padded))
    path: Ints = np.roll(tour, -int(np.flatnonzero(tour == 0)[0]))[1:] - 1
    return path


def _exchanged(tour: Ints, p: int, q: int, k: int, step: int, side: int) -> Ints:
    """The tour after a move of `improved`: 2-opt at places p and q if k = 0, else Or-opt of the k items ending at p."""
    if k == 0:
        first, last = sorted((p, q)) if step == 1 else sorted((p - 1, q - 1))
        tour = np.roll(tour, -first - 1)
        turned: Ints = np.r_[tour[: last - first][::-1], tour[last - first :]]
        return turned
    start = p - k + 1 if step == 1 else p
    tour = np.roll(tour, -start)  # so that the segment comes first
    segment, rest = tour[:k][::-step], tour[k:]  # segment: a first, to stand next to c
    at = (q - start) % len(tour) - k
    gap, segment = (at + 1, segment) if side == 1 else (at, segment[::-1])
    moved: Ints = np.r_[rest[:gap], segment, rest[gap:]]
    return moved
