"""The travelling salesman: the shortest tour through all nodes of a graph.

    minimize    sum of w_e x_e
    over        x in {0, 1}^E
    subject to  x(delta(v)) = 2          for all nodes v             "degree"
                x(delta(S)) >= 2         for all S, 0 < |S| < n      "cut"

(Dantzig, Fulkerson and Johnson 1954). Given the degrees, a cut is equivalent to x(E(S)) <= |S| - 1, the spanning tree's
"partition cut". In a directed graph a tour enters and leaves every node once:

    over        x in {0, 1}^A
    subject to  x(delta+(v)) = 1         for all nodes v             "out-degree"
                x(delta-(v)) = 1         for all nodes v             "in-degree"
                x(delta+(S)) >= 1        for all S, 0 < |S| < n      "cut"

Again x(A(S)) <= |S| - 1 says the same as a cut. The sums x_uv + x_vu are an undirected tour, so what holds for
undirected tours strengthens both programs: the inequalities of formulations.graphs.combs, "comb".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
from scipy.sparse import csr_array

from formulations.graphs import Network, network, symmetric
from formulations.graphs.circuits import improved_circuit, joined_arcs, successors
from formulations.graphs.combs import comb_rows, violated_combs
from formulations.graphs.cuts import VIOLATION_TOLERANCE, cut_below_two
from formulations.graphs.laminar import at_most_a_tree_inside
from formulations.graphs.network import square
from formulations.graphs.tours import MOST_BY_SUBSETS, improved, joined, length, nearest, shortest_by_subsets, walk
from formulations.problem import Family, Floats, Ints, Problem, Reference, Values

if TYPE_CHECKING:
    import networkx as nx

MOST_NODES = 5000  # the heuristics for good tours hold a distance for every pair


def travelling_salesman(distance: Floats, known: Callable[[], Sequence[Ints]] = tuple) -> Problem:
    """The shortest tour through all n >= 3 items; its answer is the list of items in the order visited, from item 0 on.

    distance is float64 (n, n), symmetric and finite; its diagonal is ignored. known() returns tours from other methods,
    int64 (n,) each; the first incumbent is the best of them and a greedy one, after local search. The variable x has
    one entry per pair, in the order of numpy.triu_indices(n, 1). Raises ValueError for fewer than 3 items or any other
    distance.

    >>> from solvers import solve
    >>> x, y = np.array([0, 3, 0, 3]), np.array([0, 4, 4, 0])  # the corners of a rectangle
    >>> found = solve(travelling_salesman(np.hypot(x[:, None] - x, y[:, None] - y)))
    >>> found.status, found.value, found.bound, found.answer
    ('optimal', 14.0, 14.0, [0, 2, 1, 3])
    """
    D = symmetric(distance, "distance")
    tail, head = (ends.astype(np.int64) for ends in np.triu_indices(len(D), 1))
    return _tour(Network(range(len(D)), tail, head, D[tail, head]), known)


def asymmetric_travelling_salesman(distance: Floats) -> Problem:
    """The shortest directed tour through all n >= 2 items; its answer lists them in the order visited, from item 0 on.

    distance is float64 (n, n) and finite, from the row's item to the column's; its diagonal is ignored. The variable x
    has one entry per ordered pair of different items, row by row. Raises ValueError for 1 item or any other distance.

    >>> from solvers import solve
    >>> found = solve(asymmetric_travelling_salesman(np.array([[0, 1, 9], [9, 0, 1], [1, 9, 0]])))
    >>> found.status, found.value, found.answer
    ('optimal', 3.0, [0, 1, 2])
    """
    D = square(distance, "distance")
    tail, head = np.nonzero(~np.eye(len(D), dtype=bool))
    return _tour(Network(range(len(D)), tail, head, D[tail, head], directed=True))


def hamiltonian_cycle(graph: nx.Graph[Any] | Network, weight: str = "weight") -> Problem:
    """The Hamiltonian cycle of least weight; its answer lists the nodes in the order visited, from the first on.

    It uses edges of the graph only, and is infeasible if there is no such cycle. Loops are ignored, and of parallel
    edges all but the lightest. A directed graph needs at least 2 nodes, any other 3; raises ValueError for fewer.

    >>> import networkx as nx
    >>> from solvers import solve
    >>> solve(hamiltonian_cycle(nx.cycle_graph("abcd"))).answer
    ['a', 'b', 'c', 'd']
    >>> solve(hamiltonian_cycle(nx.path_graph("abcd"))).status
    'infeasible'
    """
    g = network(graph, weight)
    tour = _tour(g.lightest())
    return replace(tour, answer=lambda values: [g.nodes[i] for i in tour.answer(values)])


def _tour(g: Network, known: Callable[[], Sequence[Ints]] = tuple) -> Problem:
    """The tour of a graph without loops and parallel edges."""
    n, tail, head, least = g.n, g.tail, g.head, 2 if g.directed else 3
    if n < least:
        raise ValueError(f"a tour needs at least {least} nodes; there {'is' if n == 1 else 'are'} {n}")
    if n > MOST_NODES:
        raise ValueError(f"tours through {n:,} nodes are too many to search; give a graph of at most {MOST_NODES:,}")
    x = cp.Variable(g.m, name="x", boolean=True)
    one, edges = np.ones(g.m), np.arange(g.m)
    leaving, entering = (csr_array((one, (ends, edges)), shape=(n, g.m)) for ends in (tail, head))
    if g.directed:
        degrees = {"out-degree": leaving @ x == 1, "in-degree": entering @ x == 1}
    else:
        degrees = {"degree": csr_array(leaving + entering) @ x == 2}
    pairs, pair = np.unique(np.minimum(tail, head) * n + np.maximum(tail, head), return_inverse=True)
    u, v = np.divmod(pairs, n)  # the pairs of nodes with an edge; pair: that of each edge

    def undirected(values: Values) -> Floats:
        return np.bincount(pair, values["x"], len(pairs)).astype(np.float64)

    return Problem(
        objective=cp.Minimize(g.weight @ x),
        subject_to=degrees,
        for_all=[
            Family(
                "cut",
                lambda values: cut_below_two(n, u, v, undirected(values)),
                lambda sets: at_most_a_tree_inside(sets, tail, head),
                maths=r"x(E(S)) \leq |S| - 1 \quad \forall S \subset V, |S| \geq 2",
            )
        ],
        strengthened_by=[
            Family(
                "comb",
                lambda values: violated_combs(n, u, v, undirected(values)),
                lambda combs: comb_rows(combs, n, tail, head),
                maths=r"x(E(H)) + \sum_i x(E(T_i)) \leq |H| + \sum_i (|T_i| - 1) - \frac{k + 1}{2}"
                r" \quad \forall \text{ combs with handle } H \text{ and teeth } T_1, \ldots, T_k",
            )
        ],
        answer=lambda values: _followed(g, values["x"]).tolist(),
        repair=_near_tour(g, known),
        references=_references(g),
    )


def _followed(g: Network, x: Floats) -> Ints:
    """The tour of the edges with x = 1, int64 (n,), from node 0; undirected in the direction of its smaller neighbour.

    >>> tail, head = np.triu_indices(4, 1)  # (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)
    >>> g = Network(range(4), tail, head, np.ones(6))
    >>> _followed(g, np.array([1.0, 1, 0, 0, 1, 1])).tolist()
    [0, 1, 3, 2]
    """
    chosen = np.flatnonzero(x > 0.5)
    if g.directed:
        return successors(g.n, g.tail[chosen], g.head[chosen])
    adjacent: list[list[int]] = [[] for _ in range(g.n)]
    for u, v in zip(g.tail[chosen].tolist(), g.head[chosen].tolist(), strict=True):
        adjacent[u].append(v)
        adjacent[v].append(u)
    return walk([sorted(pair) for pair in adjacent], 0)


def _near_tour(g: Network, known: Callable[[], Sequence[Ints]]) -> Callable[[Values], Values | None]:
    """A primal heuristic, values -> x of a tour: greedy by decreasing x, then by weight, then local search.

    Pairs without an edge count as very long; a tour that still uses one is none. It returns None there, and where the
    greedy tour is one that was improved before, as happens in many rounds.
    """
    D, build, improve = _distances(g), *((joined_arcs, improved_circuit) if g.directed else (joined, improved))
    near = nearest(D)
    keys = _keys(g, g.tail, g.head)
    by_key = np.argsort(keys)

    def edges_of(u: Ints, v: Ints) -> Ints:
        """The edges from u to v, or fewer where there are none."""
        wanted = _keys(g, u, v)
        at = np.minimum(np.searchsorted(keys[by_key], wanted), max(g.m - 1, 0))
        return by_key[at[keys[by_key[at]] == wanted]] if g.m else at[:0]

    near_edges = edges_of(np.repeat(np.arange(g.n), near.shape[1]), near.ravel())
    seen: set[bytes] = set()

    def repair(values: Values) -> Values | None:
        likely = np.union1d(np.flatnonzero(values["x"] > VIOLATION_TOLERANCE), near_edges)
        order = likely[np.lexsort((g.weight[likely], -np.round(values["x"][likely], 9)))]
        tour = build(g.n, g.tail, g.head, order, D)
        used = np.sort(_keys(g, tour, np.roll(tour, -1))).tobytes()
        if used in seen:
            return None
        seen.add(used)
        first = known() if len(seen) == 1 else ()
        tour = improve(min((tour, *first), key=lambda found: length(found, D)), D, near)
        used_edges = edges_of(tour, np.roll(tour, -1))
        if len(used_edges) < g.n:
            return None
        x = np.zeros(g.m)
        x[used_edges] = 1
        return {"x": x}

    return repair


def _keys(g: Network, u: Ints, v: Ints) -> Ints:
    """A number for each pair of nodes, ordered pairs in a directed graph."""
    return u * g.n + v if g.directed else np.minimum(u, v) * g.n + np.maximum(u, v)


def _distances(g: Network, missing: float | None = None) -> Floats:
    """The weights as a matrix, float64 (n, n); a pair without an edge is longer than any tour, or as given."""
    if missing is None:
        missing = 1 + 2 * g.n * float(np.abs(g.weight).max(initial=0))
    D = np.full((g.n, g.n), missing)
    D[g.tail, g.head] = g.weight
    if not g.directed:
        D[g.head, g.tail] = g.weight
    np.fill_diagonal(D, 0)
    return D


def _references(g: Network) -> list[Reference]:
    """Independent values: the optimum of few nodes, or else a bound; a greedy tour, if every pair has an edge."""
    if g.n <= MOST_BY_SUBSETS:
        bound = Reference("dynamic program (Held and Karp)", lambda: shortest_by_subsets(_distances(g, np.inf)))
    else:
        bound = Reference("cheapest cover by cycles (assignment)", lambda: _cheapest_cover(g), ">=")
    complete = g.m == g.n * (g.n - 1) // (1 if g.directed else 2)
    return [Reference("greedy tour (networkx)", lambda: _greedy(g), "<="), bound] if complete else [bound]


def _cheapest_cover(g: Network) -> float:
    """The least weight of a successor for every node, all different: a tour without the cuts."""
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    i, j, w = g.tail, g.head, g.weight
    if not g.directed:
        i, j, w = np.r_[i, j], np.r_[j, i], np.r_[w, w]
    shift = 1 - w.min()  # as a weight of 0 would count as no edge
    rows, columns = min_weight_full_bipartite_matching(csr_array((w + shift, (i, j)), shape=(g.n, g.n)))
    return float(_distances(g)[rows, columns].sum())


def _greedy(g: Network) -> float:
    import networkx as nx

    tour = nx.approximation.greedy_tsp(g.to_networkx())
    return float(_distances(g)[tour[:-1], tour[1:]].sum())
