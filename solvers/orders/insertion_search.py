"""Iterated local search over orders by insertion: an item is taken out and put back where the objective is best.

A descent evaluates each item at all places (`Ordering.moves`) and moves it to the best one, until no item moves. Then
the best order is perturbed: two neighbouring blocks change places, or one is reversed, also by insertions. The items
around descend again, and the result replaces the best order unless it is worse (Lourenco, Martin and Stuetzle, Iterated
local search, 2003; by insertion: Schiavinotto and Stuetzle, The linear ordering problem, 2004).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from formulations.problem import Ints, Ordering

PATIENCE = 500, 10  # perturbations in a row without improvement before the search ends: in any case, and for each item
MAX_BLOCK = 50  # items in the largest block that is moved or reversed
UPDATED_PLACES = 2  # places on either side of a move whose items are evaluated again
RELATIVE_IMPROVEMENT = 1e-10  # least gain that counts, relative to the starts' values, so that rounding makes no cycles
KEEPING_TIME = 0.1  # share of the time that keep may take
DESCENT_TIME = 0.5  # share of the time after which no further start is descended from


def insertion_search(
    ordering: Ordering,
    starts: Ints,
    *,
    maximize: bool,
    seconds: float | None,
    seed: int,
    keep: Callable[[Ints, float], None],
    patience: int | None = None,
) -> None:
    """Search orders of good value, calling keep(order, value) at improvements, until time or patience runs out.

    starts   int64 (k, n), k >= 1: orders to start from, order[q] the item at place q; tried best first, and reversed
             too if that changes their value, as many as half of the time allows
    seconds  wall time; None for no limit
    keep     gets int64 (n,) and the value, the best start first, the best order last, of those between as many as
             take it a tenth of the time; the value has the rounding of the moves added up
    patience perturbations in a row without improvement before it ends; None for PATIENCE

    The same seed gives the same orders if time does not run out. Raises ValueError if the starts are no such orders.

    >>> from formulations.orders.criteria import objective
    >>> points = np.array([3.0, 0.0, 5.0, 1.0])
    >>> path = objective("Lazy_path_length", abs(points[:, None] - points))
    >>> found = []
    >>> start = {"starts": np.array([[0, 1, 2, 3]]), "keep": lambda order, _: found.append(order)}
    >>> insertion_search(path, **start, maximize=False, seconds=None, seed=0)
    >>> points[found[-1]].tolist()
    [0.0, 1.0, 3.0, 5.0]
    """
    n = ordering.n
    if starts.ndim != 2 or not len(starts) or (np.sort(starts, axis=1) != np.arange(n)).any():
        raise ValueError(f"the starts have shape {starts.shape}; give at least one order of the items 0 ... {n - 1}")
    search = _Search(ordering, -1 if maximize else 1, np.random.default_rng(seed), time.monotonic(), seconds, keep)
    search.descend_from(starts)
    if n > 2:
        search.iterate(PATIENCE[0] + PATIENCE[1] * n if patience is None else patience)
    search.say()


@dataclass
class _Candidate:
    """An order that is moved, and its cost: its value, negated if that is maximized."""

    order: Ints
    cost: float

    def copy(self) -> _Candidate:
        return _Candidate(self.order.copy(), self.cost)

    def move(self, place: int, to: int, change: float) -> None:
        item, rest = self.order[place], np.delete(self.order, place)
        self.order = np.insert(rest, to, item)
        self.cost += change


@dataclass
class _Search:
    """The state: the incumbent, and the cost of the order that was kept last."""

    ordering: Ordering
    sign: int
    random: Generator
    begun: float
    seconds: float | None
    keep: Callable[[Ints, float], None]
    improvement: float = 0.0  # the least that counts
    incumbent: _Candidate = field(default_factory=lambda: _Candidate(np.empty(0, dtype=np.int64), math.inf))
    kept: float = math.inf
    unsaid: Ints | None = None  # the best order, while it was not kept
    quiet_until: float = -math.inf

    def descend_from(self, starts: Ints) -> None:
        """Descend from the starts, the best first, in both directions where that makes a difference."""
        cost = self.sign * self.ordering.values(starts)
        backwards = self.sign * self.ordering.values(starts[:1, ::-1])
        if not np.isclose(backwards, cost[:1], rtol=RELATIVE_IMPROVEMENT):
            starts = np.concatenate([starts, starts[:, ::-1]])
            cost = self.sign * self.ordering.values(starts)
        self.improvement = RELATIVE_IMPROVEMENT * float(np.abs(cost).max())
        for k in np.argsort(cost, kind="stable"):
            candidate = _Candidate(starts[k].copy(), float(cost[k]))
            self.offer(candidate)
            self.descend(candidate, np.ones(self.ordering.n, dtype=bool), self.offer)
            if self.time_spent() > DESCENT_TIME:
                return

    def iterate(self, patience: int) -> None:
        """Perturb the incumbent and descend, until so many times in a row nothing better was found."""
        stagnant = 0
        while stagnant < patience and self.time_spent() < 1:
            candidate = self.incumbent.copy()
            self.descend(candidate, self.perturb(candidate), None)
            stagnant = 0 if self.offer(candidate) else stagnant + 1

    def offer(self, candidate: _Candidate) -> bool:
        """Make it the incumbent unless it is worse, and keep it if it is better; returns whether it is."""
        if candidate.cost <= self.incumbent.cost:  # an equal one too: the search drifts along plateaus
            self.incumbent = candidate.copy()
        if better := candidate.cost < self.kept - self.improvement:
            self.kept, self.unsaid = candidate.cost, candidate.order.copy()
            if time.monotonic() >= self.quiet_until:
                self.say()
        return better

    def say(self) -> None:
        """Call keep with the best order, if it does not know it: not too often, as it may evaluate the whole order."""
        if self.unsaid is not None:
            order, self.unsaid, begun = self.unsaid, None, time.monotonic()
            self.keep(order, self.sign * self.kept)
            now = time.monotonic()
            self.quiet_until = now + (now - begun) / KEEPING_TIME

    def time_spent(self) -> float:
        """As a share of the limit."""
        return (time.monotonic() - self.begun) / self.seconds if self.seconds else float(self.seconds == 0)

    def changes(self, candidate: _Candidate, place: int) -> NDArray[np.float64]:
        """How the cost changes by moving the item at that place to each place, float64 (n,)."""
        return self.sign * self.ordering.moves(candidate.order, place)

    def descend(
        self, candidate: _Candidate, waiting: NDArray[np.bool_], offer: Callable[[_Candidate], bool] | None
    ) -> None:
        """Move the waiting items, bool (n,), to their best places; around every move items wait again."""
        n = len(candidate.order)
        while waiting.any():
            for item in self.random.permutation(np.flatnonzero(waiting)).tolist():
                if self.time_spent() >= 1:
                    if offer is not None:
                        offer(candidate)
                    return
                waiting[item] = False
                place = int(np.flatnonzero(candidate.order == item)[0])
                change = self.changes(candidate, place)
                to = int(change.argmin())
                if change[to] < -self.improvement:
                    candidate.move(place, to, float(change[to]))
                    waiting[candidate.order[_around(n, place, to)]] = True
            if offer is not None:
                offer(candidate)

    def perturb(self, candidate: _Candidate) -> NDArray[np.bool_]:
        """Exchange two neighbouring blocks of random lengths, or reverse one; returns the items around, bool (n,)."""
        n = len(candidate.order)
        longest = min(MAX_BLOCK, n // 2)
        a, b = np.floor(np.exp(self.random.random(2) * np.log(longest + 1))).astype(int).tolist()
        reverse = self.random.random() < 0.5
        a, b = (min(a + 1, n), 0) if reverse else (a, b)
        first = int(self.random.integers(n - a - b + 1))
        last = first + a + b - 1
        if reverse:
            moves = [(first, to) for to in range(last, first, -1)]
        else:
            moves = [(first, last)] * a if a <= b else [(last, first)] * b
        for place, to in moves:
            candidate.move(place, to, float(self.changes(candidate, place)[to]))
        waiting = np.zeros(n, dtype=bool)
        waiting[candidate.order[_around(n, first, first + a, last)]] = True
        return waiting


def _around(n: int, *places: int) -> Ints:
    """The places near those, UPDATED_PLACES to either side."""
    return np.unique(np.clip(np.add.outer(places, np.arange(-UPDATED_PLACES, UPDATED_PLACES + 1)), 0, n - 1))
