"""Generators: densities that integrate to 1 and match the samples, with members stacked and without."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from formulations.players import flows
from formulations.players.flows import Flow
from formulations.players.generators import (
    Gaussian,
    KnownDensity,
    Mixture,
    discriminator,
    expectation,
    free,
    normal,
)
from formulations.players.networks import Fourier, Standardize

CENTER, SCALE = torch.tensor([3.0, -20.0]), torch.tensor([0.01, 7.0])
KINDS: dict[str, Callable[[Tensor, Tensor, torch.Generator], KnownDensity]] = {
    "gaussian": Gaussian,
    "mixture": lambda center, scale, generator: Mixture(3, center, scale, generator),
    "flow": Flow,
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def made(kind: str, d: int, seed: int = 0, push: float = 0.3) -> KnownDensity:
    """A generator away from its start, in float64."""
    f = KINDS[kind](CENTER[:d], SCALE[:d], seeded(seed)).double()
    with torch.no_grad():
        for parameter in f.parameters():
            parameter += push * torch.randn(parameter.shape, generator=seeded(seed + 1))
    return f


def stacked(*modules: nn.Module) -> Any:
    """The modules as one, its parameters with a leading dimension of members, as a solver makes them."""
    one = copy.deepcopy(modules[0])
    for name, _ in modules[0].named_parameters():
        owner, _, key = name.rpartition(".")
        together = torch.stack([module.get_parameter(name).detach() for module in modules])
        setattr(one.get_submodule(owner), key, nn.Parameter(together))
    return one


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_line_the_density_is_that_of_the_samples(kind: str) -> None:
    f = made(kind, 1)
    with torch.no_grad():
        x = f(normal(f.latent)(50_000, seeded(5)).double())[:, 0].numpy()
        grid = float(CENTER[0]) + float(SCALE[0]) * torch.linspace(-15, 15, 30_001, dtype=torch.float64)
        density = f.log_density(grid[:, None]).exp().numpy()
    step = float(grid[1] - grid[0])
    cdf = (np.cumsum(density) - density / 2) * step
    assert cdf[-1] == pytest.approx(1, abs=1e-4)
    assert kstest(x, lambda t: np.interp(t, grid.numpy(), cdf)).pvalue > 0.01


def moments(y: Tensor) -> Tensor:
    """The first and second ones, and how much of it is in a corner."""
    a, b = y.T
    return torch.stack([a, b, a**2, a * b, b**2, ((a > 0.5) & (b > 0.2)).double()], dim=1)


@pytest.mark.parametrize("kind", KINDS)
def test_in_the_plane_the_density_integrates_to_1_and_gives_the_samples_moments(kind: str) -> None:
    f = made(kind, 2)
    with torch.no_grad():
        x = f(normal(f.latent)(100_000, seeded(6)).double())
        low, high = (x.mean(0) - 6 * x.std(0)), (x.mean(0) + 6 * x.std(0))
        axes = [torch.linspace(float(a), float(b), 301, dtype=torch.float64) for a, b in zip(low, high, strict=True)]
        points = torch.cartesian_prod(*axes)
        p = f.log_density(points).exp() * math.prod(float(axis[1] - axis[0]) for axis in axes)
    inside = ((x > low) & (x < high)).all(1)
    assert float(p.sum()) == pytest.approx(float(inside.double().mean()), abs=2e-3)
    of_samples, of_density = (moments((given - x.mean(0)) / x.std(0)) for given in (x[inside], points))
    assert torch.allclose(p @ of_density, of_samples.mean(0), atol=0.03)


def test_gaussians_and_mixtures_have_torchs_densities() -> None:
    f = made("gaussian", 2)
    assert isinstance(f, Gaussian)
    x = f(normal(2)(20, seeded()).double())
    factor = torch.diag(SCALE.double()) @ (f.lower.tril(-1) + torch.diag(f.log_sd[0].exp()))
    expected = MultivariateNormal(CENTER + SCALE * f.mean[0], scale_tril=factor).log_prob(x)
    assert torch.allclose(f.log_density(x), expected)

    g = made("mixture", 2)
    assert isinstance(g, Mixture)
    parts = [
        MultivariateNormal(
            CENTER + SCALE * mean, scale_tril=SCALE[:, None] * (lower.tril(-1) + torch.diag(log_sd.exp()))
        ).log_prob(x)
        for mean, log_sd, lower in zip(g.means, g.log_sds, g.lower, strict=True)
    ]
    assert torch.allclose(g.log_density(x), (g.logits.log_softmax(-1) + torch.stack(parts, -1)).logsumexp(-1))


def test_a_flow_is_inverted_to_the_last_digits_however_steep() -> None:
    f = made("flow", 2, push=1.5)
    z = normal(2)(1000, seeded()).double().requires_grad_()
    x = f(z)
    rows = [torch.autograd.grad(x[:, j].sum(), z, retain_graph=True)[0] for j in range(2)]
    jacobian, z = torch.stack(rows, 1), z.detach()
    expected = MultivariateNormal(torch.zeros(2).double(), torch.eye(2).double()).log_prob(z) - jacobian.logdet()
    assert torch.allclose(f.log_density(x), expected, atol=1e-6)


@pytest.mark.parametrize("d", [1, 2, 4])
def test_a_flow_at_a_mixture_has_its_density(d: int) -> None:
    mixture = Mixture(5, torch.zeros(d), torch.ones(d), seeded()).double()
    with torch.no_grad():
        mixture.lower += torch.randn(mixture.lower.shape, generator=seeded(1))
        mixture.logits += torch.randn(mixture.logits.shape, generator=seeded(2))
    f = Flow.at(mixture, seeded()).double()
    x = mixture(normal(mixture.latent)(200, seeded(3)).double()).detach()
    assert torch.allclose(f.log_density(x), mixture.log_density(x))
    made, drawn = f(normal(d)(20_000, seeded(4)).double()), mixture(normal(1 + d)(20_000, seeded(5)).double())
    for of_flow, of_mixture in zip(made.T, drawn.T, strict=True):
        assert kstest(of_flow.detach().numpy(), of_mixture.detach().numpy()).pvalue > 1e-3


def test_noise_that_is_placed_stays_there_while_the_rest_is_sought(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors at the rounding halve no more; bisecting there would lead away again."""
    f, z = made("flow", 1, push=1.5).float(), normal(1)(4096, seeded())
    sought: list[int] = []
    stepped = flows._stepped

    def once(*parts: Tensor) -> tuple[Tensor, ...]:
        state = stepped(*parts)
        assert torch.equal(state[0][~state[-1]], parts[4][~state[-1]])
        sought.append(len(parts[0]))
        return state

    monkeypatch.setattr(flows, "_stepped", once)
    with torch.no_grad():
        f(z)
    assert sought[0] == 4096 > sought[4]
    assert len(sought) < 20


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("d", [1, 2])
def test_members_compute_the_same_as_one_by_one(kind: str, d: int) -> None:
    alone = [made(kind, d, seed) for seed in (0, 10, 20)]
    together = stacked(*alone)
    z = torch.stack([normal(alone[0].latent)(7, seeded(seed)) for seed in range(3)]).double()
    x = together(z)
    assert x.shape == (3, 7, d)
    assert torch.allclose(x, torch.stack([f(part) for f, part in zip(alone, z, strict=True)]))
    of_each = torch.stack([f.log_density(part) for f, part in zip(alone, x, strict=True)])
    assert torch.allclose(together.log_density(x), of_each)

    def g(samples: Tensor) -> Tensor:
        return (((samples - CENTER[:d]) / SCALE[:d]).square().sum(-1) / 9).exp()

    each = torch.stack([expectation(f, g, part) for f, part in zip(alone, z, strict=True)])
    assert each.shape == (3, 7)
    assert torch.allclose(expectation(together, g, z), each)


