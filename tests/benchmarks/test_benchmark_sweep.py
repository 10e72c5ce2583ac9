"""Twelve small runs as a sweep, by 2 workers against 1: python -m pytest tests/benchmarks/test_benchmark_sweep.py.

Wall seconds of the whole command, from its start to its exit, in pairs one after the other: a machine that others use
meanwhile tells less about workers than about them, so that the load is said too. Nothing here asserts a figure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import pytest
from places import ROOT

Report = Callable[[str, str, str], None]
PAIRS = 3
SMALL = {  # runs of about 5 s, 2 s and 0.3 s of a core
    "problems.images": ["--sweep", "iterations=100,110", "--seeds", "6"],
    "problems.embedding --method smacof": ["--sweep", "dimensions=1,2", "--seeds", "6", "--time-limit", "20"],
    "problems.kmeans": ["--sweep", "groups=2,3", "--seeds", "6"],
}


def seconds(command: str, words: list[str], workers: int) -> float:
    """Of a sweep by so many workers."""
    before = time.perf_counter()
    asked = [sys.executable, "-m", *command.split(), *words, "--workers", str(workers), "--quiet"]
    subprocess.run(asked, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - before


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
@pytest.mark.parametrize("command", SMALL)
def test_two_workers(command: str, report: Report) -> None:
    found = [[seconds(command, SMALL[command], workers) for workers in (1, 2)] for _ in range(PAIRS)]
    speed = median(one / two for one, two in found)
    times = ", ".join(f"{one:.1f} s and {two:.1f} s" for one, two in found)
    load = f"load {os.getloadavg()[0]:.1f}"
    report(f"12 runs of {command}, 2 workers against 1", "1.7x / 1.9x", f"{speed:.2f}x ({times}; {load})")
