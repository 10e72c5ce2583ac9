"""Files of counts: what is read, what is refused and how it is said, and that nothing else happens."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from written import Write, refusal

from problems.io import content
from problems.io import counts as module
from problems.io.counts import CountsFile, read_counts
from problems.terminal.errors import InputError

fixture_once = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])

THREE = np.array([[1, 0.5], [-2, 3e-7], [0.25, 1e10]])


BAD_CELLS = {
    "empty": ("", "empty"),
    "blank": (" \n\r\n\t", "empty"),
    "only a mark": ("\ufeff", "no numbers"),
    "header only": ("x,y\n", "no numbers below its first line"),
    "prose": ("this is\nnot a table at all\n", "line 2 has 5 fields where the lines before have 2"),
    "short row": ("x,y\n1,2\n\n3\n4,5\n", "line 4 has 1 field where the lines before have 2"),
    "long row": ("1,2\n3,4,5\n6,7\n", "line 2 has 3 fields"),
    "header too long": ("x,y,z\n1,2\n", "line 2 has 2 fields where the lines before have 3"),
    "text": ("x,y\n1,2\n3,red\n", "line 3, column 2 is 'red'"),
    "text in the first line": ("1,red\n2,3\n", "line 1, column 2 is 'red'"),
    "two headers": ("x,y\nm,m\n1,2\n", "line 2, column 1 is 'm'"),
    "trailing commas": ("1,2,\n3,4,\n", "line 1, column 3 is ''; write a number there, and no separator at the end"),
    "trailing commas below a header": ("x,y\n1,2,\n3,4,\n", "line 2 has 3 fields"),
    "pandas' index": (",x,y\n0,1,2\n1,3,4\n", "line 1 leaves column 1 without a name"),
    "missing": ("1,2\n,3\n", "line 2, column 1 is ''"),
    "only commas": ("1,2\n,\n3,4\n", "line 2, column 1 is ''"),
    "decimal comma": ("0,5;1,5\n2,5;3\n", "decimal point"),
    "thousands": ('1,"2,000"\n3,4\n', "nothing between thousands"),
    "nan": ("1,2\n3,nan\n", "line 2, column 2 is 'nan'; write a number"),
    "infinite": ("1,2\n3,-inf\n", "line 2, column 2 is '-inf'"),
    "overflow": ("1,2\n3,1e999\n", "line 2, column 2 is '1e999'"),
    "far too large": ("1,2\n3,-1e101\n", "from -1e+100 to 1e+100"),
    "endless integer": ("1\n" + "9" * 5000 + "\n", "..."),
    "long integer": ("1\n" + "9" * 400 + "\n", "line 2, column 1"),
    "underscore": ("1,2\n3,1_0\n", "'1_0'"),
    "other digits": ("1,2\n3,\u0661\n", "line 2, column 2"),
    "mixed separators": ("1,2\n3;4\n5,6\n", "line 2 has 1 field"),
    "escape": ("1,2\n3,\x1b[2J\n", "\\x1b[2J"),
    "bidi": ("1,2\n3,\u202e4\n", "\\u202e"),
    "open quote": ('1,2\n"3,4\n5,6\n', "line 2 cannot be split into fields"),
    "odd quote": ('1,2\n"3"x,4\n', "line 2 cannot be split into fields"),
    "quote over lines": ('1,2\n"3\n",4\n', "line 2 cannot be split into fields"),
    "endless field": ("1,2\n3," + "4" * 200_000 + "\n", "line 2 cannot be split"),
    "NUL": ("1,2\n3,\0\n", "NUL"),
    "UTF-16": ("1,2\n3,4\n".encode("utf-16"), "UTF-16"),
    "Latin-1": ("h\xf6he,y\n1,2\n3,4\n".encode("latin-1"), "line 1 holds the byte 0xf6"),
}


@pytest.mark.parametrize(("content", "words"), BAD_CELLS.values(), ids=BAD_CELLS)
def test_what_holds_no_numbers_is_refused_in_a_sentence(write: Write, content: str | bytes, words: str) -> None:
    assert words in refusal(read_counts, write("p.csv", content))


def test_what_is_no_such_file_is_refused(write: Write, tmp_path: Path) -> None:
    read = read_counts
    assert "directory" in refusal(read, tmp_path)
    assert "cannot be opened" in refusal(read, tmp_path / "none.csv")
    assert "suffix '.xlsx'" in refusal(read, write("p.xlsx", "1\n2\n"))
    assert "suffix ''" in refusal(read, write("p", "1\n2\n"))
    assert "damaged" in refusal(read, write("p.csv.gz", gzip.compress(b"1\n2\n" * 99, mtime=0)[:-9]))
    assert "add .gz" in refusal(read, write("p.csv", gzip.compress(b"1\n2\n", mtime=0)))
    os.mkfifo(tmp_path / "fifo.csv")
    assert "not a regular file" in refusal(read, tmp_path / "fifo.csv")


def test_bombs_and_large_files_are_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "RATIO_FROM", 1 << 20)
    bomb = write("p.csv.gz", gzip.compress(b"1,2\n" * (1 << 19)))
    assert "200 times its size" in refusal(read_counts, bomb)
    monkeypatch.setattr(module, "MAX_NUMBERS", 6)
    assert len(read_counts(write("p.csv", "1,2\n2,3\n3,4\n")).value) == 3
    assert "more than 6 numbers up to line 4" in refusal(read_counts, write("p.csv", "1,2\n2,3\n3,4\n1,2\n"))
    monkeypatch.setattr(module, "MAX_LINE", 20)
    assert "line 2 has 31 characters" in refusal(read_counts, write("p.csv", "1,2\n" + "3, 4" + " " * 26 + "\n"))


@fixture_once
@given(
    st.one_of(st.text("0159.,;\t \n\r\"'eE+-#xnaif_\x1b\u0661", max_size=60).map(str.encode), st.binary(max_size=60))
)
def test_whatever_is_in_a_file_it_is_read_or_refused_in_one_line(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(held)
    try:
        found = read_counts(path)
    except InputError:
        refusal(read_counts, path)
        return
    assert (found.value >= 1).all()
    assert (found.count >= 1).all()


def pairs(read: CountsFile) -> dict[int, int]:
    assert read.value.dtype == read.count.dtype == np.int64
    return dict(zip(read.value.tolist(), read.count.tolist(), strict=True))


@pytest.mark.parametrize(
    "content",
    [
        "3\n1\n1\n1000\n1\n",
        "x\n3\n1\n1\n\n1000\n1",
        "\ufefftrials\r\n3\r\n1.0\r\n1\r\n1e3\r\n+1\r\n",
        '"value","frequency"\n3,1\n1,3\n1000,1\n',
        "x,n\n1,2\n3,1\n2,0\n1000,1\n1,1\n",
        "Count ; Value\n1;3\n3;1\n1;1e3\n",
        "n count\n3 1\n1 3\n1000 1\n",
        "1,3\n3,1\n1000,1.0\n",
    ],
)
def test_counts_are_read_however_they_are_written(write: Write, content: str) -> None:
    read = read_counts(write("c.csv", content))
    assert pairs(read) == {1: 3, 3: 1, 1000: 1}
    assert pairs(read_counts(write("c.csv.gz", gzip.compress(content.encode(), mtime=0)))) == pairs(read)
    assert read.value.tolist() == [1, 3, 1000]


def test_how_counts_were_understood_is_told(write: Write) -> None:
    assert read_counts(write("c.csv", "1\n2\n2\n")).notes == ()
    assert "no names" in read_counts(write("c.csv", "1,2\n2,2\n")).notes[0]
    named, added = read_counts(write("c.csv", "value,count\n1,2\n1,2\n")).notes
    assert "'value, count'" in named
    assert "added" in added


BAD_COUNTS = {
    "empty": ("", "empty"),
    "header only": ("value,count\n", "no numbers"),
    "zero": ("x\n3\n0\n", "line 3 has value 0, but x counts trials up to and including the first success"),
    "zero in a histogram": ("value,count\n0,7\n1,2\n", "add 1 to every value"),
    "negative": ("3\n-2\n", "line 2 has value -2"),
    "fraction": ("3\n1.5\n", "line 2 has value 1.5, which is not a whole number"),
    "fraction of a count": ("1,2\n2,0.5\n", "line 2 has count 0.5, which is not a whole number"),
    "negative count": ("1,2\n2,-1\n", "line 2 has count -1; a count is 0 or more"),
    "nothing observed": ("1,0\n2,0\n", "all 0"),
    "huge": ("1\n9007199254740992\n", "line 2 has value 9.00719925474e+15, which is not below 2^53"),
    "endless": ("1\n" + "9" * 400 + "\n", "line 2, column 1 is '999"),
    "huge sum": ("1,1\n9007199254740991,1\n", "sum to 9.01e+15"),
    "huge product": ("4000000000000,4000000000000\n", "sum to 1.6e+25"),
    "three columns": ("1,2,3\n", "has 3 columns"),
    "unknown names": ("a,b\n1,2\n", "neither names counts"),
    "text": ("3\nmany\n", "line 2, column 1 is 'many'"),
    "ragged": ("1\n2,3\n", "line 2 has 2 fields"),
    "nan": ("1\nnan\n", "'nan'"),
    "escape": ("1\n\x1b]0;x\x07\n", "line"),
}


@pytest.mark.parametrize(("content", "words"), BAD_COUNTS.values(), ids=BAD_COUNTS)
def test_counts_that_cannot_be_used_are_refused_in_a_sentence(write: Write, content: str, words: str) -> None:
    assert words in refusal(read_counts, write("c.csv", content))


def test_sums_are_exact(write: Write) -> None:
    read = read_counts(write("c.csv", "value,count\n9007199254740989,1\n1,1\n1,0\n"))
    assert pairs(read) == {1: 1, 9007199254740989: 1}
    draws = np.random.default_rng(0).geometric(0.2, 10_000)
    read = read_counts(write("c.csv", "\n".join(map(str, draws))))
    assert read.count.sum() == 10_000
    assert read.value @ read.count == draws.sum()
