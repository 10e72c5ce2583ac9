"""problems.check against answers that recipes give, against lies about them, and against brute force."""

from __future__ import annotations

import ast
import copy
import io
import json
import random
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise, permutations
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from places import ROOT
from roads import ENDS, ROADS

from formulations.graphs import network
from formulations.graphs.laminar import Laminar
from formulations.mst import minimum_spanning_tree
from problems import mst, shortest_path, tsp
from problems.check import main
from problems.proofs.evidence import of_tree
from problems.recipe import Recipe, run
from solvers import solve
from solvers.proof.branching import Leaf

RECIPES = {"mst": mst.RECIPE, "shortest_path": shortest_path.RECIPE, "tsp": tsp.RECIPE}
ENGINES = ("cvxpy", "highspy", "ortools", "torch", "solvers", "networkx", "scipy.optimize", "clarabel", "scs")
MOST_LINES = 300  # for trees, paths and tours together


@pytest.fixture
def roads(tmp_path: Path) -> str:
    path = tmp_path / "roads.edgelist"
    path.write_text(ROADS)
    return str(path)


def asked(capsys: Any, recipe: Recipe, graph: str, *arguments: str) -> dict[str, Any]:
    """The answer of a recipe; empty if it refuses the question."""
    run(recipe, ["--graph", graph, "--weight", "weight", "--json", *arguments])
    out = capsys.readouterr().out
    return json.loads(out) if out else {}


def checked(capsys: Any, answer: Any, graph: str, *arguments: str) -> tuple[int, str]:
    """The exit code of the check, and what it says."""
    path = Path(graph).with_name("answer.json")
    path.write_text(answer if isinstance(answer, str) else json.dumps(answer))
    code = main([str(path), "--graph", graph, *arguments])
    out, err = capsys.readouterr()
    return code, str(out + err)


# What is proven, in words.

SAID = {
    "a minimum spanning tree of roads.edgelist": (mst.RECIPE, []),
    "the forest of weight 3.85 is a minimum spanning forest of roads.edgelist": (mst.RECIPE, ["--forest"]),
    "a minimum spanning tree of roads.edgelist with at most 2 edges at any node": (mst.RECIPE, ["--max-degree", "2"]),
    "there is no spanning tree of roads.edgelist with at most 1 edges at any node": (
        mst.RECIPE,
        ["--max-degree", "1"],
    ),
    "the path of weight 3.85 is a shortest path in roads.edgelist from a to d": (shortest_path.RECIPE, [*ENDS]),
    "the paths of weight 13.1 are a shortest set of 2 paths without a common edge in roads.edgelist from a to d": (
        shortest_path.RECIPE,
        [*ENDS, "--paths", "2"],
    ),
    "the path of weight 4.6 is a shortest path in roads.edgelist from a to d, time at most 3.0, without the node b": (
        shortest_path.RECIPE,
        [*ENDS, "--limit", "time=3", "--forbid-node", "b"],
    ),
    "from a to d, through the node b, through the arc a to c, without the arc c to d": (
        shortest_path.RECIPE,
        [*ENDS, "--require-node", "b", "--require-arc", "a", "c", "--forbid-arc", "c", "d"],
    ),
    "there is no path in roads.edgelist from a to d, time at most 1.0": (
        shortest_path.RECIPE,
        [*ENDS, "--limit", "time=1"],
    ),
}


@pytest.mark.parametrize("said", SAID)
def test_a_true_answer_is_proven_and_the_question_is_told(capsys: Any, roads: str, said: str) -> None:
    recipe, arguments = SAID[said]
    code, told = checked(capsys, asked(capsys, recipe, roads, *arguments), roads)
    assert code == 0, told
    assert said in told.splitlines()[0]
    assert "FAILS" not in told


def test_the_weight_that_was_read_is_told(capsys: Any, roads: str) -> None:
    run(mst.RECIPE, ["--graph", roads, "--weight", "time", "--json"])
    answer = capsys.readouterr().out
    assert "minimum spanning tree of roads.edgelist (weight time)" in checked(capsys, answer, roads)[1]
    assert checked(capsys, answer, roads, "--weight", "weight")[0] == 1


