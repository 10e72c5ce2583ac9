"""Searches over orders: enumeration, dynamic programming over subsets, approximate assignments and local search."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from formulations.problem import Floats, Ints, Ordering, QuadraticAssignment, SearchProblem
from solvers.clock import Clock
from solvers.judge import Findings
from solvers.orders.faq import faq_orders
from solvers.orders.judged import Searched, percent_of_range, random_value
from solvers.threads import one_torch_thread

NAMES = ("enumeration", "subsets", "local-search", "faq")


@dataclass(frozen=True)
class OrderSolver:
    """A search over orders, by its name, one of NAMES."""

    name: str = "local-search"


ENUMERATED_ITEMS = 7  # items up to which all orders are tried unless asked otherwise
SUBSET_ITEMS = 16  # items up to which a linear arrangement is solved by its subsets unless asked otherwise
BOUND_TIME = 0.5  # share of a time limit for the bounds
FAQ_TIME, SURROGATE_TIME = 0.3, 0.2  # shares of what is then left for approximate orders, and for each surrogate
FAQ_ITEMS = 500  # items up to which an approximate assignment takes seconds at most
MAX_STARTS = 32  # orders handed to a search
EXCHANGES_PER_ITEM, MAX_EXCHANGES = 20, 2000  # of each tabu search where no time is set


@dataclass
class OrderSearch:
    """The state of a solve: incumbent, bound and certificates, in the sense and units of the problem.

    report       called with this state at each improvement
    starts       orders that searches start from
    best, value  the incumbent, int64 (n,), and its value by the problem's own objective
    bound        the best that the certificates prove; None if nothing yet
    history      value and bound after each improvement
    """

    problem: SearchProblem
    report: Callable[[Any], None]
    starts: list[Ints] = field(default_factory=list)
    best: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    value: float = math.nan
    bound: float | None = None
    certificates: list[tuple[str, Any]] = field(default_factory=list)
    judged: Searched = field(init=False)
    so_far: Callable[[], tuple[Searched, Findings]] = field(init=False)  # what was found up to now
    values: dict[bytes, float] = field(default_factory=dict)
    history: list[dict[str, float | int | None]] = field(default_factory=list)

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
        if self.sign * value < self.sign * self.value:
            self.best, self.value = order.copy(), value
            self.note()

    def add_start(self, order: Ints, _: float = math.nan) -> None:
        """Offer an order, and let later searches start from it."""
        self.starts.append(order)
        self.offer(order)

    def evaluate(self, order: Ints) -> float:
        """The value of an order, computed once."""
        key = order.tobytes()
        if key not in self.values:
            self.values[key] = float(self.problem.objective.values(order[None])[0])
        return self.values[key]

    def best_starts(self) -> Ints:
        """The incumbent and the best distinct starts, int64 (k, n), k <= MAX_STARTS, best first."""
        orders = np.unique([self.best, *self.starts], axis=0)
        ranks = np.argsort([self.sign * self.evaluate(order) for order in orders], kind="stable")
        best: Ints = orders[ranks[:MAX_STARTS]]
        return best

    def prove(self, name: str, certificate: Any) -> None:
        """Add a dual certificate, and update the bound if it proves a better one."""
        self.certificates.append((name, certificate))
        bound = float(self.judged.bound(name, certificate))
        if math.isfinite(bound) and (self.bound is None or self.sign * bound > self.sign * self.bound):
            self.bound = bound
            self.note()

    def note(self) -> None:
        """Append value and bound to the history, and report."""
        self.history.append({"round": len(self.history) + 1, "value": self.value, "bound": self.bound})
        self.report(self)


def refuse_orders(problem: SearchProblem, name: str, start: Any = None) -> None:
    """Raise ValueError for a problem or a start that the search of that name cannot take."""
    n = form_of(problem).n
    if name == "enumeration" and n > ENUMERATED_ITEMS + 1:
        raise ValueError(
            f"{n} items have {math.factorial(n):,} orders; enumeration takes up to {ENUMERATED_ITEMS + 1} items"
        )
    if name == "subsets" and _linear(problem) is None:
        raise ValueError("subsets solves linear arrangements only; local-search takes this problem")
    wrong = None if start is None else problem.broken(np.asarray(start, dtype=np.int64))
    if wrong is not None:
        raise ValueError(f"start breaks {wrong}; offer an order of the {n} items 0, 1, ...")


def search_orders(
    problem: SearchProblem, name: str, *, clock: Clock, seed: int, device: str, start: Any, report: Any
) -> tuple[Searched, Findings]:
    """Run the search of that name; a start of the user's own, int64 (n,), joins those that it starts from."""
    search, interrupted, started = OrderSearch(problem, report), False, clock.elapsed
    search.so_far = lambda: (search.judged, _findings(search, name, clock.elapsed - started))
    given = np.arange(form_of(problem).n) if start is None else np.asarray(start, dtype=np.int64)
    search.best, search.value, search.starts = given, search.evaluate(given), [given]
    try:
        with threadpool_limits(1):  # the products are small: waiting threads would cost ten times as much
            if problem.starts is not None:
                for order in problem.starts():
                    if clock.left > 0:
                        search.add_start(order)
            linear = _linear(problem)
            if name == "enumeration":
                _enumerate(search)
            elif name == "subsets" and linear is not None:
                _solve_by_subsets(search, linear[0], clock)
            else:
                _prove_bounds(search, clock)
                _improve(search, clock, name, seed, device)
    except KeyboardInterrupt:
        interrupted = True
    judged, found = search.so_far()
    del search.so_far  # it keeps the search alive
    return judged, replace(found, stats={**found.stats, "interrupted": interrupted})


