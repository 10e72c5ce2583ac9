"""The losses of rows at a point, and what any vectors prove of their sum.

    f(y)  =  sum over rows i of rho(|x_i - y|)

is convex, and rho(|z|) >= u'z - rho*(|u|) for all vectors z and u, so that for u_1, ..., u_n of sum 0 and every y

    f(y)  >=  sum of u_i'(x_i - y) - rho*(|u_i|)  =  sum of u_i'x_i - rho*(|u_i|)

Other vectors are made to be of sum 0, by taking off their mean, and short enough for rho* to be finite, by division.
Some y that is best lies in the box of the rows, which bounds what rounding leaves of the sum. u is the unit roundoff.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Floats

FORCES, THRESHOLDS = "forces of sum 0", "thresholds"  # kinds of certificates
AT_POINT = 1e-12  # of the median length: rows so near the point are at it, but for rounding


@dataclass(frozen=True)
class Loss:
    """rho(r) = r^2 up to the knee, from there on straight: 2 knee r - knee^2; for the knee 0 it is r.

    entries  whether |z| stands for the absolute value of each entry by itself, not for the length of the row

    >>> Loss(1.0).of(np.array([0.5, 3.0])).tolist(), Loss(0.0).of(np.array([0.5, 3.0])).tolist()
    ([0.25, 5.0], [0.5, 3.0])
    """

    knee: float
    entries: bool = False

    def sizes(self, Z: Floats) -> Floats:
        """|z| of the rows of Z, (n, 1), or of its entries, (n, p)."""
        return np.abs(Z) if self.entries else np.sqrt(np.einsum("ij,ij->i", Z, Z))[:, None]

    def of(self, r: Floats) -> Floats:
        """rho(r)."""
        if self.knee == 0:
            return r
        short = np.minimum(r, self.knee)
        return short**2 + (2 * self.knee * (r - short) if self.knee < math.inf else 0.0)

    def slope(self, r: Floats) -> Floats:
        """rho'(r) / r, where r is not 0; the gradient of rho(|z|) is z times that."""
        if self.knee == 0:
            return 1 / r
        return 2 * np.minimum(1.0, np.divide(self.knee, r, out=np.ones_like(r), where=r > self.knee))

    @property
    def steepest(self) -> float:
        """What rho' is at most: rho* is infinite beyond."""
        return 1.0 if self.knee == 0 else 2 * self.knee

    def conjugate(self, r: Floats) -> Floats:
        """rho*(r), for r that are at most the steepest slope."""
        return np.zeros_like(r) if self.knee == 0 else r**2 / 4


@dataclass(frozen=True, eq=False)
class SumOfLosses:
    """f(y), to be minimized over y, float64 (p,), and what bounds it.

    rows  x_1, ..., x_n, float64 (n, p), finite

    >>> form = SumOfLosses(np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]]), Loss(0.0))
    >>> form.value(np.array([0.0, 0.0]))
    7.0
    """

    rows: Floats
    loss: Loss

    @cached_property
    def center(self) -> Floats:
        """The medians of the columns, (p,): about them numbers are small, and little is lost."""
        return np.median(self.rows, axis=0)

    @cached_property
    def about_center(self) -> SumOfLosses:
        """The same of the rows less their center: numbers far from 0 leave no digits to their differences."""
        return SumOfLosses(self.rows - self.center, self.loss)

    def values(self, candidates: Any) -> Floats:
        """At many points."""
        return np.array([self.value(y) for y in candidates])

    def value(self, y: Floats) -> float:
        """f(y)."""
        return math.fsum(self.loss.of(self.loss.sizes(self.rows - y)).ravel().tolist())

    def size(self, y: Floats) -> float:
        """The value, a sum of what is not negative."""
        return self.value(y)

    def broken(self, y: Any) -> str | None:
        """What keeps y from being a point, in words."""
        p = self.rows.shape[1]
        return None if np.shape(y) == (p,) and np.isfinite(y).all() else f"the shape, {p} finite numbers"

    def forces(self, y: Floats) -> Floats:
        """The forces of the rows at y, (n, p); where f has a kink, what is at y holds what it can of the others.

        >>> SumOfLosses(np.array([[0.0], [1.0], [5.0], [9.0]]), Loss(0.0)).forces(np.array([1.0])).ravel().tolist()
        [-1.0, -1.0, 1.0, 1.0]
        """
        about = self.about_center
        Z = about.rows - (y - self.center)
        r = self.loss.sizes(Z)
        U = np.asarray(self.loss.slope(np.maximum(r, np.finfo(float).tiny)) * Z)
        if self.loss.knee > 0:
            return U
        at = r <= AT_POINT * np.median(r, axis=0)
        pull, copies = np.where(at, 0.0, U).sum(axis=0), at.sum(axis=0)
        most = np.abs(pull) if self.loss.entries else math.sqrt(pull @ pull)
        return np.where(at, -pull / np.maximum(np.maximum(copies, most), 1), U)

    def bound(self, U: Any) -> float:
        """What the vectors, (n, p), prove: no point has less; -inf if nothing."""
        known = arrays((U,), self.rows.shape)
        if known is None:
            return -math.inf
        V = known[0] - known[0].mean(axis=0)
        lengths = self.loss.sizes(V)
        short = 1 - 4 * (len(V.T) + 4) * ROUNDOFF
        longest = float(lengths.max())
        if longest > self.loss.steepest * short:
            V, lengths = (part * (self.loss.steepest * short / longest) for part in (V, lengths))
        Z = self.about_center.rows
        terms, conjugates = V * Z, self.loss.conjugate(lengths)
        left = [abs(math.fsum(column)) for column in V.T.tolist()]  # of the sum, which is to be 0
        rounded = 8 * ROUNDOFF * float(np.abs(terms).sum() + (V.shape[1] + 4) * conjugates.sum())
        lost = rounded + float(np.array(left) @ np.abs(Z).max(axis=0))
        return math.fsum([*terms.ravel().tolist(), *(-conjugates).ravel().tolist(), -lost])


