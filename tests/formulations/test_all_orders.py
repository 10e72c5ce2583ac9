"""All orders of few items: none missing, none twice, and every criterion's best among them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from formulations.bounds.all_orders import all_orders, best_of_all
from formulations.bounds.arrangement_bounds import order_duals
from formulations.orders.criteria import CRITERIA, objective
from formulations.problem import Floats, PathLength, QuadraticAssignment, place_distances


def dissimilarities(n: int, seed: int) -> Floats:
    d = np.triu(np.random.default_rng(seed).integers(0, 9, (n, n)), 1) / 4
    return np.asarray(d + d.T)


@pytest.mark.parametrize("n", range(1, 9))
@pytest.mark.parametrize("directed", [True, False])
def test_each_order_is_listed_once_or_its_reverse_is(n: int, directed: bool) -> None:
    listed = [tuple(order) for block in all_orders(n, directed) for order in block.tolist()]
    assert len(set(listed)) == len(listed)
    both = set(listed) if directed else set(listed) | {order[::-1] for order in listed}
    assert both == set(itertools.permutations(range(n)))
    assert directed or n < 2 or 2 * len(listed) == len(both)


@pytest.mark.parametrize("name", sorted(CRITERIA))
@pytest.mark.parametrize("n", [2, 3, 6])
def test_many_orders_at_once_have_the_values_of_each_alone(name: str, n: int) -> None:
    """The tables by which all orders are evaluated, against the definition of each criterion."""
    form, sign = objective(name, dissimilarities(n, n)), -1 if CRITERIA[name].merit else 1
    orders = np.array(list(itertools.permutations(range(n))))
    alone = np.array([form.values(order[None])[0] for order in orders])
    assert form.values(np.tile(orders, (30, 1))) == pytest.approx(np.tile(alone, 30), rel=1e-9, abs=1e-9)
    order, value = best_of_all(form, sign)
    assert value == pytest.approx(sign * (sign * alone).min(), rel=1e-9, abs=1e-9)
    assert form.values(order[None])[0] == pytest.approx(value, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", sorted(CRITERIA))
def test_only_the_lazy_path_has_a_direction(name: str) -> None:
    form = objective(name, dissimilarities(7, 0))
    orders = np.array([np.random.default_rng(k).permutation(7) for k in range(20)])
    differ = not np.allclose(form.values(orders), form.values(orders[:, ::-1]), rtol=1e-9)
    assert differ == form.directed == (name == "Lazy_path_length")


def test_a_quadratic_assignment_knows_whether_it_has_a_direction() -> None:
    A, B = np.random.default_rng(0).random((2, 5, 5))
    assert QuadraticAssignment(A, B).directed
    assert not QuadraticAssignment(A, place_distances(5)).directed
    assert best_of_all(QuadraticAssignment(A, B))[1] == pytest.approx(
        min((A[np.ix_(p, p)] * B).sum() for p in itertools.permutations(range(5)))
    )


def test_the_bound_by_all_orders_heeds_no_certificate() -> None:
    D = dissimilarities(5, 1)
    dual = order_duals(PathLength(D), maximize=False)[0]
    assert dual.name == "all orders"
    shortest = min(D[p[:-1], p[1:]].sum() for p in map(np.array, itertools.permutations(range(5))))
    for lie in (None, np.arange(5), -1e9):
        assert dual.bound(lie) == pytest.approx(shortest)
    assert all(dual.name != "all orders" for dual in order_duals(PathLength(np.zeros((11, 11))), maximize=False))
