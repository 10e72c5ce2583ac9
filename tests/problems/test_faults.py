"""Faults of a generator are found, and none is claimed of an honest one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import betabinom
from torch import Tensor

from formulations.likelihood.data import Data, split
from formulations.players.generators import normal
from formulations.problem import Floats
from problems.studies import memorised
from problems.studies.coverage import coverage, neighbours
from problems.studies.faults import estimated_divergence, faults, worsened
from problems.studies.memorised import memory

Numbers = np.random.Generator
RIGHT = np.array([[2.0, 54.0], [4.3, 80.0]])  # eruptions of a geyser: two modes in minutes
SD = np.array([0.3, 6.0])


def eruptions(n: int, numbers: Numbers, weight: float = 0.36) -> Floats:
    return RIGHT[(numbers.random(n) > weight).astype(int)] + SD * numbers.normal(size=(n, 2))


def fitted(train: Floats, n: int, numbers: Numbers) -> Floats:
    from sklearn.mixture import GaussianMixture

    rows: Floats = GaussianMixture(2, random_state=0).fit(train).sample(n)[0]
    return rows[numbers.permutation(n)]


def copied(train: Floats, n: int, numbers: Numbers) -> Floats:
    return train[numbers.integers(len(train), size=n)] + 0.01 * SD * numbers.normal(size=(n, 2))


def collapsed(train: Floats, n: int, numbers: Numbers) -> Floats:
    return RIGHT[1] + SD * numbers.normal(size=(n, 2))


def narrow(train: Floats, n: int, numbers: Numbers) -> Floats:
    return RIGHT[(numbers.random(n) > 0.36).astype(int)] + SD * numbers.normal(size=(n, 2)) * 0.5


def parts(seed: int, n: int = 272) -> tuple[Floats, Floats, Numbers]:
    numbers = np.random.default_rng(seed)
    rows = eruptions(n, numbers)
    return rows[: int(0.6 * n)], rows[int(0.7 * n) :], numbers


Make = Callable[[Floats, int, Numbers], Floats]


def alarms(make: Make, seeds: range) -> tuple[int, int]:
    """How often samples are called copies, and parts of the data lost."""
    copies = losses = 0
    for seed in seeds:
        train, held_out, numbers = parts(seed)
        samples = make(train, 2_500, numbers)
        copies += memory(samples, train, held_out).p_value <= 1e-3
        losses += coverage(samples, held_out, len(train)).lost > 0
    return copies, losses


@pytest.mark.parametrize(("make", "expected"), [(copied, (12, 0)), (collapsed, (0, 12)), (fitted, (0, 0))])
def test_each_fault_is_found_and_taken_for_no_other(monkeypatch: Any, make: Make, expected: tuple[int, int]) -> None:
    monkeypatch.setattr(memorised, "EXCHANGES", 1_999)
    assert alarms(make, range(12)) == expected


def test_narrow_modes_are_not_called_copies(monkeypatch: Any) -> None:
    monkeypatch.setattr(memorised, "EXCHANGES", 1_999)
    assert alarms(narrow, range(12))[0] == 0


def test_a_mixture_fitted_by_likelihood_is_accused_of_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(memorised, "EXCHANGES", 1_999)
    assert alarms(fitted, range(40)) == (0, 0)


def test_the_p_value_of_copying_is_no_smaller_than_chance_has_it(monkeypatch: Any) -> None:
    monkeypatch.setattr(memorised, "EXCHANGES", 199)
    found = []
    for seed in range(200):
        train, held_out, numbers = parts(seed, 60)
        found.append(memory(eruptions(200, numbers), train, held_out).p_value)
    shares = [(np.array(found) <= level).mean() for level in (0.01, 0.05, 0.2)]
    assert np.all(np.array(shares) <= [0.035, 0.1, 0.3])


def test_equal_rows_share_what_is_nearest_to_them() -> None:
    rows = np.repeat(np.arange(4.0), 10)[:, None]  # each number in both parts: nothing can be told
    shuffled = np.random.default_rng(0).permutation(rows)
    found = memory(np.repeat(rows, 5, axis=0), shuffled[:25], shuffled[25:])
    assert found.p_value > 0.05
    assert found.distance == found.held_out_distance == 0


def test_a_ball_holds_as_many_samples_as_beta_and_binomial_say() -> None:
    n, m, k = 40, 60, neighbours(40, 60)
    counts = []
    for seed in range(300):
        x = np.random.default_rng(seed).exponential(size=(n + m, 2))
        radius = np.sort(np.linalg.norm(x[:n] - x[0], axis=1))[k]
        counts.append((np.linalg.norm(x[n:] - x[0], axis=1) <= radius).sum())
    expected = betabinom.cdf([3, 10, 20], m, k, n - k)
    assert np.mean(np.array(counts)[:, None] <= [3, 10, 20], axis=0) == pytest.approx(expected, abs=0.09)


def test_rounded_numbers_and_columns_without_spread_are_not_lost() -> None:
    numbers = np.random.default_rng(0)
    counts = numbers.poisson(1.0, size=(200, 2)).astype(float)
    smooth = numbers.poisson(1.0, size=(2500, 2)) + numbers.uniform(-0.5, 0.5, size=(2500, 2))
    assert coverage(smooth, counts, 400).lost == 0
    flat = np.column_stack([counts[:, 0], np.ones(200)])
    assert coverage(np.column_stack([smooth[:, 0], np.ones(2500)]), flat, 400).lost == 0
    assert coverage(smooth, counts[:3], 6).lost == 0  # as few rows as can be held out


class Made(torch.nn.Module):
    """A generator by what it makes."""

    def __init__(self, make: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.make = make

    def forward(self, z: Tensor) -> Tensor:
        return self.make(z)


class Shifted(Made):
    """N(center + by, scale^2), with its density."""

    def __init__(self, data: Data, by: float) -> None:
        super().__init__(lambda z: data.center + data.scale * (z + by))
        self.law = torch.distributions.Normal(data.center + by * data.scale, data.scale)

    def log_density(self, x: Tensor) -> Tensor:
        return self.law.log_prob(x).sum(-1)


@pytest.fixture
def data() -> Data:
    return split(np.random.default_rng(0).normal([5, -3], [2, 0.1], size=(600, 2)))


@pytest.mark.parametrize("known", [True, False])
def test_a_training_that_got_worse_is_told_and_one_that_did_not_is_not(data: Data, known: bool) -> None:
    def of(by: float) -> Any:
        f = Shifted(data, by)
        return {"f": f if known else Made(f.make)}

    good, bad = of(0.0), of(0.6)
    assert worsened(data, normal(2), good, bad)["p_value"] < 1e-4
    assert worsened(data, normal(2), bad, good)["p_value"] > 0.99
    assert worsened(data, normal(2), good, good)["p_value"] > 0.05
    said = faults(data, normal(2), good, 30, (90, bad))["warnings"]
    assert len(said) == 1
    assert said[0].startswith(
        "training got worse after iteration 30, whose generator is answered: that of iteration 90"
    )
    assert faults(data, normal(2), good, 30, (90, good))["warnings"] == []
    assert "worsened" not in faults(data, normal(2), good, 90, None)


def test_a_row_that_only_the_last_generator_calls_impossible_is_enough(data: Data) -> None:
    nowhere = Shifted(data, 0.0)
    nowhere.log_density = lambda x: torch.full((len(x),), -torch.inf)  # type: ignore[method-assign]
    found = worsened(data, normal(2), {"f": Shifted(data, 0.0)}, {"f": nowhere})
    assert (found["by"], found["p_value"]) == (None, 0.0)
    assert worsened(data, normal(2), {"f": nowhere}, {"f": Shifted(data, 0.0)})["p_value"] == 1.0
    said = faults(data, normal(2), {"f": Shifted(data, 0.0)}, 1, (2, {"f": nowhere}))["warnings"]
    assert "infinitely worse" in said[0]
    good, gone = Made(lambda z: data.center + data.scale * z), Made(lambda z: z * torch.nan)
    assert worsened(data, normal(2), {"f": good}, {"f": gone})["p_value"] == 0.0
    assert worsened(data, normal(2), {"f": gone}, {"f": good})["p_value"] == 1.0


def test_a_divergence_below_0_is_told_where_it_is_no_chance(data: Data) -> None:
    f = Shifted(data, 0.0)
    none = Made(lambda x: 0 * x[:, 0])
    shifted = {"f": Shifted(data, 1.0), "d": Made(lambda x: (x[:, 0] - 5) / 2)}  # higher at samples than at data
    assert estimated_divergence(data, normal(2), {"f": f, "d": none}) == {"estimate": 0.0, "p_value": 1.0}
    found = faults(data, normal(2), shifted, 1, None)
    assert found["blind"]["estimate"] < -0.5
    assert any("no KL is below 0" in line for line in found["warnings"])


def test_samples_that_are_no_numbers_are_said(data: Data) -> None:
    broken = Made(lambda z: torch.where(z[:, :1] > 3, torch.nan, data.center + data.scale * z))
    assert any("no finite numbers" in line for line in faults(data, normal(2), {"f": broken}, 1, None)["warnings"])
    gone = Made(lambda z: z * torch.inf)
    assert faults(data, normal(2), {"f": gone}, 1, None)["warnings"] == ["2,500 of 2,500 samples are no finite numbers"]


def test_a_copier_and_a_collapsed_generator_are_told_by_name(data: Data) -> None:
    copier = Made(lambda z: data.train[(z[:, 0].abs() * 1e4).long() % len(data.train)] + 1e-4 * z)
    point = Made(lambda z: data.center + 1e-3 * z)
    (said,) = faults(data, normal(2), {"f": copier}, 1, None)["warnings"]
    assert said.startswith("training rows are repeated, by some 100% of samples")
    (said,) = faults(data, normal(2), {"f": point}, 1, None)["warnings"]
    assert said.startswith("modes, or edges of them, are lost: ")
