"""Pajek."""

from __future__ import annotations

import pytest
from graphfiles import refusal
from written import Write

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


VERTICES = '*Vertices 3\n1 "a"\n2 "b"\n3 "c"\n'


@pytest.mark.parametrize(
    ("text", "edges", "directed"),
    [
        (VERTICES + "*Arcs\n1 2 1\n*Edges\n2 3 2\n", [("a", "b", 1), ("b", "c", 2), ("c", "b", 2)], True),
        (VERTICES + '*Arcs :2 "Main Path"\n1 2 1\n*Arcs :1 "x"\n2 3 2\n', [("a", "b", 1), ("b", "c", 2)], True),
        (VERTICES + "*Matrix\n0 1 2\n1 0 3\n2 3 0\n", [("a", "b", 1), ("a", "c", 2), ("b", "c", 3)], False),
        (VERTICES + "*Matrix\n0 1 0\n0 0 3\n2 0 0\n", [("a", "b", 1), ("b", "c", 3), ("c", "a", 2)], True),
        (VERTICES + '*Matrix :1 "x"\n 0 1 2 1 0 3\n 2 3 0\n', [("a", "b", 1), ("a", "c", 2), ("b", "c", 3)], False),
        ("*Vertices 3 1\n*Matrix\n5 6\n", [("1", "2", 5), ("1", "3", 6)], False),
        (VERTICES + "*Edgeslist\n1 2 3\n", [("a", "b", 1), ("a", "c", 1)], False),
        (VERTICES + '*EDGES\n1 2 1.5 l "road" c Blue\n2 3 2 w 3\n', [("a", "b", 1.5), ("b", "c", 2)], False),
        (VERTICES + "*edges\n1 2 3\n2 3\n", [("a", "b", 3), ("b", "c", 1)], False),
        ("% c\n*Network x y\n% c\n" + VERTICES + "\n*Edges\n% c\n1 2 3\n", [("a", "b", 3)], False),
        ("/* one\ntwo */\n" + VERTICES + "/* c */\n*Edges\n1 2 3\n", [("a", "b", 3)], False),
        ("*Description\nof *nothing\n" + VERTICES + "*Edges\n1 2 3\n", [("a", "b", 3)], False),
        ('*Vertices 3\n2 "b" 0.1 0.2 0.5 box\n1 a\n3 "c c"\n*Edges\n1 3 7\n', [("a", "c c", 7)], False),
        (
            VERTICES + "*Edges\n1 2 3\n*Partition p\n*Vertices 3\n1\n1\n2\n*Vector v\n*Vertices 3\n.5\n1\n2\n",
            [("a", "b", 3)],
            False,
        ),
        ("*Vertices 3\r\n1 a\r\n2 b\r\n3 c\r\n*Edges\r\n1 2 3\r\n", [("a", "b", 3)], False),
    ],
)
def test_sections(write: Write, text: str, edges: list[tuple[str, str, float]], directed: bool) -> None:
    network = read_graph(write("x.net", text)).network
    found = [(str(u), str(v), w) for (u, v), w in zip(network.edges(), network.weight.tolist(), strict=True)]
    assert (found, network.n, network.directed) == (edges, 3, directed)


def test_notes(write: Write) -> None:
    notes = read_graph(write("x.net", VERTICES + "*Arcs\n1 2 1\n*Edges\n2 3\n*Partition p\n*Vertices 3\n1\n")).notes
    assert notes == (
        "Lines of edges without a weight, which count 1: 1.",
        "Sections that are not read: *Partition.",
        "Undirected edges beside directed ones, read as two arcs each: 1.",
    )


def test_vertices_that_are_partly_listed(write: Write) -> None:
    file = read_graph(write("x.net", '*Vertices 3\n1 "a"\n*Edges\n1 2 1\n2 3 2\n'))
    assert (file.network.nodes, file.network.weight.tolist()) == ([1, 2, 3], [1, 2])
    assert file.notes == ("Only 1 of 3 nodes have a label, so nodes are named by their id.",)
    assert "lists 1 and names no vertex 3" in refusal(write("x.net", '*Vertices 3\n1 "a"\n*Edges\n1 2 1\n'))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (VERTICES + "*Matrix\n0 1 x\n", "line 6 has 'x' in its *Matrix"),
        (VERTICES + "*Matrix\n0 1 2\n", "3 numbers in its *Matrix, not 3 x 3"),
        (VERTICES + "*Matrix\n0 1 nan\n1 0 3\n2 3 0\n", "not a number"),
        (VERTICES + "*Edges\n1 2 1e999\n", "not finite"),
        (VERTICES + "*Magic\n1 2\n", "'*Magic', which is not read"),
        ("*Edges\n1 2\n", "line 1 comes before *Vertices"),
        (VERTICES + "*Edges\n1 2 3\n*Network y\n" + VERTICES, "second *Vertices"),
    ],
)
def test_bad_sections(write: Write, text: str, words: str) -> None:
    assert words in refusal(write("x.net", text))
