"""Metric scaling: against scikit-learn, and bounds against all positions; lies and degenerate distances are caught."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from formulations.arithmetic.raw_stress import RawStress
from formulations.problem import Floats
from formulations.stress import KIND, normalised, stress, turned
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched
from solvers.maps.smacof import Smacof, classical_map


def distances(n: int, p: int, seed: int, noise: float = 0.0) -> Floats:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    D = np.abs(cdist(X, X) * (1 + noise * rng.standard_normal((n, n))))
    np.fill_diagonal(D, 0.0)
    return np.asarray((D + D.T) / 2)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("k", [1, 2, 3])
def test_distances_of_points_are_kept_and_that_is_proven(seed: int, k: int) -> None:
    D = distances(15, k, seed)
    solution = solve(stress(D, k))
    assert solution.proven
    assert np.abs(cdist(solution.answer, solution.answer) - D).max() < 1e-9
    assert np.abs(solution.answer.mean(axis=0)).max() < 1e-12


@pytest.mark.parametrize("seed", range(8))
def test_no_positions_in_any_dimension_beat_a_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    D = distances(9, 3, seed, noise=0.3)
    if seed % 2:
        D[0, 1] = D[1, 0] = 0.0
    form = stress(D, 2).objective
    assert isinstance(form, RawStress)
    solution = solve(stress(D, 2))
    assert solution.bound is not None
    assert solution.value is not None
    assert 0 < solution.bound <= solution.value
    bounds = [solution.bound] + [
        form.bound(10.0 ** rng.uniform(-2, 2) * rng.standard_normal((9, p))) for p in (1, 3, 8)
    ]
    for p in (1, 2, 8):
        flat = minimize(lambda x, p=p: form.value(x.reshape(9, p)), rng.standard_normal(9 * p)).fun
        assert flat >= max(bounds) * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_is_the_relaxations_optimum(seed: int) -> None:
    cp = pytest.importorskip("cvxpy")
    D = distances(8, 2, seed, noise=0.2)
    G = cp.Variable((8, 8), PSD=True)
    total = sum(
        G[i, i] - 2 * G[i, j] + G[j, j] - 2 * D[i, j] * cp.sqrt(G[i, i] - 2 * G[i, j] + G[j, j]) + D[i, j] ** 2
        for i in range(8)
        for j in range(i)
    )
    optimum = cp.Problem(cp.Minimize(total)).solve(solver="CLARABEL")
    bound = solve(stress(D, 2)).bound
    assert bound is not None
    assert 0.95 * optimum < bound < optimum + 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_no_worse_than_scikit_learn_from_as_many_starts(seed: int) -> None:
    manifold = pytest.importorskip("sklearn.manifold")
    D = distances(25, 4, seed, noise=0.1)
    _, theirs = manifold.smacof(
        D, n_components=2, n_init=31, max_iter=1000, eps=1e-7, random_state=seed, normalized_stress=False
    )
    ours = solve(stress(D, 2), seed=seed).value
    assert ours is not None
    assert ours <= theirs * (1 + 1e-5)


def test_wrong_positions_and_bounds_are_caught() -> None:
    D = distances(8, 2, 0)
    problem = stress(D, 2)

    def judged(X: Any, relaxed: Any) -> Any:
        found = Findings(solver="liar", ended="optimal", candidates=[X], certificates=[(KIND, relaxed)])
        return judge(Searched(problem), found)

    right = solve(problem).answer
    assert judged(right, right).proven
    assert not judged(1.01 * right, right).proven
    assert judged(right[:, :1], right).answer is None
    for lie in (None, np.full((8, 2), np.nan), np.zeros((8, 2)), np.full((8, 2), 1e300), "no", np.eye(7)):
        assert judged(right, lie).bound == 0


@pytest.mark.parametrize("n", [9, 300, 600])  # in one block of pairs, in several
def test_guttmans_transform_is_a_step_of_steepest_descent(n: int) -> None:
    rng = np.random.default_rng(n)
    D = distances(n, 3, 0, noise=0.1)
    form = stress(D, 2).objective
    assert isinstance(form, RawStress)
    X = rng.standard_normal((n, 2))
    X[1] = X[0]  # at one place, where d is not 0
    X -= X.mean(axis=0)
    once, value = form.guttman(X)
    r = cdist(X, X)
    ratio = np.divide(D, r, out=np.zeros_like(r), where=r > 0)
    assert once == pytest.approx((ratio.sum(axis=1)[:, None] * X - ratio @ X) / n)
    assert value == pytest.approx(form.value(X))
    assert form.value(once) < value
    V = rng.standard_normal((n, 2))
    X = V - V.mean(axis=0)
    slope = 2 * n * float(((X - form.guttman(X)[0]) * V).sum())
    assert (form.value(X + 1e-6 * V) - form.value(X - 1e-6 * V)) / 2e-6 == pytest.approx(slope, rel=1e-5)


def test_of_many_points_the_widest_coordinates_are_found_alone() -> None:
    D = distances(200, 4, 0)
    assert np.abs(classical_map(D, 2)) == pytest.approx(np.abs(classical_map(D)[:, :2]), abs=1e-9)
    assert solve(stress(distances(600, 2, 0), 2)).proven


def test_a_time_limit_leaves_the_positions_that_there_are_by_then() -> None:
    D = distances(600, 5, 0)
    solution = solve(stress(D, 2), time_limit=1e-6)
    assert solution.status == "feasible"
    assert solution.value is not None
    assert solution.value < 2.5 * (solve(stress(D, 2)).value or 0.0)
    assert "stopped by its limits" in solution.message


def test_same_places_ties_and_starts() -> None:
    D = np.ones((6, 6)) - np.eye(6)
    D[0, 1] = D[1, 0] = 0.0
    assert solve(stress(D, 4)).proven
    assert solve(stress(D, 2), seed=3).value == pytest.approx(solve(stress(D, 2), seed=4).value, rel=1e-6)
    assert solve(stress([[0, 1], [1, 0]], 1)).proven
    assert solve(stress(D, 2), Smacof(starts=0)).stats["starts"] == 0
    with pytest.raises(ValueError, match="0 iterations make no sense"):
        Smacof(iterations=0)
    with pytest.raises(ValueError, match="6 points have no map in 6 dimensions"):
        stress(D, 6)


def test_stress_is_normalised_as_kruskal_does() -> None:
    X = np.array([[0.0, 0], [3, 4], [6, 8]])
    assert normalised(1.5, X) == pytest.approx((1.5 / (25 + 25 + 100)) ** 0.5)
    assert np.abs(cdist(turned(X), turned(X)) - cdist(X, X)).max() < 1e-12
