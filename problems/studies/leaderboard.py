"""The seriation challenge: order users so that similar ones are close, and compare methods by one score."""

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
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from problems.terminal.errors import InputError, quoted, safe

if TYPE_CHECKING:
    from formulations.problem import Ints
    from problems.io.matrix import Pairs

CLIP = 1e-9  # similarities are at most 1 - CLIP, so that log(1 - s) is finite
MAX_REPLY = 64 << 20  # bytes of an entry's answer
ROOT = str(Path(__file__).resolve().parents[2])
CHILD_PROGRAM = f"""import sys
sys.path.insert(0, {ROOT!r})
from problems.studies.leaderboard import answer
answer()"""

Result = float | str  # a score, "timeout", or why there is none
Method = Callable[["Pairs", float], "Ints"]


@dataclass(frozen=True)
class Row:
    """A method's scores on the two sets of pairs, or "timeout", or why there is none; seconds for both."""

    method: str
    train: Result
    holdout: Result
    seconds: float


def score(pairs: Pairs, order: Ints) -> float:
    """100 (x - m) / (-m) for x = sum |z_u - z_v| log(1 - s_uv) / (M N) and m = sum log(1 - s_uv) / (3 M).

    The sums run over the M listed pairs, z is the place of each of the N users, order int64 (N,) the user at each
    place. About 0 for a random order (mean |z_u - z_v| is (N + 1) / 3), greater is better; s = 1 counts as 1 - 1e-9.
    Raises InputError where all s are 0 (every order is then equally good), ValueError if `order` is no permutation.

    >>> import numpy as np
    >>> from problems.io.matrix import Pairs
    >>> pairs = Pairs(["ann", "bob", "cem"], np.array([0]), np.array([2]), np.array([0.9]))
    >>> score(pairs, np.array([0, 1, 2])), score(pairs, np.array([0, 2, 1]))  # ann and cem apart, next to each other
    (-100.0, 0.0)
    """
    import numpy as np

    n = len(pairs.items)
    if not np.array_equal(np.sort(order), np.arange(n)):
        raise ValueError(f"the order does not name each of the {n} users once; give a permutation of 0 to {n - 1}")
    log = np.log1p(-np.minimum(pairs.similarity, 1 - CLIP))
    if not log.any():
        raise InputError("all similarities are 0, so that every order is as good; give pairs with some similarity")
    place = np.argsort(order)
    x = np.abs(place[pairs.first] - place[pairs.second]) @ log / n
    m = log.sum() / 3
    return float(100 * (x - m) / -m)


def leaderboard(
    train: Pairs, holdout: Pairs, entries: Mapping[str, Method], user_entries: Sequence[str], seconds: float
) -> list[Row]:
    """One row for each of our entries and of the users' "module:function", run on both sets of pairs.

    Ours map pairs and seconds to an order within the seconds. A user's function
    order(user1, user2, similarity) -> list of the users runs in a process that is killed, with its children, when the
    seconds are over; its module may also be in the current folder. Whatever an entry raises is noted in its row.
    Raises InputError if all similarities of a set are 0.
    """
    import numpy as np  # not at the top: child processes would spend their time on it

    for name, pairs in (("training", train), ("hold-out", holdout)):
        try:
            score(pairs, np.arange(len(pairs.items)))
        except InputError as error:
            raise InputError(f"the {name} pairs: {error}") from None
    users: dict[str, Method] = {target: _outside(target) for target in user_entries}
    rows = []
    for method, order in (*entries.items(), *users.items()):
        started = time.perf_counter()
        on_train, on_holdout = (_result(order, pairs, seconds) for pairs in (train, holdout))
        rows.append(Row(method, on_train, on_holdout, time.perf_counter() - started))
    return rows


def table(rows: Sequence[Row]) -> list[str]:
    """The leaderboard in lines, best on the hold-out pairs first; below it why methods failed.

    >>> print("\\n".join(table([Row("random", 0.5, -1.25, 0.01), Row("mine", 80.0, "timeout", 60.0)])))
    method  train  hold-out  seconds
    random   0.50     -1.25      0.0
    mine    80.00   timeout     60.0
    """

    def rank(row: Row) -> list[float]:
        return [-math.inf if isinstance(result, str) else result for result in (row.holdout, row.train)]

    ranked = sorted(rows, key=rank, reverse=True)
    cells = [("method", "train", "hold-out", "seconds")]
    cells += [(safe(row.method, 40), _cell(row.train), _cell(row.holdout), f"{row.seconds:.1f}") for row in ranked]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join([method.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])]) for method, *numbers in cells]
    for row in ranked:
        for name, result in (("train", row.train), ("hold-out", row.holdout)):
            if _cell(result) == "failed":
                lines.append(f"{safe(row.method, 40)} failed on {name}: {safe(result, 160)}")
    return lines


def _cell(result: Result) -> str:
    if isinstance(result, str):
        return "timeout" if result == "timeout" else "failed"
    return f"{result:.2f}"


