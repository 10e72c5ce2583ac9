"""Graph files: what is read, what is refused and how it is said, and that nothing else ever happens."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import ROOT, SHARED

from formulations.graphs import Network
from problems.io import GraphFile, InputError, read_graph, safe
from problems.io import content as content_module

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the test data in ../shared is not here")
quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

Write = Callable[[str, str | bytes], Path]

TRIANGLE = """graph [
  node [ id 0 label "a" ]
  node [ id 1 label "b" ]
  node [ id 2 label "c" ]
  edge [ source 0 target 1 weight 1.5 ]
  edge [ source 1 target 2 weight 2.0 ]
  edge [ source 0 target 2 weight 4 ]
]
"""
GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="d0" for="edge" attr.name="weight" attr.type="double"/>
<key id="d1" for="node" attr.name="label" attr.type="string"/>
<graph edgedefault="undirected">
<node id="a"/><node id="b"/><node id="c"/>
<edge source="a" target="b"><data key="d0">1.5</data></edge>
<edge source="b" target="c"><data key="d0">2</data></edge>
<edge source="a" target="c"><data key="d0">4</data></edge>
</graph>
</graphml>
"""
PAJEK = '*Vertices 3\n1 "a" 0 0\n2 "b" 0 1\n3 "c" 1 0\n*Edges\n1 2 1.5\n2 3 2\n1 3 4\n'
TSP = """NAME : t
TYPE : TSP
DIMENSION : 3
EDGE_WEIGHT_TYPE : EXPLICIT
EDGE_WEIGHT_FORMAT : UPPER_ROW
EDGE_WEIGHT_SECTION
1.5 4
2
EOF
"""
TRIANGLES = {  # the same graph in every format
    "t.gml": TRIANGLE,
    "t.graphml": GRAPHML,
    "t.edgelist": "# c\na b 1.5\nb c 2\na c 4\n",
    "d.edgelist": "a b {'weight': 1.5}\nb c {'weight': 2}\na c {'weight': 4}\n",
    "t.csv": "a,b,1.5\nb,c,2\na,c,4\n",
    "t.net": PAJEK,
    "t.gr": "c tiny\np sp 3 3\na 1 2 1.5\na 2 3 2\na 1 3 4\n",
    "t.tsp": TSP,
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to


def refusal(path: Path | str, **options: Any) -> str:
    """The message of the InputError that reading the file must raise: one printable line naming the file."""
    with pytest.raises(InputError) as caught:
        read_graph(path, **options)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 600
    return message


def triples(file: GraphFile) -> list[tuple[str, str, float]]:
    """The edges by label, ends and edges sorted."""
    network = file.network
    names = [tuple(sorted(map(str, edge))) for edge in network.edges()]
    return sorted((u, v, w) for (u, v), w in zip(names, network.weight.tolist(), strict=True))


# What must be accepted and refused


def _expected() -> list[dict[str, str]]:
    path = SHARED / "badinputs" / "EXPECTED.csv"
    return list(csv.DictReader(path.open())) if path.exists() else []


RECIPES = {  # files that the reader accepts, for the recipe to refuse
    "ok_disconnected.gml",
    "ok_isolated.gml",
    "ok_negative_cycle.gml",
    "bad_edge_key_no_multi.gml",
    "bad_neg_length.gr",
}


@needs_shared
@pytest.mark.parametrize("row", _expected(), ids=lambda row: row["file"])
def test_bad_inputs(row: dict[str, str]) -> None:
    path = SHARED / "badinputs" / row["file"]
    if row["expect"] == "reject" and row["file"] not in RECIPES:
        assert row["file"] in refusal(path)
        return
    try:
        network = read_graph(path).network
    except InputError:
        assert row["expect"] == "either"
        return
    if row["expect_n"]:
        assert network.n == int(row["expect_n"])
    if row["expect_m"]:
        assert network.m == int(row["expect_m"])


@needs_shared
@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("ok_some_weights_missing.gml", "edge 2 ('b' to 'c') has no weight"),
        ("bad_dup_id.gml", "node id 0"),
        ("bad_unknown_target.gml", "node 9"),
        ("bad_weight_nan.gml", "edge 1 ('a' to 'b')"),
        ("bad_weight_hugeint.gml", "edge 1 ('a' to 'b')"),
        ("bad_weight_list.gml", "edge 1 ('a' to 'b')"),
        ("bad_weight_word.graphml", "'heavy'"),
        ("bad_latin1_label.gml", "Latin-1"),
        ("bad_utf16.gml", "UTF-16"),
        ("bad_is_graphml.gml", "GraphML"),
        ("bad_csv.edgelist", "--delimiter ','"),
        ("bad_header.edgelist", "header"),
        ("bad_index.net", "vertex 9"),
        ("bad_word.gr", "line 2"),
        ("bad_xxe.graphml", "<!DOCTYPE ...>"),
        ("ok_implicit_node.graphml", "node 'zz'"),
    ],
)
def test_refusals_name_the_thing(file: str, words: str) -> None:
    assert words in refusal(SHARED / "badinputs" / file)


