"""Transport as a linear program and as a game: the same distance, and repairs that keep bounds true."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from formulations.problem import Floats
from formulations.transport import on_a_line, rounded, transformed, transport, transport_game
from solvers import solve
from solvers.descent_ascent import DescentAscent


def weights(n: int, random: np.random.Generator) -> Floats:
    drawn = random.random(n)
    return np.asarray(drawn / drawn.sum())


def drawn(m: int, n: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    random = np.random.default_rng(seed)
    return weights(m, random), weights(n, random), random.random((m, n))


def by_restarts(m: int, n: int) -> DescentAscent:
    return DescentAscent(method="alternating", restart=60, step=1.5 / math.sqrt(m + n), iterations=20_000)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 4), (3, 2), (6, 6), (9, 5)])
def test_the_game_ends_at_the_value_of_the_program(m: int, n: int) -> None:
    a, b, C = drawn(m, n, seed=m + n)
    program, game = solve(transport(a, b, C), "glop"), solve(transport_game(a, b, C), by_restarts(m, n))
    assert program.proven, program.message
    assert game.proven, game.message
    assert program.value is not None
    assert game.value is not None
    assert game.bound is not None
    assert game.value - 1e-12 <= program.value <= game.bound + 1e-12
    assert solve(transport(a, b, C), "highs").value == pytest.approx(program.value)
    assert solve(transport_game(a, b, C), "glop").value == pytest.approx(program.value)  # the game has it as its model
    f, g, plan = (np.array(game.answer[name]) for name in ("f", "g", "plan"))
    assert (f[:, None] + g <= C + 1e-12).all()
    assert a @ f + b @ g == pytest.approx(game.value)
    for P in (plan, np.array(program.answer)):
        assert P.min() >= 0
        assert P.sum(axis=1) == pytest.approx(a, abs=1e-12)
        assert P.sum(axis=0) == pytest.approx(b, abs=1e-12)
    assert (C * plan).sum() == pytest.approx(game.bound)


@pytest.mark.parametrize("seed", range(3))
def test_on_a_line_both_agree_with_the_closed_form(seed: int) -> None:
    random, m, n = np.random.default_rng(seed), 7, 8
    x, y = random.standard_normal(m), random.standard_normal(n) + 1
    a, b = 3 * weights(m, random), 3 * weights(n, random)  # masses other than 1 too
    problem = on_a_line(x, a, y, b)
    area = 3 * wasserstein_distance(x, y, a, b)
    for solver in (by_restarts(m, n), "glop", "highs"):
        solution = solve(problem, solver, gap=1e-8)
        assert solution.proven, solution.message
        assert solution.value == pytest.approx(area, rel=1e-6)
        assert any("area" in check.name for check in solution.checks)


def test_one_point_to_itself_costs_nothing() -> None:
    assert solve(on_a_line([2.0, 5.0], [0.5, 0.5], [5.0, 2.0], [0.5, 0.5]), by_restarts(2, 2)).bound == pytest.approx(0)


def test_repairs_make_true_bounds_of_anything() -> None:
    a, b, C = drawn(5, 4)
    game, optimum = transport_game(a, b, C), solve(transport(a, b, C)).value
    assert game.value is not None
    assert game.bound is not None
    assert optimum is not None
    random = np.random.default_rng(3)
    for scale in (0.0, 1e-9, 0.1, 1.0, 1e6):
        players = {
            "f": torch.tensor(scale * random.standard_normal(5)),
            "g": torch.tensor(scale * random.standard_normal(4)),
            "plan": torch.tensor(scale * random.standard_normal((5, 4))),
        }
        slack = 1e-12 * max(1, scale)
        assert game.value(players) - slack <= optimum <= game.bound(players) + slack


def test_a_transform_never_loses_and_is_its_own_end() -> None:
    _, _, C = drawn(6, 7, seed=1)
    f = np.random.default_rng(0).standard_normal(6)
    better, g = transformed(f, C)
    assert (better >= f - 1e-12).all()
    again, same = transformed(better, C)
    assert again == pytest.approx(better)
    assert same == pytest.approx(g)
    for axis in (0, 1):
        assert (C - better[:, None] - g).min(axis=axis) == pytest.approx(0, abs=1e-12)


def test_rounding_keeps_plans_and_moves_others_no_more_than_they_are_wrong() -> None:
    """By at most twice what its marginals are wrong by (Altschuler et al., lemma 7)."""
    a, b, _ = drawn(6, 4, seed=2)
    fine = np.outer(a, b)
    assert rounded(fine, a, b) == pytest.approx(fine, abs=1e-15)
    random = np.random.default_rng(0)
    for size in (1e-6, 1e-2, 1.0):
        rough = fine * np.exp(size * random.standard_normal(fine.shape))
        wrong = np.abs(rough.sum(axis=1) - a).sum() + np.abs(rough.sum(axis=0) - b).sum()
        assert np.abs(rounded(rough, a, b) - rough).sum() <= 2 * wrong + 1e-12
    for other in (np.zeros((6, 4)), -fine, np.eye(6, 4)):
        plan = rounded(other, a, b)
        assert plan.min() >= 0
        assert plan.sum(axis=1) == pytest.approx(a)
        assert plan.sum(axis=0) == pytest.approx(b)


def test_places_without_weight_are_left_alone() -> None:
    a, b, C = np.array([0.5, 0.0, 0.5]), np.array([1.0, 0.0]), np.arange(6.0).reshape(3, 2)
    assert solve(transport(a, b, C)).value == 2
    assert solve(transport_game(a, b, C), by_restarts(3, 2)).value == pytest.approx(2)


@pytest.mark.parametrize(
    ("a", "b", "cost", "said"),
    [
        ([0.5, 0.5], [0.9], [[1.0], [2.0]], "sum to 1 and 0.9; divide each"),
        ([1.0], [1.0], [[1.0, 2.0]], "give one cost for each pair"),
        ([-1.0, 2.0], [1.0], [[1.0], [1.0]], "the first weights must be finite and >= 0"),
        ([1.0], [0.0], [[1.0]], "the second weights"),
        ([1.0], [1.0], [[math.inf]], "a cost is not finite"),
        ([], [], [[]], "give one cost for each pair"),
        ([math.nan], [1.0], [[1.0]], "the first weights"),
    ],
)
def test_what_is_no_transport_is_refused_in_a_sentence(a: Any, b: Any, cost: Any, said: str) -> None:
    for stated in (transport, transport_game):
        with pytest.raises(ValueError, match=said):
            stated(a, b, cost)


def test_a_forbidden_way_does_not_make_all_else_equal() -> None:
    for seed in range(4):
        random = np.random.default_rng(seed)
        a, b, cost = random.dirichlet(np.ones(4)), random.dirichlet(np.ones(4)), random.random((4, 4))
        truth = solve(transport(a, b, cost), "glop").value
        cost[0, 0] = 1e12
        solution = solve(transport_game(a, b, cost), DescentAscent(iterations=50))
        assert truth is not None
        if solution.status == "optimal":
            assert solution.value >= truth - 1e-9
        assert solution.bound is None or solution.bound >= truth - 1e-9
