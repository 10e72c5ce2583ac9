"""Insertions and exchanges of many items: their changes against values computed anew."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from formulations.problem import Ints, QuadraticAssignment, place_distances
from solvers.orders.insertion_moves import linear_ordering
from solvers.orders.row_exchanges import exchange_descent


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_the_changes_are_those_of_the_values(n: int) -> None:
    rng = np.random.default_rng(n)
    W = rng.normal(size=(n, n))
    W = W + W.T
    np.fill_diagonal(W, 0)
    ordering, form = linear_ordering(W), QuadraticAssignment(W, place_distances(n), 0.5)
    order = rng.permutation(n)
    for step in range(40):
        place, to = (int(k) for k in rng.integers(n, size=2))
        changes = ordering.moves(order, place)
        rest = np.delete(order, place)
        moved = np.array([np.insert(rest, q, order[place]) for q in range(n)])
        assert changes == pytest.approx(form.values(moved) - form.values(order[None]), abs=1e-9)
        assert ordering.values(moved) == pytest.approx(form.values(moved), abs=1e-9)
        order = rng.permutation(n) if step % 9 == 8 else moved[to]  # also orders that no single move leads to


@pytest.mark.parametrize("seed", range(6))
def test_the_descent_ends_where_no_exchange_helps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(2, 8, 8))
    A, B = A + A.T, B + B.T
    np.fill_diagonal(A, 0)
    np.fill_diagonal(B, 0.7)
    form, kept = QuadraticAssignment(A, B), []
    exchange_descent(A, B, rng.permutation(8), seconds=None, seed=seed, keep=lambda *at: kept.append(at))
    ((order, value),) = kept
    assert value == pytest.approx(form.values(order[None])[0])
    for p, q in itertools.combinations(range(8), 2):
        other = order.copy()
        other[[p, q]] = order[[q, p]]
        assert form.values(other[None])[0] >= value - 1e-9


class Enough(Exception):
    """Ends a descent."""


@pytest.mark.parametrize("seed", range(3))
def test_a_descent_with_time_left_goes_on_from_its_local_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(2, 60, 60))
    A, B = A + A.T, B + B.T
    np.fill_diagonal(A, 0)
    np.fill_diagonal(B, -0.4)
    form, kept = QuadraticAssignment(A, B), []

    def keep(order: Ints, value: float) -> None:
        kept.append(value)
        assert sorted(order) == list(range(60))
        assert value == pytest.approx(form.values(order[None])[0])
        if len(kept) == 4:
            raise Enough

    with pytest.raises(Enough):
        exchange_descent(A, B, rng.permutation(60), seconds=600, seed=seed, keep=keep)
    assert all(later < earlier for earlier, later in itertools.pairwise(kept))
