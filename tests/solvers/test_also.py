"""Problem.also takes any constraint of cvxpy's that is linear or piecewise linear: against scipy's milp, by cvxpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest

from formulations.graphs import network
from formulations.mst import minimum_spanning_tree
from formulations.problem import Problem
from formulations.shortest_path import shortest_path
from solvers import solve
from solvers.proof import standard_form as compiling
from solvers.proof.form import verify
from solvers.proof.linearized import is_whole, linearized
from solvers.proof.standard_form import standard_form

Draw = Any  # numpy's random numbers


def drawn_program(rng: Draw, *, integer: bool) -> tuple[Problem, list[Any]]:
    n = int(rng.integers(3, 6))
    x = cp.Variable(n, name="x", bounds=[-3, 4], integer=integer)
    rows, costs = rng.integers(-3, 5, (2, n)) @ x <= rng.integers(2, 9, 2), rng.integers(-5, 6, n)
    objective = cp.Minimize(costs @ x) if rng.random() < 0.5 else cp.Maximize(costs @ x)
    return Problem(objective=objective, subject_to={"rows": rows}), [rows]


def drawn_tree(rng: Draw) -> tuple[Problem, list[Any]]:
    """The minimum spanning tree, and all its cuts as constraints."""
    graph = nx.complete_graph(5)
    graph.remove_edge(0, int(rng.integers(1, 5)))
    for edge in graph.edges:
        graph.edges[edge]["weight"] = int(rng.integers(1, 10))
    problem, g = minimum_spanning_tree(graph), network(graph).simple()
    sides = [np.isin(g.tail, S) != np.isin(g.head, S) for k in (1, 2) for S in combinations(range(5), k)]
    cuts = np.array(sides, dtype=float) @ problem.variables["x"] >= 1
    return problem, [*problem.subject_to.values(), cuts]


def drawn_path(rng: Draw) -> tuple[Problem, list[Any]]:
    graph = nx.gnp_random_graph(5, 0.6, seed=int(rng.integers(10**6)), directed=True)
    graph = nx.DiGraph([(u, v) for u, v in graph.edges if u < v])  # no cycles: no subtours
    nx.add_path(graph, [0, 2, 4])
    for edge in graph.edges:
        graph.edges[edge].update(weight=int(rng.integers(1, 10)), time=int(rng.integers(0, 4)))
    problem = shortest_path(graph, 0, 4, limits={"time": int(rng.integers(3, 9))})
    return problem, [*problem.subject_to.values()]


def affine(rng: Draw, x: Any, k: int) -> Any:
    return rng.integers(-2, 3, (k, x.size)) @ x + rng.integers(-2, 3, k)


def further(rng: Draw, x: Any, **attributes: Any) -> dict[str, Any]:
    y = cp.Variable(2, name="y", bounds=[-5, 5], **attributes)
    return {
        "a": rng.integers(-2, 3, (2, x.size)) @ x <= y,
        "b": cp.sum(y) <= rng.integers(-2, 6) + 0.5,
        "c": y[0] - y[1] == rng.integers(-1, 2),
    }


def switched(rng: Draw, x: Any) -> dict[str, Any]:
    z = cp.Variable(2, name="z", boolean=True)
    return {"a": cp.sum(x) - rng.integers(0, 4) <= 3 * z[0] - 2 * z[1], "b": z[0] + z[1] <= 1}


def equal(rng: Draw, x: Any) -> dict[str, Any]:
    y = cp.Variable(2, name="y")
    return {"a": affine(rng, x, 2) == y, "b": cp.norm1(y) <= rng.integers(1, 8)}


def matrix(rng: Draw, x: Any) -> dict[str, Any]:
    Y = cp.Variable((2, 2), name="Y")
    above = cp.reshape(affine(rng, x, 4), (2, 2), order="F") <= Y
    return {"a": above, "b": cp.sum(Y, axis=0) <= rng.integers(0, 6), "c": cp.max(Y) <= 4}


def by_axis(rng: Draw, x: Any) -> dict[str, Any]:
    wide, square = cp.reshape(affine(rng, x, 6), (2, 3), order="F"), cp.reshape(affine(rng, x, 4), (2, 2), order="C")
    return {
        "a": cp.max(wide, axis=int(rng.integers(0, 2))) <= rng.integers(1, 6),
        "b": cp.norm1(square, axis=0, keepdims=True) <= rng.integers(3, 9),
        "c": cp.norm(square, 1) <= 9,
    }


KINDS: dict[str, Callable[[Draw, Any], dict[str, Any]]] = {
    "further variables": further,
    "further integers": lambda rng, x: further(rng, x, integer=True),
    "further booleans": switched,
    "equality": equal,
    "matrix": matrix,
    "axis": by_axis,
    "abs": lambda rng, x: {"a": cp.abs(affine(rng, x, 2)) <= rng.integers(1, 6)},
    "max": lambda rng, x: {"a": cp.max(affine(rng, x, 3)) <= rng.integers(0, 4)},
    "maximum": lambda rng, x: {"a": cp.maximum(affine(rng, x, 2), affine(rng, x, 2), -1) <= rng.integers(1, 5)},
    "min": lambda rng, x: {"a": cp.min(affine(rng, x, 3)) >= -rng.integers(1, 5)},
    "minimum": lambda rng, x: {"a": cp.minimum(affine(rng, x, 3), affine(rng, x, 1)) >= -rng.integers(1, 5)},
    "norm1": lambda rng, x: {"a": cp.norm1(affine(rng, x, 3)) <= rng.integers(2, 10)},
    "norm_inf": lambda rng, x: {"a": cp.norm_inf(affine(rng, x, 3)) <= rng.integers(1, 6)},
    "sum_largest": lambda rng, x: {"a": cp.sum_largest(affine(rng, x, 4), 2) <= rng.integers(1, 8)},
    "a part of an entry": lambda rng, x: {"a": cp.sum_largest(affine(rng, x, 4), 1.5) <= rng.integers(1, 8)},
    "dotsort": lambda rng, x: {"a": cp.dotsort(affine(rng, x, 3), rng.integers(-1, 4, 3)) <= rng.integers(2, 10)},
    "pos, neg": lambda rng, x: {
        "a": cp.sum(cp.pos(affine(rng, x, 3)) + cp.neg(affine(rng, x, 1))) <= rng.integers(3, 9)
    },
    "nested": lambda rng, x: {
        "a": cp.max(cp.abs(affine(rng, x, 3)) + cp.maximum(affine(rng, x, 1), 0)) <= rng.integers(2, 8),
        "b": 2 * cp.norm1(cp.pos(affine(rng, x, 2))) - cp.min(affine(rng, x, 2)) <= rng.integers(4, 12),
    },
}


def drawn(seed: int, kind: str) -> tuple[Problem, Any]:
    """A problem with such further constraints, and the same with all rows listed, for cvxpy."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    problem, listed = [
        lambda: drawn_program(rng, integer=False),
        lambda: drawn_program(rng, integer=True),
        lambda: drawn_tree(rng),
        lambda: drawn_path(rng),
    ][seed % 4]()
    constraints = KINDS[kind](rng, problem.variables["x"])
    return problem.also(**constraints), cp.Problem(problem.objective, [*listed, *constraints.values()])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_any_linear_or_piecewise_linear_constraint_against_scipys_milp(kind: str, seed: int) -> None:
    problem, listed = drawn(seed, kind)
    solution = solve(problem, "glop" if seed % 2 else "highs")
    listed.solve(solver="SCIPY", scipy_options={"mip_rel_gap": 0.0} if listed.is_mixed_integer() else {})
    if listed.status == "infeasible":
        assert solution.status == "infeasible"
        assert solution.proven
        return
    assert solution.proven
    assert solution.value == pytest.approx(listed.value, rel=1e-7, abs=1e-7)
    assert solution.values is not None
    assert set(solution.values) == set(problem.variables)
    with problem.at(solution.values):
        assert all(np.max(c.violation()) <= 1e-8 for c in problem.subject_to.values())
        assert problem.objective.value == pytest.approx(solution.value, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("sense", [cp.Minimize, cp.Maximize])
def test_piecewise_linear_objectives_of_cvxpys_own_problems(sense: Any) -> None:
    x = cp.Variable((2, 2), name="x", bounds=[-2, 3])
    f = cp.norm1(x - 1) + cp.max(x) + cp.sum_largest(x, 2) + cp.sum(cp.abs(x[0] - x[1]))
    model = cp.Problem(sense(f if sense is cp.Minimize else cp.sum(x) - f), [cp.sum(x) == 1.5])
    solution = solve(model)
    assert solution.proven
    assert solution.value == pytest.approx(model.solve(solver="SCIPY"), abs=1e-7)


def test_whole_numbers_stay_exact() -> None:
    x = cp.Variable(3, name="x", integer=True, bounds=[0, 9])
    rows = {"a": cp.norm1(2 * x - np.array([1, 5, 9])) <= 7, "b": cp.sum_largest(x, 2) <= 5}
    solution = solve(Problem(objective=cp.Maximize(np.array([3, 2, 4]) @ x), subject_to=rows), "cp-sat")
    assert solution.stats["integers"] == solution.stats["variables"] > 3
    halves = (x / 2, 0.5 * x, cp.sum_largest(x, 1.5), cp.Variable(3))
    assert [is_whole(e) for e in (x, cp.abs(x) + 2, *halves)] == [True, True, False, False, False, False]


def test_an_own_answer_gives_the_further_variables_too_and_names_what_it_breaks() -> None:
    problem = minimum_spanning_tree(nx.karate_club_graph())
    x, y = problem.variables["x"], cp.Variable(name="y")
    further = problem.also(a=cp.sum(x[:10]) <= y, b=y <= 2.5, c=cp.norm1(x[20:] - 1) <= 60)
    found = solve(further)
    assert found.proven
    assert found.values is not None
    assert found.values["y"] <= 2.5
    assert solve(further, start=found.values, time_limit=20).value == found.value
    with pytest.raises(ValueError, match="start breaks the constraint 'a'"):
        solve(further, start={**found.values, "y": np.array(-1.0)})


def test_the_repairs_answers_are_completed_by_the_best_further_variables() -> None:
    """Kruskal's tree is the answer at once: y has a value beside it."""
    problem = minimum_spanning_tree(nx.karate_club_graph())
    y = cp.Variable(2, name="y", integer=True)
    free = problem.also(a=cp.abs(cp.sum(problem.variables["x"][:30]) - y) <= 1, b=y[0] + 1 <= y[1])
    solution = solve(free)
    assert solution.proven
    assert solution.value == solve(problem).value
    assert solution.stats["boxes"] == 0


def test_a_wrong_row_or_value_in_place_of_a_function_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    x = cp.Variable(4, name="x", bounds=[-1, 1])
    problem = Problem(objective=cp.Minimize(cp.sum(x)), subject_to={"a": cp.norm1(x) <= 1, "b": cp.max(x) >= x[0]})
    problem = replace(problem, subject_to={"a": problem.subject_to["a"]})
    form = standard_form(problem)
    verify(problem, form, draws=20)
    rows = form.names["a, norm1 1: above"]
    wrong = form.A.tolil()
    wrong[rows] = -wrong[rows]
    with pytest.raises(ValueError, match="the row 'a, norm1 1: above' was compiled into another function"):
        verify(problem, replace(form, A=wrong.tocsr()), draws=4)
    with pytest.raises(ValueError, match="the constraint 'a' was compiled into another function"):
        verify(problem, replace(form, completed=lambda values: [2 * part for part in form.completed(values)]))
    with pytest.raises(ValueError, match="compiled into another function"):
        verify(problem, replace(form, completed=lambda values: [-part for part in form.completed(values)]))

    def halved(problem: Problem) -> Any:
        model, functions = linearized(problem)
        return model, {name: lambda value=value: value() / 2 for name, value in functions.items()}

    monkeypatch.setattr(compiling, "linearized", halved)
    with pytest.raises(ValueError, match="compiled into another function"):
        standard_form(problem)


def test_what_cannot_be_taken_is_refused_in_a_sentence() -> None:
    problem = minimum_spanning_tree(nx.complete_graph(4))
    x = problem.variables["x"]
    for solver in (None, "glop", "highs", "cp-sat", "clarabel"):
        with pytest.raises(ValueError, match="state the model by affine functions, abs, max"):
            solve(problem.also(cone=cp.sum_squares(x) <= 3), solver)
    with pytest.raises(ValueError, match="state the model by affine functions, abs, max"):
        solve(cp.Problem(cp.Minimize(cp.sum_squares(cp.Variable(2, integer=True) - 0.3))), "highs")
    with pytest.raises(ValueError, match="not convex by cvxpy's rules"):
        solve(problem.also(outside=cp.abs(cp.sum(x[:3]) - 2) >= 1))
    for wrong in (5, cp.sum(x), True):
        with pytest.raises(ValueError, match="give a constraint of cvxpy"):
            problem.also(wrong=wrong)  # type: ignore[arg-type]
