"""Orders of 2,000 items by the program itself: time limits are kept, and Ctrl-C loses no order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import ROOT

ITEMS = 2000
LIMIT, OVER = 3.0, 2.0  # CPU seconds, so that a busy machine changes nothing
IN_CPU_SECONDS = """
import sys, time
time.monotonic = time.perf_counter = time.process_time
import problems.recipe, problems.seriation
sys.argv = ["seriation", *sys.argv[1:]]
problems.recipe.main(problems.seriation.RECIPE)
"""
WATCHING = """
import contextlib, sys, problems.recipe, problems.running.run, problems.seriation
@contextlib.contextmanager
def progress(quiet, follow):
    yield lambda search: told or told.append(print("going", file=sys.stderr, flush=True))
told, problems.running.run.progress = [], progress
sys.argv = ["seriation", *sys.argv[1:]]
problems.recipe.main(problems.seriation.RECIPE)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Noisy distances of points on a line."""
    rng = np.random.default_rng(0)
    x = rng.random(ITEMS)
    noise = np.triu(rng.normal(0, 0.05, (ITEMS, ITEMS)), 1)
    d = np.clip(0.8 * np.abs(x[:, None] - x) + noise + noise.T, 0.01, 1)
    np.fill_diagonal(d, 0)
    path: Path = tmp_path_factory.mktemp("large") / "d.npy"
    np.save(path, d)
    return str(path)


def is_an_order(answer: list[Any]) -> bool:
    return sorted(answer) == list(range(1, ITEMS + 1))


def cpu_seconds_of_children() -> float:
    resource = pytest.importorskip("resource")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(usage.ru_utime + usage.ru_stime)


@pytest.mark.parametrize("objective", ["challenge", "bar", "ar-events"])
def test_the_limit_is_kept_and_the_order_is_better_than_random(file: str, objective: str) -> None:
    command = [sys.executable, "-c", IN_CPU_SECONDS, "--matrix", file, "--objective", objective, "--json"]
    begun = cpu_seconds_of_children()
    done = subprocess.run([*command, "--time-limit", str(LIMIT)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert cpu_seconds_of_children() - begun < LIMIT + OVER
    answer = json.loads(done.stdout)
    assert is_an_order(answer["answer"])
    assert all(check["ok"] for check in answer["checks"])
    better = answer["value"] - answer["stats"]["random"]
    assert (better if objective == "challenge" else -better) > 0.3 * abs(answer["stats"]["random"])


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("objective", ["challenge", "2sum", "gradient-raw"])
def test_ctrl_c_loses_no_order(file: str, objective: str) -> None:
    command = [sys.executable, "-c", WATCHING, "--matrix", file, "--objective", objective, "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line == "going\n":
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    answer = json.loads(out)
    assert is_an_order(answer["answer"])
    assert answer["stats"]["interrupted"]
