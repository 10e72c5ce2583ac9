"""Tables with names, as R, pandas and spreadsheets write them: what is read, said and refused."""

from __future__ import annotations

import csv
import gzip
import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import SHARED

from problems.io.data_table import DataTable, read_data_table, told_apart
from problems.io.raw_table import MISSING
from problems.terminal.errors import InputError

fixture_once = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
TABLES = SHARED / "data" / "tables"


def reading(folder: Path, text: str | bytes, name: str = "table.csv", **asked: str) -> DataTable:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_data_table(path, **asked)  # type: ignore[arg-type]


def refusal(folder: Path, text: str | bytes, name: str = "table.csv", **asked: str) -> str:
    with pytest.raises(InputError) as caught:
        reading(folder, text, name, **asked)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 600
    assert name in message
    return message


WANTED = (["Bern", "Chur"], ["rain", "wind"], [[1.5, 2.0], [0.0, -3e-7]])


@pytest.mark.parametrize(
    "text",
    [
        "city,rain,wind\nBern,1.5,2\nChur,0,-3e-7\n",
        '"","rain","wind"\n"Bern",1.5,2\n"Chur",0,-3e-7\n',  # R's write.csv
        '"rain" "wind"\n"Bern" 1.5 2\n"Chur" 0 -3e-7\n',  # R's write.table
        "rain\twind\nBern\t1.5\t2\nChur\t0\t-3e-7\n",
        "city;rain;wind\r\nBern;1,5;2\r\nChur;0;-3e-7\r\n",
        "city\train\twind\nBern\t1,5\t2\nChur\t0\t-3e-7",
        "city   rain wind\nBern   1.5  2\nChur   0    -3e-7\n",
        "\ufeffcity,rain,wind\n\nBern,1.5,2\nChur,0,-3e-7\n\n,,\n",
        "sep=;\ncity;rain;wind\nBern;1.5;2\nChur;0;-3e-7\n",
        "city,rain,wind,,\nBern,1.5,2,,\nChur,0,-3e-7,,\n",  # a spreadsheet's empty columns
        "rain,wind,city\n1.5,2,Bern\n0,-3e-7,Chur\n",
        "city,rain,wind,by\nBern,1.5,2,Ann\nChur,0,-3e-7,Bob\n",
        "city,rain,snow,wind\nBern,1.5,,2\nChur,0,NA,-3e-7\n",
        "# km\ncity|rain|wind\nBern|1.5|2\nChur|0|-3e-7\n",
    ],
)
def test_a_table_is_read_however_it_is_written(text: str, tmp_path: Path) -> None:
    for data in (text.encode(), text.lstrip("\ufeff").encode("utf-16"), text.lstrip("\ufeff").encode("utf-8-sig")):
        read = reading(tmp_path, data)
        assert (list(read.rows), list(read.columns), read.values.tolist()) == WANTED
    assert reading(tmp_path, gzip.compress(text.encode()), "table.csv.gz").values.tolist() == WANTED[2]