def test_networks_stack_too_and_take_data_of_any_scale() -> None:
    alone = [free(4, [8], CENTER, SCALE, seeded(seed)) for seed in range(3)]
    z = normal(4)(21, seeded()).view(3, 7, 4)
    x = stacked(*alone)(z)
    assert torch.allclose(x, torch.stack([f(part) for f, part in zip(alone, z, strict=True)]), atol=1e-6)
    for octaves in (0, 3):
        judges = [discriminator([8, 8], CENTER, SCALE, seeded(seed), octaves) for seed in range(3)]
        one_by_one = torch.stack([d(part) for d, part in zip(judges, x, strict=True)])
        assert one_by_one.shape == (3, 7)
        assert torch.allclose(stacked(*judges)(x), one_by_one, atol=1e-5)
        plain = discriminator([8, 8], torch.zeros(2), torch.ones(2), seeded(0), octaves)
        assert torch.allclose(judges[0](x[0]), plain((x[0] - CENTER) / SCALE), atol=1e-5)


def test_a_discriminator_learns_of_waves_only_once_it_is_told_that_it_is_late_enough() -> None:
    x = normal(2)(40, seeded()) * SCALE[:2] + CENTER[:2]
    d = discriminator([8], CENTER[:2], SCALE[:2], seeded(), 3, begins=0.5)
    plain = discriminator([8], CENTER[:2], SCALE[:2], seeded(), 3)
    first = d[2][0].get_parameter("weight")  # type: ignore[index]

    def slopes(judge: Any, share: float | None) -> Tensor:
        weight = judge[2][0].get_parameter("weight")
        told = [] if share is None else [torch.full((40,), share)]
        return torch.autograd.grad(judge(x, *told).sum(), weight)[0]

    early, late, alone = slopes(d, 0.49), slopes(d, 0.5), slopes(d, None)
    assert not first[2:].any()
    assert first[:2].all()
    assert not early[2:].any()
    assert early[:2].any()
    assert late[2:].any()
    assert torch.equal(late, alone)
    assert torch.equal(d(x, torch.zeros(40)), d(x))
    assert slopes(plain, 0.0)[2:].any()  # begins = 0: it sees them from the start
    assert plain[2][0].get_parameter("weight")[2:].all()  # type: ignore[index]


