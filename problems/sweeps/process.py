"""A process that runs recipes, each in a copy of itself: python -m problems.sweeps.process, asked in lines of JSON.

A copy (fork) begins as a program does, keeps its time limit and may fail as one, and has what earlier ones imported:
that alone takes a second or more. Nothing else is handed on, so that an answer is that of the command run by itself.
"""

from __future__ import annotations

import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any, NoReturn

from problems.terminal.arguments import FAILED
from problems.terminal.leaving import cleaned_up, leave

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PIECE = 65_536  # bytes that are read of a pipe at once
LOOK = 0.5  # seconds after which it is seen to that a run has ended whose own processes go on


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, negative for a signal; what it printed; how long it took."""

    code: int
    out: str
    err: str
    seconds: float


def not_run(why: str) -> Ended:
    """What is said of a run that did not come to its end, for reasons that are not its own."""
    return Ended(FAILED, "", why, 0.0)


class Process:
    """The process that runs recipes here, as whoever asks it sees it; it ends when its standard input is closed."""

    def __init__(self) -> None:
        """Start it."""
        path = os.pathsep.join(filter(None, [ROOT, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "problems.sweeps.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C at a terminal is for the sweep
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8:backslashreplace"},
        )

    def run(self, recipe: str, words: Sequence[str], folder: str) -> Ended:
        """Run the recipe on those arguments in that folder; raises EOFError if the process has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps([recipe, list(words), folder]).encode() + b"\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise EOFError
        return Ended(**json.loads(answer))

    def stop(self) -> None:
        """End it, and what it runs, at once."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.close()


def serve() -> None:
    """Run what each line of standard input asks for, and answer in a line, until it is closed."""
    loaded: list[str] = []
    for line in sys.stdin.buffer:
        for name in loaded:
            if name not in sys.modules:
                with suppress(Exception):  # what the next run needs of it, that run will import, and fail if it must
                    import_module(name)
        ended, loaded = _forked(*json.loads(line))
        print(json.dumps(vars(ended)), flush=True)


def _forked(recipe: str, words: list[str], folder: str) -> tuple[Ended, list[str]]:
    """How a run in a copy of this process ended, and the modules that it had loaded."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        (here, there), started = os.pipe(), time.perf_counter()
        child = os.fork()
        if child == 0:
            _begin(recipe, words, folder, (out, err), there)
        _apart(child)
        os.close(there)
        status, told = _awaited(child, here)
        seconds = time.perf_counter() - started
        code = os.waitstatus_to_exitcode(status)
        return Ended(code, _text(out), _text(err), seconds), told.decode().split()


def _apart(child: int) -> None:
    """Make a run and what it starts a group, which can be ended as one; here and there, as either may come first."""
    with suppress(OSError):
        os.setpgid(child, child)


def _awaited(child: int, here: int) -> tuple[int, bytes]:
    """The status that a run ends with, and what it wrote to its pipe; where standard input is closed, both end."""
    told, open_pipes = b"", [sys.stdin.fileno(), here]
    with os.fdopen(here, "rb", buffering=0) as pipe:
        while True:
            ready, _, _ = select.select(open_pipes, [], [], LOOK)
            if sys.stdin.fileno() in ready:
                with suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
                os._exit(0)
            if here in ready:
                piece = pipe.read(PIECE)
                told += piece
                if not piece:
                    open_pipes.remove(here)
            if here not in open_pipes or not ready:
                ended, status = os.waitpid(child, os.WNOHANG if here in open_pipes else 0)
                if ended:
                    return status, told


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="backslashreplace")


def _begin(recipe: str, words: list[str], folder: str, printed: tuple[Any, Any], told: int) -> NoReturn:
    """Be the program that runs the recipe."""
    code = 1
    try:
        _apart(0)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        for number, file in enumerate(printed, start=1):
            os.dup2(file.fileno(), number)
        os.chdir(folder)
        sys.path[0], sys.argv[1:] = folder, words
        with cleaned_up(lambda: _tell(told)):
            runpy.run_module(f"problems.{recipe}", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    leave(code)


def _tell(told: int) -> None:
    """Say which modules are loaded, in the order of their loading."""
    with suppress(OSError), os.fdopen(told, "wb") as pipe:
        pipe.write(" ".join(name for name in sys.modules if " " not in name).encode())


if __name__ == "__main__":
    serve()
