"""Prices of items for a partition, by column generation.

    minimize    sum over sets C of items of cost(C) z_C
    subject to  sum over C with item i of z_C >= 1  for all i,   sum of z <= k,   z >= 0

A column is a set of items, its cost the squares about its mean. The linear program of the columns found so far is
solved by an interior-point method, whose prices (multipliers of items) are in the middle of the best ones: prices at a
vertex need many times as many columns (Rousseau, Gendreau and Feillet, Interior point stabilization for column
generation, 2007). Sets that would lower the value are found from many centers, each moved to the mean of the items that
are worth more than their distance until it stays; where there are none, by the best center of all. Nothing here is
proven: formulations.arithmetic.prices says what prices prove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.prices import BestCenter, Prices
from formulations.problem import Bools, Floats, Ints
from solvers.linear.highs import Highs
from solvers.linear.linear_program import Arrays
from solvers.partitions.lloyd import squares

STARTS = 40  # items drawn a round, from which centers are moved
JOINED = 60  # columns that join at a time, at most
STEPS = 100  # of a center
ACCURACY = 1e-9  # relative to the value: a column that lowers it by less does not join
INTERIOR = {"solver": "ipm", "run_crossover": "off"}
TRIAL, CLEAR = 5e6, 1.2  # work on boxes, and up to where the bound after that is above the best center found
PROVING = 0.3  # of the seconds that are left
LONGEST = 60.0  # seconds for one of the linear programs


@dataclass(frozen=True, eq=False)
class Priced:
    """Prices, what they prove, Y_ab = sum of z_C / |C| over columns with a and b, whether the best center is known."""

    leaf: Prices
    bound: float
    Y: Floats
    closed: bool


def few_boxes(form: SumOfSquares, label: Ints) -> bool:
    """Whether the best center can be told in few steps, as in few dimensions: tried with prices near the best."""
    search = BestCenter(form, _Program(form, label).nearest(), TRIAL)
    return search.most <= CLEAR * search.least


def priced(
    form: SumOfSquares, label: Ints, start: Prices | None, enough: float, left: Callable[[], float]
) -> Iterator[Priced]:
    """Prices that prove more and more, until that is enough, no column lowers the value, or no seconds are left.

    label (m,): a group for each item; start: prices to begin with.
    """
    until = PROVING * left() if np.isfinite(left()) else 0.0
    program, random = _Program(form, label), np.random.default_rng(0)
    a = program.nearest() if start is None else start.a
    promised, best = -np.inf, 0.0
    while True:
        solved = program.solved()
        if solved is None:
            return
        own, center, z = solved
        drawn = form.means[random.permutation(len(form.means))[:STARTS]]
        for tried in ((a + own) / 2, own):
            found = gathered(form, tried, np.concatenate([drawn, program.centers]))
            reached = form.within + form.weights @ tried - form.k * found.worth(form, tried).max()
            if reached > promised:
                a, promised = tried, reached
            joined = program.join(found, own, center)
            if joined:
                break
        late = left() <= until
        if joined and promised < enough and not late:
            continue
        search = BestCenter(form, a if joined else own, late=lambda: left() <= 0)
        if not search.centers:
            return
        if search.bound > best:
            best = search.bound
            yield Priced(Prices(search.a), best, program.relation(z), search.closed)
        joined += program.join(gathered(form, search.a, np.array(search.centers)), own, center)
        if best >= enough or not joined or late:
            return
        promised = best


@dataclass(frozen=True, eq=False)
class Sets:
    """Sets of items, bool (q, m), their means and their costs."""

    items: Bools
    means: Floats
    costs: Floats

    @classmethod
    def of(cls, form: SumOfSquares, items: Bools) -> Sets:
        """These sets, none of them empty."""
        share = items * form.weights
        means = share @ form.means / share.sum(axis=1)[:, None]
        return cls(items, means, (share * squares(means, form.means)).sum(axis=1))

    def worth(self, form: SumOfSquares, a: Floats) -> Floats:
        """What they are worth at these prices beyond their costs."""
        return np.asarray(self.items @ (form.weights * a) - self.costs)


def gathered(form: SumOfSquares, a: Floats, centers: Floats) -> Sets:
    """The sets of items that are worth more to a center than their distance, for centers that stay, near these."""
    for _ in range(STEPS):
        g = a - squares(centers, form.means)
        items = g > 0
        for i, j in form.conflicts.tolist():
            both = items[:, i] & items[:, j]
            items[both, np.where(g[both, i] < g[both, j], i, j)] = False
        items = items[items.any(axis=1)]
        items = items[np.unique(np.packbits(items, axis=1), axis=0, return_index=True)[1]]
        found = Sets.of(form, items)
        if np.array_equal(found.means, centers):
            break
        centers = found.means
    return found


class _Program:
    """The linear program of some sets, sums of squares in units of the mean square of its first ones."""

    def __init__(self, form: SumOfSquares, label: Ints) -> None:
        """With the groups of these labels, and all items as one set."""
        self.form = form
        groups = label == np.arange(form.k)[:, None]
        self.sets = Sets.of(form, np.vstack([groups, np.ones((1, len(label)), dtype=bool)]))
        self.known = {row.tobytes() for row in self.sets.items}
        self.value = max(float(self.sets.costs[:-1].sum()), ACCURACY * float(self.sets.costs[-1]))
        self.centers = self.sets.means[:-1]

    def nearest(self) -> Floats:
        """Prices as if each item paid for its distance from the nearest center, and all as much beyond that."""
        paid: Floats = squares(self.form.means, self.centers).min(axis=1) + self.value / self.form.weights.sum()
        return paid

    def solved(self) -> tuple[Floats, float, Floats] | None:
        """The best prices of items (m,) and of a center, and z of the columns found so far; None if HiGHS fails."""
        w = self.form.weights
        unit, count = self.value / w.sum(), len(self.sets.costs)
        lp = Arrays(
            self.sets.costs / unit,
            csr_array(np.vstack([(self.sets.items * w).T, np.ones((1, count))])),
            np.append(w, -np.inf),
            np.append(np.full(len(w), np.inf), self.form.k),
            np.zeros(count),
            np.full(count, np.inf),
        )
        found = Highs(lp, options=INTERIOR).solve(LONGEST)
        if found.x is None or found.y is None:
            return None
        return found.y[:-1] * unit, -float(found.y[-1]) * unit, found.x

    def join(self, sets: Sets, a: Floats, center: float) -> int:
        """Take in the sets that are worth most beyond the price of a center; how many there are."""
        beyond = sets.worth(self.form, a) - center
        order = np.argsort(-beyond, kind="stable")[:JOINED]
        new = [t for t in order.tolist() if beyond[t] > ACCURACY * self.value and self._first(sets.items[t])]
        own = self.sets
        self.sets = Sets(
            np.concatenate([own.items, sets.items[new]]),
            np.concatenate([own.means, sets.means[new]]),
            np.concatenate([own.costs, sets.costs[new]]),
        )
        return len(new)

    def relation(self, z: Floats) -> Floats:
        """Y."""
        items = self.sets.items[: len(z)] * 1.0
        return np.asarray((items.T * (z / (items @ self.form.weights))) @ items)

    def _first(self, items: Bools) -> bool:
        key = items.tobytes()
        new = key not in self.known
        self.known.add(key)
        return new
