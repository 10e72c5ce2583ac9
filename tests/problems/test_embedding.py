"""Maps on the command line: the swiss roll unrolled, Europe from distances, and what is said of what has no map."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of, without_seconds
from places import SHARED
from scipy.spatial.distance import cdist
from test_layers import loaded_by
from written import Write

from problems.embedding import METHODS, RECIPE
from problems.pictures.placed import figure_of, plane_of
from problems.recipe import ANSWERED, UNUSABLE, run
from problems.studies.maps import residual_variances, swiss_roll, trustworthiness

ROLL = "name,x,y,z\n" + "".join(
    f"p{i},{','.join(map(str, place))}\n" for i, place in enumerate(swiss_roll(300, 0)[0].tolist())
)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_is_answered_written_and_drawn(capsys: Any, write: Write, tmp_path: Path, method: str) -> None:
    picture, out = tmp_path / "p.png", tmp_path / "o.csv"
    files = ["--plot", str(picture), "--out", str(out)]
    if method == "tsne":
        pytest.importorskip("sklearn")
    code, answer, err = answer_of(
        RECIPE, capsys, "--data", str(write("roll.csv", ROLL)), "--method", method, "-k", "2", *files
    )
    if method == "tsne":
        assert (code, answer["status"], answer["solver"], answer["bound"]) == (ANSWERED, "feasible", "tsne", None)
        assert answer["asked"]["neighbours"] == 30
        assert 0 < answer["value"] < 1
    elif method == "smacof":
        assert (code, answer["status"], answer["solver"]) == (ANSWERED, "feasible", "smacof")
        assert answer["bound"] == 0 < answer["value"]  # in three dimensions no distance is lost
        assert 0 < answer["stats"]["stress_1"] < 0.2
    else:
        solver = "path-following" if method == "sdp" else "eigen"
        assert (code, answer["status"], answer["solver"], err) == (ANSWERED, "optimal", solver, "")
    assert np.shape(answer["answer"]["coordinates"]) == (300, 2)
    assert answer["answer"]["names"][:2] == ["p0", "p1"]
    assert 0.5 < answer["stats"]["trustworthiness"] <= 1
    assert ("residual_variance" in answer["stats"]) == (method in ("mds", "isomap"))
    assert picture.stat().st_size > 10_000
    with out.open() as file:
        head, first, *rest = csv.reader(file)
    assert (head, first[0], len(rest)) == (["", "x1", "x2"], "p0", 299)
    assert [float(cell) for cell in first[1:]] == answer["answer"]["coordinates"][0]


def test_the_example_is_unrolled(capsys: Any) -> None:
    code, answer, _ = answer_of(RECIPE, capsys)
    assert (code, answer["status"], answer["asked"]["method"]) == (ANSWERED, "optimal", "isomap")
    along = swiss_roll(1000, 0)[1]
    angle = 1.5 * np.pi * (1 + 2 * along)
    length = (angle * np.hypot(1, angle) + np.arcsinh(angle)) / 2  # of the spiral up to there
    sheet = np.array(answer["answer"]["coordinates"])
    assert abs(np.corrcoef(length, sheet[:, 0])[0, 1]) > 0.999
    assert answer["stats"]["trustworthiness"] > 0.99
    assert answer["stats"]["residual_variance"][1] < 0.01
    assert run(RECIPE, ["--quiet", "--neighbours", "8"]) == ANSWERED
    assert "1,000 points in 2 dimensions by isomap, 8 neighbours each" in capsys.readouterr().out


@pytest.mark.skipif(not SHARED.exists(), reason="needs tables that are not part of the project")
def test_europe_comes_from_its_distances(capsys: Any) -> None:
    file = SHARED / "data" / "tables" / "eurodist.csv"
    code, answer, _ = answer_of(RECIPE, capsys, "--matrix", str(file))
    assert (code, answer["status"], answer["asked"]["method"]) == (ANSWERED, "optimal", "mds")
    place = dict(zip(answer["answer"]["names"], answer["answer"]["coordinates"], strict=True))
    assert place["Athens"] == pytest.approx([2290.27468, -1798.80293], abs=1e-5)  # cmdscale(eurodist) in R, y down
    assert np.array(answer["answer"]["eigenvalues"]) == pytest.approx([19538377.09, 11856555.33])
    code, by_paths, _ = answer_of(RECIPE, capsys, "--matrix", str(file), "--method", "isomap", "--neighbours", "5")
    assert code == ANSWERED
    assert by_paths["value"] > 0


def test_unfolded_points_say_how_many_dimensions_they_have(capsys: Any, write: Write, tmp_path: Path) -> None:
    corners = [f"{x},{y},{z}\n" for x in (0, 1, 2) for y in (0, 1) for z in (0, 1)]
    given = ["--data", str(write("block.csv", "x,y,z\n" + "".join(corners))), "--method", "sdp", "--neighbours", "7"]
    code, answer, _ = answer_of(RECIPE, capsys, *given)
    assert (code, answer["status"], answer["stats"]["unfolded_dimensions"]) == (ANSWERED, "optimal", 3)
    assert answer["value"] == pytest.approx(8 + 3 + 3, rel=1e-6)
    assert answer["stats"]["share_of_variance"] == pytest.approx(11 / 14, rel=1e-5)
    assert np.shape(answer["answer"]["further_coordinates"]) == (12, 1)
    assert run(RECIPE, [*given, "--quiet"]) == ANSWERED
    assert "unfolded in 3 dimensions, of whose variance the map has 78.57%; -k 3 has all" in capsys.readouterr().out
    assert run(RECIPE, [*given, "-k", "4", "--quiet"]) == ANSWERED
    assert "unfolded in 3 dimensions, all of which the map has" in capsys.readouterr().out


@pytest.mark.skipif(not SHARED.exists(), reason="needs tables that are not part of the project")
@pytest.mark.parametrize("count", ["4", "20"])
def test_distances_of_no_points_are_unfolded_as_well(capsys: Any, count: str) -> None:
    file = str(SHARED / "data" / "tables" / "eurodist.csv")
    code, answer, _ = answer_of(RECIPE, capsys, "--matrix", file, "--method", "sdp", "--neighbours", count)
    assert (code, answer["status"]) == (ANSWERED, "optimal")
    assert answer["stats"]["share_of_variance"] > 0.99


def test_similarities_are_turned_round_and_the_same_run_gives_the_same_json(capsys: Any, write: Write) -> None:
    file = write("s.csv", "1,.5,.2\n.5,1,.4\n.2,.4,1\n")
    first, again = (without_seconds(answer_of(RECIPE, capsys, "--matrix", str(file))[1]) for _ in range(2))
    assert json.dumps(first) == json.dumps(again)
    X = np.array(first["answer"]["coordinates"])
    assert np.linalg.norm(X[0] - X[2]) == pytest.approx(0.8)


def test_two_points_are_on_a_line(capsys: Any, write: Write) -> None:
    code, answer, _ = answer_of(RECIPE, capsys, "--data", str(write("t.csv", "a,b\n0,0\n3,4\n")), "--method", "mds")
    assert (code, answer["status"]) == (ANSWERED, "optimal")
    assert sorted(answer["answer"]["coordinates"]) == [[pytest.approx(-2.5)], [pytest.approx(2.5)]]
    assert run(RECIPE, ["--data", str(write("t.csv", "a,b\n0,0\n3,4\n")), "--quiet"]) == ANSWERED


def test_constant_columns_and_more_dimensions_than_there_are(capsys: Any, write: Write, tmp_path: Path) -> None:
    text = "a,b\n" + "".join(f"{i * i},7\n" for i in range(8))
    given = ["--data", str(write("t.csv", text)), "--method", "mds", "-k", "3"]
    code, answer, _ = answer_of(RECIPE, capsys, *given, "--plot", str(tmp_path / "p.png"))
    assert (code, answer["status"]) == (ANSWERED, "optimal")
    assert (np.array(answer["answer"]["coordinates"])[:, 1:] == 0).all()
    assert run(RECIPE, [*given, "--quiet"]) == ANSWERED
    assert "the last 2 of 3 coordinates are 0" in capsys.readouterr().out


PARTS = "a,b\n" + "".join(f"{x},{y}\n" for x in (0, 1, 2, 3, 90, 91, 92, 93) for y in (0, 1))


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("a,b\n1,2\n", (), "2 points at least"),
        ("a,b\n1,2\n1,2\n1,2\n", (), "all points are at the same place"),
        ("a,b\n1,2\n3,5\n", ("-k", "2", "--method", "mds"), "2 points have no map in 2 dimensions; ask for 1 to 1"),
        ("a,b\n1,2\n3,5\n4,5\n", ("--neighbours", "3"), "3 points have no 3 neighbours each; give 1 to 2"),
        (PARTS, ("--neighbours", "4"), "falls into 2 parts, the largest of 8 points; give --neighbours 8, which"),
        (ROLL, ("--method", "hessian", "--neighbours", "5"), "second derivatives in 2 dimensions need 6 neighbours"),
        (ROLL, ("--method", "ltsa", "--neighbours", "8", "-k", "4"), "directions only, and in 4 dimensions 4 are need"),
        (ROLL, ("--method", "mds", "--neighbours", "5"), "--neighbours is not for mds"),
        (ROLL, ("--out", "map.doc"), "end the name in .csv"),
        ("a,b\n1,2\n3,5\n4,5\n6,7\n", ("--method", "tsne"), "4 points are too few"),
        (PARTS, ("--method", "tsne", "--neighbours", "15"), "about 15 neighbours each; give 2 to 14"),
        ("a,b\n1e80,2\n3,5\n4,5\n", (), "give finite ones within"),
        ("a,b\n1e-200,0\n3e-200,0\n2e-200,0\n", (), "in a smaller unit"),
        ("a,b\n1,2\n3,\n", (), "has no value in column 'b'"),
    ],
)
def test_what_has_no_map_is_told_in_a_line(
    capsys: Any, write: Write, content: str, arguments: tuple[str, ...], said: str
) -> None:
    assert run(RECIPE, ["--data", str(write("table.csv", content)), *arguments, "--quiet"]) == UNUSABLE
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_remedy_of_more_neighbours_works_and_is_the_least(capsys: Any, write: Write) -> None:
    file = str(write("parts.csv", PARTS))
    assert run(RECIPE, ["--data", file, "--neighbours", "8", "--quiet"]) == ANSWERED
    assert run(RECIPE, ["--data", file, "--neighbours", "7", "--quiet"]) == UNUSABLE


def test_options_that_do_not_go_together_are_refused(capsys: Any, write: Write) -> None:
    matrix = ["--matrix", str(write("d.csv", "0,1\n1,0\n")), "--quiet"]
    for arguments, said in (
        ([*matrix, "--method", "lle"], "--method lle compares measurements"),
        ([*matrix, "--columns", "a"], "--columns goes with --data"),
        (["--standardise", "--quiet"], "--standardise goes with --data"),
        (["--symmetrize", "max", "--quiet"], "--symmetrize goes with --matrix"),
    ):
        assert run(RECIPE, arguments) == UNUSABLE
        assert said in capsys.readouterr().err


def test_points_at_one_place_have_a_map(capsys: Any, write: Write) -> None:
    rows = [f"{x},{y}\n" for x, y in np.random.default_rng(0).integers(0, 4, (60, 2)).tolist()]
    for method in ("mds", "isomap", "lle", "laplacian", "diffusion"):
        given = ["--data", str(write("t.csv", "a,b\n" + "".join(rows))), "--method", method, "--neighbours", "12"]
        code, answer, _ = answer_of(RECIPE, capsys, *(given[:-2] if method == "mds" else given))
        assert (code, answer["status"]) == (ANSWERED, "optimal")


def test_trustworthiness_is_that_of_scikit_learn() -> None:
    manifold = pytest.importorskip("sklearn.manifold")
    rng = np.random.default_rng(0)
    for _ in range(10):
        X = rng.standard_normal((40, 5))
        ours = trustworthiness(cdist(X, X), X[:, :2], 6)
        assert ours == pytest.approx(manifold.trustworthiness(X, X[:, :2], n_neighbors=6))


def test_residual_variance_is_none_in_as_many_dimensions() -> None:
    X = np.random.default_rng(0).standard_normal((30, 3))
    found = residual_variances(cdist(X, X))
    assert len(found) == 3
    assert found[2] < 1e-9 < found[1] < found[0]


def test_pictures_of_names_of_one_coordinate_and_of_wide_tables() -> None:
    rng = np.random.default_rng(0)
    one = figure_of(rng.standard_normal((5, 1)), [f"$x_{{{i}}}$" for i in range(5)], "one")
    assert one.axes[0].get_ylabel() == ""
    assert (
        figure_of(rng.standard_normal((9, 4)), ["a"] * 9, "t")
        .axes[0]
        .get_title()
        .endswith("the first two of 4 coordinates")
    )
    wide = rng.standard_normal((5, 40))
    assert plane_of(wide).shape == (5, 2)
    assert np.abs(plane_of(wide)[:, 0]).sum() == pytest.approx(np.abs(plane_of(wide @ np.eye(40, 60))[:, 0]).sum())


def test_maps_load_neither_torch_nor_scikit_learn() -> None:
    statement = "from problems.embedding import RECIPE\nfrom problems.recipe import run\nrun(RECIPE, ['--quiet'])"
    assert not {"torch", "sklearn", "matplotlib"} & set(loaded_by(f"{statement}\nimport sys\nsys.stdout.flush()"))
