"""Convex problems that are not linear, by an off-the-shelf conic solver; what it finds is then proved without it.

cvxpy brings the problem to cones and hands it over. Of what comes back only the variables' values and the constraints'
multipliers are used: the value is the objective evaluated there, every constraint being checked, and the bound is what
the problem's own Lagrangian dual function makes of the multipliers. That is weak duality, so neither needs trust.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from formulations.problem import Floats, Multipliers, Problem, Values
from solvers.clock import Clock, interruptible
from solvers.references import compare
from solvers.solution import Certificate, Check, Solution, Status

if TYPE_CHECKING:
    import cvxpy as cp

NAMES = ("clarabel", "scs")
MEETS = 1e-7  # of max(1, |value|): up to which value and bound count as equal, unless another gap is asked for
FEASIBLE = 1e-7  # of max(1, what is compared): up to which a constraint counts as satisfied
# Clarabel's own tolerances of 1e-8 leave errors of 1e-5 in an answer; these, which it need not reach, 1e-7 at most.
CLARABEL_SETTINGS = {
    "tol_gap_abs": 1e-14,
    "tol_gap_rel": 1e-14,
    "tol_feas": 1e-10,
    "min_terminate_step_length": 1e-10,
    "verbose": False,
}
SCS_ACCURACY, SCS_ITERATIONS = 1e-9, 100_000  # its own defaults leave gaps of 1e-4
SCS_INTERRUPTED = -5  # SCS catches Ctrl-C itself


@dataclass(frozen=True)
class _Found:
    """What the solver said: how it ended, and its values and multipliers, if any; nothing of it is believed."""

    ended: Literal["optimal", "limit", "infeasible", "unbounded", "failed"]
    iterations: int = 0
    values: Values | None = None
    multipliers: Multipliers | None = None
    sizes: tuple[int, int] = (0, 0)  # variables and constraints of the conic form
    build_seconds: float = 0.0


def linear(problem: Problem) -> bool:
    """Whether the listed model is a linear or mixed-integer program; raises ValueError if it is not even convex."""
    import cvxpy as cp

    model = cp.Problem(problem.objective, list(problem.subject_to.values()))
    if not model.is_dcp():
        raise ValueError("the model is not convex by cvxpy's rules (not DCP); restate it by convex functions")
    return bool(model.is_lp())


def refuse_nonlinear(problem: Problem, solver: str) -> None:
    """Raise ValueError, naming who can, if the model is more than linear: for solvers of linear models."""
    if not linear(problem):
        raise ValueError(f"the model is not linear, as {solver} needs it to be; {' and '.join(NAMES)} take it")


def solve_convex(problem: Problem, name: str, *, clock: Clock, gap: float | None) -> Solution:
    """Solve by the conic solver of that name, and prove it; raises ValueError for what no conic solver can do.

    The gap, as Solution.gap here, is relative to max(1, |value|): a log-likelihood may well be 0.
    """
    _refuse(problem, name)
    started, interrupted, found = clock.elapsed, False, _Found("limit")
    try:
        found = _solved(problem, name, clock)
    except KeyboardInterrupt:
        interrupted = True
    solved = clock.elapsed
    solution = _certified(problem, name, found, MEETS if gap is None else gap)
    if found.ended == "infeasible" and not interrupted:
        solution = _proven_infeasible(problem, clock) or solution
    certified = clock.elapsed
    checks = list(solution.checks)
    if solution.value is not None:
        checks += compare(problem, solution, clock)
    stats = {
        "variables": found.sizes[0],
        "constraints": found.sizes[1],
        "iterations": found.iterations,
        "interrupted": interrupted,
        "history": [{"round": 1, "value": solution.value, "bound": solution.bound}],
        "build_seconds": found.build_seconds,
        "solve_seconds": solved - started - found.build_seconds,
        "certify_seconds": certified - solved,
        "check_seconds": clock.elapsed - certified,
    }
    return replace(solution, solver=name, checks=checks, stats=stats)


def _refuse(problem: Problem, name: str) -> None:
    """Raise ValueError, naming who can, for what conic solvers do not take."""
    is_linear = linear(problem)
    if problem.families:
        raise ValueError(f"{name} takes no constraints that are found lazily; {_others(is_linear)}")
    if any(v.attributes["integer"] or v.attributes["boolean"] for v in problem.variables.values()):
        raise ValueError(f"{name} finds no integers; {_others(is_linear)}")
    if is_linear:
        raise ValueError(f"{name} is here for models that are not linear; glop, highs and pdlp prove this one exactly")


def _others(is_linear: bool) -> str:
    return "glop, highs, scip do" if is_linear else "nor does any solver here where the model is not linear"


def _solved(problem: Problem, name: str, clock: Clock) -> _Found:
    """Hand the problem over; raises KeyboardInterrupt soon after Ctrl-C."""
    import cvxpy as cp

    started = clock.elapsed
    model = cp.Problem(problem.objective, list(problem.subject_to.values()))
    solver, options = {"clarabel": (cp.CLARABEL, {"accept_unknown": True}), "scs": (cp.SCS, {})}[name]
    data, chain, inverse = model.get_problem_data(solver, solver_opts=options)
    sizes, built = (len(data["c"]), len(data["b"])), clock.elapsed - started
    if not all(np.isfinite(part).all() for part in (data["c"], data["b"], data["A"].data)):
        raise ValueError("the model has a number that is nan or infinite; replace it")
    if clock.left <= 0:
        return _Found("limit", sizes=sizes, build_seconds=built)
    raw, iterations = _by_clarabel(data, clock.left) if name == "clarabel" else _by_scs(model, chain, data, clock.left)
    with warnings.catch_warnings(action="ignore"):  # that it may be inaccurate is checked below
        try:
            model.unpack_results(raw, chain, inverse)
        except cp.error.SolverError:
            return _Found("failed", iterations, sizes=sizes, build_seconds=built)
    ended: Any = str(model.status).removesuffix("_inaccurate")
    if ended == "user_limit" or (ended == "optimal" and clock.left <= 0):
        ended = "limit"
    values = {name: v.value for name, v in problem.variables.items()}
    present = all(value is not None and np.isfinite(value).all() for value in values.values())
    return _Found(
        ended,
        iterations,
        {name: np.asarray(value, dtype=float) for name, value in values.items()} if present else None,
        Multipliers({name: _flat(c.dual_value) for name, c in problem.subject_to.items() if c.dual_value is not None}),
        sizes,
        built,
    )


def _by_clarabel(data: Any, seconds: float) -> tuple[Any, int]:
    import clarabel
    from cvxpy.reductions.solvers.conic_solvers.clarabel_conif import dims_to_solver_cones
    from scipy.sparse import csc_array, triu

    n, stopped, settings = len(data["c"]), Event(), clarabel.DefaultSettings()
    for name, setting in {**CLARABEL_SETTINGS, "time_limit": seconds}.items():
        setattr(settings, name, setting)
    P = triu(data["P"]) if "P" in data else csc_array((n, n))
    cones = dims_to_solver_cones(data["dims"])  # type: ignore[no-untyped-call]
    solver = clarabel.DefaultSolver(csc_array(P), data["c"], data["A"], data["b"], cones, settings)
    solver.set_termination_callback(lambda _: stopped.is_set())
    result = interruptible(solver.solve, stopped.set)
    return result, int(result.iterations)


def _by_scs(model: cp.Problem, chain: Any, data: Any, seconds: float) -> tuple[Any, int]:
    accuracy = {"eps_abs": SCS_ACCURACY, "eps_rel": SCS_ACCURACY, "max_iters": SCS_ITERATIONS}
    limit = {} if math.isinf(seconds) else {"time_limit_secs": seconds}
    with redirect_stdout(StringIO()):  # where it says that it was interrupted
        # In a thread, as it is deaf while it factorizes; later it catches Ctrl-C itself, in whatever thread it runs.
        raw = interruptible(lambda: chain.solve_via_data(model, data, solver_opts={**accuracy, **limit}), lambda: None)
    if raw["info"]["status_val"] == SCS_INTERRUPTED:
        raise KeyboardInterrupt
    return raw, int(raw["info"]["iter"])


def _flat(dual: Any) -> Floats:
    """A constraint's multiplier as cvxpy has it, in the constraint's shape; the parts of a cone's one after another."""
    if isinstance(dual, list | tuple):
        return np.concatenate([np.ravel(part) for part in dual]).astype(float)
    return np.asarray(dual, dtype=float)


