"""Sets of weights p of n rows around 1/n each, and the worst of them for given losses l: maximize sum of p_i l_i.

    chi-squared   mean of (n p - 1)^2  <=  r     worst: p ~ (l - t)+            Namkoong and Duchi, NeurIPS 2017
    kl            sum of p log(n p)    <=  r     worst: p ~ e^(l / t)           Hu and Hong 2013
    cvar          n p  <=  1 / r                 worst: the share r of largest  Rockafellar and Uryasev 2000

The largest sum is, by Lagrange's duality, also the least over numbers t (and over s for kl)

    chi-squared   t + sqrt(1 + r) (mean of (l - t)+^2)^(1/2)
    kl            s + r t,  where  mean of t e^((l - s) / t)  <=  t
    cvar          t + mean of (l - t)+ / r

which is convex in l and increasing: so it states the robust problem for solvers of convex programs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from formulations.problem import Floats

if TYPE_CHECKING:
    import cvxpy as cp

INSIDE = 1e-13  # of 1 + radius: by how much weights are drawn inwards, so that rounding leaves them in the set
TIED = 1e-13  # of the largest loss: losses that count as equal to it


class Weights(Protocol):
    """A set of weights."""

    name: ClassVar[str]

    @property
    def radius(self) -> float:
        """Its size; 0 (cvar: 1) leaves every row its weight of 1/n."""

    def worst(self, losses: Floats) -> Floats:
        """The weights, float64 (n,), that make the weighted sum of losses (n,) largest."""

    def excess(self, p: Floats) -> float:
        """By how much weights p >= 0 with sum 1 lie outside; at most 0 in the set."""

    def room(self, p: Floats) -> Floats:
        """How far each weight may move, about, without leaving the set, 0 at its ends."""

    def stated(self, losses: cp.Expression) -> tuple[Any, dict[str, Any]]:
        """The worst weighted sum of losses as a cvxpy expression, and constraints that go with it."""


@dataclass(frozen=True)
class ChiSquared:
    """mean of (n p - 1)^2 <= radius.

    >>> ChiSquared(0.25).worst(np.array([0.0, 1.0]))  # ((1/4) + (1/4)) / 2 = 1/4 at n p = 1/2, 3/2
    array([0.25, 0.75])
    """

    radius: float
    name: ClassVar[str] = "chi-squared"

    def worst(self, losses: Floats) -> Floats:
        """p ~ (l - t)+, with t where the set ends."""
        top, n = _at_the_top(losses), len(losses)
        if self.radius >= n / top.sum() - 1:
            return np.asarray(top / top.sum())
        scaled = (losses - losses.max()) / np.ptp(losses)

        def tilted(t: float) -> Floats:
            part = np.maximum(scaled - t, 0.0)
            return np.asarray(part / part.sum())

        low = float(scaled.mean() - (1 + 1e-9) * scaled.std() / math.sqrt(self.radius))  # the end, if no row is cut off
        return tilted(_root(lambda t: self.excess(tilted(t)), min(low, -1.0), -TIED))

    def excess(self, p: Floats) -> float:
        """mean of (n p - 1)^2 - radius."""
        return float(((len(p) * p - 1) ** 2).mean()) - self.radius

    def room(self, p: Floats) -> Floats:
        """How far each weight may move."""
        return p

    def stated(self, losses: cp.Expression) -> tuple[Any, dict[str, Any]]:
        """t + sqrt(1 + r) |(l - t)+| / sqrt(n)."""
        import cvxpy as cp

        t = cp.Variable(name="t")
        return t + math.sqrt((1 + self.radius) / losses.size) * cp.norm(cp.pos(losses - t)), {}  # type: ignore[attr-defined]


@dataclass(frozen=True)
class KullbackLeibler:
    """sum of p log(n p) <= radius.

    >>> KullbackLeibler(math.log(2)).worst(np.array([0.0, 1.0]))  # enough for all weight on one of two
    array([0., 1.])
    """

    radius: float
    name: ClassVar[str] = "kl"

    def worst(self, losses: Floats) -> Floats:
        """p ~ e^(l / t), with t where the set ends."""
        from scipy.special import xlogy

        top, n = _at_the_top(losses), len(losses)
        if self.radius >= math.log(n / top.sum()):
            return np.asarray(top / top.sum())
        scaled = (losses - losses.max()) / np.ptp(losses)

        def tilted(log_t: float) -> Floats:
            e = np.exp(scaled * math.exp(-log_t))
            return np.asarray(e / e.sum())

        def beyond(log_t: float) -> float:
            return float(xlogy(tilted(log_t), n * tilted(log_t)).sum()) - self.radius

        low, high = -1.0, 1.0
        while beyond(low) < 0 and low > -600:
            low *= 2
        while beyond(high) > 0 and high < 600:
            high *= 2
        return tilted(_root(beyond, high, low))

    def excess(self, p: Floats) -> float:
        """sum of p log(n p) - radius."""
        from scipy.special import xlogy

        return float(xlogy(p, len(p) * p).sum()) - self.radius

    def room(self, p: Floats) -> Floats:
        """How far each weight may move."""
        return p

    def stated(self, losses: cp.Expression) -> tuple[Any, dict[str, Any]]:
        """s + r t, where the mean of t e^((l - s) / t) is t at most."""
        import cvxpy as cp
        from cvxpy.constraints.exponential import ExpCone

        n = losses.size
        s, t, e = cp.Variable(name="s"), cp.Variable(name="t"), cp.Variable(n, name="tilted")
        tilted = ExpCone(losses - s, t * np.ones(n), e)
        return s + self.radius * t, {"tilted": tilted, "mean": cp.sum(e) / n <= t}  # type: ignore[attr-defined]


@dataclass(frozen=True)
class CVaR:
    """n p <= 1 / radius: the mean of the share `radius`, from 0 to 1, of the largest losses.

    >>> CVaR(0.5).worst(np.array([3.0, 0.0, 1.0, 2.0]))
    array([0.5, 0. , 0. , 0.5])
    """

    radius: float
    name: ClassVar[str] = "cvar"

    def worst(self, losses: Floats) -> Floats:
        """1 / (n r) each to the largest, what is left to the next."""
        n = len(losses)
        most = 1 / (n * self.radius)
        p = np.zeros(n)
        order = np.argsort(-losses, kind="stable")
        p[order] = np.clip(1 - most * np.arange(n), 0, most)
        return np.asarray(p / p.sum())

    def excess(self, p: Floats) -> float:
        """The largest n p - 1 / r."""
        return float(len(p) * p.max()) - 1 / self.radius

    def room(self, p: Floats) -> Floats:
        """How far each weight may move."""
        return np.asarray(p * np.maximum(1 - len(p) * self.radius * p, 0.0))

    def stated(self, losses: cp.Expression) -> tuple[Any, dict[str, Any]]:
        """t + mean of (l - t)+ / r."""
        import cvxpy as cp

        t = cp.Variable(name="t")
        return t + cp.sum(cp.pos(losses - t)) / (losses.size * self.radius), {}  # type: ignore[attr-defined]


def share_inwards(p: Floats, among: Weights) -> float:
    """How far weights p >= 0 with sum 1 must be drawn towards 1/n each to lie in the set: 0 not at all, 1 all the way.

    >>> round(share_inwards(np.array([0.1, 0.9]), CVaR(0.6)), 6)  # to 1/6 and 5/6
    0.166667
    """
    excess, even = among.excess(p), np.full(len(p), 1 / len(p))
    within = -INSIDE * (1 + among.radius + abs(excess))
    if excess <= within:
        return 0.0
    if among.excess(even) > within:  # the set is hardly more than a point
        return 1.0
    share = _root(lambda a: among.excess(p + a * (even - p)) - within, 1.0, 0.0)
    while among.excess(p + share * (even - p)) > 0 and share < 1:
        share = min(1.0, share * (1 + 1e-9) + 1e-16)
    return share


def _at_the_top(losses: Floats) -> Floats:
    """1 where a loss is the largest, 0 elsewhere."""
    most = losses.max()
    return np.asarray(losses >= most - TIED * max(abs(most), float(np.ptp(losses))), dtype=np.float64)


def _root(f: Callable[[float], float], low: float, high: float) -> float:
    """The last number that bisection finds, from low, where f is at most 0, towards high, where it is more.

    >>> round(_root(lambda x: x * x - 2, 0.0, 2.0), 12)
    1.414213562373
    """
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if f(middle) <= 0 else (low, middle)
    return low
