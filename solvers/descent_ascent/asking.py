"""What a problem's own functions of the players say: its value, bound, size, answer, and what it is watched by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, Literal

from formulations.problem import Number, Players, SaddleProblem
from solvers.descent_ascent.players import said
from solvers.descent_ascent.randomness import GlobalNumbers


def ask(problem: SaddleProblem, what: Literal["value", "bound", "size", "watch", "answer"], players: Players) -> Any:
    """What that function returns; raises ValueError, naming it, where it raises."""
    try:
        with GlobalNumbers(0).used():
            return getattr(problem, what)(players)
    except Exception as error:
        raise ValueError(f"the problem's {what} raises {said(error)}; it is given the players by block name") from error


def number(problem: SaddleProblem, what: Literal["value", "bound", "size"], players: Players) -> Number | None:
    """The number that it returns; None if the problem has no such function, or the number is not finite."""
    if getattr(problem, what) is None:
        return None
    found = ask(problem, what, players)
    try:
        exact: Any = found if isinstance(found, Real) else float(found)
        return exact if math.isfinite(exact) else None
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"the problem's {what} returns {type(found).__name__}; it must return one number") from error


def scheduled(schedule: Callable[[int], float] | None, iteration: int) -> float:
    """The factor of the steps at that iteration; raises ValueError, naming it, where it is no finite number."""
    if schedule is None:
        return 1.0
    try:
        factor = float(schedule(iteration))
    except Exception as error:
        raise ValueError(f"the schedule raises {said(error)} at iteration {iteration}") from error
    if not math.isfinite(factor):
        raise ValueError(f"the schedule returns {factor} at iteration {iteration}; it must return a finite number")
    return factor


def watched(problem: SaddleProblem, players: Players) -> Mapping[str, float | None]:
    """The numbers by which the play is followed; empty where the problem has none."""
    found = {} if problem.watch is None else ask(problem, "watch", players)
    if not isinstance(found, Mapping):
        raise ValueError(f"the problem's watch returns {type(found).__name__}; it must return a dictionary of numbers")
    return found
