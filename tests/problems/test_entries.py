"""Entries: each is scored or told why not; none can stop, hang or fool the judge, or see what it is not given."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import ROOT
from some_pairs import HOLDOUT, TRAIN, pairs_file, some_pairs

from problems.io.pairs import Pairs
from problems.studies.entries import Failed, outside
from problems.studies.isolation import gaps
from problems.studies.leaderboard import Row, leaderboard, score, table

LIMIT = 20.0  # seconds that no entry below should need, on a busy machine too
posix = pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no process groups")
isolated = pytest.mark.skipif(bool(gaps()), reason="this system cannot isolate a process")

ENTRIES = """
import ctypes, gc, hashlib, os, random, re, resource, signal, subprocess, sys, tempfile, threading, time

def first_seen(user1, user2, similarity):
    return list(dict.fromkeys(user1 + user2))

def as_array(user1, user2, similarity):
    import numpy
    return numpy.array(sorted({*user1, *user2}))

def by_similarity(user1, user2, similarity):
    assert all(type(s) is float for s in similarity) and len(user1) == len(user2) == len(similarity)
    best = {}
    for u, v, s in zip(user1, user2, similarity):
        best[u], best[v] = max(best.get(u, 0), s), max(best.get(v, 0), s)
    return sorted(best, key=best.get)

def from_a_set(user1, user2, similarity):
    return list({*user1, *user2})

# Noise

def printing(user1, user2, similarity):
    print("nonsense" * 1_000_000)
    sys.stdout.flush()
    os.write(1, b"[]")
    print("more", file=sys.stderr)
    return first_seen(user1, user2, similarity)

def asking(user1, user2, similarity):
    assert sys.stdin.read() == ""
    return first_seen(user1, user2, similarity)

def leaving_a_thread(user1, user2, similarity):
    threading.Thread(target=time.sleep, args=(1000,)).start()
    return first_seen(user1, user2, similarity)

def stopping_the_garbage(user1, user2, similarity):
    gc.disable()
    sys.setrecursionlimit(10 ** 6)
    signal.alarm(0)
    return first_seen(user1, user2, similarity)

# Cheats

def patching_the_judge(user1, user2, similarity):
    from problems.studies import entries, leaderboard
    leaderboard.score = lambda pairs, order: 100.0
    entries._order = lambda named, users: 100.0
    return first_seen(user1, user2, similarity)

def answering_itself(user1, user2, similarity):
    import json
    text = json.dumps({"order": sorted({*user1, *user2})}).encode()
    for stream in range(3, 20):
        try:
            os.ftruncate(stream, 0)
            os.pwrite(stream, text, 0)
        except OSError:
            pass
    os._exit(0)

def remembering(user1, user2, similarity):
    memo = os.path.join(tempfile.gettempdir(), "memo")
    assert not os.path.exists(memo), "found the memo of an earlier call"
    with open(memo, "w") as file:
        file.write(str(user1))
    return first_seen(user1, user2, similarity)

def of_other_pairs(user1, user2, similarity):
    held = [thing for thing in gc.get_objects() if isinstance(thing, dict) and "similarity" in thing]
    sizes = {len(thing["similarity"]) for thing in held}
    assert sizes <= {len(user1)}, sizes
    return first_seen(user1, user2, similarity)

def limited(user1, user2, similarity):
    assert 0 < resource.getrlimit(resource.RLIMIT_CPU)[1] < 1000
    assert 0 < resource.getrlimit(resource.RLIMIT_AS)[1] < 1 << 50
    return first_seen(user1, user2, similarity)

# Time

def sleeping(user1, user2, similarity):
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except OSError:
            pass
    while True:
        time.sleep(1000)

def turning(user1, user2, similarity):
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while True:
        pass

def turning_in_threads(user1, user2, similarity):
    def work():
        while True:
            hashlib.sha256(bytes(1 << 20))
    for _ in range(4):
        threading.Thread(target=work).start()
    time.sleep(1000)

def hanging_in_c(user1, user2, similarity):
    re.match("(a+)+$", "a" * 1000 + "b")

