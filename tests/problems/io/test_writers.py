"""Graphs as other programs write them come back as they were: networkx's own writers, igraph's and Gephi's habits."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from graphfiles import refusal
from written import Write

from problems.io import GraphFile, read_graph

Graph = nx.Graph
KINDS = (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph)


def random_graph(kind: type[Graph], seed: int) -> Graph:
    """Some nodes with names, some weighted edges, loops among them; no node is without an edge."""
    rng = random.Random(seed)
    names = ["a", "b c", "Zürich", "d&e", "f<g>", "7", "h"][: rng.randint(2, 7)]
    graph = kind()
    for i, u in enumerate(names):
        for v in [*rng.sample(names, 2), names[i - 1]]:
            graph.add_edge(u, v, weight=rng.choice([1, 2.5, -3, 1e-05, 12345678901]))
    return graph


def weighted(edges: Any, directed: bool) -> Counter[tuple[Any, ...]]:
    """The edges as a bag, undirected ones with sorted ends."""
    return Counter((*((str(u), str(v)) if directed else sorted((str(u), str(v)))), float(w)) for u, v, w in edges)


def check(graph: Graph, file: GraphFile, directed: bool | None = None) -> None:
    """That nodes, edges, weights and direction are those of the graph."""
    g = file.network
    directed = graph.is_directed() if directed is None else directed
    assert g.directed == directed
    assert set(map(str, g.nodes)) == set(map(str, graph))
    ours = weighted(((u, v, w) for (u, v), w in zip(g.edges(), g.weight.tolist(), strict=True)), directed)
    assert ours == weighted(graph.edges(data="weight", default=1), directed)


def written(write: Callable[..., None], *arguments: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    write(*arguments, file, **options)
    return file.getvalue()


WRITERS: dict[str, Callable[[Graph], bytes | str]] = {
    "x.gml": lambda graph: written(nx.write_gml, graph),
    "x.graphml": lambda graph: written(nx.write_graphml_xml, graph),
    "typed.graphml": lambda graph: written(nx.write_graphml_xml, graph, infer_numeric_types=True),
    "x.gexf": lambda graph: written(nx.write_gexf, graph),
    "old.gexf": lambda graph: written(nx.write_gexf, graph, version="1.1draft"),
    "links.json": lambda graph: json.dumps(nx.node_link_data(graph, edges="links")),
    "edges.json": lambda graph: json.dumps(nx.node_link_data(graph, edges="edges")),
    "cytoscape.json": lambda graph: json.dumps(nx.cytoscape_data(graph)),
    "adjacency.json": lambda graph: json.dumps(nx.adjacency_data(graph)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WRITERS)
def test_networkx(write: Write, name: str, kind: type[Graph]) -> None:
    for seed in range(5):
        graph = random_graph(kind, seed)
        check(graph, read_graph(write(name, WRITERS[name](graph))))


@pytest.mark.parametrize("kind", KINDS)
def test_networkx_pajek(write: Write, kind: type[Graph]) -> None:
    for seed in range(5):
        graph = nx.relabel_nodes(random_graph(kind, seed), {"b c": "b_c"})
        check(graph, read_graph(write("x.net", written(nx.write_pajek, graph))))


@pytest.mark.parametrize("kind", KINDS)
def test_networkx_edge_lists(write: Write, kind: type[Graph]) -> None:
    for seed in range(5):
        graph = nx.relabel_nodes(random_graph(kind, seed), {"b c": "b_c"})
        said = graph.is_directed()
        for data in (True, ["weight"]):
            for delimiter, name in ((" ", "x.edgelist"), (",", "x.csv"), ("\t", "x.tsv"), (" ", "x.txt")):
                content = written(nx.write_edgelist, graph, data=data, delimiter=delimiter)
                check(graph, read_graph(write(name, content), directed=said))
        check(graph, read_graph(write("x.edges", written(nx.write_weighted_edgelist, graph)), directed=said))
        bare = kind(graph.edges())
        check(bare, read_graph(write("x.edgelist", written(nx.write_edgelist, bare, data=False)), directed=said))


@pytest.mark.parametrize("kind", KINDS)
def test_networkx_lists_of_neighbours(write: Write, kind: type[Graph]) -> None:
    for seed in range(5):
        graph = nx.relabel_nodes(random_graph(kind, seed), {"b c": "b_c"})
        said = graph.is_directed()
        check(graph, read_graph(write("x.multiadj", written(nx.write_multiline_adjlist, graph)), directed=said))
        bare = kind(graph.edges())
        check(bare, read_graph(write("x.adjlist", written(nx.write_adjlist, bare)), directed=said))


def test_networkx_graph6(write: Write) -> None:
    for seed in range(5):
        graph = nx.convert_node_labels_to_integers(nx.Graph(random_graph(nx.Graph, seed).edges()))
        check(graph, read_graph(write("x.s6", written(nx.write_sparse6, graph))))
        graph.remove_edges_from(list(nx.selfloop_edges(graph)))
        for header in (True, False):
            check(graph, read_graph(write("x.g6", written(nx.write_graph6, graph, header=header))))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.g6", "B", "cut short"),
        ("x.g6", "Bw Bw", "has 2 graphs"),
        ("x.g6", "B!", "characters"),
        ("x.s6", ":~~~~~~~~", "promises more than 1,000,000 nodes"),
        ("x.s6", ":", "no graph6"),
        ("x.multiadj", "a 2\nb {}\n", "ends where 1 neighbours of 'a'"),
        ("x.multiadj", "a b\n", "write 'node neighbours'"),
        ("x.multiadj", "a 1\nb {'weight': f()}\n", "line 2"),
        ("x.adjlist", "# nothing\n", "no nodes"),
    ],
)
def test_bad_lists_of_neighbours(write: Write, name: str, text: str, words: str) -> None:
    assert words in refusal(write(name, text))


def test_pandas(write: Write) -> None:
    pandas = pytest.importorskip("pandas")
    assert pandas
    for seed in range(5):
        graph = random_graph(nx.MultiDiGraph, seed)
        table = nx.to_pandas_edgelist(graph)
        for index in (False, True):
            for separator in (",", ";", "\t"):
                content = table.to_csv(sep=separator, index=index)
                check(graph, read_graph(write("x.csv", content), directed=True))


def test_scipy(write: Write) -> None:
    from scipy.io import mmwrite

    for kind in (nx.Graph, nx.DiGraph):
        for seed in range(5):
            graph = nx.convert_node_labels_to_integers(random_graph(kind, seed), 1)
            matrix = nx.to_scipy_sparse_array(graph, format="coo")
            check(graph, read_graph(write("x.mtx", written(lambda m, f: mmwrite(f, m), matrix))))


def igraph_graphml(graph: Graph) -> str:
    """As igraph writes GraphML: nodes n0, n1, ..., their names an attribute."""
    index = {node: i for i, node in enumerate(graph)}
    escape = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    nodes = "".join(
        f'    <node id="n{i}">\n      <data key="v_name">{u.translate(escape)}</data>\n    </node>\n'
        for u, i in index.items()
    )
    edges = "".join(
        f'    <edge source="n{index[u]}" target="n{index[v]}">\n      <data key="e_weight">{w!r}</data>\n    </edge>\n'
        for u, v, w in graph.edges(data="weight")
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        "<!-- Created by igraph 0.10.8 -->\n"
        '  <key id="v_name" for="node" attr.name="name" attr.type="string"/>\n'
        '  <key id="e_weight" for="edge" attr.name="weight" attr.type="double"/>\n'
        f'  <graph id="G" edgedefault="{"" if graph.is_directed() else "un"}directed">\n'
        f"{nodes}{edges}  </graph>\n</graphml>\n"
    )


def igraph_gml(graph: Graph) -> str:
    """As igraph writes GML, names escaped."""
    index = {node: i for i, node in enumerate(graph)}
    nodes = "".join(f'  node\n  [\n    id {i}\n    name "{u.replace("&", "&amp;")}"\n  ]\n' for u, i in index.items())
    edges = "".join(
        f"  edge\n  [\n    source {index[u]}\n    target {index[v]}\n    weight {w!r}\n  ]\n"
        for u, v, w in graph.edges(data="weight")
    )
    head = f'Creator "igraph version 0.10.8"\nVersion 1\ngraph\n[\n  directed {int(graph.is_directed())}\n'
    return f"{head}{nodes}{edges}]\n"


def igraph_pajek(graph: Graph) -> str:
    """As igraph writes Pajek, CRLF and all."""
    index = {node: i for i, node in enumerate(graph, start=1)}
    nodes = "".join(f'{i} "{u}"\r\n' for u, i in index.items())
    edges = "".join(f"{index[u]} {index[v]} {w!r}\r\n" for u, v, w in graph.edges(data="weight"))
    return f"*Vertices {len(index)}\r\n{nodes}*{'Arcs' if graph.is_directed() else 'Edges'}\r\n{edges}"


def gephi_csv(graph: Graph) -> str:
    """As Gephi exports its table of edges."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["Source", "Target", "Type", "Id", "Label", "timeset", "Weight"])
    kind = "Directed" if graph.is_directed() else "Undirected"
    for i, (u, v, w) in enumerate(graph.edges(data="weight")):
        rows.writerow([u, v, kind, i, "", "", w])
    return file.getvalue()


