"""--start, --export and --latex: an answer of one's own to begin from, the model for others, and the model as maths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commandline import answer_of
from roads import ENDS, ROADS

from problems import mst, shortest_path, tsp
from problems.recipe import Recipe, run

PATH, TREE, TOUR = shortest_path.RECIPE, mst.RECIPE, tsp.RECIPE
STARTS: dict[str, tuple[Recipe, list[str], str]] = {
    "a tree": (TREE, [], "a b\nb d\nd c  # not the best\n"),
    "a tree of bounded degree": (TREE, ["--max-degree", "2"], "a b\nb d\nd c\n"),
    "a heavy tree": (TREE, ["--maximize"], "a b\nb c\nc d\n"),
    "a forest": (TREE, ["--forest"], "a b\nb d\nd c\n"),
    "a path in a line": (PATH, [*ENDS], "a b d\n"),
    "a path over lines": (PATH, [*ENDS], "a\nc\nb\nd\n"),
    "a path within a limit": (PATH, [*ENDS, "--limit", "time=3"], "a b d\n"),  # by the quicker of two arcs
    "two paths": (PATH, [*ENDS, "--paths", "2"], "a c d\na b d\n"),
    "the best of several": (TREE, ["--best", "2"], "a b\nb d\nd c\n"),
    "a tour": (TOUR, [], "a b d c\n"),
}
LIES: dict[str, tuple[Recipe, list[str], str, str]] = {
    "no tree": (TREE, [], "a b\nb d\n", "it spans the graph"),
    "a cycle": (TREE, [], "a b\nb d\nd c\nc a\n", "its edges close no cycle"),
    "a degree": (TREE, ["--max-degree", "1"], "a b\nb d\nd c\n", "no node has more than 1 of its edges"),
    "an edge": (TREE, [], "a d\n", "has the edge a to d, which the graph has not"),
    "half an edge": (TREE, [], "a\n", "row 1 is ['a'], not an edge, two names"),
    "a node": (TREE, [], "a x\n", "names the node x, which the graph has not"),
    "another end": (PATH, [*ENDS], "a c\n", "it leads from the source to the target"),
    "a jump": (PATH, [*ENDS], "a d\n", "leaves the arcs that the path may use"),
    "a limit": (PATH, [*ENDS, "--limit", "time=3"], "a b c d\n", "its time is at most 3.0"),
    "a node left out": (PATH, [*ENDS, "--require-node", "b"], "a c d\n", "it passes through what is required"),
    "one edge twice": (PATH, [*ENDS, "--paths", "2"], "a c d\na b c d\n", "uses one twice"),
    "an open tour": (TOUR, [], "a b d\n", "there is no edge 'd' to 'a' in the graph"),
    "a short tour": (TOUR, [], "a b c\n", "it visits every node once"),
    "nothing": (PATH, [*ENDS], "# nothing\n", "holds no list of nodes"),
    "an empty file": (PATH, [*ENDS], "", "is empty"),
    "no answer": (PATH, [*ENDS], '{"answer": null}', "is JSON without an answer"),
    "no JSON": (PATH, [*ENDS], '{"answer": ', "begins as JSON does and is none"),
}


@pytest.fixture
def roads(tmp_path: Path) -> list[str]:
    path = tmp_path / "roads.edgelist"
    path.write_text(ROADS)
    return ["--graph", str(path), "--weight", "weight"]


def start(roads: list[str], text: str) -> list[str]:
    path = Path(roads[1]).with_name("start.txt")
    path.write_text(text)
    return ["--start", str(path)]


@pytest.mark.parametrize("name", STARTS)
def test_an_answer_of_one_s_own_is_taken(capsys: Any, roads: list[str], name: str) -> None:
    recipe, more, text = STARTS[name]
    code, answer, err = answer_of(recipe, capsys, *roads, *more, *start(roads, text), "--quiet")
    assert (code, err) == (0, "")
    assert answer["status"] == "optimal"
    again = answer_of(recipe, capsys, *roads, *more, *start(roads, json.dumps(answer)), "--quiet")
    assert (again[0], again[1]["value"]) == (0, answer["value"])


def test_it_is_the_incumbent(capsys: Any, roads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from solvers.proof.search import Search

    offered: list[float] = []
    offer = Search.offer

    def followed(self: Search, x: Any) -> bool:
        taken = offer(self, x)
        offered.append(float(self.value))
        return taken

    monkeypatch.setattr(Search, "offer", followed)
    answer_of(PATH, capsys, *roads, *ENDS, *start(roads, "a b d"), "--quiet")
    assert offered[0] == 8.5


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_answer_is_refused_in_a_sentence(capsys: Any, roads: list[str], lie: str) -> None:
    recipe, more, text, said = LIES[lie]
    assert run(recipe, [*roads, *more, *start(roads, text), "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("suffix", [".lp", ".mps"])
def test_the_model_is_written_with_readable_names(capsys: Any, roads: list[str], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    for recipe, more in ((TREE, []), (PATH, [*ENDS, "--limit", "time=3"]), (TOUR, [])):
        assert run(recipe, [*roads, *more, "--quiet", "--export", str(path)]) == 0
        assert "optimal" in capsys.readouterr().out
        assert "x_a_b" in path.read_text()
    assert run(TREE, [*roads, "--export", str(tmp_path / "model.txt")]) == 2
    assert "end the name in .lp, .mps" in capsys.readouterr().err
    assert run(TREE, [*roads, "--export", str(tmp_path / "none" / "model.lp")]) == 2
    assert "name a file in an existing folder" in capsys.readouterr().err


def test_the_model_as_maths(capsys: Any, roads: list[str], tmp_path: Path) -> None:
    assert run(TREE, [*roads, "--latex", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("\\begin{align*}\n\\text{minimize}")
    assert "status" not in shown
    path = tmp_path / "model.tex"
    assert run(TREE, [*roads, "--latex", str(path), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert path.read_text() == shown
    assert run(TREE, [*roads, "--latex", "--export", str(tmp_path / "model.lp")]) == 2
    assert "without --export; leave one out" in capsys.readouterr().err
    assert run(PATH, [*roads, "--source", "a", "--target", "x", "--latex"]) == 2
    assert "there is no node 'x'" in capsys.readouterr().err
