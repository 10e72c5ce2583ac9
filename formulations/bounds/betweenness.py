"""The semidefinite betweenness bound on the linear arrangement problem.

    minimize sum over pairs of w_ij |p_i - p_j|,     |p_i - p_j| = 1 + sum over k of d_k(i, j),

where d_k(i, j) = 1 if k is between i and j, else 0. For each k that is a cut: z_k in {-1, 1}^(n-1) says on which side
of k the others are, d_k(i, j) = (1 - z_ki z_kj) / 2; and of any three items exactly one is between the other two:

    minimize  sum_ij w_ij + sum_k sum_ij w_ij (1 - Y_k[i, j]) / 2
    over      Y_k = z_k z_k', relaxed to positive semidefinite with unit diagonal
    subject to    Y_k[i, j] + Y_i[j, k] + Y_j[k, i] = 1     for all i, j, k         multipliers lambda_ijk

Dual: for any lambda, symmetric in its indices, and any delta with

    Z_k = Diag(delta_k) + (lambda_ijk - w_ij)_ij  positive semidefinite for all k,

no order costs less than  n/2 sum_ij w_ij - 1/2 sum_ijk lambda_ijk - 1/4 sum_ki delta_ki. For Robinson matrices this is
tight with lambda_ijk = min(w_ij, w_jk, w_ik); a constant added to all w changes optimum and bound by the same amount.

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

UNTIMED_ROUNDS = 100  # rounds without a time limit; fewer beyond 86 items
MOST_ROUNDS = 300  # at most; by then the iteration has converged to the accuracy of the bound


def betweenness_bound(w: Floats, certificate: Any) -> float:
    """The lower bound on the linear arrangement of w that the certificate (lambda, delta) proves; -inf if it is none.

    Of lambda, float64 (n, n, n), the entries i < j < k are used; delta float64 (n, n), its diagonal is ignored. A Z_k
    that is not positive semidefinite is made so by a shift of delta_k. w float64 (n, n), symmetric, diagonal ignored.

    >>> star = np.array([[0.0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]])  # at best 1 + 1 + 2
    >>> zero = np.zeros((4, 4, 4)), np.zeros((4, 4))  # a poor certificate, but valid
    >>> betweenness_bound(star, zero) < betweenness_bound(star, betweenness_multipliers(star, math.inf)) <= 4
    True
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
    increasing = (item[:, None, None] < item[:, None]) & (item[:, None] < item)
    chosen = np.where(increasing, multipliers, 0)
    rest = np.nonzero(~np.eye(n, dtype=bool))[1].reshape(n, n - 1)  # row k: all items but k
    shifts = delta[item[:, None], rest]
    i, j = rest[:, :, None], rest[:, None, :]
    Z = _over_all_orders(chosen)[item[:, None, None], i, j] - w[i, j]
    Z[:, np.arange(n - 1), np.arange(n - 1)] = shifts
    least = least_eigenvalues(Z) - 2 * ROUNDOFF * np.linalg.norm(Z, axis=(1, 2))  # the differences are rounded
    if not np.isfinite(least).all():
        return -math.inf
    terms = n / 2 * weights, -chosen[increasing] / 2, -shifts.ravel() / 4, (n - 1) / 4 * least
    total = [float(t) for part in terms for t in part.tolist()]
    return math.fsum(total) - 4 * ROUNDOFF * math.fsum(map(abs, total))


