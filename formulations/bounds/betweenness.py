"""Who stands between whom: a semidefinite bound on the linear arrangement.

    minimize sum over pairs of w_ij |p_i - p_j|,     |p_i - p_j| = 1 + sum over k of d_k(i, j),

where d_k(i, j) = 1 if k stands between i and j. For each k that is a cut: z_k in {-1, 1}^(n-1) says on which side of k
the others stand, d_k(i, j) = (1 - z_ki z_kj) / 2; and of any three items exactly one stands between the other two:

    minimize  sum_ij w_ij + sum_k sum_ij w_ij (1 - Y_k[i, j]) / 2
    over      Y_k = z_k z_k', relaxed to positive semidefinite with unit diagonal
    subject to    Y_k[i, j] + Y_i[j, k] + Y_j[k, i] = 1     for all i, j, k         multipliers lambda_ijk

Dual: for any lambda, symmetric in its indices, and any delta with

    Z_k = Diag(delta_k) + (lambda_ijk - w_ij)_ij  positive semidefinite for all k,

no order costs less than  n/2 sum_ij w_ij - 1/2 sum_ijk lambda_ijk - 1/4 sum_ki delta_ki. For Robinson matrices this is
tight with lambda_ijk = min(w_ij, w_jk, w_ik); adding a constant to all w moves optimum and bound alike.

It is the block-diagonal part of the semidefinite relaxation in ordering variables (Anjos, Kennings and Vannelli,
Discrete Optimization 2005; Hungerlaender and Rendl, Computational Optimization and Applications 2013).
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from formulations.arithmetic.eigenvalues import least_eigenvalues
from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Floats

UNTIMED_ROUNDS = 100  # rounds where no time is set, fewer beyond 86 items
MOST_ROUNDS = 300  # by then the iteration has long settled to what a bound can show


def betweenness_bound(w: Floats, certificate: Any) -> float:
    """What (lambda, delta) prove of the linear arrangement of w; -inf if they are no such pair.

    Of lambda, float64 (n, n, n), the entries i < j < k count; delta float64 (n, n), its diagonal is ignored. A Z_k that
    is not positive semidefinite is made so by a shift of delta_k. w float64 (n, n), symmetric; its diagonal is ignored.
    """
    n = len(w)
    weights = w[np.triu_indices(n, 1)]
    if n < 3:
        return math.fsum(weights.tolist())
    found = arrays(certificate, (n, n, n), (n, n))
    if found is None:
        return -math.inf
    multipliers, delta = found
    item = np.arange(n)
    rising = (item[:, None, None] < item[:, None]) & (item[:, None] < item)
    chosen = np.where(rising, multipliers, 0)
    rest = np.nonzero(~np.eye(n, dtype=bool))[1].reshape(n, n - 1)  # all items but k
    shifts = delta[item[:, None], rest]
    i, j = rest[:, :, None], rest[:, None, :]
    Z = _over_all_orders(chosen)[item[:, None, None], i, j] - w[i, j]
    Z[:, np.arange(n - 1), np.arange(n - 1)] = shifts
    least = least_eigenvalues(Z) - 2 * ROUNDOFF * np.linalg.norm(Z, axis=(1, 2))  # the differences are rounded
    if not np.isfinite(least).all():
        return -math.inf
    terms = n / 2 * weights, -chosen[rising] / 2, -shifts.ravel() / 4, (n - 1) / 4 * least
    total = [float(t) for part in terms for t in part.tolist()]
    return math.fsum(total) - 4 * ROUNDOFF * math.fsum(map(abs, total))


def betweenness_multipliers(w: Floats, seconds: float) -> tuple[Floats, Floats]:
    """A good (lambda, delta) within about that time, never worse than lambda_ijk = min(w_ij, w_jk, w_ik).

    Without a limit it makes as many rounds as take some ten seconds, so that the same w gives the same multipliers.

    The boundary point method (Povh, Rendl and Wiegele, Computing 2006; Wen, Goldfarb and Yin 2010, over-relaxed): each
    constraint has its own entries of the matrices, so that a step is an average over the three blocks of a triple and
    a projection of n matrices, at the cost of n eigendecompositions: 0.2 s at n = 100, and 8 n^3 bytes per array.
    """
    end, n = time.monotonic() + seconds, len(w)
    item = np.arange(n)
    own = (item[:, None, None] == item[:, None]) | (item[:, None, None] == item)
    diagonal = (item[:, None] == item) & ~own
    apart = ~own & (item[:, None] != item)
    W = np.where(apart, w, 0)
    lowest = np.where(apart, np.minimum(np.minimum(w[:, :, None], w[:, None, :]), w), 0)
    best = lowest, (W - lowest).sum(axis=2)
    spread = float(w[~np.eye(n, dtype=bool)].std()) if n > 2 else 0.0
    if not spread > 0:
        return best
    value, sigma = _worth(*best), 0.1 / spread
    Y = np.where(apart, 1 / 12, 0) + np.where(diagonal, 1 / 4, 0)
    Z = np.zeros((n, n, n))
    rounds = MOST_ROUNDS if math.isfinite(seconds) else min(UNTIMED_ROUNDS, int(UNTIMED_ROUNDS * (86 / n) ** 3))
    for step in range(1, rounds + 1):
        target = W + Z + Y / sigma
        mean = (target + target.transpose(1, 0, 2) + target.transpose(2, 1, 0)) / 3
        y = np.where(apart, mean - 1 / 12 / sigma, np.where(diagonal, target - 1 / 4 / sigma, 0))
        late = time.monotonic() > end
        if late or step % 8 == 0:
            repaired = _repaired(y, W)
            if (found := _worth(*repaired)) > value:
                best, value = repaired, found
        if late:
            break
        V = y - W - Y / sigma
        Z = V + _lacking(V)[0]
        Y += 1.6 * (sigma * (Z - V) - Y)
    return best


def _over_all_orders(x: Floats) -> Floats:
    """The sum of x over the six orders of its three indices."""
    swapped = x + x.transpose(1, 0, 2)
    return np.asarray(swapped + swapped.transpose(2, 1, 0) + swapped.transpose(0, 2, 1))


def _lacking(S: Floats) -> tuple[Floats, Floats]:
    """The matrices that lift the negative eigenvalues of each S[k] to zero, and the largest such lift."""
    values, Q = np.linalg.eigh(S)
    lift = -np.minimum(values, 0)
    return np.asarray((Q * lift[:, None, :]) @ Q.transpose(0, 2, 1)), lift[:, 0]


def _repaired(y: Floats, W: Floats) -> tuple[Floats, Floats]:
    """lambda and delta of y, delta raised until all Z_k are positive semidefinite.

    To add the row sums of |N| covers a matrix -N by diagonal dominance; it costs less than a shift by the least
    eigenvalue where the eigenvector lives on few items.
    """
    n = len(y)
    item = np.arange(n)
    lack, lift = _lacking(y - W)
    dominant = np.abs(lack).sum(axis=2)
    cheaper = dominant.sum(axis=1) < (n - 1) * lift
    return y, y[:, item, item] + np.where(cheaper[:, None], dominant, lift[:, None])


def _worth(multipliers: Floats, delta: Floats) -> float:
    """The part of the bound that depends on lambda and delta, for Z_k that need no shift."""
    item = np.arange(len(delta))
    triples = float(multipliers.sum() - multipliers[:, item, item].sum()) / 6
    return -triples / 2 - float(delta.sum() - np.trace(delta)) / 4
