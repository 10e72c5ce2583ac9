"""How many rows lie in a halfspace with a point on its boundary, and what simplices around the point prove of that.

A closed halfspace with y on its boundary, {x : u'(x - y) >= 0}, has a row of every set of rows S whose hull contains y,
as no u'(x_i - y) < 0 for all i of S. Of sets with weights w_S >= 0 it has, as the dual of a linear program says,

    sum of w_S   /   the greatest sum of w_S over the sets with one row i

rows at least: as many as there are sets, if these have no row in common. A tree of cases proves more: a row of S is in
the halfspace, the first one, or the second one while the first is not, and so on. Rows that are known to be outside may
be in many of the sets of a case.

Signs are exact: what floating point leaves open is decided in rational numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Floats

KIND, SWEEP, NONNEGATIVE = "simplices around the point", "all directions", "counts are not negative"
LEVELS = "directions that exclude a depth"  # all four are kinds of certificates
MOST_SWEPT = 2_000  # rows, of which all pairs are looked at
Simplex = tuple[int, ...]


@dataclass
class Case:
    """A node of a tree: its sets, each around the point; where it has cases below, one for each open row of the last.

    In the case below of the k-th open row of that set this row is in the halfspace and the open ones before it are not.

    weights  of the sets, whole numbers; of 1 each if there are none
    """

    around: list[Simplex]
    below: list[Case] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)


def flat(tree: Case) -> list[int]:
    """A tree as whole numbers: of each case how many sets, weights and cases below it has, and then these, in order.

    >>> flat(Case([(0, 3)], [Case([(1, 2)], weights=[5])]))
    [1, 0, 1, 2, 0, 3, 1, 1, 0, 2, 1, 2, 5]
    """
    found, waiting = list[int](), [tree]
    while waiting:
        case = waiting.pop()
        found += [len(case.around), len(case.weights), len(case.below)]
        found += [number for S in case.around for number in (len(S), *S)]
        found += case.weights
        waiting += reversed(case.below)
    return found


def tree_of(numbers: Sequence[int]) -> Case:
    """The tree that those numbers stand for; raises ValueError for too few or too many.

    >>> tree_of(flat(Case([(0, 3)], [Case([(1, 2)], weights=[5])]))).below[0].weights
    [5]
    """
    at = 0

    def take(count: int) -> Sequence[int]:
        nonlocal at
        at += count
        if count < 0 or at > len(numbers):
            raise ValueError("a tree of cases has fewer numbers than it says")
        return numbers[at - count : at]

    def case() -> Case:
        sets, weights, below = take(3)
        around = [tuple(take(*take(1))) for _ in range(sets)]
        own = list(take(weights))
        return Case(around, [case() for _ in range(below)], own)

    found = case()
    if at < len(numbers):
        raise ValueError("a tree of cases has more numbers than it says")
    return found


@dataclass(frozen=True, eq=False)
class RowsInHalfspace:
    """How many rows are in the closed halfspace of the direction u, float64 (p,), to be minimized over u other than 0.

    rows  float64 (n, p), point: float64 (p,)

    >>> square = RowsInHalfspace(np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]]), np.array([1.0, 1.0]))
    >>> square.value(np.array([1.0, 0.0])), square.value(np.array([1.0, 1.0])), square.bound(Case([(0, 3), (1, 2)]))
    (2, 3, 2)
    """

    rows: Floats
    point: Floats

    @cached_property
    def Z(self) -> Floats:
        """Rows less the point, scaled to length 1 each, or 0, (n, p)."""
        differences = self.rows - self.point
        largest = np.abs(differences).max(axis=1, keepdims=True)
        scaled = np.divide(differences, largest, out=np.zeros_like(differences), where=largest > 0)
        return np.asarray(scaled / np.maximum(np.sqrt((scaled**2).sum(axis=1, keepdims=True)), 0.5))

    def values(self, candidates: Any) -> Floats:
        """Of many directions."""
        return np.array([self.value(u) for u in candidates], dtype=np.float64)

    def value(self, u: Any) -> int:
        """How many rows the halfspace has."""
        direction = np.asarray(u, dtype=np.float64)
        along = self.Z @ direction
        rounding = 2 * (len(direction) + 8) * ROUNDOFF * (np.abs(self.Z) @ np.abs(direction))
        certain = np.abs(along) > rounding
        exactly = [Fraction(part) for part in direction.tolist()]
        open_rows = np.flatnonzero(~certain).tolist()
        return int((certain & (along > 0)).sum()) + sum(self._along(i, exactly) >= 0 for i in open_rows)

    def size(self, u: Any) -> float:
        """Of all rows."""
        return float(len(self.rows))

    def broken(self, u: Any) -> str | None:
        """What keeps u from being a direction, in words."""
        p = self.rows.shape[1]
        known = arrays((u,), (p,))
        return None if known is not None and known[0].any() else f"the shape, {p} finite numbers, not all of them 0"

    def bound(self, tree: Any) -> float:
        """How many rows every halfspace has by that tree of cases, at least; -inf if it proves nothing."""
        if not isinstance(tree, Case):
            return -math.inf
        listed: set[Simplex] = set()
        waiting = [tree]
        while waiting:
            case = waiting.pop()
            listed.update(tuple(S) for S in case.around)
            waiting += case.below
        try:
            around = dict(zip(listed, self.contain(list(listed)), strict=True))
        except (TypeError, ValueError, IndexError):
            return -math.inf
        return self._proven(tree, around)

    def by_sweep(self) -> float:
        """The least number of rows in two columns, or one, by all directions; -inf for more columns, or many rows.

        It is found next to a halfspace with a row on its boundary: of the rows there either those on its side of the
        point, or those on the other, are in it after the least turn.
        """
        n, p = self.rows.shape
        if p > 2 or n > MOST_SWEPT:
            return -math.inf
        Z = np.column_stack([self.Z, np.zeros((n, 2 - p))])[self.Z.any(axis=1)]
        if not len(Z):
            return float(n)
        cross, dots = Z @ np.array([[0.0, 1.0], [-1.0, 0.0]]) @ Z.T, Z @ Z.T
        numbers = [[*self._exact(int(i)), Fraction(0)][:2] for i in np.flatnonzero(self.Z.any(axis=1))]
        for i, j in np.argwhere(np.abs(cross) <= 64 * ROUNDOFF).tolist():
            (a, b), (c, d) = numbers[i], numbers[j]
            cross[i, j] = (a * d > b * c) - (a * d < b * c)
        left, right, along = (cross > 0).sum(axis=1), (cross < 0).sum(axis=1), cross == 0
        same, other = (along & (dots > 0)).sum(axis=1), (along & (dots < 0)).sum(axis=1)
        return float(n - len(Z) + (np.minimum(left, right) + np.minimum(same, other)).min())

    def _proven(self, tree: Case, around: dict[Simplex, bool]) -> float:
        """The least number of rows over all cases."""
        least, waiting = math.inf, [(tree, frozenset[int](), frozenset[int]())]
        while waiting:
            case, inside, outside = waiting.pop()
            sets = [tuple(S) for S in case.around]
            if not all(around[S] and inside.isdisjoint(S) for S in sets):
                return -math.inf
            if not case.below:
                least = min(
                    least, len(inside) + rows_by_weights([S - outside for S in map(frozenset, sets)], case.weights)
                )
                continue
            rows = [i for i in dict.fromkeys(sets[-1]) if i not in outside]
            if len(rows) != len(case.below):
                return -math.inf
            for k, child in enumerate(case.below):
                waiting.append((child, inside | {rows[k]}, outside | set(rows[:k])))
        return least

    def contain(self, sets: Sequence[Simplex]) -> list[bool]:
        """Whether it is proven of each set of rows that the point is in its hull. Raises for numbers of no row."""
        n = len(self.rows)
        if any(not S or not all(0 <= i < n for i in S) for S in sets):
            raise IndexError("a set has a row that there is not")
        varies = self.Z.any(axis=0)  # where the others are 0 they leave the question as it is
        whole = [k for k, S in enumerate(sets) if len(S) == varies.sum() + 1]
        found = np.zeros(len(sets), dtype=bool)
        if whole and varies.any():
            found[whole] = _within(self.Z[np.array([sets[k] for k in whole])][:, :, varies])
        return [bool(known) or self._exactly_within(S) for known, S in zip(found.tolist(), sets, strict=True)]

    def _exactly_within(self, S: Simplex) -> bool:
        """In rational numbers; sets that depend on each other prove nothing."""
        vectors = [self._exact(i) for i in S]
        p, k = len(self.point), len(S)
        M = [[vectors[j][i] for j in range(k)] for i in range(p)]
        pivots: list[int] = []
        for column in range(k):
            row = next((i for i in range(len(pivots), p) if M[i][column]), None)
            if row is None:
                continue
            at = len(pivots)
            M[at], M[row] = M[row], M[at]
            M[at] = [entry / M[at][column] for entry in M[at]]
            for i in range(p):
                if i != at and M[i][column]:
                    M[i] = [a - M[i][column] * b for a, b in zip(M[i], M[at], strict=True)]
            pivots.append(column)
        free = [column for column in range(k) if column not in pivots]
        return len(free) == 1 and all(M[i][free[0]] <= 0 for i in range(len(pivots)))

    def _exact(self, i: int) -> list[Fraction]:
        """Row i less the point."""
        pairs = zip(self.rows[i].tolist(), self.point.tolist(), strict=True)
        return [Fraction(a) - Fraction(b) for a, b in pairs]

    def _along(self, i: int, u: list[Fraction]) -> Fraction:
        return sum((a * b for a, b in zip(self._exact(i), u, strict=True)), Fraction(0))


def rows_by_weights(sets: Sequence[frozenset[int]], weights: Sequence[int] = ()) -> float:
    """How many rows have one of each set, at least, by weights of 1 or those; infinity if a set has none.

    Weights that are no whole numbers from 0, one a set, prove nothing.

    >>> rows_by_weights([frozenset({0, 1}), frozenset({1, 2}), frozenset({0, 2})], [1, 1, 1])
    2
    """
    if not all(sets):
        return math.inf
    weights = weights or [1] * len(sets)
    if not isinstance(weights, list) or len(weights) != len(sets):
        return 0
    if not all(isinstance(w, int) and w >= 0 for w in weights):
        return 0
    load: Counter[int] = Counter()
    for S, w in zip(sets, weights, strict=True):
        load.update(dict.fromkeys(S, w))
    return -(-sum(weights) // max(max(load.values(), default=0), 1))


@dataclass(frozen=True, eq=False)
class Deep:
    """A point with the tree of cases that proves how deep it is; None where all directions do."""

    point: Floats
    tree: Case | None


@dataclass(frozen=True, eq=False)
class RowsBeyond:
    """n less the depth that is proven of a point, to be minimized over points with proofs (Deep).

    A point of depth m has u'y <= the m-th largest u'x_i for all directions u. Multipliers w >= 0 of such directions
    exclude the depth m, wherever the point is in the box of the rows, where

        sum of w u'y  >  sum of w (m-th largest u'x_i)      for all y of the box

    >>> line = RowsBeyond(np.array([[0.0], [1.0], [5.0]]))
    >>> line.value(Deep(np.array([1.0]), None)), line.bound((np.array([[1.0], [-1.0]]), np.array([1.0, 1.0])))
    (1, 1)
    """

    rows: Floats

    def depth(self, found: Deep) -> int:
        """How deep the point is proven to be."""
        form = RowsInHalfspace(self.rows, found.point)
        proven = form.by_sweep() if found.tree is None else form.bound(found.tree)
        return max(int(proven), 0) if proven > -math.inf else 0

    def values(self, candidates: Any) -> Floats:
        """Of many."""
        return np.array([self.value(found) for found in candidates], dtype=np.float64)

    def value(self, found: Deep) -> int:
        """Rows less the depth."""
        return len(self.rows) - self.depth(found)

    def size(self, found: Deep) -> float:
        """Of all rows."""
        return float(len(self.rows))

    def broken(self, found: Any) -> str | None:
        """What keeps it from being a point, in words."""
        p = self.rows.shape[1]
        fits = isinstance(found, Deep) and np.shape(found.point) == (p,) and np.isfinite(found.point).all()
        return None if fits else f"the shape, {p} finite numbers"

    def bound(self, excluded: Any) -> float:
        """n less the greatest depth that the directions, (k, p), and their multipliers, (k,), do not exclude."""
        n, p = self.rows.shape
        try:
            U, w = (np.asarray(part, dtype=np.float64) for part in excluded)
        except (TypeError, ValueError):
            return 0
        fits = U.ndim == 2 and U.shape == (len(w), p) and len(w) and (w >= 0).all() and np.isfinite(U).all()
        if not fits or not np.isfinite(w).all() or not w.any():
            return 0
        center = np.median(self.rows, axis=0)
        Z = self.rows - center
        ranked = -np.sort(-(Z @ U.T), axis=0)  # (n, k), the largest first
        reach = np.abs(Z).max(axis=0)
        rounding = 4 * (n + p + len(w) + 8) * ROUNDOFF * float(w @ np.abs(U) @ reach)
        low, high = Z.min(axis=0), Z.max(axis=0)
        total = w @ U
        least = float(np.minimum(total * low, total * high).sum()) - rounding
        excludes = ranked @ w < least
        return n - int(excludes.argmax()) if excludes.any() else 0


def _within(simplices: Floats) -> Any:
    """Whether 0 is proven to be inside of each, (k,), of p + 1 vectors in p dimensions, (k, p + 1, p), known to 4 u.

    Weights w solve M w = e; those found are off by at most |R| |M w - e| / (1 - |I - R M|), R being near the inverse.
    """
    k, m, _ = simplices.shape
    M = np.concatenate([simplices.transpose(0, 2, 1), np.ones((k, 1, m))], axis=1)
    with np.errstate(all="ignore"):
        try:
            R = np.linalg.inv(M)
        except np.linalg.LinAlgError:
            if k == 1:
                return np.array([False])
            return np.concatenate([_within(half) for half in np.array_split(simplices, 2)])
        unit = 2 * (m + 8) * ROUNDOFF
        e = np.eye(m)[-1]
        w = R[:, :, -1]
        residual = np.abs(np.einsum("kij,kj->ki", M, w) - e) + unit * (
            np.einsum("kij,kj->ki", np.abs(M), np.abs(w)) + e
        )
        apart = (np.abs(np.eye(m) - R @ M) + unit * (np.abs(R) @ np.abs(M))).sum(axis=2).max(axis=1)
        off = (np.abs(R) @ residual[:, :, None])[:, :, 0].max(axis=1) * (1 + unit) / (1 - apart)
        return (apart < 0.5) & (w.min(axis=1) > off)
