"""The Steiner tree of a graph file: python -m problems.steiner --graph file.gml --terminals A B C."""

from __future__ import annotations

import argparse
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from problems.mst import changes, simplifications
from problems.mst import describe as edges
from problems.recipe import Ranking, Recipe, Task, main
from problems.running.graph_options import asked, graph_arguments, graph_of
from problems.shortest_path import named
from problems.terminal.arguments import positive_whole
from problems.terminal.errors import InputError, most_of, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.graphs import Network
    from formulations.problem import Problem
    from solvers.solution import Solution

EXAMPLE = ("Hamburg", "Dresden", "Munich")  # where the usual heuristic is 7 % off
SHOWN = 20  # nodes in the text; --json has them all


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    graph_arguments(parser)
    parser.add_argument("--terminals", metavar="NODE", nargs="+", help="nodes to be joined: A B C, or A,B,C")
    parser.add_argument("--best", type=positive_whole, metavar="K", help="the K best trees, each proven to be the next")


def read(options: argparse.Namespace) -> Task:
    """The task in a graph file."""
    file, name = graph_of(options)
    texts = _texts(file.network, options)
    file = file.naming(texts)
    g = file.network
    terminals = list(dict.fromkeys([named(g, text) for text in texts] or file.terminals))
    if not terminals:
        some = ", ".join(safe(node, 30) for node in g.nodes[:5])
        raise InputError(f"{name}: --terminals must name the nodes to be joined, such as {some}")

    def problem() -> Problem:
        from formulations.steiner import steiner_tree

        return steiner_tree(g, terminals)

    return Task(
        source=name,
        problem=problem,
        asked=asked(options, terminals=terminals),
        describe=lambda solution: describe(solution, terminals),
        draw=lambda solution: draw(g, terminals, solution),
        notes=[*file.notes, *simplifications(g, kept="lightest")],
        facts={"nodes": g.n, "edges": g.m, "terminals": len(terminals)},
        ranking=None if options.best is None else Ranking(options.best, changes),
    )


def _texts(g: Network, options: argparse.Namespace) -> Sequence[str]:
    """The nodes to be joined as the command line names them: apart, or in one word with commas that is no node."""
    texts: Sequence[str] = options.terminals or (EXAMPLE if options.graph is None else ())
    if len(texts) == 1 and texts[0] not in {str(node) for node in g.nodes}:
        return texts[0].split(",")
    return texts


def describe(solution: Solution, terminals: Sequence[Hashable]) -> Iterable[str]:
    """The first edges of the tree, one a line, and the other nodes that it leads through."""
    yield from edges(solution)
    through = list(dict.fromkeys(node for edge in solution.answer for node in edge[:2] if node not in set(terminals)))
    shown, more = most_of([safe(node, 30) for node in through], SHOWN)
    yield f"through {', '.join(shown) or 'no other node'}{f' and {more:,} more' if more else ''}"


def draw(g: Network, terminals: Sequence[Hashable], solution: Solution) -> Figure:
    """The graph with its tree and the terminals, beside the bound and the cuts per round."""
    import numpy as np

    from problems.pictures.drawing import figure_of

    simple, tree = g.simple(), {frozenset(edge[:2]) for edge in solution.answer}
    chosen = [e for e, ends in enumerate(simple.edges()) if frozenset(ends) in tree]
    marked = [v for v, node in enumerate(simple.nodes) if node in set(terminals)]
    title = f"Steiner tree of {len(terminals):,} nodes: weight {solution.value:.8g}, {solution.status}"
    return figure_of(simple, np.array(chosen, dtype=np.int64), solution.stats["history"], title, np.array(marked))


RECIPE = Recipe(
    "steiner",
    "Steiner tree, by directed cuts, with a proof of the answer.",
    arguments,
    read,
    solvers=("glop", "highs", "scip", "cp-sat", "combinatorial"),
    examples=(
        "--graph network.gml --terminals A B C --plot tree.png",
        "--graph network.gml --terminals A,B,C --best 3",
    ),
    columns={"answer": ("from", "to", "weight")},
)

if __name__ == "__main__":
    main(RECIPE)
