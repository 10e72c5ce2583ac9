"""Tables that a generator learns: what is read of them, how rows are written back, and what is refused."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of
from places import SHARED
from sklearn.mixture import GaussianMixture

import formulations.gan
from problems.gan import RECIPE
from problems.recipe import run
from problems.studies.tables import Columns, columns_of, read_table
from problems.terminal.errors import InputError

TABLES = SHARED / "data" / "tables"
shared = pytest.mark.skipif(not TABLES.exists(), reason="needs ../shared")


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: Any) -> None:
    monkeypatch.setattr(formulations.gan, "HELD_OUT_DRAWS", 4096)
    monkeypatch.setattr(formulations.gan, "WATCH_DRAWS", 512)


def reading(path: Path, text: str, **asked: Any) -> tuple[Any, Columns, Any]:
    path.write_text(text)
    return read_table(str(path), asked.get("columns"), asked.get("missing"), asked.get("seed", 0))


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_unix_times_keep_their_digits(tmp_path: Path) -> None:
    times = 1.7e9 + np.random.default_rng(0).uniform(0, 1000, 200)
    data, columns, _ = reading(tmp_path / "t.csv", "time\n" + "\n".join(map(repr, times.tolist())))
    parts = np.concatenate([part.numpy() for part in (data.train, data.watch, data.held_out)])
    assert len(np.unique(parts)) == 200
    assert sorted((data.origin + parts.astype(float))[:, 0]) == pytest.approx(sorted(times), abs=1e-3)
    written = rows_of(columns.csv(data.origin + data.train.double().numpy(), rounded=False))
    assert written[0] == ["time"]
    assert len({row[0] for row in written[1:]}) == 120
    apart = [np.abs(times - float(row[0])).min() for row in written[1:]]
    assert max(apart) <= 6e-4  # written to 5 digits of their spread, in thousandths of a second


def test_unix_times_are_learnt_and_sampled(capsys: Any, tmp_path: Path) -> None:
    times = 1_700_000_000 + np.random.default_rng(0).uniform(0, 1000, 400)
    np.save(tmp_path / "t.npy", times)
    options = ("--data", str(tmp_path / "t.npy"), "--iterations", "200", "--generator", "gaussian")
    code, answer, _ = answer_of(RECIPE, capsys, *options, "--out", str(tmp_path / "run"))
    assert code == 0
    best = -0.5 * np.log(2 * np.pi * np.e * times.var())  # of any Gaussian
    assert best - 0.6 < answer["value"] < best + 0.1
    samples = np.loadtxt(tmp_path / "run" / "samples.csv")
    assert samples.shape == (2500,)
    assert len(np.unique(samples)) > 2400
    assert abs(samples.mean() - times.mean()) < 150


@pytest.mark.parametrize("factor", [1e-20, 1e-3, 1.0, 1e15])
def test_rows_are_written_with_the_digits_that_there_are(tmp_path: Path, factor: float) -> None:
    x = np.random.default_rng(0).normal(5, 1, 50) * factor
    _, columns, _ = reading(tmp_path / "t.csv", "x\n" + "\n".join(map(repr, x.tolist())))
    back = [float(row[0]) for row in rows_of(columns.csv(x[:, None], rounded=False))[1:]]
    assert back == pytest.approx(x, rel=1e-5, abs=1e-5 * factor)


def test_whole_numbers_come_back_whole_and_no_number_leaves_the_range_that_was_learnt(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    text = "".join(f"{age},{size:.1f}\n" for age, size in zip(rng.integers(18, 99, 90), rng.random(90), strict=True))
    data, columns, _ = reading(tmp_path / "t.csv", "age,size\n" + text)
    learnt = data.origin + data.train.double().numpy()
    samples = rng.normal([50, 0.5], [60, 2], (500, 2))
    header, *rows = rows_of(columns.csv(samples, rounded=True))
    assert header == ["age", "size"]
    assert all(row[0].isdecimal() and len(row[1].partition(".")[2]) <= 1 for row in rows)
    found = np.array(rows, dtype=float)
    assert found.min(axis=0) == pytest.approx(learnt.min(axis=0), abs=1e-6)
    assert found.max(axis=0) == pytest.approx(learnt.max(axis=0), abs=1e-6)
    inside = ((samples > learnt.min(axis=0) + 1) & (samples < learnt.max(axis=0) - 1))[:, 0]
    assert np.abs(found[inside, 0] - samples[inside, 0]).max() <= 0.5
    free = np.array(rows_of(columns.csv(samples, rounded=False))[1:], dtype=float)
    assert free == pytest.approx(samples, abs=1e-3)


def test_what_has_no_header_gets_none(tmp_path: Path) -> None:
    _, columns, _ = reading(tmp_path / "t.csv", "\n".join(f"{i * i % 7}.5,{i % 5}" for i in range(30)))
    assert columns.csv(np.array([[1.25, 2.0]]), rounded=False) == "1.25,2\n"


def test_columns_survive_json() -> None:
    columns = columns_of(formulations.gan.drawn(formulations.gan.GaussianMixture([1], [[0, 9]], [1]), 50), ["a", "b"])
    assert Columns.of_json(columns.as_json()) == columns


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n" + "1,2\n" * 30, "column 'a' of the data is 1 in all rows; leave it out"),
        ("a,b\n" + "".join(f"{i * i},{0.1 + (i % 2) * 1e-17!r}\n" for i in range(30)), "column 'b' of the data is 0.1"),
        ("a\n" + "".join(f"{i * 1e37}\n" for i in range(1, 30, 2)) * 2, "beyond what float32 holds; give it in other"),
        ("a\n" + "".join(f"{i * i}e-42\n" for i in range(30)), "column 'a' of the data has numbers of up to"),
        ("a\n" + "".join(f"{2**53 + 2 * i * i}\n" for i in range(30)), "beyond 2^53"),
        ("a\n" + "".join(f"{i * i}\n" for i in range(19)), "n at least 20"),
        ("a,b\n" + "1,red\n1,blue\n" * 15, "column 'a' of the data"),
        ("a,b\n" + "".join(f"{i * i},{i % 3 or 'NA'}\n" for i in range(40)), "--missing drop, which keeps 26 of 40"),
    ],
)
def test_what_teaches_nothing_is_refused_before_training(capsys: Any, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    code, _, err = answer_of(RECIPE, capsys, "--data", str(tmp_path / "t.csv"))
    assert code == 2
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_constant_in_the_rows_to_train_with_alone_is_said(tmp_path: Path) -> None:
    said = []
    for seed in range(20):
        try:
            reading(tmp_path / "t.csv", "a\n" + "0\n" * 39 + "1\n", seed=seed)
        except InputError as error:
            said.append(str(error))
    assert 0 < len(said) < 20  # the row that differs is held out of some
    assert all("is 0 in all of 24 rows to train with" in line for line in said)


def test_options_of_tables_go_with_files(capsys: Any) -> None:
    for asked in (["--columns", "a"], ["--missing", "drop"], ["--round"]):
        assert run(RECIPE, ["--data", "ring", *asked]) == 2
        assert "goes with --data FILE" in capsys.readouterr().err


@shared
@pytest.mark.parametrize(
    ("name", "columns", "left_out"),
    [
        ("faithful", ["eruptions", "waiting"], ""),
        ("iris", ["Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"], "'Species'"),
        ("geyser", ["waiting", "duration"], ""),
        ("airquality", ["Ozone", "Solar.R", "Wind", "Temp", "Month", "Day"], ""),
    ],
)
def test_tables_as_r_writes_them(capsys: Any, tmp_path: Path, name: str, columns: list[str], left_out: str) -> None:
    options = ["--data", str(TABLES / f"{name}.csv"), "--generator", "gaussian", "--iterations", "100", "--round"]
    if name == "airquality":
        code, _, err = answer_of(RECIPE, capsys, *options)
        assert code == 2
        assert "leave out such rows by --missing drop" in err
        options += ["--missing", "drop"]
    code, answer, _ = answer_of(RECIPE, capsys, *options, "--out", str(tmp_path / "run"))
    assert code == 0
    assert answer["answer"]["columns"] == columns
    assert any(left_out in note for note in answer["notes"]) or not left_out
    with (tmp_path / "run" / "samples.csv").open() as file:
        header, *rows = list(csv.reader(file))
    assert header == columns
    assert len(rows) == 2500
    if name == "airquality":
        assert {row[4] for row in rows} <= {"5", "6", "7", "8", "9"}


@shared
def test_a_mixture_of_iris_is_as_likely_as_one_fitted_by_em(capsys: Any) -> None:
    iris = str(TABLES / "iris.csv")
    code, answer, _ = answer_of(RECIPE, capsys, "--data", iris, "--generator", "mixture", "--iterations", "5")
    assert code == 0
    data, _, _ = read_table(iris, None, None, 0)
    train, watch, held_out = (part.double().numpy() for part in (data.train, data.watch, data.held_out))
    fits = [GaussianMixture(k, reg_covar=1e-4, random_state=0).fit(train) for k in range(1, 7)]
    theirs = max(fits, key=lambda fit: fit.score(watch)).score(held_out)
    assert np.mean(answer["certificate"]["likelihood_between"]) > theirs - 0.15