def _findings(search: OrderSearch, name: str, seconds: float) -> Findings:
    """Incumbent, certificates and statistics after those seconds."""
    problem, form = search.problem, form_of(search.problem)
    stats = {
        "improvements": len(search.history),
        "random": random_value(form) if isinstance(form, QuadraticAssignment) else None,
        "percent_of_range": None if search.bound is None else percent_of_range(problem, search.value, search.bound),
        "history": search.history,
        "build_seconds": 0.0,
        "solve_seconds": seconds,
    }
    return Findings(solver=name, ended="limit", candidates=[search.best], certificates=search.certificates, stats=stats)


def suited(problem: SearchProblem) -> str:
    """The name of the search that suits the problem and its number of items."""
    n = form_of(problem).n
    if n <= ENUMERATED_ITEMS:
        return "enumeration"
    return "subsets" if _linear(problem) is not None and n <= SUBSET_ITEMS else "local-search"


def _linear(problem: SearchProblem) -> tuple[Floats, float] | None:
    form = problem.objective
    return form.as_linear() if isinstance(form, QuadraticAssignment) else None


def _enumerate(search: OrderSearch) -> None:
    """Evaluate all orders: the best value is also a bound."""
    orders = np.array(list(permutations(range(form_of(search.problem).n))), dtype=np.int64)
    search.offer(orders[int((search.sign * search.problem.objective.values(orders)).argmin())])
    search.prove("all orders", None)


def _prove_bounds(search: OrderSearch, clock: Clock) -> None:
    """Find a certificate for each of the problem's weak duals, the cheapest first, within a share of the time."""
    until = clock.elapsed + BOUND_TIME * clock.left
    for k, dual in enumerate(search.problem.weak_duals):
        left = (until - clock.elapsed) / (len(search.problem.weak_duals) - k)
        if left <= 0:
            return
        if dual.certificate is not None:
            search.prove(dual.name, dual.certificate(left))


def _solve_by_subsets(search: OrderSearch, W: Floats, clock: Clock) -> None:
    """An optimal order by dynamic programming, with its table of potentials as the certificate."""
    from solvers.orders.subset_program import subset_program

    sign = search.sign
    order, _, table = subset_program(sign * W, seconds=clock.left)
    search.offer(order)
    search.prove("potentials of all subsets", table)


def _improve(search: OrderSearch, clock: Clock, name: str, seed: int, device: str) -> None:
    """Approximate assignments for the objective, or its surrogates, then the local search that suits it."""
    form, sign = form_of(search.problem), search.sign
    if isinstance(form, QuadraticAssignment):
        forms = [form.minimized(search.problem.sense)]
    else:
        forms = [q for q in search.problem.surrogates if isinstance(q, QuadraticAssignment)]
    total = clock.left
    for k, q in enumerate(forms):
        share = None if clock.limit is None else max(clock.left - total * (1 - FAQ_TIME), 0.0) / (len(forms) - k)
        if len(q.A) <= FAQ_ITEMS:
            for order in faq_orders(q.A, q.B, seconds=share, seed=seed):
                if clock.left <= 0:
                    break
                search.add_start(order)
    if name == "faq":
        return
    with one_torch_thread():
        if isinstance(form, Ordering):
            for q in forms:
                _search_exchanges(search, q, None if clock.limit is None else SURROGATE_TIME * clock.left, seed, device)
        else:
            _search_places(search, forms[0], clock, seed, device)
    if isinstance(form, Ordering) and clock.left > 0:
        from solvers.orders.insertion_search import insertion_search

        starts, seconds = search.best_starts(), None if clock.limit is None else max(clock.left, 0.0)
        insertion_search(form, starts, maximize=sign < 0, seconds=seconds, seed=seed, keep=search.offer)


def _search_places(search: OrderSearch, q: QuadraticAssignment, clock: Clock, seed: int, device: str) -> None:
    """Search a quadratic objective: as a linear arrangement if it is one, else by exchanges."""
    seconds, linear = None if clock.limit is None else max(clock.left, 0.0), q.as_linear()
    if linear is None:
        _search_exchanges(search, q, seconds, seed, device)
        return
    from solvers.orders.arrangement_search import arrange

    arrange(linear[0], search.best_starts(), seconds=seconds, seed=seed, device=device, keep=search.offer)


def _search_exchanges(
    search: OrderSearch, q: QuadraticAssignment, seconds: float | None, seed: int, device: str
) -> None:
    """Tabu search; what it finds for a surrogate is a start for the search of the objective itself."""
    from solvers.orders.tabu_search import tabu_search

    iterations = min(EXCHANGES_PER_ITEM * len(q.A), MAX_EXCHANGES) if seconds is None else None
    tabu_search(
        q.A,
        q.B,
        search.best_starts(),
        seconds=seconds,
        iterations=iterations,
        seed=seed,
        device=device,
        target=None,
        keep=search.add_start,
    )


def form_of(problem: SearchProblem) -> QuadraticAssignment | Ordering:
    """The objective of the problem; raises ValueError if it is not one on orders."""
    if isinstance(problem.objective, QuadraticAssignment | Ordering):
        return problem.objective
    raise ValueError(f"there is no search here for an objective of the kind {type(problem.objective).__name__}")
