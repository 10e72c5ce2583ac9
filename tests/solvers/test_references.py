"""Cross-checks: what a reference says, that it fails, that it takes too long, and that Ctrl-C loses no answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, active_count

import networkx as nx
import pytest

from formulations.mst import minimum_spanning_tree
from formulations.problem import Problem, Reference
from formulations.shortest_path import shortest_path
from solvers import Solution, references, solve
from solvers.references import _within


def with_reference(value: Callable[[], float]) -> Problem:
    return replace(minimum_spanning_tree(nx.cycle_graph(4)), references=[Reference("it", value)])


def check_of(solution: Solution) -> tuple[str, bool]:
    return solution.checks[-1].name, solution.checks[-1].ok


def test_a_reference_agrees_or_disagrees() -> None:
    assert check_of(solve(with_reference(lambda: 3.0))) == ("it", True)
    assert check_of(solve(with_reference(lambda: 4.0))) == ("it", False)
    assert check_of(solve(with_reference(lambda: float("nan")))) == ("it, which gives no number", False)


def test_a_reference_that_fails_is_a_check_that_fails() -> None:
    def fails() -> float:
        raise ArithmeticError("no inverse")

    solution = solve(with_reference(fails))
    assert solution.status == "optimal"
    assert check_of(solution) == ("it, which failed: ArithmeticError: no inverse", False)
    assert not solution.proven


@pytest.mark.parametrize("limit", [None, 0.5])
def test_a_reference_that_takes_too_long_is_broken_off_and_said_to_be(
    limit: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Event()

    def endless() -> float:
        try:
            while True:
                time.sleep(0.001)
        finally:
            ended.set()

    monkeypatch.setattr(references, "PATIENCE", 0.05)
    threads = active_count()
    solution = solve(with_reference(endless), time_limit=limit)
    assert solution.proven
    assert "it took too long for a cross-check and was left out" in solution.message
    assert ended.wait(30)
    assert active_count() <= threads + 1


def test_ctrl_c_during_a_reference_keeps_the_proven_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*_: object) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(references, "_within", press)
    solution = solve(with_reference(lambda: 3.0))
    assert (solution.status, solution.value) == ("optimal", 3.0)
    assert solution.stats["interrupted"] is True


@pytest.mark.parametrize("kind", [nx.Graph, nx.MultiGraph, nx.DiGraph, nx.MultiDiGraph])
def test_dijkstra_runs_on_the_graph_as_it_was_given(kind: type[nx.Graph[str]]) -> None:
    graph = kind()
    graph.add_edge("s", "t", length="5")
    graph.add_edge("s", "v", length=1.5)
    graph.add_edge("v", "t", length="2")
    if graph.is_multigraph():
        graph.add_edge("v", "t", length=1)
    problem = shortest_path(graph, "s", "t", "length")
    solution = solve(problem)
    assert solution.proven
    graph.remove_node("v")  # the formulation has its own arrays, the reference has not
    assert [reference.value() for reference in problem.references] == [5.0]


def test_a_reference_that_does_not_apply_is_not_offered() -> None:
    graph = nx.DiGraph()
    graph.add_weighted_edges_from([("s", "a", 1), ("a", "b", -3), ("b", "a", 1), ("b", "t", 1)])
    problem = shortest_path(graph, "s", "t", limits={"weight": 10})
    assert problem.references == []
    assert solve(problem).proven


def test_what_takes_too_long_is_not_broken_off_in_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lock would stay taken, and the program hang at its next import."""
    begun, go_on, ended = (threading.Event() for _ in range(3))
    monkeypatch.setattr(threading, "events_of_the_test", (begun, go_on, ended), raising=False)
    (tmp_path / "slow_to_import.py").write_text(
        "import threading\nbegun, go_on, ended = threading.events_of_the_test\nbegun.set()\n"
        "while not go_on.wait(0.01): pass\nended.set()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def value() -> float:
        import slow_to_import  # noqa: F401

        while True:
            pass

    before = threading.active_count()
    assert _within(0.2, Reference("slow", value)) is None
    assert begun.wait(30)
    go_on.set()
    assert ended.wait(30)
    while threading.active_count() > before:  # broken off after the import
        time.sleep(0.01)
