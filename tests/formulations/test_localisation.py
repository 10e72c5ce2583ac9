"""Sensors from some distances: exact ones give positions back, proven and with no others; lies are caught."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from formulations.arithmetic.placements import DistanceErrors
from formulations.localisation import KIND, localisation
from formulations.problem import Floats, SearchProblem
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched


def network(n: int, reach: float, seed: int, noise: float = 0.0, d: int = 2) -> tuple[SearchProblem, Floats]:
    """n sensors and 5 anchors, who know their distances up to `reach`; and where they are."""
    rng = np.random.default_rng(seed)
    X = rng.random((n + 5, d))
    D = cdist(X, X)
    tail, head = np.nonzero(np.triu(reach > D, 1))
    known = tail >= 0 if noise else (tail >= 5) | (head >= 5)
    tail, head = tail[known], head[known]
    fixed = np.full_like(X, np.nan)
    fixed[:5] = X[:5]
    return localisation(tail, head, D[tail, head] * (1 + noise * rng.standard_normal(len(tail))), fixed), X


def form(problem: SearchProblem) -> DistanceErrors:
    assert isinstance(problem.objective, DistanceErrors)
    return problem.objective


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("d", [2, 3])
def test_exact_distances_give_positions_back(seed: int, d: int) -> None:
    problem, X = network(25, 0.8, seed, d=d)
    solution = solve(problem)
    assert solution.proven
    assert np.abs(solution.answer - X).max() < 1e-6
    assert max(solution.stats["excess"]) < 1e-6
    C, reach = form(problem).radius(solution.stats["weights"], solution.value or 0.0)
    assert np.linalg.norm(X - C) <= reach < 1e-2


@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_of_noisy_distances_holds(seed: int) -> None:
    problem, X = network(15, 0.9, seed, noise=0.05)
    solution = solve(problem)
    objective = form(problem)
    assert solution.bound is not None
    assert solution.value is not None
    assert 0 < solution.bound <= solution.value
    rng = np.random.default_rng(seed)
    for _ in range(100):
        near = np.where(objective.free[:, None], X + 0.05 * rng.standard_normal(X.shape), objective.fixed)
        y = rng.uniform(-1, 1, len(objective.tail))
        assert objective.value(near) >= solution.bound
        assert objective.value(near) >= objective.bound(y)
        C, reach = objective.radius(solution.stats["weights"], objective.value(near))
        assert np.linalg.norm(near - C) <= reach


def test_a_sensor_with_two_distances_may_be_on_either_side() -> None:
    fixed = np.array([[0.0, 0], [4, 0], [np.nan, np.nan]])
    problem = localisation([0, 1], [2, 2], [3, 3], fixed)
    solution = solve(problem)
    assert solution.stats["excess"][0] > 1
    there, mirrored = np.array(fixed), np.array(fixed)
    there[2], mirrored[2] = (2, 5**0.5), (2, -(5**0.5))
    C, reach = form(problem).radius(solution.stats["weights"], 1e-12)
    assert max(np.linalg.norm(there - C), np.linalg.norm(mirrored - C)) <= reach


def test_wrong_positions_and_weights_are_caught() -> None:
    problem, X = network(12, 0.9, 0)
    objective = form(problem)

    def judged(places: Any, weights: Any) -> Any:
        found = Findings(solver="liar", ended="optimal", candidates=[places], certificates=[(KIND, weights)])
        return judge(Searched(problem), found)

    wrong, moved = X.copy(), X.copy()
    wrong[7] += 0.01
    moved[0] += 0.01
    m = len(objective.tail)
    assert judged(X, np.zeros(m)).proven
    assert not judged(wrong, np.full(m, 100.0)).proven
    assert judged(moved, np.zeros(m)).answer is None
    assert objective.bound(np.full(m, np.nan)) == -np.inf
    assert objective.bound(np.full(m, 1e9)) <= objective.value(X) + 1e-9


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (([0], [1], [1.0], [[0, 0], [np.nan, np.nan], [np.nan, np.nan]]), "point 3 and 0 others are joined to no"),
        (([0], [1], [-1.0], [[0, 0], [np.nan, np.nan]]), "a distance is -1"),
        (([0], [1], [np.nan], [[0, 0], [np.nan, np.nan]]), "a distance is nan"),
        (([0], [1], [1.0], [[0, np.nan], [np.nan, np.nan]]), "needs all its coordinates"),
        (([], [], [], [[0, 0]]), "a length of each distance"),
    ],
)
def test_what_cannot_be_placed_is_refused(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        localisation(*given)


def test_without_sensors_the_errors_are_what_they_are() -> None:
    solution = solve(localisation([0], [1], [1.0], [[0, 0], [0, 2.0]]))
    assert solution.value == 3
