"""TSPLIB .tsp and .atsp as a complete graph, with the distances exactly as TSPLIB 95 defines them.

vrplib is not used, as it reads two of the nine matrix formats and does not round distances.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from formulations.problem import Floats, Ints
from problems.io.parsed import MAX_COMPLETE, Parsed, number
from problems.terminal.errors import InputError, quoted, safe

EARTH_RADIUS, PI = 6378.388, 3.141592  # km; both as in the TSPLIB report
SECTIONS = ("DISPLAY_DATA_SECTION", "NODE_COORD_SECTION", "EDGE_WEIGHT_SECTION")
MATRICES = (
    "FULL_MATRIX",
    *(f"{half}_{line}" for half in ("UPPER", "LOWER") for line in ("ROW", "COL", "DIAG_ROW", "DIAG_COL")),
)

WHOLE = {  # what becomes of distances, where it is not plain rounding
    "CEIL_2D": "rounded up to whole numbers",
    "ATT": "divided by the root of 10 and rounded up to whole numbers",
    "GEO": "whole kilometres on the globe",
}

Rows = list[tuple[int, str]]  # numbered lines
Distance = Callable[[Floats, Ints, Ints], Floats]


def parse(text: str) -> Parsed:
    r"""The complete graph of a TSPLIB instance, directed if it is asymmetric (ATSP); raises InputError.

    >>> head = "DIMENSION: 3\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n"
    >>> graph = parse(head + "1 0 0\n2 3 4\n3 1 1\n")
    >>> graph.tail.tolist(), graph.head.tolist(), graph.columns["weight"].tolist()  # distances rounded to integers
    ([0, 0, 1], [1, 2, 2], [5.0, 1.0, 4.0])
    """
    spec, sections = _split(text)
    kind = (spec.get("TYPE", "TSP").split() or [""])[0]
    if kind not in ("TSP", "ATSP"):
        raise InputError(f"has TYPE {quoted(kind)}; only TYPE TSP (symmetric) and ATSP (asymmetric) are read")
    directed = kind == "ATSP"
    n = number(spec.get("DIMENSION", ""))
    if not isinstance(n, int) or n < 1:
        raise InputError(f"has DIMENSION {quoted(spec.get('DIMENSION', ''))}; give the number of nodes")
    edges = n * (n - 1) // (1 if directed else 2)
    if edges > MAX_COMPLETE:
        raise InputError(
            f"is a complete graph on {safe(n)} nodes with {safe(edges)} edges; "
            f"at most {MAX_COMPLETE} are read: give a smaller instance, or a sparse graph"
        )
    metric = spec.get("EDGE_WEIGHT_TYPE", "")
    tail, head = np.nonzero(~np.eye(n, dtype=bool) if directed else np.triu(np.ones((n, n), dtype=bool), 1))
    nodes: Sequence[Hashable] = range(1, n + 1)
    positions = None
    for name in SECTIONS[:2]:
        if name in sections:
            nodes, positions = _coordinates(sections[name], name, n)
    if metric == "EXPLICIT":
        weight = _matrix(sections, spec.get("EDGE_WEIGHT_FORMAT", ""), n, directed)[tail, head]
    elif metric in DISTANCES:
        if positions is None or "NODE_COORD_SECTION" not in sections:
            raise InputError(f"has EDGE_WEIGHT_TYPE {metric} but no NODE_COORD_SECTION; add the coordinates")
        with np.errstate(all="ignore"):  # infinite distances are refused when the graph is built
            weight = DISTANCES[metric](positions, tail, head)
        if metric == "GEO":  # latitude comes first, but is drawn upwards
            positions = positions[:, ::-1]
    else:
        known = ", ".join(["EXPLICIT", *DISTANCES])
        raise InputError(f"has EDGE_WEIGHT_TYPE {quoted(metric)}, which is not read; those read are {known}")
    graph = Parsed(nodes, tail, head, directed, columns={"weight": weight}, positions=positions)
    if metric in DISTANCES:
        graph.notes.append(f"Distances are {WHOLE.get(metric, 'rounded to whole numbers')}, as {metric} asks.")
    unread = [name for name in sections if name not in SECTIONS]
    if unread:
        graph.notes.append(f"Sections that are not read: {safe(', '.join(unread))}.")
    return graph


def _split(text: str) -> tuple[dict[str, str], dict[str, Rows]]:
    """The specifications, by key, and the numbered lines of each section."""
    spec: dict[str, str] = {}
    sections: dict[str, Rows] = {}
    rows: Rows | None = None
    for line, row in enumerate(text.split("\n"), start=1):
        row = row.strip()
        if not row:
            continue
        if row == "EOF":
            break
        key, colon, value = row.partition(":")
        key = key.strip()
        if key.endswith("_SECTION"):
            if key in sections:
                raise InputError(f"line {line} begins a second {quoted(key)}; remove one")
            rows = sections[key] = []
        elif colon and row[0].isalpha():
            spec.setdefault(key, value.strip())
            rows = None
        elif rows is not None:
            rows.append((line, row))
        else:
            raise InputError(f"line {line} is {quoted(row)}, neither 'KEY : VALUE' nor in a section")
    return spec, sections


def _coordinates(rows: Rows, name: str, n: int) -> tuple[Sequence[Hashable], Floats]:
    """The n nodes in ascending order and their coordinates, float64 (n, 2)."""
    at: dict[int, tuple[float, float]] = {}
    for line, row in rows:
        node, *xy = (number(word) for word in row.split())
        if not isinstance(node, int) or len(xy) != 2 or not all(v is not None and abs(v) < 1e300 for v in xy):
            raise InputError(f"line {line} is {quoted(row)}, which is not 'node x y' in numbers")
        if node in at:
            raise InputError(f"line {line} has node {node} a second time; give every node its own number")
        at[node] = xy[0], xy[1]  # type: ignore[assignment]
    if len(at) != n:
        raise InputError(f"promises {n} nodes but its {name} lists {len(at)}; correct DIMENSION, or is it cut short?")
    nodes = sorted(at)
    return nodes, np.array([at[node] for node in nodes], dtype=np.float64)


def _matrix(sections: dict[str, Rows], form: str, n: int, directed: bool) -> Floats:
    """The distance matrix, float64 (n, n); a triangle by columns is the other triangle by rows."""
    if form not in MATRICES:
        raise InputError(
            f"has EDGE_WEIGHT_FORMAT {quoted(form)}, which is not read; those read are {', '.join(MATRICES)}"
        )
    if form == "FULL_MATRIX":
        rows, columns = np.indices((n, n)).reshape(2, -1)
    else:
        gap = 0 if "DIAG" in form else 1
        upper = form.startswith("UPPER") == form.endswith("ROW")
        rows, columns = np.triu_indices(n, gap) if upper else np.tril_indices(n, -gap)
    values = _numbers(sections.get("EDGE_WEIGHT_SECTION", []))
    if len(values) != len(rows):
        raise InputError(
            f"has {len(values)} numbers in its EDGE_WEIGHT_SECTION where {form} of {n} nodes needs {len(rows)}; "
            "is it cut short?"
        )
    matrix = np.zeros((n, n))
    matrix[rows, columns] = values
    if form != "FULL_MATRIX":
        matrix[columns, rows] = values
    uneven = np.argwhere(matrix != matrix.T)
    if len(uneven) and not directed:
        i, j = uneven[0]
        raise InputError(
            f"has distance {matrix[i, j]:g} from node {i + 1} to {j + 1} but {matrix[j, i]:g} back; "
            "where a matrix is not symmetric, write TYPE: ATSP"
        )
    return matrix


def _numbers(rows: Rows) -> Floats:
    """All numbers of a section, float64 (k,); the first word that is none is searched only when there is one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # numpy's warning for text among the numbers
            values: Floats = np.fromstring(" ".join(row for _, row in rows), dtype=np.float64, sep=" ")
        if np.all(np.isfinite(values)):
            return values
    except (ValueError, DeprecationWarning):
        pass
    for line, row in rows:
        for word in row.split():
            value = number(word)
            if value is None or not abs(value) < np.inf:
                raise InputError(f"line {line} has {quoted(word)} among the distances; write a finite number")
    raise InputError("has an EDGE_WEIGHT_SECTION with a number too large; write finite numbers")


