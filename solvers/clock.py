"""Time limits and Ctrl-C: what everything long asks."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TypeVar

Result = TypeVar("Result")
GRACE = 1.2  # seconds after Ctrl-C in which a program may end by itself: the rest of 2 is for its last words
OVERTIME = 0.6  # the same after the time limit: the main thread goes on then, so that last words take longer


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
            done.set()

    try:  # from the start on: a signal may come before anything is waited for
        Thread(target=run, daemon=True).start()
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


class Watch:
    """Ends a program that is still busy GRACE seconds after Ctrl-C, or OVERTIME seconds after its time limit.

    KeyboardInterrupt alone does not do: Python raises it only between two of its own instructions, and it is lost if it
    is raised inside the import of a C extension. So a thread waits for the signal itself, which the interpreter's
    handler in C writes to a socket, and for the deadline; if the program has not begun to answer by then, `last_words`
    says the best that is known, and returns the exit code.
    """

    def __init__(self, last_words: Callable[[bool], int], deadline: float | None = None) -> None:
        """last_words is told whether Ctrl-C is the reason; deadline in seconds from now."""
        self.pressed = Event()
        self._last_words, self._begun = last_words, threading.Lock()
        self._deadline = None if deadline is None else time.monotonic() + deadline
        self._here, self._there = socket.socketpair()

    def __enter__(self) -> Watch:
        """Begin to watch; only the main thread can."""
        signal.signal(signal.SIGINT, self._press)  # also where a shell started us with it ignored
        self._here.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._here.fileno(), warn_on_full_buffer=False)
        Thread(target=self._wait, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """The program is over: Ctrl-C no longer matters."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self._wakeup)
        self._begun.acquire(blocking=False)
        self._here.close()

    def answering(self) -> None:
        """Called before the answer is printed: nothing is broken off from now on.

        Where the last words are being said already this waits for them, so that only one of the two is printed.
        """
        self._begun.acquire()

    def _press(self, signum: int, frame: object) -> None:
        self.pressed.set()
        raise KeyboardInterrupt

    def _wait(self) -> None:
        interrupted, end = False, self._deadline
        with self._there:
            while end is None or end > time.monotonic():
                self._there.settimeout(None if end is None else max(end - time.monotonic(), 1e-3))
                try:
                    numbers = self._there.recv(1)
                except TimeoutError:
                    continue
                if not numbers:
                    return  # the program has ended
                if numbers[0] == signal.SIGINT:
                    if interrupted:  # pressed twice: at once
                        break
                    interrupted, end = True, time.monotonic() + GRACE
        if self._begun.acquire(blocking=False):
            code = 1
            try:
                code = self._last_words(interrupted)
            except Exception:
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
