"""Games with known saddle points and how the methods fare on them; matrix games against their linear program."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from formulations.games import Game, bilinear, cyclic, matrix_game, matrix_game_lp, product, quadratic
from formulations.problem import Floats, SaddleProblem, Term
from solvers import Solution, solve
from solvers.descent_ascent import DescentAscent

PAYOFFS = arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(-9, 9).map(float))


def linear_program(A: Floats) -> float:
    """The value of the game by SciPy's own LP: max v subject to v <= A'x."""
    m, n = A.shape
    found = linprog(
        np.r_[np.zeros(m), -1],
        A_ub=np.c_[-A.T, np.ones(n)],
        b_ub=np.zeros(n),
        A_eq=np.r_[np.ones(m), 0][None],
        b_eq=[1],
        bounds=[(0, None)] * m + [(None, None)],
    )
    return -float(found.fun)


def gradients(problem: SaddleProblem, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Of the payoff at one member's x and y."""
    tx, ty = (torch.tensor(v[None], requires_grad=True) for v in (x, y))
    blocks = {"x": tx, "y": ty}
    total = sum(term.f(*(blocks[name] for name in term.blocks)).sum() for term in problem.payoff)
    dx, dy = torch.autograd.grad(total, [tx, ty])  # type: ignore[arg-type]
    return dx[0].numpy(), dy[0].numpy()


def distances(game: Game, iterations: int, **settings: Any) -> tuple[Solution, Floats]:
    """The distance to the saddle after every iteration, or to it from the average."""
    found = []

    def follow(search: Any) -> None:
        players = search.play.member(0, search.averages or None)
        found.append(math.hypot(*(float(np.linalg.norm(players[k].numpy() - at)) for k, at in game.saddle.items())))

    unjudged = replace(game, value=None, bound=None)
    solution = solve(unjudged, DescentAscent(iterations=iterations, tolerance=0.0, **settings), progress=follow)
    return solution, np.array(found)


# What is stated.


@pytest.mark.parametrize("game", [product(), product(False), bilinear(5), quadratic(5), quadratic(1, 1.0)])
def test_both_gradients_vanish_at_the_saddle_and_nowhere_near(game: Game) -> None:
    x, y = game.saddle["x"], game.saddle["y"]
    for gradient in gradients(game, x, y):
        assert np.abs(gradient).max() < 1e-12
    assert max(np.abs(gradient).max() for gradient in gradients(game, x + 0.1, y + 0.1)) > 1e-3


def test_singular_values_are_as_asked() -> None:
    game, at = bilinear(7, 50.0, seed=3), np.zeros(7)
    A = np.array([gradients(game, at, e)[0] - gradients(game, at, at)[0] for e in np.eye(7)]).T
    assert np.linalg.svd(A)[1] == pytest.approx(np.geomspace(1, 1 / 50, 7))


def test_value_and_bound_enclose_the_saddle_whatever_the_players() -> None:
    random = np.random.default_rng(0)
    for game in (product(), quadratic(4)):
        assert game.value is not None
        assert game.bound is not None
        at_saddle = {name: torch.tensor(at) for name, at in game.saddle.items()}
        value = game.value(at_saddle)
        assert game.bound(at_saddle) == pytest.approx(value)
        for _ in range(20):
            players = {name: torch.tensor(random.uniform(-1, 1, len(at))) for name, at in game.saddle.items()}
            assert game.value(players) < value < game.bound(players)


