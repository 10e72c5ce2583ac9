"""Sweeps: which runs are asked for, that each is the command run by itself, what is kept, and what is broken off."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from commandline import answer_of, without_seconds
from places import ROOT

from problems.kmeans import RECIPE as KMEANS
from problems.mst import RECIPE as MST
from problems.recipe import Recipe, run
from problems.running.found import recipes
from problems.sweeps import workers
from problems.sweeps.asked import Sweep, asked
from problems.sweeps.kept import ENDED, Folder, document
from problems.sweeps.process import Ended
from problems.sweeps.rows import as_json, code, measures, row
from problems.sweeps.table import WIDTH, lines
from problems.terminal.errors import InputError

psutil = pytest.importorskip("psutil", reason="needs the extra sweep")
TABLE = "a,b\n1,2\n2,3\n3,1\n10,11\n11,12\n12,9\n"


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return str(path)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a scheduler with one worker."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        memory_limit=None,
    ) as cluster:
        yield cluster.scheduler_address


def commands(sweep: Sweep) -> list[str]:
    return [shlex.join(trial.words) for trial in sweep.trials]


def test_the_runs_are_all_settings_with_all_seeds_in_order(table: str) -> None:
    sweep = asked(
        KMEANS,
        ["--seeds", "2", "--data", table, "--sweep", "groups=2,3", "--json", "--sweep", "standardise=yes,no"],
    )
    assert commands(sweep) == [
        f"--data {table} --groups {groups}{flag} --seed {seed}"
        for groups in (2, 3)
        for flag in (" --standardise", "")
        for seed in (0, 1)
    ]
    assert [trial.setting for trial in sweep.trials[:3:2]] == [
        {"groups": "2", "standardise": "yes"},
        {"groups": "2", "standardise": "no"},
    ]
    assert commands(asked(KMEANS, ["--seed", "7", "--seeds", "2"])) == ["--seed 7", "--seed 8"]


def test_values_may_be_short_options_lists_texts_with_commas_and_negative() -> None:
    assert commands(asked(KMEANS, ["--sweep", "k=2"])) == ["--groups 2 --seed 0"]
    steiner = import_module("problems.steiner").RECIPE
    assert commands(asked(steiner, ["--sweep", "terminals=A B,C D"]))[1] == "--terminals C D --seed 0"
    path = import_module("problems.shortest_path").RECIPE
    assert commands(asked(path, ["--sweep", "limit=toll=3,toll=4"]))[1] == "--limit toll=4 --seed 0"
    gan = import_module("problems.gan").RECIPE
    assert commands(asked(gan, ["--sweep", 'columns="age,size",age']))[0] == "--columns age,size --seed 0"
    costs = Recipe("costs", "", lambda p: p.add_argument("--cost", type=float), KMEANS.read, (), ("", ""))
    assert commands(asked(costs, ["--sweep", "cost=-1e3"])) == ["--cost=-1e3 --seed 0"]


def test_where_a_recipe_has_seeds_itself_each_run_has_one() -> None:
    collapse, gan = (import_module(f"problems.{name}").RECIPE for name in ("collapse", "gan"))
    of_gan = asked(gan, ["--sweep", "loss=kl,js", "--seeds", "2"])
    assert commands(of_gan) == [f"--loss {loss} --seed {seed}" for loss in ("kl", "js") for seed in (0, 1)]
    assert commands(asked(collapse, ["--sweep", "data=ring"])) == ["--seeds 1 --data ring --seed 0"]
    assert not hasattr(gan.parser().parse_args(["--seeds", "3"]), "runs")  # as ever: three trained at once


@pytest.mark.parametrize("name", sorted(recipes()))
def test_every_recipe_can_be_swept(name: str) -> None:
    recipe = recipes()[name]
    sweep = asked(recipe, ["--sweep", "time-limit=1,2", "--seeds", "2"])
    assert len({trial.key for trial in sweep.trials}) == 4
    assert all(recipe.parser().parse_args(trial.words) for trial in sweep.trials)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--sweep groups", "'groups' is not OPTION=VALUE,VALUE, as in gap=.1,.01; see --help"),
        ("--sweep groups=", "'groups=' is not OPTION=VALUE"),
        ("--sweep groups=2,,3", "'groups=2,,3' is not OPTION=VALUE"),
        ("--sweep groups=2,3,2", "--sweep groups: names 2 twice; name each value once"),
        ("--sweep groups=2,02", "--sweep groups=2 and groups=02 are the same run; name each value once"),
        ("--sweep groups=2 --sweep groups=3", "--sweep groups: is named twice; give all its values at once"),
        ("--sweep groups=2,x", "argument -k/--groups: 'x' is not a whole number from 1 to 999999999; see --help"),
        ("--sweep grops=2", "unrecognized arguments: --grops 2; did you mean --groups?; see --help"),
        ("--sweep groups=2 -k3", "--sweep groups: -k3 is given besides; leave it out, or add its value"),
        ("--sweep k=2 --groups=3", "--sweep k: --groups=3 is given besides; leave it out"),
        ("--sweep standardise=1", "--sweep standardise=1: --standardise takes no value; say standardise=yes,no"),
        ("--sweep seed=1,2", "--sweep seed: seeds are counted from --seed on; say how many by --seeds K"),
        ("--sweep plot=a.png,b.png", "--sweep plot: --plot is of the sweep itself, not of its runs"),
        ("--seeds 0", "argument --seeds: '0' is not a whole number from 1 to 999999999; see --help"),
        ("--seeds 10001", "--sweep asks for 10,001 runs; at most 10,000 are taken"),
        ("--workers 2", "--workers goes with --sweep, or --seeds; give both, or neither"),
        ("--scheduler x --workers 2 --seeds 2", "--workers says how many to start here, and --scheduler has its own"),
        ("--seeds 2 --data /dev/null", "/dev/null: can be read once, if at all, and a sweep reads it often"),
        ("--seeds 2 --out /dev/null/x", "--out /dev/null/x: no such folder can be made (Not a directory)"),
        ("--seeds 2 --scheduler 127.0.0.1", "--scheduler 127.0.0.1: no scheduler answers there"),
    ],
)
def test_what_cannot_be_swept_is_said_on_one_line(arguments: str, said: str, capsys: Any) -> None:
    try:
        exit_code = run(KMEANS, arguments.split())
    except SystemExit as stopped:
        exit_code = stopped.code
    out, err = capsys.readouterr()
    assert (exit_code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("mst", "--seeds 2 --export model.mps", "--export model.mps: all runs of a sweep would write it"),
        ("mst", "--seeds 2 --latex", "--latex -: all runs of a sweep would write it"),
        ("mst", "--out results/", "--out goes with --sweep, or --seeds"),
        ("gan", "--seeds 2 --workers 2", "--workers goes with --sweep; give both, or neither"),
        ("gan", "--sweep loss=kl,js --resume", "--resume: a sweep goes on by itself if its --out DIR is the same"),
    ],
)
def test_what_runs_would_do_to_each_other_is_refused(name: str, arguments: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        asked(recipes()[name], arguments.split())
    assert str(refused.value).startswith(said)


def test_several_processes_are_not_started_by_two(monkeypatch: Any) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    with pytest.raises(InputError, match="start it without torchrun"):
        asked(KMEANS, ["--seeds", "2"])


def test_the_key_is_of_what_an_answer_depends_on(table: str, tmp_path: Path, monkeypatch: Any) -> None:
    def key(*words: str) -> str:
        return asked(KMEANS, ["--seeds", "1", *words]).trials[0].key

    first = key("--data", table, "-k", "2")
    monkeypatch.chdir(tmp_path)
    same = (["-k", "2", "--data", "table.csv"], ["--groups=2", f"--data={table}", "--quiet", "--workers", "3"])
    assert {key(*words) for words in same} == {first}
    others = [key("--data", table, "-k", "3"), key("--data", table, "-k", "2", "--seed", "1"), key("-k", "2")]
    (tmp_path / "table.csv").write_text(TABLE + "5,5\n")
    others.append(key("--data", table, "-k", "2"))
    monkeypatch.setattr("problems.sweeps.asked.versions", lambda: {"optimization-cookbook": "9.9"})
    others.append(key("--data", table, "-k", "2"))
    assert len({first, *others}) == 6


def test_each_run_is_the_command_run_by_itself(table: str, tmp_path: Path, scheduler: str, capsys: Any) -> None:
    kept = tmp_path / "kept"
    given = ("--data", table, "--scheduler", scheduler, "--out", str(kept))
    exit_code, found, _ = answer_of(KMEANS, capsys, "--sweep", "groups=2,3,9", "--seeds", "2", *given)
    assert exit_code == 0
    assert [found[name] for name in ("problem", "swept", "seeds")] == ["kmeans", {"groups": ["2", "3", "9"]}, [0, 1]]
    assert [row["status"] for row in found["rows"]] == ["optimal"] * 4 + ["failed"] * 2
    assert sorted(file.stem for file in kept.iterdir()) == sorted(row["key"] for row in found["rows"])
    for shown in found["rows"][1::2]:  # of the second seed
        words = [*shlex.split(shown["command"])[3:], "--json"]
        done = subprocess.run([sys.executable, "-m", "problems.kmeans", *words], capture_output=True, text=True)
        ours = json.loads((kept / f"{shown['key']}.json").read_text())
        assert ours.pop(ENDED)["exit_code"] == done.returncode == shown["exit_code"]
        if done.stdout:
            alone = json.loads(done.stdout)
            assert json.dumps(without_seconds(ours)) == json.dumps(without_seconds(alone))
            assert [shown[name] for name in ("value", "bound", "gap")] == [alone[n] for n in ("value", "bound", "gap")]
        else:
            assert done.stderr == f"{shown['message']}\n" == "table.csv: 6 rows do not make 9 groups; ask for 1 to 6\n"
    assert [one["answered"] for one in found["medians"]] == [2, 2, 0]
    # Once more: nothing is run, and the answer is the same to the last digit.
    monitored = {file: file.stat().st_mtime_ns for file in kept.iterdir()}
    again = answer_of(KMEANS, capsys, "--sweep", "groups=2,3,9", "--seeds", "2", *given)
    assert json.dumps(again[1]) == json.dumps(found)
    assert "6 of 6 runs are in" in again[2]
    assert {file: file.stat().st_mtime_ns for file in kept.iterdir()} == monitored


def test_a_sweep_in_a_program_that_goes_on_leaves_no_process(table: str, capsys: Any) -> None:
    before = {*psutil.Process().children()}
    assert run(KMEANS, ["--data", table, "--sweep", "groups=2,3", "--workers", "2", "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("Sweep of kmeans over groups, seed 0: 2 runs")
    assert psutil.wait_procs({*psutil.Process().children()} - before, timeout=60)[1] == []


def test_exit_codes_are_those_of_its_runs(table: str, scheduler: str, capsys: Any) -> None:
    given = ["--scheduler", scheduler, "--quiet"]
    assert run(KMEANS, ["--data", table, "--sweep", "groups=8,9", *given]) == 2
    out, err = capsys.readouterr()
    assert out.count("6 rows do not make") == 2
    assert err == ""
    assert run(MST, ["--max-degree", "2", "--require-proof", "--sweep", "solver=scip,glop", *given]) == 1
    assert "where --json has exit_code 1 a check disagrees" in capsys.readouterr().out


def test_a_run_keeps_its_time_limit(large: str, scheduler: str, capsys: Any) -> None:
    words = ["--graph", large, "--max-degree", "2", "--time-limit", "1", "--seeds", "1", "--scheduler", scheduler]
    exit_code, found, _ = answer_of(MST, capsys, *words)
    status, message = (found["rows"][0][name] for name in ("status", "message"))
    assert (exit_code, status) == (0, "feasible") or "the time limit is over before there was an answer" in message


class Watched:
    """A sweep in a process of its own, whose progress goes to a terminal."""

    def __init__(self, *words: str) -> None:
        here, there = pty.openpty()
        self.mark = uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env={**os.environ, "MARK": self.mark},
            stdout=subprocess.PIPE,
            stderr=there,
            text=True,
            start_new_session=True,
        )
        os.close(there)
        self.progress = os.fdopen(here, encoding="utf-8", errors="replace")

    def running(self) -> list[Any]:
        """All processes that the sweep started, and itself."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("MARK") == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def rest(self) -> str:
        """What else it said: a terminal that nobody writes to any more is an error."""
        said = []
        with self.progress, suppress(OSError):
            said.extend(self.progress)
        return "".join(said)

    def after_the_first_run(self, press: int) -> tuple[int, str]:
        """Exit code and output of a sweep that the signal meets after its first run; no process of its is left."""
        try:
            assert any(line.startswith("  1 of ") for line in self.progress)
            assert len(self.running()) >= 2  # itself, and the process of its worker
        except BaseException:
            self.process.kill()
            raise
        if press == signal.SIGINT:
            os.killpg(self.process.pid, press)  # as a terminal does
        else:
            self.process.send_signal(press)
        out, _ = self.process.communicate(timeout=60)
        assert [
            line for line in self.rest().splitlines() if line and not line.startswith(("  2 of ", "mst: inter"))
        ] == []
        while left := self.running():  # also what was started only while it was ended
            assert psutil.wait_procs(left, timeout=60)[1] == []
        return self.process.returncode, out


