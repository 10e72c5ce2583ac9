"""Which lines match: greedy string tiling against a plain one, and no symbol matched twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problems.studies.code_similarity import K, similarity_of_sources
from problems.studies.cohort import cohort
from problems.studies.passages import Passage, _Joined, _runs, _tiles, passages
from problems.studies.symbols import Source

NOTHING = np.empty(0, dtype=np.uint64)


def source(symbols: list[int], path: str = "a") -> Source:
    return Source(path, "", "", "", False, np.array(symbols, dtype=np.uint64), np.arange(1, len(symbols) + 1))


def plain(a: list[int], b: list[int]) -> int:
    """How many symbols Wise's greedy string tiling matches, by its definition."""
    used_a, used_b, matched = [False] * len(a), [False] * len(b), 0
    while True:
        best = (0, 0, 0)
        for i in range(len(a)):
            for j in range(len(b)):
                k = 0
                while (
                    i + k < len(a) and j + k < len(b) and a[i + k] == b[j + k] and not (used_a[i + k] or used_b[j + k])
                ):
                    k += 1
                best = max(best, (k, -i, -j))
        length, i, j = best[0], -best[1], -best[2]
        if length < K:
            return matched
        used_a[i : i + length] = used_b[j : j + length] = [True] * length
        matched += length


symbols = st.lists(st.integers(0, 30), max_size=30)
runs = st.lists(st.integers(0, 30), min_size=K, max_size=25)


@settings(max_examples=60)
@given(symbols, symbols, symbols, symbols, st.lists(st.integers(0, 30), min_size=K, max_size=25))
def test_what_is_common_is_tiled_as_by_definition(
    a: list[int], b: list[int], c: list[int], d: list[int], run: list[int]
) -> None:
    first, second = [*a, *run, *b], [*c, *run, *d]
    x, y = _Joined([source(first)], NOTHING), _Joined([source(second)], NOTHING)
    tiles = list(_tiles(*_runs(x, y), len(first), len(second)))
    taken_a = [i + k for i, _, length in tiles for k in range(length)]
    taken_b = [j + k for _, j, length in tiles for k in range(length)]
    assert len(set(taken_a)) == len(taken_a)
    assert len(set(taken_b)) == len(taken_b)
    assert [first[p] for p in taken_a] == [second[p] for p in taken_b]
    assert min(length for _, _, length in tiles) >= K
    assert len(taken_a) == plain(first, second)


def test_a_passage_goes_on_over_a_few_lines_but_not_from_file_to_file() -> None:
    run, other = list(range(20)), list(range(50, 70))
    inserted = [*run, 99, 99, *other]
    assert passages([source([*run, *other])], [source(inserted)], NOTHING) == [Passage("a", (1, 40), "a", (1, 42), 40)]
    apart = passages([source(run, "x"), source(other, "y")], [source([*run, *other])], NOTHING)
    assert [(p.first_file, p.first_lines, p.second_lines, p.symbols) for p in apart] == [
        ("x", (1, 20), (1, 20), 20),
        ("y", (1, 20), (21, 40), 20),
    ]


def test_the_template_is_no_passage() -> None:
    from problems.studies.code_similarity import rolling_hashes

    run, other = list(range(20)), list(range(50, 70))
    template = rolling_hashes(np.array(run, dtype=np.uint64))
    [left] = passages([source([*run, *other])], [source([*other, *run])], template)
    assert (left.first_lines, left.second_lines) == ((21, 40), (1, 20))


@pytest.mark.parametrize("language", ["python", "c", "java"])
def test_lines_that_match_are_where_the_copies_have_them(language: str) -> None:
    made = cohort(8, 2, 0, language)  # type: ignore[arg-type]
    chain = made.chains[0]
    read = similarity_of_sources({name: made.sources[name] for name in chain[:2]})
    found = passages(*read.sources, read.template)
    lines = [made.sources[name].splitlines() for name in read.items]
    assert sum(p.first_lines[1] - p.first_lines[0] + 1 for p in found) > 0.6 * len(lines[0])
    for p in found:
        assert 1 <= p.first_lines[0] <= p.first_lines[1] <= len(lines[0])
        assert 1 <= p.second_lines[0] <= p.second_lines[1] <= len(lines[1])


def test_repetitive_code_takes_no_time() -> None:
    same = source([1, 2, 3, 4] * 20_000)
    [whole] = passages([same], [same], NOTHING)
    assert whole.first_lines == (1, 80_000)
