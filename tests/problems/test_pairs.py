"""Files of pairs: what is read whoever wrote it, what is refused and how it is said, and that nothing else happens."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from written import Write

from problems.io.data_table import read_data_table
from problems.io.matrix import read_matrix
from problems.io.pairs import Pairs, read_pairs
from problems.terminal.errors import InputError

fixture_once = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])

HEAD = "user1,user2,similarity\n"
NEAR = np.array([[1, 0.5, 0.25], [0.5, 1, 0], [0.25, 0, 1]])


def refusal(path: Path) -> str:
    return written.refusal(read_pairs, path)


def triples(pairs: Pairs) -> list[tuple[str, str, float]]:
    ends = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist(), strict=True)
    return [(pairs.items[u], pairs.items[v], s) for u, v, s in ends]


@pytest.mark.parametrize(
    "content",
    [
        HEAD + "a,b,0.5\nb,c,0.25\n",
        "\ufeff" + HEAD + "a,b,.5\nb,c,25e-2",
        (HEAD + "a,b,0.5\nb,c,0.25\n").replace("\n", "\r\n"),
        (HEAD + "a,b,0.5\nb,c,0.25\n").replace("\n", "\r"),
        "similarity,note,user2,user1\n0.5,,b,a\n0.25,nan,c,b\n",
        ' user1 , user2, "similarity"\n a , "b", 0.5\n\n\nb, c, +0.25\n\n',
        HEAD + "a,b,0.5\na,b,0.50\nb,a,5e-1\nb,c,0.25\nc,c,1\n",
    ],
    ids=["plain", "mark", "crlf", "cr", "columns", "blanks", "twice"],
)
def test_pairs_are_read_however_they_are_written(write: Write, content: str) -> None:
    pairs = read_pairs(write("p.csv", content))
    assert pairs.items == ["a", "b", "c"]
    assert triples(pairs) == [("a", "b", 0.5), ("b", "c", 0.25)]
    assert pairs.first.dtype == pairs.second.dtype == np.dtype("int64")
    assert pairs.similarity.dtype == np.dtype("float64")


def test_names_are_kept_as_they_are(write: Write) -> None:
    names = ["Lee, Ann", 'the "A" team', "Ünï 東京", "\x1b[31mred", "two\nlines", "1", "01"]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    lines = [f"{u},{v},0.5" for u, v in pairwise(quoted)]
    assert read_pairs(write("p.csv", HEAD + "\n".join(lines))).items == names


def test_what_was_left_out_or_is_missing_is_told_and_counted(write: Write) -> None:
    read = read_pairs(write("p.csv", HEAD + "a,b,0.5\nb,a,0.5\nd,d,1\nb,c,1\na,b,0.5\n"))
    assert read.items == ["a", "b", "d", "c"]
    assert triples(read) == [("a", "b", 0.5), ("b", "c", 1.0)]
    loops, again, missing, ones = read.notes
    assert loops.endswith(": 1.")
    assert again.endswith(": 2.")
    assert "of 6: 4;" in missing
    assert "clips to 1 - 1e-9: 1." in ones
    assert read_pairs(write("full.csv", HEAD + "a,b,0.5\n")).notes == ()


def test_pairs_as_a_matrix(write: Write) -> None:
    full = read_pairs(write("p.csv", HEAD + "a,b,0.5\na,c,0.25\n")).matrix()
    assert np.array_equal(full, NEAR)


BAD_PAIRS = {
    "empty": ("", "empty"),
    "blank": (" \n\r\n", "empty"),
    "no header": ("a,b,0.5\nb,c,0.5\n", "header 'a,b,0.5'"),
    "column twice": ("user1,user2,similarity,user1\na,b,0.5,c\n", "once"),
    "header only": (HEAD, "no pair"),
    "loops only": (HEAD + "a,a,1\n", "no pair"),
    "too few fields": (HEAD + "a,b,0.5\n\na,b\n", "line 4 has 2 fields where the header has 3"),
    "decimal comma": (HEAD + "a,b,0,5\n", "line 2 has 4 fields"),
    "word": (HEAD + "a,b,0.5\na,c,high\n", "line 3 has similarity 'high', which is not a number"),
    "no value": (HEAD + "a,b,\n", "similarity ''"),
    "nan": (HEAD + "a,b,nan\n", "'nan', which is not between"),
    "infinite": (HEAD + "a,b,1e999\n", "'1e999', which is not between"),
    "negative": (HEAD + "a,b,-0.1\n", "'-0.1', which is not between"),
    "beyond per cent": (HEAD + "a,b,187\n", "'187', which is not between"),
    "just above": (HEAD + "a,b,1.0000001\na,c,0.5\n", "line 2 has similarity 1.0000001, which is not between"),
    "mostly from 0 to 1": (HEAD + "a,b,0.5\na,c,0.25\nb,c,87\n", "line 4 has similarity 87"),
    "two columns that may be meant": ("file1,file2,user1,user2,score,percent\na,b,c,d,1,1\n", "once"),
    "underscore": (HEAD + "a,b,0_1\n", "not a number"),
    "other digits": (HEAD + "a,b,\u0661\n", "not a number"),
    "nameless": (HEAD + "a, ,0.5\n", "line 2 has an empty name"),
    "itself": (HEAD + "a,b,0.5\nb,b,0.5\n", "line 3 pairs 'b' with itself at similarity 0.5"),
    "clash": (HEAD + "a,b,0.5\nb,c,1\nb,a,0.25\n", "line 4 gives 'b' and 'a' similarity 0.25 but line 2 gave them 0.5"),
    "clash after a line break": (HEAD + '"a\nb",c,0.5\nc,"a\nb",0.4\n', "line 4 gives"),
    "escape": (HEAD + "\x1b[2J,\x1b[2J,0\n", "\\x1b[2J"),
    "escape as value": (HEAD + "a,b,\x1b[2J\n", "\\x1b[2J"),
    "open quote": (HEAD + 'a,b,0.5\n"a,c,0.5\nb,c,0.5\n', "line 3 begins a row with a quote"),
    "odd quote": (HEAD + '"a"x,c,0.5\n', "line 2 begins a row with a quote"),
    "endless field": (HEAD + "a," + "b" * 200_000 + ",0.5\n", "line 2"),
    "long value": (HEAD + "a,b," + "9" * 100_000 + "\n", "..."),
    "NUL": (HEAD + "a,\0,0.5\n", "NUL"),
}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_pairs_are_read_in_any_encoding_and_a_guess_is_said(write: Write, encoding: str) -> None:
    read = read_pairs(write("p.csv", (HEAD + "é,b,0.5\n").encode(encoding)))
    assert read.items == ["é", "b"]
    assert [note for note in read.notes if "guess" in note] == (
        ["The text is read as windows-1252, which is a guess."] if encoding == "latin-1" else []
    )


@pytest.mark.parametrize(("content", "words"), BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_pairs_that_cannot_be_used_are_refused_in_a_sentence(write: Write, content: str | bytes, words: str) -> None:
    assert words in refusal(write("p.csv", content))


def test_too_many_users_are_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("problems.io.pairs.MAX_ITEMS", 3)
    read_pairs(write("p.csv", HEAD + "a,b,0.5\na,c,0.5\n"))
    message = refusal(write("p.csv", HEAD + "a,b,0.5\na,c,0.5\na,d,0.5\n"))
    assert "line 4 names user number 4" in message
    assert "at most 3" in message


@pytest.mark.parametrize(
    "content",
    [
        "submissionName1,submissionName2,averageSimilarity,maxSimilarity\na,b,0.91,0.95\na,c,0.12,0.2\n",  # JPlag
        "id,leftFilePath,rightFilePath,similarity,totalOverlap\n1,a,b,0.91,7\n2,a,c,0.12,1\n",  # Dolos
        "File 1;File 2;Score\na;b;0,91\na;c;0,12\n",
        "user1,user2,similarity\na,b,91%\na,c,12 %\n",
        "user1,user2,similarity\na,b,91\na,c,12\n",
        "name_a\tname_b\tpercent\na\tb\t91\na\tc\t12\n",
        "Source|Target|Weight\na|b|.91\na|c|.12\n",
        "\ufeffUSER1;USER2;SIMILARITY\r\na;b;91,0\r\na;c;12,0\r\n",
    ],
)
def test_what_other_programs_write_is_understood(write: Write, content: str) -> None:
    assert triples(read_pairs(write("p.csv", content))) == [("a", "b", 0.91), ("a", "c", 0.12)]


def test_per_cent_without_a_sign_is_said(write: Write) -> None:
    assert "per cent" in read_pairs(write("p.csv", HEAD + "a,b,91\na,c,0.5\nb,c,12\n")).notes[0]
    assert read_pairs(write("p.csv", HEAD + "a,b,91%\na,c,0.5%\nb,c,0\n")).similarity.tolist() == [0.91, 0.005, 0]


def test_per_cent_are_hundredths_in_pairs_matrices_and_tables_alike(write: Write) -> None:
    pairs = read_pairs(write("p.csv", HEAD + "a,b,91%\n")).matrix()
    matrix = read_matrix(write("m.csv", ",a,b\na,100%,91 %\nb,91%,1\n")).matrix
    table = read_data_table(write("t.csv", ",a,b\na,100%,91 %\nb,91%,1\n")).values
    assert pairs.tolist() == matrix.tolist() == table.tolist() == [[1, 0.91], [0.91, 1]]


cells = st.sampled_from(
    ["0", "1", "0.5", "-1", "nan", "50%", "0;5", "", " ", "a", '"', '"a,b"', "1e9", "\x1b", "é", "\u2028", "\ufeff"]
)
texts = st.lists(st.lists(cells, max_size=4).map(",".join), max_size=5).map("\n".join)


def read_or_refused(path: Path) -> Pairs | None:
    """What is read, or None for a refusal in a printable line."""
    try:
        return read_pairs(path)
    except InputError as error:
        message = str(error)
    assert message.isprintable()
    return None


@fixture_once
@given(body=st.binary(max_size=60) | texts.map(str.encode), headed=st.booleans())
def test_any_file_is_pairs_or_refused(write: Write, body: bytes, headed: bool) -> None:
    pairs = read_or_refused(write("p.csv", HEAD.encode() * headed + body))
    if pairs is None:
        return
    n, m = len(pairs.items), len(pairs.similarity)
    assert m > 0
    assert all(pairs.items)
    assert {*pairs.first.tolist(), *pairs.second.tolist()} <= set(range(n))
    assert len({frozenset(pair) for pair in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)}) == m
    assert ((pairs.similarity >= 0) & (pairs.similarity <= 1)).all()
