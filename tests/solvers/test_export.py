"""Models written for other solvers: read back by SCIP and HiGHS they have the same optimum, cuts and all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cvxpy as cp
import highspy
import networkx as nx
import numpy as np
import pytest
from ortools.linear_solver.python import model_builder

import solvers.linear.export
from formulations.mst import maximum_spanning_tree, minimum_spanning_tree
from formulations.problem import Problem, of_cvxpy
from formulations.shortest_path import shortest_path
from formulations.travelling_salesman import travelling_salesman
from solvers import solve
from solvers.linear.export import export_model


def by_scip(path: Path) -> float:
    """The optimum by SCIP, the file read by OR-Tools (whose "LP format" is another one, that of lp_solve)."""
    model = model_builder.Model()
    assert model.import_from_mps_file(str(path))
    solver = model_builder.Solver("scip")
    assert solver.solve(model) == model_builder.SolveStatus.OPTIMAL
    return float(solver.objective_value)


def by_highs(path: Path, *, relaxed: bool = False) -> float:
    """The optimum by HiGHS, or that of the linear relaxation."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("solve_relaxation", relaxed)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(highs.getInfo().objective_function_value)


def drawn(seed: int) -> nx.Graph[Any]:
    graph: nx.Graph[Any] = nx.gnm_random_graph(9, 22, seed=seed)
    nx.add_path(graph, range(9))
    rng = np.random.default_rng(seed)
    for _, _, data in graph.edges(data=True):
        data |= {"weight": int(rng.integers(1, 9)), "toll": int(rng.integers(0, 5))}
    return graph


def problems(seed: int) -> list[Problem]:
    graph, place = drawn(seed), np.random.default_rng(seed).integers(0, 50, (9, 2))
    return [
        minimum_spanning_tree(graph),
        maximum_spanning_tree(graph),
        minimum_spanning_tree(graph, max_degree=2),
        shortest_path(graph, 0, 8, limits={"toll": 7}, required_nodes=[4]),
        travelling_salesman(np.abs(place[:, None] - place).sum(axis=2).astype(float)),
    ]


@pytest.mark.parametrize("suffix", [".lp", ".mps"])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_read_back_has_the_same_optimum(tmp_path: Path, suffix: str, seed: int) -> None:
    path, cuts = tmp_path / f"model{suffix}", 0
    for problem in problems(seed):
        solution = solve(problem)
        if solution.value is None:
            continue
        cuts += export_model(problem, str(path), solution)
        if suffix == ".mps":
            assert by_scip(path) == pytest.approx(solution.value)
        assert by_highs(path) == pytest.approx(solution.value)
    assert cuts > 0


def test_the_cuts_are_there_and_close_the_gap(tmp_path: Path) -> None:
    graph, path = drawn(1), tmp_path / "tree.mps"
    problem = minimum_spanning_tree(graph)
    solution = solve(problem)
    assert solution.value is not None
    assert export_model(problem, str(path)) == 0
    assert by_highs(path, relaxed=True) < solution.value
    assert export_model(problem, str(path), solution) > 0
    assert by_highs(path, relaxed=True) == pytest.approx(solution.value)


def test_nested_rows_may_share_sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solvers.linear.export, "MOST_ENTRIES", 0)
    problem, path = minimum_spanning_tree(drawn(2)), tmp_path / "tree.lp"
    solution = solve(problem)
    assert export_model(problem, str(path), solution) > 0
    assert "sum_partition_cut_1" in path.read_text()
    assert by_highs(path) == pytest.approx(solution.value)
    assert by_highs(path, relaxed=True) == pytest.approx(solution.value)


def test_names_sense_and_constant(tmp_path: Path) -> None:
    x, y = cp.Variable(2, name="x", integer=True), cp.Variable(name="free", nonneg=True)
    stated = of_cvxpy(cp.Problem(cp.Maximize(x[0] + 2 * x[1] - y + 5), [x <= 3.5, x >= 0, x[0] + x[1] + y <= 5]))
    path = tmp_path / "model.lp"
    assert export_model(stated, str(path), names={"x": ["Zürich Rome", "Zürich-Rome"]}) == 0
    text = path.read_text()
    assert {"Z_rich_Rome", "Z_rich_Rome_2", "free_0", "constraint_3"} <= {*text.replace(":", " ").split()}
    assert by_highs(path) == pytest.approx(float(solve(stated).value or 0)) == 13


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        export_model(minimum_spanning_tree(drawn(0)), str(tmp_path / "none" / "model.lp"))