def betweenness_multipliers(w: Floats, seconds: float) -> tuple[Floats, Floats]:
    """A good certificate (lambda, delta), (n, n, n) and (n, n), within about that time.

    It is never worse than lambda_ijk = min(w_ij, w_jk, w_ik). For seconds = inf the number of rounds depends on n alone
    (ten seconds' worth), so that the same w gives the same multipliers.

    The boundary point method (Povh, Rendl and Wiegele, Computing 2006; Wen, Goldfarb and Yin 2010, over-relaxed): each
    constraint has its own entries of the matrices, so that a step is an average over the three blocks of a triple and
    a projection of n matrices, at the cost of n eigendecompositions: 0.2 s at n = 100, and 8 n^3 bytes per array.

    >>> robinson = np.array([[0.0, 2, 1], [2, 0, 2], [1, 2, 0]])  # its best order costs 2 + 2 + 2 * 1
    >>> round(betweenness_bound(robinson, betweenness_multipliers(robinson, math.inf)), 6)
    6.0
    """
    end, n = time.monotonic() + seconds, len(w)

    # Arrays indexed [k, i, j]: i or j is k; i = j, not k; or all three distinct.
    item = np.arange(n)
    own = (item[:, None, None] == item[:, None]) | (item[:, None, None] == item)
    diagonal = (item[:, None] == item) & ~own
    distinct = ~own & (item[:, None] != item)
    W = np.where(distinct, w, 0)
    lowest = np.where(distinct, np.minimum(np.minimum(w[:, :, None], w[:, None, :]), w), 0)
    best = lowest, (W - lowest).sum(axis=2)
    spread = float(w[~np.eye(n, dtype=bool)].std()) if n > 2 else 0.0
    if not spread > 0:
        return best

    # Y is a quarter of the primal matrices, Z the dual ones, y = lambda and delta, sigma the penalty parameter.
    value, sigma = _bound_terms(*best), 0.1 / spread
    Y = np.where(distinct, 1 / 12, 0) + np.where(diagonal, 1 / 4, 0)
    Z = np.zeros((n, n, n))
    rounds = MOST_ROUNDS if math.isfinite(seconds) else min(UNTIMED_ROUNDS, int(UNTIMED_ROUNDS * (86 / n) ** 3))
    for step in range(1, rounds + 1):
        target = W + Z + Y / sigma
        mean = (target + target.transpose(1, 0, 2) + target.transpose(2, 1, 0)) / 3
        y = np.where(distinct, mean - 1 / 12 / sigma, np.where(diagonal, target - 1 / 4 / sigma, 0))
        late = time.monotonic() > end
        if late or step % 8 == 0:
            repaired = _repaired(y, W)
            if (found := _bound_terms(*repaired)) > value:
                best, value = repaired, found
        if late:
            break
        V = y - W - Y / sigma
        Z = V + _negative_part(V)[0]
        Y += 1.6 * (sigma * (Z - V) - Y)
    return best


def _over_all_orders(x: Floats) -> Floats:
    """The sum of x over the six permutations of its three indices."""
    swapped = x + x.transpose(1, 0, 2)
    return np.asarray(swapped + swapped.transpose(2, 1, 0) + swapped.transpose(0, 2, 1))


def _negative_part(S: Floats) -> tuple[Floats, Floats]:
    """N with S + N the projection of each S[k] onto the positive semidefinite cone, and N[k]'s largest eigenvalues."""
    values, Q = np.linalg.eigh(S)
    lift = -np.minimum(values, 0)
    return np.asarray((Q * lift[:, None, :]) @ Q.transpose(0, 2, 1)), lift[:, 0]


def _repaired(y: Floats, W: Floats) -> tuple[Floats, Floats]:
    """lambda and delta of y, with delta raised so that all Z_k are positive semidefinite (up to rounding).

    For each k by the row sums of |N|, N the negative part, which suffices by diagonal dominance, or by the least
    eigenvalue, whichever costs less: the former where the eigenvector has few large entries.
    """
    n = len(y)
    item = np.arange(n)
    negative, lift = _negative_part(y - W)
    dominant = np.abs(negative).sum(axis=2)
    cheaper = dominant.sum(axis=1) < (n - 1) * lift
    return y, y[:, item, item] + np.where(cheaper[:, None], dominant, lift[:, None])


def _bound_terms(multipliers: Floats, delta: Floats) -> float:
    """The terms of the bound that depend on lambda and delta, if all Z_k are positive semidefinite."""
    item = np.arange(len(delta))
    triples = float(multipliers.sum() - multipliers[:, item, item].sum()) / 6
    return -triples / 2 - float(delta.sum() - np.trace(delta)) / 4
