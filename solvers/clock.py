"""Time limits and Ctrl-C: what everything long asks."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, TypeVar

Result = TypeVar("Result")
_idle: list[_Worker] = []  # threads that wait for work


@dataclass
class Clock:
    """Time since the start, and until the limit."""

    limit: float | None = None
    started: float = field(default_factory=time.perf_counter)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    @property
    def left(self) -> float:
        """Seconds until the limit, infinity if there is none."""
        return float("inf") if self.limit is None else self.limit - self.elapsed


class _Worker(Thread):
    """A thread that does one call after another: to start one for each takes longer than a small LP."""

    def __init__(self) -> None:
        """Start it; it ends with the program."""
        super().__init__(daemon=True)
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.start()

    def run(self) -> None:
        """Do what comes."""
        while True:
            self.jobs.get()()


def _worker() -> _Worker:
    """One that waits for work, or a new one; not one from before a fork, as no thread outlives that."""
    while True:
        try:
            worker = _idle.pop()
        except IndexError:
            return _Worker()
        if worker.is_alive():
            return worker


def interruptible(call: Callable[[], Result], cancel: Callable[[], None], seconds: float = float("inf")) -> Result:
    """The result of call(), run in a thread; on Ctrl-C cancel() is called, the thread awaited and the signal passed on.

    cancel() is called too when the seconds are over; call() then returns what it has.
    """
    outcome: list[Result] = []
    failure: list[BaseException] = []
    done = Event()

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # handed over to the waiting thread, which raises it
            failure.append(error)
        finally:
            _idle.append(worker)
            done.set()

    try:  # from the start on: a signal may come before anything is waited for
        worker = _worker()
        worker.jobs.put(run)
        if not done.wait(None if seconds == float("inf") else max(seconds, 0)):
            cancel()
            done.wait()
    except KeyboardInterrupt:
        cancel()
        done.wait(2)
        raise
    if failure:
        raise failure[0]
    return outcome[0]


def abandonable(call: Callable[[], Result], seconds: float) -> Result:
    """The result of call(), run in a thread that nothing can stop: after those seconds, or Ctrl-C, it is left alone.

    Of use where the call lets others run meanwhile, as numpy's linear algebra does. Raises TimeoutError.

    >>> abandonable(lambda: 3, seconds=10.0)
    3
    """
    outcome: SimpleQueue[tuple[bool, Any]] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put((True, call()))
        except BaseException as error:  # handed over to the waiting thread, which raises it
            outcome.put((False, error))
        _idle.append(worker)

    worker = _worker()
    worker.jobs.put(run)
    try:
        worked, found = outcome.get(timeout=None if seconds == float("inf") else max(seconds, 0.0))
    except Empty:
        raise TimeoutError(f"not done within {seconds:.3g} s") from None
    if not worked:
        raise found
    result: Result = found
    return result


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed since: it no longer breaks off what is going on, unless it is pressed twice.

    Python takes signals in its main thread only; elsewhere the answer is always no.
    """
    pressed = Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    before = signal.getsignal(signal.SIGINT)

    def press(signum: int, frame: object) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
