"""The users' entries of the challenge: functions from pairs to an order, each call in a process of its own.

An entry is given one set of pairs, after its module is imported, and none of the parent's streams. It has limits on its
CPU time, on the clock and on memory, and is isolated: of files it may read Python's, those of installed packages and
its own, a module's file or a package's folder.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from problems.studies.isolation import isolate
from problems.terminal.errors import quoted, safe
from problems.terminal.leaving import cleaned_up

if TYPE_CHECKING:
    from formulations.problem import Ints
    from problems.io.pairs import Pairs

IMPORT_SECONDS = 60.0  # for an entry's module: they do not count against its limit
CLOCK_PER_CPU = 2  # times the CPU seconds: others may be using the machine
MAX_FILE = 64 << 20  # bytes of a file that an entry writes
FURTHER_REPLY = 1 << 16  # bytes of an answer beyond those of the question, which names all users too
POLLING_SECONDS = 0.005
UNATTENDED_SECONDS = 5  # after its limit until an entry ends by itself
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
        return _order(_run_child(target, json.dumps(question).encode(), seconds), users)

    return order


def _run_child(target: str, question: bytes, seconds: float) -> Any:
    """What the child process answers; by files, as a process that it leaves behind may hold a pipe open."""
    scratch = os.path.join(tempfile.gettempdir(), f"entry-{secrets.token_hex(8)}")
    with (
        tempfile.TemporaryFile() as asked,
        tempfile.TemporaryFile() as reply,
        cleaned_up(lambda: shutil.rmtree(scratch, ignore_errors=True)),
    ):
        os.mkdir(scratch, 0o700)
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD_PROGRAM],
            stdin=subprocess.PIPE,
            stdout=reply,
            stderr=subprocess.DEVNULL,
            pass_fds=(asked.fileno(),),
            start_new_session=True,  # its own process group, to be killed as one
            env={**os.environ, "PYTHONHASHSEED": "0"},  # the same order on every run, also from sets of names
        )
        with cleaned_up(lambda: _end(process)):
            limits = {"cpu": seconds, "clock": CLOCK_PER_CPU * seconds}
            _order_child(process, target=target, limits=limits, scratch=scratch, asked=asked.fileno())
            if not _within(process, lambda: os.fstat(reply.fileno()).st_size > 0, IMPORT_SECONDS, IMPORT_SECONDS):
                raise Failed(f"takes more than {IMPORT_SECONDS:g} s to import")
            asked.write(question)
            asked.flush()
            _hang_up(process)  # which tells the child that the question is there
            if not _within(process, lambda: False, **limits):
                raise Failed("timeout")
        return _reply(reply, len(question) + FURTHER_REPLY, process.wait())


def _end(process: subprocess.Popen[bytes]) -> None:
    """On Ctrl-C, and also after an answer, for what the entry left behind."""
    with suppress(OSError, AttributeError):  # no process is left, or the system has no process groups
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    _hang_up(process)


def _order_child(process: subprocess.Popen[bytes], **order: object) -> None:
    """A first line to the child process, if it still listens."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()


def _hang_up(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()


def _within(process: subprocess.Popen[bytes], done: Callable[[], bool], cpu: float, clock: float) -> bool:
    """Wait until it is done, or the process has ended; whether that is within these seconds from now."""
    cpu, clock = cpu + _cpu_seconds(process.pid), clock + time.monotonic()
    while process.poll() is None and not done():
        if _cpu_seconds(process.pid) > cpu or time.monotonic() > clock:
            return False
        time.sleep(POLLING_SECONDS)
    return True


def _cpu_seconds(pid: int) -> float:
    """The CPU time of all threads of a process; 0 where the system does not tell."""
    with suppress(OSError, AttributeError):
        return time.clock_gettime(~pid << 3 | 2)  # Linux: what clock_getcpuclockid(3) gives
    return 0.0


def _reply(file: IO[bytes], most: int, code: int) -> Any:
    """The order in the child's answer of so many bytes; raises Failed if there is none."""
    file.seek(0)
    data = file.read(most + 1)
    if not data.strip():
        raise Failed(f"ended without an answer ({f'signal {-code}' if code < 0 else f'exit code {code}'})")
    try:
        reply = json.loads(data) if len(data) <= most else None
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
    limits, scratch = order["limits"], order["scratch"]
    os.environ.update(dict.fromkeys(("TMPDIR", "HOME", "MPLCONFIGDIR"), scratch))
    _limit(**{kind: IMPORT_SECONDS + seconds for kind, seconds in limits.items()})
    try:
        spec = _spec(order["target"])
        isolate(_own_files(spec), scratch)
        function = _imported(order["target"], spec)
        os.write(reply, b"\n")
        ask.readline()
        with open(order["asked"], "rb") as file:
            file.seek(0)  # the place in the file is the parent's too
            question = json.load(file)
        _limit(**limits)
        text = json.dumps({"order": _called(function, **question)})
    except Failed as error:
        text = json.dumps({"failed": str(error)})
    except PermissionError as error:
        text = json.dumps({"failed": f"asked for what --help says entries do not get: {safe(error, 110)}"})
    except BaseException as error:  # sys.exit and Ctrl-C too
        text = json.dumps({"failed": f"{type(error).__name__}: {safe(error, 120)}"})
    if os.getpid() == own:  # not a process that the entry forked, where it may
        with open(reply, "w", encoding="ascii") as file:
            file.write(text)
    os._exit(0)  # past threads and exit handlers that would keep it alive


def _limit(cpu: float, clock: float) -> None:
    """Half of the memory, the size of a file; and seconds from now, should there be no parent to see to them."""
    with suppress(ImportError, AttributeError):  # where the system has such limits
        import resource

        signal.alarm(math.ceil(clock) + UNATTENDED_SECONDS)
        half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        for kind, most in (
            (resource.RLIMIT_CPU, math.ceil(time.process_time() + cpu) + UNATTENDED_SECONDS),
            (resource.RLIMIT_AS, half),
            (resource.RLIMIT_FSIZE, MAX_FILE),
            (resource.RLIMIT_CORE, 0),
        ):
            _, before = resource.getrlimit(kind)
            most = most if before == resource.RLIM_INFINITY else min(most, before)
            with suppress(ValueError, OSError):  # macOS refuses some
                resource.setrlimit(kind, (most, most))


def _spec(target: str) -> ModuleSpec | None:
    """Where the entry's module or the package that it is in lies; raises Failed if the target names none."""
    import importlib.util

    module, colon, name = target.partition(":")
    if not (module and colon and name):
        raise Failed("is not module:function")
    return importlib.util.find_spec(module.partition(".")[0])


def _own_files(spec: ModuleSpec | None) -> list[str]:
    """The folder of a package, or the file of a module."""
    if spec is None:
        return []
    return list(spec.submodule_search_locations or []) or ([spec.origin] if spec.has_location and spec.origin else [])


def _imported(target: str, spec: ModuleSpec | None) -> Callable[..., Any]:
    """The user's function; raises Failed if there is none of that name."""
    import importlib.util

    module, _, name = target.partition(":")
    if spec is not None and spec.loader is not None and spec.name not in sys.modules:
        # Not by name: looking for it would list the folder that it is in.
        sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[spec.name])
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
