"""The arrangement search against brute force, recomputation and known optima."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from stopwatch import within

from formulations.problem import Floats, Ints
from solvers.orders.arrangement_search import _Chains, arrange
from solvers.orders.window_moves import Pairs


def cost(w: Floats, order: Ints) -> float:
    place = np.argsort(order)
    return float((w * np.abs(place[:, None] - place)).sum() / 2)


def symmetric(w: Floats) -> Floats:
    return np.triu(w, 1) + np.triu(w, 1).T


def least(w: Floats) -> float:
    """By trying all orders."""
    orders = np.array(list(itertools.permutations(range(len(w)))))
    places = np.argsort(orders, 1)
    u, v = np.triu_indices(len(w), 1)
    return float((np.abs(places[:, u] - places[:, v]) @ w[u, v]).min())


def found(w: Floats | csr_array, starts: Ints | None = None, **options: object) -> list[tuple[Ints, float]]:
    kept: list[tuple[Ints, float]] = []
    begin = np.arange(w.shape[0])[None] if starts is None else starts
    arrange(w, begin, keep=lambda order, value: kept.append((order.copy(), value)), **options)  # type: ignore[arg-type]
    return kept


def random_weights(kind: str, n: int, rng: np.random.Generator) -> Floats:
    w = rng.random((n, n))
    if kind == "negative":
        w = -w
    elif kind == "mixed":
        w = rng.normal(size=(n, n))
    elif kind == "sparse":
        w = rng.integers(1, 4, (n, n)) * (rng.random((n, n)) < 0.3)
    elif kind == "disconnected":
        part = np.arange(n) < n // 2
        w = w * (part == part[:, None])
    return symmetric(w.astype(np.float64))


@pytest.mark.parametrize("kind", ["positive", "negative", "mixed", "sparse", "disconnected"])
@pytest.mark.parametrize("n", [3, 5, 7, 8])
def test_finds_the_least_of_all_orders(kind: str, n: int) -> None:
    w = random_weights(kind, n, np.random.default_rng(n))
    kept = found(w, np.random.default_rng(0).permutation(n)[None])
    assert kept[-1][1] == pytest.approx(least(w), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("start", "width"), [(0, 12), (1, 5), (3, 7)])
def test_a_cold_chain_takes_the_best_place_in_its_window(start: int, width: int) -> None:
    rng = np.random.default_rng(width)
    w = symmetric(rng.normal(size=(12, 12)))
    orders = np.stack([rng.permutation(12) for _ in range(3)])
    chains = _Chains(torch.as_tensor(w), Pairs(torch.as_tensor(w)), torch.as_tensor(orders))
    generator = torch.Generator().manual_seed(0)
    for i in rng.integers(width, size=8).tolist():
        before = chains.order.numpy().copy()
        chains.move(start, width, i, torch.full((3,), 1e-9, dtype=torch.float64), generator)
        for old, new, value in zip(before, chains.order.numpy(), chains.value.tolist(), strict=True):
            best = old
            for a in range(start, 13 - width, width):
                rest = np.delete(best, a + i)
                choices = [np.insert(rest, a + to, best[a + i]) for to in range(width)]
                best = min(choices, key=lambda order: cost(w, order))
            assert new.tolist() == best.tolist()
            assert value == pytest.approx(cost(w, new))
    again = _Chains(chains.W, chains.pairs, chains.order)
    assert torch.allclose(chains.balance, again.balance)


def test_places_are_drawn_in_proportion_to_what_their_values_weigh() -> None:
    rng = np.random.default_rng(8)
    w = symmetric(rng.random((5, 5)))
    many = torch.arange(5).expand(20000, 5).contiguous()
    chains = _Chains(torch.as_tensor(w), Pairs(torch.as_tensor(w)), many)
    chains.move(0, 5, 3, torch.full((20000,), 0.7, dtype=torch.float64), torch.Generator().manual_seed(0))
    rest = np.delete(np.arange(5), 3)
    likely = np.exp([-cost(w, np.insert(rest, to, 3)) / 0.7 for to in range(5)])
    drawn = np.bincount((chains.order == 3).int().argmax(1).numpy(), minlength=5) / 20000
    assert drawn == pytest.approx(likely / likely.sum(), abs=0.015)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_one_order_is_kept_where_all_are_equal(n: int) -> None:
    w = np.full((n, n), 5.0)
    ((order, value),) = found(w)
    assert sorted(order.tolist()) == list(range(n))
    assert value == (5 if n == 2 else 0)


def test_every_improvement_is_kept_with_its_true_value() -> None:
    rng = np.random.default_rng(3)
    w = symmetric(rng.normal(size=(60, 60)))
    kept = found(w, rng.permutation(60)[None], seconds=0.5)
    assert len(kept) > 3
    for order, value in kept:
        assert value == pytest.approx(cost(w, order), rel=1e-12)
    values = [value for _, value in kept]
    assert all(b < a for a, b in itertools.pairwise(values))


def test_a_long_line_is_straightened() -> None:
    n = 40
    hidden = np.random.default_rng(1).permutation(n)
    w = np.zeros((n, n))
    w[hidden[1:], hidden[:-1]] = w[hidden[:-1], hidden[1:]] = 1
    assert found(csr_array(w))[-1][1] == n - 1


def test_near_robinson_weights_are_put_in_the_hidden_order() -> None:
    n = 50
    rng = np.random.default_rng(2)
    hidden = rng.permutation(n)
    place = np.argsort(hidden)
    w = np.exp(-np.abs(place[:, None] - place) / 5.0)
    order, value = found(w, rng.permutation(n)[None])[-1]
    assert value == pytest.approx(cost(w, hidden))
    assert order.tolist() in (hidden.tolist(), hidden[::-1].tolist())


def test_starting_at_an_optimum_loses_nothing() -> None:
    cube = nx.convert_node_labels_to_integers(nx.hypercube_graph(5))
    w = nx.to_numpy_array(cube)
    natural = np.arange(32)
    kept = found(w, np.stack([np.random.default_rng(0).permutation(32), natural]), seconds=0.3)
    assert kept[-1][1] == cost(w, natural) == 2**4 * (2**5 - 1)  # Harper 1964


def test_the_same_seed_finds_the_same_orders() -> None:
    rng = np.random.default_rng(4)
    w = symmetric(rng.random((20, 20)))
    first, second = (found(w, seed=7) for _ in range(2))
    assert [value for _, value in first] == [value for _, value in second]
    assert np.array_equal(first[-1][0], second[-1][0])
    assert [value for _, value in found(w, seed=8)] != [value for _, value in first]


@pytest.mark.parametrize("n", [50, 1024])
def test_the_limit_is_kept_to(n: int) -> None:
    rng = np.random.default_rng(5)
    w = symmetric(rng.random((n, n)))
    found(symmetric(rng.random((5, 5))), seconds=0.01)  # torch is loaded
    with within(3):
        kept = found(w, rng.permutation(n)[None], seconds=0.5)
    assert kept


def test_an_interrupt_leaves_what_was_kept() -> None:
    rng = np.random.default_rng(6)
    w = symmetric(rng.random((30, 30)))
    kept: list[float] = []

    def keep(order: Ints, value: float) -> None:
        kept.append(value)
        if len(kept) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        arrange(w, np.arange(30)[None], keep=keep)
    assert len(kept) == 3


def test_the_weights_given_are_not_changed() -> None:
    w: NDArray[np.float64] = symmetric(np.random.default_rng(0).random((6, 6))) + np.eye(6)
    before, starts = w.copy(), np.arange(6)[None]
    kept = found(w, starts)
    assert np.array_equal(w, before)
    assert np.array_equal(starts, np.arange(6)[None])
    assert kept[-1][1] == pytest.approx(least(w))


@pytest.mark.parametrize(
    ("w", "starts", "words"),
    [
        (np.zeros((2, 3)), [[0, 1]], "square"),
        (np.array([[0, 1.0], [2, 0]]), [[0, 1]], "symmetric"),
        (np.full((2, 2), np.nan), [[0, 1]], "finite"),
        (np.zeros((2, 2)), [[0, 0]], "permutation"),
        (np.zeros((2, 2)), np.zeros((0, 2)), "permutation"),
    ],
)
def test_what_is_no_arrangement_is_refused(w: Floats, starts: Ints, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        found(w, np.asarray(starts))
