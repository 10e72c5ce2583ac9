"""Files of similarities: what is read, what is refused and how it is said, and that nothing else ever happens."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import SHARED
from written import Write, refusal

from problems.io.matrix import MatrixFile, holds_matrix, read_matrix
from problems.io.pairs import read_pairs
from problems.terminal.errors import InputError

DATA = SHARED / "data" / "seriation"
needs_shared = pytest.mark.skipif(not DATA.is_dir(), reason="the test data in ../shared is not here")
fixture_once = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])

NEAR = np.array([[1, 0.5, 0.25], [0.5, 1, 0], [0.25, 0, 1]])


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def csv(matrix: Any) -> str:
    return "\n".join(",".join(map(repr, row)) for row in np.asarray(matrix).tolist()) + "\n"


# Matrices


@pytest.mark.parametrize("kind", [None, "similarity"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.csv", csv(NEAR)),
        ("m.CSV", "\ufeff" + csv(NEAR).replace("\n", "\r\n")),
        ("m.csv", " 1, .5,+0.25 \r5e-1 ,1,0\r0.25,0,1"),
        ("m.csv.gz", gzip.compress(csv(NEAR).encode(), mtime=0)),
        ("m.npy", npy(NEAR)),
        ("m.npy", npy(np.asfortranarray(NEAR))),
        ("m.npy", npy(NEAR.astype(">f4"))),
        ("m.npy", npy(NEAR.astype(np.float16))),
        ("m.npy", npy(NEAR.astype(np.longdouble))),
        ("m.npy.bz2", bz2.compress(npy(NEAR))),
    ],
)
def test_matrices_are_read_however_they_are_written(write: Write, name: str, content: str | bytes, kind: Any) -> None:
    read = read_matrix(write(name, content), kind)
    assert (read.kind, read.notes) == ("similarity", ())
    assert np.array_equal(read.matrix, NEAR)
    assert read.matrix.dtype == np.float64
    assert read.matrix.flags.c_contiguous
    assert read.matrix.flags.writeable


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
def test_whole_numbers_and_truth_values_are_numbers(write: Write, dtype: Any) -> None:
    adjacent = np.array([[0, 1], [1, 0]])
    read = read_matrix(write("m.npy", npy(adjacent.astype(dtype))))
    assert read.kind == "dissimilarity"
    assert np.array_equal(read.matrix, adjacent)


@pytest.mark.parametrize(("value", "kind"), [("1", "similarity"), ("0", "dissimilarity")])
def test_one_item_is_a_matrix_too(write: Write, value: str, kind: str) -> None:
    read = read_matrix(write("m.csv", value))
    assert (read.kind, read.matrix.tolist()) == (kind, [[float(value)]])


def test_rounding_is_mended_and_told(write: Write) -> None:
    off = NEAR.copy()
    off[0, 1] += 2e-10
    off[1, 2], off[2, 2] = -1e-17, 1 + 1e-12
    read = read_matrix(write("m.npy", npy(off)))
    assert np.array_equal(read.matrix, read.matrix.T)
    assert np.abs(read.matrix - NEAR).max() < 2e-10
    assert read.matrix.min() == 0
    assert (read.matrix.diagonal() == 1).all()
    assert len(read.notes) == 1
    assert "symmetric only up to 2e-10" in read.notes[0]


def test_a_diagonal_that_the_kind_contradicts_is_replaced_and_told(write: Write) -> None:
    path = write("m.csv", csv(NEAR - np.eye(3)))
    read = read_matrix(path, "similarity")
    assert np.array_equal(read.matrix, NEAR)
    assert "diagonal is not used" in read.notes[0]
    assert read_matrix(path).kind == "dissimilarity"
    other = read_matrix(write("n.csv", csv(NEAR - 0.9 * np.eye(3))), "dissimilarity")
    assert (other.matrix.diagonal() == 0).all()


def promise(shape: str) -> bytes:
    """A NumPy file's header for that shape, without any data."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape}), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00\x76\x00" + header.encode()


