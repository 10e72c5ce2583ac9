"""GEXF."""

from __future__ import annotations

import pytest
from graphfiles import refusal
from written import Write

from problems.io import read_graph

GEXF = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://www.gexf.net/1.3" xmlns:viz="http://www.gexf.net/1.3/viz" version="1.3">
<meta><creator>Gephi 0.10</creator></meta><graph defaultedgetype="undirected" mode="static">
<attributes class="edge"><attribute id="0" title="km" type="double"><default>7</default></attribute></attributes>
<nodes count="3"><node id="0" label="a"><viz:position x="1.5" y="-2" z="0"/></node>
<node id="1" label="b"><viz:position x="0" y="0"/></node><node id="2" label="c">
<viz:position x="0" y="1"/></node></nodes><edges>
<edge id="0" source="0" target="1" weight="2.5"><attvalues><attvalue for="0" value="12"/></attvalues></edge>
<edge id="1" source="1" target="2" weight="1"/></edges></graph></gexf>
"""


def test_gephi(write: Write) -> None:
    path = write("x.gexf", GEXF)
    file = read_graph(path, attributes=["km"])
    network = file.network
    assert network.edges() == [("a", "b"), ("b", "c")]
    assert (network.weight.tolist(), network.directed, file.notes) == ([2.5, 1], False, ())
    assert network.attributes["km"].tolist() == [12, 7]
    assert network.positions is not None
    assert network.positions[0].tolist() == [1.5, -2]
    assert read_graph(path, weight="km").network.weight.tolist() == [12, 7]
    assert file.naming(["0", "2"]).network.nodes == ["0", "1", "2"]


def test_weights_that_are_1_are_left_out(write: Write) -> None:
    file = read_graph(write("x.gexf", GEXF.replace(' weight="1"', "")))
    assert file.network.weight.tolist() == [2.5, 1]
    assert file.notes == ("Edges without a weight, which count 1 in GEXF: 1.",)
    bare = GEXF.replace(' weight="1"', "").replace(' weight="2.5"', "")
    notes = read_graph(write("x.gexf", bare)).notes
    assert notes == ("The edge attribute 'km', the only numeric one, is taken as weight.",)


@pytest.mark.parametrize(
    ("kind", "types", "directed", "m"),
    [
        ("directed", ("", ""), True, 2),
        ("undirected", ("", ""), False, 2),
        ("undirected", (' type="directed"', ' type="directed"'), True, 2),
        ("directed", (' type="undirected"', ""), True, 3),
        ("mutual", ("", ""), False, 2),
    ],
)
def test_directions(write: Write, kind: str, types: tuple[str, str], directed: bool, m: int) -> None:
    text = GEXF.replace('type="undirected"', f'type="{kind}"').replace('weight="2.5"', f'weight="2.5"{types[0]}')
    network = read_graph(write("x.gexf", text.replace('weight="1"', f'weight="1"{types[1]}'))).network
    assert (network.directed, network.m) == (directed, m)


def test_one_node_and_nested_nodes(write: Write) -> None:
    one = '<gexf version="1.2"><graph><nodes><node id="0" label="a"/></nodes></graph></gexf>'
    assert read_graph(write("x.gexf", one)).network.nodes == ["a"]
    assert read_graph(write("x.xml", one)).network.nodes == ["a"]
    nested = '<node id="0"><nodes><node id="1"/></nodes></node>'
    assert read_graph(write("x.gexf", f"<gexf><graph><nodes>{nested}</nodes></graph></gexf>")).network.n == 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('source="0"', 'source="9"', "node '9', which is not declared"),
        ('target="1"', "", "edge 1 has no target"),
        ('id="2"', 'id="1"', "declared twice"),
        ('<node id="1"', "<node", "has no id"),
        ("undirected", "sideways", "'sideways'"),
        ('weight="1"', 'type="odd"', "'odd'"),
        ('weight="1"', 'weight="heavy"', "'heavy', which is not a number"),
        ("gexf", "graphml", "looks like GraphML"),
        ("<gexf", "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><gexf", "DOCTYPE"),
        ("</gexf>", "", "well-formed"),
        ("</graph>", "</graph><graph/>", "more than one"),
    ],
)
def test_bad_gexf(write: Write, old: str, new: str, words: str) -> None:
    assert words in refusal(write("x.gexf", GEXF.replace(old, new)))
