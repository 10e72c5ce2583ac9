"""The minimum spanning tree.

    minimize    sum of c_e x_e
    over        x in {0, 1}^E
    subject to  sum of x = |V| - 1                                   "tree size"
                x(delta(S)) >= 1         for all S, 0 < |S| < |V|    "cut"

The integer points are the spanning trees, but the linear relaxation is weak: for a triangle with unit costs the cuts
alone give a bound of 1.5 instead of 2, and with the tree size a triangle of cost 0 that shares a vertex with a cycle of
four unit edges still gives 2 instead of 3.
Cuts into more parts, x(edges between the parts of P) >= |P| - 1, hold for every tree as well; with sum x = |V| - 1 and
P = {S} + singletons they read

                x(E(S)) <= |S| - 1       for all S, |S| >= 2         "partition cut"

and make the relaxation exact (Edmonds 1971; Schrijver, Combinatorial Optimization, ch. 50-51): Edmonds' dual certifies
the tree. The maximum spanning tree is the same for the costs -c_e. The next best tree after T is that with

                x(T) <= |V| - 2                                      "other than answer k"

and one such row leaves the relaxation exact, as trees that are neighbours on the polytope differ in one edge; after
several rows a few branches may be needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import cvxpy as cp
import numpy as np
from scipy.sparse import coo_array, csr_array

from formulations.graphs import Network, network
from formulations.graphs.cuts import dense_sets, greedy_clusters, small_cuts
from formulations.graphs.laminar import Laminar, at_most_a_tree_inside, merge_tree
from formulations.graphs.trees import greedy_tree
from formulations.problem import Family, Floats, Ints, Multipliers, Problem, Reference, Rows, Values, ranking

if TYPE_CHECKING:
    import networkx as nx

LARGEST_RANKED = 10_000  # nodes times edges up to which networkx ranks the trees as a cross-check
Clusters = Callable[[Values], tuple[Laminar, Ints]]


def minimum_spanning_tree(
    graph: nx.Graph[Any] | Network, weight: str = "weight", *, max_degree: int | None = None
) -> Problem:
    """The spanning tree of least total weight, no vertex in more than max_degree of its edges if that is given.

    The variable x has one entry per edge of `network(graph, weight).simple()`, in that order: self-loops are left
    out, of parallel edges the lightest is kept, directions are ignored. Raises ValueError if the graph is empty or
    not connected (`minimum_spanning_forest` spans each component).

    >>> import networkx as nx
    >>> from solvers import solve
    >>> graph = nx.Graph()
    >>> graph.add_weighted_edges_from([("a", "b", 1), ("b", "c", 2), ("a", "c", 4)])
    >>> found = solve(minimum_spanning_tree(graph))
    >>> found.status, found.value, found.bound, found.answer
    ('optimal', 3.0, 3.0, [['a', 'b', 1], ['b', 'c', 2]])
    """
    g = network(graph, weight).simple()
    _require_connected(g)
    return _within_degree(_forest(g, 1), g, max_degree)


def maximum_spanning_tree(
    graph: nx.Graph[Any] | Network, weight: str = "weight", *, max_degree: int | None = None
) -> Problem:
    """The spanning tree of greatest total weight; of parallel edges the heaviest is kept, all else is as above.

    >>> import networkx as nx
    >>> from solvers import solve
    >>> graph = nx.Graph()
    >>> graph.add_weighted_edges_from([("a", "b", 1), ("b", "c", 2), ("a", "c", 4)])
    >>> found = solve(maximum_spanning_tree(graph))
    >>> found.status, found.value, found.bound, found.answer
    ('optimal', 6.0, 6.0, [['a', 'c', 4], ['b', 'c', 2]])
    """
    g = network(graph, weight).simple(heaviest=True)
    _require_connected(g)
    return _within_degree(_maximum(g, 1), replace(g, weight=-g.weight), max_degree)


def minimum_spanning_forest(graph: nx.Graph[Any] | Network, weight: str = "weight") -> Problem:
    """The forest of minimum spanning trees of all components; x and errors as for `minimum_spanning_tree`.

    >>> import networkx as nx
    >>> from solvers import solve
    >>> found = solve(minimum_spanning_forest(nx.Graph([("a", "b"), ("c", "d")])))
    >>> found.status, found.value, found.bound, found.answer
    ('optimal', 2.0, 2.0, [['a', 'b', 1], ['c', 'd', 1]])
    """
    g = network(graph, weight).simple()
    return _forest(g, g.components()[0])


def maximum_spanning_forest(graph: nx.Graph[Any] | Network, weight: str = "weight") -> Problem:
    """The forest of maximum spanning trees of all components; x and errors as for `maximum_spanning_tree`.

    >>> import networkx as nx
    >>> from solvers import solve
    >>> solve(maximum_spanning_forest(nx.Graph([("a", "b"), ("c", "d")]))).value
    2.0
    """
    g = network(graph, weight).simple(heaviest=True)
    return _maximum(g, g.components()[0])


def _require_connected(g: Network) -> None:
    count, _ = g.components()
    if count != 1:
        raise ValueError(
            "the graph has no nodes, so no spanning tree"
            if not g.n
            else f"the graph has {count} components, so no spanning tree; a spanning forest has one tree for each"
        )


def _within_degree(problem: Problem, g: Network, max_degree: int | None) -> Problem:
    """The problem with at most max_degree edges at any vertex; g with the weights to be minimized."""
    if max_degree is None:
        return problem
    if max_degree < 1:
        raise ValueError(f"max_degree is {max_degree}; a spanning tree needs at least 1")
    limited = problem.also(degree=_incidence(g) @ problem.variables["x"] <= max_degree)
    return replace(limited, repair=lambda values: _nearest_tree_within(g, values, max_degree))


def _maximum(g: Network, components: int) -> Problem:
    """The forest of greatest weight is that of least negated weight."""
    least = _forest(replace(g, weight=-g.weight), components)
    return replace(
        least.negated(),
        objective=cp.Maximize(g.weight @ least.variables["x"]),
        answer=lambda values: _tree(g, values),
    )


def _forest(g: Network, components: int) -> Problem:
    x = cp.Variable(g.m, name="x", boolean=True)
    clusters = _remembering_the_last(lambda values: greedy_clusters(g.n, g.tail, g.head, values["x"], g.weight))
    return Problem(
        objective=cp.Minimize(g.weight @ x),
        subject_to={"tree size": cp.sum(x) == g.n - components},  # type: ignore[attr-defined]
        for_all=[_cuts(g)],
        strengthened_by=[_partition_cuts(g, clusters)],
        answer=lambda values: _tree(g, values),
        repair=lambda values: _nearest_tree(g, clusters(values)[1]),
        dual=lambda values: _edmonds_dual(g, values),
        excluding=lambda values: _another(x, values["x"]),
        references=[Reference("Kruskal (networkx)", lambda: _kruskal(g), ranked=_ranked(g, components))],
    )


def _another(x: cp.Variable, tree: Floats) -> cp.Constraint:
    """x is another tree: it lacks an edge of that one."""
    chosen = (tree > 0.5).astype(np.float64)
    return cast("cp.Constraint", chosen @ x <= chosen.sum() - 1)


def _cuts(g: Network) -> Family:
    """x(delta(S)) >= 1 for all S that are not whole components."""
    _, component = g.components()
    first = np.unique(component, return_index=True)[1]  # a vertex of each component

    def violated(values: Values) -> Laminar | None:
        # Join the components by edges with x = 1, which changes no cut within a component.
        tail, head = np.r_[g.tail, np.full(len(first) - 1, first[0])], np.r_[g.head, first[1:]]
        return small_cuts(g.n, tail, head, np.r_[values["x"], np.ones(len(first) - 1)], at_least=1)

    def rows(sets: Laminar) -> Rows:
        i, j = [], []
        for row, members in enumerate(sets.members()):
            inside = np.zeros(g.n, dtype=bool)
            inside[members] = True
            edges = np.flatnonzero(inside[g.tail] != inside[g.head])
            i += [row] * len(edges)
            j += edges.tolist()
        k = len(sets)
        leaving = np.bincount(np.asarray(i, dtype=np.int64), minlength=k)
        return Rows(
            variable="x",
            matrix=csr_array((np.ones(len(j)), (i, j)), shape=(k, g.m)),
            parent=np.full(k, -1),
            lower=(leaving > 0).astype(np.float64),  # 0 for unions of components
            upper=np.full(k, np.inf),
        )

    maths = r"x(\delta(S)) \geq 1 \quad \forall S \subset V \text{ that is not a whole component}"
    return Family("cut", violated, rows, maths=maths)


def _partition_cuts(g: Network, clusters: Clusters) -> Family:
    """x(E(S)) <= |S| - 1 for all S."""

    def violated(values: Values) -> Laminar | None:
        return dense_sets(g.n, g.tail, g.head, values["x"], g.weight, lambda: clusters(values)[0])

    def rows(sets: Laminar) -> Rows:
        return at_most_a_tree_inside(sets, g.tail, g.head)

    maths = r"x(E(S)) \leq |S| - 1 \quad \forall S \subseteq V, |S| \geq 2"
    return Family("partition cut", violated, rows, ["cut"], maths)


def _remembering_the_last(clusters: Clusters) -> Clusters:
    """The function with a cache of one result: repair and separation need the clusters of the same values in turn."""
    last: list[Any] = [None, None]

    def remembered(values: Values) -> tuple[Laminar, Ints]:
        if last[0] is None or not np.array_equal(last[0], values["x"]):
            last[:] = np.array(values["x"]), clusters(values)
        return cast("tuple[Laminar, Ints]", last[1])

    return remembered


def _tree(g: Network, values: Values) -> list[list[Any]]:
    """The chosen edges as [u, v, weight]."""
    chosen = np.flatnonzero(values["x"] > 0.5)
    ends = zip(g.tail[chosen].tolist(), g.head[chosen].tolist(), g.weight[chosen].tolist(), strict=True)
    return [[g.nodes[u], g.nodes[v], int(w) if w.is_integer() else w] for u, v, w in ends]


def _nearest_tree(g: Network, merging: Ints) -> Values:
    """The greedy spanning tree by decreasing x, ties by increasing weight: `merging` are its edges."""
    x = np.zeros(g.m)
    x[merging] = 1
    return {"x": x}


def _nearest_tree_within(g: Network, values: Values, max_degree: int) -> Values | None:
    """The greedy tree, skipping edges at vertices of degree max_degree; None if it is not connected (a heuristic)."""
    order = np.lexsort((g.weight, -np.round(values["x"], 9)))
    chosen = greedy_tree(g.n, g.tail, g.head, order, max_degree)
    return None if chosen is None else _nearest_tree(g, chosen)


def _edmonds_dual(g: Network, values: Values) -> Multipliers:
    """Edmonds' dual solution of a spanning tree: optimal if the tree is.

    Kruskal's algorithm on the tree's edges forms a cluster S at an edge of weight w and merges it into a larger one at
    w' >= w: its multiplier is w - w' <= 0. The multiplier of the tree size is the largest weight.
    """
    tree = np.flatnonzero(values["x"] > 0.5)
    clusters, merging = merge_tree(g.n, g.tail, g.head, tree[np.argsort(g.weight[tree], kind="stable")])
    if not len(merging):
        return Multipliers({"tree size": np.zeros(1)})
    formed, largest = g.weight[merging], g.weight[merging[-1]]
    above = clusters.parent[g.n :]
    merged = np.where(above >= 0, formed[np.maximum(above - g.n, 0)], largest)
    return Multipliers({"tree size": np.array([largest])}, [("partition cut", clusters, formed - merged)])


def _kruskal(g: Network) -> float:
    import networkx as nx

    from formulations.graphs.views import view

    edges = nx.minimum_spanning_edges(view(g), algorithm="kruskal", data=True)
    return float(sum(edge[-1]["weight"] for edge in edges))


def _ranked(g: Network, components: int) -> Callable[[int], float] | None:
    """k -> the weight of the k-th best tree by networkx (Sorensen and Janssens 2005); None where that takes long."""
    if components > 1 or g.n * g.m > LARGEST_RANKED:
        return None

    def weights() -> Iterator[float]:
        import networkx as nx

        return (float(tree.size("weight")) for tree in nx.SpanningTreeIterator(g.to_networkx()))

    return ranking(weights)


def _incidence(g: Network) -> coo_array:
    """The n x m matrix whose column e has a 1 at both ends of edge e."""
    edge = np.arange(g.m)
    return coo_array((np.ones(2 * g.m), (np.r_[g.tail, g.head], np.r_[edge, edge])), shape=(g.n, g.m)).tocsr()