def test_as_json(capsys: Any, roads: str) -> None:
    answer = asked(capsys, shortest_path.RECIPE, roads, *ENDS)
    code, out = checked(capsys, answer, roads, "--json")
    found = json.loads(out)
    assert (code, found["ok"], found["checked"]) == (0, True, "answer.json")
    assert found["asked"] == {"reading": {"weight": "weight"}, "source": "a", "target": "d"}
    assert "shortest path" in found["proven"]
    answer["value"] += 1
    code, out = checked(capsys, answer, roads, "--json")
    assert (code, json.loads(out)["ok"], json.loads(out)["proven"]) == (1, False, "")


def test_an_answer_that_is_not_optimal_proves_how_good_it_is(capsys: Any, roads: str) -> None:
    answer = asked(capsys, shortest_path.RECIPE, roads, *ENDS)
    answer |= {"answer": ["a", "c", "d"], "value": 4.6, "status": "feasible"}
    code, told = checked(capsys, answer, roads)
    assert code == 0
    assert "the path weighs 4.6, and no path in roads.edgelist from a to d weighs less than 3.85" in told


# Lies.


def potential(node: str, by: float) -> Callable[[dict[str, Any]], None]:
    def changed(answer: dict[str, Any]) -> None:
        for pair in answer["certificate"]["potentials"]:
            if pair[0] == node:
                pair[1] += by

    return changed


def entry(*where: Any, by: float) -> Callable[[dict[str, Any]], None]:
    def changed(answer: dict[str, Any]) -> None:
        node = answer["certificate"]
        for key in where[:-1]:
            node = node[key]
        node[where[-1]] += by

    return changed


def boxes(change: Callable[[list[Any]], Any]) -> Callable[[dict[str, Any]], None]:
    return lambda answer: change(answer["certificate"]["boxes"])


PATH_LIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "a longer path": lambda a: a.update(answer=["a", "c", "d"], value=4.6),
    "a longer path of the same value": lambda a: a.update(answer=["a", "c", "d"]),
    "no path": lambda a: a.update(answer=["a", "d"]),
    "another value": lambda a: a.update(value=3.75),
    "another value and bound": lambda a: a.update(value=3.75, bound=3.75),
    "another bound": lambda a: a.update(bound=3.8),
    "no value": lambda a: a.update(value=None),
    "a potential too high": potential("c", 1e-9),
    "a potential too low": potential("c", -1e-9),
    "the end too high": potential("d", 0.5),
    "a node that is not there": lambda a: a.update(answer=["a", "b", "x", "d"]),
    "other ends": lambda a: a["asked"].update(target="c"),
    "a limit": lambda a: a["asked"].update(limits={"weight": 1.0}),
}
TREE_LIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "a heavier edge": lambda a: a["answer"].__setitem__(0, ["b", "c", 2.25]),
    "a parallel edge": lambda a: a["answer"].__setitem__(0, ["a", "b", 2.5]),
    "another weight": lambda a: a["answer"][0].__setitem__(2, 1.0),
    "an edge less": lambda a: a["answer"].pop(),
    "an edge twice": lambda a: a["answer"].append(a["answer"][0]),
    "no edge": lambda a: a["answer"].__setitem__(0, ["a", "d", 1.5]),
    "another value": lambda a: a.update(value=3.75, bound=3.75),
    "another bound": lambda a: a.update(bound=3.8),
    "the tree size": entry("tree size", 0, 0, by=2),
    "a set's multiplier": entry("inside", 0, 2, by=-3),
    "a multiplier of the wrong sign": entry("inside", 0, 2, by=100),
    "a greater weight": lambda a: a["asked"].update(maximize=True),
}
LIMITED_LIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a leaf less": boxes(lambda steps: steps.pop()),
    "a leaf more": boxes(lambda steps: steps.append(steps[-1])),
    "multipliers of nothing": lambda a: a["certificate"].update(duals=[{} for _ in a["certificate"]["duals"]]),
    "limits that cost nothing": lambda a: [dual.pop("limit", None) for dual in a["certificate"]["duals"]],
    "a limit of the wrong sign": lambda a: next(d["limit"] for d in a["certificate"]["duals"] if "limit" in d)[
        0
    ].__setitem__(1, 1),
    "a branch on half": boxes(lambda steps: next(s for s in steps if s[0] == "branch").__setitem__(2, 0.5)),
    "a branch on no arc": boxes(lambda steps: next(s for s in steps if s[0] == "branch").__setitem__(1, ["a", "x"])),
    "a leaf that is called infeasible": boxes(lambda steps: steps.__setitem__(-1, ["infeasible", 0])),
    "a leaf that is called empty": boxes(lambda steps: steps.__setitem__(-1, ["empty"])),
    "a limit that is exceeded": lambda a: a["asked"]["limits"].update(r=3.0),
    "a wider limit": lambda a: a["asked"]["limits"].update(r=60.0),
}
DIAMONDS = "".join(  # limits that only branching proves: pairs of ways with whole costs and resources
    f"edge [ source {v} target {v + 1} weight 0 r 0 ]\nedge [ source {v + 1} target {v + 2} weight 0 r 0 ]\n"
    f"edge [ source {v} target {v + 2} weight {-w} r {r} ]\n"
    for v, w, r in [(0, 8, 7), (2, 11, 10), (4, 9, 8), (6, 12, 11), (8, 14, 13), (10, 10, 9), (12, 7, 6)]
)


