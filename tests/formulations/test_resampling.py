"""Resampling: its law against sums over all draws, exact where the discriminator is, and wrong where that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm
from torch import Tensor

from formulations.gan import random_numbers
from formulations.players.generators import uniform
from formulations.players.resampling import Remaining, Resampled
from formulations.problem import Floats


def law(p: Floats, d: Floats, tries: int) -> Floats:
    """Of what is kept, by all draws of so many from a law p of finitely many values."""
    r = np.zeros_like(p)
    for drawn in product(range(len(p)), repeat=tries):
        at = np.array(drawn)
        np.add.at(r, at, p[at].prod() * d[at] / d[at].sum())
    return r


@pytest.mark.parametrize("tries", [2, 3, 5])
def test_what_is_kept_has_the_density_of_the_page(tries: int) -> None:
    p, d = np.array([0.5, 0.3, 0.2]), np.array([0.1, 1.0, 4.0])
    until, log_d = torch.tensor(p[:-1].cumsum()), torch.tensor(np.log(d))

    def f(z: Tensor) -> Tensor:
        return (z / 12**0.5 + 0.5 > until).sum(-1, keepdim=True).double()

    kept = Resampled(f, lambda x: log_d[x[:, 0].long()], latent=1, tries=tries)
    n = 100_000
    shares = np.bincount(kept(uniform(kept.fed)(n, random_numbers(0, "z")))[:, 0].long().numpy(), minlength=3) / n
    expected = law(p, d, tries)
    assert np.abs(shares - expected).max() < 5 * np.sqrt(0.25 / n)
    assert np.abs(law(p, d**0.5, tries) - expected).max() > 10 * np.sqrt(0.25 / n)  # which another d would not pass
    assert (expected <= tries * p).all()


@pytest.mark.parametrize("seed", range(20))
def test_the_bounds_of_the_page_hold(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    p, q, other = numbers.dirichlet(np.ones(4), size=3)
    tries = 2 + seed % 4
    for d in (q / p, other / p, numbers.exponential(size=4)):
        r, log_d = law(p, d, tries), torch.tensor(np.log(d))
        at = Remaining(lambda x, log_d=log_d: log_d[x], float(np.log(p @ d)), tries)
        values = torch.arange(4)
        assert q @ np.log(r / p) >= q @ at.gain(values).numpy() - 1e-6
    r, d = law(p, q / p, tries), q / p
    remaining = (d + tries - 1) / tries
    assert (q / r <= remaining + 1e-9).all()
    chi2 = (q**2 / p).sum() - 1
    assert q @ np.log(q / r) <= q @ np.log(remaining) + 1e-9 <= np.log1p(chi2 / tries) + 2e-9


def exact(x: Tensor) -> Tensor:
    """Log q / p of q = N(1, 1) and p = N(0, 4)."""
    at = x[:, 0]
    return np.log(2) - (at - 1) ** 2 / 2 + at**2 / 8


@pytest.mark.parametrize(
    ("log_d", "right"),
    [(exact, True), (lambda x: exact(x) + 7, True), (lambda x: exact(x) / 2, False), (lambda x: 0 * x[:, 0], False)],
)
def test_a_gaussian_is_made_of_another_by_the_exact_discriminator_alone(
    log_d: Callable[[Tensor], Tensor], right: bool
) -> None:
    kept = Resampled(lambda z: 2 * torch.special.ndtri(z / 12**0.5 + 0.5), log_d, latent=1, tries=60)
    x = kept(uniform(kept.fed)(3000, random_numbers(0, "z")))[:, 0].double().numpy()
    p_value = kstest(x, norm(1, 1).cdf).pvalue
    assert p_value > 0.01 if right else p_value < 1e-9


def test_a_sample_that_the_discriminator_cannot_tell_of_is_kept_only_where_all_are_such() -> None:
    kept = Resampled(lambda z: z, lambda x: torch.where(x[:, 0] > 0, torch.nan, x[:, 0]), latent=1, tries=2)
    z = torch.tensor([[1.0, -1.0, 1.7, -1.7], [2.0, 1.0, 0.0, 0.0]])
    assert kept(z).tolist() == [[-1.0], [2.0]]
