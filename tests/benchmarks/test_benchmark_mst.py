"""The spanning tree measured, in CPU seconds: python -m pytest tests/benchmarks.

Nothing here asserts a time; what is asserted is that the answers measured are proven.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from places import SHARED
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.csgraph import minimum_spanning_tree as scipy_tree
from scipy.spatial import Delaunay, cKDTree

from formulations.graphs import Network
from formulations.mst import minimum_spanning_tree
from formulations.steiner import steiner_tree
from solvers import Solution, best, solve

DATA = SHARED / "data"
Report = Callable[[str, str, str], None]
NAIVE_LIMIT = 150.0  # CPU seconds after which the naive loop is given up


def geometric(n: int, m: int, seed: int = 0) -> Network:
    """n random points in the unit square, their minimum spanning tree and the shortest other edges, m in all."""
    points = np.random.default_rng(seed).random((n, 2))
    corners = Delaunay(points).simplices
    sides = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])), axis=0)
    length = np.linalg.norm(points[sides[:, 0]] - points[sides[:, 1]], axis=1)
    tree = np.column_stack(scipy_tree(csr_array((length, (sides[:, 0], sides[:, 1])), shape=(n, n))).tocoo().coords)
    near = np.sort(cKDTree(points).query_pairs(np.sqrt(2.4 * m / (np.pi * n * n)), output_type="ndarray"))
    near = near[np.argsort(np.linalg.norm(points[near[:, 0]] - points[near[:, 1]], axis=1))]
    pairs = np.vstack([np.sort(tree), near])
    pairs = pairs[np.sort(np.unique(pairs, axis=0, return_index=True)[1])[:m]].astype(np.int64)
    weight = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    return Network(range(n), pairs[:, 0], pairs[:, 1], weight, positions=points)


def complete(n: int, seed: int = 0) -> Network:
    """The complete graph on n random points in the unit square, Euclidean."""
    points = np.random.default_rng(seed).random((n, 2))
    i, j = np.triu_indices(n, 1)
    return Network(range(n), i.astype(np.int64), j.astype(np.int64), np.linalg.norm(points[i] - points[j], axis=1))


def proven(graph: Network, solver: str, repeat: int) -> tuple[float, float, Solution]:
    """Median CPU seconds to formulate, solve and certify; the same with networkx's cross-check; the last solution."""
    alone, checked = [], []
    for seconds, references in [(alone, False), (checked, True)] * repeat:
        start = time.process_time()
        problem = minimum_spanning_tree(graph)
        solution = solve(problem if references else replace(problem, references=()), solver)
        seconds.append(time.process_time() - start)
        assert solution.proven
    return statistics.median(alone), statistics.median(checked), solution


def parts(solution: Solution) -> str:
    """Where the (wall) time went."""
    stats = solution.stats
    seconds = ", ".join(f"{k.removesuffix('_seconds')} {v:.2f}" for k, v in stats.items() if k.endswith("_seconds"))
    return f"{stats['rounds']} rounds, {stats['cuts']:,} cuts; wall: {seconds}"


@pytest.mark.parametrize(("solver", "asked"), [("glop", "10 / 3 s"), ("highs", "3 / 1 s")])
def test_random_geometric_graph(solver: str, asked: str, report: Report) -> None:
    graph = geometric(20_000, 80_000)
    solve(minimum_spanning_tree(geometric(50, 120)), solver)  # imports
    seconds, checked, solution = proven(graph, solver, 3)
    stats = solution.stats
    solving = stats["build_seconds"] + stats["solve_seconds"] + stats["certify_seconds"]
    measured = f"{seconds:.2f} s, {checked:.2f} s with networkx's check ({parts(solution)})"
    report(f"geometric n=20,000 m=80,000, {solver}", asked, measured)
    if solver == "glop":
        report(
            "build share of the same", "10 / 3 %", f"{stats['build_seconds'] / solving:.1%} of build, solve, certify"
        )


def test_complete_graph(report: Report) -> None:
    seconds, checked, solution = proven(complete(300), "glop", 5)
    measured = f"{seconds:.3f} s, {checked:.3f} s with networkx's check ({parts(solution)})"
    report("complete graph n=300, glop", "0.5 / 0.1 s", measured)


def test_against_the_naive_loop(report: Report) -> None:
    graph = complete(30)
    ours, _, _ = proven(graph, "glop", 15)
    naive, rounds, done = naive_loop(graph)
    sign = "" if done else ">= "
    measured = f"{sign}{naive / ours:,.0f}x ({sign}{naive:.1f} s after {rounds} rounds, against {ours * 1e3:.1f} ms)"
    report("naive loop / ours, complete n=30", "1,000 / 4,000x", measured)


