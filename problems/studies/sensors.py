"""Sensors that are to be placed by some distances, to each other and to anchors: how they are read, and their text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.terminal.errors import InputError, quoted, safe

if TYPE_CHECKING:
    from formulations.graphs import Network
    from formulations.problem import Bools, Floats, SearchProblem
    from problems.io.raw_table import RawTable
    from solvers.solution import Solution

SHOWN = 12  # sensors in the text
FREE = 1e-6  # of the largest distance, squared: what a sensor may have in further dimensions by rounding
MOST_DIMENSIONS = 10  # of anchors' coordinates


@dataclass(frozen=True, eq=False)
class Sensors:
    """Points, and the distances between them that are known; fixed, (n, d): where anchors are, nan for sensors."""

    source: str
    network: Network
    fixed: Floats
    notes: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        """Of all points."""
        return [str(node) for node in self.network.nodes]

    @property
    def free(self) -> Bools:
        """Which are sensors, (n,)."""
        return np.asarray(np.isnan(self.fixed[:, 0]))

    def problem(self) -> SearchProblem:
        """The positions that contradict the distances least."""
        from formulations.localisation import localisation

        g = self.network
        return localisation(g.tail, g.head, g.weight, self.fixed)


def sensors_of(graph: str | None, matrix: str | None, anchors: str, items: int | None) -> Sensors:
    """The distances in a list or in a matrix, and the anchors; raises InputError for what does not fit."""
    from problems.io import read_graph
    from problems.io.matrix import read_known_distances

    path = matrix or graph
    assert path is not None
    file = read_graph(path, directed=False) if matrix is None else read_known_distances(path, items)
    source = safe(os.path.basename(path), 200)
    names, places = read_anchors(anchors)
    file = file.naming(names)
    network, notes = _between_two(file.network, list(file.notes))
    if not network.m:
        raise InputError(f"{source}: has no distance between two points; give some")
    nodes = {str(node): i for i, node in enumerate(network.nodes)}
    unknown = [name for name in names if name not in nodes]
    if unknown:
        raise InputError(
            f"{safe(anchors, 200)}: names an anchor {quoted(unknown[0])}, which {source} gives no distance of; "
            f"its points are {', '.join(quoted(name) for name in list(nodes)[:3])} and so on"
        )
    fixed = np.full((network.n, places.shape[1]), np.nan)
    fixed[[nodes[name] for name in names]] = places
    return Sensors(source, network, fixed, notes)


def _between_two(network: Network, notes: list[str]) -> tuple[Network, list[str]]:
    """The distances but those of a point to itself."""
    from dataclasses import replace

    kept = network.tail != network.head
    if kept.all():
        return network, notes
    notes.append(f"Distances of a point to itself, left out: {int((~kept).sum()):,}.")
    ends = {"tail": network.tail[kept], "head": network.head[kept], "weight": network.weight[kept]}
    return replace(network, **ends), notes


def read_anchors(path: str) -> tuple[list[str], Floats]:
    """The names and places, (a, d), of anchors: a table with the name in the first column, coordinates in the others.

    Raises InputError for what is no such table.
    """
    from problems.io.content import read_file
    from problems.io.raw_table import of_text

    def parse(data: bytes, suffix: str) -> tuple[list[str], Floats]:
        if suffix == ".npy":
            raise InputError("holds numbers without names; give a .csv file, the name of an anchor in the first column")
        return _anchors(of_text(data))

    return read_file(path, parse, "anchors")


def _anchors(raw: RawTable) -> tuple[list[str], Floats]:
    names, places = [name.strip() for name in raw.cells[0]], raw.values[:, 1:]
    if not 1 <= places.shape[1] <= MOST_DIMENSIONS:
        raise InputError(
            f"has {places.shape[1]} columns beside the first; give a name and 1 to {MOST_DIMENSIONS} coordinates"
        )
    for i, j in np.argwhere(~np.isfinite(places)).tolist():
        raise InputError(
            f"{raw.where[i]}, column {raw.called(j + 1)} is {quoted(raw.cells[j + 1][i])}; give each anchor numbers, "
            "a name in the first column, and leave out sensors"
        )
    again = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if again is not None:
        raise InputError(f"names the anchor {quoted(again)} twice; keep one of its places")
    return names, places


def measures(sensors: Sensors, solution: Solution) -> dict[str, Any]:
    """Which sensors the distances leave no choice, and how far from some place all as good positions are."""
    form: Any = sensors.problem().objective
    found: dict[str, Any] = {}
    if "excess" in solution.stats:
        unit = float(sensors.network.weight.max()) ** 2
        found["uniquely_localisable"] = [excess <= FREE * unit for excess in solution.stats["excess"]]
    if "weights" in solution.stats and solution.value is not None:
        radius = float(form.radius(np.array(solution.stats["weights"]), solution.value)[1])
        found["radius"] = radius if np.isfinite(radius) else None
    return found


def answer(sensors: Sensors, solution: Solution) -> dict[str, Any]:
    """The coordinates of all points, in the file's order, with their names."""
    return {
        "coordinates": solution.answer.tolist(),
        "names": sensors.names,
        "anchors": [name for name, free in zip(sensors.names, sensors.free, strict=True) if not free],
    }


def describe(sensors: Sensors, solution: Solution, kept: dict[str, Any]) -> Iterable[str]:
    """Where sensors are, and which of them could be elsewhere."""
    free = np.flatnonzero(sensors.free)
    yield (
        f"{len(free):,} sensor{'s' * (len(free) != 1)} by {sensors.network.m:,} distances, "
        f"{sensors.network.n - len(free):,} anchors in {sensors.fixed.shape[1]} dimensions"
    )
    sure = kept.get("uniquely_localisable", [])
    if sure:
        yield f"  uniquely localisable  {sum(sure):,} of {len(sure):,}, by the trace of the relaxation's matrix"
    if kept.get("radius") is not None and kept["radius"] < sensors.network.weight.max():
        yield f"  proven: all positions that are as good lie within {kept['radius']:.3g} of one place, taken together"
    for place, i in enumerate(free[:SHOWN].tolist()):
        elsewhere = "" if not sure or sure[place] else "   perhaps elsewhere"
        numbers = "".join(f"{number:>14.6g}" for number in solution.answer[i].tolist())
        yield f"  {safe(sensors.names[i], 20):<20}{numbers}{elsewhere}"
    if len(free) > SHOWN:
        yield f"  ... of {len(free):,} sensors (--json and --out have them all)"
