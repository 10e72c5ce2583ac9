"""Mixtures of Gaussians: densities, samples and entropies against quadrature and closed forms."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import simpson
from scipy.stats import kstest, multivariate_normal, norm

from formulations.likelihood.mixtures import GaussianMixture, grid, mixture, ring

SKEWED = GaussianMixture([1e-3, 1, 3], [[0], [1], [1e3]], [1e-4, 5, 1e2])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("q", [mixture(), SKEWED])
def test_on_a_line_density_and_entropy_are_those_of_simpsons_rule(q: GaussianMixture) -> None:
    ends = np.unique(q.means + q.sds * np.arange(-12, 13))
    total = entropy = 0.0
    for a, b in pairwise(ends):
        x = np.linspace(a, b, 401)
        log_q = q.log_density(x[:, None])
        total += simpson(np.exp(log_q), x=x)
        entropy -= simpson(log_q * np.exp(log_q), x=x)
    assert total == pytest.approx(1, abs=1e-9)
    assert entropy == pytest.approx(q.entropy(), abs=1e-8)
    assert q.entropy_error() == 0


@pytest.mark.parametrize("q", [ring(), grid()])
def test_modes_far_apart_have_the_entropy_of_the_choice_and_of_each(q: GaussianMixture) -> None:
    each = math.log(2 * math.pi * math.e * q.sds[0, 0] ** 2)
    assert q.entropy() == pytest.approx(math.log(len(q.weights)) + each, abs=1e-9)
    assert q.entropy_error() == 0


def test_entropy_of_overlapping_modes_is_that_of_a_product_within_its_error() -> None:
    line = GaussianMixture([1, 1], [[0], [1.5]], [1, 1])
    plane = GaussianMixture([1, 1], [[0, 0], [1.5, 0]], [[1, 0.5], [1, 0.5]])
    exact = line.entropy() + math.log(0.5 * math.sqrt(2 * math.pi * math.e))
    assert 0 < plane.entropy_error() < 0.002
    assert abs(plane.entropy() - exact) < 4 * plane.entropy_error()


def test_density_in_the_plane_is_scipys() -> None:
    q = GaussianMixture([1, 3], [[0, 1], [2, -1]], [[0.5, 2], [1, 0.1]])
    x = np.random.default_rng(0).normal(size=(50, 2))
    parts = [multivariate_normal(m, np.diag(s**2)).pdf(x) for m, s in zip(q.means, q.sds, strict=True)]
    assert np.allclose(q.log_density(x), np.log(0.25 * parts[0] + 0.75 * parts[1]))


def test_samples_follow_the_distribution_and_the_seed() -> None:
    q = mixture()
    x = q.sample(20_000, seeded())
    assert x.shape == (20_000, 1)
    assert x.dtype == torch.float32

    def cdf(t: Any) -> Any:
        parts = zip(q.weights, q.means[:, 0], q.sds[:, 0], strict=True)
        return sum(w * norm.cdf(t, m, s) for w, m, s in parts)

    assert kstest(x[:, 0].numpy(), cdf).pvalue > 0.01
    assert torch.equal(x, q.sample(20_000, seeded()))
    assert not torch.equal(x, q.sample(20_000, seeded(1)))


def test_the_data_of_the_literature() -> None:
    assert ring().means.shape == (8, 2)
    assert np.allclose(np.hypot(*ring().means.T), 1)
    assert np.allclose(ring().sds, 0.01)
    assert grid().means.shape == (25, 2)
    assert sorted(set(grid().means.ravel())) == [-4, -2, 0, 2, 4]
    assert np.allclose(grid().sds, 0.05)


def test_mixtures_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        GaussianMixture([1, 1], [[0]], [1, 1])
    with pytest.raises(ValueError, match="weights"):
        GaussianMixture([1, -1], [[0], [1]], [1, 1])
    with pytest.raises(ValueError, match="sds"):
        GaussianMixture([1, 1], [[0], [1]], [1, math.nan])