@needs_shared
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_hostile_files_stay_small_and_quick() -> None:
    files = ["bad_gz_bomb.gml.gz", "bad_billion_laughs.graphml", "bad_quadratic_blowup.graphml", "bad_count_huge.net"]
    script = (
        "import sys\nfrom problems.io import *\n"
        "for path in sys.argv[1:]:\n    try:\n        read_graph(path)\n        sys.exit(path)\n"
        "    except InputError:\n        pass\n"
        "high = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "print(high[0])"  # not ru_maxrss, which begins with that of the process that started this one
    )
    paths = [str(SHARED / "badinputs" / file) for file in [*files, "bad_huge_n.gr"]]
    root = ROOT
    done = subprocess.run([sys.executable, "-c", script, *paths], cwd=root, capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 500_000


@needs_shared
def test_topology_zoo_pairs() -> None:
    pairs = [(gml, SHARED / "topologyzoo/graphml" / f"{gml.stem}.graphml") for gml in SHARED.glob("topologyzoo/gml/*")]
    assert len(pairs) == 138
    for gml, graphml in pairs:
        one, two = read_graph(gml), read_graph(graphml)
        assert (one.network.n, one.network.m) == (two.network.n, two.network.m), gml.name
        assert triples(one) == triples(two), gml.name


@needs_shared
@pytest.mark.parametrize(
    ("file", "n", "m", "directed"),
    [
        ("karate.gml", 34, 78, True),
        ("lesmis.gml", 77, 254, False),
        ("netscience.gml", 1589, 2742, False),
        ("power.gml", 4941, 6594, False),
        ("usair97.gml", 332, 2126, False),
        ("rome99.gr", 3353, 8870, True),
        ("NY.gr.xz", 264346, 365050, False),
        ("si535.tsp", 535, 535 * 534 // 2, False),
    ],
)
def test_real_files(file: str, n: int, m: int, directed: bool) -> None:
    network = read_graph(SHARED / "data" / file).network
    assert (network.n, network.m, network.directed) == (n, m, directed)
    assert len(set(network.nodes)) == n


# The formats


@pytest.mark.parametrize("name", TRIANGLES)
def test_every_format(write: Write, name: str) -> None:
    file = read_graph(write(name, TRIANGLES[name]))
    assert (file.network.n, file.network.m) == (3, 3)
    assert file.network.weight[np.lexsort((file.network.head, file.network.tail))].tolist() == [1.5, 4.0, 2.0]
    assert file.network.directed == (name == "t.gr")
    assert file.notes == ()


@pytest.mark.parametrize("name", ["t.gml", "t.graphml", "t.edgelist", "t.net", "t.tsp"])
@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_packed(write: Write, name: str, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(TRIANGLES[name].encode())
    assert read_graph(write(name + suffix, packed)).network.m == 3
    assert "packed" in refusal(write(name, packed))
    assert "drop" in refusal(write("plain-" + name + suffix, TRIANGLES[name]))
    assert "damaged" in refusal(write("cut-" + name + suffix, packed[:-9]))
    assert "empty" in refusal(write("empty-" + name + suffix, b""))


def test_bombs(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = write("b.gml.xz", lzma.compress(b" " * (60 << 20)))
    assert "200 times" in refusal(bomb)
    monkeypatch.setattr(content_module, "MAX_BYTES", 1 << 20)
    assert "1 MB" in refusal(write("large.gml", " " * (2 << 20)))


@pytest.mark.parametrize(
    ("name", "as_name", "hint"),
    [
        ("t.graphml", "x.gml", ".graphml"),
        ("t.gml", "x.edgelist", ".gml"),
        ("t.gml", "x.graphml", ".gml"),
        ("t.net", "x.gml", ".net"),
        ("t.gr", "x.txt", ".gr"),
        ("t.tsp", "x.gr", ".tsp"),
        ("t.edgelist", "x.unknown", "rename"),
        ("t.edgelist", "x.graphml", "XML"),
    ],
)
def test_name_and_content_disagree(write: Write, name: str, as_name: str, hint: str) -> None:
    assert hint in refusal(write(as_name, TRIANGLES[name]))


def test_content_decides_where_the_name_is_silent(write: Write) -> None:
    assert read_graph(write("graph", TRIANGLE)).network.m == 3


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


def test_graphml_labels_defaults_and_late_keys(write: Write) -> None:
    text = GRAPHML.replace('attr.type="double"/>', 'attr.type="double"><default>7</default></key>')
    text = text.replace('<data key="d0">2</data>', "").replace('<node id="a"/>', '<node id="a" />')
    assert read_graph(write("x.graphml", text)).network.weight.tolist() == [1.5, 7, 4]
    named = GRAPHML
    for node, label in zip("abc", ("x", "y", "z"), strict=True):
        named = named.replace(f'<node id="{node}"/>', f'<node id="{node}"><data key="d1">{label}</data></node>')
    assert list(read_graph(write("x.graphml", named)).network.nodes) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<edge ", '<edge directed="true" ', None),
        ('<edge source="a" target="b"', '<edge source="a" target="b" directed="true"', "mixes"),
        ('<edge source="a" target="b"', '<edge source="a" target="q"', "node 'q'"),
        ("undirected", "sideways", "'sideways'"),
        ("</graph>", "</graph><graph/>", "more than one"),
        ("</graph>", "<hyperedge/></graph>", "hyperedge"),
        ('<node id="a"/>', "<node/>", "node 1 has no id"),
        ('attr.type="double"', 'attr.type="decimal"', "'decimal'"),
        ('id="d1"', 'id="d0"', "twice"),
        ('encoding="UTF-8"', 'encoding="klingon"', "encoding"),
        ("</graph>", "<a>" * 200 + "</a>" * 200 + "</graph>", "deep"),
        ("<graphml", "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><graphml", "DOCTYPE"),
        ("graphml", "gexf", "<gexf>"),
        ("</graphml>", "", "well-formed"),
    ],
)
def test_graphml_variants(write: Write, old: str, new: str, words: str | None) -> None:
    path = write("x.graphml", GRAPHML.replace(old, new))
    if words is None:
        assert read_graph(path).network.directed
    else:
        assert words in refusal(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b,1\nb,c,2\n", "--delimiter ','"),
        ("a, b, 1\n", "--delimiter ','"),
        ("a;b;1\n", "--delimiter ';'"),
        ("a b 1\nb c\n", "line 2 has two columns"),
        ("a b 1 2\n", "4 column"),
        ("Source Target\na b\n", "header"),
        ("from to w x\n", "4 column"),
        ("u v w\na b 1\n", "'w', which is not a number"),
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("*Vertices 2\n1 2\n", "promises 2"),
        ("*Vertices 2\n1 a\n1 b\n", "twice"),
        ("*Vertices 2\n1 a\n5 b\n", "vertex 5"),
        ("*Vertices 2\n*Matrix\n0 1\n", "'*Matrix'"),
        ("*Vertices 2\n*Edges\n1 2\n*Arcs\n2 1\n", "both"),
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


# TSPLIB


@needs_shared
def test_optimal_tours_have_their_known_lengths() -> None:
    folder = SHARED / "data" / "tsplib"
    optima = json.loads((folder / "optima.json").read_text())
    tours = sorted(folder.glob("*.opt.tour"))
    assert tours
    for path in tours:
        name = path.name.removesuffix(".opt.tour")
        words = path.read_text().split("TOUR_SECTION")[1].split()
        tour = [int(word) for word in words[: words.index("-1") if "-1" in words else None] if word.isdigit()]
        assert tour_length(read_graph(folder / f"{name}.tsp").network, tour) == optima[name], name


@needs_shared
def test_distances_are_those_of_vrplib_rounded() -> None:
    vrplib = pytest.importorskip("vrplib")
    for name, slack in [("berlin52", 0.5), ("kroA100", 0.5), ("bays29", 0)]:
        path = SHARED / "data" / "tsplib" / f"{name}.tsp"
        network = read_graph(path).network
        theirs = vrplib.read_instance(path)["edge_weight"][network.tail, network.head]
        assert np.max(np.abs(network.weight - theirs)) <= slack


def tour_length(network: Network, tour: list[int]) -> float:
    """The length of a closed tour of TSPLIB node numbers."""
    length = {frozenset(edge): w for edge, w in zip(network.edges(), network.weight.tolist(), strict=True)}
    return sum(length[frozenset(edge)] for edge in zip(tour, tour[1:] + tour[:1], strict=True))


COORDINATES = (
    "DIMENSION : 3\nEDGE_WEIGHT_TYPE : {}\nNODE_COORD_SECTION\n1 0 0\n2 1.5 2\n3 10.30 -20.59\nEOF\n"  # 10 deg 30 min
)


@pytest.mark.parametrize(
    ("metric", "lengths"),
    [
        ("EUC_2D", [3, 23, 24]),  # 2.5 rounds up
        ("CEIL_2D", [3, 24, 25]),
        ("MAN_2D", [4, 31, 31]),
        ("MAX_2D", [2, 21, 23]),
        ("ATT", [1, 8, 8]),
    ],
)
def test_distances(write: Write, metric: str, lengths: list[float]) -> None:
    network = read_graph(write("x.tsp", COORDINATES.format(metric))).network
    assert network.weight.tolist() == lengths
    assert network.positions is not None


def test_geographic_distances(write: Write) -> None:
    burma14 = (
        "1 16.47 96.10\n2 16.47 94.44\n3 20.09 92.54\n4 22.39 93.37\n5 25.23 97.24\n6 22.00 96.05\n7 20.47 97.02\n"
        "8 17.20 96.29\n9 16.30 97.38\n10 14.05 98.12\n11 16.53 97.38\n12 21.52 95.59\n13 19.41 97.13\n14 20.09 94.55\n"
    )
    text = f"TYPE: TSP\nDIMENSION: 14\nEDGE_WEIGHT_TYPE: GEO\nNODE_COORD_SECTION\n{burma14}EOF"
    network = read_graph(write("burma14.tsp", text)).network
    assert tour_length(network, [1, 2, 14, 3, 4, 5, 6, 12, 7, 13, 8, 11, 9, 10]) == 3323  # the published optimum
    assert network.positions is not None
    assert network.positions[0].tolist() == [96.10, 16.47]


MATRIX = np.array([[0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]])


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("form", ["UPPER", "LOWER", "UPPER_DIAG", "LOWER_DIAG"])
def test_matrix_formats(write: Write, form: str, transposed: bool) -> None:
    gap = 0 if "DIAG" in form else 1
    upper = form.startswith("UPPER") != transposed  # the upper triangle by columns is the lower one by rows
    cells = np.triu_indices(4, gap) if upper else np.tril_indices(4, -gap)
    text = (
        f"DIMENSION: 4\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: {form}_{'COL' if transposed else 'ROW'}\n"
        f"EDGE_WEIGHT_SECTION\n{' '.join(map(str, MATRIX[cells]))}\nEOF\n"
    )
    assert read_graph(write("x.tsp", text)).network.weight.tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1.5 4", "1.5 x", "line 7 has 'x'"),
        ("1.5 4", "1.5", "2 numbers"),
        ("1.5 4", "1.5 nan", "'nan'"),
        ("UPPER_ROW", "FUNCTION", "'FUNCTION'"),
        ("EXPLICIT", "SPECIAL", "'SPECIAL'"),
        ("EXPLICIT", "EUC_2D", "no NODE_COORD_SECTION"),
        ("TYPE : TSP", "TYPE : ATSP", "'ATSP'"),
        ("DIMENSION : 3", "DIMENSION : many", "'many'"),
        ("DIMENSION : 3", "DIMENSION : 18512", "171337816 edges"),
        ("UPPER_ROW\nEDGE_WEIGHT_SECTION\n", "FULL_MATRIX\nEDGE_WEIGHT_SECTION\n0 1 2 9 0 3\n", "symmetric"),
        ("NAME : t", "hello", "line 1"),
    ],
)
def test_bad_tsplib(write: Write, old: str, new: str, words: str) -> None:
    assert words in refusal(write("x.tsp", TSP.replace(old, new)))


# Weights and notes


def weighted(*edges: str) -> str:
    """A GML graph on nodes 0 and 1 with these edge attributes."""
    return "graph [ node [ id 0 ] node [ id 1 ] " + "".join(f"edge [ source 0 target 1 {e} ]" for e in edges) + " ]"


@pytest.mark.parametrize(
    ("edges", "name", "weights", "note"),
    [
        (["weight 2 cost 3"], None, [2], ""),
        (["weight 2 cost 3"], "cost", [3], ""),
        (["cost 3 id 7 key 1"], None, [3], "'cost', the only numeric one"),
        (['cost 3 colour "7"'], None, [3], "'cost', the only numeric one"),
        (["cost 3", "id 4"], None, [1, 1], "cost is not a number on every edge"),
        (["cost 3 speed 5", "cost 4"], None, [3, 4], "'cost'"),
        (["id 3"], None, [1], "no weights"),
        (["id 3"], "id", [3], ""),
        (['weight "2.5"'], None, [2.5], ""),
        ([f"weight {2**53 + 1}"], None, [2.0**53], "2^53"),
    ],
)
def test_choice_of_weight(write: Write, edges: list[str], name: str | None, weights: list[float], note: str) -> None:
    file = read_graph(write("x.gml", weighted(*edges)), weight=name)
    assert file.network.weight.tolist() == weights
    assert note in " ".join(file.notes)


@pytest.mark.parametrize(
    ("edges", "name", "words"),
    [
        (["cost 3 speed 5"], None, "(cost, speed); choose one with --weight NAME"),
        (["cost 3 speed 5"], "toll", "no edge attribute 'toll'; the numeric ones there are: cost, speed"),
        ([""], "toll", "there are none: omit --weight"),
        (
            ["cost 3", ""],
            "cost",
            "edge 2 (0 to 1) has no cost; give every edge one, or choose another attribute with --weight",
        ),
    ],
)
def test_weight_that_cannot_be_chosen(write: Write, edges: list[str], name: str | None, words: str) -> None:
    options = {} if name is None else {"weight": name}
    assert words in refusal(write("x.gml", weighted(*edges)), **options)


def test_weight_of_formats_without_names(write: Write) -> None:
    path = write("x.gr", TRIANGLES["t.gr"])
    assert read_graph(path, weight="weight").network.m == 3
    assert "'toll'" in refusal(path, weight="toll")


# Further attributes


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.gml", weighted('cost 3 time 5 load "2.5"', "cost 4 time 6 load 1e1")),
        (
            "x.graphml",
            '<graphml><key id="c" for="edge" attr.name="cost" attr.type="int"/>'
            '<key id="t" for="edge" attr.name="time" attr.type="double"><default>6</default></key>'
            '<key id="l" for="edge" attr.name="load" attr.type="string"/>'
            '<graph edgedefault="undirected"><node id="a"/><node id="b"/>'
            '<edge source="a" target="b"><data key="c">3</data><data key="t">5</data><data key="l">2.5</data></edge>'
            '<edge source="a" target="b"><data key="c">4</data><data key="l">10</data></edge></graph></graphml>',
        ),
        ("x.edgelist", "a b {'cost': 3, 'time': 5, 'load': '2.5'}\na b {'cost': 4, 'time': 6.0, 'load': 10}\n"),
    ],
)
def test_attributes(write: Write, name: str, text: str) -> None:
    path = write(name, text)
    file = read_graph(path, attributes=["time", "load", "time"])
    assert {key: values.tolist() for key, values in file.network.attributes.items()} == {
        "time": [5, 6],
        "load": [2.5, 10],
    }
    assert all(values.dtype == np.float64 for values in file.network.attributes.values())
    assert file.network.weight.tolist() == [3, 4]
    assert [note for note in file.notes if "parallel" not in note] == [
        "The edge attribute 'cost', the only other numeric one, is taken as weight."
    ]
    assert read_graph(path, weight="cost").network.attributes == {}


