"""Arrangements: search orders, bound them by weak duals, and say how far apart the two are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from formulations.problem import Arrangement, Floats, Ints, Ordering, QuadraticAssignment
from solvers.clock import Clock
from solvers.orders.faq import faq_orders
from solvers.references import compare
from solvers.solution import Certificate, Check, Solution
from solvers.threads import one_torch_thread

NAMES = ("enumeration", "subsets", "local-search", "faq")
FEWEST = 7  # items up to which all orders are tried unless asked otherwise
FEW = 16  # items up to which a linear arrangement is solved by its subsets unless asked otherwise
BOUNDING = 0.5  # share of a time limit for the bounds
APPROXIMATING, EXCHANGING = 0.3, 0.2  # shares of what then is left for approximate orders, and for each neighbour
DENSE = 500  # items up to which an approximate assignment takes seconds at most
STARTS = 32  # orders handed to a search
TABU, MOST = 20, 2000  # exchanges per item, and at most, of each tabu search where no time is set
ROUNDING = 1e-9  # relative


@dataclass
class OrderSearch:
    """The state of a solve; values are in the sense and units of the problem, sign is 1 to minimize, -1 to maximize."""

    problem: Arrangement
    report: Callable[[Any], None]
    tried: list[Ints] = field(default_factory=list)
    best: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    value: float = math.nan
    bound: float | None = None
    values: dict[bytes, float] = field(default_factory=dict)
    history: list[dict[str, float | int | None]] = field(default_factory=list)

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

    def prove(self, name: str, bound: float, proofs: list[tuple[str, float]]) -> None:
        """Take a bound, if it is one."""
        bound = float(bound)
        if math.isfinite(bound):
            proofs.append((name, bound))
            if self.bound is None or self.sign * bound > self.sign * self.bound:
                self.bound = bound
                self.note()

    def note(self) -> None:
        """Write down where it stands, and tell whoever follows."""
        self.history.append({"round": len(self.history) + 1, "value": self.value, "bound": self.bound})
        self.report(self)


def solve_arrangement(
    problem: Arrangement,
    solver: str | None,
    *,
    clock: Clock,
    gap: float,
    seed: int,
    device: str,
    report: Callable[[Any], None],
) -> Solution:
    """The best order found, between its value and the best bound; raises ValueError for what no search here can do."""
    linear = problem.objective.as_linear() if isinstance(problem.objective, QuadraticAssignment) else None
    n = _size(problem)
    name = solver or _suited(n, linear=linear is not None)
    if name not in NAMES:
        raise ValueError(f"there is no solver {name!r} for this problem; choose among {', '.join(NAMES)}")
    if name == "enumeration" and n > FEWEST + 1:
        raise ValueError(f"{n} items have {math.factorial(n):,} orders; enumeration takes up to {FEWEST + 1} items")
    if name == "subsets" and linear is None:
        raise ValueError("subsets solves linear arrangements only; local-search takes this problem")
    search, interrupted = OrderSearch(problem, report), False
    proofs: list[tuple[str, float]] = []
    given = np.arange(n)
    search.best, search.value = given, search.worth(given)
    search.tried, started = [given], clock.elapsed
    try:
        with threadpool_limits(1):  # of many small products: threads that wait by spinning cost ten times as much
            if problem.starts is not None:
                for order in problem.starts():
                    if clock.left > 0:
                        search.take(order)
            if name == "enumeration":
                _by_enumeration(search, n, proofs)
            elif name == "subsets" and linear is not None:
                _by_subsets(search, *linear, clock, proofs)
            else:
                _bound(search, clock, proofs)
                _improve(search, clock, name, seed, device)
    except KeyboardInterrupt:
        interrupted = True
    solved = clock.elapsed
    return _concluded(search, name, proofs, gap, interrupted, clock, solved - started)


def _suited(n: int, *, linear: bool) -> str:
    """The search for that many items."""
    if n <= FEWEST:
        return "enumeration"
    return "subsets" if linear and n <= FEW else "local-search"


def _by_enumeration(search: OrderSearch, n: int, proofs: list[tuple[str, float]]) -> None:
    """All orders, of which the best value is a bound."""
    orders = np.array(list(permutations(range(n))), dtype=np.int64)
    values = search.sign * search.problem.objective.values(orders)
    search.keep(orders[int(values.argmin())])
    search.prove("all orders", search.sign * float(values.min()), proofs)


def _bound(search: OrderSearch, clock: Clock, proofs: list[tuple[str, float]]) -> None:
    """Add what each of the problem's weak duals proves, within a share of the time; the cheapest ones come first."""
    until = clock.elapsed + BOUNDING * clock.left
    for k, dual in enumerate(search.problem.weak_duals):
        left = (until - clock.elapsed) / (len(search.problem.weak_duals) - k)
        if left <= 0:
            return
        search.prove(dual.name, dual.bound(dual.witness(left)), proofs)


