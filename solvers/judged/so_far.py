"""What a search has found by now, for whoever follows it, interrupts it or runs out of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from solvers.clock import Clock

Found = TypeVar("Found")


def account(search: Any, built: float, clock: Clock) -> dict[str, Any]:
    """What is said of every search: whether it was interrupted, what it passed, and its seconds.

    search  has interrupted and history; built: the seconds of the clock at which it began
    """
    return {
        "interrupted": search.interrupted,
        "history": search.history,
        "build_seconds": built,
        "solve_seconds": clock.elapsed - built,
    }


def followed(
    search: Any,
    run: Callable[[], str],
    found: Callable[[Any], Found],
    at_once: Callable[[Found], Found] = lambda findings: findings,
) -> Found:
    """What the search found when run() is over, or broken off by Ctrl-C; search.so_far() tells until then, and after.

    search   has so_far, which is set here, and interrupted
    found    how the run ended -> what was found
    at_once  the part of that which needs no further work
    """
    search.so_far = lambda: at_once(found("limit"))
    ended = "limit"
    try:
        ended = run()
    except KeyboardInterrupt:
        search.interrupted = True
    findings = found(ended)
    last = at_once(findings)
    search.so_far = lambda: last  # no longer the search itself: the two would keep each other alive
    return findings
