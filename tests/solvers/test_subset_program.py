"""The program over subsets against all permutations; its table as a proof, whole and spoilt."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from formulations.arithmetic.exact import over_one_denominator
from formulations.bounds.subset_potentials import subset_bound
from formulations.problem import Floats, Ints
from solvers.orders.subset_program import subset_program


def value(W: Floats, *orders: Ints | tuple[int, ...]) -> Fraction:
    """The least value of the orders, exactly."""
    i, j = np.triu_indices(len(W), 1)
    numerators, denominator = over_one_denominator(W[i, j])
    places = [np.argsort(order) for order in orders]
    distances = [np.abs(place[i] - place[j]).tolist() for place in places]
    sums = [sum(w * d for w, d in zip(numerators.tolist(), row, strict=True)) for row in distances]
    return Fraction(min(sums), denominator)


def optimum(W: Floats) -> Fraction:
    return value(W, *itertools.permutations(range(len(W))))


def symmetric(entries: Floats) -> Floats:
    upper = np.triu(entries, 1)
    return np.asarray(upper + upper.T)


def weights(n: int, kind: str, seed: int = 0) -> Floats:
    rng = np.random.default_rng([n, seed])
    entries = {
        "integers": rng.integers(0, 10, (n, n)).astype(float),
        "signed": rng.integers(-9, 10, (n, n)).astype(float),
        "decimals": rng.integers(-99, 100, (n, n)) / 100,
        "floats": rng.normal(size=(n, n)),
        "wide": 10.0 ** rng.integers(-200, 8, (n, n)),
    }[kind]
    return symmetric(entries)


@pytest.mark.parametrize("kind", ["integers", "signed", "decimals", "floats", "wide"])
@pytest.mark.parametrize("n", range(1, 8))
def test_the_order_is_optimal_and_its_table_proves_it(n: int, kind: str) -> None:
    W = weights(n, kind)
    best = optimum(W)
    order, found, table = subset_program(W)
    assert sorted(order.tolist()) == list(range(n))
    assert n == 1 or order[0] < order[-1]
    scale = float(np.abs(W).sum())
    assert float(abs(value(W, order) - best)) <= 1e-13 * scale
    assert found == pytest.approx(float(best), rel=1e-13, abs=1e-13 * scale)
    bound = subset_bound(W, table)
    assert bound <= best
    assert bound == pytest.approx(float(best), rel=1e-12, abs=1e-12 * scale)
    if table.dtype == np.int64:
        assert bound in (float(best), math.nextafter(float(best), -math.inf))


@pytest.mark.parametrize("kind", ["integers", "signed", "decimals"])
def test_few_digits_are_computed_exactly(kind: str) -> None:
    W = weights(7, kind)
    assert subset_program(W)[2].dtype == np.int64


def test_weights_that_no_denominator_holds_are_computed_in_floats() -> None:
    assert subset_program(weights(7, "wide"))[2].dtype == np.float64


@pytest.mark.parametrize("kind", ["signed", "floats"])
@pytest.mark.parametrize("n", [2, 3, 6])
def test_no_table_proves_more_than_the_optimum(n: int, kind: str) -> None:
    rng = np.random.default_rng(n)
    W = weights(n, kind)
    best, table = optimum(W), subset_program(W)[2]
    tables: list[Any] = [table[:-1], table.astype(np.int32), table.reshape(2, -1), table.tolist(), None, "table"]
    for where in range(2**n):
        for by in (-100, -1, 1, 100):
            changed = table.copy()
            changed[where] += by
            tables.append(changed)
    tables += [(table * s).astype(table.dtype) for s in (-1, 0, 0.5, 2, 10**9)]
    tables += [table.astype(float) + s * rng.normal(size=2**n) for s in (1e-9, 1, 1e9, 1e99)]
    tables += [np.full(2**n, x) for x in (np.nan, np.inf, 1e300)]
    tables += [rng.integers(-(2**63), 2**63 - 1, 2**n), np.full(2**n, -(2**63))]
    tables += [np.where(np.arange(2**n) == 1, x, table.astype(float)) for x in (np.nan, np.inf, -np.inf)]
    huge = np.where(np.arange(2**n) == 2**n - 1, 3 * 2**61, -3 * 2**61)  # differences of these do not fit
    for spoilt in [*tables, huge, -huge]:
        assert subset_bound(W, spoilt) <= best


def test_no_potential_at_all_proves_the_sum_of_the_least_cuts() -> None:
    W = weights(6, "signed")
    cuts = [
        min(sum(W[i, j] for i in S for j in range(6) if j not in S) for S in itertools.combinations(range(6), k))
        for k in range(1, 6)
    ]
    assert subset_bound(W, np.zeros(64, dtype=np.int64)) == sum(cuts)


def test_a_path_and_a_hypercube() -> None:
    """A path costs its edges; the hypercube of dimension d costs 2^(d-1) (2^d - 1) (Harper 1964)."""
    shuffled = np.random.default_rng(0).permutation(16)
    order, found, _ = subset_program((np.abs(np.subtract.outer(shuffled, shuffled)) == 1).astype(float))
    assert found == 15
    assert np.abs(np.diff(shuffled[order])).max() == 1
    cube = (np.bitwise_count(np.bitwise_xor.outer(np.arange(16), np.arange(16))) == 1).astype(float)
    _, found, table = subset_program(cube)
    assert found == subset_bound(cube, table) == 120


def test_out_of_time_leaves_an_order_and_a_weaker_proof() -> None:
    W = weights(12, "integers")
    full = subset_program(W)
    order, found, table = subset_program(W, seconds=0.0)
    assert sorted(order.tolist()) == list(range(12))
    assert found == value(W, order)
    assert -math.inf < subset_bound(W, table) <= full[1] <= found


def test_the_diagonal_is_ignored() -> None:
    W = weights(6, "floats")
    order, found, table = subset_program(W + np.diag(np.full(6, np.nan)))
    assert (order == subset_program(W)[0]).all()
    assert found == subset_program(W)[1]
    assert subset_bound(W + np.diag(np.full(6, 1e9)), table) == subset_bound(W, table)


def test_too_many_items_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"30 items have 2\^30 subsets, .* GB.* up to 24 items"):
        subset_program(np.zeros((30, 30)))
