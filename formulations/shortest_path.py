"""The shortest path, as an integer flow.

    minimize    sum of c_a x_a
    over        x in {0, 1, 2, ...}^A
    subject to  net flow out of s is 1             "source"
                net flow into t is 1               "target"
                flow is conserved elsewhere        "conservation"

A is the set of arcs on s-t walks (an undirected edge is two arcs): negative cycles elsewhere do not matter. Every
column has one +1 and one -1, so the matrix is totally unimodular and the linear relaxation has an integer optimum
(Schrijver, Combinatorial Optimization, ch. 13). Its dual variables are potentials:

    maximize    d_t - d_s     subject to  d_w - d_v <= c_vw on every arc (v, w)

"target" is implied by the rest. With it the dual simplex method works like a bidirectional search: 300 pivots instead
of 20,000 on a random graph of a million arcs.

k edge-disjoint paths are a flow of k with x <= 1 (for c >= 0 opposite flows on an edge cancel). Resource limits,
required nodes or arcs, and paths without repeated nodes are in formulations.graphs.limited_path. The longest path is
the shortest for the costs -c, so it has its potentials with d_w - d_v >= c_vw.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import cvxpy as cp
import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.exact import dot, over_one_denominator
from formulations.graphs import Network, limited_path, network
from formulations.graphs.path_references import dijkstra_as_given, references
from formulations.graphs.paths import NO_ARCS, disjoint_paths, trail, vertices
from formulations.graphs.potentials import potentials
from formulations.graphs.successive import successive_paths
from formulations.graphs.walks import Pair, Walks, matching, quoted, vertex, walks
from formulations.problem import (
    Integers,
    IntegerValues,
    Ints,
    Multipliers,
    Problem,
    Start,
    UnboundedAbove,
    Values,
)

if TYPE_CHECKING:
    import networkx as nx


def shortest_path(
    graph: nx.Graph[Any] | Network,
    source: Hashable,
    target: Hashable,
    weight: str = "weight",
    *,
    limits: Mapping[str, float] | None = None,
    forbidden_nodes: Collection[Hashable] = (),
    forbidden_arcs: Collection[Pair] = (),
    required_nodes: Collection[Hashable] = (),
    required_arcs: Collection[Pair] = (),
    paths: int = 1,
    simple: bool = False,
) -> Problem:
    """The path from source to target of least total weight; its answer is the list of its nodes.

    limits         edge attribute -> an upper bound on its sum along the path (NP-hard); the path visits no node twice
    forbidden_...  nodes and arcs (u, v) to avoid;  required_...  to pass through, again on a path without repetition
    paths          the number of edge-disjoint paths, of least total weight; if above 1 the answer lists them
    simple         visit no node twice, also where a negative cycle would tempt (NP-hard there); such paths can be
                   ranked (solvers.best), two of them being different if their lists of nodes are
    The variable x has one entry per arc of `walks(graph, source, target, weight, ...)`. Raises ValueError for unknown
    nodes, where there is no path, and, unless the path is simple, for a cycle of negative weight on a walk from source
    to target.

    >>> import networkx as nx
    >>> from solvers import solve
    >>> graph = nx.DiGraph()
    >>> graph.add_weighted_edges_from([("s", "t", 5), ("s", "v", 1), ("v", "t", 2)])
    >>> found = solve(shortest_path(graph, "s", "t"))
    >>> found.status, found.value, found.bound, found.answer
    ('optimal', 3.0, 3.0, ['s', 'v', 't'])
    """
    limits = {} if limits is None else limits
    limited = bool(limits or required_nodes or required_arcs)
    forbidden, wanted = (forbidden_nodes, forbidden_arcs), (required_nodes, required_arcs)
    _require_consistent(paths, limits, forbidden, wanted, simple=simple, closed=source == target)
    avoided: dict[str, Any] = {"forbidden_nodes": forbidden_nodes, "forbidden_arcs": forbidden_arcs}
    w = walks(graph, source, target, weight, simple=simple or limited, attributes=tuple(limits), **avoided)
    low, cycle = _potentials(w)
    as_given = not isinstance(graph, Network) and not any(forbidden) and bool((w.given.weight >= 0).all())
    dijkstra = (lambda: dijkstra_as_given(graph, source, target, weight)) if as_given else None
    if not (simple or limited):
        if len(cycle):
            raise NegativeCycle(w, cycle)
        if paths == 1:
            return _flow(w, 1, np.inf, low, dijkstra)
        _require_disjoint_paths(w, paths)
        return _flow(w, paths, 1.0, low)
    for v in (*required_nodes, *(end for pair in required_arcs for end in pair)):
        _require_on_a_path(w, v)
    required = [w.g.nodes.index(v) for v in required_nodes]
    arcs = list(matching(w.g, required_arcs, undirected=not w.given.directed))
    flow = _flow(w, 1, 1.0, low, dijkstra)
    problem = replace(limited_path.limited(flow, w, limits, required, arcs), dual=flow.dual)
    return problem if limited else replace(problem, start=flow.start, references=flow.references)


def longest_path(
    graph: nx.Graph[Any] | Network, source: Hashable, target: Hashable, weight: str = "weight", **options: Any
) -> Problem:
    """The path from source to target of greatest total weight; options and answer as for `shortest_path`.

    Raises ValueError as `shortest_path` does, but for a cycle of positive weight: an undirected edge is one. For simple
    paths there may be cycles (NP-hard).

    >>> import networkx as nx
    >>> from solvers import solve
    >>> graph = nx.DiGraph()
    >>> graph.add_weighted_edges_from([("s", "t", 5), ("s", "v", 1), ("v", "t", 2)])
    >>> found = solve(longest_path(graph, "s", "t"))
    >>> found.status, found.value, found.bound, found.answer
    ('optimal', 5.0, 5.0, ['s', 't'])
    """
    given = network(graph, weight, *(options.get("limits") or ()))
    try:
        least = shortest_path(replace(given, weight=-given.weight), source, target, **options)
    except NegativeCycle as found:
        raise ValueError(found.of_longest) from None
    return least.negated()


class NegativeCycle(ValueError):
    """A cycle of negative weight on an s-t walk: no walk is shortest, or for negated weights longest."""

    def __init__(self, w: Walks, cycle: Ints) -> None:
        """The cycle's arcs in order."""
        cost, unit = over_one_denominator(w.g.weight)
        total = float(Fraction(dot(cost[cycle], np.ones(len(cycle), dtype=np.int64)), unit))
        names = " -> ".join(map(quoted, vertices(w.g, cycle, int(w.g.tail[cycle[0]]))))
        remedy = "correct the weights, forbid a part of it, or ask for a simple path, which visits no node twice"
        super().__init__(
            f"no walk from {w.ends} is shortest: the negative cycle {names} has weight {total:.12g}; {remedy}"
        )
        self.of_longest = f"no walk from {w.ends} is longest: the cycle {names} has weight {-total:.12g}; {remedy}"


