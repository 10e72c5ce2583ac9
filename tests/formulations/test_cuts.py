"""The oracle over vertex sets against brute force over all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import ends, shapes, subsets

from formulations.graphs import cuts
from formulations.graphs.cuts import dense_sets, small_cuts
from formulations.graphs.laminar import Laminar, merge_tree

Floats = NDArray[np.float64]
Point = tuple[int, list[tuple[int, int]], list[float]]  # n, edges without loops, x
CLEAR = 1e-4  # what is violated by this much must be found; by less than VIOLATION_TOLERANCE it need not be


# Laminar families, the slow way.


@st.composite
def merges(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]], list[int]]:
    """A graph, perhaps in pieces, with its edges in some order."""
    n = draw(st.integers(1, 10))
    pair = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1])
    edges = draw(st.lists(pair, max_size=3 * n, unique_by=frozenset)) if n > 1 else []
    return n, edges, draw(st.permutations(range(len(edges))))


def clusters_by_hand(n: int, edges: list[tuple[int, int]], order: list[int]) -> tuple[list[frozenset[int]], list[int]]:
    """The sets that Kruskal's merges form, and the edges that merge."""
    part = {v: frozenset([v]) for v in range(n)}
    formed, merging = [], []
    for e in order:
        u, v = edges[e]
        if part[u] != part[v]:
            union = part[u] | part[v]
            part.update(dict.fromkeys(union, union))
            formed.append(union)
            merging.append(e)
    return formed, merging


def family(n: int, edges: list[tuple[int, int]], order: list[int]) -> Laminar:
    tail, head = ends(edges)
    return merge_tree(n, tail, head, np.array(order, dtype=np.int64))[0]


@given(merges())
def test_the_merge_tree_holds_kruskals_clusters_in_the_order_they_form(
    drawn: tuple[int, list[tuple[int, int]], list[int]],
) -> None:
    n, edges, order = drawn
    tail, head = ends(edges)
    clusters, merging = merge_tree(n, tail, head, np.array(order, dtype=np.int64))
    formed, merged = clusters_by_hand(n, edges, order)
    assert [frozenset(members) for members in clusters.members()] == formed
    assert merging.tolist() == merged
    assert clusters.sizes().tolist() == [len(s) for s in formed]
    assert len(clusters) == len(formed)


@given(merges(), st.data())
def test_owner_inside_and_only_agree_with_sets(
    drawn: tuple[int, list[tuple[int, int]], list[int]], data: st.DataObject
) -> None:
    n, edges, order = drawn
    tail, head = ends(edges)
    whole = family(n, edges, order)
    keep = data.draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole)))
    x = np.array(data.draw(st.lists(st.integers(-4, 4), min_size=len(edges), max_size=len(edges))), dtype=float)
    sets = [frozenset(s) for s, kept in zip(whole.members(), keep, strict=True) if kept]
    some = whole.only(np.array(keep, dtype=bool))
    assert [frozenset(members) for members in some.members()] == sets
    assert some.sizes().tolist() == [len(s) for s in sets]
    assert all(p == -1 or p > node for node, p in enumerate(some.parent.tolist()))

    owner = some.owner(tail, head)
    for (u, v), found in zip(edges, owner.tolist(), strict=True):
        holding = [i for i, s in enumerate(sets) if {u, v} <= s]
        assert found == (min(holding, key=lambda i: len(sets[i])) if holding else -1)
    inside = [sum(x[e] for e, (u, v) in enumerate(edges) if {u, v} <= s) for s in sets]
    assert some.inside(owner, x).tolist() == inside


@given(merges(), st.data())
def test_choosing_sets_twice_is_choosing_both_at_once(
    drawn: tuple[int, list[tuple[int, int]], list[int]], data: st.DataObject
) -> None:
    whole = family(*drawn)
    first = np.array(data.draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole))), dtype=bool)
    size = int(first.sum())
    second = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)), dtype=bool)
    both = first.copy()
    both[first] = second
    assert whole.only(first).only(second).members() == whole.only(both).members()


# Sets with more of x inside than a tree can have.


def inside(members: Any, edges: list[tuple[int, int]], x: list[float]) -> float:
    chosen = set(members)
    return sum(value for (u, v), value in zip(edges, x, strict=True) if u in chosen and v in chosen)


def leaving(members: Any, edges: list[tuple[int, int]], x: list[float]) -> float:
    chosen = set(members)
    return sum(value for (u, v), value in zip(edges, x, strict=True) if (u in chosen) != (v in chosen))


