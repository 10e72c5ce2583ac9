"""A convex problem in cvxpy's conic form, handed to a conic solver; nothing of what comes back is believed."""

from __future__ import annotations

import math
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from types import SimpleNamespace
from typing import Any

import numpy as np

from formulations.problem import Floats, Ints, Multipliers, Problem, Values
from solvers.clock import Clock, interruptible
from solvers.convex.clarabel import by_clarabel
from solvers.findings import Ended
from solvers.proof.conic_form import ConicForm, conic_form
from solvers.proof.convex import dense

SCS_ACCURACY, SCS_ITERATIONS = 1e-9, 100_000  # its own defaults leave gaps of 1e-4
SCS_INTERRUPTED = -5  # SCS catches Ctrl-C itself


@dataclass(frozen=True)
class Found:
    """What the solver said: how it ended, and its values and multipliers, if any.

    x, y  the same by columns and rows of the conic form
    """

    ended: Ended
    iterations: int = 0
    values: Values | None = None
    multipliers: Multipliers | None = None
    x: Floats | None = None
    y: Floats | None = None


class Compiled:
    """A convex problem, compiled by cvxpy for "clarabel" or "scs".

    form   its conic form; None where it has a cone that no bound is known for, which `lacking` says
    sizes  of the conic form: variables and constraints
    """

    def __init__(self, problem: Problem, name: str) -> None:
        """Compile it; raises ValueError for numbers that are none."""
        import cvxpy as cp

        self.problem, self.name, self.lacking = problem, name, ""
        self._model = cp.Problem(problem.objective, list(problem.subject_to.values()))
        solver, options = {"clarabel": (cp.CLARABEL, {"accept_unknown": True}), "scs": (cp.SCS, {})}[name]
        self._data, self._chain, self._inverse = self._model.get_problem_data(solver, solver_opts=options)
        data = self._data
        self.sizes = (len(data["c"]), len(data["b"]))
        if not all(np.isfinite(part).all() for part in (data["c"], data["b"], data["A"].data)):
            raise ValueError("the model has a number that is nan or infinite; replace it")
        if name == "scs" and not self.sizes[1]:
            raise ValueError("scs takes no problem without constraints; clarabel does")
        self.form: ConicForm | None = None
        self._rows: Ints | None = None
        ids = {v.id: name for name, v in problem.variables.items()}
        try:
            self.form, self._rows = conic_form(data, ids, upper=name == "clarabel")
        except ValueError as error:
            self.lacking = str(error)

    def solved(self, clock: Clock) -> Found:
        """What the solver makes of it; raises KeyboardInterrupt soon after Ctrl-C."""
        import cvxpy as cp

        if clock.left <= 0:
            return Found("limit")
        raw, iterations, *ends = self._by_name(clock.left)
        x, rows = (np.asarray(end, dtype=float) for end in ends)
        ended: Any = "not_converged"
        with warnings.catch_warnings(action="ignore"):  # that it may be inaccurate is checked by the judge
            try:
                self._model.unpack_results(raw, self._chain, self._inverse)
                ended = str(self._model.status).removesuffix("_inaccurate")
            except cp.error.SolverError:  # cvxpy drops where a solver gave up; it may be good enough all the same
                self._unpack(x, rows)
        if ended == "user_limit" or (ended == "optimal" and clock.left <= 0):
            ended = "limit"
        y = None if self._rows is None else rows[self._rows]
        return Found(ended, iterations, self._present(), self._multipliers(), x, y)

    def unpacked(self, x: Floats, y: Floats | None = None) -> tuple[Values | None, Multipliers]:
        """The model's variables and multipliers where columns and rows of the conic form have x and y (0 if none)."""
        rows = np.zeros(self.sizes[1])
        if y is not None:
            rows[self._rows] = y
        self._unpack(x, rows)
        return self._present(), self._multipliers()

    def _unpack(self, x: Floats, rows: Floats) -> None:
        """Give the model's variables and multipliers what the solver's columns and rows have."""
        raw: Any = SimpleNamespace(status="Solved", x=x, z=rows, obj_val=0.0, solve_time=0.0, iterations=0)
        if self.name == "scs":
            times = {"solve_time": 0.0, "setup_time": 0.0}
            raw = {"x": x, "y": rows, "s": rows, "info": {"status_val": 1, "iter": 0, "pobj": 0.0, **times}}
        self._model.unpack_results(raw, self._chain, self._inverse)

    def _multipliers(self) -> Multipliers:
        """Those that the constraints have."""
        constraints = self.problem.subject_to.items()
        return Multipliers({name: _flat(c.dual_value) for name, c in constraints if c.dual_value is not None})

    def _present(self) -> Values | None:
        """The values that the variables have, if they do."""
        values = {name: dense(v.value) for name, v in self.problem.variables.items()}
        if not all(value is not None and np.isfinite(value).all() for value in values.values()):
            return None
        return {name: np.asarray(value, dtype=float) for name, value in values.items()}

    def _by_name(self, seconds: float) -> tuple[Any, int, Any, Any]:
        """The solver's own result, iterations, and its x and y."""
        if self.name == "clarabel":
            raw = by_clarabel(self._data, seconds)
            return raw, int(raw.iterations), raw.x, raw.z
        options = {"eps_abs": SCS_ACCURACY, "eps_rel": SCS_ACCURACY, "max_iters": SCS_ITERATIONS}
        limit = {} if math.isinf(seconds) else {"time_limit_secs": seconds}
        with redirect_stdout(StringIO()):  # where it says that it was interrupted
            # In a thread, as it is deaf while it factorizes; later it catches Ctrl-C itself, in any thread.
            raw = interruptible(
                lambda: self._chain.solve_via_data(self._model, self._data, solver_opts={**options, **limit}),
                lambda: None,
            )
        if raw["info"]["status_val"] == SCS_INTERRUPTED:
            raise KeyboardInterrupt
        return raw, int(raw["info"]["iter"]), raw["x"], raw["y"]


def _flat(dual: Any) -> Floats:
    """A constraint's multiplier as cvxpy has it, in the constraint's shape; the parts of a cone's one after another."""
    if isinstance(dual, list | tuple):
        return np.concatenate([np.ravel(part) for part in dual]).astype(float)
    return np.asarray(dual, dtype=float)
