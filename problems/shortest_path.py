"""The shortest path in a graph file: python -m problems.shortest_path --graph file --source A --target B."""

from __future__ import annotations

import argparse
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

from problems.recipe import Ranking, Recipe, Task, Verdict, main
from problems.running.graph_options import asked, edge_names, given, graph_arguments, graph_of, model_arguments
from problems.running.graph_text import in_order
from problems.studies.asked_path import AskedPath
from problems.terminal.arguments import Given, positive_whole
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.graphs import Network
    from formulations.graphs.walks import Walks
    from solvers.solution import Solution

FROM, TO = "Hamburg", "Munich"  # in the example
SHOWN = 30  # nodes of a path in the text; --json has them all


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    graph_arguments(parser)
    parser.add_argument("--source", metavar="NODE", help="where the path starts")
    parser.add_argument("--target", metavar="NODE", help="where the path ends")
    parser.add_argument(
        "--limit",
        metavar="NAME=MOST",
        type=limit,
        action="append",
        default=[],
        help="at most that much of an attribute",
    )
    parser.add_argument("--forbid-node", metavar="NODE", action="append", default=[], help="a node to avoid")
    parser.add_argument("--forbid-arc", metavar=("U", "V"), nargs=2, action="append", default=[], help="one to avoid")
    parser.add_argument("--require-node", metavar="NODE", action="append", default=[], help="a node to visit (NP-hard)")
    parser.add_argument("--require-arc", metavar=("U", "V"), nargs=2, action="append", default=[], help="one to use")
    parser.add_argument("--paths", metavar="K", type=int, default=1, help="K paths without a common edge, least in sum")
    parser.add_argument("--simple", action="store_true", help="visit no node twice (NP-hard with negative cycles)")
    parser.add_argument("--maximize", action="store_true", help="the longest path, where no cycle makes it endless")
    parser.add_argument("--best", metavar="K", type=positive_whole, help="the K best simple paths, each proven next")
    parser.add_argument("--warm-start", metavar="HOW", choices=("tree",), help="tree: start the LP from Dijkstra's")
    model_arguments(parser)
    parser.add_argument(
        "--check", type=Given, metavar="ANSWER", help="check an earlier --json answer, without a solver"
    )


def limit(text: str) -> tuple[str, float]:
    """A command-line value NAME=MOST."""
    name, sign, most = text.rpartition("=")
    try:
        if sign and name:
            return name, float(most)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBER, as in time=10")


def read(options: argparse.Namespace) -> Task | Verdict:
    """The task in a graph file, or the verdict on an earlier answer to it."""
    limits: dict[str, float] = {}
    for name, most in options.limit:
        limits[name] = min(most, limits.get(name, most))
    if options.check is not None:
        from problems.check import verdict

        return verdict(options.check, options, lambda g: _question(g, options, limits))
    if options.best is not None and options.paths > 1:
        raise InputError("--best ranks single paths; leave out --paths")
    file, source = graph_of(options, tuple(limits))
    file = file.naming(_named_nodes(options))
    g = file.network
    ends = dict(zip(("source", "target"), _ends(g, source, options), strict=True))
    path = AskedPath(g, _question(g, options, limits) | ends)
    return Task(
        source=source,
        problem=lambda: path.problem,
        describe=lambda solution: [*describe(solution, options, path.simple), *path.priced(solution)],
        draw=lambda solution: draw(g, path.walks, solution, options),
        notes=file.notes,
        facts={"nodes": g.n, "edges": g.m},
        solving={"warm_start": options.warm_start is not None},
        asked=asked(options, **path.question),
        evidence=path.evidence,
        start=path.start,
        columns=lambda: {"x": edge_names(path.walks.g)},
        prices=path.prices,
        conflict=path.conflict,
        title="Longest path" if options.maximize else None,
        ranking=None
        if options.best is None
        else Ranking(options.best, lambda _, solution: in_order(solution.answer, SHOWN)),
    )


