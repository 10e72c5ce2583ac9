"""The game of a rule against moves of rows: it comes near the convex program's optimum, and its sandwich holds."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("torch")

from formulations.adversarial_game import adversarial_game
from formulations.ambiguity.losses import LOSSES
from formulations.robust_regression import robust_loss, robust_search
from solvers import solve
from solvers.descent_ascent import DescentAscent


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("order", [2, math.inf])
def test_the_game_and_the_program_enclose_each_other(loss: str, order: float) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 2)) * [1, 20]
    target = X @ [1, 0.05] + rng.standard_normal(30)
    y = target if LOSSES[loss]().of == "residuals" else np.where(target > 0, 1.0, -1.0)
    form = robust_loss(X, y, loss, "perturbation", 0.2, order)
    proven = solve(robust_search(form))
    played = solve(adversarial_game(form), DescentAscent(method="extragradient", step=0.3, iterations=300))
    assert played.bound >= proven.bound
    assert played.bound == pytest.approx(proven.value, rel=0.1)
    if played.value is not None:
        assert played.value <= proven.value * (1 + 1e-9)


def test_smooth_losses_meet() -> None:
    rng = np.random.default_rng(1)
    X = rng.standard_normal((40, 2))
    y = np.where(X @ [1, 1] + rng.standard_normal(40) > 0, 1.0, -1.0)
    form = robust_loss(X, y, "logistic", "perturbation", 0.1)
    played = solve(adversarial_game(form), DescentAscent(method="extragradient", step=1.0, iterations=3000), gap=1e-5)
    assert played.gap < 1e-5
    assert form.value(played.answer) == pytest.approx(solve(robust_search(form)).value, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("against", "radius", "norm"),
    [
        ("wasserstein", 0.2, 2),
        ("wasserstein", 0.2, math.inf),
        ("chi-squared", 0.3, 2),
        ("kl", 0.1, 2),
        ("cvar", 0.5, 2),
    ],
)
def test_weights_and_a_direction_are_played_as_well(loss: str, against: str, radius: float, norm: float) -> None:
    rng = np.random.default_rng(2)
    X = rng.standard_normal((30, 2)) * [1, 20]
    target = X @ [1, 0.05] + rng.standard_normal(30)
    y = target if LOSSES[loss]().of == "residuals" else np.where(target > 0, 1.0, -1.0)
    form = robust_loss(X, y, loss, against, radius, norm)
    proven = solve(robust_search(form))
    played = solve(adversarial_game(form), DescentAscent(method="extragradient", step=0.3, iterations=500), gap=1e-6)
    assert proven.bound * (1 - 1e-9) <= played.bound <= proven.value * 1.05
    assert played.value <= proven.value * (1 + 1e-9)
    if LOSSES[loss]().curvature is not None and against != "cvar":
        assert played.gap < 1e-2


@pytest.mark.parametrize(
    ("against", "radius", "norm"),
    [("wasserstein", 0.0, 2), ("kl", 0.0, 2), ("cvar", 1.0, 2), ("perturbation", 0.1, 1), ("wasserstein", 0.1, 1)],
)
def test_no_adversary_and_the_norm_1_are_refused(against: str, radius: float, norm: float) -> None:
    with pytest.raises(ValueError, match="who may do something"):
        adversarial_game(robust_loss([[1.0], [2.0]], [1.0, 2.0], "squares", against, radius, norm))
