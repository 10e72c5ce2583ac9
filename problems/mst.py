"""The minimum spanning tree of a graph file: python -m problems.mst --graph file.gml."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from problems.recipe import Ranking, Recipe, Task, main
from problems.running.graph_options import (
    asked,
    edge_names,
    graph_arguments,
    graph_of,
    model_arguments,
    points_argument,
)
from problems.running.graph_text import left_out
from problems.studies.asked_tree import AskedTree
from problems.terminal.arguments import positive_whole
from problems.terminal.errors import most_of, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.graphs import Network
    from solvers.solution import Solution

CHANGES_SHOWN = 3  # edges in which a tree differs from the best, in the text
SHOWN = 20  # tree edges in the text; --json has them all


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    graph_arguments(parser)
    points_argument(parser)
    parser.add_argument("--forest", action="store_true", help="one tree for each component of a disconnected graph")
    parser.add_argument("--max-degree", type=int, metavar="K", help="at most K tree edges at any node (NP-hard)")
    parser.add_argument("--maximize", action="store_true", help="the tree of greatest weight")
    parser.add_argument("--best", type=positive_whole, metavar="K", help="the K best trees, each proven to be the next")
    model_arguments(parser)


def read(options: argparse.Namespace) -> Task:
    """The task in a graph file or a table of points."""
    file, name = graph_of(options)
    g, question = file.network, {name: getattr(options, name) for name in ("forest", "max_degree", "maximize")}
    tree = AskedTree(g, **question)
    return Task(
        source=name,
        problem=lambda: tree.problem,
        asked=asked(options, **question),
        evidence=tree.evidence,
        start=tree.start,
        columns=lambda: {"x": edge_names(tree.simple)},
        prices=tree.prices,
        conflict=tree.conflict,
        describe=lambda solution: [*describe(solution), *tree.priced(solution)],
        draw=lambda solution: draw(g, options, solution),
        notes=[*file.notes, *simplifications(g, kept="heaviest" if options.maximize else "lightest")],
        facts={"nodes": g.n, "edges": g.m},
        title=_title(options),
        ranking=None if options.best is None else Ranking(options.best, changes),
    )


def _title(options: argparse.Namespace) -> str:
    return f"{'Maximum' if options.maximize else 'Minimum'} spanning {'forest' if options.forest else 'tree'}"


def simplifications(g: Network, kept: str) -> Iterable[str]:
    """What of the file a spanning tree has no use for; kept says which of parallel edges it has."""
    if g.directed:
        yield "the edges are directed; a spanning tree takes them as undirected"
    yield from left_out(g, g.simple(), kept)


def describe(solution: Solution) -> Iterable[str]:
    """The first edges of the tree, one a line."""
    tree = solution.answer
    yield f"tree, {len(tree):,} edges:"
    shown, more = most_of(tree, SHOWN)
    for u, v, weight in shown:
        yield f"  {safe(u)} -- {safe(v)}  {weight:.12g}"
    if more:
        yield f"  ... and {more:,} more (--json has them all)"


def changes(first: Solution, other: Solution) -> str:
    """By which edges another tree differs from the first."""

    def only(tree: Solution, rest: Solution) -> list[str]:
        known = {frozenset(edge[:2]) for edge in rest.answer}
        return [f"{safe(u, 30)} -- {safe(v, 30)}" for u, v, _ in tree.answer if frozenset((u, v)) not in known]

    gone, new = only(first, other), only(other, first)
    if len(gone) > CHANGES_SHOWN:
        return f"with {len(new):,} other edges"
    return f"without {', '.join(gone)}, with {', '.join(new)}" if new else ""


def draw(g: Network, options: argparse.Namespace, solution: Solution) -> Figure:
    """The graph with its tree, beside the bound and the cuts per round."""
    import numpy as np

    from problems.pictures.drawing import figure_of

    assert solution.values is not None
    simple, used = g.simple(heaviest=options.maximize), np.flatnonzero(solution.values["x"] > 0.5)
    if getattr(options, "points", None) is not None:  # each is joined to all others, which would cover the tree
        simple, used = simple.subgraph(used), np.arange(len(used))
    title = f"{_title(options)}: weight {solution.value:.8g}, {solution.status}"
    return figure_of(simple, used, solution.stats["history"], title)


RECIPE = Recipe(
    "mst",
    "Minimum spanning tree, by lazy cuts, with a proof of the answer.",
    arguments,
    read,
    solvers=("glop", "highs", "scip", "cp-sat", "combinatorial"),
    examples=("--graph network.gml --best 10", "--graph network.gml --max-degree 3 --time-limit 60"),
    columns={"answer": ("from", "to", "weight")},
)

if __name__ == "__main__":
    main(RECIPE)
