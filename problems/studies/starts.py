"""An answer of the user's own as values of the variables; what it breaks is said in the words of problems.check."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from problems.io.answers import read_answer, refuse
from problems.proofs.duality import Unproven
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from formulations.graphs import Network
    from formulations.graphs.walks import Walks
    from formulations.problem import Values

Edge = tuple[Hashable, Hashable]


def tree_start(path: str, g: Network, asked: Mapping[str, Any], simple: Network) -> Values:
    """A tree or forest from a file: edges, two names a line. Raises InputError for what is no answer."""
    from problems.proofs.questions import tree

    node = _nodes(g, path)
    given = _rows(path, read_answer(path), 2, "an edge, two names")
    edges = [tuple(node(name) for name in row[:2]) for row in given]
    weight = _columns(simple, path)
    answer = [[u, v, float(simple.weight[weight(u, v)])] for u, v in edges]
    _checked(path, lambda: tree(g, asked, []).measured(answer, None)[1])
    return _indicator(simple.m, [weight(u, v) for u, v in edges])


def tour_start(path: str, g: Network, lightest: Network) -> Values:
    """A tour from a file: its nodes in the order visited. Raises InputError for what is no answer."""
    from problems.proofs.questions import tour

    answer = _way(path, read_answer(path), _nodes(g, path))
    _checked(path, lambda: tour(g, {}, []).measured(answer, None)[1])
    edge = _columns(lightest, path)
    return _indicator(lightest.m, [edge(u, v) for u, v in zip(answer, [*answer[1:], answer[0]], strict=True)])


def path_start(path: str, g: Network, asked: Mapping[str, Any], w: Walks) -> Values:
    """A path from a file, its nodes; or several, a line each. Raises InputError for what is no answer."""
    import numpy as np

    from problems.proofs import questions
    from problems.proofs.evidence import arcs_along, numbers_of_arcs

    several, node, given = asked.get("paths", 1) > 1, _nodes(g, path), read_answer(path)
    if several:
        answer: Any = [[node(name) for name in row] for row in _rows(path, given, 1, "a path, names of nodes")]
    else:
        answer = _way(path, given, node)
    sign, number = -1 if asked.get("maximize") else 1, numbers_of_arcs(w)
    orders = [sign * w.g.weight, *(w.g.attributes[r] for r in asked.get("limits", {}))]
    tries = []
    for cost in orders:  # of parallel arcs the best, or those of which the limits ask least
        try:
            arcs = arcs_along(w, np.argsort(cost, kind="stable"), answer if several else [answer], disjoint=several)
        except LookupError:
            raise InputError(f"{safe(path, 200)}: leaves the arcs that the path may use, or uses one twice") from None
        tries.append((arcs, [number[a] for a in arcs]))

    def checks(parallel: Sequence[int]) -> list[tuple[str, bool]]:
        return questions.path(g, asked, []).measured(answer, parallel)[1]

    fitting = [arcs for arcs, parallel in tries if all(holds for _, holds in checks(parallel))]
    if not fitting:
        _checked(path, lambda: checks(tries[0][1]))
    return _indicator(w.g.m, fitting[0])


def _way(path: str, given: Any, node: Callable[[Any], Hashable]) -> list[Hashable]:
    """Nodes in order: of a JSON answer, or all words of all lines."""
    if isinstance(given, list) and all(isinstance(row, list) for row in given):
        given = [name for row in given for name in row]
    if not isinstance(given, list) or not given:
        raise InputError(f"{safe(path, 200)}: holds no list of nodes; give their names in order")
    return [node(name) for name in given]


def _rows(path: str, given: Any, least: int, what: str) -> list[list[Any]]:
    """Lines or a JSON list, each of at least so many names."""
    if not isinstance(given, list):
        raise InputError(f"{safe(path, 200)}: holds no list; give {what} a line")
    for k, row in enumerate(given, start=1):
        if not isinstance(row, list) or len(row) < least:
            raise InputError(f"{safe(path, 200)}: row {k} is {safe(row)}, not {what}")
    return given


def _nodes(g: Network, path: str) -> Callable[[Any], Hashable]:
    """A name, or its text -> the node; raises InputError for none."""
    known: dict[Any, Hashable] = {str(node): node for node in g.nodes} | {node: node for node in g.nodes}

    def node(name: Any) -> Hashable:
        if not isinstance(name, Hashable) or name not in known:
            raise InputError(f"{safe(path, 200)}: names the node {safe(name)}, which the graph has not")
        return known[name]

    return node


def _columns(g: Network, path: str) -> Callable[[Hashable, Hashable], int]:
    """The ends of an edge -> its number in a graph without parallel edges; raises InputError for none."""
    numbered = {ends: e for e, ends in enumerate(g.edges())}
    if not g.directed:
        numbered |= {(v, u): e for (u, v), e in numbered.items()}

    def edge(u: Hashable, v: Hashable) -> int:
        if (u, v) not in numbered:
            raise InputError(f"{safe(path, 200)}: has the edge {safe(u)} to {safe(v)}, which the graph has not")
        return numbered[u, v]

    return edge


def _checked(path: str, checks: Callable[[], list[tuple[str, bool]]]) -> None:
    try:
        refuse(path, [check for check in checks() if check[0] != "its edges have these weights"])
    except Unproven as wrong:
        raise InputError(f"{safe(path, 200)}: is no answer to start from: {wrong}") from None


def _indicator(m: int, chosen: Sequence[int]) -> Values:
    import numpy as np

    return {"x": np.bincount(np.asarray(chosen, dtype=np.int64), minlength=m).astype(np.float64)}
