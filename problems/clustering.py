"""A hierarchy of rows, and what it is worth: python -m problems.clustering --data table.csv."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from problems.recipe import Recipe, Report, Task, main
from problems.running.matrix_options import MATRIX, matrix_arguments, matrix_of, reading, refuse_without_matrix
from problems.studies.table_options import columns_argument, missing_argument, standardise_argument
from problems.terminal.arguments import Given, Written, positive_whole
from problems.terminal.errors import InputError
from problems.terminal.files import check_writable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import SearchProblem
    from problems.studies.hierarchy import Rows
    from solvers.solution import Solution

EXAMPLE = Path(__file__).parent / "examples" / "usarrests.csv"
LINKAGES = ("single", "complete", "average", "centroid", "ward")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--data", type=Given, metavar="FILE", help="a table of numbers: .csv, .npy")
    given.add_argument("--matrix", type=Given, metavar="FILE", help=MATRIX)
    columns_argument(parser, "of a table")
    missing_argument(parser, "of a table")
    standardise_argument(parser)
    matrix_arguments(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--linkage", metavar="RULE", choices=LINKAGES, help=f"{', '.join(LINKAGES)} (default average)")
    which.add_argument("--compare", action="store_true", help="all of these side by side")
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument("-k", "--groups", type=positive_whole, metavar="K", help="cut the hierarchy into K groups")
    cut.add_argument("--height", type=float, metavar="H", help="cut it at that height")
    parser.add_argument("--out", type=Written, metavar="FILE", help="write the group of each row to a .csv file")


def read(options: argparse.Namespace) -> Task | Report:
    """The task in a table or a matrix, or the bundled example; or a comparison of rules."""
    from problems.studies.hierarchy import answer, describe, labels_of, measures, merges_of, write

    if options.height is not None and not 0 <= options.height < float("inf"):
        raise InputError(f"--height is {options.height}; give a number from 0")
    if options.out is not None and options.groups is None and options.height is None:
        raise InputError("--out writes groups; say how many by -k K, or where to cut by --height H")
    options.linkage = options.linkage or "average"
    rows = _rows(options)
    n = len(rows.names)
    if options.groups is not None and options.groups > n:
        raise InputError(f"{rows.source}: {n:,} rows do not make {options.groups:,} groups; ask for 1 to {n:,}")
    if options.compare:
        return _compared(rows, options)

    def write_groups(solution: Solution) -> None:
        labels = labels_of(merges_of(solution), options)
        assert labels is not None
        write(options.out, rows, labels)

    def problem() -> SearchProblem:
        from formulations.clustering import clustering

        return clustering(rows.d, options.linkage)

    return Task(
        source=rows.source,
        title=f"Hierarchy by {options.linkage} linkage",
        problem=problem,
        describe=lambda solution: describe(rows, solution, options),
        draw=lambda solution: draw(rows, solution, options),
        notes=rows.notes,
        facts={"rows": n, **({"columns": rows.columns} if rows.columns else {})},
        asked={
            **reading(options),
            "linkage": options.linkage,
            "standardised": options.standardise,
            "groups": options.groups,
            "height": options.height,
        },
        answer=lambda solution: answer(rows, solution, options),
        measures=lambda solution: measures(rows, solution, options),
        write=None if options.out is None else write_groups,
    )


def _rows(options: argparse.Namespace) -> Rows:
    """The rows of a table, of a matrix of distances, or of the bundled example."""
    from problems.studies.hierarchy import rows_of_matrix, rows_of_table

    if options.matrix is None:
        refuse_without_matrix(options, "--matrix")
        return rows_of_table(options, str(EXAMPLE))
    for name in ("standardise", "columns", "missing"):
        if getattr(options, name):
            raise InputError(f"--{name} is for --data; leave it out with --matrix")
    if options.out is not None:
        check_writable("--out", options.out, (".csv",))
    return rows_of_matrix(matrix_of(options, options.matrix), options.matrix, options.linkage)


def _compared(rows: Rows, options: argparse.Namespace) -> Report:
    """All rules side by side."""
    from problems.studies.compared_rules import as_json, compared, lines

    for name in ("out", "plot", "height"):
        if getattr(options, name, None) is not None:
            raise InputError(f"--{name} is for one rule; choose it by --linkage, or leave --{name} out")
    return Report(rows=compared(rows, options), lines=lines, data=as_json, notes=rows.notes)


def draw(rows: Rows, solution: Solution, options: argparse.Namespace) -> Figure:
    """The dendrogram."""
    from problems.pictures.dendrogram import figure_of
    from problems.studies.hierarchy import labels_of, merges_of, order_of

    merges = merges_of(solution)
    labels = labels_of(merges, options)
    cut = "" if labels is None else f", {labels.max() + 1} groups"
    unit = "distance" if rows.values is None else "Euclidean distance"
    height = {"ward": "root of twice the squares that a merge adds within groups", "centroid": f"{unit} of means"}.get(
        options.linkage, unit
    )
    title = f"{rows.source}: {options.linkage} linkage{cut}"
    return figure_of(merges, order_of(rows, merges), rows.names, title, height, labels, options.height)


RECIPE = Recipe(
    "clustering",
    "Hierarchical clustering, single linkage proven and the other rules bounded.",
    arguments,
    read,
    solvers=("agglomeration",),
    examples=("--data table.csv -k 4 --plot tree.png", "--matrix distances.csv --linkage single"),
)

if __name__ == "__main__":
    main(RECIPE)
