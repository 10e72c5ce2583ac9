"""The mean loss of a linear rule when an adversary has moved or reweighted the rows, and what any dual point proves.

Row i has the residual or margin z_i = k_i + a_i'w + s_i b, l is its loss (ambiguity.losses), p the weights of rows.
The norm |.| measures moves of rows, |.|* is its dual norm. For any p in the adversary's set and any u_i

    sum of p_i l(z_i)  >=  sum of p_i (u_i z_i - l*(u_i))  =  sum of p_i (u_i k_i - l*(u_i))  +  g'w  +  h b

with g = sum of p_i u_i a_i and h = sum of p_i u_i s_i. So the first sum of the right-hand side bounds the objective

    weights            max over p of sum of p_i l(z_i)                       where g = 0 and h = 0
    wasserstein        mean of l(z_i) + r L |w|*,  L the steepest slope      where |g| <= r L and h = 0
      squares          (root mean square of z_i + r |w|*)^2                  its root, where the mean of u_i^2 <= 1,
                                                                             |g| <= r, h = 0, without l*
    perturbation       mean of l at |z_i| + r |w|*, or of margins z_i - r |w|*
      residuals        with v_i >= |u_i| and l*(v_i) instead                 where |g| <= r mean of v_i and h = 0
      margins          with a_i - r d instead of a_i, for any |d| <= 1       where g = 0 and h = 0

at every w and b. A dual point from elsewhere meets these equations up to its errors only. They are met by the least
changes of u, each weighed by the room that its u_i has; the inequalities by shrinking all u.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from formulations.ambiguity.losses import Loss, huber
from formulations.ambiguity.norms import around, dual_norm, nearest
from formulations.ambiguity.weights import Weights, share_inwards
from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Floats

KIND = "weights and subgradients"
CORRECTIONS = 4  # of the equations, each of what rounding left of the one before
AT_STAKE = 1e-3  # of the loss of the best constant: the least size of a value
MOST_ROWS = 0.9  # whose losses by the constant are at stake: a few rows far off must not hide what the others lose
TINY = 1e-300  # instead of a root mean square of 0
LEAST = 1e-150  # of residuals: squares of smaller ones round to 0


@dataclass(frozen=True)
class Perturbation:
    """Every row may move by `radius` in the norm of that order (1, 2 or inf); 0: none does."""

    radius: float
    order: float = 2
    name: ClassVar[str] = "perturbation"


@dataclass(frozen=True)
class Wasserstein:
    """Rows may move by `radius` on average, for squares by its square on average of squares; labels stay."""

    radius: float
    order: float = 2
    name: ClassVar[str] = "wasserstein"


Adversary = Perturbation | Wasserstein | Weights


@dataclass(frozen=True, eq=False)
class RobustLoss:
    """The largest mean loss of z = k + A w + s b; A float64 (n, p), s and k (n,); a candidate is (w, b), (p + 1,)."""

    A: Floats
    s: Floats
    k: Floats
    loss: Loss
    adversary: Adversary

    def values(self, candidates: list[Floats]) -> Floats:
        """Of several rules."""
        return np.array([self.value(candidate) for candidate in candidates])

    def value(self, candidate: Floats) -> float:
        """The objective."""
        loss, adversary, z = self.loss, self.adversary, self.plain(candidate)
        if isinstance(adversary, Perturbation):
            return float(loss.value(self.pushed(candidate)).mean())
        if not isinstance(adversary, Wasserstein):
            losses = loss.value(z)
            return float(adversary.worst(losses) @ losses)
        reach = adversary.radius * dual_norm(candidate[:-1], adversary.order)
        if math.isinf(loss.steepest):
            return (float(np.sqrt((z**2).mean())) + reach) ** 2
        return float(loss.value(z).mean()) + loss.steepest * reach

    def plain(self, candidate: Floats) -> Floats:
        """Residuals or margins, float64 (n,)."""
        return np.asarray(self.k + self.A @ candidate[:-1] + self.s * candidate[-1])

    def pushed(self, candidate: Floats) -> Floats:
        """The worst that moves of every row make of these."""
        assert isinstance(self.adversary, Perturbation)
        z, reach = self.plain(candidate), self.adversary.radius * dual_norm(candidate[:-1], self.adversary.order)
        return z - reach if self.loss.of == "margins" else np.where(z < 0, z - reach, z + reach)

    def slopes(self, z: Floats) -> Floats:
        """Subgradients of the losses at z, float64 (n,); of squares by moves, of their root mean square."""
        return z / max(float(np.sqrt((z**2).mean())), TINY) if self._squares_moved else self.loss.slope(z)

    def constant(self) -> Floats:
        """The rule w = 0, with the median of residuals as b."""
        middle = float(np.median(self.k)) if self.loss.of == "residuals" else 0.0
        return np.append(np.zeros(self.A.shape[1]), middle)

    def size(self, candidate: Floats) -> float:
        """The value, or a share of what the best constant loses."""
        lost = self.loss.value(self.plain(self.constant()))
        usual = float(np.quantile(lost, MOST_ROWS)) or float(lost.mean())
        return max(self.value(candidate), AT_STAKE * usual)

    def broken(self, candidate: Floats) -> str | None:
        """What keeps it from being a rule, in words."""
        p = self.A.shape[1]
        fits = np.shape(candidate) == (p + 1,) and np.isfinite(candidate).all()
        return None if fits else f"the shape, {p} finite coefficients and an intercept"

    def bound(self, certificate: Any) -> float:
        """What weights p and subgradients u, v, float64 (n,) each, prove; at least 0, as no loss is less."""
        n = len(self.k)
        known = arrays(certificate, (n,), (n,), (n,))
        return 0.0 if known is None else max(0.0, *map(_or_nothing, self.centred._routes(*known)))

    def _routes(self, p: Floats, u: Floats, v: Floats) -> Iterator[Callable[[], float]]:
        """What bounds the objective; what moves can do to rows only adds to what is lost without."""
        adversary, even = self.adversary, np.full(len(self.k), 1 / len(self.k))
        if not isinstance(adversary, Perturbation | Wasserstein):
            yield lambda: self._weighed(p, u)
            return
        if not self._squares_moved:
            yield lambda: self._level(self.A, even, u)
        if adversary.radius and isinstance(adversary, Perturbation) and self.loss.of == "margins":
            yield lambda: self._moved(even, u)
        elif adversary.radius:
            yield lambda: self._shrunk(even, u, v)

    @cached_property
    def centred(self) -> RobustLoss:
        """The same in columns of mean 0 and residuals of median 0, which b makes up for: bounds are the same."""
        shift = self.constant()[-1]
        return replace(self, A=self.A - self.s[:, None] * (self.s @ self.A / len(self.s)), k=self.k + self.s * shift)

    def uncentred(self, rule: Floats) -> Floats:
        """A rule for the centred data, (w, b), as one for these."""
        means = self.s @ self.A / len(self.s)
        return np.append(rule[:-1], rule[-1] + self.constant()[-1] - means @ rule[:-1])

    @cached_property
    def units(self) -> tuple[Floats, float]:
        """The standard deviation of each column, and the root mean square of centred residuals; 1 instead of 0."""
        spread = self.centred.A.std(axis=0)
        return np.where(spread > 0, spread, 1.0), float(np.sqrt((self.centred.k**2).mean())) or 1.0

    def in_units(self, columns: Floats, unit: float) -> RobustLoss:
        """The loss of columns and residuals in these units, whose rule is (w columns, b) / unit; norms are of w."""
        loss = huber(self.loss.high / unit) if self.loss.name == "huber" else self.loss
        return replace(self, A=self.A / columns, k=self.k / unit, loss=loss)

    @property
    def _squares_moved(self) -> bool:
        return isinstance(self.adversary, Wasserstein) and math.isinf(self.loss.steepest)

    def _weighed(self, p: Floats, u: Floats) -> float:
        """Of a set of weights: p and u are balanced together, then p is drawn into the set, g and h staying 0."""
        adversary = self.adversary
        assert not isinstance(adversary, Perturbation | Wasserstein)
        kept = np.maximum(p, 0.0)
        if not kept.any():
            return -math.inf
        kept = kept / kept.sum()
        p, u, before = self._balanced(np.column_stack([self.A, self.s]), kept, u, adversary.room(kept))
        share = share_inwards(p, adversary)
        if share == 1:
            return self._level(self.A, np.full(len(p), 1 / len(p)), u)
        inside = p + share * (1 / len(p) - p)
        factor = np.divide((1 - share) * p, inside, out=np.zeros_like(p), where=inside > 0)
        return self._sum(inside, factor * u, factor * before)

    def _moved(self, p: Floats, u: Floats) -> float:
        """Of margins: the bound where all rows move along one d, which u points to and is balanced with."""
        assert isinstance(self.adversary, Perturbation)
        radius, order = self.adversary.radius, self.adversary.order
        scale = np.r_[np.abs(self.A).max(axis=0, initial=0.0), 1.0]
        scale[scale == 0] = 1.0
        lever = radius * float(p @ u)
        d = nearest((p * u) @ self.A / lever, order) if lever else np.zeros(self.A.shape[1])
        for _ in range(CORRECTIONS):
            rows, room = np.column_stack([self.A - radius * d, self.s]) / scale, self.loss.slack(u)
            lever, turn = radius * float(p @ u), around(d, order)
            gram = (rows * (p * room)[:, None]).T @ rows
            gram[:-1, :-1] += lever**2 * turn / np.outer(scale[:-1], scale[:-1])
            change = np.linalg.lstsq(gram, (p * u) @ rows, rcond=1e-14)[0]
            u = (u - room * (rows @ change)).clip(self.loss.low, self.loss.high)
            d = nearest(d + lever * turn @ (change[:-1] / scale[:-1]), order)
        return self._level(self.A - radius * d, p, u)

    def _level(self, A: Floats, p: Floats, u: Floats) -> float:
        """The bound where g = 0 and h = 0, which u is brought to."""
        return self._sum(*self._balanced(np.column_stack([A, self.s]), p, u))

    def _shrunk(self, p: Floats, u: Floats, v: Floats) -> float:
        """The bound where h = 0 and |g| is limited, which u is brought to."""
        assert isinstance(self.adversary, Perturbation | Wasserstein)
        radius, order, n = self.adversary.radius, self.adversary.order, len(p)
        _, u, before = self._balanced(self.s[:, None], p, u)
        room = 1.0
        if isinstance(self.adversary, Perturbation):
            v = np.maximum(v, np.abs(u)).clip(max=self.loss.high)
            limit = radius * float(p @ v)
        elif self._squares_moved:
            limit, room = radius, 1 / max(math.sqrt(float(p @ u**2)), 1e-300)
        else:
            limit = radius * self.loss.steepest
        length = float(np.linalg.norm((p * u) @ self.A, order))
        length += 2 * n * ROUNDOFF * float(np.linalg.norm((p * np.abs(u)) @ np.abs(self.A), order))
        factor = min(1.0, room, limit / length if length else 1.0) * (1 - 4 * n * ROUNDOFF)
        if self._squares_moved:
            root = abs(float((p * u) @ self.k)) * factor  # -u will do as well as u
            return root**2 * (1 - 8 * ROUNDOFF) - 4 * n * ROUNDOFF * root * float((p * np.abs(u)) @ np.abs(self.k))
        return self._sum(p, factor * u, factor * before, v if isinstance(self.adversary, Perturbation) else None)

    def _balanced(
        self, rows: Floats, p: Floats, u: Floats, room: Floats | None = None
    ) -> tuple[Floats, Floats, Floats]:
        """p and u with sum of p_i u_i times row i = 0, but for rounding, and u as it was one correction before.

        room, where weights may move as well: how far. Raises ArithmeticError where nothing can bring them there.
        """
        u = u.clip(self.loss.low, self.loss.high)
        scale = np.abs(rows).max(axis=0, initial=0.0)
        unit = rows / np.where(scale > 0, scale, 1.0)
        of_u = np.column_stack([unit, np.zeros(len(u))])
        before = u
        for _ in range(CORRECTIONS):
            of_p, weigh_u = np.column_stack([u[:, None] * unit, np.ones(len(u))]), p * self.loss.slack(u)
            left = np.r_[(p * u) @ unit, p.sum() - 1]
            gram = (of_u * weigh_u[:, None]).T @ of_u
            if room is not None:
                gram += (of_p * room[:, None]).T @ of_p
            change = np.linalg.lstsq(gram, left, rcond=1e-14)[0]
            before, u = u, u - self.loss.slack(u) * (of_u @ change)
            if room is not None:
                p = p - room * (of_p @ change)
        remains, terms = np.abs((p * u) @ unit), (p * np.abs(u)) @ np.abs(unit)
        if not ((remains <= 4 * len(p) * ROUNDOFF * terms).all() and (p >= 0).all()):
            raise ArithmeticError("the equations of the dual point do not hold")
        return p, u, before

    def _sum(self, p: Floats, u: Floats, before: Floats, v: Floats | None = None) -> float:
        """sum of p (u k - l*(u)), less what rounding and the last correction may have changed; -inf outside l*."""
        if not ((u >= self.loss.low) & (u <= self.loss.high)).all():
            return -math.inf
        conjugate = self.loss.conjugate(u if v is None else v)
        if not np.isfinite(conjugate).all() or (v is not None and not (v <= self.loss.high).all()):
            return -math.inf
        terms, lost = p * (u * self.k - conjugate), p * (np.abs(u * self.k) + np.abs(conjugate))
        changes = np.abs((u - before) * self.k) + (
            np.abs(conjugate - self.loss.conjugate(before)) if v is None else 0.0
        )
        last = float((p * changes).sum())
        return float(terms.sum()) - last - 2 * (len(p) + 8) * ROUNDOFF * float(lost.sum())


def _or_nothing(bound: Callable[[], float]) -> float:
    """The bound; -inf where numbers do not allow it."""
    try:
        return bound()
    except (ArithmeticError, np.linalg.LinAlgError):
        return -math.inf
