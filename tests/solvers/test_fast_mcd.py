"""The rows of least covariance: no worse than scikit-learn's, on rows of many kinds, and stopped by the clock."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from stopwatch import within

from formulations.location import minimum_covariance_determinant
from problems.studies.contaminated import contaminated
from solvers import solve
from solvers.location.fast_mcd import FastMcd


def rows_of(kind: str, seed: int) -> np.ndarray:
    """A table of that kind."""
    rng = np.random.default_rng(seed)
    kinds = {
        "few": lambda: rng.normal(size=(40, 3)),
        "heavy tails": lambda: rng.standard_cauchy((300, 5)),
        "a cluster": lambda: contaminated(500, 2, 0.3, "cluster", seed).rows,
        "ties": lambda: rng.integers(0, 5, (200, 3)).astype(float),
        "columns of other units": lambda: contaminated(900, 4, 0.2, "far", seed).rows * 10.0 ** np.array([-9, 0, 5, 9]),
        "many": lambda: contaminated(1_500, 6, 0.4, "near", seed).rows @ rng.normal(size=(6, 6)),
    }
    return np.asarray(kinds[kind]())


@pytest.mark.parametrize("kind", ["few", "heavy tails", "a cluster", "ties", "columns of other units", "many"])
def test_no_rows_of_scikit_learn_have_a_lesser_determinant(kind: str) -> None:
    covariance = pytest.importorskip("sklearn.covariance")
    rows = rows_of(kind, 1)
    problem = minimum_covariance_determinant(rows)
    form = problem.objective
    with warnings.catch_warnings(action="ignore"):
        theirs = covariance.fast_mcd(rows / np.ptp(rows, axis=0), support_fraction=form.h / len(rows), random_state=0)
    support = theirs[2]
    assert support.sum() == form.h
    assert solve(problem).value <= form.value(support) + 2e-3, "local optima of many rows lie that near each other"


@pytest.mark.parametrize("seed", range(5))
def test_few_rows_have_the_least_determinant_of_all(seed: int) -> None:
    rows = np.random.default_rng(seed).standard_t(2, size=(13, 2))
    problem = minimum_covariance_determinant(rows)
    form = problem.objective
    all_of_them = (np.isin(np.arange(13), some) for some in itertools.combinations(range(13), form.h))
    assert solve(problem).value == pytest.approx(min(map(form.value, all_of_them)))


def test_rows_in_groups_that_lie_in_planes_have_starts_still() -> None:
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(size=(20, 3)) * unit for unit in ([1, 1, 0], [1, 0, 1], [0, 1, 1])])
    assert np.isfinite(solve(minimum_covariance_determinant(rows)).value)


def test_it_is_the_same_for_a_seed_and_stops_in_time() -> None:
    problem = minimum_covariance_determinant(rows_of("many", 3))
    first, again, other = (solve(problem, seed=seed) for seed in (4, 4, 5))
    assert first.answer == again.answer
    assert first.value == pytest.approx(other.value, abs=1e-2)
    assert "stopped" not in first.message
    stopped = solve(problem, time_limit=1e-9)
    assert (stopped.status, stopped.stats["steps"]) == ("feasible", 0)
    assert "stopped by the time limit" in stopped.message
    assert stopped.value > first.value
    with pytest.raises(ValueError, match="starts is 0"):
        FastMcd(0)


def test_depths_of_many_rows_stop_in_time() -> None:
    from formulations.halfspace_depth import halfspace_depth, tukey_median

    rows = np.random.default_rng(0).normal(size=(20_000, 10))
    for problem in (tukey_median(rows), halfspace_depth(rows, np.zeros(10))):
        with within(1.5):
            assert solve(problem, time_limit=0.1).status == "feasible"