def simple(edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted({(min(e), max(e)) for e in edges if e[0] != e[1]})


@st.composite
def halves(draw: st.DrawFn) -> Point:
    """x in {0, 1/2, 1}, or in thirds, on any connected graph."""
    n, edges = draw(shapes(most=10, least=2))
    edges, parts = simple(edges), draw(st.sampled_from([1, 2, 3]))
    return n, edges, [draw(st.integers(0, parts)) / parts for _ in edges]


@st.composite
def anywhere(draw: st.DrawFn) -> Point:
    """Any floats between 0 and 1."""
    n, edges = draw(shapes(most=9, least=2))
    edges = simple(edges)
    return n, edges, [draw(st.floats(0, 1)) for _ in edges]


@st.composite
def near_trees(draw: st.DrawFn) -> Point:
    """A noisy convex combination of spanning trees of the complete graph: constraints are barely met, or barely not."""
    n = draw(st.integers(3, 9))
    edges = [(u, v) for u in range(n) for v in range(u + 1, n)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    tail, head = ends(edges)
    count = draw(st.integers(1, 5))
    x, share = np.zeros(len(edges)), rng.dirichlet(np.ones(count))
    for part in share:
        _, tree = merge_tree(n, tail, head, rng.permutation(len(edges)))
        x[tree] += part
    noise = draw(st.sampled_from([0.0, 1e-3, 0.1]))
    x = np.clip(x + noise * rng.standard_normal(len(edges)) * (x > 0), 0, 1)
    return n, edges, x.tolist()


@st.composite
def hidden(draw: st.DrawFn) -> Point:
    """A dense part whose edges are all lighter than those that lead out of it: clusters grow past it."""
    core = draw(st.integers(4, 6))
    outside = draw(st.integers(1, 10 - core))
    edges = [(u, v) for u in range(core) for v in range(u + 1, core)]
    light = draw(st.floats(0.3, 2 / core + 0.15))
    x = [light] * len(edges)
    for v in range(core, core + outside):
        u = draw(st.integers(0, v - 1))
        edges.append((u, v))
        x.append(draw(st.floats(light, 0.95)))
    return core + outside, edges, x


points = st.one_of(halves(), anywhere(), near_trees(), hidden())


def find_dense(point: Point, cost: Floats | None = None) -> Laminar | None:
    n, edges, x = point
    tail, head = ends(edges)
    return dense_sets(n, tail, head, np.array(x, dtype=float), np.zeros(len(edges)) if cost is None else cost)


@settings(max_examples=400)
@given(points, st.integers(0, 3))
def test_a_dense_set_is_found_just_when_brute_force_finds_one(point: Point, seed: int) -> None:
    n, edges, x = point
    cost = np.random.default_rng(seed).integers(0, 3, len(edges)).astype(float)
    worst = max(inside(s, edges, x) - len(s) + 1 for s in subsets(n))
    found = find_dense(point, cost)
    if found is None:
        assert worst <= CLEAR
    else:
        assert worst > cuts.VIOLATION_TOLERANCE / 2
        assert len(found) > 0
        for members in found.members():
            assert inside(members, edges, x) > len(members) - 1 + cuts.VIOLATION_TOLERANCE / 2


@settings(max_examples=100)
@given(near_trees())
def test_no_set_is_dense_in_a_convex_combination_of_trees(point: Point) -> None:
    n, edges, x = point
    if abs(sum(x) - (n - 1)) < 1e-9 and max(inside(s, edges, x) - len(s) + 1 for s in subsets(n)) < 1e-9:
        assert find_dense(point) is None


def without_its_clusters(point: Point) -> bool:
    """No cluster of x is dense: only the minimum cuts can find a set."""
    n, edges, x = point
    order = sorted(range(len(edges)), key=lambda e: -x[e])
    formed, _ = clusters_by_hand(n, edges, order)
    return all(inside(s, edges, x) <= len(s) - 1 for s in formed)


def complete_under_heavier_edges(core: int, light: float, heavy: float) -> Point:
    """A complete graph of light edges, each vertex with a pendant vertex of its own at a heavier edge."""
    edges = [(u, v) for u in range(core) for v in range(u + 1, core)]
    x = [light] * len(edges)
    edges += [(v, core + v) for v in range(core)]
    return 2 * core, edges, x + [heavy] * core


@pytest.mark.parametrize(
    ("core", "light", "heavy"), [(4, 0.55, 0.6), (5, 0.45, 0.5), (5, 0.41, 0.42), (4, 0.51, 0.52), (5, 0.42, 0.9)]
)
def test_a_dense_set_that_no_cluster_shows_is_found_by_minimum_cuts(core: int, light: float, heavy: float) -> None:
    point = complete_under_heavier_edges(core, light, heavy)
    assert without_its_clusters(point)
    found = find_dense(point)
    assert found is not None
    (members,) = found.members()
    assert set(members) == set(range(core))


def test_a_dense_set_hangs_on_a_contracted_edge() -> None:
    # Edges at x = 1 are contracted before the flows; the set found must come back with both their ends.
    core, edges, x = complete_under_heavier_edges(4, 0.55, 0.6)
    edges = [*edges, (0, core)]
    point = (core + 1, edges, [*x, 1.0])
    found = find_dense(point)
    assert found is not None
    for members in found.members():
        assert inside(members, edges, point[2]) > len(members) - 1 + cuts.VIOLATION_TOLERANCE / 2


def test_many_random_points_reach_the_minimum_cuts_and_both_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[bool] = []
    exact = cuts._dense_set_by_minimum_cut

    def counting(n: int, tail: Any, head: Any, x: Any) -> Laminar | None:
        found = exact(n, tail, head, x)
        reached.append(found is not None)
        return found

    monkeypatch.setattr(cuts, "_dense_set_by_minimum_cut", counting)
    rng = np.random.default_rng(7)
    for _ in range(400):
        n = int(rng.integers(5, 9))
        edges = [(u, v) for u in range(n) for v in range(u + 1, n) if rng.random() < 0.7]
        weights = rng.choice([1.0, 1.0, 2.0], len(edges))
        total = rng.uniform(0.8, 1.1) * (n - 1)
        x = np.minimum(weights * total / max(weights.sum(), 1), 1).tolist()
        worst = max(inside(s, edges, x) - len(s) + 1 for s in subsets(n))
        found = find_dense((n, edges, x))
        assert (found is not None) == (worst > cuts.VIOLATION_TOLERANCE)
    assert sum(reached) >= 10
    assert len(reached) - sum(reached) >= 10


def test_a_graph_without_edges_or_with_one_vertex_has_no_dense_set() -> None:
    for n in (1, 2, 5):
        assert find_dense((n, [], [])) is None


# Sets that too little of x leaves.


@st.composite
def two_factors(draw: st.DrawFn) -> Point:
    """Fractional tours: all degrees 2, mixtures of cycle covers of the complete graph."""
    n = draw(st.integers(4, 9))
    edges = [(u, v) for u in range(n) for v in range(u + 1, n)]
    name = {edge: e for e, edge in enumerate(edges)}
    x = np.zeros(len(edges))
    shares = draw(st.sampled_from([[1.0], [0.5, 0.5], [0.25, 0.75], [1 / 3, 1 / 3, 1 / 3]]))
    for share in shares:
        line = draw(st.permutations(range(n)))
        split = draw(st.sampled_from([0, *range(3, n - 2)]))
        for cycle in (line[:split], line[split:]):
            for u, v in zip(cycle, cycle[1:] + cycle[:1], strict=True):
                x[name[min(u, v), max(u, v)]] += share
    return n, edges, x.tolist()


def find_small_cuts(point: Point, at_least: float) -> Laminar | None:
    n, edges, x = point
    tail, head = ends(edges)
    return small_cuts(n, tail, head, np.array(x, dtype=float), at_least)


def assert_small_cuts_as_brute_force_says(point: Point, at_least: float) -> None:
    n, edges, x = point
    least = min((leaving(s, edges, x) for s in subsets(n) if len(s) < n), default=np.inf)
    found = find_small_cuts(point, at_least)
    if found is None:
        assert least >= at_least - CLEAR
    else:
        assert len(found) > 0
        for members in found.members():
            assert 0 < len(members) < n
            assert leaving(members, edges, x) < at_least - cuts.VIOLATION_TOLERANCE / 2


@settings(max_examples=300)
@given(points, st.sampled_from([1.0, 2.0]))
def test_a_small_cut_is_found_just_when_brute_force_finds_one(point: Point, at_least: float) -> None:
    assert_small_cuts_as_brute_force_says(point, at_least)


@settings(max_examples=200)
@given(two_factors())
def test_a_subtour_is_found_just_when_there_is_one(point: Point) -> None:
    assert_small_cuts_as_brute_force_says(point, 2)


@settings(max_examples=100)
@given(two_factors())
def test_where_all_degrees_are_two_subtours_are_dense_sets(point: Point) -> None:
    n, edges, x = point
    subtours = [s for s in subsets(n) if len(s) < n and inside(s, edges, x) > len(s) - 1 + CLEAR]
    assert bool(subtours) == (find_small_cuts(point, 2) is not None)


def test_a_small_cut_that_no_cluster_shows_is_found_by_minimum_cuts() -> None:
    # Two complete graphs of light edges and two heavier edges between them: clusters straddle the small cut.
    one = [(u, v) for u in range(6) for v in range(u + 1, 6)]
    edges = [*one, *((u + 6, v + 6) for u, v in one), (0, 6), (1, 7)]
    x = [0.41] * (2 * len(one)) + [0.42] * 2
    formed, _ = clusters_by_hand(12, edges, sorted(range(len(edges)), key=lambda e: -x[e]))
    assert all(leaving(s, edges, x) >= 2 for s in formed if len(s) < 12)
    assert all(leaving([v], edges, x) >= 2 for v in range(12))
    found = find_small_cuts((12, edges, x), 2)
    assert found is not None
    assert [len(members) for members in found.members()] == [6]
    assert_small_cuts_as_brute_force_says((12, edges, x), 2)


def test_one_vertex_leaves_nothing_to_separate() -> None:
    assert find_small_cuts((1, [], []), 1) is None


def test_vertices_without_edges_are_small_cuts() -> None:
    found = find_small_cuts((3, [], []), 1)
    assert found is not None
    assert sorted(map(tuple, found.members()))[0] == (0,)
