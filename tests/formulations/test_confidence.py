"""Two-sided limits on W_1 and MMD: false as seldom as they say, and wrong where their conditions are broken."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from formulations.divergences.metrics import metric_between
from formulations.mmd import energy, gaussian, mmd_between, squared_mmd, witness
from formulations.problem import Floats
from formulations.wasserstein import extended, on_line, wasserstein_between

KERNEL = gaussian(1.0)


def uniforms(shift: float, n: int, seed: int) -> tuple[Floats, Floats]:
    """Of U(0, 1) and U(shift, 1 + shift), n each, whose W_1 is the shift."""
    x, y = np.random.default_rng(seed).uniform(size=(2, n))
    return x, y + shift


def limits_of_w1(
    shift: float, n: int, seed: int, critic: Callable[[Floats], Floats] = np.negative
) -> tuple[float, float]:
    (x, y), (rows, samples) = uniforms(shift, 50, seed), uniforms(shift, n, 10_000 + seed)
    S, most = extended(critic(x), x, y)
    return wasserstein_between(S, most, rows, samples, on_line(rows, samples), 1 + shift, 0.8)


def limits_of_mmd(shift: float, n: int, seed: int) -> tuple[float, float]:
    return mmd_between(witness(*uniforms(shift, 50, seed), KERNEL), *uniforms(shift, n, 10_000 + seed), KERNEL, 0.8)


def true_mmd(shift: float) -> float:
    grid = (np.arange(2000) + 0.5) / 2000
    return math.sqrt(max(squared_mmd(grid, grid + shift, KERNEL, unbiased=False), 0.0))


@pytest.mark.parametrize("shift", [0.0, 0.1, 1.0])
@pytest.mark.parametrize(("limits", "truth"), [(limits_of_w1, lambda s: s), (limits_of_mmd, true_mmd)])
def test_both_ends_are_false_as_seldom_as_they_say(
    limits: Callable[[float, int, int], tuple[float, float]], truth: Callable[[float], float], shift: float
) -> None:
    found, value = np.array([limits(shift, 60, seed) for seed in range(100)]), truth(shift)
    false = (found[:, 0] > value + 1e-9) | (found[:, 1] < value - 1e-9)
    assert false.mean() <= 0.2
    low, high = limits(shift, 20_000 if limits is limits_of_w1 else 2_000, 0)
    assert low > 0.8 * value - 0.03
    assert high < value + 0.08


def test_whatever_the_critic_says_the_limits_hold_and_the_wrong_sign_proves_nothing() -> None:
    rng = np.random.default_rng(0)
    for critic in (np.square, np.copy, lambda x: 1e6 * x, lambda x: rng.normal(size=x.shape), np.zeros_like):
        low, high = limits_of_w1(0.3, 2_000, 1, critic)
        assert low <= 0.3 <= high
    assert limits_of_w1(0.3, 2_000, 1, np.copy)[0] == 0


def test_the_extension_has_slopes_of_at_most_1_everywhere() -> None:
    rng = np.random.default_rng(0)
    x, y, z = (rng.normal(size=(40, 3)) for _ in range(3))
    S, most = extended(9 * rng.normal(size=40), x, y)
    rows = np.concatenate([x, y, z, 100 * z, z + 1e-6])
    values = S(rows)
    assert (np.abs(values[:, None] - values) <= np.linalg.norm(rows[:, None] - rows, axis=2) + 1e-9).all()
    assert values.min() == 0
    assert values.max() == pytest.approx(most)


def test_lies_prove_what_is_false_so_that_the_conditions_are_needed() -> None:
    """Of one law, W_1 = MMD = 0: samples that S was chosen by, and an S that is too steep, claim more."""
    x, y = np.random.default_rng(0).normal(size=(2, 200, 8))
    reused = mmd_between(witness(x, y, gaussian(0.3)), x, y, gaussian(0.3))
    assert reused[0] > 0.02
    fresh = np.random.default_rng(1).normal(size=(2, 200, 8))
    assert mmd_between(witness(x, y, gaussian(0.3)), *fresh, gaussian(0.3))[0] == 0
    a, b = uniforms(0.1, 2_000, 0)
    steep = metric_between(3 - 3 * a, 3 - 3 * b, (0.0, 3.0), on_line(a, b), 1.1)
    assert steep[0] > 0.1
    missed = metric_between(1.1 - a, 1.1 - b, (0.0, 1.1), 0.0, 0.05)  # of a diameter that is none
    assert missed[1] < 0.1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"S_q": [0.0, math.nan]}, "S at samples of q is NaN for 1 of 2"),
        ({"S_p": [0.0]}, "at least 2 values"),
        ({"level": 1.0}, "level is 1.0"),
    ],
)
def test_what_proves_nothing_is_refused(change: dict[str, object], said: str) -> None:
    given = {"S_q": [0.0, 0.5], "S_p": [0.0, 0.5], "values": (0.0, 1.0), "of_samples": 0.1, "spread": 1.0, **change}
    with pytest.raises(ValueError, match=said):
        metric_between(**given)  # type: ignore[arg-type]


def test_a_diameter_below_the_critic_s_range_and_a_kernel_without_bound_are_refused() -> None:
    with pytest.raises(ValueError, match="S ranges over 2 and the diameter is 1"):
        wasserstein_between(np.copy, 2.0, [0.0, 1.0], [0.0, 1.0], 0.0, 1.0)
    with pytest.raises(ValueError, match=r"the kernel is -?0 at distance 0"):
        mmd_between(np.copy, [0.0, 1.0], [0.0, 1.0], energy())
