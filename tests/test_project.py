"""What any project has: license, citation, changelog, type information, hooks."""

from __future__ import annotations

import ast
import re
import tomllib
from typing import Any

import pytest
from places import ROOT

PACKAGES = ("formulations", "solvers", "problems")
MODULES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pyproject() -> dict[str, Any]:
    return tomllib.loads(text("pyproject.toml"))


def cited(field: str) -> str:
    [value] = re.findall(rf"^{field}: (.+)$", text("CITATION.cff"), re.MULTILINE)
    return str(value)


def test_the_citation_is_of_this_version_and_license() -> None:
    project = pyproject()["project"]
    assert cited("version") == project["version"]
    assert cited("license") == project["license"]
    assert f"name: {project['authors'][0]['name']}" in text("CITATION.cff")


def test_the_changelog_tells_of_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert pyproject()["project"]["version"] in headings


def test_the_readme_is_one_screen_and_names_what_is_there() -> None:
    readme = text("README.md")
    assert len(readme.splitlines()) <= 90
    recipes = {file.stem for file in (ROOT / "problems").glob("*.py") if "RECIPE = " in file.read_text("utf-8")}
    table = readme.partition("## Problems")[2].partition("## ")[0]
    assert {name for name in recipes if f"plot_{name}.py" not in table or f"{name}`" not in table} == set()
    linked = re.findall(r"\]\(([^)]+)\)", readme)
    assert [name for name in linked if not (ROOT / name).is_file()] == []


def test_the_license_is_mit() -> None:
    project = pyproject()["project"]
    assert project["license"] == "MIT"
    assert project["license-files"] == ["LICENSE"]
    assert text("LICENSE").startswith("MIT License\n")
    assert project["authors"][0]["name"] in text("LICENSE")


@pytest.mark.parametrize("package", PACKAGES)
def test_type_information_is_packaged(package: str) -> None:
    assert (ROOT / package / "py.typed").read_bytes() == b""
    assert "py.typed" in pyproject()["tool"]["setuptools"]["package-data"][package]


def test_all_packages_are_packaged() -> None:
    assert pyproject()["tool"]["setuptools"]["packages"]["find"]["include"] == [f"{name}*" for name in PACKAGES]
    folders = {file.parent for file in MODULES}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_module_says_what_it_is(file: Any) -> None:
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


def test_the_hooks_run_what_ci_runs_after_the_tests() -> None:
    _, after = text(".ci/run").rsplit("\ndone\n", 1)
    commands = [line for line in after.splitlines() if line and not line.startswith("#")]
    hooks = re.findall(r"^ +entry: (.+)$", text(".pre-commit-config.yaml"), re.MULTILINE)
    assert hooks == commands != []


def test_the_hooks_need_no_network() -> None:
    config = text(".pre-commit-config.yaml")
    assert re.findall(r"repo: (\S+)", config) == ["local"]
    languages = re.findall(r"language: (\S+)", config)
    assert languages == ["system"] * config.count("- id: ")


def written_by_commands(page: str) -> set[str]:
    """The files and folders that the commands of a page write, in a folder of the user's choice."""
    commands = [line for line in page.splitlines() if "python -m problems" in line]
    written = (
        re.findall(r"(?:--plot|--out|--html|--export|--latex|--json >) ([\w.-]+(?:/|\.\w+))(?=[\s`]|$)", line)
        for line in commands
    )
    return {name for names in written for name in names}


def test_git_ignores_what_the_commands_of_readme_and_pages_write() -> None:
    pages = [text("README.md"), *(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))]
    written = set().union(*map(written_by_commands, pages))
    assert {"tree.png", "model.mps", "run/", "answer.json"} <= written
    assert {f"/{name}" for name in written} - set(text(".gitignore").splitlines()) == set()
