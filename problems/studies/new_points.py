"""Points of a second table, placed on a map of the first: --new."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.terminal.errors import InputError, quoted, safe

if TYPE_CHECKING:
    from formulations.embedding import Map
    from formulations.embeddings.neighbours import Neighbours
    from formulations.problem import Floats
    from problems.studies.points import Points

PLACED = ("mds", "isomap", "lle", "laplacian", "diffusion")  # methods that have a rule
SHOWN = 6  # points and coordinates in the text
MOST_DISTANCES = 100_000_000  # between new points and those of the map


@dataclass(frozen=True, eq=False)
class NewPoints:
    """m points by the same measurements as those of the map, float64 (m, p)."""

    source: str
    names: Sequence[str]
    values: Floats
    notes: Sequence[str] = ()

    def placed(self, method: str, points: Points, near: Neighbours | None, found: Map) -> Floats:
        """Their coordinates, (m, k); raises InputError where a coordinate cannot be told of them."""
        from scipy.spatial.distance import cdist

        from formulations import embedding
        from formulations.embeddings import placing

        X, assumed = found.coordinates, points.values
        assert assumed is not None
        away = np.asarray(cdist(self.values, assumed))
        if near is None:
            return placing.by_distances(points.distances, away, X)
        if method == "isomap":
            return placing.by_distances(near.paths, placing.lengths_of_paths(near, away), X)
        if method == "lle":
            return placing.by_averages(assumed, near, self.values, away, X)
        try:
            if method == "laplacian":
                return placing.by_graph(near, away, X, found.eigenvalues)
            width = embedding.kernel_width(near)
            return placing.by_kernel(points.distances, width, away, X, found.eigenvalues)
        except ValueError as error:
            raise InputError(f"{self.source}: {error}") from error

    def answer(self, method: str, points: Points, near: Neighbours | None, found: Map) -> dict[str, Any]:
        """Their coordinates in the file's order, with the names."""
        return {"new": self.placed(method, points, near, found).tolist(), "new_names": list(self.names)}

    def describe(self, answer: dict[str, Any]) -> list[str]:
        """Where some of them are."""
        m, k = len(answer["new"]), len(answer["new"][0])
        lines = [f"{m:,} point{'s' if m > 1 else ''} of {self.source} placed on the map"]
        for name, place in zip(self.names[:SHOWN], answer["new"], strict=False):
            lines.append(f"  {safe(str(name), 20):<20}" + "".join(f"{number:>14.6g}" for number in place[:SHOWN]))
        if m > SHOWN or k > SHOWN:
            lines.append(f"  ... of {m:,} points and {k} coordinates (--json and --out have them all)")
        return lines


def new_points(options: argparse.Namespace, method: str, points: Points) -> NewPoints | None:
    """The rows of the table that --new names, if any; raises InputError for what has no place on the map."""
    from formulations.embedding import MOST_SQUARED
    from problems.studies.named_rows import numbers_of, standardised, table_of

    if options.new is None:
        return None
    if points.table is None:
        raise InputError("--new has rows of measurements, as --data has; give both")
    if method not in PLACED:
        raise InputError(
            f"--new: {method} has no rule for points that its map was made without; choose {', '.join(PLACED)}, or "
            "map all points together"
        )
    table = table_of(argparse.Namespace(**{**vars(options), "data": options.new, "out": None}), "")
    if list(table.columns) != list(points.table.columns):
        ours, theirs = (", ".join(map(quoted, t.columns[:3])) for t in (table, points.table))
        raise InputError(
            f"{table.source}: has {len(table.columns)} columns, {ours} ..., and {points.source} "
            f"{len(points.table.columns)}, {theirs} ...; give the same in the same order, or choose by --columns"
        )
    if len(table.rows) * points.n > MOST_DISTANCES:
        raise InputError(f"{table.source}: give {MOST_DISTANCES // points.n:,} rows at most, in several files")
    values = numbers_of(table, standardise=False)
    if options.standardise:
        values = standardised(values, numbers_of(points.table, standardise=False))
    if not float(np.abs(values).max()) <= MOST_SQUARED:
        raise InputError(f"{table.source}: give numbers within {MOST_SQUARED:g}")
    return NewPoints(table.source, table.rows, values, table.notes)
