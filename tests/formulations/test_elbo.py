"""Bounds on the likelihood of variational autoencoders: in order, with right gradients, met where they are known."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import Generator, Tensor

from formulations.elbo import (
    VariationalAutoencoder,
    at_least,
    elbos,
    integrated,
    log_mean_weights,
    variational,
)
from formulations.likelihood.observed import Observed
from formulations.likelihood.pixels import Bernoulli, DiscretizedLogistic, Gaussian, Law
from formulations.players.autoencoders import dense_decoder, dense_encoder
from solvers import solve
from solvers.descent_ascent import DescentAscent

LAWS: list[Law] = [Bernoulli(), Gaussian(), DiscretizedLogistic(5, 2)]


def small(seed: int, law: Law, latent: int = 1, dims: int = 3) -> VariationalAutoencoder:
    torch.manual_seed(seed)
    encoder, decoder = dense_encoder((dims,), latent, 6), dense_decoder((dims,), latent, 6, law.numbers)
    f = VariationalAutoencoder(latent, encoder, decoder, copy.deepcopy(law))
    with torch.no_grad():
        for parameter in f.parameters():
            parameter.mul_(1.2)
    return f


def images(law: Law, n: int, dims: int = 3, seed: int = 0) -> Tensor:
    numbers = Generator().manual_seed(seed)
    x = torch.rand(n, dims, generator=numbers)
    return x if law.levels is None else (x * (law.levels - 1)).round() / (law.levels - 1)


def data_of(x: Tensor) -> Observed:
    half = len(x) // 2
    return Observed((1, 1, x.shape[1]), lambda n, _: x[:n], x[:half], [x[half:]], len(x) - half)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_gradients_of_the_elbo_are_those_of_finite_differences(law: Law) -> None:
    f = small(1, law, latent=2).double()
    x = images(law, 4).double()
    e = torch.randn(4, 2, generator=Generator().manual_seed(2), dtype=torch.float64)
    f.elbo(x, e).sum().backward()
    for parameter in f.parameters():
        assert parameter.grad is not None
        flat, slope = parameter.data.view(-1), parameter.grad.view(-1)
        for k in range(0, len(flat), max(1, len(flat) // 3)):
            here, by = flat[k].item(), 1e-6
            with torch.no_grad():
                flat[k] = here + by
                above = f.elbo(x, e).sum()
                flat[k] = here - by
                below = f.elbo(x, e).sum()
                flat[k] = here
            assert slope[k].item() == pytest.approx(((above - below) / (2 * by)).item(), rel=1e-5, abs=1e-6)


def by_quadrature(f: VariationalAutoencoder, x: Tensor) -> Any:
    """log p(x) by a sum over a fine grid of the code's one coordinate, E_q log w by Gauss and Hermite's rule."""
    z = torch.linspace(-20, 20, 8001, dtype=torch.float64).unsqueeze(-1)
    step = float(z[1] - z[0])
    log_joint = torch.stack([f.law.log_probability(row, f.decoder(z)).sum(-1) for row in x])
    log_joint = log_joint - z[:, 0].square() / 2 - math.log(2 * math.pi) / 2
    t, weight = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(120))
    m, log_s = f.posterior(x)
    nodes = (m + log_s.exp() * t).unsqueeze(-1)  # (rows, nodes, 1)
    given = torch.stack([f.law.log_probability(row, f.decoder(own)).sum(-1) for row, own in zip(x, nodes, strict=True)])
    log_w = given - (nodes[..., 0].square() - t.square()) / 2 + log_s
    return log_joint.logsumexp(1) + math.log(step), log_w @ weight / weight.sum()


@pytest.mark.parametrize("seed", range(200))
def test_bounds_never_cross(seed: int) -> None:
    """ELBO <= IWAE <= V for 200 random models, expectations by quadrature and by many draws; V by both rules."""
    law = LAWS[seed % 3]
    f = small(seed, law).double()
    x = images(law, 2, seed=seed).double()
    with torch.no_grad():
        log_p, elbo = by_quadrature(f, x)
        assert bool((elbo <= log_p + 1e-9).all())
        e = torch.randn(3000, 2, 1, generator=Generator().manual_seed(seed), dtype=torch.float64)
        log_w = f.log_weights(x, e)
        sampled = f.elbo(x.repeat(500, 1), e[:500].flatten(0, 1)).view(500, 2)
        error = 5 * sampled.std(0) / math.sqrt(500) + 1e-9
        assert bool(((sampled.mean(0) - elbo).abs() <= error).all())
        of_three = log_w.view(1000, 3, 2).logsumexp(1) - math.log(3)
        error = 5 * (of_three.std(0) + log_w.std(0)) / math.sqrt(1000) + 1e-9
        assert bool((log_w.mean(0) <= of_three.mean(0) + error).all())
        assert bool((of_three.mean(0) <= log_p + error).all())


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize("latent", [1, 2])
def test_the_integral_over_codes_is_the_mean_over_many_codes(law: Law, latent: int) -> None:
    f = small(3, law, latent)
    x = images(law, 5)
    values, error = integrated(f, x)
    with torch.no_grad():
        z = torch.randn(40_000, 1, latent, generator=Generator().manual_seed(0))
        drawn = f.log_given(x, z.expand(-1, 5, -1)).logsumexp(0) - math.log(40_000)
    assert values == pytest.approx(drawn.numpy(), abs=0.2)
    assert error < 1e-3
    if latent == 1:
        with torch.no_grad():
            exact = by_quadrature(f.double(), x.double())[0]
        assert values == pytest.approx(exact.numpy(), abs=1e-4)


def test_the_integral_is_for_few_coordinates() -> None:
    with pytest.raises(ValueError, match="codes have 3 coordinates"):
        integrated(small(0, Bernoulli(), 3), images(Bernoulli(), 2))


def test_a_coarse_grid_says_that_it_is_coarse() -> None:
    f = small(3, Gaussian(), 1)
    with torch.no_grad():
        f.law.log_sd.fill_(-4)  # p(x | z) is narrow then
    _, error = integrated(f, images(Gaussian(), 5), step=1.0)
    assert error > 0.1


def test_the_limit_by_markov_holds_as_often_as_it_says() -> None:
    """Of weights whose mean is known, log W - log(20) / n exceeds log p in at most 5 % of many draws."""
    numbers = np.random.default_rng(0)
    log_w = numbers.normal(-0.5, 1, size=(4000, 3))  # E w = 1
    exceeded = [at_least(row) > 0 for row in log_w]
    assert np.mean(exceeded) <= 0.05
    assert at_least(np.zeros(1), level=0.5) == pytest.approx(-math.log(2))


def test_codes_of_the_same_seed_are_the_same_however_rows_are_cut() -> None:
    f, x = small(0, Bernoulli()), images(Bernoulli(), 8)
    assert elbos(f, data_of(x), 1) == pytest.approx(elbos(f, data_of(x), 1))
    assert log_mean_weights(f, data_of(x), 5).shape == (4,)


def test_training_raises_the_bound_that_is_answered() -> None:
    """Of two opposite patterns with 3 % of pixels wrong the entropy is known; without a code 6 log 2 are lost."""
    x = torch.bernoulli(torch.full((400, 6), 0.97), generator=Generator().manual_seed(0))
    x[:200] = 1 - x[:200]
    data = Observed((1, 1, 6), lambda n, g: x[torch.randint(400, (n,), generator=g)], x, [x], 400)
    problem = variational(data, lambda _: small(0, Bernoulli(), dims=6), best=lambda rows: 0.0)
    settings = DescentAscent(
        method="simultaneous", optimizer=lambda p: torch.optim.Adam(p, lr=1e-2), iterations=300, batch=64, averaging=0.9
    )
    solution = solve(problem, settings)
    entropy = math.log(2) - 6 * (0.97 * math.log(0.97) + 0.03 * math.log(0.03))
    assert solution.value is not None
    assert -6 * math.log(2) + 1.5 < solution.value < -entropy + 0.2
    assert (solution.status, solution.bound) == ("feasible", 0.0)
    assert {"value", "iwae", "bound"} <= set(solution.stats["history"][0])


def test_a_value_beyond_the_bound_claims_nothing() -> None:
    x = images(Bernoulli(), 20)
    problem = variational(data_of(x), lambda _: small(0, Bernoulli()), best=lambda rows: -1e6)  # a lie
    solution = solve(problem, DescentAscent(method="simultaneous", iterations=1, batch=4))
    assert not solution.agrees
    assert "one of the two is wrong" in solution.message


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_laws_sum_to_one_and_draw_what_they_say(law: Law) -> None:
    numbers = Generator().manual_seed(0)
    law = copy.deepcopy(law).requires_grad_(False)
    theta = torch.randn(6, law.numbers, generator=numbers)
    many = theta.expand(40_000, 6, law.numbers)
    drawn = law.sample(many, numbers)
    if law.levels is None:
        line = torch.linspace(-8, 8, 8001, dtype=torch.float64).unsqueeze(-1)
        total = law.log_probability(line, theta.double()).exp().sum(0) * (line[1] - line[0])
        assert drawn.mean(0).numpy() == pytest.approx(law.mean(theta).detach().numpy(), abs=0.01)
    else:
        values = (torch.arange(law.levels) / (law.levels - 1)).unsqueeze(-1)
        shares = law.log_probability(values, theta.expand(law.levels, 6, law.numbers)).exp()
        total = shares.sum(0)
        assert set(drawn.unique().tolist()) <= set(values[:, 0].tolist())
        for value, share in zip(values[:, 0], shares, strict=True):
            assert (drawn == value).float().mean(0).numpy() == pytest.approx(share.numpy(), abs=0.012)
    assert total.detach().numpy() == pytest.approx(np.ones(6), abs=1e-4)
    x = drawn[:4]
    pairs = law.log_joint(x, theta.expand(3, 6, law.numbers)).detach()
    one_by_one = law.log_probability(x, theta).sum(-1, keepdim=True).detach()
    assert torch.allclose(pairs, one_by_one.expand(4, 3), rtol=1e-4)


def test_a_logistic_law_of_extreme_numbers_is_finite() -> None:
    law = DiscretizedLogistic(256)
    theta = torch.tensor([[0.0, m, s] for m in (-1e4, 0.0, 1e4) for s in (-1e4, 0.0, 1e4)]).requires_grad_()
    for x in (0.0, 0.5, 1.0):
        log_p = law.log_probability(torch.full((9,), x).mul(255).round() / 255, theta)
        (slope,) = torch.autograd.grad(log_p.sum(), theta)
        assert bool(log_p.isfinite().all())
        assert bool(slope.isfinite().all())


def test_the_closed_form_of_a_linear_gaussian_model_agrees_with_scipy() -> None:
    from formulations.probabilistic_pca import LinearAutoencoder

    torch.manual_seed(0)
    f = LinearAutoencoder(2, torch.randn(4)).double()
    x = torch.randn(5, 4, dtype=torch.float64)
    W, mu, s2 = f.decoder.W.detach().numpy(), f.decoder.mu.detach().numpy(), math.exp(2 * f.law.log_sd.item())
    expected = multivariate_normal(mu, W @ W.T + s2 * np.eye(4)).logpdf(x.numpy())
    assert f.log_density(x).detach().numpy() == pytest.approx(expected)
