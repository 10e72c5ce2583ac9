"""Distances by their formulas, symmetric and of no negative numbers; what has none is named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formulations.orders.table_distances import DISTANCES, holds_counts, row_distances, shares, standardized
from formulations.problem import Floats


@st.composite
def amounts(draw: st.DrawFn) -> Floats:
    n, m = draw(st.integers(2, 6)), draw(st.integers(2, 5))
    cells = draw(st.lists(st.integers(0, 9), min_size=n * m, max_size=n * m))
    table = np.array(cells, dtype=np.float64).reshape(n, m)
    table[:, 0] += 1 + np.arange(n) * (m == 2)  # no row is empty
    return table


def by_formula(name: str, table: Floats, i: int, j: int) -> float:
    x, y = table[i], table[j]
    p, q, c = x / x.sum(), y / y.sum(), table.sum(axis=0) / table.sum()
    some = c > 0
    match name:
        case "euclidean":
            return float(np.sqrt(((x - y) ** 2).sum()))
        case "manhattan":
            return float(np.abs(x - y).sum())
        case "canberra":
            return float(sum(abs(a - b) / (abs(a) + abs(b)) for a, b in zip(x, y, strict=True) if a or b))
        case "correlation":
            return float(1 - np.corrcoef(x, y)[0, 1])
        case "cosine":
            return float(1 - x @ y / np.linalg.norm(x) / np.linalg.norm(y))
        case "bray-curtis":
            return float(np.abs(x - y).sum() / (x + y).sum())
        case "jaccard":
            return float(((x > 0) != (y > 0)).sum() / ((x > 0) | (y > 0)).sum())
        case "brainerd-robinson":
            return float(1 - (200 - np.abs(100 * p - 100 * q).sum()) / 200)
        case "chi-squared":
            return float(np.sqrt(((p - q)[some] ** 2 / c[some]).sum()))
        case "hellinger":
            return float(np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2))
    raise AssertionError(name)


@given(amounts(), st.sampled_from(sorted(DISTANCES)))
def test_distances_are_those_of_their_formulas(table: Floats, name: str) -> None:
    if name == "correlation":
        table = table[np.ptp(table, axis=1) > 0]
    d = row_distances(table, name)
    assert (d == d.T).all()
    assert not d.diagonal().any()
    assert (d >= 0).all()
    for i in range(len(table)):
        for j in range(i):
            assert d[i, j] == pytest.approx(by_formula(name, table, i, j), abs=1e-9)


@pytest.mark.parametrize("name", ["bray-curtis", "brainerd-robinson", "chi-squared", "hellinger", "jaccard", "cosine"])
def test_a_row_of_zeros_has_no_such_distance(name: str) -> None:
    table = np.array([[1.0, 2], [0, 0], [3, 1], [0, 0]])
    with pytest.raises(ValueError, match=rf"^row 2 \(and 1 more\) is 0 throughout, so that {name} is not defined"):
        row_distances(table, name)
    assert row_distances(table, "euclidean")[1, 3] == 0


def test_what_else_has_no_distance_is_named() -> None:
    with pytest.raises(ValueError, match=r"^Bern has one value throughout, so that correlation is not defined"):
        row_distances(np.array([[1.0, 2], [3, 3]]), "correlation", called=["Chur", "Bern"].__getitem__)
    with pytest.raises(ValueError, match=r"^row 2 has -3, but bray-curtis is for counts .* euclidean"):
        row_distances(np.array([[1.0, 2], [4, -3]]), "bray-curtis")


@pytest.mark.parametrize("name", ["brainerd-robinson", "hellinger"])
def test_the_size_of_a_sample_does_not_count(name: str) -> None:
    table = np.array([[10.0, 5, 1], [2, 8, 4], [1, 1, 9]])
    larger = table * np.array([[1.0], [20], [3]])
    assert np.allclose(row_distances(table, name), row_distances(larger, name))
    between = [row_distances(given.T, name, columns=True) for given in (table, larger)]
    assert np.allclose(*between)


def test_columns_of_zeros_do_not_count_among_rows() -> None:
    table = np.array([[1.0, 0, 3], [2, 0, 2], [4, 0, 1]])
    for name in set(DISTANCES) - {"correlation"}:
        assert np.allclose(row_distances(table, name), row_distances(table[:, [0, 2]], name))


def test_counts_are_told_from_measurements() -> None:
    assert holds_counts(np.array([[0.0, 13], [2, 87]]))
    assert not holds_counts(np.array([[0.5, 0], [2, 87]]))
    assert not holds_counts(np.array([[-1.0, 0], [2, 87]]))
    assert not holds_counts(np.array([[4.0, 53], [5, 63]]))


def test_shares_and_standard_scores() -> None:
    table = np.random.default_rng(0).random((5, 3)) + 1
    assert np.allclose(shares(table).sum(axis=1), 1)
    z = standardized(table)
    assert np.allclose(z.mean(axis=0), 0)
    assert np.allclose(z.std(axis=0), 1)
    assert not standardized(np.full((3, 2), 0.1)).any()