def test_cyclic_games_are_fair_and_everything_beats_half_of_the_others() -> None:
    for n in (3, 5, 9):
        A = cyclic(n)
        assert (A == -A.T).all()
        assert (A.sum(axis=1) == 0).all()
        assert ((A == 1).sum(axis=1) == n // 2).all()
    assert cyclic()[1, 0] == 1  # paper beats rock
    for n in (2, 1, 0, -3):
        with pytest.raises(ValueError, match=f"an odd number of choices, 3 at least, not {n}"):
            cyclic(n)


@pytest.mark.parametrize(
    ("payoff", "said"),
    [([1.0, 2.0], "not shape"), ([[]], "not shape"), ([[1.0, float("nan")]], "row 1, column 2 is nan"), (5.0, "shape")],
)
def test_what_is_no_payoff_is_refused_in_a_sentence(payoff: Any, said: str) -> None:
    for stated in (matrix_game, matrix_game_lp):
        with pytest.raises(ValueError, match=said):
            stated(payoff)


# Matrix games against their linear program.


@settings(max_examples=25)
@given(payoff=PAYOFFS)
def test_the_program_proves_the_value_and_its_multipliers_are_the_columns_strategy(payoff: Floats) -> None:
    value = linear_program(payoff)
    solution = solve(matrix_game_lp(payoff), "glop")
    assert solution.proven
    assert solution.value == pytest.approx(value, abs=1e-9)
    assert solution.bound == pytest.approx(value, abs=1e-9)
    assert solution.multipliers is not None
    y = np.abs(solution.multipliers.listed["columns"])
    y = y / y.sum()
    assert (payoff @ y).max() == pytest.approx(value, abs=1e-9)


@settings(max_examples=15)
@given(payoff=PAYOFFS)
def test_playing_finds_the_programs_value(payoff: Floats) -> None:
    length = float(np.linalg.norm(payoff - payoff.mean(), 2)) or 1.0
    rule = DescentAscent(method="alternating", restart=60, step=1.5 / length)
    solution = solve(matrix_game(payoff), rule, gap=1e-8)
    value = linear_program(payoff)
    assert solution.status == "optimal", solution.message
    assert solution.value is not None
    assert solution.bound is not None
    assert solution.value - 1e-12 <= value <= solution.bound + 1e-12
    x, y = (np.array(solution.answer[name]) for name in ("x", "y"))
    assert (x @ payoff).min() == pytest.approx(solution.value)
    assert (payoff @ y).max() == pytest.approx(solution.bound)
    assert x.sum() == pytest.approx(1)
    assert min(x.min(), y.min()) >= 0


@pytest.mark.parametrize(("method", "step"), [("extragradient", 0.9), ("optimistic", 0.45), ("alternating", 1.0)])
def test_gradients_and_the_program_agree_where_every_choice_is_mixed(method: Any, step: float) -> None:
    payoff = cyclic(5) + np.diag([0.5, 0.0, 0.0, 0.2, 0.0])
    averaging = "uniform" if method == "alternating" else None
    rule = DescentAscent(method=method, step=step / 3.2, averaging=averaging, iterations=2000)
    solution = solve(matrix_game(payoff), rule, gap=1e-5)
    program = solve(matrix_game(payoff), "glop")
    assert program.proven
    assert solution.proven == (averaging is None)  # 2,000 steps of the average leave 1e-3
    assert solution.value == pytest.approx(program.value, abs=1e-5 if averaging is None else 1e-2)


# Lies.


def lying(payoff: Floats, f: Any) -> SaddleProblem:
    """The game as it is judged, but the players are shown another payoff."""
    return replace(matrix_game(payoff), payoff=[Term(f, ["x", "y"])])


def test_players_who_are_shown_another_game_are_never_called_optimal() -> None:
    payoff = np.random.default_rng(1).standard_normal((4, 5))
    A, value = torch.tensor(payoff), linear_program(payoff)
    for lie in (
        lambda x, y: -((x @ A) * y).sum(-1),
        lambda x, y: ((x @ A.flip(0)) * y).sum(-1),
        lambda x, y: (x[:, 0] - y[:, 0]) * 3,
    ):
        solution = solve(lying(payoff, lie), DescentAscent(step=0.2, iterations=500))
        assert not solution.proven
        assert solution.value is not None
        assert solution.bound is not None
        assert solution.value < value - 0.01 or solution.bound > value + 0.01
        assert solution.value <= value <= solution.bound


def test_a_value_above_its_bound_is_found_out() -> None:
    payoff = np.array([[1.0, 2.0], [4.0, 3.0]])
    honest = matrix_game(payoff)
    assert honest.value is not None
    bragging = replace(honest, value=lambda players: honest.value(players) + 5)  # type: ignore[misc]
    solution = solve(bragging, DescentAscent(step=0.2, iterations=300))
    assert not solution.proven


def test_a_liars_numbers_are_mended_to_strategies_before_they_count() -> None:
    game = matrix_game([[3.0, -1.0], [-2.0, 4.0]])
    assert game.value is not None
    assert game.bound is not None
    for x, y in (([100.0, 100.0], [-7.0, 0.0]), ([0.0, 0.0], [5.0, 1.0]), ([-1.0, 2.0], [math.inf, 0.0])):
        players = {"x": torch.tensor(x, dtype=torch.float64), "y": torch.tensor(y, dtype=torch.float64)}
        value, bound = game.value(players), game.bound(players)
        assert value <= 1 + 1e-12  # the game's
        assert not bound < 1 - 1e-12


# Rates.


@pytest.mark.parametrize("step", [0.1, 0.5, 0.7071])
def test_simultaneous_steps_spiral_out_at_the_rate_of_theory(step: float) -> None:
    _, d = distances(product(False), 60, method="simultaneous", step=step)
    assert d[1:] / d[:-1] == pytest.approx(math.sqrt(1 + step**2))


@pytest.mark.parametrize("step", [0.1, 0.5, 0.7071])
def test_extragradient_converges_at_the_rate_of_theory(step: float) -> None:
    _, d = distances(product(False), 60, method="extragradient", step=step)
    assert d[1:] / d[:-1] == pytest.approx(math.hypot(1 - step**2, step))


@pytest.mark.parametrize("step", [0.1, 0.3, 0.45])
def test_optimistic_steps_converge_at_the_rate_of_theory(step: float) -> None:
    """Its characteristic polynomial on i: w^2 - (1 - 2 i step) w - i step."""
    slowest = float(np.abs(np.roots([1, -(1 - 2j * step), -1j * step])).max())
    _, d = distances(product(False), 99, method="optimistic", step=step)
    assert (d[-1] / d[50]) ** (1 / 49) == pytest.approx(slowest, rel=0.01)


@pytest.mark.parametrize("step", [0.1, 0.5, 1.9])
def test_alternating_steps_stay_on_an_ellipse(step: float) -> None:
    """With y first, x^2 + y^2 + step x y is kept (to the sign of step, by who moves first)."""
    path: list[tuple[float, float]] = []
    rule = DescentAscent(method="alternating", step=step, iterations=99, tolerance=0.0)

    def follow(search: Any) -> None:
        players = search.play.member(0)
        path.append((float(players["x"]), float(players["y"])))

    solve(product(False), rule, progress=follow)
    x, y = np.array(path).T
    kept = min((x**2 + y**2 + sign * step * x * y for sign in (1, -1)), key=np.ptp)
    assert kept == pytest.approx(kept[0])
    assert np.hypot(x, y).min() > 0.1 * math.sqrt(2 - step)


def test_the_average_of_alternating_steps_falls_like_one_over_their_number() -> None:
    solution, d = distances(bilinear(5, 4.0), 2000, method="alternating", step=0.5, averaging="uniform")
    iterations = np.array([row["iteration"] for row in solution.stats["history"]])
    late = iterations > 100
    envelope = np.maximum.accumulate(d[::-1])[::-1]
    slope, _ = np.polyfit(np.log(iterations[late][:-10]), np.log(envelope[late][:-10]), 1)
    assert slope == pytest.approx(-1, abs=0.15)
    assert (iterations * d)[1:].max() < 4 * (iterations * d)[late].max()


def test_on_the_square_too_the_four_rules_do_as_on_the_plane() -> None:
    ends = {
        method: distances(product(), 300, method=method, step=0.5)[1]
        for method in ("simultaneous", "alternating", "extragradient", "optimistic")
    }
    assert ends["simultaneous"][-50:].min() > 0.9  # along the edge
    assert 0.5 < ends["alternating"][-50:].min() < ends["alternating"][-50:].max() < 1
    assert max(ends["extragradient"][-1], ends["optimistic"][-1]) < 1e-12


def test_all_rules_find_the_saddle_of_a_strongly_convex_game() -> None:
    game = quadratic(6, 5.0, seed=2)
    for method in ("simultaneous", "alternating", "extragradient", "optimistic"):
        solution = solve(game, DescentAscent(method=method, step=0.2))
        assert solution.proven, (method, solution.message)
        for name, at in game.saddle.items():
            assert solution.answer[name] == pytest.approx(at, abs=1e-3)
        assert [check.name for check in solution.checks] == [
            "bound by best responses",
            "payoff at the known saddle",
        ]


def test_a_stationary_point_without_bound_is_not_called_optimal() -> None:
    solution = solve(product(False), DescentAscent(step=0.7))
    assert solution.status == "feasible"
    assert not solution.proven
    assert solution.answer["x"] == pytest.approx([0], abs=1e-10)


@pytest.mark.parametrize("game", ["1e12 1; 1e12 2", "1 2 1e12; 2 1 1e12; 0 0 1e12", "1e-12 -1e-12; -1e-12 1e-12"])
def test_a_choice_that_nobody_makes_does_not_make_all_else_equal(game: str) -> None:
    payoff = np.array([row.split() for row in game.split(";")], dtype=float)
    solution = solve(matrix_game(payoff), DescentAscent(step=0.3, method="optimistic", iterations=3000))
    small = np.where(np.abs(payoff) > 1e6, 100.0, payoff)
    truth = solve(matrix_game_lp(small / np.abs(small).max()), "glop").value * np.abs(small).max()
    if solution.status == "optimal":
        assert solution.value == pytest.approx(truth, abs=1e-6 * np.abs(small).max())
    assert solution.value <= truth + 1e-9 * abs(truth) + 1e-20
    assert solution.bound >= truth - 1e-9 * abs(truth) - 1e-20
