"""The Steiner tree: the lightest tree that joins given nodes, the terminals, perhaps through others (NP-hard).

    minimize    sum of c_a x_a
    over        x in {0, 1}^A
    subject to  x(delta_in(t)) = 1                    for all terminals t but the root r          "terminals"
                x(delta_in(v)) <= 1                   for all other vertices v                    "enter once"
                x(delta_in(v)) <= x(delta_out(v))     for all other vertices v                    "no dead end"
                x(delta_in(S)) >= 1                   for all S without r that have a terminal    "cut"
                x(delta_in(S)) >= x(delta_in(v))      for all S without r, v in S                 "subtour"

A has both directions of every edge, none into r, which is the first terminal: x is the tree directed away from r. This
directed cut model is far tighter than the undirected one, x(delta(S)) >= 1 for all S that separate terminals: of a
triangle of three terminals that one makes 1.5 instead of 2. The root does not matter (Goemans and Myung 1993). "no dead
end" is the flow balance of Koch and Martin (1998). "subtour" only keeps circles apart from the tree out of integer
solutions. The multipliers of Wong's dual ascent prove a bound without any linear program; its cuts are the first to be
added. Another tree than T lacks one of its edges, as all leaves of both are terminals: x(T) <= |T| - 1, T taken in both
directions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import cvxpy as cp
import numpy as np
from scipy.sparse import csr_array

from formulations.graphs import Network, network
from formulations.graphs.arborescences import arrives, dual_ascent, entered, missing_cuts, short_arborescence
from formulations.graphs.cuts import VIOLATION_TOLERANCE
from formulations.graphs.limited_path import subtours
from formulations.graphs.walks import listed, quoted, vertex
from formulations.problem import Bools, Family, Floats, Ints, Multipliers, Problem, Reference, Rows, Values

if TYPE_CHECKING:
    import networkx as nx

LARGEST_CROSS_CHECK = 2_000  # vertices up to which networkx's approximations serve as references
Ascent = Callable[[], tuple[list[Bools], Floats]]


def steiner_tree(graph: nx.Graph[Any] | Network, terminals: Collection[Hashable], weight: str = "weight") -> Problem:
    """The tree of least total weight that joins the terminals; its answer lists the edges as [u, v, weight].

    The variable x has one entry per arc of `arcs_from(graph, terminals, weight)`, in that order. Weights must not be
    negative; self-loops are left out, of parallel edges the lightest is kept, directions are ignored. Raises ValueError
    for unknown nodes, no terminal, a negative weight, and terminals that the graph does not connect.

    >>> import networkx as nx
    >>> from solvers import solve
    >>> graph = nx.Graph()
    >>> graph.add_weighted_edges_from([("a", "b", 5), ("b", "c", 5), ("a", "c", 5), *(("v", t, 3) for t in "abc")])
    >>> found = solve(steiner_tree(graph, ["a", "b", "c"]))
    >>> found.status, found.value, found.bound, found.answer
    ('optimal', 9.0, 9.0, [['a', 'v', 3], ['v', 'b', 3], ['v', 'c', 3]])
    """
    g = arcs_from(graph, terminals, weight)
    joined = np.flatnonzero(np.isin(np.arange(g.n), [g.nodes.index(t) for t in set(terminals)]))[1:]
    other = np.setdiff1d(np.arange(1, g.n), joined)
    ones = np.ones(g.m)
    enter, leave = (csr_array((ones, (end, np.arange(g.m))), shape=(g.n, g.m)) for end in (g.head, g.tail))
    x = cp.Variable(g.m, name="x", boolean=True)
    rows = {"terminals": enter[joined] @ x == 1} if len(joined) else {}
    if len(other):
        rows["enter once"] = enter[other] @ x <= 1
        rows["no dead end"] = (enter - leave)[other] @ x <= 0
    ascent = cache(lambda: dual_ascent(g, joined))
    return Problem(
        objective=cp.Minimize(g.weight @ x),
        subject_to=rows,
        for_all=[_cuts(g, joined, ascent), subtours(g)],
        answer=lambda values: _tree(g, values),
        repair=lambda values: _indicator(g, short_arborescence(g, joined, _both_ways(g, values["x"]))),
        dual=lambda _: Multipliers(families=[("cut", *ascent())]),
        excluding=lambda values: _another(g, x, values["x"]),
        references=_references(g, joined),
    )


def arcs_from(graph: nx.Graph[Any] | Network, terminals: Collection[Hashable], weight: str = "weight") -> Network:
    """Both directions of every edge but those into the first terminal, which is vertex 0; of its component only.

    Raises ValueError as `steiner_tree` does.

    >>> import networkx as nx
    >>> arcs_from(nx.path_graph(["a", "b", "c"]), ["b", "c"]).edges()
    [('b', 'c'), ('b', 'a')]
    """
    g = network(graph, weight).simple()
    if not terminals:
        raise ValueError("there are no terminals; name at least one node that the tree must join")
    ends = [vertex(g, name) for name in terminals]
    _, component = g.components()
    apart = [name for name, v in zip(terminals, ends, strict=True) if component[v] != component[ends[0]]]
    if apart:
        first = next(iter(terminals))
        raise ValueError(
            f"no tree joins {quoted(first)} to {listed(apart)}: the graph does not connect them; drop one side"
        )
    for e in np.flatnonzero(g.weight < 0)[:1].tolist():
        u, v = (quoted(g.nodes[end]) for end in (g.tail[e], g.head[e]))
        raise ValueError(f"the edge {u} -- {v} has weight {g.weight[e]:.12g}; Steiner trees need weights of at least 0")
    inside = np.flatnonzero(component == component[ends[0]])
    order = np.r_[ends[0], inside[inside != ends[0]]]
    place = np.full(g.n, -1)
    place[order] = np.arange(len(order))
    some = np.flatnonzero(place[g.tail] >= 0)
    both = g.subgraph(np.r_[some, some])
    tail, head = place[np.r_[g.tail[some], g.head[some]]], place[np.r_[g.head[some], g.tail[some]]]
    positions = None if g.positions is None else g.positions[order]
    names = [g.nodes[v] for v in order.tolist()]
    whole = replace(both, nodes=names, tail=tail, head=head, directed=True, positions=positions)
    return whole.subgraph(head != 0)


def _cuts(g: Network, terminals: Ints, ascent: Ascent) -> Family:
    """x(delta_in(S)) >= 1 for all S without the root that have a terminal."""
    known = cache(lambda: entered(g, ascent()[0]))

    def violated(values: Values) -> list[Bools] | None:
        x = values["x"]
        if arrives(g, terminals, x):
            return None
        broken = np.flatnonzero(known() @ x < 1 - VIOLATION_TOLERANCE).tolist()
        return [ascent()[0][k] for k in broken] or missing_cuts(g, terminals, x) or None

    def rows(sets: list[Bools]) -> Rows:
        k, valid = len(sets), np.array([not S[0] and S[terminals].any() for S in sets])
        return Rows(
            variable="x",
            matrix=entered(g, sets),
            parent=np.full(k, -1),
            lower=valid.astype(np.float64),  # 0 for what is no cut
            upper=np.full(k, np.inf),
        )

    maths = r"x(\delta_{in}(S)) \geq 1 \quad \forall S \subset V \setminus \{r\} \text{ with a terminal}"
    return Family("cut", violated, rows, maths=maths)


def _both_ways(g: Network, x: Floats) -> Floats:
    """For every arc x of its edge, in either direction."""
    low, high = np.minimum(g.tail, g.head), np.maximum(g.tail, g.head)
    _, edge = np.unique(low * g.n + high, return_inverse=True)
    return np.bincount(edge, x, minlength=1)[edge].astype(np.float64)


def _another(g: Network, x: cp.Variable, tree: Floats) -> cp.Constraint:
    """x lacks an edge of that tree."""
    edges = (_both_ways(g, (tree > 0.5).astype(np.float64)) > 0).astype(np.float64)
    return cast("cp.Constraint", edges @ x <= int((tree > 0.5).sum()) - 1)


def _indicator(g: Network, chosen: Ints) -> Values:
    x = np.zeros(g.m)
    x[chosen] = 1
    return {"x": x}


def _tree(g: Network, values: Values) -> list[list[Any]]:
    """The chosen edges as [u, v, weight]."""
    chosen = g.subgraph(values["x"] > 0.5)
    weights = (int(w) if w.is_integer() else w for w in chosen.weight.tolist())
    return [[u, v, w] for (u, v), w in zip(chosen.edges(), weights, strict=True)]


def _references(g: Network, terminals: Ints) -> list[Reference]:
    """Two nodes are joined by a shortest path, all by a spanning tree; else networkx's approximations are bounds."""
    import networkx as nx

    @cache
    def graph() -> nx.Graph[int]:
        return nx.Graph(g.to_networkx())

    def approximation(method: str) -> float:
        tree = nx.approximation.steiner_tree(graph(), [0, *terminals.tolist()], method=method)
        return float(tree.size("weight"))

    if len(terminals) == 1:
        return [Reference("Dijkstra (networkx)", lambda: float(nx.dijkstra_path_length(graph(), 0, int(terminals[0]))))]
    if len(terminals) == g.n - 1:
        return [Reference("Kruskal (networkx)", lambda: float(nx.minimum_spanning_tree(graph()).size("weight")))]
    if g.n > LARGEST_CROSS_CHECK:
        return []
    return [Reference("Mehlhorn (networkx)", lambda: approximation("mehlhorn"), "<=")]
