"""Problems that share no variable: sums that are right, a status no better than that of any part, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from formulations.location import geometric_median
from formulations.problem import Floats, Problem, SearchProblem, Separable
from formulations.seriation import hamiltonian_path, linear_arrangement, seriation
from solvers import solve
from solvers.clock import Clock
from solvers.kinds.separable import solve_parts
from solvers.solution import Certificate
from solvers.solve import so_far


def distances(n: int, seed: int = 0) -> Floats:
    x = np.random.default_rng(seed).random((n, 2))
    d: Floats = np.linalg.norm(x[:, None] - x, axis=2)
    return d


def orders(*sizes: int, criterion: str = "LS") -> Separable:
    return Separable({f"part {k}": seriation(distances(n, k), criterion) for k, n in enumerate(sizes)})


@pytest.mark.parametrize("criterion", ["LS", "Inertia", "AR_deviations", "Path_length"])
def test_values_and_bounds_are_the_sums_of_those_of_the_parts(criterion: str) -> None:
    whole = orders(5, 6, criterion=criterion)
    solution = solve(whole)
    alone = {name: solve(part) for name, part in whole.parts.items()}
    assert solution.status == "optimal"
    assert solution.proven
    assert solution.value == sum(part.value for part in alone.values() if part.value is not None)
    assert solution.bound == sum(part.bound for part in alone.values() if part.bound is not None)
    assert solution.answer == {name: part.answer for name, part in alone.items()}
    assert len(solution.checks) == sum(len(part.checks) for part in alone.values())
    assert {name: part.value for name, part in solution.parts.items()} == {n: s.value for n, s in alone.items()}


def test_parts_of_several_kinds_are_solved_as_well() -> None:
    solution = solve(Separable({"path": hamiltonian_path(distances(12)), "line": linear_arrangement(distances(5))}))
    assert solution.status == "optimal"
    assert solution.gap is not None
    assert solution.gap <= 1e-9
    assert " and " in solution.solver


def test_a_part_that_is_not_proven_leaves_the_whole_unproven() -> None:
    whole = orders(5, 9)
    unbounded = replace(whole.parts["part 1"], weak_duals=[])
    solution = solve(Separable({**whole.parts, "part 1": unbounded}), "local-search")
    assert solution.parts["part 0"].status == "optimal"
    assert solution.status == "feasible"
    assert (solution.bound, solution.gap) == (None, None)
    assert not solution.certificate.verified
    assert solution.message.startswith("part 1: an answer, not proven best")


def test_a_bound_that_lies_in_one_part_is_caught() -> None:
    whole = orders(5, 5)
    part = whole.parts["part 0"]
    assert isinstance(part, SearchProblem)
    lying = replace(part, weak_duals=[replace(dual, bound=lambda _: 1e9) for dual in part.weak_duals])
    solution = solve(Separable({**whole.parts, "part 0": lying}))
    assert solution.status == "feasible"
    assert not solution.agrees
    assert not solution.proven


def test_a_part_without_answers_leaves_none_for_the_whole_and_that_is_proven() -> None:
    x = cp.Variable(name="x")
    impossible = Problem(objective=cp.Minimize(x), subject_to={"low": x <= 0, "high": x >= 1})
    solution = solve(Separable({"possible": orders(4).parts["part 0"], "impossible": impossible}))
    assert (solution.status, solution.value, solution.answer) == ("infeasible", None, None)
    assert solution.proven


def test_a_solver_that_cannot_take_one_part_is_refused_before_any_is_solved() -> None:
    seen: list[Any] = []
    with pytest.raises(ValueError, match=r"part 1: 12 items have .* enumeration takes up to"):
        solve(orders(5, 12), "enumeration", progress=seen.append)
    assert seen == []
    with pytest.raises(ValueError, match="a start is for one problem"):
        solve(orders(5, 5), start=np.arange(5))


def test_the_time_is_shared() -> None:
    limits: list[float] = []

    def watched(part: Any, **options: Any) -> Any:
        limits.append(options["time_limit"])
        return solve(part)

    solve_parts(orders(4, 5, 6), watched, Clock(30), print)
    assert limits[0] == pytest.approx(10, abs=0.5)
    assert limits[0] < limits[1] < limits[2] <= 30
    assert limits[2] > 20


def interrupting(part: str, after: int) -> Callable[[Any], None]:
    """Ctrl-C at the so many-th report of that part's search."""
    seen: list[str] = []

    def stop(search: Any) -> None:
        assert search.history
        seen.append(search.name)
        if seen.count(part) == after:
            raise KeyboardInterrupt

    return stop


@pytest.mark.parametrize("part", ["part 0", "part 1", "part 2"])
def test_an_interrupt_keeps_what_is_solved_and_leaves_the_rest_as_given(part: str) -> None:
    whole = orders(7, 20, 20)
    solution = solve(whole, "local-search", progress=interrupting(part, 2))
    assert solution.stats["interrupted"]
    assert solution.status == "feasible"
    for k, (name, found) in enumerate(solution.parts.items()):
        n = (7, 20, 20)[k]
        assert sorted(found.answer) == list(range(n))
        if name > part:
            assert found.answer == list(range(n))
            assert found.solver == "as given"
        value = float(seriation(distances(n, k), "LS").objective.values(np.array([found.answer]))[0])  # type: ignore[union-attr]
        assert found.value == pytest.approx(value)


def test_the_best_so_far_is_told_at_every_report() -> None:
    told: list[Any] = []
    final = solve(orders(7, 20), "local-search", progress=lambda search: told.append(so_far(search)))
    values = [solution.value for solution in told]
    assert len({len(solution.answer) for solution in told}) == 1
    assert values[-1] == pytest.approx(final.value)
    assert all(before >= after - 1e-9 for before, after in pairwise(values))


def test_parts_that_were_not_begun_have_no_answer_and_others_keep_theirs() -> None:
    parts = {
        "line": orders(20).parts["part 0"],
        "path": hamiltonian_path(distances(12)),
        "median": geometric_median(distances(5)),
    }
    solution = solve(Separable(parts), progress=interrupting("line", 2))
    assert (solution.status, list(solution.answer), solution.value) == ("no_solution", ["line"], None)
    assert "path: not begun" in solution.message
    assert "median: not begun" in solution.message


def test_within_a_limit_every_part_has_an_answer_before_any_is_searched_on() -> None:
    asked: list[tuple[int, float, Any]] = []

    def watched(part: Any, **options: Any) -> Any:
        asked.append((part.objective.n, options["time_limit"], options["start"]))
        return replace(solve(part, "insertion"), status="feasible", certificate=Certificate("none", False, exact=False))

    whole = orders(12, 15)
    solution = solve_parts(whole, watched, Clock(100), print, list(whole.parts))
    assert [n for n, _, _ in asked] == [12, 15, 12, 15]
    assert all(limit < 20 for _, limit, _ in asked[:2])
    assert all(limit > 30 for _, limit, _ in asked[2:])
    assert [start for _, _, start in asked[:2]] == [None, None]
    assert [start for _, _, start in asked[2:]] == list(solution.answer.values())


def test_what_is_proven_at_once_is_not_solved_again() -> None:
    seen: list[str] = []
    solution = solve(orders(5, 6), time_limit=60, progress=lambda search: seen.append(search.name))
    assert solution.proven
    assert seen == sorted(seen)
