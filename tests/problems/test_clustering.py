"""Hierarchies on the command line: tables and matrices as people have them, cuts, ties, inversions, pictures."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of
from places import SHARED
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.sparse import csr_array, save_npz
from scipy.spatial.distance import pdist
from test_layers import loaded_by
from written import Write

from problems.clustering import LINKAGES, RECIPE
from problems.pictures.dendrogram import figure_of
from problems.recipe import ANSWERED, UNUSABLE, run
from problems.studies.hierarchy import cophenetic_correlation, within_groups

VALUES = np.array([[i % 3 * 10 + i * i % 5 + i / 7, i % 4] for i in range(12)])
TABLE = "name,x,y\n" + "".join(f"row {i},{x!r},{y!r}\n" for i, (x, y) in enumerate(VALUES.tolist()))
MATRIX = ",a,b,c\na,0,2,5\nb,2,0,4\nc,5,4,0\n"


@pytest.mark.parametrize("rule", LINKAGES)
def test_merges_are_scipys_and_what_is_proven_is_said(capsys: Any, write: Write, rule: str) -> None:
    file = ("--data", str(write("table.csv", TABLE)), "--linkage", rule)
    code, answer, _ = answer_of(RECIPE, capsys, *file, "-k", "3")
    theirs = linkage(VALUES, rule)
    merges = np.array(answer["answer"]["merges"])
    assert (code, answer["solver"]) == (ANSWERED, "agglomeration")
    assert merges[:, 2] == pytest.approx(theirs[:, 2], rel=1e-12)
    labels = np.array(answer["answer"]["labels"])
    expected = fcluster(theirs, 3, "maxclust") if rule != "centroid" else labels
    assert np.array_equal(labels[:, None] == labels, expected[:, None] == expected)
    assert labels[0] == 0
    assert sorted(answer["answer"]["order"]) == list(range(12))
    assert answer["stats"]["cophenetic_correlation"] == pytest.approx(cophenet(theirs, pdist(VALUES))[0], abs=1e-9)
    if rule == "single":
        assert answer["status"] == "optimal"
        assert answer["certificate"]["exact"]
        assert answer["value"] == pytest.approx(cophenet(theirs).sum(), rel=1e-12)
    else:
        assert answer["bound"] <= answer["value"]


def test_a_matrix_is_read_as_orders_read_it(capsys: Any, write: Write) -> None:
    for text, more in ((MATRIX, ()), (MATRIX.replace("a,0,2,5", "a,0,2,7"), ("--symmetrize", "min"))):
        _, answer, _ = answer_of(RECIPE, capsys, "--matrix", str(write("m.csv", text)), "--linkage", "complete", *more)
        assert answer["answer"]["merges"] == [[0, 1, 2, 2], [2, 3, 5, 3]]
    alike = ",a,b,c\na,1,.9,.1\nb,.9,1,.2\nc,.1,.2,1\n"
    code, answer, _ = answer_of(RECIPE, capsys, "--matrix", str(write("s.csv", alike)), "--linkage", "single")
    assert code == ANSWERED
    assert answer["answer"]["merges"][1] == pytest.approx([2, 3, 0.8, 3])
    assert run(RECIPE, ["--matrix", str(write("m.csv", MATRIX)), "--linkage", "ward"]) == ANSWERED
    assert "takes the distances of a matrix for Euclidean ones" in capsys.readouterr().err


def test_groups_are_written_and_drawn(capsys: Any, write: Write, tmp_path: Path) -> None:
    picture, out = tmp_path / "tree.png", tmp_path / "groups.csv"
    file = ("--data", str(write("table.csv", TABLE)), "--plot", str(picture), "--out", str(out))
    _, answer, _ = answer_of(RECIPE, capsys, *file, "--height", "6")
    assert picture.stat().st_size > 10_000
    with out.open() as lines:
        assert list(csv.reader(lines))[1:] == [
            [f"row {i}", str(label)] for i, label in enumerate(answer["answer"]["labels"])
        ]


def test_ties_and_inversions_are_named(capsys: Any, write: Write) -> None:
    triangle = str(write("t.csv", "x,y\n0,0\n2,0\n1,1.8\n"))
    assert run(RECIPE, ["--data", triangle, "--linkage", "centroid", "--quiet"]) == ANSWERED
    assert "inversions: merge 2 lower than a cluster that is merged there" in capsys.readouterr().out
    line = str(write("l.csv", "x\n0\n1\n2\n3\n"))
    for rule, said in (("single", "the heights are"), ("average", "the rule makes other hierarchies too")):
        assert run(RECIPE, ["--data", line, "--linkage", rule, "-k", "2", "--quiet"]) == ANSWERED
        assert said in capsys.readouterr().out


def test_rules_are_compared_with_the_best_hierarchy(capsys: Any, write: Write) -> None:
    file = str(write("table.csv", TABLE))
    assert run(RECIPE, ["--data", file, "--compare", "-k", "3", "--json"]) == ANSWERED
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["linkage"] for row in rows] == [*LINKAGES, "proven best"]
    assert all(row["cost"] >= rows[-1]["cost"] * (1 - 1e-12) >= row["at_least"] * (1 - 1e-9) for row in rows)
    assert run(RECIPE, ["--data", file, "--compare"]) == ANSWERED
    assert "above best" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("a,b\n1,2\n", ("-k", "1")),
        ("a,b\n1,2\n3,4\n", ("-k", "2")),
        ("a,b\n1,2\n1,2\n1,2\n", ("-k", "2")),
        ("a,b\n1,2\n1,2\n1,2\n", ("--standardise",)),
        ("name;b\nä;1,5\nβ;2\n\x1b[31mred;9e99\n", ("--height", "0")),
    ],
)
@pytest.mark.parametrize("rule", LINKAGES)
def test_small_and_degenerate_tables_are_answered(
    capsys: Any, write: Write, tmp_path: Path, text: str, arguments: tuple[str, ...], rule: str
) -> None:
    picture = str(tmp_path / "p.svg")
    file = ("--data", str(write("t.csv", text)), "--linkage", rule, "--plot", picture)
    assert run(RECIPE, [*file, *arguments, "--quiet"]) == ANSWERED
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (TABLE, ("-k", "13"), "12 rows do not make 13 groups"),
        (TABLE, ("--height", "nan"), "give a number from 0"),
        (TABLE, ("--out", "x.csv"), "say how many by -k K"),
        (TABLE, ("--compare", "--out", "x.csv", "-k", "2"), "is for one rule"),
        (TABLE, ("--kind", "similarity"), "goes with --matrix"),
        ("a,b\n1,2\n,3\n", (), "no value in column 'a'"),
        ("a,b\n1e-200,2e-200\n3e-200,0\n", (), "choose another unit"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    capsys: Any, write: Write, text: str, arguments: tuple[str, ...], said: str
) -> None:
    assert run(RECIPE, ["--data", str(write("t.csv", text)), *arguments]) == UNUSABLE
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("0,1,2\n1,0,3\n5,3,0\n", (), "--symmetrize"),
        ("0,1,2\n1,0,nan\n2,nan,0\n", (), "has no value in row 2, column 3"),
        (MATRIX, ("--standardise",), "is for --data"),
        (MATRIX, ("--columns", "a"), "is for --data"),
    ],
)
def test_what_is_no_matrix_of_distances_is_refused(
    capsys: Any, write: Write, text: str, arguments: tuple[str, ...], said: str
) -> None:
    assert run(RECIPE, ["--matrix", str(write("m.csv", text)), *arguments]) == UNUSABLE
    assert said in capsys.readouterr().err


def test_a_correlation_that_does_not_exist_is_none() -> None:
    assert cophenetic_correlation(np.zeros((1, 1)), np.empty((0, 4))) is None
    same = 1.0 - np.eye(3)
    assert cophenetic_correlation(same, linkage(same[np.triu_indices(3, 1)], "average")) is None


def test_squares_within_groups_are_bounded() -> None:
    labels = np.arange(12) % 3
    found, least = within_groups(VALUES, labels)
    assert 0 <= least <= found
    assert found == pytest.approx(sum(((g - g.mean(axis=0)) ** 2).sum() for g in (VALUES[k::3] for k in range(3))))
    assert within_groups(np.zeros((3, 1)), np.arange(3)) == (0.0, 0.0)


def test_the_cut_of_a_picture_lies_between_the_merges() -> None:
    merges = linkage(VALUES, "average")
    labels = fcluster(merges, 3, "maxclust") - 1
    figure = figure_of(merges, np.arange(12), [f"$r_{i}$" for i in range(12)], "t", "d", labels)
    (line,) = figure.axes[0].lines
    low, high = merges[-3, 2], merges[-2, 2]
    assert low <= line.get_xdata()[0] <= high
    many = np.random.default_rng(0).normal(size=(300, 2))
    upright = figure_of(linkage(many, "ward"), np.arange(300), [""] * 300, "t", "d", np.arange(300) % 2)
    assert "300 rows" in upright.axes[0].get_xlabel()


def test_torch_and_matplotlib_are_not_loaded() -> None:
    loaded = loaded_by("import problems.clustering")
    assert "torch" not in loaded
    assert "scipy" not in loaded


@pytest.mark.skipif(SHARED is None, reason="needs data beside the project")
def test_the_cities_of_europe(capsys: Any) -> None:
    assert SHARED is not None
    file = str(SHARED / "data" / "tables" / "eurodist.csv")
    code, answer, _ = answer_of(RECIPE, capsys, "--matrix", file, "--linkage", "single")
    assert (code, answer["status"]) == (ANSWERED, "optimal")


def test_a_sparse_table_is_clustered_as_a_dense_one_is(capsys: Any, tmp_path: Path) -> None:
    rows = np.where(np.arange(60).reshape(20, 3) % 4 > 1, np.arange(60.0).reshape(20, 3), 0.0)
    np.save(tmp_path / "dense.npy", rows)
    save_npz(tmp_path / "sparse.npz", csr_array(rows))
    found = [answer_of(RECIPE, capsys, "--data", str(tmp_path / name)) for name in ("dense.npy", "sparse.npz")]
    assert [code for code, _, _ in found] == [ANSWERED, ANSWERED]
    assert found[0][1]["answer"] == found[1][1]["answer"]
