"""Which pairs are near-copies: whatever strangers share, nobody is accused of sharing that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formulations.problem import Floats
from problems.studies.near_copies import CEILING, FALSE_PAIRS, FLOOR, UNKNOWN, estimated, groups, near_pairs


def cohort(n: int, strangers: Floats | float, copies: dict[tuple[int, int], float]) -> Floats:
    s = np.zeros((n, n))
    s[np.triu_indices(n, 1)] = strangers
    for pair, similarity in copies.items():
        s[pair] = similarity
    s += s.T
    np.fill_diagonal(s, 1)
    return s


def found(s: Floats) -> list[tuple[int, int]]:
    return near_pairs(s, estimated(s, np.ones(s.shape, dtype=bool)).value)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 20, 100])
@pytest.mark.parametrize("level", [0.0, 0.01, 0.1, 0.3, 0.5])
def test_where_all_are_equally_similar_nobody_is_accused(n: int, level: float) -> None:
    assert found(cohort(n, level, {})) == []
    noise = np.random.default_rng(n).uniform(-0.02, 0.02, n * (n - 1) // 2)
    assert level == 0.5 or found(cohort(n, np.clip(level + noise, 0, 1), {})) == []


def test_that_most_are_equal_makes_nobody_stand_out_by_a_little() -> None:
    copies = {(0, 1): 0.56, (2, 3): 0.6, (4, 5): 0.8}
    assert found(cohort(20, 0.5, copies)) == [(4, 5)]


@pytest.mark.parametrize("n", [5, 20, 200])
def test_mostly_zero_similarities_accuse_nobody_and_hide_nobody(n: int) -> None:
    assert found(cohort(n, 0.0, {(0, 1): 0.05, (2, 3): 0.2})) == []
    assert found(cohort(n, 0.0, {(0, 1): 0.05, (2, 3): 0.6})) == [(2, 3)]


@pytest.mark.parametrize(("level", "spread"), [(0.03, 0.01), (0.1, 0.03), (0.2, 0.05), (0.3, 0.05)])
@pytest.mark.parametrize("seed", range(5))
def test_copies_are_found_whatever_strangers_share(level: float, spread: float, seed: int) -> None:
    n = 60
    noise = np.random.default_rng(seed).normal(level, spread, n * (n - 1) // 2)
    copies = {(3, 50): 0.95, (10, 11): 0.85, (0, 59): 0.75}
    assert found(cohort(n, np.clip(noise, 0, 1), copies)) == list(copies)


def test_the_false_alarms_are_as_many_as_is_said() -> None:
    """Shares of 400 of which strangers have a third in common: over 400 cohorts of 100, a few false pairs at most."""
    rng, false = np.random.default_rng(0), 0
    for _ in range(400):
        s = cohort(100, rng.binomial(400, 0.35, 4950) / 400, {})
        threshold = estimated(s, np.ones(s.shape, dtype=bool))
        assert FLOOR < threshold.value < CEILING
        false += len(near_pairs(s, threshold.value))
    assert false <= 400 * FALSE_PAIRS * 3


def test_a_star_of_copies_has_all_its_pairs_and_is_one_group() -> None:
    s = cohort(8, 0.0, {(0, k): 0.95 for k in (2, 4, 6, 7)} | {(0, 1): 0.113})
    assert found(s) == [(0, 2), (0, 4), (0, 6), (0, 7)]
    assert groups(found(s), np.array([2, 1, 0, 3, 4, 5, 6, 7])) == [[2, 0, 4, 6, 7]]


def test_copies_of_one_language_are_found_among_many() -> None:
    n, rng = 30, np.random.default_rng(1)
    language = np.arange(n) % 3
    same = language[:, None] == language
    s = np.where(same, 0.35, 0.0) + np.where(same, rng.uniform(-0.05, 0.05, (n, n)), 0)
    s = np.maximum(s, s.T)
    s[0, 3] = s[3, 0] = 0.9
    np.fill_diagonal(s, 1)
    assert near_pairs(s, estimated(s, same).value) == [(0, 3)]


def test_few_pairs_tell_nothing() -> None:
    assert estimated(cohort(4, 0.2, {}), np.ones((4, 4), dtype=bool)).value == UNKNOWN
    assert found(cohort(3, 0.1, {(0, 2): 0.91})) == [(0, 2)]


def test_who_has_nearly_all_in_common_is_found_even_among_similar_strangers() -> None:
    noise = np.random.default_rng(0).uniform(0.4, 0.85, 190)
    assert found(cohort(20, noise, {(1, 2): 0.97})) == [(1, 2)]


@given(st.integers(2, 12), st.data())
def test_groups_are_the_components_in_the_order(n: int, data: st.DataObject) -> None:
    pair = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] < p[1])
    pairs = data.draw(st.lists(pair, max_size=8))
    order = np.array(data.draw(st.permutations(range(n))))
    place = np.argsort(order)
    component = {k: {k} for k in range(n)}
    for u, v in pairs:
        joined = component[u] | component[v]
        component.update(dict.fromkeys(joined, joined))
    expected = {frozenset(part) for part in component.values() if len(part) > 1}
    made = groups(pairs, order)
    assert {frozenset(part) for part in made} == expected
    assert len(made) == len(expected)
    for part in made:
        assert [int(place[k]) for k in part] == sorted(int(place[k]) for k in part)
    assert [place[part[0]] for part in made] == sorted(place[part[0]] for part in made)


def test_where_there_are_few_usual_solutions_nobody_is_accused_of_one() -> None:
    random = np.random.default_rng(0)
    accused = 0
    for _ in range(20):
        solution = random.integers(0, 3, 60)  # of three ways, some alike
        alike = np.equal.outer(solution, solution)[np.triu_indices(60, 1)]
        accused += len(found(cohort(60, np.clip(random.normal(np.where(alike, 0.3, 0.1), 0.03), 0, 1), {})))
    assert accused == 0


def test_in_a_small_cohort_of_which_most_copied_they_are_found() -> None:
    copies = {(i, j): 0.5 + 0.01 * (i + j) for j in range(6) for i in range(j)}
    assert set(found(cohort(10, 0.02, copies))) == set(copies)
