"""Low rank plus sparse: against a conic solver and planted parts, and dual matrices that lie are caught."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formulations.arithmetic.low_rank import LowRankPlusSparse, spectral_norm
from formulations.robust_pca import KIND, robust_pca, robust_pca_program
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched
from solvers.spectral.alm import Alm


def planted(m: int, n: int, rank: int, share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    L = rng.standard_normal((m, rank)) @ rng.standard_normal((rank, n))
    return L, (rng.random((m, n)) < share) * rng.uniform(-30, 30, (m, n))


@pytest.mark.parametrize(("m", "n", "rank", "share"), [(60, 60, 3, 0.05), (120, 40, 2, 0.05), (30, 80, 1, 0.1)])
def test_planted_parts_are_found_and_proven(m: int, n: int, rank: int, share: float) -> None:
    L, S = planted(m, n, rank, share)
    solution = solve(robust_pca(L + S))
    assert solution.proven
    assert solution.answer.rank == rank
    assert np.abs(solution.answer.low_rank - L).max() < 1e-4 * np.abs(L).max()
    assert np.array_equal(solution.answer.low_rank + solution.answer.sparse, L + S) or np.allclose(
        solution.answer.low_rank + solution.answer.sparse, L + S, atol=1e-12
    )


@settings(max_examples=15, deadline=None)
@given(m=st.integers(1, 6), n=st.integers(1, 6), seed=st.integers(0, 10**6), scale=st.sampled_from([1e-9, 1.0, 1e9]))
def test_value_and_bound_enclose_the_optimum_of_a_conic_solver(m: int, n: int, seed: int, scale: float) -> None:
    M = np.random.default_rng(seed).standard_normal((m, n))
    conic = solve(robust_pca_program(M))
    assert conic.value is not None
    solution = solve(robust_pca(scale * M), gap=1e-5)
    assert solution.proven
    assert solution.bound <= scale * conic.value * (1 + 1e-6)
    assert solution.value >= scale * conic.value * (1 - 1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), w=st.floats(0.05, 2))
def test_any_matrix_proves_no_more_than_any_split_has(seed: int, w: float) -> None:
    rng = np.random.default_rng(seed)
    form = LowRankPlusSparse(rng.standard_normal((4, 6)), w)
    for Y in (rng.standard_normal((4, 6)), np.sign(form.M) * w, 100 * form.M):
        bound = form.bound(Y)
        for L in (0 * form.M, form.M, rng.standard_normal((4, 6)), np.outer(form.M[:, 0], form.M[0])):
            assert bound <= form.value(L) * (1 + 1e-12)


def test_lies_are_caught() -> None:
    L, S = planted(20, 20, 1, 0.05)
    problem = robust_pca(L + S)
    honest = solve(problem)
    best, Y = honest.values["L"], honest.certificate.proof

    def judged(part: Any, dual: Any) -> Any:
        found = Findings(solver="liar", ended="optimal", candidates=[part], certificates=[(KIND, dual)])
        return judge(Searched(problem), found, 1e-7)

    assert judged(best, Y).status == "optimal"
    assert judged(best, 3 * Y).bound <= honest.value  # brought back to what is feasible
    assert judged(best, -Y).status == "feasible"
    assert judged(best + 0.01, Y).status == "feasible"
    for nonsense in (Y[:3], np.full_like(Y, math.nan), "no matrix", None):
        assert judged(best, nonsense).bound is None
    assert judged(best[:3], Y).status == "no_solution"


def test_the_spectral_norm_is_bounded_from_above() -> None:
    for shape in ((3, 5), (5, 3), (1, 4), (40, 40)):
        A = np.random.default_rng(1).standard_normal(shape)
        largest = np.linalg.norm(A, 2)
        assert largest * (1 - 1e-15) <= spectral_norm(A) <= largest * (1 + 1e-10)
    assert spectral_norm(np.zeros((2, 3))) == 0


def test_zeros_few_iterations_and_nonsense() -> None:
    zero = solve(robust_pca(np.zeros((3, 4))))
    assert (zero.status, zero.value, zero.answer.rank) == ("optimal", 0.0, 0)
    assert solve(robust_pca([[5.0]])).proven
    short = solve(robust_pca(sum(planted(20, 20, 3, 0.1))), Alm(iterations=10))
    assert short.status == "feasible"
    assert short.bound < short.value
    for wrong, said in (([[math.nan]], "finite"), ([1.0, 2.0], "give a table"), ([[1e60]], "within 1e\\+45")):
        with pytest.raises(ValueError, match=said):
            robust_pca(wrong)
    for weight in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="must be a positive number"):
            robust_pca([[1.0]], weight)
