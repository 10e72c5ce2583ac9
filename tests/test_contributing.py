"""The worked example of CONTRIBUTING.md, run as it stands: four files, and no edit of code elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT
from sections import in_order

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the example's files in it."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("formulations", "solvers", "problems"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "docs" / "gallery").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "gallery" / "ruff.toml", folder / "docs" / "gallery")
    files = re.findall(r"^\*\*\d\. .*?`([\w/]+\.py)`.*?```python\n(.*?)```", TEXT, re.S | re.M)
    assert len(files) == 4
    for name, content in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def done(project: Path, *arguments: str) -> str:
    """What Python prints, run in the copy."""
    environment = {**os.environ, "PYTHONPATH": str(project)}
    run = subprocess.run(
        [sys.executable, *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_the_page_is_short() -> None:
    assert len(TEXT.splitlines()) <= 260


def test_the_recipe_answers(project: Path) -> None:
    answer = json.loads(done(project, "-m", "problems.matching", "--json"))
    assert answer["status"] == "optimal"
    assert len(answer["answer"]) == 6  # of thirteen cities
    assert all(check["ok"] for check in answer["checks"])
    assert "matching" in done(project, "-m", "problems")


def test_its_picture_is_drawn(project: Path) -> None:
    done(project, "-m", "problems.matching", "--plot", "matching.png")
    assert (project / "matching.png").stat().st_size > 10_000


def test_its_tests_and_examples_pass(project: Path) -> None:
    assert "11 passed" in done(
        project, "-m", "pytest", "-q", "tests/formulations/test_matching.py", "formulations/matching.py"
    )


def test_its_page_runs(project: Path) -> None:
    assert in_order((project / "docs/gallery/plot_matching.py").read_text(encoding="utf-8"))
    assert "blossoms (networkx)" in done(project, "docs/gallery/plot_matching.py")


def test_it_is_as_clean_as_the_rest(project: Path) -> None:
    done(project, "-m", "ruff", "check", "formulations", "problems", "tests", "docs")
