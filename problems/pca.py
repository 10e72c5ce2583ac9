"""Principal components of a table, their variance proven the largest: python -m problems.pca --data table.csv."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.studies.table_options import columns_argument, missing_argument
from problems.terminal.arguments import Given, Written, positive_whole, share
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.pca import Components, Covariance
    from problems.studies.components import Table
    from solvers.solution import Solution

EXAMPLE = Path(__file__).parent / "examples" / "usarrests.csv"
USUAL = 2  # components, unless a number is asked for
ALL_PROVEN = 500  # columns up to which the variance of every component is proven by itself


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument("--data", type=Given, metavar="FILE", help="a table of numbers: .csv, .npy; or a sparse .npz")
    columns_argument(parser, "of a file")
    missing_argument(parser, "of a file")
    parser.add_argument(
        "--raw", action="store_true", help="leave columns in their units (default: divided by their sd)"
    )
    many = parser.add_mutually_exclusive_group()
    many.add_argument("-k", "--components", type=positive_whole, metavar="K", help="how many components (default 2)")
    many.add_argument("--explain", type=share, metavar="SHARE", help="as many as explain that share, as .9")
    parser.add_argument("--out", type=Written, metavar="FILE", help="write each row's scores to a .csv file")


def read(options: argparse.Namespace) -> Task:
    """The task in a table, or the bundled example."""
    from problems.studies.components import table_of

    table = table_of(options, str(EXAMPLE))
    try:
        return _components(table, options)
    except ValueError as error:
        raise InputError(f"{table.source}: {error}") from error


def _components(table: Table, options: argparse.Namespace) -> Task:
    """The task of finding principal components; raises ValueError for a table that has none."""
    from formulations.pca import covariance
    from problems.studies.components import answer, constant, describe, explained, write

    given = covariance(table.values, standardise=not options.raw)
    k = min(USUAL, given.most) if options.components is None else options.components
    if options.explain is not None:
        k = given.explaining(options.explain)

    def fewer(solution: Solution) -> Mapping[str, Any]:
        """What fewer components explain at most, where a share was asked for."""
        if options.explain is None or k == 1:
            return {}
        from solvers import solve

        bound = solve(explained(given, k - 1)).bound
        return {} if bound is None else {"fewer_explain_at_most": bound / given.total}

    return Task(
        source=table.source,
        problem=lambda: explained(given, k),
        describe=lambda solution: describe(table, given, solution, fewer(solution)),
        draw=lambda solution: draw(table, given, solution),
        notes=(*table.notes, *constant(table, given)),
        facts={"rows": len(table.rows), "columns": len(table.columns)},
        asked={"components": k, "standardised": not options.raw},
        answer=lambda solution: answer(table, given, solution.answer),
        evidence=lambda _: {"variances_within": given.accuracy()} if len(given.matrix) <= ALL_PROVEN else {},
        measures=fewer,
        write=None if options.out is None else lambda solution: write(options.out, table, given, solution.answer),
    )


def draw(table: Table, given: Covariance, solution: Solution) -> Figure:
    """The biplot and the scree plot."""
    from problems.pictures.components import figure_of
    from problems.studies.components import shares_of

    found: Components = solution.answer
    shares, k = shares_of(given, found), found.loadings.shape[1]
    proven = "proven the most" if solution.proven else solution.status
    components = "1 component explains" if k == 1 else f"{k} components explain"
    title = f"{table.source}: {components} {shares[:k].sum():.1%} of the variance, {proven}"
    scores = given.rows.times(found.loadings[:, :2])
    return figure_of(scores, found.loadings, shares, table.rows, table.columns, title)


RECIPE = Recipe(
    "pca",
    "Principal components, proven to explain the most variance.",
    arguments,
    read,
    solvers=("eigen",),
    examples=("--data table.csv --plot components.png", "--data table.csv --explain .9 --out scores.csv"),
)

if __name__ == "__main__":
    main(RECIPE)
