"""Objectives on the orders of n items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from formulations.problem.arrays import Floats, Ints, Number

SAMPLED = 32  # random orders that the size of an objective is told from


def place_distances(n: int) -> Floats:
    """|i - j|, the distances of n places, float64 (n, n)."""
    place = np.arange(n, dtype=np.float64)
    return np.abs(place[:, None] - place)


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

    def values(self, orders: Ints) -> Floats:
        """The objective of orders, int64 (k, n), whose entry [., q] is the item at place q; float64 (k,)."""
        sums = [float((self.A[np.ix_(order, order)] * self.B).sum()) for order in orders]
        return self.scale * np.asarray(sums) + self.offset

    def value(self, order: Ints) -> Number:
        """The objective of one order, int64 (n,), the offset added without rounding."""
        return Fraction(self.scale * float((self.A[np.ix_(order, order)] * self.B).sum())) + Fraction(self.offset)

    def size(self, order: Ints) -> float:
        """|scale| times the sum of the sizes of the terms A_ij B_p(i)p(j): the offset is none of them."""
        return abs(self.scale) * float(np.abs(self.A[np.ix_(order, order)] * self.B).sum())

    def minimized(self, sense: Literal["minimize", "maximize"]) -> QuadraticAssignment:
        """The objective without its offset and scale, turned so that less is better."""
        return QuadraticAssignment((self.scale if sense == "minimize" else -self.scale) * self.A, self.B)

    def as_linear(self) -> tuple[Floats, float] | None:
        """W and c with value = sum over pairs of W_uv |p(u) - p(v)| + c, up to rounding; None if B is not so.

        That is, B = f |i - j| + g off the diagonal, to 1e-12 of its largest entry, and a constant on it.
        """
        n, B = len(self.B), self.B
        if n < 2:
            return None
        slope = float(B[0, -1] - B[0, 1]) / (n - 2) if n > 2 else 0.0
        base = float(B[0, 1]) - slope
        straight = slope * place_distances(n) + base
        np.fill_diagonal(straight, B[0, 0])
        if np.abs(B - straight).max() > 1e-12 * np.abs(B).max():
            return None
        W = self.scale * slope * (self.A + self.A.T)
        np.fill_diagonal(W, 0)
        loops = float(np.trace(self.A))
        constant = base * (float(self.A.sum()) - loops) + float(B[0, 0]) * loops
        return W, self.scale * constant + self.offset


@dataclass(frozen=True, eq=False)
class Ordering:
    """Any other objective on the orders of n items.

    values  orders, int64 (k, n), entry [., q] the item at place q -> float64 (k,)
    moves   an order, int64 (n,), and a place -> float64 (n,): how the value changes if the item at that place is taken
            out and put back so that it stands at place 0, 1, ..., n - 1
    """

    n: int
    values: Callable[[Ints], Floats]
    moves: Callable[[Ints, int], Floats]

    def value(self, order: Ints) -> Number:
        """The objective of one order, int64 (n,)."""
        return float(self.values(order[None])[0])

    def size(self, order: Ints) -> float:
        """How far the values of this order and of SAMPLED random ones, the same each time, lie apart."""
        random = np.random.default_rng(0)
        orders = np.array([order, *(random.permutation(self.n) for _ in range(SAMPLED))])
        return float(np.ptp(self.values(orders)))
