"""Sparse components: against every support, and trees that leave something out are caught."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formulations.arithmetic.supports import SparseDirection, SupportTree, largest_eigenvalue
from formulations.pca import covariance
from formulations.sparse_pca import KIND, sparse_pca
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched
from solvers.spectral.supports import Supports


def table(n: int, p: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)) @ np.round(rng.standard_normal((p, p)))


def best_of_all(C: np.ndarray, c: int) -> float:
    """Over every support of c entries."""
    supports = map(list, combinations(range(len(C)), c))
    return max(float(np.linalg.eigvalsh(C[np.ix_(S, S)])[-1]) for S in supports)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(3, 15), p=st.integers(1, 8), share=st.floats(0, 1), seed=st.integers(0, 10**6), raw=st.booleans())
def test_no_support_is_better_than_the_one_that_is_proven(n: int, p: int, share: float, seed: int, raw: bool) -> None:
    c, X = 1 + int(share * (p - 1)), table(n, p, seed)
    if (np.ptp(X, axis=0) == 0).all():
        return
    solution = solve(sparse_pca(X, c, not raw))
    C, _ = covariance(X, not raw).by_columns()
    assert solution.proven
    assert solution.value == pytest.approx(best_of_all(C, c), rel=1e-10)
    assert np.count_nonzero(solution.answer) <= c
    assert np.linalg.norm(solution.answer) == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6), c=st.integers(1, 6), q=st.floats(0, 3), taken=st.integers(0, 3), out=st.integers(0, 2)
)
def test_every_node_bounds_all_supports_in_it(seed: int, c: int, q: float, taken: int, out: int) -> None:
    A = np.random.default_rng(seed).standard_normal((7, 7))
    C, order = A + A.T, np.random.default_rng(seed + 1).permutation(7).tolist()
    inside, free = order[:taken], order[taken + out :]
    if taken > c:
        return
    form = SparseDirection(C, c)
    supports = [[*inside, *more] for more in combinations(free, min(c - taken, len(free)))]
    best = max(float(np.linalg.eigvalsh(C[np.ix_(S, S)])[-1]) for S in supports if S) if any(supports) else -math.inf
    assert form.at_most(sorted(inside), sorted(free), q) >= best - 1e-13 * np.abs(C).sum()


def judged(problem: Any, x: Any, tree: Any) -> Any:
    found = Findings(solver="liar", ended="optimal", candidates=[x], certificates=[(KIND, tree)])
    return judge(Searched(problem), found)


def tree(entry: list[int], inside: list[int], outside: list[int], q: float = 0.0) -> SupportTree:
    return SupportTree(np.array(entry), np.array(inside), np.array(outside), q)


def test_lies_are_caught() -> None:
    X = table(30, 6, 1)
    problem = sparse_pca(X, 2)
    honest = solve(problem)
    x = honest.answer
    proof = honest.certificate.proof
    assert judged(problem, x, proof).status == "optimal"
    root = judged(problem, x, tree([-1], [-1], [-1]))
    assert root.bound is None or root.bound >= honest.value
    for wrong in (
        tree([0], [1], [2]),
        tree([0, -1, -1], [1, -1, -1], [0, -1, -1]),
        tree([9, -1, -1], [1, -1, -1], [2, -1, -1]),
        tree([0, 0, -1, -1, -1], [1, 2, -1, -1, -1], [4, 3, -1, -1, -1]),
        tree([-1], [-1], [-1], math.nan),
        tree([], [], []),
        "no tree",
    ):
        assert judged(problem, x, wrong).bound is None
    dense = np.full(6, 6**-0.5)
    assert judged(problem, dense, proof).status == "no_solution"
    assert judged(problem, 2 * x, proof).status == "no_solution"
    assert judged(problem, np.eye(6)[0], proof).status == "feasible"


def test_a_search_that_is_cut_short_says_how_far_it_is() -> None:
    X = np.random.default_rng(0).standard_normal((100, 40))
    short = solve(sparse_pca(X, 6), Supports(nodes=20))
    assert short.status == "feasible"
    assert short.value < short.bound < 1.5 * short.value
    assert "stopped by its limits" in short.message
    whole = solve(sparse_pca(X[:, :15], 3))
    assert whole.proven


def test_all_variables_are_a_plain_component() -> None:
    X = table(30, 6, 2)
    C, _ = covariance(X).by_columns()
    assert solve(sparse_pca(X, 6)).value == pytest.approx(np.linalg.eigvalsh(C)[-1])
    assert solve(sparse_pca(X, 1)).value == pytest.approx(1)
    assert solve(sparse_pca(table(4, 9, 3), 3)).proven
    assert 2 <= largest_eigenvalue(2 * np.eye(3)) < 2 + 1e-12
    for c in (0, 7):
        with pytest.raises(ValueError, match="ask for 1 to 6"):
            sparse_pca(X, c)
    with pytest.raises(ValueError, match="takes no start"):
        solve(sparse_pca(X, 2), start=np.eye(6)[0])
