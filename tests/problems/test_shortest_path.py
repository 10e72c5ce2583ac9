"""The shortest path: formulation against algorithm, every solver against every other, and lies that must not pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import decimals, exactly, few_integers, integers, shapes

from formulations.graphs import Network
from formulations.graphs.walks import walks
from formulations.problem import Multipliers, Problem
from formulations.shortest_path import shortest_path
from solvers import Solution, solve
from solvers.proof.branching import Leaf
from solvers.proof.certificate import Dual
from solvers.proof.search import Search
from solvers.solve import BranchAndCut, FirstOrder, applicable

EXACT = ("glop", "highs", "scip", "cp-sat", "pdlp", "descent-ascent")
KINDS = [nx.Graph, nx.MultiGraph, nx.DiGraph, nx.MultiDiGraph]
floats = st.floats(0, 1e3, allow_subnormal=False).map(lambda w: w if w > 1e-6 else 0.0)


@st.composite
def instances(draw: st.DrawFn, most: int = 8) -> tuple[Any, int, int]:
    """A graph of any class and two of its nodes; directed ones perhaps with negative arcs, hardly a negative cycle."""
    n, edges = draw(shapes(most, 1))
    kind = draw(st.sampled_from(KINDS))
    graph = kind()
    graph.add_nodes_from(range(n))
    drawn = draw(
        st.sampled_from([few_integers.map(abs), integers.map(abs), decimals.map(abs), floats]).flatmap(
            lambda weights: st.lists(weights, min_size=len(edges), max_size=len(edges))
        )
    )
    level = draw(st.lists(st.integers(-5, 5), min_size=n, max_size=n))
    shifted = draw(st.booleans()) and graph.is_directed()
    for (u, v), weight in zip(edges, drawn, strict=True):
        a, b = (u, v) if not graph.is_directed() or draw(st.booleans()) else (v, u)
        graph.add_edge(a, b, weight=weight + (level[a] - level[b] if shifted else 0))
    return graph, draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))


def lightest(graph: Any, u: Any, v: Any) -> Fraction:
    """The exact weight of the lightest edge from u to v."""
    found = graph[u][v].values() if graph.is_multigraph() else [graph[u][v]]
    return min(exactly(data["weight"]) for data in found)


def length(graph: Any, nodes: list[Any]) -> Fraction:
    return sum((lightest(graph, u, v) for u, v in pairwise(nodes)), Fraction(0))


def assert_proven(solution: Solution, graph: Any, source: Any, target: Any) -> None:
    assert solution.proven, solution
    assert solution.status == "optimal"
    assert solution.certificate.exact
    assert (solution.answer[0], solution.answer[-1]) == (source, target)
    assert solution.value == pytest.approx(float(length(graph, solution.answer)), rel=1e-12, abs=1e-12)


@settings(max_examples=300)
@given(instances())
def test_formulation_equals_algorithm(drawn: tuple[Any, int, int]) -> None:
    graph, s, t = drawn
    expected = shortest(graph, s, t)
    if expected is None:
        with pytest.raises(ValueError, match="there is no path"):
            shortest_path(graph, s, t)
        return
    solution = solve(shortest_path(graph, s, t))
    assert_proven(solution, graph, s, t)
    assert solution.value == pytest.approx(expected, rel=1e-9, abs=1e-9)


def shortest(graph: Any, s: int, t: int) -> float | None:
    """networkx's Bellman-Ford; None without a path. Graphs with rounding noise for a negative cycle are passed over."""
    try:
        return float(nx.bellman_ford_path_length(graph, s, t))
    except nx.NetworkXNoPath:
        return None
    except nx.NetworkXUnbounded:
        assume(False)
        return None


@pytest.mark.parametrize("solver", EXACT)
@settings(max_examples=12)
@given(drawn=instances())
def test_every_solver_gives_the_same_answer(solver: str, drawn: tuple[Any, int, int]) -> None:
    graph, s, t = drawn
    expected = shortest(graph, s, t)
    assume(expected is not None)
    solution = solve(shortest_path(graph, s, t), solver, time_limit=30)
    assert solution.solver == solver
    assert_proven(solution, graph, s, t)
    assert solution.value == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("solver", ["pdlp", "descent-ascent"])
def test_a_first_order_answer_has_a_bound_of_its_own(solver: str) -> None:
    problem = replace(shortest_path(grid(12), (0, 0), (11, 11)), dual=None)  # nothing is read off the answer
    solution = solve(problem, solver, gap=1e-4)
    assert solution.proven
    assert solution.certificate.kind == "multipliers"


