"""Matrix Market, METIS and SteinLib."""

from __future__ import annotations

import numpy as np
import pytest
from graphfiles import refusal
from written import Write

from problems.io import read_graph

HEAD = "%%MatrixMarket matrix coordinate"


@pytest.mark.parametrize(
    ("text", "edges", "weights", "directed"),
    [
        ("real symmetric\n% c\n3 3 2\n2 1 4.0\n3 2 5.0\n", [(2, 1), (3, 2)], [4, 5], False),
        ("integer general\n3 3 2\n1 2 4\n3 2 -5\n", [(1, 2), (3, 2)], [4, -5], True),
        ("pattern symmetric\n\n3 3 2\n2 1\n3 3\n", [(2, 1), (3, 3)], [1, 1], False),
        ("pattern general\n%\n% c\n 3  3 2\n1 2\n2 1\n", [(1, 2), (2, 1)], [1, 1], True),
        ("Real General\n3 3 1\n1 2 1e-3\n\n", [(1, 2)], [0.001], True),
    ],
)
def test_matrix_market(
    write: Write, text: str, edges: list[tuple[int, int]], weights: list[float], directed: bool
) -> None:
    network = read_graph(write("x.mtx", f"{HEAD} {text}")).network
    assert (network.edges(), network.weight.tolist(), network.directed, network.n) == (edges, weights, directed, 3)


def test_matrix_market_as_scipy_writes_it(write: Write, tmp_path: object) -> None:
    from io import BytesIO

    from scipy.io import mmwrite
    from scipy.sparse import random_array

    rng = np.random.default_rng(0)
    for symmetric in (False, True):
        matrix = random_array((9, 9), density=0.4, rng=rng)
        matrix = (matrix + matrix.T).tocoo() if symmetric else matrix.tocoo()
        file = BytesIO()
        mmwrite(file, matrix)
        network = read_graph(write("x.mtx", file.getvalue())).network
        dense = np.zeros((9, 9))
        dense[network.tail, network.head] = network.weight
        if symmetric:
            dense[network.head, network.tail] = network.weight
        assert network.directed == (not symmetric)
        np.testing.assert_array_equal(dense, matrix.toarray())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n", "dense matrix (array)"),
        (f"{HEAD} complex general\n2 2 1\n1 2 1 0\n", "is a complex general matrix"),
        (f"{HEAD} real skew-symmetric\n2 2 1\n2 1 1\n", "real skew-symmetric"),
        (f"{HEAD} real general\n2 3 1\n1 2 1\n", "2 rows and 3 columns"),
        (f"{HEAD} real general\n2 2 2\n1 2 1\n", "promises 2 entries but lists 1"),
        (f"{HEAD} real general\n2 2 1\n1 3 1\n", "line 3 ('1 3 1')"),
        (f"{HEAD} real general\n2 2 1\n0 1 1\n", "line 3 ('0 1 1')"),
        (f"{HEAD} real general\n2 2 1\n1 2\n", "line 3 is '1 2', which is not 'u v weight'"),
        (f"{HEAD} pattern general\n2 2 1\n1 2 7\n", "line 3 is '1 2 7', which is not 'u v'"),
        (f"{HEAD} real general\n2 2 1\n1 2 nan\n", "not a number"),
        (f"{HEAD} real general\n2 2\n1 2 1\n", "'rows columns entries'"),
        (f"{HEAD} real general\n", "'rows columns entries'"),
        (f"{HEAD} real general\n1000000000000 1000000000000 1\n1 2 1\n", "promises 1000000000000 nodes"),
        ("%%MatrixMarket vector\n", "begins '%%MatrixMarket vector'"),
        ("2 2 1\n1 2 1\n", "begins '2 2 1'"),
    ],
)
def test_bad_matrix_market(write: Write, text: str, words: str) -> None:
    assert words in refusal(write("x.mtx", text))


PATH = [(1, 2), (2, 3)]


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("3 2\n2\n1 3\n2\n", [1, 1]),
        ("% c\n3 2 0\n2\n% c\n1 3\n2\n\n\n", [1, 1]),
        ("3 2 1\n2 5\n1 5 3 7\n2 7\n", [5, 7]),
        ("3 2 001\n2 5\n1 5 3 7\n2 7\n", [5, 7]),
        ("3 2 010\n9 2\n9 1 3\n9 2\n", [1, 1]),
        ("3 2 11\n9 2 5\n9 1 5 3 7\n9 2 7\n", [5, 7]),
        ("3 2 011 2\n9 8 2 5\n9 8 1 5 3 7\n9 8 2 7\n", [5, 7]),
        ("3 2 111\n4 9 2 5\n4 9 1 5 3 7\n4 9 2 7\n", [5, 7]),
        ("3 2 100\n4 2\n4 1 3\n4 2\n", [1, 1]),
    ],
)
def test_metis(write: Write, text: str, weights: list[float]) -> None:
    network = read_graph(write("x.graph", text)).network
    assert (network.edges(), network.weight.tolist(), network.directed) == (PATH, weights, False)


