"""Matrix games by the interior-point method: right, proven, in any unit; dominance; lies; a GLOP that loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from formulations.games import cyclic, matrix_game, matrix_game_lp
from formulations.problem import Floats
from solvers import solve
from solvers.descent_ascent import DescentAscent
from solvers.games.dominance import padded, undominated
from solvers.games.interior_point import central_path
from solvers.games.linear_programming import InteriorPoint
from solvers.linear import glop


def value_of(A: Floats) -> float:
    """By SciPy's LP: max v subject to v <= A'x."""
    m, n = A.shape
    costs, rows = np.r_[np.zeros(m), -1], np.c_[-A.T, np.ones(n)]
    box = [(0, None)] * m + [(None, None)]
    return -float(linprog(costs, rows, np.zeros(n), np.r_[np.ones(m), 0][None], [1], bounds=box).fun)


def games(count: int, seed: int = 5) -> Iterator[Floats]:
    """Random, integer, skew-symmetric, degenerate, with duplicates, constant, of one row or column, in all units."""
    random = np.random.default_rng(seed)
    for k in range(count):
        m, n = random.integers(2, 31, 2).tolist()
        upper = np.triu(random.integers(-5, 6, (m, m)) if k % 20 < 10 else random.standard_normal((m, m)), 1)
        doubled = np.repeat(np.repeat(random.integers(-9, 9, (m // 2, n // 2)), 2, 0), 2, 1)
        small = [np.full((m, n), 7.25), random.random((1, n)), random.random((m, 1)), np.array([[3.0]])][k // 10 % 4]
        yield [
            random.random((m, n)),
            random.integers(-9, 10, (m, n)).astype(float),
            upper - upper.T.astype(float),
            random.integers(0, 3, (m, n)) / 7,
            random.integers(0, 2, (m, n)).astype(float),
            doubled.astype(float),
            small,
            random.integers(-9, 10, (m, n)) * 10.0 ** random.integers(-12, 12),
            random.integers(-9, 10, (m, n)) + [1e3, 1e7, 1e9][k // 10 % 3],
            random.standard_normal((m, n)).astype(np.float32) * 10.0 ** random.integers(-10, 10),
        ][k % 10]


@pytest.mark.parametrize(("solver", "count"), [("interior-point", 200), ("glop", 60), ("highs", 60)])
def test_random_and_skew_symmetric_games_are_right_and_proven(solver: str, count: int) -> None:
    for A in games(count):
        constant = float(np.median(A))
        unit = float(np.abs(A - constant).max()) or 1.0
        solution = solve(matrix_game(A), solver)
        assert solution.proven, (A, str(solution))
        assert solution.value == pytest.approx(value_of((A - constant) / unit) * unit + constant, abs=1e-7 * unit)


@pytest.mark.parametrize(("unit", "constant"), [(1.0, 1e9), (1e-12, 0.0), (1e12, 0.0), (2.0**-30, 1.0), (1.0, -1e7)])
def test_strategies_depend_neither_on_units_nor_on_constants(unit: float, constant: float) -> None:
    A = np.random.default_rng(0).integers(-50, 50, (7, 9)).astype(float)
    plain, other = solve(matrix_game(A)), solve(matrix_game(unit * A + constant))
    assert plain.proven
    assert other.proven
    for player in "xy":
        assert other.answer[player] == pytest.approx(plain.answer[player], abs=1e-12)
    assert other.value == pytest.approx(unit * plain.value + constant, rel=1e-12)


@pytest.mark.parametrize(
    ("A", "value"),
    [
        ([[1e12, 0], [0, 1]], 1 / (1 + 1e-12)),
        ([[1e6, 0, 0], [0, 1, 0], [0, 0, 1e-6]], 1 / (1e-6 + 1 + 1e6)),
        (np.diag(10.0 ** np.arange(-6, 7)), 1 / sum(10.0**k for k in range(-6, 7))),
        ([[1e12, 1], [1e12, 2]], 2),
    ],
)
def test_payoffs_of_many_sizes_in_one_game(A: Any, value: float) -> None:
    for solver in ("interior-point", "glop", "highs"):
        solution = solve(matrix_game(A), solver)
        assert solution.proven, solver
        assert solution.value == pytest.approx(value, rel=1e-8)


def test_a_large_game_is_proven_in_few_steps() -> None:
    solution = solve(matrix_game(np.random.default_rng(0).random((300, 400))))
    assert solution.proven
    assert solution.stats["iterations"] < 25
    assert np.count_nonzero(solution.answer["x"]) == np.count_nonzero(solution.answer["y"])  # a vertex, up to rounding


def test_a_wider_gap_takes_fewer_steps() -> None:
    game = matrix_game(np.random.default_rng(0).random((100, 100)))
    rough, fine = solve(game, gap=1e-3), solve(game)
    assert rough.gap is not None
    assert fine.gap is not None
    assert fine.gap < 1e-12 < rough.gap < 1e-3
    assert rough.stats["iterations"] < fine.stats["iterations"]


def test_steps_time_and_settings_end_it_with_the_best_so_far() -> None:
    game = matrix_game(np.random.default_rng(0).random((40, 40)))
    for solution in (solve(game, InteriorPoint(iterations=2)), solve(game, time_limit=1e-9)):
        assert solution.status == "feasible"
        assert solution.value is not None
        assert solution.bound is not None
        assert solution.value < 0.5 < solution.bound
        assert "stopped by its limits" in solution.message
    with pytest.raises(ValueError, match="iterations is 0"):
        InteriorPoint(iterations=0)


# Dominance.


def test_what_is_dropped_is_dominated_by_what_is_named_among_what_was_left() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        A = random.integers(0, 4, random.integers(1, 9, 2)).astype(float)
        left, found = {"row": set(range(len(A))), "column": set(range(len(A.T)))}, undominated(A)
        for kind, which, by in found.dropped:
            rows, columns = sorted(left["row"]), sorted(left["column"])
            worse, better = (A[[which, by]][:, columns]) if kind == "row" else -A[rows][:, [which, by]].T
            assert (worse <= better).all()
            assert by in left[kind]
            left[kind].remove(which)
        assert (left["row"], left["column"]) == (set(found.rows.tolist()), set(found.columns.tolist()))
        rest = A[np.ix_(found.rows, found.columns)]
        for B in (rest, -rest.T):
            assert not any((B[i] <= B[k]).all() for i in range(len(B)) for k in range(len(B)) if i != k)


def test_a_game_that_dominance_alone_solves_is_pure() -> None:
    solution = solve(matrix_game([[3, 1, 4], [2, 0, 3], [1, 0, 5]]))
    assert solution.answer == {"x": [1.0, 0.0, 0.0], "y": [0.0, 1.0, 0.0]}
    assert (solution.value, solution.bound) == (1.0, 1.0)
    assert solution.certificate.proof.dropped


def test_a_lie_about_dominance_is_found_out_on_the_whole_game(monkeypatch: pytest.MonkeyPatch) -> None:
    from solvers.games import linear_programming

    def lie(A: Floats) -> Any:
        found = undominated(A)
        return replace(found, rows=found.rows[1:], dropped=(("row", 0, 1),))

    monkeypatch.setattr(linear_programming, "undominated", lie)
    solution = solve(matrix_game(cyclic(3)))
    assert not solution.proven
    assert solution.value is not None
    assert solution.bound is not None
    assert solution.value < 0 < solution.bound + 1e-12


# Lies, and what is refused.


def test_wrong_strategies_are_never_called_optimal(monkeypatch: pytest.MonkeyPatch) -> None:
    from solvers.games import linear_programming

    A = np.random.default_rng(2).random((6, 8))
    monkeypatch.setattr(linear_programming, "central_path", lambda B: central_path(-B))
    solution = solve(matrix_game(A))
    assert not solution.proven
    assert solution.value is not None
    assert solution.bound is not None
    assert solution.value < value_of(A) < solution.bound


def test_the_default_of_a_matrix_game_and_what_others_may_not_play() -> None:
    from formulations.games import product

    assert solve(matrix_game(cyclic(3))).solver == "interior-point"
    assert solve(matrix_game(cyclic(3)), DescentAscent(step=0.3)).solver == "descent-ascent"
    with pytest.raises(ValueError, match="plays no saddle problems"):
        solve(product(), InteriorPoint())
    with pytest.raises(ValueError, match="row 1, column 2 is 1e\\+200; give numbers within 1e\\+100"):
        matrix_game([[1.0, 1e200]])


def test_where_glop_loops_highs_is_asked_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glop, "ITERATIONS", 2)
    monkeypatch.setattr(glop, "ITERATIONS_PER_LINE", 0)
    A = np.random.default_rng(0).random((8, 9))
    solution = solve(matrix_game_lp(A), "glop")
    assert solution.proven
    assert solution.value == pytest.approx(value_of(A))
    assert "GLOP did not settle within 2 iterations, so HiGHS was asked" in str(solution)


def test_strategies_of_what_is_left_are_padded() -> None:
    assert padded(np.array([1.0]), np.array([2]), 4).tolist() == [0, 0, 1, 0]
