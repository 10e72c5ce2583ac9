"""The best direction with few entries that are not 0: local search for an answer, branch and bound for its proof.

The node with the highest bound is branched on, at the largest entry of the leading eigenvector that is not yet decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from typing import Any

import numpy as np

from formulations.arithmetic.supports import SparseDirection, SupportTree, largest_eigenvalue
from formulations.problem import Floats, SearchProblem
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.judge import MEETS
from solvers.judged.searched import Searched
from solvers.judged.so_far import account, followed

KIND = "a tree of supports"
STARTS = 10  # supports that the local search begins with
SWAPS = 50  # rounds of it, at most
SHARES = np.linspace(0, 1, 21)  # of the largest entry off the diagonal: by how much entries are tried to be moved
PRUNED = 0.1  # of the gap that is asked for: a node whose bound is above the answer by less is not branched on
EVERY = 100  # nodes that a look at the search is taken


@dataclass(frozen=True)
class Supports:
    """Branch and bound; nodes: how many are branched on, at most."""

    nodes: int = 5_000
    name = "supports"

    def __post_init__(self) -> None:
        """Raise ValueError for a number of nodes that makes no sense."""
        if self.nodes < 0:
            raise ValueError(f"nodes is {self.nodes!r}; it must be a whole number from 0")


@dataclass
class SupportSearch:
    """A search as it is going on: the best direction, and the tree so far."""

    problem: SearchProblem
    x: Floats
    value: float
    q: float = 0.0
    bound: float = np.inf
    entry: list[int] = field(default_factory=lambda: [-1])
    inside: list[int] = field(default_factory=lambda: [-1])
    outside: list[int] = field(default_factory=lambda: [-1])
    interrupted: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    so_far: Callable[[], Any] = lambda: None

    @property
    def form(self) -> SparseDirection:
        """The quadratic form."""
        assert isinstance(self.problem.objective, SparseDirection)
        return self.problem.objective

    @property
    def tree(self) -> SupportTree:
        """The tree as it is; what is not branched on is a leaf."""
        entry, inside, outside = (np.array(part, dtype=np.int64) for part in (self.entry, self.inside, self.outside))
        return SupportTree(entry, inside, outside, self.q)


def solve_supports(
    problem: SearchProblem, solver: Supports, *, clock: Clock, gap: float | None, report: Callable[[Any], None]
) -> tuple[Searched, Findings]:
    """The best direction that was found, and the tree."""
    form = problem.objective
    assert isinstance(form, SparseDirection)
    x = form.leading(np.argsort(-form.C.diagonal(), kind="stable")[: form.c])
    search = SupportSearch(problem, x, form.value(x))
    built = clock.elapsed
    run = partial(_run, search, solver, clock, MEETS if gap is None else gap, report)
    return followed(search, run, lambda ended: _found(search, ended, built, clock))


def _run(search: SupportSearch, solver: Supports, clock: Clock, gap: float, report: Callable[[Any], None]) -> Ended:
    form, started = search.form, clock.elapsed
    report(search)
    _improve(search, clock)
    report(search)
    search.q = _best_move(form)
    open_nodes: list[tuple[float, int, list[int], list[int]]] = []

    def add(node: int, taken: list[int], free: list[int]) -> None:
        """Bound the node, and keep it if it may hold something better."""
        bound = form.at_most(taken, free, search.q)
        if len(taken) == form.c or len(taken) + len(free) <= form.c:
            return
        if bound > search.value + PRUNED * gap * form.size(search.x):
            heappush(open_nodes, (-bound, node, taken, free))

    add(0, [], list(range(len(form.C))))
    for step in range(solver.nodes):
        if not open_nodes:
            return "optimal"
        if step % EVERY == 0:
            search.bound = max(search.value, -open_nodes[0][0])
            row = {"round": step // EVERY + 1, "value": search.value, "bound": search.bound, "boxes": len(search.entry)}
            search.history.append(row)
            report(search)
        if clock.left <= clock.elapsed - started:  # the judge bounds every leaf again
            return "limit"
        _, node, taken, free = heappop(open_nodes)
        j = _branching(search, taken, free)
        first = len(search.entry)
        search.entry += [-1, -1]
        search.inside += [-1, -1]
        search.outside += [-1, -1]
        search.entry[node], search.inside[node], search.outside[node] = j, first, first + 1
        rest = [i for i in free if i != j]
        add(first, sorted([*taken, j]), rest)
        add(first + 1, taken, rest)
    return "optimal" if not open_nodes else "limit"


def _branching(search: SupportSearch, taken: list[int], free: list[int]) -> int:
    """The free entry that is largest in the leading eigenvector of what is left; its best c may be an answer."""
    form, rest = search.form, np.array(sorted([*taken, *free]))
    y = np.abs(np.linalg.eigh(form.C[np.ix_(rest, rest)])[1][:, -1])
    weight = np.where(np.isin(rest, taken), np.inf, y)
    order = rest[np.argsort(-weight, kind="stable")]
    _offer(search, order[: form.c])
    return int(order[len(taken)])


def _offer(search: SupportSearch, support: Any) -> bool:
    """Keep the best direction of that support, if it is better than any before; whether it is."""
    x = search.form.leading(np.sort(support))
    value = search.form.value(x)
    if value <= search.value * (1 + 1e-14):
        return False
    search.x, search.value = x, value
    return True


def _improve(search: SupportSearch, clock: Clock) -> None:
    """From several supports: exchange an entry for another as long as that helps."""
    form = search.form
    C, c, p = form.C, form.c, len(form.C)
    y = np.abs(np.linalg.eigh(C)[1][:, -1])
    _offer(search, np.argsort(-y, kind="stable")[:c])
    for start in np.argsort(-y, kind="stable")[:STARTS].tolist():
        grown = [start]
        while len(grown) < c:
            gain = np.abs(C @ form.leading(np.array(grown))) + np.sqrt(np.abs(C.diagonal()))
            gain[grown] = -np.inf
            grown.append(int(gain.argmax()))
        _offer(search, np.array(grown))
    for _ in range(SWAPS):
        before, support = search.value, np.flatnonzero(search.x)
        others = np.setdiff1d(np.arange(p), support)
        pull = np.abs(C @ search.x)
        out = support[np.argsort(np.abs(search.x[support]), kind="stable")]
        into = others[np.argsort(-pull[others], kind="stable")][:STARTS]
        for i in out.tolist()[:STARTS]:
            for j in into.tolist():
                if clock.left <= 0 or _offer(search, np.r_[support[support != i], j]):
                    break
            if search.value > before:
                break
        if search.value <= before or clock.left <= 0:
            return


def _best_move(form: SparseDirection) -> float:
    """The q with the least bound at the root."""
    size = np.abs(form.C)
    off = float((size - np.diag(size.diagonal())).max(initial=0.0))

    def bound(q: float) -> float:
        return largest_eigenvalue(form.C - np.sign(form.C) * np.minimum(size, q)) + form.c * q

    return float(min((off * share for share in SHARES.tolist()), key=bound))


def _found(search: SupportSearch, ended: Ended, built: float, clock: Clock) -> tuple[Searched, Findings]:
    """The problem as the judge sees it, and what was found."""
    stats = {
        "variables": len(search.form.C),
        "boxes": len(search.entry),
        **account(search, built, clock),
    }
    return Searched(search.problem), Findings(
        solver=Supports.name,
        ended=ended,
        candidates=[search.x],
        certificates=[(KIND, search.tree)],
        remark="stopped by its limits" if ended == "limit" else "",
        stats=stats,
    )
