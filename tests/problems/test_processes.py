"""A recipe run by several processes, as torchrun starts them: the first prints and writes, the others are silent."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np


def together(*arguments: str) -> list[tuple[int, str, str]]:
    """Exit code, output and messages of two processes that run problems.images with these arguments."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "test"}
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "problems.images", *arguments],
            env={**os.environ, **meeting, "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    ]
    said = [run.communicate(timeout=300) for run in runs]
    return [(run.returncode, *out) for run, out in zip(runs, said, strict=True)]


def test_one_prints_and_writes(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 255, (60, 4, 4), dtype=np.uint8)
    np.save(tmp_path / "x.npy", x)
    folder = str(tmp_path / "run")
    asked = ("--data", str(tmp_path / "x.npy"), "--model", "linear-vae", "--iterations", "6", "--out", folder)
    (code, out, err), silent = together(*asked, "--json")
    assert (code, json.loads(out)["stats"]["iterations"], silent) == (0, 6, (0, "", "")), err
    assert {"model.pt", "checkpoint.pt"} <= set(os.listdir(folder))


def test_bad_input_is_said_once(tmp_path: Path) -> None:
    (code, out, err), silent = together("--data", str(tmp_path / "none.npy"))
    assert (code, out, err.count("\n"), silent) == (2, "", 1, (2, "", ""))
