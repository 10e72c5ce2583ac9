"""What a search over orders does within its time, and that its answer is never behind a start of its own."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formulations.orders.criteria import CRITERIA, criteria
from formulations.problem import Floats, Heuristic, Ints, Problem, SearchProblem, WeakDual
from formulations.seriation import LARGEST_PROGRAM, challenge, hamiltonian_path, linear_arrangement, seriation
from solvers import solve


def dissimilarities(n: int, seed: int) -> Floats:
    place = np.random.default_rng(seed).random((n, 2))
    d = np.hypot(*(place[:, None] - place).transpose(2, 0, 1))
    return np.asarray((d + d.T) / 4)


@pytest.mark.parametrize("name", sorted(CRITERIA))
def test_nine_items_are_proven_by_every_criterion(name: str) -> None:
    d = dissimilarities(9, 0)
    problem = seriation(d, name)
    solution = solve(problem)
    assert solution.status == "optimal"
    assert solution.certificate.kind in ("all orders", "potentials of all subsets")
    assert criteria(d, np.array(solution.answer))[name] == pytest.approx(solution.value, rel=1e-9)
    assert solution.agrees
    again = solve(problem, "local-search")  # the search proves it in the same way, whatever it finds
    assert again.status == "optimal"


def test_a_start_or_bound_that_takes_longer_than_the_limit_is_left_out() -> None:
    d = dissimilarities(12, 0)
    asked: list[str] = []

    def find(name: str, order: Ints) -> Any:
        def found(*_: Any) -> Any:
            asked.append(name)
            return [order]

        return found

    good = np.array(solve(challenge(1 - d)).answer)
    problem = replace(
        seriation(d, "2SUM"),
        starts=[
            Heuristic("first", find("first", good[::-1].copy()), 1e9),  # there must be one
            Heuristic("quick", find("quick", np.arange(12)), 0.0),
            Heuristic("slow", find("slow", good), 1e9),
        ],
        weak_duals=[
            WeakDual("none", find("none", good), lambda _: -math.inf, 0.0),
            WeakDual("long", find("long", good), lambda _: -math.inf, 1e9),
        ],
        references=[],
    )
    assert isinstance(problem, SearchProblem)
    solution = solve(problem, time_limit=5)
    assert asked == ["first", "quick", "none"]
    assert solution.value is not None
    assert solution.value <= min(problem.objective.values(np.array([good, np.arange(12)]))) + 1e-9
    asked.clear()
    solve(problem, "faq")  # without a limit all are
    assert asked == ["first", "quick", "slow", "none", "long"]


def test_an_interrupt_before_the_first_start_leaves_an_answer() -> None:
    def interrupt() -> Any:
        raise KeyboardInterrupt

    problem = replace(linear_arrangement(np.ones((20, 20))), starts=[Heuristic("none", interrupt)], references=[])
    solution = solve(problem)
    assert solution.stats["interrupted"]
    assert sorted(solution.answer) == list(range(20))


@pytest.mark.parametrize("seed", range(5))
def test_the_answer_is_never_behind_a_start(seed: int) -> None:
    d = dissimilarities(30, seed)
    for name in ("Lazy_path_length", "Inertia", "LS"):
        problem = seriation(d, name)
        assert isinstance(problem, SearchProblem)
        sign = -1 if problem.maximize else 1
        starts = [order for start in problem.starts for order in start.find()]
        solution = solve(replace(problem, weak_duals=()), time_limit=0.05)
        assert solution.value is not None
        first = problem.starts[0].find()
        assert sign * solution.value <= min(sign * problem.objective.values(np.array(first))) + 1e-9
        solution = solve(replace(problem, weak_duals=(), surrogates=()), "faq")
        assert solution.value is not None
        assert sign * solution.value <= min(sign * problem.objective.values(np.array(starts))) + 1e-9
        assert solution.agrees


def test_a_lying_reference_or_bound_is_caught() -> None:
    problem = seriation(dissimilarities(12, 1), "2SUM")
    assert isinstance(problem, SearchProblem)
    lie = WeakDual("lie", lambda _: None, lambda _: 1e9)
    solution = solve(replace(problem, weak_duals=[lie]), time_limit=0.5)
    assert solution.status == "feasible"
    assert not solution.agrees


def test_a_path_through_many_items_is_searched_and_bounded() -> None:
    n = LARGEST_PROGRAM + 1
    problem = hamiltonian_path(dissimilarities(n, 0))
    assert isinstance(problem, SearchProblem)
    solution = solve(problem, time_limit=6)
    assert solution.certificate.kind == "Held-Karp bound"
    assert solution.gap is not None
    assert 0 < solution.gap < 0.3  # 0.01 where nothing else runs
    assert solution.agrees
    assert isinstance(hamiltonian_path(dissimilarities(12, 0)), Problem)
    with pytest.raises(ValueError, match="local-search takes a path"):
        solve(problem, "faq")


@pytest.mark.parametrize("name", ["Path_length", "ME"])
def test_the_search_for_a_path_agrees_with_the_integer_program(name: str) -> None:
    problem = seriation(dissimilarities(8, 3), name)
    assert isinstance(problem, SearchProblem)
    by_program, by_search = solve(problem, "glop"), solve(problem, "local-search")
    assert by_program.status == by_search.status == "optimal"
    assert by_program.value == pytest.approx(by_search.value)


def test_a_lazy_path_keeps_its_direction_in_every_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from problems import seriation as recipe
    from problems.recipe import run

    file, out = tmp_path / "lazy.csv", tmp_path / "order.csv"
    file.write_text("0,2,9\n2,0,1\n9,1,0\n")
    assert run(recipe.RECIPE, ["--matrix", str(file), "--objective", "lazy-path", "--json", "--out", str(out)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["value"], answer["answer"]) == ("optimal", 4, [3, 2, 1])
    assert answer["stats"]["criteria"]["Lazy_path_length"] == 4
    assert [line.split(",")[1] for line in out.read_text().split()[1:]] == ["3", "2", "1"]
    run(recipe.RECIPE, ["--matrix", str(file), "--objective", "lazy-path"])
    shown = capsys.readouterr().out.split("order:")[1].split()
    assert shown[1:6:2] == ["3", "2", "1"]


@pytest.mark.parametrize("limit", [None, 0.5])
def test_insertions_alone_are_ahead_of_their_starts_and_the_same_again(limit: float | None) -> None:
    similarity = 1 - dissimilarities(40, 7) / dissimilarities(40, 7).max()
    problem = replace(challenge(similarity), weak_duals=())
    starts = [order for start in problem.starts for order in start.find()]
    first, second = (solve(problem, "insertion", time_limit=limit) for _ in range(2))
    assert first.value is not None
    assert first.value > max(problem.objective.values(np.array(starts)))
    assert first.agrees
    if limit is None:
        assert first.answer == second.answer


def test_insertions_take_sums_over_distances_and_any_order_but_no_other_assignment() -> None:
    lazy = seriation(dissimilarities(20, 8), "Lazy_path_length")
    assert isinstance(lazy, SearchProblem)
    alone = solve(replace(lazy, weak_duals=(), surrogates=()), "insertion")
    assert alone.value is not None
    assert alone.value <= min(lazy.objective.values(np.array([o for start in lazy.starts for o in start.find()])))
    with pytest.raises(ValueError, match="insertion improves"):
        solve(seriation(dissimilarities(20, 8), "2SUM"), "insertion")
