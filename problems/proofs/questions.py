"""What may be asked of a graph: which answers count, and the program that bounds them all."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from formulations.graphs import Network
from problems.proofs.duality import Program, Unproven, integers
from problems.proofs.rows import Columns, Sets, at_ends, combs, listed, trees_inside

Measured = tuple[list[int], list[tuple[str, bool]]]  # the columns that an answer uses, and checks of whether it is one


@dataclass(frozen=True)
class Question:
    """What is asked for, in words before and after the graph's name; the program that bounds it; what an answer is.

    measured  an answer, and the numbers of its arcs among parallel ones, if there are any
              -> the columns that it uses, and checks of whether it is one
    """

    noun: str
    best: str
    words: tuple[str, str]
    program: Program
    measured: Callable[[Any, Any], Measured]


def tree(g: Network, asked: Mapping[str, Any], families: Sequence[Mapping[str, Any]]) -> Question:
    """The spanning tree or forest of least weight (or greatest), perhaps of bounded degree."""
    sign, most, forest = -1 if asked.get("maximize") else 1, asked.get("max_degree"), asked.get("forest", False)
    x, pair, order = _pairs(g, sign * g.weight)
    (cost, unit), size = integers(sign * g.weight[order]), g.n - _components(g.n, x.tail, x.head)

    def measured(answer: Any, _: Any) -> Measured:
        used = [pair(edge[:2]) for edge in answer]
        degree = np.bincount(np.r_[x.tail[used], x.head[used]], minlength=1)
        return used, [
            ("its edges close no cycle", _components(g.n, x.tail[used], x.head[used]) == g.n - len(used)),
            ("it spans every component" if forest else "it spans the graph", len(used) == size),
            ("its edges have these weights", [edge[2] for edge in answer] == g.weight[order[used]].tolist()),
            *([] if most is None else [(f"no node has more than {most} of its edges", bool(degree.max() <= most))]),
        ]

    if (size < g.n - 1 and not forest) or type(most) not in (int, type(None)):
        raise Unproven("the graph is not connected, or the degree is bounded by no integer")
    ones = np.ones(len(order), dtype=object)
    rows = {"tree size": partial(listed, lambda: (ones, size), 0, 1)}
    rows["inside"] = partial(trees_inside, [Sets(x, **family) for family in families], np.inf)
    if most is not None:
        rows["degree"] = partial(at_ends, x, np.full(g.n, most, dtype=object), 1, 1, -1)
    noun, best = "forest" if forest else "tree", "maximum" if sign < 0 else "minimum"
    words = f"spanning {noun} of", "" if most is None else f" with at most {most} edges at any node"
    return Question(noun, best, words, Program(cost, unit, ones, pair, rows), measured)


def tour(g: Network, asked: Mapping[str, Any], families: Sequence[Mapping[str, Any]]) -> Question:
    """The shortest tour through all nodes."""
    x, pair, order = _pairs(g, g.weight, g.directed)
    (cost, unit), sets = integers(g.weight[order]), [Sets(x, **family) for family in families]

    def measured(answer: Any, _: Any) -> Measured:
        used = [pair(ends) for ends in zip(answer, [*answer[1:], *answer[:1]], strict=True)]
        return used, [("it visits every node once", sorted(x.vertices(answer)) == [*range(g.n)])]

    if g.n < (2 if g.directed else 3):
        raise Unproven("there are too few nodes for a tour")
    once, rows = np.ones(g.n, dtype=object), {"inside": partial(trees_inside, sets, g.n), "comb": partial(combs, sets)}
    if g.directed:
        rows |= {"out-degree": partial(at_ends, x, once, 1, 0, 0), "in-degree": partial(at_ends, x, once, 0, 1, 0)}
    else:
        rows["degree"] = partial(at_ends, x, 2 * once, 1, 1, 0)
    program = Program(cost, unit, np.ones(len(order), dtype=object), pair, rows)
    return Question("tour", "shortest", ("tour through", ""), program, measured)


def path(g: Network, asked: Mapping[str, Any], families: Sequence[Mapping[str, Any]]) -> Question:
    """The shortest path (or longest), or k without a common edge, perhaps within limits and through given parts."""
    limits, k, sign = asked.get("limits", {}), asked.get("paths", 1), -1 if asked.get("maximize") else 1
    through, required = asked.get("required_nodes", []), [(u, v) for u, v in asked.get("required_arcs", [])]
    simple, index = asked.get("simple") or bool(limits or through or required), {v: i for i, v in enumerate(g.nodes)}
    named = Columns(index, g.tail, g.head).vertices
    (s, t), without = named([asked["source"], asked["target"]]), named(asked.get("forbidden_nodes", []))
    if type(k) is not int or k < 1:
        raise Unproven("the number of paths is none")

    # An undirected edge is two arcs; arcs that are not on walks from s to t do not count.
    turned = np.flatnonzero(g.tail != g.head)[: 0 if g.directed else None]
    tail, head, edge = np.r_[g.tail, g.head[turned]], np.r_[g.head, g.tail[turned]], np.r_[np.arange(g.m), turned]
    kept = ~np.isin(tail, without) & ~np.isin(head, without)
    for ends in map(named, asked.get("forbidden_arcs", [])):
        kept &= ~_between(tail, head, ends, g.directed)
    if simple:
        kept &= (tail != head) & (head != s) & (tail != t)
    kept &= _reached(g.n, tail[kept], head[kept], s)[tail] & _reached(g.n, head[kept], tail[kept], t)[head]
    order = np.lexsort((edge, head, tail))
    order = order[kept[order]]
    x, edge, keys = Columns(index, tail[order], head[order]), edge[order], (tail * g.n + head)[order].tolist()
    cost, unit = integers(sign * g.weight[edge])
    resources = np.concatenate([[], *(np.r_[g.attributes[r][edge], limits[r]] for r in limits)])
    numbers, scale = integers(resources, one_by_one=True)
    spent = dict(zip(limits, numbers.reshape(len(limits) or 1, -1), strict=False))  # the limit comes last

    def arc(name: Sequence[Any]) -> int:
        (u, v), number = named(name[:2]), int([*name[2:], 0][0])
        j = bisect_left(keys, u * g.n + v) + number
        if number < 0 or keys[j : j + 1] != [u * g.n + v]:
            raise Unproven(f"there is no arc from {name[0]!r} to {name[1]!r}")
        return j

    wanted = {pair: _between(x.tail, x.head, named(pair), g.directed) for pair in required}

    def measured(answer: Any, parallel: Any) -> Measured:
        ways, numbers = ([answer] if k == 1 else answer), iter(parallel or [])
        used = [arc((u, v, next(numbers, 0))) for way in ways for u, v in pairwise(way)]
        ends = [[way[0], way[-1]] == [asked["source"], asked["target"]] for way in ways]
        checks = [("it leads from the source to the target", len(ends) == k and all(ends))]
        if k > 1:
            checks.append(("no edge is in two paths", len({*edge[used].tolist()}) == len(used)))
        if simple:
            checks.append(("it visits no node twice", len({*named(answer)}) == len(answer)))
            checks.append(("it passes through what is required", {*through} <= {*answer}))
            checks += [(f"it uses the arc {u} to {v}", bool(wanted[u, v][used].any())) for u, v in required]
            checks += [(f"its {r} is at most {limits[r]}", spent[r][used].sum() <= spent[r][-1]) for r in limits]
        return used, checks

    def subtour(f: int, name: Any) -> tuple[Any, int]:
        member, (v,) = sets[f].of == 0, named([name])
        if member[s] or not member[v]:
            raise Unproven("a subtour has the source in it, or not its vertex")
        return (~member[x.tail] & member[x.head]).astype(int) - (x.head == v), 0

    sets, flow = [Sets(x, **family) for family in families], np.zeros(g.n, dtype=object)
    np.add.at(flow, [s, t], [-k, k])
    rows = {"potentials": partial(at_ends, x, sign * flow, -sign, sign, 0)}
    if simple:
        rows["visit once"] = partial(at_ends, x, np.ones(g.n, dtype=object), 0, 1, -1)
        rows["required nodes"] = partial(at_ends, x, np.isin(np.arange(g.n), named(through)).astype(object), 0, 1, 1)
        rows["required arcs"] = partial(listed, lambda u, v: (wanted[u, v].astype(int), 1), 1, 1)
        rows["limit"] = partial(listed, lambda r: (spent[r][:-1], spent[r][-1]), -1, scale)
        rows["subtour"] = partial(listed, subtour, 1, 1)
    upper = np.full(len(keys), 1 if simple or k > 1 else np.inf, dtype=object)
    noun, best = "path" if k == 1 else "paths", "longest" if sign < 0 else "shortest"
    return Question(noun, best, _of_path(asked, k), Program(cost, unit, upper, arc, rows, scale), measured)


def _of_path(asked: Mapping[str, Any], k: int) -> tuple[str, str]:
    """The question in words."""
    parts = [f"{name} at most {most}" for name, most in asked.get("limits", {}).items()]
    parts += ["visiting no node twice"] if asked.get("simple") else []
    for how, kind in (("through", "required"), ("without", "forbidden")):
        parts += [f"{how} the node {v}" for v in asked.get(f"{kind}_nodes", [])]
        parts += [f"{how} the arc {u} to {v}" for u, v in asked.get(f"{kind}_arcs", [])]
    what = "path in" if k == 1 else f"set of {k} paths without a common edge in"
    return what, ", ".join([f" from {asked['source']} to {asked['target']}", *parts])


KINDS: Mapping[str, Callable[..., Question]] = {"mst": tree, "tsp": tour, "shortest_path": path}


def _pairs(g: Network, weight: Any, directed: bool = False) -> tuple[Columns, Callable[[Sequence[Any]], int], Any]:
    """The pairs of vertices with an edge, ordered if directed; the number of such a pair; and its lightest edge."""
    low, high = (g.tail, g.head) if directed else (np.minimum(g.tail, g.head), np.maximum(g.tail, g.head))
    order = np.lexsort((weight, high, low))
    order = order[low[order] != high[order]]
    order = order[np.diff(low[order] * g.n + high[order], prepend=-1) != 0]
    x = Columns({name: v for v, name in enumerate(g.nodes)}, low[order], high[order])
    number = {key: e for e, key in enumerate((x.tail * g.n + x.head).tolist())}

    def pair(name: Sequence[Any]) -> int:
        u, v = x.vertices(name) if directed else sorted(x.vertices(name))
        if u * g.n + v not in number:
            raise Unproven(f"there is no edge {name[0]!r} to {name[1]!r} in the graph")
        return number[u * g.n + v]

    return x, pair, order


def _between(tail: Any, head: Any, ends: Sequence[int], directed: bool) -> Any:
    """Which arcs lead from one end to the other, or back if that is the same, bool (m,)."""
    return ((tail == ends[0]) & (head == ends[1])) | ((tail == ends[1]) & (head == ends[0]) & (not directed))


def _links(n: int, tail: Any, head: Any) -> csr_array:
    return csr_array((np.ones(len(tail)), (tail, head)), shape=(n, n))


def _components(n: int, tail: Any, head: Any) -> int:
    return int(connected_components(_links(n, tail, head), directed=False)[0])


def _reached(n: int, tail: Any, head: Any, start: int) -> Any:
    """Which vertices are reached from start, bool (n,)."""
    found = np.zeros(n, dtype=bool)
    found[breadth_first_order(_links(n, tail, head), start, return_predecessors=False)] = True
    return found