@pytest.fixture
def knapsack(tmp_path: Path) -> str:
    path = tmp_path / "knapsack.gml"
    nodes = " ".join(f'node [ id {v} label "{v}x" ]' for v in range(15))
    path.write_text(f"graph [ directed 1 {nodes} {DIAMONDS} ]")
    return str(path)


@pytest.mark.parametrize("lie", PATH_LIES)
def test_a_lie_about_a_path_is_caught(capsys: Any, roads: str, lie: str) -> None:
    answer = asked(capsys, shortest_path.RECIPE, roads, *ENDS)
    PATH_LIES[lie](answer)
    assert checked(capsys, answer, roads)[0] in (1, 2)


@pytest.mark.parametrize("lie", TREE_LIES)
def test_a_lie_about_a_tree_is_caught(capsys: Any, roads: str, lie: str) -> None:
    triangle = ROADS.replace("0.1", "5").replace("4.5", "1.75")  # the set a, b, c has a multiplier
    Path(roads).write_text(triangle)
    answer = asked(capsys, mst.RECIPE, roads)
    assert checked(capsys, answer, roads)[0] == 0
    TREE_LIES[lie](answer)
    code, told = checked(capsys, answer, roads)
    assert code == 1, told
    assert "NOT proven" in told


def test_a_tour_through_a_matrix(capsys: Any, tmp_path: Path) -> None:
    matrix, path = tmp_path / "d.csv", tmp_path / "answer.json"
    matrix.write_text("0,1,9,4\n9,0,1,9\n1,9,0,2\n5,1,1,0\n")
    run(tsp.RECIPE, ["--matrix", str(matrix), "--json"])
    path.write_text(capsys.readouterr().out)
    assert main([str(path), "--matrix", str(matrix)]) == 0
    assert "is a shortest tour through d.csv" in capsys.readouterr().out
    matrix.write_text(matrix.read_text().replace("9", "0.5"))
    assert main([str(path), "--matrix", str(matrix)]) == 1


@pytest.mark.parametrize("lie", LIMITED_LIES)
def test_a_lie_about_branching_is_caught(capsys: Any, knapsack: str, lie: str) -> None:
    answer = asked(capsys, shortest_path.RECIPE, knapsack, "--source", "0x", "--target", "14x", "--limit", "r=31")
    assert answer["certificate"]["kind"] == "branching"
    assert checked(capsys, answer, knapsack)[0] == 0
    LIMITED_LIES[lie](answer)
    code, told = checked(capsys, answer, knapsack)
    assert code == 1, told


