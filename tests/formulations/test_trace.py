"""Traces over frames: against eigenvalues and random frames; what is missed, wrong or lied about is caught."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh
from scipy.sparse import block_diag, csr_array, diags_array, eye_array, random_array

from formulations.arithmetic.eigenvalues import negative_by, positive_count
from formulations.arithmetic.frames import Eigenpairs, FrameTrace
from formulations.problem import SearchProblem
from formulations.trace import KIND, fantope, fantope_bound, optimal_trace, with_signs
from solvers import solve
from solvers.clock import Clock, abandonable
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched
from solvers.kinds.kind import Options
from solvers.solution import Solution
from solvers.solve import choose

SENSES: list[Any] = ["maximize", "minimize"]


def symmetric(n: int, seed: int, kind: str = "dense") -> Any:
    rng = np.random.default_rng(seed)
    if kind == "sparse":
        A = random_array((n, n), density=min(1.0, 4 / n), rng=rng)
        return csr_array(A + A.T - eye_array(n))
    A = rng.standard_normal((n, n))
    return np.round(A + A.T) if kind == "ties" else A + A.T


def positive(n: int, seed: int, kind: str | None) -> Any:
    rng = np.random.default_rng(seed)
    if kind == "diagonal":
        return rng.uniform(0.1, 3, n)
    if kind == "matrix":
        A = rng.standard_normal((n, n)) / math.sqrt(n)
        return A @ A.T + np.eye(n)
    return None


def exact(M: Any, k: int, sense: str, B: Any) -> float:
    dense = M.toarray() if hasattr(M, "toarray") else M
    metric = None if B is None else np.diag(B) if np.ndim(B) == 1 else B
    values = eigh(dense, metric, eigvals_only=True)
    return float(values[:k].sum() if sense == "minimize" else values[-k:].sum())


def judged(problem: SearchProblem, Y: Any, *pairs: Eigenpairs) -> Solution:
    """What the judge says of a solver that proposes these."""
    found = Findings(solver="liar", ended="optimal", candidates=[Y], certificates=[(KIND, pair) for pair in pairs])
    return judge(Searched(problem), found)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 12),
    share=st.floats(0, 1),
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["dense", "sparse", "ties"]),
    metric=st.sampled_from([None, "diagonal", "matrix"]),
    sense=st.sampled_from(SENSES),
)
def test_the_frame_is_proven_best_and_no_random_frame_is_beyond_the_bound(
    n: int, share: float, seed: int, kind: str, metric: str | None, sense: Any
) -> None:
    k = 1 + int(share * (n - 1))
    M, B = symmetric(n, seed, kind), positive(n, seed, metric)
    problem = optimal_trace(M, k, sense, B)
    solution = solve(problem)
    assert solution.proven
    assert solution.value is not None
    assert solution.bound is not None
    scale = 1 + abs(M).sum()
    assert abs(solution.value - exact(M, k, sense, B)) <= 1e-12 * scale
    sign = 1 if sense == "maximize" else -1
    assert sign * (solution.bound - exact(M, k, sense, B)) >= -1e-14 * scale
    form = problem.objective
    assert isinstance(form, FrameTrace)
    for Y in np.random.default_rng(seed).standard_normal((20, n, k)):
        assert sign * form.value(form.repaired(Y)) <= sign * solution.bound
    Y, metric_of = solution.answer, np.eye(n) if B is None else np.diag(B) if np.ndim(B) == 1 else B
    assert np.abs(Y.T @ metric_of @ Y - np.eye(k)).max() < 1e-9
    assert abs(np.trace(Y.T @ (M @ Y)) - solution.value) < 1e-9 * scale


@pytest.mark.parametrize("sense", SENSES)
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_large_matrices_are_left_to_lanczos_and_proven(sense: Any, kind: str) -> None:
    M = symmetric(700, 5, "sparse")
    solution = solve(optimal_trace(M if kind == "sparse" else M.toarray(), 3, sense))
    assert solution.proven
    assert solution.value == pytest.approx(exact(M, 3, sense, None), rel=1e-10)


def rings(count: int, n: int) -> Any:
    """The Laplacian of `count` circles of n vertices: as many eigenvalues are 0."""
    ring = diags_array([np.ones(n - 1), np.ones(n - 1)], offsets=[1, -1]).tolil()
    ring[0, n - 1] = ring[n - 1, 0] = 1
    L = 2 * eye_array(n) - ring
    return csr_array(block_diag([L] * count))


def test_components_of_a_graph_are_equal_eigenvalues_which_the_answer_says() -> None:
    solution = solve(optimal_trace(rings(4, 300), 2, "minimize"))
    assert solution.proven
    assert abs(solution.value or 0) < 1e-10
    assert "eigenvalues 1 and 2, 2 and 3 are equal" in solution.message


@pytest.mark.parametrize(
    "M", [np.eye(9), np.zeros((9, 9)), np.ones((9, 9)), -1e-30 * np.eye(9), 1e90 * np.eye(9), np.diag([2.0] * 8 + [1])]
)
@pytest.mark.parametrize("form", [np.asarray, csr_array])
@pytest.mark.parametrize("sense", SENSES)
def test_matrices_of_ties_are_proven(M: np.ndarray, form: Any, sense: Any) -> None:
    solution = solve(optimal_trace(form(M), 3, sense))
    assert solution.proven
    assert solution.value == pytest.approx(exact(M, 3, sense, None), rel=1e-12)


def test_one_that_is_zero_or_the_identity_and_large_is_proven() -> None:
    assert solve(optimal_trace(csr_array((900, 900)), 2)).proven
    assert solve(optimal_trace(csr_array(eye_array(900)), 2)).proven


def diagonal(*values: float) -> tuple[SearchProblem, Any]:
    """The trace of a diagonal matrix over frames of two vectors, and the coordinate vectors."""
    return optimal_trace(np.diag(values), 2), np.eye(len(values))


def test_a_missed_eigenvalue_proves_nothing() -> None:
    problem, e = diagonal(5.0, 4.0, 3.0, 1.0)
    honest = judged(problem, e[:, :2], Eigenpairs(np.array([5.0, 4]), e[:, :2], 3.5))
    assert honest.status == "optimal"
    missed = judged(problem, e[:, [0, 2]], Eigenpairs(np.array([5.0, 3]), e[:, [0, 2]], 2.0))
    assert missed.status == "feasible"
    assert missed.bound is None
    sparse = optimal_trace(csr_array(np.diag([5.0, 4, 3, 1])), 2)
    assert judged(sparse, e[:, [0, 2]], Eigenpairs(np.array([5.0, 3]), e[:, [0, 2]], 2.0)).bound is None


def test_wrong_eigenvalues_and_eigenvectors_prove_no_more_than_what_is_true() -> None:
    problem, e = diagonal(5.0, 4.0, 3.0, 1.0)
    V = np.column_stack([e[:, 0], (e[:, 1] + 0.1 * e[:, 2]) / math.sqrt(1.01)])
    for theta in ([5.0, 4.0], [4.9, 3.9], [5.0, 3.6]):
        found = judged(problem, e[:, :2], Eigenpairs(np.array(theta), V, 3.5))
        assert found.status == "feasible"
        assert found.bound is None or found.bound >= 9
    assert judged(problem, V, Eigenpairs(np.array([5.0, 4.0]), e[:, :2], 3.5)).status == "feasible"


def test_a_threshold_that_is_too_low_and_vectors_that_are_the_same_prove_nothing() -> None:
    problem, e = diagonal(5.0, 4.0, 3.0, 1.0)
    assert judged(problem, e[:, :2], Eigenpairs(np.array([5.0, 4]), e[:, :2], 2.9)).bound is None
    assert judged(problem, e[:, :2], Eigenpairs(np.array([5.0, 5]), e[:, [0, 0]], 4.5)).bound is None
    assert judged(problem, e[:, :2], Eigenpairs(np.array([5.0, math.nan]), e[:, :2], 3.5)).bound is None
    assert judged(problem, e[:, :2], Eigenpairs(np.array([5.0, 4]), e[:3, :2], 3.5)).bound is None
    zero = optimal_trace(np.diag([0.0, -1, -2]), 2)
    assert judged(zero, np.eye(3)[:, :2], Eigenpairs(np.zeros(2), np.eye(3)[:, [0, 0]], -0.5)).bound is None
    high = judged(problem, e[:, :2], Eigenpairs(np.array([5.0]), e[:, :1], 4.5))
    assert high.bound == pytest.approx(9.5)
    assert high.status == "feasible"


def test_what_is_no_frame_is_no_answer_and_one_that_is_nearly_is_repaired() -> None:
    problem, e = diagonal(5.0, 4.0, 3.0, 1.0)
    pairs = Eigenpairs(np.array([5.0, 4]), e[:, :2], 3.5)
    assert judged(problem, 1.1 * e[:, :2], pairs).status == "no_solution"
    assert judged(problem, e[:, [0, 0]], pairs).status == "no_solution"
    assert judged(problem, e[:, :1], pairs).status == "no_solution"
    near = judged(problem, (1 + 1e-7) * e[:, :2], pairs)
    assert near.status == "optimal"
    assert near.value == 9.0
    assert np.abs(near.answer.T @ near.answer - np.eye(2)).max() < 1e-15


def test_a_bound_of_the_other_sense_is_not_taken() -> None:
    least, e = optimal_trace(np.diag([5.0, 4, 3, 1]), 2, "minimize"), np.eye(4)
    assert judged(least, e[:, 2:], Eigenpairs(np.array([3.0, 1]), e[:, 2:], 3.5)).status == "optimal"
    assert judged(least, e[:, :2], Eigenpairs(np.array([5.0, 4]), e[:, :2], 3.5)).bound is None


def test_what_the_matrix_may_be_off_is_part_of_the_bound() -> None:
    loose = solve(optimal_trace(np.diag([3.0, 2, 1]), 2, error=0.01))
    assert loose.bound == pytest.approx(5 + 0.01 * math.sqrt(2))
    assert loose.status == "feasible"


def test_the_count_of_positive_eigenvalues_and_the_shift_of_cholesky_hold() -> None:
    for seed in range(30):
        A = symmetric(40, seed, "sparse")
        values = np.linalg.eigvalsh(A.toarray())
        count, off = positive_count(A)
        assert count >= (values > off).sum()
        assert off < 1e-6
        T = A.toarray() - (values[0] - 1e-3) * np.eye(40)
        assert negative_by(T) < 1e-10
        assert negative_by(T - 0.1 * np.eye(40)) == math.inf


@pytest.mark.parametrize("sense", SENSES)
def test_the_fantope_has_the_same_optimum(sense: Any) -> None:
    M = symmetric(6, 3)
    solution = solve(fantope(M, 2, sense))
    assert solution.proven
    assert solution.value == pytest.approx(exact(M, 2, sense, None), abs=1e-6)
    relaxed = solve(optimal_trace(M, 2, sense), "clarabel")
    assert relaxed.value == pytest.approx(solution.value)
    assert relaxed.answer == pytest.approx(solve(optimal_trace(M, 2, sense)).answer, abs=1e-3)


@given(seed=st.integers(0, 10**6), k=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_any_matrix_bounds_the_fantope(seed: int, k: int) -> None:
    M, Z = symmetric(5, seed), symmetric(5, seed + 1)
    assert fantope_bound(M, k, Z) >= exact(M, k, "maximize", None)
    values, Q = np.linalg.eigh(M)
    best = (Q * (values - values[-k]).clip(0)) @ Q.T
    assert fantope_bound(M, k, best) == pytest.approx(exact(M, k, "maximize", None), abs=1e-9)


def test_the_first_of_the_largest_entries_is_positive() -> None:
    V = np.array([[-1.0, 1.0], [1.0 + 1e-12, 2.0], [0.0, -3.0]])
    assert np.sign(with_signs(V)[:, 0]).tolist() == [1, -1, 0]
    assert np.sign(with_signs(V)[:, 1]).tolist() == [-1, -1, 1]
    assert (with_signs(-V) == with_signs(V)).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([[1.0, 2], [3, 4]], 1), "M is not symmetric"),
        (([[1.0, 2]], 1), "give a square matrix"),
        (([[math.nan]], 1), "give finite numbers"),
        (([[1e200]], 1), "give finite numbers"),
        ((np.eye(2), 3), "ask for 1 to 2"),
        ((np.eye(2), 0), "ask for 1 to 2"),
        ((np.eye(2), 1, "least"), "choose 'maximize' or 'minimize'"),
        ((np.eye(2), 1, "minimize", [1.0, 0.0]), "2 finite entries above 0"),
        ((np.eye(2), 1, "minimize", np.eye(3)), "give them the same"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(arguments: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        optimal_trace(*arguments)


def test_a_metric_that_is_not_positive_definite_proves_nothing() -> None:
    problem, e = optimal_trace(np.eye(2), 1, "maximize", np.array([[1.0, 0.5], [0.5, 0.2]])), np.eye(2)
    assert judged(problem, e[:, :1], Eigenpairs(np.array([1.0]), e[:, :1], 0.5)).bound is None
    with pytest.raises(ValueError, match="takes no start"):
        solve(optimal_trace(np.eye(2), 1), start=np.eye(2))


@pytest.mark.parametrize("spectrum", ["flat", "two values", "steep"])
@pytest.mark.parametrize("sense", SENSES)
def test_large_dense_matrices_are_proven_whatever_their_eigenvalues(spectrum: str, sense: Any) -> None:
    n, rng = 700, np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    values = {"flat": rng.random(n), "two values": (np.arange(n) < 30) * 1.0, "steep": 0.5 ** np.arange(n)}[spectrum]
    solution = solve(optimal_trace(Q * values @ Q.T, 4, sense))
    assert solution.proven
    ranked = np.sort(values) if sense == "minimize" else np.sort(values)[::-1]
    assert solution.value == pytest.approx(ranked[:4].sum(), abs=1e-9)


def test_the_time_limit_does_not_wait_for_lapack(monkeypatch: pytest.MonkeyPatch) -> None:
    over, called = threading.Event(), []

    def busy(M: Any) -> Any:
        called.append(M)
        over.wait(60)
        return np.zeros(len(M)), np.eye(len(M))

    monkeypatch.setattr("solvers.spectral.eigen.LAPACK", 10)
    monkeypatch.setattr(np.linalg, "eigh", busy)
    search = optimal_trace(np.diag(np.arange(20.0)), 12)
    monkeypatch.setattr("solvers.spectral.eigen.abandonable", lambda call, _: abandonable(call, 0.1))
    found = choose(search, None)
    _, findings = found.kind.run(search, found.solver, Options(Clock(), None, 0, "cpu", False, None, lambda _: None))
    over.set()
    assert (len(called), findings.ended) == (1, "limit")
