"""Objectives on the orders of n items."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np

from formulations.problem.arrays import Floats, Ints, Number
from formulations.problem.search import WeakDual

LISTED_ITEMS = 10  # items up to which all orders are listed: 1.8 million, half a second
TABLE_ITEMS = 20  # items up to which there may be a table of all subsets with their last items: 160 MB
TILE, TERMS = 256, 1 << 16  # rows of a tile, and terms of a sum, that are looked at together: they stay in the cache
SAMPLED, SAMPLED_ITEMS = 32, 1600  # random orders that the size of an objective is told from, and their items in all


def sampled(n: int) -> int:
    """How many random orders the size of an objective on n items is told from."""
    return min(SAMPLED, 1 + SAMPLED_ITEMS // max(n, 1))


def place_distances(n: int) -> Floats:
    """|i - j|, the distances of n places, float64 (n, n)."""
    return by_distance(np.arange(n, dtype=np.float64))


def by_distance(kernel: Floats) -> Floats:
    """The matrix of kernel[|i - j|], float64 (n, n), written once.

    >>> by_distance(np.array([0.0, 1.0, 4.0])).tolist()
    [[0.0, 1.0, 4.0], [1.0, 0.0, 1.0], [4.0, 1.0, 0.0]]
    """
    n = len(kernel)
    both = np.concatenate([kernel[:0:-1], kernel])
    rows: Floats = np.lib.stride_tricks.sliding_window_view(both, n)[::-1].copy() if n else np.zeros((0, 0))
    return rows


def is_symmetric(M: Floats) -> bool:
    """Whether a square matrix is its own transpose, told a tile at a time: a whole transpose is read slowly.

    >>> is_symmetric(np.eye(3)), is_symmetric(np.triu(np.ones((3, 3))))
    (True, False)
    """
    parts = [slice(at, at + TILE) for at in range(0, len(M), TILE)]
    return all(np.array_equal(M[p, q], M[q, p].T) for k, p in enumerate(parts) for q in parts[: k + 1])


def _terms(A: Floats, B: Floats, order: Ints) -> Iterator[Floats]:
    """The products A_ij B_p(i)p(j), some rows at a time, so that no matrix is copied."""
    step = max(1, TERMS // max(len(order), 1))
    for at in range(0, len(order), step):
        yield A[np.ix_(order[at : at + step], order)] * B[at : at + step]


def _sum(A: Floats, B: Floats, order: Ints) -> float:
    return float(sum(float(terms.sum()) for terms in _terms(A, B, order)))


def sums_over_pairs(A: Floats, B: Floats, orders: Ints) -> Floats:
    """<A, P B P'> for each of many orders, int64 (k, n), entry [., q] the item at place q; float64 (k,).

    >>> sums_over_pairs(np.eye(3)[[1, 0, 2]], place_distances(3), np.array([[0, 1, 2], [0, 2, 1]])).tolist()
    [2.0, 4.0]
    """
    k, n = orders.shape
    if k <= n * n:
        return np.array([_sum(A, B, order) for order in orders])
    item = np.ascontiguousarray(orders.T)  # pair by pair of places, for all orders at once
    row, total = item * n, np.zeros(k)
    for i in range(n):
        if B[i, i]:
            total += B[i, i] * A.diagonal()[item[i]]
    symmetric = is_symmetric(A)
    for i, j in combinations(range(n), 2):
        if symmetric:
            total += (B[i, j] + B[j, i]) * A.take(row[i] + item[j])
        else:
            total += B[i, j] * A.take(row[i] + item[j]) + B[j, i] * A.take(row[j] + item[i])
    return total


@dataclass(frozen=True, eq=False)
class QuadraticAssignment:
    """scale <A, P B P'> + offset over permutation matrices P, the template of all objectives on orders with weights.

    <A, P B P'> is the sum over i, j of A[i, j] B[p(i), p(j)], where item i stands at place p(i) (Koopmans and
    Beckmann 1957). A, B float64 (n, n), finite.
    """

    A: Floats
    B: Floats
    scale: float = 1.0
    offset: float = 0.0

    @property
    def n(self) -> int:
        """The number of items."""
        return len(self.A)

    @property
    def directed(self) -> bool:
        """Whether an order and its reverse may differ in value."""
        return not np.array_equal(self.B, self.B[::-1, ::-1])

    def values(self, orders: Ints) -> Floats:
        """The objective of orders, int64 (k, n), whose entry [., q] is the item at place q; float64 (k,)."""
        return self.scale * sums_over_pairs(self.A, self.B, orders) + self.offset

    def value(self, order: Ints) -> Number:
        """The objective of one order, int64 (n,), the offset added without rounding."""
        return Fraction(self.scale * _sum(self.A, self.B, order)) + Fraction(self.offset)

    def size(self, order: Ints) -> float:
        """|scale| times the sum of the sizes of the terms A_ij B_p(i)p(j): the offset is none of them."""
        return abs(self.scale) * sum(float(np.abs(terms).sum()) for terms in _terms(self.A, self.B, order))

    def minimized(self, sense: Literal["minimize", "maximize"]) -> QuadraticAssignment:
        """The objective without its offset and scale, turned so that less is better."""
        return QuadraticAssignment((self.scale if sense == "minimize" else -self.scale) * self.A, self.B)

    @cached_property
    def linear(self) -> tuple[Floats, float] | None:
        """W and c with value = sum over pairs of W_uv |p(u) - p(v)| + c, up to rounding; None if B is not so.

        That is, B = f |i - j| + g off the diagonal, to 1e-12 of its largest entry, and a constant on it.
        """
        n, B = len(self.B), self.B
        if n < 2:
            return None
        slope = float(B[0, -1] - B[0, 1]) / (n - 2) if n > 2 else 0.0
        base = float(B[0, 1]) - slope
        if np.abs(B[0, 1:] - slope * np.arange(1, n) - base).max() > 1e-12 * np.abs(B).max():
            return None  # soon, for most that are not
        if not (np.array_equal(B[1:, 1:], B[:-1, :-1]) and np.array_equal(B[0], B[:, 0])):  # not the first row's
            straight = slope * place_distances(n) + base
            np.fill_diagonal(straight, B[0, 0])
            if np.abs(B - straight).max() > 1e-12 * np.abs(B).max():
                return None
        W = 2 * self.scale * slope * self.A if is_symmetric(self.A) else self.scale * slope * (self.A + self.A.T)
        np.fill_diagonal(W, 0)
        loops = float(np.trace(self.A))
        constant = base * (float(self.A.sum()) - loops) + float(B[0, 0]) * loops
        return W, self.scale * constant + self.offset


@dataclass(frozen=True, eq=False)
class PathLength:
    """The length of the path through the items in order: the sum of D over neighbours. D float64 (n, n), symmetric."""

    D: Floats
    directed = False

    @property
    def n(self) -> int:
        """The number of items."""
        return len(self.D)

    def values(self, orders: Ints) -> Floats:
        """The lengths of orders, int64 (k, n), entry [., q] the item at place q; float64 (k,)."""
        return np.asarray(self.D[orders[:, :-1], orders[:, 1:]].sum(axis=1))

    def value(self, order: Ints) -> Number:
        """The length of one order, int64 (n,), rounded once."""
        return math.fsum(self.D[order[:-1], order[1:]].tolist())

    def size(self, order: Ints) -> float:
        """The sum of the sizes of its steps."""
        return float(np.abs(self.D[order[:-1], order[1:]]).sum())


@dataclass(frozen=True, eq=False)
class Ordering:
    """Any other objective on the orders of n items.

    values    orders, int64 (k, n), entry [., q] the item at place q -> float64 (k,)
    moves     an order, int64 (n,), and a place -> float64 (n,): how the value changes if the item at that place is
              taken out and put back so that it stands at place 0, 1, ..., n - 1
    directed  whether an order and its reverse may differ in value
    moves_seconds  what `moves` takes for a new order on a slow day
    mean      the mean value of all orders, where there is a formula for it
    extent    how large values are, where there is a formula for it; else it is told from random orders
    duals     bounds that this objective has
    prefixes  where the value is the sum of costs c(y, S), S the items before y: these, float64 (n, 2^n)
    steps     where it is the sum of w_k d(k-th item, next): d, float64 (n, n), and w, float64 (n - 1,)
    """

    n: int
    values: Callable[[Ints], Floats]
    moves: Callable[[Ints, int], Floats]
    directed: bool = False
    moves_seconds: float = 0.0
    mean: Callable[[], float] | None = None
    extent: Callable[[], float] | None = None
    duals: Sequence[WeakDual] = ()
    prefixes: Callable[[], Floats] | None = None
    steps: tuple[Floats, Floats] | None = None

    def value(self, order: Ints) -> Number:
        """The objective of one order, int64 (n,)."""
        return float(self.values(order[None])[0])

    def size(self, order: Ints) -> float:
        """How large values are; or how far those of this order and of some random ones, the same each time, lie apart.

        The former is what there is to lose from here to a random order, at most, where all terms are of one sign.
        """
        if self.extent is not None:
            return self.extent()
        random = np.random.default_rng(0)
        orders = np.array([order, *(random.permutation(self.n) for _ in range(sampled(self.n)))])
        return float(np.ptp(self.values(orders)))
