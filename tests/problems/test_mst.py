"""The minimum spanning tree against Kruskal, brute force and itself along every solver route."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import exactly, is_spanning_tree, kruskal, spanning_trees, weighted_graphs

from formulations.graphs import network
from formulations.mst import minimum_spanning_forest, minimum_spanning_tree
from formulations.problem import Problem
from solvers import Solution, solve


def assert_proven_tree(graph: nx.Graph[Any], solution: Solution) -> None:
    """The solution is a spanning tree, proven exactly to weigh what Kruskal's does."""
    assert solution.status == "optimal", solution.message
    assert solution.certificate.verified
    assert solution.certificate.exact
    assert solution.proven
    assert all(check.ok for check in solution.checks), solution.checks
    assert solution.value is not None
    assert solution.bound is not None
    assert solution.bound <= solution.value
    assert is_spanning_tree(graph, solution.answer)
    weight = sum((exactly(w) for *_, w in solution.answer), Fraction(0))
    assert solution.value == pytest.approx(float(weight), rel=1e-14, abs=1e-12)
    assert solution.value == pytest.approx(float(kruskal(graph)), rel=1e-9, abs=1e-9)


def triangle() -> nx.Graph[Any]:
    return nx.complete_graph(3)


@settings(max_examples=300)
@given(weighted_graphs())
def test_the_tree_by_glop_is_kruskals_and_proven_exactly(graph: nx.Graph[Any]) -> None:
    assert_proven_tree(graph, solve(minimum_spanning_tree(graph)))


@settings(max_examples=80)
@given(weighted_graphs())
def test_the_tree_by_highs_is_kruskals_and_proven_exactly(graph: nx.Graph[Any]) -> None:
    assert_proven_tree(graph, solve(minimum_spanning_tree(graph), solver="highs"))


@settings(max_examples=30)
@given(weighted_graphs(most=6))
def test_the_declared_model_by_scip_gives_kruskals_tree(graph: nx.Graph[Any]) -> None:
    solution = solve(minimum_spanning_tree(graph), solver="scip")
    assert_proven_tree(graph, solution)


