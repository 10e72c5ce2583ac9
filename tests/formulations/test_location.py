"""Estimates of location: proven on tables of many kinds, held against a conic solver, and lies are caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formulations.arithmetic.losses_of_rows import FORCES, THRESHOLDS, Loss, SumOfLosses
from formulations.location import coordinatewise_median, geometric_median, huber, mean, trimmed_mean
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched
from solvers.location.newton import Newton

CONVEX = [mean, coordinatewise_median, geometric_median, huber, trimmed_mean]


def tables(seed: int) -> dict[str, np.ndarray]:
    """Tables of the kinds that break such methods, of 2 to 29 rows and 1 to 4 columns."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(2, 30)), int(rng.integers(1, 5))
    normal, line = rng.normal(size=(n, p)), np.outer(rng.normal(size=n), rng.normal(size=p))
    return {
        "many ties": rng.integers(0, 3, (n, p)).astype(float),
        "on a line": line,
        "nearly on a line": line + 1e-6 * normal,
        "columns of other units": normal * 10.0 ** rng.integers(-6, 7, p),
        "heavy tails": rng.standard_cauchy((n, p)),
        "one row far away": np.vstack([normal[1:], np.full((1, p), 1e9)]),
        "far from 0": 1e8 + normal,
        "every row twice": np.repeat(normal, 2, axis=0),
        "tiny": 1e-60 * normal,
        "huge": 1e60 * normal,
        "most rows equal": np.where(rng.random((n, 1)) < 0.6, 0.0, normal),
    }


@pytest.mark.parametrize("estimate", CONVEX)
@pytest.mark.parametrize("seed", range(10))
def test_all_are_proven_on_tables_of_all_kinds(estimate: Callable[..., Any], seed: int) -> None:
    for kind, X in tables(seed).items():
        solution = solve(estimate(X))
        assert solution.status == "optimal", f"{kind}: {solution.message}"
        y = np.array(solution.answer)
        assert (X.min(axis=0) - 1e-9 * abs(X).max() <= y).all(), kind
        assert (y <= X.max(axis=0) + 1e-9 * abs(X).max()).all(), kind


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_values_are_those_of_a_conic_solver(seed: int) -> None:
    X = np.random.default_rng(seed).normal(size=(9, 2))
    y = cp.Variable(2)
    Z = X - cp.reshape(y, (1, 2), order="C")
    lengths = cp.norm(Z, axis=1)
    for estimate, objective in [
        (mean, cp.sum_squares(Z)),
        (coordinatewise_median, cp.sum(cp.abs(Z))),
        (geometric_median, cp.sum(lengths)),
        (lambda rows: huber(rows, 0.7), cp.sum(cp.huber(lengths, 0.7))),
    ]:
        least = cp.Problem(cp.Minimize(objective)).solve(solver="CLARABEL")
        assert solve(estimate(X)).value == pytest.approx(least, rel=1e-6)


def test_they_are_what_numpy_and_scipy_say() -> None:
    from scipy.stats import trim_mean

    X = np.random.default_rng(3).standard_cauchy((41, 3))
    assert np.allclose(solve(mean(X)).answer, X.mean(axis=0))
    assert np.allclose(solve(coordinatewise_median(X)).answer, np.median(X, axis=0))
    assert np.allclose(solve(trimmed_mean(X, 0.1)).answer, trim_mean(X, 0.1))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), knee=st.sampled_from([0.0, 0.5, np.inf]), entries=st.booleans())
def test_any_vectors_prove_no_more_than_any_point_has(seed: int, knee: float, entries: bool) -> None:
    rng = np.random.default_rng(seed)
    form = SumOfLosses(rng.normal(size=(7, 2)) * 10.0 ** rng.integers(-3, 4), Loss(knee, entries and knee == 0))
    best = solve(mean(form.rows)).values
    assert best is not None
    for U in (rng.normal(size=(7, 2)), 100 * rng.normal(size=(7, 2)), form.rows, np.ones((7, 2))):
        bound = form.bound(U)
        for y in (best["y"], np.zeros(2), *form.rows):
            assert bound <= form.value(y) * (1 + 1e-12)


def test_lies_are_caught() -> None:
    X = np.random.default_rng(0).normal(size=(20, 2))
    problem, trimmed = geometric_median(X), trimmed_mean(X)
    honest, marks = solve(problem), solve(trimmed)

    def judged(of: Any, candidate: Any, kind: str, certificate: Any) -> Any:
        found = Findings(
            solver="liar",
            ended="optimal",
            candidates=[candidate],
            certificates=[(kind, certificate)],
            stats={"interrupted": False},
        )
        return judge(Searched(of), found)

    y, U = honest.values["y"], honest.certificate.proof
    assert judged(problem, y, FORCES, U).proven
    assert not judged(problem, y + 1e-3, FORCES, U).proven
    assert not judged(problem, y, FORCES, -U).proven
    assert judged(problem, y, FORCES, 2 * U).proven, "forces that are too large are made shorter"
    assert not judged(problem, y, FORCES, U + np.eye(20, 2)).proven
    assert judged(problem, y, FORCES, U[1:]).bound is None
    assert judged(problem, y[:1], FORCES, U).status == "no_solution"
    s, ab = marks.values["marks"], marks.certificate.proof
    assert judged(trimmed, s, THRESHOLDS, ab).proven
    assert not judged(trimmed, s[::-1], THRESHOLDS, ab).proven
    assert judged(trimmed, np.zeros_like(s), THRESHOLDS, ab).status == "no_solution"
    assert not judged(trimmed, s, THRESHOLDS, ab[::-1]).proven


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "shape"),
        ([1, 2], "shape"),
        ([[np.nan]], "finite"),
        ([[1e101]], "within"),
        ([[0], [1e-120]], "larger units"),
    ],
)
def test_what_cannot_be_used_is_refused(rows: Any, said: str) -> None:
    for estimate in CONVEX:
        with pytest.raises(ValueError, match=said):
            estimate(rows)


def test_further_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="knee is -1"):
        huber([[1]], -1)
    with pytest.raises(ValueError, match="at least 0 and less"):
        trimmed_mean([[1]], 0.5)
    with pytest.raises(ValueError, match="iterations"):
        Newton(0)
    assert solve(geometric_median(np.random.default_rng(0).normal(size=(50, 3))), Newton(1)).status == "feasible"