def grid(k: int, seed: int = 0) -> Any:
    graph = nx.grid_2d_graph(k, k)
    random = np.random.default_rng(seed)
    for _, _, data in graph.edges(data=True):
        data["weight"] = int(random.integers(1, 100))
        data["time"] = int(random.integers(1, 100))
    return graph


# What Dijkstra cannot do.


@st.composite
def resourceful(draw: st.DrawFn) -> tuple[Any, int, int]:
    """A small graph whose edges have a weight, a time and a toll."""
    n, edges = draw(shapes(6, 2))
    graph = draw(st.sampled_from(KINDS))()
    graph.add_nodes_from(range(n))
    for u, v in edges:
        weight, time, toll = (draw(st.integers(0, 5)) for _ in range(3))
        graph.add_edge(u, v, weight=weight / 2, time=time / 10, toll=toll)
        if draw(st.booleans()):
            graph.add_edge(v, u, weight=weight / 2 + 1, time=time / 10, toll=toll)
    return graph, 0, draw(st.integers(1, n - 1))


def simple_paths(graph: Any, s: int, t: int) -> Iterator[list[tuple[int, int, dict[str, float]]]]:
    """All simple paths as their edges, parallel ones told apart."""
    multi = nx.MultiDiGraph(graph) if graph.is_directed() else nx.MultiDiGraph(nx.MultiGraph(graph).to_directed())
    for edges in nx.all_simple_edge_paths(multi, s, t):
        yield [(u, v, multi.edges[u, v, k]) for u, v, k in edges]


def best(paths: Iterator[list[Any]], fits: Callable[[list[Any]], bool]) -> Fraction | None:
    return min((sum(exactly(e["weight"]) for *_, e in path) for path in paths if fits(path)), default=None)


@pytest.mark.parametrize("solver", ["glop", "highs", "scip", "cp-sat"])
@settings(max_examples=25)
@given(drawn=resourceful(), tenths=st.integers(0, 12), toll=st.integers(0, 12))
def test_limits_against_all_paths(solver: str, drawn: tuple[Any, int, int], tenths: int, toll: int) -> None:
    graph, s, t = drawn
    assume(nx.has_path(graph, s, t))

    def fits(path: list[Any]) -> bool:
        spent = sum(exactly(e["time"]) for *_, e in path)
        return spent <= Fraction(tenths, 10) and sum(e["toll"] for *_, e in path) <= toll

    expected = best(simple_paths(graph, s, t), fits)
    solution = solve(shortest_path(graph, s, t, limits={"time": tenths / 10, "toll": toll}), solver)
    if expected is None:
        assert solution.status in ("infeasible", "no_solution")
        assert solution.status == "infeasible" or solver in ("scip", "cp-sat")
        return
    assert solution.value == float(expected)
    if solver in ("glop", "highs"):
        assert solution.proven
        assert solution.certificate.exact


@settings(max_examples=60)
@given(drawn=resourceful(), data=st.data())
def test_required_and_forbidden_parts_against_all_paths(drawn: tuple[Any, int, int], data: Any) -> None:
    graph, s, t = drawn
    assume(nx.has_path(graph, s, t))
    nodes, pairs = st.sampled_from(sorted(graph)), st.sampled_from(sorted({(u, v) for u, v in graph.edges()}))
    need, avoid = data.draw(st.sets(nodes, max_size=2)), data.draw(st.sets(nodes, max_size=1)) - {s, t}
    need_arc, avoid_arc = (data.draw(st.lists(pairs, max_size=1)) for _ in range(2))

    def uses(path: list[Any], arc: tuple[int, int]) -> bool:
        ways = {(u, v) for u, v, _ in path} | (set() if graph.is_directed() else {(v, u) for u, v, _ in path})
        return arc in ways

    def fits(path: list[Any]) -> bool:
        visited = {s, *(v for _, v, _ in path)}
        passed = need <= visited and all(uses(path, arc) for arc in need_arc)
        return passed and not avoid & visited and not any(uses(path, arc) for arc in avoid_arc)

    expected = best(simple_paths(graph, s, t), fits)
    parts = {"required_nodes": need, "required_arcs": need_arc, "forbidden_nodes": avoid, "forbidden_arcs": avoid_arc}
    if expected is None:
        with suppress(ValueError):  # where it is seen at once
            assert solve(shortest_path(graph, s, t, **parts)).status == "infeasible"
        return
    solution = solve(shortest_path(graph, s, t, **parts))
    assert solution.proven
    assert solution.value == float(expected)


