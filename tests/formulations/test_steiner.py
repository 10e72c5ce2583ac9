"""The Steiner tree against all Steiner trees, listed, and against networkx; its cuts and bounds; lies."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
import pytest
from strategies import spanning_trees

from formulations.graphs import arborescences
from formulations.graphs.arborescences import arrives, dual_ascent, missing_cuts, short_arborescence
from formulations.problem import Multipliers
from formulations.steiner import arcs_from, steiner_tree
from solvers import best, solve


def drawn(seed: int, most: int = 7) -> tuple[Any, list[int]]:
    """A random connected graph, every third time with parallel edges, and some of its nodes."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, most + 1))
    graph = nx.gnm_random_graph(n, int(rng.integers(n, 2 * n + 1)), seed=seed)
    nx.add_path(graph, rng.permutation(n).tolist())
    if seed % 3 == 0:
        graph = (nx.MultiGraph, nx.DiGraph)[seed % 2](graph)
        graph.add_edges_from(list(graph.edges)[:2])
    for *_, data in graph.edges(data=True):
        data["weight"] = [int(rng.integers(0, 3)), int(rng.integers(1, 99)), rng.integers(0, 30) / 10, rng.random()][
            seed % 4
        ]
    return graph, rng.permutation(n)[: int(rng.integers(1, n + 1))].tolist()


def all_trees(graph: Any, terminals: list[int]) -> list[tuple[float, frozenset[frozenset[int]]]]:
    """All trees that join the terminals and have no other leaves, the lightest first: weight and edges."""
    simple: nx.Graph[int] = nx.Graph()
    simple.add_nodes_from(graph)
    for u, v, w in graph.edges(data="weight"):
        if u != v and not (simple.has_edge(u, v) and simple[u][v]["weight"] <= w):
            simple.add_edge(u, v, weight=w)
    others, found = sorted(set(graph) - set(terminals)), []
    for k in range(len(others) + 1):
        for more in combinations(others, k):
            for tree in spanning_trees(simple.subgraph([*terminals, *more])):
                degree = nx.Graph([edge[:2] for edge in tree]).degree
                if all(degree[v] > 1 for v in more):
                    found.append((sum(w for *_, w in tree), frozenset(frozenset(edge[:2]) for edge in tree)))
    return sorted(found, key=lambda one: one[0])


@pytest.mark.parametrize("seed", range(80))
def test_the_best_steiner_trees_are_the_first_of_all_steiner_trees(seed: int) -> None:
    graph, terminals = drawn(seed, 6)
    everything, k = all_trees(graph, terminals), 1 + seed % 5
    found = list(best(steiner_tree(graph, terminals), k, ("glop", "highs")[seed % 2]))
    answers = [solution for solution in found if solution.answer is not None]
    assert all(solution.proven for solution in found), found
    assert len(answers) == min(k, len(everything))
    assert [one.value for one in answers] == pytest.approx([value for value, _ in everything[:k]], abs=1e-9)
    keys = {frozenset(frozenset(edge[:2]) for edge in one.answer) for one in answers}
    assert len(keys) == len(answers)
    assert keys <= {edges for _, edges in everything}
    assert [sum(w for *_, w in one.answer) for one in answers] == pytest.approx([one.value for one in answers])


@pytest.mark.parametrize("solver", ["glop", "highs", "scip", "cp-sat"])
@pytest.mark.parametrize("seed", range(3))
def test_every_solver_gives_the_same_weight(solver: str, seed: int) -> None:
    graph, terminals = drawn(4 * seed + 1)
    solution = solve(steiner_tree(graph, terminals), solver)
    assert solution.status == "optimal"
    assert solution.proven
    assert solution.value == all_trees(graph, terminals)[0][0]


@pytest.mark.parametrize("method", ["kou", "mehlhorn"])
def test_a_hub_that_networkx_does_not_see(method: str) -> None:
    graph: nx.Graph[str] = nx.Graph()
    graph.add_weighted_edges_from([("hub", "a", 3), ("hub", "b", 3), ("hub", "c", 4), ("a", "b", 5), ("b", "c", 6)])
    assert nx.approximation.steiner_tree(graph, list("abc"), method=method).size("weight") == 11
    solution = solve(steiner_tree(graph, "abc"))
    assert (solution.value, solution.bound, solution.proven) == (10, 10, True)
    assert str(solution.checks[-1]) == "agrees: Mehlhorn (networkx) <= 11"
    assert {frozenset(edge[:2]) for edge in solution.answer} == {frozenset(("hub", end)) for end in "abc"}


