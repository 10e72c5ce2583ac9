"""The bound by all sets of few items, against the optimum of few items and against lies."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from formulations.bounds.hierarchy_bounds import best_splits, triples_bound
from formulations.bounds.hierarchy_subsets import affordable, subsets_bound
from formulations.clustering import clustering
from formulations.problem import Floats
from solvers import solve


def similarity(seed: int) -> Floats:
    """Of 3 to 8 items, some of them ties and zeros."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 9))
    upper = np.triu(rng.integers(0, 4, (n, n)) if seed % 2 else rng.random((n, n)), 1)
    return np.asarray(upper + upper.T, dtype=np.float64)


@pytest.mark.parametrize("seed", range(40))
def test_it_grows_from_the_triples_to_the_optimum(seed: int) -> None:
    w = similarity(seed)
    n, optimum = len(w), float(best_splits(w)[0][-1])
    bounds = [subsets_bound(w, r) for r in range(3, n + 1)]
    assert bounds[0] == pytest.approx(triples_bound(w, np.arange(n)), rel=1e-9, abs=1e-9)
    assert bounds[-1] == pytest.approx(optimum, rel=1e-9, abs=1e-9)
    assert max(bounds) <= optimum
    assert all(fewer <= more + 1e-9 for fewer, more in pairwise(bounds))


def test_sizes_that_there_are_not_prove_nothing() -> None:
    w = similarity(0)
    for r in (2, len(w) + 1, -1):
        assert subsets_bound(w, r) == -math.inf
    assert subsets_bound(np.ones((100, 100)) - np.eye(100), 5) == -math.inf  # too many sets


def test_of_some_more_items_the_optimum_is_proven() -> None:
    x = np.random.default_rng(0).normal(size=15)
    found = solve(clustering(np.abs(x[:, None] - x)))
    assert affordable(15) == 15
    assert found.certificate.kind == "all sets of few items"
    assert found.gap is not None
    assert found.gap < 0.02
