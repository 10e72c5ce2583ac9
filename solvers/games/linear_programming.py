"""A matrix game by linear programming: dominated choices dropped, the rest solved for both players at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from formulations.problem import Floats, MatrixGame, Number, Players
from solvers.clock import Clock, stoppable
from solvers.findings import Ended, Findings
from solvers.games.dominance import Undominated, padded, undominated
from solvers.games.interior_point import central_path, in_play
from solvers.judge import MEETS, ROUNDING, relative_gap
from solvers.judged.played import Played
from solvers.judged.so_far import account, followed

KIND = "best responses"
FINEST_GAP = 1e-13  # gap that is gone for where none is asked for, as long as a step still halves it


@dataclass(frozen=True)
class InteriorPoint:
    """Iterated elimination of dominated choices, then a primal-dual interior-point method, for matrix games.

    iterations  most steps of the method; ten to twenty are usual
    """

    iterations: int = 200
    name = "interior-point"

    def __post_init__(self) -> None:
        """Raise ValueError for a number of iterations that makes no sense."""
        if self.iterations < 1:
            raise ValueError(f"iterations is {self.iterations!r}; it must be a whole number from 1")


@dataclass
class GameSearch:
    """A matrix game as it is being solved; value and bound are what the best strategies so far guarantee."""

    problem: MatrixGame
    gap: float
    total: int
    history: list[dict[str, Any]] = field(default_factory=list)
    so_far: Callable[[], Any] = lambda: None
    iteration: int = 0
    interrupted: bool = False
    value: Number = -math.inf
    bound: Number = math.inf
    players: dict[str, Any] = field(default_factory=dict)

    def offer(self, x: Floats, y: Floats) -> None:
        """Keep whichever of the two strategies guarantees no less than the best so far."""
        assert self.problem.value is not None
        assert self.problem.bound is not None
        offered: Players = {"x": x, "y": y}
        value, bound = self.problem.value(offered), self.problem.bound(offered)
        if value >= self.value:
            self.value, self.players["x"] = value, offered["x"]
        if bound <= self.bound:
            self.bound, self.players["y"] = bound, offered["y"]

    def meets(self, gap: float) -> bool:
        """Whether the best value and the best bound are as near each other as that."""
        assert self.problem.size is not None
        return relative_gap(self.value, self.bound, self.problem.size(self.players)) <= gap

    def note(self) -> None:
        """Write down where the search stands."""
        row = {"iteration": self.iteration, "value": float(self.value), "bound": float(self.bound)}
        self.history.append({**row, "residual": float(self.bound) - float(self.value)})


def solve_game(
    problem: MatrixGame,
    settings: InteriorPoint,
    *,
    clock: Clock,
    gap: float | None,
    report: Callable[[Any], None],
) -> tuple[Played, Findings]:
    """Both players' strategies, and how they were found."""
    search = GameSearch(problem, MEETS if gap is None else max(gap, ROUNDING), settings.iterations)
    left = undominated(problem.matrix)
    built = clock.elapsed
    run = partial(_run, search, left, clock, report)
    return followed(search, run, lambda ended: _found(search, left, ended, built, clock))


def _run(search: GameSearch, left: Undominated, clock: Clock, report: Callable[[Any], None]) -> Ended:
    """Follow the central path until value and bound meet; what is met is then rid of choices that are not in play."""
    (m, n), A = search.problem.matrix.shape, search.problem.matrix[np.ix_(left.rows, left.columns)]
    A = np.ldexp(A, -int(np.frexp(np.abs(A).max())[1]))  # at most 1, by a power of two: nothing is rounded

    def offer(x: Floats, y: Floats) -> None:
        search.offer(padded(x, left.rows, m), padded(y, left.columns, n))

    last, distance = None, math.inf
    with stoppable() as stopped:
        for search.iteration, last in enumerate(central_path(A)):
            offer(last.x, last.y)
            if search.meets(search.gap):
                offer(*in_play(A, last))
            before, distance = distance, float(last.x @ last.t + last.y @ last.s)
            search.note()
            report(search)
            enough = search.gap if search.gap > MEETS or distance > before / 2 else FINEST_GAP
            if search.meets(enough):
                return "optimal"
            search.interrupted = stopped()
            if search.interrupted or clock.left <= 0 or search.iteration >= search.total:
                return "limit"
    if last is not None:
        offer(*in_play(A, last))
    return "optimal" if search.meets(search.gap) else "not_converged"


def _found(search: GameSearch, left: Undominated, ended: Ended, built: float, clock: Clock) -> tuple[Played, Findings]:
    """The game as the judge sees it, and what was found."""
    players, dropped = dict(search.players), left.dropped
    stats = {
        "dominated": len(dropped),
        "iterations": search.iteration,
        **account(search, built, clock),
    }
    played = Played(search.problem, 1.0, search.gap, [players], evaluate=True, proof=left)
    return played, Findings(
        solver=InteriorPoint.name,
        ended=ended,
        candidates=[players] if players else [],
        certificates=[(KIND, players)] if players else [],
        remark="rounding ended the search" if ended == "not_converged" else "stopped by its limits",
        stats=stats,
    )