@settings(max_examples=60)
@given(drawn=resourceful(), k=st.integers(2, 3))
def test_disjoint_paths_against_all_combinations(drawn: tuple[Any, int, int], k: int) -> None:
    graph, s, t = drawn
    assume(nx.has_path(graph, s, t))
    paths = list(simple_paths(graph, s, t))
    assume(len(paths) <= 60)

    def edges(path: list[Any]) -> set[Any]:
        return {id(e) if graph.is_directed() else (frozenset((u, v)), _key(graph, u, v, e)) for u, v, e in path}

    total = min(
        (
            sum(exactly(e["weight"]) for path in chosen for *_, e in path)
            for chosen in combinations(paths, k)
            if all(not edges(a) & edges(b) for a, b in combinations(chosen, 2))
        ),
        default=None,
    )
    if total is None:
        with pytest.raises(ValueError, match="paths"):
            shortest_path(graph, s, t, paths=k)
        return
    solution = solve(shortest_path(graph, s, t, paths=k))
    assert solution.proven
    assert solution.value == float(total)
    assert len(solution.answer) == k
    assert all((way[0], way[-1]) == (s, t) for way in solution.answer)


def _key(graph: Any, u: int, v: int, data: dict[str, float]) -> int:
    """Which of the parallel undirected edges between u and v this is."""
    if not graph.is_multigraph():
        return 0
    return next(k for k, other in graph[u][v].items() if other is data or other == data)


def test_a_limited_path_is_one_path() -> None:
    """A cheap cycle beside the path would pay for the required arc: it is cut off."""
    graph = nx.DiGraph()
    graph.add_weighted_edges_from([("s", "t", 1), ("s", "a", 10), ("a", "b", 0), ("b", "a", 0), ("b", "t", 10)])
    solution = solve(shortest_path(graph, "s", "t", required_arcs=[("a", "b")]))
    assert solution.proven
    assert solution.answer == ["s", "a", "b", "t"]
    assert solution.stats["cuts"] > 0


def test_any_constraint_of_cvxpy() -> None:
    graph = grid(5)
    problem = shortest_path(graph, (0, 0), (4, 4))
    g = walks(graph, (0, 0), (4, 4)).g
    x, time = problem.variables["x"], np.array([graph.edges[e]["time"] for e in g.edges()])
    free = solve(problem)
    spent = float(time @ free.values["x"]) if free.values is not None else 0.0
    quicker = solve(problem.also(budget=time @ x <= spent - 1))
    assert quicker.proven
    assert quicker.value == solve(shortest_path(graph, (0, 0), (4, 4), limits={"time": spent - 1})).value


# Corners.


def test_from_a_node_to_itself_is_the_empty_path() -> None:
    for graph in (nx.path_graph(3), nx.DiGraph([(0, 1), (1, 0)]), nx.Graph([(0, 0)]), nx.empty_graph(1)):
        for solver in EXACT:
            solution = solve(shortest_path(graph, 0, 0), solver)
            assert (solution.status, solution.value, solution.answer) == ("optimal", 0, [0])


def test_zero_cycles_and_loops_do_not_matter() -> None:
    graph = nx.MultiDiGraph()
    graph.add_weighted_edges_from([(0, 1, 0), (1, 0, 0), (1, 1, 5), (1, 2, 3), (1, 2, 2), (2, 1, -2)])
    for solver in EXACT:
        assert solve(shortest_path(graph, 0, 2), solver).answer == [0, 1, 2]


def test_a_negative_cycle_off_every_walk_does_not_matter() -> None:
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(
        [(0, 1, 1), (1, 2, 1), (1, 3, 1), (3, 4, -5), (4, 3, 1), (5, 6, -5), (6, 5, 1), (5, 1, 1)]
    )
    assert solve(shortest_path(graph, 0, 2)).value == 2


def test_a_negative_cycle_on_a_walk_is_named() -> None:
    graph = nx.DiGraph()
    graph.add_weighted_edges_from([("a", "b", 1), ("b", "c", -3), ("c", "b", 1.5), ("b", "d", 1)])
    with pytest.raises(ValueError, match=r"negative cycle '(b' -> 'c' -> 'b|c' -> 'b' -> 'c)' has weight -1.5"):
        shortest_path(graph, "a", "d")
    assert solve(shortest_path(graph, "a", "d", forbidden_arcs=[("c", "b")])).value == 2
    with pytest.raises(ValueError, match="negative cycle 'b' -> 'b'"):
        shortest_path(nx.DiGraph([("a", "b", {"weight": 1}), ("b", "b", {"weight": -1})]), "a", "b")


