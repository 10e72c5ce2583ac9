"""Rows of a second table on a map of the first: --new."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of
from written import Write

from problems.embedding import METHODS, RECIPE
from problems.pictures.placed import Later, figure_of
from problems.recipe import ANSWERED, UNUSABLE, run
from problems.studies.maps import swiss_roll
from problems.studies.new_points import PLACED

ROWS = swiss_roll(200, 0)[0] * [1, 1000, 1]


def table(rows: Any, head: str = "name,x,y,z", prefix: str = "p") -> str:
    return f"{head}\n" + "".join(f"{prefix}{i},{','.join(map(str, row))}\n" for i, row in enumerate(rows.tolist()))


@pytest.mark.parametrize(("method", "options"), [("mds", ()), *((method, ("--standardise",)) for method in PLACED)])
def test_given_rows_land_on_their_points(
    capsys: Any, write: Write, tmp_path: Path, method: str, options: tuple[str, ...]
) -> None:
    given = ["--data", str(write("roll.csv", table(ROWS))), "--method", method, *options]
    new, out = write("new.csv", table(ROWS[[7, 3]], prefix="n")), tmp_path / "map.csv"
    code, answer, _ = answer_of(RECIPE, capsys, *given, "--new", str(new), "--out", str(out))
    assert (code, answer["status"], answer["stats"]["new_points"]) == (ANSWERED, "optimal", 2)
    there = np.array(answer["answer"]["coordinates"])
    assert there.shape == (200, 2)
    assert np.abs(there[[7, 3]] - answer["answer"]["new"]).max() < 1e-8 * np.abs(there).max()
    assert answer["answer"]["new_names"] == ["n0", "n1"]
    with out.open() as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["", *(f"p{i}" for i in range(200)), "n0", "n1"]
    assert [float(cell) for cell in rows[-1][1:]] == answer["answer"]["new"][1]
    assert run(RECIPE, [*given, "--new", str(new), "--quiet"]) == ANSWERED
    assert "2 points of new.csv placed on the map\n  n0" in capsys.readouterr().out


def test_new_points_are_in_the_picture_and_named() -> None:
    rng = np.random.default_rng(0)
    new = Later(rng.standard_normal((2, 3)), ["n$1", "n2"], "more_$x$.csv")
    ax = figure_of(rng.standard_normal((9, 3)), [f"p{i}" for i in range(9)], "A map", new=new).axes[0]
    given, placed = ax.collections
    assert np.asarray(given.get_offsets()).shape == (9, 2)
    assert np.asarray(placed.get_offsets()).tolist() == new.X[:, :2].tolist()
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["2 points of more_$x$.csv, placed on the map"]
    assert {"n$1", "n2"} <= {text.get_text() for text in ax.texts}


def test_what_has_no_place_is_told_in_a_line(capsys: Any, write: Write) -> None:
    roll = ["--data", str(write("roll.csv", table(ROWS[:40])))]
    fine = ["--new", str(write("new.csv", table(ROWS[:2])))]
    other = ["--new", str(write("other.csv", table(ROWS[:2], head="name,a,b,c")))]
    hole = ["--new", str(write("hole.csv", "name,x,y,z\nq,1,,2\nr,1,2,3\n"))]
    distances = ["--matrix", str(write("d.csv", "0,1\n1,0\n"))]
    cases = [
        (fine, "--new goes with --data"),
        ([*distances, *fine], "--new goes with --data"),
        ([*roll, *other, "--method", "mds"], "other.csv: has 3 columns, 'a', 'b', 'c'"),
        ([*roll, *hole, "--method", "mds"], "hole.csv"),
        ([*roll, "--new", "nowhere.csv", "--method", "mds"], "nowhere.csv"),
        ([*roll, "--new", str(write("big.csv", table(ROWS[:2] * 1e90))), "--method", "mds"], "numbers within"),
    ]
    others = [method for method in METHODS if method not in PLACED]
    cases += [
        ([*roll, *fine, "--standardise", "--method", method], f"--new: {method} has no rule") for method in others
    ]
    for arguments, said in cases:
        assert run(RECIPE, [*arguments, "--quiet"]) == UNUSABLE
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1
    code, answer, _ = answer_of(RECIPE, capsys, *roll, *hole, "--method", "mds", "--missing", "drop")
    assert (code, answer["answer"]["new_names"]) == (ANSWERED, ["r"])
    assert run(RECIPE, [*roll, *fine, "--standardise", "--method", "laplacian", "-k", "30", "--quiet"]) == UNUSABLE
    assert "ask for fewer coordinates" in capsys.readouterr().err
