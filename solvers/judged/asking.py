"""What a problem's own functions of the players say: its value, bound, size, answer, and what it is watched by."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from numbers import Real
from typing import Any, Literal

from formulations.problem import Number, Players, SaddleProblem


def ask(problem: SaddleProblem, what: Literal["value", "bound", "size", "watch", "answer"], players: Players) -> Any:
    """What that function returns; raises ValueError, naming it, where it raises."""
    try:
        with _own_numbers():
            return getattr(problem, what)(players)
    except Exception as error:
        raise ValueError(f"the problem's {what} raises {said(error)}; it is given the players by block name") from error


def _own_numbers() -> AbstractContextManager[None]:
    """The same global random numbers of torch for each question, if it is loaded: a matrix game does without."""
    if sys.modules.get("torch") is None:
        return nullcontext()
    from solvers.judged.randomness import GlobalNumbers

    return GlobalNumbers(0).used()


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


def watched(problem: SaddleProblem, players: Players) -> Mapping[str, float | None]:
    """The numbers by which the play is followed; empty where the problem has none."""
    found = {} if problem.watch is None else ask(problem, "watch", players)
    if not isinstance(found, Mapping):
        raise ValueError(f"the problem's watch returns {type(found).__name__}; it must return a dictionary of numbers")
    return found


def said(error: BaseException, most: int = 300) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:most]}" if text else type(error).__name__
