"""Checking the JSON of a shortest path against the graph: exact, in O(m), and without a solver."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.arithmetic.exact import as_integers, dot, minus, over_one_denominator, scaled
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from formulations.graphs import Network
    from formulations.graphs.walks import Walks

MAX_JSON = 1 << 30  # bytes
MAX_FLOAT = 10**300  # greater numbers may not be representable


def check(
    g: Network, path: str, avoided: Mapping[str, Any], ends: Sequence[Hashable | None] = (None, None), paths: int = 1
) -> list[tuple[str, bool]]:
    """Checks, by name, that an answer is a path of its value, proven shortest by potentials; and whether each holds.

    path     the file that --json printed
    avoided  nodes and edges that walks may not use, as for formulations.graphs.walks.walks
    ends     source and target that were asked for, None for any; paths: how many

    For k edge-disjoint paths, d_w - d_v may exceed c_vw, and k (d_t - d_s) less the sum of all excesses is a bound.
    Raises InputError for a file that is no such answer.
    """
    from formulations.graphs.walks import walks

    name = safe(Path(path).name, 200)
    document = _document(path, name)
    ways = _paths(document, name)
    source, target = ways[0][0], ways[0][-1]
    try:
        w = walks(g, source, target, **avoided)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error
    k = len(ways)
    if k > 1 and source == target:
        raise InputError(f"{name}: several paths from {safe(source, 60)} to itself are no answer to anything")
    asked = ends[0] in (None, source) and ends[1] in (None, target) and paths in (1, k)
    same_ends = all(way[0] == source and way[-1] == target for way in ways)
    length, disjoint = _length(w, ways)
    bound = _bound(w, _potentials(document, name), k)
    value, claimed = (_fraction(document.get(key)) for key in ("value", "bound"))
    checks = [
        (
            f"{k} path{'s' if k > 1 else ''} from {safe(source, 60)} to {safe(target, 60)}, as asked",
            asked and same_ends,
        ),
        ("the nodes follow arcs of the graph", length is not None),
        ("its length is the value", length is not None and value is not None and _nearly(length, value)),
        ("the potentials bound it by the bound", bound is not None and claimed is not None and _nearly(bound, claimed)),
        ("length and bound are equal", length is not None and length == bound),
    ]
    if k > 1:
        checks.insert(2, ("no edge is in two paths", disjoint))
    return checks


def _document(path: str, name: str) -> Mapping[str, Any]:
    """The JSON object in the file; name is that of the file, for errors."""
    try:
        if Path(path).stat().st_size > MAX_JSON:
            raise InputError(f"{name}: is too large for an answer")
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise InputError(f"{name}: is not JSON; give what --json printed") from None
    if not isinstance(document, dict) or document.get("problem") != "shortest_path":
        raise InputError(f"{name}: is not an answer of problems.shortest_path; give what --json printed")
    return document


def _paths(document: Mapping[str, Any], name: str) -> list[list[Hashable]]:
    """The paths in the answer, as lists of nodes."""
    answer = document.get("answer")
    found: list[Any] = answer if isinstance(answer, list) and answer and isinstance(answer[0], list) else [answer]
    for nodes in found:
        if not isinstance(nodes, list) or not nodes or not all(isinstance(node, str | int | float) for node in nodes):
            raise InputError(f"{name}: its answer is no list of nodes, so there is no path to check")
    return found


def _potentials(document: Mapping[str, Any], name: str) -> dict[Hashable, Fraction]:
    """The potentials in the certificate, by node."""
    certificate = document.get("certificate")
    pairs = certificate.get("potentials") if isinstance(certificate, dict) else None
    if not isinstance(pairs, list) or not pairs:
        raise InputError(f"{name}: has no potentials to check; a path under limits is proven by branching instead")
    found: dict[Hashable, Fraction] = {}
    for pair in pairs:
        number = _fraction(pair[1]) if isinstance(pair, list) and len(pair) == 2 else None
        if number is None or not isinstance(pair[0], str | int | float):
            raise InputError(f"{name}: has {safe(pair, 60)} among its potentials, not a node and a number")
        found[pair[0]] = number
    return found


def _fraction(number: object) -> Fraction | None:
    """The exact value of a number's decimal representation, or of a text "p/q"; None for anything else."""
    if isinstance(number, str) and not re.fullmatch(r"-?\d{1,999}(/0*[1-9]\d{0,999})?", number, re.ASCII):
        return None
    try:
        return None if isinstance(number, bool) else Fraction(str(number))
    except ValueError:  # None, NaN, a list
        return None


def _length(w: Walks, ways: list[list[Hashable]]) -> tuple[Fraction | None, bool]:
    """The exact total weight, each step by the lightest unused parallel arc, and whether no edge is used twice.

    The weight is None if a step follows no arc.
    """
    index = {node: v for v, node in enumerate(w.g.nodes)}
    cost, unit = over_one_denominator(w.g.weight)
    order = np.argsort(w.g.weight, kind="stable")
    between: dict[tuple[int, int], list[int]] = {}
    for a, u, v in zip(order.tolist(), w.g.tail[order].tolist(), w.g.head[order].tolist(), strict=True):
        between.setdefault((u, v), []).append(a)
    taken: set[int] = set()
    total, disjoint = 0, True
    for way in ways:
        for u, v in pairwise(way):
            parallel = between.get((index.get(u, -1), index.get(v, -1)))
            if parallel is None:
                return None, disjoint
            free = [a for a in parallel if len(ways) == 1 or int(w.edge[a]) not in taken]
            disjoint &= bool(free)
            a = (free or parallel)[0]
            taken.add(int(w.edge[a]))
            total += int(cost[a])
    return Fraction(total, unit), disjoint


def _bound(w: Walks, d: Mapping[Hashable, Fraction], k: int) -> Fraction | None:
    """The bound that the potentials prove for k paths; None if there is none, or a node on a walk has no potential."""
    if any(node not in d for node in w.g.nodes):
        return None
    values = [d[node] for node in w.g.nodes]
    cost, cost_unit = over_one_denominator(w.g.weight)
    unit = math.lcm(cost_unit, *(value.denominator for value in values))
    level = as_integers([int(value * unit) for value in values])
    excess = minus(minus(level[w.g.head], level[w.g.tail]), scaled(cost, unit // cost_unit))
    beyond = excess[(excess > 0).astype(bool)]
    if k == 1 and len(beyond):
        return None
    paid = dot(beyond, np.ones(len(beyond), dtype=np.int64))
    return Fraction(k * (int(level[w.t]) - int(level[0])) - paid, unit)


def _nearly(exact: Fraction, printed: Fraction) -> bool:
    """Whether the exact number, rounded to a float, prints as that."""
    return exact == printed or (abs(exact) < MAX_FLOAT > abs(printed) and float(exact) == float(printed))
