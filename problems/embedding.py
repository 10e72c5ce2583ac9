"""Maps of points, each proven the best by its own measure: python -m problems.embedding --data table.csv."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.running.matrix_options import MATRIX, matrix_arguments, matrix_of, reading, refuse_without_matrix
from problems.running.once import once
from problems.studies.methods import METHODS
from problems.studies.table_options import columns_argument, missing_argument, standardise_argument
from problems.terminal.arguments import Given, Written, positive_whole
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.embeddings.neighbours import Neighbours
    from problems.studies.new_points import NewPoints
    from problems.studies.points import Points
    from problems.studies.sensors import Sensors
    from solvers.solution import Solution


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--data", type=Given, metavar="FILE", help="a table of numbers: .csv, .npy")
    given.add_argument("--matrix", type=Given, metavar="FILE", help=MATRIX)
    given.add_argument("--graph", type=Given, metavar="FILE", help="with --anchors: distances, a pair a line")
    parser.add_argument(
        "--anchors",
        type=Given,
        metavar="FILE",
        help="place sensors by some distances (--graph, or --matrix with empty cells): a table of name, x, y",
    )
    columns_argument(parser, "of a table")
    missing_argument(parser, "of a table")
    standardise_argument(parser)
    matrix_arguments(parser)
    parser.add_argument(
        "--method",
        metavar="NAME",
        choices=METHODS,
        type=str.lower,
        help=f"{', '.join(METHODS)} (default isomap for points, mds for distances)",
    )
    parser.add_argument("-k", "--dimensions", type=positive_whole, metavar="K", help="of the map (default 2)")
    parser.add_argument(
        "--neighbours",
        type=positive_whole,
        metavar="K",
        help="of each point (default 10, of sdp 5); the perplexity of tsne",
    )
    parser.add_argument(
        "--new", type=Given, metavar="FILE", help="with --data: a second table, whose rows are placed on the map"
    )
    parser.add_argument("--out", type=Written, metavar="FILE", help="write the coordinates to a .csv file")


def read(options: argparse.Namespace) -> Task:
    """The task in a table, in distances, or of the swiss roll."""
    import numpy as np

    from formulations.tsne import usual_perplexity
    from problems.studies.maps import DIMENSIONS, answer, describe, measures, neighbours_of, write
    from problems.studies.methods import stated
    from problems.studies.new_points import new_points
    from problems.terminal.files import check_writable

    if options.out is not None:
        check_writable("--out", options.out, (".csv",))
    if options.anchors is not None:
        return _placement(options)
    if options.graph is not None:
        raise InputError("--graph has distances of some pairs, which need --anchors; give both, or all by --matrix")
    points = _points(options)
    method = options.method or ("isomap" if options.matrix is None else "mds")
    if METHODS[method].measurements and points.values is None:
        raise InputError(
            f"--method {method} compares measurements, and {points.source} has distances; choose among "
            f"{', '.join(other for other in METHODS if not METHODS[other].measurements)}, or give a table by --data"
        )
    perplexity = (options.neighbours or usual_perplexity(points.n)) if method == "tsne" else None
    if method in ("mds", "smacof") and options.neighbours is not None:
        raise InputError(f"--neighbours is not for {method}, which takes all distances; leave it out, or choose isomap")
    near = neighbours_of(method, points, options.neighbours)
    count = perplexity if near is None else near.count
    k = min(DIMENSIONS, points.n - 1) if options.dimensions is None else options.dimensions
    try:
        problem = stated(method, points, near, k, perplexity)
    except ValueError as error:
        raise InputError(f"{points.source}: {error}") from error
    told = once(lambda solution: measures(method, points, near, solution))
    new = new_points(options, method, points)
    placed = once(lambda solution: {} if new is None else new.answer(method, points, near, solution.answer))
    return Task(
        source=points.source,
        title=METHODS[method].title,
        problem=lambda: problem,
        describe=lambda solution: [
            *describe(method, points, count, solution.answer, told(solution)),
            *([] if new is None else new.describe(placed(solution))),
        ],
        draw=lambda solution: draw(method, points, near, solution, {**told(solution), **placed(solution)}, new),
        notes=[*points.notes, *([] if new is None else new.notes)],
        facts={"points": points.n, **({} if new is None else {"new_points": len(new.names)})},
        asked={
            **reading(options),
            "method": method,
            "dimensions": k,
            "neighbours": count,
            "standardised": options.standardise,
        },
        answer=lambda solution: {**answer(points, solution), **placed(solution)},
        evidence=lambda solution: {"weights": solution.certificate.proof.tolist()} if method == "sdp" else {},
        measures=told,
        write=None
        if options.out is None
        else lambda solution: write(
            options.out,
            [*points.names, *placed(solution).get("new_names", ())],
            np.concatenate([solution.answer.coordinates, *([placed(solution)["new"]] if new is not None else [])]),
        ),
    )


def _points(options: argparse.Namespace) -> Points:
    """The points that the arguments name, or the swiss roll; raises InputError for what cannot be used."""
    from formulations.embedding import checked_distances, checked_points
    from problems.studies.maps import example, of_matrix, of_table

    if options.matrix is None:
        refuse_without_matrix(options, "--matrix")
    if options.data is None:
        for name in ("columns", "missing", "standardise", "new"):
            if getattr(options, name):
                raise InputError(f"--{name} goes with --data; give both or neither")
    if options.data is options.matrix is None:
        return example(options.seed, options.method)
    matrix = options.matrix
    points = of_table(options) if matrix is None else of_matrix(matrix_of(options, matrix), matrix)
    try:
        if points.given is None:
            checked_points(points.values)  # type: ignore[arg-type]
        else:
            checked_distances(points.given)
    except ValueError as error:
        raise InputError(f"{points.source}: {error}") from error
    return points


def _placement(options: argparse.Namespace) -> Task:
    """The task of placing sensors."""
    from problems.studies import sensors
    from problems.studies.maps import write

    for name in (
        "method",
        "dimensions",
        "neighbours",
        "columns",
        "missing",
        "standardise",
        "new",
        "kind",
        "correlation",
    ):
        if getattr(options, name):
            raise InputError(f"--{name} says nothing of sensors, whose distances and anchors are given; leave it out")
    if options.symmetrize is not None:
        raise InputError("--symmetrize is for whole matrices; give one distance of a pair")
    if options.graph is options.matrix is None:
        raise InputError("--anchors needs distances; give some by --graph, or by --matrix")
    if options.graph is not None and options.items is not None:
        raise InputError("--items goes with --matrix; give both or neither")
    given = sensors.sensors_of(options.graph, options.matrix, options.anchors, options.items)
    try:
        problem = given.problem()
    except ValueError as error:
        raise InputError(f"{given.source}: {error}") from error
    told = once(lambda solution: sensors.measures(given, solution))
    return Task(
        source=given.source,
        title="Sensors by their distances",
        problem=lambda: problem,
        describe=lambda solution: sensors.describe(given, solution, told(solution)),
        draw=lambda solution: _draw_sensors(given, solution, told(solution)),
        notes=given.notes,
        facts={"sensors": int(given.free.sum()), "anchors": int((~given.free).sum())},
        asked={"method": "localisation", "dimensions": given.fixed.shape[1]},
        answer=lambda solution: sensors.answer(given, solution),
        measures=told,
        write=None if options.out is None else lambda solution: write(options.out, given.names, solution.answer),
    )


def _draw_sensors(given: Sensors, solution: Solution, kept: dict[str, Any]) -> Figure:
    """Anchors, sensors, and known distances."""
    import numpy as np

    from problems.pictures.sensors import figure_of

    sure = np.ones(len(given.names), dtype=bool)
    sure[given.free] = kept.get("uniquely_localisable", sure[given.free])
    proven = "proven" if solution.proven else solution.status
    ends = given.network.tail, given.network.head
    return figure_of(solution.answer, given.names, ends, ~given.free, sure, f"Sensors of {given.source}, {proven}")


def draw(
    method: str,
    points: Points,
    near: Neighbours | None,
    solution: Solution,
    kept: dict[str, Any],
    new: NewPoints | None = None,
) -> Figure:
    """The neighbours, the map with new points if there are any, and the residual variances."""
    import numpy as np

    from problems.pictures.placed import Later, figure_of, plane_of

    proven = "proven" if solution.proven else solution.status
    return figure_of(
        solution.answer.coordinates,
        points.names,
        f"{METHODS[method].title} of {points.source}, {proven}",
        plane=None if near is None or points.values is None else plane_of(points.values),
        edges=None if near is None else near.joined,
        position=points.position,
        residual=kept.get("residual_variance", ()),
        new=None if new is None else Later(np.array(kept["new"]), new.names, new.source),
    )


RECIPE = Recipe(
    "embedding",
    "Maps of points in few dimensions, each with what bounds its own measure.",
    arguments,
    read,
    solvers=("eigen", "smacof", "tsne", "path-following", "relaxation"),
    examples=("--data table.csv --method isomap --plot map.png", "--matrix distances.csv --method mds --out map.csv"),
)

if __name__ == "__main__":
    main(RECIPE)
