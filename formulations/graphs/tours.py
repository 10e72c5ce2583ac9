"""Tours through all items: built from edges in a given order, and improved by exchanging edges.

A tour is int64 (n,), the items as they are visited; the distance D is symmetric, float64 (n, n). These are heuristics:
what they find is an upper bound, and nobody needs to trust it.
"""

from __future__ import annotations

import numpy as np

from formulations.problem import Floats, Ints

NEIGHBOURS_PER_ITEM = 8  # neighbours of each item that exchanges join it to
LONGEST_SEGMENT = 3  # items that are moved together at most (Or 1976)
LEAST_RELATIVE_GAIN = 1e-10  # relative gain that counts, so that rounding cannot make it go in circles


def length(tour: Ints, D: Floats) -> float:
    """The sum of D along the closed tour."""
    return float(D[tour, np.roll(tour, -1)].sum())


def one_more(D: Floats) -> Floats:
    """The distances with one more item in front, at distance 0 of all: a tour through it is a path through the rest."""
    padded = np.zeros((len(D) + 1, len(D) + 1))
    padded[1:, 1:] = D
    return padded


def nearest(D: Floats) -> Ints:
    """The nearest items of each, int64 (n, k), k at most 8."""
    n = len(D)
    closest: Ints = np.argsort(D + np.diag(np.full(n, np.inf)), axis=1, kind="stable")
    return closest[:, : min(NEIGHBOURS_PER_ITEM, n - 1)]


def joined(n: int, tail: Ints, head: Ints, order: Ints, D: Floats) -> Ints:
    """The tour of the edges taken in that order, passing over those that close a circle or give an item three.

    What then is left of loose ends is joined by rising distance.
    """
    room, far = [2] * n, list(range(n))  # far: the other end of the piece that ends here
    beside: list[list[int]] = [[] for _ in range(n)]

    def take(u: int, v: int) -> None:
        if room[u] and room[v] and far[u] != v:
            a, b = far[u], far[v]
            far[a], far[b] = b, a
            for end, other in ((u, v), (v, u)):
                room[end] -= 1
                beside[end].append(other)

    for u, v in zip(tail[order].tolist(), head[order].tolist(), strict=True):
        take(u, v)
    ends = np.flatnonzero(room)
    i, j = (ends[part] for part in np.triu_indices(len(ends), 1))
    for e in np.argsort(D[i, j], kind="stable").tolist():
        take(int(i[e]), int(j[e]))
    return walk(beside, next(v for v in range(n) if room[v]))


def walk(beside: list[list[int]], start: int) -> Ints:
    """The items of a path or circle from an item on, given those beside each."""
    tour, before = [start], -1
    while len(tour) < len(beside):
        at = tour[-1]
        tour.append(next(v for v in beside[at] if v != before))
        before = at
    return np.asarray(tour, dtype=np.int64)


def improved(tour: Ints, D: Floats, near: Ints) -> Ints:
    """The tour after all exchanges that shorten it: two edges (Croes 1958), or up to three items moved (Or 1976).

    Every exchange joins an item to one that is near it; near is int64 (n, k), the items to try for each.
    """
    n, least = len(tour), LEAST_RELATIVE_GAIN * float(np.abs(D).max(initial=0))
    a, c = np.repeat(np.arange(n), near.shape[1]), near.ravel()  # to be joined
    while n > 4:
        place = np.argsort(tour)
        p, q = place[a], place[c]
        best, move = least, None
        for step in (1, -1):  # in the tour's direction, and against it
            after_a, after_c = tour[(p + step) % n], tour[(q + step) % n]
            gain = D[a, after_a] + D[c, after_c] - D[a, c] - D[after_a, after_c]
            e = int(gain.argmax())
            if gain[e] > best:
                best, move = gain[e], (p[e], q[e], 0, step, 0)
            for k in range(1, LONGEST_SEGMENT + 1):  # a and the k - 1 items before it (against the step) move to c
                first, before = tour[(p - step * (k - 1)) % n], tour[(p - step * k) % n]
                freed = D[before, first] + D[a, after_a] - D[before, after_a] - D[a, c]
                outside = (step * (p - q)) % n >= k
                for side in (1, -1):  # between c and the item beside it
                    beside = tour[(q + side) % n]
                    apart = (step * (p - place[beside])) % n >= k
                    gain = np.where(outside & apart, freed + D[c, beside] - D[first, beside], -np.inf)
                    e = int(gain.argmax())
                    if gain[e] > best:
                        best, move = gain[e], (p[e], q[e], k, step, side)
        if move is None:
            break
        tour = _exchanged(tour, *map(int, move))
    return tour


def short_path(D: Floats) -> Ints:
    """A short path through all items, int64 (n,): a tour with one more item at distance 0, joined and improved."""
    padded = one_more(D)
    tail, head = np.triu_indices(len(padded), 1)
    tour = joined(len(padded), tail, head, np.argsort(padded[tail, head], kind="stable"), padded)
    tour = improved(tour, padded, nearest(padded))
    path: Ints = np.roll(tour, -int(np.flatnonzero(tour == 0)[0]))[1:] - 1
    return path


def _exchanged(tour: Ints, p: int, q: int, k: int, step: int, side: int) -> Ints:
    """k = 0: the items at places p and q joined, and those a step on; else k items, ending at p, moved beside q."""
    if k == 0:
        first, last = sorted((p, q)) if step == 1 else sorted((p - 1, q - 1))
        tour = np.roll(tour, -first - 1)
        turned: Ints = np.r_[tour[: last - first][::-1], tour[last - first :]]
        return turned
    start = p - k + 1 if step == 1 else p
    tour = np.roll(tour, -start)  # the segment first
    segment, rest = tour[:k][::-step], tour[k:]  # the item from place p first
    at = (q - start) % len(tour) - k
    gap, segment = (at + 1, segment) if side == 1 else (at, segment[::-1])
    moved: Ints = np.r_[rest[:gap], segment, rest[gap:]]
    return moved