def stopping_itself(user1, user2, similarity):
    os.kill(os.getpid(), signal.SIGSTOP)

# Failures

def crashing(user1, user2, similarity):
    raise ValueError("no \\x1b[31midea\\n" + "x" * 1000)

def unspeakable(user1, user2, similarity):
    class Unspeakable(Exception):
        def __str__(self):
            raise ValueError
    raise Unspeakable

def leaving(user1, user2, similarity):
    sys.exit(0)

def gone(user1, user2, similarity):
    os._exit(3)

def aborting(user1, user2, similarity):
    os.kill(os.getpid(), signal.SIGKILL)

def crashing_in_c(user1, user2, similarity):
    ctypes.string_at(0)

def deep(user1, user2, similarity):
    return deep(user1, user2, similarity)

def hungry(user1, user2, similarity):
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return bytearray(memory * 3 // 4)[:10]

def shutting(user1, user2, similarity):
    os.closerange(0, 100)
    return first_seen(user1, user2, similarity)

def filling_the_disk(user1, user2, similarity):
    with tempfile.TemporaryFile() as file:
        file.seek(1 << 30)
        file.write(b"x")

def nothing(user1, user2, similarity):
    pass

def text(user1, user2, similarity):
    return user1[0]

def lazy(user1, user2, similarity):
    yield from user1

def nan(user1, user2, similarity):
    return [float("nan")] * len(set(user1 + user2))

def numbers(user1, user2, similarity):
    return list(range(len(set(user1 + user2))))

def objects(user1, user2, similarity):
    return [object()]

def nested(user1, user2, similarity):
    names = first_seen(user1, user2, similarity)
    names.append(names)
    return names

def lists(user1, user2, similarity):
    return [[user] for user in first_seen(user1, user2, similarity)]

def empty(user1, user2, similarity):
    return []

def short(user1, user2, similarity):
    return first_seen(user1, user2, similarity)[1:]

def long(user1, user2, similarity):
    return first_seen(user1, user2, similarity) + [user2[0]]

def stranger(user1, user2, similarity):
    return [*first_seen(user1, user2, similarity)[1:], "\\x1b[2J"]

def surrogate(user1, user2, similarity):
    return ["\\ud800"]

def wordy(user1, user2, similarity):
    return ["x" * (2 << 20)]

def two_arguments(user1, user2):
    return user1

class Lying:
    def tolist(self):
        return 3

def lying(user1, user2, similarity):
    return Lying()

number = 3

# What isolation refuses

def peeking(user1, user2, similarity):
    return open("holdout.csv").read().split()

def looking_around(user1, user2, similarity):
    return os.listdir(".")

def peeking_at_the_parent(user1, user2, similarity):
    return open(f"/proc/{os.getppid()}/cmdline").read().split()

def forking(user1, user2, similarity):
    while True:
        os.fork()

def starting(user1, user2, similarity):
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)

def killing(user1, user2, similarity):
    os.kill(os.getppid(), signal.SIGKILL)

def calling_home(user1, user2, similarity):
    import socket
    socket.create_connection(("127.0.0.1", 80))

