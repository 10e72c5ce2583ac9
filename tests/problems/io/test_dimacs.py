"""DIMACS and PACE."""

from __future__ import annotations

import pytest
from graphfiles import Write, refusal


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("p sp 2 1\na 1 2\n", "line 2"),
        ("c x\np sp 2 2\na 1 2 3\n\na 1 3 3\n", "line 5"),
        ("p sp 2 1\na 1.5 2 3\n", "line 2"),
        ("p sp 2 1\nb 1 2 3\n", "line 2"),
        ("p sp 2 1\na 1 99999999999999999999 3\n", "line 2"),
        ("p sp 2 1\na 1 2 nan\n", "not a number"),
        ("p sp 2 1\na 1 2 1e999\n", "not finite"),
        ("p tw 2 1\n1 2 3\n", "line 2"),
        ("p tw 2 1\n0 2\n", "line 2"),
        ("p sp 2\n", "line 1"),
        ("p sp 0 0\n", "no nodes"),
        ("a 1 2 3\np sp 2 1\n", "before all arcs"),
    ],
)
def test_bad_gr(write: Write, text: str, words: str) -> None:
    assert words in refusal(write("x.gr", text))
