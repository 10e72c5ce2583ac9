"""DIMACS and PACE."""

from __future__ import annotations

import pytest
from graphfiles import refusal
from written import Write

from problems.io import read_graph


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


@pytest.mark.parametrize(
    "text",
    [
        "c x\np edge 3 2\ne 1 2\ne 2 3\n",
        "p col 3 2\nn 1 4\ne 1 2\ne 2 3\n",
        "p edge 3 4\ne 1 2\ne 2 3\n",  # counted at both ends
        "p  edge  3  2\r\ne 1 2\r\ne 2 3\r\n",
    ],
)
def test_graphs_to_colour(write: Write, text: str) -> None:
    file = read_graph(write("x.col", text))
    assert file.network.edges() == [(1, 2), (2, 3)]
    assert (file.network.weight.tolist(), file.network.directed) == ([1, 1], False)
    assert file.notes[-1] == "The edges have no weights, so each counts 1."


def test_graphs_to_colour_list_edges_twice(write: Write) -> None:
    file = read_graph(write("x.col", "p edge 3 1\ne 1 2\ne 2 1\n"))
    assert file.network.m == 2
    assert file.notes[0] == "The p line counts 1 edges where 2 are listed: each is counted once or twice."


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.col", "p edge 3 3\ne 1 2\n", "promises 3 edges but lists 1"),
        ("x.col", "p edge 2 1\ne 1 3\n", "line 2 ('e 1 3')"),
        ("x.col", "p edge 2 1\ne 1\n", "line 2 is 'e 1', which is not 'e u v' in numbers"),
        ("x.col", "p edge 2 1\nf 1 2\n", "line 2"),
        ("x.gr", "p edge 2 1\ne 1 2\n", "rename it to .col"),
        ("x.gr", "p max 2 1\na 1 2 3\n", "line 1 begins 'p max'; what is read begins 'p sp n m'"),
    ],
)
def test_bad_graphs_to_colour(write: Write, name: str, text: str, words: str) -> None:
    assert words in refusal(write(name, text))