def gephi_gexf(graph: Graph) -> str:
    """As Gephi exports GEXF: weights of 1 left out, the kind of an edge said only where it is not the default."""
    from xml.sax.saxutils import quoteattr

    index = {node: i for i, node in enumerate(graph)}
    nodes = "".join(
        f'<node id="{i}" label={quoteattr(u)}><viz:size value="10.0"/><viz:position x="{i}.5" y="-3.25"/></node>'
        for u, i in index.items()
    )
    edges = ""
    for e, (u, v, w) in enumerate(graph.edges(data="weight")):
        weight = "" if w == 1 else f" weight={quoteattr(repr(w))}"
        edges += f'<edge id="{e}" source="{index[u]}" target="{index[v]}"{weight}></edge>'
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        '<gexf xmlns="http://gexf.net/1.3" version="1.3" xmlns:viz="http://gexf.net/1.3/viz">'
        "<meta lastmodifieddate='2024-01-01'><creator>Gephi 0.10.1</creator></meta>"
        f'<graph defaultedgetype="{"" if graph.is_directed() else "un"}directed" mode="static">'
        f"<nodes>{nodes}</nodes><edges>{edges}</edges></graph></gexf>"
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "as_written"),
    [
        ("x.graphml", igraph_graphml),
        ("x.gml", igraph_gml),
        ("x.net", igraph_pajek),
        ("x.csv", gephi_csv),
        ("x.gexf", gephi_gexf),
    ],
)
def test_igraph_and_gephi(write: Write, name: str, as_written: Callable[[Graph], str], kind: type[Graph]) -> None:
    for seed in range(5):
        graph = random_graph(kind, seed)
        check(graph, read_graph(write(name, as_written(graph))))


def test_a_lie_is_found(write: Write) -> None:
    graph = random_graph(nx.Graph, 0)
    path: Path = write("x.gml", WRITERS["x.gml"](graph))
    u, v, w = next(iter(graph.edges(data="weight")))
    graph.edges[u, v]["weight"] = w + 1
    with pytest.raises(AssertionError):
        check(graph, read_graph(path))
