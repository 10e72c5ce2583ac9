"""Sums over triples: pairs counted by merging, and costs by prefixes, against their definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from formulations.orders.criteria import objective
from formulations.orders.inversions import deviations, inversions, row_ranks
from formulations.problem import Floats, Ordering


def test_inversions_are_the_pairs_out_of_order() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        k, m = (int(x) for x in rng.integers(1, [5, 150]))  # up to three mergers
        rows = rng.integers(0, rng.integers(1, 200), (k, m)).astype(rng.choice([np.int16, np.int64]))
        pairs = [x - y for row in rows for x, y in itertools.combinations(row.tolist(), 2) if x > y]
        assert inversions(rows) == len(pairs)
        assert deviations(rows.astype(float)) == sum(pairs)


def test_what_is_in_order_deviates_by_nothing_at_all() -> None:
    assert deviations(np.sort(np.random.default_rng(0).random((5, 40)), axis=1)) == 0.0


def test_ranks_keep_ties_and_the_order() -> None:
    rows = np.random.default_rng(0).integers(0, 9, (6, 30)) / 7
    ranks = row_ranks(rows)
    assert (np.sign(ranks[:, :, None] - ranks[:, None]) == np.sign(rows[:, :, None] - rows[:, None])).all()


@pytest.mark.parametrize("name", ["AR_events", "AR_deviations", "Gradient_raw", "RGAR", "Lazy_path_length"])
@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_the_mean_is_that_of_all_orders(name: str, n: int) -> None:
    d = np.triu(np.random.default_rng(n).integers(0, 4, (n, n)), 1) / 2
    form = objective(name, d + d.T)
    assert isinstance(form, Ordering)
    assert form.mean is not None
    assert form.extent is not None
    values = form.values(np.array(list(itertools.permutations(range(n)))))
    assert form.mean() == pytest.approx(values.mean(), abs=1e-12)
    assert form.extent() >= abs(form.mean())


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
