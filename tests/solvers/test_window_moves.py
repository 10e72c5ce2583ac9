"""Rearranged windows against all rearrangements tried one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from formulations.problem import Floats, Ints
from solvers.orders.window_moves import BLOCKS, Pairs, boundaries, rearrange


def cost(w: Floats, order: Ints) -> float:
    place = np.argsort(order)
    return float((w * np.abs(place[:, None] - place)).sum() / 2)


def symmetric(w: Floats) -> Floats:
    return np.triu(w, 1) + np.triu(w, 1).T


def rearranged(w: Floats, orders: Ints, bounds: Ints) -> Ints:
    pairs, order = Pairs(torch.as_tensor(w)), torch.as_tensor(orders)
    place = order.argsort(1)
    generator = torch.Generator().manual_seed(0)
    return rearrange(pairs, order, place, pairs.balances(place), torch.as_tensor(bounds), generator).numpy()


def best_window(w: Floats, order: Ints, bounds: Ints) -> float:
    """The least value over all orders and turns of the blocks between the bounds."""
    blocks = [order[a:b] for a, b in itertools.pairwise(bounds)]
    ways = [[block] if len(block) == 1 else [block, block[::-1]] for block in blocks]
    return min(
        cost(w, np.concatenate([order[: bounds[0]], *choice, order[bounds[-1] :]]))
        for sequence in itertools.permutations(ways)
        for choice in itertools.product(*sequence)
    )


@pytest.mark.parametrize("kind", ["positive", "signed", "sparse"])
def test_a_window_of_blocks_gets_its_best_rearrangement(kind: str) -> None:
    rng = np.random.default_rng(1)
    n = 13
    w = symmetric(rng.normal(size=(n, n)) if kind == "signed" else rng.random((n, n)))
    if kind == "sparse":
        w *= symmetric((rng.random((n, n)) < 0.3).astype(float))
    order = rng.permutation(n)
    bounds = np.array([1, 2, 4, 5, 7, 8, 11])  # 2 blocks of two and 1 of three turn
    after = rearranged(w, order[None], bounds[None])[0]
    assert sorted(after.tolist()) == list(range(n))
    assert (after[0], *after[11:]) == (order[0], *order[11:])
    assert cost(w, after) == pytest.approx(best_window(w, order, bounds), rel=1e-6)
    assert cost(w, after) < cost(w, order)


def test_windows_and_orders_do_not_mix() -> None:
    """Each window of each order on its own gains what all of them together gain."""
    rng = np.random.default_rng(2)
    n, windows = 60, 3
    w = symmetric(rng.random((n, n)))
    orders = np.stack([rng.permutation(n) for _ in range(2)])
    bounds = np.stack([np.sort(rng.choice(n + 1, BLOCKS * windows + 1, replace=False)) for _ in range(2)])
    together = rearranged(w, orders, bounds)
    for k in range(2):
        gain = 0.0
        for i in range(windows):
            alone = rearranged(w, orders[k : k + 1], bounds[k : k + 1, BLOCKS * i : BLOCKS * (i + 1) + 1])[0]
            gain += cost(w, orders[k]) - cost(w, alone)
        assert cost(w, orders[k]) - cost(w, together[k]) == pytest.approx(gain, rel=1e-5)
        assert gain > 0


@pytest.mark.parametrize("density", [0.05, 1])
def test_balances_add_up_to_the_value(density: float) -> None:
    rng = np.random.default_rng(3)
    w = symmetric(rng.normal(size=(9, 9)) * (rng.random((9, 9)) < density))
    w[2, 5] = w[5, 2] = 1
    orders = np.stack([rng.permutation(9) for _ in range(4)])
    pairs = Pairs(torch.as_tensor(w))
    assert pairs.sparse == (density < 0.1)
    values = [cost(w, order) for order in orders]
    assert pairs.values(torch.as_tensor(orders)).tolist() == pytest.approx(values)
    assert [pairs.arrangement(torch.as_tensor(order)) for order in orders] == pytest.approx(values)


def test_natural_boundaries_keep_heavy_pairs_together() -> None:
    n = 48
    w = np.kron(np.eye(n // 4), np.ones((4, 4))) - np.eye(n)
    pairs, order = Pairs(torch.as_tensor(w)), torch.arange(n)[None]
    generator = torch.Generator().manual_seed(0)
    bounds = boundaries(pairs.balances(order), 2, True, generator)
    assert bounds.shape == (1, 2 * BLOCKS + 1)
    assert (bounds.diff() > 0).all()
    assert (bounds % 4 == 0).double().mean() > 0.7  # of 13 gaps chosen from 49, all 13 free ones cost nothing
