"""Searches over orders: enumeration, dynamic programming over subsets, approximate assignments and local search."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from formulations.problem import (
    Floats,
    Ints,
    Number,
    Ordering,
    QuadraticAssignment,
    Reference,
    SearchProblem,
    Values,
)
from formulations.problem.search import ROUNDING
from solvers.clock import Clock
from solvers.judge import Evidence, Findings
from solvers.orders.faq import faq_orders
from solvers.threads import one_torch_thread

NAMES = ("enumeration", "subsets", "local-search", "faq")


@dataclass(frozen=True)
class OrderSolver:
    """A search over orders, by its name."""

    name: str = "local-search"


FEWEST = 7  # items up to which all orders are tried unless asked otherwise
FEW = 16  # items up to which a linear arrangement is solved by its subsets unless asked otherwise
BOUNDING = 0.5  # share of a time limit for the bounds
APPROXIMATING, EXCHANGING = 0.3, 0.2  # shares of what then is left for approximate orders, and for each neighbour
DENSE = 500  # items up to which an approximate assignment takes seconds at most
STARTS = 32  # orders handed to a search
TABU, MOST = 20, 2000  # exchanges per item, and at most, of each tabu search where no time is set


@dataclass
class OrderSearch:
    """The state of a solve; values are in the sense and units of the problem, sign is 1 to minimize, -1 to maximize."""

    problem: SearchProblem
    report: Callable[[Any], None]
    tried: list[Ints] = field(default_factory=list)
    best: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    value: float = math.nan
    bound: float | None = None
    certificates: list[tuple[str, Any]] = field(default_factory=list)
    judged: Searched = field(init=False)
    so_far: Callable[[], tuple[Searched, Findings]] = field(init=False)  # what was found up to now
    values: dict[bytes, float] = field(default_factory=dict)
    history: list[dict[str, float | int | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The problem as the judge will see it."""
        self.judged = Searched(self.problem)

    @property
    def sign(self) -> int:
        """What makes less of values better."""
        return 1 if self.problem.sense == "minimize" else -1

    def keep(self, order: Ints, _: float = math.nan) -> None:
        """Take an order, if it is the best yet at the value that the problem itself gives it."""
        value = self.worth(order)
        if self.sign * value < self.sign * self.value:
            self.best, self.value = order.copy(), value
            self.note()

    def take(self, order: Ints, _: float = math.nan) -> None:
        """Keep an order, and as one to start from."""
        self.tried.append(order)
        self.keep(order)

    def worth(self, order: Ints) -> float:
        """The value that the problem gives an order, worked out once."""
        key = order.tobytes()
        if key not in self.values:
            self.values[key] = float(self.problem.objective.values(order[None])[0])
        return self.values[key]

    def best_tried(self) -> Ints:
        """The best of the orders tried, int64 (k, n), the very best first; each once."""
        tried = np.unique([self.best, *self.tried], axis=0)
        ranks = np.argsort([self.sign * self.worth(order) for order in tried], kind="stable")
        few: Ints = tried[ranks[:STARTS]]
        return few

    def prove(self, name: str, certificate: Any) -> None:
        """Take a dual certificate, and follow what it proves."""
        self.certificates.append((name, certificate))
        bound = float(self.judged.bound(name, certificate))
        if math.isfinite(bound) and (self.bound is None or self.sign * bound > self.sign * self.bound):
            self.bound = bound
            self.note()

    def note(self) -> None:
        """Write down where it stands, and tell whoever follows."""
        self.history.append({"round": len(self.history) + 1, "value": self.value, "bound": self.bound})
        self.report(self)


