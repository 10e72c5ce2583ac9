"""The challenge: its score by hand, and a leaderboard that no entry can stop, hang or fool."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT

from formulations.problem import Ints
from problems import leaderboard as recipe
from problems.io.pairs import Pairs
from problems.recipe import run
from problems.studies.leaderboard import FEW, Row, leaderboard, score, table
from problems.terminal.errors import InputError

LIMIT = 20.0  # seconds that no entry below should need, on a busy machine too
posix = pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no process groups")


def some_pairs(n: int = 6, seed: int = 0, missing: float = 0.2) -> Pairs:
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(n, 1)
    kept = np.flatnonzero(rng.random(len(first)) >= missing)
    similarity = (0.99 * rng.random(len(first))).round(2)
    return Pairs([f"user {i}" for i in range(n)], first[kept], second[kept], similarity[kept])


TRAIN, HOLDOUT = some_pairs(), some_pairs(5, 1)

# The score


@given(n=st.integers(2, 9), seed=st.integers(0, 99), missing=st.sampled_from([0.0, 0.5]))
def test_the_score_is_the_lectures_formula(n: int, seed: int, missing: float) -> None:
    pairs = some_pairs(n, seed, missing)
    if not pairs.similarity.any():
        return
    order = np.random.default_rng(seed).permutation(n)
    place = {int(user): z for z, user in enumerate(order)}
    listed = list(zip(pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist(), strict=True))
    x = sum(abs(place[u] - place[v]) * np.log(1 - s) for u, v, s in listed) / (len(listed) * n)
    m = sum(np.log(1 - s) for _, _, s in listed) / (3 * len(listed))
    assert score(pairs, order) == pytest.approx(100 * (x - m) / -m, rel=1e-12, abs=1e-9)
    assert score(pairs, order[::-1]) == pytest.approx(score(pairs, order), rel=1e-12, abs=1e-9)


def test_the_score_of_pairs_known_by_hand() -> None:
    near = Pairs(["a", "b", "c", "d"], np.array([0]), np.array([1]), np.array([0.5]))
    assert score(near, np.array([2, 0, 1, 3])) == pytest.approx(100 * (1 - 3 / 4))
    assert score(near, np.array([0, 2, 3, 1])) == pytest.approx(100 * (1 - 3 * 3 / 4))


def test_copies_count_as_almost_copies_and_strangers_not_at_all() -> None:
    ends = np.array([0, 1, 0]), np.array([1, 2, 2])
    order = np.array([0, 1, 2])
    copies = score(Pairs(["a", "b", "c"], *ends, np.array([1.0, 0.5, 0])), order)
    assert copies == score(Pairs(["a", "b", "c"], *ends, np.array([1 - 1e-9, 0.5, 0])), order)
    assert copies == pytest.approx(100 * (1 - 1))  # all that counts lies one place apart, of 3 users
    apart = Pairs(["a", "b", "c"], *ends, np.array([0.5, 0, 1]))
    log = np.log([0.5, 1e-9])
    x, m = log @ [1, 2] / 9, log.sum() / 9
    assert score(apart, order) == pytest.approx(100 * (x - m) / -m, rel=1e-7)


def test_no_similarity_at_all_is_refused_before_anything_runs() -> None:
    nothing = Pairs(["a", "b"], np.array([0]), np.array([1]), np.zeros(1))
    with pytest.raises(InputError, match="all similarities are 0"):
        score(nothing, np.array([0, 1]))

    def never(pairs: Pairs, seconds: float) -> Ints:
        raise KeyboardInterrupt

    with pytest.raises(InputError, match="the hold-out pairs: all similarities are 0"):
        leaderboard(TRAIN, nothing, {"never": never}, [], 1)


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 1, 2, 3, 4, 4], [1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 0.5]])
def test_what_is_no_order_has_no_score(order: list[float]) -> None:
    with pytest.raises(ValueError, match="each of the 6 users once"):
        score(TRAIN, np.array(order))


# Entries

ENTRIES = """
import os, random, signal, subprocess, sys, threading, time

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

def printing(user1, user2, similarity):
    print("nonsense" * 10_000)
    sys.stdout.flush()
    os.write(1, b"[]")
    print("more", file=sys.stderr)
    subprocess.run(["echo", "even more"])
    return first_seen(user1, user2, similarity)

