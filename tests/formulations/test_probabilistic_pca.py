"""The linear autoencoder: its likelihood, its exact bound, and the best that any of its kind can do."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from formulations.elbo import variational
from formulations.gan import drawn
from formulations.likelihood.data import Data
from formulations.likelihood.mixtures import GaussianMixture
from formulations.likelihood.observed import Observed
from formulations.probabilistic_pca import LinearAutoencoder, best_likelihood, sandwich
from solvers import solve
from solvers.descent_ascent import DescentAscent


def rows(n: int, d: int, seed: int = 0) -> Tensor:
    numbers = np.random.default_rng(seed)
    spectrum = np.linspace(0.1, 2.0, d) ** 2
    return torch.tensor(numbers.normal(size=(n, d)) * spectrum @ np.linalg.qr(numbers.normal(size=(d, d)))[0])


def placed(x: Tensor, latent: int) -> LinearAutoencoder:
    """The best one, by the closed form, encoder and all."""
    d = x.shape[1]
    mean, S = x.mean(0), torch.cov(x.T, correction=0)
    values, vectors = torch.linalg.eigh(S)
    values, vectors = values.flip(0), vectors.flip(1)
    s2 = values[latent:].mean()
    W = vectors[:, :latent] * (values[:latent] - s2).sqrt()
    f = LinearAutoencoder(latent, mean).double()
    M = W.T @ W + s2 * torch.eye(latent, dtype=x.dtype)
    with torch.no_grad():
        f.decoder.W.copy_(W)
        f.decoder.mu.copy_(mean)
        f.law.log_sd.copy_(s2.log() / 2)
        f.encoder.mean.weight.copy_(torch.linalg.solve(M, W.T))
        f.encoder.log_sd.copy_((s2 / M.diagonal()).log() / 2)
    assert d == W.shape[0]
    return f


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("latent", [1, 3])
def test_the_best_reaches_the_bound_and_its_elbo_is_tight(seed: int, latent: int) -> None:
    x = rows(200, 5, seed)
    f = placed(x, latent)
    bound = best_likelihood(x.numpy(), latent)
    assert f.log_density(x).mean().item() == pytest.approx(bound, abs=1e-9)
    assert torch.allclose(f.elbo(x), f.log_density(x))
    with torch.no_grad():
        for parameter in f.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=Generator().manual_seed(seed)))
        assert float(f.log_density(x).mean()) < bound
        assert bool((f.elbo(x) < f.log_density(x)).all())


def test_the_exact_elbo_is_the_mean_of_the_sampled_one() -> None:
    x = rows(6, 4)
    f = placed(rows(300, 4), 2)
    with torch.no_grad():
        f.encoder.mean.weight.add_(0.05)
    e = torch.randn(4000, 6, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        sampled = torch.stack([super(LinearAutoencoder, f).elbo(x, one) for one in e])
        assert torch.allclose(f.elbo(x), sampled.mean(0), atol=5 * float(sampled.std(0).max()) / math.sqrt(4000))
        weighed = f.log_weights(x, e).logsumexp(0) - math.log(4000)
        assert torch.allclose(weighed, f.log_density(x), atol=0.1)


def test_gradients_of_the_exact_elbo_vanish_at_the_closed_form() -> None:
    x = rows(300, 6)
    f = placed(x, 2)
    f.elbo(x).mean().backward()
    for parameter in f.parameters():
        assert parameter.grad is not None
        assert float(parameter.grad.abs().max()) < 1e-8


def test_where_there_is_no_bound_none_is_given() -> None:
    x = rows(50, 4).numpy()
    assert best_likelihood(x, 4) is None
    assert best_likelihood(np.column_stack([x[:, 0], x[:, 0], x[:, 0]]), 1) is None  # all on a line: sd 0 is best


def test_training_comes_to_the_closed_form() -> None:
    x = rows(200, 6).float() / 10
    data = Observed((1, 1, 6), lambda n, g: x, x, [x], 200)
    problem = variational(data, lambda _: LinearAutoencoder(2, x.mean(0)), partial(best_likelihood, latent=2))
    steps = 1000
    settings = DescentAscent(
        method="simultaneous",
        optimizer=partial(torch.optim.Adam, lr=2e-2),
        schedule=lambda step: (1 + math.cos(math.pi * step / steps)) / 2,
        iterations=steps,
        batch=200,
        averaging=0.99,
    )
    solution = solve(problem, settings, gap=1e-3)
    assert solution.value is not None
    assert solution.bound is not None
    assert -1e-6 <= solution.bound - solution.value < 1e-3
    assert solution.status == "optimal"


def known(d: int, latent: int, n: int = 4000) -> Data:
    sds = np.r_[np.linspace(1.0, 0.5, latent), np.full(d - latent, 0.2)]
    return drawn(GaussianMixture([1.0], np.zeros((1, d)), sds[None]), n)


@pytest.mark.parametrize("off", [0.0, 0.02])
def test_the_sandwich_holds_the_truth(off: float) -> None:
    """Of the closed form of the training rows, or one with a wrong mean: E log p is known between normal laws."""
    data = known(6, 2)
    f = placed(data.train.double(), 2)
    with torch.no_grad():
        f.decoder.mu.add_(off)
    W, mu, s2 = f.decoder.W.detach().numpy(), f.decoder.mu.detach().numpy(), math.exp(2 * f.law.log_sd.item())
    C, sigma = W @ W.T + s2 * np.eye(6), np.diag(data.density.sds[0] ** 2)  # type: ignore[union-attr]
    log_det = np.linalg.slogdet(C)[1]
    truth = -(6 * math.log(2 * math.pi) + log_det + np.trace(np.linalg.solve(C, sigma + np.outer(mu, mu)))) / 2
    found = sandwich(f, data)
    assert found["elbo_at_least"] <= truth <= found["likelihood_at_most"]
    assert found["likelihood_between"][0] <= truth <= found["likelihood_between"][1]
    assert found["likelihood_at_most"] - found["elbo_at_least"] < 0.02


def test_a_poor_encoder_widens_the_sandwich_from_below() -> None:
    data = known(6, 2)
    f = placed(data.train.double(), 2)
    tight = sandwich(f, data)
    with torch.no_grad():
        f.encoder.log_sd.add_(1.0)
    wide = sandwich(f, data)
    assert wide["elbo_at_least"] < tight["elbo_at_least"] - 0.5
    assert wide["likelihood_at_most"] == tight["likelihood_at_most"]


def test_rows_of_an_unknown_law_have_no_weak_dual() -> None:
    data = known(3, 1)
    with pytest.raises(ValueError, match="the law of the rows is unknown"):
        sandwich(LinearAutoencoder(1, torch.zeros(3)), Data(data.train, data.watch, data.held_out))