class Searched:
    """A SearchProblem as the judge sees it: certificates are those of its weak duals."""

    exact = False
    level = None

    def __init__(self, problem: SearchProblem) -> None:
        """The problem."""
        self.problem = problem
        self._bounds: dict[tuple[str, int], tuple[Any, Number]] = {}

    @property
    def membership(self) -> str:
        """What it means to be a candidate."""
        return self.problem.membership

    @property
    def maximize(self) -> bool:
        """Whether more is better."""
        return self.problem.maximize

    @property
    def references(self) -> Sequence[Reference]:
        """What the best value is held against."""
        return self.problem.references

    def broken(self, candidate: Any) -> str | None:
        """What keeps the candidate out of the set."""
        return self.problem.broken(candidate)

    def value(self, candidate: Any) -> Number:
        """The objective there."""
        return self.problem.objective.value(candidate)

    def bound(self, kind: str, certificate: Any) -> Number:
        """What the weak dual of that name makes of the certificate, worked out once; nothing if there is none."""
        key = (kind, id(certificate))
        if key not in self._bounds:
            nothing = math.inf if self.maximize else -math.inf
            duals = [dual for dual in self.problem.weak_duals if dual.name == kind]
            self._bounds[key] = (certificate, duals[0].bound(certificate) if duals else nothing)
        return self._bounds[key][1]

    def size(self, candidate: Any) -> float:
        """The size of the objective there."""
        return self.problem.objective.size(candidate)

    def slack(self, candidate: Any) -> float:
        """Rounding."""
        return ROUNDING * self.size(candidate)

    def solved(self, candidate: Any) -> tuple[Any, Values]:
        """The answer and its numbers."""
        return self.problem.answer(candidate), self.problem.values(candidate)

    def evidence(self, kind: str, certificate: Any) -> Evidence:
        """The certificate."""
        return Evidence(proof=certificate)

    def distance(self, value: float, bound: float, gap: float) -> str:
        """The gap, or how much better an answer could be in the range from a random order to this one."""
        share = percent_of_range(self.problem, value, bound)
        if share is None:
            return f"gap {gap:.2%}"
        if share > 100:
            return "the bounds say nothing useful"
        return f"the best could be better by {share:.3g} % of the range from a random order to this one"


def refuse_orders(problem: SearchProblem, name: str, start: Any = None) -> None:
    """Raise ValueError, naming who can, for what the search of that name cannot do."""
    n = form_of(problem).n
    if name == "enumeration" and n > FEWEST + 1:
        raise ValueError(f"{n} items have {math.factorial(n):,} orders; enumeration takes up to {FEWEST + 1} items")
    if name == "subsets" and _linear(problem) is None:
        raise ValueError("subsets solves linear arrangements only; local-search takes this problem")
    wrong = None if start is None else problem.broken(np.asarray(start, dtype=np.int64))
    if wrong is not None:
        raise ValueError(f"start breaks {wrong}; offer an order of the {n} items 0, 1, ...")


def search_orders(
    problem: SearchProblem, name: str, *, clock: Clock, seed: int, device: str, start: Any, report: Any
) -> tuple[Searched, Findings]:
    """What the search of that name finds; a start of the user's own is one of those that it starts from."""
    search, interrupted, started = OrderSearch(problem, report), False, clock.elapsed
    search.so_far = lambda: (search.judged, _findings(search, name, clock.elapsed - started))
    given = np.arange(form_of(problem).n) if start is None else np.asarray(start, dtype=np.int64)
    search.best, search.value, search.tried = given, search.worth(given), [given]
    try:
        with threadpool_limits(1):  # of many small products: threads that wait by spinning cost ten times as much
            if problem.starts is not None:
                for order in problem.starts():
                    if clock.left > 0:
                        search.take(order)
            linear = _linear(problem)
            if name == "enumeration":
                _by_enumeration(search)
            elif name == "subsets" and linear is not None:
                _by_subsets(search, linear[0], clock)
            else:
                _bound(search, clock)
                _improve(search, clock, name, seed, device)
    except KeyboardInterrupt:
        interrupted = True
    judged, found = search.so_far()
    return judged, replace(found, stats={**found.stats, "interrupted": interrupted})


def _findings(search: OrderSearch, name: str, seconds: float) -> Findings:
    """What the search found in those seconds."""
    problem, form = search.problem, form_of(search.problem)
    stats = {
        "improvements": len(search.history),
        "random": _random_value(form) if isinstance(form, QuadraticAssignment) else None,
        "percent_of_range": None if search.bound is None else percent_of_range(problem, search.value, search.bound),
        "history": search.history,
        "build_seconds": 0.0,
        "solve_seconds": seconds,
    }
    return Findings(solver=name, ended="limit", candidates=[search.best], certificates=search.certificates, stats=stats)


def suited(problem: SearchProblem) -> str:
    """The search for that many items."""
    n = form_of(problem).n
    if n <= FEWEST:
        return "enumeration"
    return "subsets" if _linear(problem) is not None and n <= FEW else "local-search"


def _linear(problem: SearchProblem) -> tuple[Floats, float] | None:
    form = problem.objective
    return form.as_linear() if isinstance(form, QuadraticAssignment) else None


def percent_of_range(problem: SearchProblem, value: float, bound: float) -> float | None:
    """How much better any order could be, in per cent of the range between a random order and this one."""
    form = problem.objective
    if not isinstance(form, QuadraticAssignment):
        return None
    span = (value - _random_value(form)) * (1 if problem.maximize else -1)
    return 100 * abs(value - bound) / span if span > 0 else None


