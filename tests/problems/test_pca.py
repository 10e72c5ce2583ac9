"""Principal components on the command line: tables as people have them, and what is said of those that have none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of, without_seconds
from places import SHARED
from scipy.sparse import csr_array, random_array, save_npz
from test_layers import loaded_by
from written import Write

from problems.pca import RECIPE
from problems.pictures.components import figure_of
from problems.recipe import ANSWERED, UNUSABLE, run

TABLE = "name,a,b,c\n" + "".join(f"row {i},{i % 7},{i * i % 11},{3 * (i % 7) + 0.1 * (i % 3)}\n" for i in range(20))


def test_the_example_is_proven_drawn_and_its_scores_are_written(capsys: Any, tmp_path: Path) -> None:
    picture, scores = tmp_path / "p.png", tmp_path / "s.csv"
    code, answer, err = answer_of(RECIPE, capsys, "--plot", str(picture), "--out", str(scores))
    assert (code, answer["status"], answer["solver"], err) == (ANSWERED, "optimal", "eigen", "")
    assert answer["value"] == pytest.approx(2.480241579 + 0.989765153, abs=1e-7)
    assert answer["bound"] >= answer["value"]
    assert answer["answer"]["variances"] == pytest.approx(
        [2.480241579, 0.989765153, 0.356563181, 0.173430088], abs=1e-7
    )
    assert answer["answer"]["columns"] == ["Murder", "Assault", "UrbanPop", "Rape"]
    assert answer["certificate"]["variances_within"] < 1e-11
    assert picture.stat().st_size > 10_000
    with scores.open() as file:
        head, first, *rest = csv.reader(file)
    assert (head, first[0], len(rest)) == (["", "PC1", "PC2"], "Alabama", 49)
    assert float(first[1]) == pytest.approx(0.9756604, abs=1e-6)
    variance = np.array([row[1:] for row in (first, *rest)], dtype=float).var(axis=0, ddof=1)
    assert variance == pytest.approx(answer["answer"]["variances"][:2])


def test_a_share_is_explained_by_as_few_as_can_be(capsys: Any) -> None:
    code, answer, _ = answer_of(RECIPE, capsys, "--explain", ".9")
    assert code == ANSWERED
    assert answer["asked"] == {"components": 3, "standardised": True}
    assert answer["answer"]["explained"] >= 0.9 > answer["stats"]["fewer_explain_at_most"]
    assert run(RECIPE, ["--explain", ".9"]) == ANSWERED
    assert "2 no more than 86.7502%, which is proven" in capsys.readouterr().out


def test_raw_columns_names_and_text(capsys: Any, write: Write) -> None:
    file = write("table.csv", TABLE)
    _, answer, _ = answer_of(RECIPE, capsys, "--data", str(file), "--raw", "-k", "1", "--columns", "a,b")
    x = np.array([[i % 7, i * i % 11] for i in range(20)], dtype=float)
    assert answer["value"] == pytest.approx(np.linalg.eigvalsh(np.cov(x.T))[-1])
    assert answer["answer"]["columns"] == ["a", "b"]
    code, _, err = answer_of(
        RECIPE, capsys, "--data", str(write("t.csv", TABLE.replace(",0,", ",NA,"))), "--missing", "drop"
    )
    assert code == ANSWERED
    assert "Rows with missing values are left out" in err


def test_the_same_run_gives_the_same_json(capsys: Any, write: Write) -> None:
    arguments = ["--data", str(write("table.csv", TABLE)), "-k", "2"]
    first, again = (without_seconds(answer_of(RECIPE, capsys, *arguments)[1]) for _ in range(2))
    assert json.dumps(first) == json.dumps(again)


def test_arrays_constant_columns_and_a_single_column(capsys: Any, tmp_path: Path) -> None:
    x = np.column_stack([np.arange(6.0) ** 2, np.full(6, 1e9), np.arange(6.0)])
    np.save(tmp_path / "x.npy", x)
    _, answer, err = answer_of(RECIPE, capsys, "--data", str(tmp_path / "x.npy"))
    assert "Columns with the same value in every row have no part in any component: '2'" in err
    assert answer["answer"]["loadings"][1] == [0.0, 0.0]
    assert answer["status"] == "optimal"
    np.save(tmp_path / "y.npy", x[:, 0])
    code, answer, _ = answer_of(RECIPE, capsys, "--data", str(tmp_path / "y.npy"), "--plot", str(tmp_path / "y.png"))
    assert (code, answer["value"], answer["answer"]["loadings"]) == (ANSWERED, pytest.approx(1), [[1.0]])


def test_sparse_tables_are_read_and_damaged_ones_refused(capsys: Any, tmp_path: Path) -> None:
    S = random_array((200, 9), density=0.2, format="csr", rng=np.random.default_rng(0))
    np.save(tmp_path / "dense.npy", S.toarray())
    _, dense, _ = answer_of(RECIPE, capsys, "--data", str(tmp_path / "dense.npy"))
    for form in ("csr", "csc", "coo"):
        save_npz(tmp_path / "s.npz", S.asformat(form))
        code, answer, _ = answer_of(
            RECIPE, capsys, "--data", str(tmp_path / "s.npz"), "--plot", str(tmp_path / "s.png")
        )
        assert (code, answer["value"]) == (ANSWERED, pytest.approx(dense["value"], rel=1e-12))
    S.indices[3] = 100
    save_npz(tmp_path / "outside.npz", S)
    np.savez(tmp_path / "other.npz", a=np.eye(2))
    (tmp_path / "broken.npz").write_bytes((tmp_path / "s.npz").read_bytes()[:-30])
    save_npz(tmp_path / "nan.npz", csr_array([[1.0, np.nan], [0.0, 1.0]]))
    for name, said in (
        ("outside", "does not hold a sparse matrix"),
        ("other", "does not hold a sparse matrix"),
        ("broken", "does not hold a sparse matrix"),
        ("nan", "has a number that is missing"),
        ("none", "cannot be opened"),
    ):
        assert run(RECIPE, ["--data", str(tmp_path / f"{name}.npz"), "--quiet"]) == UNUSABLE
        assert said in capsys.readouterr().err
    assert run(RECIPE, ["--data", str(tmp_path / "s.npz"), "--columns", "1", "--quiet"]) == UNUSABLE
    assert "--columns is for tables of text" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("a,b\n1,2\n", (), "1 row cannot vary; give 2 at least"),
        ("a,b\n1,2\n1,2\n1,2\n", (), "no column varies"),
        ("a,b\n1,2\n3,5\n", ("-k", "2"), "have no 2 components; ask for 1 to 1"),
        ("a,b\n1,2\n3,\n", (), "has no value in column 'b'"),
        ("a,b\nx,y\nz,w\n", (), "has no column of numbers"),
        ("a,b\n1,2\n3,5\n", ("--out", "scores.doc"), "end the name in .csv"),
        ("", (), "is empty"),
    ],
)
def test_what_has_no_components_is_told_in_a_line(
    capsys: Any, write: Write, content: str, arguments: tuple[str, ...], said: str
) -> None:
    assert run(RECIPE, ["--data", str(write("table.csv", content)), *arguments, "--quiet"]) == UNUSABLE
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_sparse_components_of_the_example_are_proven_and_drawn(capsys: Any, tmp_path: Path) -> None:
    picture, scores = tmp_path / "p.svg", tmp_path / "s.csv"
    code, answer, _ = answer_of(RECIPE, capsys, "--sparse", "2", "--plot", str(picture), "--out", str(scores))
    assert (code, answer["status"], answer["solver"]) == (ANSWERED, "optimal", "supports")
    assert answer["value"] == pytest.approx(1.8018733117)  # 1 and the largest correlation, of murder and assault
    assert [bool(loading) for [loading] in answer["answer"]["loadings"]] == [True, True, False, False]
    assert len(scores.read_text().splitlines()) == 51
    assert run(RECIPE, ["--sparse", "2", "--quiet"]) == ANSWERED
    assert "it explains 45.0468% of the variance, the first component 62.0060%" in capsys.readouterr().out
    assert run(RECIPE, ["--sparse", "5", "--quiet"]) == UNUSABLE
    assert "has no 5 of them; ask for 1 to 4" in capsys.readouterr().err


def test_gross_errors_are_set_apart(capsys: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = np.outer(rng.standard_normal(40), rng.standard_normal(12))
    x[3, 4], x[17, 1] = 80, -60
    np.save(tmp_path / "x.npy", x)
    given = ["--data", str(tmp_path / "x.npy"), "--robust", "--raw"]
    picture, scores = tmp_path / "p.png", tmp_path / "s.csv"
    code, answer, _ = answer_of(RECIPE, capsys, *given, "--plot", str(picture), "--out", str(scores))
    assert (code, answer["status"], answer["solver"]) == (ANSWERED, "optimal", "alm")
    assert {tuple(cell[:2]) for cell in answer["answer"]["cells"][:2]} == {("4", "5"), ("18", "2")}
    assert len(answer["answer"]["loadings"][0]) == answer["answer"]["rank"] <= 3
    assert len(scores.read_text().splitlines()) == 41
    assert run(RECIPE, [*given, "--quiet"]) == ANSWERED
    assert "set apart, the largest of them\n  4, 5: +" in capsys.readouterr().out
    assert run(RECIPE, ["--robust", "--quiet"]) == ANSWERED
    assert "noise rather than errors" in capsys.readouterr().out


def test_pictures_of_many_rows_and_columns_and_of_one_component() -> None:
    rng = np.random.default_rng(0)
    names = [f"$x_{{{j}}}$" for j in range(40)]
    Y = np.linalg.qr(rng.standard_normal((40, 3)))[0]
    many = figure_of(rng.standard_normal((900, 2)), Y, np.full(40, 1 / 40), names, names, "many")
    assert many.axes[0].get_title() == "Rows, and variables as arrows, the 12 longest of 40"
    assert many.axes[1].get_title() == "Variance by component: the first 15 of 40"
    one = figure_of(rng.standard_normal((900, 1)), Y[:, :1], np.full(40, 1 / 40), names, names, "one")
    assert one.axes[0].get_title() == "Loadings of the component, the 24 largest of 40"


def test_components_load_neither_torch_nor_scikit_learn() -> None:
    statement = "from problems.pca import RECIPE\nfrom problems.recipe import run\nrun(RECIPE, ['--quiet'])"
    assert not {"torch", "sklearn", "matplotlib"} & set(loaded_by(f"{statement}\nimport sys\nsys.stdout.flush()"))


@pytest.mark.skipif(not SHARED.exists(), reason="needs tables that are not part of the project")
@pytest.mark.parametrize("name", ["iris", "swiss", "longley", "stackloss", "faithful"])
@pytest.mark.parametrize("raw", [True, False])
def test_known_tables_are_proven(capsys: Any, name: str, raw: bool) -> None:
    code, answer, _ = answer_of(
        RECIPE, capsys, "--data", str(SHARED / "data" / "tables" / f"{name}.csv"), *(["--raw"] if raw else [])
    )
    assert (code, answer["status"]) == (ANSWERED, "optimal")
