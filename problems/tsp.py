"""The shortest tour through all nodes of a graph file: python -m problems.tsp --graph file.tsp."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.running.graph_options import (
    asked,
    edge_names,
    graph_arguments,
    graph_of,
    model_arguments,
    points_argument,
)
from problems.running.graph_text import in_order, left_out
from problems.running.matrix_options import items_argument
from problems.terminal.arguments import Given

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.graphs import Network
    from formulations.problem import Problem, Values
    from solvers.solution import Solution

SHOWN = 40  # nodes in the text; --json has them all


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    graph_arguments(parser)
    points_argument(parser)
    parser.add_argument(
        "--matrix",
        type=Given,
        metavar="FILE",
        help="distances instead, from row to column, perhaps with names: text, or .npy",
    )
    items_argument(parser)
    model_arguments(parser)


def read(options: argparse.Namespace) -> Task:
    """The task in a graph file, a table of points or a matrix."""
    file, name = graph_of(options)
    g = file.network

    @cache
    def problem() -> Problem:
        from formulations.travelling_salesman import hamiltonian_cycle

        return hamiltonian_cycle(g)

    def start(path: str) -> Values:
        from problems.studies.starts import tour_start

        return tour_start(path, g, g.lightest())

    def evidence(solution: Solution) -> dict[str, Any]:
        from problems.proofs.evidence import of_tour

        return of_tour(problem(), g.lightest(), solution)

    return Task(
        source=name,
        problem=problem,
        asked=asked(options),
        evidence=evidence,
        start=start,
        columns=lambda: {"x": edge_names(g.lightest())},
        describe=describe,
        draw=lambda solution: draw(g, solution),
        notes=[*file.notes, *left_out(g, g.lightest(), kept="lightest")],
        facts={"nodes": g.n, "edges": g.m},
    )


def describe(solution: Solution) -> Iterable[str]:
    """The tour in a line, from the first node back to it."""
    closed = [*solution.answer, solution.answer[0]]
    yield f"tour through {len(solution.answer):,} nodes: {in_order(closed, SHOWN)}"


def draw(g: Network, solution: Solution) -> Figure:
    """The graph with its tour, or if it is complete the tour alone, beside the bound and the cuts per round."""
    import numpy as np

    from problems.pictures.drawing import figure_of

    assert solution.values is not None
    simple = g.lightest()
    used = np.flatnonzero(solution.values["x"] > 0.5)
    if simple.m == simple.n * (simple.n - 1) // (1 if simple.directed else 2):
        simple, used = simple.subgraph(used), np.arange(len(used))
    title = f"Shortest tour: length {solution.value:.8g}, {solution.status}"
    return figure_of(simple, used, solution.stats["history"], title)


RECIPE = Recipe(
    "tsp",
    "Shortest tour through all nodes, by cuts and combs, with a proof of the answer.",
    arguments,
    read,
    solvers=("glop", "highs", "scip", "cp-sat"),
    examples=("--points cities.csv --plot tour.png", "--matrix distances.csv --time-limit 60"),
    columns={"answer": ("node",)},
)

if __name__ == "__main__":
    main(RECIPE)
