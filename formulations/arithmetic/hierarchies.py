"""Two objectives of a hierarchy: the sum of an ultrametric below given distances, and Dasgupta's cost.

The sum of an ultrametric u <= d, over pairs. Two items are joined by many paths, and u(i, j) is at most the longest
step of any, so that a spanning tree of the items, whichever, bounds every u by the longest steps of its paths. Their
sum is had by joining the tree's edges from the shortest on: each is the longest step for all pairs that it joins.

Dasgupta's cost, for similarities w: each pair costs w times the size of the least cluster that has both items.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from formulations.arithmetic.merges import Layout, across, find, inversions, layout, misshapen
from formulations.problem import Floats, Number


@dataclass(frozen=True, eq=False)
class UltrametricSum:
    """The sum over pairs of the heights at which they meet; d float64 (n, n), symmetric. All of it is exact."""

    d: Floats

    def values(self, hierarchies: Sequence[Floats]) -> Floats:
        """Of several hierarchies."""
        return np.array([float(self.value(merges)) for merges in hierarchies])

    def value(self, merges: Floats) -> Number:
        """Of one of them, as a fraction."""
        return _total(np.asarray(merges)[:, 2].tolist(), layout(merges).pairs.tolist())

    def size(self, merges: Floats) -> float:
        """The value itself."""
        return float(self.value(merges))

    def broken(self, merges: Any) -> str | None:
        """What keeps it from being an ultrametric below d, in words."""
        wrong = misshapen(merges, len(self.d))
        if wrong is not None:
            return wrong
        if len(inversions(merges)):
            return "the rule of ultrametrics that no merge is lower than one within its clusters"
        return None if self._below(np.asarray(merges)[:, 2], layout(merges)) else "u <= d"

    def _below(self, heights: Floats, at: Layout) -> bool:
        """Whether u <= d. Leaves that are far apart meet as high as the highest merge between two neighbours."""
        between = np.zeros(len(heights))
        between[at.middle - 1] = heights
        return not (heights < 0).any() and all(
            (np.maximum.accumulate(between[i:]) <= self.d[at.leaves[i]].take(at.leaves[i + 1 :])).all()
            for i in range(len(heights))
        )

    def bound(self, parents: Any) -> Number:
        """What a spanning tree proves that no sum is above, parent of each item, -1 of one; inf if it is none."""
        n, parent = len(self.d), np.asarray(parents)
        if parent.shape != (n,) or parent.dtype.kind not in "iu" or (parent < -1).any() or (parent >= n).any():
            return math.inf
        items = np.flatnonzero(parent >= 0)
        if len(items) != n - 1:
            return math.inf
        steps = self.d[items, parent[items]]
        order = np.argsort(steps, kind="stable")
        root, size, pairs = list(range(n)), [1] * n, []
        for u, v in zip(items[order].tolist(), parent[items][order].tolist(), strict=True):
            a, b = find(root, u), find(root, v)
            if a == b:  # a circle: the others do not join all
                return math.inf
            pairs.append(size[a] * size[b])
            if size[a] < size[b]:
                a, b = b, a
            root[b] = a
            size[a] += size[b]
        return _total(steps[order].tolist(), pairs)


@dataclass(frozen=True, eq=False)
class DasguptaCost:
    """The sum over pairs of w_ij times the size of the least cluster with both; w float64 (n, n), symmetric, >= 0.

    made_by  what a hierarchy breaks of the rule by which it is to be made, in words; None if it keeps it
    """

    w: Floats
    made_by: Callable[[Floats], str | None] | None = None

    def values(self, hierarchies: Sequence[Floats]) -> Floats:
        """Of several hierarchies."""
        return np.array([self.value(merges) for merges in hierarchies])

    def value(self, merges: Floats) -> float:
        """Of one of them."""
        at = layout(merges)
        return math.fsum((at.sizes * across(self.w, at, np.sum)).tolist())

    def size(self, merges: Floats) -> float:
        """The value itself."""
        return self.value(merges)

    def broken(self, merges: Any) -> str | None:
        """What keeps it from being a hierarchy, made as it is to be, in words."""
        wrong = misshapen(merges, len(self.w))
        return self.made_by(merges) if wrong is None and self.made_by is not None else wrong


def _total(terms: list[float], times: list[int]) -> Fraction:
    """The sum of the products, exactly: numerators are over powers of 2."""
    ratios = [term.as_integer_ratio() for term in terms]
    common = max((q for _, q in ratios), default=1)
    return Fraction(sum(p * (common // q) * many for (p, q), many in zip(ratios, times, strict=True)), common)
