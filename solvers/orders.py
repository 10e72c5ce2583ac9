"""Arrangements: search orders, bound them by weak duals, and say how far apart the two are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from formulations.problem import Arrangement, Floats, Ints, Ordering, QuadraticAssignment
from solvers.linear_program import Clock
from solvers.references import compare
from solvers.solution import Certificate, Check, Solution

NAMES = ("subsets", "local-search")
FEW = 16  # items up to which a linear arrangement is solved by its subsets unless asked otherwise
BOUNDING = 0.5  # share of a time limit for the bounds
DRAWN = 30  # random orders, where their mean value has no formula
TABU, MOST = 50, 5000  # exchanges per item, and at most, of each tabu search where no time is set
ROUNDING = 1e-9  # relative


@dataclass
class OrderSearch:
    """The state of a solve; values are in the sense and units of the problem, sign is 1 to minimize, -1 to maximize."""

    problem: Arrangement
    report: Callable[[Any], None]
    tried: list[Ints] = field(default_factory=list)
    best: Ints | None = None
    value: float = math.nan
    bound: float | None = None
    history: list[dict[str, float | int | None]] = field(default_factory=list)

    @property
    def sign(self) -> int:
        """What makes less of values better."""
        return 1 if self.problem.sense == "minimize" else -1

    def keep(self, order: Ints, _: float = math.nan) -> None:
        """Take an order, if it is the best yet at the value that the problem itself gives it."""
        value = float(self.problem.objective.values(order[None])[0])
        if self.best is None or self.sign * value < self.sign * self.value:
            self.best, self.value = order.copy(), value
            self.note()

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
    name = solver or ("subsets" if linear is not None and len(linear[0]) <= FEW else "local-search")
    if name not in NAMES:
        raise ValueError(f"{name} does not search orders; {' and '.join(NAMES)} do")
    if name == "subsets" and linear is None:
        raise ValueError("subsets solves linear arrangements only; local-search takes this problem")
    search, interrupted = OrderSearch(problem, report), False
    proofs: list[tuple[str, float]] = []
    given = np.arange(_size(problem))
    search.best, search.value = given, float(problem.objective.values(given[None])[0])
    search.tried, started = [given], clock.elapsed
    try:
        with threadpool_limits(1):  # of many small products: threads that wait by spinning cost ten times as much
            if problem.starts is not None:
                search.tried += list(problem.starts())
                for order in search.tried:
                    search.keep(order)
            if name == "subsets" and linear is not None:
                _by_subsets(search, *linear, clock, proofs)
            else:
                _bound(search, clock, proofs)
                _improve(search, linear, clock, seed, device)
    except KeyboardInterrupt:
        interrupted = True
    solved = clock.elapsed
    return _concluded(search, name, proofs, gap, interrupted, clock, solved - started, seed)


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
    from solvers.subset_program import subset_program

    sign = search.sign
    order, _, table = subset_program(sign * W, seconds=clock.left)
    search.keep(order)
    if search.problem.subsets is not None:
        search.prove("potentials of all subsets", sign * search.problem.subsets(table) + constant, proofs)


def _improve(search: OrderSearch, linear: tuple[Floats, float] | None, clock: Clock, seed: int, device: str) -> None:
    """The local search that suits the objective, from the problem's own starts and the best order."""
    form, starts = search.problem.objective, np.array(search.tried)
    seconds = None if clock.limit is None else max(clock.left, 0.0)
    if isinstance(form, Ordering):
        from solvers.insertion_search import insertion_search

        insertion_search(form, starts, maximize=search.sign < 0, seconds=seconds, seed=seed, keep=search.keep)
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _exchange(search, form, linear, starts, seconds, seed, device)
    finally:
        torch.set_num_threads(before)


def _exchange(
    search: OrderSearch,
    form: QuadraticAssignment,
    linear: tuple[Floats, float] | None,
    starts: Ints,
    seconds: float | None,
    seed: int,
    device: str,
) -> None:
    """The searches that run in torch."""
    if linear is not None:
        from solvers.arrangement_search import arrange

        arrange(search.sign * linear[0], starts, seconds=seconds, seed=seed, device=device, keep=search.keep)
        return
    from solvers.tabu_search import tabu_search

    tabu_search(
        search.sign * form.scale * form.A,
        form.B,
        starts,
        seconds=seconds,
        iterations=min(TABU * len(form.A), MOST) if seconds is None else None,
        seed=seed,
        device=device,
        target=None,
        keep=search.keep,
    )


def _concluded(
    search: OrderSearch,
    name: str,
    proofs: list[tuple[str, float]],
    gap: float,
    interrupted: bool,
    clock: Clock,
    seconds: float,
    seed: int,
) -> Solution:
    """Value, bound and status; the bound is what the weak duals recompute from the data, whatever the search said."""
    problem, value, best = search.problem, search.value, search.best
    assert best is not None
    solved = clock.elapsed
    kind, bound = max(proofs, key=lambda proof: search.sign * proof[1], default=("none", None))
    apart = None if bound is None else search.sign * (value - bound) / max(abs(value), abs(bound), math.ulp(0.0))
    ordered = np.array_equal(np.sort(best), np.arange(len(best)))
    verified = ordered and apart is not None and -ROUNDING <= apart <= max(gap, ROUNDING)
    checks = [Check("the answer has every item once", "==", None, ordered)]
    for what, other in proofs:
        holds = search.sign * (value - other) >= -ROUNDING * max(abs(value), abs(other))
        checks.append(Check(f"bound by {what}", ">=" if search.sign > 0 else "<=", other, holds))
    random = _random_value(problem.objective, seed)
    span = search.sign * (random - value)
    share = None if bound is None else 100 * abs(value - bound) / span if span > 0 else None
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
    if not interrupted:
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
    return f"the best could be better by {share:.3g} % of the range from a random order to this one"


def _random_value(form: QuadraticAssignment | Ordering, seed: int) -> float:
    """The mean value over all orders, by a formula or over some."""
    if isinstance(form, Ordering):
        random = np.random.default_rng(seed)
        return float(form.values(np.array([random.permutation(form.n) for _ in range(DRAWN)])).mean())
    (loops_A, rest_A), (loops_B, rest_B) = ((np.trace(M), M.sum() - np.trace(M)) for M in (form.A, form.B))
    n = len(form.A)
    mean = loops_A * loops_B / n + rest_A * rest_B / max(n * (n - 1), 1)
    return float(form.scale * mean + form.offset)


def _size(problem: Arrangement) -> int:
    form = problem.objective
    return form.n if isinstance(form, Ordering) else len(form.A)
