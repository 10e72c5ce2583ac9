"""Graphs in JSON, as different programs write them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphfiles import refusal
from written import Write

from problems.io import read_graph

NODES = [{"id": "a"}, {"id": "b"}, {"id": "c"}]
LINKS = [{"source": "a", "target": "b", "weight": 1.5}, {"source": "b", "target": "c", "weight": 2}]
D3 = [{"source": 0, "target": 1, "weight": 1.5}, {"source": 1, "target": 2, "weight": 2}]
FLAT = [{**node, "label": node["id"].upper()} for node in NODES]


def inner(records: list[Any], key: str) -> list[Any]:
    """The records, all but ids and ends one level deeper."""
    outer = ("id", "source", "target")
    return [
        {k: v for k, v in r.items() if k in outer} | {key: {k: v for k, v in r.items() if k not in outer}}
        for r in records
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"directed": False, "multigraph": False, "graph": {}, "nodes": NODES, "links": LINKS},
        {"directed": False, "graph": {"name": "x"}, "nodes": NODES, "edges": LINKS},
        {"nodes": [{"name": "a", "group": 1}, {"name": "b", "group": 1}, {"name": "c", "group": 2}], "links": D3},
        {"nodes": [{"name": name} for name in "abc"], "links": LINKS},
        {"nodes": NODES, "links": D3},
        {"nodes": NODES, "links": [{**link, "source": {"id": link["source"], "x": 1}} for link in LINKS]},
        {"nodes": ["a", "b", "c"], "links": LINKS},
        {"nodes": NODES, "edges": [{"from": e["source"], "to": e["target"], "weight": e["weight"]} for e in LINKS]},
        {"elements": {"nodes": [{"data": n} for n in NODES], "edges": [{"data": e} for e in LINKS]}},
        {"elements": [{"data": n} for n in NODES] + [{"data": e} for e in LINKS]},
        {"graph": {"directed": False, "nodes": {"a": {}, "b": {}, "c": {}}, "edges": inner(LINKS, "metadata")}},
        {
            "options": {"type": "undirected", "multi": False},
            "nodes": [{"key": node["id"], "attributes": {"size": 1}} for node in NODES],
            "edges": inner(LINKS, "attributes"),
        },
        {
            "directed": False,
            "nodes": NODES,
            "adjacency": [
                [{"weight": 1.5, "id": "b"}],
                [{"weight": 1.5, "id": "a"}, {"weight": 2, "id": "c"}],
                [{"weight": 2, "id": "b"}],
            ],
        },
    ],
)
def test_one_graph(write: Write, document: dict[str, Any]) -> None:
    file = read_graph(write("x.json", json.dumps(document)))
    assert file.network.edges() == [("a", "b"), ("b", "c")]
    assert (file.network.weight.tolist(), file.network.directed) == ([1.5, 2], False)


def test_ids_that_are_numbers(write: Write) -> None:
    cytoscape = {
        "directed": True,
        "elements": {
            "nodes": [{"data": {"id": "7", "value": 7, "name": "7"}}, {"data": {"id": "8", "value": 8, "name": "8"}}],
            "edges": [{"data": {"source": 7, "target": 8, "km": 2}}],
        },
    }
    network = read_graph(write("x.cyjs", json.dumps(cytoscape))).network
    assert (network.edges(), network.weight.tolist(), network.directed) == ([("7", "8")], [2], True)
    ids = {"nodes": [{"id": 1}, {"id": 0}], "links": [{"source": 0, "target": 1, "weight": 2}]}
    assert read_graph(write("x.json", json.dumps(ids))).network.edges() == [(0, 1)]  # ids before positions
    tuples = {"nodes": [{"id": [0, 0]}, {"id": [0, 1]}], "links": [{"source": [0, 0], "target": [0, 1], "weight": 2}]}
    assert read_graph(write("x.json", json.dumps(tuples))).network.edges() == [((0, 0), (0, 1))]
    assert any(
        "positions" in note for note in read_graph(write("x.json", json.dumps({"nodes": NODES, "links": D3}))).notes
    )


@pytest.mark.parametrize(
    ("options", "own", "directed", "m"),
    [
        ({"directed": True}, [{}, {}], True, 2),
        ({}, [{}, {}], False, 2),
        ({"options": {"type": "directed"}}, [{}, {}], True, 2),
        ({"options": {"type": "mixed"}}, [{"undirected": True}, {}], True, 3),
        ({}, [{"directed": True}, {"directed": True}], True, 2),
        ({"directed": True}, [{"directed": False}, {}], True, 3),
    ],
)
def test_directions(write: Write, options: dict[str, Any], own: list[Any], directed: bool, m: int) -> None:
    document = {**options, "nodes": NODES, "links": [link | kind for link, kind in zip(LINKS, own, strict=True)]}
    network = read_graph(write("x.json", json.dumps(document))).network
    assert (network.directed, network.m) == (directed, m)


def test_labels_positions_and_texts(write: Write) -> None:
    nodes = [{**node, "x": i, "y": str(i)} for i, node in enumerate(FLAT)]
    links = [{**link, "weight": str(link["weight"])} for link in LINKS]
    network = read_graph(write("x.json", json.dumps({"nodes": nodes, "links": links}))).network
    assert (network.nodes, network.weight.tolist()) == (["A", "B", "C"], [1.5, 2])
    assert network.positions is not None
    assert network.positions.tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"nodes": [', "is not JSON"),
        ("[1, 2]", "without a graph"),
        ('{"a": 1}', "without a graph"),
        ('{"nodes": [{"id": "a"}], "relationships": []}', "nodes but no edges ('nodes, relationships')"),
        ('{"nodes": 3}', "nodes are not a list"),
        ('{"nodes": [{"id": "a"}], "links": {}}', "edges are not a list"),
        ('{"nodes": [{"id": "a"}], "links": [3]}', "has 3 as number 1 of its edges"),
        ('{"nodes": [{"id": "a"}], "links": [{"source": "a"}]}', "None as edge 1's target"),
        ('{"nodes": [{"id": "a"}], "links": [{}]}', "number 1, without source and target"),
        ('{"nodes": [{"id": "a"}], "links": [{"source": "a", "target": "q"}]}', "node 'q', which is not declared"),
        ('{"nodes": [{"id": "a"}, {"id": "a"}], "links": []}', "declared twice"),
        ('{"nodes": [{"id": "a"}, {}], "links": []}', "None as node 2's id"),
        ('{"nodes": [{"id": true}], "links": []}', "True as node 1's id"),
        ('{"nodes": [{"id": NaN}], "links": []}', "nan as node 1's id"),
        ('{"nodes": [{}, {}], "links": [{"source": 0, "target": 2}]}', "without id"),
        ('{"nodes": [{"id": 0}, {"id": 1}], "links": [{"source": 0, "target": 1, "weight": NaN}]}', "not a number"),
        ('{"nodes": [{"id": 0}, {"id": 1}], "links": [{"source": 0, "target": 1, "weight": [1]}]}', "a list"),
        ('{"nodes": [], "links": []}', "no nodes"),
        ('{"nodes": ' + "[" * 100_000, "nested"),
        ('{"nodes": [{"id": ' + "9" * 5000 + '}], "links": []}', "is not JSON"),
        ('{"nodes": [{"id": 0}], "adjacency": []}', "adjacency"),
    ],
)
def test_bad_json(write: Write, text: str, words: str) -> None:
    assert words in refusal(write("x.json", text))
