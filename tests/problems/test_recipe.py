"""The command line: what a person or a script sees of problems.mst."""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commandline import answer_of, without_seconds
from places import ROOT, SHARED
from stopwatch import within

from problems import saddle, transport
from problems.mst import RECIPE
from problems.recipe import Report, Verdict, run, told
from problems.running.shown import reported

BAD = SHARED / "badinputs"
EXPECTED = list(csv.DictReader((BAD / "EXPECTED.csv").open())) if BAD.is_dir() else []
TRIANGLE = """graph [ node [ id 0 label "a" ] node [ id 1 label "b" ] node [ id 2 label "c" ]
edge [ source 0 target 1 weight 1.5 ] edge [ source 1 target 2 weight 2 ] edge [ source 0 target 2 weight 4 ] ]"""


@pytest.fixture
def triangle(tmp_path: Path) -> str:
    path = tmp_path / "triangle.gml"
    path.write_text(TRIANGLE)
    return str(path)


def answered(capsys: Any, *arguments: str) -> tuple[int, dict[str, Any], str]:
    return answer_of(RECIPE, capsys, *arguments)


def test_json_has_the_contract_s_fields(capsys: Any, triangle: str) -> None:
    code, answer, err = answered(capsys, "--graph", triangle)
    assert (code, err) == (0, "")
    assert answer["problem"] == "mst"
    assert answer["status"] == "optimal"
    assert answer["value"] == answer["bound"] == 3.5
    assert answer["gap"] == 0
    assert answer["solver"] == "glop"
    assert sorted(answer["answer"]) == [["a", "b", 1.5], ["b", "c", 2]]
    assert {"name": "Kruskal (networkx)", "relation": "==", "value": 3.5, "ok": True} in answer["checks"]
    assert answer["certificate"] == {"kind": "multipliers", "verified": True, "exact": True, "tree size": [[2]]}
    assert answer["asked"] == {"reading": {}}
    assert {"nodes", "edges", "rounds", "cuts", "build_seconds", "solve_seconds"} <= set(answer["stats"])


@pytest.mark.parametrize("solver", ["glop", "highs", "scip"])
def test_same_input_same_json(capsys: Any, solver: str) -> None:
    first, second = (answered(capsys, "--solver", solver)[1] for _ in range(2))
    assert json.dumps(without_seconds(first)) == json.dumps(without_seconds(second))
    assert first["value"] == 1980


@pytest.mark.parametrize("row", [r for r in EXPECTED if r["problem"] == "mst"], ids=lambda row: row["file"])
def test_odd_and_hostile_files(capsys: Any, row: dict[str, str]) -> None:
    with within(5):
        code, answer, err = answered(capsys, "--graph", str(BAD / row["file"]))
    assert str(code) in row["expect_exit"].split(" or ")
    if code == 2:
        assert not answer
        assert len(err.splitlines()) == 1
        assert row["file"] in err
        return
    for field, got in {
        "expect_n": answer["stats"]["nodes"],
        "expect_m": answer["stats"]["edges"],
        "expect_mst_weight": answer["value"],
    }.items():
        assert not row[field] or got == pytest.approx(float(row[field]))


@pytest.mark.skipif(not EXPECTED, reason="needs ../shared/badinputs")
def test_the_odd_files_are_all_there() -> None:
    assert len(EXPECTED) == 100