@pytest.mark.parametrize(
    ("edges", "name", "weights", "note"),
    [
        (["time 5", "time 6"], None, [1, 1], "no weights, so each counts 1"),
        (
            ["time 5 cost 1", "time 6"],
            None,
            [1, 1],
            "no weights (cost is not a number on every edge), so each counts 1",
        ),
        (["time 5 weight 1", "time 6 weight 2"], None, [1, 2], ""),
        (["time 5 cost 1", "time 6 cost 2"], "time", [5, 6], ""),
        (["time 5 cost 1 toll 3", "time 6 cost 2 toll 4"], "toll", [3, 4], ""),
    ],
)
def test_weight_beside_a_limit(
    write: Write, edges: list[str], name: str | None, weights: list[float], note: str
) -> None:
    file = read_graph(write("x.gml", weighted(*edges)), weight=name, attributes=["time"])
    assert file.network.weight.tolist() == weights
    assert file.network.attributes["time"].tolist() == [5, 6]
    assert note in " ".join(file.notes)


def test_weight_as_a_limit(write: Write) -> None:
    network = read_graph(write("x.gml", weighted("weight 2 cost 3")), attributes=["weight"]).network
    assert network.weight.tolist() == network.attributes["weight"].tolist() == [2]
    network = read_graph(write("x.gml", weighted("weight 2 cost 3")), "cost", attributes=["weight"]).network
    assert (network.weight.tolist(), network.attributes["weight"].tolist()) == ([3], [2])


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        (["time 5 cost 1", "cost 2"], "edge 2 (0 to 1) has no time; give every edge one, or choose another attribute"),
        (["time 5", 'time "slow"'], "edge 2 (0 to 1) has as time 'slow', which is not a number; give every edge a"),
        (["time 5", "time nan"], "edge 2 (0 to 1) has as time nan, which is not a number"),
        (["time 5", "time -inf"], "edge 2 (0 to 1) has as time -inf, which is not finite"),
        (["time 1" + "0" * 400], "edge 1 (0 to 1) has as time 1"),
        (['time "1' + "0" * 400 + '"'], "which is too large"),
        (["time [ a 1 ]"], "edge 1 (0 to 1) has as time a list, which is not a number"),
        (
            ['tiem 5 cost 1 toll "7" name "x"'],
            "has no edge attribute 'time'; the numeric ones there are: tiem, cost, toll",
        ),
        (['name "x"'], "has no edge attribute 'time'; numeric ones there are none: omit --limit"),
        (["time 5 cost 1 toll 2"], "has several numeric edge attributes (cost, toll); choose one with --weight NAME"),
    ],
)
def test_attributes_that_cannot_be_read(write: Write, edges: list[str], words: str) -> None:
    message = refusal(write("x.gml", weighted(*edges)), attributes=["time"])
    assert words in message
    assert ("--weight" in message) == ("several" in words)


