"""The end of a program that cannot wait for its main thread, and what is cleaned up even then."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

_pending: list[Callable[[], None]] = []  # what is still to be cleaned up, in the order of its making


@contextmanager
def cleaned_up(clean: Callable[[], None]) -> Iterator[None]:
    """A block after which clean() is called, be it that the block ends or that `leave` ends the program within it.

    It may be called twice, and before anything is there to be cleaned up.

    >>> with cleaned_up(lambda: print("after")):
    ...     print("within")
    within
    after
    """
    _pending.append(clean)
    try:
        yield
    finally:
        clean()
        _pending.remove(clean)


def leave(code: int) -> NoReturn:
    """End the program with that exit code, whatever its threads are busy with: its blocks cleaned up, all printed."""
    for clean in reversed(_pending.copy()):
        with suppress(Exception):  # of a program that ends anyway, all others are to be cleaned up as well
            clean()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
