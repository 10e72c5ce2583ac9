"""Mode coverage and quality: a perfect sampler's scores, and what each way of being broken does to them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from formulations.likelihood.mixtures import GaussianMixture, grid, ring
from problems.studies.mode_quality import mode_quality


def perfect(q: GaussianMixture, n: int = 20_000, seed: int = 0) -> Any:
    return q.sample(n, torch.Generator().manual_seed(seed)).numpy()


@pytest.mark.parametrize("q", [ring(), grid()])
def test_a_perfect_sampler(q: GaussianMixture) -> None:
    scores = [mode_quality(perfect(q, seed=seed), q) for seed in range(10)]
    assert all(score.covered == score.modes == len(q.means) for score in scores)
    # 200,000 samples: a share's standard error is 0.0002, that of an sd's ratio 0.0012
    assert np.mean([score.high_quality for score in scores]) == pytest.approx(1 - math.exp(-4.5), abs=8e-4)
    assert np.mean([score.sd_ratio for score in scores]) == pytest.approx(1, abs=5e-3)
    # 2 n KL is chi-squared with modes - 1 degrees of freedom
    expected = (len(q.means) - 1) / (2 * 20_000)
    assert np.mean([score.reverse_kl for score in scores]) == pytest.approx(expected, rel=1)


@pytest.mark.parametrize("d", [1, 3])
def test_a_perfect_sampler_in_other_dimensions(d: int) -> None:
    q = GaussianMixture([1, 3], np.outer([-1, 1], np.full(d, 50)), np.array([[1.0] * d, [2.0] * d]))
    score = mode_quality(perfect(q, 100_000), q)
    assert score.sd_ratio == pytest.approx(1, abs=0.01)
    assert score.reverse_kl < 1e-3


def test_dropped_modes_show() -> None:
    q = ring()
    x = perfect(q)
    kept = x[x[:, 0] > 0.5]  # three of eight
    score = mode_quality(kept, q)
    assert score.covered == 3
    assert score.high_quality > 0.98
    assert score.reverse_kl == pytest.approx(math.log(8 / 3), abs=0.01)


def test_one_point_per_mode_shows() -> None:
    q = ring()
    score = mode_quality(np.repeat(q.means + 0.005, 100, axis=0), q)
    assert (score.covered, score.high_quality) == (8, 1)
    assert score.sd_ratio == pytest.approx(0, abs=1e-6)
    assert mode_quality(q.means, q).sd_ratio is None


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_modes_too_narrow_or_wide_show(factor: float) -> None:
    q = ring()
    score = mode_quality(perfect(ring(sd=0.01 * factor)), q)
    assert score.high_quality == pytest.approx(1 - math.exp(-4.5 / factor**2), abs=0.01)
    assert score.sd_ratio is not None
    assert (score.sd_ratio < 0.6) if factor < 1 else (score.sd_ratio > 1.2)


def test_samples_between_the_modes_and_such_as_are_not_numbers_are_of_low_quality() -> None:
    q = ring()
    x = perfect(q, 1000)
    x[:250] = 0
    x[250:500] = math.nan
    score = mode_quality(x, q)
    assert score.high_quality == pytest.approx(0.5 * 0.989, abs=0.02)
    nothing = mode_quality(np.full((5, 2), math.inf), q)
    assert (nothing.covered, nothing.high_quality, nothing.reverse_kl, nothing.sd_ratio) == (0, 0, None, None)


def test_samples_of_another_shape_are_refused() -> None:
    for wrong in (np.zeros((5, 3)), np.zeros(5), np.zeros((0, 2))):
        with pytest.raises(ValueError, match="samples have shape"):
            mode_quality(wrong, ring())