def test_missing_limit_says_limit(write: Write) -> None:
    path = write("x.edgelist", "a b {'cost': 1, 'time': 2}\nb c {'cost': 1}\n")
    assert "edge 2 ('b' to 'c') has no time" in (message := refusal(path, attributes=["time"]))
    assert message.endswith("with --limit")
    path = write("x.edgelist", "a b {'cost': 1, 'time': True}\n")
    assert "edge 1 ('a' to 'b') has as time True" in refusal(path, attributes=["time"])


def test_attributes_of_formats_without_names(write: Write) -> None:
    for name in ("t.gr", "t.tsp"):
        path = write(name, TRIANGLES[name])
        network = read_graph(path, attributes=["weight"]).network
        assert network.attributes["weight"].tolist() == network.weight.tolist()
        only = "has no edge attribute 'time'; its only one is weight: name that or omit --limit"
        assert only in refusal(path, attributes=["weight", "time"])
    assert "numeric ones there are none" in refusal(write("x.gr", "p tw 2 1\n1 2\n"), attributes=["time"])
    empty = read_graph(write("x.gml", "graph [ node [ id 0 ] ]"), attributes=["time"]).network
    assert empty.attributes["time"].shape == (0,)


def test_rounded_attributes_are_noted(write: Write) -> None:
    edge = f"time {2**53 + 1} weight {2**53 + 1}"
    notes = read_graph(write("x.gml", weighted(edge)), attributes=["time"]).notes
    rounded = "beyond 2^53 (1) are rounded to the nearest floating-point number."
    assert notes == (f"Integers given as time {rounded}", f"Integer weights {rounded}")
    assert len(read_graph(write("x.gml", weighted(edge)), "time", attributes=["time"]).notes) == 1
    file = read_graph(write("x.gr", f"p sp 2 1\na 1 2 {2**54}\n"), attributes=["weight"])
    assert file.notes == ("Weights beyond 2^53 are rounded to the nearest floating-point number.",)