@pytest.mark.parametrize(
    ("text", "rows", "columns", "said"),
    [
        ("1,2\n3,4\n", ["1", "2"], ["1", "2"], "the columns have no names"),
        ("Bern,2\nChur,4\n", ["Bern", "Chur"], ["2"], "the columns have no names"),
        ("x,y\n3,4\n5,6\n", ["1", "2"], ["x", "y"], None),
        ("site,1990,1991,1992\nA,0,5,6\nB,1,1,7\n", ["A", "B"], ["1990", "1991", "1992"], "is taken as the names"),
        ("site,0,1,2\nA,0,5,6\nB,1,1,7\n", ["A", "B"], ["0", "1", "2"], "is taken as the names"),
        (",1990,1990\nA,0,5\nB,1,1\n", ["A", "B"], ["1990 (1)", "1990 (2)"], "Of the columns, 2 share"),
        ("id,x\n1,5\n2,6\n3,9\n", ["1", "2", "3"], ["x"], "column 'id', which counts on"),
        ("x,kind\n5,a\n6,b\n", ["a", "b"], ["x"], "column 'kind', the first that holds text"),
        ("x,kind\n5,a\n6,b\n7,a\n", ["a (1)", "b", "a (3)"], ["x"], "Of the rows, 2 share their name"),
        ("n,x,note\nA,5,\nB,6,\n", ["A", "B"], ["x"], "are left out: 'note'"),
        ("n,x\n,5\nB,6\n", ["1", "B"], ["x"], None),
        ("n,,y\nA,5,6\nB,6,7\n", ["A", "B"], ["2", "y"], None),
        ("year,x\n1990,5\n1991,6\n1992,9\n", ["1990", "1991", "1992"], ["x"], "column 'year', which counts on"),
        (",7,3,5\nA,0,5,6\nB,1,1,7\n", ["A", "B"], ["7", "3", "5"], "is taken as the names"),
        (",3,5\n1,0,5\n2,1,1\n3,3,3\n", ["1", "2", "3"], ["3", "5"], "is taken as the names"),
        ("grave,sword\nA,TRUE\nB,false\n", ["A", "B"], ["sword"], None),
        ("# x,y\n3,4\n5,6\n", ["1", "2"], ["x", "y"], None),
        ("# Ann's\nx,y\n3,4\n# no\n5,6\n", ["1", "2"], ["x", "y"], "left out as comments: 2"),
        ("#Sample\tg1\tg2\nS1\t3\t4\nS2\t5\t6\n", ["S1", "S2"], ["g1", "g2"], None),
        ('n,x\n"A, or\nB",5\nC,6\n', ["A, or\nB", "C"], ["x"], None),
    ],
)
def test_names_are_told_from_numbers(
    text: str, rows: list[str], columns: list[str], said: str | None, tmp_path: Path
) -> None:
    read = reading(tmp_path, text)
    assert (list(read.rows), list(read.columns)) == (rows, columns)
    assert read.values.shape == (len(rows), len(columns))
    assert (read.notes == ()) == (said is None)
    assert said is None or said in " ".join(read.notes)


@pytest.mark.parametrize(
    ("asked", "columns"),
    [("y", ["y"]), ("z,x", ["z", "x"]), ("2, 4", ["x", "z"]), ("Y", ["y"]), ("x,x", ["x"]), ('"a, b"', ["a, b"])],
)
def test_columns_are_asked_for_by_name_or_number(asked: str, columns: list[str], tmp_path: Path) -> None:
    text = 'n,x,y,z,"a, b",t\nA,1,2,3,4,p\nB,5,6,7,8,q\n'
    read = reading(tmp_path, text, columns=asked)
    assert list(read.columns) == columns
    assert list(read.rows) == ["A", "B"]
    every = reading(tmp_path, text)
    assert np.array_equal(read.values, every.values[:, [list(every.columns).index(name) for name in columns]])


