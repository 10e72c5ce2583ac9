"""Groups of the rows of a table, proven the best by a bound: python -m problems.kmeans --data table.csv -k 3."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Report, Task, main
from problems.running.matrix_options import reading
from problems.studies.table_options import columns_argument, missing_argument, standardise_argument
from problems.terminal.arguments import Given, Written, positive_whole
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Floats
    from problems.studies.named_rows import Table
    from solvers.solution import Solution

EXAMPLE = Path(__file__).parent / "examples" / "usarrests.csv"
USUAL = 3  # groups, unless a number is asked for


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument("--data", type=Given, metavar="FILE", help="a table of numbers: .csv, .npy")
    columns_argument(parser, "of a file")
    missing_argument(parser, "of a file")
    standardise_argument(parser)
    parser.add_argument("-k", "--groups", type=positive_whole, metavar="K", help=f"how many groups (default {USUAL})")
    parser.add_argument("--k-from", type=positive_whole, metavar="K", help="with --k-to: compare numbers of groups")
    parser.add_argument("--k-to", type=positive_whole, metavar="K", help="the last of them")
    for name, what in (("together", "that share a group"), ("apart", "in different groups")):
        parser.add_argument(
            f"--{name}", nargs=2, metavar="ROW", action="append", help=f"two rows {what}, by name or number"
        )
    parser.add_argument("--at-least", type=positive_whole, default=1, metavar="N", help="rows of a group")
    parser.add_argument("--at-most", type=positive_whole, metavar="N", help="rows of a group")
    parser.add_argument("--out", type=Written, metavar="FILE", help="write the group of each row to a .csv file")


def read(options: argparse.Namespace) -> Task | Report:
    """The task in a table, or the bundled example; or a comparison of numbers of groups."""
    from problems.studies.named_rows import numbers_of, table_of

    table = table_of(options, str(EXAMPLE))
    values = numbers_of(table, options.standardise)
    if options.k_from is not None or options.k_to is not None:
        return _compared(table, values, options)
    return _grouped(table, values, options)


def _grouped(table: Table, values: Floats, options: argparse.Namespace) -> Task:
    """The task of finding so many groups."""
    from problems.proofs.cases import written
    from problems.studies.groups import answer, describe, write

    k = USUAL if options.groups is None else options.groups
    problem = _stated(table, values, k, options)
    return Task(
        source=table.source,
        problem=lambda: problem,
        describe=lambda solution: describe(table, values, solution),
        draw=lambda solution: draw(table, values, options.seed, solution),
        notes=table.notes,
        facts={"rows": len(table.rows), "columns": len(table.columns)},
        asked={
            **reading(options),
            "groups": k,
            "standardised": options.standardise,
            "together": options.together or [],
            "apart": options.apart or [],
            "at_least": options.at_least,
            "at_most": options.at_most,
        },
        answer=lambda solution: answer(table, solution.answer),
        evidence=lambda solution: written(solution.certificate.proof),
        write=None if options.out is None else lambda solution: write(options.out, table, solution.answer),
    )


def _stated(table: Table, values: Floats, k: int, options: argparse.Namespace) -> Any:
    """The problem; raises InputError, with the file's name, for what cannot be."""
    from formulations.kmeans import kmeans
    from problems.studies.groups import pairs_of

    pairs = [pairs_of(table, name, getattr(options, name)) for name in ("together", "apart")]
    try:
        return kmeans(values, k, pairs[0], pairs[1], options.at_least, options.at_most)
    except ValueError as error:
        raise InputError(f"{table.source}: {error}") from error


def _compared(table: Table, values: Floats, options: argparse.Namespace) -> Report:
    """Each number of groups from --k-from to --k-to; each has an equal share of the time that is left."""
    import time

    from problems.studies.groups import as_json, lines, several
    from solvers import solve

    if options.k_from is None or options.k_to is None or options.groups is not None or options.k_from > options.k_to:
        raise InputError("--k-from K --k-to K go together, the smaller first, and without -k; give both, or -k alone")
    for name in ("out", "plot"):
        if getattr(options, name, None) is not None:
            raise InputError(f"--{name} is for one number of groups; choose it by -k, or leave --{name} out")
    ks = list(range(options.k_from, options.k_to + 1))
    stated = {k: _stated(table, values, k, options) for k in ks}
    until = None if options.time_limit is None else time.monotonic() + options.time_limit

    def solved(k: int) -> Solution:
        share = None if until is None else max((until - time.monotonic()) / (options.k_to - k + 1), 0.01)
        solution = solve(stated[k], options.solver, time_limit=share, gap=options.gap, seed=options.seed)
        if solution.stats["interrupted"]:
            raise KeyboardInterrupt
        return solution

    return Report(rows=several(values, ks, solved), lines=lines, data=as_json, notes=table.notes)


def draw(table: Table, values: Floats, seed: int, solution: Solution) -> Figure:
    """Lloyd's steps from random groups, and the groups that were found."""
    from problems.pictures.groups import figure_of

    proven = "proven least" if solution.proven else solution.status
    title = f"{table.source}: {len(solution.answer.centers)} groups, sum of squares {solution.value:.6g}, {proven}"
    return figure_of(values, solution.answer.labels, solution.answer.centers, table.columns, seed, title)


RECIPE = Recipe(
    "kmeans",
    "Groups of rows by k-means, proven the best by a bound.",
    arguments,
    read,
    solvers=("kmeans",),
    examples=("--data table.csv -k 3 --plot groups.png", "--data table.csv --k-from 2 --k-to 10"),
)

if __name__ == "__main__":
    main(RECIPE)