BAD_MATRICES: dict[str, tuple[str, str | bytes, Any, str]] = {
    "empty": ("m.csv", "\n\n", None, "empty"),
    "empty array": ("m.npy", npy(np.zeros((0, 0))), None, "shape 0 x 0"),
    "suffix": ("m.xls", csv(NEAR), None, "name it .csv, .tsv, .txt, .dat, .dist, .phy, .phylip or .npy"),
    "no suffix": ("m", csv(NEAR), None, "''"),
    "header": ("m.csv", "a,b\n0,1\n", None, "shape 1 x 2; give a square matrix"),
    "not square": ("m.csv", "0,.1,.2\n.1,0,.2\n", None, "shape 2 x 3; give a square matrix"),
    "ragged": ("m.csv", "0,1,2,3\n1,0,2,3\n2,1,0\n3,1,2,0\n", None, "line 3 has 3 cells where most have 4"),
    "two in a cell": ("m.csv", "0,1 2,3\n1,0,3\n1,2,0\n", None, "line 1, cell 2 is '1 2'"),
    "comments": ("m.csv", "# 0,1\n# 1,0\n", None, "nothing but comments"),
    "infinite": ("m.csv", "0,1\n-inf,0\n", None, "'-inf'"),
    "too large": ("m.csv", "0,1\n1e999,0\n", None, "'1e999'"),
    "word": ("m.csv", "0,1,2\n1,0,x\n2,1,0\n", None, "line 2, cell 3 is 'x'"),
    "escape": ("m.csv", "0,1\n\x1b[2J,0\n", None, "\\x1b[2J"),
    "endless integer": ("m.csv", "0,1\n" + "9" * 400 + ",0\n", None, "line 2, cell 1 is '999"),
    "odd NaN": ("m.csv", "0,nan(7),1\n1,0,1\n1,1,0\n", None, "cell 2 is 'nan(7)'"),
    "NaN": ("m.npy", npy(np.where(np.eye(3, k=1), np.nan, NEAR)), None, "no value in row 1, column 2 (and 1 more)"),
    "long double": (
        "m.npy",
        npy(np.array([[0, np.longdouble("1e999")]] * 2)),
        None,
        "row 1, column 2 is inf; give every pair a finite",
    ),
    "asymmetric": ("m.csv", "0,1,2\n1,0,3\n2,4,0\n", None, "row 2, column 3 is 3 but row 3, column 2 is 4"),
    "slightly asymmetric": ("m.csv", "0,1\n1.00000001,0\n", None, "say --symmetrize mean, max or min"),
    "diagonal": ("m.csv", "0,1\n1,1\n", None, "from 0 to 1, where"),
    "diagonal half": ("m.csv", "0.5,1\n1,0.5\n", None, "--kind similarity or --kind dissimilarity"),
    "above 1": ("m.csv", "1,1.5\n1.5,1\n", None, "1 on its diagonal, but row 1, column 2 is 1.5"),
    "below 0": ("m.csv", "1,-0.5\n-0.5,1\n", None, "-0.5"),
    "negative distance": ("m.csv", "0,1,1\n1,0,-2\n1,-2,0\n", None, "row 2, column 3 is -2 but a dissimilarity"),
    "kind contradicted": ("m.csv", "0,3\n3,0\n", "similarity", "--kind dissimilarity"),
    "overflowing": ("m.csv", "0,1e200\n1e200,0\n", None, "0 to 1e+100"),
    "vector": ("m.npy", npy(np.zeros(9)), None, "shape 9;"),
    "cube": ("m.npy", npy(np.zeros((2, 2, 2))), None, "shape 2 x 2 x 2"),
    "number": ("m.npy", npy(np.float64(3)), None, "0-dimensional"),
    "complex": ("m.npy", npy(np.eye(2) * 1j), None, "complex128"),
    "text": ("m.npy", npy(np.array([["0", "1"], ["1", "0"]])), None, "<U1"),
    "dates": ("m.npy", npy(np.zeros((2, 2), "m8[s]")), None, "timedelta"),
    "records": ("m.npy", npy(np.zeros((2, 2), [("a", "f8")])), None, "holds [('a', '<f8')]"),
    "objects": ("m.npy", npy(np.array([[0, 1], [1, 0]], dtype=object), allow_pickle=True), None, "Python objects"),
    "pickle": ("m.npy", pickle.dumps(NEAR), None, "numpy.save"),
    "archive": ("m.npz", b"PK\x03\x04", None, "name it"),
    "csv as npy": ("m.npy", csv(NEAR), None, "does not hold a plain NumPy array"),
    "npy as csv": ("m.csv", npy(NEAR), None, "not text"),
    "promises": ("m.npy", promise("9000, 9000"), None, "promises 9,000 x 9,000 numbers but holds 0 bytes"),
    "huge promises": ("m.npy", promise("999999999, 999999999"), None, "at most 10,000 items"),
    "endless promises": ("m.npy", promise("0x" + "f" * 50), None, "does not hold a plain NumPy array"),
    "truth in the shape": ("m.npy", promise("True, True"), None, "promises 1 x 1 numbers but holds 0 bytes"),
    "negative shape": ("m.npy", promise("-3, -3"), None, "-3 x -3"),
    "cut short": ("m.npy", npy(NEAR)[:-1], None, "promises 3 x 3"),
    "cut in the header": ("m.npy", npy(NEAR)[:40], None, "does not hold"),
    "longer": ("m.npy", npy(NEAR) + b"\0", None, "73 bytes"),
    "long header": (
        "m.npy",
        b"\x93NUMPY\x02\x00" + (20_000).to_bytes(4, "little") + b"[" * 20_000,
        None,
        "does not hold",
    ),
    "no dtype": ("m.npy", promise("2, 2").replace(b"'<f8'", b"()   "), None, "does not hold"),
    "nested header": (
        "m.npy",
        b"\x93NUMPY\x01\x00\x10\x27" + b"-" * 9999 + b"1",
        None,
        "does not hold a plain NumPy array",
    ),
    "later version": ("m.npy", npy(NEAR).replace(b"\x93NUMPY\x01", b"\x93NUMPY\x09"), None, "does not hold"),
    "many lines": ("m.csv", "1\n" * 20_000, None, "more than 10,001 rows"),
    "damaged": ("m.csv.gz", gzip.compress(csv(NEAR).encode(), mtime=0)[:-9], None, "damaged"),
}


