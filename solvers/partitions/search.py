"""Partitions: a local search for labels, and a tree of relaxations that proves how good they are."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from formulations.arithmetic.partition_bounds import (
    BY_BLOCKS,
    BY_COMPONENTS,
    BY_TREE,
    NONNEGATIVE,
    Blocks,
    Leaf,
    tree_bound,
)
from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.prices import BestCenter, Prices
from formulations.arithmetic.separated_groups import BY_SEPARATION
from formulations.problem import Floats, Ints, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed
from solvers.partitions.case import Case
from solvers.partitions.cells import few_dimensions, prices_by_cells
from solvers.partitions.columns import Priced, priced
from solvers.partitions.lloyd import centers_of, descended, searched
from solvers.partitions.relaxation import Relaxed, relaxed

NAME = "kmeans"
MEETS = 1e-6  # gap up to which value and bound count as equal, unless another is asked for
CONSTRAINED = 10  # swaps where each assignment is an integer program
ROUNDED = 5  # rounds of a relaxation after which it is tried as labels
PAIRED = 2e7  # rows times groups up to which groups are held against each other
SEARCHING = 0.3  # of the time limit at most, for labels


@dataclass(frozen=True)
class Partitions:
    """Local search, then cases.

    swaps   of centers, after the first start
    priced  items up to which each has its own price, where dimensions are few; of more each of so many cells has one
    cells   of items that are near each other
    items   up to which all are in one relaxation by inequalities; of more each block of as many has its own
    cases   that are solved at most
    """

    swaps: int = 400
    priced: int = 500
    cells: int = 200
    items: int = 300
    block: int = 120
    cases: int = 50
    name = NAME


@dataclass(eq=False)
class PartitionSearch:
    """A partition as it is being searched for."""

    problem: SearchProblem
    judged: Searched
    gap: float
    labels: Ints | None = None
    value: float = np.inf
    bound: float = 0.0
    separated: Ints | None = None
    root: Case | None = None
    blocks: list[tuple[Ints, Leaf | None]] = field(default_factory=list)
    by_prices: bool = False  # whether cases are
    cases: int = 0
    interrupted: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    so_far: Callable[[], Any] = lambda: None

    @property
    def form(self) -> SumOfSquares:
        """The sums of squares."""
        assert isinstance(self.problem.objective, SumOfSquares)
        return self.problem.objective

    @property
    def centers(self) -> Floats:
        """The means of the best groups, (k, d)."""
        assert self.labels is not None
        first = np.unique(self.form.item, return_index=True)[1]
        return centers_of(self.form, self.labels[first])

    @property
    def enough(self) -> float:
        """The bound that proves the labels best."""
        return self.value * (1 - 0.9 * self.gap) if np.isfinite(self.value) else np.inf

    def note(self, label: Ints | None, form: SumOfSquares) -> None:
        """Keep the labels of the items of the problem, or of a case of it, (m,), if they are better."""
        if label is None:
            return
        labels = label[form.item]
        value = self.form.value(labels)
        if value < self.value:
            self.labels, self.value = labels, value

    def told(self, report: Callable[[Any], None]) -> None:
        """Write the history, and report."""
        row = {"round": len(self.history) + 1, "cases": self.cases, "value": self.value, "bound": self.bound}
        self.history.append(row)
        report(self)


def search_partitions(
    problem: SearchProblem,
    solver: Partitions,
    *,
    clock: Clock,
    gap: float | None,
    seed: int,
    start: Any,
    report: Callable[[Any], None],
) -> tuple[Searched, Findings]:
    """Labels and what proves them."""
    search = PartitionSearch(problem, Searched(problem), MEETS if gap is None else gap)
    if start is not None:
        search.labels = np.asarray(start, dtype=np.int64)
        search.value = search.form.value(search.labels)
    built = clock.elapsed
    run = partial(_run, search, solver, seed, clock, report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock))


def _run(search: PartitionSearch, solver: Partitions, seed: int, clock: Clock, report: Callable[[Any], None]) -> Ended:
    form = search.form
    until = clock.elapsed + SEARCHING * clock.left
    swaps = CONSTRAINED if form.limited or len(form.conflicts) else solver.swaps
    for label in searched(form, seed, swaps, lambda: clock.elapsed >= until):
        search.note(label, form)
        search.told(report)
    search.bound = float(search.judged.bound(BY_COMPONENTS, ()))
    if search.labels is not None and len(form.rows) * form.k <= PAIRED:
        found = min(float(search.judged.bound(BY_SEPARATION, search.labels)), search.value)
        if found > search.bound:
            search.separated, search.bound = search.labels, found
    search.told(report)
    if search.labels is None or search.bound >= search.enough or search.value == 0:
        return "optimal"
    if not solver.cases:
        return "limit"
    m = len(form.weights)
    search.by_prices = not form.limited and m > form.k and few_dimensions(form, search.centers, solver.cells)
    if search.by_prices and m > solver.priced:
        return _in_cells(search, solver, clock, report)
    if not search.by_prices and m > solver.items:
        return _in_blocks(search, solver, seed, clock, report)
    return _in_cases(search, solver, clock, report)


def _in_cases(search: PartitionSearch, solver: Partitions, clock: Clock, report: Callable[[Any], None]) -> Ended:
    """The case of the least bound is relaxed, and then split, until that is enough."""
    root = search.root = Case(search.form, tree_bound(search.form, None))
    queue, pushed = [(root.bound, 0, root)], 0
    while queue[0][0] < search.enough:
        if clock.left <= 0 or search.cases >= solver.cases:
            return "limit"
        case = heapq.heappop(queue)[2]
        others = queue[0][0] if queue else np.inf
        if case.Y is None:
            _relax(search, solver, case, others, clock, report)
            if case.Y is None:
                return "limit"
            after: Iterable[Case] = (case,)
        else:
            after = case.split()
        for new in after:
            pushed += 1
            heapq.heappush(queue, (new.bound, pushed, new))
        search.bound = max(search.bound, min(queue[0][0], search.value))
        search.told(report)
    return "optimal"


def _relax(
    search: PartitionSearch,
    solver: Partitions,
    case: Case,
    others: float,
    clock: Clock,
    report: Callable[[Any], None],
) -> None:
    """Solve the relaxation of a case; try what it looks like as labels; others: the least bound of the other cases."""
    search.cases += 1
    for round_, state in enumerate(_relaxations(search, solver, case, clock)):
        case.Y = state.Y
        if state.bound > case.bound:
            case.leaf, case.bound = state.leaf, state.bound
        if round_ % ROUNDED == 0 and len(case.form.weights) >= case.form.k:
            search.note(descended(case.form, _likely_centers(case.form, state.Y)), case.form)
        search.bound = max(search.bound, min(case.bound, others, search.value))
        search.told(report)


def _relaxations(search: PartitionSearch, solver: Partitions, case: Case, clock: Clock) -> Iterator[Priced | Relaxed]:
    """Relaxed states by and by: by prices, in few dimensions; else, and where these fail, by inequalities."""
    form = case.form
    if search.by_prices and (label := _label_of_items(search, form)) is not None:
        state = None
        for state in priced(
            form, label, case.leaf if isinstance(case.leaf, Prices) else None, search.enough, lambda: clock.left
        ):
            yield state
        if state is not None and (state.closed or clock.left <= 0):
            return
        search.by_prices = False
    if len(form.weights) <= solver.items:
        yield from relaxed(
            form, case.leaf if isinstance(case.leaf, Leaf) else None, search.enough, lambda: clock.left <= 0
        )


def _label_of_items(search: PartitionSearch, form: SumOfSquares) -> Ints | None:
    """The best labels, of items of a case; labels near these where the case has others."""
    assert search.labels is not None
    first = np.unique(form.item, return_index=True)[1]
    if form.broken(search.labels) is None:
        return search.labels[first]
    return descended(form, search.centers)


def _likely_centers(form: SumOfSquares, Y: Floats) -> Floats:
    """Where the relaxation has the items' centers, k that are far from each other (Peng and Wei 2007, section 3)."""
    points = (Y * form.weights) @ form.means
    chosen = [int((form.weights * (points**2).sum(axis=1)).argmax())]
    near = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < form.k:
        chosen.append(int(near.argmax()))
        near = np.minimum(near, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return np.asarray(points[chosen])


def _in_cells(search: PartitionSearch, solver: Partitions, clock: Clock, report: Callable[[Any], None]) -> Ended:
    """Prices of items from those of cells."""
    kept = 0.0 if clock.limit is None else clock.left / 2  # seconds, for the best center for all items
    prices = prices_by_cells(search.form, search.centers, solver.cells, lambda: clock.left - kept)
    if prices is not None:
        bound = BestCenter(search.form, prices.a, late=lambda: clock.left <= 0).bound
        search.root, search.cases = Case(search.form, bound, prices), 1
        search.bound = max(search.bound, min(bound, search.value))
        search.told(report)
    return "limit"


def _in_blocks(
    search: PartitionSearch, solver: Partitions, seed: int, clock: Clock, report: Callable[[Any], None]
) -> Ended:
    """Bounds on blocks of rows drawn at random, while there is time; all other rows count by their components."""
    form = search.form
    order = np.random.default_rng(seed).permutation(len(form.rows))
    parts = np.array_split(order, -(-len(order) // solver.block))
    for number, part in enumerate(parts[: solver.cases]):
        rows, rest = np.sort(part), np.sort(np.concatenate([*parts[number + 1 :], np.zeros(0, dtype=np.int64)]))
        own, tight = form.block(rows), search.value * len(rows) / len(form.rows)
        others: list[tuple[Ints, Leaf | None]] = [(rest, None)] if len(rest) else []
        done = search.blocks[:number]
        for state in relaxed(own, None, tight, lambda: clock.left <= 0):
            search.blocks = [*done, (rows, state.leaf), *others]
        search.cases += 1
        search.told(report)
        if clock.left <= 0:
            break
    return "limit"


def _found(search: PartitionSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The labels and all certificates."""
    certificates: list[tuple[str, Any]] = [(NONNEGATIVE, ()), (BY_COMPONENTS, ())]
    if search.separated is not None:
        certificates.append((BY_SEPARATION, search.separated))
    if search.root is not None:
        certificates.append((BY_TREE, search.root.tree()))
    if search.blocks:
        rows, leaves = zip(*search.blocks, strict=True)
        certificates.append((BY_BLOCKS, Blocks(rows, leaves)))
    stats = {
        "cases": search.cases,
        **account(search, built, clock),
    }
    return search.judged, Findings(
        solver=NAME,
        ended=ended,
        candidates=[] if search.labels is None else [search.labels],
        certificates=certificates,
        stats=stats,
    )