@pytest.mark.parametrize("solver", ["glop", "highs"])
@pytest.mark.parametrize("seed", range(3))
def test_larger_graphs_with_many_ties_are_proven_without_branching(solver: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.gnm_random_graph(120, 600, seed=seed)
    nx.set_edge_attributes(graph, {edge: int(rng.integers(1, 6)) for edge in graph.edges}, "weight")
    nx.add_path(graph, range(120), weight=7)
    solution = solve(minimum_spanning_tree(graph), solver)
    assert_proven_tree(graph, solution)
    assert solution.stats["boxes"] == 0


def test_one_node_weighs_nothing() -> None:
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_node("alone")
    for solver in ("glop", "highs"):
        solution = solve(minimum_spanning_tree(graph), solver)
        assert (solution.status, solution.value, solution.bound, solution.answer) == ("optimal", 0, 0, [])


def test_edges_without_any_weight_count_one() -> None:
    assert solve(minimum_spanning_tree(nx.cycle_graph(5))).value == 4


def test_another_weight_attribute_is_read_where_it_is_named() -> None:
    graph = triangle()
    nx.set_edge_attributes(graph, {(0, 1): 5, (0, 2): 1, (1, 2): 2}, "length")
    assert solve(minimum_spanning_tree(graph, "length")).value == 3


def test_decimal_weights_add_up_without_rounding() -> None:
    graph = nx.path_graph(4)
    nx.set_edge_attributes(graph, 0.1, "weight")
    solution = solve(minimum_spanning_tree(graph))
    assert solution.value == 0.3  # in floating point the sum is 0.30000000000000004
    assert solution.bound == 0.3


def test_labels_of_any_hashable_kind_come_back_in_the_answer() -> None:
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_weighted_edges_from([("a", (1, 2), 3), ((1, 2), frozenset("x"), 4), ("a", frozenset("x"), 9)])
    answer = solve(minimum_spanning_tree(graph)).answer
    assert {frozenset((u, v)) for u, v, _ in answer} == {
        frozenset(("a", (1, 2))),
        frozenset(((1, 2), frozenset("x"))),
    }


# The slide's model.


def relaxed_with_two_part_cuts(graph: nx.Graph[Any]) -> Problem:
    """The slide's model with 0 <= x <= 1 instead of x in {0, 1}, and nothing to strengthen it."""
    g = network(graph).simple()
    declared = minimum_spanning_tree(graph)
    x = cp.Variable(g.m, name="x", bounds=[0, 1])
    return Problem(
        objective=cp.Minimize(g.weight @ x),
        subject_to={"tree size": cp.sum(x) == g.n - 1},
        for_all=declared.for_all,
    )


@pytest.mark.parametrize("solver", ["glop", "highs"])
def test_two_part_cuts_alone_leave_the_unit_triangle_at_one_and_a_half(solver: str) -> None:
    x = cp.Variable(3, name="x", bounds=[0, 1])
    cuts = minimum_spanning_tree(triangle()).for_all
    solution = solve(Problem(objective=cp.Minimize(cp.sum(x)), subject_to={}, for_all=cuts), solver)
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(1.5)
    assert solution.bound == pytest.approx(1.5)


def test_two_part_cuts_with_the_tree_size_still_fall_short_where_the_k_part_cuts_do_not() -> None:
    graph: nx.Graph[Any] = nx.Graph()
    nx.add_cycle(graph, "abc", weight=0)  # all three edges are free, and the relaxation counts them all
    nx.add_cycle(graph, "adef", weight=1)  # so that half of each edge is enough here
    relaxed = solve(relaxed_with_two_part_cuts(graph))
    assert relaxed.value == pytest.approx(2)
    assert relaxed.bound == pytest.approx(2)
    exact = solve(minimum_spanning_tree(graph))
    assert exact.value == exact.bound == 3


@settings(max_examples=40)
@given(weighted_graphs(most=7, least=3))
def test_the_two_part_relaxation_never_exceeds_the_tree_and_the_k_part_one_meets_it(graph: nx.Graph[Any]) -> None:
    best = float(kruskal(graph))
    relaxed = solve(relaxed_with_two_part_cuts(graph))
    assert relaxed.status == "optimal"
    assert relaxed.value is not None
    assert relaxed.value <= best + 1e-6 * max(1.0, abs(best))
    exact = solve(minimum_spanning_tree(graph))
    assert exact.stats["boxes"] == 0
    assert exact.value == pytest.approx(best, abs=1e-9)


def two_part_cuts_alone(problem: Problem) -> Problem:
    """The slide's model without the cuts that make it easy and without the multipliers that rest on them."""
    return replace(problem, strengthened_by=(), dual=None)


@settings(max_examples=40)
@given(weighted_graphs(most=6))
def test_the_slides_binary_model_with_two_part_cuts_alone_agrees_with_kruskal(graph: nx.Graph[Any]) -> None:
    assert_proven_tree(graph, solve(two_part_cuts_alone(minimum_spanning_tree(graph))))


def test_two_part_cuts_alone_have_to_branch_where_the_k_part_cuts_need_not() -> None:
    graph: nx.Graph[Any] = nx.Graph()
    nx.add_cycle(graph, "abc", weight=0)
    nx.add_cycle(graph, "adef", weight=1)
    declared = minimum_spanning_tree(graph)
    assert solve(declared).stats["boxes"] == 0
    branched = solve(two_part_cuts_alone(declared))
    assert branched.stats["boxes"] > 0
    assert branched.certificate.kind == "branching"
    assert_proven_tree(graph, branched)


# What Kruskal cannot do.


def degrees(tree: list[tuple[Any, Any, Any]]) -> dict[Any, int]:
    count: dict[Any, int] = {}
    for u, v, _ in tree:
        count[u] = count.get(u, 0) + 1
        count[v] = count.get(v, 0) + 1
    return count


@pytest.mark.parametrize("solver", ["glop", "highs"])
@settings(max_examples=60)
@given(graph=weighted_graphs(most=6), most=st.integers(1, 3))
def test_bounded_degree_is_brute_forces_best_or_proven_impossible(solver: str, graph: nx.Graph[Any], most: int) -> None:
    allowed = [tree for tree in spanning_trees(graph) if max(degrees(tree).values(), default=0) <= most]
    solution = solve(minimum_spanning_tree(graph, max_degree=most), solver)
    assert solution.certificate.verified, solution.message
    if not allowed:
        assert solution.status == "infeasible"
        assert solution.value is None
        assert solution.answer is None
        return
    assert solution.status == "optimal"
    assert all(check.ok for check in solution.checks), solution.checks
    best = min(sum((exactly(w) for *_, w in tree), Fraction(0)) for tree in allowed)
    assert solution.value == pytest.approx(float(best), rel=1e-9, abs=1e-9)
    assert is_spanning_tree(graph, solution.answer)
    assert max(degrees(solution.answer).values(), default=0) <= most


@pytest.mark.parametrize("solver", ["glop", "highs"])
def test_a_star_has_no_tree_of_smaller_degree_and_the_degree_is_named(solver: str) -> None:
    solution = solve(minimum_spanning_tree(nx.star_graph(5), max_degree=4), solver)
    assert solution.status == "infeasible"
    assert solution.certificate.verified
    assert "degree" in solution.message


def test_max_degree_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="max_degree is 0"):
        minimum_spanning_tree(triangle(), max_degree=0)


