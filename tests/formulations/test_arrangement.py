"""Objectives on orders of many items, worked out by parts, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from formulations.problem import QuadraticAssignment, by_distance, is_symmetric, place_distances


@pytest.mark.parametrize("n", [0, 1, 2, 255, 256, 257, 600])
def test_one_entry_beside_the_diagonal_makes_a_matrix_asymmetric_wherever_it_is(n: int) -> None:
    rng = np.random.default_rng(n)
    M = rng.random((n, n))
    M = M + M.T
    assert is_symmetric(M)
    for i, j in rng.integers(n, size=(20, 2)) if n > 1 else ():
        M[i, j] += 1e-15 * M[i, j] + 1e-15
        assert is_symmetric(M) == (i == j)
        M[i, j] = M[j, i]
    if n:
        M[n - 1, n - 1] = np.nan
        assert not is_symmetric(M)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_matrices_by_distance_are_by_distance(n: int) -> None:
    kernel = np.random.default_rng(n).random(n)
    k = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    assert (by_distance(kernel) == kernel[k]).all()
    assert (place_distances(n) == k).all()


def test_values_and_sizes_of_many_items_are_those_of_the_definition() -> None:
    rng, n = np.random.default_rng(0), 700
    A, B, order = rng.normal(size=(n, n)), rng.normal(size=(n, n)), rng.permutation(n)
    form, place = QuadraticAssignment(A, B, -2.0, 5.0), np.argsort(order)
    terms = A * B[np.ix_(place, place)]
    assert form.values(order[None])[0] == pytest.approx(-2 * terms.sum() + 5, rel=1e-9)
    assert float(form.value(order)) == pytest.approx(-2 * terms.sum() + 5, rel=1e-9)
    assert form.size(order) == pytest.approx(2 * np.abs(terms).sum(), rel=1e-9)


def test_one_entry_that_is_not_on_the_line_makes_an_objective_not_linear() -> None:
    A = np.random.default_rng(0).random((9, 9))
    for symmetric in (A, A + A.T):
        for i, j in ((8, 1), (3, 6), (4, 4)):
            B = 3 - 2 * place_distances(9)
            form = QuadraticAssignment(symmetric, B)
            assert form.linear is not None
            W, constant = form.linear
            order = np.random.default_rng(1).permutation(9)
            arranged = QuadraticAssignment(W, place_distances(9), 0.5, constant)
            assert arranged.values(order[None])[0] == pytest.approx(form.values(order[None])[0])
            B[i, j] += 0.01
            assert QuadraticAssignment(symmetric, B).linear is None