def test_a_required_source_proves_no_absence(capsys: Any, roads: str) -> None:
    answer = asked(capsys, shortest_path.RECIPE, roads, *ENDS, "--require-node", "a")
    assert checked(capsys, answer, roads)[0] == 0
    entered = {"duals": [{"required nodes": [["a", 1]]}], "boxes": [["infeasible", 0]]}  # no path enters its source
    answer |= {"status": "infeasible", "answer": None, "value": None, "bound": None, "certificate": entered}
    code, told = checked(capsys, answer, roads)
    assert (code, "a box is not shown to be infeasible" in told) == (1, True)


def test_two_paths_on_one_edge_do_not_pass(capsys: Any, roads: str) -> None:
    answer = asked(capsys, shortest_path.RECIPE, roads, *ENDS, "--paths", "2")
    answer["answer"] = [["a", "c", "d"], ["a", "b", "c", "d"]]
    code, told = checked(capsys, answer, roads)
    assert code == 1
    assert "FAILS: no edge is in two paths" in told


@pytest.mark.parametrize("number", ["1e99999999999", "1_0", "1/0", 10**400, -(10**400), [], True, float("nan")])
def test_numbers_that_are_none_or_endless_do_not_pass(capsys: Any, roads: str, number: Any) -> None:
    answer = asked(capsys, shortest_path.RECIPE, roads, *ENDS)
    assert checked(capsys, {**answer, "value": number, "bound": number}, roads)[0] == 1
    answer["certificate"]["potentials"][-1][1] = number
    assert checked(capsys, answer, roads)[0] in (1, 2)


def test_a_changed_weight_in_the_file_is_caught(capsys: Any, roads: str) -> None:
    for recipe, arguments in ((mst.RECIPE, []), (shortest_path.RECIPE, [*ENDS])):
        answer = asked(capsys, recipe, roads, *arguments)
        for old, new in (("2.25", "2.24"), ("'weight': 7", "'weight': 0.5"), ("4.5", "1")):
            Path(roads).write_text(ROADS.replace(old, new))
            assert checked(capsys, answer, roads)[0] == 1, (recipe.name, old)
        Path(roads).write_text(ROADS)


EMPTY = {"problem": "mst", "asked": {}, "answer": [], "status": "optimal", "value": 1, "bound": 1, "certificate": {}}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "is not JSON"),
        ("[" * 5000, "is not JSON"),
        ([], "is not an answer"),
        ({"problem": "mst"}, "is not an answer"),
        ({**EMPTY, "problem": "gan"}, "is an answer of gan"),
        ({**EMPTY, "status": "no_solution"}, "no_solution"),
        ({**EMPTY, "answer": [3]}, "cannot be read"),
        ({**EMPTY, "asked": {"magic": 1}}, "magic"),
        ({**EMPTY, "problem": "shortest_path"}, "source"),
    ],
)
def test_what_is_no_answer_is_one_line(capsys: Any, roads: str, answer: Any, said: str) -> None:
    code, told = checked(capsys, answer, roads, "--weight", "weight", "--quiet")
    assert code == 2
    assert said in told
    assert "answer.json" in told
    assert len(told.splitlines()) == 1


def test_another_graph_is_one_line(capsys: Any, roads: str, knapsack: str) -> None:
    code, told = checked(capsys, asked(capsys, mst.RECIPE, roads), knapsack)
    assert code == 2
    assert "is an answer for a graph of 4 nodes and 6 edges; knapsack.gml has 15 and 21" in told
    assert len(told.splitlines()) == 1


def test_what_is_not_there_is_one_line(capsys: Any, roads: str) -> None:
    for arguments in (["nothing.json", "--graph", roads], [roads, "--graph", "nothing.gml"]):
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert (out, len(err.splitlines())) == ("", 1)