def naive_loop(graph: Network) -> tuple[float, int, bool]:
    """What is often copied: SCIP from scratch each round, one two-part cut per component of its answer."""
    from ortools.linear_solver import pywraplp

    start, cuts, rounds = time.process_time(), [], 0
    while time.process_time() - start < NAIVE_LIMIT:
        scip = pywraplp.Solver.CreateSolver("SCIP")
        scip.SetTimeLimit(int(1e3 * (NAIVE_LIMIT - (time.process_time() - start))) + 1)
        x = [scip.BoolVar("") for _ in range(graph.m)]
        scip.Minimize(sum(w * v for w, v in zip(graph.weight.tolist(), x, strict=True)))
        scip.Add(sum(x) == graph.n - 1)
        for edges in cuts:
            scip.Add(sum(x[e] for e in edges) >= 1)
        if scip.Solve() != pywraplp.Solver.OPTIMAL:
            break
        rounds += 1
        chosen = np.array([v.solution_value() > 0.5 for v in x])
        links = (np.ones(int(chosen.sum())), (graph.tail[chosen], graph.head[chosen]))
        count, part = connected_components(csr_array(links, shape=(graph.n, graph.n)), directed=False)
        if count == 1:
            return time.process_time() - start, rounds, True
        cuts += [np.flatnonzero((part[graph.tail] == k) != (part[graph.head] == k)).tolist() for k in range(count)]
    return time.process_time() - start, rounds, False


@pytest.mark.skipif(not DATA.is_dir(), reason="the road network is not part of the project")
@pytest.mark.parametrize(("solver", "asked"), [(None, "none"), ("glop", "60 / 30 s")])
def test_new_york(solver: str | None, asked: str, report: Report) -> None:
    from problems.io import read_graph

    start = time.process_time()
    roads = read_graph(DATA / "NY.gr.xz").network
    reading = time.process_time() - start
    weight = np.random.default_rng(0).integers(1, 10_001, roads.m).astype(float)
    graph = Network(roads.nodes, roads.tail, roads.head, weight)
    start = time.process_time()
    solution = solve(minimum_spanning_tree(graph), solver)
    seconds = time.process_time() - start
    assert solution.proven
    measured = f"proven in {seconds:.1f} s, networkx's check included ({parts(solution)}), reading {reading:.1f} s"
    report(f"New York n=264,346 m={graph.m:,}, {solution.solver}", asked, measured)


@pytest.mark.parametrize("weighted", [True, False])
def test_the_ten_best_trees_of_karate(weighted: bool, report: Report) -> None:
    graph = nx.karate_club_graph()
    seconds = []
    for _ in range(7):
        start = time.process_time()
        found = list(best(minimum_spanning_tree(graph, "weight" if weighted else "none"), 10))
        seconds.append(time.process_time() - start)
        assert len(found) == 10
        assert all(solution.proven for solution in found)
    kind = "its weights" if weighted else "all weights 1"
    measured = f"{statistics.median(seconds):.2f} s, networkx's ranking included"
    report(f"10 best spanning trees of karate, {kind}, proven", "3 / 1 s", measured)


@pytest.mark.parametrize(("n", "m", "terminals"), [(100, 300, 20), (1000, 3000, 100)])
def test_steiner_trees(n: int, m: int, terminals: int, report: Report) -> None:
    seconds, boxes = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        graph = nx.gnm_random_graph(n, m, seed=seed)
        nx.add_path(graph, range(n))
        nx.set_edge_attributes(graph, {edge: int(rng.integers(1, 1000)) for edge in graph.edges}, "weight")
        start = time.process_time()
        solution = solve(steiner_tree(graph, rng.permutation(n)[:terminals].tolist()))
        seconds.append(time.process_time() - start)
        boxes.append(solution.stats["boxes"])
        assert solution.proven
    measured = f"{statistics.median(seconds):.2f} s, slowest of 5 {max(seconds):.2f} s, at most {max(boxes)} boxes"
    report(f"Steiner tree, n={n:,} m={m:,}, {terminals} terminals", "seconds", measured)


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["--help"], "0.3 / 0.15 s"),
        (["--graph", "karate.gml"], "2.5 / 1.0 s"),
        (["--best", "10", "--graph", "karate.gml"], "3 / 1 s"),
    ],
)
def test_whole_process(arguments: list[str], asked: str, report: Report) -> None:
    if "karate.gml" in arguments:
        if not DATA.is_dir():
            pytest.skip("karate.gml is not part of the project")
        arguments = [*arguments[:-1], str(DATA / "karate.gml")]
    seconds = []
    for _ in range(5):
        before = _children()
        subprocess.run([sys.executable, "-m", "problems.mst", *arguments], check=True, capture_output=True)
        seconds.append(_children() - before)
    report(
        f"python -m problems.mst {' '.join(arguments[:-1]) or arguments[0]}",
        asked,
        f"{statistics.median(seconds):.2f} s CPU, whole process",
    )


def _children() -> float:
    used: Any = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(used.ru_utime + used.ru_stime)
