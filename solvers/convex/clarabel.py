"""Clarabel on arrays: minimize x'Px/2 + c'x subject to A x + s = b, s in cones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

import numpy as np
from scipy.sparse import csc_array, triu

from formulations.problem import Floats, Ints
from solvers.clock import interruptible
from solvers.proof.cones import Cones

# Clarabel's own tolerances of 1e-8 leave errors of 1e-5 in an answer; these, which it need not reach, 1e-7 at most.
# Where an optimum is degenerate, the sharper ones may drive it away from where it has been, and long steps may leave it
# stuck at the boundary of a cone: then it is asked again.
GAPS_AND_STEPS = ((1e-14, 0.99), (1e-12, 0.9))
DRIVEN_AWAY = ("NumericalError", "MaxIterations", "InsufficientProgress")
SETTINGS = {
    "tol_feas": 1e-10,
    "min_terminate_step_length": 1e-10,
    "verbose": False,
}


def by_clarabel(data: Mapping[str, Any], seconds: float) -> Any:
    """Clarabel's own result for what cvxpy's get_problem_data gives; raises KeyboardInterrupt soon after Ctrl-C."""
    from cvxpy.reductions.solvers.conic_solvers.clarabel_conif import dims_to_solver_cones

    cones, n = dims_to_solver_cones(data["dims"]), len(data["c"])  # type: ignore[no-untyped-call]
    P = data["P"] if data.get("P") is not None else csc_array((n, n))
    return minimized(P, data["c"], data["A"], data["b"], cones, seconds)


def minimized(P: Any, c: Floats, A: Any, b: Floats, cones: Sequence[Any], seconds: float) -> Any:
    """The same for min x'Px/2 + c'x over A x + s = b, s in those cones of its own."""
    for gap, step in GAPS_AND_STEPS:
        limits = {"time_limit": seconds, "tol_gap_abs": gap, "tol_gap_rel": gap, "max_step_fraction": step}
        found = _minimized(P, c, A, b, cones, limits)
        seconds -= found.solve_time
        if str(found.status) not in DRIVEN_AWAY or seconds <= 0:
            break
    return found


def _minimized(P: Any, c: Floats, A: Any, b: Floats, cones: Sequence[Any], limits: Mapping[str, float]) -> Any:
    """The same at those limits, asked once."""
    import clarabel

    stopped, settings = Event(), clarabel.DefaultSettings()
    for name, setting in {**SETTINGS, **limits}.items():
        setattr(settings, name, setting)
    solver = clarabel.DefaultSolver(csc_array(triu(P)), c, csc_array(A), b, list(cones), settings)
    solver.set_termination_callback(lambda _: stopped.is_set())
    return interruptible(solver.solve, stopped.set)


def cones_for_clarabel(cones: Cones) -> list[Any]:
    """The cones in the order of their rows."""
    import clarabel

    found: list[tuple[int, Any]] = [(first, clarabel.ZeroConeT(size)) for first, size in _runs(cones.zero)]
    found += [(first, clarabel.NonnegativeConeT(size)) for first, size in _runs(cones.nonneg)]
    sizes = np.bincount(cones.of, minlength=len(cones.heads)) + 1
    found += [(int(i), clarabel.SecondOrderConeT(int(k))) for i, k in zip(cones.heads, sizes, strict=True)]
    found += [(rows.start, clarabel.PSDTriangleConeT(int(j[-1]) + 1)) for rows, _, j in cones.psd]
    found += [(int(i), clarabel.ExponentialConeT()) for i in cones.exp[:, 0]]
    found += [(int(i), clarabel.PowerConeT(a)) for i, a in zip(cones.power[:, 0], cones.alpha.tolist(), strict=True)]
    return [cone for _, cone in sorted(found, key=lambda pair: pair[0])]


def _runs(rows: Ints) -> list[tuple[int, int]]:
    """The first and the number of rows of each stretch without a gap."""
    parts = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else []
    return [(int(part[0]), len(part)) for part in parts]