# Many questions, and many corruptions, against brute force.


def random_graph(rng: random.Random, path: Path, *, directed: bool, tours: bool) -> list[tuple[int, int, float, int]]:
    """A file with a random graph, perhaps with loops and parallel edges; its edges with weight and toll."""
    density = rng.choice([0, 0.9]) if tours else 0
    n, style, least = rng.randint(2, 6), rng.choice(["whole", "tenths", "any"]), rng.choice([0, 0, -3 * directed])
    ends = [(rng.randrange(v), v) for v in range(1, n)]
    ends += [(rng.randrange(n), rng.randrange(n)) for _ in range(rng.randint(0, n + 2))]
    ends += [(v, u) for u, v in ends if directed and rng.random() < 0.3]
    ends += [(u, v) for u, v in permutations(range(n), 2) if (directed or u < v) and rng.random() < density]
    draws = {"whole": lambda: rng.randint(least, 6), "tenths": lambda: rng.randint(10 * least, 60) / 10}
    edges = [(u, v, float(draws.get(style, lambda: rng.uniform(least, 6))()), rng.randint(0, 4)) for u, v in ends]
    nodes = " ".join(f'node [ id {v} label "n{v}" ]' for v in range(n))
    rows = (f"edge [ source {u} target {v} weight {w!r} toll {r} ]" for u, v, w, r in edges)
    path.write_text("\n".join([f"graph [ directed {int(directed)} multigraph 1 {nodes}", *rows, "]"]))
    return edges


def random_question(rng: random.Random, n: int) -> tuple[str, list[str]]:
    node = lambda: f"n{rng.randrange(n)}"  # noqa: E731
    kind = rng.choice(["tree", "forest", "degree", "path", "paths", "limit", "required", "both", "tour", "tour"])
    if kind == "tour":
        return "tsp", []
    if kind in ("tree", "forest", "degree"):
        return "mst", {"tree": [], "forest": ["--forest"], "degree": ["--max-degree", str(rng.randint(1, 3))]}[kind]
    more = ["--forbid-node", node()] if rng.random() < 0.15 else []
    more += ["--paths", "2"] if kind == "paths" else []
    more += ["--limit", f"toll={rng.randint(0, 8)}"] if kind in ("limit", "both") else []
    more += ["--require-node", node()] if kind in ("required", "both") else []
    return "shortest_path", ["--source", node(), "--target", node(), *more]


def truth(problem: str, question: dict[str, Any], edges: list[tuple[int, int, float, int]], directed: bool) -> Any:
    """The optimal value by listing all answers; None if there is none."""
    if problem == "tsp":
        return min(tours(edges, directed), default=None)
    answers = trees(question, edges) if problem == "mst" else paths(question, edges, directed)
    return min(answers, default=None)


def tours(edges: list[tuple[int, int, float, int]], directed: bool) -> Iterator[Fraction]:
    n = 1 + max(max(u, v) for u, v, *_ in edges)
    least: dict[tuple[int, int], Fraction] = {}
    for u, v, w, _ in edges:
        for ends in [(u, v)] if directed else [(u, v), (v, u)]:
            least[ends] = min(exactly(w), least.get(ends, exactly(w)))
    for rest in permutations(range(1, n)):
        steps = list(pairwise((0, *rest, 0)))
        if all(step in least for step in steps):
            yield sum((least[step] for step in steps), Fraction(0))


def exactly(weight: float) -> Fraction:
    return Fraction(weight)


def trees(question: dict[str, Any], edges: list[tuple[int, int, float, int]]) -> Iterator[Fraction]:
    graph: nx.MultiGraph[int] = nx.MultiGraph()
    graph.add_edges_from((u, v) for u, v, *_ in edges)
    size = len(graph) - nx.number_connected_components(graph)
    for chosen in combinations([edge for edge in edges if edge[0] != edge[1]], size):
        tree = nx.Graph((u, v) for u, v, *_ in chosen)
        within = max((d for _, d in tree.degree), default=0) <= question.get("max_degree", len(graph))
        if within and tree.number_of_edges() == size and (not size or nx.is_forest(tree)):
            yield sum((exactly(w) for _, _, w, _ in chosen), Fraction(0))


