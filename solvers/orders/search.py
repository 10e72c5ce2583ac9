"""Searches over orders: enumeration, dynamic programming over subsets, approximate assignments and local search."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from formulations.problem import Ordering, PathLength, QuadraticAssignment, SearchProblem
from formulations.problem.arrangement import LISTED_ITEMS, TABLE_ITEMS, sampled
from solvers.clock import Clock
from solvers.findings import Findings
from solvers.judged.searched import Searched
from solvers.orders.incumbent import OrderSearch, form_of
from solvers.orders.local_search import TABU_ITEMS, improve, insert_first

NAMES = ("enumeration", "subsets", "local-search", "insertion", "faq")


@dataclass(frozen=True)
class OrderSolver:
    """A search over orders, by its name, one of NAMES."""

    name: str = "local-search"


FEW_ITEMS = 7  # items up to which nothing is quicker than all orders
SUBSET_ITEMS = 16  # items up to which a linear arrangement is solved by its subsets unless asked otherwise
START_TIME, BOUND_TIME = 0.3, 0.3  # shares of a time limit for starts, and of what is then left for bounds
EVALUATIONS = 4  # that the judge makes of the answer, besides those that its size is told from


def refuse_orders(problem: SearchProblem, name: str, start: Any = None) -> None:
    """Raise ValueError for a problem or a start that the search of that name cannot take."""
    form = form_of(problem)
    n = form.n
    if name == "enumeration" and n > LISTED_ITEMS:
        raise ValueError(f"{n} items have {_in_words(n)} orders; enumeration takes up to {LISTED_ITEMS} items")
    if name == "subsets" and not _by_subsets(problem):
        raise ValueError(
            "subsets solves linear arrangements only, and what is a sum over prefixes or neighbours of up to "
            f"{TABLE_ITEMS} items; local-search takes this problem"
        )
    if name == "faq" and (isinstance(form, PathLength) or n > TABU_ITEMS):
        what = "a path" if isinstance(form, PathLength) else f"{n} items"
        raise ValueError(f"faq takes quadratic assignments of up to {TABU_ITEMS} items; local-search takes {what}")
    if name == "insertion" and not (_linear(form) or isinstance(form, Ordering)):
        raise ValueError("insertion improves linear arrangements and orders; local-search takes this problem")
    wrong = None if start is None else problem.broken(np.asarray(start, dtype=np.int64))
    if wrong is not None:
        raise ValueError(f"start breaks {wrong}; offer an order of the {n} items 0, 1, ...")


def _in_words(n: int) -> str:
    return f"{math.factorial(n):,}" if n <= 20 else f"{n}!"


def search_orders(
    problem: SearchProblem, name: str, *, clock: Clock, seed: int, device: Callable[[], str], start: Any, report: Any
) -> tuple[Searched, Findings]:
    """Run the search of that name; a start of the user's own, int64 (n,), joins those that it starts from.

    device() says where torch is to compute, once it is needed.
    """
    search, interrupted = OrderSearch(problem, report, name), False
    try:
        with threadpool_limits(1):  # the products are small: waiting threads would cost ten times as much
            _find_starts(search, clock, start)
            clock = _less_judging(clock, search)
            if name == "subsets":
                _solve_by_subsets(search, clock)
            else:
                insert_first(search, clock, seed)
                _prove_bounds(search, clock)
                if not search.met:
                    improve(search, clock, name, seed, device)
    except KeyboardInterrupt:
        interrupted = True
        if not search.starts:
            search.add_start(np.arange(search.form.n))
    judged, found = search.so_far()
    return judged, replace(found, stats={**found.stats, "interrupted": interrupted})


def _find_starts(search: OrderSearch, clock: Clock, given: Any) -> None:
    """The user's own order, and the starts that a share of the time allows, the quickest first; one in any case."""
    if given is not None:
        search.add_start(np.asarray(given, dtype=np.int64))
    until = clock.elapsed + START_TIME * clock.left
    for start in search.problem.starts:
        if search.starts and start.seconds > until - clock.elapsed:
            continue
        for order in start.find():
            search.add_start(order)
            if clock.left <= 0:
                return
    if not search.starts:
        search.add_start(np.arange(search.form.n))


def _less_judging(clock: Clock, search: OrderSearch) -> Clock:
    """A clock that stops early enough for the judge to evaluate the answer as often as it does."""
    if clock.limit is None:
        return clock
    begun = time.perf_counter()
    search.form.values(search.best[None])
    form = search.form
    evaluations = EVALUATIONS + (sampled(form.n) if isinstance(form, Ordering) and form.extent is None else 0)
    return Clock(max(clock.left - evaluations * (time.perf_counter() - begun), 0.0))


def suited(problem: SearchProblem) -> str:
    """The name of the search that suits the problem and its number of items."""
    n = form_of(problem).n
    if FEW_ITEMS < n <= SUBSET_ITEMS and _by_subsets(problem):
        return "subsets"
    return "enumeration" if n <= LISTED_ITEMS else "local-search"


def _by_subsets(problem: SearchProblem) -> bool:
    """Whether there is a program over subsets for the objective."""
    form = problem.objective
    if isinstance(form, Ordering):
        return form.n <= TABLE_ITEMS and (form.prefixes is not None or form.steps is not None)
    return _linear(form)


def _linear(form: Any) -> bool:
    return isinstance(form, QuadraticAssignment) and form.linear is not None


def _prove_bounds(search: OrderSearch, clock: Clock) -> None:
    """Find a certificate for each of the problem's weak duals, the cheapest first, within a share of the time."""
    until = clock.elapsed + BOUND_TIME * clock.left
    duals = [(dual, dual.certificate) for dual in search.problem.weak_duals if dual.certificate is not None]
    for k, (dual, find) in enumerate(duals):
        left = (until - clock.elapsed) / (len(duals) - k)
        if search.met or dual.seconds > max(left, 0.0):
            continue
        certificate = find(left)
        if dual.name == "all orders":  # the best of them
            search.offer(certificate)
        search.prove(dual.name, certificate)


def _solve_by_subsets(search: OrderSearch, clock: Clock) -> None:
    """An optimal order by dynamic programming, with its table of potentials as the certificate."""
    form, sign = search.form, search.sign
    if isinstance(form, QuadraticAssignment):
        from solvers.orders.subset_program import subset_program

        assert form.linear is not None
        order, _, table = subset_program(sign * form.linear[0], seconds=clock.left)
    else:
        from solvers.orders.prefix_program import neighbours_program, prefix_program

        assert isinstance(form, Ordering)
        if form.prefixes is not None:
            order, table = prefix_program(sign * form.prefixes())
        else:
            assert form.steps is not None
            d, weight = form.steps
            order, table = neighbours_program(sign * d, weight)
    search.offer(order)
    search.prove("potentials of all subsets", table)
