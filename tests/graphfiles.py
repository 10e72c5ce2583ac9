"""What tests of graph files share: the same triangle in every format, and how a refusal reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import written

from problems.io import GraphFile, read_graph

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


def refusal(path: Path | str, **options: Any) -> str:
    """What is said of a graph file that cannot be used."""
    return written.refusal(read_graph, path, **options)


def triples(file: GraphFile) -> list[tuple[str, str, float]]:
    """The edges by label, ends and edges sorted."""
    network = file.network
    names = [tuple(sorted(map(str, edge))) for edge in network.edges()]
    return sorted((u, v, w) for (u, v), w in zip(names, network.weight.tolist(), strict=True))