def paths(question: dict[str, Any], edges: list[tuple[int, int, float, int]], directed: bool) -> Iterator[Fraction]:
    """The lengths of all simple paths, or pairs of them, that are asked for."""
    graph: Any = nx.MultiDiGraph()
    for e, (u, v, *_) in enumerate(edges):
        for a, b in [(u, v)] if directed else [(u, v), (v, u)]:
            if not {f"n{a}", f"n{b}"} & {*question.get("forbidden_nodes", [])}:
                graph.add_edge(f"n{a}", f"n{b}", e)
    s, t = question["source"], question["target"]
    if s == t:
        ways: list[list[Any]] = [[]]
    else:
        ways = list(nx.all_simple_edge_paths(graph, s, t)) if {s, t} <= {*graph} else []
    used = [[e for *_, e in way] for way in ways]
    if question.get("paths", 1) == 2:
        pairs = ((a, b) for a, b in combinations(used, 2) if not {*a} & {*b})
        yield from (sum((exactly(edges[e][2]) for e in a + b), Fraction(0)) for a, b in pairs)
        return
    for way, taken in zip(ways, used, strict=True):
        within = sum(edges[e][3] for e in taken) <= question.get("limits", {}).get("toll", 1e9)
        if within and {*question.get("required_nodes", [])} <= {s, *(v for _, v, _ in way)}:
            yield sum((exactly(edges[e][2]) for e in taken), Fraction(0))


