"""The value of a solution against independent algorithms."""

from __future__ import annotations

import ctypes
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread

from formulations.problem import Reference
from solvers.clock import Clock
from solvers.solution import Check, Solution

LAST_PLACES = 1e-15  # relative to the numbers themselves: what rounding alone may do to them
PATIENCE = 15.0  # seconds that a reference may take where the solve took less; else as long as the solve


@dataclass(frozen=True)
class Compared:
    """The checks, and the names of the references that took too long; interrupted by Ctrl-C, it has those until then.

    A reference that fails is a check that fails.
    """

    checks: Sequence[Check]
    left_out: Sequence[str]
    interrupted: bool


def compare(references: Sequence[Reference], solution: Solution, clock: Clock, maximize: bool) -> Compared:
    """The value against every reference, relative to the problem's size, within the clock or else PATIENCE."""
    checks: list[Check] = []
    left_out: list[str] = []
    for reference in references if solution.value is not None else ():
        patience = max(PATIENCE, clock.elapsed) if clock.limit is None else clock.left
        try:
            value = _within(patience, reference)
        except KeyboardInterrupt:
            return Compared(checks, left_out, interrupted=True)
        except Exception as error:
            failure = f"{reference.name}, which failed: {type(error).__name__}: {error}"
            checks.append(Check(failure, reference.relation, None, ok=False))
            continue
        if value is None:
            left_out.append(reference.name)
        else:
            checks.append(_check(reference, value, solution, maximize))
    return Compared(checks, left_out, interrupted=False)


def _check(reference: Reference, value: float, solution: Solution, maximize: bool) -> Check:
    """The solution's value against that of a reference."""
    if not math.isfinite(value):
        return Check(f"{reference.name}, which gives no number", reference.relation, None, ok=False)
    assert solution.value is not None
    slack = reference.tolerance * (solution.size or 0.0)
    slack += LAST_PLACES * max(abs(value), abs(solution.value))
    relation = reference.relation
    if solution.status != "optimal" and relation == "==":
        relation = "<=" if maximize else ">="
    low, high = solution.value >= value - slack, solution.value <= value + slack
    return Check(reference.name, relation, value, bool({"==": low and high, ">=": low, "<=": high}[relation]))


def _within(seconds: float, reference: Reference) -> float | None:
    """The reference's value, or None if it takes longer than that; it is then broken off, as by Ctrl-C."""
    found: list[float | None] = []
    failure: list[Exception] = []

    def work() -> None:
        try:
            found.append(reference.value())
        except _TooLong:
            pass
        except Exception as error:  # handed over to the waiting thread, which raises it
            failure.append(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        thread.join(max(seconds, 0.0))
    finally:
        if thread.is_alive():
            Thread(target=_break_off, args=(thread,), daemon=True).start()
    if failure:
        raise failure[0]
    return found[0] if found else None


def _break_off(thread: Thread) -> None:
    """Raise an exception in the thread at its next instruction, as Python stops none.

    Not in an import: the lock of all imports would stay taken, and whoever imports next would wait forever.
    """
    while thread.is_alive():
        frame = sys._current_frames().get(thread.ident or 0)
        while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
            frame = frame.f_back
        if frame is None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_TooLong))
            return
        time.sleep(0.01)


class _TooLong(BaseException):
    """Ends a reference that takes too long."""