# Paths and words


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    assert "directory" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "absent.gml")
    assert "not a possible path" in refusal("nul\0.gml")
    assert "a\\x1b[2J" in refusal(tmp_path / "a\x1b[2J.gml")
    if os.name == "posix":
        assert "regular" in refusal("/dev/null")
        os.mkfifo(tmp_path / "fifo.gml")
        assert "regular" in refusal(tmp_path / "fifo.gml")
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        (tmp_path / "secret.gml").touch(mode=0)
        assert "denied" in refusal(tmp_path / "secret.gml")


def test_safe() -> None:
    assert safe("a\x1b[2J\n\u202eb") == "a\\x1b[2J\\n\\u202eb"
    assert len(safe("x" * 10**6)) == 60
    assert safe("Zürich 東京") == "Zürich 東京"
    assert safe(10**5000) == "<int>"
    assert safe(5) == "5"


def test_import_is_light() -> None:
    script = (
        "import sys, problems.io; print([m for m in ('networkx', 'cvxpy', 'vrplib', 'matplotlib') if m in sys.modules])"
    )
    root = ROOT
    assert subprocess.check_output([sys.executable, "-c", script], cwd=root, text=True).strip() == "[]"


# Any graph, any damage

weights = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters='"&#{}[],;'), min_size=1)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, int, float]], bool]:
    """Labels, weighted edges between their positions, and whether they are directed."""
    labels = draw(st.lists(words.filter(lambda word: not word.startswith(("*", "%"))), min_size=1, unique=True))
    node = st.integers(0, len(labels) - 1)
    return labels, draw(st.lists(st.tuples(node, node, weights), min_size=1)), draw(st.booleans())


