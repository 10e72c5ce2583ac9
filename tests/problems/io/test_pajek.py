"""Pajek."""

from __future__ import annotations

import pytest
from graphfiles import Write, refusal

from problems.io import read_graph


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("*Vertices 2\n1 2\n", "promises 2"),
        ("*Vertices 2\n1 a\n1 b\n", "twice"),
        ("*Vertices 2\n1 a\n5 b\n", "vertex 5"),
        ("*Vertices 2\n*Matrix\n0 1\n", "2 numbers in its *Matrix, not 2 x 2"),
        ("*Vertices 2\n*Edges\n1\n", "one vertex"),
        ("*Vertices 2\n*Edges\n1 2 heavy\n", "'heavy'"),
        ("1 2\n*Vertices 2\n", "before *Vertices"),
        ("*Vertices 2\n*Vertices 2\n", "second"),
        ("*Vertices 9999999999\n*Edges\n1 2\n", "promises"),
    ],
)
def test_bad_pajek(write: Write, text: str, words: str) -> None:
    assert words in refusal(write("x.net", text))


def test_pajek_lists(write: Write) -> None:
    network = read_graph(write("x.net", "%c\n*Vertices 4\n*Arcslist\n1 2 3\n3 4\n")).network
    assert network.directed
    assert network.edges() == [(1, 2), (1, 3), (3, 4)]
