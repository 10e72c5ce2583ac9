"""The source distribution and the wheel, built and installed: the command runs outside of this folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from commandline import without_seconds
from places import ROOT

MADE = ("__pycache__", "*.egg-info", "build", "dist", "site", ".*_cache", ".hypothesis")  # by builds and tests


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that was built from it."""
    source = tmp_path_factory.mktemp("build") / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", *MADE))
    command = [sys.executable, "-m", "build", "--no-isolation", str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return source / "dist"


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel alone is installed, its dependencies being those of the tests."""
    prefix: Path = tmp_path_factory.mktemp("prefix")
    [wheel] = built.glob("*.whl")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        f"--prefix={prefix}",
        wheel,
    ]
    subprocess.run([*command, "--ignore-installed", f"--prefix={prefix}", str(wheel)], check=True, capture_output=True)
    return prefix


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed command, from another folder, where this one's modules cannot be found."""
    [packages] = installed.glob("lib/python*/site-packages")
    return subprocess.run(
        [str(installed / "bin" / "cookbook"), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(packages)},
    )


def test_the_source_distribution_holds_what_its_tests_read(built: Path) -> None:
    [archive] = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    tracked = ("problems/mst.py", "tests/test_wheel.py", ".ci/run", "docs/files.md", "constraints.txt", "README.md")
    assert names >= {*tracked, "CHANGELOG.md", "CITATION.cff", "LICENSE", "tests/benchmarks/conftest.py"}
    assert not [name for name in names if "__pycache__" in name or name.startswith("site/")]


def test_the_wheel_holds_the_packages_and_their_examples(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    here = {
        file.relative_to(ROOT).as_posix()
        for package in ("formulations", "solvers", "problems")
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert any(name.startswith("problems/examples/") for name in here)
    assert here - names == set()
    assert {name.partition("/")[0] for name in names} <= {"formulations", "solvers", "problems"} | {
        name.partition("/")[0] for name in names if ".dist-info" in name
    }


def test_the_command_runs_an_example_as_the_module_here_does(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "mst", "--json", "--plot", "tree.png")
    assert done.returncode == 0, done.stderr
    here = subprocess.run(
        [sys.executable, "-m", "problems.mst", "--json"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert without_seconds(json.loads(done.stdout)) == without_seconds(json.loads(here.stdout))
    assert (tmp_path / "tree.png").read_bytes().startswith(b"\x89PNG")


def test_the_installed_packages_are_meant(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "mst", "--graph", "missing.gml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "missing.gml" in done.stderr
    assert run(installed, tmp_path, "no_such_thing").returncode == 2
    assert "cookbook mst" in run(installed, tmp_path).stdout
    [packages] = installed.glob("lib/python*/site-packages")
    program = "import problems.mst; print(problems.mst.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
    )
    assert Path(found.stdout.strip()).is_relative_to(installed)
