"""The problem's own algorithm as a solver: when it is taken, when others go on, and that no lie of it passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest

from formulations.mst import minimum_spanning_forest, minimum_spanning_tree
from formulations.problem import Multipliers, Problem
from formulations.shortest_path import longest_path, shortest_path
from solvers import Solution, solve
from solvers.integer import programs
from solvers.solve import applicable


def graph_of(seed: int, n: int = 12) -> nx.Graph[int]:
    graph = nx.gnp_random_graph(n, 0.4, seed=seed)
    nx.add_path(graph, range(n))
    random = np.random.default_rng(seed)
    for u, v in graph.edges:
        graph.edges[u, v]["weight"] = int(random.integers(0, 20)) / (1 + seed % 2 * 9)
    return graph


def closed(graph: nx.Graph[int]) -> nx.Graph[int]:
    """With an edge between the ends of the path through all nodes: two paths lead everywhere."""
    graph.add_edge(0, 11, weight=7)
    return graph


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """All problems count as large."""
    monkeypatch.setattr(programs, "COMBINATORIAL_FROM", 1)


PROBLEMS = {
    "tree": minimum_spanning_tree,
    "forest": lambda graph: minimum_spanning_forest(nx.disjoint_union(graph, graph)),
    "path": lambda graph: shortest_path(graph, 0, 11),
    "two paths": lambda graph: shortest_path(closed(graph), 0, 6, paths=2),
    "simple path": lambda graph: shortest_path(graph, 0, 11, simple=True),
    "path back": lambda graph: shortest_path(graph, 3, 3),
    "longest path": lambda graph: longest_path(nx.DiGraph((u, v, d) for u, v, d in graph.edges(data=True)), 0, 11),
}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", PROBLEMS)
def test_it_proves_what_the_linear_program_does(name: str, seed: int) -> None:
    problem = PROBLEMS[name](graph_of(seed))
    own, by_lp = solve(problem, "combinatorial"), solve(problem, "glop")
    assert own.proven
    assert own.certificate.exact
    assert own.gap == 0
    assert (own.solver, own.value) == ("combinatorial", by_lp.value)
    assert "--solver glop" in own.message
    assert own.stats["iterations"] == 0


@pytest.mark.usefixtures("large")
def test_large_problems_are_given_to_it_first_and_others_go_on_where_it_leaves_a_gap() -> None:
    problem = minimum_spanning_tree(graph_of(0))
    assert solve(problem).solver == "combinatorial"
    x = problem.variables["x"]
    tree = solve(problem)
    assert tree.values is not None
    harder = problem.also(another=tree.values["x"] @ x <= tree.values["x"].sum() - 2)
    solution = solve(harder)
    assert (solution.solver, solution.message) == ("glop", "")
    assert solution.proven
    assert solution.value == solve(harder, "highs").value
    assert solve(harder, "combinatorial").status in ("feasible", "no_solution")


def test_small_problems_and_named_solvers_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = shortest_path(graph_of(1), 0, 11)
    assert solve(problem).solver == "highs"
    monkeypatch.setattr(programs, "COMBINATORIAL_FROM", 1)
    assert solve(problem, "glop").solver == "glop"
    assert solve(problem, warm_start=True).solver == "highs"
    assert solve(replace(problem, dual=None)).solver == "highs"


def test_a_problem_without_an_algorithm_refuses_it_and_says_who_can() -> None:
    x = cp.Variable(2, name="x", nonneg=True)
    problem = Problem(objective=cp.Minimize(cp.sum(x)), subject_to={"one": x[0] + x[1] >= 1})  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"no algorithm of its own .* glop, highs"):
        solve(problem, "combinatorial")
    assert "combinatorial" not in applicable(problem)
    assert "combinatorial" in applicable(minimum_spanning_tree(nx.path_graph(3)))


def wrong_tree(problem: Problem) -> Problem:
    """Its repair gives the heaviest tree."""
    heaviest = solve(replace(problem, objective=cp.Maximize(problem.objective.expr), dual=None, repair=None))
    return replace(problem, repair=lambda _: heaviest.values)


def scaled_dual(problem: Problem, factor: float) -> Problem:
    honest = problem.dual
    assert honest is not None

    def lie(values: Any) -> Multipliers:
        found = honest(values)
        assert found is not None
        listed = {name: factor * np.asarray(y, dtype=float) for name, y in found.listed.items()}
        return Multipliers(listed, [(name, sets, factor * pi) for name, sets, pi in found.families])

    return replace(problem, dual=lie)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("seed", range(5))
def test_no_lie_of_it_passes(seed: int) -> None:
    problem = minimum_spanning_tree(graph_of(2 * seed))
    optimum = solve(problem, "glop").value

    def sound(solution: Solution) -> bool:
        return solution.bound is None or optimum is None or solution.bound <= optimum

    for lie in (wrong_tree(problem), scaled_dual(problem, -1), scaled_dual(problem, 2), scaled_dual(problem, 0.5)):
        alone = solve(replace(lie, references=()), "combinatorial")
        assert sound(alone)
        assert alone.status == "feasible"
        assert not alone.proven
        then = solve(lie)
        assert (then.solver, then.status, then.value) == ("glop", "optimal", optimum)
