"""The insertion search against all orders of few items, and what it promises: ever better, in time, alike by seed."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from formulations.orders.criteria import CRITERIA, objective
from formulations.problem import Ints, Ordering
from solvers.orders.insertion_search import insertion_search

NAMES = ["AR_deviations", "AR_events", "Cor_R", "Gradient_raw", "Lazy_path_length", "Moore_stress", "RGAR"]
Trail = list[tuple[Ints, float]]


def dissimilarities(n: int, seed: int) -> NDArray[np.float64]:
    d = np.triu(np.random.default_rng(seed).random((n, n)), 1)
    return d + d.T


def ordering(name: str, n: int, seed: int) -> Ordering:
    form = objective(name, dissimilarities(n, seed))
    assert isinstance(form, Ordering)
    return form


def search(form: Ordering, *, maximize: bool, seconds: float | None = None, seed: int = 0, k: int = 1) -> Trail:
    starts = np.array([np.random.default_rng(i).permutation(form.n) for i in range(k)])
    trail: Trail = []
    insertion_search(
        form,
        starts,
        maximize=maximize,
        seconds=seconds,
        seed=seed,
        keep=lambda order, value: trail.append((order, value)),
    )
    return trail


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_the_best_of_all_orders_is_found(name: str, n: int) -> None:
    form, maximize = ordering(name, n, n), CRITERIA[name].merit
    values = form.values(np.array(list(itertools.permutations(range(n)))))
    found = search(form, maximize=maximize, seconds=0.2)[-1][1]
    assert found == pytest.approx(values.max() if maximize else values.min(), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_gets_better_from_the_best_start_on_and_has_the_value_said(name: str) -> None:
    form, sign = ordering(name, 20, 1), 1 if CRITERIA[name].merit else -1
    trail = search(form, maximize=sign > 0, seconds=0.5, k=4)
    values = [value for _, value in trail]
    assert len(values) > 1
    assert all(sign * b > sign * a for a, b in itertools.pairwise(values))
    np.testing.assert_allclose(form.values(np.array([order for order, _ in trail])), values, rtol=1e-11)
    starts = np.array([np.random.default_rng(i).permutation(20) for i in range(4)])
    both = form.values(np.concatenate([starts, starts[:, ::-1]]))
    assert sign * values[0] == pytest.approx((sign * both).max())


def test_a_planted_order_is_found_again() -> None:
    place = np.random.default_rng(2).permutation(40).astype(np.float64)
    form = objective("AR_events", np.abs(np.subtract.outer(place, place)))
    assert isinstance(form, Ordering)
    order, value = search(form, maximize=False, seconds=1)[-1]
    assert value == 0
    assert abs(np.diff(place[order])).tolist() == [1] * 39


def test_the_same_seed_gives_the_same_orders_and_another_seed_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solvers.orders.insertion_search.PATIENCE", (20, 1))
    first, second, third = (search(ordering("Lazy_path_length", 14, 3), maximize=False, seed=s) for s in (5, 5, 6))
    assert [order.tolist() for order, _ in first] == [order.tolist() for order, _ in second]
    assert [order.tolist() for order, _ in first] != [order.tolist() for order, _ in third]


def test_time_is_obeyed_and_the_start_is_kept_even_if_there_is_none() -> None:
    quick, calls, pause = ordering("Lazy_path_length", 60, 4), list[int](), 0.02

    def slow(order: Ints, place: int) -> NDArray[np.float64]:
        calls.append(place)
        time.sleep(pause)
        return quick.moves(order, place)

    for seconds in (0, 0.2):
        calls.clear()
        assert search(Ordering(60, quick.values, slow), maximize=False, seconds=seconds, k=3)
        assert len(calls) <= seconds / pause + 1  # of hundreds in a descent


def test_an_interrupt_loses_nothing() -> None:
    kept: list[float] = []

    def keep(order: Ints, value: float) -> None:
        kept.append(value)
        if len(kept) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        insertion_search(
            ordering("Lazy_path_length", 30, 5), np.arange(30)[None], maximize=False, seconds=5, seed=0, keep=keep
        )
    assert len(kept) == 3


@pytest.mark.parametrize("starts", [np.zeros((1, 4), dtype=np.int64), np.arange(4), np.empty((0, 4), dtype=np.int64)])
def test_starts_that_are_no_orders_are_refused(starts: Ints) -> None:
    with pytest.raises(ValueError, match=r"at least one order of the items 0 \.\.\. 3"):
        insertion_search(
            ordering("AR_events", 4, 6), starts, maximize=False, seconds=1, seed=0, keep=lambda order, value: None
        )


def test_orders_are_handed_over_seldom_where_that_takes_long_and_the_best_in_any_case() -> None:
    form, trails = ordering("Lazy_path_length", 60, 3), []
    for pause in (0.0, 0.05):
        trail: Trail = []

        def keep(order: NDArray[np.int64], value: float, pause: float = pause, trail: Trail = trail) -> None:
            time.sleep(pause)
            trail.append((order, value))

        starts = np.random.default_rng(0).permutation(60)[None]
        insertion_search(form, starts, maximize=False, seconds=None, patience=150, seed=0, keep=keep)
        trails.append(trail)
    often, seldom = trails
    assert len(seldom) < len(often)
    assert (often[-1][0] == seldom[-1][0]).all()
    assert often[-1][1] == seldom[-1][1]