def changing_itself(user1, user2, similarity):
    open(__file__, "a").write("pass")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with modules of entries and a hold-out file; nothing temporary is left at the end."""
    (tmp_path / "entries.py").write_text(ENTRIES)
    (tmp_path / "slow.py").write_text(
        "import time\nuntil = time.process_time() + 2\nwhile time.process_time() < until: pass\n"
        "def first_seen(user1, user2, similarity): return list(dict.fromkeys(user1 + user2))"
    )
    (tmp_path / "eager.py").write_text(
        "import sys\nframe = sys._getframe()\nwhile frame:\n"
        "    assert 'similarity' not in frame.f_locals.get('order', ''), 'told too early'\n    frame = frame.f_back\n"
        "def first_seen(user1, user2, similarity): return list(dict.fromkeys(user1 + user2))"
    )
    (tmp_path / "forging.py").write_text(
        "import os, time\nfor stream in range(3, 20):\n    try: os.write(stream, b'\\n')\n    except OSError: pass\n"
        "time.sleep(1000)"
    )
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "__init__.py").touch()
    (tmp_path / "packed" / "data.txt").write_text("user")
    (tmp_path / "packed" / "helper.py").write_text("text = open(__file__.replace('helper.py', 'data.txt')).read()")
    (tmp_path / "packed" / "entry.py").write_text(
        "from .helper import text\ndef first_seen(user1, user2, similarity):\n"
        "    assert text == 'user'\n    return list(dict.fromkeys(user1 + user2))"
    )
    (tmp_path / "beside.py").write_text("from entries import first_seen")
    (tmp_path / "broken.py").write_text("def order(:\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit\n")
    pairs_file(tmp_path / "holdout.csv", HOLDOUT)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path)
    before = (tmp_path / "entries.py").read_text(), (tmp_path / "holdout.csv").read_text()
    yield tmp_path
    assert before == ((tmp_path / "entries.py").read_text(), (tmp_path / "holdout.csv").read_text())
    assert not list((tmp_path / "temporary").iterdir())
    assert not children(os.getpid())


def children(pid: int) -> list[int]:
    """The processes of a parent that run, or wait to be waited for."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,comm="], capture_output=True, text=True, check=True)
    rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
    return [int(child) for child, parent, command in rows if int(parent) == pid and command != "ps"]


def failure(entry: str, seconds: float = LIMIT, pairs: Pairs = HOLDOUT) -> str:
    """Why the entry has no score."""
    with pytest.raises(Failed) as caught:
        outside(entry)(pairs, seconds)
    return str(caught.value)


def first_seen(pairs: Pairs) -> list[int]:
    return list(dict.fromkeys(np.r_[pairs.first, pairs.second].tolist()))


GOOD = ["as_array", "printing", "asking", "leaving_a_thread", "stopping_the_garbage"]
CHEATS = ["patching_the_judge", "answering_itself", "of_other_pairs", "remembering", "limited"]


@posix
@pytest.mark.parametrize("name", GOOD + CHEATS)
def test_an_entry_that_answers_is_scored_by_its_order_whatever_else_it_does(
    folder: Path, name: str, capfd: Any
) -> None:
    (row,) = leaderboard(TRAIN, HOLDOUT, {}, [f"entries:{name}"], LIMIT)
    for result, pairs in ((row.train, TRAIN), (row.holdout, HOLDOUT)):
        order = sorted(first_seen(pairs)) if name in ("as_array", "answering_itself") else first_seen(pairs)
        assert result == score(pairs, np.array(order)), name
    assert capfd.readouterr() == ("", "")


def test_an_entry_gets_the_similarities(folder: Path) -> None:
    best = [TRAIN.similarity[(TRAIN.first == u) | (TRAIN.second == u)].max() for u in range(6)]
    assert len(set(best)) > 3
    order = sorted(first_seen(TRAIN), key=best.__getitem__)
    assert outside("entries:by_similarity")(TRAIN, LIMIT).tolist() == order