def test_ctrl_c_shows_what_is_finished_and_leaves_no_process(large: str) -> None:
    words = ["--graph", large, "--sweep", "max-degree=399,2", "--workers", "1"]
    ended, out = Watched("problems.mst", *words).after_the_first_run(signal.SIGINT)
    assert ended == 130
    assert out.splitlines()[0] == "Sweep of mst over max-degree, seed 0: 1 of 2 runs"
    assert [line.split()[:3] for line in out.splitlines()[2:3]] == [["399", "0", "optimal"]]


def test_a_sweep_that_was_killed_does_what_is_missing(table: str, tmp_path: Path, scheduler: str, capsys: Any) -> None:
    kept = tmp_path / "kept"
    words = ["--data", table, "-k", "2", "--seeds", "6", "--out", str(kept)]
    Watched("problems.kmeans", *words, "--workers", "1").after_the_first_run(signal.SIGKILL)
    before = {file: file.stat().st_mtime_ns for file in kept.glob("*.json")}
    assert 1 <= len(before) < 6
    (kept / ".0123.part").write_text("{")  # a write that was broken off
    exit_code, found, err = answer_of(KMEANS, capsys, *words, "--scheduler", scheduler)
    assert (exit_code, len(found["rows"])) == (0, 6)
    assert f"{len(before)} of 6 runs are in" in err
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert sorted(file.name for file in kept.iterdir()) == sorted(f"{row['key']}.json" for row in found["rows"])


