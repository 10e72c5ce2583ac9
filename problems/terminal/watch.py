"""Ctrl-C and time limits of a program: its answer so far is said in time, whatever it is busy with."""

from __future__ import annotations

import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable
from threading import Event, Thread

from problems.terminal.errors import OutputError
from problems.terminal.leaving import leave
from problems.terminal.output import say

GRACE_SECONDS = 1.2  # after Ctrl-C in which a program may end by itself: the rest of 2 is for its last words
OVERTIME_SECONDS = 0.6  # the same after the time limit: the main thread goes on then, so that last words take longer


class Watch:
    """Ends a program that is still busy GRACE_SECONDS after Ctrl-C, or OVERTIME_SECONDS after its time limit.

    KeyboardInterrupt alone does not do: Python raises it only between two of its own instructions, and it is lost if it
    is raised inside the import of a C extension. So a thread waits for the signal itself, which the interpreter's
    handler in C writes to a socket, and for the deadline; if the program has not begun to answer by then, `last_words`
    says the best that is known, and returns the exit code.
    """

    def __init__(self, last_words: Callable[[bool], int]) -> None:
        """last_words is told whether Ctrl-C is the reason."""
        self.pressed = Event()
        self._last_words, self._begun = last_words, threading.Lock()
        self._deadline = float("inf")
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

    def limit(self, seconds: float) -> None:
        """The time limit is over in so many seconds from now."""
        self._deadline = time.monotonic() + seconds + OVERTIME_SECONDS
        self._here.send(b"\0")  # wakes whoever waits without a deadline

    def answering(self) -> None:
        """Called before the answer is printed: nothing is broken off from now on.

        Where the last words are being said already this waits for them, so that only one of the two is printed.
        """
        self._begun.acquire()

    def _press(self, signum: int, frame: object) -> None:
        self.pressed.set()
        raise KeyboardInterrupt

    def _wait(self) -> None:
        interrupted = False
        with self._there:
            while (left := self._deadline - time.monotonic()) > 0:
                self._there.settimeout(None if left == float("inf") else left)
                try:
                    numbers = self._there.recv(1)
                except TimeoutError:
                    continue
                if not numbers:
                    return  # the program has ended
                if numbers[0] == signal.SIGINT:
                    if interrupted:  # pressed twice: at once
                        break
                    interrupted, self._deadline = True, time.monotonic() + GRACE_SECONDS
        if self._begun.acquire(blocking=False):
            code = 1
            try:
                code = self._last_words(interrupted)
            except OutputError as error:
                say(str(error))
            except Exception:
                traceback.print_exc()
            leave(code)
