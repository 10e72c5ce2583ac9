"""Search for a short Hamiltonian path: iterated local search by chains of exchanges of two edges.

A path is a tour through one more item, at distance 0 of all others. A chain (Lin and Kernighan, Operations Research
1973) takes an edge (a, b) out, then again and again joins b to a near item c and takes out the edge (d, c) before c,

    a -> b ... d -> c    becomes    a -> d ... b -> c,

so that d takes the place of b; it ends where the tour was shortest. The tour is then perturbed by exchanging two short
neighbouring stretches, and the items around are tried again (Johnson and McGeoch 1997). Potentials y that suit Held
and Karp's bound change the length of every tour by the same amount, but D_uv + y_u + y_v tells better what is near.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from formulations.problem import Floats, Ints

NEAR = 7  # items that a chain may join an item to
DEPTH = 25  # exchanges of a chain
BREADTH = 5  # first exchanges that are tried
STRETCH = 30  # items in the longest stretch of a perturbation
PERTURBATIONS = 20  # for each item, where no time is set
LEAST_RELATIVE_GAIN = 1e-10  # of a chain, so that rounding cannot make the search cycle


def path_search(
    D: Floats,
    start: Ints,
    potentials: Floats,
    *,
    seconds: float | None,
    seed: int,
    keep: Callable[[Ints, float], None],
) -> None:
    """Search short paths from an order, int64 (n,), calling keep(order, length) now and then at a shorter one.

    D float64 (n, n), symmetric; potentials float64 (n,); seconds is wall time, None for a fixed number of
    perturbations, so that the same seed gives the same paths. keep gets int64 (n,).

    >>> place = np.array([0.0, 5.0, 1.0, 3.0, 2.0])
    >>> found = []
    >>> D = np.abs(place[:, None] - place)
    >>> path_search(D, np.arange(5), np.zeros(5), seconds=None, seed=0, keep=lambda *at: found.append(at))
    >>> sorted([place[found[-1][0]].tolist(), place[found[-1][0][::-1]].tolist()])[0], found[-1][1]
    ([0.0, 1.0, 2.0, 3.0, 5.0], 5.0)
    """
    end = math.inf if seconds is None else time.monotonic() + seconds
    n, y = len(D), np.r_[potentials, 0.0]
    C = np.zeros((n + 1, n + 1))
    C[:n, :n] = D
    C += y
    C += y[:, None]
    search = _Search(C, np.append(start, n), np.random.default_rng(seed))

    def offer() -> None:
        tour = search.tour.item
        order = np.roll(tour, -int(np.flatnonzero(tour == n)[0]))[1:]
        keep(order, float(D[order[:-1], order[1:]].sum()))

    if n < 4:
        return
    search.descend(list(range(n + 1)), end)
    offer()
    kept, kicks = time.monotonic(), 0
    improved = False
    while time.monotonic() < end and (seconds is not None or kicks < PERTURBATIONS * n):
        improved |= search.perturb(end)
        kicks += 1
        if improved and (seconds is None or time.monotonic() > kept + 1):
            offer()
            kept, improved = time.monotonic(), False
    if improved:
        offer()


def _read(array: Any) -> Any:
    """The array as a memoryview, whose entries are read one by one ten times as fast."""
    return memoryview(array)


class _Tour:
    """A tour as an array, read in either direction, and the reversals that made it."""

    def __init__(self, item: Ints) -> None:
        self.item, self.place = item.copy(), np.argsort(item)
        self.items, self.places = _read(self.item), _read(self.place)
        self.n, self.backwards = len(item), False
        self.journal: list[tuple[int, int, bool]] = []

    def after(self, v: int) -> int:
        """The next item."""
        k = self.places[v] + (-1 if self.backwards else 1)
        return int(self.items[k if k < self.n else 0])

    def before(self, v: int) -> int:
        """The item before."""
        k = self.places[v] + (1 if self.backwards else -1)
        return int(self.items[k if k < self.n else 0])

    def reverse(self, a: int, b: int) -> None:
        """Reverse the stretch from a to b; or the rest, and read the tour the other way, if that is shorter."""
        last, first = a, b
        if self.backwards:
            a, b = b, a
        i, j, n = self.places[a], self.places[b], self.n
        length = (j - i) % n + 1
        if 2 * length > n:
            i, length, self.backwards = (j + 1) % n, n - length, not self.backwards
        if i + length <= n:
            stretch = self.item[i : i + length][::-1].copy()
            self.item[i : i + length] = stretch
            self.place[stretch] = np.arange(i, i + length)
        else:
            places = np.arange(i, i + length) % n
            stretch = self.item[places[::-1]]
            self.item[places], self.place[stretch] = stretch, places
        self.journal.append((first, last, self.backwards))

    def undo(self, journal_length: int) -> None:
        """Take back all reversals since the journal had that length."""
        while len(self.journal) > journal_length:
            first, last, self.backwards = self.journal.pop()
            self.reverse(first, last)
            self.journal.pop()


class _Search:
    """The tour of the iterated local search, in distances C, (n, n)."""

    def __init__(self, C: Floats, tour: Ints, random: np.random.Generator) -> None:
        n = len(C)
        self.random, self.C = random, _read(C)
        k = min(NEAR, n - 1)
        self.near: list[list[int]] = []
        for v, row in enumerate(C):
            away = row.copy()
            away[v] = np.inf
            near = np.argpartition(away, k - 1)[:k]
            self.near.append(near[away[near].argsort()].tolist())
        self.least = LEAST_RELATIVE_GAIN * float(np.abs(C).max())
        self.tour = _Tour(tour)

    def descend(self, waiting: list[int], end: float) -> float:
        """Try chains from the waiting items, and those at the ends of each exchange, until none helps; the gain."""
        queued, total = set(waiting), 0.0
        while waiting and time.monotonic() < end:
            a = waiting.pop()
            queued.discard(a)
            while (gain := self.chain(a)) > 0:
                total += gain
                for v in self.touched:
                    if v not in queued:
                        queued.add(v)
                        waiting.append(v)
        return total

    def chain(self, a: int) -> float:
        """Improve the tour by a chain that begins with an edge of a; by how much, 0 if none was found."""
        tour, C = self.tour, self.C
        for _ in range(2):
            tour.backwards = not tour.backwards
            b = tour.after(a)
            gain = C[a, b]
            for c, d in self.exchanges(a, b, gain)[:BREADTH]:
                mark = len(tour.journal)
                if (found := self.followed(a, b, gain, c, d)) > 0:
                    return found
                tour.undo(mark)
        return 0.0

    def exchanges(self, a: int, b: int, gain: float) -> list[tuple[int, int]]:
        """The items c that b may be joined to and those before them, d, best first."""
        tour, C = self.tour, self.C
        found = []
        for c in self.near[b]:
            left = gain - C[b, c]
            if left <= self.least:
                break
            d = tour.before(c)
            if d != b and c != a:
                found.append((C[d, c] - C[b, c], c, d))
        found.sort(reverse=True)
        return [(c, d) for _, c, d in found]

    def followed(self, a: int, b: int, gain: float, c: int, d: int) -> float:
        """Go on from an exchange, always by the best one; the gain where the tour was shortest, which it is left at."""
        tour, C = self.tour, self.C
        best, shortest, added = self.least, len(tour.journal), set()
        touched = [a, b]
        for _ in range(DEPTH):
            tour.reverse(b, d)
            added.add((b, c))
            gain += C[d, c] - C[b, c]
            touched += (c, d)
            b = d
            if gain - C[a, b] > best:
                best, shortest, self.touched = gain - C[a, b], len(tour.journal), touched[:]
            following = [(c, d) for c, d in self.exchanges(a, b, gain) if (d, c) not in added and (c, d) not in added]
            if not following:
                break
            c, d = following[0]
        tour.undo(shortest)
        return best if best > self.least else 0.0

    def perturb(self, end: float) -> bool:
        """Exchange two short neighbouring stretches and descend; take all back if the tour is longer then."""
        tour, C = self.tour, self.C
        n = tour.n
        longest = max(1, min(STRETCH, (n - 2) // 2))
        first, second = self.random.integers(1, longest + 1, 2).tolist()
        start = int(self.random.integers(n))
        at = [tour.items[(start + k) % n] for k in (0, 1, first, first + 1, first + second, (first + second + 1))]
        tour.backwards = False
        tour.journal.clear()
        p, a, b, c, d, q = at
        change = C[p, c] + C[d, a] + C[b, q] - C[p, a] - C[b, c] - C[d, q]
        tour.reverse(a, d)
        tour.reverse(d, c) if c != d else None
        tour.reverse(b, a) if a != b else None
        gain = self.descend([p, a, b, c, d, q], end) - change
        if gain < -self.least:
            tour.undo(0)
        return bool(gain > self.least)