def asking(user1, user2, similarity):
    assert sys.stdin.read() == ""
    return first_seen(user1, user2, similarity)

def forking(user1, user2, similarity):
    os.fork()
    return first_seen(user1, user2, similarity)

def leaving_a_thread(user1, user2, similarity):
    threading.Thread(target=time.sleep, args=(1000,)).start()
    return first_seen(user1, user2, similarity)

def leaving_a_child(user1, user2, similarity):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    with open("children", "a") as file:
        print(child.pid, file=file)
    return first_seen(user1, user2, similarity)

def sleeping(user1, user2, similarity):
    with open("children", "a") as file:
        print(os.getpid(), file=file)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        time.sleep(1000)

def forking_and_sleeping(user1, user2, similarity):
    os.fork()
    sleeping(user1, user2, similarity)

def asking_for_more(user1, user2, similarity):
    import gc
    held = [thing for thing in gc.get_objects() if isinstance(thing, dict) and "similarity" in thing]
    with open("held", "a") as file:
        print(len(user1), *sorted(len(thing["similarity"]) for thing in held), file=file)
    return first_seen(user1, user2, similarity)

def busy(user1, user2, similarity):
    import resource
    limit, _ = resource.getrlimit(resource.RLIMIT_CPU)
    memory, _ = resource.getrlimit(resource.RLIMIT_AS)
    assert 0 < limit < 1000 and 0 < memory < 1 << 50
    return first_seen(user1, user2, similarity)

def crashing(user1, user2, similarity):
    raise ValueError("no \\x1b[31midea\\n" + "x" * 1000)

def leaving(user1, user2, similarity):
    sys.exit(0)

def gone(user1, user2, similarity):
    os._exit(3)

def aborting(user1, user2, similarity):
    os.kill(os.getpid(), signal.SIGKILL)

def deep(user1, user2, similarity):
    return deep(user1, user2, similarity)

