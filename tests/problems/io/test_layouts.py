"""Matrices in whatever layout: written and read back, and damaged text that is refused in a sentence or read."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from formulations.problem import Floats
from problems.io.cells import table_of
from problems.io.labelled import Labelled, completed
from problems.io.layouts import labelled
from problems.io.matrix import read_matrix
from problems.io.phylip import phylip
from problems.terminal.errors import InputError

Factory = pytest.TempPathFactory

D = np.array([[0, 3, 5, 4], [3, 0, 2, 7], [5, 2, 0, 6], [4, 7, 6, 0]], dtype=np.float64)


def read(text: str, items: int | None = None) -> Labelled:
    return completed(labelled(table_of(text), items))


LAYOUTS = {
    "square": ("0,3,5,4\n3,0,2,7\n5,2,0,6\n4,7,6,0\n", None),
    "R's write.csv": ('"","a b","c","d","e"\n"a b",0,3,5,4\n"c",3,0,2,7\n"d",5,2,0,6\n"e",4,7,6,0\n', "a b,c,d,e"),
    "R's write.table": ('"a b" "c" "d" "e"\n"a b" 0 3 5 4\n"c" 3 0 2 7\n"d" 5 2 0 6\n"e" 4 7 6 0\n', "a b,c,d,e"),
    "R's data.frame": (",Ann.Lee,X1,c,d\nAnn Lee,0,3,5,4\n1,3,0,2,7\nc,5,2,0,6\nd,4,7,6,0\n", "Ann Lee,1,c,d"),
    "R's dist": ("  a b c\nb 3    \nc 5 2  \nd 4 7 6\n", "a,b,c,d"),
    "R's dist with diagonal": ("  a b c d\na 0\nb 3 0\nc 5 2 0\nd 4 7 6 0\n", "a,b,c,d"),
    "R's dist, upper too": ("  a b c d\na NA 3 5 4\nb 3 NA 2 7\nc 5 2 NA 6\nd 4 7 6 NA\n", "a,b,c,d"),
    "pandas": (",a,b,c,d\na,0.0,3,5,4\nb,3,0,2,7\nc,5,2,0,6\nd,4,7,6,0\n", "a,b,c,d"),
    "pandas without names": (",0,1,2,3\n0,0,3,5,4\n1,3,0,2,7\n2,5,2,0,6\n3,4,7,6,0\n", "0,1,2,3"),
    "pandas, rows counted": (",a,b,c,d\n0,0.0,3,5,4\n1,3,0,2,7\n2,5,2,0,6\n3,4,7,6,0\n", "a,b,c,d"),
    "columns counted": (",V1,V2,V3,V4\na,0,3,5,4\nb,3,0,2,7\nc,5,2,0,6\nd,4,7,6,0\n", "a,b,c,d"),
    "per cent": ("a;0%;300%;500%;4\nb;3;0%;200 %;700%\nc;500%;2;0%;6\nd;400%;700%;600%;0\n", "a,b,c,d"),
    "corner named": ("site,a,b,c,d\na,0,3,5,4\nb,3,0,2,7\nc,5,2,0,6\nd,4,7,6,0\n", "a,b,c,d"),
    "names above": ("a;b;c;d\n0;3;5;4\n3;0;2;7\n5;2;0;6\n4;7;6;0\n", "a,b,c,d"),
    "names in front": ("a\t0\t3\t5\t4\nb\t3\t0\t2\t7\nc\t5\t2\t0\t6\nd\t4\t7\t6\t0\n", "a,b,c,d"),
    "years above": ("2001,2002,2003,2004\n0,3,5,4\n3,0,2,7\n5,2,0,6\n4,7,6,0\n", "2001,2002,2003,2004"),
    "years in front": ("2001,0,3,5,4\n2002,3,0,2,7\n2003,5,2,0,6\n2004,4,7,6,0\n", "2001,2002,2003,2004"),
    "columns in another order": (",b,a,d,c\na,3,0,4,5\nb,0,3,7,2\nc,2,5,6,0\nd,7,4,0,6\n", "a,b,c,d"),
    "separators at the end": ("0,3,5,4,\n3,0,2,7,\n5,2,0,6,\n4,7,6,0,\n", None),
    "empty rows at the end": (",a,b,c,d\na,0,3,5,4\nb,3,0,2,7\nc,5,2,0,6\nd,4,7,6,0\n,,,,\n,,,,\n", "a,b,c,d"),
    "lower": ("0\n3,0\n5,2,0\n4,7,6,0\n", None),
    "lower, named": ("a,0\nb,3,0\nc,5,2,0\nd,4,7,6,0\n", "a,b,c,d"),
    "lower, years": ("2001,0\n2002,3,0\n2003,5,2,0\n2004,4,7,6,0\n", "2001,2002,2003,2004"),
    "lower, names above": ("a,b,c,d\n0\n3,0\n5,2,0\n4,7,6,0\n", "a,b,c,d"),
    "lower, padded": ("0,,,\n3,0,,\n5,2,0,\n4,7,6,0\n", None),
    "lower, padded by NA": ("0 NA NA NA\n3 0 NA NA\n5 2 0 NA\n4 7 6 0\n", None),
    "lower without diagonal": ("3.0\n5,2\n4,7,6\n", None),
    "lower without diagonal, named": ("a\nb 3\nc 5 2\nd 4 7 6\n", "a,b,c,d"),
    "lower without diagonal, padded": (",,,\n3,,,\n5,2,,\n4,7,6,\n", None),
    "upper": ("0,3,5,4\n0,2,7\n0,6\n0\n", None),
    "upper, named": ("a;0;3;5;4\nb;0;2;7\nc;0;6\nd;0\n", "a,b,c,d"),
    "upper, padded": ("0,3,5,4\n,0,2,7\n,,0,6\n,,,0\n", None),
    "upper, padded and named": (",a,b,c,d\na,0,3,5,4\nb,,0,2,7\nc,,,0,6\nd,,,,0\n", "a,b,c,d"),
    "upper without diagonal, named": ("a 3 5 4\nb 2 7\nc 6\nd\n", "a,b,c,d"),
    "comments, blank lines": ("# km\n\n0 3 5 4\n3 0 2 7  # x\n\n5 2 0 6\n4 7 6 0\n# end\n", None),
}


@pytest.mark.parametrize(("text", "names"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_that_programs_write_are_read(text: str, names: str | None) -> None:
    found = read(text)
    assert found.names == (None if names is None else tuple(names.split(",")))
    assert np.array_equal(np.where(np.eye(4), 0, found.matrix), D)


PHYLIP = {
    "square": "4\na 0 3 5 4\nb 3 0 2 7\nc 5 2 0 6\nd 4 7 6 0\n",
    "square, wrapped": "   4\na 0 3\n  5 4\nb 3 0\n 2\n 7\nc 5 2 0 6\nd 4 7\n  6 0\n",
    "lower": "4\na\nb 3\nc 5 2\nd 4 7 6\n",
    "lower, wrapped": "4\na\nb 3\nc 5 2\nd 4\n 7 6\n",
    "lower with diagonal": "4\na 0\nb 3 0\nc 5 2 0\nd 4 7 6 0\n",
    "Mash": "\t4\na\nb\t3\nc\t5\t2\nd\t4\t7\t6\n",
}


@pytest.mark.parametrize("text", PHYLIP.values(), ids=PHYLIP)
def test_phylip_is_read_square_and_lower(text: str) -> None:
    found = completed(phylip(text.split("\n")))
    assert found.names == ("a", "b", "c", "d")
    assert np.array_equal(found.matrix, D)


def test_phylip_names_may_hold_blanks_or_touch_the_numbers() -> None:
    square = ["4", "Homo sap. 0 3 5 4", "Site 2    3 0 2 7", "Rehnquist_5 2 0 6", "d         4 7 6 0"]
    found = completed(phylip(square))
    assert found.names == ("Homo sap.", "Site 2", "Rehnquist_", "d")
    assert np.array_equal(found.matrix, D)
    lower = completed(phylip(["4", "Site 1    ", "Site 2    3", "Site 3    5 2", "Site 4    4 7 6"]))
    assert lower.names == ("Site 1", "Site 2", "Site 3", "Site 4")
    assert np.array_equal(lower.matrix, D)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,1\n1,0\n", "does not begin with the number of its items, as PHYLIP files do; name it .csv"),
        ("3\na 0 1\nb 1 0\n", "promises 3 items, as PHYLIP files do, but 2 lines follow"),
        ("3\na 0 1 2\nb 1 0 x\nc 2 1 0\n", "line 4 does not go on so; after each name"),
        ("2\na 0 1\na 1 0\n", "calls both items 1 and 2 'a'"),
        ("99999\na 0\n", "promises 99,999 items; give a matrix of at most 10,000"),
    ],
)
def test_what_is_no_phylip_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        phylip(text.split("\n"))


REFUSED = {
    "two items of one name": (",a,b,a\na,0,1,2\nb,1,0,3\na,2,3,0\n", "calls both items 1 and 3 'a'"),
    "no name": ("a,0,1,2\n,1,0,3\nc,2,3,0\n", "has no name for row 2; give every item one, or none"),
    "names that differ": (",a,b,c\na,0,1,2\nb,1,0,3\nx,2,3,0\n", "calls row 3 'x' but column 3 'c'"),
    "a table": (",h,w\na,0,1\nb,1,0\nx,2,3\n", "shape 3 x 2; give a square matrix"),
    "thousands": ("0;1.234,5\n1.234,5;0\n", "line 1, cell 2 is '1.234,5'; write a finite number, with nothing between"),
    "thousands, twice": ("a;0;1,234,567\nb;1,234,567;0\n", "nothing between its thousands"),
    "thousands, quoted": ('0,"1,234"\n"1,234",0\n', "'1,234'; write a finite number, with nothing between its thous"),
    "both decimal marks": ("0;1.5;2\n1.5;0;0,5\n2;0,5;0\n", "a comma on line 2 and a point on line 1; write one of"),
    "a missing pair": (",a,b,c\na,0,NA,2\nb,NA,0,3\nc,2,3,0\n", "no value in row 'a', column 'b' (and 1 more)"),
    "infinite": ("0,inf\ninf,0\n", "line 1, cell 2 is 'inf'; write a finite number"),
    "names like comments": ("#1,0,1\n#2,1,0\n", "put names that begin so in quotes"),
    "a quote": ('"a,0,1\nb,1,0\n', "line 1 has a quote that does not close"),
    "a name with a blank": (
        "Al 0 1 2\nBo 1 0 3\nCy X 2 3 0\n",
        "line 3, cell 2 is 'X'; write a finite number, and quo",
    ),
    "years or not": ("2001\n2002 1\n2003 2 3\n", "say --items 4 or --items 3"),
    "a diagonal or not": ("1\n1 1\n", "say --items 2 or --items 3"),
    "another number of items": ("0 1\n1 0\n", "is a square of 2 items, not of 9 as --items says"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_matrix_is_refused_with_a_remedy(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text, 9 if "not of 9" in said else None)
    assert said in str(caught.value)


def test_the_remedies_for_names_pairs_and_shapes_help() -> None:
    assert read(",a,b,d\na,0,1,2\nb,1,0,3\nd,2,3,0\n").names == ("a", "b", "d")
    assert read(",0,1,2\n,1,0,3\n,2,3,0\n".replace("\n,", "\n").removeprefix(",")).names is None
    assert read(",a,c\na,0,2\nc,2,0\n").matrix.tolist() == [[0, 2], [2, 0]]  # the item of the pair left out
    assert read("0;1234,5\n1234,5;0\n").matrix[0, 1] == 1234.5
    assert read('"Ann Lee" 0 1\nBob 1 0\n').names == ("Ann Lee", "Bob")
    assert read('"#1",0,1\n"#2",1,0\n').names == ("#1", "#2")
    triangle = "2001\n2002 1\n2003 2 3\n"
    assert len(read(triangle, 4).matrix) == 4
    assert read(triangle, 3).names == ("2001", "2002", "2003")
    assert read(triangle.replace("200", "y")).names == ("y1", "y2", "y3")
    assert len(read("1\n1 1\n", 2).matrix) == 2
    assert len(read("a b c\n1\n1 1\n").matrix) == 3


# Any matrix, in any layout

DAMAGE = ["", "\n", ",", ";", '"', "\t", " ", "-", "x", "NA", "1e999", "\x1b[2J", "#", "\0", "9", "é"]

entries = st.floats(0, 1e6, allow_nan=False).map(lambda x: float(repr(x))) | st.integers(0, 999).map(float)
letters = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='"\ufeff')
names_of_items = st.text(letters, min_size=1, max_size=8).map(str.strip).filter(lambda name: name and name[0] != "#")
texts = names_of_items.filter(lambda name: not any(map(str.isdigit, name)) and name.lower() not in {"nan", "inf"})


@st.composite
def matrices(draw: st.DrawFn) -> Floats:
    n = draw(st.integers(3, 6))
    M = np.zeros((n, n))
    M[np.triu_indices(n, 1)] = draw(st.lists(entries, min_size=n * (n - 1) // 2, max_size=n * (n - 1) // 2))
    assume(M.any())
    return M + M.T


@settings(max_examples=150)
@given(data=st.data(), M=matrices())
def test_a_matrix_written_in_any_layout_is_read_back_exactly(
    data: st.DataObject, M: Floats, tmp_path_factory: pytest.TempPathFactory
) -> None:
    n, draw = len(M), data.draw
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    names = draw(st.lists(texts, min_size=n, max_size=n, unique_by=str.casefold)) if draw(st.booleans()) else None
    above, front = draw(st.sampled_from([(True, True), (True, False), (False, True)])) if names else (False, False)
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    comma = separator != "," and draw(st.booleans())
    triangle = draw(st.sampled_from(["square", "lower", "upper"]))
    rows = []
    for i in range(n):
        held = {"square": M[i], "lower": M[i, : i + 1], "upper": M[i, i:]}[triangle]
        cells = [repr(value).replace(".", ",") if comma else repr(value) for value in held.tolist()]
        rows.append([names[i], *cells] if names and front else cells)
    if names and above:
        rows.insert(0, ["", *names] if front and draw(st.booleans()) else list(names))
    text = io.StringIO()
    csv.writer(
        text,
        delimiter=separator,
        lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    ).writerows(rows)
    path = tmp_path_factory.mktemp("m") / "m.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    found = read_matrix(path, items=n)
    assert np.array_equal(found.matrix, M)
    assert found.names == (None if names is None else tuple(names))


@settings(max_examples=100)
@given(data=st.data())
def test_damaged_text_is_read_or_refused_in_a_printable_sentence(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = data.draw(st.sampled_from([text for text, _ in LAYOUTS.values()] + list(PHYLIP.values())))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        put = data.draw(
            st.sampled_from(
                ["", "\n", ",", ";", '"', "\t", " ", "-", "x", "NA", "1e999", "\x1b[2J", "#", "\0", "9", "é"]
            )
        )
        text = text[:at] + put + text[at + data.draw(st.integers(0, 3)) :]
    path = tmp_path_factory.mktemp("m") / data.draw(st.sampled_from(["m.csv", "m.phy", "m.dist"]))
    path.write_text(text, encoding="utf-8", newline="")
    kind = data.draw(st.sampled_from([None, "similarity", "dissimilarity"]))
    try:
        found = read_matrix(path, kind)
    except InputError as error:
        said = str(error)
    else:
        said = ""
    assert said.isprintable()
    if not said:
        assert np.array_equal(found.matrix, found.matrix.T)
        assert np.isfinite(found.matrix).all()
        assert found.names is None or len(set(found.names)) == len(found.matrix)
