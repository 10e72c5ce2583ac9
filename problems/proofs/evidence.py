"""How the rows and columns of trees, tours and paths are called in a proof, and the proof of each as JSON holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.proofs.written import Names, Tables, laminar, written

if TYPE_CHECKING:
    from formulations.graphs import Network
    from formulations.graphs.walks import Walks
    from formulations.problem import Ints, Problem
    from solvers.solution import Solution


def of_tree(problem: Problem, g: Network, solution: Solution) -> dict[str, Any]:
    """The proof of a spanning tree or forest of g, which is simple."""
    ends = g.edges()
    rows: dict[str, Any] = {"tree size": ("tree size", [[]], 1), "degree": ("degree", [[v] for v in g.nodes], 1)}
    names = Names(rows, {"partition cut": ("inside", laminar)}, lambda e: [*ends[e]])
    return written(problem, solution, g.nodes, names)


def of_tour(problem: Problem, g: Network, solution: Solution) -> dict[str, Any]:
    """The proof of a tour of g, which has no loops and parallel edges."""
    ends, degrees = g.edges(), ("degree", "out-degree", "in-degree")

    def combs(tables: Tables, sets: Any, used: Ints) -> list[list[Any]]:
        return [[tables.disjoint([sets.handles[i]]), tables.disjoint(sets.teeth[i])] for i in used.tolist()]

    rows = {name: (name, [[v] for v in g.nodes], 1) for name in degrees}
    names = Names(rows, {"cut": ("inside", laminar), "comb": ("comb", combs)}, lambda e: [*ends[e]])
    return written(problem, solution, g.nodes, names)


def of_path(problem: Problem, w: Walks, asked: Mapping[str, Any], solution: Solution) -> dict[str, Any]:
    """The proof of a path or paths, and which of parallel arcs a path under limits takes, if there are any.

    asked  the keyword arguments of formulations.shortest_path
    """
    sign = 1 if asked.get("maximize") else -1  # potentials are those of the problem as it is asked
    nodes, required = [[v] for v in w.g.nodes], asked.get("required_nodes", [])
    inner = nodes[1 : w.t]
    parts = {"source": nodes[:1], "conservation": inner, "target": nodes[w.t :]} if w.t else {"conservation": nodes}
    rows: dict[str, Any] = {name: ("potentials", part, sign) for name, part in parts.items()}
    rows |= {f"limit {name}": ("limit", [[name]], 1) for name in asked.get("limits", {})}
    rows["visit once"] = ("visit once", inner, 1)
    rows["required nodes"] = ("required nodes", [[v] for v in required if [v] in inner], -1)
    rows["required arcs"] = ("required arcs", [[*pair] for pair in asked.get("required_arcs", [])], -1)
    # cvxpy reads a >= 1 as -a <= -1: the multipliers of the last two are told with the opposite sign.
    ends, number = w.g.edges(), numbers_of_arcs(w)

    def column(a: int) -> list[Any]:
        return [*ends[a], number[a]] if number[a] else [*ends[a]]

    def subtours(tables: Tables, sets: Any, used: Ints) -> list[list[Any]]:
        return [[tables.single(sets[i][0]), w.g.nodes[sets[i][1]]] for i in used.tolist()]

    found = written(problem, solution, w.g.nodes, Names(rows, {"subtour": ("subtour", subtours)}, column))
    if found and solution.values is not None and any(number):
        used = np.flatnonzero(solution.values["x"] > 0.5)
        several = asked.get("paths", 1) > 1
        used = used[np.argsort(-sign * w.g.weight[used], kind="stable")]
        arcs = arcs_along(w, used, solution.answer if several else [solution.answer], disjoint=several)
        found["parallel"] = [number[a] for a in arcs]
    return found


def arcs_along(w: Walks, used: Ints, ways: Sequence[Sequence[Any]], *, disjoint: bool) -> list[int]:
    """The arcs of all paths: of those used the first, where paths are disjoint one of an edge that is still free."""
    between: dict[tuple[Any, Any], list[int]] = {}
    ends = w.g.edges()
    for a in used.tolist():
        between.setdefault(ends[a], []).append(a)
    found, taken = [], set[int]()
    for pair in chain.from_iterable(map(pairwise, ways)):
        free = [a for a in between[pair] if not disjoint or int(w.edge[a]) not in taken]
        found.append(free[0])
        taken.add(int(w.edge[free[0]]))
    return found


def numbers_of_arcs(w: Walks) -> list[int]:
    """The number of each arc among those from its tail to its head, in the order of the file."""
    order = np.lexsort((w.edge, w.g.head, w.g.tail))
    first = np.flatnonzero(np.diff(w.g.tail[order] * w.g.n + w.g.head[order], prepend=-1))
    number = np.empty(w.g.m, dtype=np.int64)
    number[order] = np.arange(w.g.m) - np.repeat(first, np.diff(first, append=w.g.m))
    return list(number.tolist())
