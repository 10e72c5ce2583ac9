"""What prices of rows prove about sums of squares, rounding accounted for.

Let a row, or an item of weight w_i, be worth a price a_i to the center that it is with. As min over t of |x_i - c_t|^2
is at least a_i - sum over t of max(0, a_i - |x_i - c_t|^2), k groups cost, wherever their centers are,

    value  >=  sum of w_i a_i - k max over c of F(c),      F(c) = sum of w_i max(0, a_i - |x_i - c|^2)

the Lagrangian bound for "a row is with one center". With the best prices it is that of the linear program that chooses
k sets of rows, a column for each set (du Merle, Hansen, Jaumard and Mladenovic, An interior point algorithm for minimum
sum-of-squares clustering, 2000): seldom below the value. Items that are apart are never with the same center, so that
F counts one of the two; the largest F over all such choices is taken.

F is the greatest by branch and bound on boxes of centers, in few dimensions. If g_i(c) = a_i - |x_i - c|^2 has values
within [l, u] on a box, max(0, g_i) is g_i for l >= 0, 0 for u <= 0, and at most u (g_i - l) / (u - l) between. These
sum to a concave quadratic whose maximum over the box is at its own center, clamped.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count, product

import numpy as np

from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats, Ints

MAX_PRICE = 1e200  # so that sums are finite
HALVINGS = 6  # of a box at a time, its longest side first
AT_ONCE = 2e6  # boxes times items at a time, for memory
MOST_APART = 6  # pairs of items that are apart which are held to that
CLOSED = 1e-10  # how much better than the best center found any other is at most, where there is work for that
WORK = 2e8  # boxes times rows times dimensions that are gone through at most, in some seconds


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices a of items, float64 (m,)."""

    a: Floats

    def carried(self, form: SumOfSquares, joined: SumOfSquares, item: Ints) -> Prices:
        """Prices that prove as much where items of form are joined: item (m,) -> their number there.

        w_1 |x_1 - c|^2 + w_2 |x_2 - c|^2 is (w_1 + w_2) |x - c|^2 and what the two are from their mean x.
        """
        off = ((form.means - joined.means[item]) ** 2).sum(axis=1)
        return Prices(np.bincount(item, form.weights * (self.a - off)) / joined.weights)


def prices_bound(form: SumOfSquares, prices: Prices) -> float:
    """A lower bound on the value of every partition, 0 for what are no prices.

    >>> form = SumOfSquares(np.array([[-5.0], [-4], [4], [5]]), 2, np.arange(4))
    >>> round(prices_bound(form, Prices(np.full(4, 20.0))), 9)
    1.0
    """
    a = np.asarray(prices.a)
    if a.shape != form.weights.shape or a.dtype.kind != "f" or not (np.abs(a) <= MAX_PRICE).all():
        return 0.0
    return max(0.0, BestCenter(form, a).bound)


@dataclass(frozen=True, eq=False)
class _Box:
    """Centers within `half` of the middle, where F is the sum of some w max(0, g) and of constant + 2 c's - w |c|^2."""

    middle: Floats
    half: Floats
    items: Ints
    w: float
    s: Floats
    constant: float


