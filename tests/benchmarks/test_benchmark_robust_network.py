"""Robust accuracy of networks: how near attacks and bounds come to each other, in CPU seconds with the training."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import pytest

from formulations.robust_network import robust_accuracy
from problems.studies.classified import classified
from problems.studies.robust_networks import Training
from solvers import solve

pytest.importorskip("torch")
Report = Callable[[str, str, str], None]


@pytest.mark.parametrize("against", [True, False])
@pytest.mark.parametrize(
    ("name", "hidden", "points", "radius", "asked"),
    [
        ("moons", [20, 20], 100, 0.1, "exact for 100 points, all proven, 60 s"),
        ("moons", [20, 20], 100, 0.2, "the same"),
        ("moons", [20, 20], 100, 0.3, "the same"),
        ("digits", [32], 360, 0.03, "bounds within 10 points / 5"),
        ("digits", [32], 360, 0.1, "not asked"),
    ],
)
def test_robust_accuracy(
    name: str, hidden: list[int], points: int, radius: float, asked: str, against: bool, report: Report
) -> None:
    if name == "digits":
        pytest.importorskip("sklearn")
    found, seconds = list[Any](), list[tuple[float, float]]()
    for seed in range(3):
        data = classified(Namespace(data=name, seed=seed), points)
        start = time.process_time()
        network, _ = Training(hidden, 400, seed, "cpu", None, True).network(data, radius if against else 0.0)
        middle = time.process_time()
        X, y = data.X[data.judged], data.y[data.judged]
        found.append(solve(robust_accuracy(network, X, y, radius, data.within), time_limit=120, seed=seed))
        seconds.append((middle - start, time.process_time() - middle))
        assert found[-1].bound <= found[-1].value
    trained, judged = (sorted(part)[1] for part in zip(*seconds, strict=True))
    shares = ", ".join(f"{one.value:.1%} >= {one.bound:.1%}" for one in found)
    report(
        f"{name} {'-'.join(map(str, hidden))}, radius {radius:g}, {'adversarial' if against else 'plain'}",
        asked,
        f"{shares} ({sum(one.proven for one in found)} of 3 proven); {judged:.2f} s, training {trained:.1f} s",
    )
