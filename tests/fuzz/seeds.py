"""A small graph file of every format that is read, and of every way in which programs write it."""

YED = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
<key for="node" id="d6" yfiles.type="nodegraphics"/>
<key attr.name="description" attr.type="string" for="edge" id="d9"/>
<key for="edge" id="d10" yfiles.type="edgegraphics"/>
<graph edgedefault="directed" id="G">
<node id="n0"><data key="d6"><y:ShapeNode><y:Geometry height="30" width="30" x="10" y="20.5"/>
<y:NodeLabel>Depot<y:LabelModel/></y:NodeLabel></y:ShapeNode></data></node>
<node id="n1" yfiles.foldertype="group"><data key="d6"><y:ProxyAutoBoundsNode><y:Realizers active="0"><y:GroupNode>
<y:NodeLabel>Region</y:NodeLabel></y:GroupNode></y:Realizers></y:ProxyAutoBoundsNode></data>
<graph edgedefault="directed" id="n1:"><node id="n1::n0"/><node id="n1::n1"/>
<edge id="n1::e0" source="n1::n0" target="n1::n1"><data key="d10"><y:PolyLineEdge><y:EdgeLabel>3</y:EdgeLabel>
<y:Arrows source="none" target="standard"/></y:PolyLineEdge></data></edge></graph></node>
<edge id="e0" source="n0" target="n1::n0"><data key="d9">a road</data>
<data key="d10"><y:PolyLineEdge><y:EdgeLabel>2.5<y:LabelModel/></y:EdgeLabel></y:PolyLineEdge></data></edge>
</graph><data key="d6"><y:Resources/></data></graphml>
"""
GRAPH_TOOL = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="key0" for="node" attr.name="pos" attr.type="vector_double"/>
<key id="key1" for="edge" attr.name="weight" attr.type="double"/>
<key id="key2" for="edge" attr.name="lanes" attr.type="short"><default>2</default></key>
<graph id="G" edgedefault="undirected" parse.nodeids="canonical">
<node id="n0"><data key="key0">0x1.5p+3, 0x1.7p+3</data></node><node id="n1"/><node id="n2"/>
<edge id="e0" source="n0" target="n1"><data key="key1">0x1.8p+1</data></edge>
<edge id="e1" source="n1" target="n2" directed="false"><data key="key1">2.5</data></edge>
</graph></graphml>
"""
GEXF = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://www.gexf.net/1.3" xmlns:viz="http://www.gexf.net/1.3/viz" version="1.3">
<meta lastmodifieddate="2024-01-01"><creator>Gephi 0.10</creator></meta>
<graph defaultedgetype="undirected" mode="static">
<attributes class="node"><attribute id="0" title="kind" type="string"><default>x</default></attribute></attributes>
<attributes class="edge"><attribute id="km" title="km" type="double"/></attributes>
<nodes><node id="0" label="a"><attvalues><attvalue for="0" value="y"/></attvalues>
<viz:position x="1.5" y="-2"/></node><node id="1" label="b"><viz:position x="0" y="0"/></node>
<node id="2" label="c"><viz:position x="0" y="1"/></node></nodes>
<edges><edge id="0" source="0" target="1" weight="2.5"><attvalues><attvalue for="km" value="12"/></attvalues></edge>
<edge id="1" source="1" target="2" type="directed"/></edges></graph></gexf>
"""
SEEDS = {
    "a.gml": 'Creator "x"\ngraph [\n directed 1\n node [ id 0 label "a" graphics [ x 1 y 2.5 ] ]\n'
    ' node [ id 1 label "b &amp; c" ]\n edge [ source 0 target 1 weight 1e-05 key 0 ]\n]\n',
    "yed.graphml": YED,
    "gt.graphml": GRAPH_TOOL,
    "a.gexf": GEXF,
    "nodelink.json": '{"directed": true, "multigraph": false, "graph": {}, "nodes": [{"id": "a", "x": 1}, {"id": 7}],\n'
    '"links": [{"source": "a", "target": 7, "weight": 2.5}, {"source": 7, "target": "a", "weight": 1}]}',
    "adjacency.json": '{"directed": false, "nodes": [{"id": 0}, {"id": 1}],\n'
    '"adjacency": [[{"id": 1, "km": 2}], [{"id": 0, "km": 2}]]}',
    "cytoscape.cyjs": '{"elements": {"nodes": [{"data": {"id": "0"}, "position": {"x": 1, "y": 2}}, '
    '{"data": {"id": "1"}}],\n"edges": [{"data": {"id": "e", "source": 0, "target": 1, "cost": 3}}]}}',
    "jgf.json": '{"graph": {"directed": true, "nodes": {"a": {"label": "A"}, "b": {}},\n'
    '"edges": [{"source": "a", "target": "b", "metadata": {"weight": 2}}]}}',
    "a.net": '% a comment\n*Network x\n*Vertices 4\n1 "a b" 0.1 0.2\n2 "b" 0.5 0.5\n3 c\n*Arcs :2 "Main Path"\n'
    "1 2 1.5\n*Edges\n2 3 2 l label\n*Edgeslist\n1 3 4\n*Partition p\n*Vertices 4\n1\n2\n",
    "matrix.net": "*Vertices 3\n*Matrix\n0 1 2\n1 0 3\n2 3 0\n",
    "a.edgelist": "# c\na b {'weight': 1.5, 'x': 'y'}\nb c {'weight': 2}\n",
    "weighted.edgelist": "a b 1.5\nb c 2\n",
    "gephi.csv": "Source,Target,Type,Id,Label,Weight\nn1,n2,Undirected,0,,2.0\nn2,n3,Undirected,1,,1.5\n",
    "quoted.csv": '"Smith, Jo","Lee ""A""",3\n"Lee","Kim",4\n',
    "pandas.csv": ",u,v,km,when\n0,a,b,1.5,2020-01-01\n1,b,c,2.5,2020-01-02\n",
    "excel.csv": "\ufeffVon;Nach;km\r\nUlm;Bonn;1,5\r\nBonn;Köln;27\r\n",
    "r.txt": '"from" "to" "w"\n"1" "a" "b" 3\n"2" "b" "c" 4\n',
    "konect.txt": "% sym weighted\n% 2 3 3\n1 2 3 1082040961\n2 3 4 1082040962\n",
    "snap.txt": "# Directed graph: x.txt\n# Nodes: 3 Edges: 2\n# FromNodeId\tToNodeId\n0\t1\n1\t2\n",
    "time.tsv": "1\t2\t4\t1082040961\n2\t3\t-1\t1082040961\n",
    "pipes.edges": "a|b|1\nb|c|2\n",
    "a.gr": "c tiny\np sp 3 3\na 1 2 1.5\na 2 3 2\na 1 3 4\n",
    "pace.gr": "p tw 3 2\n1 2\n2 3\n",
    "a.col": "c x\np edge 3 2\nn 1 4\ne 1 2\ne 2 3\n",
    "a.stp": '33D32945 STP File, STP Format Version 1.0\n\nSECTION Comment\nName "x"\nEND\n\nSECTION Graph\n'
    "Nodes 3\nEdges 2\nE 1 2 3\nE 2 3 4.5\nEND\n\nSECTION Terminals\nTerminals 2\nT 1\nT 3\nEND\n\n"
    "SECTION Coordinates\nDD 1 0 0\nDD 2 1 0\nDD 3 1 1\nEND\n\nEOF\n",
    "a.mtx": "%%MatrixMarket matrix coordinate real symmetric\n% c\n3 3 2\n2 1 4.0\n3 2 5.0\n",
    "pattern.mtx": "%%MatrixMarket matrix coordinate pattern general\n3 3 2\n1 2\n3 2\n",
    "a.graph": "% c\n3 2 11 1\n5 2 7\n1 1 7 3 2\n9 2 2\n",
    "a.tsp": "NAME : t\nTYPE : TSP\nDIMENSION : 3\nEDGE_WEIGHT_TYPE : EXPLICIT\nEDGE_WEIGHT_FORMAT : UPPER_ROW\n"
    "EDGE_WEIGHT_SECTION\n1.5 4\n2\nEOF\n",
    "euc.tsp": "DIMENSION: 3\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 1.5 2\n3 10.3 -20.59\nEOF\n",
    "a.adjlist": "# c\na b c\nb c\nd\n",
    "a.multiadj": "# c\na 2\nb {'weight': 2}\nc {'weight': 3}\nb 0\nc 0\n",
    "a.g6": ">>graph6<<DQc\n",
    "a.s6": ":Fa@x^\n",
}
