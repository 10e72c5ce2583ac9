"""Sensors on the command line: placed by lists and by matrices with empty cells; who may be elsewhere; bad files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of
from scipy.spatial.distance import cdist
from written import Write

from problems.embedding import RECIPE
from problems.recipe import ANSWERED, UNUSABLE, run

ANCHORS = "name,x,y\na,0,0\nb,4,0\nc,0,4\n"


def network(reach: float = 0.5) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """30 points, of which the first 4 are anchors, and their distances, nan from `reach` on."""
    X = np.random.default_rng(1).random((30, 2))
    D = cdist(X, X)
    return X, np.where(reach > D, D, np.nan)


def test_a_list_and_a_matrix_give_positions_back(capsys: Any, write: Write, tmp_path: Path) -> None:
    X, D = network()
    pairs = np.argwhere(np.triu(~np.isnan(D), 1)).tolist()
    listed = "from,to,distance\n" + "".join(f"p{i},p{j},{float(D[i, j])!r}\n" for i, j in pairs)
    cells = [",".join("" if np.isnan(d) else repr(float(d)) for d in row) for row in D]
    matrix = "," + ",".join(f"p{i}" for i in range(30)) + "\n" + "".join(f"p{i},{row}\n" for i, row in enumerate(cells))
    anchors = "name;x;y\n" + "".join(f"p{i};{x!r};{y!r}\n" for i, (x, y) in enumerate(X[:4].tolist()))
    given = ["--anchors", str(write("anchors.csv", anchors))]
    out, picture = tmp_path / "o.csv", tmp_path / "p.png"
    for option, content in (("--graph", listed), ("--matrix", matrix)):
        files = [option, str(write("d.csv", content)), "--out", str(out), "--plot", str(picture)]
        code, answer, _ = answer_of(RECIPE, capsys, *given, *files)
        assert (code, answer["status"], answer["solver"]) == (ANSWERED, "optimal", "relaxation")
        order = [int(name[1:]) for name in answer["answer"]["names"]]
        assert np.abs(np.array(answer["answer"]["coordinates"]) - X[order]).max() < 1e-6
        assert answer["answer"]["anchors"] == ["p0", "p1", "p2", "p3"]
        assert answer["stats"]["uniquely_localisable"] == [True] * 26
        assert 0 < answer["stats"]["radius"] < 0.01
        assert picture.stat().st_size > 10_000
        with out.open() as file:
            assert [row[0] for row in csv.reader(file)] == ["", *answer["answer"]["names"]]


def test_anchors_may_be_numbers_and_a_sensor_on_either_side_is_said_to_be(capsys: Any, write: Write) -> None:
    anchors, listed = write("a.csv", "name,x,y\n3,0,0\n7,4,0\n"), write("d.edgelist", "3 9 3\n7 9 3\n9 9 1\n")
    code, answer, _ = answer_of(RECIPE, capsys, "--anchors", str(anchors), "--graph", str(listed))
    assert (code, answer["status"], answer["stats"]["uniquely_localisable"]) == (ANSWERED, "optimal", [False])
    place = dict(zip(answer["answer"]["names"], answer["answer"]["coordinates"], strict=True))["9"]
    assert (place[0], abs(place[1])) == (pytest.approx(2), pytest.approx(5**0.5))
    assert run(RECIPE, ["--anchors", str(anchors), "--graph", str(listed), "--quiet"]) == ANSWERED
    assert "perhaps elsewhere" in capsys.readouterr().out


PAIRS = "from,to,distance\na,p,2\nb,p,3\nc,p,3\n"


@pytest.mark.parametrize(
    ("distances", "anchors", "said"),
    [
        (PAIRS, "name,x,y\na,0,0\nq,1,1\n", "names an anchor 'q', which"),
        (PAIRS, "name,x,y\na,0,\nb,1,1\n", "line 2, column 'y' is ''"),
        (PAIRS, "name,x,y\na,0,0\na,1,1\n", "names the anchor 'a' twice"),
        (PAIRS, "name\na\nb\n", "has 0 columns beside the first"),
        ("from,to,distance\na,p,-2\nb,p,3\nc,p,1\n", ANCHORS, "a distance is -2"),
        (PAIRS + "q,r,1\n", ANCHORS, "are joined to no anchor"),
        ("from,to,distance\na,a,1\nb,b,1\nc,c,2\n", ANCHORS, "has no distance between two points"),
    ],
)
def test_what_cannot_be_placed_is_told_in_a_line(
    capsys: Any, write: Write, distances: str, anchors: str, said: str
) -> None:
    given = ["--graph", str(write("d.csv", distances)), "--anchors", str(write("a.csv", anchors)), "--quiet"]
    assert run(RECIPE, given) == UNUSABLE
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_two_distances_of_a_pair_and_options_that_say_nothing_are_refused(capsys: Any, write: Write) -> None:
    matrix = str(write("m.csv", ",a,b,c,p\na,0,,,1\nb,,0,,2\nc,,,0,3\np,1.5,2,3,0\n"))
    anchors = ["--anchors", str(write("a.csv", ANCHORS))]
    for arguments, said in (
        ([*anchors, "--matrix", matrix], "row 'a', column 'p' is 1 and the other way round 1.5"),
        ([*anchors, "--matrix", matrix, "--method", "mds"], "--method says nothing of sensors"),
        (anchors, "--anchors needs distances"),
        (["--graph", matrix], "which need --anchors"),
    ):
        assert run(RECIPE, [*arguments, "--quiet"]) == UNUSABLE
        assert said in capsys.readouterr().err