def test_a_column_of_row_numbers_is_read_where_it_is_asked_for(tmp_path: Path) -> None:
    assert reading(tmp_path, "id,x\n1,5\n2,6\n3,9\n", columns="id,x").values.tolist() == [[1, 5], [2, 6], [3, 9]]


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        ("n,x\nA,1\nB,2\n", {"columns": "y"}, "has no column 'y'; its columns are 'n', 'x'"),
        ("n,x\nA,1\nB,2\n", {"columns": "n"}, "line 2, column 'n' is 'A'; write a number"),
        ("n,x\nA,1\nB,2\n", {"columns": ","}, "names no column"),
        ("n,x,x\nA,1,3\nB,2,4\n", {"columns": "x"}, "several columns named 'x'; say by their numbers, 2 and 3"),
        ("1,2\n3,4\n", {"columns": "3"}, "has no column '3'; it has 2 columns"),
        ("n,x\nA,1\nB,2\nC,3\nD,few\n", {}, "line 5, column 'x' is 'few'; write a number"),
        ('n,x\nA,1\nB,"1,234,567"\n', {}, "line 3, column 'x' is '1,234,567'; write a number"),
        ('n,x\nA,"12,345"\nB,"2,000"\n', {}, "line 2, column 'x' is '12,345'; write a number"),
        ("n;x\nA;1.234,5\nB;2,5\n", {}, "line 2, column 'x' is '1.234,5'; write a number"),
        (",1,2\n3,4,5\n8,7,6\n", {}, "line 1, row '1' has no value in column '1'"),
        ("n,x\nA,1\nB,inf\n", {}, "line 3, column 'x' is 'inf'"),
        ("n,x\nA,1\nB,1e200\n", {}, "line 3, column 'x' is '1e200'; write a number within 1e+100"),
        ("n,x\nA,1\nB,9" + "9" * 400 + "\n", {}, "line 3, column 'x' is '99"),
        ("n,x,y\nA,1,2\nB,1\n", {}, "line 3 has 2 cells where line 1 has 3"),
        ("n,x\nA,1\nB,2,3\n", {}, "line 2 has 2 cells where line 1 has 3"),
        ("n,k\nA,p\nB,q\n", {}, "has no column of numbers"),
        ("n,x\n", {}, "has no rows below its first line"),
        (",,\n,,\n", {}, "holds no cells"),
        ('n,x\n"A,1\nB,2\n', {}, "quote that does not close"),
        ("", {}, "is empty"),
        ("n,x\nA,1\nB,\0\n", {}, "NUL"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    text: str, asked: dict[str, str], said: str, tmp_path: Path
) -> None:
    assert said in refusal(tmp_path, text, **asked)


@pytest.mark.parametrize("sign", [*sorted(MISSING - {""}), "NA", "NaN", ""])
def test_missing_values_are_named_and_the_remedies_work(sign: str, tmp_path: Path) -> None:
    text = f"n,x,y\nA,1,2\nB,{sign},4\nC,{sign},6\nD,7,8\n"
    message = refusal(tmp_path, text)
    assert "line 3, row 'B' has no value in column 'x', and 1 more are missing" in message
    assert "--missing drop, which keeps 2 of 4, or choose --columns without 'x'" in message
    dropped = reading(tmp_path, text, missing="drop")
    assert (list(dropped.rows), dropped.values.tolist()) == (["A", "D"], [[1, 2], [7, 8]])
    assert "left out: 2 of 4, such as 'B', 'C'" in dropped.notes[-1]
    assert reading(tmp_path, text, columns="y").values.tolist() == [[2], [4], [6], [8]]


def test_where_dropping_leaves_nothing_it_is_not_the_remedy(tmp_path: Path) -> None:
    text = "n,x,y\nA,,2\nB,4,\nC,,1\n"
    assert "--missing drop" not in refusal(tmp_path, text)
    assert "choose --columns without 'x'" in refusal(tmp_path, text, missing="drop")


def test_per_cent_and_truth_are_numbers(tmp_path: Path) -> None:
    assert reading(tmp_path, "n;x\nA;12,5%\nB;50 %\n").values.tolist() == [[0.125], [0.5]]
    assert reading(tmp_path, "n,x\nA,TRUE\nB,False\n").values.tolist() == [[1], [0]]


def array(values: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(values))
    return file.getvalue()


def test_arrays_are_tables_without_names(tmp_path: Path) -> None:
    read = reading(tmp_path, array([[1, 2.5], [3, 4]]), "t.npy")
    assert (list(read.rows), list(read.columns), read.values.tolist()) == (["1", "2"], ["1", "2"], [[1, 2.5], [3, 4]])
    assert reading(tmp_path, array([[1, np.nan], [3, 4]]), "t.npy", missing="drop").values.tolist() == [[3, 4]]
    assert "row 1, row '1' has no value in column '2'" in refusal(tmp_path, array([[1, np.nan], [3, 4]]), "t.npy")
    assert "row 2, column '1' is too large; write a number" in refusal(tmp_path, array([[1, 2], [np.inf, 4]]), "t.npy")
    assert reading(tmp_path, array([1, 2]), "t.npy").values.tolist() == [[1], [2]]


