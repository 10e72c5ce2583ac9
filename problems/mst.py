"""The minimum spanning tree of a graph file: python -m problems.mst --graph file.gml."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from problems.recipe import Recipe, Task, graph_arguments, graph_of, main
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.graphs import Network
    from formulations.problem import Problem
    from solvers.solution import Solution

SHOWN = 20  # tree edges in the text; --json has them all


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    graph_arguments(parser)
    parser.add_argument("--forest", action="store_true", help="one tree for each component of a disconnected graph")
    parser.add_argument("--max-degree", type=int, metavar="K", help="at most K tree edges at any node (NP-hard)")


def read(options: argparse.Namespace) -> Task:
    """The task in a graph file."""
    file, name = graph_of(options)
    g = file.network
    return Task(
        source=name,
        problem=lambda: _problem(g, options),
        describe=describe,
        draw=lambda solution: draw(g, solution),
        notes=[*file.notes, *_simplifications(g)],
        facts={"nodes": g.n, "edges": g.m},
    )


def _problem(g: Network, options: argparse.Namespace) -> Problem:
    from formulations.mst import minimum_spanning_forest, minimum_spanning_tree

    if options.forest and options.max_degree is not None:
        raise ValueError("--max-degree is for a spanning tree; leave out --forest")
    if options.forest:
        return minimum_spanning_forest(g)
    return minimum_spanning_tree(g, max_degree=options.max_degree)


def _simplifications(g: Network) -> Iterable[str]:
    """What of the file a spanning tree has no use for."""
    loops = int((g.tail == g.head).sum())
    parallel = g.m - loops - g.simple().m
    if g.directed:
        yield "the edges are directed; a spanning tree takes them as undirected"
    if loops:
        yield f"{loops} self-loop{'s are' if loops > 1 else ' is'} ignored"
    if parallel:
        yield f"{parallel} parallel edge{'s are' if parallel > 1 else ' is'} ignored, the lightest being kept"


def describe(solution: Solution) -> Iterable[str]:
    """The first edges of the tree, one a line."""
    tree = solution.answer
    yield f"tree, {len(tree):,} edges:"
    for u, v, weight in tree[:SHOWN]:
        yield f"  {safe(u)} -- {safe(v)}  {weight:.12g}"
    if len(tree) > SHOWN:
        yield f"  ... and {len(tree) - SHOWN:,} more (--json has them all)"


def draw(g: Network, solution: Solution) -> Figure:
    """The graph with its tree, beside the bound and the cuts per round."""
    import numpy as np

    from problems.pictures.drawing import figure_of

    assert solution.values is not None
    simple = g.simple()
    title = f"Minimum spanning tree: weight {solution.value:.8g}, {solution.status}"
    return figure_of(simple, np.flatnonzero(solution.values["x"] > 0.5), solution.stats["history"], title)


RECIPE = Recipe(
    "mst",
    "Minimum spanning tree, by lazy cuts, with a proof of the answer.",
    arguments,
    read,
    solvers=("glop", "highs", "scip", "cp-sat"),
    examples=("--graph network.gml --plot tree.png", "--graph network.gml --max-degree 3 --time-limit 60"),
)

if __name__ == "__main__":
    main(RECIPE)
