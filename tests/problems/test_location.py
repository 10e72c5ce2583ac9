"""Robust location on the command line: made data, tables as people have them, and what is said of those of no use."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of, without_seconds
from written import Write

from problems.location import RECIPE
from problems.recipe import ANSWERED, INTERRUPTED, UNUSABLE, run
from problems.studies.contaminated import ADVERSARIES, contaminated
from problems.studies.estimators import CONVEX
from problems.studies.outliers import precision_and_recall

CONVEX_ONLY = ("--estimators", ",".join(CONVEX))
TABLE = "name,a,b\n" + "".join(f"row {i},{i % 7},{i * i % 11}\n" for i in range(30))


def test_made_data_are_estimated_marked_drawn_and_written(capsys: Any, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    picture, scores = tmp_path / "p.png", tmp_path / "s.csv"
    code, found, _ = answer_of(RECIPE, capsys, "--plot", str(picture), "--out", str(scores))
    assert code == ANSWERED
    answer, errors, marks = found["answer"], found["stats"]["errors"], found["stats"]["marks"]
    assert set(answer) == {
        *CONVEX,
        "tukey_median",
        "mcd",
        "js_gan",
        "js_gan_scatter",
        "outliers",
    }
    assert np.shape(answer["js_gan_scatter"]) == (2, 2)
    assert all(np.shape(answer[name]) == (2,) for name in answer if name not in ("js_gan_scatter", "outliers"))
    assert all(found["parts"][name]["status"] == "optimal" for name in (*CONVEX, "tukey_median"))
    assert errors["mean"] > 1.2
    assert max(errors["mcd"], errors["js_gan"], errors["js_gan_scatter"]) < 0.25 < errors["coordinatewise_median"]
    assert marks["discriminator"]["recall"] > 0.95
    assert marks["discriminator"]["precision"] > 0.8
    assert picture.stat().st_size > 10_000
    with scores.open() as file:
        head, *rows = csv.reader(file)
    assert head == ["row", "score", "outlier"]
    assert [int(row[0]) for row in rows if row[2] == "1"] == answer["outliers"]


def test_a_table_of_ones_own_and_its_text(capsys: Any, write: Write) -> None:
    file = write("table.csv", TABLE)
    code, found, _ = answer_of(RECIPE, capsys, "--data", str(file), *CONVEX_ONLY)
    assert (code, found["status"], found["certificate"]["verified"]) == (ANSWERED, "optimal", True)
    x = np.array([[i % 7, i * i % 11] for i in range(30)], dtype=float)
    assert found["answer"]["mean"] == pytest.approx(x.mean(axis=0).tolist())
    assert found["answer"]["coordinatewise_median"] == np.median(x, axis=0).tolist()
    assert "errors" not in found["stats"]
    assert run(RECIPE, ["--data", str(file), *CONVEX_ONLY, "--require-proof"]) == ANSWERED
    out = capsys.readouterr().out
    assert "geometric_median" in out
    assert "optimal" in out


def test_the_same_seed_gives_the_same_answer(capsys: Any) -> None:
    arguments = ("--rows", "60", "--estimators", "tukey_median,mcd,huber", "--seed", "3")
    first, second = (answer_of(RECIPE, capsys, *arguments)[1] for _ in range(2))
    assert without_seconds(first) == without_seconds(second)


@pytest.mark.parametrize(("rows", "left"), [(1, {"mcd", "js_gan"}), (2, {"mcd", "js_gan"}), (40, {"js_gan"})])
def test_few_rows_leave_out_what_needs_more(capsys: Any, write: Write, rows: int, left: set[str]) -> None:
    file = write("few.csv", "a,b\n" + "".join(f"{i * i % 7},{i % 5}\n" for i in range(rows)))
    code, found, _ = answer_of(RECIPE, capsys, "--data", str(file))
    assert code == ANSWERED
    assert not left & set(found["answer"])
    assert all(f"{name} is left out" in " ".join(found["notes"]) for name in left)


def test_rows_of_which_half_are_the_same_in_a_column_have_no_least_determinant(capsys: Any, write: Write) -> None:
    file = write("half.csv", "a,b\n" + "".join(f"{0 if i % 3 else i},{i * i % 17}\n" for i in range(90)))
    code, found, _ = answer_of(RECIPE, capsys, "--data", str(file), "--estimators", "mean,mcd")
    assert code == ANSWERED
    assert set(found["answer"]) == {"mean"}
    assert "lie in a plane" in " ".join(found["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--estimators", "median"), "there is no 'median'"),
        (("--contamination", ".7"), "give .5 at most"),
        (("--columns", "a"), "--columns goes with --data"),
        (("--experiment", "n", "--require-proof"), "--require-proof is not for an experiment"),
        (("--rows", "3", "--estimators", "mcd"), "mcd is left out"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys: Any, arguments: tuple[str, ...], said: str) -> None:
    assert run(RECIPE, list(arguments)) == UNUSABLE
    assert said in capsys.readouterr().err


def test_tables_of_no_use_are_refused(capsys: Any, write: Write) -> None:
    for name, text, said in [
        ("nan.csv", "a,b\n1,2\n,3\n", "missing"),
        ("text.csv", "a,b\nx,y\n", "number"),
        ("huge.csv", "a\n1e200\n2\n", "within 1e+100"),
    ]:
        assert run(RECIPE, ["--data", str(write(name, text)), *CONVEX_ONLY]) == UNUSABLE
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1
    file = write("fine.csv", TABLE)
    assert run(RECIPE, ["--data", str(file), "--rows", "9"]) == UNUSABLE
    assert "--rows goes with made data" in capsys.readouterr().err


def test_what_there_was_no_time_for_is_named(capsys: Any) -> None:
    arguments = ["--rows", "3000", "--dimensions", "6", "--estimators", "mean,tukey_median,mcd"]
    assert run(RECIPE, [*arguments, "--time-limit", ".01", "--quiet"]) == ANSWERED
    out = capsys.readouterr().out
    assert "stopped in time: tukey_median, mcd" in out
    assert "isolation forest" not in out, "a comparison that nobody waits for"
    assert run(RECIPE, ["--rows", "60", "--estimators", "mean,mcd", "--quiet"]) == ANSWERED
    assert "in time" not in capsys.readouterr().out


def test_a_search_that_is_broken_off_names_what_was_not_begun(capsys: Any, monkeypatch: Any) -> None:
    from solvers.location import deepest

    def pressed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deepest, "local_search", pressed)
    assert run(RECIPE, ["--rows", "60", "--estimators", "mean,tukey_median,mcd", "--quiet"]) == INTERRUPTED
    assert "not begun in time: mcd" in capsys.readouterr().out


def test_an_experiment_tells_and_draws_the_errors(capsys: Any, tmp_path: Path) -> None:
    picture = tmp_path / "e.png"
    arguments = ["--experiment", "eps", "--estimators", "mean,geometric_median", "--plot", str(picture)]
    assert run(RECIPE, arguments) == ANSWERED
    out = capsys.readouterr().out
    assert "Errors against eps" in out
    assert picture.stat().st_size > 10_000
    mean = next(line.split()[1:] for line in out.splitlines() if line.startswith("  mean "))
    assert [float(error) for error in mean] == sorted(float(error) for error in mean)


def test_made_data_are_what_they_are_called() -> None:
    for name in ADVERSARIES:
        made = contaminated(1_000, 3, 0.2, name, 1)
        assert made.bad.sum() == 200
        assert np.linalg.norm(made.oracle) < 0.2
        assert abs(made.rows[made.bad].mean(axis=0)[0] - (0.5 if name == "near" else 5)) < 0.3
    assert precision_and_recall(np.zeros(3, dtype=bool), np.ones(3, dtype=bool)) == {"precision": None, "recall": 0.0}
