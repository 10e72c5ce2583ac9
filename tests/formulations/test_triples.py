"""Sums over triples: pairs counted by merging, and costs by prefixes, against their definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from formulations.orders.criteria import objective
from formulations.orders.triples import inversions
from formulations.problem import Floats


def test_inversions_are_the_pairs_out_of_order() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        k, m = (int(x) for x in rng.integers(1, [5, 20]))
        rows = rng.integers(-4, 4, (k, m)).astype(float)
        if rng.random() < 0.5:
            rows[:, int(rng.integers(0, m + 1)) :] = np.inf
        pairs = [x - y for row in rows for x, y in itertools.combinations(row.tolist(), 2) if x > y]
        assert inversions(rows) == (len(pairs), sum(pairs))


def by_definition(d: Floats, name: str) -> float:
    total = 0.0
    for i in range(len(d)):
        for side in (d[i, i + 1 :], d[i, :i][::-1]):
            for near, far in itertools.combinations(side.tolist(), 2):
                match name:
                    case "AR_events":
                        total += near > far
                    case "AR_deviations":
                        total += max(near - far, 0)
                    case "Gradient_raw":
                        total += (far > near) - (near > far)
    return total


@pytest.mark.parametrize("name", ["AR_events", "AR_deviations", "Gradient_raw"])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 17])
def test_the_criteria_are_what_they_are_defined_as(name: str, n: int) -> None:
    d = np.triu(np.random.default_rng(n).integers(0, 4, (n, n)), 1) / 2  # with many ties
    d = d + d.T
    order = np.random.default_rng(0).permutation(n)
    assert objective(name, d).values(order[None])[0] == by_definition(d[np.ix_(order, order)], name)
