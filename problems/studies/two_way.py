"""A table whose rows and columns are both put in order, each by their distances."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from problems.studies.ordering import DIRECTED, OBJECTIVES, criteria_within, how_good, listed, write_rows
from problems.studies.table_options import columns_argument, missing_argument
from problems.terminal.errors import InputError, quoted

if TYPE_CHECKING:
    from formulations.problem import Floats, Heuristic, Ints, Separable
    from problems.io.data_table import DataTable
    from solvers.solution import Solution

USUAL = "ls"  # the objective unless another is asked for: Hubert and Schultz's, which Robinson's tables are optimal for
DISTANCES = (  # of formulations.orders.table_distances
    "euclidean",
    "manhattan",
    "canberra",
    "correlation",
    "cosine",
    "bray-curtis",
    "jaccard",
    "brainerd-robinson",
    "chi-squared",
    "hellinger",
)
OPTIONS = ("columns", "missing", "distance", "standardize")
MAX_ITEMS = 10_000  # rows or columns: the distances of all pairs take 800 MB


@dataclass(frozen=True, eq=False)
class _Side:
    """The rows or the columns: their distances float64 (k, k), and orders of theirs to start from."""

    d: Floats
    starts: Sequence[Heuristic]


@dataclass(frozen=True, eq=False)
class TwoWay:
    """A table, and how its rows and columns are compared.

    values    float64 (n, m): the table, or its columns standardized
    sides     "rows" and "columns", those of which there are at least 2
    notes     on how it was read, and how distances were chosen
    """

    source: str
    table: DataTable
    values: Floats
    distance: str
    standardize: bool
    objective: str
    sides: Mapping[str, _Side]
    notes: Sequence[str] = ()

    @property
    def counts(self) -> bool:
        """Whether the distances are those of counts: rows are then shown as per cent."""
        from formulations.orders.table_distances import DISTANCES

        return not DISTANCES[self.distance].negative and not self.standardize

    def orders(self, solution: Solution) -> tuple[Ints, Ints]:
        """The rows and the columns in order; of a column order and its reverse, that which runs along with the rows."""
        import numpy as np

        n, m = self.values.shape
        found = {"rows": list(range(n)), "columns": list(range(m)), **solution.answer}
        rows, columns = np.array(found["rows"], dtype=np.int64), np.array(found["columns"], dtype=np.int64)
        if self.objective not in DIRECTED and self._against(rows, columns):
            columns = columns[::-1].copy()
        return rows, columns

    @cached_property
    def _weight(self) -> Floats:
        """How much each entry speaks for its row and its column to stand at the same end, float64 (n, m)."""
        from formulations.orders.table_distances import shares, standardized

        return shares(self.values) if self.counts else standardized(self.values)

    def _against(self, rows: Ints, columns: Ints) -> bool:
        """Whether large numbers lie along the other diagonal: places of rows and columns are correlated negatively."""
        import numpy as np

        down, right = (np.argsort(order) - (len(order) - 1) / 2 for order in (rows, columns))
        return bool(down @ self._weight @ right < 0)

    def named(self, solution: Solution) -> dict[str, list[str]]:
        """The names in order."""
        rows, columns = self.orders(solution)
        return {"rows": [self.table.rows[i] for i in rows], "columns": [self.table.columns[k] for k in columns]}


def table_arguments(parser: argparse.ArgumentParser) -> None:
    """What is asked of a table besides its file."""
    columns_argument(parser, "with --table")
    missing_argument(parser, "with --table")
    parser.add_argument(
        "--distance",
        metavar="NAME",
        type=str.lower,
        choices=DISTANCES,
        help=f"with --table: {', '.join(DISTANCES)} (default: brainerd-robinson for counts, jaccard for 0 and 1, else "
        "euclidean of standardized columns)",
    )
    parser.add_argument(
        "--standardize", action="store_true", help="with --table: columns to mean 0, variance 1 before distances"
    )


def read_two_way(options: argparse.Namespace, source: str) -> TwoWay:
    """The table that the options name, with the distances that they ask for."""
    from formulations.orders.table_distances import holds_counts, standardized
    from problems.io.data_table import read_data_table

    table = read_data_table(options.table, options.columns, options.missing or "refuse")
    _refuse_size(source, table)
    notes, distance, standardize = [*table.notes, *_about_pairs(table)], options.distance, options.standardize
    if distance is None and holds_counts(table.values) and not standardize:
        present = table.values.max() == 1
        distance, what = ("jaccard", "as present or not") if present else ("brainerd-robinson", "as per cent")
        notes.append(
            f"The numbers are whole, some 0, so they are taken as counts: --distance {distance} compares rows {what}; "
            "say --standardize if they are measurements."
        )
    elif distance is None:
        distance, standardize = "euclidean", True
        notes.append("The numbers are taken as measurements: --distance euclidean --standardize compares them.")
    if standardize:
        notes += _about_constants(table)
    values = standardized(table.values) if standardize else table.values
    try:
        sides = _sides(table, values, distance)
    except ValueError as error:
        raise InputError(f"{source}: {error}") from error
    return TwoWay(source, table, values, distance, standardize, options.objective or USUAL, sides, notes)


def _sides(table: DataTable, values: Floats, distance: str) -> dict[str, _Side]:
    """The rows and the columns, those that are fewer first: what they leave of the time is for the others."""
    from formulations.orders.table_distances import DISTANCES, row_distances
    from formulations.orders.table_orders import table_heuristics

    sides = {}
    for side, names in sorted((("rows", table.rows), ("columns", table.columns)), key=lambda named: len(named[1])):
        if len(names) > 1:
            columns = side == "columns"
            called = partial(_called, side, names)
            d = row_distances(values.T if columns else values, distance, called=called, columns=columns)
            starts = table_heuristics(values, columns=columns, as_shares=DISTANCES[distance].shares)
            sides[side] = _Side(d, starts)
    return sides


def _called(side: str, names: Sequence[str], k: int) -> str:
    return f"{side[:-1]} {quoted(names[k])}"


def _refuse_size(source: str, table: DataTable) -> None:
    for names, what in ((table.rows, "rows"), (table.columns, "columns")):
        if len(names) > MAX_ITEMS:
            raise InputError(f"{source}: has {len(names):,} {what}; an order takes at most {MAX_ITEMS:,}")
    if len(table.rows) < 2:
        raise InputError(f"{source}: has {len(table.rows)} row; an order needs at least 2")


def _about_constants(table: DataTable) -> Iterable[str]:
    constant = [name for name, column in zip(table.columns, table.values.T, strict=True) if (column == column[0]).all()]
    if constant:
        yield f"Column {quoted(constant[0])} has one value throughout and tells nothing."


def or_as_table(path: str) -> str:
    """The remedy for a file that is no square matrix but can be read as a table; "" for any other."""
    from problems.io.data_table import read_data_table

    try:
        n, m = read_data_table(path, missing="drop").values.shape
    except InputError:
        return ""
    return f"; or is it a table of {n:,} objects by {m:,} numbers? Then say --table" if n != m and min(n, m) > 1 else ""


def _about_pairs(table: DataTable) -> Iterable[str]:
    """What is to be said where the table is rather a matrix of similarities: square, symmetric, of the same names."""
    if list(table.rows) == list(table.columns) and len(table.rows) > 2 and (table.values == table.values.T).all():
        yield "Rows and columns have the same names, and the table is symmetric: --matrix orders it as what it then is."


def stated(two_way: TwoWay) -> Separable:
    """One order of the rows and one of the columns, by the same objective."""
    from formulations.problem import Separable
    from formulations.seriation import challenge, seriation
    from problems.studies.ordering import similarities

    if two_way.objective == "challenge":
        return Separable({name: challenge(similarities(side.d), side.starts) for name, side in two_way.sides.items()})
    criterion = OBJECTIVES[two_way.objective]
    return Separable({name: seriation(side.d, criterion, side.starts) for name, side in two_way.sides.items()})


def measures(two_way: TwoWay, solution: Solution, until: float) -> Mapping[str, Any]:
    """The criteria of both orders, as many as there is time for."""
    orders = dict(zip(("rows", "columns"), two_way.orders(solution), strict=True))
    return {"criteria": {name: criteria_within(side.d, orders[name], until) for name, side in two_way.sides.items()}}


def describe(two_way: TwoWay, solution: Solution) -> Iterable[str]:
    """How far from the best the orders may be, and both."""
    for name, part in solution.parts.items():
        yield from how_good(f"{two_way.objective} of the {name}", part)
    for name, names in two_way.named(solution).items():
        yield from listed(names, name)


def write(two_way: TwoWay, path: str, solution: Solution) -> None:
    """The table itself, its rows and columns in order, with their names."""
    import numpy as np

    names, values = two_way.named(solution), two_way.table.values[np.ix_(*two_way.orders(solution))]
    body = ([name, *(_number(x) for x in row)] for name, row in zip(names["rows"], values.tolist(), strict=True))
    write_rows(path, ["", *names["columns"]], body)


def _number(x: float) -> str:
    return str(int(x)) if x.is_integer() and abs(x) < 1e15 else repr(x)