@quick
@given(graph=graphs())
def test_round_trips(write: Write, graph: tuple[list[str], list[tuple[int, int, float]], bool]) -> None:
    labels, edges, directed = graph
    n = len(labels)
    gml = f"graph [ directed {int(directed)}\n"
    gml += "".join(f'node [ id {i} label "{label}" ]\n' for i, label in enumerate(labels))
    gml += "".join(f"edge [ source {u} target {v} weight {w!r} ]\n" for u, v, w in edges) + "]"
    gr = f"p sp {n} {len(edges)}\n" + "".join(f"a {u + 1} {v + 1} {w!r}\n" for u, v, w in edges)
    net = f"*vertices {n}\n" + "".join(f'{i} "{label}"\n' for i, label in enumerate(labels, start=1))
    net += f"*{'arcs' if directed else 'edges'}\n" + "".join(f"{u + 1} {v + 1} {w!r}\n" for u, v, w in edges)
    for name, text in [("x.gml", gml), ("x.gr", gr), ("x.net", net)]:
        network = read_graph(write(name, text)).network
        assert list(network.nodes) == (list(range(1, n + 1)) if name == "x.gr" else labels)
        assert list(zip(network.tail, network.head, network.weight, strict=True)) == edges
        assert network.directed == (directed or name == "x.gr")
    lines = [f"{labels[u]} {labels[v]} {w!r}" for u, v, w in edges]
    network = read_graph(write("x.edgelist", "\n".join(lines))).network
    assert network.edges() == [(labels[u], labels[v]) for u, v, _ in edges]
    assert network.weight.tolist() == [w for _, _, w in edges]


JUNK = st.sampled_from(
    [b"", b"\0", b"\xff", b'"', b"[", b"]", b"<", b"&x;", b"{", b"-", b"9" * 30, b"nan", b"\n", b" "]
)


@settings(quick, max_examples=250)
@given(name=st.sampled_from(sorted(TRIANGLES)), data=st.data())
def test_damage_is_only_ever_an_input_error(write: Write, name: str, data: st.DataObject) -> None:
    content = TRIANGLES[name].encode()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        stop = data.draw(st.integers(start, min(len(content), start + 20)) | st.just(len(content)))
        junk = data.draw(JUNK | st.binary(max_size=4) | st.just(content[start:stop] * 2))
        content = content[:start] + junk + content[stop:]
    path = write(name, content)
    message, network = "", None
    try:
        network = read_graph(path).network
    except InputError as error:
        message = str(error)
    assert message.isprintable()
    assert "cannot be read as a graph" not in message  # a fault that nobody thought of
    if network is not None:
        assert np.all(np.isfinite(network.weight))
        assert len(set(network.nodes)) == network.n
        assert np.all(
            (network.tail >= 0) & (network.tail < network.n) & (network.head >= 0) & (network.head < network.n)
        )
