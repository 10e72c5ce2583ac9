"""MMD by brute force, by SciPy and by closed forms; the witness against other functions; the level of the test."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import energy_distance as energy_on_a_line

from formulations.divergences import kernels
from formulations.likelihood.energy import EXPONENT, energy_distance
from formulations.mmd import (
    Kernel,
    energy,
    gaussian,
    inverse_multiquadric,
    laplace,
    median_distance,
    mixture,
    moment_matching,
    permutation_p_value,
    squared_mmd,
    unit_ball,
    witness,
)
from formulations.problem import Block, Floats, SaddleProblem
from solvers import solve
from solvers.descent_ascent import DescentAscent

KERNELS = {
    "gaussian": gaussian(1.3),
    "laplace": laplace(0.7),
    "inverse multiquadric": inverse_multiquadric(2.0),
    "mixture": mixture(*map(gaussian, (0.2, 1.0, 5.0))),
    "energy": energy(1.0),
    "energy 1/2": energy(0.5),
}
each = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)


def brute(x: Floats, y: Floats, kernel: Kernel, unbiased: bool) -> float:
    """The definition, pair by pair."""

    def mean(a: Floats, b: Floats, own: bool) -> float:
        pairs = [(i, j) for i in range(len(a)) for j in range(len(b)) if not (own and unbiased and i == j)]
        return sum(float(kernel(math.dist(a[i], b[j]))) for i, j in pairs) / len(pairs)

    return mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)


def samples(seed: int, n: int = 7, m: int = 5, d: int = 2) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(0.5, 2, size=(m, d))


@each
@pytest.mark.parametrize("unbiased", [True, False])
def test_estimates_are_the_definition(kernel: Kernel, unbiased: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(5):
        x, y = samples(seed)
        assert squared_mmd(x, y, kernel, unbiased) == pytest.approx(brute(x, y, kernel, unbiased), abs=1e-12)
        monkeypatch.setattr(kernels, "ROWS_AT_ONCE", 3)  # in more than one part
        assert squared_mmd(x, y, kernel, unbiased) == pytest.approx(brute(x, y, kernel, unbiased), abs=1e-12)


def test_the_energy_distance_is_that_of_scipy_and_of_the_likelihood() -> None:
    x, y = samples(0, 40, 30, 1)
    assert squared_mmd(x, y, energy(), unbiased=False) == pytest.approx(energy_on_a_line(x[:, 0], y[:, 0]) ** 2)
    x, y = samples(1, 40, 30, 3)
    assert squared_mmd(x, y, energy(EXPONENT)) == pytest.approx(energy_distance(x, y)[0])


def test_of_two_gaussians_it_is_the_closed_form() -> None:
    rng, w, mean = np.random.default_rng(0), 1.5, 1.0
    scale = w / math.sqrt(w**2 + 2)  # E k(X, Y) = scale e^(-mean^2 / 2 (w^2 + 2)) on the line
    truth = 2 * scale * (1 - math.exp(-(mean**2) / (2 * (w**2 + 2))))
    found = [squared_mmd(*rng.normal([[0], [mean]], 1, (2, 200)), gaussian(w)) for _ in range(100)]
    error = np.std(found) / 10
    assert error < 0.005
    assert np.mean(found) == pytest.approx(truth, abs=3 * error)


def test_the_unbiased_estimate_has_no_bias_and_the_other_has() -> None:
    found = np.array(
        [[squared_mmd(*samples_of_one_law(seed), gaussian(1.0), u) for u in (True, False)] for seed in range(400)]
    )
    error = found[:, 0].std() / 20
    assert abs(found[:, 0].mean()) < 3 * error
    assert found[:, 1].mean() > 10 * error
    assert (found[:, 1] >= 0).all()


def samples_of_one_law(seed: int) -> tuple[Floats, Floats]:
    x, y = np.random.default_rng(seed).normal(size=(2, 6))
    return x, y


# The witness


@each
def test_the_witness_attains_it(kernel: Kernel) -> None:
    x, y = samples(3)
    S = witness(x, y, kernel)
    value = math.sqrt(squared_mmd(x, y, kernel, unbiased=False))
    assert S(x).mean() - S(y).mean() == pytest.approx(value)


@given(st.integers(0, 10**6), st.sampled_from(["gaussian", "laplace", "inverse multiquadric", "mixture"]))
def test_no_function_of_the_unit_ball_exceeds_it(seed: int, name: str) -> None:
    kernel, (x, y), rng = KERNELS[name], samples(seed), np.random.default_rng(seed)
    points = np.concatenate([x, y, rng.normal(size=(3, 2))])
    a = rng.normal(size=len(points))

    def gram(u: Floats, v: Floats) -> Floats:
        return np.asarray(kernel(np.linalg.norm(u[:, None] - v, axis=2)))

    norm = math.sqrt(a @ gram(points, points) @ a)
    difference = (gram(x, points) @ a).mean() - (gram(y, points) @ a).mean()
    assert abs(difference) / norm <= math.sqrt(squared_mmd(x, y, kernel, unbiased=False)) + 1e-9


def test_the_witness_of_equal_samples_is_zero() -> None:
    x = np.array([[0.0], [1.0]])
    assert witness(x, x[::-1], gaussian(1.0))([0.3, 5.0]).tolist() == [0.0, 0.0]


# The test


def slow_p_value(x: Floats, y: Floats, kernel: Kernel, permutations: int, seed: int) -> float:
    """Each relabelling by itself."""
    rows, n = np.concatenate([x, y]), len(x)
    labels = np.repeat([1.0, 0.0], [n, len(y)])
    drawn = np.random.default_rng(seed).permuted(np.tile(labels, (permutations, 1)), axis=1)
    values = [brute(rows[row == 1], rows[row == 0], kernel, True) for row in drawn]
    actual = brute(x, y, kernel, True)
    return float(1 + sum(value >= actual - 1e-12 for value in values)) / (permutations + 1)


@each
def test_p_values_are_those_of_single_relabellings(kernel: Kernel) -> None:
    x, y = samples(4, 6, 4)
    assert permutation_p_value(x, y, kernel, 19, seed=3) == slow_p_value(x, y, kernel, 19, 3)


def test_the_level_is_kept_for_continuous_and_for_tied_data() -> None:
    rng, repeats = np.random.default_rng(0), 400
    for draw in (lambda: rng.normal(size=(12, 2)), lambda: rng.integers(0, 2, size=(12, 1)) * 0.1):
        found = np.array(
            [permutation_p_value(*np.split(draw(), [5]), gaussian(0.1), 19, seed=k) for k in range(repeats)]
        )
        for level in (0.05, 0.2, 0.5):
            assert (found <= level).mean() <= level + 3 * math.sqrt(level * (1 - level) / repeats)


def test_ties_count_where_all_statistics_are_small() -> None:
    rows = np.r_[np.zeros(30), 1e-9]  # whichever sample the odd row is in, the statistic is one of two
    for kernel in (gaussian(0.3), energy(), mixture(*map(laplace, (0.1, 0.3, 7.0)))):
        assert permutation_p_value(rows[:15], rows[15:], kernel, 99) > 0.4
        assert permutation_p_value(rows[::-1][:16], rows[::-1][16:], kernel, 99) > 0.4


def test_laws_that_differ_are_told_apart_and_the_seed_decides() -> None:
    x, y = np.random.default_rng(0).normal([[0], [1]], 1, (2, 60))
    width = median_distance(x, y)
    assert permutation_p_value(x, y, gaussian(width), 199) == 1 / 200
    assert permutation_p_value(x, x + 1e-9, gaussian(width), 199) > 0.5
    first = [permutation_p_value(x[:9], y[:9], laplace(width), 99, seed) for seed in (1, 1, 2)]
    assert first[0] == first[1] != first[2]


# The unit ball


@each
def test_ascent_in_the_unit_ball_finds_it_and_its_function(kernel: Kernel) -> None:
    for seed in range(3):
        x, y = samples(seed, 9, 6)
        elsewhere = {"c": np.random.default_rng(seed).normal(size=15)}
        found = solve(unit_ball(x, y, kernel), DescentAscent(step=30.0), gap=1e-12, start=elsewhere)
        assert found.stats["iterations"] > 1
        closed = math.sqrt(squared_mmd(x, y, kernel, unbiased=False))
        assert found.status == "optimal"
        assert {check.name: check.ok for check in found.checks}["closed form"]
        assert found.value == pytest.approx(closed, abs=1e-10)
        S, best = found.answer, witness(x, y, kernel)
        assert S(x).mean() - S(y).mean() == pytest.approx(closed, abs=1e-6)
        z = np.random.default_rng(seed).normal(size=(5, 2))
        assert np.ptp(S(z) - best(z)) <= 1e-3  # the same but for a constant, as near as the value tells


def test_no_point_of_the_ball_claims_more_and_one_outside_is_taken_to_it() -> None:
    x, y = samples(2)
    game = unit_ball(x, y, gaussian(1.0))
    closed = math.sqrt(squared_mmd(x, y, gaussian(1.0), unbiased=False))
    numbers = np.random.default_rng(0)
    for length in (0.5, 1.0, 100.0):
        c = torch.tensor(numbers.normal(size=12))
        assert abs(float(game.value({"c": length * c / c.norm()}))) <= closed + 1e-12  # type: ignore[misc]
    assert game.bound({}) == pytest.approx(closed, abs=1e-12)  # type: ignore[misc]


def test_equal_samples_have_a_ball_too() -> None:
    found = solve(unit_ball([0.0, 1.0], [1.0, 0.0], energy()))
    assert found.value == pytest.approx(0.0, abs=1e-7)
    assert np.isfinite(found.answer([0.5])).all()


# A generator alone


@each
def test_the_payoff_is_minus_the_unbiased_estimate_with_a_finite_gradient(kernel: Kernel) -> None:
    x, y = (torch.tensor(np.stack([rows] * 2)) for rows in samples(5, 6, 6))
    shift = torch.zeros(2, 1, 2, dtype=torch.float64, requires_grad=True)
    (term,) = moment_matching(kernel)
    paid = term.f(lambda z: z + shift, x, y)
    assert paid.shape == (2, 6)
    truth = -squared_mmd(x[0].numpy(), y[0].numpy(), kernel)
    assert paid.mean(dim=1).tolist() == pytest.approx([truth] * 2, abs=1e-12)
    (gradient,) = torch.autograd.grad(paid.sum(), shift)
    assert torch.isfinite(gradient).all()
    collapsed = term.f(lambda z: 0 * z + shift, 0 * x, y)  # all distances are 0
    assert torch.isfinite(torch.autograd.grad(collapsed.sum(), shift)[0]).all()


def test_a_generator_plays_alone() -> None:
    from formulations.likelihood.data import resampled
    from formulations.players.generators import normal

    rows = torch.randn(500, 1, generator=torch.Generator().manual_seed(0)) + 2

    class Shift(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.by = torch.nn.Parameter(torch.zeros(1))

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return z + self.by

    game = SaddleProblem(
        maximize_over={"f": Block(Shift())},
        minimize_over={},
        payoff=moment_matching(energy()),
        samplers={"data": resampled(rows), "noise": normal(1)},
    )
    found = solve(game, DescentAscent(step=0.1, iterations=200, batch=64))
    assert found.answer["f"].by.item() == pytest.approx(rows.mean().item(), abs=0.3)


# Of the kinds that users have


def test_a_median_of_ties_is_that_of_rows_that_differ() -> None:
    assert median_distance([0, 0, 0, 0], [0, 0, 3]) == 3.0
    assert median_distance([5.0, 5.0], [5.0]) == 1.0
    assert median_distance(np.arange(5000.0), np.arange(5000.0)) == pytest.approx(5000 * (1 - math.sqrt(0.5)), rel=0.01)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ([1.0], [1.0, 2.0], "first sample has 1 rows; at least 2"),
        ([1.0, 2.0], [], "second sample has 0 rows"),
        ([[1.0, 2.0]] * 2, [1.0, 2.0], "rows of 2 and of 1 numbers"),
        ([1.0, math.nan], [1.0, 2.0], "first sample has numbers that are not finite"),
        ([1.0, 2.0], [1e200, 1.0], "second sample has a number of size 1e\\+200"),
        (["a", "b"], [1.0, 2.0], "first sample is not rows of numbers"),
        ([[1.0], [1.0, 2.0]], [1.0, 2.0], "first sample is not rows of numbers"),
        (np.zeros((2, 2, 2)), [1.0, 2.0], r"shape \(2, 2, 2\)"),
    ],
)
def test_what_is_no_sample_is_refused(x: Any, y: Any, said: str) -> None:
    for compared in (squared_mmd, witness, permutation_p_value):
        with pytest.raises(ValueError, match=said):
            compared(x, y, gaussian(1.0))  # type: ignore[operator]


def test_what_is_no_kernel_and_no_test_is_refused() -> None:
    for kernel in (gaussian, laplace, inverse_multiquadric):
        for width in (0.0, -1.0, math.nan, math.inf):
            with pytest.raises(ValueError, match="width of a kernel is"):
                kernel(width)
    with pytest.raises(ValueError, match="exponent of the energy distance is 2"):
        energy(2)
    with pytest.raises(ValueError, match="0 permutations"):
        permutation_p_value([0.0, 1.0], [0.0, 1.0], energy(), 0)
