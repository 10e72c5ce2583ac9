"""What may be asked of a graph: which answers count, and the program that bounds them all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from operator import index
from typing import Any

import numpy as np
from scipy.sparse.csgraph import breadth_first_order, connected_components

from formulations.graphs import Network
from problems.proofs.duality import Measured, Question, Unproven, integers
from problems.proofs.rows import Columns, Sets, at_ends, comb, one_by_one, trees_inside


def tree(g: Network, asked: Mapping[str, Any], families: Sequence[Mapping[str, Any]]) -> Question:
    """The spanning tree or forest of least weight (or greatest), perhaps of bounded degree."""
    sign, most, forest = -1 if asked.get("maximize") else 1, asked.get("max_degree"), asked.get("forest", False)
    x = _lightest(g, sign * g.weight, directed=False)
    (cost, unit), size = integers(sign * g.weight[x.edge]), g.n - (_components(x) if forest else 1)

    def measured(answer: Any, _: Any) -> Measured:
        used = [x.number(edge[:2]) for edge in answer]
        degree = np.bincount(np.r_[x.tail[used], x.head[used]], minlength=1)
        return used, [
            ("its edges close no cycle", _components(x.only(used)) == g.n - len(used)),
            ("it spans every component" if forest else "it spans the graph", len(used) == size),
            ("its edges have these weights", [edge[2] for edge in answer] == g.weight[x.edge[used]].tolist()),
            *([] if most is None else [(f"no node has more than {most} of its edges", bool(degree.max() <= most))]),
        ]

    one = np.ones(len(cost), dtype=object)
    rows = {"tree size": partial(one_by_one, lambda at: (size, one[at], size))}
    rows["inside"] = partial(trees_inside, [Sets(x, **family) for family in families], math.inf)
    rows["degree"] = partial(at_ends, x, 1, 1, *_all(g.n, 0, g.n if most is None else index(most)))
    noun, best = "forest" if forest else "tree", "maximum" if sign < 0 else "minimum"
    words = f"spanning {noun} of", "" if most is None else f" with at most {most} edges at any node"
    return Question(cost, unit, one, rows, x.number, measured, noun, best, words)


def tour(g: Network, asked: Mapping[str, Any], families: Sequence[Mapping[str, Any]]) -> Question:
    """The shortest tour through all nodes."""
    x = _lightest(g, g.weight, g.directed)
    (cost, unit), sets = integers(g.weight[x.edge]), [Sets(x, **family) for family in families]

    def measured(answer: Any, _: Any) -> Measured:
        used = [x.number(ends) for ends in zip(answer, [*answer[1:], *answer[:1]], strict=True)]
        once = sorted(x.vertices(answer)) == [*range(g.n)] and len({*used}) == g.n > 0
        return used, [("it visits every node once, by as many edges", once)]

    ends = {"out-degree": (1, 0, 1), "in-degree": (0, 1, 1)} if g.directed else {"degree": (1, 1, 2)}
    rows = {kind: partial(at_ends, x, out, into, *_all(g.n, d, d)) for kind, (out, into, d) in ends.items()}
    rows |= {"inside": partial(trees_inside, sets, g.n), "comb": partial(one_by_one, partial(comb, sets))}
    upper, words = np.ones(len(cost), dtype=object), ("tour through", "")
    return Question(cost, unit, upper, rows, x.number, measured, "tour", "shortest", words)


def path(g: Network, asked: Mapping[str, Any], families: Sequence[Mapping[str, Any]]) -> Question:
    """The shortest path (or longest), or k without a common edge, perhaps within limits and through given parts."""
    limits, k, sign = asked.get("limits", {}), index(asked.get("paths", 1)), -1 if asked.get("maximize") else 1
    through, required = asked.get("required_nodes", []), [(u, v) for u, v in asked.get("required_arcs", [])]
    simple = asked.get("simple") or bool(limits or through or required)

    # An undirected edge is two arcs; arcs that are not on walks from s to t do not count.
    turned = np.flatnonzero(g.tail != g.head)[: 0 if g.directed else None]
    tail, head, edge = np.r_[g.tail, g.head[turned]], np.r_[g.head, g.tail[turned]], np.r_[np.arange(g.m), turned]
    x = Columns(_index(g), tail, head, edge, directed=True).only(np.lexsort((edge, head, tail)))
    (s, t), without = x.vertices([asked["source"], asked["target"]]), x.vertices(asked.get("forbidden_nodes", []))
    kept = ~np.isin(x.tail, without) & ~np.isin(x.head, without)
    for pair in asked.get("forbidden_arcs", []):
        kept &= ~_between(x, pair, g.directed)
    if simple:
        kept &= (x.tail != x.head) & (x.head != s) & (x.tail != t)
    links = x.only(kept).links
    x = x.only(kept & _reached(links, s)[x.tail] & _reached(links.T, t)[x.head])
    cost, unit = integers(sign * g.weight[x.edge])
    resources = np.concatenate([[], *(np.r_[g.attributes[r][x.edge], limits[r]] for r in limits)])
    numbers, scale = integers(resources, one_by_one=True)
    spent = dict(zip(limits, numbers.reshape(len(limits) or 1, -1), strict=False))  # the limit comes last
    wanted = {pair: _between(x, pair, g.directed) for pair in required}

    def measured(answer: Any, parallel: Any) -> Measured:
        ways, numbers = ([answer] if k == 1 else answer), iter(parallel or [])
        used = [x.number((u, v, next(numbers, 0))) for way in ways for u, v in pairwise(way)]
        ends = [[way[0], way[-1]] == [asked["source"], asked["target"]] for way in ways]
        checks = [("it leads from the source to the target", len(ends) == k and all(ends))]
        if k > 1:
            checks.append(("no edge is in two paths", len({*x.edge[used].tolist()}) == len(used)))
        if simple:
            checks.append(("it visits no node twice", len({*x.vertices(answer)}) == len(answer)))
            checks.append(("it passes through what is required", {*through} <= {*answer}))
            checks += [(f"it uses the arc {u} to {v}", bool(wanted[u, v][used].any())) for u, v in required]
            checks += [(f"its {r} is at most {limits[r]}", spent[r][used].sum() <= spent[r][-1]) for r in limits]
        return used, checks

    def subtour(at: Any, f: int, name: Any) -> tuple[int, Any, float]:
        member, (v,) = sets[f].of == 0, x.vertices([name])
        if member[s] or not member[v]:
            raise Unproven("a subtour has the source in it, or not its vertex")
        return 0, (~member[x.tail[at]] & member[x.head[at]]).astype(int) - (x.head[at] == v), math.inf

    sets, (flow, one) = [Sets(x, **family) for family in families], _all(g.n, 0, 1)
    np.add.at(flow, [s, t], [-k * sign, k * sign])
    rows = {"potentials": partial(at_ends, x, -sign, sign, flow, flow)}
    if simple:
        must = np.isin(np.arange(g.n), [v for v in x.vertices(through) if v != s]).astype(object)
        rows["visit once"] = rows["required nodes"] = partial(at_ends, x, 0, 1, must, one)
        rows["required arcs"] = partial(one_by_one, lambda at, u, v: (1, wanted[u, v][at], math.inf))
        rows["limit"] = partial(one_by_one, lambda at, r: (-math.inf, spent[r][at], spent[r][-1]))
        rows["subtour"] = partial(one_by_one, subtour)
    upper = np.full(len(cost), 1 if simple or k > 1 else math.inf, dtype=object)
    noun, best = "path" if k == 1 else "paths", "longest" if sign < 0 else "shortest"
    words, units = _of_path(asked, k), {"limit": scale}
    return Question(cost, unit, upper, rows, x.number, measured, noun, best, words, units)


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


def _lightest(g: Network, weight: Any, directed: bool) -> Columns:
    """The pairs of vertices with an edge, ordered if directed, each with its lightest edge."""
    low, high = (g.tail, g.head) if directed else (np.minimum(g.tail, g.head), np.maximum(g.tail, g.head))
    order = np.argsort(weight, kind="stable")
    x = Columns(_index(g), low, high, np.arange(g.m), directed).only(order[low[order] != high[order]])
    return x.only(np.unique(np.array(x.ends, dtype=np.int64), return_index=True)[1])


def _index(g: Network) -> dict[Any, int]:
    return {name: v for v, name in enumerate(g.nodes)}


def _all(n: int, *values: int) -> Any:
    """An array of each of the values n times, (n,) each."""
    return [np.full(n, value, dtype=object) for value in values]


def _between(x: Columns, pair: Sequence[Any], directed: bool) -> Any:
    """Which arcs lead from one end to the other, or back if that is the same, bool (m,)."""
    u, v = x.vertices(pair)
    return ((x.tail == u) & (x.head == v)) | ((x.tail == v) & (x.head == u) & (not directed))


def _components(x: Columns) -> int:
    return int(connected_components(x.links, directed=False)[0])


def _reached(links: Any, start: int) -> Any:
    """Which vertices are reached from start, bool (n,)."""
    return np.isin(np.arange(links.shape[0]), breadth_first_order(links, start, return_predecessors=False))