def test_labels_cannot_reach_the_terminal(capsys: Any, tmp_path: Path) -> None:
    path = tmp_path / "labels.gml"
    path.write_text(
        'graph [ node [ id 0 label "\x1b[31m[bold]x\x07" ] node [ id 1 label "b" ] edge [ source 0 target 1 ] ]'
    )
    assert run(RECIPE, ["--graph", str(path)]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert "\x1b" not in json.dumps(answered(capsys, "--graph", str(path))[1])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--graph", "nowhere.gml"], "nowhere.gml"),
        (["--solver", "gurobi"], "glop, highs, scip"),
        (["--device", "cuda"], "cuda"),
        (["--max-degree", "0"], "max_degree is 0"),
        (["--max-degree", "2", "--forest"], "--forest"),
        (["--weight", "toll"], "toll"),
        (["--plot", "tree.bmp"], ".png"),
        (["--plot", "no/such/folder/tree.png"], "existing folder"),
    ],
)
def test_what_cannot_be_used_is_said_on_one_line(capsys: Any, arguments: list[str], said: str) -> None:
    assert run(RECIPE, [*arguments, "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert said in err


@pytest.mark.parametrize("arguments", [["--time-limit", "-1"], ["--time-limit", "nan"], ["--seed", "x"], ["--colour"]])
def test_wrong_options_exit_2_on_one_line(capsys: Any, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(RECIPE, arguments)
    assert stopped.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_degree_no_tree_can_keep_is_proved_impossible(capsys: Any, tmp_path: Path) -> None:
    path = tmp_path / "star.edgelist"
    path.write_text("hub a 1\nhub b 2\nhub c 3\n")
    for solver in ("glop", "highs"):
        code, answer, err = answered(capsys, "--graph", str(path), "--max-degree", "2", "--solver", solver)
        assert code == 2
        assert answer["status"] == "infeasible"
        assert answer["certificate"]["verified"]
        assert "star.edgelist" in err
        assert "degree" in err


def test_a_forest_spans_each_component(capsys: Any, tmp_path: Path) -> None:
    path = tmp_path / "islands.edgelist"
    path.write_text("a b 1\nb c 2\na c 3\nx y 7.5\n")
    code, answer, _ = answered(capsys, "--graph", str(path), "--forest")
    assert (code, answer["value"]) == (0, 10.5)
    code, _, err = answered(capsys, "--graph", str(path))
    assert code == 2
    assert "2 components" in err


@pytest.mark.parametrize(("options", "exit_code"), [([], 0), (["--require-proof"], 1), (["--gap", "0.5"], 0)])
def test_an_unproven_answer_stops_no_script_unless_proof_is_required(
    capsys: Any, options: list[str], exit_code: int
) -> None:
    code, answer, _ = answered(capsys, "--max-degree", "2", "--solver", "scip", *options)
    proven = answered(capsys, "--max-degree", "2", "--require-proof")
    assert (code, proven[0]) == (exit_code, 0)
    assert answer["status"] == ("optimal" if "--gap" in options else "feasible")
    assert answer["bound"] <= proven[1]["value"] <= answer["value"]


def test_the_report_says_by_how_much_an_answer_may_miss_the_optimum(capsys: Any) -> None:
    assert run(RECIPE, ["--max-degree", "2", "--solver", "scip", "--gap", "0.5"]) == 0
    assert re.search(r"bound  1\d\d\d  \(to a gap of \d+\.\d+%, proven by", capsys.readouterr().out)


def test_a_check_that_disagrees_exits_1(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("formulations.mst._kruskal", lambda _: 1.0)
    code, answer, _ = answered(capsys)
    assert (code, answer["status"], [check["ok"] for check in answer["checks"]]) == (1, "optimal", [True, True, False])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_costs_one_line(options: list[str]) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "problems.mst", *options]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    said = done.stderr.splitlines()
    assert (done.returncode, len(said)) == (1, 1)
    assert "No space left on device" in said[0]


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_plot_writes_a_picture(capsys: Any, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tree.{suffix}"
    assert run(RECIPE, ["--plot", str(path), "--quiet"]) == 0
    assert path.read_bytes()[:4] in (b"\x89PNG", b"<?xm", b"%PDF")


def test_the_time_limit_is_kept_and_the_answer_bounded(large: str) -> None:
    command = [
        sys.executable,
        "-m",
        "problems.mst",
        "--graph",
        large,
        "--max-degree",
        "2",
        "--time-limit",
        "10",
        "--json",
    ]
    with within(10 + 2 + 2):  # two of them for starting Python
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer["bound"] <= answer["value"]


TELLING = """
import contextlib, sys, problems.mst, problems.recipe, problems.running.run
@contextlib.contextmanager
def progress(quiet, follow):
    yield lambda search: told or search.best is None or told.append(print("going", file=sys.stderr, flush=True))
told, problems.running.run.progress = [], progress
"""
AS_A_MODULE = 'sys.argv = ["mst", *sys.argv[1:]]\nproblems.recipe.main(problems.mst.RECIPE)'
AS_COOKBOOK = 'del sys.modules["problems.mst"]\nfrom problems.__main__ import main\nmain(["mst", *sys.argv[1:]])'


@pytest.mark.parametrize("begun", [AS_A_MODULE, AS_COOKBOOK])
def test_ctrl_c_prints_the_best_so_far_and_exits_130(begun: str, large: str) -> None:
    command = [sys.executable, "-c", TELLING + begun, "--graph", large, "--max-degree", "2", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "going\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)  # it would take much longer
    assert process.returncode == 130
    assert "Traceback" not in err
    answer = json.loads(out)
    assert answer["stats"]["interrupted"]
    assert answer["bound"] is None or answer["bound"] <= answer["value"]


def test_a_reader_that_stops_early_does_not_cost_the_picture(tmp_path: Path) -> None:
    picture = tmp_path / "tree.png"
    command = f"{sys.executable} -m problems.mst --plot {picture} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert picture.exists()


def test_no_json_ever_holds_what_is_no_number(capsys: Any) -> None:
    """Answers, verdicts and comparisons: what JSON has no word for fails loudly rather than being written."""
    asked = argparse.Namespace(json=True, quiet=True)
    with pytest.raises(ValueError, match="not JSON compliant"):
        told("check", Verdict("tree.json", [], asked={"limit": math.inf}), asked)
    with pytest.raises(ValueError, match="not JSON compliant"):
        reported("leaderboard", Report([], lambda _: [], lambda _: {"score": math.nan}), [], asked)
    assert capsys.readouterr().out == ""
    for recipe in (saddle.RECIPE, transport.RECIPE):
        for options in ([], ["--time-limit", "0.01"]):
            code, answer, _ = answer_of(recipe, capsys, *options)
            assert code == 0
            json.dumps(answer, allow_nan=False)
