"""Points that are to be mapped: how they are read, and how good a map is, in words and as CSV."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.studies.methods import METHODS
from problems.studies.points import Points
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from formulations.embedding import Map
    from formulations.embeddings.neighbours import Neighbours
    from formulations.problem import Floats
    from problems.io.matrix import MatrixFile
    from solvers.solution import Solution

EXAMPLE, UNFOLDED = 1000, 400  # points of the swiss roll, fewer for a solver with a row for each pair of neighbours
DIMENSIONS = 2  # unless others are asked for
COMPARED = 10  # neighbours by which maps of all distances are judged
BY_DESCENT = ("smacof", "tsne")  # which have no eigenvalues
MOST_COMPARED = 5_000  # points of which all distances are compared with those on the map
SHOWN_ROWS, SHOWN = 12, 6  # points and coordinates in the text
MOST_SHARES = 10  # dimensions of which the residual variance is told


def swiss_roll(n: int, seed: int) -> tuple[Floats, Floats]:
    """n points on a rolled sheet 21 wide, (n, 3), and how far along the roll each is, from 0 to 1, (n,).

    >>> X, along = swiss_roll(5, 0)
    >>> X.shape, bool(((along >= 0) & (along <= 1)).all())
    ((5, 3), True)
    """
    rng = np.random.default_rng(seed)
    along, across = rng.random((2, n))
    angle = 1.5 * np.pi * (1 + 2 * along)
    return np.column_stack([angle * np.cos(angle), 21 * across, angle * np.sin(angle)]), along


def example(seed: int, method: str | None = None) -> Points:
    """The swiss roll, and where on it each point is."""
    n = UNFOLDED if method == "sdp" else EXAMPLE
    X, along = swiss_roll(n, seed)
    return Points("a swiss roll", [str(i) for i in range(1, n + 1)], X, position=along)


def of_table(options: argparse.Namespace) -> Points:
    """The rows of a table; raises InputError for too many cells."""
    from problems.studies.named_rows import numbers_of, refuse_cells, table_of

    table = table_of(options, "")
    refuse_cells(table)
    return Points(table.source, table.rows, numbers_of(table, options.standardise), notes=table.notes, table=table)


def of_matrix(file: MatrixFile, path: str) -> Points:
    """The points of a matrix: distances, or what is missing to the greatest similarity."""
    D = file.dissimilarities()
    names = file.names or [str(i) for i in range(1, len(D) + 1)]
    return Points(safe(Path(path).name, 200), names, None, D, file.notes)


def neighbours_of(method: str, points: Points, count: int | None) -> Neighbours | None:
    """So many neighbours of each point, or as many as are usual; None for methods of all distances.

    Raises InputError where they do not connect all points.
    """
    from formulations.embeddings.neighbours import connecting

    usual = METHODS[method].neighbours
    if not usual:
        return None
    asked = min(usual, points.n - 1) if count is None else count
    try:
        near = points.nearest(asked)
        if not near.connected:
            enough = connecting(points.nearest, asked, points.n).count
            sizes = np.sort(np.bincount(near.parts))[::-1]
            raise ValueError(
                f"the graph of {asked} nearest neighbours falls into {len(sizes):,} parts, the largest of "
                f"{sizes[0]:,} points; give --neighbours {enough}, which connects them, or map each part by itself"
            )
    except ValueError as error:
        raise InputError(f"{points.source}: {error}") from error
    return near


def trustworthiness(D: Floats, Y: Floats, count: int) -> float | None:
    """1, less what is near on the map Y (n, k) but far by D (n, n), by ranks; of `count` neighbours, below half of n.

    Venna and Kaski, Neighborhood preservation in nonlinear projection methods, 2001. None for fewer than 3 points.

    >>> line = np.arange(6.0)[:, None]
    >>> trustworthiness(abs(line - line.T), 2 * line, 2)
    1.0
    """
    from formulations.embeddings.neighbours import nearest

    n = len(D)
    K = min(count, (n - 1) // 2)
    if K < 1:
        return None
    itself = np.eye(n, dtype=bool)
    rank = np.argsort(np.argsort(np.where(itself, -1, D), axis=1, kind="stable"), axis=1)
    beyond = np.take_along_axis(rank, nearest(Y, K).index, axis=1) - K
    return float(1 - 2 / (n * K * (2 * n - 3 * K - 1)) * beyond.clip(0).sum())


def residual_variances(D: Floats) -> Floats:
    """1 - r^2 between distances D (n, n) and those on their map in 1, 2, ... dimensions, r the correlation; (m,).

    >>> residual_variances(np.array([[0.0, 3, 4], [3, 0, 5], [4, 5, 0]])).round(6).tolist()
    [0.006348, 0.0]
    """
    from scipy.spatial.distance import pdist, squareform

    from formulations.embedding import scaling
    from solvers import solve

    found: Map = solve(scaling(D, min(MOST_SHARES, len(D) - 1), lambda found: found)).answer
    kept = (found.coordinates != 0).any(axis=0)
    X, known = found.coordinates[:, kept], squareform(D, checks=False)
    with np.errstate(invalid="ignore"):
        r = [np.corrcoef(known, pdist(X[:, :k]))[0, 1] if len(D) > 2 else 1.0 for k in range(1, X.shape[1] + 1)]
    return np.asarray(np.nan_to_num(1 - np.array(r) ** 2, nan=0.0).clip(0))


def measures(method: str, points: Points, near: Neighbours | None, solution: Solution) -> dict[str, Any]:
    """What the map keeps, for the JSON and the text; nothing for too many points."""
    if points.n > MOST_COMPARED:
        return {}
    Y = solution.answer.coordinates
    found: dict[str, Any] = {
        "trustworthiness": trustworthiness(points.distances, Y, COMPARED if near is None else near.count)
    }
    if method == "smacof":
        from formulations.stress import normalised

        assert solution.value is not None
        found["stress_1"] = normalised(solution.value, Y)
    if method == "sdp":
        assert solution.values is not None
        X = solution.values["X"]
        found["unfolded_dimensions"] = X.shape[1]
        found["share_of_variance"] = float((Y**2).sum() / (X**2).sum()) if X.any() else 0.0
    if METHODS[method].keeps_distances:
        found["residual_variance"] = residual_variances(points.distances if near is None else near.paths).tolist()
    return {name: value for name, value in found.items() if value is not None}


def answer(points: Points, solution: Solution) -> dict[str, Any]:
    """Coordinates in the file's order, with the names, and the eigenvalue of each dimension.

    Where the answer has more dimensions than the map, which its value counts, also its further coordinates.
    """
    found: Map = solution.answer
    X = (solution.values or {}).get("X", found.coordinates)
    further = X[:, found.coordinates.shape[1] :]
    return {
        **({"further_coordinates": further.tolist()} if further.size else {}),
        "coordinates": found.coordinates.tolist(),
        "eigenvalues": found.eigenvalues.tolist(),
        "names": list(points.names),
    }


def describe(method: str, points: Points, count: int | None, found: Map, kept: dict[str, Any]) -> Iterable[str]:
    """How good the map is, and some of its points."""
    n, k = found.coordinates.shape
    by = (
        ""
        if count is None
        else f", {'about ' if method == 'tsne' else ''}{count} neighbour{'s' if count > 1 else ''} each"
    )
    yield f"{n:,} points in {k} dimension{'s' if k > 1 else ''} by {method}{by}"
    if "trustworthiness" in kept:
        yield f"  trustworthiness {kept['trustworthiness']:.4f} (1: all that are near on the map are near)"
    if "stress_1" in kept:
        yield f"  stress-1 {kept['stress_1']:.4f} (Kruskal's: 0 if all distances are kept)"
    if "unfolded_dimensions" in kept:
        yield _unfolded(k, kept["unfolded_dimensions"], kept["share_of_variance"])
    if "residual_variance" in kept:
        told = "  ".join(f"{share:.4f}" for share in kept["residual_variance"][:SHOWN])
        yield f"  residual variance in 1, 2, ... dimensions  {told}"
        lost = k - len(kept["residual_variance"])
        if lost > 0 and k <= MOST_SHARES:
            yield f"  the last {lost} of {k} coordinates are 0: the distances have no more dimensions"
    yield f"  {'squares of coordinates' if method in BY_DESCENT else 'eigenvalues'}  " + "  ".join(
        f"{value:.6g}" for value in found.eigenvalues[:SHOWN].tolist()
    )
    for name, place in zip(points.names[:SHOWN_ROWS], found.coordinates[:, :SHOWN].tolist(), strict=False):
        yield f"  {safe(str(name), 20):<20}" + "".join(f"{number:>14.6g}" for number in place)
    if n > SHOWN_ROWS or k > SHOWN:
        yield f"  ... of {n:,} points and {k} coordinates (--json and --out have them all)"


def _unfolded(k: int, p: int, share: float) -> str:
    """How many dimensions the unfolded points have, and what the map has of them."""
    said = f"  unfolded in {p} dimension{'s' if p > 1 else ''}"
    if p <= k:
        return f"{said}, all of which the map has: it loses nothing"
    advice = f"; -k {p} has all of it" if p <= MOST_SHARES else ""
    return f"{said}, of whose variance the map has {share:.2%}{advice}"


def write(path: str, names: Sequence[str], coordinates: Floats) -> None:
    """The coordinates of each point, below a header, as CSV."""
    from problems.studies.ordering import write_rows

    heads = [f"x{j}" for j in range(1, coordinates.shape[1] + 1)]
    rows = zip(names, coordinates.tolist(), strict=True)
    write_rows(path, ["", *heads], ([name, *place] for name, place in rows))
