"""Probabilistic principal components: the linear autoencoder, whose likelihood and best likelihood are known.

With x = mu + W z + s e, z ~ N(0, I_k) and e ~ N(0, I_d), the law of x is N(mu, C), C = W W' + s^2 I, so that on rows
with mean m and covariance S (divided by n)

    V(mu, W, s)  =  -(d log 2 pi + log det C + tr C^-1 (S + (m - mu)(m - mu)')) / 2

and for all of them, with l_1 >= ... >= l_d the eigenvalues of S (Tipping & Bishop, Probabilistic principal component
analysis, 1999),

    V  <=  -(d log 2 pi + sum over i <= k of log l_i + (d - k) log s^2 + d) / 2,    s^2 = mean of l_(k+1), ..., l_d

with equality at mu = m and W = U_k (diag(l_1, ..., l_k) - s^2 I)^(1/2) R, for any rotation R. The posterior of z is
normal with mean M^-1 W' (x - mu) and covariance s^2 M^-1, M = W' W + s^2 I. An autoencoder with a linear encoder and
codes of independent coordinates has it where M is diagonal, which R can make it: its ELBO has the same maximum, and no
other local ones (Lucas et al., Don't blame the ELBO!, 2019).

Those bounds are on given rows. For rows of a law q whose entropy is known, the weak dual bounds E_q log p from above by
any discriminator, such as log q' - log p, q' the normal law of the training rows (formulations.gan): `sandwich`.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from formulations.elbo import VariationalAutoencoder
from formulations.gan import evidence
from formulations.likelihood.data import Data, mapped
from formulations.likelihood.held_out import likelihood_interval
from formulations.likelihood.pixels import Gaussian
from formulations.players.generators import Gaussian as NormalGenerator
from formulations.players.generators import normal
from formulations.problem import Floats

LOG_2_PI = math.log(2 * math.pi)
LEAST_NOISE = 1e-12  # of s^2 relative to the largest eigenvalue: below it the likelihood is unbounded


class _Linear(nn.Module):
    """Rows (batch, ...) -> mean and log sd of a code: linear, and the same for all rows."""

    center: Tensor

    def __init__(self, dims: int, latent: int, center: Tensor) -> None:
        super().__init__()
        self.mean = nn.Linear(dims, latent, bias=False)
        self.log_sd = nn.Parameter(torch.zeros(latent))
        self.register_buffer("center", center)

    def forward(self, x: Tensor) -> Tensor:
        mean = self.mean(x.flatten(1) - self.center)
        return torch.cat([mean, self.log_sd.expand_as(mean)], dim=-1)


class _Decoder(nn.Module):
    """Codes (..., latent) -> mu + W z, (..., dims, 1)."""

    def __init__(self, dims: int, latent: int, center: Tensor) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(dims, latent) / math.sqrt(10 * dims))
        self.mu = nn.Parameter(center.clone())

    def forward(self, z: Tensor) -> Tensor:
        return (self.mu + z @ self.W.mT).unsqueeze(-1)


class LinearAutoencoder(VariationalAutoencoder):
    """x ~ N(mu + W z, s^2 I) and q(z | x) = N(A (x - m), diag(t)^2): ELBO and V need no samples.

    >>> f, x = LinearAutoencoder(2, torch.zeros(3)), torch.ones(5, 3)
    >>> f.log_density(x).shape, bool((f.elbo(x) <= f.log_density(x)).all())
    (torch.Size([5]), True)
    """

    decoder: _Decoder
    law: Gaussian

    def __init__(self, latent: int, center: Tensor) -> None:
        """center: the mean of the training rows, (d,), where mu begins."""
        d = len(center)
        super().__init__(latent, _Linear(d, latent, center), _Decoder(d, latent, center), Gaussian())

    def elbo(self, x: Tensor, e: Tensor | None = None) -> Tensor:
        """Its expectation over e, which needs none: (batch,)."""
        m, log_t = self.posterior(x)
        variance = (2 * log_t).exp()
        kl = (m.square() + variance - 1).sum(-1) / 2 - log_t.sum(-1)
        spread = (variance * self.decoder.W.square().sum(0)).sum(-1) * (-2 * self.law.log_sd).exp() / 2
        return self.log_given(x, m) - spread - kl

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x), (batch,)."""
        W, s2 = self.decoder.W, (2 * self.law.log_sd).exp()
        d, k = W.shape
        L = torch.linalg.cholesky(W.mT @ W + s2 * torch.eye(k, dtype=W.dtype, device=W.device))
        y = x.flatten(1) - self.decoder.mu
        part = torch.linalg.solve_triangular(L, (y @ W).mT, upper=False).square().sum(0)
        log_det = 2 * L.diagonal().log().sum() + (d - k) * s2.log()
        return -torch.as_tensor(d * LOG_2_PI + log_det + (y.square().sum(-1) - part) / s2) / 2


