"""Saddle problems, by gradients. Nothing here loads torch before a game is played."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formulations.problem import SaddleProblem
from solvers import judge
from solvers.findings import Findings
from solvers.kinds.kind import Options

if TYPE_CHECKING:
    from solvers.descent_ascent import DescentAscent
    from solvers.judged.played import Played

MEETS = judge.MEETS
NAME = "descent-ascent"


def names(problem: SaddleProblem) -> tuple[str, ...]:
    """The one that there is."""
    return (NAME,)


def settings(problem: SaddleProblem, solver: Any) -> DescentAscent | None:
    """Descent of one player and ascent of the other."""
    if solver is None or solver == NAME:
        from solvers.descent_ascent import DescentAscent

        return DescentAscent()
    return solver if hasattr(solver, "averaging") else None


def refuse(problem: SaddleProblem, solver: DescentAscent, options: Options) -> None:
    """Nothing: mistakes of a game are named as it begins."""


def run(problem: SaddleProblem, solver: DescentAscent, options: Options) -> tuple[Played, Findings]:
    """Both players, and what each guarantees."""
    from solvers.descent_ascent.saddles import gpu_pays, play_saddle

    return play_saddle(
        problem,
        solver,
        clock=options.clock,
        gap=options.gap,
        seed=options.seed,
        device=options.device_where(True, pays=lambda: gpu_pays(problem, solver)),
        start=options.start,
        report=options.report,
    )
