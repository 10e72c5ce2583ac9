"""GraphML, of yEd, graph-tool and others too."""

from __future__ import annotations

import pytest
from graphfiles import GRAPHML, refusal
from written import Write

from problems.io import read_graph


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
        ("graphml", "xgmml", "<xgmml>"),
        ("</graphml>", "", "well-formed"),
    ],
)
def test_graphml_variants(write: Write, old: str, new: str, words: str | None) -> None:
    path = write("x.graphml", GRAPHML.replace(old, new))
    if words is None:
        assert read_graph(path).network.directed
    else:
        assert words in refusal(path)


KEYS = '<key id="{}" for="edge" attr.name="{}" attr.type="string"/>'


def osm(*attributes: str) -> str:
    """A directed GraphML graph of two edges a to b, all attributes text as OSMnx writes it: "name=first,second"."""
    keys = "".join(KEYS.format(f"d{i}", pair.split("=")[0]) for i, pair in enumerate(attributes))
    edges = ""
    for e in range(2):
        data = "".join(
            f'<data key="d{i}">{pair.split("=")[1].split("|")[e]}</data>' for i, pair in enumerate(attributes)
        )
        edges += f'<edge source="a" target="b" id="{e}">{data}</edge>'
    places = '<key id="x" for="node" attr.name="x" attr.type="string"/><key id="y" for="node" attr.name="y"/>'
    nodes = "".join(
        f'<node id="{n}"><data key="x">{i}.5</data><data key="y">-1</data></node>' for i, n in enumerate("ab")
    )
    return f'<graphml>{keys}{places}<graph edgedefault="directed">{nodes}{edges}</graph></graphml>'


def test_numbers_written_as_text(write: Write) -> None:
    text = osm("osmid=7|[8, 9]", "oneway=False|True", "length=67.5|10.25", "lanes=2|3", "name=Main St|Elm St")
    file = read_graph(write("x.graphml", text))
    assert file.network.weight.tolist() == [67.5, 10.25]
    assert file.notes == ("The edge attribute 'length', not lanes, is taken as weight.",)
    assert file.network.directed
    assert file.network.positions is not None
    assert file.network.positions.tolist() == [[0.5, -1], [1.5, -1]]
    assert read_graph(write("x.graphml", osm("osmid=7|8", "length=1|2"))).network.weight.tolist() == [1, 2]
    assert read_graph(write("x.graphml", osm("length= 1|2 "))).network.weight.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (["length=1|2", "travel_time=3|4"], "(length, travel_time); choose one with --weight NAME"),
        (["length=1|long"], "'length', but not as a number on every edge"),
        (["roadLength=1|"], "'roadLength', but not as a number on every edge"),
        (["width=1|2"], "no attribute that is surely a weight, but numbers in width"),
    ],
)
def test_hops_are_not_counted_where_a_length_may_be_meant(write: Write, attributes: list[str], words: str) -> None:
    path = write("x.graphml", osm(*attributes))
    message = refusal(path)
    assert words in message
    assert "--unweighted to count edges" in message
    file = read_graph(path, unweighted=True)
    assert (file.network.weight.tolist(), file.notes) == ([1, 1], ())
    assert "say one of them" in refusal(path, unweighted=True, weight="length")


def test_hops_are_counted_where_nothing_is_a_number(write: Write) -> None:
    file = read_graph(write("x.graphml", osm("osmid=7|8", "highway=primary|residential", "oneway=True|False")))
    assert file.network.weight.tolist() == [1, 1]
    assert file.notes == ("The edges have no weights, so each counts 1.",)


def yed(edges: str, nodes: str = "") -> str:
    """A GraphML graph as yEd writes it."""
    names = (("n0", "Depot"), ("n1", "Mill"), ("n2", "Shop"))
    drawn = "".join(
        f'<node id="{n}"><data key="d6"><y:ShapeNode><y:Geometry height="30.0" width="20.0" x="{x}" y="50"/>'
        f'<y:NodeLabel hasText="true">{name}<y:LabelModel/></y:NodeLabel></y:ShapeNode></data></node>'
        for x, (n, name) in enumerate(names)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns"'
        ' xmlns:y="http://www.yworks.com/xml/graphml"><key for="port" id="d1" yfiles.type="portgraphics"/>'
        '<key for="node" id="d6" yfiles.type="nodegraphics"/><key for="graphml" id="d7" yfiles.type="resources"/>'
        '<key attr.name="description" attr.type="string" for="edge" id="d9"/>'
        '<key for="edge" id="d10" yfiles.type="edgegraphics"/>'
        f'<graph edgedefault="directed" id="G">{drawn}{nodes}{edges}</graph>'
        '<data key="d7"><y:Resources/></data></graphml>'
    )


def arrow(u: str, v: str, label: str, head: str = "standard") -> str:
    return (
        f'<edge id="{u}{v}" source="{u}" target="{v}"><data key="d9"/><data key="d10"><y:PolyLineEdge>'
        f'<y:Arrows source="none" target="{head}"/><y:EdgeLabel>{label}<y:LabelModel/></y:EdgeLabel>'
        "</y:PolyLineEdge></data></edge>"
    )


def test_yed_draws_names_and_weights(write: Write) -> None:
    path = write("x.graphml", yed(arrow("n0", "n1", "2") + arrow("n1", "n2", "3.5")))
    file = read_graph(path)
    assert file.network.edges() == [("Depot", "Mill"), ("Mill", "Shop")]
    assert (file.network.weight.tolist(), file.network.directed) == ([2, 3.5], True)
    assert file.notes == ("The edge attribute 'label', the only numeric one, is taken as weight.",)
    assert file.network.positions is not None
    assert file.network.positions[0].tolist() == [10, -65]  # the middle of the shape, upwards
    assert file.naming(["Depot", "Shop"]).network.nodes == ["Depot", "Mill", "Shop"]
    assert file.naming(["n0", "n2"]).network.nodes == ["n0", "n1", "n2"]
    assert file.naming(["n0", "Shop"]) is file
    assert file.naming([]) is file


