"""Iterated local search over orders: items are taken out and put back in where the objective is best.

A descent asks of each item what every place would give it (`Ordering.moves`) and moves it to the best one, until no
item moves. Then in the best order two neighbouring blocks change places, or one is turned around, by such moves too;
what that disturbed descends again, and the result is the new best order unless it is worse (Lourenco, Martin and
Stuetzle, Iterated local search, 2003; by insertion: Schiavinotto and Stuetzle, The linear ordering problem, 2004).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from formulations.problem import Ints, Ordering

PATIENCE = 500, 10  # rounds without improvement before the search ends by itself: in any case, and for each item
BLOCK = 50  # items in the largest block that is moved or turned around
UPDATED_PLACES = 2  # places on either side of a move whose items are asked again
LEAST = 1e-10  # relative gain that counts, so that rounding cannot make it go in circles


def insertion_search(
    ordering: Ordering,
    starts: Ints,
    *,
    maximize: bool,
    seconds: float | None,
    seed: int,
    keep: Callable[[Ints, float], None],
) -> None:
    """Hand ever better orders to keep, until time is up or it has long found none.

    starts   int64 (k, n), k >= 1: orders to start from, order[q] the item at place q; tried best first, in both
             directions where that makes a difference, as many as half of the time allows
    seconds  wall time; None for no limit
    keep     (order, int64 (n,); its value) at each improvement, the best start first; the value is right but for
             rounding in what moves add up to

    The same seed gives the same orders if time does not run out. Raises ValueError if the starts are no such orders.
    """
    n = ordering.n
    if starts.ndim != 2 or not len(starts) or (np.sort(starts, axis=1) != np.arange(n)).any():
        raise ValueError(f"the starts have shape {starts.shape}; give at least one order of the items 0 ... {n - 1}")
    search = _Search(ordering, -1 if maximize else 1, np.random.default_rng(seed), time.monotonic(), seconds)
    cost = search.sign * ordering.values(starts)
    if not np.isclose(search.sign * ordering.values(starts[:1, ::-1]), cost[:1], rtol=LEAST):  # the direction matters
        starts = np.concatenate([starts, starts[:, ::-1]])
        cost = search.sign * ordering.values(starts)
    search.least = LEAST * float(np.abs(cost).max())

    best, kept = _Walk(np.empty(0, dtype=np.int64), math.inf), math.inf

    def offer(walk: _Walk) -> bool:
        """Whether the walk has come to an order better than what was kept."""
        nonlocal best, kept
        if walk.cost <= best.cost:  # an equal one too: the search drifts along plateaus
            best = walk.copy()
        if better := walk.cost < kept - search.least:
            kept = walk.cost
            keep(walk.order.copy(), search.sign * kept)
        return better

    for k in np.argsort(cost, kind="stable"):
        walk = _Walk(starts[k].copy(), float(cost[k]))
        offer(walk)
        search.descend(walk, np.ones(n, dtype=bool), offer)
        if search.spent() > 0.5:
            break
    idle = 0
    while n > 2 and idle < PATIENCE[0] + PATIENCE[1] * n and search.spent() < 1:
        walk = best.copy()
        search.descend(walk, search.disturb(walk), None)
        idle = 0 if offer(walk) else idle + 1


@dataclass
class _Walk:
    order: Ints
    cost: float  # the value, or minus the value where it is maximized

    def copy(self) -> _Walk:
        return _Walk(self.order.copy(), self.cost)

    def move(self, place: int, to: int, change: float) -> None:
        item, rest = self.order[place], np.delete(self.order, place)
        self.order = np.insert(rest, to, item)
        self.cost += change


@dataclass
class _Search:
    ordering: Ordering
    sign: int
    random: Generator
    begun: float
    seconds: float | None
    least: float = 0.0

    def spent(self) -> float:
        """The part of the time that is gone."""
        return (time.monotonic() - self.begun) / self.seconds if self.seconds else float(self.seconds == 0)

    def changes(self, walk: _Walk, place: int) -> NDArray[np.float64]:
        return self.sign * self.ordering.moves(walk.order, place)

    def descend(self, walk: _Walk, waiting: NDArray[np.bool_], look: Callable[[_Walk], bool] | None) -> None:
        """Move waiting items to their best places; whoever moves lets those around it wait again."""
        n = len(walk.order)
        while waiting.any():
            for item in self.random.permutation(np.flatnonzero(waiting)).tolist():
                if self.spent() >= 1:
                    return
                waiting[item] = False
                place = int(np.flatnonzero(walk.order == item)[0])
                change = self.changes(walk, place)
                to = int(change.argmin())
                if change[to] < -self.least:
                    walk.move(place, to, float(change[to]))
                    waiting[walk.order[_around(n, place, to)]] = True
            if look is not None:
                look(walk)

    def disturb(self, walk: _Walk) -> NDArray[np.bool_]:
        """Change two blocks of random lengths for each other, or turn one around; returns the items around there."""
        n = len(walk.order)
        most = min(BLOCK, n // 2)
        a, b = np.floor(np.exp(self.random.random(2) * np.log(most + 1))).astype(int).tolist()
        turn = self.random.random() < 0.5
        a, b = (min(a + 1, n), 0) if turn else (a, b)
        first = int(self.random.integers(n - a - b + 1))
        last = first + a + b - 1
        if turn:
            steps = [(first, to) for to in range(last, first, -1)]
        else:
            steps = [(first, last)] * a if a <= b else [(last, first)] * b
        for place, to in steps:
            walk.move(place, to, float(self.changes(walk, place)[to]))
        waiting = np.zeros(n, dtype=bool)
        waiting[walk.order[_around(n, first, first + a, last)]] = True
        return waiting


def _around(n: int, *places: int) -> Ints:
    return np.unique(np.clip(np.add.outer(places, np.arange(-UPDATED_PLACES, UPDATED_PLACES + 1)), 0, n - 1))