@pytest.mark.parametrize("solver", ["glop", "highs"])
@settings(max_examples=40)
@given(graph=weighted_graphs(most=6, least=3), data=st.data())
def test_a_further_constraint_on_the_tree_is_solved_to_brute_forces_best(
    solver: str, graph: nx.Graph[Any], data: st.DataObject
) -> None:
    problem = minimum_spanning_tree(graph)
    g = network(graph).simple()
    costs = np.array(data.draw(st.lists(st.integers(0, 5), min_size=g.m, max_size=g.m)))
    budget = data.draw(st.integers(0, 10))
    price = {frozenset(edge): int(c) for edge, c in zip(g.edges(), costs, strict=True)}
    plain: nx.Graph[Any] = nx.Graph()
    plain.add_nodes_from(g.nodes)
    plain.add_weighted_edges_from((u, v, w) for (u, v), w in zip(g.edges(), g.weight.tolist(), strict=True))
    affordable = [
        sum((exactly(w) for *_, w in tree), Fraction(0))
        for tree in spanning_trees(plain)
        if sum(price[frozenset((u, v))] for u, v, _ in tree) <= budget
    ]
    solution = solve(problem.also(budget=costs @ problem.variables["x"] <= budget), solver)
    assert solution.certificate.verified, solution.message
    if not affordable:
        assert solution.status == "infeasible"
        return
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(float(min(affordable)), rel=1e-9, abs=1e-9)
    assert all(check.ok for check in solution.checks), solution.checks
    assert sum(price[frozenset((u, v))] for u, v, _ in solution.answer) <= budget


def test_a_further_constraint_must_not_take_a_name_that_is_there() -> None:
    problem = minimum_spanning_tree(triangle())
    with pytest.raises(ValueError, match="tree size"):
        problem.also(**{"tree size": cp.sum(problem.variables["x"]) == 1})


# Forests, and graphs that have no tree.


@settings(max_examples=60)
@given(weighted_graphs(most=5), weighted_graphs(most=5), st.integers(0, 2))
def test_the_forest_spans_each_component(one: nx.Graph[Any], other: nx.Graph[Any], lone: int) -> None:
    graph: nx.MultiGraph[Any] = nx.MultiGraph()
    for name, part in (("a", one), ("b", other)):
        graph.add_nodes_from((name, v) for v in part)
        graph.add_weighted_edges_from(((name, u), (name, v), w) for u, v, w in part.edges(data="weight"))
    graph.add_nodes_from(range(lone))
    solution = solve(minimum_spanning_forest(graph))
    assert solution.status == "optimal", solution.message
    assert solution.certificate.verified
    assert all(check.ok for check in solution.checks)
    assert solution.value == pytest.approx(float(kruskal(graph)), rel=1e-9, abs=1e-9)
    forest: nx.Graph[Any] = nx.Graph((u, v) for u, v, _ in solution.answer)
    forest.add_nodes_from(graph)
    assert nx.is_forest(forest)
    assert nx.number_connected_components(forest) == 2 + lone
    with pytest.raises(ValueError, match=f"{2 + lone} components"):
        minimum_spanning_tree(graph)


@settings(max_examples=30)
@given(weighted_graphs())
def test_the_forest_of_a_connected_graph_is_its_tree(graph: nx.Graph[Any]) -> None:
    assert_proven_tree(graph, solve(minimum_spanning_forest(graph)))


def test_the_forest_with_two_part_cuts_alone_agrees() -> None:
    graph = nx.disjoint_union(nx.complete_graph(4), nx.cycle_graph(4))
    solution = solve(two_part_cuts_alone(minimum_spanning_forest(graph)))
    assert (solution.status, solution.value) == ("optimal", 6)


def test_a_graph_without_nodes_has_no_spanning_tree() -> None:
    with pytest.raises(ValueError, match="no nodes"):
        minimum_spanning_tree(nx.Graph())


# Weights that cannot be used.


@pytest.mark.parametrize(
    "weight", [float("nan"), float("inf"), -float("inf"), None, "heavy", 10**400, [1], 1j], ids=lambda w: str(w)[:8]
)
@pytest.mark.parametrize("kind", [nx.Graph, nx.MultiGraph, nx.DiGraph])
def test_a_weight_that_is_no_finite_number_is_refused_by_edge(kind: Any, weight: Any) -> None:
    graph = kind()
    graph.add_weighted_edges_from([("s", "t", 1), ("t", "u", weight)])
    with pytest.raises(ValueError, match=r"'t', 'u'.*finite number"):
        minimum_spanning_tree(graph)


def test_a_weight_missing_on_one_edge_is_refused_by_edge() -> None:
    graph = nx.path_graph(3)
    graph[0][1]["weight"] = 2
    with pytest.raises(ValueError, match=r"edge \(1, 2\) has weight = None"):
        minimum_spanning_tree(graph)


@given(weighted_graphs())
@example(nx.MultiGraph([(0, 0), (0, 1), (1, 0)]))
def test_the_simple_graph_keeps_the_lightest_of_parallel_edges_and_no_loop(graph: nx.Graph[Any]) -> None:
    g = network(graph)
    lightest: dict[frozenset[int], float] = {}
    for u, v, w in zip(g.tail.tolist(), g.head.tolist(), g.weight.tolist(), strict=True):
        if u != v:
            pair = frozenset((u, v))
            lightest[pair] = min(w, lightest.get(pair, w))
    s = g.simple()
    kept = zip(s.tail.tolist(), s.head.tolist(), s.weight.tolist(), strict=True)
    assert {frozenset((u, v)): w for u, v, w in kept} == lightest
    assert s.m == len(lightest)