def _ends(g: Network, source: str, options: argparse.Namespace) -> tuple[Hashable, Hashable]:
    ends = [options.source, options.target]
    if options.graph is None:
        ends = [end or default for end, default in zip(ends, (FROM, TO), strict=True)]
    if None in ends:
        missing = " and ".join(flag for flag, end in zip(("--source", "--target"), ends, strict=True) if end is None)
        some = ", ".join(safe(node, 30) for node in g.nodes[:5])
        raise InputError(f"{source}: {missing} must name a node of the graph, such as {some}")
    return named(g, ends[0]), named(g, ends[1])


def named(g: Network, text: str) -> Hashable:
    """The node whose name reads so (the formulation says which are near if there is none)."""
    return next((node for node in g.nodes if str(node) == text), text)


def _named_nodes(options: argparse.Namespace) -> list[str]:
    """All nodes that the command line names."""
    arcs = [*options.forbid_arc, *options.require_arc]
    ends = [end for end in (options.source, options.target) if end is not None]
    return [*ends, *options.forbid_node, *options.require_node, *(node for arc in arcs for node in arc)]


def _arcs(g: Network, pairs: Iterable[tuple[str, str]]) -> list[tuple[Hashable, Hashable]]:
    return [(named(g, u), named(g, v)) for u, v in pairs]


def _question(g: Network, options: argparse.Namespace, limits: dict[str, float]) -> dict[str, Any]:
    """What the options say of the question, as the formulation takes it; nothing that was not given."""
    parts = {
        "source": None if options.source is None else named(g, options.source),
        "target": None if options.target is None else named(g, options.target),
        "limits": limits,
        "forbidden_nodes": [named(g, text) for text in options.forbid_node],
        "forbidden_arcs": _arcs(g, options.forbid_arc),
        "required_nodes": [named(g, text) for text in options.require_node],
        "required_arcs": _arcs(g, options.require_arc),
        "paths": options.paths if options.paths != 1 else None,
        "simple": options.simple or options.best is not None,
        "maximize": options.maximize,
    }
    return given(parts)


def describe(solution: Solution, options: argparse.Namespace, simple: bool) -> Iterable[str]:
    """The path, or each of them, in a line, and what the potentials say of it."""
    k = options.paths
    for way in [solution.answer] if k == 1 else solution.answer:
        yield f"path of {len(way) - 1:,} edge{'s' if len(way) != 2 else ''}: {in_order(way, SHOWN)}"
    if solution.gap == 0 and k == 1 and not simple:
        how = f"on {'every' if options.maximize else 'no'} arc by {'at least' if options.maximize else 'more than'} its"
        yield f"potentials rise by {solution.bound:.12g} from end to end, {how} weight (--json)"


def draw(g: Network, w: Walks, solution: Solution, options: argparse.Namespace) -> Figure:
    """The graph with its path or paths; beside it the bounds, if it took more than one round."""
    import numpy as np

    from problems.pictures.drawing import figure_of

    assert solution.values is not None
    used = np.unique(w.edge[solution.values["x"] > 0.5])
    history = solution.stats["history"]
    ends = f"{safe(w.g.nodes[0], 30)} to {safe(w.g.nodes[w.t], 30)}"
    one = "Longest path" if options.maximize else "Shortest path"
    what = one if options.paths == 1 else f"{options.paths} paths without a common edge"
    title = f"{what} from {ends}: weight {solution.value:.8g}, {solution.status}"
    return figure_of(g, used, history if len(history) > 1 else [], title)


RECIPE = Recipe(
    "shortest_path",
    "Shortest path, as an integer flow, with potentials as proof.",
    arguments,
    read,
    solvers=("highs", "glop", "scip", "cp-sat", "pdlp", "descent-ascent", "combinatorial"),
    examples=(
        "--graph roads.gr --source 1 --target 99",
        "--graph roads.gml --source A --target B --limit toll=3 --best 3",
    ),
    columns={"answer": ("node",)},
)

if __name__ == "__main__":
    main(RECIPE)
