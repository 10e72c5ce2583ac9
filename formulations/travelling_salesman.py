"""The travelling salesman: the shortest tour through all items.

    minimize    sum of D_uv x_uv
    over        x in {0, 1}^E, E all pairs of items
    subject to  x(delta(v)) = 2          for all items v         "degree"
                x(delta(S)) >= 2         for all S, 0 < |S| < n  "cut"

(Dantzig, Fulkerson and Johnson 1954). Given the degrees, a cut is equivalent to x(E(S)) <= |S| - 1, the spanning tree's
"partition cut". As a tour crosses every delta(H) an even number of times,

                x(delta(H) - T) - x(T) >= 1 - |T|    for all H and odd T, a part of delta(H)     "blossom"

holds as well; given the degrees it is equivalent to x(E(H)) + x(T) <= |H| + (|T| - 1) / 2 (Edmonds 1965; Schrijver,
Combinatorial Optimization, ch. 58).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cvxpy as cp
import numpy as np
from scipy.sparse import coo_array, csr_array

from formulations.graphs import Network, symmetric
from formulations.graphs.cuts import VIOLATION_TOLERANCE, cut_below_two
from formulations.graphs.laminar import at_most_a_tree_inside, merge_tree
from formulations.graphs.tours import improved, joined, length, nearest, walk
from formulations.problem import Family, Floats, Ints, Problem, Reference, Rows, Values


def travelling_salesman(distance: Floats, known: Callable[[], Sequence[Ints]] = tuple) -> Problem:
    """The shortest tour through all n >= 3 items; its answer is the list of items in the order visited, from item 0 on.

    distance is float64 (n, n), symmetric and finite; its diagonal is ignored. known() returns tours from other methods,
    int64 (n,) each; the first incumbent is the best of them after local search. The variable x has one entry per pair,
    in the order of numpy.triu_indices(n, 1). Raises ValueError for fewer than 3 items or any other distance.

    >>> from solvers import solve
    >>> x, y = np.array([0, 3, 0, 3]), np.array([0, 4, 4, 0])  # the corners of a rectangle
    >>> found = solve(travelling_salesman(np.hypot(x[:, None] - x, y[:, None] - y)))
    >>> found.status, found.value, found.bound, found.answer
    ('optimal', 14.0, 14.0, [0, 2, 1, 3])
    """
    D = symmetric(distance, "distance")
    n = len(D)
    if n < 3:
        raise ValueError(f"a tour needs at least 3 items; there {'is' if n == 1 else 'are'} {n}")
    tail, head = np.triu_indices(n, 1)
    edge = np.zeros((n, n), dtype=np.int64)
    edge[tail, head] = edge[head, tail] = np.arange(len(tail))
    near = nearest(D)
    x = cp.Variable(len(tail), name="x", boolean=True)
    ends = (np.ones(2 * len(tail)), (np.r_[tail, head], np.r_[edge[tail, head], edge[tail, head]]))
    incidence = csr_array(coo_array(ends, shape=(n, len(tail))))
    return Problem(
        objective=cp.Minimize(D[tail, head] @ x),
        subject_to={"degree": incidence @ x == 2},
        for_all=[
            Family(
                "cut",
                lambda values: cut_below_two(n, tail, head, values["x"]),
                lambda sets: at_most_a_tree_inside(sets, tail, head),
            )
        ],
        strengthened_by=[_blossoms(n, tail, head, edge)],
        answer=lambda values: tour_of(n, tail, head, values["x"]).tolist(),
        repair=_nearest_tour(tail, head, edge, near, D, known),
        references=[Reference("greedy tour (networkx)", lambda: _greedy(D), "<=")],
    )


class Blossoms(NamedTuple):
    """k blossoms: handles H, int64 vertices each, and their teeth T, int64 edges each.

    >>> len(Blossoms([np.array([0, 1, 2])], [np.array([2, 6, 9])]))
    1
    """

    handles: list[Ints]
    teeth: list[Ints]

    def __len__(self) -> int:
        """k."""
        return len(self.handles)


def _blossoms(n: int, tail: Ints, head: Ints, edge: Ints) -> Family:
    """x(E(H)) + x(T) <= |H| + (|T| - 1) / 2."""

    def violated(values: Values) -> Blossoms | None:
        return crossed_oddly(n, tail, head, values["x"])

    def rows(sets: Blossoms) -> Rows:
        columns, upper = [], []
        for handle, teeth in zip(sets.handles, sets.teeth, strict=True):
            u, v = np.triu_indices(len(handle), 1)
            crossing = np.isin(tail[teeth], handle) != np.isin(head[teeth], handle)
            if len(teeth) % 2 == 0 or not crossing.all() or len(np.unique(teeth)) < len(teeth):
                raise ValueError("a blossom's teeth must be an odd number of different edges that leave its handle")
            columns.append(np.r_[edge[handle[u], handle[v]], teeth])
            upper.append(len(handle) + (len(teeth) - 1) // 2)
        ends = np.cumsum([0, *map(len, columns)])
        return Rows(
            variable="x",
            matrix=csr_array((np.ones(ends[-1]), np.concatenate(columns), ends), shape=(len(sets), len(tail))),
            parent=np.full(len(sets), -1),
            lower=np.zeros(len(sets)),  # implied, as for the partition cuts
            upper=np.asarray(upper, dtype=np.float64),
        )

    return Family("blossom", violated, rows)


def crossed_oddly(n: int, tail: Ints, head: Ints, x: Floats) -> Blossoms | None:
    """Blossoms violated by x: sum of 1 - x over T, |T| odd, plus x(delta(H) - T) is below 1. None if none was found.

    A heuristic. Its handles are the clusters formed by merging along the fractional edges, either by decreasing x or
    those nearest to 0 or 1 first. For a handle the best T is known: the edges with x > 1/2, one more or less if that
    makes them odd (Padberg and Rao 1982). tail, head, x are (m,).

    >>> tail, head = np.triu_indices(6, 1)
    >>> ends = list(zip(tail.tolist(), head.tolist()))  # two triangles of x = 1/2, joined by three edges of x = 1
    >>> half, whole = {(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)}, {(0, 3), (1, 4), (2, 5)}
    >>> found = crossed_oddly(6, tail, head, np.array([0.5 * (e in half) + (e in whole) for e in ends]))
    >>> [handle.tolist() for handle in found.handles], [[ends[e] for e in teeth] for teeth in found.teeth]
    ([[0, 1, 2]], [[(0, 3), (1, 4), (2, 5)]])
    """
    support = np.flatnonzero(x > VIOLATION_TOLERANCE / 10)
    u, v, y = tail[support], head[support], x[support]
    fraction, large = np.minimum(y, 1 - y), y > 0.5
    fractional = np.flatnonzero(fraction > VIOLATION_TOLERANCE / 10)
    found: dict[bytes, tuple[Ints, Ints]] = {}
    for order in (np.argsort(-y[fractional], kind="stable"), np.argsort(fraction[fractional], kind="stable")):
        clusters, _ = merge_tree(n, u, v, fractional[order])
        for handle in map(np.sort, clusters.members()):
            inside = np.zeros(n, dtype=bool)
            inside[handle] = True
            leaving = np.flatnonzero(inside[u] != inside[v])
            teeth, left_side = leaving[large[leaving]], float(fraction[leaving].sum())
            if len(teeth) % 2 == 0 and len(leaving):
                switched = leaving[np.argmax(fraction[leaving])]
                teeth, left_side = np.setxor1d(teeth, [switched]), left_side + 1 - 2 * fraction[switched]
            if len(teeth) % 2 and left_side < 1 - VIOLATION_TOLERANCE:
                smaller = np.flatnonzero(inside == (2 * len(handle) - inside[0] < n))  # H or its complement
                found[smaller.tobytes() + teeth.tobytes()] = (smaller, support[teeth])
    return Blossoms(*map(list, zip(*found.values(), strict=True))) if found else None


def tour_of(n: int, tail: Ints, head: Ints, x: Floats) -> Ints:
    """The tour of the edges with x = 1, int64 (n,), from item 0 in the direction of its smaller neighbour.

    >>> tail, head = np.triu_indices(4, 1)  # (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)
    >>> tour_of(4, tail, head, np.array([1.0, 1, 0, 0, 1, 1])).tolist()
    [0, 1, 3, 2]
    """
    chosen = np.flatnonzero(x > 0.5)
    adjacent: list[list[int]] = [[] for _ in range(n)]
    for u, v in zip(tail[chosen].tolist(), head[chosen].tolist(), strict=True):
        adjacent[u].append(v)
        adjacent[v].append(u)
    return walk([sorted(pair) for pair in adjacent], 0)


def _nearest_tour(
    tail: Ints, head: Ints, edge: Ints, near: Ints, D: Floats, known: Callable[[], Sequence[Ints]]
) -> Callable[[Values], Values | None]:
    """A primal heuristic, values -> x of a tour: greedy by decreasing x, then by distance, then local search.

    It returns None where the greedy tour is one that was improved before, as happens in many rounds.
    """
    seen: set[bytes] = set()

    def repair(values: Values) -> Values | None:
        used = np.flatnonzero(values["x"] > VIOLATION_TOLERANCE)
        likely = np.union1d(used, edge[np.arange(len(D))[:, None], near])
        order = likely[np.lexsort((D[tail[likely], head[likely]], -np.round(values["x"][likely], 9)))]
        tour = joined(len(D), tail, head, order, D)
        edges = np.sort(edge[tour, np.roll(tour, -1)]).tobytes()
        if edges in seen:
            return None
        seen.add(edges)
        first = known() if len(seen) == 1 else ()
        tour = min((improved(found, D, near) for found in (tour, *first)), key=lambda found: length(found, D))
        x = np.zeros(len(tail))
        x[edge[tour, np.roll(tour, -1)]] = 1
        return {"x": x}

    return repair


def _greedy(D: Floats) -> float:
    import networkx as nx

    i, j = np.triu_indices(len(D), 1)
    graph = Network(range(len(D)), i, j, D[i, j]).to_networkx()
    tour = nx.approximation.greedy_tsp(graph)
    return float(D[tour[:-1], tour[1:]].sum())
