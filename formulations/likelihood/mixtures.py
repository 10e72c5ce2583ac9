"""Gaussian mixtures: synthetic data with known density and entropy, against which learnt models are evaluated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import product

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.special import entr, logsumexp
from torch import Generator, Tensor

from formulations.problem import Floats

ENTROPY_DRAWS = 1 << 16  # samples for the entropy where d > 1
QUADRATURE_REACH = 12  # standard deviations; beyond is a mass of 1 - Phi(12) = 2e-33


class GaussianMixture:
    """q(x) = sum over k of w_k N(x; mu_k, diag(s_k^2)), in d dimensions.

    >>> q = GaussianMixture([1, 1], [[-5.0], [5.0]], [1.0, 1.0])
    >>> round(q.entropy(), 4)  # log 2 + log sqrt(2 pi e) for components that hardly overlap
    2.1121
    >>> q.log_density([[5.0]]).round(4).tolist()
    [-1.6121]
    >>> q.sample(3, Generator().manual_seed(0)).shape
    torch.Size([3, 1])
    """

    def __init__(self, weights: ArrayLike, means: ArrayLike, sds: ArrayLike) -> None:
        """weights (K,), scaled to sum to 1; means (K, d); sds (K, d), or (K,) for isotropic components.

        Raises ValueError for shapes that do not match, or weights or sds that are not positive.
        """
        w, mu, s = (np.asarray(given, dtype=np.float64) for given in (weights, means, sds))
        if w.ndim != 1 or mu.ndim != 2 or len(mu) != len(w) or s.shape not in (w.shape, mu.shape):
            shapes = f"{w.shape}, {mu.shape} and {s.shape}"
            raise ValueError(
                f"weights, means and sds have shapes {shapes}; they must be (K,), (K, d) and (K,) or (K, d)"
            )
        for name, given in (("weights", w), ("sds", s)):
            if not (np.isfinite(given).all() and (given > 0).all()):
                raise ValueError(f"the {name} of a mixture are not all positive and finite: {given.tolist()}")
        self.weights: Floats = w / w.sum()
        self.means: Floats = mu
        self.sds: Floats = np.broadcast_to(s[:, None] if s.ndim == 1 else s, mu.shape)

    @property
    def dims(self) -> int:
        """d."""
        return int(self.means.shape[1])

    def sample(self, n: int, generator: Generator) -> Tensor:
        """n draws, float32 (n, d) on the generator's device."""
        device = generator.device
        weights, means, sds = (torch.tensor(part, device=device) for part in (self.weights, self.means, self.sds))
        k = torch.multinomial(weights, n, replacement=True, generator=generator)
        z = torch.randn(n, self.dims, generator=generator, device=device, dtype=torch.float64)
        return (means[k] + sds[k] * z).float()

    def _joint(self, x: ArrayLike) -> Floats:
        """log w_k N(x; mu_k, s_k), float64 (n, K)."""
        x = np.asarray(x, dtype=np.float64)
        constant = np.log(self.weights) - np.log(self.sds).sum(1) - self.dims / 2 * math.log(2 * math.pi)
        columns = zip(x.T, self.means.T, self.sds.T, strict=True)
        return np.asarray(constant - sum(((c[:, None] - mu) / s) ** 2 for c, mu, s in columns) / 2)

    def log_density(self, x: ArrayLike) -> Floats:
        """log q(x) for x (n, d), float64 (n,)."""
        return np.asarray(logsumexp(self._joint(x), axis=1))

    def entropy(self) -> float:
        """H(X) = -E log q(X) = H(k) + H(X | k) - H(k | X), in nats; only the last term has no closed form.

        For d = 1 by quadrature, to 1e-10; else by the mean over 2^16 samples, see `entropy_error`.
        """
        of_component = entr(self.weights).sum()
        within = np.log(self.sds).sum(1) + self.dims / 2 * math.log(2 * math.pi * math.e)
        return float(of_component + self.weights @ within - self._posterior_entropy[0])

    def entropy_error(self) -> float:
        """The standard error of `entropy`, in nats: 0 where d = 1 or the components are far apart."""
        return self._posterior_entropy[1]

    @cached_property
    def _posterior_entropy(self) -> tuple[float, float]:
        """H(k | X), k being the component of X, and its standard error."""
        if self.dims == 1:
            x, weight = self._quadrature()
            return float(weight @ (np.exp(self.log_density(x)) * self._posterior_entropy_at(x))), 0.0
        sampled = self._posterior_entropy_at(self.sample(ENTROPY_DRAWS, torch.Generator().manual_seed(0)))
        return float(sampled.mean()), float(sampled.std() / math.sqrt(ENTROPY_DRAWS))

    def _posterior_entropy_at(self, x: ArrayLike) -> Floats:
        """H(k | X = x), float64 (n,)."""
        joint = self._joint(x)
        return np.asarray(entr(np.exp(joint - logsumexp(joint, axis=1, keepdims=True))).sum(1))

    def _quadrature(self) -> tuple[Floats, Floats]:
        """Nodes (n, 1) and weights (n,): Gauss-Legendre between all points an integer number of sds from a mean."""
        ends = np.unique(self.means + self.sds * np.arange(-QUADRATURE_REACH, QUADRATURE_REACH + 1))
        node, weight = np.polynomial.legendre.leggauss(16)
        half = np.diff(ends)[:, None] / 2
        return (ends[:-1, None] + half * (1 + node)).reshape(-1, 1), (half * weight).ravel()


def ring(modes: int = 8, radius: float = 1.0, sd: float = 0.01) -> GaussianMixture:
    """Modes evenly spaced on a circle: 8 on that of radius 1, with sd 0.01 (Srivastava et al., VEEGAN, 2017).

    >>> ring().means[0].tolist(), len(ring().weights)
    ([1.0, 0.0], 8)
    """
    angle = 2 * math.pi * np.arange(modes) / modes
    return _with_equal_weights(radius * np.column_stack([np.cos(angle), np.sin(angle)]), sd)


def grid(places: Sequence[float] = (-4, -2, 0, 2, 4), sd: float = 0.05) -> GaussianMixture:
    """Modes on a square grid: 25 from -4 to 4, with sd 0.05 (Srivastava et al., VEEGAN, 2017).

    >>> grid().means[0].tolist(), len(grid().weights)
    ([-4.0, -4.0], 25)
    """
    return _with_equal_weights(np.array(list(product(places, repeat=2))), sd)


def mixture() -> GaussianMixture:
    """Three Gaussians in one dimension, of different weights and widths, that overlap a little.

    >>> round(mixture().entropy(), 4)
    1.6503
    """
    return GaussianMixture([0.3, 0.5, 0.2], [[-2.0], [0.5], [2.5]], [0.4, 0.8, 0.2])


def _with_equal_weights(means: Floats, sd: float) -> GaussianMixture:
    return GaussianMixture(np.ones(len(means)), means, np.full(len(means), sd))
