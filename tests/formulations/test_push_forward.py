"""Maps of noise: densities by the change of variables against quadrature, least cost against transport, atoms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from formulations.players.flows import Flow
from formulations.problem import Floats
from formulations.push_forward import (
    affine,
    cheapest_affine,
    increasing,
    largest_atom,
    log_slope,
    moments,
    quantiles,
    triangular,
)
from formulations.wasserstein import on_line, wasserstein
from solvers import solve


def covariance(random: np.random.Generator, d: int) -> Floats:
    root = random.normal(size=(d, d))
    return np.asarray(root @ root.T + 0.1 * np.eye(d))


@pytest.mark.parametrize("seed", range(5))
def test_normal_noise_has_the_density_of_the_normal_law_that_it_becomes(seed: int) -> None:
    random = np.random.default_rng(seed)
    d = 1 + seed % 3
    mean, B = random.normal(size=d), covariance(random, d)
    T, x = triangular(mean, B), random.normal(size=(20, d))
    noise = stats.multivariate_normal(np.zeros(d))
    expected = stats.multivariate_normal(mean, B).logpdf(x)
    assert T.log_density(x, noise.logpdf) == pytest.approx(np.atleast_1d(expected))
    assert T.back(T.to(x)) == pytest.approx(x)


@pytest.mark.parametrize(
    ("noise", "law"),
    [
        (stats.uniform(), stats.expon()),
        (stats.norm(), stats.gamma(2.5)),
        (stats.t(4), stats.logistic(1, 2)),
        (stats.expon(), stats.norm(-1, 3)),
    ],
)
def test_the_increasing_map_makes_the_law_and_its_density_integrates_to_its_shares(noise: Any, law: Any) -> None:
    T = increasing(noise, law)
    z = noise.ppf(np.linspace(0.01, 0.99, 400))
    assert (np.diff(T.to(z)) > 0).all()
    assert law.cdf(T.to(z)) == pytest.approx(noise.cdf(z))
    slopes = (T.to(z + 1e-6) - T.to(z - 1e-6)) / 2e-6
    assert np.exp(T.log_slope(z)) == pytest.approx(slopes, rel=1e-4)
    x = np.linspace(*law.ppf([0.1, 0.9]), 2001)
    assert np.trapezoid(np.exp(T.log_density(x, noise.logpdf)), x) == pytest.approx(0.8, abs=1e-5)


def test_draws_of_noise_become_draws_of_the_law() -> None:
    z = stats.norm().rvs(20_000, random_state=np.random.default_rng(0))
    made = increasing(stats.norm(), stats.gamma(2.0)).to(z)
    assert stats.kstest(made, stats.gamma(2.0).cdf).pvalue > 0.01
    assert stats.kstest(made, stats.gamma(2.1).cdf).pvalue < 0.01


@pytest.mark.parametrize("seed", range(10))
def test_no_pairing_of_rows_is_cheaper_than_the_sorted_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, order = int(random.integers(2, 30)), int(random.integers(1, 4))
    z, x = random.normal(size=n).round(1), random.exponential(size=n).round(1)
    made = quantiles(x, stats.rankdata(z, "ordinal") / n)
    assert sorted(made) == sorted(x)
    cost = float((np.abs(made - z) ** order).mean())
    solution = solve(wasserstein(z[:, None], x[:, None], order))
    assert solution.proven
    assert solution.value == pytest.approx(cost)
    assert on_line(z, x, order) ** order == pytest.approx(cost)
    assert cost <= float((np.abs(random.permutation(x) - z) ** order).mean()) + 1e-12


@pytest.mark.parametrize("n", [1, 2, 3, 7, 49, 1000])
def test_quantiles_are_the_inverse_of_the_distribution_function(n: int) -> None:
    data = np.random.default_rng(n).integers(0, 20, n).astype(float)
    for u in [*(np.arange(1, n + 1) / n).tolist(), 0.123, 0.5, 0.999]:
        least = min(x for x in data if (data <= x).mean() >= u - 1e-12)
        assert quantiles(data, [u]).tolist() == [least]


@pytest.mark.parametrize("seed", range(12))
def test_the_cheapest_affine_map_is_proven_and_carries_one_covariance_to_the_other(seed: int) -> None:
    random = np.random.default_rng(seed)
    d = 1 + seed % 4
    units = 10.0 ** random.integers(-4, 5, 2)
    (m, A), (n, B) = ((u * random.normal(size=d), u**2 * covariance(random, d)) for u in units)
    solution = solve(cheapest_affine((m, A), (n, B)))
    assert solution.proven
    assert all(check.ok for check in solution.checks)
    T, shift = np.array(solution.answer["matrix"]), np.array(solution.answer["shift"])
    assert np.abs(T @ A @ T.T - B).max() < 1e-9 * np.abs(B).max()
    assert shift + T @ m == pytest.approx(n)
    assert np.abs(T - T.T).max() < 1e-3 * np.abs(T).max()  # a gradient of a convex function
    assert np.linalg.eigvalsh((T + T.T) / 2)[0] > 0
    between = float((m - n) @ (m - n))
    assert solution.value == pytest.approx(between + np.trace(A) + np.trace(B) - 2 * np.trace(T @ A))
    L, M = np.linalg.cholesky(A), np.linalg.cholesky(B)
    Q = np.linalg.qr(random.normal(size=(d, d)))[0]
    other = M @ Q @ np.linalg.inv(L)  # carries A to B as well
    cost = between + np.trace(A) + np.trace(B) - 2 * np.trace(other @ A)
    assert solution.value <= cost + 1e-9 * (between + np.trace(A) + np.trace(B))


def test_no_transport_of_rows_is_cheaper_than_between_normal_laws_of_their_moments() -> None:
    random = np.random.default_rng(0)
    for _ in range(5):
        x, y = random.normal(size=(30, 2)), random.gamma(1, size=(30, 2)) @ random.normal(size=(2, 2))
        least = solve(cheapest_affine(moments(x), moments(y))).value
        found = solve(wasserstein(x, y, 2)).value
        assert least is not None
        assert found is not None
        assert least <= found + 1e-9


def test_the_flow_is_triangular_and_its_density_is_that_of_the_change_of_variables() -> None:
    generator = torch.Generator().manual_seed(0)
    flow = Flow(torch.zeros(3), torch.ones(3), generator).double()
    z = torch.randn(8, 3, generator=generator).double()
    made = flow.standard(z)
    jacobian = torch.stack(
        [torch.autograd.functional.jacobian(lambda row: flow.standard(row[None])[0], row) for row in z]
    )
    assert jacobian.triu(1).abs().max() == 0
    assert (torch.diagonal(jacobian, dim1=1, dim2=2) > 0).all()
    noise = -(z.square() + math.log(2 * math.pi)).sum(-1) / 2
    slope = torch.linalg.slogdet(jacobian)[1]
    assert torch.allclose(flow.standard_log_density(made), noise - slope, atol=1e-6)


def test_an_invertible_network_has_the_density_of_the_change_of_variables() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.abs() + 0.2)  # increasing, and so invertible
    z = torch.linspace(-2, 2, 4001, dtype=torch.float64)[:, None]
    with torch.no_grad():
        x = network(z)[:, 0].numpy()
    log_density = stats.norm().logpdf(z[:, 0].numpy()) - log_slope(network, z).detach().numpy()
    share = stats.norm().cdf(2) - stats.norm().cdf(-2)
    assert np.trapezoid(np.exp(log_density), x) == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_an_atom_of_the_noise_stays_one_whatever_the_map(share: float) -> None:
    random = np.random.default_rng(0)
    z = np.where(np.arange(1000) < 1000 * share, 0.0, random.normal(size=1000))
    row, found = largest_atom(z)
    assert (row.tolist(), found) == ([0.0], share)
    x = np.sort(random.normal(size=1000))
    shares = np.arange(1, 1001) / 1000
    for T in (
        lambda t: t,
        np.exp,
        lambda t: quantiles(x, np.searchsorted(np.sort(z), t, "right") / 1000),
        np.zeros_like,
    ):
        made = T(z)
        assert largest_atom(made)[1] >= share
        below = np.searchsorted(np.sort(made), x, "right") / 1000
        before = np.searchsorted(np.sort(made), x, "left") / 1000
        assert max(np.abs(below - shares).max(), np.abs(before - shares).max()) >= share / 2 - 2e-3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, 2.0]], "1 rows of 2 numbers have a covariance without an inverse"),
        ([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], "without an inverse"),
        ([[1.0], [1.0]], "without an inverse"),
    ],
)
def test_rows_without_an_invertible_covariance_are_refused(rows: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        moments(rows)


def test_other_mistakes_are_said_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="give one with an inverse"):
        affine([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="the covariance is not positive definite"):
        triangular([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match="the rows have 1 and 2 numbers"):
        cheapest_affine((np.zeros(1), np.eye(1)), (np.zeros(2), np.eye(2)))
