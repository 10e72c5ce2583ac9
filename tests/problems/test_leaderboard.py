"""The challenge: its score by hand, and a leaderboard that no entry can stop, hang or fool."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT
from some_pairs import HOLDOUT, TRAIN, pairs_file, some_pairs

from formulations.problem import Ints
from problems import leaderboard as recipe
from problems.io.pairs import Pairs
from problems.recipe import run
from problems.studies.leaderboard import FEW, Row, leaderboard, score, table
from problems.terminal.errors import InputError

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
        next(leaderboard(TRAIN, nothing, {"never": never}, [], 1))


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 1, 2, 3, 4, 4], [1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 0.5]])
def test_what_is_no_order_has_no_score(order: list[float]) -> None:
    with pytest.raises(ValueError, match="each of the 6 users once"):
        score(TRAIN, np.array(order))


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

    rows = list(leaderboard(TRAIN, HOLDOUT, {"raising": raising, "garbage": garbage, "noting": noting}, [], 2.5))
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
        next(leaderboard(TRAIN, HOLDOUT, {"interrupted": interrupted}, [], 1))


def test_the_table_ranks_by_hold_out_and_equal_scores_equally() -> None:
    rows = [
        Row("crashing", 3.0, "ValueError: " + "no idea " * 12, 0.04),
        Row("slow", 77.4, "timeout", 12.34),
        Row("good", 73, 62.66, 0.5),
        Row("the same reversed", 73, 62.66 + 1e-13, 0.5),
        Row("hardly worse", 80, 62.6599, 0.5),
        Row("stuck", "timeout", "timeout", 20),
        Row("poor", 10, -3.125, 100),
        Row("best", "SystemExit", 62.7, 1),
    ]
    assert table(rows) == [
        "rank  method               train  hold-out  seconds",
        "   1  best                failed     62.70      1.0",
        "   2  good                 73.00     62.66      0.5",
        "   2  the same reversed    73.00     62.66      0.5",
        "   4  hardly worse         80.00     62.66      0.5",
        "   5  poor                 10.00     -3.12    100.0",
        "   -  crashing              3.00    failed      0.0",
        "   -  slow                 77.40   timeout     12.3",
        "   -  stuck              timeout   timeout     20.0",
        "best failed on train: SystemExit",
        "crashing failed on hold-out: ValueError: no idea no idea no idea no idea no idea",
        "  no idea no idea no idea no idea no idea no idea no idea",
    ]


def test_no_line_of_the_table_is_wider_than_a_terminal() -> None:
    rows = [Row("m" * 500, -1234.5678, "x" * 500, 12345.6), Row("entry:" + "\x1b" * 50, 0.0, 1.0, 0.0)]
    assert max(map(len, table(rows))) <= 80


def test_the_table_of_nothing_is_its_head() -> None:
    assert table([]) == ["rank  method  train  hold-out  seconds"]


def test_importing_the_leaderboard_is_quick_for_the_child_process() -> None:
    code = "import sys, problems.studies.entries; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "scipy", "networkx", "cvxpy", "torch", "matplotlib"} & set(done.stdout.split())


# The recipe


ENTRIES = """
import time

def given(user1, user2, similarity):
    return list(dict.fromkeys(user1 + user2))

def sleeping(user1, user2, similarity):
    time.sleep(1000)

def crashing(user1, user2, similarity):
    raise ValueError("no idea")

def single_linkage(user1, user2, similarity):
    import numpy as np
    from formulations.orders.leaf_order import leaf_orders
    users = list(dict.fromkeys(user1 + user2))
    place = {user: k for k, user in enumerate(users)}
    distance = 1 - np.eye(len(users))
    for u, v, s in zip(user1, user2, similarity):
        distance[place[u], place[v]] = distance[place[v], place[u]] = 1 - s
    return [users[k] for k in leaf_orders(distance)["leaf order, single linkage"]()]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with entries and two files of pairs."""
    (tmp_path / "entries.py").write_text(ENTRIES)
    for name, pairs in (("t.csv", TRAIN), ("h.csv", HOLDOUT)):
        pairs_file(tmp_path / name, pairs)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_recipe_names_all_methods_and_what_failed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = [word for name in ("given", "sleeping", "crashing") for word in ("--entry", f"entries:{name}")]
    assert run(recipe.RECIPE, ["t.csv", "h.csv", "--time-limit", "2", *entries]) == 0
    out = capsys.readouterr().out
    lines = {line[6:28].strip(): line for line in out.splitlines()}
    assert "timeout" in lines["entries:sleeping"]
    assert "entries:crashing failed on hold-out: ValueError" in out
    assert {"entries:given", "local search", "shortest path"} <= set(lines)


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
        (["t.csv", "t.csv", "--plot", "x.png"], "--plot is not for a leaderboard"),
        (["t.csv", "t.csv", "--solver", "scip"], "--solver is not for a leaderboard"),
        (["t.csv", "t.csv", "--gap", "0"], "--gap is not for a leaderboard"),
        (["t.csv", "t.csv", "--require-proof"], "--require-proof is not for a leaderboard"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(
    folder: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(recipe.RECIPE, arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert not captured.out


def test_the_same_order_has_the_same_score_and_rank_whoever_found_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    every, name = recipe._methods, "leaf order, single linkage"  # only that one, so that it may have all its time
    monkeypatch.setattr(recipe, "_methods", lambda options: {name: every(options)[name]})
    assert run(recipe.RECIPE, ["t.csv", "h.csv", "--time-limit", "60", "--entry", "entries:single_linkage"]) == 0
    rows = {line[6:33].strip(): line.split() for line in capsys.readouterr().out.splitlines()[2:]}
    own, users = rows["leaf order, single linkage"], rows["entries:single_linkage"]
    assert own[0] == users[0]
    assert own[-3:-1] == users[-3:-1]


def test_an_unprotected_system_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("problems.studies.isolation.landlock_version", lambda: 0)
    monkeypatch.setattr(recipe, "_methods", lambda options: {})
    assert run(recipe.RECIPE, ["t.csv", "h.csv", "--entry", "entries:given"]) == 0
    assert "cannot isolate entries: they may read and change your files" in capsys.readouterr().err


def test_its_time_limit_is_not_for_the_whole_run(folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "problems.leaderboard",
        "t.csv",
        "h.csv",
        "--time-limit",
        "1",
        "--entry",
        "entries:sleeping",
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "timeout" in done.stdout