class _Failed(Exception):
    """Why an entry has no score, in a few words."""


def _result(order: Method, pairs: Pairs, seconds: float) -> Result:
    try:
        return score(pairs, order(pairs, seconds))
    except _Failed as error:
        return str(error)
    except Exception as error:  # the other entries are still to run
        return f"{type(error).__name__}: {safe(error, 120)}"


def _outside(target: str) -> Method:
    """The user's function as a method, called in a process of its own."""

    def order(pairs: Pairs, seconds: float) -> Ints:
        users = pairs.items
        request = {
            "target": target,
            "seconds": seconds,
            "user1": [users[i] for i in pairs.first],
            "user2": [users[i] for i in pairs.second],
            "similarity": pairs.similarity.tolist(),
        }
        return _order(_run_child(request, seconds), users)

    return order


def _run_child(request: Mapping[str, Any], seconds: float) -> Any:
    """What the child process answers; by files, as a process that it forks may hold a pipe open."""
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as reply:
        question.write(json.dumps(request).encode())
        question.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD_PROGRAM],
            stdin=question,
            stdout=reply,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # its own process group, to be killed as one
            env={**os.environ, "PYTHONHASHSEED": "0"},  # the same order on every run, also from sets of names
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise _Failed("timeout") from None
        finally:  # also on Ctrl-C, and after an answer, for what the entry forked
            with suppress(OSError, AttributeError):  # no process is left, or the system has no process groups
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
        return _reply(reply, code)


def _reply(file: IO[bytes], code: int) -> Any:
    """The order in the child's answer; raises _Failed if there is none."""
    file.seek(0)
    data = file.read(MAX_REPLY + 1)
    if not data:
        raise _Failed(f"ended without an answer ({f'signal {-code}' if code < 0 else f'exit code {code}'})")
    try:
        reply = json.loads(data[: MAX_REPLY + 1]) if len(data) <= MAX_REPLY else None
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict) or len(reply) != 1:
        raise _Failed("gave an answer that cannot be read")
    if "failed" in reply:
        raise _Failed(safe(reply["failed"], 160))
    return reply.get("order")


def _order(named: Any, users: Sequence[str]) -> Ints:
    """The order as positions of users, int64 (N,); raises _Failed unless each is named once."""
    import numpy as np

    index = {user: i for i, user in enumerate(users)}
    if not isinstance(named, list):
        raise _Failed("did not return a list of the users")
    for user in named:
        if not isinstance(user, str) or user not in index:
            raise _Failed(f"returned {quoted(user)}, which is no user")
    missing = index.keys() - set(named)
    if missing:
        raise _Failed(f"left out {len(missing)} of {len(users)} users, {quoted(min(missing))} among them")
    if len(named) > len(users):
        raise _Failed(f"returned {quoted(Counter(named).most_common(1)[0][0])} more than once")
    return np.array([index[user] for user in named], dtype=np.int64)


def answer() -> None:
    """The child process: reads the question on standard input, writes {"order": ...} or {"failed": ...}."""
    request = json.load(sys.stdin)
    reply, nowhere, own = os.dup(1), os.open(os.devnull, os.O_RDWR), os.getpid()
    for stream in (0, 1, 2):  # the entry may read and print as it likes
        os.dup2(nowhere, stream)
    sys.path[0] = ""  # the current folder
    _confine(request.pop("seconds"))
    try:
        text = json.dumps({"order": _called(**request)})
    except _Failed as error:
        text = json.dumps({"failed": str(error)})
    except BaseException as error:  # sys.exit and Ctrl-C too
        text = json.dumps({"failed": f"{type(error).__name__}: {safe(error, 120)}"})
    if os.getpid() == own:  # not a process that the entry forked
        with open(reply, "w", encoding="ascii") as file:
            file.write(text)
    os._exit(0)  # past threads and exit handlers that would keep it alive


def _confine(seconds: float) -> None:
    """Limit this process to half of the memory, and end it soon after the time limit even if its parent is gone."""
    with suppress(ImportError, AttributeError, ValueError, OSError):  # where the system has such limits
        import resource

        signal.alarm(math.ceil(seconds) + 1)
        half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        resource.setrlimit(resource.RLIMIT_AS, (half, half))


def _called(target: str, user1: list[str], user2: list[str], similarity: list[float]) -> Any:
    """The list that the user's function returns; raises _Failed if it returns none."""
    import importlib

    module, colon, name = target.partition(":")
    if not (module and colon and name):
        raise _Failed("is not module:function")
    function = getattr(importlib.import_module(module), name)
    if not callable(function):
        raise _Failed(f"is a {type(function).__name__}, not a function")
    returned = function(user1, user2, similarity)
    if hasattr(returned, "tolist"):
        returned = returned.tolist()
    if not isinstance(returned, list | tuple):
        raise _Failed(f"returned {safe(type(returned).__name__)}, not a list of the users")
    return list(returned)
