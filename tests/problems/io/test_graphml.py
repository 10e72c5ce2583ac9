"""GraphML, of yEd, graph-tool and others too."""

from __future__ import annotations

import pytest
from graphfiles import GRAPHML, Write, refusal

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