def _certified(problem: Problem, name: str, found: _Found, gap: float) -> Solution:
    """Value, bound and status recomputed, whatever the solver said."""
    values, broken = found.values, "no values came back"
    if values is not None and problem.repair is not None:
        values = problem.repair(values) or values
    value = math.nan
    if values is not None:
        value, broken = _value(problem, values)
    bound = _bound(problem, found.multipliers)
    if not math.isfinite(value):
        return _without_answer(name, found, broken, bound)
    sign = 1 if problem.objective.NAME == "minimize" else -1
    apart = None if bound is None else sign * (value - bound) / max(1.0, abs(value))
    verified = apart is not None and abs(apart) <= gap
    checks = [Check("every constraint holds", "==", None, True)]
    if bound is not None and apart is not None:
        checks.append(Check("bound by the dual function", ">=" if sign > 0 else "<=", bound, apart >= -gap))
    left = f"gap {abs(apart):.2e}" if apart is not None else "there is no bound that could be proved"
    assert values is not None
    return Solution(
        status="optimal" if verified else "feasible",
        value=value,
        bound=bound,
        gap=None if apart is None else abs(apart),
        answer=problem.answer(values),
        values=values,
        multipliers=found.multipliers,
        certificate=Certificate("none" if bound is None else "dual function", verified, exact=False),
        checks=checks,
        solver=name,
        stats={},
        message="" if verified else f"an answer, not proven best: {left}",
    )