@dataclass(frozen=True, eq=False)
class Trimming:
    """Minus what the largest k of each column sum up to, less its smallest k, over which are taken, int (n, p).

    A 1 marks one of the largest, a -1 one of the smallest. For any numbers a and b

        sum of the k largest x_i  <=  k b + sum of max(x_i - b, 0)
        sum of the k smallest x_i  >=  k a - sum of max(a - x_i, 0)

    >>> form = Trimming(np.array([[1.0], [5.0], [9.0]]), 1)
    >>> form.value(np.array([[-1], [0], [1]])), round(form.bound([[5.0], [5.0]]), 9)
    (-8.0, -8.0)
    """

    rows: Floats
    k: int

    def sorted_out(self) -> tuple[Any, Floats]:
        """Marks of the largest and the smallest, (n, p), and the thresholds between them and the others, (2, p)."""
        order = np.argsort(self.rows, axis=0, kind="stable")
        marks = np.zeros(self.rows.shape, dtype=np.int64)
        k, n = self.k, len(self.rows)
        np.put_along_axis(marks, order[:k], -1, axis=0)
        np.put_along_axis(marks, order[n - k :], 1, axis=0)
        return marks, np.take_along_axis(self.rows, order[[max(k - 1, 0), n - max(k, 1)]], axis=0)

    def values(self, candidates: Any) -> Floats:
        """Of many."""
        return np.array([self.value(marks) for marks in candidates])

    def value(self, marks: Any) -> float:
        """The objective."""
        return -math.fsum((marks * self.rows).ravel().tolist())

    def size(self, marks: Any) -> float:
        """The value, which is the same wherever the rows are moved to."""
        return abs(self.value(marks))

    def broken(self, marks: Any) -> str | None:
        """What keeps marks from being such, in words."""
        found = np.asarray(marks)
        if found.shape != self.rows.shape or not np.isin(found, (-1, 0, 1)).all():
            return "a mark of -1, 0 or 1 for every number"
        fits = ((found == 1).sum(axis=0) == self.k) & ((found == -1).sum(axis=0) == self.k)
        return None if fits.all() else f"{self.k} of the largest and {self.k} of the smallest of each column"

    def bound(self, thresholds: Any) -> float:
        """What (a, b), (2, p), prove; -inf if nothing."""
        known = arrays((thresholds,), (2, self.rows.shape[1]))
        if known is None:
            return -math.inf
        a, b = known[0]
        beyond = np.maximum(self.rows - b, 0) + np.maximum(a - self.rows, 0)
        least = [*(-self.k * (b - a)).tolist(), *(-beyond).ravel().tolist()]
        return math.fsum(least) - 4 * ROUNDOFF * (self.k * float(np.abs(known[0]).sum()) + float(beyond.sum()))