def _by_subsets(search: OrderSearch, W: Floats, constant: float, clock: Clock, proofs: list[tuple[str, float]]) -> None:
    """The best order by dynamic programming, and what its table of potentials proves."""
    from solvers.orders.subset_program import subset_program

    sign = search.sign
    order, _, table = subset_program(sign * W, seconds=clock.left)
    search.keep(order)
    if search.problem.subsets is not None:
        search.prove("potentials of all subsets", sign * search.problem.subsets(table) + constant, proofs)


def _improve(search: OrderSearch, clock: Clock, name: str, seed: int, device: str) -> None:
    """The approximate orders of the objective, or of its surrogates, then the local search that suits it."""
    form, sign = search.problem.objective, search.sign
    if isinstance(form, QuadraticAssignment):
        nearby = [form.minimized(search.problem.sense)]
    else:
        nearby = list(search.problem.surrogates)
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


def _concluded(
    search: OrderSearch,
    name: str,
    proofs: list[tuple[str, float]],
    gap: float,
    interrupted: bool,
    clock: Clock,
    seconds: float,
) -> Solution:
    """Value, bound and status; the bound is what the weak duals recompute from the data, whatever the search said."""
    problem, value, best = search.problem, search.value, search.best
    solved = clock.elapsed
    slack = {what: search.sign * (value - other) + ROUNDING * max(abs(value), abs(other)) for what, other in proofs}
    sound = [(what, other) for what, other in proofs if slack[what] >= 0]
    kind, bound = max(sound, key=lambda proof: search.sign * proof[1], default=("none", None))
    apart = None if bound is None else search.sign * (value - bound) / max(abs(value), abs(bound), math.ulp(0.0))
    ordered = np.array_equal(np.sort(best), np.arange(len(best)))
    verified = ordered and apart is not None and -ROUNDING <= apart <= max(gap, ROUNDING)
    checks = [Check("the answer has every item once", "==", None, ordered)]
    for what, other in proofs:
        checks.append(Check(f"bound by {what}", ">=" if search.sign > 0 else "<=", other, slack[what] >= 0))
    random = None if isinstance(problem.objective, Ordering) else _random_value(problem.objective)
    span = 0.0 if random is None else search.sign * (random - value)
    share = 100 * abs(value - bound) / span if bound is not None and span > 0 else None
    solution = Solution(
        status="optimal" if verified else "feasible",
        value=value,
        bound=bound,
        gap=None if apart is None else max(apart, 0.0),
        answer=problem.answer(best),
        values={"order": best.astype(np.float64)},
        multipliers=None,
        certificate=Certificate(kind, verified, exact=False),
        checks=checks,
        solver=name,
        stats={},
        message="" if verified else "an answer, not proven best: " + _left(share),
    )
    if not interrupted and clock.left > 0:
        checks += compare(problem, solution, clock)
    stats = {
        "improvements": len(search.history),
        "random": random,
        "percent_of_range": share,
        "interrupted": interrupted,
        "history": search.history,
        "build_seconds": 0.0,
        "solve_seconds": seconds,
        "check_seconds": clock.elapsed - solved,
    }
    return replace(solution, checks=checks, stats=stats)


def _left(share: float | None) -> str:
    if share is None:
        return "there is no bound that could be proved"
    if share > 100:
        return "the bounds say nothing useful"
    return f"the best could be better by {share:.3g} % of the range from a random order to this one"


def _random_value(form: QuadraticAssignment) -> float:
    """The mean value over all orders."""
    (loops_A, rest_A), (loops_B, rest_B) = ((np.trace(M), M.sum() - np.trace(M)) for M in (form.A, form.B))
    n = len(form.A)
    mean = loops_A * loops_B / n + rest_A * rest_B / max(n * (n - 1), 1)
    return float(form.scale * mean + form.offset)


def _size(problem: Arrangement) -> int:
    form = problem.objective
    return form.n if isinstance(form, Ordering) else len(form.A)
