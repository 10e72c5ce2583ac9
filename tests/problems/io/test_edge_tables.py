"""Tables of edges."""

from __future__ import annotations

import pytest
from graphfiles import TRIANGLE, Write, refusal

from problems.io import read_graph


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b,1\nb,c,2\n", "--delimiter ','"),
        ("a, b, 1\n", "--delimiter ','"),
        ("a;b;1\n", "--delimiter ';'"),
        ("a b 1\nb c\n", "line 2 has 2 columns"),
        ("a b 1 2\n", "(column 3, column 4); choose one with --weight NAME"),
        ("Source Target\na b\n", "header"),
        ("from to w x\n", "header"),
        ("u v w\na b 1\n", "header"),
        ("a b 1_000\n", "'1_000'"),
        ("a b {'weight': __import__('os').getpid()}\n", "not a dict"),
        ("a b {'weight': " + "-" * 9000 + "1}\n", "line 1"),
        ("a b {'weight': " + "(" * 900 + "}\n", "line 1"),
        ("a b {" + "'x': 1, " * 9000 + "}\n", "line 1"),
        ("a b {1: 2}\n", "not a dict"),
        ("a b {'weight': True}\n", "True"),
        ("a b {'weight': 0x" + "f" * 5000 + "}\n", "too large"),
        ("a b {'weight': [[1]]}\n", "a list"),
        ("# nothing\n", "no edges"),
    ],
)
def test_bad_edge_lists(write: Write, text: str, words: str) -> None:
    assert words in refusal(write("x.edgelist", text))


def test_delimiters(write: Write) -> None:
    path = write("x.txt", "new york; rome; 2\n")
    network = read_graph(path, delimiter=";").network
    assert (list(network.nodes), network.weight.tolist()) == (["new york", "rome"], [2])
    assert read_graph(write("x.tsv", "a b\tc\n"), delimiter="\\t").network.nodes == ["a b", "c"]
    assert "--delimiter" in refusal(path, delimiter="")
    assert any("--delimiter" in note for note in read_graph(write("x.gml", TRIANGLE), delimiter=";").notes)
