"""Linear inequalities that hold for all partitions, and what is made of them with multipliers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from formulations.arithmetic.partitions import SumOfSquares
from formulations.problem import Floats, Ints


@dataclass(frozen=True, eq=False)
class Inequalities:
    """What holds for Y of every partition, Y_ab = 1 / (rows of the group) where items a and b share it, else 0.

        Y_ab >= 0, or = 0 for conflicts       m (m - 1) / 2
        Y_aa >= Y_ab                          m^2, of which those with a = b say nothing
        Y_aa + Y_bc >= Y_ab + Y_ac            for each row (a, b, c) of triangles
        1 / high <= Y_aa <= 1 / low           2 m, where sizes are limited

    Each is <T, Y> >= r for a symmetric T; multipliers >= 0, in this order, are one vector (without sign for conflicts).
    """

    m: int
    conflicts: Ints
    low: int
    high: float
    limited: bool
    triangles: Ints = field(default_factory=lambda: np.zeros((0, 3), dtype=np.int64))

    @classmethod
    def of(cls, form: SumOfSquares, triangles: Ints | None = None) -> Inequalities:
        """Those of a problem, with these triangles."""
        chosen = np.zeros((0, 3), dtype=np.int64) if triangles is None else triangles
        return cls(len(form.weights), form.conflicts, form.low, form.high, form.limited, chosen)

    @cached_property
    def above(self) -> tuple[Ints, Ints]:
        """The pairs a < b."""
        first, second = np.triu_indices(self.m, 1)
        return first, second

    @property
    def cuts(self) -> slice:
        """Where the multipliers of triangles are."""
        start = len(self.above[0]) + self.m**2
        return slice(start, start + len(self.triangles))

    @property
    def count(self) -> int:
        """How many multipliers there are."""
        return int(self.cuts.stop) + (2 * self.m if self.limited else 0)

    @cached_property
    def signless(self) -> Ints:
        """The places of the multipliers of conflicts."""
        a, b = self.conflicts.T
        return np.asarray(a * self.m - a * (a + 1) // 2 + b - a - 1)

    @cached_property
    def right(self) -> Floats:
        """The right-hand sides r."""
        r = np.zeros(self.count)
        if self.limited:
            r[self.cuts.stop :] = np.repeat([1 / self.high, -1 / self.low], self.m)
        return r

    def at(self, Y: Floats) -> Floats:
        """<T, Y> - r of each: below 0 where it is violated."""
        a, b, c = self.triangles.T
        own = Y.diagonal()
        parts = [
            Y[self.above],
            (own[:, None] - Y).ravel(),
            own[a] + Y[b, c] - Y[a, b] - Y[a, c],
            *([own, -own] if self.limited else []),
        ]
        return np.concatenate(parts) - self.right

    def matrix(self, y: Floats) -> Floats:
        """The sum of y T over all, symmetric (m, m)."""
        m, cut = self.m, self.cuts
        half = np.zeros((m, m))
        half[self.above] = y[: len(self.above[0])] / 2
        pairs = y[len(self.above[0]) : cut.start].reshape(m, m)
        half -= pairs / 2
        a, b, c = self.triangles.T
        t = y[cut] / 2
        places = np.concatenate([b * m + c, a * m + b, a * m + c])
        half += np.bincount(places, np.concatenate([t, -t, -t]), m * m).reshape(m, m)
        own = pairs.sum(axis=1) + np.bincount(a, 2 * t, m)
        if self.limited:
            own = own + y[cut.stop : cut.stop + m] - y[cut.stop + m :]
        return half + half.T + np.diag(own)

    def allowed(self, y: Floats) -> Floats:
        """The nearest multipliers that are allowed."""
        least = np.maximum(y, 0.0)
        least[self.signless] = y[self.signless]
        return least

    def with_triangles(self, y: Floats, more: Ints) -> tuple[Inequalities, Floats]:
        """The same without triangles whose multiplier is 0, and with more of them, whose multipliers are 0."""
        kept = y[self.cuts] > 0
        wanted = np.vstack([self.triangles[kept], more])
        weights = np.concatenate([y[self.cuts][kept], np.zeros(len(more))])
        found = Inequalities(self.m, self.conflicts, self.low, self.high, self.limited, wanted)
        return found, np.concatenate([y[: self.cuts.start], weights, y[self.cuts.stop :]])

    def carried(self, y: Floats, form: SumOfSquares, item: Ints) -> tuple[Inequalities, Floats]:
        """The same inequalities for a problem whose items are these joined: item (m,) -> their number there."""
        found = len(form.weights)
        below = np.zeros((found, found))
        first, second = (item[side] for side in self.above)
        np.add.at(below, (np.minimum(first, second), np.maximum(first, second)), y[: len(first)])
        pairs = np.zeros((found, found))
        np.add.at(pairs, (np.repeat(item, self.m), np.tile(item, self.m)), y[len(first) : self.cuts.start])
        a, b, c = item[self.triangles].T
        t = y[self.cuts]
        flat = (b == c) & (a != b)  # Y_aa + Y_bb - 2 Y_ab is the sum of two pairs
        np.add.at(pairs, (a[flat], b[flat]), t[flat])
        np.add.at(pairs, (b[flat], a[flat]), t[flat])
        whole = (a != b) & (a != c) & (b != c)
        listed = np.column_stack([a, np.minimum(b, c), np.maximum(b, c)])[whole]
        triangles, place = np.unique(listed, axis=0, return_inverse=True)
        weights = np.bincount(place.ravel(), t[whole], len(triangles))
        np.fill_diagonal(pairs, 0.0)
        new = Inequalities.of(form, triangles)
        limits = [np.bincount(item, part, found) for part in y[self.cuts.stop :].reshape(-1, self.m)]
        return new, np.concatenate([below[new.above], pairs.ravel(), weights, *limits])

    def violated(self, Y: Floats, most: int, least: float) -> Ints:
        """The most violated triangles that are not listed, at most so many and by more than `least`, (t, 3)."""
        known = {tuple(row) for row in self.triangles.tolist()}
        amounts, found = [], []
        for a in range(self.m):
            excess = Y[a][:, None] + Y[a] - Y - Y[a, a]
            excess[a], excess[:, a] = 0.0, 0.0
            b, c = np.nonzero(np.triu(excess, 1) > least)
            amounts.append(excess[b, c])
            found.append(np.column_stack([np.full(len(b), a), b, c]))
        rows = np.concatenate(found)[np.argsort(-np.concatenate(amounts), kind="stable")[: 2 * most]]
        new = [row for row in rows.tolist() if tuple(row) not in known][:most]
        return np.array(new, dtype=np.int64).reshape(-1, 3)