def _require_consistent(
    paths: int,
    limits: Mapping[str, float],
    forbidden: Sequence[Collection[Any]],
    required: Sequence[Collection[Any]],
    *,
    simple: bool,
    closed: bool,
) -> None:
    """Raise ValueError for options that contradict each other; forbidden and required are nodes and arcs each."""
    constrained = bool(simple or limits or any(required))
    if paths < 1:
        raise ValueError(f"paths is {paths}; it must be at least 1")
    if paths > 1 and (constrained or closed):
        why = "limits, required parts and simple are for one path only" if constrained else "the source is the target"
        raise ValueError(f"paths is {paths}, but {why}")
    for avoided, wanted in zip(forbidden, required, strict=True):
        for name in set(avoided) & set(wanted):
            raise ValueError(f"{quoted(name)} is both forbidden and required; drop one")
    for resource, limit in limits.items():
        if not np.isfinite(limit):
            raise ValueError(f"the limit on {resource} is {limit}; it must be a finite number")


def _require_on_a_path(w: Walks, name: Hashable) -> None:
    vertex(w.given, name)
    if name not in w.g.nodes:
        raise ValueError(f"{quoted(name)}, which is required, lies on no path from {w.ends}")


def _potentials(w: Walks) -> tuple[Integers | None, Ints]:
    """Potentials for the weights' numerators, and no arcs; or None, and the arcs of a cycle of negative weight."""
    if not (w.g.weight < 0).any():
        return np.zeros(w.g.n, dtype=np.int64), NO_ARCS
    return potentials(w.g.n, w.g.tail, w.g.head, over_one_denominator(w.g.weight)[0])


def _require_disjoint_paths(w: Walks, k: int) -> None:
    from scipy.sparse.csgraph import maximum_flow

    g = w.g
    capacity = csr_array((np.ones(g.m, dtype=np.int32), (g.tail, g.head)), shape=(g.n, g.n))  # parallel arcs add up
    most = maximum_flow(capacity, 0, w.t).flow_value
    if most < k:
        raise ValueError(f"there are only {most} paths from {w.ends} without a common edge, not {k}; ask for {most}")