def test_a_file_that_no_sweep_wrote_is_refused(table: str, tmp_path: Path) -> None:
    trial = asked(KMEANS, ["--seeds", "1", "--data", table]).trials[0]
    folder = Folder(str(tmp_path))
    assert folder.found(trial) is None
    for text in ("", "{", "[]", "{}", '{"ended": 1}'):
        Path(folder.file(trial)).write_text(text)
        with pytest.raises(InputError, match="is not what a sweep wrote; remove it, and it is run again"):
            folder.found(trial)


@pytest.mark.parametrize(
    ("ended", "kept", "said"),
    [
        (Ended(2, "", "note: x\nt.csv: holds no number\n", 1.0), True, "t.csv: holds no number"),
        (Ended(1, "", "Traceback (most recent call last):\n ...\nKeyError: 3\n", 1.0), False, "KeyError: 3"),
        (Ended(-9, "", "", 1.0), False, "ended by signal 9"),
        (Ended(1, '{"problem": "mst", "status": "feasible", "message": ""}', "", 1.0), True, ""),
        (Ended(130, '{"problem": "mst", "status": "feasible", "message": ""}', "", 1.0), False, ""),
    ],
)
def test_what_may_come_out_otherwise_is_not_kept(ended: Ended, kept: bool, said: str, tmp_path: Path) -> None:
    trial, folder, answer = asked(MST, ["--seeds", "1"]).trials[0], Folder(str(tmp_path)), document("mst", ended)
    folder.keep(trial, answer)
    assert (folder.found(trial) == answer) is kept
    assert said in answer["message"]


