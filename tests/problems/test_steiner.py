"""The Steiner tree on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commandline import answer_of, without_seconds

from problems.recipe import run
from problems.steiner import RECIPE

HUB = """graph [ node [ id 0 label "hub" ] node [ id 1 label "a" ] node [ id 2 label "b" ] node [ id 3 label "c" ]
node [ id 4 label "a,b" ] node [ id 5 label "far" ]
edge [ source 0 target 1 weight 3 ] edge [ source 0 target 2 weight 3 ] edge [ source 0 target 3 weight 4 ]
edge [ source 1 target 2 weight 5 ] edge [ source 2 target 3 weight 6 ] edge [ source 3 target 4 weight 0.5 ] ]"""


@pytest.fixture
def hub(tmp_path: Path) -> str:
    path = tmp_path / "hub.gml"
    path.write_text(HUB)
    return str(path)


@pytest.mark.parametrize("terminals", [["a", "b", "c"], ["a,c,b"], ["b", "a", "b", "c", "c"]])
def test_the_tree_over_a_hub(capsys: Any, hub: str, terminals: list[str]) -> None:
    code, answer, err = answer_of(RECIPE, capsys, "--graph", hub, "--require-proof", "--terminals", *terminals)
    assert (code, err) == (0, "")
    assert (answer["problem"], answer["status"], answer["value"], answer["bound"]) == ("steiner", "optimal", 10, 10)
    assert {frozenset(edge[:2]) for edge in answer["answer"]} == {frozenset(("hub", end)) for end in "abc"}
    assert sum(w for *_, w in answer["answer"]) == 10
    assert answer["checks"][-1] == {"name": "Mehlhorn (networkx)", "relation": "<=", "value": 11, "ok": True}
    assert (answer["stats"]["nodes"], answer["stats"]["edges"], answer["stats"]["terminals"]) == (6, 6, 3)


def test_a_name_with_a_comma_is_that_node(capsys: Any, hub: str) -> None:
    code, answer, _ = answer_of(RECIPE, capsys, "--graph", hub, "--terminals", "a,b", "c")
    assert (code, answer["answer"]) == (0, [["a,b", "c", 0.5]])
    assert answer_of(RECIPE, capsys, "--graph", hub, "--terminals", "a,b")[1]["answer"] == []


def test_a_file_may_name_the_terminals(capsys: Any, tmp_path: Path) -> None:
    path = tmp_path / "hub.stp"
    edges = "E 1 2 3\nE 1 3 3\nE 1 4 4\nE 2 3 5\nE 3 4 6\n"
    path.write_text(
        f"33D32945 STP File, STP Format Version 1.0\nSECTION Graph\nNodes 4\nEdges 5\n{edges}END\n"
        "SECTION Terminals\nTerminals 3\nT 2\nT 3\nT 4\nEND\nEOF\n"
    )
    assert answer_of(RECIPE, capsys, "--graph", str(path))[1]["value"] == 10
    assert answer_of(RECIPE, capsys, "--graph", str(path), "--terminals", "2", "3")[1]["value"] == 5


def test_the_best_trees_and_the_text(capsys: Any, hub: str, tmp_path: Path) -> None:
    picture = tmp_path / "tree.svg"
    assert run(RECIPE, ["--graph", hub, "--terminals", "a,b,c", "--best", "2", "--plot", str(picture)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Steiner tree of hub.gml (6 nodes, 6 edges, 3 terminals)\n  status optimal\n  value  10\n")
    assert "\nthrough hub\n" in out
    assert out.endswith("  1. 10\n  2. 11  without hub -- b, hub -- c, a -- hub, with a -- b, b -- c\n")
    assert picture.stat().st_size > 1000
    assert run(RECIPE, ["--graph", hub, "--terminals", "a,b"]) == 0
    assert "\nthrough no other node\n" in capsys.readouterr().out


def test_the_example_is_one_that_the_heuristic_gets_wrong(capsys: Any) -> None:
    first, second = (answer_of(RECIPE, capsys)[1] for _ in range(2))
    assert json.dumps(without_seconds(first)) == json.dumps(without_seconds(second))
    assert (first["value"], first["bound"], first["checks"][-1]["value"]) == (980, 980, 1048)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--terminals must name the nodes to be joined, such as hub, a, b"),
        (["--terminals", "a", "nowhere"], "there is no node 'nowhere'"),
        (["--terminals", "a", "far"], "no tree joins 'a' to 'far'"),
        (["--terminals", "a", "b", "--solver", "pdlp"], "pdlp takes no constraints that are found lazily"),
    ],
)
def test_what_cannot_be_used_is_said_on_one_line(capsys: Any, hub: str, arguments: list[str], said: str) -> None:
    assert run(RECIPE, ["--graph", hub, *arguments, "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert said in err
