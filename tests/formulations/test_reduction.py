"""Gaussian mixtures of fewer components: what is kept, and that no other pair was cheaper to join."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from formulations.likelihood.reduction import reduced
from formulations.problem import Floats


def some(K: int, d: int, seed: int) -> tuple[Floats, Floats, Floats]:
    numbers = np.random.default_rng(seed)
    factors = np.tril(numbers.normal(size=(K, d, d)), -1) + numbers.uniform(0.2, 1, (K, d, 1)) * np.eye(d)
    return numbers.dirichlet(np.ones(K)), numbers.normal(size=(K, d)), factors


def moments(weights: Floats, means: Floats, factors: Floats) -> tuple[Floats, Floats]:
    second = factors @ factors.mT + means[:, :, None] * means[:, None, :]
    return weights @ means, np.einsum("k,kij->ij", weights, second)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_weight_mean_and_covariance_are_kept(d: int) -> None:
    for seed in range(10):
        whole = some(12, d, seed)
        fewer = reduced(*whole, 4)
        assert len(fewer[0]) == 4
        assert fewer[0].sum() == pytest.approx(1)
        for before, after in zip(moments(*whole), moments(*fewer), strict=True):
            np.testing.assert_allclose(after, before, atol=1e-10)


def bound(weights: Floats, means: Floats, factors: Floats, pair: tuple[int, int]) -> float:
    """Runnalls' bound for that pair, by the definitions."""
    w, some = weights[list(pair)], list(pair)
    mean = w @ means[some] / w.sum()
    S = factors[some] @ factors[some].mT
    apart = means[some] - mean
    both = (w[:, None, None] * (S + apart[:, :, None] * apart[:, None, :])).sum(0) / w.sum()
    return float(w.sum() * np.linalg.slogdet(both)[1] - w @ np.linalg.slogdet(S)[1]) / 2


def test_the_cheapest_pair_is_joined_each_time() -> None:
    for seed in range(30):
        mixture = some(6, 2, seed)
        i, j = min(combinations(range(6), 2), key=lambda pair: bound(*mixture, pair))
        fewer = reduced(*mixture, 5)
        kept = [k for k in range(6) if k not in (i, j)]
        assert {*mixture[0][kept]} == {*fewer[0]} - {mixture[0][i] + mixture[0][j]}, (seed, i, j)


def test_few_components_stay_as_they_are() -> None:
    mixture = some(3, 2, 0)
    for before, after in zip(mixture, reduced(*mixture, 3), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-12)
    assert len(reduced(*mixture, 1)[0]) == 1
