"""Matrix games, as linear programs. Nothing here loads torch before a game is solved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formulations.problem import MatrixGame
from solvers import judge
from solvers.findings import Findings
from solvers.kinds.kind import Options

if TYPE_CHECKING:
    from solvers.games.linear_programming import InteriorPoint
    from solvers.judged.played import Played

MEETS = judge.MEETS
NAME = "interior-point"


def names(problem: MatrixGame) -> tuple[str, ...]:
    """The one that there is."""
    return (NAME,)


def settings(problem: MatrixGame, solver: Any) -> InteriorPoint | None:
    """An interior-point method."""
    if solver is None or solver == NAME:
        from solvers.games.linear_programming import InteriorPoint

        return InteriorPoint()
    return solver if getattr(solver, "name", None) == NAME else None


def refuse(problem: MatrixGame, solver: InteriorPoint, options: Options) -> None:
    """Nothing."""


def run(problem: MatrixGame, solver: InteriorPoint, options: Options) -> tuple[Played, Findings]:
    """Both players' strategies."""
    from solvers.games.linear_programming import solve_game

    return solve_game(problem, solver, clock=options.clock, gap=options.gap, report=options.report)
