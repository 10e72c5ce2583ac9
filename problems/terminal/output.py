"""What goes to the terminal: answers on standard output; notes, complaints and progress on standard error."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from problems.terminal.errors import OutputError


@contextmanager
def progress(quiet: bool, follow: Callable[[Any], None] | None) -> Iterator[Callable[[Any], None] | None]:
    """A line on the terminal's standard error that follows the search, and whoever else does; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield follow
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = TextColumn("{task.description}", markup=False), BarColumn(bar_width=20)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("building the model", total=None)
        first: tuple[float, int] | None = None  # look: when, and at which iteration

        def update(search: Any) -> None:
            nonlocal first
            if follow is not None:
                follow(search)
            if not search.history:
                return
            last, total = search.history[-1], getattr(search, "total", None)
            now = time.perf_counter(), last.get("iteration", 0)
            first = first or now
            seconds, done = now[0] - first[0], now[1] - first[1]
            description = _status(last, done / seconds if seconds else 0)
            bar.update(line, description=description, total=total, completed=now[1])

        yield update


def _status(last: Mapping[str, Any], speed: float) -> str:
    """Where a search stands, in a line: the last row of its history, and its iterations per second."""
    rounds = f"round {last['round']}" if "round" in last else f"iteration {last['iteration']:,}"
    work = [f"{last[name]:,} {name}" for name in ("cuts", "boxes") if last.get(name)]
    numbers = [
        f"{name} {'none' if last[name] is None else format(last[name], '.6g')}"
        for name in ("value", "bound", "residual")
        if name in last
    ]
    return ", ".join([rounds, *work, *numbers, *([f"{speed:,.0f} per second"] if "iteration" in last else [])])


def show(text: str) -> None:
    """To standard output; whoever reads it may have read enough (`| head`), and the picture is still to be drawn.

    Raises OutputError where it cannot be written, as on a full disk.
    """
    try:
        print(text, flush=True)
    except OSError as error:
        # What is left in the buffer would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            why = f"standard output cannot be written ({error.strerror})"
            raise OutputError(f"{why}, so the answer is lost; send it to a file where there is room") from None


def say_all(notes: Iterable[str]) -> None:
    """Notes, one a line, on standard error."""
    for note in notes:
        say(f"note: {note}")


def say(sentence: str) -> None:
    """A line on standard error."""
    print(sentence, file=sys.stderr)
