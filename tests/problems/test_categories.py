"""Categories in tables that a generator learns: which columns are, what comes back of them, and what is refused."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commandline import answer_of
from places import SHARED

import formulations.gan
from problems.gan import RECIPE
from problems.recipe import run
from problems.studies.tables import Category, Columns, read_table
from problems.studies.trained import PROGRAM, RUN, SAMPLED, read_trained
from problems.terminal.errors import InputError

IRIS = SHARED / "data" / "tables" / "iris.csv"
HOSTILE = ["a,b", 'a "b"', "two\nlines", "\x1b[31mred", "$x^2$", "=1+1", "ä\u202e", "A", "a"]


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: Any) -> None:
    monkeypatch.setattr(formulations.gan, "HELD_OUT_DRAWS", 4096)
    monkeypatch.setattr(formulations.gan, "WATCH_DRAWS", 512)


def rows_of(path: Path | str) -> list[list[str]]:
    with open(path, newline="") as file:
        return list(csv.reader(file))


def table(path: Path, labels: Sequence[str] = ("red", "green", "deep blue"), n: int = 200) -> str:
    """x depends on the colour: 10 times its place; y is noise, and so is the month."""
    rng = np.random.default_rng(0)
    k = rng.integers(0, len(labels), n)
    x, months = 10 * k + rng.normal(size=n), np.array(["Jan", "Feb", "Mar"])[rng.integers(0, 3, n)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["colour", "x", "month", "y"])
        writer.writerows(zip([labels[i] for i in k], x.round(3), months, rng.integers(0, 9, n), strict=True))
    return str(path)


def test_text_is_left_out_with_the_remedy_that_works(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv")
    data, columns, notes = read_table(path, None, None, 0)
    assert columns.names == ["x", "y"]
    assert data.categories == ()
    (remedy,) = [note for note in notes if "left out" in note]
    asked = remedy.split("--categories ")[1].split(" learns")[0]
    data, columns, notes = read_table(path, None, None, 0, asked)
    assert columns.names == ["colour", "x", "month", "y"]
    assert data.categories == (3, 3)
    assert not any("left out" in note for note in notes)


@pytest.mark.parametrize(
    ("columns", "categories", "names", "sizes"),
    [
        ("y,colour", None, ["y", "colour"], [3]),
        ("month,colour", None, ["month", "colour"], [3, 3]),
        (None, "y", ["x", "y"], [9]),
        ("x", "3", ["x", "month"], [3]),
        ("y,x", "y", ["y", "x"], [9]),
    ],
)
def test_columns_of_text_are_categories_and_others_if_asked(
    tmp_path: Path, columns: str | None, categories: str | None, names: list[str], sizes: list[int]
) -> None:
    data, found, _ = read_table(table(tmp_path / "t.csv"), columns, None, 0, categories)
    assert found.names == names
    assert found.sizes == list(data.categories) == sizes
    given = {tuple(row) for row in rows_of(tmp_path / "t.csv")}
    header, *back = rows_of_text(found.csv(data.origin + data.train.double().numpy(), rounded=True))
    where = [["colour", "x", "month", "y"].index(name) for name in header]
    assert {tuple(row) for row in back} <= {tuple(f"{_plain(row[k])}" for k in where) for row in given}


def _plain(text: str) -> str:
    return text.removesuffix(".0")


def rows_of_text(text: str) -> list[list[str]]:
    import io

    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("kind", ["mixture", "mlp"])
def test_samples_have_the_files_own_labels_and_numbers_that_belong_to_them(
    capsys: Any, tmp_path: Path, kind: str
) -> None:
    path = table(tmp_path / "t.csv", n=400)
    options = ["--data", path, "--categories", "colour,month", "--generator", kind, "--round", "--seed", "1"]
    iterations = ["--iterations", "50" if kind == "mixture" else "1500"]
    code, answer, _ = answer_of(RECIPE, capsys, *options, *iterations, "--out", str(tmp_path / "run"))
    assert code == 0
    header, *rows = rows_of(tmp_path / "run" / SAMPLED)
    assert header == ["colour", "x", "month", "y"]
    assert {row[2] for row in rows} == {"Jan", "Feb", "Mar"}
    assert all(row[3].isdecimal() for row in rows)
    for k, label in enumerate(("red", "green", "deep blue")):
        x = np.array([float(row[1]) for row in rows if row[0] == label])
        assert 0.1 < len(x) / len(rows) < 0.7
        assert np.median(x) == pytest.approx(10 * k, abs=1.5)
    assert answer["answer"]["columns"] == header
    assert [type(value) for value in answer["answer"]["samples"][0]] == [str, float, str, float]
    if kind == "mixture":
        assert answer["value"] is not None


@pytest.mark.parametrize("kind", ["mixture", "mlp"])
def test_what_was_trained_is_sampled_loaded_elsewhere_and_goes_on(capsys: Any, tmp_path: Path, kind: str) -> None:
    folder = str(tmp_path / "run")
    options = ["--data", table(tmp_path / "t.csv"), "--columns", "y,month,x,colour", "--generator", kind]
    assert run(RECIPE, [*options, "--iterations", "20", "--out", folder, "--quiet"]) == 0
    out = str(tmp_path / "new.csv")
    assert run(RECIPE, ["--sample", "5000", "--from", folder, "--out", out]) == 0
    header, *rows = rows_of(out)
    assert header == ["y", "month", "x", "colour"]
    assert len(rows) == 5000
    assert {row[3] for row in rows} <= {"red", "green", "deep blue"}
    held = json.loads((tmp_path / "run" / RUN).read_text())["generator"]
    assert held["columns"][:3] == ["y", "x", "month=Jan"] or held["columns"][2].startswith("month=")
    program = (
        "import sys, torch\n"
        "f = torch.export.load(sys.argv[1]).module()\n"
        f"z = torch.zeros(3, {held['noise'][1]})\n"
        "print(f(z).tolist())\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "run" / PROGRAM)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": ""},
    )
    trained = read_trained(folder)
    with torch.no_grad():
        ours = trained.origin + trained.module(torch.zeros(3, held["noise"][1])).double().numpy()
    assert np.array(json.loads(made.stdout)) == pytest.approx(ours, rel=1e-5)
    capsys.readouterr()
    assert run(RECIPE, [*options, "--iterations", "40", "--out", folder, "--resume", "--quiet"]) == 0


def test_every_loss_and_several_seeds_take_categories(capsys: Any, tmp_path: Path) -> None:
    options = ["--data", table(tmp_path / "t.csv"), "--categories", "colour", "--generator", "mixture"]
    code, answer, _ = answer_of(RECIPE, capsys, *options, "--iterations", "30", "--compare", "--seeds", "2")
    assert code == 0
    losses = answer["stats"]["losses"]
    assert [loss["loss"] for loss in losses[:4]] == ["likelihood", "lagrangian", "minimax", "non-saturating"]
    assert {"least-squares", "wasserstein", "mmd"} <= {loss["loss"] for loss in losses}
    assert all(loss["likelihood_between"] is not None for loss in losses)


@pytest.mark.parametrize("columns", ["colour", "colour,month", "x,colour", "x,y,colour,month"])
def test_pictures_name_the_labels(tmp_path: Path, columns: str) -> None:
    path = table(tmp_path / "t.csv", HOSTILE)
    options = ["--data", path, "--columns", columns, "--generator", "mixture", "--iterations", "5", "--quiet"]
    assert run(RECIPE, [*options, "--plot", str(tmp_path / "p.svg")]) == 0
    drawn = (tmp_path / "p.svg").read_text()
    assert "$x^2$" in drawn.replace("&#36;", "$") or "x^2" in drawn
    assert "\x1b" not in drawn


def test_hostile_labels_come_back_as_they_are(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", HOSTILE)
    data, columns, _ = read_table(path, "colour,x", None, 0)
    assert set(columns.columns[0].labels) <= set(HOSTILE)  # type: ignore[union-attr]
    assert "a,b" in columns.csv(data.origin + data.train.double().numpy(), rounded=False)
    folder = str(tmp_path / "run")
    options = ["--data", path, "--columns", "colour,x", "--generator", "mixture", "--iterations", "5", "--quiet"]
    assert run(RECIPE, [*options, "--out", folder]) == 0
    assert {row[0] for row in rows_of(tmp_path / "run" / SAMPLED)[1:]} <= set(HOSTILE)
    assert Columns.of_json(columns.as_json()) == columns


def test_labels_are_escaped_on_a_terminal_and_nowhere_else(capsys: Any, monkeypatch: Any, tmp_path: Path) -> None:
    folder = str(tmp_path / "run")
    options = ["--data", table(tmp_path / "t.csv", HOSTILE), "--columns", "colour,x", "--generator", "mixture"]
    assert run(RECIPE, [*options, "--iterations", "5", "--quiet", "--out", folder]) == 0
    capsys.readouterr()
    assert run(RECIPE, ["--sample", "200", "--from", folder]) == 0
    assert "\x1b[31mred" in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(RECIPE, ["--sample", "200", "--from", folder]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\\x1b[31mred" in shown


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["same"] * 40, "column 'c' of the data is one and the same in all rows to train with; leave it out"),
        ([f"id{i}" for i in range(40)], "column 'c' holds 40 different labels, in 40 rows, too few of each to learn"),
        ([f"2024-01-{i % 60}" for i in range(240)], "more than the 50 that a category may have"),
        (["a", "b", "NA", "b"] * 10, "--missing drop, which keeps 30 of 40"),
        (["NA"] * 40, "has no column of numbers"),
    ],
)
def test_what_is_no_category_is_refused_by_name(tmp_path: Path, cells: list[str], said: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("c,x\n" + "".join(f"{cell},{i * i}\n" for i, cell in enumerate(cells)))
    if said.startswith("has no"):
        _, columns, notes = read_table(str(path), None, None, 0)
        assert columns.names == ["x"]
        assert not any("--categories" in note for note in notes)
        return
    with pytest.raises(InputError) as refused:
        read_table(str(path), None, None, 0, "c")
    assert said in str(refused.value)


@pytest.mark.parametrize("header", ["a,b\n", ""])
def test_of_text_alone_the_first_line_is_a_header_unless_it_occurs_below(tmp_path: Path, header: str) -> None:
    (tmp_path / "t.csv").write_text(header + "".join(f"{'xyz'[i % 3]},{'pq'[i % 2]}\n" for i in range(60)))
    data, columns, _ = read_table(str(tmp_path / "t.csv"), "1,2", None, 0)
    assert columns.names == (["a", "b"] if header else ["1", "2"])
    assert data.categories == (3, 2)
    assert data.numbers == 0


def test_labels_that_dropped_rows_alone_had_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("c,x\nrare,NA\nrare,NA\n" + "".join(f"{'ab'[i % 2]},{i * i}\n" for i in range(40)))
    _, columns, _ = read_table(str(path), None, "drop", 0, "c")
    assert columns.columns[0] == Category("c", ["a", "b"])


def test_booleans_are_numbers_unless_they_are_asked_for_as_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("b,x\n" + "".join(f"{'TRUE' if i % 3 else 'FALSE'},{i * i}\n" for i in range(40)))
    assert read_table(str(path), None, None, 0)[1].sizes == []
    assert read_table(str(path), None, None, 0, "b")[1].columns[0] == Category("b", ["FALSE", "TRUE"])


def test_arrays_have_categories_too(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    np.save(tmp_path / "t.npy", np.column_stack([x, np.arange(60) % 3]))
    _, columns, _ = read_table(str(tmp_path / "t.npy"), None, None, 0, "3")
    assert columns.columns[2] == Category("3", ["0", "1", "2"])


@pytest.mark.parametrize("kind", ["flow", "gaussian"])
def test_generators_of_numbers_alone_say_which_others_there_are(capsys: Any, tmp_path: Path, kind: str) -> None:
    options = ("--data", table(tmp_path / "t.csv"), "--categories", "colour", "--generator", kind)
    code, _, err = answer_of(RECIPE, capsys, *options)
    assert code == 2
    assert "--generator mixture, or mlp" in err
    assert len(err.splitlines()) == 1


@pytest.mark.skipif(not IRIS.exists(), reason="needs ../shared")
def test_iris_with_its_species_is_as_likely_as_under_a_gaussian_for_each(capsys: Any) -> None:
    options = ("--data", str(IRIS), "--categories", "Species", "--generator", "mixture", "--iterations", "5")
    code, answer, _ = answer_of(RECIPE, capsys, *options)
    assert code == 0
    low, high = answer["certificate"]["likelihood_between"]
    data, _, _ = read_table(str(IRIS), None, None, 0, "Species")
    seen = torch.cat([data.train, data.watch]).double().numpy()
    theirs = 0.0
    from scipy.stats import multivariate_normal

    rows = data.held_out.double().numpy()
    for k in (4, 5, 6):
        own, asked = seen[seen[:, k] == 1, :4], rows[rows[:, k] == 1, :4]
        law = multivariate_normal(own.mean(0), np.cov(own.T, bias=True))
        theirs += (law.logpdf(asked) + np.log(len(own) / len(seen))).sum()
    assert (low + high) / 2 > theirs / len(rows) - 0.15