def test_a_worker_that_differs_refuses_to_run(table: str, tmp_path: Path, monkeypatch: Any) -> None:
    trial = asked(KMEANS, ["--seeds", "1", "--data", table]).trials[0]
    here = workers.versions()

    def told(folder: str = str(tmp_path), versions: dict[str, str] = here) -> str:
        ended = workers.run(workers.Job("kmeans", trial.words, folder, trial.files, versions), "a sweep")
        assert (ended.code, ended.out) == (1, "")
        return ended.err

    assert "numpy" in told(versions={**here, "numpy": "1.0"})
    assert "has no folder /nowhere" in told(folder="/nowhere")
    Path(table).write_text(TABLE + "5,5\n")
    assert "is another on" in told()


def some_rows() -> tuple[list[Any], Sweep]:
    """Rows of which one failed, and whose numbers are known."""
    sweep = asked(MST, ["--sweep", "max-degree=2,3", "--seeds", "3"])
    found = []
    for place, trial in enumerate(sweep.trials):
        answer = {
            "status": "feasible",
            "value": float(place),
            "bound": None,
            "gap": None,
            "certificate": {"level": 0.95, "kl": {"at_least": place / 8}},
            "stats": {"rounds": place, "solve_seconds": 1.0, "exact": True},
            "message": "",
            ENDED: {"exit_code": 0, "run_seconds": 1.0},
        }
        failure = {"status": "failed", "message": "no tree", ENDED: {"exit_code": 2, "run_seconds": 0.1}}
        found.append(row("mst", trial, failure if place == 1 else answer))
    return found, sweep


