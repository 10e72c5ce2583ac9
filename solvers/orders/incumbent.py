"""The state of a search over orders: what it has found and proved so far."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from formulations.problem import Ints, Ordering, PathLength, QuadraticAssignment, SearchProblem
from solvers.findings import Findings
from solvers.judge import MEETS
from solvers.judged.searched import Searched, percent_of_range, random_value

STARTS, STARTED_ITEMS = 32, 16_000  # orders handed to a search at most, and the items in all of them


@dataclass
class OrderSearch:
    """The state of a solve: incumbent, bound and certificates, in the sense and units of the problem.

    report       called with this state at each improvement
    name, begun  of the search, and when it began
    starts       orders that searches start from
    best, value  the incumbent, int64 (n,), and its value by the problem's own objective
    bound        the best that the certificates prove; None if nothing yet
    history      value and bound after each improvement
    remark       what the user should know of how it was searched
    """

    problem: SearchProblem
    report: Callable[[Any], None]
    name: str = "local-search"
    begun: float = field(default_factory=time.perf_counter)
    starts: list[Ints] = field(default_factory=list)
    best: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    value: float = math.nan  # while there is none
    bound: float | None = None
    certificates: list[tuple[str, Any]] = field(default_factory=list)
    judged: Searched = field(init=False)
    values: dict[bytes, float] = field(default_factory=dict)
    history: list[dict[str, float | int | None]] = field(default_factory=list)
    remark: str = ""

    def __post_init__(self) -> None:
        """Bounds are computed as the judge computes them."""
        self.judged = Searched(self.problem)

    @property
    def sign(self) -> int:
        """1 to minimize, -1 to maximize: sign * value is minimized."""
        return 1 if self.problem.sense == "minimize" else -1

    def offer(self, order: Ints, _: float = math.nan) -> None:
        """Make an order the incumbent if it is better; the value that a search gives with it is not used."""
        value = self.evaluate(order)
        if math.isnan(self.value) or self.sign * value < self.sign * self.value:
            self.best, self.value = order.copy(), value
            self.note()

    def add_start(self, order: Ints, _: float = math.nan) -> None:
        """Offer an order, and its reverse where that is another, and let later searches start from them."""
        for start in (order, order[::-1].copy()) if self.form.directed else (order,):
            self.starts.append(start)
            self.offer(start)

    @property
    def form(self) -> QuadraticAssignment | PathLength | Ordering:
        """The objective."""
        return form_of(self.problem)

    @cached_property
    def minimized(self) -> QuadraticAssignment | None:
        """The objective turned so that less is better, where it is quadratic."""
        form = self.form
        return form.minimized(self.problem.sense) if isinstance(form, QuadraticAssignment) else None

    @property
    def met(self) -> bool:
        """Whether value and bound meet, so that there is nothing left to search."""
        return self.bound is not None and abs(self.value - self.bound) <= MEETS * self.form.size(self.best)

    def evaluate(self, order: Ints) -> float:
        """The value of an order, computed once."""
        key = order.tobytes()
        if key not in self.values:
            self.values[key] = float(self.problem.objective.values(order[None])[0])
        return self.values[key]

    def best_starts(self) -> Ints:
        """The incumbent and the best distinct starts, int64 (k, n), k <= STARTS, best first."""
        orders = np.unique([self.best, *self.starts], axis=0) if self.starts else self.best[None]
        ranks = np.argsort([self.sign * self.evaluate(order) for order in orders], kind="stable")
        best: Ints = orders[ranks[: min(STARTS, max(1, STARTED_ITEMS // self.form.n))]]
        return best

    def prove(self, name: str, certificate: Any) -> None:
        """Add a dual certificate, and update the bound if it proves a better one."""
        self.certificates.append((name, certificate))
        bound = float(self.judged.bound(name, certificate))
        if math.isfinite(bound) and (self.bound is None or self.sign * bound > self.sign * self.bound):
            self.bound = bound
            self.note()

    def so_far(self) -> tuple[Searched, Findings]:
        """The problem as the judge sees it, and what was found up to now."""
        return self.judged, _findings(self)

    def note(self) -> None:
        """Append value and bound to the history, and report."""
        self.history.append({"round": len(self.history) + 1, "value": self.value, "bound": self.bound})
        self.report(self)


def _findings(search: OrderSearch) -> Findings:
    """Incumbent, certificates and statistics."""
    problem, form = search.problem, form_of(search.problem)
    stats = {
        "improvements": len(search.history),
        "random": random_value(form),
        "percent_of_range": None if search.bound is None else percent_of_range(problem, search.value, search.bound),
        "history": search.history,
        "build_seconds": 0.0,
        "solve_seconds": time.perf_counter() - search.begun,
    }
    return Findings(
        solver=search.name,
        ended="limit",
        candidates=[search.best],
        certificates=search.certificates,
        remark=search.remark,
        stats=stats,
    )


def on_orders(problem: SearchProblem) -> bool:
    """Whether its objective is one on orders."""
    return isinstance(problem.objective, QuadraticAssignment | PathLength | Ordering)


def form_of(problem: SearchProblem) -> QuadraticAssignment | PathLength | Ordering:
    """The objective of the problem; raises ValueError if it is not one on orders."""
    if isinstance(problem.objective, QuadraticAssignment | PathLength | Ordering):
        return problem.objective
    raise ValueError(f"there is no search here for an objective of the kind {type(problem.objective).__name__}")