def _flow(w: Walks, k: int, most: float, low: Integers | None, dijkstra: Callable[[], float] | None = None) -> Problem:
    """The minimum cost flow of k from s to t, with capacity `most` on every arc; low are potentials of the graph.

    Without potentials there are negative cycles, and neither dual nor references. dijkstra() is the least length of a
    path in the graph as it was given, where that algorithm applies.
    """
    g, cheapest = w.g, cache(lambda: _cheapest(w, k, low))
    x = cp.Variable(g.m, name="x", integer=True, bounds=[0, None if np.isinf(most) else most])
    rows, net_outflow = _by_constraint(w, w.incidence()), {"source": k, "target": -k, "conservation": 0}
    return Problem(
        objective=cp.Minimize(g.weight @ x),
        subject_to={name: rows[name] @ x == net_outflow[name] for name in rows},
        answer=lambda values: _paths(w, values, k),
        repair=lambda values: _along_the_flow(w, values, k) if values["x"].any() else w.indicator(cheapest().arcs),
        dual=None if low is None else lambda _: cheapest().multipliers,
        dual_repair=lambda reduced, unbounded: _repaired(w, reduced, unbounded),
        start=None if low is None else lambda: cheapest().basis,
        references=[] if low is None else references(w, k, dijkstra),
    )


class _Cheapest(NamedTuple):
    """The answer of the algorithm of successive shortest paths, for k = 1 Dijkstra's, and its proof."""

    arcs: Ints  # of the paths
    multipliers: Multipliers  # optimal potentials
    basis: Start  # of a shortest-path tree from s: the arc into every other vertex, and the row of s


def _cheapest(w: Walks, k: int, low: Integers | None) -> _Cheapest:
    g = w.g
    assert low is not None  # no one asks where there are negative cycles
    cost, unit = over_one_denominator(g.weight)
    used, d, tree = successive_paths(g.n, g.tail, g.head, cost, w.t, k, low, unit)
    ways = disjoint_paths(g, used.astype(float), w.edge, w.t, k) if k > 1 else [np.flatnonzero(used)]
    assert ways is not None  # an integer flow of k decomposes into k paths
    basic = np.zeros(g.m, dtype=bool)
    basic[tree[1:]] = True
    exact = Multipliers(_by_constraint(w, 0 - d), unit=unit)
    return _Cheapest(np.concatenate(ways), exact, Start({"x": basic}, _by_constraint(w, np.arange(g.n) == 0)))


def _by_constraint(w: Walks, of_vertex: Any) -> dict[str, Any]:
    """The rows of a vector or matrix over the vertices, grouped by constraint name."""
    if not w.t:
        return {"conservation": of_vertex}
    parts = {"source": of_vertex[:1], "target": of_vertex[w.t :], "conservation": of_vertex[1 : w.t]}
    return {name: part for name, part in parts.items() if part.shape[0]}


def potentials_of(w: Walks, multipliers: Mapping[str, Any]) -> list[Any]:
    """The potentials d = -y, one per vertex of w, from the multipliers y of the flow's constraints.

    >>> import networkx as nx
    >>> from solvers import solve
    >>> graph = nx.path_graph(["s", "v", "t"], nx.DiGraph)
    >>> found = solve(shortest_path(graph, "s", "t"))
    >>> d = potentials_of(walks(graph, "s", "t"), found.multipliers.listed)
    >>> [float(d[v] - d[0]) for v in range(3)]  # the distances from s
    [0.0, 1.0, 2.0]
    """
    return [-y for name in ("source", "conservation", "target") for y in multipliers.get(name, ())]


def _repaired(w: Walks, reduced: IntegerValues, unbounded: UnboundedAbove) -> IntegerValues | None:
    """A change of the potentials that makes the reduced costs of arcs without capacity non-negative; None if none."""
    some = np.flatnonzero(unbounded["x"])
    d, _ = potentials(w.g.n, w.g.tail[some], w.g.head[some], reduced["x"][some])
    return None if d is None else _by_constraint(w, -d)


def _along_the_flow(w: Walks, values: Values, k: int) -> Values | None:
    """The flow along k edge-disjoint paths that follow the given one; None if the heuristic finds none."""
    found = disjoint_paths(w.g, values["x"], w.edge, w.t, k)
    return None if found is None else w.indicator(np.concatenate(found))


def _paths(w: Walks, values: Values, k: int) -> list[Any]:
    """The nodes of the walk, or for k > 1 those of each path, the shortest first."""
    if k == 1:
        return vertices(w.g, trail(w.g, np.rint(values["x"]).astype(np.int64), 0), 0)
    found = disjoint_paths(w.g, np.rint(values["x"]), w.edge, w.t, k) or []
    return [vertices(w.g, way, 0) for way in sorted(found, key=lambda way: float(w.g.weight[way].sum()))]
