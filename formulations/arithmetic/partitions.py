"""Partitions of rows into groups, and the squares of distances to the groups' means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from formulations.problem import Floats, Ints


@dataclass(frozen=True, eq=False)
class SumOfSquares:
    """The squares of distances of rows to the means of their groups, as an objective on labels, int64 (n,).

    rows  float64 (n, d), of mean 0
    k     groups, none of them empty
    item  (n,): rows of the same item are together; items are numbered 0, ..., m - 1
    apart (p, 2): pairs of rows that are in different groups
    low, high  rows that a group has at least, and at most

    >>> form = SumOfSquares(np.array([[-3.0], [1.0], [2.0]]), 2, np.arange(3))
    >>> form.value(np.array([0, 1, 1])), form.broken(np.array([0, 0, 0]))
    (0.5, 'a group is empty')
    """

    rows: Floats
    k: int
    item: Ints
    apart: Ints = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    low: int = 1
    high: float = np.inf

    @cached_property
    def weights(self) -> Floats:
        """How many rows each item has, (m,)."""
        return np.bincount(self.item).astype(np.float64)

    @cached_property
    def means(self) -> Floats:
        """Of each item's rows, (m, d)."""
        return _sums(self.rows, self.item, len(self.weights)) / self.weights[:, None]

    @cached_property
    def within(self) -> float:
        """The squares of distances of rows to the means of their items: what no partition avoids."""
        return float(((self.rows - self.means[self.item]) ** 2).sum())

    @property
    def limited(self) -> bool:
        """Whether groups have limits of size that are not met by all."""
        return self.low > 1 or self.high < len(self.rows)

    @cached_property
    def conflicts(self) -> Ints:
        """The pairs of items that are apart, (p, 2), each once, the smaller number first."""
        return np.unique(np.sort(self.item[self.apart], axis=1), axis=0)

    def values(self, candidates: Any) -> Floats:
        """The values of many labellings."""
        return np.array([self.value(labels) for labels in candidates])

    def value(self, candidate: Any) -> float:
        """The value of one: each group's about its own mean, so that nothing cancels."""
        labels = np.asarray(candidate)
        counts = np.bincount(labels, minlength=self.k)
        means = _sums(self.rows, labels, len(counts)) / np.maximum(counts, 1)[:, None]
        return float(((self.rows - means[labels]) ** 2).sum())

    def size(self, candidate: Any) -> float:
        """The value itself, a sum of squares."""
        return self.value(candidate)

    def broken(self, candidate: Any) -> str | None:
        """What keeps labels from being such a partition."""
        labels = np.asarray(candidate)
        if labels.shape != (len(self.rows),) or labels.dtype.kind not in "iu" or not len(labels):
            return "a group for each row"
        if labels.min() < 0 or labels.max() >= self.k:
            return f"groups from 0 to {self.k - 1}"
        counts = np.bincount(labels, minlength=self.k)
        if not counts.all():
            return "a group is empty"
        if counts.min() < self.low or counts.max() > self.high:
            return "a group has too few rows, or too many"
        first = np.zeros(len(self.weights), dtype=labels.dtype)
        first[self.item] = labels
        if (first[self.item] != labels).any():
            return "rows that belong together are in different groups"
        if (labels[self.apart[:, 0]] == labels[self.apart[:, 1]]).any():
            return "rows that are to be apart are in one group"
        return None

    def merged(self, a: int, b: int) -> SumOfSquares:
        """The same with items a and b together, as item min(a, b); the items after the other move up."""
        first, last = min(a, b), max(a, b)
        number = np.arange(len(self.weights)) - (np.arange(len(self.weights)) > last)
        number[last] = first
        return replace(self, item=number[self.item])

    def split(self, a: int, b: int) -> SumOfSquares:
        """The same with items a and b apart."""
        pair = [int(np.flatnonzero(self.item == part)[0]) for part in (a, b)]
        return replace(self, apart=np.vstack([self.apart, [pair]]))

    def block(self, rows: Ints) -> SumOfSquares:
        """The same for some rows alone, in no more groups than that, without any demands on these."""
        some = self.rows[rows]
        return SumOfSquares(some - some.mean(axis=0), min(self.k, len(rows)), np.arange(len(rows)))

    @cached_property
    def total(self) -> float:
        """The squares of all rows."""
        return float((self.rows**2).sum())

    @property
    def contradicts(self) -> bool:
        """Whether there is plainly no such partition: too few items, one too large, or too many that are all apart."""
        m = len(self.weights)
        if m < self.k or self.weights.max() > self.high or self.weights.sum() < self.k * self.low:
            return True
        if m == self.k and self.weights.min() < self.low:
            return True
        if not len(self.conflicts):
            return False
        between = np.zeros((m, m), dtype=bool)
        between[tuple(self.conflicts.T)] = between[tuple(self.conflicts.T[::-1])] = True
        if between.diagonal().any():
            return True
        clique = between.sum(axis=1) >= self.k  # only these can be among k + 1 that are all apart
        found = 0
        while clique.any():  # by and by, each with as many others as there are
            item = int(np.where(clique, (between & clique).sum(axis=1), -1).argmax())
            clique &= between[item]
            found += 1
        return found > self.k


def _sums(rows: Floats, label: Ints, n: int) -> Floats:
    """The sums of the rows of each label, (n, d)."""
    return np.column_stack([np.bincount(label, column, n) for column in rows.T])
