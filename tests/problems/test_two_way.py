"""A table whose rows and columns are put in order: hidden orders come back, with their names, in every output."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commandline import answer_of
from places import SHARED

from formulations.orders import table_distances
from formulations.orders.criteria import criteria
from formulations.problem import Floats, Ints
from problems import seriation as recipe
from problems.io.data_table import read_data_table
from problems.recipe import run
from problems.studies import two_way
from problems.studies.ordering import OBJECTIVES

COUNTS = SHARED / "cases" / "orders" / "kolomoki_counts.csv"
TABLES = SHARED / "data" / "tables"
needs_shared = pytest.mark.skipif(not COUNTS.exists(), reason="needs ../shared")


def battleship(n: int, m: int, seed: int = 0) -> tuple[Floats, Ints, Ints]:
    """Counts of types that come and go one after the other, rows and columns shuffled; and how."""
    rng = np.random.default_rng(seed)
    counts = np.round(100 * np.exp(-((np.linspace(0, 1, n)[:, None] - np.linspace(0, 1, m)) ** 2) * 12))
    rows, columns = rng.permutation(n), rng.permutation(m)
    return counts[np.ix_(rows, columns)], rows, columns


def written(folder: Path, values: Floats, rows: Any = None, columns: Any = None) -> str:
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["", *(columns if columns is not None else [f"type {k}" for k in range(values.shape[1])])])
        given = rows if rows is not None else [f"site {i}" for i in range(len(values))]
        writer.writerows([name, *row] for name, row in zip(given, values.tolist(), strict=True))
    return str(path)


def either_way(found: list[str], names: list[str]) -> bool:
    return found in (names, names[::-1])


def test_hidden_orders_come_back_with_their_names_and_both_are_proven(tmp_path: Path, capsys: Any) -> None:
    counts, rows, columns = battleship(10, 8)
    out = tmp_path / "ordered.csv"
    file = written(tmp_path, counts, [f"site {i}" for i in rows], [f"type {k}" for k in columns])
    code, answer, err = answer_of(recipe.RECIPE, capsys, "--table", file, "--out", str(out))
    assert code == 0
    assert "taken as counts: --distance brainerd-robinson" in err
    assert answer["status"] == "optimal"
    assert either_way(answer["answer"]["rows"], [f"site {i}" for i in range(10)])
    assert either_way(answer["answer"]["columns"], [f"type {k}" for k in range(8)])
    for name in ("rows", "columns"):
        part = answer["parts"][name]
        assert part["status"] == "optimal"
        assert part["certificate"]["verified"]
        assert part["value"] == pytest.approx(answer["stats"]["criteria"][name]["LS"])
    assert answer["value"] == pytest.approx(sum(part["value"] for part in answer["parts"].values()))
    assert answer["asked"] == {"objective": "ls", "distance": "brainerd-robinson", "standardize": False}
    ordered = read_data_table(out)
    assert (list(ordered.rows), list(ordered.columns)) == (answer["answer"]["rows"], answer["answer"]["columns"])
    given = read_data_table(file)
    for i, row in enumerate(ordered.rows):
        for k, column in enumerate(ordered.columns):
            assert ordered.values[i, k] == given.values[given.rows.index(row), given.columns.index(column)]
    places = np.argwhere(ordered.values > 50)  # the columns run along with the rows
    assert np.corrcoef(places.T)[0, 1] > 0.8


@pytest.mark.parametrize("distance", sorted(table_distances.DISTANCES))
@pytest.mark.parametrize("objective", ["ls", "path", "ar-deviations"])
def test_every_distance_is_the_one_that_both_are_ordered_by(
    distance: str, objective: str, tmp_path: Path, capsys: Any
) -> None:
    values = np.random.default_rng(1).integers(0, 9, (7, 5)).astype(float)
    values[np.arange(7), np.arange(7) % 5] = 9  # no row or column is 0, or has one value throughout
    file = written(tmp_path, values)
    code, answer, _ = answer_of(
        recipe.RECIPE, capsys, "--table", file, "--distance", distance, "--objective", objective
    )
    assert code == 0
    assert answer["status"] == "optimal"
    for name, table in (("rows", values), ("columns", values.T)):
        d = table_distances.row_distances(table, distance, columns=name == "columns")
        names = [f"{'site' if name == 'rows' else 'type'} {k}" for k in range(len(d))]
        order = np.array([names.index(item) for item in answer["answer"][name]])
        assert criteria(d, order)[OBJECTIVES[objective]] == pytest.approx(answer["parts"][name]["value"])


@pytest.mark.parametrize("seed", range(4))  # in some of them the columns run against the rows
def test_a_directed_objective_keeps_its_directions(seed: int, tmp_path: Path, capsys: Any) -> None:
    values = np.random.default_rng(seed).random((6, 5))
    file = written(tmp_path, values)
    arguments = ("--table", file, "--distance", "euclidean", "--objective", "lazy-path")
    _, answer, _ = answer_of(recipe.RECIPE, capsys, *arguments)
    for name, table in (("rows", values), ("columns", values.T)):
        d = table_distances.row_distances(table, "euclidean")
        order = np.array([int(item.split()[1]) for item in answer["answer"][name]])
        assert criteria(d, order)["Lazy_path_length"] == pytest.approx(answer["parts"][name]["value"])


def test_the_command_line_offers_the_distances_that_there_are() -> None:
    assert set(two_way.DISTANCES) == set(table_distances.DISTANCES)


@pytest.mark.parametrize(
    ("options", "expected", "said"),
    [
        ([], ("euclidean", True), "taken as measurements"),
        (["--distance", "euclidean"], ("euclidean", False), None),
        (["--distance", "manhattan", "--standardize"], ("manhattan", True), None),
        (["--standardize"], ("euclidean", True), "taken as measurements"),
    ],
)
def test_measurements_are_standardized_unless_a_distance_is_asked_for(
    options: list[str], expected: tuple[str, bool], said: str | None, tmp_path: Path, capsys: Any
) -> None:
    file = written(tmp_path, np.random.default_rng(0).random((5, 3)))
    code, answer, err = answer_of(recipe.RECIPE, capsys, "--table", file, *options)
    assert code == 0
    assert (answer["asked"]["distance"], answer["asked"]["standardize"]) == expected
    assert (said or "note: The numbers") in err or said is None


def test_what_is_present_or_not_is_compared_by_jaccard(tmp_path: Path, capsys: Any) -> None:
    here = np.triu(np.tril(np.ones((7, 7)), 2))[:, [3, 0, 6, 2, 5, 1, 4]]
    code, answer, err = answer_of(recipe.RECIPE, capsys, "--table", written(tmp_path, here))
    assert code == 0
    assert answer["asked"]["distance"] == "jaccard"
    assert "as present or not" in err
    assert either_way(answer["answer"]["rows"], [f"site {i}" for i in range(7)])  # Petrie's concentration
    assert either_way(answer["answer"]["columns"], [f"type {k}" for k in (1, 5, 3, 0, 6, 4, 2)])


def test_a_table_of_one_column_has_its_rows_ordered(tmp_path: Path, capsys: Any) -> None:
    file = written(tmp_path, np.array([[3.5], [1.5], [2.5]]))
    code, answer, _ = answer_of(recipe.RECIPE, capsys, "--table", file)
    assert code == 0
    assert either_way(answer["answer"]["rows"], ["site 1", "site 2", "site 0"])
    assert answer["answer"]["columns"] == ["type 0"]
    assert list(answer["parts"]) == ["rows"]


def test_rows_of_one_name_stay_apart_in_all_outputs(tmp_path: Path, capsys: Any) -> None:
    file, out = written(tmp_path, battleship(5, 4)[0], rows=["a", "b", "a", "c", "a"]), tmp_path / "o.csv"
    _, answer, err = answer_of(recipe.RECIPE, capsys, "--table", file, "--out", str(out))
    assert sorted(answer["answer"]["rows"]) == ["a (1)", "a (3)", "a (5)", "b", "c"]
    assert list(read_data_table(out).rows) == answer["answer"]["rows"]
    assert "3 share their name" in err


ZEROS = "site,a,b\nA,1,2\nB,0,0\nC,3,1\n"


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        (ZEROS, [], "row 'B' is 0 throughout, so that brainerd-robinson is not defined"),
        ("site,a,b,c\nA,1,0,2\nB,2,0,1\n", [], "column 'b' is 0 throughout"),
        (ZEROS, ["--distance", "correlation"], "row 'B' has one value throughout"),
        ("s,a,b\nA,1,-2\nB,2,1\n", ["--distance", "chi-squared"], "row 'A' has -2, but chi-squared is for counts"),
        ("s,a,b\nA,1,2\n", [], "has 1 row; an order needs at least 2"),
        ("s,a,b\nA,1,\nB,2,1\nC,1,1\n", [], "row 'A' has no value in column 'b'"),
        ("s,a,b\nA,1.5,2\nB,2,1\nC,7,9\n", ["--objective", "challenge"], "--objective other than challenge"),
        (ZEROS, ["--distance", "euclidean", "--solver", "quantum"], "columns: there is no solver 'quantum'"),
        (ZEROS, ["--columns", "z"], "has no column 'z'"),
        (ZEROS, ["--kind", "similarity"], "--kind goes with --matrix"),
        (ZEROS, ["--symmetrize", "mean"], "--symmetrize goes with --matrix"),
    ],
)
def test_what_cannot_be_ordered_is_refused_in_a_sentence(
    text: str, options: list[str], said: str, tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert run(recipe.RECIPE, ["--table", str(path), *options]) == 2
    out, err = capsys.readouterr()
    complaints = [line for line in err.splitlines() if not line.startswith("note:")]
    assert len(complaints) == 1
    assert said in complaints[0]
    assert not out


@pytest.mark.parametrize("option", [["--distance", "cosine"], ["--standardize"], ["--missing", "drop"]])
def test_options_of_a_table_go_with_a_table(option: list[str], capsys: Any) -> None:
    assert run(recipe.RECIPE, option) == 2
    assert f"{option[0]} goes with --table" in capsys.readouterr().err


def test_a_constant_column_is_said_to_tell_nothing(tmp_path: Path, capsys: Any) -> None:
    values = np.random.default_rng(0).random((5, 3))
    values[:, 1] = 7.5
    code, _, err = answer_of(recipe.RECIPE, capsys, "--table", written(tmp_path, values))
    assert code == 0
    assert "Column 'type 1' has one value throughout and tells nothing" in err


def test_a_matrix_given_as_a_table_is_ordered_and_the_other_way_is_named(tmp_path: Path, capsys: Any) -> None:
    x = np.array([0.5, 3.0, 1.5, 7.25])
    file = written(tmp_path, np.abs(x[:, None] - x), "abcd", "abcd")
    code, _, err = answer_of(recipe.RECIPE, capsys, "--table", file)
    assert code == 0
    assert "--matrix orders it" in err


@pytest.mark.parametrize(
    ("text", "hinted"),
    [
        ("0,13,9\n2,87,48\n", True),
        ("site,bowls,jars\nA,1,2\nB,0,4\nC,5,5\n", True),
        ("site,bowls,jars,by\nA,1,,p\nB,0,4,q\nC,5,5,q\nD,2,3,q\n", True),
        ("0,1\n2,0\n", False),  # square
        ("0,1\nx,0\n", False),
        ("n,x\nA,1\nB,2\nC,3\n", False),
    ],
)
def test_a_table_given_as_a_matrix_is_refused_with_the_remedy(
    text: str, hinted: bool, tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert run(recipe.RECIPE, ["--matrix", str(path)]) == 2
    err = capsys.readouterr().err
    assert ("Then say --table" in err) == hinted
    assert not hinted or run(recipe.RECIPE, ["--table", str(path), "--missing", "drop", "--quiet"]) == 0


@needs_shared
def test_the_counts_of_kolomoki_as_a_matrix_are_sent_to_the_option_that_works(capsys: Any) -> None:
    assert run(recipe.RECIPE, ["--matrix", str(COUNTS)]) == 2
    assert "a table of 20 objects by 9 numbers? Then say --table" in capsys.readouterr().err


def test_a_part_that_is_not_proven_fails_where_a_proof_is_required(tmp_path: Path, capsys: Any) -> None:
    file = written(tmp_path, np.random.default_rng(0).random((24, 4)))
    arguments = ("--table", file, "--require-proof", "--time-limit", "2")
    code, answer, _ = answer_of(recipe.RECIPE, capsys, *arguments)
    assert answer["parts"]["columns"]["status"] == "optimal"
    assert (code == 0) == (answer["parts"]["rows"]["status"] == "optimal") == (answer["status"] == "optimal")


def test_an_interrupt_keeps_both_orders_and_leaves_what_was_not_begun_as_given(tmp_path: Path, capsys: Any) -> None:
    file = written(tmp_path, np.random.default_rng(0).random((40, 20)))

    def stop(*_: object) -> Any:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("solvers.orders.search.improve", stop)
        code, answer, _ = answer_of(recipe.RECIPE, capsys, "--table", file)
    assert code == 130
    assert sorted(answer["answer"]["columns"]) == sorted(f"type {k}" for k in range(20))
    assert answer["answer"]["rows"] == [f"site {i}" for i in range(40)]
    assert answer["parts"]["rows"]["solver"] == "as given"
    assert answer["status"] == "feasible"


def test_the_same_run_prints_the_same_but_for_its_seconds(tmp_path: Path, capsys: Any) -> None:
    def timeless(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: timeless(entry) for key, entry in value.items() if not key.endswith("_seconds")}
        return value

    file = written(tmp_path, np.random.default_rng(2).random((18, 4)))
    first, second = (answer_of(recipe.RECIPE, capsys, "--table", file)[1] for _ in range(2))
    assert json.dumps(timeless(first)) == json.dumps(timeless(second))


def test_the_text_says_both_orders(tmp_path: Path, capsys: Any) -> None:
    assert run(recipe.RECIPE, ["--table", written(tmp_path, battleship(6, 5)[0])]) == 0
    out = capsys.readouterr().out
    assert "Order of the rows and columns of table.csv (6 rows, 5 columns)" in out
    assert "rows: optimal, value" in out
    assert "columns: optimal, value" in out
    assert out.count("     1  ") == 2


@needs_shared
@pytest.mark.parametrize(
    ("file", "options", "shape"),
    [
        (COUNTS, [], (20, 9)),
        (COUNTS, ["--distance", "chi-squared", "--objective", "2sum"], (20, 9)),
        (TABLES / "usarrests.csv", [], (50, 4)),
        (TABLES / "iris.csv", ["--columns", "Sepal.Length,Petal.Length"], (150, 2)),
        (TABLES / "airquality.csv", ["--missing", "drop"], (111, 6)),
        (TABLES / "swiss.csv", ["--distance", "correlation"], (47, 6)),
    ],
)
def test_tables_that_people_have_are_ordered(
    file: Path, options: list[str], shape: tuple[int, int], capsys: Any
) -> None:
    code, answer, _ = answer_of(recipe.RECIPE, capsys, "--table", str(file), "--time-limit", "2", *options)
    assert code == 0
    assert all(check["ok"] for check in answer["checks"])
    assert tuple(len(set(answer["answer"][name])) for name in ("rows", "columns")) == shape


@needs_shared
def test_the_mounds_of_kolomoki_come_in_an_order_that_is_nearly_proven(capsys: Any) -> None:
    _, answer, _ = answer_of(recipe.RECIPE, capsys, "--table", str(COUNTS))
    assert answer["parts"]["columns"]["status"] == "optimal"
    assert answer["parts"]["rows"]["stats"]["percent_of_range"] < 0.1
