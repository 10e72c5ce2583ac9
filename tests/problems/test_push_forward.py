"""Maps of noise on the command line: proven, said as they are, and wrong input in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of, without_seconds

from problems.push_forward import EXAMPLE_ROWS, RECIPE
from problems.recipe import ANSWERED, UNUSABLE, run


def written(path: Path, rows: Any, header: str) -> str:
    np.savetxt(path, np.asarray(rows, dtype=float), delimiter=",", header=header, comments="", fmt="%.17g")
    return str(path)


def test_without_input_two_heaps_are_made_of_normal_noise(capsys: Any, tmp_path: Path) -> None:
    plot = tmp_path / "map.png"
    code, answer, _ = answer_of(RECIPE, capsys, "--plot", str(plot))
    assert (code, answer["status"], answer["certificate"]["exact"]) == (ANSWERED, "optimal", True)
    assert plot.stat().st_size > 10_000
    z, x, share = (np.array([piece[key] for piece in answer["answer"]]) for key in ("from", "to", "share"))
    assert (np.diff(z) >= 0).all()
    assert (np.diff(x) >= 0).all()
    assert share @ (x - z) ** 2 == pytest.approx(answer["value"])
    f, g = (np.array(answer["certificate"][name]) for name in ("leaves", "arrives"))
    assert len(f) == len(g) == EXAMPLE_ROWS
    assert without_seconds(answer) == without_seconds(answer_of(RECIPE, capsys, "--plot", str(plot))[1])


def test_a_column_becomes_another_whatever_their_lengths_and_an_atom_is_said(capsys: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    model = written(tmp_path / "model.csv", np.r_[np.zeros(30), random.random(70)], "rain")
    observed = written(tmp_path / "observed.csv", random.gamma(2, size=150), "rain")
    code, answer, _ = answer_of(RECIPE, capsys, "--noise", model, "--data", observed)
    assert (code, answer["status"]) == (ANSWERED, "optimal")
    assert answer["stats"]["atom"] == {"at": [0.0], "share": 0.3}
    assert run(RECIPE, ["--noise", model, "--data", observed]) == ANSWERED
    assert "no map does this: the noise is 0 in 30.0% of its rows" in capsys.readouterr().out
    assert run(RECIPE, ["--noise", observed, "--data", observed]) == ANSWERED
    assert "no map does this" not in capsys.readouterr().out


def test_long_columns_are_mapped_row_by_row_and_drawn(capsys: Any, tmp_path: Path) -> None:
    rows, plot = np.random.default_rng(0).normal(3, 2, 20_000), tmp_path / "map.svg"
    path = written(tmp_path / "x.csv", rows, "x")
    code, answer, _ = answer_of(RECIPE, capsys, "--data", path, "--plot", str(plot))
    assert (code, answer["status"], answer["solver"]) == (ANSWERED, "optimal", "sorting")
    assert answer["value"] == pytest.approx(9 + 1, rel=0.1)  # (3 - 0)^2 + (2 - 1)^2
    assert [piece["to"] for piece in answer["answer"]] == np.sort(rows).tolist()
    assert plot.stat().st_size < 2_000_000
    assert run(RECIPE, ["--data", path, "--solver", "min-cost-flow"]) == UNUSABLE
    assert "leave the solver out" in capsys.readouterr().err


@pytest.mark.parametrize("solver", ["min-cost-flow", "glop"])
def test_other_solvers_find_the_same_map(capsys: Any, solver: str) -> None:
    asked, sorting = (answer_of(RECIPE, capsys, *words)[1] for words in (("--solver", solver), ()))
    assert asked["solver"] == solver
    assert asked["value"] == pytest.approx(sorting["value"])
    for key in ("from", "to", "share"):
        found = [[piece[key] for piece in answer["answer"]] for answer in (asked, sorting)]
        assert found[0] == pytest.approx(found[1])


def test_a_table_is_mapped_by_a_matrix_that_makes_its_moments(capsys: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = random.gamma(2, size=(80, 3)) @ random.normal(size=(3, 3))
    plot = tmp_path / "map.png"
    code, answer, _ = answer_of(
        RECIPE, capsys, "--data", written(tmp_path / "x.csv", rows, "a,b,c"), "--plot", str(plot)
    )
    assert (code, answer["status"], plot.stat().st_size > 10_000) == (ANSWERED, "optimal", True)
    T = np.array(answer["answer"]["matrix"])
    assert pytest.approx(np.cov(rows, rowvar=False, bias=True)) == T @ T.T
    assert answer["answer"]["shift"] == pytest.approx(rows.mean(axis=0))
    assert [check["name"] for check in answer["checks"]][-2:] == ["closed form (Gelbrich)", "triangular map"]


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_numbers_have_a_map_too(capsys: Any, tmp_path: Path, n: int) -> None:
    plot = str(tmp_path / "map.png")
    path = written(tmp_path / "x.csv", np.arange(1.0, n + 1), "x")
    code, answer, _ = answer_of(RECIPE, capsys, "--data", path, "--plot", plot)
    assert (code, answer["status"], len(answer["answer"])) == (ANSWERED, "optimal", n)


@pytest.mark.parametrize(
    ("data", "noise", "message"),
    [
        ([[1.0, 2.0]], None, "1 rows of 2 numbers have a covariance without an inverse"),
        ([[1.5, 1.5], [2.0, 2.0], [3.0, 3.0]], None, "leave out columns that are constant or that others determine"),
        ([[1.5, 1.0], [2.0, 3.0]], [[1.5], [2.0]], "--noise: has 1 columns of numbers and the data 2"),
        ([[1.0], [np.nan]], None, "has no value in column 'a'"),
        (None, [[1.0]], "--noise: there is nothing to be made of it"),
    ],
)
def test_what_cannot_be_mapped_is_said_in_one_line(
    capsys: Any, tmp_path: Path, data: Any, noise: Any, message: str
) -> None:
    arguments = []
    for option, rows in (("--data", data), ("--noise", noise)):
        if rows is not None:
            header = ",".join("abc"[: len(rows[0])])
            arguments += [option, written(tmp_path / f"{option[2:]}.csv", rows, header)]
    assert run(RECIPE, arguments) == UNUSABLE
    out, err = capsys.readouterr()
    assert not out
    assert message in err
    assert "Traceback" not in err
