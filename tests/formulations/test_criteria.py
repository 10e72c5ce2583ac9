"""Criteria against R's values and the sums that define them; their reductions over all orders of small matrices."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from places import SHARED

from formulations.orders.criteria import CRITERIA, as_path, criteria, objective
from formulations.problem import Ordering, QuadraticAssignment

Floats = NDArray[np.float64]
DATA = SHARED / "data" / "seriation"
TRIPLES = ["AR_deviations", "AR_events", "Gradient_raw", "RGAR"]
ORDERINGS = [*TRIPLES, "Cor_R", "Lazy_path_length", "Moore_stress"]


def dissimilarities(n: int, seed: int, ties: bool = False) -> Floats:
    d = np.random.default_rng(seed).random((n, n))
    d = np.triu(np.round(2 * d) if ties else d, 1)
    return d + d.T


# R's values.


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data/seriation")
@pytest.mark.parametrize("matrix", ["rob-12", "rob-25", "plag-25", "rob-50", "plag-100", "rob-200", "plag-400"])
def test_criteria_are_those_of_r(matrix: str) -> None:
    d = np.loadtxt(DATA / f"{matrix}.csv", delimiter=",")
    rows = [row for row in map(json.loads, (DATA / "criteria.jsonl").open()) if row["matrix"] == matrix]
    assert len(rows) > 20
    assert all(set(row["crit"]) == set(CRITERIA) for row in rows)
    orders = np.array([row["order"] for row in rows]) - 1
    for name in CRITERIA:
        few = slice(None, None, 20 if name in TRIPLES and len(d) >= 200 else 1)  # those take O(n^3) time each
        values = objective(name, d).values(orders[few])
        # R adds up ME in single precision: 1.2e-5 off on one row of the largest matrix, below 1e-5 on all others.
        rtol = 1.2e-5 if name == "ME" else 1e-9
        np.testing.assert_allclose(values, [row["crit"][name] for row in rows[few]], rtol=rtol, err_msg=name)


# The definitions, term by term; d is in the order's order, places count from 1 as in the papers.


def events(d: Floats, of: Callable[[float, float], float]) -> float:
    """The sum of `of` the nearer and the farther of all two on the same side of a third."""
    n, total = len(d), 0.0
    for i, j, k in itertools.combinations(range(n), 3):
        total += of(d[i, j], d[i, k]) + of(d[k, j], d[k, i])
    return total


def neighbours(x: Floats, steps: list[tuple[int, int]]) -> Any:
    n = len(x)
    return sum(
        (x[i, j] - x[i + a, j + b]) ** 2
        for i, j in itertools.product(range(n), repeat=2)
        for a, b in steps
        if 0 <= i + a < n and 0 <= j + b < n
    )


def weighted_correlation(weights: Floats) -> float:
    """Of row and column numbers."""
    i, j = np.indices(weights.shape).reshape(2, -1)
    c = np.cov(i, j, aweights=weights.ravel())
    return float(c[0, 1] / np.sqrt(c[0, 0] * c[1, 1]))


NEUMANN = [(0, 1), (1, 0), (0, -1), (-1, 0)]
DIAGONAL = [(1, 1), (1, -1), (-1, 1), (-1, -1)]


def by_definition(name: str, d: Floats) -> Any:
    n, s = len(d), 1 / (1 + d)
    pairs = [(i, j, float(d[i, j])) for i, j in itertools.product(range(n), repeat=2)]
    triples = list(itertools.combinations(range(n), 3))
    match name:
        case "2SUM":
            return sum((i - j) ** 2 / (1 + x) for i, j, x in pairs)
        case "AR_deviations":
            return events(d, lambda near, far: max(near - far, 0))
        case "AR_events":
            return events(d, lambda near, far: float(near > far))
        case "RGAR":
            return events(d, lambda near, far: float(near > far)) / (2 * len(triples))
        case "BAR":
            b = max(n // 5, 1)
            return sum((b + 1 - (j - i)) * x for i, j, x in pairs if i < j <= i + b)
        case "Cor_R":
            return weighted_correlation(s)
        case "Gradient_raw":
            return sum(np.sign(d[i, j] - d[i, k]) + np.sign(d[i, j] - d[k, j]) for i, k, j in triples)
        case "Gradient_weighted":
            return sum((d[i, j] - d[i, k]) + (d[i, j] - d[k, j]) for i, k, j in triples)
        case "Inertia":
            return sum(x * (i - j) ** 2 for i, j, x in pairs)
        case "LS":
            return sum(x * (n - abs(i - j)) for i, j, x in pairs)
        case "Lazy_path_length":
            return sum((n - i) * d[i - 1, i] for i in range(1, n))
        case "Least_squares":
            return sum((x - abs(i - j)) ** 2 for i, j, x in pairs)
        case "ME":
            padded = np.pad(s, 1)
            around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
            return (s * around).sum() / 2
        case "Moore_stress":
            return neighbours(s, NEUMANN + DIAGONAL)
        case "Neumann_stress":
            return neighbours(s, NEUMANN)
        case "Path_length":
            return sum(x for i, j, x in pairs if j == i + 1)
    raise AssertionError(name)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", CRITERIA)
def test_values_are_the_sums_of_the_definition(name: str, ties: bool) -> None:
    for n in range(3, 14):
        d = dissimilarities(n, n, ties)
        order = np.random.default_rng(n).permutation(n)
        value = objective(name, d).values(order[None])
        assert value.shape == (1,)
        assert value[0] == pytest.approx(by_definition(name, d[np.ix_(order, order)]), rel=1e-12, abs=1e-10)


@pytest.mark.parametrize("name", CRITERIA)
def test_the_reduction_holds_for_all_orders(name: str) -> None:
    d = dissimilarities(5, 1)
    orders = np.array(list(itertools.permutations(range(5))))
    values = np.array([by_definition(name, d[np.ix_(order, order)]) for order in orders])
    form = objective(name, d)
    np.testing.assert_allclose(form.values(orders), values, rtol=1e-11, atol=1e-11)
    assert isinstance(form, Ordering if name in ORDERINGS else QuadraticAssignment)
    steps = as_path(name, d)
    assert (steps is not None) == (name in ("Path_length", "Neumann_stress", "ME"))
    if steps is not None:
        assert not steps.diagonal().any()
        lengths = np.array([sum(steps[a, b] for a, b in itertools.pairwise(order)) for order in orders])
        np.testing.assert_allclose(lengths, -values if CRITERIA[name].merit else values, rtol=1e-11)


@pytest.mark.parametrize("name", CRITERIA)
def test_a_perfect_order_is_best(name: str) -> None:
    """Points on a line, evenly spaced: no criterion finds a better order than that of the line."""
    d = np.abs(np.subtract.outer(np.arange(6.0), np.arange(6.0)))
    orders = np.array(list(itertools.permutations(range(6))))
    values = objective(name, d).values(orders)
    best = values.max() if CRITERIA[name].merit else values.min()
    assert values[0] == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("name", CRITERIA)
def test_an_order_and_its_reverse_are_equal_but_for_the_lazy_path(name: str) -> None:
    d = dissimilarities(9, 2)
    order = np.random.default_rng(3).permutation(9)
    there, back = objective(name, d).values(np.array([order, order[::-1]]))
    assert (there == pytest.approx(back, rel=1e-12)) == (name != "Lazy_path_length")


# Moves.


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", ORDERINGS)
def test_moves_are_differences_of_values(name: str, ties: bool) -> None:
    rng = np.random.default_rng(0)
    for n in [1, 2, 3, 4, 5, 8, 13]:
        form = objective(name, dissimilarities(n, n, ties))
        assert isinstance(form, Ordering)
        order = rng.permutation(n)
        for change in range(12):  # the same order again, one move away, a reversal away, any order
            place, to = rng.integers(n, size=2)
            rest = np.delete(order, place)
            moved = np.array([np.insert(rest, q, order[place]) for q in range(n)])
            differences = form.values(moved) - form.values(order[None])
            np.testing.assert_allclose(form.moves(order, place), differences, atol=1e-10)
            match change % 4:
                case 1:
                    order = moved[to]
                case 2:
                    order = np.r_[order[:to], order[to:][::-1]]
                case 3:
                    order = rng.permutation(n)


def test_moves_do_not_depend_on_what_was_asked_before_nor_on_the_caller_s_array() -> None:
    d = dissimilarities(10, 4)
    form, order = objective("AR_deviations", d), np.arange(10)
    assert isinstance(form, Ordering)
    form.moves(order, 3)
    order[[2, 7]] = order[[7, 2]]  # the same array, another order
    fresh = objective("AR_deviations", d)
    assert isinstance(fresh, Ordering)
    np.testing.assert_allclose(form.moves(order, 3), fresh.moves(order, 3), atol=1e-12)


# What cannot be used, and the smallest.


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_items_have_finite_criteria(n: int) -> None:
    assert np.isfinite(list(criteria(dissimilarities(n, 5), np.arange(n)).values())).all()


@pytest.mark.parametrize(
    ("name", "d", "words"),
    [
        ("2sum", np.zeros((2, 2)), "no criterion is named '2sum'"),
        ("LS", np.zeros((2, 3)), "square"),
        ("LS", np.zeros((0, 0)), "square"),
        ("LS", np.array([[0, np.nan], [np.nan, 0]]), "finite"),
        ("LS", np.array([[0.0, -1], [-1, 0]]), "negative"),
        ("LS", np.array([[0.0, 1], [2, 0]]), "symmetric"),
        ("LS", np.ones((2, 2)), "diagonal of zeros"),
    ],
)
def test_what_cannot_be_used_is_refused(name: str, d: Floats, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        objective(name, d)


@pytest.mark.parametrize("name", ["Path_length", "Neumann_stress", "ME"])
def test_steps_are_symmetric_to_the_last_bit(name: str) -> None:
    place = np.random.default_rng(0).random((60, 3))
    steps = as_path(name, np.linalg.norm(place[:, None] - place, axis=2))
    assert steps is not None
    assert np.array_equal(steps, steps.T)
