"""Text as rows of cells, whatever separates them."""

from __future__ import annotations

import pytest

from problems.io.cells import number_in, table_of
from problems.terminal.errors import InputError


@pytest.mark.parametrize(
    ("text", "separator", "second"),
    [
        ("0,1\n1,0\n", ",", ["1", "0"]),
        ("0, 1\n1, 0\n", ",", ["1", "0"]),
        ("0;0,5\n0,5;0\n", ";", ["0,5", "0"]),
        ("0\t0,5\n0,5\t0\n", "\t", ["0,5", "0"]),
        ("0 0,5\n0,5 0\n", None, ["0,5", "0"]),
        ("0   0.5\n0.5  0\n", None, ["0.5", "0"]),
        ("0|1\n1|0\n", "|", ["1", "0"]),
        ("site,a,b\nSite 1,3,4\nSite 2,5,6\n", ",", ["Site 1", "3", "4"]),
        ("taxon,a,b\nBacteria; Firmicutes; B 1,3,4\n", ",", ["Bacteria; Firmicutes; B 1", "3", "4"]),
        ("taxon\ta\tb\nBacteria; Firmicutes, B 1\t3\t4\n", "\t", ["Bacteria; Firmicutes, B 1", "3", "4"]),
        ("site;a\nSite 1 ; 5\n", ";", ["Site 1", "5"]),
        ('"" "a b" "c"\n"a b" 0 1\n', None, ["a b", "0", "1"]),
        ('"";"a, b"\n"a, b";0\n', ";", ["a, b", "0"]),
        ('x,y\n"two\nlines",1\n', ",", ["two\nlines", "1"]),
        ("sep=;\na;b\n1,5;2\n", ";", ["1,5", "2"]),
        ("user1,user2,similarity\nann,bob,0.9\n", ",", ["ann", "bob", "0.9"]),
        ("user1;user2;similarity\nann;bob;0,91\n", ";", ["ann", "bob", "0,91"]),
        ("a;b\n\n# c;d\n;;\n", ";", ["", "", ""]),
        ("a\t1\n\t\n", "\t", ["", ""]),
    ],
)
def test_the_separator_is_told_by_the_cells_that_it_makes(text: str, separator: str | None, second: list[str]) -> None:
    table = table_of(text)
    assert table.separator == separator
    assert list(table.rows())[1][1] == second


def test_lines_are_counted_as_an_editor_does() -> None:
    assert [line for line, _ in table_of('# why\r\n\r\n"a\rb",1\r\n"c",2\r\n').rows()] == [3, 5]


def test_a_quote_that_does_not_close_is_refused() -> None:
    with pytest.raises(InputError, match="line 2 has a quote that does not close"):
        list(table_of('a,b\n"c,1\n').rows())


@pytest.mark.parametrize(
    ("cell", "separator", "value"),
    [
        ("1,5", ";", 1.5),
        ("1,5e-3", None, 0.0015),
        (",5", "\t", 0.5),
        ("1,5", ",", None),
        ("1,234,567", ";", None),
        ("1.234,5", ";", None),
        ("1_000", ";", None),
        ("\u0661,5", ";", None),
    ],
)
def test_decimal_commas_are_read_where_they_cannot_separate(cell: str, separator: str, value: float | None) -> None:
    assert number_in(cell, separator) == value
