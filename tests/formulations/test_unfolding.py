"""Maximum variance unfolding: closed forms, cvxpy's optimum, random positions below every bound; lies are caught."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formulations.arithmetic.spread import KIND, Spread
from formulations.embeddings.neighbours import Neighbours, nearest, nearest_by
from formulations.problem import Floats
from formulations.unfolding import MOST, unfolding
from solvers import solve
from solvers.convex.unfolding import MEETS
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched


def form(near: Neighbours) -> Spread:
    objective = unfolding(near).objective
    assert isinstance(objective, Spread)
    return objective


def random_graph(n: int, count: int, seed: int) -> Neighbours:
    """The nearest by distances that no points have."""
    D = np.random.default_rng(seed).uniform(0.2, 1, (n, n))
    return nearest_by(D + D.T - np.diag(2 * D.diagonal()), count)


def circle(n: int) -> Floats:
    angle = 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angle), np.sin(angle)])


@pytest.mark.parametrize("n", [2, 3, 40, 150])
def test_a_path_unfolds_to_a_line(n: int) -> None:
    following = np.r_[1:n, n - 2][:, None]
    solution = solve(unfolding(Neighbours(following, np.ones((n, 1)))))
    assert solution.proven
    assert solution.value == pytest.approx(n * (n**2 - 1) / 12, rel=MEETS)
    assert solution.answer.shape == (n, 1)
    assert np.abs(np.diff(solution.answer[:, 0])) == pytest.approx(np.ones(n - 1), abs=1e-4)


@pytest.mark.parametrize("n", [3, 4, 7, 60])
def test_a_ring_becomes_a_regular_polygon(n: int) -> None:
    solution = solve(unfolding(nearest(circle(n), 2)))
    assert solution.proven
    assert solution.value == pytest.approx(n, rel=MEETS)
    assert solution.answer.shape == (n, 2)
    assert np.linalg.norm(solution.answer, axis=1) == pytest.approx(np.ones(n), abs=1e-4)


def test_points_all_as_far_from_each_other_are_a_simplex() -> None:
    solution = solve(unfolding(nearest_by(3.0 * (1 - np.eye(9)), 8)))
    assert solution.proven
    assert solution.value == pytest.approx(9 * (9 - 1) / 2, rel=MEETS)  # d^2 by (n - 1) / 2
    assert solution.answer.shape == (9, 8)


@pytest.mark.parametrize("seed", range(6))
def test_the_optimum_is_that_of_the_semidefinite_program(seed: int) -> None:
    cp = pytest.importorskip("cvxpy")
    near = random_graph(8, 3, seed)
    pairs = form(near)
    Y = cp.Variable((8, 8), PSD=True)
    short = [
        Y[i, i] - 2 * Y[i, j] + Y[j, j] <= d**2 for i, j, d in zip(pairs.tail, pairs.head, pairs.distance, strict=True)
    ]
    optimum = cp.Problem(cp.Maximize(cp.trace(Y) - cp.sum(Y) / 8), short).solve(solver="CLARABEL")
    solution = solve(unfolding(near))
    assert solution.proven
    assert solution.value == pytest.approx(optimum, rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_no_positions_beat_a_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = form(random_graph(9, 3, seed))
    bounds = [pairs.bound(rng.uniform(0, 1, len(pairs.tail)) ** 4) for _ in range(5)]
    for p in (1, 2, 8):
        X = rng.standard_normal((9, p))
        X *= float((pairs.distance / pairs.lengths(X)).min())
        assert pairs.broken(X) is None
        assert pairs.value(X) <= min(bounds)


@pytest.mark.parametrize("seed", range(4))
def test_a_bound_is_just_above_what_eigenvalues_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((30, 3))
    X[7] = X[8] = X[9]
    pairs = form(nearest(X, 6))
    y = rng.uniform(0, 1, len(pairs.tail))
    ends = np.eye(30)[pairs.tail] - np.eye(30)[pairs.head]
    at_one = np.delete(
        np.eye(30), [8, 9], axis=1
    )  # an orthonormal basis of positions that have 7, 8 and 9 at one place
    at_one[7:10, 7] = 3**-0.5
    L = (ends @ at_one).T @ (y[:, None] * (ends @ at_one))
    exact = float(y @ pairs.distance**2) / float(np.linalg.eigvalsh(L)[1])
    assert exact * (1 - 1e-13) <= pairs.bound(y) <= exact * (1 + 1e-11)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 9), st.data())
def test_any_small_graph_is_unfolded_and_proven(n: int, data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(0, 4), min_size=n * (n - 1) // 2, max_size=n * (n - 1) // 2))
    D = np.zeros((n, n))
    D[np.triu_indices(n, 1)] = numbers
    near = nearest_by(D + D.T, data.draw(st.integers(1, n - 1)))
    if not near.connected:
        return
    solution = solve(unfolding(near))
    assert solution.proven
    pairs = form(near)
    assert (pairs.lengths(solution.answer) <= pairs.distance + 1e-9).all()


def test_wrong_positions_and_weights_are_caught() -> None:
    near = nearest(circle(12), 2)
    problem, pairs = unfolding(near), form(near)

    def judged(X: Any, weights: Any) -> Any:
        found = Findings(solver="liar", ended="optimal", candidates=[X], certificates=[(KIND, weights)])
        return judge(Searched(problem), found, MEETS)

    right, even = solve(problem).answer, np.ones(12)
    assert judged(right, even).proven
    assert judged(1.001 * right, even).answer is None
    assert not judged(0.999 * right, even).proven
    assert judged(right[:5], even).answer is None
    assert not judged(right, np.arange(12.0)).proven
    assert judged(right, -even).bound is None
    for lie in (None, np.full(12, np.nan), np.zeros(12), np.ones(11), "no", np.eye(12)):
        assert pairs.bound(lie) == np.inf


def test_points_all_but_at_one_place_and_of_any_size() -> None:
    X = np.array([[0.0, 0], [1e-9, 0], [1, 0], [2, 1], [3, 1], [3, 1]])
    solution = solve(unfolding(nearest(X, 3)), gap=1e-5)
    assert solution.proven
    for unit in (1e-45, 1e45):
        scaled = solve(unfolding(nearest(unit * X, 3)), gap=1e-5)
        assert scaled.proven
        assert scaled.value == pytest.approx(unit**2 * (solution.value or 0.0), rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_rows_that_differ_by_rounding_are_as_good_as_at_one_place(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = np.round(rng.random((25, 2)), 1) + 1e-9 * rng.random((25, 2))
    solution = solve(unfolding(nearest(X, 8)), gap=1e-4)
    assert solution.proven
    assert form(nearest(X, 8)).broken(solution.answer) is None


def test_a_time_limit_leaves_positions_and_a_bound() -> None:
    near = nearest(np.random.default_rng(0).standard_normal((200, 3)), 8)
    solution = solve(unfolding(near), time_limit=1e-6)
    assert solution.status == "feasible"
    assert solution.value is not None
    assert solution.bound is not None
    assert 0 < solution.value < solution.bound
    assert "stopped by its limits" in solution.message


def test_what_cannot_be_unfolded_is_refused() -> None:
    with pytest.raises(ValueError, match="falls into 2 parts"):
        unfolding(nearest(np.array([[0.0], [1], [9], [10]]), 1))
    line = np.arange(100.0)[:, None]
    with pytest.raises(ValueError, match=f"give {MOST:,} pairs at most"):
        unfolding(nearest(line, 60))
