"""Any graph comes back as it was written; any damage is an InputError."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from written import Write

from problems.io import read_graph

quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


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