def test_a_mixtures_expectation_is_the_samples_mean_and_differentiable_in_the_weights() -> None:
    f = made("mixture", 1)
    assert isinstance(f, Mixture)

    def g(samples: Tensor) -> Tensor:
        return ((samples[..., 0] - CENTER[0]) / SCALE[0]).tanh()

    exact = expectation(f, g, normal(2)(200_000, seeded(1)).double()).mean()
    sampled = g(f(normal(2)(200_000, seeded(2)).double())).mean()
    assert float((exact - sampled).detach()) == pytest.approx(0, abs=0.01)

    (gradient,) = torch.autograd.grad(exact, f.logits)
    with torch.no_grad():
        for k in range(3):
            moved = copy.deepcopy(f)
            moved.logits[0, k] += 1e-5
            change = expectation(moved, g, normal(2)(200_000, seeded(1)).double()).mean() - exact
            assert float(change.detach()) / 1e-5 == pytest.approx(float(gradient[0, k]), rel=1e-3, abs=1e-6)


def test_fourier_features_are_those_of_the_paper() -> None:
    x = torch.tensor([[0.3, -1.0]])
    features = Fourier(2)(x)
    assert torch.allclose(features, torch.cat([x, x.sin(), (2 * x).sin(), x.cos(), (2 * x).cos()], -1))
    assert torch.equal(Fourier(0)(x), x)


def test_standardized_data_keep_their_digits_far_from_zero() -> None:
    x = torch.tensor([[1e4 + 1.5]])
    assert float(Standardize(torch.tensor([1e4]), torch.tensor([0.5]))(x)) == pytest.approx(3)