def test_yed_edges_without_arrowheads_or_numbers(write: Write) -> None:
    file = read_graph(write("x.graphml", yed(arrow("n0", "n1", "2", "none") + arrow("n1", "n2", "3", "none"))))
    assert not file.network.directed
    assert read_graph(write("x.graphml", yed(arrow("n0", "n1", "2", "none") + arrow("n1", "n2", "3")))).network.directed
    assert "'label'" in refusal(write("x.graphml", yed(arrow("n0", "n1", "2") + arrow("n1", "n2", ""))))
    assert "'label'" in refusal(write("x.graphml", yed(arrow("n0", "n1", "2,5") + arrow("n1", "n2", "3 km"))))
    notes = read_graph(write("x.graphml", yed(arrow("n0", "n1", "far") + arrow("n1", "n2", "near")))).notes
    assert notes == ("The edges have no weights, so each counts 1.",)


GROUP = """<node id="n9" yfiles.foldertype="group"><data key="d6"><y:ProxyAutoBoundsNode><y:Realizers active="0">
<y:GroupNode><y:NodeLabel>Region</y:NodeLabel></y:GroupNode></y:Realizers></y:ProxyAutoBoundsNode></data>
<graph edgedefault="directed" id="n9:">
<node id="n9::n0"><data key="d6"><y:ShapeNode><y:NodeLabel>Port</y:NodeLabel></y:ShapeNode></data></node>
<node id="n9::n8"><graph id="n9::n8:"><node id="n9::n8::n0"/></graph></node>
</graph></node>"""


def test_groups_are_opened_up(write: Write) -> None:
    edges = arrow("n0", "n9::n0", "2") + arrow("n9::n0", "n9::n8::n0", "1") + arrow("n1", "n2", "3")
    file = read_graph(write("x.graphml", yed(edges, GROUP)))
    assert file.network.nodes == ["n0", "n1", "n2", "n9::n0", "n9::n8::n0"]
    assert file.network.weight.tolist() == [2, 1, 3]
    assert "Groups of nodes, which are no nodes themselves as no edge ends there: 2." in file.notes
    used = read_graph(write("x.graphml", yed(edges + arrow("n2", "n9", "4"), GROUP)))
    assert "n9" in used.network.nodes
    assert used.network.n == 6


GT = """<graphml><key id="key0" for="node" attr.name="pos" attr.type="vector_float"/>
<key id="key1" for="edge" attr.name="weight" attr.type="double"/>
<key id="key2" for="edge" attr.name="lanes" attr.type="short"/>
<key id="key3" for="edge" attr.name="route" attr.type="vector_double"/>
<key id="key4" for="edge" attr.name="object" attr.type="python_object"/>
<graph edgedefault="undirected" parse.nodeids="canonical">
<node id="n0"><data key="key0">0x1.5p+3, 0x1.7p+3</data></node>
<node id="n1"/><edge source="n0" target="n1"><data key="key1">0x1.8p+1</data><data key="key3">1, 2</data></edge>
<edge source="n1" target="n0"><data key="key1">2.5</data></edge></graph></graphml>"""


def test_graph_tool(write: Write) -> None:
    file = read_graph(write("x.graphml", GT))
    assert (file.network.weight.tolist(), file.notes) == ([3, 2.5], ())
    assert "key 'key3' has attr.type 'vector_double'" in refusal(write("x.graphml", GT), weight="route")
    only = GT.replace("weight", "speed").replace('name="route"', 'name="length"')
    assert "key 'key3' has attr.type 'vector_double'" in refusal(write("x.graphml", only))
    for bad in ("0x1.8p+9999", "0xp", "0x1.8p+1 m"):
        assert "weight" in refusal(write("x.graphml", GT.replace("0x1.8p+1", bad)))


def test_cytoscape(write: Write) -> None:
    text = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key attr.name="SUID" attr.type="long" for="node" id="SUID"/>
<key attr.name="name" attr.type="string" for="all" id="name"/>
<key attr.name="shared name" attr.type="string" for="all" id="shared name"/>
<key attr.name="SUID" attr.type="long" for="edge" id="eSUID"/>
<key attr.name="selected" attr.type="boolean" for="all" id="s"/>
<key attr.name="EdgeBetweenness" attr.type="double" for="edge" id="b"/>
<graph edgedefault="directed" id="net"><node id="61"><data key="SUID">61</data><data key="name">YKR026C</data></node>
<node id="62"><data key="SUID">62</data><data key="name">YGL122C</data></node>
<edge id="99" source="61" target="62"><data key="eSUID">99</data><data key="name">YKR (pp) YGL</data>
<data key="s">false</data><data key="b">2.5</data></edge></graph></graphml>"""
    network = read_graph(write("x.graphml", text)).network
    assert (network.nodes, network.weight.tolist(), network.directed) == (["YKR026C", "YGL122C"], [2.5], True)


def test_mixed_directions_need_a_word(write: Write) -> None:
    text = GRAPHML.replace('<edge source="a" target="b"', '<edge source="a" target="b" directed="true"')
    path = write("x.graphml", text)
    assert "edge 2 ('b' to 'c') mixes directed and undirected edges; say --undirected" in refusal(path)
    both = read_graph(path, directed=True).network
    assert (both.m, both.directed) == (5, True)
    assert (read_graph(path, directed=False).network.m, read_graph(path, directed=False).network.directed) == (3, False)