def _bound(problem: Problem, multipliers: Multipliers | None) -> float | None:
    """What the multipliers prove; None if there are none, or they prove nothing."""
    if problem.dual_function is None or multipliers is None or multipliers.listed.keys() != problem.subject_to.keys():
        return None
    if not all(np.isfinite(part).all() for part in multipliers.listed.values()):
        return None
    with np.errstate(all="ignore"):
        bound = float(problem.dual_function(multipliers.listed))
    return bound if math.isfinite(bound) else None


def _value(problem: Problem, values: Values) -> tuple[float, str]:
    """The objective there, and "" if every constraint holds; nan and the constraint that is broken if not."""
    with _set(problem, values), np.errstate(all="ignore"):
        for name, constraint in problem.subject_to.items():
            if not _holds(constraint):
                return math.nan, f"breaks the constraint {name!r}"
        for name, variable in problem.variables.items():
            if not all(map(_holds, variable.domain)):
                return math.nan, f"leaves the domain of the variable {name!r}"
        value = float(np.asarray(problem.objective.value, dtype=float).item())
    return (value, "") if math.isfinite(value) else (math.nan, "leaves the objective's domain")


def _holds(constraint: cp.Constraint) -> bool:
    """Whether it is satisfied, relative to the size of what it compares."""
    violation = np.ravel(constraint.violation())  # type: ignore[no-untyped-call]
    size = max((float(np.abs(part.value).max()) for part in constraint.args if part.size), default=0.0)
    return bool(np.isfinite(violation).all() and (violation <= FEASIBLE * max(1.0, size)).all())


@contextmanager
def _set(problem: Problem, values: Values) -> Iterator[None]:
    """The variables at those values, and as they were afterwards."""
    before = {name: variable.value for name, variable in problem.variables.items()}
    try:
        for name, variable in problem.variables.items():
            variable.save_value(values[name])
        yield
    finally:
        for name, variable in problem.variables.items():
            variable.save_value(before[name])


def _without_answer(name: str, found: _Found, broken: str, bound: float | None) -> Solution:
    """Nothing found that holds, and nothing proven."""
    status: Status = "no_solution"
    match found.ended:
        case "unbounded" if bound is None:
            status, message = "unbounded", "the objective improves without end"
        case "infeasible":
            message = f"{name} calls the problem infeasible, without a proof that can be checked"
        case "limit":
            message = "no feasible answer was found within the limits, and none was shown to be impossible"
        case _:
            status, message = "not_converged", f"{name} did not settle: what it found {broken}"
    return Solution(
        status=status,
        value=None,
        bound=bound,
        gap=None,
        answer=None,
        values=None,
        multipliers=None,
        certificate=Certificate("none", verified=False, exact=False),
        checks=(),
        solver=name,
        stats={},
        message=message,
    )


def _proven_infeasible(problem: Problem, clock: Clock) -> Solution | None:
    """The exact proof of a linear program's solver that the constraints contradict each other, if they are linear."""
    import cvxpy as cp

    from solvers.solve import solve

    alone = Problem(objective=cp.Minimize(0), subject_to=problem.subject_to)
    if not alone.variables or not linear(alone) or clock.left <= 0:
        return None
    solution = solve(alone, "highs", time_limit=None if clock.limit is None else clock.left)
    return solution if solution.status == "infeasible" else None
