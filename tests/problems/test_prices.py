"""Prices of limits, and the demands behind an infeasibility, against brute force on random graphs."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from commandline import answer_of
from strategies import spanning_trees

from problems import mst, shortest_path
from problems.recipe import run
from problems.studies.asked_path import AskedPath
from problems.studies.asked_tree import AskedTree
from problems.studies.conflict import in_words
from problems.studies.prices import prices
from solvers import solve

WAYS = """A B {'weight': 1, 'toll': 5}
A C {'weight': 4, 'toll': 1}
C B {'weight': 4, 'toll': 1}
A D {'weight': 1, 'toll': 2}
D B {'weight': 9, 'toll': 2}
"""
ASKED = ("--weight", "weight", "--source", "A", "--target", "B")
STAR = "h a 1\nh b 2\nh c 3\nh d 4\nc d 9\na b 10\nk c 2\nk l 3\nk m 3\n"


@pytest.fixture
def ways(tmp_path: Path) -> str:
    path = tmp_path / "ways.edgelist"
    path.write_text(WAYS)
    return str(path)


@pytest.fixture
def star(tmp_path: Path) -> str:
    path = tmp_path / "star.edgelist"
    path.write_text(STAR)
    return str(path)


def test_the_price_of_a_limit_is_said_and_in_the_json(capsys: Any, ways: str) -> None:
    assert run(shortest_path.RECIPE, ["--graph", ways, *ASKED, "--limit", "toll=3.5"]) == 0
    said = "price of toll: 2.33333 a unit, in the linear relaxation; at most 3.5 + t of it lets no path be shorter than"
    assert f"{said} 4.5 - 2.33333 t" in capsys.readouterr().out
    answer = answer_of(shortest_path.RECIPE, capsys, "--graph", ways, *ASKED, "--limit", "toll=3.5")[1]
    assert answer["prices"]["toll"] == pytest.approx(-7 / 3)
    assert "prices" not in answer_of(shortest_path.RECIPE, capsys, "--graph", ways, *ASKED)[1]


def test_the_price_of_a_degree_is_said_and_in_the_json(capsys: Any, star: str) -> None:
    assert run(mst.RECIPE, ["--graph", star, "--max-degree", "3"]) == 0
    out = capsys.readouterr().out
    assert "price of the degree: 5 an edge" in out
    assert "of that 5 at h" in out
    assert answer_of(mst.RECIPE, capsys, "--graph", star, "--max-degree", "3")[1]["prices"] == {"degree": [["h", -5]]}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--limit", "toll=1", "--require-node", "C"], "the limit toll <= 1 admits no path from A to B"),
        (
            ["--limit", "toll=3", "--require-node", "D"],
            "the limit toll <= 3, together with the required node D, admits no path from A to B; without either one",
        ),
        (
            ["--limit", "weight=1.5", "--require-arc", "A", "C"],
            "the limit weight <= 1.5, together with the required arc A to C, admits no path from A to B",
        ),
    ],
)
def test_the_demands_behind_an_infeasibility_are_named(capsys: Any, ways: str, more: list[str], said: str) -> None:
    assert run(shortest_path.RECIPE, ["--graph", ways, *ASKED, *more]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1


def test_the_nodes_behind_an_infeasibility_are_named(capsys: Any, star: str) -> None:
    assert run(mst.RECIPE, ["--graph", star, "--max-degree", "2"]) == 2
    assert "star.edgelist: the degree <= 2 at k admits no spanning tree\n" in capsys.readouterr().err
    assert run(mst.RECIPE, ["--graph", star, "--max-degree", "0"]) == 2
    assert "max_degree is 0" in capsys.readouterr().err


def test_a_doubt_is_said() -> None:
    told = in_words(["the limit a <= 1", "the limit b <= 2", "the required node c"], sure=False, nothing="path")
    assert told.startswith("the limit a <= 1, together with the limit b <= 2 and the required node c, admits no path;")
    assert told.endswith("perhaps less than that contradicts itself already")


def drawn(rng: random.Random, n: int) -> nx.Graph[Any]:
    graph: nx.Graph[Any] = nx.gnm_random_graph(n, rng.randint(n, 2 * n), seed=rng.randint(0, 10**6))
    nx.add_path(graph, range(n))
    for _, _, data in graph.edges(data=True):
        data |= {"weight": rng.randint(0, 9), "toll": rng.randint(0, 5)}
    return graph


def shortest(graph: nx.Graph[Any], question: dict[str, Any]) -> float | None:
    """The least weight of a simple path that meets the demands, by listing all paths."""
    found = []
    for way in nx.all_simple_paths(graph, question["source"], question["target"]):
        ends = {frozenset(pair) for pair in pairwise(way)}
        fits = nx.path_weight(graph, way, "toll") <= question.get("limits", {}).get("toll", 1e9)
        fits &= {*question.get("required_nodes", [])} <= {*way} and not {*question.get("forbidden_nodes", [])} & {*way}
        if fits and {frozenset(pair) for pair in question.get("required_arcs", [])} <= ends:
            found.append(nx.path_weight(graph, way, "weight"))
    return min(found, default=None)


def test_prices_of_random_limits_bound_what_other_limits_admit() -> None:
    rng, priced = random.Random(0), 0
    for _ in range(60):
        graph, limit = drawn(rng, 7), rng.randint(3, 12)
        question = {"source": 0, "target": 6, "limits": {"toll": float(limit)}}
        asked = AskedPath(as_network(graph), question)
        solution = solve(asked.problem)
        found = prices(asked.problem, solution)
        if found is None:
            assert solution.status == "infeasible"
            continue
        price = float(found.of["limit toll"][0])
        assert price <= 0
        priced += price < 0
        for other in range(max(limit - 4, 0), limit + 5):
            best = shortest(graph, {**question, "limits": {"toll": other}})
            assert best is None or best >= found.bound + price * (other - limit) - 1e-6
    assert priced > 5


def as_network(graph: nx.Graph[Any]) -> Any:
    from formulations.graphs import network

    return network(graph, "weight", "toll")


def test_contradictions_of_random_demands_are_irreducible() -> None:
    rng, several = random.Random(1), 0
    for _ in range(120):
        graph = drawn(rng, 6)
        nodes = rng.sample(range(1, 5), 2)
        question: dict[str, Any] = {"source": 0, "target": 5, "limits": {"toll": float(rng.randint(1, 5))}}
        question |= {"required_nodes": nodes[:1], "forbidden_nodes": nodes[1:]}
        asked = AskedPath(as_network(graph), question)
        try:
            solution = solve(asked.problem)
        except ValueError:
            continue
        if solution.status != "infeasible":
            assert solution.value == shortest(graph, question)
            continue
        told = asked.conflict(solution, 60.0)
        parts = {"limits": "the limit toll", "required_nodes": "the required", "forbidden_nodes": "the forbidden"}
        named = {name for name, words in parts.items() if words in told}
        kept = {name: part for name, part in question.items() if name in named or name in ("source", "target")}
        assert shortest(graph, kept) is None
        for name in named:
            assert shortest(graph, {key: part for key, part in kept.items() if key != name}) is not None
        several += len(named) > 1
    assert several > 5


def test_contradictions_of_random_degrees_are_irreducible() -> None:
    rng, found = random.Random(2), 0
    for _ in range(25):
        graph = nx.random_labeled_tree(7, seed=rng.randint(0, 10**6))
        graph.add_edge(*rng.sample(range(7), 2))
        for _, _, data in graph.edges(data=True):
            data |= {"weight": rng.randint(0, 9), "toll": 0}
        asked = AskedTree(as_network(graph).simple(), max_degree=2)
        solution = solve(asked.problem)
        trees = [nx.Graph((u, v) for u, v, _ in tree) for tree in spanning_trees(graph)]
        path = any(max(d for _, d in tree.degree) <= 2 for tree in trees)
        assert (solution.status == "infeasible") == (not path)
        if path:
            continue
        told = asked.conflict(solution, 60.0)
        named = [int(v) for v in re.findall(r"\d+", told.partition(" at ")[2])]
        fits = lambda some, trees=trees: any(all(tree.degree[v] <= 2 for v in some) for tree in trees)  # noqa: E731
        assert not fits(named)
        assert all(fits([v for v in named if v != left]) for left in named)
        found += 1
    assert found > 2
