"""Games played by two processes: the same steps as by one, the same numbers in both."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import together
import torch

from solvers.descent_ascent.distributed import LOST, Processes

TESTS = Path(together.__file__).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes found of the games in tests/together.py."""
    folder = tmp_path_factory.mktemp("together")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
    command = [sys.executable, together.__file__, str(folder)]
    runs = [subprocess.Popen([*command, rank], env=environment, stderr=subprocess.PIPE, text=True) for rank in "01"]
    said = [run.communicate(timeout=300)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 3], "\n".join(said)  # the second one ends so in its last game
    return folder


@pytest.fixture(scope="module")
def both(folder: Path) -> list[dict[str, Any]]:
    return [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]


def same(first: Any, second: Any) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    return together.all_played()


def test_parameters_are_equal_bit_by_bit_in_both(both: list[dict[str, Any]]) -> None:
    for name in ("shared", "resumed", "normalised", "without samples"):
        assert same(both[0][name], both[1][name]), name
    (first,), (second,) = (found["buffers"] for found in both)
    assert any("running_mean" in key for key in first)
    assert same(first.values(), second.values())


def test_steps_are_those_of_one_process(both: list[dict[str, Any]], alone: dict[str, Any]) -> None:
    for name in ("shared", "without samples"):
        for one, shared in zip(alone[name], both[0][name], strict=True):
            torch.testing.assert_close(shared, one, rtol=1e-4, atol=1e-5)


def test_a_run_is_resumed_as_if_it_had_not_stopped(both: list[dict[str, Any]]) -> None:
    assert same(both[0]["shared"], both[0]["resumed"])


def test_the_first_decides_when_time_is_over(both: list[dict[str, Any]]) -> None:
    (first, numbers), (second, others) = (found["limited"] for found in both)
    assert first == second > 0
    assert same(numbers, others)


def test_what_was_not_finite_is_told_wherever_it_was(both: list[dict[str, Any]], alone: dict[str, Any]) -> None:
    assert both[0]["lost"] == both[1]["lost"]
    assert "the sampler 'z' draws inf" in both[0]["lost"]
    assert "the sampler 'z' draws inf" in alone["lost"]


def test_the_end_of_one_is_said_by_the_other(folder: Path) -> None:
    assert (folder / "lost.txt").read_text() == LOST


def test_a_batch_has_a_sample_for_each() -> None:
    with pytest.raises(ValueError, match="the batch is 1 and there are 2 processes"):
        Processes(0, 2).share(1)
    shares = [Processes(rank, 3).share(10) for rank in range(3)]
    assert [k for share in shares for k in range(10)[share]] == list(range(10))