@dataclass(eq=False)
class BestCenter:
    """The search for the center at which F is greatest: most is a bound on F, centers are good ones on the way."""

    form: SumOfSquares
    a: Floats
    work: float = WORK
    late: Callable[[], bool] = lambda: False
    least: float = 0.0  # what is looked for is greater
    most: float = np.inf
    centers: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Search, the box of the greatest bound first."""
        turn = _principal_axes(self.form)
        self._x = self.form.means @ turn
        self._w = self.form.weights
        self._q = self.a - (self._x**2).sum(axis=1)
        number = count()
        boxes = [(-np.inf, next(number), box) for box in self._first()]
        heapq.heapify(boxes)
        while boxes and -boxes[0][0] > self.least * (1 + CLOSED) and self.work > 0 and not self.late():
            for bound, box in self._split(heapq.heappop(boxes)[2]):
                heapq.heappush(boxes, (-bound, next(number), box))
        self.most = max(self.least, -boxes[0][0]) if boxes else self.least
        self.centers = [turn @ center for center in self.centers]

    @property
    def closed(self) -> bool:
        """Whether no other center is better than those found, by any amount that counts."""
        return self.most <= self.least * (1 + CLOSED)

    @property
    def bound(self) -> float:
        """What the prices prove."""
        w, k, squares = self._w, self.form.k, (self._x**2).sum(axis=1)
        size = w @ (np.abs(self.a) + squares) + w.sum() * squares.max()
        rounding = 16 * (len(w) + len(self.form.rows.T) + 8) * ROUNDOFF * (k + 1) * size
        return float(self.form.within + w @ self.a - k * self.most - rounding)

    def _first(self) -> list[_Box]:
        """The box of all items whose price is above 0, for each choice of one from each pair that is apart."""
        boxes = {}
        for choice in product(*self.form.conflicts[:MOST_APART].tolist()):
            items = np.setdiff1d(np.flatnonzero(self.a > 0), choice)
            if len(items):
                low, high = self._x[items].min(axis=0), self._x[items].max(axis=0)
                boxes[items.tobytes()] = _Box((low + high) / 2, (high - low) / 2, items, 0.0, 0 * low, 0.0)
        return list(boxes.values())

    def _split(self, box: _Box) -> list[tuple[float, _Box]]:
        """The parts of a box that may hold a better center, each with its bound."""
        middle, half = _parts(box)
        low, high = self._ranges(box.items, middle, half)
        self.work -= low.size * middle.shape[1]
        x, w, q = self._x[box.items], self._w[box.items], self._q[box.items]
        between = (low < 0) & (high > 0)
        share = np.where(between, high / np.where(between, high - low, 1.0), low >= 0) * w
        mass, s = box.w + share.sum(axis=1), box.s + share @ x
        center = np.clip(s / np.where(mass > 0, mass, 1.0)[:, None], middle - half, middle + half)
        at_center = 2 * (s * center).sum(axis=1) - mass * (center**2).sum(axis=1)
        bound = box.constant + share @ q - np.where(between, share * low, 0.0).sum(axis=1) + at_center
        self._tried(box, center[bound.argmax()])
        parts = []
        for t in np.flatnonzero(bound > self.least * (1 + CLOSED)).tolist():
            inside = low[t] >= 0
            mass, s, constant = w[inside].sum(), w[inside] @ x[inside], float(w[inside] @ q[inside])
            rest = box.items[between[t]]
            parts.append((bound[t], _Box(middle[t], half, rest, box.w + mass, box.s + s, box.constant + constant)))
        return parts

    def _tried(self, box: _Box, center: Floats) -> None:
        """F at a center of that box."""
        own = self._q[box.items] + self._x[box.items] @ (2 * center) - center @ center
        inner = box.constant + 2 * float(box.s @ center) - box.w * float(center @ center)
        self.least = max(self.least, inner + float(self._w[box.items] @ np.maximum(own, 0.0)))
        self.centers.append(center)

    def _ranges(self, items: Ints, middle: Floats, half: Floats) -> tuple[Floats, Floats]:
        """The least and the greatest g of each item in each box, (b, m)."""
        near, far = np.zeros((2, len(middle), len(items)))
        for side, own, column in zip(half, middle.T, self._x[items].T, strict=True):
            off = np.abs(column - own[:, None])
            far += (off + side) ** 2
            near += np.maximum(off - side, 0.0) ** 2
        return self.a[items] - far, self.a[items] - near


def _parts(box: _Box) -> tuple[Floats, Floats]:
    """The middles of the parts of a box, (b, d), and half their sides, (d,)."""
    half, middle = box.half.copy(), box.middle[None]
    for _ in range(int(np.clip(np.log2(AT_ONCE / max(len(box.items), 1)), 1, HALVINGS))):
        longest = int(half.argmax())
        half[longest] /= 2
        step = np.zeros(len(half))
        step[longest] = half[longest]
        middle = np.concatenate([middle - step, middle + step])
    return middle, half


def _principal_axes(form: SumOfSquares) -> Floats:
    """An orthonormal basis of the span of the items, (d, r), in which boxes are short on most sides."""
    x = form.means
    if x.shape[1] > len(x):
        return np.linalg.svd(x, full_matrices=False)[2].T
    return np.linalg.eigh(x.T @ x)[1]