def test_without_a_header_numbers_that_count_on_are_data(tmp_path: Path) -> None:
    points = [[1, 5], [2, 7], [3, 4]]
    for read in (reading(tmp_path, "1,5\n2,7\n3,4\n"), reading(tmp_path, array(points), "t.npy")):
        assert read.values.tolist() == points
    assert reading(tmp_path, "n,x\n1,5\n2,7\n3,4\n").values.tolist() == [[5], [7], [4]]


@pytest.mark.parametrize(("name", "said"), [("t.xlsx", "save it as CSV"), ("t.doc", "which says no format")])
def test_other_files_are_not_tables(name: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, "x,y\n1,2\n", name)


def test_an_encoding_that_is_guessed_is_said(tmp_path: Path) -> None:
    read = reading(tmp_path, "city,x\nZürich,1\nGenève,2\n".encode("latin-1"))
    assert list(read.rows) == ["Zürich", "Genève"]
    assert "a guess" in read.notes[0]


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=2).filter(
    lambda name: name[0].isalpha() and name.lower() not in MISSING and name.lower() not in ("inf", "infinity")
)
numbers = st.floats(-1e100, 1e100) | st.integers(-9, 9).map(float)


@fixture_once
@given(st.data(), st.sampled_from([",", ";", "\t"]))
def test_what_is_written_is_read(tmp_path: Path, data: st.DataObject, separator: str) -> None:
    n, m = data.draw(st.integers(2, 6)), data.draw(st.integers(1, 4))
    rows = data.draw(st.lists(names, min_size=n, max_size=n, unique=True))
    columns = data.draw(st.lists(names, min_size=m, max_size=m, unique=True))
    values = data.draw(st.lists(st.lists(numbers, min_size=m, max_size=m), min_size=n, max_size=n))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["", *columns])
    writer.writerows([name, *row] for name, row in zip(rows, values, strict=True))
    read = reading(tmp_path, text.getvalue())
    assert (list(read.rows), list(read.columns), read.values.tolist()) == (rows, columns, values)
    assert read.notes == ()


@fixture_once
@given(st.binary(max_size=200) | st.text("a1.,;\t \n\"'#-NA?e", max_size=80).map(str.encode))
def test_damaged_files_raise_nothing_but_an_input_error(tmp_path: Path, data: bytes) -> None:
    for name in ("t.csv", "t.npy"):
        for asked in ({}, {"missing": "drop"}, {"columns": "1"}):
            read: DataTable | None = None
            with suppress(InputError):
                read = reading(tmp_path, data, name, **asked)
            if read is None:
                continue
            assert read.values.shape == (len(read.rows), len(read.columns))
            assert np.isfinite(read.values).all()
            assert len(set(read.rows)) == len(read.rows)
            assert len(set(read.columns)) == len(read.columns)


@given(st.lists(st.sampled_from(["a", "b", "a (1)", "a (2)", "a (1) (1)"]), max_size=8))
def test_names_become_distinct_and_keep_what_they_were(given_names: list[str]) -> None:
    found, said = told_apart(given_names, "rows", "row")
    assert len(set(found)) == len(found)
    assert all(name.startswith(before) for name, before in zip(found, given_names, strict=True))
    assert bool(said) == (len(set(given_names)) < len(given_names))


@pytest.mark.skipif(not TABLES.exists(), reason="needs ../shared")
@pytest.mark.parametrize(
    ("name", "shape", "first"),
    [
        ("usarrests", (50, 4), "Alabama"),
        ("iris", (150, 4), "1"),
        ("swiss", (47, 6), "Courtelary"),
        ("faithful", (272, 2), "1"),
        ("longley", (16, 7), "1947"),
    ],
)
def test_tables_of_r_are_read(name: str, shape: tuple[int, int], first: str) -> None:
    read = read_data_table(TABLES / f"{name}.csv")
    assert read.values.shape == shape
    assert read.rows[0] == first