def test_medians_are_of_the_seeds_that_were_answered() -> None:
    rows, sweep = some_rows()
    table = as_json(rows[::-1], sweep)  # in which order they end does not matter
    assert [one["value"] for one in table["rows"]] == [0.0, None, 2.0, 3.0, 4.0, 5.0]
    assert [(one["runs"], one["answered"], one["value"]) for one in table["medians"]] == [(3, 2, 1.0), (3, 3, 4.0)]
    # What is the same in all runs, or tells no more than another number, is left out; seconds are no measure.
    assert measures(rows) == {"at_least": "certificate.kl.at_least", "rounds": "stats.rounds"}
    assert table["medians"][0]["measures"] == {"at_least": 0.125, "rounds": 1.0}
    assert code(rows) == 0


def test_the_table_has_room_and_says_what_failed() -> None:
    rows, sweep = some_rows()
    shown = lines(rows, sweep, "mst")
    assert shown[0] == "Sweep of mst over max-degree, 3 seeds: 6 runs"
    assert shown[2].split() == ["2", "0", "feasible", "0", "0", "0", "1.0"]
    assert shown[3].split() == ["2", "1", "failed", "no", "tree"]
    assert max(map(len, shown)) <= WIDTH
    cut = lines(rows[:2], sweep, "mst")
    assert cut[0] == "Sweep of mst over max-degree, 3 seeds: 2 of 6 runs"


def test_a_comparison_has_the_numbers_of_its_rows() -> None:
    trial = asked(recipes()["collapse"], ["--sweep", "data=ring"]).trials[0]
    answer = {"problem": "collapse", "modes": 8, "rows": [{"variant": "equal", "lost": 2.0, "history": [{"x": 1}]}]}
    found = row("collapse", trial, {**answer, ENDED: {"exit_code": 0, "run_seconds": 1.0}})
    assert (found.status, found.failed) == ("answered", False)
    assert {name: found.numbers[name] for name in measures([found]).values()} == {"modes": 8, "rows.equal.lost": 2.0}


def test_a_picture_is_drawn_of_values_or_of_the_recipe_s_own_numbers(
    table: str, scheduler: str, tmp_path: Path, capsys: Any
) -> None:
    picture, page = tmp_path / "sweep.png", tmp_path / "sweep.html"
    words = ["--data", table, "--sweep", "groups=2,9", "--scheduler", scheduler, "--quiet"]
    assert run(KMEANS, [*words, "--plot", str(picture), "--report", str(page)]) == 0
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert "6 rows do not make 9 groups" in page.read_text()
