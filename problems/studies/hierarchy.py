"""A hierarchy of rows: what is clustered, how the answer is told, rules side by side, groups as CSV."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.studies.groups import some_of
from problems.studies.ordering import write_rows
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from formulations.arithmetic.lance_williams import Rule
    from formulations.problem import Floats, Ints
    from problems.io.matrix import MatrixFile
    from solvers.solution import Solution

LEAST = 1e-100  # of the largest distance, so that its square is a number
MOST = 10_000  # rows, whose distances take 800 MB
ORDERED = 1_000  # rows whose leaves are put in their best order, in n^3 steps
SHOWN_MERGES, SHOWN_GROUPS, SHOWN_INVERSIONS = 8, 12, 5
EUCLIDEAN = ("centroid", "ward")


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to be clustered by their distances d (n, n); and, unless these were given, by which values (n, p)."""

    source: str
    names: Sequence[str]
    d: Floats
    values: Floats | None
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> int:
        """How many columns were compared, 0 of distances that were given."""
        return 0 if self.values is None else self.values.shape[1]


def rows_of_table(options: argparse.Namespace, example: str) -> Rows:
    """The rows of the table that the arguments name, or of the example."""
    from scipy.spatial.distance import pdist, squareform

    from problems.studies.named_rows import numbers_of, table_of

    table = table_of(options, example)
    n = len(table.rows)
    _refuse_many(table.source, n)
    values = numbers_of(table, options.standardise)
    d = squareform(pdist(values)) if n > 1 else np.zeros((1, 1))
    _refuse_small(table.source, float(d.max()) or float(np.ptp(values, axis=0).max()))
    return Rows(table.source, table.rows, d, values, table.notes)


def rows_of_matrix(file: MatrixFile, path: str, rule: Rule) -> Rows:
    """The rows of a matrix, similarities being 1 - d."""
    source = safe(Path(path).name, 200)
    d = file.dissimilarities()
    np.fill_diagonal(d, 0)
    n = len(d)
    _refuse_many(source, n)
    _refuse_small(source, float(d.max()))
    notes = list(file.notes)
    if d.min() < 0:
        raise InputError(f"{source}: has distances down to {d.min():g}; clustering needs them from 0 on")
    if rule in EUCLIDEAN:
        notes.append(f"{rule} linkage takes the distances of a matrix for Euclidean ones")
    return Rows(source, [str(name) for name in file.names or range(1, n + 1)], d, None, tuple(notes))


def _refuse_many(source: str, n: int) -> None:
    if n > MOST:
        raise InputError(
            f"{source}: has {n:,} rows, whose distances need {8e-9 * n * n:.1f} GB; cluster at most {MOST:,}, such as "
            "a sample or the centers of problems.kmeans"
        )


def _refuse_small(source: str, largest: float) -> None:
    if 0 < largest < LEAST:
        raise InputError(f"{source}: rows differ by {largest:g} at most, whose square rounds to 0; choose another unit")


def labels_of(merges: Floats, options: argparse.Namespace) -> Ints | None:
    """The groups that are asked for, by number or height; None if none are."""
    from formulations.arithmetic.merges import groups, groups_below

    if options.groups is not None:
        return groups(merges, options.groups)
    return None if options.height is None else groups_below(merges, options.height)


def order_of(rows: Rows, merges: Floats) -> Ints:
    """The order of the leaves in which neighbours are nearest, of many rows one that the hierarchy allows."""
    from formulations.arithmetic.merges import layout
    from formulations.orders.leaf_order import optimal_leaf_order

    return optimal_leaf_order(rows.d, merges)[0] if len(rows.d) <= ORDERED else layout(merges).leaves


def cophenetic_correlation(d: Floats, merges: Floats) -> float | None:
    """The correlation of distances with the heights at which pairs meet; None where either are all the same.

    Sokal and Rohlf, The comparison of dendrograms by objective methods, 1962.

    >>> d = np.array([[0.0, 4, 1], [4, 0, 5], [1, 5, 0]])
    >>> round(cophenetic_correlation(d, np.array([[0, 2, 1.0, 2], [1, 3, 4.5, 3]])), 6)
    0.970725
    """
    from formulations.arithmetic.merges import across, layout

    at, heights = layout(merges), merges[:, 2]
    many = float(at.pairs.sum())
    if not many:
        return None
    sums = across(d, at, np.sum)
    mean, high = float(sums.sum()) / many, float(heights @ at.pairs) / many
    squares = float(across(d, at, lambda block: ((block - mean) ** 2).sum()).sum())
    spread = float((heights - high) ** 2 @ at.pairs)
    if not squares > 1e-24 * many * mean**2 or not spread > 1e-24 * many * high**2:
        return None
    return float((heights - high) @ (sums - at.pairs * mean) / math.sqrt(squares * spread))


def within_groups(values: Floats, labels: Ints) -> tuple[float, float]:
    """The sum of squares about the groups' means, and what it is at least for as many groups, by components."""
    from formulations.arithmetic.partition_bounds import BY_COMPONENTS
    from formulations.kmeans import kmeans

    k, unit = int(labels.max()) + 1, float(np.abs(values).max()) or 1.0
    values = values / unit  # so that squares, and their squares, are numbers
    centers = np.array([values[labels == group].mean(axis=0) for group in range(k)])
    found = float(((values - centers[labels]) ** 2).sum())
    try:
        problem = kmeans(values, k)
    except ValueError:  # fewer different rows than groups
        return found * unit**2, 0.0
    bounds = [float(dual.bound(())) for dual in problem.weak_duals if dual.name == BY_COMPONENTS]
    return found * unit**2, max(0.0, *bounds) * unit**2


