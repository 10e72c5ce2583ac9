"""The users' entries of the challenge: functions from pairs to an order, each call in a process of its own.

An entry is given one set of pairs, after its module is imported, and none of the parent's streams; its time, CPU time
and memory are limited. It is not kept from files that whoever runs this may read.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from problems.terminal.errors import quoted, safe

if TYPE_CHECKING:
    from formulations.problem import Ints
    from problems.io.pairs import Pairs

MAX_REPLY = 64 << 20  # bytes of an entry's answer
IMPORT_SECONDS = 60.0  # for an entry's module: they do not count against its limit
ROOT = str(Path(__file__).resolve().parents[2])
CHILD_PROGRAM = f"""import sys
sys.path.insert(0, {ROOT!r})
from problems.studies.entries import answer
answer()"""


class Failed(Exception):
    """Why an entry has no score, in a few words."""


def outside(target: str) -> Callable[[Pairs, float], Ints]:
    """The user's function as a method, called in a process of its own."""

    def order(pairs: Pairs, seconds: float) -> Ints:
        users = pairs.items
        question = {
            "user1": [users[i] for i in pairs.first],
            "user2": [users[i] for i in pairs.second],
            "similarity": pairs.similarity.tolist(),
        }
        return _order(_run_child(target, question, seconds), users)

    return order


def _run_child(target: str, question: Mapping[str, Any], seconds: float) -> Any:
    """What the child process answers; by a file, as a process that it forks may hold a pipe open."""
    with tempfile.TemporaryFile() as reply:
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD_PROGRAM],
            stdin=subprocess.PIPE,
            stdout=reply,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # its own process group, to be killed as one
            env={**os.environ, "PYTHONHASHSEED": "0"},  # the same order on every run, also from sets of names
        )
        try:
            _tell(process, {"target": target, "seconds": seconds})
            if not _ready(process, reply):
                raise Failed(f"takes more than {IMPORT_SECONDS:g} s to import")
            _tell(process, question)
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed("timeout") from None
        finally:  # also on Ctrl-C, and after an answer, for what the entry forked
            with suppress(OSError, AttributeError):  # no process is left, or the system has no process groups
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
            with suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]
        return _reply(reply, code)


def _tell(process: subprocess.Popen[bytes], line: Mapping[str, Any]) -> None:
    """A line to the child process, if it still listens."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()


def _ready(process: subprocess.Popen[bytes], reply: IO[bytes]) -> bool:
    """Wait until the child has imported the entry, which it says by a first byte, or has ended; whether it did."""
    deadline = time.monotonic() + IMPORT_SECONDS
    while process.poll() is None and not os.fstat(reply.fileno()).st_size:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _reply(file: IO[bytes], code: int) -> Any:
    """The order in the child's answer; raises Failed if there is none."""
    file.seek(0)
    data = file.read(MAX_REPLY + 1)
    if not data.strip():
        raise Failed(f"ended without an answer ({f'signal {-code}' if code < 0 else f'exit code {code}'})")
    try:
        reply = json.loads(data[: MAX_REPLY + 1]) if len(data) <= MAX_REPLY else None
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict) or len(reply) != 1:
        raise Failed("gave an answer that cannot be read")
    if "failed" in reply:
        raise Failed(safe(reply["failed"], 160))
    return reply.get("order")


def _order(named: Any, users: Sequence[str]) -> Ints:
    """The order as positions of users, int64 (N,); raises Failed unless each is named once."""
    import numpy as np

    index = {user: i for i, user in enumerate(users)}
    if not isinstance(named, list):
        raise Failed("did not return a list of the users")
    for user in named:
        if not isinstance(user, str) or user not in index:
            raise Failed(f"returned {quoted(user)}, which is no user")
    missing = index.keys() - set(named)
    if missing:
        raise Failed(f"left out {len(missing)} of {len(users)} users, {quoted(min(missing))} among them")
    if len(named) > len(users):
        raise Failed(f"returned {quoted(Counter(named).most_common(1)[0][0])} more than once")
    return np.array([index[user] for user in named], dtype=np.int64)


def answer() -> None:
    """The child process: reads what to import and then the question, writes {"order": ...} or {"failed": ...}."""
    ask = os.fdopen(os.dup(0), "rb")
    order = json.loads(ask.readline())
    reply, nowhere, own = os.dup(1), os.open(os.devnull, os.O_RDWR), os.getpid()
    for stream in (0, 1, 2):  # the entry may read and print as it likes
        os.dup2(nowhere, stream)
    sys.path[0] = ""  # the current folder
    _confine(IMPORT_SECONDS)
    try:
        function = _imported(order["target"])
        os.write(reply, b"\n")
        question = json.loads(ask.readline())
        _confine(order["seconds"])
        text = json.dumps({"order": _called(function, **question)})
    except Failed as error:
        text = json.dumps({"failed": str(error)})
    except BaseException as error:  # sys.exit and Ctrl-C too
        text = json.dumps({"failed": f"{type(error).__name__}: {safe(error, 120)}"})
    if os.getpid() == own:  # not a process that the entry forked
        with open(reply, "w", encoding="ascii") as file:
            file.write(text)
    os._exit(0)  # past threads and exit handlers that would keep it alive


def _confine(seconds: float) -> None:
    """Limit this process to half of the memory and to so much CPU time, and end it soon after even without a parent."""
    with suppress(ImportError, AttributeError, ValueError, OSError):  # where the system has such limits
        import resource

        signal.alarm(math.ceil(seconds) + 1)
        half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (half if most == resource.RLIM_INFINITY else min(half, most), most))
        threads = os.cpu_count() or 1  # all of them count
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + threads * seconds) + 1, most))


def _imported(target: str) -> Callable[..., Any]:
    """The user's function; raises Failed if there is none of that name."""
    import importlib

    module, colon, name = target.partition(":")
    if not (module and colon and name):
        raise Failed("is not module:function")
    function = getattr(importlib.import_module(module), name)
    if not callable(function):
        raise Failed(f"is a {type(function).__name__}, not a function")
    found: Callable[..., Any] = function
    return found


def _called(function: Callable[..., Any], user1: list[str], user2: list[str], similarity: list[float]) -> Any:
    """The list that the user's function returns; raises Failed if it returns none."""
    returned = function(user1, user2, similarity)
    if hasattr(returned, "tolist"):
        returned = returned.tolist()
    if not isinstance(returned, list | tuple):
        raise Failed(f"returned {safe(type(returned).__name__)}, not a list of the users")
    return list(returned)
