"""Local search over orders: what suits the objective, the number of items and the time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from formulations.problem import Floats, Ints, Ordering, PathLength, QuadraticAssignment, is_symmetric
from formulations.problem.arrangement import LISTED_ITEMS
from solvers.clock import Clock
from solvers.optional import has_torch, one_torch_thread, remedy
from solvers.orders.faq import faq_orders, faq_seconds
from solvers.orders.incumbent import OrderSearch

FAQ_TIME, SURROGATE_TIME = 0.3, 0.2  # shares of the time for approximate orders, and for each surrogate
INSERTION_SECONDS, INSERTION_TIME = 4e-6, 0.6  # by n^2, that insertions alone are worth; at most that share of the time
Keep = Callable[[Ints, float], None]
PATIENCE = 20  # perturbations that find nothing better, after which insertions that were asked for end, without a limit
LOAD_SECONDS = 3.0  # what loading torch takes on a slow day
TABU_ITEMS = 500  # items up to which a tabu search knows the changes by all exchanges
SURROGATE_STARTS = 4  # of each surrogate's best orders
EXCHANGES_PER_ITEM, MAX_EXCHANGES = 20, 2000  # of each tabu search where no time is set


def improve(search: OrderSearch, clock: Clock, name: str, seed: int, device: Callable[[], str]) -> None:
    """Approximate assignments for the objective, or its surrogates, then the local search that suits it."""
    form = search.form
    if isinstance(form, PathLength):
        _search_paths(search, form, clock, seed)
        return
    if name == "insertion":
        _insert_only(search, clock, seed)
        return
    forms = [search.minimized] if search.minimized is not None else _surrogates(search, clock)
    _approximate(search, forms, clock, seed, always=name == "faq")
    if name == "faq":
        return
    if isinstance(form, Ordering):
        for q in forms:
            if clock.left > 0:
                _search_surrogate(search, q, clock, seed, device)
    else:
        _search_places(search, forms[0], clock, seed, device)
    if isinstance(form, Ordering) and clock.left > form.moves_seconds:
        from solvers.orders.insertion_search import insertion_search

        starts, maximize = search.best_starts(), search.sign < 0
        insertion_search(form, starts, maximize=maximize, seconds=_rest(clock), seed=seed, keep=search.offer)


def _surrogates(search: OrderSearch, clock: Clock) -> list[QuadraticAssignment]:
    """The quadratic surrogates that there is time to state."""
    until = clock.elapsed + SURROGATE_TIME * clock.left
    timely = (s for s in search.problem.surrogates if clock.elapsed + s.seconds <= until)
    return [q for surrogate in timely for q in surrogate.find() if isinstance(q, QuadraticAssignment)]


def _rest(clock: Clock) -> float | None:
    """The seconds that are left; None where there is no limit."""
    return None if clock.limit is None else max(clock.left, 0.0)


def _search_paths(search: OrderSearch, form: PathLength, clock: Clock, seed: int) -> None:
    """Chains of exchanges, by the distances that the best potentials make."""
    from solvers.orders.path_search import path_search

    found = [certificate for name, certificate in search.certificates if name == "Held-Karp bound"]
    potentials = found[0] if found else np.zeros(form.n)
    start = search.best_starts()[0]
    path_search(search.sign * form.D, start, potentials, seconds=_rest(clock), seed=seed, keep=search.offer)


def insert_first(search: OrderSearch, clock: Clock, seed: int) -> None:
    """A good order soon, where there is a limit and the objective is linear."""
    q = search.minimized
    if clock.limit is not None and q is not None and q.n > LISTED_ITEMS and q.linear is not None:
        seconds = min(INSERTION_SECONDS * q.n**2, INSERTION_TIME * clock.left)
        _insert(search, q.linear[0], seconds, seed, search.offer)


def _insert(search: OrderSearch, W: Floats, seconds: float | None, seed: int, keep: Keep) -> None:
    """Insertions: they need no torch, and are most of what can be had for many items."""
    from solvers.orders.insertion_moves import linear_ordering
    from solvers.orders.insertion_search import insertion_search

    starts = search.best_starts()
    insertion_search(linear_ordering(W), starts, maximize=False, seconds=seconds, seed=seed, keep=keep)


def _insert_only(search: OrderSearch, clock: Clock, seed: int) -> None:
    """Insertions alone: from all starts as long as there is time; without a limit from the best, for a short while."""
    from solvers.orders.insertion_moves import linear_ordering
    from solvers.orders.insertion_search import insertion_search

    form, maximize, unlimited = search.form, search.sign < 0, clock.limit is None
    if search.minimized is not None:
        assert search.minimized.linear is not None
        form, maximize = linear_ordering(search.minimized.linear[0]), False
    assert isinstance(form, Ordering)
    insertion_search(
        form,
        search.best_starts()[: 1 if unlimited else None],
        maximize=maximize,
        seconds=_rest(clock),
        patience=PATIENCE if unlimited else None,
        seed=seed,
        keep=search.offer,
    )


def _approximate(
    search: OrderSearch, forms: list[QuadraticAssignment], clock: Clock, seed: int, *, always: bool
) -> None:
    """Approximate assignments, as many as a share of the time allows; the first of all in any case if always."""
    total = clock.left
    for k, q in enumerate(forms):
        share = None if clock.limit is None else max(clock.left - total * (1 - FAQ_TIME), 0.0) / (len(forms) - k)
        if always or (q.n <= TABU_ITEMS and (share is None or faq_seconds(q.n) < share)):
            for order in faq_orders(q.A, q.B, seconds=share, seed=seed):
                search.add_start(order)
                if clock.left <= 0:
                    break


def _search_places(
    search: OrderSearch, q: QuadraticAssignment, clock: Clock, seed: int, device: Callable[[], str]
) -> None:
    """Search a quadratic objective: as a linear arrangement if it is one, else by exchanges."""
    if q.linear is None:
        _search_exchanges(search, q, _rest(clock), seed, device, search.add_start)
        return
    if clock.left < max(LOAD_SECONDS, INSERTION_SECONDS * q.n**2) or _lacks_torch(search):
        _insert(search, q.linear[0], _rest(clock), seed, search.offer)
        return
    from solvers.orders.arrangement_search import arrange

    with one_torch_thread():
        where, starts = device(), search.best_starts()
        arrange(q.linear[0], starts, seconds=_rest(clock), seed=seed, device=where, keep=search.offer)


def _search_surrogate(
    search: OrderSearch, q: QuadraticAssignment, clock: Clock, seed: int, device: Callable[[], str]
) -> None:
    """What is best for a surrogate is a start for the objective itself, which may take long to evaluate."""
    seconds = None if clock.limit is None else SURROGATE_TIME * clock.left
    found: list[Ints] = []

    def keep(order: Ints, _: float = 0.0) -> None:
        found[:] = [*found[1 - SURROGATE_STARTS :], order]

    if seconds is not None and q.linear is not None and q.n > TABU_ITEMS:
        _insert(search, q.linear[0], seconds, seed, keep)
    else:
        _search_exchanges(search, q, seconds, seed, device, keep)
    for order in reversed(found):
        search.add_start(order)
        if clock.left <= 0:
            return


def _search_exchanges(
    search: OrderSearch, q: QuadraticAssignment, seconds: float | None, seed: int, device: Callable[[], str], keep: Keep
) -> None:
    """Tabu search, or a descent for many items."""
    if _descends(search, q, seconds):
        from solvers.orders.row_exchanges import exchange_descent

        A, B = (M.copy() if is_symmetric(M) else (M + M.T) / 2 for M in (q.A, q.B))
        np.fill_diagonal(A, 0)
        exchange_descent(A, B, search.best_starts()[0], seconds=seconds, seed=seed, keep=keep)
        return
    from solvers.orders.tabu_search import tabu_search

    iterations = min(EXCHANGES_PER_ITEM * len(q.A), MAX_EXCHANGES) if seconds is None else None
    with one_torch_thread():
        tabu_search(
            q.A,
            q.B,
            search.best_starts(),
            seconds=seconds,
            iterations=iterations,
            seed=seed,
            device=device(),
            target=None,
            keep=keep,
        )


def _descends(search: OrderSearch, q: QuadraticAssignment, seconds: float | None) -> bool:
    """Whether a descent is possible, and a tabu search is not: too many items, no torch, or no time to load it."""
    symmetric = is_symmetric(q.A) or is_symmetric(q.B)
    constant = len(np.unique(q.B.diagonal())) == 1
    many = q.n > TABU_ITEMS or (seconds is not None and seconds < LOAD_SECONDS)
    return symmetric and constant and (many or _lacks_torch(search))


def _lacks_torch(search: OrderSearch) -> bool:
    """Whether torch is not installed, which the search then says."""
    if has_torch():
        return False
    search.remark = f"searched by insertions and exchanges alone; with torch it is stronger: {remedy()}"
    return True
