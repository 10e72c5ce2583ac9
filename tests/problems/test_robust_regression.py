"""Regression against an adversary on the command line: what is proven, and what is said of tables that will not do."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of, without_seconds
from test_layers import loaded_by
from written import Write

from formulations.robust_regression import robust_loss
from problems.recipe import ANSWERED, UNUSABLE, run
from problems.robust_regression import RECIPE

PEOPLE = "id,age,bmi,group\n" + "".join(
    f"p{i},{20 + 7 * i % 41},{18 + 5 * i % 17},{'ill' if 7 * i % 41 + i % 3 > 22 else 'well'}\n" for i in range(30)
)


def test_the_example_is_proven_drawn_and_written(capsys: Any, tmp_path: Path) -> None:
    picture, rule = tmp_path / "p.png", tmp_path / "r.csv"
    code, found, err = answer_of(RECIPE, capsys, "--plot", str(picture), "--out", str(rule))
    assert (code, found["status"], found["solver"], err) == (ANSWERED, "optimal", "clarabel", "")
    assert found["answer"]["columns"] == ["Murder", "Assault", "UrbanPop"]
    assert found["answer"]["target"] == "Rape"
    worst = found["stats"]["worst_case"]
    assert worst["loss"] == pytest.approx(found["value"], rel=1e-8)
    assert worst["spent"] <= 0.1 * (1 + 1e-9)
    losses, worst_losses = found["stats"]["loss"], found["stats"]["worst_loss"]
    assert losses["plain"] < losses["robust"]
    assert worst_losses["robust"] < worst_losses["plain"]
    assert picture.stat().st_size > 10_000
    with rule.open() as file:
        head, first, *rest = csv.reader(file)
    assert (head, first[0], rest[-1][0]) == (["", "robust", "plain"], "Murder", "intercept")
    assert float(first[1]) == found["answer"]["coefficients"][0]


def test_the_value_is_the_robust_objective_of_the_coefficients(capsys: Any, write: Write) -> None:
    rng = np.random.default_rng(0)
    rows = np.c_[rng.standard_normal((40, 2)), rng.standard_normal(40)]
    file = write("t.csv", "a,b,y\n" + "".join(",".join(map(str, row)) + "\n" for row in rows.tolist()))
    arguments = (
        "--data",
        str(file),
        "--loss",
        "absolute",
        "--against",
        "perturbation",
        "--norm",
        "inf",
        "--radius",
        ".3",
    )
    _, found, _ = answer_of(RECIPE, capsys, *arguments)
    w, b = np.array(found["answer"]["coefficients"]), found["answer"]["intercept"]
    residual = np.abs(rows[:, 2] - rows[:, :2] @ w - b)
    assert found["value"] == pytest.approx((residual + 0.3 * np.abs(w).sum()).mean(), rel=1e-9)


def test_labels_of_text_are_told_apart(capsys: Any, write: Write) -> None:
    file = str(write("people.csv", PEOPLE))
    code, found, _ = answer_of(RECIPE, capsys, "--data", file, "--target", "group")
    assert (code, found["status"], found["asked"]["loss"]) == (ANSWERED, "optimal", "logistic")
    assert sorted(found["answer"]["labels"]) == ["ill", "well"]
    by_number = answer_of(RECIPE, capsys, "--data", file, "--target", "4", "--columns", "age,bmi")[1]
    assert by_number["value"] == pytest.approx(found["value"])
    assert run(RECIPE, ["--data", file, "--target", "group"]) == ANSWERED
    above, below = reversed(found["answer"]["labels"])
    assert f"above 0 {above}, below {below}" in capsys.readouterr().out


@pytest.mark.parametrize("against", ["wasserstein", "kl", "cvar"])
def test_the_radius_is_chosen_by_rows_held_out(capsys: Any, write: Write, against: str) -> None:
    file = str(write("people.csv", PEOPLE))
    asked = ("--data", file, "--target", "group", "--loss", "hinge", "--against", against, "--radius", "cv")
    code, found, _ = answer_of(RECIPE, capsys, *asked)
    held_out = found["stats"]["held_out"]
    assert (code, found["status"]) == (ANSWERED, "optimal")
    assert held_out[str(found["asked"]["radius"])] == min(held_out.values())
    again = answer_of(RECIPE, capsys, *asked)[1]
    assert json.dumps(without_seconds(found)) == json.dumps(without_seconds(again))


def test_the_game_comes_near_the_program(capsys: Any) -> None:
    pytest.importorskip("torch")
    asked = ("--against", "perturbation", "--standardise")
    proven = answer_of(RECIPE, capsys, *asked)[1]
    code, played, _ = answer_of(RECIPE, capsys, *asked, "--solver", "descent-ascent")
    assert code == ANSWERED
    assert played["bound"] == pytest.approx(proven["value"], rel=1e-3)
    assert run(RECIPE, ["--solver", "descent-ascent", "--radius", "0"]) == UNUSABLE
    assert "who may do something" in capsys.readouterr().err


def test_an_adversary_of_radius_0_keeps_its_name(capsys: Any) -> None:
    assert run(RECIPE, ["--against", "kl", "--radius", "0"]) == ANSWERED
    assert "by squares against kl of 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--radius", "much"), "give a number such as 0.1, or cv"),
        (("--radius", "-1"), "a number from 0"),
        (("--against", "cvar", "--radius", "2"), "a share of the rows"),
        (("--against", "kl", "--norm", "2"), "weighs them"),
        (("--threshold", "1"), "goes with --loss huber"),
        (("--loss", "hinge"), "has 48 different values"),
        (("--target", "nowhere"), "has no column 'nowhere'"),
        (("--columns", "Rape"), "its only column"),
    ],
)
def test_what_does_not_go_is_said(capsys: Any, arguments: tuple[str, ...], said: str) -> None:
    assert run(RECIPE, list(arguments)) == UNUSABLE
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (PEOPLE, ("--target", "group", "--loss", "squares"), "tells labels apart"),
        (PEOPLE, ("--target", "age", "--columns", "bmi,group"), "leave it out of --columns"),
        (PEOPLE.replace("ill", "well"), ("--target", "group"), "one value only"),
        ("a,y\n1,2\n2,3\n", ("--radius", "cv"), "takes 10 at least"),
        ("a,y\n1,2\n2,nan\n", (), "has no value"),
    ],
)
def test_tables_that_do_not_do_are_refused(
    capsys: Any, write: Write, text: str, arguments: tuple[str, ...], said: str
) -> None:
    assert run(RECIPE, ["--data", str(write("t.csv", text)), *arguments]) == UNUSABLE
    assert said in capsys.readouterr().err


def test_two_rows_and_one_column(capsys: Any, write: Write) -> None:
    code, found, _ = answer_of(RECIPE, capsys, "--data", str(write("t.csv", "a,y\n1,2\n2,5\n")))
    assert (code, found["status"]) == (ANSWERED, "optimal")
    form = robust_loss([[1.0], [2.0]], [2.0, 5.0], "squares", "wasserstein", 0.1)
    rule = np.r_[found["answer"]["coefficients"], found["answer"]["intercept"]]
    assert form.value(rule) == pytest.approx(found["value"])


def test_help_imports_nothing_heavy() -> None:
    assert loaded_by("import problems.robust_regression") == []
