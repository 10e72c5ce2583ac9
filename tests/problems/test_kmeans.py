"""k-means on the command line: demands by names, numbers of groups compared, and tables as people have them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of
from places import SHARED
from scipy.sparse import csr_array, save_npz
from test_layers import loaded_by
from written import Write

from problems.kmeans import RECIPE
from problems.pictures.groups import figure_of, lloyd
from problems.recipe import ANSWERED, UNUSABLE, run
from problems.studies.groups import silhouettes

TABLE = "name,x,y,kind\n" + "".join(f"row {i},{i % 3 * 10 + i * i % 5},{i % 4},text\n" for i in range(1, 13))


def test_groups_are_proven_drawn_and_written(capsys: Any, tmp_path: Path, write: Write) -> None:
    picture, out = tmp_path / "p.png", tmp_path / "groups.csv"
    files = ("--data", str(write("table.csv", TABLE)), "--plot", str(picture), "--out", str(out))
    code, answer, _ = answer_of(RECIPE, capsys, *files)
    assert (code, answer["status"], answer["solver"]) == (ANSWERED, "optimal", "kmeans")
    assert answer["bound"] <= answer["value"] <= answer["bound"] * (1 + 1e-6)
    x = np.array([[i % 3 * 10 + i * i % 5, i % 4] for i in range(1, 13)], dtype=float)
    labels, centers = np.array(answer["answer"]["labels"]), np.array(answer["answer"]["centers"])
    assert ((x - centers[labels]) ** 2).sum() == pytest.approx(answer["value"])
    assert labels[0] == 0
    assert picture.stat().st_size > 10_000
    with out.open() as file:
        assert list(csv.reader(file))[:2] == [["", "group"], ["row 1", "0"]]


def test_demands_name_rows(capsys: Any, write: Write) -> None:
    file = ("--data", str(write("table.csv", TABLE)))
    demands = ("--apart", "row 1", "row 4", "--together", "2", "row 3", "--at-least", "3", "--at-most", "5")
    code, answer, _ = answer_of(RECIPE, capsys, *file, *demands)
    labels = answer["answer"]["labels"]
    assert (code, answer["status"]) == (ANSWERED, "optimal")
    assert labels[0] != labels[3]
    assert labels[1] == labels[2]
    assert all(3 <= count <= 5 for count in np.bincount(labels))
    assert answer["asked"]["apart"] == [["row 1", "row 4"]]


def test_numbers_of_groups_are_compared(capsys: Any, write: Write) -> None:
    assert run(RECIPE, ["--data", str(write("t.csv", TABLE)), "--k-from", "2", "--k-to", "4", "--json"]) == ANSWERED
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["k"] for row in rows] == [2, 3, 4]
    assert rows[0]["value"] > rows[1]["value"] > rows[2]["value"]
    assert all(row["bound"] <= row["value"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-k", "13"), "12 rows do not make 13 groups"),
        (("--apart", "row 1", "nobody"), "has no row 'nobody'"),
        (("--k-from", "3"), "go together"),
        (("--k-from", "2", "--k-to", "3", "-k", "2"), "without -k"),
        (("--together", "1", "2", "--apart", "1", "2"), "apart and together"),
        (("--at-least", "7", "-k", "2"), "7 to 12 rows each"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(capsys: Any, write: Write, arguments: tuple[str, ...], said: str) -> None:
    assert run(RECIPE, ["--data", str(write("t.csv", TABLE)), *arguments]) == UNUSABLE
    assert said in capsys.readouterr().err


def test_a_silhouette_is_what_it_is_by_hand() -> None:
    found = silhouettes(np.array([[0.0], [1.0], [5.0], [6.0]]), np.array([0, 0, 1, 1]))
    assert found == pytest.approx([1 - 1 / 5.5, 1 - 1 / 4.5, 1 - 1 / 4.5, 1 - 1 / 5.5])


def test_lloyds_steps_never_rise_and_the_picture_takes_any_number_of_columns() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(50, 3))
    steps = lloyd(values, random.integers(4, size=50), 4)
    squares = [((values - means[labels]) ** 2).sum() for labels, means in steps]
    assert np.diff(squares).max() <= 1e-12
    for d in (1, 2, 3):
        labels, means = lloyd(values[:, :d], random.integers(3, size=50), 3)[-1]
        assert len(figure_of(values[:, :d], labels, means, "abc"[:d], 1, "t").axes) == 6


def test_a_sparse_table_is_grouped_as_a_dense_one_is(capsys: Any, tmp_path: Path) -> None:
    rows = np.where(np.arange(60).reshape(20, 3) % 4 > 1, np.arange(60.0).reshape(20, 3), 0.0)
    np.save(tmp_path / "dense.npy", rows)
    save_npz(tmp_path / "sparse.npz", csr_array(rows))
    found = [answer_of(RECIPE, capsys, "--data", str(tmp_path / name)) for name in ("dense.npy", "sparse.npz")]
    assert [code for code, _, _ in found] == [ANSWERED, ANSWERED]
    assert found[0][1]["answer"]["labels"] == found[1][1]["answer"]["labels"]


def test_torch_and_scikit_learn_are_not_loaded() -> None:
    assert "torch" not in loaded_by("import problems.kmeans")


@pytest.mark.skipif(SHARED is None, reason="needs data beside the project")
@pytest.mark.parametrize(("name", "k", "value"), [("ruspini", 4, 12881.051236), ("faithful", 3, 5188.540468)])
def test_known_values(capsys: Any, name: str, k: int, value: float) -> None:
    assert SHARED is not None
    file = str(SHARED / "data" / "tables" / f"{name}.csv")
    _, answer, _ = answer_of(RECIPE, capsys, "--data", file, "-k", str(k), "--time-limit", "2")
    assert answer["value"] == pytest.approx(value, abs=1e-5)
    assert answer["bound"] <= answer["value"]
