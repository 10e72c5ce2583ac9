"""Transport on the command line: points and tables of costs, amounts that do not fit, wrong input in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of

from problems.recipe import ANSWERED, UNUSABLE, run
from problems.transport import RECIPE


def written(path: Path, numbers: Any) -> str:
    np.savetxt(path, np.atleast_2d(np.asarray(numbers, dtype=float)), delimiter=",", fmt="%.17g")
    return str(path)


def test_without_input_random_points_are_proven_and_drawn(capsys: Any, tmp_path: Path) -> None:
    code, answer, _ = answer_of(RECIPE, capsys, "--plot", str(tmp_path / "plan.png"))
    assert (code, answer["status"], answer["solver"]) == (ANSWERED, "optimal", "min-cost-flow")
    assert answer["certificate"]["exact"]
    assert sum(amount for _, _, amount in answer["answer"]) == pytest.approx(1)
    assert len(answer["certificate"]["leaves"]) == answer["stats"]["sources"] == 8
    assert (tmp_path / "plan.png").stat().st_size > 10_000


def test_points_with_weights_and_squared_distances(capsys: Any, tmp_path: Path) -> None:
    here = written(tmp_path / "a.csv", [[0, 0, 1], [3, 0, 2]])
    there = written(tmp_path / "b.csv", [[0, 1, 2], [3, 1, 1]])
    _, plain, _ = answer_of(RECIPE, capsys, "--points", here, there, "--weighted")
    _, squared, _ = answer_of(RECIPE, capsys, "--points", here, there, "--weighted", "--squared")
    assert plain["value"] == pytest.approx(1 + 1 + 10**0.5)
    assert squared["value"] == pytest.approx(1 + 1 + 10)
    assert sorted(map(tuple, squared["answer"])) == [(1, 1, 1.0), (2, 1, 1.0), (2, 2, 1.0)]


@pytest.mark.parametrize("solver", ["min-cost-flow", "glop", "highs", "pdlp", "descent-ascent"])
def test_a_table_of_costs_by_every_solver(capsys: Any, tmp_path: Path, solver: str) -> None:
    costs = written(tmp_path / "c.csv", [[1, 2], [3, 5]])
    supply, demand = written(tmp_path / "s.csv", [1, 2]), written(tmp_path / "d.csv", [[2], [1]])
    options = ("--costs", costs, "--supply", supply, "--demand", demand, "--solver", solver, "--gap", "1e-6")
    code, answer, _ = answer_of(RECIPE, capsys, *options, "--plot", str(tmp_path / "plan.png"))
    assert code == ANSWERED
    assert answer["value"] == pytest.approx(8, rel=1e-5)


def test_amounts_that_do_not_fit_are_refused_with_remedies_that_work(capsys: Any, tmp_path: Path) -> None:
    costs = written(tmp_path / "c.csv", [[1, 2], [3, 4]])
    supply, demand = written(tmp_path / "s.csv", [3, 1]), written(tmp_path / "d.csv", [2, 1])
    given = ("--costs", costs, "--supply", supply, "--demand", demand)
    assert run(RECIPE, [*given, "--quiet"]) == UNUSABLE
    said = capsys.readouterr().err
    assert "4 is there and 3 is wanted; say --unbalanced scale" in said
    assert said.count("\n") == 1
    _, scaled, _ = answer_of(RECIPE, capsys, *given, "--unbalanced", "scale")
    _, slack, _ = answer_of(RECIPE, capsys, *given, "--unbalanced", "slack")
    assert scaled["value"] == pytest.approx(22 / 3)
    assert slack["value"] == 4
    assert "target 3 stands for what stays" in slack["notes"][0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("--costs", "1,2\n3\n", "line 2 has 1 field"),
        ("--costs", "1,nan\n", "row 1, column 2 is nan"),
        ("--costs", "", "is empty"),
        ("--supply", "1,2\n3,4\n", "give one amount for each place"),
        ("--supply", "1\n-2\n", "has the amount -2; an amount is 0 or more"),
        ("--supply", "1\n", "has 1 amounts for 2 sources"),
        ("--supply", "0\n0\n", "the first weights must be finite and >= 0 with a positive sum"),
    ],
)
def test_files_that_are_no_transport_get_one_line(
    capsys: Any, tmp_path: Path, name: str, content: str, said: str
) -> None:
    given = {"--costs": written(tmp_path / "c.csv", [[1, 2], [3, 4]])}
    (tmp_path / "x.csv").write_text(content)
    given[name] = str(tmp_path / "x.csv")
    assert run(RECIPE, [part for pair in given.items() for part in pair] + ["--quiet"]) == UNUSABLE
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
