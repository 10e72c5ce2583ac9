"""The EM algorithm for mixtures of products of a Gaussian and categories (formulations.players.mixed).

    E    r_ik   ~  w_k N(x_i; mean_k, S_k) prod over j of theta_kj(c_ij),   scaled to sum over k of r_ik = 1
    M    w_k    =  n_k / n,  n_k = sum over i of r_ik
         mean_k =  sum over i of r_ik x_i / n_k,  S_k their covariance about it, plus a floor on its diagonal
         theta_kj(c) = (sum of r_ik over the rows i with c_ij = c, plus a s_j(c)) / (n_k + a)

No step lowers the log-likelihood plus log Dirichlet densities of the theta_kj about s_j, the shares of all rows (and
half a row of every value: Krichevsky & Trofimov, 1981), as if a rows more had been seen in each component. So a value
that a component has not seen is unlikely there but not impossible. Dempster, Laird & Rubin, Maximum likelihood from
incomplete data via the EM algorithm, 1977.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from formulations.problem import Floats, Ints

PRIOR_ROWS = 1.0  # a
STEPS, TOLERANCE = 100, 1e-3  # in nats per row, as in scikit-learn
SMALLEST = 1e-9  # of a component, in rows


@dataclass(frozen=True, eq=False)
class Components:
    """A mixture of K: float64 weights (K,), means (K, d), lower triangular factors (K, d, d), log theta (K, L)."""

    weights: Floats
    means: Floats
    factors: Floats
    log_theta: Floats

    def log_joint(self, rows: Floats) -> Floats:
        """log w_k p_k of rows (n, d + L), as (K, n)."""
        d = self.means.shape[1]
        z = np.linalg.solve(self.factors, (rows[:, :d] - self.means[:, None]).swapaxes(1, 2))
        log_normal = -(z**2 + math.log(2 * math.pi)).sum(1) / 2
        log_sds = np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(1)
        joint: Floats = (np.log(self.weights) - log_sds)[:, None] + log_normal + self.log_theta @ rows[:, d:].T
        return joint

    def log_density(self, rows: Floats) -> Floats:
        """log p of rows (n, d + L), float64 (n,).

        >>> one = Components(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)), np.log([[0.25, 0.75]]))
        >>> one.log_density(np.array([[0.0, 0.0, 1.0]])).round(4)  # log 3/4 - log sqrt(2 pi)
        array([-1.2066])
        """
        return np.asarray(logsumexp(self.log_joint(rows), axis=0))


def by_k_means(rows: Floats, categories: Sequence[int], components: int, seed: int) -> Floats:
    """Responsibilities (K, n) to begin with: the clusters of rows, every column having a variance of 1.

    >>> by_k_means(np.array([[-1.0, 1, 0], [1, 0, 1]]), [2], 2, seed=0).sum(axis=0)
    array([1., 1.])
    """
    from sklearn.cluster import KMeans

    x, c = _parted(rows, categories)
    spread = np.sqrt(np.add.reduceat(c.var(0), _starts(categories))).repeat(categories)
    found = KMeans(components, n_init=1, random_state=seed).fit_predict(
        np.column_stack([x, c / np.where(spread > 0, spread, 1)])
    )
    return np.eye(components)[:, found]


def by_category(rows: Floats, categories: Sequence[int], j: int) -> Floats:
    """Responsibilities (K, n) to begin with: a component for each value of category j.

    >>> by_category(np.array([[-1.0, 1, 0], [1, 0, 1]]), [2], 0)
    array([[1., 0.],
           [0., 1.]])
    """
    start = _starts(categories)[j]
    return _parted(rows, categories)[1][:, start : start + categories[j]].T


def em(rows: Floats, categories: Sequence[int], r: Floats, shape: str, floor: float) -> Components:
    """The mixture that EM comes to for rows (n, d + L) of d numbers and one-hot vectors of these sizes.

    r      responsibilities (K, n) to begin with
    shape  of the covariances: "full", "tied" or "diag"; floor: what is added to the variances

    >>> x = np.array([[-1.0, 1, 0], [-1.1, 1, 0], [1.0, 0, 1], [1.2, 0, 1]])
    >>> np.exp(em(x, [2], by_category(x, [2], 0), "full", 1e-2).log_theta).max(axis=1).round(2)
    array([0.83, 0.83])
    """
    x, c = _parted(rows, categories)
    s, before = _shares(c, categories), -np.inf
    for _ in range(STEPS):
        found = _maximized(x, c, r, s, shape, floor)
        joint = found.log_joint(rows)
        log_p = logsumexp(joint, axis=0)
        if abs(log_p.mean() - before) < TOLERANCE:
            break
        before, r = log_p.mean(), np.exp(joint - log_p)
    return found


def _parted(rows: Floats, categories: Sequence[int]) -> tuple[Floats, Floats]:
    """Numbers (n, d), and one-hot vectors (n, L)."""
    d = rows.shape[1] - sum(categories)
    return rows[:, :d], rows[:, d:]


def _starts(categories: Sequence[int]) -> Ints:
    """Where each category begins among the L coordinates."""
    return np.asarray(np.cumsum([0, *categories[:-1]]))


def _shares(c: Floats, categories: Sequence[int]) -> Floats:
    """s (L,)."""
    seen = c.sum(0) + 0.5
    return np.asarray(seen / np.add.reduceat(seen, _starts(categories)).repeat(categories))


def _maximized(x: Floats, c: Floats, r: Floats, s: Floats, shape: str, floor: float) -> Components:
    """The M step, of responsibilities r (K, n)."""
    n_k = r.sum(1) + SMALLEST
    means = r @ x / n_k[:, None]
    apart = x - means[:, None]  # (K, n, d)
    if shape == "diag":
        covariances = ((r[:, None] @ apart**2)[:, 0] / n_k[:, None])[:, :, None] * np.eye(x.shape[1])
    else:
        covariances = (r[:, :, None] * apart).swapaxes(1, 2) @ apart / n_k[:, None, None]
    if shape == "tied":
        covariances = np.tensordot(n_k / n_k.sum(), covariances, 1)[None].repeat(len(n_k), axis=0)
    factors = np.linalg.cholesky(covariances + floor * np.eye(x.shape[1]))
    theta = (r @ c + PRIOR_ROWS * s) / (n_k + PRIOR_ROWS)[:, None]
    return Components(n_k / n_k.sum(), means, factors, np.log(theta))