def test_an_entry_answers_the_same_on_every_run(folder: Path) -> None:
    runs = [outside("entries:from_a_set")(TRAIN, LIMIT).tolist() for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("module", ["eager", "packed.entry"])
def test_modules_and_packages_are_imported_before_they_are_asked(folder: Path, module: str) -> None:
    assert outside(f"{module}:first_seen")(TRAIN, LIMIT).tolist() == first_seen(TRAIN)


# Limits


def test_what_an_entry_imports_does_not_count_against_its_limit(folder: Path) -> None:
    assert outside("slow:first_seen")(TRAIN, 1.5).tolist() == first_seen(TRAIN)


def test_an_import_has_its_own_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("problems.studies.entries.IMPORT_SECONDS", 0.5)
    assert failure("slow:first_seen") == "takes more than 0.5 s to import"


@posix
@pytest.mark.parametrize("name", ["sleeping", "hanging_in_c", "stopping_itself"])
def test_an_entry_that_hangs_is_killed(folder: Path, name: str) -> None:
    assert failure(f"entries:{name}", 1.0) == "timeout"


@isolated
@pytest.mark.parametrize("name", ["turning", "turning_in_threads"])
def test_cpu_seconds_are_limited_whatever_the_clock_says(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("problems.studies.entries.CLOCK_PER_CPU", 1000)
    assert failure(f"entries:{name}", 1.0) == "timeout"


@isolated
def test_who_only_pretends_to_be_imported_does_not_hold_up_its_parent(folder: Path) -> None:
    """The question is longer than a pipe holds."""
    assert failure("forging:order", 1.0, some_pairs(200, missing=0)) == "timeout"


# Faults

BAD = {
    "entries:crashing": "ValueError: no \\x1b[31midea\\nxxx",
    "entries:unspeakable": "Unspeakable: <Unspeakable>",
    "entries:leaving": "SystemExit",
    "entries:gone": "ended without an answer (exit code 3)",
    "entries:aborting": "ended without an answer (signal 9)",
    "entries:crashing_in_c": "ended without an answer (signal 11)",
    "entries:deep": "RecursionError",
    "entries:hungry": "MemoryError",
    "entries:shutting": "ended without an answer",
    "entries:filling_the_disk": "File too large",
    "entries:nothing": "returned NoneType, not a list",
    "entries:text": "returned str, not a list",
    "entries:lazy": "returned generator, not a list",
    "entries:nan": "returned nan, which is no user",
    "entries:numbers": "returned 0, which is no user",
    "entries:objects": "not JSON serializable",
    "entries:nested": "Circular reference",
    "entries:lists": "returned a list, which is no user",
    "entries:empty": "left out 5 of 5 users, 'user 0' among them",
    "entries:short": "left out 1 of 5 users",
    "entries:long": "more than once",
    "entries:stranger": "returned '\\x1b[2J', which is no user",
    "entries:surrogate": "returned '\\ud800', which is no user",
    "entries:wordy": "cannot be read",
    "entries:two_arguments": "TypeError",
    "entries:lying": "returned int, not a list",
    "entries:number": "is a int, not a function",
    "entries:absent": "has no attribute 'absent'",
    "absent:order": "No module named 'absent'",
    "broken:order": "SyntaxError",
    "leaves:order": "SystemExit",
    "entries": "is not module:function",
    "entries:": "is not module:function",
    "..:order": "Error",
    "__main__:order": "Error",
    "a\0b:\x1b[2J": "a\\x00b",
    "": "is not module:function",
}
REFUSED = [
    "entries:peeking",
    "entries:looking_around",
    "entries:peeking_at_the_parent",
    "entries:forking",
    "entries:starting",
    "entries:killing",
    "entries:calling_home",
    "entries:changing_itself",
    "beside:first_seen",
]


@posix
@pytest.mark.parametrize(("entry", "words"), BAD.items())
def test_what_an_entry_does_wrong_is_told_in_its_row(folder: Path, entry: str, words: str, capfd: Any) -> None:
    why = failure(entry)
    assert words in why
    assert why.isprintable()
    assert len(why) < 200
    assert capfd.readouterr() == ("", "")
    assert all(line.isprintable() and len(line) <= 80 for line in table([Row(entry, why, why, 1.0)]))


@isolated
@pytest.mark.parametrize("entry", REFUSED)
def test_what_an_entry_is_kept_from_is_told_in_its_row(folder: Path, entry: str) -> None:
    assert failure(entry).startswith("asked for what --help says entries do not get")


@posix
def test_an_interrupt_kills_the_entry_too(folder: Path) -> None:
    code = (
        "from problems.studies.entries import outside; from some_pairs import TRAIN; "
        "outside('entries:sleeping')(TRAIN, 1000)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))}
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, env=environment) as parent:
        deadline = time.monotonic() + 60
        while not (entries := children(parent.pid)) and time.monotonic() < deadline:
            time.sleep(0.05)
        parent.send_signal(2)
        _, error = parent.communicate(timeout=30)
    assert b"KeyboardInterrupt" in error
    (entry,) = entries
    with pytest.raises(ProcessLookupError):  # killed and waited for by its parent
        os.kill(entry, 0)
