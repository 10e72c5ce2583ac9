"""Trees and paths of all shapes, in CPU seconds: python -m pytest tests/benchmarks/test_benchmark_shapes.py.

Nothing here asserts a time; what is asserted is that the answers measured are proven. Overshoots are wall seconds: on a
busy machine they count other people's work as well.
"""

from __future__ import annotations

import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from places import SHARED
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from formulations.graphs import Network
from formulations.mst import minimum_spanning_forest
from formulations.shortest_path import shortest_path
from solvers import Solution, solve

DATA = SHARED / "data"
Report = Callable[[str, str, str], None]


def digraph(n: int, tail: Any, head: Any, weight: Any) -> Network:
    return Network(range(n), np.asarray(tail), np.asarray(head), np.asarray(weight, dtype=float), directed=True)


def chain(n: int, *, shuffled: bool = False, sign: int = 1, negative: int = 0) -> Network:
    """A directed chain of weights 1..1000 times the sign, the first `negative` arcs in the middle being -5."""
    random = np.random.default_rng(0)
    place = np.r_[0, 1 + random.permutation(n - 2), n - 1] if shuffled else np.arange(n)
    weight = sign * random.integers(1, 1001, n - 1)
    weight[n // 2 : n // 2 + negative] = -5
    return digraph(n, place[:-1], place[1:], weight)


def grid(k: int) -> Network:
    """k x k nodes, arcs to all four neighbours, weights 1..1000."""
    i = np.arange(k * k).reshape(k, k)
    here, there = np.r_[i[:, :-1].ravel(), i[:-1].ravel()], np.r_[i[:, 1:].ravel(), i[1:].ravel()]
    weight = np.random.default_rng(0).integers(1, 1001, 2 * len(here))
    return digraph(k * k, np.r_[here, there], np.r_[there, here], weight)


def random_digraph(n: int, m: int, negative: int = 0) -> Network:
    """m arcs between random nodes, weights 1..1000, the first `negative` of them -1."""
    random = np.random.default_rng(0)
    tail = random.integers(0, n, m)
    weight = random.integers(1, 1001, m)
    weight[:negative] = -1
    return digraph(n, tail, (tail + 1 + random.integers(0, n - 1, m)) % n, weight)


def star(n: int) -> Network:
    """Node n - 1 in the middle."""
    outer, middle = np.arange(n - 1), np.full(n - 1, n - 1)
    weight = np.random.default_rng(0).integers(1, 1001, 2 * (n - 1))
    return digraph(n, np.r_[outer, middle], np.r_[middle, outer], weight)


def complete(n: int) -> Network:
    tail, head = np.nonzero(~np.eye(n, dtype=bool))
    return digraph(n, tail, head, np.random.default_rng(0).integers(1, 1001, len(tail)))


SHAPES = {
    "chain 1e5 nodes": lambda: chain(100_000),
    "chain 1e5 nodes, shuffled": lambda: chain(100_000, shuffled=True),
    "chain 1e5 nodes, all negative, shuffled": lambda: chain(100_000, shuffled=True, sign=-1),
    "chain 1e5 nodes, one negative": lambda: chain(100_000, negative=1),
    "one negative arc among 30,000": lambda: random_digraph(10_000, 30_000, negative=1),
    "one negative arc among 1e6": lambda: random_digraph(200_000, 1_000_000, negative=1),
    "grid 512 x 512, 1.05e6 arcs": lambda: grid(512),
    "random 1e6 arcs": lambda: random_digraph(200_000, 1_000_000),
    "star 1e5 nodes": lambda: star(100_000),
    "complete 1,000 nodes": lambda: complete(1000),
}


def seconds(call: Callable[[], Any], repeat: int = 3) -> tuple[float, Any]:
    """Median CPU seconds of the call, and what it gave last."""
    used = []
    for _ in range(repeat):
        start = time.process_time()
        result = call()
        used.append(time.process_time() - start)
    return statistics.median(used), result


def parts(solution: Solution) -> str:
    """Where the (wall) time of solve() went."""
    stats = solution.stats
    return ", ".join(f"{k.removesuffix('_seconds')} {v:.2f}" for k, v in stats.items() if k.endswith("_seconds"))


def in_scipy(g: Network) -> None:
    dijkstra(csr_array((np.abs(g.weight), (g.tail, g.head)), shape=(g.n, g.n)), indices=0, return_predecessors=True)


@pytest.mark.parametrize("name", SHAPES)
def test_path(name: str, report: Report) -> None:
    g = SHAPES[name]()
    took, solution = seconds(lambda: solve(shortest_path(g, 0, g.n - 1)))
    assert solution.proven
    alone, _ = seconds(lambda: in_scipy(g))
    asked = "10 / 4 s" if name.startswith("grid") else "none"
    measured = (
        f"{took:.2f} s by {solution.solver}, cross-check included ({parts(solution)}); scipy's Dijkstra {alone:.2f}"
    )
    report(f"path, {name}", asked, measured)


@pytest.mark.parametrize("name", SHAPES)
def test_tree(name: str, report: Report) -> None:
    g = SHAPES[name]()
    took, solution = seconds(lambda: solve(minimum_spanning_forest(g)), 1)
    assert solution.proven
    asked = "12 / 6 s" if name.startswith("grid") else "none"
    report(f"tree, {name}", asked, f"{took:.2f} s by {solution.solver}, cross-check included ({parts(solution)})")


def test_a_graph_of_networkx(report: Report) -> None:
    g = random_digraph(200_000, 1_000_000)
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(zip(g.tail.tolist(), g.head.tolist(), g.weight.tolist(), strict=True))
    reading, problem = seconds(lambda: shortest_path(graph, 0, g.n - 1))
    took, solution = seconds(lambda: solve(problem))
    assert solution.proven
    measured = f"{reading + took:.2f} s, of it formulating {reading:.2f}"
    report("path in a networkx graph of 1e6 arcs, proven and cross-checked", "7 / 4 s", measured)


@pytest.mark.skipif(not DATA.is_dir(), reason="the road network is not part of the project")
def test_rome(report: Report) -> None:
    from problems.io import read_graph

    g = read_graph(DATA / "rome99.gr").network
    random, used = np.random.default_rng(0), []
    for s, t in random.integers(0, g.n, (101, 2)).tolist():
        took, solution = seconds(lambda s=s, t=t: solve(shortest_path(g, g.nodes[s], g.nodes[t])), 1)
        assert solution.proven
        used.append(took)
    measured = f"{max(used[1:]):.3f} s, median {statistics.median(used[1:]):.3f} s"  # the first one imports
    report("rome99, slowest of 100 pairs", "0.2 / 0.1 s", measured)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chain and the grid, as a user has them."""
    folder = tmp_path_factory.mktemp("shapes")
    for name, g in (("chain", chain(100_000)), ("grid", grid(512))):
        arcs = zip(g.tail.tolist(), g.head.tolist(), g.weight.astype(int).tolist(), strict=True)
        lines = [f"a {u + 1} {v + 1} {w}\n" for u, v, w in arcs]
        (folder / f"{name}.gr").write_text(f"p sp {g.n} {g.m}\n{''.join(lines)}")
    return folder


ENDS = {"chain": 100_000, "grid": 512 * 512}
RECIPES = ("shortest_path", "mst")


def command(recipe: str, name: str, files: Path, *more: str) -> list[str]:
    ends = ["--source", "1", "--target", str(ENDS[name])] if recipe == "shortest_path" else []
    return [sys.executable, "-m", f"problems.{recipe}", "--graph", str(files / f"{name}.gr"), *ends, *more]


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", ENDS)
def test_whole_process(recipe: str, name: str, files: Path, report: Report) -> None:
    used = []
    for _ in range(3):
        before = _children()
        done = subprocess.run([*command(recipe, name, files), "--require-proof"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        used.append(_children() - before)
    asked = "8 / 4 s" if name == "chain" else "none"
    report(f"python -m problems.{recipe}, {name}", asked, f"{statistics.median(used):.2f} s CPU, whole process")


def _children() -> float:
    used: Any = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(used.ru_utime + used.ru_stime)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("by", ["limit", "Ctrl-C"])
def test_overshoot(recipe: str, name: str, by: str, files: Path, report: Report) -> None:
    over = {}
    for at in (1.0, 2.0, 3.0, 4.0, 6.0, 8.0):
        limit = ["--time-limit", str(at)] if by == "limit" else []
        start = time.perf_counter()
        child = subprocess.Popen([*command(recipe, name, files, *limit)], stdout=subprocess.DEVNULL, stderr=-1)
        if by == "Ctrl-C":
            try:
                child.wait(at)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGINT)
        _, complaints = child.communicate(timeout=120)
        assert b"Traceback" not in complaints
        over[at] = time.perf_counter() - start - at
    worst = max(over, key=lambda at: over[at])
    report(f"{recipe}, {name}: overshoot by {by}", "2 / 1 s", f"{over[worst]:+.2f} s at the most, at {worst:g} s")
