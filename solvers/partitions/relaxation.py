"""The semidefinite relaxation of a partition, by a proximal method on multipliers of its inequalities.

With u = sqrt(w / n) the matrices Z = uu' + W, W on the complement of u with eigenvalues in [0, 1] and trace k - 1, are
projected on by their eigenvalues. For such a W0 the multipliers y maximize

    min over W of <C - A(y), Z> + r'y + s/2 |W - W0|^2            C = -G

which is smooth and concave, with the violations of the inequalities at the best W as its gradient (by L-BFGS within
y >= 0); that W is the next W0. The most violated triangles join every other round. Malick, Povh, Rendl and Wiegele,
Regularization methods for semidefinite programming, 2009. Nothing here is proven: formulations.arithmetic says what a y
proves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from formulations.arithmetic.partition_bounds import Leaf, leaf_bound
from formulations.arithmetic.partition_inequalities import Inequalities
from formulations.arithmetic.partitions import SumOfSquares
from formulations.problem import Floats

PROXIMITY = 5.0  # s, where the squares sum to the number of items
STEPS = 60  # of L-BFGS a round
CUTS_PER_ITEM = 3  # that join at a time
VIOLATED = 1e-4  # from where a triangle joins, relative to what Y is on average
STALLED = 12  # rounds without progress after which it ends
PROGRESS = 0.01  # of the gap that is left, which counts as progress


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The state after a round: multipliers, what they prove, and the relaxed Y = Z / sqrt(w w')."""

    inequalities: Inequalities
    y: Floats
    bound: float
    Y: Floats

    @property
    def leaf(self) -> Leaf:
        """As a certificate."""
        return Leaf(self.inequalities.triangles, self.y)


def relaxed(form: SumOfSquares, start: Leaf | None, enough: float, late: Callable[[], bool]) -> Iterator[Relaxed]:
    """The best state after each round, until a bound of `enough` is proven, nothing improves, or it is late."""
    geometry = _Geometry.of(form)
    m, unit = len(form.weights), geometry.unit
    own = Inequalities.of(form, None if start is None else start.triangles)
    y = np.zeros(own.count) if start is None else start.y / unit
    W = (np.eye(m) - np.outer(geometry.u, geometry.u)) * ((form.k - 1) / max(m - 1, 1))
    best: Relaxed | None = None
    stalled = rounds = 0
    while not late():
        y, W = geometry.ascended(own, y, W)
        Y, bound = geometry.relation(W), leaf_bound(form, own, y * unit)
        better = best is None or bound > best.bound + PROGRESS * max(enough - best.bound, 0.0)
        stalled, rounds = 0 if better else stalled + 1, rounds + 1
        if best is None or bound > best.bound:
            best = Relaxed(own, y * unit, bound, Y)
        yield best
        if best.bound >= enough or stalled >= STALLED:
            return
        if rounds % 2 == 0:
            own, y = own.with_triangles(y, own.violated(Y, CUTS_PER_ITEM * m, VIOLATED * form.k / m))


@dataclass(frozen=True, eq=False)
class _Geometry:
    """C and u of a problem, the outer product sqrt(w w'), and the unit of its squares, in which multipliers are."""

    C: Floats
    u: Floats
    outer: Floats
    trace: float
    unit: float

    @classmethod
    def of(cls, form: SumOfSquares) -> _Geometry:
        root = np.sqrt(form.weights)
        scaled = root[:, None] * form.means
        unit = float((scaled**2).sum()) / len(root) or 1.0
        C: Floats = -(scaled @ scaled.T) / unit
        return cls(C, root / np.linalg.norm(root), np.outer(root, root), form.k - 1, unit)

    def relation(self, W: Floats) -> Floats:
        """Y for this W."""
        return np.asarray((W + np.outer(self.u, self.u)) / self.outer)

    def nearest(self, own: Inequalities, y: Floats, center: Floats) -> tuple[float, Floats]:
        """The minimum over W, and where it is."""
        M = self.C - own.matrix(y) / self.outer
        W = _projected(center - M / PROXIMITY, self.u, self.trace)
        paid = float((M * W).sum() + self.u @ M @ self.u + own.right @ y)
        return paid + PROXIMITY / 2 * float(((W - center) ** 2).sum()), W

    def ascended(self, own: Inequalities, y: Floats, center: Floats) -> tuple[Floats, Floats]:
        """Multipliers after some steps from y, and W there."""
        from scipy.optimize import minimize

        def descent(y: Floats) -> tuple[float, Floats]:
            value, W = self.nearest(own, y, center)
            return -value, own.at(self.relation(W))

        least = np.zeros(own.count)
        least[own.signless] = -np.inf
        bounds = np.column_stack([least, np.full(own.count, np.inf)])
        most = {"maxiter": STEPS, "maxfun": 2 * STEPS}
        better = minimize(descent, y, jac=True, method="L-BFGS-B", bounds=bounds, options=most).x
        return better, self.nearest(own, better, center)[1]


def _projected(M: Floats, u: Floats, trace: float) -> Floats:
    """The nearest matrix on the complement of u with eigenvalues within [0, 1] and that trace."""
    from scipy.linalg import eigh

    Mu = M @ u
    inner = M - np.outer(u, Mu) - np.outer(Mu, u) + (u @ Mu) * np.outer(u, u)
    values, vectors = eigh(inner - 4 * np.linalg.norm(M) * np.outer(u, u), driver="evd", check_finite=False)
    share = _capped(values[1:], trace)  # the first is u's own
    on = share > 0
    kept = vectors[:, 1:][:, on]
    return np.asarray((kept * share[on]) @ kept.T)


def _capped(values: Floats, total: float) -> Floats:
    """The nearest numbers within [0, 1] that sum to the total: all less one shift, and clipped.

    The sum as a function of the shift is piecewise linear, with corners at each value and at each value less 1.
    """
    corners = np.concatenate([values - 1, values])
    order = np.argsort(corners, kind="stable")
    at = corners[order]
    within = np.cumsum(np.where(order < len(values), 1, -1))  # how many fall with the shift after each corner
    sums = len(values) - np.concatenate([[0.0], np.cumsum(within[:-1] * np.diff(at))])
    after = int(np.searchsorted(-sums, -total, side="right")) - 1
    shift = at[after] + (sums[after] - total) / max(within[after], 1)
    return np.asarray((values - shift).clip(0, 1))
