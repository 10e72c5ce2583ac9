"""The k best answers against all answers, listed; greatest answers; and lies that must not pass."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest
from strategies import spanning_trees

from formulations.mst import maximum_spanning_forest, maximum_spanning_tree, minimum_spanning_tree
from formulations.problem import Problem, Reference, ranking
from formulations.shortest_path import longest_path, shortest_path
from solvers import best, solve

Graph = Any


def drawn(seed: int, most: int, *, directed: bool = False) -> Graph:
    """A random graph of up to `most` nodes, every third time with parallel edges; weights of four kinds, and tolls."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, most + 1))
    graph = nx.gnm_random_graph(n, int(rng.integers(n, 3 * n)), seed=seed, directed=directed)
    if seed % 3 == 0:
        graph = (nx.MultiDiGraph if directed else nx.MultiGraph)(graph)
        graph.add_edges_from(list(graph.edges)[:2])
    for *_, data in graph.edges(data=True):
        kinds = rng.integers(-2, 4), rng.integers(1, 99), rng.integers(-30, 30) / 10, rng.normal()
        data.update(weight=kinds[seed % 4].item() if seed % 4 < 2 else float(kinds[seed % 4]))
        data.update(toll=int(rng.integers(0, 4)))
    return graph


def ranked(problem: Problem, k: int, everything: list[tuple[float, Any]], key: Any, seed: int) -> None:
    """The k best are proven, all different, and worth what the first k of all answers are: (value, key) each."""
    found = list(best(problem, k, ("glop", "highs")[seed % 2]))
    answers = [solution for solution in found if solution.answer is not None]
    assert len(answers) == min(k, len(everything))
    assert all(solution.proven for solution in found), found
    assert len(found) == len(answers) + (k > len(everything))
    if len(found) > len(answers):
        assert found[-1].status == "infeasible"
    if 0 < len(answers) < len(found):
        assert f"only {len(answers)} answer" in found[-1].message, found[-1]
    values = [solution.value for solution in answers]
    assert values == pytest.approx([value for value, _ in everything[:k]], abs=1e-9)
    keys = [key(solution.answer) for solution in answers]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= {answer for _, answer in everything}


def edges_of(tree: Any) -> frozenset[frozenset[Any]]:
    return frozenset(frozenset(edge[:2]) for edge in tree)


