"""Games in the plane: payoffs as the page says, guarantees against grids, and how each of them ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from formulations.planar_games import (
    PlanarGame,
    best_guarantee,
    convex_concave,
    dirac_gan,
    four_saddles,
    limit_cycle,
)
from formulations.problem import Floats
from solvers import solve
from solvers.descent_ascent import DescentAscent


def h(t: Floats) -> Floats:
    return np.asarray(t**2 / 4 - t**4 / 2 + t**6 / 6)


def log_sigmoid(t: Floats) -> Floats:
    return -np.logaddexp(0, -t)


GAMES: dict[str, tuple[Callable[[], PlanarGame], Callable[[Floats, Floats], Floats]]] = {
    "convex-concave": (convex_concave, lambda x, y: y**2 - x**2),
    "four saddles": (four_saddles, lambda x, y: (y**2 - 1) ** 2 / 4 - (x**2 - 1) ** 2 / 4 + x * y / 5),
    "limit cycle": (limit_cycle, lambda x, y: y * (x - 9 / 20) + h(y) - h(x)),
    "Dirac": (dirac_gan, lambda x, y: log_sigmoid(x * y) - math.log(2)),
    "penalized": (lambda: dirac_gan(0.3), lambda x, y: log_sigmoid(x * y) - math.log(2) - 0.15 * x**2),
}


def players(game: PlanarGame, x: float, y: float) -> dict[str, torch.Tensor]:
    names = [*game.maximize_over, *game.minimize_over]
    return {name: torch.tensor([t], dtype=torch.float64) for name, t in zip(names, (x, y), strict=True)}


@pytest.mark.parametrize("name", GAMES)
def test_the_payoff_is_that_of_the_page_and_guarantees_are_those_of_a_grid(name: str) -> None:
    stated, payoff = GAMES[name]
    game, random = stated(), np.random.default_rng(0)
    grid = np.linspace(-game.radius, game.radius, 4001)
    for x, y in random.uniform(-game.radius, game.radius, (20, 2)):
        point = players(game, x, y)
        played = float(sum(term.f(*(point[block][None] for block in term.blocks)) for term in game.payoff))
        assert played == pytest.approx(float(payoff(np.asarray(x), np.asarray(y))), abs=1e-12)
        assert game.value is not None
        assert game.bound is not None
        value, bound = float(game.value(point)), float(game.bound(point))
        secured, allowed = float(payoff(np.asarray(x), grid).min()), float(payoff(grid, np.asarray(y)).max())
        assert secured - 1e-4 <= value <= secured + 1e-12
        assert bound >= allowed - 1e-12  # of the penalized one in closed form: it may be more
        if name != "penalized":
            assert bound <= allowed + 1e-4


@pytest.mark.parametrize("name", GAMES)
def test_both_gradients_vanish_at_each_known_point(name: str) -> None:
    game = GAMES[name][0]()
    for point in (game.saddle, *game.others):
        blocks = {block: torch.tensor(at[None], requires_grad=True) for block, at in point.items()}
        total: Any = sum(term.f(*(blocks[block] for block in term.blocks)).sum() for term in game.payoff)
        for gradient in torch.autograd.grad(total, list(blocks.values())):
            assert float(gradient.abs()) < 1e-12


def test_the_four_are_local_saddles_and_that_of_the_cycle_is_none() -> None:
    step, (_, payoff) = 0.05, GAMES["four saddles"]
    for game, is_saddle, f in ((four_saddles(), True, payoff), (limit_cycle(), False, GAMES["limit cycle"][1])):
        for point in (game.saddle, *game.others):
            x, y = point["x"], point["y"]
            best_for_x = bool((f(x, y) >= np.maximum(f(x + step, y), f(x - step, y))).all())
            best_for_y = bool((f(x, y) <= np.minimum(f(x, y + step), f(x, y - step))).all())
            assert (best_for_x and best_for_y) == is_saddle


@pytest.mark.parametrize("name", ["four saddles", "limit cycle"])
def test_best_guarantees_lie_in_the_intervals_and_leave_no_saddle_point(name: str) -> None:
    stated, payoff = GAMES[name]
    game = stated()
    grid = np.linspace(-game.radius, game.radius, 1501)
    table = payoff(grid[:, None], grid[None])
    assert game.guarantees is not None
    (low, high), (least, most) = game.guarantees(1e-3)
    assert high - low <= 1e-3
    assert most - least <= 1e-3
    assert low - 1e-4 <= table.min(axis=1).max() <= high + 1e-4
    assert least - 1e-4 <= table.max(axis=0).min() <= most + 1e-4
    assert high < least
    solution = solve(game, DescentAscent(step=0.1, iterations=200))
    assert solution.status != "optimal"
    assert solution.value is not None
    assert solution.bound is not None
    assert solution.value <= high
    assert solution.bound >= least


def test_a_slope_that_is_too_small_misses_the_maximum() -> None:
    def peak(x: float) -> float:
        return max(0.0, 1 - 20 * abs(x - 0.3))

    low, high = best_guarantee(peak, 20.0, 1.0, 1e-2)
    assert low <= 1 <= high
    assert best_guarantee(peak, 0.0, 1.0, 1e-2)[1] < 1


@pytest.mark.parametrize("name", ["convex-concave", "Dirac", "penalized"])
def test_where_there_is_a_saddle_point_it_is_proven_and_a_lie_is_not(name: str) -> None:
    game = GAMES[name][0]()
    solution = solve(game, DescentAscent(step=0.5 / game.lipschitz))
    assert (solution.status, game.distance(solution.values or {}) < 1e-4) == ("optimal", True)
    lying = replace(game, value=lambda _: 5.0)  # more than the other player allows
    assert solve(lying, DescentAscent(iterations=200)).status != "optimal"


def test_plain_steps_circle_in_the_dirac_gan_and_the_penalty_makes_them_converge() -> None:
    far = {}
    for penalty in (0.0, 0.3):
        game = dirac_gan(penalty)
        unjudged = replace(game, value=None, bound=None)
        rule = DescentAscent(method="simultaneous", step=0.2, iterations=400)
        far[penalty] = game.distance(solve(unjudged, rule).values or {})
    assert far[0.0] > 1
    assert far[0.3] < 1e-3


def test_a_penalty_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="the penalty is -1; give a number from 0 on"):
        dirac_gan(-1)