@pytest.mark.parametrize(("name", "content", "kind", "words"), BAD_MATRICES.values(), ids=BAD_MATRICES)
def test_matrices_that_cannot_be_used_are_refused_in_a_sentence(
    write: Write, name: str, content: str | bytes, kind: Any, words: str
) -> None:
    assert words in refusal(read_matrix, write(name, content), kind)


@pytest.mark.parametrize("read", [read_pairs, read_matrix])
def test_paths_that_are_no_files_are_refused_at_once(tmp_path: Path, read: Callable[..., Any]) -> None:
    os.mkfifo(tmp_path / "fifo.csv")
    for path in (tmp_path, tmp_path / "missing.csv", tmp_path / "fifo.csv"):
        refusal(read, path)


def test_a_promise_of_much_takes_no_memory(write: Write) -> None:
    paths = [write("a.npy", promise("9999, 9999")), write("b.npy", promise("99999999, 99999999"))]
    code = (
        "import sys, resource\n"
        "from problems.terminal.errors import InputError\n"
        "from problems.io.matrix import read_matrix\n"
        "from problems.io.payoff import read_payoff\n"
        "from problems.io.data_table import read_data_table\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
        "for read in (read_matrix, read_payoff, read_data_table):\n"
        "    for path in sys.argv[1:]:\n"
        "        try: read(path)\n"
        "        except InputError as error: assert 'memory' not in str(error)\n"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code, *map(str, paths)], check=True, env=environment, timeout=60)


# Whatever a file holds

cells = st.sampled_from(
    ["0", "1", "0.5", "-1", "nan", "", " ", "a", '"', '"a,b"', "1e9", "\x1b", "é", "\u2028", "\ufeff"]
)
texts = st.lists(st.lists(cells, max_size=4).map(",".join), max_size=5).map("\n".join)


def read_or_refused(read: Callable[..., Any], path: Path, *arguments: Any) -> Any:
    """What is read, or None for a refusal in a printable line."""
    try:
        return read(path, *arguments)
    except InputError as error:
        message = str(error)
    assert message.isprintable()
    return None


@fixture_once
@given(body=st.binary(max_size=60) | texts.map(str.encode), kind=st.sampled_from([None, "similarity", "dissimilarity"]))
def test_any_file_is_a_matrix_or_refused(write: Write, body: bytes, kind: Any) -> None:
    for name, content in (("m.csv", body), ("m.npy", npy(NEAR)[: len(body)] + body)):
        read: MatrixFile | None = read_or_refused(read_matrix, write(name, content), kind)
        if read is None:
            continue
        assert np.array_equal(read.matrix, read.matrix.T)
        assert (read.matrix.diagonal() == (read.kind == "similarity")).all()
        assert np.isfinite(read.matrix).all()
        assert read.matrix.min() >= 0


@needs_shared
@pytest.mark.parametrize("name", ["plag-25", "plag-400", "rob-200"])
def test_published_matrices_are_read_to_the_last_digit(name: str) -> None:
    path = DATA / f"{name}.csv"
    read = read_matrix(path)
    assert (read.kind, read.notes) == ("dissimilarity", ())
    assert np.array_equal(read.matrix, np.genfromtxt(path, delimiter=","))


@pytest.mark.parametrize(
    ("name", "content", "matrix"),
    [("m.csv", "1, 0.5\n0.5,1\n", True), ("m.npy", npy(NEAR), True), ("p.csv", "user1,user2,similarity\n", False)],
)
def test_a_matrix_is_told_from_a_table_by_its_first_line(
    write: Write, name: str, content: str | bytes, matrix: bool
) -> None:
    assert isinstance(content, str | bytes)
    data = content.encode() if isinstance(content, str) else content
    assert holds_matrix(data, Path(name).suffix) is matrix
