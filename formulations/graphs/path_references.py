"""What lengths of paths are held against: algorithms of networkx, on the graph as it was given or on a view of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from formulations.arithmetic.exact import over_one_denominator
from formulations.graphs.network import without_parallels
from formulations.graphs.walks import Walks
from formulations.problem import Reference, ranking

if TYPE_CHECKING:
    import networkx as nx

LARGEST_RANKED = 2_000  # arcs up to which networkx ranks the paths as a cross-check
LARGEST_CROSS_CHECK = 50_000  # arcs up to which networkx's network simplex serves as a reference


def references(w: Walks, k: int, dijkstra: Callable[[], float] | None) -> list[Reference]:
    """The value by networkx's own algorithm, on the graph as it was given or on a view of the walks.

    dijkstra() is what that algorithm finds in the graph as it was given, where it applies; k the number of paths.

    >>> import networkx as nx
    >>> from formulations.graphs.walks import walks
    >>> [(one.name, one.value()) for one in references(walks(nx.cycle_graph(5), 0, 2), 1, None)]
    [('Dijkstra (networkx)', 2.0)]
    """
    g = w.g
    if k == 1:
        if not (g.weight >= 0).all():
            return [Reference("Bellman-Ford (networkx)", lambda: _length(w, nonnegative=False))]
        ranked = ranking(lambda: _lengths(w)) if g.m <= LARGEST_RANKED else None
        value = dijkstra or (lambda: _length(w, nonnegative=True))
        return [Reference("Dijkstra (networkx)", value, ranked=ranked)]
    return (
        [Reference("network simplex (networkx)", lambda: _minimum_cost_flow(w, k))]
        if g.m <= LARGEST_CROSS_CHECK
        else []
    )


def _lengths(w: Walks) -> Iterator[float]:
    """The lengths of simple paths, the shortest first, by networkx (Yen 1971)."""
    import networkx as nx

    graph = w.g.subgraph(without_parallels(w.g.tail, w.g.head, w.g.weight)).to_networkx()
    return (float(nx.path_weight(graph, way, "weight")) for way in nx.shortest_simple_paths(graph, 0, w.t, "weight"))


def _length(w: Walks, nonnegative: bool) -> float:
    import networkx as nx

    from formulations.graphs.views import view

    if nonnegative:
        return float(nx.bidirectional_dijkstra(view(w.g), 0, w.t)[0])
    return float(nx.bellman_ford_path_length(view(w.g), 0, w.t))


def dijkstra_as_given(graph: nx.Graph[Any], source: Hashable, target: Hashable, weight: str) -> float:
    """The least length of a path by networkx, weights in text being read as numbers, as `network` does.

    >>> import networkx as nx
    >>> dijkstra_as_given(nx.cycle_graph(5), 0, 2, "weight")
    2.0
    """
    import networkx as nx

    def length(u: Hashable, v: Hashable, data: Mapping[Any, Any]) -> float:
        parallel = data.values() if graph.is_multigraph() else (data,)
        return min(float(one.get(weight, 1)) for one in parallel)

    return float(nx.bidirectional_dijkstra(graph, source, target, length)[0])


def _minimum_cost_flow(w: Walks, k: int) -> float:
    import networkx as nx

    cost, unit = over_one_denominator(w.g.weight)
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    graph.add_node(0, demand=-k)
    graph.add_node(w.t, demand=k)
    for u, v, c in zip(w.g.tail.tolist(), w.g.head.tolist(), cost.tolist(), strict=True):
        graph.add_edge(u, v, weight=c, capacity=1)
    return float(Fraction(nx.network_simplex(graph)[0], unit))
