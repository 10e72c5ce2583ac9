"""An order in which what is alike stands together: python -m problems.seriation --matrix file.csv."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.running.matrix_options import matrix_arguments, matrix_of, refuse_without_matrix, similarities_of
from problems.studies import two_way
from problems.studies.ordering import OBJECTIVES, clipped, criteria_within, how_good, listed, similarities, write_order
from problems.terminal.arguments import Given, Written
from problems.terminal.errors import InputError, safe
from problems.terminal.files import check_writable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Floats, Problem, SearchProblem
    from problems.studies.two_way import TwoWay
    from solvers.solution import Solution


@dataclass(frozen=True, eq=False)
class _Data:
    """n items, dissimilarities d and, where they have a meaning, similarities s = 1 - d / furthest; float64 (n, n)."""

    source: str
    items: Sequence[Hashable]
    d: Floats
    notes: Sequence[str] = ()
    furthest: float = 1.0

    @cached_property
    def s(self) -> Floats:
        """The similarities; raises InputError where the dissimilarities are not within 0 and 1."""
        try:
            return similarities(self.d if self.furthest == 1 else self.d / self.furthest)
        except ValueError as error:
            raise InputError(f"{self.source}: {error}") from None

    def named(self, solution: Solution) -> list[Hashable]:
        """The items in the order found."""
        return [self.items[i] for i in solution.answer]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--matrix", type=Given, metavar="FILE", help="a square matrix or a triangle: text, or .npy")
    given.add_argument(
        "--similarity", type=Given, metavar="FILE", help="pairs: a CSV with columns user1, user2, similarity"
    )
    given.add_argument(
        "--table", type=Given, metavar="FILE", help="objects by measurements or counts: a CSV with their names"
    )
    matrix_arguments(parser)
    parser.add_argument(
        "--objective",
        metavar="NAME",
        choices=("challenge", *OBJECTIVES),
        type=str.lower,
        help=f"what is best: challenge (default), {', '.join(OBJECTIVES)} ({two_way.USUAL} for a table)",
    )
    parser.add_argument(
        "--out", type=Written, metavar="FILE", help="write the order, or the table in order, to a .csv file"
    )
    two_way.table_arguments(parser)


def read(options: argparse.Namespace) -> Task:
    """The task in a matrix or a file of pairs."""
    until = math.inf if options.time_limit is None else time.monotonic() + options.time_limit
    for option in two_way.OPTIONS:
        if getattr(options, option) and options.table is None:
            raise InputError(f"--{option} goes with --table; give both or neither")
    if options.out is not None:
        check_writable("--out", options.out, (".csv",))
    if options.table is not None:
        refuse_without_matrix(options, "--matrix")
        return _of_table(options, until)
    data, objective = _data(options), options.objective or "challenge"
    if len(data.items) < 2:
        raise InputError(f"{data.source}: has {len(data.items)} item; an order needs at least 2")

    def problem() -> Problem | SearchProblem:
        from formulations.seriation import challenge, seriation

        return challenge(data.s) if objective == "challenge" else seriation(data.d, OBJECTIVES[objective])

    return Task(
        source=data.source,
        problem=problem,
        describe=lambda solution: describe(data, objective, solution),
        draw=lambda solution: draw(data, objective, solution),
        notes=[*data.notes, *(clipped(data.s) if objective == "challenge" else ())],
        facts={"items": len(data.items)},
        answer=data.named,
        measures=lambda solution: measures(data, solution, until),
        write=None if options.out is None else lambda solution: write_order(options.out, data.named(solution)),
    )


def _of_table(options: argparse.Namespace, until: float) -> Task:
    """The task in a table: both its rows and its columns are put in order."""
    table = two_way.read_two_way(options, _base(options.table))
    n, m = table.values.shape
    return Task(
        source=table.source,
        title=f"Order of the {' and '.join(sorted(table.sides, reverse=True))}",
        problem=lambda: two_way.stated(table),
        describe=lambda solution: two_way.describe(table, solution),
        draw=lambda solution: draw_table(table, solution),
        notes=table.notes,
        facts={"rows": n, "columns": m},
        asked={name: getattr(table, name) for name in ("objective", "distance", "standardize")},
        answer=table.named,
        measures=lambda solution: two_way.measures(table, solution, until),
        write=None if options.out is None else lambda solution: two_way.write(table, options.out, solution),
    )


def _data(options: argparse.Namespace) -> _Data:
    """What the arguments name, or the bundled example."""
    path = options.matrix or options.similarity
    if path is not None:
        from problems.io.pairs import Pairs

        try:
            file = similarities_of(options, path) if options.matrix is None else matrix_of(options, path)
        except InputError as error:
            raise InputError(f"{error}{two_way.or_as_table(path)}") from None
        if isinstance(file, Pairs):
            return _Data(_base(path), file.items, 1 - file.matrix(), file.notes)
        d = file.dissimilarities()
        return _Data(_base(path), file.names or range(1, len(d) + 1), d, file.notes, file.furthest)
    refuse_without_matrix(options, "--matrix")
    from problems.studies.ordering import example

    code = example()
    return _Data("the example cohort", code.items, 1 - code.matrix, code.notes)


def _base(path: str) -> str:
    return safe(os.path.basename(path), 200)


def measures(data: _Data, solution: Solution, until: float) -> Mapping[str, Any]:
    """The criteria of the order, as many as there is time for."""
    import numpy as np

    return {"criteria": criteria_within(data.d, np.array(solution.answer, dtype=np.int64), until)}


def describe(data: _Data, objective: str, solution: Solution) -> Iterable[str]:
    """How far from the best it may be, and the order."""
    yield from how_good(objective, solution)
    yield from listed(data.named(solution))


def draw(data: _Data, objective: str, solution: Solution) -> Figure:
    """The matrix as given and in order, with a clustering's dendrogram if it has the order."""
    import numpy as np

    from problems.pictures.heatmap import figure_of
    from problems.studies.ordering import dendrogram

    order = np.array(solution.answer, dtype=np.int64)
    alike = data.d.max() <= data.furthest
    return figure_of(
        data.s if alike else data.d,
        order,
        items=[str(item) for item in data.items],
        title=f"{data.source}: {objective} {solution.value:.6g}",
        kind="similarity" if alike else "dissimilarity",
        tree=dendrogram(data.d, order),
    )


def draw_table(table: TwoWay, solution: Solution) -> Figure:
    """The table as given and in order."""
    from problems.pictures.two_way import by_column, by_row, figure_of

    values = table.table.values
    return figure_of(
        by_row(values) if table.counts else by_column(values),
        table.orders(solution),
        rows=table.table.rows,
        columns=table.table.columns,
        title=f"{table.source}: {table.objective} of {table.distance} distances",
    )


RECIPE = Recipe(
    "seriation",
    "Seriation, what is alike standing together, with a bound on any other order.",
    arguments,
    read,
    solvers=("enumeration", "subsets", "local-search", "insertion", "faq", "glop", "highs", "scip", "cp-sat"),
    examples=("--matrix d.npy --objective path", "--table counts.csv --plot table.png"),
    columns={"answer": ("item",), "rows": ("row",), "columns": ("column",)},
)

if __name__ == "__main__":
    main(RECIPE)
