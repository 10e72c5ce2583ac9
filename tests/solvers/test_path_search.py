"""The search for short paths: valid and ever shorter, optimal on few items, and reversals that can be taken back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from formulations.problem import Floats, Ints
from solvers.orders.path_search import _Search, _Tour, path_search


def distances(n: int, seed: int) -> Floats:
    D = np.triu(np.random.default_rng(seed).integers(-3, 30, (n, n)), 1).astype(float)
    return np.asarray(D + D.T)


def search(D: Floats, seconds: float | None = None, potentials: Floats | None = None) -> list[tuple[Ints, float]]:
    found: list[tuple[Ints, float]] = []
    y = np.zeros(len(D)) if potentials is None else potentials
    path_search(D, np.arange(len(D)), y, seconds=seconds, seed=0, keep=lambda *at: found.append(at))
    return found


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_the_shortest_path_of_few_items_is_found(n: int) -> None:
    for seed in range(4):
        D = distances(n, seed)
        orders = np.array(list(itertools.permutations(range(n))))
        shortest = D[orders[:, :-1], orders[:, 1:]].sum(axis=1).min()
        assert search(D)[-1][1] == shortest


def test_what_is_kept_are_paths_of_the_length_said_ever_shorter() -> None:
    place = np.random.default_rng(0).random((30, 2))
    D = np.hypot(*(place[:, None] - place).transpose(2, 0, 1))
    found = search(D, potentials=np.random.default_rng(1).normal(size=30) / 50)
    lengths = [length for _, length in found]
    assert lengths == sorted(lengths, reverse=True)
    for order, length in found:
        assert sorted(order.tolist()) == list(range(30))
        assert D[order[:-1], order[1:]].sum() == pytest.approx(length)
    assert lengths[-1] < 0.9 * np.sqrt(30)  # near 0.7124 sqrt(n), plus the border's share


def test_without_a_limit_the_same_seed_gives_the_same_path() -> None:
    D = distances(15, 0)
    assert search(D)[-1][0].tolist() == search(D)[-1][0].tolist()


def test_a_tour_is_the_same_after_its_reversals_are_taken_back() -> None:
    rng = np.random.default_rng(0)
    for n in (5, 8, 31):
        tour = _Tour(rng.permutation(n))

        def read(tour: _Tour = tour) -> list[int]:
            items = [0]
            while len(items) < tour.n:
                items.append(tour.after(items[-1]))
            return items

        before = read()
        for _ in range(20):
            a, b = (int(v) for v in rng.choice(n, 2, replace=False))
            tour.backwards = bool(rng.random() < 0.5) != tour.backwards
            p, q, forward = tour.before(a), tour.after(b), read()
            tour.reverse(a, b)
            if p not in (b, a) and q not in (a, b) and p != q and (forward.index(b) - forward.index(a)) % n < n - 2:
                assert tour.after(p) == b  # p -> a ... b -> q has become p -> b ... a -> q
                assert tour.after(a) == q
            assert all(tour.before(tour.after(v)) == v for v in range(n))
        tour.undo(0)
        assert read() in (before, [before[0], *before[:0:-1]])


def test_a_perturbation_gains_what_it_says_or_changes_nothing() -> None:
    D = distances(30, 1)
    state = _Search(D, np.arange(30), np.random.default_rng(0))

    def length() -> float:
        return float(D[state.tour.item, np.roll(state.tour.item, -1)].sum())

    before = length()
    gained = state.descend(list(range(30)), np.inf)
    assert length() == pytest.approx(before - gained)
    for _ in range(200):
        before = length()
        better = state.perturb(np.inf)
        assert length() < before if better else length() == pytest.approx(before)
