"""A simple path, perhaps under resource limits or through required nodes and arcs: a flow with side constraints.

    minimize    sum of c_a x_a
    over        x in {0, 1}^A, a flow of 1 from s to t
    subject to  sum of r_a x_a <= L                     for every limited resource r      "limit NAME"
                x(delta_in(v)) <= 1                     for every vertex v                "visit once"
                x(delta_in(v)) >= 1                     for every required vertex v       "required nodes"
                x(arcs from u to v) >= 1                for every required pair (u, v)    "required arcs"
                x(delta_in(S)) >= x(delta_in(v))        for all v in S, S without s       "subtour"

Without "subtour", which is separated only where it is violated, a solution could have cycles apart from the path.
NP-hard with a limit, a required part or a negative cycle. Any other path than P leaves it at a vertex of it:

                x(arcs from P's vertices that are not P's) >= 1                           "other than answer k"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.sparse import csr_array

from formulations.graphs.network import Network, links
from formulations.graphs.paths import FLOW_TOLERANCE, lightest_path, widest_path
from formulations.graphs.walks import Walks, reach
from formulations.problem import Bools, Family, Floats, Ints, Problem, Rows, Values

if TYPE_CHECKING:
    import cvxpy as cp

MOST_FLOW_PATHS = 10  # paths that a fractional flow is decomposed into, at most


def limited(
    flow: Problem, w: Walks, limits: Mapping[str, float], required_nodes: Sequence[int], required_arcs: Sequence[Ints]
) -> Problem:
    """The flow of 1 on w, restricted to simple paths within the limits that pass through what is required.

    limits           edge attribute -> what its sum along the path may not exceed
    required_nodes   vertices of w.g;  required_arcs  for each required pair int64 arcs of w.g, of which one is needed

    >>> import networkx as nx
    >>> from formulations.shortest_path import shortest_path
    >>> graph = nx.Graph()
    >>> graph.add_edge("s", "t", weight=1, toll=5)
    >>> nx.add_path(graph, ["s", "v", "t"], weight=1, toll=1)
    >>> sorted(shortest_path(graph, "s", "t", limits={"toll": 3}).subject_to)  # calls limited()
    ['conservation', 'limit toll', 'source', 'target', 'visit once']
    """
    x, enter = flow.variables["x"], w.entering()
    rows: dict[str, Any] = {f"limit {name}": w.g.attributes[name] @ x <= limits[name] for name in limits}
    if w.g.n > 2:
        rows["visit once"] = enter[1:-1] @ x <= 1
    if inner := [v for v in required_nodes if 0 < v < w.t]:
        rows["required nodes"] = enter[inner] @ x >= 1
    if required_arcs:
        row = np.repeat(np.arange(len(required_arcs)), [len(some) for some in required_arcs])
        entries = np.ones(len(row)), (row, np.concatenate(required_arcs))
        rows["required arcs"] = csr_array(entries, shape=(len(required_arcs), w.g.m)) @ x >= 1
    return replace(
        flow.also(**rows),
        for_all=[subtours(w.g)],
        repair=lambda values: _lightest_admissible(w, values, limits, required_nodes, required_arcs),
        dual=None,
        start=None,
        excluding=lambda values: _another(w, x, values["x"]),
    )


def _another(w: Walks, x: cp.Variable, path: Floats) -> cp.Constraint:
    """x leaves that path: the list of its nodes is another one."""
    g, used = w.g, path > 0.5
    after = np.full(g.n, -1)
    after[g.tail[used]] = g.head[used]
    leaving = (after[g.tail] >= 0) & (after[g.tail] != g.head)
    return cast("cp.Constraint", leaving.astype(np.float64) @ x >= 1)


def subtours(g: Network) -> Family:
    """x(delta_in(S)) >= x(delta_in(v)), S a component that no flow from vertex 0 reaches, v of largest inflow in it.

    >>> g = Network(["s", "u", "v"], np.array([0, 1, 2]), np.array([1, 2, 1]), np.ones(3), directed=True)
    >>> [(S.tolist(), v) for S, v in subtours(g).violated({"x": np.array([0.0, 1.0, 1.0])})]
    [([False, True, True], 1)]
    """
    enter = csr_array((np.ones(g.m), (g.head, np.arange(g.m))), shape=(g.n, g.m))

    def violated(values: Values) -> list[tuple[Bools, int]] | None:
        from scipy.sparse.csgraph import connected_components

        used = values["x"] > FLOW_TOLERANCE
        tail, head = g.tail[used], g.head[used]
        unreached = ~reach(g.n, tail, head, 0)
        inflow = np.where(unreached, enter @ values["x"], 0.0)
        if not (inflow > FLOW_TOLERANCE).any():
            return None
        _, label = connected_components(links(g.n, tail, head)[unreached][:, unreached], directed=False)
        component = np.full(g.n, -1)
        component[unreached] = label
        groups = [component == c for c in range(label.max() + 1)]
        return [(S, int(np.argmax(np.where(S, inflow, -1)))) for S in groups if inflow[S].max() > FLOW_TOLERANCE]

    def rows(sets: list[tuple[Bools, int]]) -> Rows:
        into = [(~S[g.tail] & S[g.head]).astype(float) - (g.head == v) for S, v in sets]
        k = len(sets)
        return Rows(
            variable="x",
            matrix=csr_array(np.array(into).reshape(k, g.m)),
            parent=np.full(k, -1),
            lower=np.zeros(k),
            upper=np.full(k, np.inf),
        )

    maths = r"x(\delta_{in}(S)) \geq x(\delta_{in}(v)) \quad \forall v \in S \subset V \setminus \{s\}"
    return Family("subtour", violated, rows, maths=maths)


def _lightest_admissible(
    w: Walks, values: Values, limits: Mapping[str, float], required: Sequence[int], required_arcs: Sequence[Ints]
) -> Values | None:
    """The lightest admissible path of the flow's path decomposition, at x = 0 of the paths least in one resource.

    None if none of them is admissible: within the limits and through what is required.
    """
    g, flow, found = w.g, values["x"].copy(), []
    for _ in range(MOST_FLOW_PATHS):
        way = widest_path(g, flow, np.ones(g.m, dtype=bool), w.t)
        if way is None or not len(way):
            break
        found.append(way)
        flow[way] -= flow[way].min()
        if flow.max(initial=0) <= FLOW_TOLERANCE:
            break
    if not values["x"].any():
        spent = [g.attributes[name] for name in limits]
        found += [lightest_path(g, resource, w.t) for resource in spent if (resource >= 0).all()]

    def admissible(way: Ints) -> bool:
        within = all(g.attributes[name][way].sum() <= limit * (1 + 1e-12) for name, limit in limits.items())
        passed = set(required) <= {0, *g.head[way].tolist()}
        return within and passed and all(np.isin(some, way).any() for some in required_arcs)

    candidates = [way for way in found if admissible(way)]
    return w.indicator(min(candidates, key=lambda way: float(g.weight[way].sum()))) if candidates else None
