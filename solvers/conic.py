"""Convex problems that are not linear, by an off-the-shelf conic solver; what it finds is then proved without it.

cvxpy brings the problem to cones and hands it over. Of what comes back only the variables' values and the constraints'
multipliers are used: the value is the objective evaluated there, every constraint being checked, and the bound is what
the problem's own Lagrangian dual function makes of the multipliers. That is weak duality, so neither needs trust.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats, Multipliers, Problem, Values
from solvers.clock import Clock, interruptible
from solvers.judge import Ended, Evidence, Findings

if TYPE_CHECKING:
    import cvxpy as cp

NAMES = ("clarabel", "scs")
RESTATE = (
    "no solver here takes more than linear functions beside integers or constraints that are found lazily: state the "
    "model by affine functions, abs, max, min, norm1, norm_inf and sum_largest, and glop, highs and scip take it"
)
MEETS = 1e-7  # gap up to which value and bound count as equal, unless another is asked for
FEASIBLE = 1e-7  # of max(1, its constants): up to which a constraint counts as satisfied
ROUNDED = 1e-9  # of what it compares: the same, where that is large
MOST_ROUNDING = 1e-3  # of its constants: the most that this may come to
UNIT_STEP_SHARE = 1e-4  # of what a unit step of all variables changes: the least size of an objective
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

    ended: Ended
    iterations: int = 0
    values: Values | None = None
    multipliers: Multipliers | None = None
    sizes: tuple[int, int] = (0, 0)  # variables and constraints of the conic form
    build_seconds: float = 0.0


@dataclass(frozen=True)
class Conic:
    """A conic solver, through cvxpy, on convex models that are not linear: "clarabel" or "scs"."""

    name: str = "clarabel"


def refuse_nonlinear(problem: Problem, solver: str) -> None:
    """Raise ValueError, naming who can, if the model is more than linear: for solvers of linear models."""
    if problem.is_linear:
        return
    if problem.families or _has_integers(problem):
        raise ValueError(f"the model is not linear, as {solver} needs it to be; {RESTATE}")
    raise ValueError(f"the model is not linear, as {solver} needs it to be; {' and '.join(NAMES)} take it")


def refuse_convex(problem: Problem, name: str) -> None:
    """Raise ValueError, naming who can, for what conic solvers do not take."""
    is_linear = problem.is_linear
    others = "glop, highs, scip do" if is_linear else RESTATE
    if problem.families:
        raise ValueError(f"{name} takes no constraints that are found lazily; {others}")
    if _has_integers(problem):
        raise ValueError(f"{name} finds no integers; {others}")
    if is_linear:
        raise ValueError(f"{name} is here for models that are not linear; glop, highs and pdlp prove this one exactly")


def _has_integers(problem: Problem) -> bool:
    return any(v.attributes["integer"] or v.attributes["boolean"] for v in problem.variables.values())


class ConvexProgram:
    """A convex Problem as the judge sees it: candidates are variables' values, certificates multipliers.

    Values are the objective evaluated by cvxpy, bounds the problem's own dual function.
    """

    membership = "every constraint holds"
    exact = False
    level: float | None = None

    def __init__(self, problem: Problem) -> None:
        """The problem."""
        self.problem, self.references = problem, problem.references
        self.maximize = problem.objective.NAME == "maximize"

    def broken(self, values: Values) -> str | None:
        """The first constraint, or domain of a variable, that the values break by more than FEASIBLE."""
        if not all(np.isfinite(value).all() for value in values.values()):
            return "an entry that is not a finite number"
        with self.problem.at(values), np.errstate(all="ignore"):
            for name, constraint in self.problem.subject_to.items():
                if not _holds(constraint):
                    return f"the constraint {name!r}"
            for name, variable in self.problem.variables.items():
                if not all(map(_holds, variable.domain)):
                    return f"the domain of the variable {name!r}"
        return None

    def value(self, values: Values) -> float:
        """The objective there."""
        with self.problem.at(values), np.errstate(all="ignore"):
            return float(np.asarray(self.problem.objective.value, dtype=float).item())

    def bound(self, kind: str, multipliers: Multipliers) -> float:
        """What the multipliers prove."""
        nothing = math.inf if self.maximize else -math.inf
        dual, listed = self.problem.dual_function, multipliers.listed
        if dual is None or listed.keys() != self.problem.subject_to.keys():
            return nothing
        if not all(np.isfinite(part).all() for part in listed.values()):
            return nothing
        try:
            with np.errstate(all="ignore"):
                bound = float(dual(listed))
        except ArithmeticError:  # numbers that no float holds prove nothing
            return nothing
        except Exception as error:
            raise ValueError(
                f"the problem's dual_function raises {type(error).__name__}: {error}; it is given the multipliers "
                f"of the constraints {', '.join(listed)} by name and returns the bound that they prove"
            ) from error
        return bound if math.isfinite(bound) else nothing

    def size(self, values: Values) -> float:
        """The problem's own; else the value without its constants, or a share of what a unit step changes if more."""
        if self.problem.size is not None:
            return self.problem.size(values)
        with np.errstate(all="ignore"):
            constant, value = float(np.sum(_constant(self.problem.objective.expr))), self.value(values)
            steps = [self.value({name: x + sign for name, x in values.items()}) for sign in (1, -1)]
        changes = [abs(there - value) for there in steps if math.isfinite(there)]
        return max(abs(value - constant), UNIT_STEP_SHARE * min(changes, default=0.0))

    def slack(self, values: Values) -> float:
        """What constraints that hold to FEASIBLE may be worth."""
        return FEASIBLE * self.size(values)

    def solved(self, values: Values) -> tuple[Any, Values]:
        """The answer and the variables."""
        return self.problem.answer(values), values

    def evidence(self, kind: str, multipliers: Multipliers) -> Evidence:
        """The multipliers."""
        return Evidence(multipliers)

    def distance(self, value: float, bound: float, gap: float) -> str:
        """The gap."""
        return f"gap {gap:.2e}"


