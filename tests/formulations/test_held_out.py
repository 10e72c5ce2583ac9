"""The bound on KL from fresh samples: how often it is false, how near it comes, and what makes it worthless."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formulations.likelihood.held_out import KLBound, kl_bound, likelihood_interval, mean_at_least, stakes
from formulations.problem import Floats

CASES = [(2.0, 1.0), (3.0, 1.0), (1.0, 2.0), (1.0, 3.0)]  # standard deviations of q and of p, both centred
GRID = np.linspace(-50, 50, 40_001)


def log_density(x: Floats, sd: float, mean: float = 0) -> Floats:
    logs: Floats = -(((x - mean) / sd) ** 2) / 2 - math.log(sd * math.sqrt(2 * math.pi))
    return logs


def true_kl(of: float, to: float, shift: float = 0) -> float:
    """KL(N(shift, of^2) || N(0, to^2)) in closed form."""
    return math.log(to / of) + (of**2 + shift**2) / (2 * to**2) - 1 / 2


def expectation(values: Floats, sd: float, mean: float = 0) -> float:
    """The mean of a function on GRID under a Gaussian, by quadrature."""
    return float(values @ np.exp(log_density(GRID, sd, mean)) * (GRID[1] - GRID[0]))


def log_ratio(of: float, to: float) -> Callable[[Floats], Floats]:
    return lambda x: log_density(x, of) - log_density(x, to)


def naive(log_d: Floats, log_d_of_p: Floats) -> float:
    """What is false far too often: the uncapped sample bound less 1.645 of its standard errors."""
    d = np.exp(log_d_of_p)
    error = math.sqrt(log_d.var() / len(log_d) + d.var() / len(d))
    return float(1 + log_d.mean() - d.mean() - 1.645 * error)


# Limits on means


def normal_limit(x: Floats, error: float) -> float:
    return float(x.mean() - NormalDist().inv_cdf(1 - error) * x.std() / math.sqrt(len(x)))


def chance_to_be_false(limit: Callable[[Floats, float], float], chance: float, values: Any, error: float) -> float:
    """The exact probability that the limit of 9 draws exceeds the mean: of values[1] with that chance, or values[0]."""
    mean, false = values[0] + chance * (values[1] - values[0]), 0.0
    for draws in itertools.product((0, 1), repeat=9):
        probability = chance ** sum(draws) * (1 - chance) ** (9 - sum(draws))
        if limit(np.take(values, draws), error) > mean:
            false += probability
    return false


@pytest.mark.parametrize("values", [(0.0, 1.0), (0.2, 0.9)])
@pytest.mark.parametrize("chance", [0.02, 0.3, 0.5, 0.9])
def test_limits_on_means_are_false_as_seldom_as_they_say(chance: float, values: tuple[float, float]) -> None:
    for error in (0.025, 0.3):
        assert chance_to_be_false(mean_at_least, chance, values, error) <= error


def test_that_check_fails_for_limits_by_the_normal_distribution() -> None:
    assert chance_to_be_false(normal_limit, 0.9, (0.0, 1.0), 0.025) > 0.3
    assert chance_to_be_false(normal_limit, 0.3, (0.0, 1.0), 0.025) > 0.025


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.floats(1e-6, 0.5))
def test_a_limit_is_never_above_every_draw(draws: list[float], error: float) -> None:
    assert 0 <= mean_at_least(np.array(draws), error) <= max(draws)


def test_limits_come_near_the_mean_of_many_draws() -> None:
    n, error = 100_000, 0.025
    x = np.random.default_rng(0).beta(0.2, 4, n)
    best = x.mean() - math.sqrt(2 * math.log(1 / error) * x.var() / n)  # Chernoff's, were the variance known
    assert mean_at_least(x, error) == pytest.approx(best, abs=0.0003)
    assert 0.2999 < mean_at_least(np.full(n, 0.3), error) <= 0.3


def test_draws_in_the_order_of_their_size_are_not_independent() -> None:
    draws = np.random.default_rng(0).random((200, 200))
    assert np.mean([mean_at_least(x, 0.05) > 0.5 for x in draws]) <= 0.05
    assert all(mean_at_least(np.sort(x)[::-1], 0.05) > 0.5 for x in draws)


def test_a_stake_knows_only_the_draws_before_it() -> None:
    rng = np.random.default_rng(0)
    draws = rng.random(50)
    for i in range(50):
        otherwise = np.concatenate([draws[:i], rng.random(50 - i)])
        assert np.array_equal(stakes(draws, 0.05)[: i + 1], stakes(otherwise, 0.05)[: i + 1])


# The bound on KL


@pytest.mark.parametrize(("of", "to"), CASES)
def test_certificates_at_the_optimal_ratio_hold(of: float, to: float) -> None:
    rng, ratio, n = np.random.default_rng(0), log_ratio(of, to), 1000
    samples = [(ratio(rng.normal(0, of, n)), ratio(rng.normal(0, to, n))) for _ in range(200)]
    kl = true_kl(of, to)
    claimed = [kl_bound(*logs).kl_at_least for logs in samples]
    assert np.mean(np.array(claimed) > kl) <= 0.05
    capped = np.clip(ratio(GRID), -3, 3)
    reachable = expectation(capped, of) - math.log(expectation(np.exp(capped), to))
    assert np.mean(np.array(claimed) > reachable) <= 0.05
    assert np.median(claimed) > 0.5 * reachable
    if of > to:  # d = q / p then has infinite variance under p
        assert np.mean([naive(*logs) > kl for logs in samples]) > 0.15


def test_certificates_at_any_function_hold_even_for_its_own_value() -> None:
    rng, false = np.random.default_rng(0), 0
    for _ in range(300):
        of, to = rng.uniform(0.3, 3, 2)
        shift = rng.normal()
        parabola, cap = np.polynomial.Polynomial(rng.normal(size=3)), rng.choice([0.1, 1, 3, 5])
        bound = kl_bound(parabola(rng.normal(shift, of, 500)), parabola(rng.normal(0, to, 500)), cap=cap)
        capped = np.clip(parabola(GRID), -cap, cap)
        own = expectation(capped, of, shift) - math.log(expectation(np.exp(capped), to))
        assert own <= true_kl(of, to, shift) + 1e-9
        false += bound.kl_at_least > max(0, own)
    assert false <= 15


@pytest.mark.parametrize(("of", "to"), CASES)
def test_many_samples_bring_it_near_the_best_capped_bound(of: float, to: float) -> None:
    rng, ratio, n = np.random.default_rng(0), log_ratio(of, to), 200_000
    bound = kl_bound(ratio(rng.normal(0, of, n)), ratio(rng.normal(0, to, n)))
    capped = np.clip(ratio(GRID), -3, 3)
    best = expectation(capped, of) - math.log(expectation(np.exp(capped), to))
    assert best - 0.02 < bound.kl_at_least < best
    assert bound.estimate == pytest.approx(best, abs=0.02)
    assert (bound.level, bound.cap, bound.data, bound.generated) == (0.95, 3.0, n, n)


def test_a_function_fitted_to_the_same_data_proves_what_is_false_and_fresh_data_expose_it() -> None:
    rng, edges = np.random.default_rng(0), np.linspace(-3, 3, 1001)
    data, generated = rng.normal(size=(2, 1000))  # of one distribution: the true KL is 0

    def log_d(x: Floats) -> Floats:
        counts = [np.histogram(sample, edges)[0] + 0.1 for sample in (data, generated)]
        fitted: Floats = (np.log(counts[0]) - np.log(counts[1]))[np.digitize(x, edges[1:-1])]
        return fitted

    assert kl_bound(log_d(data), log_d(generated)).kl_at_least > 0.3
    assert all(kl_bound(*log_d(rng.normal(size=(2, 1000)))).kl_at_least == 0 for _ in range(20))


def test_the_wrong_sign_proves_nothing() -> None:
    rng, ratio = np.random.default_rng(0), log_ratio(3, 1)
    x, z = rng.normal(0, 3, 5000), rng.normal(0, 1, 5000)
    right, wrong = kl_bound(ratio(x), ratio(z)), kl_bound(-ratio(x), -ratio(z))
    assert right.kl_at_least > 1
    assert wrong.kl_at_least == 0
    assert wrong.estimate < 0


def test_either_expectation_has_half_of_the_error() -> None:
    log_d = np.random.default_rng(0).choice([-3.0, 3.0], 1000)
    alone = 6 * mean_at_least((log_d + 3) / 6, 0.05) - 3
    half = 6 * mean_at_least((log_d + 3) / 6, 0.025) - 3
    sure = 6 * mean_at_least((log_d + 3) / 6, 0.01) - 3
    claimed = kl_bound(log_d, np.full(10**6, -3.0), level=0.95).kl_at_least  # E_p d is all but certain
    assert sure < half < alone
    assert claimed == pytest.approx(half + 3, abs=0.1 * (alone - half))


def test_infinite_values_are_capped_and_the_same_samples_prove_the_same() -> None:
    rng = np.random.default_rng(0)
    x, z = rng.normal(3, 1, 1000), rng.normal(-3, 1, 1000)
    bound = kl_bound(np.where(x > 0, np.inf, -np.inf), np.where(z > 0, np.inf, -np.inf))
    assert bound == kl_bound(3 * np.sign(x), (3 * np.sign(z)).astype(np.float32))
    assert 3 < bound.kl_at_least < 6


def test_the_likelihood_of_a_gaussian_stays_below_its_bound() -> None:
    rng, ratio = np.random.default_rng(0), log_ratio(1, 2)
    x, z = rng.normal(0, 1, 20_000), rng.normal(0, 2, 200_000)
    entropy = 0.5 * math.log(2 * math.pi * math.e)
    truth = -entropy - true_kl(1, 2)
    assert truth == pytest.approx(expectation(log_density(GRID, 2), 1))
    assert truth < kl_bound(ratio(x), ratio(z)).likelihood_at_most(entropy) < truth + 0.02


def test_likelihood_intervals_cover_as_often_as_they_say() -> None:
    rng, truth, covered = np.random.default_rng(0), expectation(log_density(GRID, 2), 1), 0
    for _ in range(1000):
        low, high = likelihood_interval(log_density(rng.normal(size=400), 2), level=0.9)
        covered += low <= truth <= high
    assert 0.87 < covered / 1000 < 0.93


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": [1.0, math.nan]}, "log d at data is NaN for 1 of 2 samples"),
        ({"generated": [math.nan] * 3}, "log d at generated samples is NaN for 3 of 3"),
        ({"data": [0.5]}, "at least 2 values"),
        ({"generated": []}, "shape (0,)"),
        ({"data": np.zeros((5, 1))}, "shape (5, 1)"),
        ({"data": 1.0}, "shape ()"),
        ({"cap": 0}, "cap on log d is 0"),
        ({"cap": -3.0}, "must be positive"),
        ({"cap": math.inf}, "at most 100"),
        ({"cap": math.nan}, "cap on log d is nan"),
        ({"level": 1.0}, "level is 1.0"),
        ({"level": 0.05}, "such as 0.95"),
        ({"level": math.nan}, "level is nan"),
    ],
)
def test_what_proves_nothing_is_refused_in_a_sentence(change: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"data": [0.0, 1.0], "generated": [0.0, 1.0], **change}
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        kl_bound(arguments.pop("data"), arguments.pop("generated"), **arguments)
    assert words in str(caught.value)


def test_log_densities_without_a_mean_are_refused() -> None:
    with pytest.raises(ValueError, match="infinite at 1 of 3 data"):
        likelihood_interval([0.0, -math.inf, 1.0])
    with pytest.raises(ValueError, match="NaN"):
        likelihood_interval([0.0, math.nan])
    with pytest.raises(ValueError, match="level is 2"):
        likelihood_interval([0.0, 1.0], level=2)


def test_few_samples_prove_nothing() -> None:
    assert isinstance(bound := kl_bound([3.0, 3.0], [-3.0, -3.0]), KLBound)
    assert bound.kl_at_least == 0
    assert bound.estimate == pytest.approx(6)