def _by_enumeration(search: OrderSearch) -> None:
    """All orders, of which the best value is a bound."""
    orders = np.array(list(permutations(range(form_of(search.problem).n))), dtype=np.int64)
    search.keep(orders[int((search.sign * search.problem.objective.values(orders)).argmin())])
    search.prove("all orders", None)


def _bound(search: OrderSearch, clock: Clock) -> None:
    """Add what each of the problem's weak duals proves, within a share of the time; the cheapest ones come first."""
    until = clock.elapsed + BOUNDING * clock.left
    for k, dual in enumerate(search.problem.weak_duals):
        left = (until - clock.elapsed) / (len(search.problem.weak_duals) - k)
        if left <= 0:
            return
        if dual.certificate is not None:
            search.prove(dual.name, dual.certificate(left))


def _by_subsets(search: OrderSearch, W: Floats, clock: Clock) -> None:
    """The best order by dynamic programming, and what its table of potentials proves."""
    from solvers.orders.subset_program import subset_program

    sign = search.sign
    order, _, table = subset_program(sign * W, seconds=clock.left)
    search.keep(order)
    search.prove("potentials of all subsets", table)


def _improve(search: OrderSearch, clock: Clock, name: str, seed: int, device: str) -> None:
    """The approximate orders of the objective, or of its surrogates, then the local search that suits it."""
    form, sign = form_of(search.problem), search.sign
    if isinstance(form, QuadraticAssignment):
        nearby = [form.minimized(search.problem.sense)]
    else:
        nearby = [q for q in search.problem.surrogates if isinstance(q, QuadraticAssignment)]
    whole = clock.left
    for k, q in enumerate(nearby):
        share = None if clock.limit is None else max(clock.left - whole * (1 - APPROXIMATING), 0.0) / (len(nearby) - k)
        if len(q.A) <= DENSE:
            for order in faq_orders(q.A, q.B, seconds=share, seed=seed):
                if clock.left <= 0:
                    break
                search.take(order)
    if name == "faq":
        return
    with one_torch_thread():
        if isinstance(form, Ordering):
            for q in nearby:
                _by_exchanges(search, q, None if clock.limit is None else EXCHANGING * clock.left, seed, device)
        else:
            _by_places(search, nearby[0], clock, seed, device)
    if isinstance(form, Ordering) and clock.left > 0:
        from solvers.orders.insertion_search import insertion_search

        starts, seconds = search.best_tried(), None if clock.limit is None else max(clock.left, 0.0)
        insertion_search(form, starts, maximize=sign < 0, seconds=seconds, seed=seed, keep=search.keep)


def _by_places(search: OrderSearch, q: QuadraticAssignment, clock: Clock, seed: int, device: str) -> None:
    """The search of a quadratic objective: by places where it is linear, else by exchanges."""
    seconds, linear = None if clock.limit is None else max(clock.left, 0.0), q.as_linear()
    if linear is None:
        _by_exchanges(search, q, seconds, seed, device)
        return
    from solvers.orders.arrangement_search import arrange

    arrange(linear[0], search.best_tried(), seconds=seconds, seed=seed, device=device, keep=search.keep)


def _by_exchanges(search: OrderSearch, q: QuadraticAssignment, seconds: float | None, seed: int, device: str) -> None:
    """Tabu search; what it finds for a neighbour of the objective is a start for the search that follows."""
    from solvers.orders.tabu_search import tabu_search

    iterations = min(TABU * len(q.A), MOST) if seconds is None else None
    tabu_search(
        q.A,
        q.B,
        search.best_tried(),
        seconds=seconds,
        iterations=iterations,
        seed=seed,
        device=device,
        target=None,
        keep=search.take,
    )


def _random_value(form: QuadraticAssignment) -> float:
    """The mean value over all orders."""
    (loops_A, rest_A), (loops_B, rest_B) = ((np.trace(M), M.sum() - np.trace(M)) for M in (form.A, form.B))
    n = len(form.A)
    mean = loops_A * loops_B / n + rest_A * rest_B / max(n * (n - 1), 1)
    return float(form.scale * mean + form.offset)


def form_of(problem: SearchProblem) -> QuadraticAssignment | Ordering:
    """The objective; raises ValueError if it is not one on orders."""
    if isinstance(problem.objective, QuadraticAssignment | Ordering):
        return problem.objective
    raise ValueError(f"there is no search here for an objective of the kind {type(problem.objective).__name__}")
