"""Without torch and scikit-learn: graphs are as they were, and what needs them says so in a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

from problems.__main__ import recipes

NEVER_IMPORTED = """\
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""
LEARNING = ("torch", "sklearn")
# Recipes that do nothing without torch:
NEED_TORCH = ("collapse", "divergence", "gan", "images", "robust_network", "translate")
WITH_TORCH = ["gan", "--data", "mixture", "--iterations", "40", "--seeds", "1", "--quiet"]


@pytest.fixture
def without(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Runs a command line or a program in a Python where packages cannot be imported."""

    def ran(missing: tuple[str, ...], *arguments: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "sitecustomize.py").write_text(NEVER_IMPORTED.format(missing=missing), encoding="utf-8")
        path = os.pathsep.join([str(tmp_path), str(ROOT)])
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
        )

    return ran


def refused(done: subprocess.CompletedProcess[str], by: str, package: str, extra: str = "learn") -> None:
    """It ended with the sentence that says what to install."""
    said = (
        f"{by} needs {package}, which is not installed; install the extra {extra}, or python -m pip install {package}"
    )
    assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (2, "", said)
    assert "Traceback" not in done.stderr


def test_packages_are_missing(without) -> None:  # type: ignore[no-untyped-def]
    assert without(("torch",), "-c", "import torch").returncode == 1
    assert without(("torch",), "-c", "import sklearn").returncode == 0


@pytest.mark.parametrize("recipe", sorted(set(recipes()) - set(NEED_TORCH)))
def test_a_recipe_runs_without_them(recipe: str, without) -> None:  # type: ignore[no-untyped-def]
    done = without(
        LEARNING, "-m", f"problems.{recipe}", "--json", *(["--time-limit", "1"] if recipe == "leaderboard" else [])
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert all(check["ok"] for check in answer.get("checks", []))


@pytest.mark.parametrize("recipe", NEED_TORCH)
def test_a_recipe_that_needs_torch_says_so(recipe: str, without) -> None:  # type: ignore[no-untyped-def]
    refused(without(LEARNING, "-m", f"problems.{recipe}"), recipe, "torch")


@pytest.mark.parametrize("recipe", sorted(recipes()))
def test_help_needs_nothing(recipe: str, without) -> None:  # type: ignore[no-untyped-def]
    done = without((*LEARNING, "numpy", "distributed"), "-m", f"problems.{recipe}", "--help")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "by"),
    [
        (["shortest_path", "--solver", "descent-ascent"], "descent-ascent"),
        (["saddle", "--game", "quadratic"], "saddle"),
        (["saddle", "--method", "extragradient"], "saddle"),
        (["geometric", "--solver", "descent-ascent"], "geometric"),
        (["gan", "--sample", "3", "--from", "."], "gan"),
    ],
)
def test_a_solver_that_needs_torch_says_so(arguments: list[str], by: str, without) -> None:  # type: ignore[no-untyped-def]
    refused(without(LEARNING, "-m", f"problems.{arguments[0]}", *arguments[1:], "--quiet"), by, "torch")


def test_mixtures_need_scikit_learn(without) -> None:  # type: ignore[no-untyped-def]
    refused(
        without(("sklearn",), "-m", "problems.gan", *WITH_TORCH[1:], "--generator", "mixture"), "gan", "scikit-learn"
    )


def test_sweeps_need_dask(without) -> None:  # type: ignore[no-untyped-def]
    refused(without(("distributed", "dask"), "-m", "problems.mst", "--seeds", "2"), "--sweep", "distributed", "sweep")


def test_another_missing_package_is_no_sentence_of_ours(without) -> None:  # type: ignore[no-untyped-def]
    done = without(("cvxpy",), "-m", "problems.mst")
    assert done.returncode == 1
    assert "No module named 'cvxpy'" in done.stderr


SOLVED = """\
import networkx as nx
import numpy as np
from formulations.mst import minimum_spanning_tree
from formulations.orders.criteria import objective
from formulations.seriation import linear_arrangement
from solvers import best, solve

print([tree.value for tree in best(minimum_spanning_tree(nx.cycle_graph(4)), 2)])
W = np.random.default_rng(0).random((24, 24))
found = solve(linear_arrangement((W + W.T) / 2), time_limit={limit})
print(found.status, found.solver, "python -m pip install torch" in found.message)
"""


@pytest.mark.parametrize("limit", [None, 20.0])
def test_solvers_do_without_them_and_say_what_they_miss(limit: float | None, without) -> None:  # type: ignore[no-untyped-def]
    done = without(LEARNING, "-c", SOLVED.format(limit=limit))
    assert done.stdout.splitlines() == ["[3.0, 3.0]", "feasible local-search True"], done.stderr