def test_metis_nodes_without_edges(write: Write) -> None:
    assert read_graph(write("x.metis", "3 1\n2\n1\n\n")).network.n == 3
    assert read_graph(write("x.metis", "3 1\n\n3\n2")).network.edges() == [(2, 3)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3 2\n2\n1 3", "promises 3 nodes but has 2 lines"),
        ("3 3\n2\n1 3\n2\n", "promises 3 edges but lists 2"),
        ("3 2\n2\n1 4\n2\n", "line 3 names node 4"),
        ("3 2\n2\n1.5 3\n2\n", "line 3 names node 1.5"),
        ("3 2\n2\n1 3\n\n", "line 3 has the edge 2 to 3, line 4 not the same"),
        ("3 2 1\n2 5\n1 6 3 7\n2 7\n", "the edge 1 to 2, line 3 not the same"),
        ("3 2 1\n2\n1 5 3 7\n2 7\n", "line 2 does not have a weight for each neighbour"),
        ("3 2\n2\n1 x\n2\n", "line 3 has 'x'"),
        ("3 2\n2\n1 1_0\n2\n", "line 3 has '1_0'"),
        ("3 2 7\n2\n1 3\n2\n", "'7' as its format"),
        ("three 2\n", "line 1 is 'three 2'"),
        ("% nothing\n", "no line 'nodes edges'"),
        ("9999999999999 1\n2\n1\n", "promises 9999999999999 nodes"),
    ],
)
def test_bad_metis(write: Write, text: str, words: str) -> None:
    assert words in refusal(write("x.graph", text))


STP = """33D32945 STP File, STP Format Version 1.0

SECTION Comment
Name "x"
Creator "y"
END

SECTION Graph
Nodes 4
Edges 3
E 1 2 3
E 2 3 4.5
E 3 4 1
END

SECTION Terminals
Terminals 2
T 4
T 1
END

SECTION Coordinates
DD 1 0 0
DD 2 1 0
DD 3 1 1
DD 4 2 2
END

EOF
"""


def test_steinlib(write: Write) -> None:
    file = read_graph(write("x.stp", STP))
    assert file.network.edges() == [(1, 2), (2, 3), (3, 4)]
    assert (file.network.weight.tolist(), file.network.directed) == ([3, 4.5, 1], False)
    assert file.terminals == (4, 1)
    assert file.network.positions is not None
    assert file.network.positions[3].tolist() == [2, 2]
    assert file.notes == ()
    arcs = read_graph(write("x.stp", STP.replace("E ", "A ").replace("Edges", "Arcs"))).network
    assert (arcs.directed, arcs.m) == (True, 3)
    more = STP.replace("SECTION Coordinates", "Section MaximumDegrees\nMD 2\nEND\n\nsection coordinates")
    assert read_graph(write("x.stp", more)).notes == ("Sections that are not read: maximumdegrees.",)
    assert "rename it to .stp" in refusal(write("x.gr", STP.split("\n\n", 2)[2]))
    assert read_graph(write("x.stp", STP.split("\n\n", 2)[2])).network.m == 3  # PACE's have no head


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("E 2 3 4.5", "E 2 9 4.5", "line 12 is 'E 2 9 4.5'"),
        ("E 2 3 4.5", "E 2 3", "line 12 is 'E 2 3'; write 'E u v weight'"),
        ("E 2 3 4.5", "E 2 3 x", "'E 2 3 x'"),
        ("E 2 3 4.5", "A 2 3 4.5", "both edges E and arcs A"),
        ("Edges 3", "Edges 4", "promises 4 edges but lists 3"),
        ("Nodes 4", "Nodes many", "'Nodes many'"),
        ("Nodes 4", "Nodes 9999999999999", "promises 9999999999999 nodes"),
        ("T 4", "T 5", "line 18 is 'T 5'"),
        ("SECTION Graph", "SECTION Grape", "no SECTION Graph"),
        ("END\n\nEOF", "", "cut short"),
        ("Section", "", None),
        ("SECTION Terminals", "SECTION Graph", "line 16 begins 'SECTION Graph'"),
        ("\nSECTION Comment", "hello\nSECTION Comment", "line 2 is 'hello', in no SECTION"),
    ],
)
def test_bad_steinlib(write: Write, old: str, new: str, words: str | None) -> None:
    path = write("x.stp", STP.replace(old, new))
    if words is None:
        assert read_graph(path).network.m == 3
    else:
        assert words in refusal(path)
