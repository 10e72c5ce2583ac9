"""--best and --maximize, as a person or a script sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from commandline import answer_of, without_seconds

import solvers
from problems import mst, recipe, shortest_path
from problems.recipe import run
from problems.running.run import Run
from solvers import Solution

TRIANGLE = """graph [ node [ id 0 label "a" ] node [ id 1 label "b" ] node [ id 2 label "c" ]
edge [ source 0 target 1 weight 1.5 ] edge [ source 1 target 2 weight 2 ] edge [ source 0 target 2 weight 4 ] ]"""
DIRECTED = TRIANGLE.replace("graph [", "graph [ directed 1")


@pytest.fixture
def triangle(tmp_path: Path) -> str:
    path = tmp_path / "triangle.gml"
    path.write_text(TRIANGLE)
    return str(path)


@pytest.fixture
def directed(tmp_path: Path) -> str:
    path = tmp_path / "directed.gml"
    path.write_text(DIRECTED)
    return str(path)


def test_the_best_trees_as_json(capsys: Any, triangle: str) -> None:
    code, answer, err = answer_of(mst.RECIPE, capsys, "--graph", triangle, "--best", "2", "--require-proof")
    assert (code, err, answer["message"]) == (0, "", "")
    assert [one["value"] for one in answer["best"]] == [3.5, 5.5]
    for one in answer["best"]:
        assert (one["status"], one["gap"], one["bound"]) == ("optimal", 0, one["value"])
        assert one["certificate"] == {"kind": "multipliers", "verified": True, "exact": True}
        assert sum(w for *_, w in one["answer"]) == one["value"]
        assert all(check["ok"] for check in one["checks"])
    assert all(answer[key] == answer["best"][0][key] for key in ("status", "value", "bound", "answer", "checks"))
    assert "best" not in answer_of(mst.RECIPE, capsys, "--graph", triangle)[1]


def test_there_are_only_three_trees(capsys: Any, triangle: str) -> None:
    code, answer, err = answer_of(mst.RECIPE, capsys, "--graph", triangle, "--best", "5", "--require-proof")
    assert (code, [one["value"] for one in answer["best"]]) == (0, [3.5, 5.5, 6])
    assert answer["message"] == "there are only 3 answers; that there is no other is proven"
    assert answer["message"] in err
    assert run(mst.RECIPE, ["--graph", triangle, "--best", "5"]) == 0
    assert answer["message"] in capsys.readouterr().out


def test_the_text_says_what_differs(capsys: Any, triangle: str) -> None:
    assert run(mst.RECIPE, ["--graph", triangle, "--best", "2", "--maximize"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Maximum spanning tree of triangle.gml")
    assert out.endswith("the 2 best, each proven to be the next:\n  1. 6\n  2. 5.5  without b -- c, with a -- b\n")


@pytest.mark.parametrize(("arguments", "value"), [([], 3.5), (["--maximize"], 6), (["--maximize", "--forest"], 6)])
def test_the_greatest_tree(capsys: Any, triangle: str, arguments: list[str], value: float) -> None:
    code, answer, _ = answer_of(mst.RECIPE, capsys, "--graph", triangle, *arguments)
    assert (code, answer["value"], answer["bound"], answer["status"]) == (0, value, value, "optimal")


def test_the_greatest_tree_keeps_the_heaviest_parallel_edge(capsys: Any, tmp_path: Path) -> None:
    path = tmp_path / "parallel.gml"
    path.write_text(TRIANGLE.replace("graph [", "graph [ multigraph 1")[:-1] + "edge [ source 0 target 1 weight 9 ] ]")
    code, answer, err = answer_of(mst.RECIPE, capsys, "--graph", str(path), "--maximize", "--plot", str(path) + ".png")
    assert (code, answer["value"]) == (0, 13)
    assert "the heaviest being kept" in err


def test_the_best_paths_visit_no_node_twice(capsys: Any) -> None:
    arguments = ["--best", "4", "--source", "Hamburg", "--target", "Munich"]
    code, answer, _ = answer_of(shortest_path.RECIPE, capsys, *arguments)
    assert (code, [one["value"] for one in answer["best"]]) == (0, [862, 865, 904, 930])
    assert all(len(set(one["answer"])) == len(one["answer"]) for one in answer["best"])
    assert [check["value"] for check in answer["best"][3]["checks"]][-1] == 930
    assert run(shortest_path.RECIPE, arguments) == 0
    assert "  2. 865  Hamburg -> Hanover -> Leipzig -> Nuremberg -> Munich\n" in capsys.readouterr().out


def test_the_longest_path(capsys: Any, directed: str, triangle: str) -> None:
    ends = ["--source", "a", "--target", "c", "--maximize"]
    code, answer, _ = answer_of(shortest_path.RECIPE, capsys, "--graph", directed, *ends)
    assert (code, answer["value"], answer["bound"], answer["answer"]) == (0, 4, 4, ["a", "c"])
    rise = dict(answer["certificate"]["potentials"])
    assert rise["c"] - rise["a"] == 4
    assert rise["b"] - rise["a"] >= 1.5
    assert rise["c"] - rise["b"] >= 2
    assert run(shortest_path.RECIPE, ["--graph", directed, *ends]) == 0
    assert "on every arc by at least its weight" in capsys.readouterr().out
    assert run(shortest_path.RECIPE, ["--graph", triangle, *ends]) == 2
    assert "no walk from 'a' to 'c' is longest: the cycle" in capsys.readouterr().err
    code, answer, _ = answer_of(shortest_path.RECIPE, capsys, "--graph", triangle, *ends, "--simple")
    assert (code, answer["value"], answer["bound"], answer["answer"]) == (0, 4, 4, ["a", "c"])


@pytest.mark.parametrize(
    ("asked", "arguments", "said"),
    [
        (shortest_path.RECIPE, ["--best", "2", "--paths", "2"], "leave out --paths"),
        (shortest_path.RECIPE, ["--best", "2", "--warm-start", "tree", "--limit", "weight=900"], "knows no basis"),
        (mst.RECIPE, ["--best", "2", "--solver", "pdlp"], "pdlp"),
    ],
)
def test_what_cannot_be_ranked_is_said_on_one_line(capsys: Any, asked: Any, arguments: list[str], said: str) -> None:
    assert run(asked, [*arguments, "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert said in err


def test_no_best_answer_is_asked_for(capsys: Any) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(mst.RECIPE, ["--best", "0"])
    assert stopped.value.code == 2
    assert "'0' is not a whole number from 1" in capsys.readouterr().err


def test_the_same_question_gets_the_same_json(capsys: Any) -> None:
    first, second = (answer_of(mst.RECIPE, capsys, "--best", "4")[1] for _ in range(2))
    assert json.dumps(without_seconds(first)) == json.dumps(without_seconds(second))


def cut_short(after: int) -> Any:
    """solvers.best, interrupted after so many answers."""
    whole = solvers.best

    def best(*arguments: Any, **options: Any) -> Iterator[Solution]:
        yield from islice(whole(*arguments, **options), after)
        raise KeyboardInterrupt

    return best


def test_interrupted_it_prints_what_was_found(capsys: Any, triangle: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(solvers, "best", cut_short(2))
    code, answer, _ = answer_of(mst.RECIPE, capsys, "--graph", triangle, "--best", "3")
    assert (code, [one["value"] for one in answer["best"]]) == (130, [3.5, 5.5])
    assert answer["message"] == "2 of the 3 best were found within the limits"
    monkeypatch.setattr(solvers, "best", cut_short(0))
    assert run(mst.RECIPE, ["--graph", triangle, "--best", "3"]) == 130
    assert "interrupted before there was an answer" in capsys.readouterr().err


def test_a_later_answer_that_disagrees_or_is_missing_is_no_success(
    capsys: Any, triangle: str, monkeypatch: Any
) -> None:
    whole = solvers.best

    def lying(problem: Any, *arguments: Any, **options: Any) -> Iterator[Solution]:
        first, second = whole(problem, 2, **options)
        yield first
        vars(second)["checks"] = [*second.checks, solvers.Check("a reference", "==", 0.0, ok=False)]
        yield second

    monkeypatch.setattr(solvers, "best", lying)
    assert answer_of(mst.RECIPE, capsys, "--graph", triangle, "--best", "2")[0] == 1
    monkeypatch.setattr(solvers, "best", lambda problem, k, **options: whole(problem, k - 1, **options))
    assert answer_of(mst.RECIPE, capsys, "--graph", triangle, "--best", "3")[0] == 0
    code, answer, _ = answer_of(mst.RECIPE, capsys, "--graph", triangle, "--best", "3", "--require-proof")
    assert (code, answer["message"]) == (1, "2 of the 3 best were found within the limits")


class Stopped(Exception):
    """Where the program was when its time was over."""


@pytest.mark.parametrize("after", [0, 2])
def test_the_last_words_are_what_was_found(capsys: Any, triangle: str, monkeypatch: Any, after: int) -> None:
    """As where the time limit finds the program busy with the first answer, or with the third."""
    runs: list[Run] = []
    whole = solvers.best

    class Kept(Run):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            runs.append(self)

    def stopped(problem: Any, k: int, *, progress: Any, **options: Any) -> Iterator[Solution]:
        yield from islice(whole(problem, k, progress=progress, **options), after)

        def stop(search: Any) -> None:
            progress(search)
            raise Stopped

        yield solvers.solve(problem, progress=stop, **options)

    monkeypatch.setattr(recipe, "Run", Kept)
    monkeypatch.setattr(solvers, "best", stopped)
    with pytest.raises(Stopped):
        run(mst.RECIPE, ["--graph", triangle, "--best", "3", "--json"])
    assert runs[0].last_words(interrupted=False) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["status"] == ("optimal" if after else "feasible")
    assert [one["value"] for one in answer["best"]] == ([3.5, 5.5] if after else [3.5])
    assert answer["value"] == 3.5