def answer(rows: Rows, solution: Solution, options: argparse.Namespace) -> dict[str, Any]:
    """Merges, the leaves from one end to the other, and the groups' labels if they are asked for."""
    merges = merges_of(solution)
    labels = labels_of(merges, options)
    found = {"merges": merges.tolist(), "order": order_of(rows, merges).tolist()}
    return found if labels is None else {**found, "labels": labels.tolist()}


def merges_of(solution: Solution) -> Floats:
    """The merges, (n - 1, 4)."""
    return np.array(solution.answer, dtype=np.float64).reshape(-1, 4)


def measures(rows: Rows, solution: Solution, options: argparse.Namespace) -> dict[str, Any]:
    """What is known of the hierarchy besides its cost."""
    from formulations.arithmetic.merges import inversions
    from formulations.clustering import open_choices

    merges = merges_of(solution)
    found: dict[str, Any] = {
        "cophenetic_correlation": cophenetic_correlation(rows.d, merges),
        "inversions": (inversions(merges) + 1).tolist(),
        "ties": open_choices(rows.d, merges, options.linkage),
    }
    labels = labels_of(merges, options)
    if labels is not None and rows.values is not None:
        found["within_groups"], found["within_groups_at_least"] = within_groups(rows.values, labels)
    return found


def describe(rows: Rows, solution: Solution, options: argparse.Namespace) -> Iterable[str]:
    """What the rule solves or not, what is odd about the hierarchy, its last merges and its groups."""
    merges, known = merges_of(solution), measures(rows, solution, options)
    yield _solved(solution, options.linkage)
    if known["cophenetic_correlation"] is not None:
        yield f"  heights at which rows meet correlate with distances by {known['cophenetic_correlation']:.4f}"
    if known["ties"]:
        times = "once" if known["ties"] == 1 else f"{known['ties']:,} times"
        same = options.linkage == "single"
        what = "the order of merges is not unique, the heights are" if same else "the rule makes other hierarchies too"
        yield f"  {times} a third cluster was as near as the two that were merged: {what}"
    if known["inversions"]:
        yield f"  {_inverted(known['inversions'])}"
    yield from _last(merges, len(rows.names))
    labels = labels_of(merges, options)
    if labels is not None:
        yield from _groups(rows, labels, known)
        if options.groups is not None and _level(merges, options.groups):
            yield "  (the next merge is as high as the last that is done: another cut is as good)"


def _solved(solution: Solution, rule: Rule) -> str:
    if rule == "single":
        return f"{rule} linkage: no ultrametric below the distances is larger" + (", proven" if solution.proven else "")
    if solution.proven:
        return f"{rule} linkage: no hierarchy has a smaller cost (Dasgupta's), proven"
    if solution.bound is None or not solution.bound > 0:
        return f"{rule} linkage: how much smaller the cost of another hierarchy can be (Dasgupta's) is not bounded"
    assert solution.value is not None
    more = solution.value / solution.bound - 1
    return f"{rule} linkage: a cost (Dasgupta's) at most {more:.2%} above that of the best hierarchy"


def _inverted(merges: Sequence[int]) -> str:
    """Which merges are lower than what they merge."""
    shown = ", ".join(map(str, merges[:SHOWN_INVERSIONS])) + (" ..." if len(merges) > SHOWN_INVERSIONS else "")
    return f"inversions: merge{'s' if len(merges) > 1 else ''} {shown} lower than a cluster that is merged there"


def _level(merges: Floats, k: int) -> bool:
    """Whether the last merge that is done and the next one are equally high."""
    done = len(merges) + 1 - k
    return 0 < done < len(merges) and bool(merges[done - 1, 2] == merges[done, 2])


def _last(merges: Floats, n: int) -> Iterable[str]:
    """The last merges."""
    sizes = np.r_[np.ones(n), merges[:, 3]]
    if not len(merges):
        yield "  one row: nothing to merge"
        return
    yield f"  {'merge':>6} {'height':>12}  rows"
    for i in range(len(merges) - 1, max(len(merges) - 1 - SHOWN_MERGES, -1), -1):
        left, right = (int(sizes[int(end)]) for end in merges[i, :2])
        yield f"  {i + 1:>6,} {merges[i, 2]:>12.6g}  {left:,} and {right:,}"
    if len(merges) > SHOWN_MERGES:
        yield f"  ... {len(merges) - SHOWN_MERGES:,} more (--json has them all)"


def _groups(rows: Rows, labels: Ints, known: Mapping[str, Any]) -> Iterable[str]:
    """The groups and some of their rows."""
    k = int(labels.max()) + 1
    yield f"{k:,} group{'s' if k > 1 else ''}"
    if "within_groups" in known:
        least = known["within_groups_at_least"]
        others = f"; of any {k:,} groups at least {least:.8g}" if least > 0 else ""
        yield f"  sum of squares within groups {known['within_groups']:.8g}{others} (problems.kmeans finds the least)"
    for group in range(min(k, SHOWN_GROUPS)):
        names = [rows.names[i] for i in np.flatnonzero(labels == group).tolist()]
        yield f"  group {group} ({len(names):,}): {some_of(names)}"
    if k > SHOWN_GROUPS:
        yield f"  ... {k - SHOWN_GROUPS:,} more (--json and --out have them all)"


def write(path: str, rows: Rows, labels: Ints) -> None:
    """The label of each row, below a header, as CSV."""
    write_rows(path, ("", "group"), zip(rows.names, labels.tolist(), strict=True))
