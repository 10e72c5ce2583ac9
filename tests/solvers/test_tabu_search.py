"""Tabu search against all permutations, against published optima, and what it says to its caller."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest
from places import SHARED

from formulations.problem import Floats, Ints, QuadraticAssignment

torch = pytest.importorskip("torch")

from solvers.orders.tabu_search import tabu_search  # noqa: E402

QAPLIB = SHARED / "data" / "qaplib"
needs_qaplib = pytest.mark.skipif(not QAPLIB.is_dir(), reason="the instances of QAPLIB in ../shared are not here")


def search(
    A: Floats,
    B: Floats,
    starts: Ints | None = None,
    *,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    target: float | None = None,
) -> list[tuple[list[int], float]]:
    """All that was kept; each is checked to be an order of the value that was said, and better than the one before."""
    kept: list[tuple[list[int], float]] = []

    def keep(order: Ints, value: float) -> None:
        assert order.dtype == np.int64
        assert sorted(order.tolist()) == list(range(len(A)))
        assert value == QuadraticAssignment(A, B).values(order[None])[0]
        assert not kept or value < kept[-1][1]
        kept.append((order.tolist(), value))

    given = np.empty((0, len(A)), dtype=np.int64) if starts is None else starts
    tabu_search(
        A,
        B,
        given,
        seconds=seconds,
        iterations=iterations,
        seed=seed,
        device="cpu",
        target=target,
        keep=keep,
    )
    return kept


def least(A: Floats, B: Floats) -> float:
    orders = np.array(list(permutations(range(len(A)))))
    return float((A[orders[:, :, None], orders[:, None, :]] * B).sum(axis=(1, 2)).min())


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("floats", [False, True])
def test_the_least_value_of_all_permutations(n: int, floats: bool) -> None:
    random = np.random.default_rng([n, floats])
    for case in range(4):
        A, B = random.normal(size=(2, n, n)) if floats else random.integers(-20, 21, (2, n, n)).astype(np.float64)
        if case % 2:
            B = B + B.T
        kept = search(A, B, iterations=60)
        assert kept[-1][1] == pytest.approx(least(A, B), rel=1e-12, abs=0 if not floats else 1e-12)


@pytest.mark.parametrize("A", [np.zeros((5, 5)), np.ones((6, 6)), np.diag([3.0, 1.0, 4.0, 1.0, 5.0])])
def test_matrices_without_any_difference_or_only_diagonals(A: Floats) -> None:
    B = np.diag(np.arange(len(A), dtype=np.float64))
    assert search(A, B, iterations=50)[-1][1] == least(A, B)


def test_a_start_is_kept_first_and_only_better_orders_follow() -> None:
    random = np.random.default_rng(1)
    A, B = random.random((2, 12, 12))
    starts = np.array([random.permutation(12) for _ in range(3)])
    values = QuadraticAssignment(A, B).values(starts)
    kept = search(A, B, starts, iterations=300)
    assert kept[0] == (starts[0].tolist(), values[0])
    assert kept[-1][1] < values.min()


def test_an_optimal_start_is_not_lost_and_the_target_stops() -> None:
    A = np.diag(np.ones(29), 1)
    kept = search(A, A, np.arange(30)[None], iterations=None, target=29.0)
    assert kept == [(list(range(30)), 29.0)]
    B = -A  # as a minimum: the path laid along itself, -29
    assert search(A, B, np.arange(30)[None], iterations=20)[-1] == (list(range(30)), -29.0)


def test_more_starts_than_searches_are_all_used() -> None:
    random = np.random.default_rng(2)
    A, B = random.random((2, 8, 8))
    starts = np.array([random.permutation(8) for _ in range(200)])
    assert search(A, B, starts, iterations=1)[-1][1] <= QuadraticAssignment(A, B).values(starts).min()


def test_the_same_seed_and_iterations_give_the_same_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solvers.orders.tabu_search.ROUND_EXCHANGES", 60)  # so that searches are recombined
    A, B = np.random.default_rng(3).random((2, 30, 30))
    runs = [search(A, B, iterations=250, seed=seed) for seed in (5, 5, 6)]
    assert runs[0] == runs[1]
    assert [order for order, _ in runs[0]] != [order for order, _ in runs[2]]


def test_a_search_leaves_local_optima_and_does_not_fall_back_at_once() -> None:
    A, B = np.random.default_rng(5).random((2, 40, 40))
    down, on = (search(A + A.T, B + B.T, iterations=iterations)[-1][1] for iterations in (100, 400))
    assert on < down  # a hundred exchanges are enough to get to the bottom


def test_what_an_interrupt_cuts_short_was_kept() -> None:
    A, B = np.random.default_rng(4).random((2, 40, 40))
    kept: list[float] = []

    def keep(order: Ints, value: float) -> None:
        kept.append(value)
        if len(kept) == 2:
            raise KeyboardInterrupt

    nothing = np.empty((0, 40), dtype=np.int64)
    with pytest.raises(KeyboardInterrupt):
        tabu_search(A, B, nothing, seconds=60, iterations=None, seed=0, device="cpu", target=None, keep=keep)
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("A", "B", "starts", "words"),
    [
        (np.full((4, 4), np.nan), np.ones((4, 4)), [[0, 1, 2, 3]], "A has an entry that is no finite number: nan"),
        (np.ones((4, 4)), np.full((4, 4), np.inf), [[0, 1, 2, 3]], "B has an entry that is no finite number: inf"),
        (np.ones((4, 4)), np.ones((5, 5)), [[0, 1, 2, 3]], r"A is \(4, 4\) and B is \(5, 5\)"),
        (np.ones((0, 0)), np.ones((0, 0)), [[]], "not empty"),
        (np.ones((4, 4)), np.ones((4, 4)), [[0, 1, 2, 2]], "once"),
        (np.ones((4, 4)), np.ones((4, 4)), [[0, 1, 2]], "once"),
    ],
)
def test_what_cannot_be_searched_is_refused(A: Floats, B: Floats, starts: Sequence[Sequence[int]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        search(A, B, np.array(starts, dtype=np.int64), iterations=10)


def test_a_search_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="never stop"):
        search(np.ones((4, 4)), np.ones((4, 4)))


@needs_qaplib
@pytest.mark.parametrize(
    "name", ["bur26a", "chr12b", "els19", "esc16b", "had20", "lipa30a", "nug21", "tai17a", "tai30b"]
)
def test_best_known_values_of_qaplib(name: str) -> None:
    n, *entries = (float(word) for word in (QAPLIB / f"{name}.dat").read_text(encoding="ascii").split())
    A, B = np.array(entries).reshape(2, int(n), int(n))
    known = json.loads((QAPLIB / "best_known.json").read_text(encoding="ascii"))[name]
    assert search(A, B, iterations=20_000, target=known)[-1][1] == known
