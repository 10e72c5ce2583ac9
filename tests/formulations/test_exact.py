"""Exact arithmetic on arrays against Python's own integers, around where int64 ends."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from formulations.arithmetic.exact import as_integers, dot, minus, multiples, product, scaled, transposed_product

numbers = st.sampled_from([1, 3, 2**20, 2**31, 2**45, 2**61, 2**62, 2**63, 2**90]).flatmap(lambda m: st.integers(-m, m))
pairs = st.lists(st.tuples(numbers, numbers), max_size=6)


@given(pairs, numbers)
def test_vectors(drawn: list[tuple[int, int]], factor: int) -> None:
    a, b = ([pair[k] for pair in drawn] for k in (0, 1))
    x, y = as_integers(a), as_integers(b)
    assert x.tolist() == a
    assert dot(x, y) == sum(p * q for p, q in drawn)
    assert minus(x, y).tolist() == [p - q for p, q in drawn]
    assert scaled(x, abs(factor)).tolist() == [p * abs(factor) for p in a]


@given(st.lists(pairs, min_size=1, max_size=4))
def test_products(drawn: list[list[tuple[int, int]]]) -> None:
    """Rows of (entry, y) pairs, every y in a column of its own."""
    entries, y = ([pair[k] for row in drawn for pair in row] for k in (0, 1))
    starts = np.cumsum([0, *map(len, drawn)])
    A = csr_array((np.ones(len(entries)), np.arange(len(entries)), starts), shape=(len(drawn), len(entries)))
    expected = [sum(p * q for p, q in row) for row in drawn]
    assert product(A, as_integers(y), as_integers(entries)).tolist() == expected
    once = csr_array(A.T)  # one entry in each row: the same numbers, in the same order
    assert transposed_product(once, as_integers(y), as_integers(entries)).tolist() == expected


@given(st.lists(st.floats(-1e30, 1e30), max_size=5), st.integers(1, 10**20))
def test_multiples_are_the_nearest(values: list[float], denominator: int) -> None:
    for value, p in zip(values, multiples(np.array(values), denominator).tolist(), strict=True):
        slack = Fraction(1, 2) + abs(Fraction(value) * denominator) / 2**52  # the product is rounded, too
        assert abs(p - Fraction(value) * denominator) <= slack


@pytest.mark.parametrize("kind", [np.int64, object])
def test_nothing_sums_up_to_nothing(kind: type) -> None:
    none = np.zeros(0, dtype=kind)
    assert dot(as_integers([2**80, 1]), np.zeros(2, dtype=np.int64)) == 0
    assert product(csr_array((2, 1)), as_integers([2**80])).tolist() == [0, 0]
    assert dot(none, none) == 0
    assert len(minus(none, none)) == 0
