"""What the command lines of recipes on graphs share: how the graph is read, and what else is done with the model."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.terminal.arguments import Given, Written
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from formulations.graphs import Network
    from problems.io import GraphFile

EXAMPLE = Path(__file__).parents[1] / "examples" / "cities.gml"


def graph_arguments(parser: argparse.ArgumentParser) -> None:
    """What every recipe on a graph reads."""
    formats = (
        "table of edges (.csv .tsv .txt .edges .edgelist), GML, GraphML, GEXF, JSON, Pajek .net, Matrix Market .mtx, "
        "METIS .graph, DIMACS .gr .col, SteinLib .stp, TSPLIB .tsp .atsp; perhaps packed .gz .bz2 .xz"
    )
    parser.add_argument("--graph", type=Given, metavar="FILE", help=formats)
    parser.add_argument("--weight", metavar="NAME", help="edge attribute, or column, to minimize (default weight)")
    parser.add_argument("--unweighted", action="store_true", help="count edges instead")
    direction = parser.add_mutually_exclusive_group()
    direction.add_argument("--directed", action="store_true", default=None, help="edges are arcs, whatever FILE says")
    direction.add_argument("--undirected", action="store_false", dest="directed", help="edges go both ways")
    parser.add_argument("--delimiter", metavar="D", help="what separates the columns of a table")
    parser.add_argument("--columns", metavar=("U", "V"), nargs=2, help="columns of a table that hold an edge's ends")


def points_argument(parser: argparse.ArgumentParser) -> None:
    """Points in place of a graph."""
    parser.add_argument(
        "--points",
        type=Given,
        metavar="FILE",
        help="points instead, each joined to all others: a table of coordinates, with names or without, or .npy; "
        "--columns X Y says which",
    )


def model_arguments(parser: argparse.ArgumentParser) -> None:
    """What every recipe on a graph does with its model besides solving it."""
    parser.add_argument(
        "--start", type=Given, metavar="ANSWER", help="an answer of your own to begin from: JSON, or names on lines"
    )
    parser.add_argument(
        "--export", type=Written, metavar="FILE", help="write the model as solved, with its cuts: .lp or .mps"
    )
    parser.add_argument(
        "--latex", type=Written, metavar="FILE", nargs="?", const="-", help="state the model as maths, and stop there"
    )


def asked(options: argparse.Namespace, **question: Any) -> dict[str, Any]:
    """The question about a graph as JSON holds it: what was given of it, and of how the graph is read."""
    reading = {name: getattr(options, name) for name, usual in _reading().items() if getattr(options, name) != usual}
    return {"reading": reading} | given({"gap": options.gap, **question})


def read_as(options: argparse.Namespace, stored: Mapping[str, Any]) -> argparse.Namespace:
    """The options, with those of reading as they were stored with an answer where nothing else is said."""
    usual = _reading()
    then = {name: value for name, value in stored.items() if name in usual and getattr(options, name) == usual[name]}
    return argparse.Namespace(**{**vars(options), **then})


def _reading() -> dict[str, Any]:
    """The options of how to read a graph, and what they are unless something is said."""
    parser = argparse.ArgumentParser()
    graph_arguments(parser)
    return {name: usual for name, usual in vars(parser.parse_args([])).items() if name != "graph"}


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """What was given of those options: no None, no False, nothing empty; 0 was.

    >>> given({"most": 0, "forest": False, "nodes": []})
    {'most': 0}
    """
    return {
        name: value
        for name, value in options.items()
        if value is not None and value not in ([], {}) and value is not False
    }


def edge_names(g: Network) -> list[str]:
    """x_u_v for each edge or arc."""
    return [f"x_{u}_{v}" for u, v in g.edges()]


def graph_of(options: argparse.Namespace, attributes: Sequence[str] = ()) -> tuple[GraphFile, str]:
    """The graph, matrix or points that those arguments name, or the bundled example, and what messages call it."""
    from problems.io import read_graph

    matrix, points = getattr(options, "matrix", None), getattr(options, "points", None)
    columns = None if options.columns is None else (options.columns[0], options.columns[1])
    given = [f"--{name}" for name in ("graph", "matrix", "points") if getattr(options, name, None) is not None]
    if len(given) > 1:
        raise InputError(f"give {given[0]} or {given[1]}, not both")
    if matrix is not None:
        from problems.io.matrix import read_distances

        _refuse(options, ("weight", "unweighted", "directed", "delimiter", "columns"), "--matrix")
        return read_distances(matrix, getattr(options, "items", None)), safe(Path(matrix).name, 200)
    if points is not None:
        from problems.io.points import read_points

        _refuse(options, ("weight", "unweighted", "directed", "delimiter", "items"), "--points")
        return read_points(points, columns), safe(Path(points).name, 200)
    _refuse(options, ("items",), "--graph")
    path = str(EXAMPLE) if options.graph is None else options.graph
    file = read_graph(
        path,
        options.weight,
        options.delimiter,
        attributes,
        unweighted=options.unweighted,
        directed=options.directed,
        columns=columns,
    )
    return file, safe(Path(path).name, 200)


def _refuse(options: argparse.Namespace, names: Sequence[str], given: str) -> None:
    """Raise InputError where something is said of the reading that has no meaning for what is given."""
    for name in names:
        value = getattr(options, name, None)
        if value is not None and (name == "directed" or value is not False):
            said = "undirected" if name == "directed" and value is False else name
            raise InputError(f"--{said} says nothing of what {given} reads; leave one of them out")