def hungry(user1, user2, similarity):
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return bytearray(memory * 3 // 4)[:10]

def shutting(user1, user2, similarity):
    os.closerange(0, 100)
    return first_seen(user1, user2, similarity)

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

number = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a module of entries; whatever process they note is gone at the end."""
    (tmp_path / "entries.py").write_text(ENTRIES)
    (tmp_path / "slow.py").write_text("import time; time.sleep(2); from entries import first_seen")
    (tmp_path / "peeking.py").write_text(
        "import os, sys\nfrom entries import first_seen\n"
        "frame = sys._getframe()\nwhile frame:\n"
        "    assert 'similarity' not in str(frame.f_locals.get('order')), 'told too early'\n    frame = frame.f_back\n"
    )
    (tmp_path / "broken.py").write_text("def order(:\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for pid in noted(tmp_path):
        assert gone_by_now(pid), f"{pid} still runs"


def noted(folder: Path) -> list[int]:
    file = folder / "children"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def gone_by_now(pid: int) -> bool:
    """Whether a killed process, perhaps not yet reaped by whoever inherited it, runs no more."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if done.stdout.startswith("Z"):
            return True
        time.sleep(0.05)
    return False


def row_of(entry: str, seconds: float = LIMIT) -> Row:
    (row,) = leaderboard(TRAIN, HOLDOUT, {}, [entry], seconds)
    assert row.method == entry
    return row


GOOD = ["first_seen", "as_array", "printing", "asking", "leaving_a_thread"]
posix_only = [pytest.param(name, marks=posix) for name in ("forking", "leaving_a_child")]


@pytest.mark.parametrize("name", [*GOOD, *posix_only])
def test_an_entry_that_answers_is_scored_whatever_else_it_does(folder: Path, name: str, capfd: Any) -> None:
    row = row_of(f"entries:{name}")
    for result, pairs in ((row.train, TRAIN), (row.holdout, HOLDOUT)):
        seen = dict.fromkeys([*pairs.first.tolist(), *pairs.second.tolist()])
        order = sorted(seen) if name == "as_array" else list(seen)
        assert result == pytest.approx(score(pairs, np.array(order)))
    assert row.seconds < 2 * LIMIT
    assert capfd.readouterr() == ("", "")


def test_an_entry_gets_the_similarities(folder: Path) -> None:
    best = [TRAIN.similarity[(TRAIN.first == u) | (TRAIN.second == u)].max() for u in range(6)]
    assert len(set(best)) > 3
    seen = list(dict.fromkeys(np.stack([TRAIN.first, TRAIN.second], axis=1).ravel().tolist()))
    order = sorted(seen, key=best.__getitem__)
    assert row_of("entries:by_similarity").train == pytest.approx(score(TRAIN, np.array(order)))


def test_an_entry_answers_the_same_on_every_run(folder: Path) -> None:
    assert row_of("entries:from_a_set").train == row_of("entries:from_a_set").train


@posix
def test_an_entry_has_limits_and_no_pairs_but_its_own(folder: Path) -> None:
    assert isinstance(row_of("entries:busy").train, float)
    assert isinstance(row_of("peeking:first_seen").train, float)
    row_of("entries:asking_for_more")
    sizes = [len(TRAIN.similarity), len(HOLDOUT.similarity)]
    assert [set(map(int, line.split())) for line in (folder / "held").read_text().splitlines()] == [{n} for n in sizes]


def test_what_an_entry_imports_does_not_count_against_its_limit(folder: Path) -> None:
    assert isinstance(row_of("slow:first_seen", 1.5).train, float)


def test_an_import_has_its_own_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("problems.studies.entries.IMPORT_SECONDS", 0.3)
    assert row_of("slow:first_seen").train == "takes more than 0.3 s to import"


BAD = {
    "entries:crashing": "ValueError: no \\x1b[31midea\\nxxx",
    "entries:leaving": "SystemExit",
    "entries:gone": "ended without an answer (exit code 3)",
    "entries:aborting": "ended without an answer (signal 9)",
    "entries:deep": "RecursionError",
    "entries:hungry": "MemoryError",
    "entries:shutting": "ended without an answer",
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
    "entries:number": "is a int, not a function",
    "entries:absent": "has no attribute 'absent'",
    "absent:order": "No module named 'absent'",
    "broken:order": "SyntaxError",
    "leaves:order": "SystemExit",
    "entries": "is not module:function",
    "entries:": "is not module:function",
    "..:order": "Error",
    "a\0b:\x1b[2J": "a\\x00b",
    "": "is not module:function",
}


@posix
@pytest.mark.parametrize(("entry", "words"), BAD.items())
def test_what_an_entry_does_wrong_is_told_in_its_row(
    folder: Path, entry: str, words: str, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("problems.studies.entries.MAX_REPLY", 1 << 20)
    row = row_of(entry)
    assert isinstance(row.train, str)
    assert isinstance(row.holdout, str)
    assert words in row.holdout
    assert row.holdout.isprintable()
    assert len(row.holdout) < 200
    assert capfd.readouterr() == ("", "")
    assert all(line.isprintable() for line in table([row]))


@posix
def test_an_entry_is_killed_with_all_it_started_when_its_time_is_over(folder: Path) -> None:
    row = row_of("entries:forking_and_sleeping", 1.5)
    assert (row.train, row.holdout) == ("timeout", "timeout")
    assert 3 <= row.seconds < 3 + LIMIT
    assert len(noted(folder)) == 4


@posix
def test_an_interrupt_kills_the_entry_too(folder: Path) -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]; from test_leaderboard import *;"
        "leaderboard(TRAIN, HOLDOUT, {}, ['entries:sleeping'], 1000)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, (ROOT, ROOT / "tests", ROOT / "tests" / "problems"))],
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not noted(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    _, error = parent.communicate(timeout=30)
    assert b"KeyboardInterrupt" in error
    assert len(noted(folder)) == 1  # which the fixture sees gone


# Rows


def as_given(pairs: Pairs, seconds: float) -> Ints:
    return np.arange(len(pairs.items))


def test_own_entries_run_on_both_sets_and_cannot_stop_the_others() -> None:
    asked = []

    def noting(pairs: Pairs, seconds: float) -> Ints:
        asked.append((pairs, seconds))
        return np.arange(len(pairs.items))[::-1]

    def raising(pairs: Pairs, seconds: float) -> Ints:
        raise ValueError("too many users" if pairs is TRAIN else "\x1b[2J")

    def garbage(pairs: Pairs, seconds: float) -> Ints:
        return np.zeros(3, dtype=np.int64)

    rows = leaderboard(TRAIN, HOLDOUT, {"raising": raising, "garbage": garbage, "noting": noting}, [], 2.5)
    assert asked[1:] == [(TRAIN, 2.5), (HOLDOUT, 2.5)]
    assert len(asked[0][0].items) == FEW  # so that imports do not count
    assert [row.method for row in rows] == ["raising", "garbage", "noting"]
    assert (rows[0].train, rows[0].holdout) == ("ValueError: too many users", "ValueError: \\x1b[2J")
    assert "each of the 5 users once" in str(rows[1].holdout)
    assert (rows[2].train, rows[2].holdout) == pytest.approx(
        (score(TRAIN, as_given(TRAIN, 0)), score(HOLDOUT, as_given(HOLDOUT, 0)))
    )


def test_an_interrupt_of_an_own_entry_is_not_swallowed() -> None:
    def interrupted(pairs: Pairs, seconds: float) -> Ints:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leaderboard(TRAIN, HOLDOUT, {"interrupted": interrupted}, [], 1)


def test_the_table_ranks_by_hold_out() -> None:
    rows = [
        Row("crashing", 3.0, "ValueError: no idea", 0.04),
        Row("slow", 77.4, "timeout", 12.34),
        Row("good", 73, 62.66, 0.5),
        Row("stuck", "timeout", "timeout", 20),
        Row("poor", 10, -3.125, 100),
        Row("best", "SystemExit", 62.7, 1),
    ]
    assert table(rows) == [
        "method      train  hold-out  seconds",
        "best       failed     62.70      1.0",
        "good        73.00     62.66      0.5",
        "poor        10.00     -3.12    100.0",
        "slow        77.40   timeout     12.3",
        "crashing     3.00    failed      0.0",
        "stuck     timeout   timeout     20.0",
        "best failed on train: SystemExit",
        "crashing failed on hold-out: ValueError: no idea",
    ]


def test_the_table_of_nothing_is_its_head() -> None:
    assert table([]) == ["method  train  hold-out  seconds"]


def test_importing_the_leaderboard_is_quick_for_the_child_process() -> None:
    code = "import sys, problems.studies.entries; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "scipy", "networkx", "cvxpy", "torch", "matplotlib"} & set(done.stdout.split())


# The recipe


def pairs_file(path: Path, pairs: Pairs) -> str:
    ends = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist(), strict=True)
    lines = [f"{pairs.items[u]},{pairs.items[v]},{s}" for u, v, s in ends]
    path.write_text("user1,user2,similarity\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_the_recipe_names_all_methods_and_what_failed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [pairs_file(folder / name, pairs) for name, pairs in (("t.csv", TRAIN), ("h.csv", HOLDOUT))]
    entries = [word for name in ("first_seen", "sleeping", "crashing") for word in ("--entry", f"entries:{name}")]
    assert run(recipe.RECIPE, [*files, "--time-limit", "2", *entries]) == 0
    out = capsys.readouterr().out
    lines = {line.split("  ")[0].strip(): line for line in out.splitlines() if line.strip()}
    assert "timeout" in lines["entries:sleeping"]
    assert "entries:crashing failed on hold-out: ValueError" in out
    assert {"entries:first_seen", "local search", "shortest path"} <= set(lines)


@pytest.mark.parametrize("seed", range(3))
def test_local_search_is_never_below_what_it_starts_from(
    folder: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = some_pairs(8, seed, 0)
    file = pairs_file(folder / "p.csv", pairs)
    assert run(recipe.RECIPE, [file, file, "--time-limit", "2", "--json"]) == 0
    rows = {row["method"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    best = max(score(pairs, np.array(order)) for order in itertools.permutations(range(8)) if order[0] < order[-1])
    assert rows["local search"]["train"] == pytest.approx(best)
    assert all(row["train"] <= best + 1e-9 for row in rows.values())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["t.csv"], "TRAIN is given without HOLDOUT"),
        (["absent.csv", "t.csv"], "absent.csv"),
        (["t.csv", "t.csv", "--plot", "x.png"], "--plot"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(
    folder: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs_file(folder / "t.csv", TRAIN)
    assert run(recipe.RECIPE, arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert not captured.out


def test_its_time_limit_is_not_for_the_whole_run(folder: Path) -> None:
    files = [pairs_file(folder / name, TRAIN) for name in ("t.csv", "h.csv")]
    command = [sys.executable, "-m", "problems.leaderboard", *files, "--time-limit", "1", "--entry", "entries:sleeping"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "timeout" in done.stdout
