"""Principal components of a table, their variance proven the largest: python -m problems.pca --data table.csv."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.running.matrix_options import reading
from problems.studies.table_options import columns_argument, missing_argument
from problems.terminal.arguments import Given, Written, positive_whole, share
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.pca import Components, Covariance
    from problems.studies.named_rows import Table
    from solvers.solution import Solution

EXAMPLE = Path(__file__).parent / "examples" / "usarrests.csv"
USUAL = 2  # components, unless a number is asked for
MOST_CELLS = 10_000_000  # of a table for --robust, which is dense
ALL_PROVEN = 500  # columns up to which the variance of every component is proven by itself


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument("--data", type=Given, metavar="FILE", help="a table of numbers: .csv, .npy, sparse .npz")
    columns_argument(parser, "of a file")
    missing_argument(parser, "of a file")
    parser.add_argument("--raw", action="store_true", help="leave columns in their units (by default: each by its sd)")
    many = parser.add_mutually_exclusive_group()
    many.add_argument("-k", "--components", type=positive_whole, metavar="K", help="how many components (default 2)")
    many.add_argument("--explain", type=share, metavar="SHARE", help="as many as explain that share, as .9")
    many.add_argument("--sparse", type=positive_whole, metavar="C", help="one component, of C variables at most")
    many.add_argument("--robust", action="store_true", help="low rank plus sparse: set gross errors apart")
    parser.add_argument("--out", type=Written, metavar="FILE", help="write each row's scores to a .csv file")


def read(options: argparse.Namespace) -> Task:
    """The task in a table, or the bundled example."""
    from formulations.pca import covariance
    from problems.studies.components import constant
    from problems.studies.named_rows import table_of

    table = table_of(options, str(EXAMPLE))
    task = _robust if options.robust else _sparse if options.sparse is not None else _components
    try:
        given = covariance(table.values, standardise=not options.raw)
        found = task(table, given, options)
    except ValueError as error:
        raise InputError(f"{table.source}: {error}") from error
    return replace(
        found,
        notes=(*table.notes, *constant(table, given)),
        facts={"rows": len(table.rows), "columns": len(table.columns)},
        asked={**reading(options), **found.asked, "standardised": not options.raw},
    )


def _components(table: Table, given: Covariance, options: argparse.Namespace) -> Task:
    """Principal components, as many as are asked for."""
    from problems.studies.components import answer, describe, explained, write

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
        asked={"components": k},
        answer=lambda solution: answer(table, given, solution.answer),
        evidence=lambda _: {"variances_within": given.accuracy()} if len(given.matrix) <= ALL_PROVEN else {},
        measures=fewer,
        write=None if options.out is None else lambda solution: write(options.out, table, given, solution.answer),
    )


def _sparse(table: Table, given: Covariance, options: argparse.Namespace) -> Task:
    """One component with few loadings."""
    from formulations.sparse_pca import sparse_pca
    from problems.studies.components import answer, describe_sparse, tree_as_json, write

    def draw_sparse(solution: Solution) -> Figure:
        from problems.pictures.components import loadings_figure

        title = f"{table.source}: {options.sparse} variables, {solution.value:.4g} of {given.total:.4g} of the variance"
        return loadings_figure(solution.answer.loadings[:, 0], table.columns, f"{title}, {solution.status}")

    return Task(
        source=table.source,
        title="Sparse principal component",
        problem=lambda: sparse_pca(given, options.sparse, answer=lambda found: found),
        describe=lambda solution: describe_sparse(table, given, solution),
        draw=draw_sparse,
        asked={"sparse": options.sparse},
        answer=lambda solution: answer(table, given, solution.answer),
        evidence=lambda solution: tree_as_json(solution.certificate.proof),
        write=None if options.out is None else lambda solution: write(options.out, table, given, solution.answer),
    )


def _robust(table: Table, given: Covariance, options: argparse.Namespace) -> Task:
    """Components of the part of low rank, gross errors set apart."""
    from formulations.robust_pca import robust_pca
    from problems.studies.robust_components import describe_robust, robust_answer, robust_components, write_low_rank

    n, p = given.rows.shape
    if n * p > MOST_CELLS:
        raise ValueError(f"{n:,} rows of {p:,} columns are too many for --robust; give {MOST_CELLS:,} cells at most")

    def draw_robust(solution: Solution) -> Figure:
        from problems.pictures.components import robust_figure

        title = f"{table.source}: rank {solution.answer.rank} plus a sparse part, {solution.status}"
        found = robust_components(solution.answer)
        return robust_figure(solution.answer.low_rank, found, solution.answer.sparse, table.rows, table.columns, title)

    return Task(
        source=table.source,
        title="Low rank plus sparse",
        problem=lambda: robust_pca(given.rows.dense()),
        describe=lambda solution: describe_robust(table, solution),
        draw=draw_robust,
        asked={"robust": True},
        answer=lambda solution: robust_answer(table, solution.answer),
        write=None if options.out is None else lambda solution: write_low_rank(options.out, table, solution.answer),
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
    solvers=("eigen", "supports", "alm"),
    examples=("--data table.csv --plot components.png", "--data table.csv --explain .9 --out scores.csv"),
)

if __name__ == "__main__":
    main(RECIPE)
