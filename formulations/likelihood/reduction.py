"""Gaussian mixtures of fewer components: pairs are joined that change the density least.

Components i and j become the one that has the mean and covariance of both. With w their weights and S the covariances

    KL(mixture || joined)  <=  ((w_i + w_j) log det S_ij - w_i log det S_i - w_j log det S_j) / 2

and the pair of the least such bound is next (Runnalls, Kullback-Leibler approach to Gaussian mixture reduction, 2007).
"""

from __future__ import annotations

import numpy as np

from formulations.problem import Floats


def reduced(weights: Floats, means: Floats, factors: Floats, most: int) -> tuple[Floats, Floats, Floats]:
    """Weights (K,), means (K, d) and lower triangular factors (K, d, d) of a mixture of at most so many components.

    >>> weights, means, factors = reduced(np.full(3, 1 / 3), np.array([[-1.0], [1.0], [9.0]]), np.ones((3, 1, 1)), 2)
    >>> weights.round(2).tolist(), means.tolist(), factors.round(2).tolist()  # variance 1 + 1 of the first two
    ([0.67, 0.33], [[0.0], [9.0]], [[[1.41]], [[1.0]]])
    """
    w, mean, S = weights.copy(), means.copy(), factors @ factors.mT
    log_det = _log_det(S)
    left = np.ones(len(w), dtype=bool)
    cost = np.stack([_costs(w, mean, S, log_det, i) for i in range(len(w))])
    while left.sum() > most:
        i, j = np.unravel_index(cost.argmin(), cost.shape)
        together, both = _joined(w, mean, S, int(i))
        S[i], mean[i], w[i] = both[j], (w[i] * mean[i] + w[j] * mean[j]) / together[j], together[j]
        log_det[i], left[j] = _log_det(S[i]), False
        cost[j], cost[:, j] = np.inf, np.inf
        cost[i] = cost[:, i] = np.where(left, _costs(w, mean, S, log_det, int(i)), np.inf)
    factor = np.asarray(np.linalg.cholesky(S[left]), dtype=np.float64)
    return w[left], mean[left], factor


def _joined(w: Floats, mean: Floats, S: Floats, i: int) -> tuple[Floats, Floats]:
    """Weights and covariances of component i joined to each, (K,) and (K, d, d)."""
    together = w + w[i]
    a, b, apart = w / together, w[i] / together, mean - mean[i]
    spread = (a * b)[:, None, None] * apart[:, :, None] * apart[:, None, :]
    return together, a[:, None, None] * S + b[:, None, None] * S[i] + spread


def _costs(w: Floats, mean: Floats, S: Floats, log_det: Floats, i: int) -> Floats:
    """The bound for joining component i to each, infinite for itself, (K,)."""
    together, both = _joined(w, mean, S, i)
    cost: Floats = (together * _log_det(both) - w * log_det - w[i] * log_det[i]) / 2
    cost[i] = np.inf
    return cost


def _log_det(S: Floats) -> Floats:
    log_det: Floats = np.linalg.slogdet(S)[1]
    return log_det
