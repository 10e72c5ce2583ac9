"""Each solver on the same problems, in CPU seconds: the table of the page "Choosing a solver" is what this prints.

Nothing here asserts a time or a status; what is asserted is that no two solvers contradict each other.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formulations.games import matrix_game, matrix_game_lp
from formulations.graphs import Network
from formulations.mst import minimum_spanning_tree
from formulations.problem import Ints
from formulations.seriation import hamiltonian_path, linear_arrangement
from formulations.shortest_path import shortest_path
from formulations.transport import transport, transport_lp
from solvers import solve

LIMIT = 30.0  # seconds that a solver may take
Report = Callable[[str, str, str], None]


def network(n: int, seed: int, directed: bool = False) -> Network:
    """A path through all n nodes in random order and 3 n other edges at random, weights 1 to 1,000."""
    random = np.random.default_rng(seed)
    order: Ints = random.permutation(n)
    tail, head = np.r_[order[:-1], random.integers(0, n, 3 * n)], np.r_[order[1:], random.integers(0, n, 3 * n)]
    weight = random.integers(1, 1_001, len(tail)).astype(float)
    return Network(range(n), tail, head, weight, directed=directed)


def tree(n: int, seed: int) -> Any:
    return minimum_spanning_tree(network(n, seed))


def path(n: int, seed: int) -> Any:
    return shortest_path(network(n, seed, directed=True), 0, n - 1)


def degrees(n: int, seed: int) -> Any:
    return minimum_spanning_tree(network(n, seed), max_degree=3)


def tour(n: int, seed: int) -> Any:
    points = np.random.default_rng(seed).random((n, 2))
    return hamiltonian_path(np.linalg.norm(points[:, None] - points, axis=2))


def arrangement(n: int, seed: int) -> Any:
    weights = np.triu(np.random.default_rng(seed).integers(0, 10, (n, n)), 1).astype(float)
    return linear_arrangement(weights + weights.T)


def plan(make: Callable[..., Any]) -> Callable[[int, int], Any]:
    def of(n: int, seed: int) -> Any:
        here, there = np.random.default_rng(seed).random((2, n, 2))
        cost = np.linalg.norm(here[:, None] - there, axis=2)
        return make(np.full(n, 1 / n), np.full(n, 1 / n), cost)

    return of


def game(make: Callable[..., Any]) -> Callable[[int, int], Any]:
    return lambda n, seed: make(np.random.default_rng(seed).normal(size=(n, n)))


CASES: list[tuple[str, Callable[[int, int], Any], tuple[int, ...], tuple[str, ...]]] = [
    ("spanning tree", tree, (100, 1_000, 10_000), ("combinatorial", "glop", "highs", "cp-sat", "scip")),
    ("spanning tree of degree at most 3", degrees, (20, 50, 100), ("glop", "highs", "cp-sat", "scip")),
    (
        "shortest path",
        path,
        (100, 1_000, 10_000),
        ("combinatorial", "highs", "glop", "cp-sat", "scip", "pdlp", "descent-ascent"),
    ),
    ("path through all items", tour, (15, 30, 60), ("glop", "highs", "cp-sat", "scip")),
    ("linear arrangement", arrangement, (8, 14, 30), ("enumeration", "subsets", "local-search", "insertion", "faq")),
    ("transport", plan(transport), (30, 100, 300), ("min-cost-flow",)),
    ("transport as a linear program", plan(transport_lp), (30, 100, 300), ("highs", "glop", "pdlp")),
    ("matrix game", game(matrix_game), (10, 100, 300), ("interior-point", "descent-ascent")),
    ("matrix game as a linear program", game(matrix_game_lp), (10, 100, 300), ("highs", "glop", "pdlp")),
]


def measured(make: Callable[[int, int], Any], n: int, solver: str) -> tuple[str, list[Any]]:
    """Median CPU seconds of three instances, and what was proven of them; the solutions."""
    seconds, found, wall = [], [], 0.0
    for seed in range(3):
        problem = make(n, seed)
        problem = replace(problem, references=()) if hasattr(problem, "references") else problem
        started, begun = time.process_time(), time.perf_counter()
        try:
            found.append(solve(problem, solver, time_limit=LIMIT))
        except ValueError:  # it does not take problems of this size
            return "-", []
        seconds.append(time.process_time() - started)
        wall = max(wall, time.perf_counter() - begun)
        if wall > LIMIT / 2:
            break  # the others take as long
    gap = max((1.0 if one.gap is None else one.gap) for one in found)
    proof = "" if all(one.proven for one in found) else f", gap {gap:.1%}" if gap < 1 else ", no bound"
    return f"{'limit' if wall > 0.9 * LIMIT else f'{statistics.median(seconds):.2g} s'}{proof}", found


@pytest.mark.parametrize(("name", "make", "sizes", "solvers"), CASES, ids=[case[0] for case in CASES])
def test_solvers(name: str, make: Any, sizes: tuple[int, ...], solvers: tuple[str, ...], report: Report) -> None:
    for solver in solvers:
        measured(make, sizes[0], solver)  # imports
        cells = [measured(make, n, solver) for n in sizes]
        for text, found in cells:
            assert all(one.agrees for one in found), (solver, text)
        report(f"{name}, {solver}", ", ".join(f"n = {n:,}" for n in sizes), "; ".join(text for text, _ in cells))