def best_likelihood(rows: Floats, latent: int) -> float | None:
    """The most that V can be on these rows, (n, d), for codes of so many coordinates; None where it has no bound.

    >>> rows = np.random.default_rng(0).normal(size=(1000, 3))
    >>> round(best_likelihood(rows, 1), 1)  # -3 (log 2 pi + 1) / 2, about
    -4.2
    """
    n, d = rows.shape
    if latent >= d or n < 2:
        return None
    eigenvalues = np.linalg.eigvalsh(np.cov(rows.T, bias=True).reshape(d, d))[::-1]
    noise = float(eigenvalues[latent:].mean())
    if not noise > LEAST_NOISE * eigenvalues[0]:
        return None
    kept = np.maximum(eigenvalues[:latent], noise)
    return -float(d * LOG_2_PI + np.log(kept).sum() + (d - latent) * math.log(noise) + d) / 2


def sandwich(f: LinearAutoencoder, data: Data, level: float = 0.95) -> dict[str, Any]:
    """Of rows whose law q is known: what E_q ELBO is at least, and E_q log p at most, each at that confidence.

    elbo_at_least       by the central limit theorem
    likelihood_between  E_q log p, by the same
    likelihood_at_most  by the weak dual, at every sample size

    Raises ValueError where the entropy of q is unknown.

    >>> from formulations.gan import drawn
    >>> from formulations.likelihood.mixtures import GaussianMixture
    >>> data = drawn(GaussianMixture([1.0], [[0.0, 0.0]], [1.0]), 1000)
    >>> found = sandwich(LinearAutoencoder(1, torch.zeros(2)), data)
    >>> found["elbo_at_least"] < found["likelihood_between"][0] < found["likelihood_at_most"]
    True
    """
    if data.density is None or data.entropy is None:
        raise ValueError("the law of the rows is unknown, so there is no weak dual; give draws of a known one")
    f = copy.deepcopy(f).double()
    W, d = f.decoder.W.detach(), f.decoder.W.shape[0]
    C = W @ W.mT + (2 * f.law.log_sd.detach()).exp() * torch.eye(d, dtype=W.dtype)
    units = torch.zeros(d), torch.ones(d)
    p = NormalGenerator.of(f.decoder.mu.detach().numpy(), torch.linalg.cholesky(C).numpy(), *units)
    train = data.train.double()
    factor = torch.linalg.cholesky(torch.cov(train.mT).view(d, d))
    fitted = NormalGenerator.of(train.mean(0).numpy(), factor.numpy(), *units)
    players = {"f": p, "d": lambda x: fitted.log_density(x) - p.log_density(x)}
    found = evidence(data, normal(d), players, level)
    # log q is a control variate: its mean is known, and most of the noise is common
    elbo = mapped(f.elbo, data.held_out.double()) - mapped(data.density.log_density, data.held_out) - data.entropy
    return {
        "elbo_at_least": likelihood_interval(elbo, level)[0],
        "likelihood_between": found["likelihood_between"],
        "likelihood_at_most": found["likelihood_at_most"],
    }