def _constant(expression: Any) -> Any:
    """What is left of an expression if all that is not affine in it, and all variables, are 0."""
    from cvxpy.atoms.affine.affine_atom import AffAtom

    if expression.is_constant():
        return expression.value
    if isinstance(expression, AffAtom):
        return expression.numeric([_constant(part) for part in expression.args])
    return np.zeros(expression.shape)


def solve_convex(
    problem: Problem, name: str, clock: Clock, start: Mapping[str, Any] | None = None
) -> tuple[ConvexProgram, Findings]:
    """What the conic solver of that name finds, and the user's own answer if one is offered."""
    program, candidates = ConvexProgram(problem), []
    if start is not None:
        candidates = [_offered(program, start)]
    started, interrupted, found = clock.elapsed, False, _Found("limit")
    try:
        found = _solved(problem, name, clock)
    except KeyboardInterrupt:
        interrupted = True
    if found.values is not None:
        repaired = None if problem.repair is None else problem.repair(found.values)
        candidates.append(repaired or found.values)
    certificates = [("dual function", found.multipliers)] if found.multipliers is not None else []
    stats = {
        "variables": found.sizes[0],
        "constraints": found.sizes[1],
        "iterations": found.iterations,
        "interrupted": interrupted,
        "history": [],
        "build_seconds": found.build_seconds,
        "solve_seconds": clock.elapsed - started - found.build_seconds,
    }
    return program, Findings(
        solver=name,
        ended=found.ended,
        candidates=candidates,
        certificates=certificates,
        remark=f"{name} did not settle: no values came back" if found.ended == "not_converged" else "",
        stats=stats,
    )


def _offered(program: ConvexProgram, start: Any) -> Values:
    """The user's own answer; raises ValueError, naming what it breaks, if it is none."""
    values = program.problem.given(start)
    broken = program.broken(values)
    if broken is not None:
        raise ValueError(f"start breaks {broken}; offer a feasible answer")
    return values


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
            return _Found("not_converged", iterations, sizes=sizes, build_seconds=built)
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


def _holds(constraint: cp.Constraint) -> bool:
    """Whether it is satisfied, relative to its constants: what it compares could be moved at will."""
    violation = np.ravel(constraint.violation())  # type: ignore[no-untyped-call]
    if not np.isfinite(violation).all():
        return False
    constants = [np.abs(_constant(part)).max(initial=0) for part in constraint.args]
    size = max(1.0, *constants)
    sizes = [np.abs(part.value).max() for part in constraint.args if part.size]
    return bool((violation <= FEASIBLE * size + min(ROUNDED * max(sizes, default=0.0), MOST_ROUNDING * size)).all())
