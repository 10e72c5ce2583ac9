"""Plans of transport: how much goes from where to where, at what cost, all of it in whole numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from formulations.arithmetic.exact import SAFE_INT64, as_floats, dot, largest, minus
from formulations.problem import Bools, Floats, Integers, Ints, Number

BLOCK = 1 << 17  # pairs whose costs, as unbounded integers, are in memory at once


@dataclass(frozen=True, eq=False)
class Plan:
    """The amounts that are moved, int64 > 0, from sources to targets, int64; (k,) each, each pair at most once."""

    source: Ints
    target: Ints
    amount: Ints


@dataclass(frozen=True, eq=False)
class Transportation:
    """The cost of a plan, sum of C_ij P_ij / unit, among those that take supply_i away and bring demand_j.

    supply, demand  int64 (m,) and (n,), >= 0, of one sum
    unit            what amounts are divided by
    cost            C, float64 (m, n), finite: each the binary number that it is
    said            how the amounts were read, where that needs saying
    """

    supply: Ints
    demand: Ints
    unit: Fraction
    cost: Floats
    said: str = ""

    def values(self, plans: list[Plan]) -> Floats:
        """The costs of several plans, each rounded once."""
        return np.array([float(self.value(plan)) for plan in plans])

    def value(self, plan: Plan) -> Number:
        """The cost, exactly."""
        return _summed(self.cost[plan.source, plan.target], plan.amount) / self.unit

    def size(self, plan: Plan) -> float:
        """The sum of |C_ij| P_ij."""
        return float(np.abs(self.cost[plan.source, plan.target]) @ plan.amount) / float(self.unit)

    def broken(self, plan: Plan) -> str | None:
        """What keeps the plan from moving all, exactly; None if nothing does."""
        return _broken(plan, self.supply, self.demand)

    def transformed(self, f: Floats) -> Floats:
        """The greatest floats g_j, or the next smaller ones, with f_i + g_j <= C_ij exactly; f (m,), g (n,).

        A difference is rounded by at most half a unit in the last place, so only the smallest of a column may be too
        large, and those where the rounding error, which is a float itself (Knuth's two-sum), is negative are.
        """
        difference = self.cost - f[:, None]
        g = difference.min(axis=0)
        i, j = np.nonzero(difference == g)
        rounded, cost, minus = difference[i, j], self.cost[i, j], -f[i]
        part = rounded - cost
        error = (cost - (rounded - part)) + (minus - part)
        g[j[error < 0]] = np.nextafter(g[j[error < 0]], -np.inf)
        return np.asarray(g)

    def dual_value(self, f: Floats) -> Number:
        """What potentials f prove, together with the greatest g beside them: no plan costs less; exactly."""
        if f.shape != self.supply.shape or not np.isfinite(f).all():
            return -np.inf
        g = self.transformed(f)
        if not np.isfinite(g).all():
            return -np.inf
        return (_summed(f, self.supply) + _summed(g, self.demand)) / self.unit


@dataclass(frozen=True, eq=False)
class LineTransportation:
    """The cost of a plan between places on a line, sum of |x_i - y_j|^order P_ij / unit, as Transportation has it.

    supply, demand  int64 (m,) and (n,), >= 0, of one sum
    unit            what amounts are divided by
    x, y            whole numbers (m,) and (n,), ascending, over `scale`
    order           a whole number from 1, so that costs are exact
    said            how the amounts were read, where that needs saying

    A staircase leads from the first source and target to the last ones, each step to the next source, or else to the
    next target: bool (m + n - 2,). The potentials of formulations.monotone_transport are those along it.
    """

    supply: Ints
    demand: Ints
    unit: Fraction
    x: Integers
    y: Integers
    scale: int
    order: int
    said: str = ""

    def values(self, plans: list[Plan]) -> Floats:
        """The costs of several plans, each rounded once."""
        return np.array([self.size(plan) for plan in plans])

    def value(self, plan: Plan) -> Number:
        """The cost, exactly."""
        pairs = (plan.source, plan.target, plan.amount)
        parts = ([array[k : k + BLOCK] for array in pairs] for k in range(0, len(plan.amount), BLOCK))
        return self._true(sum(dot(self._costs(i, j), amount) for i, j, amount in parts))

    def size(self, plan: Plan) -> float:
        """The same, rounded once: no cost is negative."""
        return float(self.value(plan))

    def broken(self, plan: Plan) -> str | None:
        """What keeps the plan from moving all, exactly; None if nothing does."""
        return _broken(plan, self.supply, self.demand)

    def dual_value(self, staircase: Bools) -> Number:
        """What the potentials along a staircase prove: no plan costs less; exactly."""
        m, n = len(self.x), len(self.y)
        if staircase.dtype != bool or staircase.shape != (m + n - 2,) or staircase.sum() != m - 1:
            return -np.inf
        left, wanted = (np.cumsum(amounts[::-1])[::-1] for amounts in (self.supply, self.demand))
        earned = self._first * int(wanted[0])
        for down, i, j, rise in self._steps(staircase):  # what a potential rises by, those of later places do too
            earned += dot(rise, np.where(down, left[i], wanted[j]))
        return self._true(earned)

    def potentials(self, staircase: Bools) -> tuple[Floats, Floats]:
        """f (m,) and g (n,) with f_1 = 0 and f_i + g_j = C_ij along a staircase, each rounded once."""
        reached, parts = [0, self._first], ([np.zeros(1, dtype=object)], [np.array([self._first], dtype=object)])
        for down, _, _, rise in self._steps(staircase):
            for k, of in enumerate((down, ~down)):
                parts[k].append(reached[k] + np.cumsum(rise[of].astype(object)))
                reached[k] = parts[k][-1][-1] if of.any() else reached[k]
        unit = self.scale**self.order
        f, g = (np.concatenate([as_floats(part, unit) for part in one]) for one in parts)
        return f, g

    @property
    def _first(self) -> int:
        """The cost of the first pair, in whole numbers."""
        first = np.zeros(1, dtype=np.int64)
        return int(self._costs(first, first)[0])

    def _costs(self, i: Ints, j: Ints) -> Integers:
        """The costs of pairs, (k,), in whole numbers: times scale^order."""
        apart = np.abs(minus(self.x[i], self.y[j]))
        return (apart if largest(apart) ** self.order < SAFE_INT64 else apart.astype(object)) ** self.order

    def _steps(self, staircase: Bools) -> Iterator[tuple[Bools, Ints, Ints, Integers]]:
        """Of the steps, block by block: which go to another source, the pairs they lead to, how the cost changes."""
        i, j = (np.cumsum(those, dtype=np.int64) for those in (staircase, ~staircase))
        for k in range(0, len(staircase), BLOCK):
            part = slice(k, k + BLOCK)
            before = (i[k - 1 : k], j[k - 1 : k]) if k else (i[:1] * 0, j[:1] * 0)
            costs = self._costs(np.r_[before[0], i[part]], np.r_[before[1], j[part]])
            yield staircase[part], i[part], j[part], np.diff(costs)

    def _true(self, whole: int) -> Fraction:
        """A cost times an amount, from whole numbers."""
        return Fraction(whole, self.scale**self.order) / self.unit


def _summed(prices: Floats, amounts: Ints) -> Fraction:
    """The sum of prices times amounts, exactly, each price being the binary number that it is."""
    ratios = [price.as_integer_ratio() for price in prices.tolist()]
    unit = max((q for _, q in ratios), default=1)  # all are powers of two
    return Fraction(sum(p * (unit // q) * k for (p, q), k in zip(ratios, amounts.tolist(), strict=True)), unit)


def _broken(plan: Plan, supply: Ints, demand: Ints) -> str | None:
    """What keeps a plan from taking the supply away and bringing the demand, exactly; None if nothing does."""
    for name, place, amounts in (("sources", plan.source, supply), ("targets", plan.target, demand)):
        if len(place) and not (place.min() >= 0 and place.max() < len(amounts)):
            return f"the number of {name}"
    if (plan.amount < 0).any():
        return "'an amount is never negative'"
    for name, place, amounts in (("leaves", plan.source, supply), ("arrives", plan.target, demand)):
        moved = np.zeros(len(amounts), dtype=np.int64)
        np.add.at(moved, place, plan.amount)
        if (moved != amounts).any():
            return f"the constraint {name!r}"
    return None
