"""Principal components: against numpy and a book's table, whatever the offset, and data that have none."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from formulations.arithmetic.gram import centred, gram, gram_of_rows
from formulations.pca import covariance, pca
from problems.io.data_table import read_data_table
from problems.pca import EXAMPLE
from solvers import solve

BOOK = [2.480241579, 0.989765153, 0.356563181, 0.173430088]
LOADINGS = [  # James, Witten, Hastie and Tibshirani, table 10.1
    [0.5358995, -0.4181809],
    [0.5831836, -0.1879856],
    [0.2781909, 0.8728062],
    [0.5434321, 0.1673186],
]


def test_the_table_of_the_book_to_seven_digits() -> None:
    X = read_data_table(EXAMPLE).values
    solution = solve(pca(X, 2))
    assert solution.proven
    assert solution.value == pytest.approx(sum(BOOK[:2]), abs=1e-9)
    assert np.abs(np.array(solution.answer["variances"]) - BOOK).max() < 1e-8
    assert np.abs(np.array(solution.answer["loadings"]) - LOADINGS).max() < 5.1e-8
    assert covariance(X).accuracy() < 1e-11


@settings(max_examples=50, deadline=None)
@given(
    n=st.integers(2, 12),
    p=st.integers(1, 12),
    seed=st.integers(0, 10**6),
    offset=st.sampled_from([0.0, 1.7e9, -1e-3]),
    standardise=st.booleans(),
    sparse=st.booleans(),
)
def test_it_agrees_with_numpy_and_no_directions_do_better(
    n: int, p: int, seed: int, offset: float, standardise: bool, sparse: bool
) -> None:
    rng = np.random.default_rng(seed)
    X = offset + np.round(100 * rng.standard_normal((n, p))) / 64
    Z = X - X.mean(axis=0)
    if standardise:
        Z = Z / np.where(np.ptp(X, axis=0) > 0, X.std(axis=0, ddof=1), 1.0)
    if not Z.any():
        return
    C = Z.T @ Z / (n - 1)
    known = np.linalg.eigvalsh(C)[::-1]
    k = min(n - 1, p, 1 + seed % 3)
    solution = solve(pca(csr_array(X) if sparse else X, k, standardise))
    assert solution.proven
    assert solution.value == pytest.approx(known[:k].sum(), rel=1e-9)
    variances = np.array(solution.answer["variances"])
    assert len(variances) == min(n - 1, p)
    assert np.abs(variances - known[: len(variances)]).max() < 1e-9 * known[0]
    Y = np.array(solution.answer["loadings"])
    assert np.abs(Y.T @ Y - np.eye(k)).max() < 1e-9
    assert np.trace(Y.T @ C @ Y) == pytest.approx(known[:k].sum(), rel=1e-6)
    for frame in rng.standard_normal((20, p, k)):
        Q = np.linalg.qr(frame)[0]
        assert np.trace(Q.T @ C @ Q) <= solution.bound * (1 + 1e-9)


def distance(computed: np.ndarray, exact: list[list[Fraction]]) -> float:
    """In Frobenius's norm."""
    off = [
        Fraction(a) - b
        for row, known in zip(computed.tolist(), exact, strict=True)
        for a, b in zip(row, known, strict=True)
    ]
    return float(sum(x * x for x in off)) ** 0.5


@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 6), p=st.integers(1, 4), seed=st.integers(0, 10**6), offset=st.sampled_from([0.0, 1e6, 1e-5]))
def test_gram_matrices_are_as_near_to_the_exact_ones_as_they_say(n: int, p: int, seed: int, offset: float) -> None:
    X = offset + np.random.default_rng(seed).standard_normal((n, p))
    columns = [[Fraction(x) for x in column] for column in X.T.tolist()]
    Z = [[x - sum(column) / n for x in column] for column in columns]
    G = [[sum((a * b for a, b in zip(u, v, strict=True)), Fraction()) for v in Z] for u in Z]
    K = [[sum((column[i] * column[j] for column in Z), Fraction()) for j in range(n)] for i in range(n)]
    sd = [float(G[j][j] / (n - 1)) ** 0.5 for j in range(p)]
    scaled = [[G[i][j] / Fraction(sd[i] * sd[j]) for j in range(p)] for i in range(p)]
    for (computed, error), exact in (
        (gram(centred(X)), G),
        (gram_of_rows(centred(X)), K),
        (gram(centred(X, scaled=True)), scaled),
    ):
        assert distance(computed, exact) <= error <= 1e-11 * np.trace(computed)


def test_more_columns_than_rows_and_sparse_rows() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 300))
    solution = solve(pca(X, 3))
    assert solution.proven
    assert solution.value == pytest.approx(np.linalg.eigvalsh(np.corrcoef(X.T))[-3:].sum(), rel=1e-10)
    S = random_array((3000, 40), density=0.05, format="csr", rng=rng)
    assert solve(pca(S, 3)).value == pytest.approx(solve(pca(S.toarray(), 3)).value, rel=1e-12)


def test_constant_and_repeated_columns_and_rows() -> None:
    rng = np.random.default_rng(1)
    x = rng.random(10)
    X = np.column_stack([np.full(10, 0.1), x, x, -x, np.full(10, 1e300 / 1e290)])
    solution = solve(pca(X, 2))
    assert solution.proven
    assert solution.value == pytest.approx(3)
    loadings = np.abs(solution.answer["loadings"])[:, 0]
    assert loadings == pytest.approx([0, 3**-0.5, 3**-0.5, 3**-0.5, 0], abs=1e-9)
    assert solve(pca(np.repeat([[1.0, 2.0], [3.0, 5.0]], 5, axis=0), 1)).proven


@pytest.mark.parametrize(
    ("X", "k", "said"),
    [
        ([[1.0, 2.0]], 1, "1 row cannot vary; give 2 at least"),
        ([[1.0], [1.0]], 1, "no column varies"),
        ([[1.0, 2.0], [2.0, np.nan]], 1, "a number is nan"),
        ([[1.0, 2.0], [2.0, 1e60]], 1, "finite ones within 1e\\+45"),
        ([[1.0, 1e-200], [2.0, 2e-200]], 1, "column 2 varies by 1e-200 only"),
        ([1.0, 2.0], 1, "give a table"),
        ([[1.0, 2.0], [2.0, 1.0]], 2, "have no 2 components; ask for 1 to 1"),
        ([[1.0, 2.0], [2.0, 1.0]], 0, "ask for 1 to 1"),
    ],
)
def test_data_without_components_are_refused(X: Any, k: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        pca(X, k)