def true(answer: dict[str, Any], edges: list[tuple[int, int, float, int]], directed: bool) -> bool:
    """Whether the answer's value is the best, or its bound below it, by listing all answers."""
    best = truth(answer["problem"], answer["asked"], edges, directed)
    if answer["status"] == "infeasible":
        return best is None
    near = 1e-9 * (1 + abs(float(best)))
    return answer["bound"] <= best + near and (answer["status"] == "feasible" or abs(answer["value"] - best) <= near)


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the numbers and names in an answer are, and the lists that can lose something."""
    if isinstance(node, dict):
        for key, part in node.items():
            if key not in ("kind", "verified", "exact", "reading"):
                yield from places(part, (*way, key))
    elif isinstance(node, list):
        for i, part in enumerate(node):
            yield from places(part, (*way, i))
        if node:
            yield (*way, None)
    else:
        yield way


def corrupted(rng: random.Random, answer: dict[str, Any]) -> dict[str, Any]:
    """A copy with one number or name changed, or one thing taken off a list."""
    copied = copy.deepcopy(answer)
    parts = {key: answer[key] for key in ("asked", "status", "value", "bound", "answer", "certificate")}
    *way, last = rng.choice(list(places(parts)))
    node: Any = copied
    for key in way:
        node = node[key]
    if last is None:
        node.pop(rng.randrange(len(node)))
        return copied
    old = node[last]
    if isinstance(old, bool) or old is None:
        node[last] = not old
    elif isinstance(old, int | float):
        node[last] = rng.choice([old + 1, old - 1, -old, 2 * old, old + 1e-6])
    else:
        names = [f"n{v}" for v in range(6)] if old[:1] == "n" else ["leaf", "infeasible", "empty", "1/3", "optimal"]
        node[last] = rng.choice([name for name in names if name != old])
    return copied


def test_random_questions_are_proven_and_corruptions_are_caught_or_harmless(capsys: Any, tmp_path: Path) -> None:
    rng, codes, kinds = random.Random(0), Counter[int](), Counter[tuple[str, bool]]()
    file, proven = tmp_path / "graph.gml", 0
    while proven < 300:
        directed, name, arguments = rng.random() < 0.5, *random_question(rng, 6)
        edges = random_graph(rng, file, directed=directed, tours=name == "tsp")
        directed &= name != "mst"
        try:
            answer = asked(capsys, RECIPES[name], str(file), *arguments)
        except nx.NetworkXException:  # a cross-check that meets a negative cycle
            continue
        if not answer or answer["status"] == "no_solution":
            continue
        proven += 1
        code, told = checked(capsys, answer, str(file), "--quiet")
        assert code == 0, (arguments, told)
        assert true(answer, edges, directed), (arguments, answer)
        kinds[answer["status"], "boxes" in answer["certificate"]] += 1
        for _ in range(2):
            lie = corrupted(rng, answer)
            code, told = checked(capsys, lie, str(file), "--quiet")
            codes[code] += lie != answer
            assert code or true(lie, edges, directed), (arguments, lie, told)
    assert codes[1] > 300
    assert kinds["optimal", True] > 1
    assert kinds["infeasible", True] > 10


# What is trusted.


def lines_of_code(file: Path) -> int:
    """The lines of a file that are code: no imports, no docstrings, no comments, no blank lines."""
    text = file.read_text(encoding="utf-8")
    other: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
        for part in [node.body[0]] if documented else [node] if isinstance(node, ast.Import | ast.ImportFrom) else []:
            other |= {*range(part.lineno, part.end_lineno + 1)}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.string.strip() and token.type not in (tokenize.COMMENT, tokenize.ENDMARKER):
            lines |= {*range(token.start[0], token.end[0] + 1)}
    return len(lines - other)


def test_what_is_to_be_believed_is_short() -> None:
    trusted = [ROOT / "problems" / "proofs" / f"{name}.py" for name in ("duality", "rows", "questions", "claims")]
    assert sum(map(lines_of_code, trusted)) <= MOST_LINES


def test_no_solver_and_no_modelling_language_is_imported(capsys: Any, roads: str) -> None:
    for recipe, arguments in (
        (mst.RECIPE, ["--max-degree", "2"]),
        (shortest_path.RECIPE, [*ENDS, "--limit", "time=3"]),
    ):
        answer = asked(capsys, recipe, roads, *arguments)
        checked(capsys, answer, roads)
        path = str(Path(roads).with_name("answer.json"))
        program = (
            "import sys; from problems.check import main\n"
            f"assert main([{path!r}, '--graph', {roads!r}]) == 0\n"
            f"print(*(name for name in {ENGINES!r} if name in sys.modules), file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
        assert done.stderr.split() == []


def test_as_a_program(capsys: Any, roads: str) -> None:
    checked(capsys, asked(capsys, mst.RECIPE, roads), roads)
    command = [sys.executable, "-m", "problems.check", str(Path(roads).with_name("answer.json")), "--graph", roads]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "proven: the tree of weight 3.85 is a minimum spanning tree" in done.stdout
    assert main.__doc__ is not None
    with pytest.raises(SystemExit):
        main(["--help"])


def test_consecutive_steps_follow_arcs(capsys: Any, roads: str) -> None:
    answer = asked(capsys, shortest_path.RECIPE, roads, *ENDS)
    for u, v in pairwise(answer["answer"]):
        broken = {**answer, "answer": [node for node in answer["answer"] if node not in (u, v)]}
        assert checked(capsys, broken, roads)[0] in (1, 2)


def test_rows_that_have_no_name_in_a_proof_are_not_written() -> None:
    problem = minimum_spanning_tree(nx.path_graph(3))
    found = solve(problem)
    assert isinstance(found.certificate.proof, Leaf)
    assert of_tree(problem, network(nx.path_graph(3)), found)
    cut = ("cut", Laminar(3, np.array([3, -1, -1, -1])), np.ones(1))
    leaf = Leaf(replace(found.certificate.proof.dual, families=[cut]), False)
    weighed = replace(found, certificate=replace(found.certificate, proof=leaf))
    assert of_tree(problem, network(nx.path_graph(3)), weighed) == {}
