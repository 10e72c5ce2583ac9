"""What the tests draw at random, and the slow, obvious versions of what is tested."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Ints = NDArray[np.int64]

few_integers = st.integers(-2, 3)  # many ties, zeros, negatives
integers = st.integers(-1000, 1000)
decimals = st.integers(-30, 30).map(lambda tenths: tenths / 10)  # 0.1 and its like
floats = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda w: w if abs(w) > 1e-6 else 0.0)
short_weights = st.sampled_from([few_integers, integers, decimals])  # exact decimals
weights = st.sampled_from([few_integers, integers, decimals, floats])


@st.composite
def shapes(draw: st.DrawFn, most: int = 9, least: int = 1) -> tuple[int, list[tuple[int, int]]]:
    """A connected graph as its number of vertices and its edges; perhaps with loops and parallel edges."""
    kind = draw(st.sampled_from(["sparse", "dense", "multi", "complete", "tree", "path", "cycle", "star", "grid"]))
    n = draw(st.integers(least, most))
    tree = [(draw(st.integers(0, v - 1)), v) for v in range(1, n)]
    path = [(v - 1, v) for v in range(1, n)]
    pairs = list(combinations(range(n), 2))
    match kind:
        case "tree":
            edges = tree
        case "path":
            edges = path
        case "cycle":
            edges = path + ([(n - 1, 0)] if n > 2 else [])
        case "star":
            edges = [(0, v) for v in range(1, n)]
        case "complete":
            edges = pairs
        case "grid":
            width = max(1, int(n**0.5))
            n = width * (n // width)
            edges = [(v, v + 1) for v in range(n) if (v + 1) % width] + [(v, v + width) for v in range(n - width)]
        case "multi":
            some = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
            edges = tree + draw(st.lists(some, max_size=2 * n))
        case _:
            more = n if kind == "sparse" else 3 * n
            edges = tree + (draw(st.lists(st.sampled_from(pairs), max_size=more)) if pairs else [])
    return n, draw(st.permutations(edges))


@st.composite
def weighted_graphs(
    draw: st.DrawFn, most: int = 9, least: int = 1, kinds: st.SearchStrategy[Any] = weights
) -> nx.Graph[Any]:
    """A connected networkx graph of any class, its edges carrying the attribute weight."""
    n, edges = draw(shapes(most, least))
    kind = draw(st.sampled_from([nx.Graph, nx.MultiGraph, nx.DiGraph, nx.MultiDiGraph]))
    graph = kind()
    graph.add_nodes_from(range(n))
    drawn = draw(st.lists(draw(kinds), min_size=len(edges), max_size=len(edges)))
    graph.add_weighted_edges_from((u, v, w) for (u, v), w in zip(edges, drawn, strict=True))
    return graph


def exactly(weight: float) -> Fraction:
    """The decimal that the weight prints as."""
    return Fraction(str(weight))


def kruskal(graph: nx.Graph[Any]) -> Fraction:
    """The weight of networkx's spanning tree (or forest), directions ignored."""
    plain: nx.MultiGraph[Any] = nx.MultiGraph()
    plain.add_nodes_from(graph)
    plain.add_weighted_edges_from(graph.edges(data="weight"))
    edges = nx.minimum_spanning_edges(plain, keys=False, data=True)
    return sum((exactly(data["weight"]) for _, _, data in edges), Fraction(0))


def spanning_trees(graph: nx.Graph[Any]) -> Iterator[list[tuple[Any, Any, Any]]]:
    """All spanning trees, as lists of (u, v, weight)."""
    edges = [(u, v, w) for u, v, w in graph.edges(data="weight") if u != v]
    for chosen in combinations(edges, len(graph) - 1):
        if is_spanning_tree(graph, chosen):
            yield list(chosen)


def is_spanning_tree(graph: nx.Graph[Any], edges: Any) -> bool:
    """Whether those edges are n - 1 edges of the graph, with its weights, and join all its nodes."""
    tree: nx.MultiGraph[Any] = nx.MultiGraph()
    tree.add_nodes_from(graph)
    weights: dict[frozenset[Any], set[float]] = {}
    for u, v, w in graph.edges(data="weight"):
        weights.setdefault(frozenset((u, v)), set()).add(w)
    for u, v, w in edges:
        if w not in weights.get(frozenset((u, v)), set()):
            return False
        tree.add_edge(u, v)
    return tree.number_of_edges() == len(graph) - 1 and nx.is_connected(tree)


def subsets(n: int) -> Iterator[tuple[int, ...]]:
    """All S with 0 < |S| < n, and S = V."""
    for size in range(1, n + 1):
        yield from combinations(range(n), size)


def ends(edges: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    """The edges as arrays of tails and heads."""
    array = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return array[:, 0].copy(), array[:, 1].copy()
