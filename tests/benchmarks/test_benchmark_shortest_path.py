"""The shortest path measured, in CPU seconds: python -m pytest tests/benchmarks/test_benchmark_shortest_path.py.

Nothing here asserts a time; what is asserted is that the answers measured are proven.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from places import SHARED
from scipy.sparse import csr_array

from formulations.graphs import Network
from formulations.graphs.walks import walks
from formulations.problem import Problem
from formulations.shortest_path import shortest_path
from solvers import Solution, solve

DATA = SHARED / "data"
Report = Callable[[str, str, str], None]
PATIENCE = 300.0  # seconds after which others are given up


def random_digraph(n: int, m: int, seed: int = 0) -> Network:
    """m arcs between random nodes, weights 1..1000."""
    random = np.random.default_rng(seed)
    tail = random.integers(0, n, m)
    head = (tail + 1 + random.integers(0, n - 1, m)) % n
    return Network(range(n), tail, head, random.integers(1, 1001, m).astype(float), directed=True)


def grid(k: int, seed: int = 0) -> Network:
    """k x k nodes, arcs to all four neighbours, weights 1..1000."""
    i = np.arange(k * k).reshape(k, k)
    here, there = (np.concatenate([a.ravel() for a in part]) for part in ((i[:, :-1], i[:-1]), (i[:, 1:], i[1:])))
    tail, head = np.r_[here, there], np.r_[there, here]
    weight = np.random.default_rng(seed).integers(1, 1001, len(tail)).astype(float)
    return Network(range(k * k), tail, head, weight, directed=True)


def corner_to_corner(g: Network) -> Problem:
    return replace(shortest_path(g, 0, g.n - 1), references=())


def seconds(call: Callable[[], Any], repeat: int = 1) -> tuple[float, Any]:
    """Median CPU seconds of the call, and what it gave last."""
    used = []
    for _ in range(repeat):
        start = time.process_time()
        result = call()
        used.append(time.process_time() - start)
    return statistics.median(used), result


def parts(solution: Solution) -> str:
    """Where the (wall) time of solve() went."""
    stats = solution.stats
    return ", ".join(f"{k.removesuffix('_seconds')} {v:.2f}" for k, v in stats.items() if k.endswith("_seconds"))


@pytest.fixture(autouse=True, scope="module")
def _imported() -> None:
    """Imports are not what is measured."""
    for solver in ("highs", "glop", "pdlp", "descent-ascent"):
        assert solve(corner_to_corner(grid(4)), solver).proven


def test_random_digraph(report: Report) -> None:
    import cvxpy as cp

    g = random_digraph(200_000, 1_000_000)
    formulating, problem = seconds(lambda: corner_to_corner(g), 3)
    all_of_it, solution = seconds(lambda: solve(corner_to_corner(g)), 3)
    assert solution.proven
    building = formulating + solution.stats["build_seconds"]
    report(
        "random digraph 2e5 nodes, 1e6 arcs, cold LP",
        "4 s, of it building 2.5 / 1.5 s",
        f"{all_of_it:.2f} s, of it building {building:.2f} ({solution.stats['iterations']} pivots; {parts(solution)})",
    )
    for case, left_out in (("same", ()), ("the lecture's rows, net flow into the target left out", ("target",))):
        rows = [row for name, row in problem.subject_to.items() if name not in left_out]
        model = cp.Problem(problem.objective, rows)
        theirs, _ = seconds(lambda model=model: _quietly(model, time_limit=PATIENCE))
        sign = "" if model.status == "optimal" else ">= "
        value = f"value {model.value:.8g}" if model.status == "optimal" else f"stopped: {model.status}"
        report(
            f"{case}, by cvxpy's own route to HiGHS with defaults",
            "12x / 30x",
            f"{sign}{theirs / all_of_it:.1f}x ({theirs:.1f} s, {value})",
        )


def _quietly(model: Any, **options: Any) -> None:
    import warnings

    import cvxpy as cp

    with warnings.catch_warnings(action="ignore"):
        model.solve(solver=cp.HIGHS, **options)


def test_tree_basis(report: Report) -> None:
    g = grid(501)
    took, solution = seconds(lambda: solve(corner_to_corner(g), warm_start=True), 3)
    assert solution.proven
    report(
        f"grid {g.m:,} arcs, certified from a tree basis",
        "8 / 3 s",
        f"{took:.2f} s ({solution.stats['iterations']} pivots; {parts(solution)})",
    )


def test_cold_grid(report: Report) -> None:
    import highspy

    from solvers.linear.highs import Highs
    from solvers.linear.linear_program import Arrays
    from solvers.proof.standard_form import standard_form

    g = grid(159)
    ours, solution = seconds(lambda: solve(corner_to_corner(g)))
    assert solution.proven

    def defaults() -> float:
        form = standard_form(corner_to_corner(g))
        lp = Arrays.of(form)
        highs = Highs(lp)
        highs._highs = highspy.Highs()
        highs._highs.setOptionValue("output_flag", False)
        highs._load()
        highs._highs.run()
        return float(highs._highs.getObjectiveValue())

    theirs, value = seconds(defaults)
    assert value == solution.value
    report(
        f"grid {g.m:,} arcs, cold LP, against HiGHS defaults",
        "1.0x / 0.2x",
        f"{ours / theirs:.2f}x ({ours:.2f} s against {theirs:.2f} s; {solution.stats['iterations']:,} pivots)",
    )


@pytest.mark.parametrize(
    ("g", "case"), [(grid(51), "grid 1e4 arcs"), (random_digraph(20_000, 100_000), "random 1e5 arcs")]
)
def test_first_order_methods(g: Network, case: str, report: Report) -> None:
    import torch

    torch.set_num_threads(1)
    problem = replace(corner_to_corner(g), dual=None)  # the gap is that of the method's own multipliers
    ours, solution = seconds(lambda: solve(problem, "descent-ascent", gap=1e-4), 3)
    assert solution.proven
    theirs, other = seconds(lambda: solve(problem, "pdlp", gap=1e-4), 3)
    bare, iterations = seconds(lambda: _bare_pdlp(problem, 1e-4), 3)
    report(
        f"descent-ascent to gap 1e-4, {case}, against OR-Tools' PDLP",
        "1.5x / faster",
        f"{ours / bare:.2f}x ({ours:.2f} s, {solution.stats['iterations']:,} steps, formulation compiled and gap"
        f" {solution.gap:.1e} certified; bare PDLP {bare:.2f} s, {iterations:,} steps; by solve() {theirs:.2f} s,"
        f" {other.status})",
    )


def _bare_pdlp(problem: Problem, tolerance: float) -> int:
    """PDLP alone on the compiled LP, to that relative tolerance; its number of steps."""
    from ortools.math_opt import parameters_pb2
    from ortools.math_opt.core.python import solver

    from solvers.linear.linear_program import Arrays
    from solvers.linear.mathopt import model_of, run
    from solvers.proof.standard_form import standard_form

    form = standard_form(problem)
    lp = Arrays.of(form)
    pdlp = solver.new(parameters_pb2.SOLVER_TYPE_PDLP, model_of(lp), parameters_pb2.SolverInitializerProto())
    parameters = parameters_pb2.SolveParametersProto()
    criteria = parameters.pdlp.termination_criteria.detailed_optimality_criteria
    for kind in ("primal_residual", "dual_residual", "objective_gap"):
        setattr(criteria, f"eps_optimal_{kind}_relative", tolerance)
        setattr(criteria, f"eps_optimal_{kind}_absolute", tolerance)
    return int(run(pdlp, parameters).solve_stats.first_order_iterations)


@pytest.mark.skipif(not DATA.is_dir(), reason="the road network is not part of the project")
def test_rome(report: Report) -> None:
    from problems.io import read_graph

    g = read_graph(DATA / "rome99.gr").network
    random, used, proven = np.random.default_rng(0), [], 0
    for _ in range(100):
        s, t = (g.nodes[v] for v in random.choice(g.n, 2, replace=False))
        took, solution = seconds(lambda s=s, t=t: solve(shortest_path(g, s, t)))
        used.append(took)
        proven += solution.proven
    report(
        "rome99.gr, 100 random pairs, networkx's check included",
        "all certified, 0.2 s each",
        f"{proven} certified; median {statistics.median(used):.3f} s, most {max(used):.3f} s",
    )


def test_gpu(report: Report) -> None:
    import torch

    from solvers.linear.linear_program import Arrays
    from solvers.linear.pdhg import PrimalDual

    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    g = random_digraph(2_000_000, 10_000_000)
    w = walks(g, 0, g.n - 1)
    b = np.zeros(w.g.n)
    b[0], b[-1] = 1, -1
    lp = Arrays(w.g.weight, csr_array(w.incidence()), b, b, np.zeros(w.g.m), np.full(w.g.m, np.inf))
    steps = {}
    for device, count, threads in (("cpu", 20, 2), ("cuda", 2000, 2)):
        torch.set_num_threads(threads)
        method = PrimalDual(lp, device, 0)
        method.run(5)
        method.residuals()
        start = time.perf_counter()
        method.run(count)
        method.residuals()
        steps[device] = count / (time.perf_counter() - start)
    report(
        f"PDHG on {w.g.m:,} arcs, {torch.cuda.get_device_name()}, against 2 CPU cores",
        "report / 20x",
        f"{steps['cuda'] / steps['cpu']:.0f}x ({steps['cuda']:.0f} against {steps['cpu']:.2f} steps a second)",
    )