@pytest.mark.parametrize("seed", range(40))
def test_the_best_trees_are_the_first_of_all_trees(seed: int) -> None:
    graph, rng, greatest = drawn(seed, 6), np.random.default_rng(seed), bool(seed // 2 % 2)
    if not nx.is_connected(graph):
        graph.add_weighted_edges_from((0, v, 5) for v in range(1, len(graph)) if not nx.has_path(graph, 0, v))
    degree = None if seed % 5 else 2
    extreme = max if greatest else min
    simple = nx.Graph()
    for u, v, w in graph.edges(data="weight"):
        simple.add_edge(u, v, weight=w if not simple.has_edge(u, v) else extreme(w, simple[u][v]["weight"]))
    everything = [
        (sum(w for *_, w in tree), edges_of(tree))
        for tree in spanning_trees(simple)
        if degree is None or max(d for _, d in nx.Graph([edge[:2] for edge in tree]).degree) <= degree
    ]
    everything.sort(key=lambda ranked: ranked[0], reverse=greatest)
    build = maximum_spanning_tree if greatest else minimum_spanning_tree
    ranked(build(graph, max_degree=degree), int(rng.integers(1, 12)), everything, edges_of, seed)


@pytest.mark.parametrize("seed", range(40))
def test_the_best_simple_paths_are_the_first_of_all_simple_paths(seed: int) -> None:
    graph, rng, greatest = drawn(seed, 6, directed=seed % 2 == 0), np.random.default_rng(seed), seed % 5 == 0
    s, t, must = 0, len(graph) - 1, {int(rng.integers(len(graph)))} if seed % 6 == 1 else set()
    toll = int(rng.integers(1, 6)) if seed % 4 == 1 else None
    everything = []
    for way in {tuple(way) for way in nx.all_simple_paths(graph, s, t)}:
        lengths = [w for w, spent in choices(graph, way) if toll is None or spent <= toll]
        if lengths and must <= set(way):
            everything.append((max(lengths) if greatest else min(lengths), way))
    everything.sort(key=lambda ranked: ranked[0], reverse=greatest)
    build = longest_path if greatest else shortest_path
    limits = {} if toll is None else {"toll": toll}
    try:
        problem = build(graph, s, t, simple=True, limits=limits, required_nodes=must)
    except ValueError:
        assert not everything
        return
    ranked(problem, int(rng.integers(1, 10)), everything, tuple, seed)


def choices(graph: Graph, way: tuple[Any, ...]) -> list[tuple[float, int]]:
    """Weight and toll of the path by every choice among parallel edges."""
    found = [(0.0, 0)]
    for u, v in pairwise(way):
        steps = graph[u][v].values() if graph.is_multigraph() else [graph[u][v]]
        found = [(w + step["weight"], spent + step["toll"]) for w, spent in found for step in steps]
    return found


@pytest.mark.parametrize("seed", range(20))
def test_the_longest_path_of_an_acyclic_graph(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.DiGraph((u, v) for u, v in nx.gnm_random_graph(8, 16, seed=seed).edges)  # u < v
    for u, v in graph.edges:
        graph[u][v]["weight"] = int(rng.integers(-3 if seed % 2 else 0, 9))
    s, t = min(graph), max(graph)
    lengths = [nx.path_weight(graph, way, "weight") for way in nx.all_simple_paths(graph, s, t)]
    if not lengths:
        return
    solution = solve(longest_path(graph, s, t), ("highs", "glop", "pdlp")[seed % 3])
    assert solution.proven
    assert solution.value == solution.bound == max(lengths) == nx.path_weight(graph, solution.answer, "weight")
    assert solution.checks[-1].name == "Bellman-Ford (networkx)" or min(lengths) == max(lengths) == 0


def test_the_potentials_of_a_longest_path_rise_on_every_arc_by_its_weight_at_least() -> None:
    graph = nx.DiGraph()
    graph.add_weighted_edges_from([("s", "v", 2), ("v", "t", 3), ("s", "t", 4)])
    problem = longest_path(graph, "s", "t")
    solution = solve(problem)
    assert solution.multipliers is not None
    d = {"s": -solution.multipliers.listed["source"][0], "t": -solution.multipliers.listed["target"][0]}
    d["v"] = -solution.multipliers.listed["conservation"][0]
    assert all(d[v] - d[u] >= w for u, v, w in graph.edges(data="weight"))
    assert d["t"] - d["s"] == 5


def test_a_walk_could_be_longer_without_end() -> None:
    graph = nx.DiGraph()
    graph.add_weighted_edges_from([("s", "v", 1), ("v", "u", 2), ("u", "v", 1.5), ("v", "t", 1)])
    with pytest.raises(ValueError, match=r"is longest: the cycle .*'u'.* has weight 3.5; .* simple path") as caught:
        longest_path(graph, "s", "t")
    assert "negative" not in str(caught.value)
    assert solve(longest_path(graph, "s", "t", simple=True)).answer == ["s", "v", "t"]
    with pytest.raises(ValueError, match="is longest: the cycle"):
        longest_path(graph.to_undirected(), "s", "t")


def test_paths_of_negative_cycles_are_simple_if_asked_for() -> None:
    graph = nx.DiGraph()
    graph.add_weighted_edges_from([("s", "v", 1), ("v", "u", -2), ("u", "v", 1), ("v", "t", 1), ("u", "t", 5)])
    with pytest.raises(ValueError, match="is shortest: the negative cycle"):
        shortest_path(graph, "s", "t")
    found = list(best(shortest_path(graph, "s", "t", simple=True), 3))
    assert [solution.answer for solution in found] == [["s", "v", "t"], ["s", "v", "u", "t"], None]
    assert all(solution.proven for solution in found)


@pytest.mark.parametrize("solver", ["glop", "highs", "scip", "cp-sat"])
def test_the_greatest_tree_by_every_solver(solver: str) -> None:
    graph = nx.karate_club_graph()
    solution = solve(maximum_spanning_tree(graph), solver)
    assert solution.proven
    assert solution.value == nx.maximum_spanning_tree(graph).size("weight")
    assert solution.bound is not None
    assert solution.value <= solution.bound
    forest = solve(maximum_spanning_forest(nx.disjoint_union(graph, graph)), solver)
    assert (forest.value, forest.proven) == (2 * solution.value, True)


def test_any_binary_program_has_next_best_answers() -> None:
    x, y = cp.Variable(3, name="x", boolean=True), cp.Variable((1, 2), name="y", boolean=True)
    weight = np.array([4.0, 3.0, 2.0])
    model = cp.Problem(cp.Maximize(weight @ x + 0.5 * cp.sum(y)), [cp.sum(x) <= 2, cp.sum(y) <= 1])
    found = list(best(model, 30))
    values = [solution.value for solution in found[:-1]]
    sums = [0, 4, 3, 2, 7, 6, 5]
    assert values == sorted([v + bonus for v in sums for bonus in (0, 0.5, 0.5)], reverse=True)
    assert all(solution.proven for solution in found)
    assert "only 21 answers" in found[-1].message
    with pytest.raises(ValueError, match="the variable 'z' is not boolean"):
        list(best(cp.Problem(cp.Minimize(cp.sum(cp.Variable(2, name="z", nonneg=True)))), 2))


def test_nonsense_is_refused() -> None:
    problem = minimum_spanning_tree(nx.cycle_graph(3))
    with pytest.raises(ValueError, match="ask for at least 1"):
        best(problem, 0)
    with pytest.raises(ValueError, match="time_limit is -1"):
        next(best(problem, 2, time_limit=-1))
    with pytest.raises(ValueError, match="simple are for one path only"):
        shortest_path(nx.cycle_graph(4), 0, 2, paths=2, simple=True)
    with pytest.raises(ValueError, match=r"'x' is not boolean.*simple=True"):
        list(best(shortest_path(nx.cycle_graph(4), 0, 2), 2))


# Lies.


def test_a_cut_that_leaves_the_found_answer_in_is_seen_by_the_ranking() -> None:
    graph = nx.cycle_graph(4)
    nx.set_edge_attributes(graph, {edge: 1 + k for k, edge in enumerate(graph.edges)}, "weight")
    problem = minimum_spanning_tree(graph)
    first, second = best(problem, 2)
    assert (first.value, second.value, second.proven) == (6, 7, True)
    x = problem.variables["x"]
    again = list(best(replace(problem, excluding=lambda _: cp.sum(x) <= 3), 2))[1]
    assert again.value == 6
    assert not again.agrees


def test_an_answer_found_before_cannot_be_offered_again() -> None:
    problem = minimum_spanning_tree(nx.cycle_graph(4))
    first = solve(problem)
    assert first.values is not None
    with pytest.raises(ValueError, match="start breaks the constraint 'other than answer 1'"):
        solve(problem.without([first.values]), start=first.values)
    path = shortest_path(nx.cycle_graph(4), 0, 2, simple=True)
    found = solve(path)
    assert found.values is not None
    with pytest.raises(ValueError, match="start breaks the constraint 'other than answer 1'"):
        solve(path.without([found.values]), start=found.values)


@pytest.mark.parametrize("problem", [maximum_spanning_tree(nx.karate_club_graph()), None])
def test_multipliers_of_the_wrong_sign_prove_nothing_of_a_maximum(problem: Problem | None) -> None:
    if problem is None:
        graph = nx.DiGraph()
        graph.add_weighted_edges_from([("s", "v", 2), ("v", "t", 3), ("s", "t", 4)])
        problem = longest_path(graph, "s", "t")
    dual = problem.dual
    assert dual is not None
    solver = "scip"  # has no multipliers of its own
    assert solve(problem, solver).proven
    flipped = replace(
        problem, dual=lambda values: None if (y := dual(values)) is None else y.negated(), dual_repair=None
    )
    assert not solve(flipped, solver).proven


def test_a_reference_of_the_wrong_sign_disagrees() -> None:
    problem = maximum_spanning_tree(nx.karate_club_graph())
    lie = replace(problem, references=[reference.negated() for reference in problem.references])
    assert solve(problem).agrees
    assert not solve(lie).agrees


def test_references_of_a_rank_become_bounds_under_further_constraints() -> None:
    graph = nx.karate_club_graph()
    problem = minimum_spanning_tree(graph, max_degree=4)
    (second,) = problem.without([solve(problem).values or {}]).references
    assert (second.name, second.relation, second.value()) == ("Kruskal (networkx), answer 2", ">=", 68)
    (greatest,) = maximum_spanning_tree(graph, max_degree=4).references
    assert (greatest.relation, greatest.value()) == ("<=", nx.maximum_spanning_tree(graph).size("weight"))


def test_a_ranking_that_ends_gives_no_number() -> None:
    kth = ranking(lambda: iter([1.0]))
    assert kth(1) == 1.0
    assert np.isnan(kth(2))
    with pytest.raises(ValueError, match="Dijkstra does not rank"):
        Reference("Dijkstra", lambda: 1.0).of_rank(2)
    problem = minimum_spanning_tree(nx.cycle_graph(4))
    poor = replace(problem, references=[Reference("one", lambda: 3.0, ranked=ranking(lambda: iter([3.0])))])
    first, second = best(poor, 2)
    assert first.agrees
    assert not second.agrees


# Limits.


def test_the_time_limit_is_that_of_all_together() -> None:
    graph = nx.complete_graph(40)
    rng = np.random.default_rng(0)
    nx.set_edge_attributes(graph, {edge: int(rng.integers(1, 99)) for edge in graph.edges}, "weight")
    found = list(best(minimum_spanning_tree(graph), 10**6, time_limit=1.5))
    assert 1 < len(found) < 10**6
    assert found[0].proven
    assert found[-1].status in ("feasible", "no_solution")
    assert all(solution.status == "optimal" for solution in found[:-1])


def test_an_answer_of_ones_own_begins_the_first_search_only() -> None:
    problem = minimum_spanning_tree(nx.cycle_graph(4))
    first = solve(problem)
    found = list(best(problem, 2, start=first.values))
    assert [(one.value, one.proven) for one in found] == [(3, True), (3, True)]


def test_the_same_question_gets_the_same_answers() -> None:
    graph = nx.karate_club_graph()
    once, again = (list(best(minimum_spanning_tree(graph, "none"), 6)) for _ in range(2))
    assert [solution.answer for solution in once] == [solution.answer for solution in again]
