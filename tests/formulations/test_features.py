"""Distances and likeness of samples by features, against closed forms, plain loops, and what they are to tell apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

from formulations.divergences.features import (
    Likeness,
    energy_scores,
    frechet_distance,
    kernel_distance,
    kernel_distance_error,
    likeness,
    reach,
)


def test_the_frechet_distance_is_that_of_the_paper() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.normal(size=(30, 4)) @ rng.normal(size=(4, 4)), rng.normal(size=(50, 4)) + rng.normal(size=4)
        A, B = np.cov(x.T), np.cov(y.T)
        wanted = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(A + B - 2 * sqrtm(A @ B).real)
        assert frechet_distance(x, y) == pytest.approx(wanted, rel=1e-9)
        assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-9)
        assert frechet_distance(x, x) == pytest.approx(0, abs=1e-8)
    flat = np.zeros((10, 3))
    flat[:, 0] = np.arange(10)
    assert frechet_distance(flat, flat + np.eye(3)[1]) == pytest.approx(1)


def test_the_kernel_distance_has_no_bias_and_is_summed_in_parts() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(1500, 3)), rng.normal(size=(1100, 3))
    K, L, M = ((a @ b.T / 3 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    n, m = len(x), len(y)
    wanted = (K.sum() - np.trace(K)) / n / (n - 1) + (L.sum() - np.trace(L)) / m / (m - 1) - 2 * M.mean()
    assert kernel_distance(x, y) == pytest.approx(wanted, rel=1e-8)
    null = [kernel_distance(*rng.normal(size=(2, 40, 2))) for _ in range(400)]
    assert abs(np.mean(null)) < 4 * np.std(null) / 20
    assert kernel_distance(x, y + 1) > 10 * abs(kernel_distance(x, y))


def test_the_error_of_a_kernel_distance_is_that_of_samples_drawn_anew() -> None:
    rng = np.random.default_rng(2)
    drawn = [(rng.normal(size=(103, 2)), rng.normal(0.5, 1, size=(120, 2))) for _ in range(300)]
    spread = np.std([kernel_distance(x, y) for x, y in drawn])
    told = np.mean([kernel_distance_error(x, y) for x, y in drawn])
    assert 0.9 * spread < told < 1.3 * spread
    x, y = drawn[0]
    left = [kernel_distance(x[np.arange(103) % 10 != g], y[np.arange(120) % 10 != g]) for g in range(10)]
    assert kernel_distance_error(x, y) == pytest.approx(np.sqrt(9 * np.var(left)))


def test_the_energy_score_is_least_for_samples_that_are_what_they_are_told_to_be() -> None:
    rng = np.random.default_rng(3)
    told = rng.integers(0, 3, 6000)

    def samples(told: np.ndarray, spread: float = 1.0) -> np.ndarray:
        return 3 * told[:, None] + spread * rng.normal(size=(len(told), 2))

    x, shuffled = samples(told), rng.permutation(told)
    score = energy_scores(x, samples(told), samples(told)).mean()
    expected = np.sqrt(np.pi) / 2  # half of E|Y - Z|, which is E of a Rayleigh variable of scale sqrt(2)
    assert score == pytest.approx(expected, abs=0.05)
    assert energy_scores(x, samples(shuffled), samples(shuffled)).mean() > score + 1
    for spread in (0.0, 0.5, 2.0):
        assert energy_scores(x, samples(told, spread), samples(told, spread)).mean() > score + 0.04
    with pytest.raises(ValueError, match=r"samples are of shapes \(2, 1\) and \(3, 1\)"):
        energy_scores([0, 1], [0, 1], [0, 1, 2])


def plain(x: np.ndarray, y: np.ndarray) -> Likeness:
    """The definitions, a loop a line."""
    X, Y, D = cdist(x, x), cdist(y, y), cdist(x, y)
    near = {k: np.sort(X, axis=1)[:, k] for k in (3, 5)}
    near_y = np.sort(Y, axis=1)[:, 3]
    return Likeness(
        precision=float(np.mean([any(D[i, j] <= near[3][i] for i in range(len(x))) for j in range(len(y))])),
        recall=float(np.mean([any(D[i, j] <= near_y[j] for j in range(len(y))) for i in range(len(x))])),
        density=sum(D[i, j] <= near[5][i] for i in range(len(x)) for j in range(len(y))) / (5 * len(y)),
        coverage=float(np.mean([D[i].min() <= near[5][i] for i in range(len(x))])),
    )


def test_likeness_is_by_its_definitions() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        x, y = rng.normal(size=(12, 2)), rng.normal(size=(9, 2)) * rng.uniform(0.2, 2)
        assert likeness(x, y) == plain(x, y)


def test_what_each_number_tells() -> None:
    rng = np.random.default_rng(3)
    data = rng.normal(size=(1300, 2)) + rng.integers(0, 2, 1300)[:, None] * 12
    same = rng.normal(size=(1200, 2)) + rng.integers(0, 2, 1200)[:, None] * 12
    one_mode, wild = rng.normal(size=(1200, 2)), 12 * rng.normal(size=(1200, 2))
    found = {name: likeness(data, y) for name, y in {"same": same, "one": one_mode, "wild": wild}.items()}
    assert min(found["same"].precision, found["same"].recall, found["same"].coverage) > 0.95
    assert found["one"].precision > 0.95
    assert 0.3 < found["one"].recall < 0.7
    assert 0.3 < found["one"].coverage < 0.7
    assert found["wild"].precision < 0.4


def test_reach_counts_equal_rows() -> None:
    assert reach(np.array([[0.0], [0.0], [2.0]]), 1).tolist() == [0.0, 0.0, 2.0]


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance, likeness])
def test_too_few_rows_are_refused(measure: object) -> None:
    with pytest.raises(ValueError, match="at least"):
        measure([[1.0, 2.0]], np.ones((9, 2)))  # type: ignore[operator]
