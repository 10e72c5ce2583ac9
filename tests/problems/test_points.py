"""Tours and trees of points on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of
from scipy.sparse.csgraph import minimum_spanning_tree

from problems.check import main as check
from problems.mst import RECIPE as MST
from problems.recipe import run
from problems.tsp import RECIPE as TSP


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_tour_of_points_is_proven_and_proven_again(capsys: Any, tmp_path: Path) -> None:
    points = written(tmp_path, "towns.csv", "town,east,north\na,0,0\nb,3,4\nc,0,4\nd,3,0\n")
    code, answer, err = answer_of(TSP, capsys, "--points", points, "--plot", str(tmp_path / "tour.svg"))
    assert (code, answer["status"], answer["value"], sorted(answer["answer"])) == (
        0,
        "optimal",
        14,
        ["a", "b", "c", "d"],
    )
    assert "note: Columns 'east' and 'north' are the coordinates" in err
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    assert check([str(tmp_path / "answer.json"), "--points", points, "--quiet"]) == 0
    moved = written(tmp_path, "towns.csv", "town,east,north\na,0,0\nb,3,4\nc,0,4\nd,3,0.5\n")
    assert check([str(tmp_path / "answer.json"), "--points", moved, "--quiet"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--points", "p.csv", "--matrix", "m.csv"], "give --matrix or --points, not both"),
        (["--graph", "p.csv", "--points", "m.csv"], "not both"),
        (["--points", "p.csv", "--weight", "km"], "--weight says nothing of what --points reads"),
        (["--points", "p.csv", "--undirected"], "--undirected says nothing of what --points reads"),
        (["--matrix", "p.csv", "--columns", "a", "b"], "--columns says nothing of what --matrix reads"),
        (["--graph", "p.csv", "--items", "3"], "--items says nothing of what --graph reads"),
    ],
)
def test_options_that_say_nothing_are_refused(capsys: Any, arguments: list[str], said: str) -> None:
    assert run(TSP, arguments) == 2
    assert said in capsys.readouterr().err


def test_the_tree_of_points_is_drawn_alone(capsys: Any, tmp_path: Path) -> None:
    place = np.random.default_rng(2).random((50, 2))
    np.save(tmp_path / "points.npy", place)
    given = ("--points", str(tmp_path / "points.npy"), "--plot", str(tmp_path / "tree.svg"))
    code, answer, _ = answer_of(MST, capsys, *given)
    tree = minimum_spanning_tree(np.linalg.norm(place[:, None] - place, axis=2))
    assert (code, answer["status"], answer["stats"]["edges"]) == (0, "optimal", 1225)
    assert answer["value"] == pytest.approx(float(tree.sum()), rel=1e-12)
    assert (tmp_path / "tree.svg").stat().st_size < 200_000  # of all 1,225 lines it were more