def test_unknown_nodes_come_with_the_nearest_names() -> None:
    graph = nx.path_graph(["Berlin", "Bremen", "Hamburg"])
    with pytest.raises(ValueError, match="no node 'Berlim'; the nearest names are 'Berlin'"):
        shortest_path(graph, "Berlim", "Hamburg")
    with pytest.raises(ValueError, match="no path from 'Berlin' to 'x': 'Berlin' reaches only 3 of 4 nodes"):
        shortest_path(nx.compose(graph, nx.Graph([("x", "x")])), "Berlin", "x")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"paths": 0}, "paths is 0"),
        ({"paths": 2, "limits": {"time": 1}}, "for one path only"),
        ({"forbidden_nodes": [(1, 1)], "required_nodes": [(1, 1)]}, "both forbidden and required"),
        ({"forbidden_arcs": [((0, 0), (0, 1))], "required_arcs": [((0, 0), (0, 1))]}, "both forbidden and required"),
        ({"limits": {"time": float("nan")}}, "finite number"),
        ({"limits": {"fuel": 3}}, "fuel = None"),
        ({"forbidden_nodes": [(0, 0)]}, "an end of the path"),
        ({"forbidden_arcs": [((0, 0), (2, 2))]}, "there is no edge from"),
        ({"required_nodes": ["nowhere"]}, "there is no node 'nowhere'"),
        ({"required_arcs": [((0, 0), (1, 1))]}, "there is no edge from"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        shortest_path(grid(3), (0, 0), (2, 2), **options)


def test_large_and_small_weights_stay_exact() -> None:
    for weights in (
        [0.1, 0.2, 0.3],
        [1e-9, 2e-9, 3e-9],
        [1e15, 1.0, 1e15],
        [2**0.5, 3**0.5, 2**0.5 + 3**0.5],
        [1e200, 1, 1],
    ):
        graph = nx.DiGraph()
        graph.add_weighted_edges_from([(0, 1, weights[0]), (1, 2, weights[1]), (0, 2, weights[2])])
        for solver in ("glop", "highs"):
            assert_proven(solve(shortest_path(graph, 0, 2), solver), graph, 0, 2)


# Infeasible and unbounded, told apart.


ROUND = nx.DiGraph([(0, 1), (1, 2), (2, 1), (2, 3)])


def asking_for_two() -> Problem:
    """Two units leave the source, one arrives."""
    problem = shortest_path(ROUND, 0, 3)
    x, A = problem.variables["x"], walks(ROUND, 0, 3).incidence()
    return replace(problem, subject_to={**problem.subject_to, "source": A[:1] @ x == 2}, repair=None, references=())


def unbounded() -> Problem:
    """The model without the refusal of negative cycles: its costs replaced afterwards."""
    problem = shortest_path(ROUND, 0, 3)
    return replace(problem, objective=cp.Minimize(-cp.sum(problem.variables["x"])), references=(), dual=None)  # type: ignore[attr-defined]


@pytest.mark.parametrize("solver", EXACT)
def test_every_solver_tells_infeasible_from_unbounded(solver: str) -> None:
    infeasible = solve(asking_for_two(), solver, time_limit=60)
    assert infeasible.status == "infeasible", infeasible.message
    assert infeasible.proven
    assert solve(unbounded(), solver, time_limit=60).status == "unbounded"


# Lies.


@dataclass(frozen=True)
class Liar:
    """A solver that says it is done, with whatever it is given."""

    x: Any
    y: Any
    name: str = "liar"

    def run(self, search: Search) -> str:
        search.best = self.x
        search.value = search.model.value(self.x)
        search.proof = Leaf(Dual(np.asarray(self.y, dtype=float)))
        return "optimal"


def diamond() -> Network:
    """s -> a -> t of weight 2, s -> b -> t of weight 4."""
    ends = {"tail": np.array([0, 1, 0, 2]), "head": np.array([1, 3, 2, 3])}
    return Network(["s", "a", "b", "t"], **ends, weight=np.array([1.0, 1.0, 2.0, 2.0]), directed=True)


@pytest.mark.parametrize(
    ("x", "y", "claim"),
    [
        ([0, 0, 1, 1], [4, 3, 2, 0], "a longer path, with potentials too steep for the short one"),
        ([0, 0, 1, 1], [2, 1, 1, 0], "a longer path, with true potentials"),
        ([1, 1, 1, 1], [2, 1, 1, 0], "two paths"),
        ([1, 0, 0, 1], [2, 1, 1, 0], "no path"),
        ([0.5, 0.5, 0.5, 0.5], [2, 1, 1, 0], "half of each"),
        ([-1, -1, 2, 2], [2, 1, 1, 0], "a path walked backwards"),
    ],
)
def test_wrong_answers_are_never_called_optimal(x: list[float], y: list[float], claim: str) -> None:
    problem = shortest_path(diamond(), "s", "t")
    solution = solve(problem, Liar(np.array(x, dtype=float), y))
    assert not solution.proven, claim


def test_steep_potentials_are_mended_into_true_ones() -> None:
    problem = replace(shortest_path(diamond(), "s", "t"), dual=None)
    edges = walks(diamond(), "s", "t").g.edges()
    x = np.array([e in (("s", "a"), ("a", "t")) for e in edges], dtype=float)
    solution = solve(problem, Liar(x, [1000, -77, 3, 5]))  # rows: source, target, then the others
    assert solution.bound is not None
    assert solution.bound <= 2
    assert solve(problem, Liar(x, [2, 0, 1, 1])).proven


def test_a_wrong_dual_or_mend_is_caught() -> None:
    problem = shortest_path(diamond(), "s", "t")
    edges = walks(diamond(), "s", "t").g.edges()
    longer = Liar(np.array([e in (("s", "b"), ("b", "t")) for e in edges], dtype=float), np.zeros(4))
    high = Multipliers({"source": np.array([4.0])})
    for lie in (
        replace(problem, dual=lambda _: high),
        replace(problem, dual_repair=lambda reduced, unbounded: {"source": np.array([10**9])}),
        replace(problem, dual=lambda _: high, dual_repair=lambda reduced, unbounded: {"target": np.array([-(10**9)])}),
    ):
        assert not solve(lie, longer).proven


# Solvers' own matters.


def test_a_tree_basis_leaves_nothing_to_pivot() -> None:
    for seed in range(5):
        problem = shortest_path(grid(9, seed), (0, 0), (8, 8))
        assert solve(problem, warm_start=True).stats["iterations"] == 0
        assert solve(problem).stats["iterations"] > 0
    shifted = nx.DiGraph()
    shifted.add_weighted_edges_from((u, v, d["weight"] + 7 * (u[0] - v[0])) for u, v, d in grid(6).edges(data=True))
    assert solve(shortest_path(shifted, (0, 0), (5, 5)), "highs", warm_start=True).stats["iterations"] == 0


def test_who_cannot_says_who_can() -> None:
    graph = grid(4)
    limited = shortest_path(graph, (0, 0), (3, 3), limits={"time": 200})
    plain = shortest_path(graph, (0, 0), (3, 3))
    for problem, solver, options, said in (
        (limited, "pdlp", {}, "pdlp takes no constraints that are found lazily; glop, highs, scip, cp-sat do"),
        (limited, FirstOrder(), {}, "descent-ascent takes no constraints"),
        (plain.also(odd=2 * plain.variables["x"] <= 3), "pdlp", {}, "finds no integers in this problem; glop"),
        (plain, "glop", {"warm_start": True}, "glop cannot start"),
        (plain, "scip", {"warm_start": True}, "scip cannot start"),
        (limited, BranchAndCut("highs"), {"device": "cuda"}, "device 'cuda' is not for highs, which runs on the cpu"),
        (plain, "simplex", {}, f"choose among {', '.join(applicable(plain))}"),
    ):
        with pytest.raises(ValueError, match=said):
            solve(problem, solver, **options)


def test_without_a_gpu_cuda_is_refused_in_a_sentence() -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match="torch finds no such GPU"):
        solve(shortest_path(grid(3), (0, 0), (2, 2)), "descent-ascent", device="cuda")


def test_descent_ascent_is_the_same_every_time() -> None:
    first, second = (solve(shortest_path(grid(8), (0, 0), (7, 7)), "descent-ascent", seed=3) for _ in range(2))
    assert first.stats["iterations"] == second.stats["iterations"]
    assert first.answer == second.answer


def test_descent_ascent_gives_what_it_has_when_its_steps_are_spent() -> None:
    problem = replace(shortest_path(grid(20), (0, 0), (19, 19)), dual=None)
    solution = solve(problem, FirstOrder(iterations=64))
    assert solution.status == "feasible"
    assert solution.bound is not None
    assert solution.value is not None
    assert solution.bound <= shortest(grid(20), (0, 0), (19, 19)) <= solution.value  # type: ignore[arg-type, operator]