@pytest.mark.parametrize("seed", range(4))
def test_a_hundred_nodes_are_proven_without_branching(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.gnm_random_graph(100, 300, seed=seed)
    nx.add_path(graph, range(100))
    for edge in graph.edges:
        graph.edges[edge]["weight"] = int(rng.integers(1, 100))
    terminals = rng.permutation(100)[:20].tolist()
    solution = solve(steiner_tree(graph, terminals))
    assert solution.proven
    assert solution.stats["boxes"] == 0
    tree: nx.Graph[int] = nx.Graph()
    tree.add_weighted_edges_from(solution.answer)
    assert nx.is_tree(tree)
    assert set(terminals) <= set(tree)
    assert {v for v, degree in tree.degree if degree == 1} <= set(terminals)


def test_a_hypercube_needs_branching_and_is_proven() -> None:
    graph = nx.hypercube_graph(4)
    solution = solve(steiner_tree(graph, [v for v in graph if sum(v) % 2 == 0]))
    assert (solution.value, solution.proven) == (10, True)


def test_a_dual_ascent_that_is_given_up_still_bounds(monkeypatch: Any) -> None:
    graph = nx.hypercube_graph(4)
    g = arcs_from(graph, [v for v in graph if sum(v) % 2 == 0])
    joined = np.array([k for k, v in enumerate(g.nodes) if k and sum(v) % 2 == 0], dtype=np.int64)
    whole, _ = dual_ascent(g, joined)
    monkeypatch.setattr(arborescences, "MOST_MARKS", 3 * g.n)
    sets, multipliers = dual_ascent(g, joined)
    assert len(sets) == 3 < len(whole)
    assert multipliers.sum() == 3


def test_one_terminal_is_a_tree_without_edges_and_two_are_joined_by_a_path() -> None:
    graph = nx.karate_club_graph()
    alone = solve(steiner_tree(graph, [5]))
    assert (alone.value, alone.answer, alone.proven) == (0, [], True)
    pair = solve(steiner_tree(graph, [15, 16]))
    assert [check.name for check in pair.checks][-1] == "Dijkstra (networkx)"
    assert (pair.value, pair.proven) == (nx.dijkstra_path_length(graph, 15, 16), True)
    everyone = solve(steiner_tree(graph, list(graph)))
    assert [check.name for check in everyone.checks][-1] == "Kruskal (networkx)"
    assert (everyone.value, everyone.proven) == (68, True)
    lonely: nx.Graph[str] = nx.Graph()
    lonely.add_node("a")
    assert solve(steiner_tree(lonely, ["a", "a"])).answer == []


def test_what_cannot_be_joined_is_named() -> None:
    graph = nx.Graph([("a", "b"), ("c", "d"), ("d", "e")])
    with pytest.raises(ValueError, match="no tree joins 'a' to 'c', 'd': the graph does not connect them"):
        steiner_tree(graph, ["a", "b", "c", "d"])
    with pytest.raises(ValueError, match="there is no node 'x'"):
        steiner_tree(graph, ["a", "x"])
    with pytest.raises(ValueError, match="there are no terminals; name at least one"):
        steiner_tree(graph, [])
    graph.add_edge("a", "b", weight=-2)
    graph.add_edge("c", "d", weight=1)
    graph.add_edge("d", "e", weight=1)
    with pytest.raises(ValueError, match="the edge 'a' -- 'b' has weight -2; Steiner trees need weights of at least 0"):
        steiner_tree(graph, ["a", "b"])


# The parts.


@pytest.mark.parametrize("seed", range(40))
def test_dual_ascent_bounds_and_the_heuristic_is_a_tree(seed: int) -> None:
    graph, terminals = drawn(seed)
    g = arcs_from(graph, terminals)
    joined = np.array([g.nodes.index(t) for t in terminals[1:]], dtype=np.int64)
    optimum = all_trees(graph, terminals)[0][0]
    sets, multipliers = dual_ascent(g, joined)
    paid = np.zeros(g.m)
    for S, pi in zip(sets, multipliers.tolist(), strict=True):
        assert not S[0]
        assert S[joined].any()
        paid[S[g.head] & ~S[g.tail]] += pi
    assert (paid <= g.weight + 1e-12).all()
    assert multipliers.sum() <= optimum + 1e-9
    x = np.random.default_rng(seed).random(g.m) * (seed % 2)
    chosen = short_arborescence(g, joined, x)
    tree = nx.DiGraph([(0, 0), *zip(g.tail[chosen].tolist(), g.head[chosen].tolist(), strict=True)])
    tree.remove_edge(0, 0)
    assert nx.is_arborescence(tree)
    assert set(joined.tolist()) <= set(tree)
    assert g.weight[chosen].sum() >= optimum - 1e-9


@pytest.mark.parametrize("seed", range(40))
def test_minimum_cuts_are_found_exactly_where_there_are_some(seed: int) -> None:
    graph, terminals = drawn(seed)
    g = arcs_from(graph, terminals)
    joined = np.array([g.nodes.index(t) for t in terminals[1:]], dtype=np.int64)
    x = np.random.default_rng(seed).choice([0.0, 0.25, 0.5, 1.0], g.m)
    network = nx.DiGraph()
    network.add_nodes_from(range(g.n))
    for u, v, capacity in zip(g.tail.tolist(), g.head.tolist(), x.tolist(), strict=True):
        network.add_edge(u, v, capacity=capacity)
    least = min([nx.maximum_flow_value(network, 0, t) for t in joined.tolist()], default=1.0)
    found = missing_cuts(g, joined, x)
    assert bool(found) == (least < 1)
    assert not (found and arrives(g, joined, x))
    for S in found:
        assert not S[0]
        assert S[joined].any()
        assert x[S[g.head] & ~S[g.tail]].sum() < 1


# Lies.


def test_sets_that_are_no_cuts_prove_nothing() -> None:
    graph = nx.path_graph(3)
    problem = steiner_tree(graph, [0, 1])  # vertex 2 need not be reached
    assert problem.dual is not None
    wrong = [np.array([False, False, True]), np.array([True, True, False])]
    lie = replace(problem, dual=lambda _: Multipliers(families=[("cut", wrong, np.array([5.0, 5.0]))]))
    solution = solve(lie, "cp-sat")
    assert solution.bound is None or solution.bound <= 0
    assert not solution.proven
    assert solve(problem, "cp-sat").proven


def test_too_large_multipliers_prove_no_more() -> None:
    graph, terminals = drawn(5)
    problem = steiner_tree(graph, terminals)
    dual = problem.dual
    assert dual is not None
    (name, sets, pi), *_ = dual({}).families  # type: ignore[union-attr]
    lie = replace(problem, dual=lambda _: Multipliers(families=[(name, sets, 2 * pi)]))
    true, false = solve(problem, "cp-sat"), solve(lie, "cp-sat")
    assert true.proven
    assert false.bound is None or false.bound <= true.value  # type: ignore[operator]


def test_an_answer_with_a_gap_a_dead_end_or_a_circle_apart_is_none() -> None:
    graph = nx.Graph([("a", "b"), ("b", "c"), ("c", "d"), ("x", "y"), ("y", "z"), ("z", "x"), ("d", "x")])
    problem = steiner_tree(graph, ["a", "d"])
    arcs = arcs_from(graph, ["a", "d"]).edges()
    path = [("a", "b"), ("b", "c"), ("c", "d")]
    for chosen, said in (
        (path[1:], "the constraint 'cut'"),
        ([*path, ("d", "x")], "the constraint 'no dead end'"),
        ([*path, ("x", "y"), ("y", "z"), ("z", "x")], "the constraint 'subtour'"),
        ([*path, ("b", "a")], None),
    ):
        if said is None:
            assert ("b", "a") not in arcs
            continue
        x = np.array([float(arc in chosen) for arc in arcs])
        with pytest.raises(ValueError, match=said):
            solve(problem, start={"x": x})
    x = np.array([float(arc in path) for arc in arcs])
    assert solve(problem, start={"x": x}).value == 3
