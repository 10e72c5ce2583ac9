"""Work on a solution that text, JSON and picture share, done once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from solvers.solution import Solution

Made = TypeVar("Made")


def once(work: Callable[[Solution], Made]) -> Callable[[Solution], Made]:
    """The same work, done once for each solution."""
    done: dict[int, Made] = {}

    def made(solution: Solution) -> Made:
        if id(solution) not in done:
            done[id(solution)] = work(solution)
        return done[id(solution)]

    return made
