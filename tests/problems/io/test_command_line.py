"""Graph files on the command line: the answers that their writers expect, or one line on standard error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from commandline import answer_of
from written import Write

from problems import mst, shortest_path
from problems.recipe import run

OSM = """<?xml version='1.0' encoding='utf-8'?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d0" for="edge" attr.name="osmid" attr.type="string"/>
<key id="d1" for="edge" attr.name="length" attr.type="string"/><graph edgedefault="directed">
<node id="53"/><node id="54"/><node id="55"/>
<edge source="53" target="54"><data key="d0">6327298</data><data key="d1">67.5</data></edge>
<edge source="54" target="55"><data key="d0">[1, 2]</data><data key="d1">10.25</data></edge>
<edge source="53" target="55"><data key="d0">9</data><data key="d1">100.0</data></edge>
<edge source="53" target="55"><data key="d0">9</data><data key="d1">90.0</data></edge></graph></graphml>
"""
YED = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
<key for="node" id="d6" yfiles.type="nodegraphics"/><key for="edge" id="d10" yfiles.type="edgegraphics"/>
<graph edgedefault="directed">
<node id="n0"><data key="d6"><y:ShapeNode><y:NodeLabel>Depot</y:NodeLabel></y:ShapeNode></data></node>
<node id="n1"><data key="d6"><y:ShapeNode><y:NodeLabel>Mill</y:NodeLabel></y:ShapeNode></data></node>{}
<node id="n2"><data key="d6"><y:ShapeNode><y:NodeLabel>Shop</y:NodeLabel></y:ShapeNode></data></node>
{}</graph></graphml>
"""
ARROW = """<edge source="{}" target="{}"><data key="d10"><y:PolyLineEdge><y:EdgeLabel>{}</y:EdgeLabel></y:PolyLineEdge>
</data></edge>"""
ARROWS = "".join(ARROW.format(*edge) for edge in (("n0", "n1", 2), ("n1", "n2", 3), ("n0", "n2", 9)))
GROUP = '<node id="n9" yfiles.foldertype="group"><graph edgedefault="directed"><node id="n9::n0"/></graph></node>'
VERTICES = '*Vertices 3\n1 "a"\n2 "b"\n3 "c"\n'


def found(capsys: Any, recipe: Any, path: Path, *options: str) -> tuple[float, Any]:
    """Value and answer, once proven."""
    code, answer, err = answer_of(recipe, capsys, "--graph", str(path), *options)
    assert (code, answer.get("status")) == (0, "optimal"), err
    return answer["value"], answer["answer"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("pct.edges", "% 3 2\n1 2 10\n2 3 20\n", 30),
        ("konect.txt", "% sym weighted\n1 2 3\n2 3 4\n", 7),
        ("mixed.net", VERTICES + '*Arcs :2 "Main Path"\n1 2 1\n*Edges\n2 3 2\n', 3),
        ("matrix.net", VERTICES + "*Matrix\n0 1 2\n1 0 3\n2 3 0\n", 3),
        ("partial.net", '*Vertices 3\n1 "a"\n*Edges\n1 2 1\n2 3 2\n', 3),
        ("header.csv", "source,target,weight\nA,B,2\nB,C,3\n", 5),
        ("gephi.csv", "Source,Target,Type,Id,Label,Weight\nx,y,Undirected,0,,2.0\ny,z,Undirected,1,,1.5\n", 3.5),
        ("quoted.csv", '"Smith, Jo","Lee",3\n"Lee","Kim",4\n', 7),
        ("time.tsv", "1\t2\t4\t1082040961\n2\t3\t-1\t1082040961\n", 3),
        ("one.gexf", '<gexf version="1.2"><graph><nodes><node id="0" label="a"/></nodes></graph></gexf>', 0),
        ("links.json", '{"nodes": [{"id": 0}, {"id": 1}], "links": [{"source": 0, "target": 1, "weight": 2}]}', 2),
        ("a.mtx", "%%MatrixMarket matrix coordinate real symmetric\n3 3 2\n2 1 4.0\n3 2 5.0\n", 9),
        ("a.graph", "3 2 1\n2 5\n1 5 3 7\n2 7\n", 12),
        ("a.col", "p edge 3 2\ne 1 2\ne 2 3\n", 2),
        ("osm.graphml", OSM, 77.75),
        ("yed.graphml", YED.format("", ARROWS), 5),
    ],
)
def test_spanning_trees(write: Write, capsys: Any, name: str, text: str, value: float) -> None:
    assert found(capsys, mst.RECIPE, write(name, text))[0] == value


