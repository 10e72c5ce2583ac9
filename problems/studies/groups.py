"""Groups of the rows of a table: demands by name, how the answer is told, silhouettes, and labels as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.studies.ordering import write_rows
from problems.terminal.errors import InputError, most_of, quoted, safe

if TYPE_CHECKING:
    from formulations.kmeans import Groups
    from formulations.problem import Floats, Ints
    from problems.studies.named_rows import Table
    from solvers.solution import Solution

SHOWN_ROWS, SHOWN_COLUMNS, SHOWN_GROUPS = 8, 6, 12  # of a group, of a center, and groups in the text
MOST_SILHOUETTES = 5_000  # rows of which distances between all pairs are computed
NAME_WIDTH = 14


def pairs_of(table: Table, option: str, given: Sequence[Sequence[str]] | None) -> list[tuple[int, int]]:
    """The row numbers, from 0, of pairs that are given by names or by numbers from 1 on; raises InputError."""
    number = {name: i for i, name in enumerate(table.rows)}

    def row(text: str) -> int:
        if text in number:
            return number[text]
        if text.isascii() and text.isdigit() and 1 <= int(text) <= len(table.rows):
            return int(text) - 1
        raise InputError(
            f"--{option}: {table.source} has no row {quoted(text)}; rows are named {quoted(table.rows[0])} to "
            f"{quoted(table.rows[-1])}, or numbered 1 to {len(table.rows):,}"
        )

    return [(row(first), row(second)) for first, second in given or ()]


def silhouettes(values: Floats, labels: Ints) -> Floats:
    """(b - a) / max(a, b) of each row, (n,): a its mean distance to its own group, b to the nearest other one.

    0 for rows that are alone. Rousseeuw, Silhouettes, 1987.

    >>> silhouettes(np.array([[0.0], [1.0], [10.0]]), np.array([0, 0, 1])).round(3).tolist()
    [0.9, 0.889, 0.0]
    """
    from scipy.spatial.distance import cdist

    k, rows = int(labels.max()) + 1, np.arange(len(values))
    counts = np.bincount(labels, minlength=k)
    distances = cdist(values, values)
    to = np.column_stack([distances[:, labels == group].sum(axis=1) for group in range(k)])
    own = to[rows, labels] / np.maximum(counts[labels] - 1, 1)
    to = to / counts
    to[rows, labels] = np.inf
    nearest = to.min(axis=1) if k > 1 else np.zeros(len(values))
    with np.errstate(invalid="ignore"):
        found = (nearest - own) / np.maximum(nearest, own)
    return np.where((counts[labels] == 1) | ~np.isfinite(found), 0.0, found)


def mean_silhouette(values: Floats, labels: Ints) -> float | None:
    """The mean over all rows; None for too many rows."""
    return float(silhouettes(values, labels).mean()) if len(values) <= MOST_SILHOUETTES else None


def some_of(names: Sequence[str]) -> str:
    """The first rows of a group by name, and how many more there are."""
    few, more = most_of(names, SHOWN_ROWS)
    return ", ".join(safe(name, 24) for name in few) + (f" and {more:,} more" if more else "")


def answer(table: Table, found: Groups) -> dict[str, Any]:
    """Labels by row in the file's order, from 0, and the means of the groups in the units that were compared."""
    return {"labels": found.labels.tolist(), "centers": found.centers.tolist(), "columns": list(table.columns)}


def describe(table: Table, values: Floats, solution: Solution) -> Iterable[str]:
    """The groups: sizes, means and some of their rows."""
    found: Groups = solution.answer
    counts = np.bincount(found.labels)
    total = float(((values - values.mean(axis=0)) ** 2).sum())
    k, between = len(counts), 1 - (solution.value or 0.0) / (total or 1.0)
    yield f"{k} groups, whose means differ by {between:.2%} of all squares"
    mean = mean_silhouette(values, found.labels)
    if mean is not None and k > 1:
        yield f"  mean silhouette {mean:.4f}"
    shown = table.columns[:SHOWN_COLUMNS]
    heads = "".join(f" {safe(name, NAME_WIDTH - 2):>{NAME_WIDTH}}" for name in shown)
    yield f"  {'group':>6} {'rows':>8}{heads}"
    for group in range(min(k, SHOWN_GROUPS)):
        numbers = "".join(f" {number:>{NAME_WIDTH}.6g}" for number in found.centers[group, : len(shown)].tolist())
        yield f"  {group:>6} {counts[group]:>8,}{numbers}"
    if k > SHOWN_GROUPS or len(table.columns) > len(shown):
        yield f"  ... of {k:,} groups and {len(table.columns):,} columns (--json has them all)"
    for group in range(min(k, SHOWN_GROUPS)):
        names = [table.rows[i] for i in np.flatnonzero(found.labels == group).tolist()]
        yield f"  group {group}: {some_of(names)}"


def write(path: str, table: Table, found: Groups) -> None:
    """The label of each row, below a header, as CSV."""
    write_rows(path, ("", "group"), zip(table.rows, found.labels.tolist(), strict=True))


@dataclass(frozen=True)
class Several:
    """What came of one number of groups."""

    k: int
    value: float | None
    bound: float | None
    status: str
    silhouette: float | None
    labels: Sequence[int]


def several(values: Floats, ks: Iterable[int], solved: Any) -> Iterator[Several]:
    """Each number of groups, solved by a function k -> Solution."""
    for k in ks:
        solution: Solution = solved(k)
        if solution.answer is None:
            yield Several(k, None, None, solution.status, None, ())
            continue
        labels = solution.answer.labels
        mean = mean_silhouette(values, labels) if k > 1 else None
        yield Several(k, solution.value, solution.bound, solution.status, mean, labels.tolist())


def lines(rows: Sequence[Several]) -> list[str]:
    """The numbers of groups as a table."""

    def number(value: float | None, digits: int = 8) -> str:
        return "" if value is None else f"{value:.{digits}g}"

    head = f"{'groups':>6} {'sum of squares':>16} {'at least':>16} {'silhouette':>11}  status"
    return [head] + [
        f"{row.k:>6} {number(row.value):>16} {number(row.bound):>16} {number(row.silhouette, 4):>11}  {row.status}"
        for row in rows
    ]


def as_json(rows: Sequence[Several]) -> Mapping[str, Any]:
    """The same for --json."""
    return {"rows": [vars(row) for row in rows]}
