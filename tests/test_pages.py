"""What the pages of the site say is so: their commands, their Python, the report on the start page, lines of code."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from places import ROOT

from problems.__main__ import recipes
from problems.recipe import run
from problems.terminal.arguments import parser

PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
RECIPES = recipes()


def text(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def commands(page: Path) -> list[list[str]]:
    """The words after "python -m problems." of the commands that a page shows, without comments and redirections."""
    lines = re.findall(r"^ *\$ python -m problems\.(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [shlex.split(line.partition(" > ")[0], comments=True) for line in lines]


def understood(words: Sequence[str]) -> None:
    """Parse a command as its recipe does; exits if it cannot be."""
    recipe = RECIPES[words[0]]
    parser(recipe.name, recipe.summary, recipe.arguments, recipe.solvers, recipe.examples).parse_args(words[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_are_understood(page: Path) -> None:
    for words in commands(page):
        if words[0] not in ("check", "report") and "--help" not in words:
            understood(words)


def test_there_are_commands_and_a_wrong_one_is_found() -> None:
    assert len([words for page in PAGES for words in commands(page)]) > 20
    with pytest.raises(SystemExit):
        understood(["mst", "--grpah", "network.gml"])


def test_every_recipe_is_in_the_table_of_tasks() -> None:
    table = text("which_problem.md")
    assert [name for name in RECIPES if f"`problems.{name} " not in table] == []


def test_the_options_of_all_commands_are_in_their_table() -> None:
    known = parser("any", "", lambda _: None, ("highs",), ())
    [common] = [group for group in known._action_groups if group.title == "solving and showing"]
    listed = re.findall(r"^\| `(--[\w-]+)", text("command_line.md"), re.MULTILINE)
    assert listed == [action.option_strings[-1] for action in common._group_actions]


def test_every_recipe_has_its_page() -> None:
    assert [name for name in RECIPES if not (ROOT / "docs" / "gallery" / f"plot_{name}.py").is_file()] == []


def test_the_python_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", text("python.md"), re.DOTALL)
    *programs, model = blocks
    assert len(programs) > 4
    assert "for_all=[_cuts(g)]" in model  # an excerpt of formulations/mst.py
    done = subprocess.run([sys.executable, "-c", "\n".join(programs)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_start_page_shows_what_its_command_prints() -> None:
    shown = re.findall(r"```text\n(.*?)```", text("index.md"), re.DOTALL)[0].splitlines()
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert run(RECIPES["mst"], ["--quiet"]) == 0
    assert shown[-1].strip() == "..."
    for line, found in zip(shown[:-1], printed.getvalue().splitlines(), strict=False):
        if not line.startswith("  solver "):  # rounds and seconds
            assert line == found


def test_the_lines_of_code_to_be_trusted_are_counted() -> None:
    claims = re.findall(r"((?:`[\w/]+(?:\.py|/)`[^`.]*?)+)[:,] (?:[^`]*?)some (\d+) lines", text("proven.md"))
    assert len(claims) == 3
    for files, lines in claims:
        counted = sum(
            len(file.read_text(encoding="utf-8").splitlines())
            for name in re.findall(r"`([\w/.]+)`", files)
            for file in ([ROOT / name] if name.endswith(".py") else sorted((ROOT / name).glob("*.py")))
        )
        assert abs(counted - int(lines)) <= 10, files


@pytest.mark.parametrize(
    "page", sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]), ids=lambda page: page.name
)
def test_links_lead_to_files_of_the_repository(page: Path) -> None:
    """So that they hold on a code host, where nothing is built."""
    prose = re.sub(r"(?ms)^```.*?^```", "", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", prose)
    built = [ROOT / "docs" / "problems", ROOT / "docs" / "api" / "modules"]
    for link in links:
        file = (page.parent / link).resolve()
        assert file.is_file(), f"{page.name} links to {link}"
        assert not any(file.is_relative_to(folder) for folder in built), f"{page.name} links to {link}, which is built"
