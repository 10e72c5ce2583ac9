"""The command line of problems.shortest_path, and its check of an answer without a solver."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commandline import answer_of, without_seconds
from places import SHARED
from roads import ROADS
from stopwatch import within

from problems.recipe import run
from problems.shortest_path import RECIPE

BAD = SHARED / "badinputs"
EXPECTED = list(csv.DictReader((BAD / "EXPECTED.csv").open())) if BAD.is_dir() else []


@pytest.fixture
def roads(tmp_path: Path) -> str:
    path = tmp_path / "roads.edgelist"
    path.write_text(ROADS)
    return str(path)


def answered(capsys: Any, graph: str, source: str, target: str, *more: str) -> tuple[int, dict[str, Any], str]:
    ends = ["--graph", graph, "--source", source, "--target", target]
    return answer_of(RECIPE, capsys, *ends, "--weight", "weight", *more)


def test_json_has_the_contract_s_fields(capsys: Any, roads: str) -> None:
    code, answer, err = answered(capsys, roads, "a", "d")
    assert (code, err) == (0, "")
    assert answer["problem"] == "shortest_path"
    assert answer["answer"] == ["a", "b", "c", "d"]
    assert answer["value"] == answer["bound"] == 3.85
    assert answer["status"] == "optimal"
    assert {"name": "Dijkstra (networkx)", "relation": "==", "value": 3.85, "ok": True} in answer["checks"]
    certificate = answer["certificate"]
    assert {k: certificate[k] for k in ("kind", "verified", "exact")} == {
        "kind": "multipliers",
        "verified": True,
        "exact": True,
    }
    d = dict(certificate["potentials"])
    assert d["d"] - d["a"] == pytest.approx(3.85)
    assert answer["stats"]["totally_unimodular"]


def test_without_input_it_shows_an_example(capsys: Any, tmp_path: Path) -> None:
    picture = tmp_path / "path.png"
    assert run(RECIPE, ["--plot", str(picture)]) == 0
    out = capsys.readouterr().out
    assert "Hamburg -> Hanover -> Kassel -> Erfurt -> Nuremberg -> Munich" in out
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_limits_required_forbidden_and_several_paths(capsys: Any, roads: str) -> None:
    assert answered(capsys, roads, "a", "d", "--limit", "time=3")[1]["answer"] == ["a", "c", "d"]
    assert answered(capsys, roads, "a", "d", "--limit", "time=2", "--limit", "weight=5")[1]["value"] == 4.6
    assert answered(capsys, roads, "a", "d", "--forbid-node", "b")[1]["answer"] == ["a", "c", "d"]
    assert answered(capsys, roads, "a", "d", "--forbid-arc", "c", "d")[1]["value"] == 8.5
    assert answered(capsys, roads, "a", "c", "--require-node", "d")[1]["value"] == 8.6
    assert answered(capsys, roads, "a", "c", "--require-arc", "d", "b")[1]["answer"] == ["a", "b", "d", "c"]
    code, answer, _ = answered(capsys, roads, "a", "c", "--paths", "2")
    assert code == 0
    assert sorted(answer["answer"]) == [["a", "b", "c"], ["a", "c"]]
    code, _, err = answered(capsys, roads, "a", "d", "--limit", "time=1")
    assert code == 2
    assert "limit time" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "a"], "--target must name a node of the graph, such as a, b"),
        (["--source", "a", "--target", "e"], "there is no node 'e'"),
        (["--source", "a", "--target", "d", "--limit", "time"], "'time' is not NAME=NUMBER"),
        (["--source", "a", "--target", "d", "--limit", "fuel=3"], "fuel"),
        (["--source", "a", "--target", "d", "--limit", "time=nan"], "finite"),
        (["--source", "a", "--target", "d", "--paths", "0"], "paths is 0"),
        (["--source", "a", "--target", "d", "--paths", "3"], "there are only 2 paths from 'a' to 'd'"),
        (["--source", "a", "--target", "d", "--forbid-arc", "a", "d"], "there is no edge from 'a' to 'd'"),
        (["--source", "a", "--target", "d", "--solver", "magic"], "choose among glop"),
        (["--source", "a", "--target", "d", "--limit", "time=4", "--solver", "pdlp"], "glop, highs, scip, cp-sat"),
        (["--source", "a", "--target", "d", "--check", "nothing.json"], "nothing.json"),
    ],
)
def test_what_cannot_be_used_is_one_line(capsys: Any, roads: str, arguments: list[str], said: str) -> None:
    try:
        code = run(RECIPE, ["--graph", roads, "--weight", "weight", *arguments])
    except SystemExit as stopped:
        code = stopped.code  # type: ignore[assignment]
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("row", [r for r in EXPECTED if r["problem"] == "shortest_path"], ids=lambda row: row["file"])
def test_odd_and_hostile_files(capsys: Any, row: dict[str, str]) -> None:
    ends = {"ok_small.gr": ("1", "3")}.get(row["file"], ("1", "2") if row["file"].endswith(".gr") else ("a", "b"))
    with within(5):
        code, answer, err = answer_of(
            RECIPE, capsys, "--graph", str(BAD / row["file"]), "--source", ends[0], "--target", ends[1]
        )
    assert str(code) in row["expect_exit"].split(" or ")
    if code == 2:
        assert not answer
        assert len(err.splitlines()) == 1
        assert row["file"] in err
        assert ("negative cycle" in err) == ("negative cycle" in row["what"])
    if row["file"] == "ok_small.gr":
        assert answer["value"] == 12


# --check


def written(answer: dict[str, Any], folder: Path) -> str:
    path = folder / "answer.json"
    path.write_text(json.dumps(answer))
    return str(path)


def test_an_answer_to_another_question_does_not_pass(capsys: Any, roads: str, tmp_path: Path) -> None:
    _, answer, _ = answered(capsys, roads, "a", "d")
    path = written(answer, tmp_path)
    for other, code in (
        (["--source", "b"], 1),
        (["--target", "x"], 1),
        (["--paths", "2"], 1),
        (["--limit", "time=3"], 1),
    ):
        assert run(RECIPE, ["--graph", roads, "--weight", "weight", "--check", path, *other]) == code


def test_the_tighter_of_two_limits_counts(capsys: Any, roads: str) -> None:
    assert answered(capsys, roads, "a", "d", "--limit", "time=3", "--limit", "time=9")[1]["value"] == 4.6


def test_a_cross_check_that_outlasts_the_limit_does_not_abort_the_exit(tmp_path: Path) -> None:
    path = tmp_path / "grid.edgelist"
    cells = [(i, j) for i in range(150) for j in range(150)]
    path.write_text(
        "\n".join(f"{i}.{j} {i + a}.{j + 1 - a} {(7 * i + 13 * j) % 97 + 1}" for i, j in cells for a in (0, 1))
    )
    asked = ["--graph", str(path), "--source", "0.0", "--target", "149.149", "--time-limit", "20", "--solver", "pdlp"]
    done = subprocess.run([sys.executable, "-m", "problems.shortest_path", *asked], capture_output=True, text=True)
    assert done.returncode in (0, 1, 2), done.stderr  # 2 where a second is too short for an answer
    assert "terminate" not in done.stderr


@pytest.mark.parametrize("solver", ["highs", "glop", "scip", "cp-sat", "pdlp", "descent-ascent"])
def test_same_input_same_json(capsys: Any, roads: str, solver: str) -> None:
    first, second = (answered(capsys, roads, "a", "d", "--solver", solver)[1] for _ in range(2))
    assert json.dumps(without_seconds(first)) == json.dumps(without_seconds(second))
    assert first["status"] == "optimal"