def _differences(at: Floats, tail: Ints, head: Ints) -> tuple[Floats, Floats]:
    """|x_u - x_v| and |y_u - y_v|."""
    return np.abs(at[tail, 0] - at[head, 0]), np.abs(at[tail, 1] - at[head, 1])


def _nearest(x: Floats) -> Floats:
    """TSPLIB's nint, which rounds halves up."""
    return np.floor(x + 0.5)


def _geographic(at: Floats, tail: Ints, head: Ints) -> Floats:
    """Great-circle distances in km, from coordinates written degrees.minutes."""
    degrees = np.trunc(at)
    latitude, longitude = (PI * (degrees + 5 * (at - degrees) / 3) / 180).T
    q1 = np.cos(longitude[tail] - longitude[head])
    q2 = np.cos(latitude[tail] - latitude[head])
    q3 = np.cos(latitude[tail] + latitude[head])
    distance: Floats = np.trunc(EARTH_RADIUS * np.arccos(0.5 * ((1 + q1) * q2 - (1 - q1) * q3)) + 1)
    return distance


DISTANCES: dict[str, Distance] = {
    "EUC_2D": lambda at, u, v: _nearest(np.sqrt(np.sum(np.square(_differences(at, u, v)), axis=0))),
    "CEIL_2D": lambda at, u, v: np.ceil(np.sqrt(np.sum(np.square(_differences(at, u, v)), axis=0))),
    "MAN_2D": lambda at, u, v: _nearest(np.add(*_differences(at, u, v))),
    "MAX_2D": lambda at, u, v: np.maximum(*map(_nearest, _differences(at, u, v))),
    "ATT": lambda at, u, v: np.ceil(np.sqrt(np.sum(np.square(_differences(at, u, v)), axis=0) / 10)),
    "GEO": _geographic,
}