@pytest.mark.parametrize(
    ("text", "ends", "value", "path"),
    [
        (OSM, ("53", "55"), 77.75, ["53", "54", "55"]),
        (YED.format("", ARROWS), ("n0", "n2"), 5, ["n0", "n1", "n2"]),
        (YED.format("", ARROWS), ("Depot", "Shop"), 5, ["Depot", "Mill", "Shop"]),
        (YED.format(GROUP, ARROWS), ("n0", "n2"), 5, ["n0", "n1", "n2"]),
    ],
)
def test_shortest_paths(
    write: Write, capsys: Any, text: str, ends: tuple[str, str], value: float, path: list[str]
) -> None:
    options = ("--source", ends[0], "--target", ends[1])
    assert found(capsys, shortest_path.RECIPE, write("x.graphml", text), *options) == (value, path)


@pytest.mark.parametrize(
    ("options", "value", "path"),
    [
        ((), 5, ["a", "b", "c"]),
        (("--undirected",), 5, ["a", "b", "c"]),
        (("--directed",), 9, ["a", "c"]),
        (("--unweighted",), 1, ["a", "c"]),
        (("--weight", "toll"), 1, ["a", "c"]),
        (("--weight", "4"), 1, ["a", "c"]),
        (("--columns", "from", "to"), 5, ["a", "b", "c"]),
        (("--columns", "1", "2", "--delimiter", ";"), 5, ["a", "b", "c"]),
    ],
)
def test_the_user_says_how_to_read(
    write: Write, capsys: Any, options: tuple[str, ...], value: float, path: list[str]
) -> None:
    file = write("x.csv", "from;to;km;toll\nb;a;2;1\nb;c;3;1\na;c;9;1\n")
    chosen = () if {"--weight", "--unweighted"} & set(options) else ("--weight", "km")
    asked = ("--source", "a", "--target", "c", *options, *chosen)
    assert found(capsys, shortest_path.RECIPE, file, *asked) == (value, path)


@pytest.mark.parametrize(
    ("name", "text", "options", "words"),
    [
        ("x.csv", "from;to;km;toll\na;b;2;1\n", (), "(km, toll); choose one with --weight NAME, or --unweighted"),
        ("x.txt", "1 2 1082040961\n", (), "--weight '3' to take them as weights, or --unweighted"),
        ("x.csv", "a,b,1\n", ("--columns", "1", "7"), "no column '7', as --columns says"),
        ("x.csv", "a,b,1\n", ("--unweighted", "--weight", "km"), "say one of them"),
        ("x.dot", "graph { a -- b }\n", (), "has a suffix that is not read"),
    ],
)
def test_refusals_are_one_line(
    write: Write, capsys: Any, name: str, text: str, options: tuple[str, ...], words: str
) -> None:
    path = write(name, text)
    assert run(mst.RECIPE, ["--graph", str(path), *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(str(path))
    assert words in err
    assert err.count("\n") == 1


def test_both_directions_at_once_are_refused(write: Write, capsys: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        run(mst.RECIPE, ["--graph", str(write("x.csv", "a,b,1\n")), "--directed", "--undirected"])
    assert caught.value.code == 2
    assert "not allowed with" in capsys.readouterr().err
