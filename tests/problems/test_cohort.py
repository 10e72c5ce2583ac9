from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import combinations, pairwise
from typing import get_args

import numpy as np
import pytest
from places import ROOT

from formulations.orders.leaf_order import linkage_tree, optimal_leaf_order
from problems.studies.code_similarity import similarity_of_sources
from problems.studies.cohort import Language, cohort

LANGUAGES = get_args(Language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(2))
def test_neighbours_in_a_chain_are_closer_than_strangers(language: Language, seed: int) -> None:
    made = cohort(30, 4, seed, language)
    found = similarity_of_sources(made.sources)
    assert found.items == list(made.sources)
    assert found.notes == ()
    similarity = {frozenset(pair): found.matrix[i, j] for (i, j), pair in _pairs(found.items)}
    related = {frozenset(pair) for chain in made.chains for pair in combinations(chain, 2)}
    next_to = [similarity[frozenset(pair)] for chain in made.chains for pair in pairwise(chain)]
    further = [similarity[frozenset(chain[i : i + 3 : 2])] for chain in made.chains for i in range(len(chain) - 2)]
    strangers = [value for pair, value in similarity.items() if pair not in related]
    assert min(next_to) > 2 * max(strangers)
    assert np.mean(next_to) > np.mean(further) > np.mean(strangers)
    assert 0.4 < np.mean(next_to) < 0.9  # copies, and yet disguised
    assert np.mean(strangers) < 0.15


def _pairs(items: list[str]) -> list[tuple[tuple[int, int], tuple[str, str]]]:
    return [((i, j), (items[i], items[j])) for i, j in combinations(range(len(items)), 2)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_neighbours_in_a_chain_are_close_in_the_order(language: Language) -> None:
    made = cohort(40, 6, seed=5, language=language)
    found = similarity_of_sources(made.sources)
    d = 1 - found.matrix
    order, _ = optimal_leaf_order(d, linkage_tree(d, "average"))
    place = {found.items[item]: q for q, item in enumerate(order)}
    gaps = [abs(place[a] - place[b]) for chain in made.chains for a, b in pairwise(chain)]
    assert max(gaps) <= 2
    assert np.mean(gaps) < 1.3
    for chain in made.chains:
        places = [place[name] for name in chain]
        assert max(places) - min(places) == len(chain) - 1


@pytest.mark.parametrize(("n", "chains"), [(0, 0), (1, 0), (3, 1), (9, 3), (11, 3), (50, 5)])
def test_as_many_programs_and_chains_as_asked_for(n: int, chains: int) -> None:
    for seed in range(6):
        made = cohort(n, chains, seed)
        assert len(made.sources) == n
        assert len(made.chains) == chains
        assert all(3 <= len(chain) <= 5 for chain in made.chains)
        members = [name for chain in made.chains for name in chain]
        assert len(set(members)) == len(members)
        assert set(members) <= set(made.sources)
        assert len(set(made.sources.values())) == n


def test_names_do_not_tell_the_chains() -> None:
    made = cohort(60, 12, seed=0)
    names = list(made.sources)
    steps = [names.index(b) - names.index(a) for chain in made.chains for a, b in pairwise(chain)]
    assert names == sorted(names)
    assert min(steps) < -10
    assert max(steps) > 10


def test_the_same_for_the_same_seed_in_every_run() -> None:
    program = "from problems.studies.cohort import cohort\nprint(cohort(6, 1, 3))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
        for seed in ("1", "2")
    }
    assert runs == {f"{cohort(6, 1, 3)}\n"}
    assert cohort(6, 1, 3) != cohort(6, 1, 4)


def test_python_programs_are_python() -> None:
    for name, text in cohort(40, 4, seed=2).sources.items():
        compile(text, name, "exec")


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler here")
def test_c_programs_are_c() -> None:
    for text in cohort(8, 1, seed=2, language="c").sources.values():
        command = ["gcc", "-std=c99", "-pedantic-errors", "-fsyntax-only", "-xc", "-"]
        subprocess.run(command, input=text, text=True, check=True)


def test_cohorts_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="8 programs do not make 3 chains; a chain takes 3 or more"):
        cohort(8, 3, seed=0)
    with pytest.raises(ValueError, match="-1 programs"):
        cohort(-1, 0, seed=0)
    with pytest.raises(ValueError, match="5 programs do not make -1 chains"):
        cohort(5, -1, seed=0)
    with pytest.raises(ValueError, match="language is 'cobol'; choose one of python, c, java"):
        cohort(5, 1, 0, "cobol")  # type: ignore[arg-type]
