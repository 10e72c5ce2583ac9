"""Small linear programs in exact arithmetic: the simplex method on integers, where floats leave a question open.

All nonbasic variables stand at integers, and the tableau is kept over one common denominator, the determinant of the
basis, so that every division comes out even (Edmonds 1967; Azulay & Pique 2001). The rows' activities are variables
too; first the least basic variable that breaks a bound leaves (Dutertre & de Moura 2006), then costs are reduced, both
by Bland's rule, which cannot cycle. It starts from the basis that a solution in floats suggests.
Nothing here need be believed: what comes of it is a point, and multipliers to be checked (solvers.proof.certificate).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from formulations.arithmetic.exact import as_float, over_one_denominator
from formulations.problem import Floats
from solvers.clock import Clock
from solvers.proof.certificate import Dual, ExactModel

MOST_ENTRIES = 40_000  # of the tableau: some seconds, as long as they are not
LONG = 1_000  # bits, which determinants of many rows with many digits have
NEAR = 1e-6  # relative: what a solution in floats may be off a bound that it stands at


@dataclass(frozen=True)
class ExactSolution:
    """How the linear program ended, with a solution (n Fractions) and multipliers; either is None where there is none.

    Where infeasible, the multipliers contradict the rows.
    """

    status: Literal["optimal", "infeasible", "unbounded"]
    x: list[Fraction] | None = None
    dual: Dual | None = None


def solve_exactly(
    model: ExactModel, lower: Floats, upper: Floats, near: Floats | None, clock: Clock
) -> ExactSolution | None:
    """min c'x over the model's rows, without its families, and that box; None if it is too large or takes too long.

    near, float64 (n,): a solution in floats, or None.
    """
    if not fits(model, lower, upper):
        return None
    tableau = _Tableau(model, lower, upper, np.flatnonzero(lower < upper))
    if near is not None:
        tableau.start_at(near, clock)
    return tableau.solved(clock)


def fits(model: ExactModel, lower: Floats, upper: Floats) -> bool:
    """Whether the program is small enough."""
    m, k = len(model.form.row_lower), int((lower < upper).sum())
    bits = min(m, k) * model.row_unit.bit_length()
    return (m + 1) * k * (1 + bits // LONG) <= MOST_ENTRIES


class _Tableau:
    """D x_B = T x_N with integer T (m + 1, k), D > 0; the last row is the objective and never leaves the basis.

    Variables 0 to k - 1 are the free columns, the next m the rows' activities, all scaled to integers.
    """

    def __init__(self, model: ExactModel, lower: Floats, upper: Floats, free: Any) -> None:
        """All columns at a bound or 0, all activities basic."""
        form, self.model, self.free = model.form, model, free
        m, k = len(form.row_lower), len(free)
        sides = np.concatenate([lower, upper])
        corner, self.unit = over_one_denominator(np.where(np.isfinite(sides), sides, 0.0))
        corner = corner.astype(object)
        fixed, self.lower, self.upper = corner[: len(lower)].copy(), lower, upper
        fixed[free] = 0
        self.T, self.D = np.zeros((m + 1, k), dtype=object), 1
        at = np.full(len(lower), -1)
        at[free] = np.arange(k)
        row = np.repeat(np.arange(m), np.diff(form.A.indptr))
        entries, constant = model.entries.astype(object), np.zeros(m, dtype=object)
        np.add.at(constant, row, entries * fixed[form.A.indices])
        inside = at[form.A.indices] >= 0
        np.add.at(self.T, (row[inside], at[form.A.indices[inside]]), entries[inside])
        self.T[m] = model.cost[free]
        self.fixed = fixed
        self.low = [
            *_sides(corner[: len(lower)][free], lower[free]),
            *(_sides(model.row_lower.astype(object) * self.unit - constant, form.row_lower)),
        ]
        self.high = [
            *_sides(corner[len(lower) :][free], upper[free]),
            *(_sides(model.row_upper.astype(object) * self.unit - constant, form.row_upper)),
        ]
        self.basic, self.nonbasic = list(range(k, k + m)), list(range(k))
        self.at = np.array([_nearest(0, self.low[j], self.high[j]) for j in range(k)], dtype=object)

    def start_at(self, near: Floats, clock: Clock) -> None:
        """Make the columns inside of their bounds basic, in rows that are tight, and put the others at their bounds."""
        x, form = near[self.free], self.model.form
        activity = form.A @ near
        sides = np.stack([form.row_lower, form.row_upper])
        size = NEAR * (1 + np.abs(form.A) @ np.abs(near))
        tight = (np.abs(sides - activity) <= size).any(axis=0)
        k, room = len(x), NEAR * (1 + np.abs(x))
        inside = (x > self.lower[self.free] + room) & (x < self.upper[self.free] - room)
        for q in range(k):
            wanted = x[q] * as_float(Fraction(self.unit))
            self.at[q] = _nearest(round(wanted) if math.isfinite(wanted) else 0, self.low[q], self.high[q])
            if not inside[q] or clock.left <= 0:
                self.at[q] = self._bound_near(q, self.at[q])
        for q in np.flatnonzero(inside).tolist():
            rows = [i for i, v in enumerate(self.basic) if v >= k and tight[v - k] and self.T[i, q]]
            if rows and clock.left > 0:
                i = rows[0]
                side = sides[:, self.basic[i] - k]
                below = abs(side[0] - activity[self.basic[i] - k]) <= abs(side[1] - activity[self.basic[i] - k])
                self._pivot(i, q, (self.low if below else self.high)[self.basic[i]])

    def _bound_near(self, variable: int, value: int) -> int:
        """Its bound nearest to the value; 0 if it has none."""
        finite = [side for side in (self.low[variable], self.high[variable]) if isinstance(side, int)]
        return min(finite, key=lambda side: abs(side - value), default=0)

    def _pivot(self, i: int, q: int, value: int) -> None:
        """The i-th basic variable leaves for the q-th nonbasic one, and stands at the value."""
        T, p = self.T, self.T[i, q]
        row, column = T[i].copy(), T[:, q].copy()
        T = (T * p - np.outer(column, row)) // self.D
        T[:, q], T[i] = column, -row
        T[i, q] = self.D
        self.T, self.D = (T, p) if p > 0 else (-T, -p)
        self.basic[i], self.nonbasic[q] = self.nonbasic[q], self.basic[i]
        self.at[q] = value

    def _outside(self, variable: int, value: int) -> int:
        """1 if value / D lies below the variable's bounds, -1 if above, else 0: too large for floats, perhaps."""
        low, high = self.low[variable], self.high[variable]
        if isinstance(low, int) and value < low * self.D:
            return 1
        return -1 if isinstance(high, int) and value > high * self.D else 0

    def solved(self, clock: Clock) -> ExactSolution | None:
        """The program solved; None if the clock stops before."""
        while clock.left > 0:
            here = self.T[:-1] @ self.at  # D times the basic variables
            broken = [(v, i) for i, v in enumerate(self.basic) if self._outside(v, here[i])]
            if broken:
                v, i = min(broken)
                sign = self._outside(v, here[i])
                q = self._entering(sign * self.T[i])
                if q is None:
                    return ExactSolution("infeasible", None, self._dual(-sign * self.T[i], v, sign * self.D))
                self._pivot(i, q, self.low[v] if sign > 0 else self.high[v])
                continue
            q = self._entering(-self.T[-1])
            if q is None:
                return ExactSolution("optimal", self._point(here), self._dual(self.T[-1]))
            if not self._step(q, here):
                return ExactSolution("unbounded", self._point(here))
        return None

    def _entering(self, rates: Any) -> int | None:
        """The least nonbasic variable that can move so that the sum of rates times variables grows."""
        ways = [
            (v, q)
            for q, v in enumerate(self.nonbasic)
            if (rates[q] > 0 and self.at[q] < self.high[v]) or (rates[q] < 0 and self.at[q] > self.low[v])
        ]
        return min(ways)[1] if ways else None

    def _step(self, q: int, here: Any) -> bool:
        """Move the q-th nonbasic variable where costs fall, up to the first bound; whether there is one."""
        v = self.nonbasic[q]
        way = 1 if self.T[-1, q] < 0 else -1
        own = self.high[v] if way > 0 else self.low[v]
        stops = [(Fraction(abs(own - self.at[q])), v, -1, own)] if isinstance(own, int) else []
        for i, basic in enumerate(self.basic):
            rate = way * self.T[i, q]
            side = self.high[basic] if rate > 0 else self.low[basic]
            if rate and isinstance(side, int):
                stops.append((Fraction(side * self.D - here[i], rate), basic, i, side))
        if not stops:
            return False
        _, _, i, side = min(stops)
        if i < 0:
            self.at[q] = side
        else:
            self._pivot(i, q, side)
        return True

    def _point(self, here: Any) -> list[Fraction]:
        """The columns' values."""
        x = [Fraction(int(p), self.unit) for p in self.fixed]
        for values, variables, scale in ((self.at, self.nonbasic, 1), (here, self.basic, self.D)):
            for value, v in zip(values, variables, strict=True):
                if v < len(self.free):
                    x[self.free[v]] = Fraction(int(value), scale * self.unit)
        return x

    def _dual(self, rates: Any, further: int = -1, rate: int = 0) -> Dual:
        """The rows' multipliers if D times the objective is a sum of rates times nonbasic variables, and a further."""
        k, scale = len(self.free), self.model.row_unit
        rows = np.full(len(self.basic), 0, dtype=object)
        for v, p in [*zip(self.nonbasic, rates, strict=True), (further, rate)]:
            if v >= k:
                rows[v - k] = int(p) * scale
        return Dual(rows, unit=self.D * self.model.cost_unit)


def _sides(values: Any, floats: Floats) -> list[Any]:
    """The integers where the floats are finite, else infinite."""
    return [int(v) if math.isfinite(f) else f for v, f in zip(values, floats.tolist(), strict=True)]


def _nearest(value: int, low: Any, high: Any) -> int:
    """The value nearest to that one between low and high."""
    return int(max(low, min(value, high)))
