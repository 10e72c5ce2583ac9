"""Problems as maths in LaTeX: every part of every line parses, and says what the problem says."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

from formulations.mst import maximum_spanning_tree, minimum_spanning_forest, minimum_spanning_tree
from formulations.problem import Problem, latex, of_cvxpy
from formulations.shortest_path import shortest_path
from formulations.travelling_salesman import hamiltonian_cycle

PARSER = MathTextParser("path")


def parsed(text: str) -> list[str]:
    """The lines of an align* environment, each of whose parts is maths that matplotlib reads."""
    first, *lines, last = text.splitlines()
    assert (first, last) == (r"\begin{align*}", r"\end{align*}")
    assert all(line.endswith(r"\\") for line in lines[:-1])
    assert not lines[-1].endswith(r"\\")
    for line in lines:
        for part in line.removesuffix(r"\\").split("&"):
            if part.strip():
                PARSER.parse(f"${part.strip()}$")
    return lines


def problems() -> dict[str, Problem]:
    graph: nx.Graph[Any] = nx.karate_club_graph()
    nx.set_edge_attributes(graph, {edge: k % 5 for k, edge in enumerate(graph.edges)}, "toll_in_%")
    limited = shortest_path(graph, 0, 9, limits={"toll_in_%": 9}, required_nodes=[3], required_arcs=[(0, 2)])
    return {
        "tree": minimum_spanning_tree(graph, max_degree=3),
        "maximum": maximum_spanning_tree(graph),
        "forest": minimum_spanning_forest(graph),
        "path": shortest_path(graph, 0, 9),
        "paths": shortest_path(graph, 0, 33, paths=2),
        "limited": limited,
        "tour": hamiltonian_cycle(nx.complete_graph(5)),
        "directed tour": hamiltonian_cycle(nx.complete_graph(5, nx.DiGraph)),
    }


@pytest.mark.parametrize("name", problems())
def test_every_line_is_maths(name: str) -> None:
    problem = problems()[name]
    lines = parsed(latex(problem))
    for constraint in [*problem.subject_to, *problem.families]:
        assert any(constraint.replace("_", r"\_").replace("%", r"\%") in line for line in lines), constraint
    assert not any(r"\ldots &&" in line for line in lines)  # no family without its maths


def test_the_tree_as_it_reads() -> None:
    assert latex(minimum_spanning_tree(nx.cycle_graph(3))).splitlines()[1:-1] == [
        r"\text{minimize} \quad & 1^{\top} x \\".replace("1^", r"\mathbf{1}^"),
        r"\text{over} \quad & x \in \{0, 1\}^{3} \\",
        r"\text{subject to} \quad & \mathbf{1}^{\top} x = 2 && \text{tree size} \\",
        r"& x(\delta(S)) \geq 1 \quad \forall S \subset V \text{ that is not a whole component} && \text{cut} \\",
        r"& x(E(S)) \leq |S| - 1 \quad \forall S \subseteq V, |S| \geq 2 && \text{partition cut (implied)}",
    ]


def test_any_cvxpy_problem() -> None:
    x, y = cp.Variable(3, name="x_1", nonneg=True), cp.Variable((2, 2), name="Y", symmetric=True)
    z = cp.Variable(name="z", integer=True, bounds=[-2, 7])
    rows = [
        cp.max(x) <= 3,
        cp.norm(x, 1) <= 5,
        x[:2] >= np.array([1, 2]),
        2 * (x + 1) <= np.array([4.0, 5, 6]),
        cp.norm(x) <= 2,
        y >> 0,
        cp.trace(y) + x[1] == -z,
        np.ones((2, 3)) @ x == y[0],
    ]
    lines = parsed(latex(of_cvxpy(cp.Problem(cp.Maximize(3 - 2 * cp.sum(x) + x[0] * 4), rows))))
    assert lines[0] == r"\text{maximize} \quad & 3 - 2 \mathbf{1}^{\top} x\_1 + 4 (x\_1)_{0} \\"
    assert r"& z \in \mathbb{Z}, \quad -2 \leq z \leq 7 \\" in lines
    assert r"& 2 (x\_1 + 1) \leq a_{\text{constraint 4}} && \text{constraint 4} \\" in lines
    assert r"& (x\_1)_{0:2} \geq a_{\text{constraint 3}} && \text{constraint 3} \\" in lines
