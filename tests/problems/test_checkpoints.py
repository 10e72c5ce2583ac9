"""Checkpoints: whole at any moment, of one run only, and gone on from bit by bit."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from places import ROOT

from problems.terminal.checkpoints import CHECKPOINT, HISTORY, Folder, table
from problems.terminal.errors import InputError


class Searched:
    """What a folder asks of a search."""

    def __init__(self, size: int = 3) -> None:
        self.history = [{"iteration": 0, "value": None, "bound": 1.5}, {"iteration": 7, "value": 0.1, "bound": 1.0}]
        self.numbers = torch.arange(float(size))

    def state(self) -> dict[str, Any]:
        return {"numbers": self.numbers, "history": self.history}


def saved(path: Path, **options: Any) -> Folder:
    folder = Folder(str(path), options)
    folder.begin()
    folder.follow(Searched())  # type: ignore[arg-type]
    return folder


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    folder = saved(tmp_path / "run", loss="lagrangian")
    state, _ = folder.state()
    assert state["numbers"].tolist() == [0, 1, 2]
    assert state["history"] == Searched().history
    rows = list(csv.DictReader((tmp_path / "run" / HISTORY).open()))
    assert [row["iteration"] for row in rows] == ["0", "7"]
    assert [row["value"] for row in rows] == ["", "0.1"]
    assert sorted(os.listdir(tmp_path / "run")) == [CHECKPOINT, HISTORY]


def test_a_checkpoint_a_moment_ago_will_do_until_the_end(tmp_path: Path) -> None:
    folder = saved(tmp_path / "run")
    folder.follow(Searched(5))  # type: ignore[arg-type]
    assert len(folder.state()[0]["numbers"]) == 3
    folder.save()
    assert len(folder.state()[0]["numbers"]) == 5


def test_an_earlier_run_is_never_written_over(tmp_path: Path) -> None:
    saved(tmp_path / "run")
    with pytest.raises(InputError, match="holds the checkpoint of an earlier run; add --resume"):
        Folder(str(tmp_path / "run"), {}).begin()


def test_a_checkpoint_is_of_one_run_only(tmp_path: Path) -> None:
    saved(tmp_path / "run", **{"--loss": "minimax", "--seed": 0})
    with pytest.raises(InputError, match="was begun with --loss minimax, not lagrangian"):
        Folder(str(tmp_path / "run"), {"--loss": "lagrangian", "--seed": 0}).state()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 broken", None])
def test_what_cannot_be_resumed_is_said(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / CHECKPOINT).write_bytes(content)
    match = "there is no checkpoint" if content is None else "damaged or not ours"
    with pytest.raises(InputError, match=match):
        Folder(str(tmp_path), {}).state()


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch evil",)


def test_a_checkpoint_runs_no_code(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"options": {}, "state": {"x": Evil()}}, tmp_path / CHECKPOINT)
    with pytest.raises(InputError, match="damaged or not ours"):
        Folder(str(tmp_path), {}).state()
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("path", ["file", "file/below", "nul\0", "x" * 5000])
def test_folders_that_cannot_be(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="--out"):
        Folder(str(tmp_path / path), {}).begin()


SAVING = """
import sys, torch
sys.path += ["tests", "tests/problems"]
from test_checkpoints import Searched
from problems.terminal.checkpoints import Folder
folder = Folder(sys.argv[1], {})
folder.begin()
folder.follow(Searched(1_000_000))
while True:
    folder.save()
"""


def test_killed_while_it_saves_it_leaves_one_that_loads(tmp_path: Path) -> None:
    for k in range(3):
        run = tmp_path / str(k)
        child = subprocess.Popen([sys.executable, "-c", SAVING, str(run)], cwd=ROOT)
        deadline = time.monotonic() + 60
        while not (run / CHECKPOINT).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05 + 0.037 * k)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        assert len(Folder(str(run), {}).state()[0]["numbers"]) == 1_000_000
        assert not [name for name in os.listdir(run) if name.endswith(".part")]


def test_a_table_has_a_line_for_each_row() -> None:
    assert table([{"a": 1, "b": None}, {"a": 0.1, "b": "x"}]) == "a,b\n1,\n0.1,x\n"
