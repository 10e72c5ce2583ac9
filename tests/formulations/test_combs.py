"""Combs: no row cuts off a tour, what is none is refused, and separation finds what is there."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formulations.graphs.combs import Combs, comb_rows, violated_combs
from formulations.graphs.cuts import cut_below_two
from formulations.problem import Floats, Ints


def pairs(n: int) -> tuple[Ints, Ints]:
    tail, head = np.triu_indices(n, 1)
    return tail.astype(np.int64), head.astype(np.int64)


def tour_edges(n: int, tour: Ints) -> Floats:
    x = np.zeros((n, n))
    x[tour, np.roll(tour, -1)] = x[np.roll(tour, -1), tour] = 1
    return np.asarray(x[pairs(n)])


@st.composite
def combs(draw: st.DrawFn, n: int) -> Combs:
    """A handle and three teeth among n vertices: one vertex on either side of each, the others anywhere."""
    order = np.array(draw(st.permutations(range(n))))
    teeth, handle = [[order[2 * i], order[2 * i + 1]] for i in range(3)], [order[0], order[2], order[4]]
    for v in order[6:].tolist():
        where, inside = draw(st.integers(-1, 2)), draw(st.booleans())
        if where >= 0:
            teeth[where].append(v)
        if inside:
            handle.append(v)
    return Combs([np.array(handle)], [[np.array(tooth) for tooth in teeth]])


@cache
def all_tours(n: int) -> Floats:
    tours = [np.array((0, *rest)) for rest in itertools.permutations(range(1, n)) if rest[0] < rest[-1]]
    return np.array([tour_edges(n, tour) for tour in tours])


@settings(max_examples=100)
@given(combs(8))
def test_no_comb_cuts_off_a_tour_and_some_tour_meets_it(found: Combs) -> None:
    rows = comb_rows(found, 8, *pairs(8))
    assert (rows.matrix @ all_tours(8).T).max() == rows.upper[0]


@settings(max_examples=60)
@given(st.data())
def test_a_mixture_of_tours_violates_no_comb(data: st.DataObject) -> None:
    n = data.draw(st.integers(6, 9))
    mixture = [np.array(data.draw(st.permutations(range(n)))) for _ in range(4)]
    x = sum(tour_edges(n, tour) for tour in mixture) / 4  # of degree 2 everywhere, and no cut is broken
    assert violated_combs(n, *pairs(n), x) is None


@settings(max_examples=100)
@given(st.data())
def test_what_is_found_is_a_comb_that_is_violated_where_sides_of_teeth_are_tight(data: st.DataObject) -> None:
    n = data.draw(st.integers(6, 9))
    tail, head = pairs(n)
    x = np.zeros(len(tail))  # half the sum of two covers by cycles: of degree 2 everywhere
    for _ in range(2):
        order = np.array(data.draw(st.permutations(range(n))))
        for cycle in (order[:3], order[3:]) if data.draw(st.booleans()) else (order,):
            inside = np.zeros((n, n))
            inside[cycle, np.roll(cycle, -1)] = 0.5
            x += (inside + inside.T)[tail, head]
    found = violated_combs(n, tail, head, x)
    if found is not None and cut_below_two(n, tail, head, x) is None:
        rows = comb_rows(found, n, tail, head)
        assert (rows.activity(x) > rows.upper + 1e-6).all()


def test_a_comb_with_larger_teeth_is_found_by_contracting() -> None:
    # Two triangles of halves joined by three edges of 1, where 0 and 3 are themselves blown up into triangles, and the
    # edge between them into two halves.
    half = [(0, 1), (1, 2), (2, 7), (3, 4), (4, 5), (5, 9), (0, 6), (0, 7), (3, 8), (3, 9), (0, 3), (6, 8)]
    whole = [(1, 4), (2, 5), (6, 7), (8, 9)]
    tail, head = np.array(half + whole).T
    x = np.array([0.5] * len(half) + [1.0] * len(whole))
    assert (np.bincount(np.r_[tail, head], np.r_[x, x]) == 2).all()
    assert cut_below_two(10, tail, head, x) is None
    found = violated_combs(10, tail, head, x)
    assert found is not None
    assert max(len(tooth) for teeth in found.teeth for tooth in teeth) > 2
    rows = comb_rows(found, 10, tail, head)
    assert (rows.activity(x) > rows.upper + 0.1).all()


@pytest.mark.parametrize(
    ("handle", "teeth", "said"),
    [
        ([0, 1, 2], [[0, 3], [1, 4]], "with 2 teeth"),
        ([0], [[0, 3]], "with 1 teeth"),
        ([0, 1, 2], [[0, 3], [1, 4], [2, 4]], "disjoint teeth"),
        ([0, 1, 1], [[0, 3], [1, 4], [2, 5]], "disjoint teeth"),
        ([0, 1, 2], [[0, 3], [1, 4], [2, 6]], "vertices of the graph"),
        ([0, 1, 2], [[0, 3], [1, 2], [4, 5]], "both inside its handle and outside"),
        ([0, 1, 2], [[0, 3], [1, 4], [5]], "both inside its handle and outside"),
        ([0, 1, 2], [[0, 3], [1, 4], []], "both inside its handle and outside"),
    ],
)
def test_a_certificate_takes_no_comb_that_is_none(handle: list[int], teeth: list[list[int]], said: str) -> None:
    none = Combs([np.array(handle)], [[np.array(tooth, dtype=np.int64) for tooth in teeth]])
    with pytest.raises(ValueError, match=said):
        comb_rows(none, 6, *pairs(6))
