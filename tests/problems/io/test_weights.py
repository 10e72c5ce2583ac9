"""Which attribute is the weight, and which others are read."""

from __future__ import annotations

import numpy as np
import pytest
from graphfiles import TRIANGLES, refusal
from written import Write

from problems.io import read_graph


def weighted(*edges: str) -> str:
    """A GML graph on nodes 0 and 1 with these edge attributes."""
    return "graph [ node [ id 0 ] node [ id 1 ] " + "".join(f"edge [ source 0 target 1 {e} ]" for e in edges) + " ]"


@pytest.mark.parametrize(
    ("edges", "name", "weights", "note"),
    [
        (["weight 2 cost 3"], None, [2], ""),
        (["weight 2 cost 3"], "cost", [3], ""),
        (["cost 3 id 7 key 1"], None, [3], "'cost', the only numeric one"),
        (['cost 3 colour "7"'], None, [3], "'cost', not colour, is taken"),
        (["speed 3", "id 4"], None, [1, 1], "speed is not a number on every edge"),
        (["cost 3 speed 5"], None, [3], "'cost', not speed, is taken"),
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
        (["width 3 speed 5"], None, "(width, speed); choose one with --weight NAME"),
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
            ["time 5 speed 1", "time 6"],
            None,
            [1, 1],
            "no weights (speed is not a number on every edge: edge 2 (0 to 1) has none), so each counts 1",
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
