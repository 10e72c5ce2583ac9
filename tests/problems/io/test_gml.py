"""GML."""

from __future__ import annotations

import pytest
from graphfiles import TRIANGLE, refusal
from written import Write

from problems.io import read_graph


def test_gml_that_others_misread(write: Write) -> None:
    text = """Creator "x [ y ]" # a comment ]
graph[directed 1 comment "x"
  edge [ source -1 target "v" weight 1e-05 ]
  # node [ id 7 ]
  node [ id "v" label "caf&#233; &quot;q&quot;" graphics [ x 1.5 y -2 ] ]
  node [ id -1 label "Zürich" graphics [ x 0 y 1E1 ] ]
]"""
    network = read_graph(write("x.gml", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())).network
    assert list(network.nodes) == ['café "q"', "Zürich"]
    assert network.weight.tolist() == [1e-05]
    assert (network.tail.tolist(), network.head.tolist(), network.directed) == ([1], [0], True)
    assert network.positions is not None
    assert network.positions.tolist() == [[1.5, -2], [0, 10]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("graph [ node [ id 0 ] ] ]", "line 1 closes a bracket"),
        ("graph [\n node [ id 0 ]", "open bracket"),
        ('graph [\n node [ id 0 label "a ]\n]', "line 2 opens a quote"),
        ("graph [ node [ id 0 ] ]\ngraph [ ]", "2 graphs"),
        ("graph [ node 5 ]", "'node [ ... ]'"),
        ("graph 5", "'graph [ ... ]'"),
        ("graph [ node [ id [ ] ] ]", "as id"),
        ("graph [ directed 2 node [ id 0 ] ]", "directed 0 or directed 1"),
        ("graph [ node [ id 0 ] node ]", "found 'node ]'"),
        ("graph [ node [ id 0 ] edge [ source 0 target 0 weight 1 weight 2 ] ]", "a list"),
        ("graph [ node [ id 0 ] edge [ source 0 target 0 weight " + "9" * 5000 + " ] ]", "not finite"),
        ("graph [ " + "x [ " * 100_000, "1000 deep"),
    ],
)
def test_bad_gml(write: Write, text: str, words: str) -> None:
    assert words in refusal(write("x.gml", text))


def test_deep_gml_is_read(write: Write) -> None:
    deep = "graph [ node [ id 0 " + "x [ " * 990 + "] " * 990 + "] ]"
    assert read_graph(write("x.gml", deep)).network.n == 1


def test_labels_fall_back_to_ids(write: Write) -> None:
    file = read_graph(write("x.gml", TRIANGLE.replace('"c"', '"a"')))
    assert list(file.network.nodes) == [0, 1, 2]
    assert "share the label 'a'" in file.notes[0]
    file = read_graph(write("x.gml", TRIANGLE.replace('label "c"', "")))
    assert list(file.network.nodes) == [0, 1, 2]
    assert "Only 2 of 3" in file.notes[0]


def test_undeclared_parallel_edges_are_kept(write: Write) -> None:
    file = read_graph(write("x.gml", TRIANGLE.replace("target 2 weight 4", "target 1 weight 4")))
    assert file.network.m == 3
    assert "parallel" in file.notes[0]


@pytest.mark.parametrize(
    ("name", "line"),
    [('name "a"b"', 9), ('name "say "hi" now"', 9), ('name "5" tall"', 9), ('name "" "', 9), ('name "a"', 0)],
)
def test_quotes_within_quotes_are_found_where_they_are(write: Write, name: str, line: int) -> None:
    text = (
        f'Creator "igraph"\nVersion 1\ngraph\n[\n  directed 0\n  node\n  [\n    id 0\n    {name}\n  ]\n'
        '  node [ id 1 name "c" ]\n  edge [ source 0 target 1 weight 2 ]\n]\n'
    )
    path = write("x.gml", text)
    if line:
        assert f"line {line} has a quote too many or too few" in refusal(path)
    else:
        assert read_graph(path).network.nodes == ["a", "c"]


def test_names_where_there_are_no_labels(write: Write) -> None:
    nodes = 'node [ id 0 name "Zürich 🚉 &quot;HB&quot;" ] node [ id 1 name "b c" ]'
    text = f"graph [ {nodes} edge [ source 0 target 1 length 3.5 ] ]"
    file = read_graph(write("x.gml", text))
    assert (list(file.network.nodes), file.network.weight.tolist()) == (['Zürich 🚉 "HB"', "b c"], [3.5])
    assert file.naming(["0"]).network.nodes == [0, 1]


def test_direction_that_is_not_said(write: Write) -> None:
    path = write("x.gml", TRIANGLE)
    assert not read_graph(path).network.directed
    assert read_graph(path, directed=True).network.directed
    assert read_graph(path, directed=True).notes == ()
    said = write("y.gml", TRIANGLE.replace("graph [", "graph [\n directed 0"))
    assert "as you say" in read_graph(said, directed=True).notes[0]
