"""Plans of transport: how much goes from where to where, at what cost, all of it in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from formulations.problem import Floats, Ints, Number


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
        m, n = self.cost.shape
        if len(plan.amount) and not (plan.source.min() >= 0 and plan.source.max() < m):
            return "the number of sources"
        if len(plan.amount) and not (plan.target.min() >= 0 and plan.target.max() < n):
            return "the number of targets"
        if (plan.amount < 0).any():
            return "'an amount is never negative'"
        for name, place, wanted in (("leaves", plan.source, self.supply), ("arrives", plan.target, self.demand)):
            moved = np.zeros(len(wanted), dtype=np.int64)
            np.add.at(moved, place, plan.amount)
            if (moved != wanted).any():
                return f"the constraint {name!r}"
        return None

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


def _summed(prices: Floats, amounts: Ints) -> Fraction:
    """The sum of prices times amounts, exactly, each price being the binary number that it is."""
    ratios = [price.as_integer_ratio() for price in prices.tolist()]
    unit = max((q for _, q in ratios), default=1)  # all are powers of two
    return Fraction(sum(p * (unit // q) * k for (p, q), k in zip(ratios, amounts.tolist(), strict=True)), unit)
