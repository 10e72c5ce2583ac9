"""Programs that are broken off: what is temporary is removed; from the first import on, no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

from problems.terminal.leaving import cleaned_up

DEAF = """
import os, shutil, signal, sys, time
from problems.terminal.leaving import cleaned_up
from problems.terminal.watch import Watch
folder = sys.argv[1]
with Watch(lambda interrupted: 130), cleaned_up(lambda: shutil.rmtree(folder)):
    signal.signal(signal.SIGINT, lambda *_: None)  # KeyboardInterrupt is lost, as within the import of a C extension
    os.mkdir(folder)
    print("ready", flush=True)
    while True:
        time.sleep(9)
"""


@pytest.mark.parametrize("presses", [1, 2])
def test_what_is_temporary_is_removed_where_the_main_thread_does_not_hear(tmp_path: Path, presses: int) -> None:
    folder = tmp_path / "scratch"
    process = subprocess.Popen([sys.executable, "-c", DEAF, str(folder)], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    process.stdout.close()
    assert not folder.exists()


def test_a_block_is_cleaned_up_once_it_is_left_and_not_before() -> None:
    done: list[str] = []

    def broken_off() -> None:
        with cleaned_up(lambda: done.append("outer")):
            with cleaned_up(lambda: done.append("inner")):
                assert done == []
            assert done == ["inner"]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert done == ["inner", "outer"]


@pytest.mark.parametrize("module", ["problems", "argparse", "problems.terminal.errors", "problems.recipe"])
def test_ctrl_c_after_the_first_import_gives_no_traceback(module: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "problems.gan", "--data", "ring"]  # that takes a minute
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, text=True)
    assert process.stderr is not None
    with process.stderr as lines:
        assert any(line.rpartition("|")[2].strip() == module for line in lines)  # reads up to that import
        process.send_signal(signal.SIGINT)
        rest = lines.read()
    assert process.wait(timeout=60) == 130
    assert "Traceback" not in rest
    assert "interrupted" in rest
