"""Completion in bash, as a person meets it: what is offered after the words that stand there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from places import ROOT

from problems.__main__ import commands, main, recipes
from problems.running.completion import SHELLS

OFFER = """\
source "$1"
[[ "$(complete -p cookbook)" == *" -F "* ]] || exit 3
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
$(complete -p cookbook | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
"""
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    printed = subprocess.run(
        [sys.executable, "-m", "problems", "--print-completion", "bash"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    path: Path = tmp_path_factory.mktemp("completion") / "cookbook.bash"
    path.write_text(printed.stdout, encoding="utf-8")
    return path


def offered(script: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    done = subprocess.run(
        ["bash", "-c", OFFER, "bash", str(script), "cookbook", *words], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_recipes_are_offered(script: Path) -> None:
    assert set(offered(script, "")) >= set(recipes()) | {"check", "report"}
    assert offered(script, "mst") == ["mst"]
    assert offered(script, "no_such") == []
    assert {"recipe", "__main__"}.isdisjoint(commands())


@pytest.mark.parametrize("name", recipes())
def test_all_options_of_a_recipe_are_offered(name: str, script: Path) -> None:
    recipe = recipes()[name]
    actions = recipe.parser()._actions
    visible = {option for action in actions if action.help != "==SUPPRESS==" for option in action.option_strings}
    assert {"--json", "--seed"} < visible
    assert set(offered(script, name, "--")) == {option for option in visible if option.startswith("--")}
    assert sorted(offered(script, name, "--see")) == sorted(option for option in visible if option.startswith("--see"))


def test_solvers_and_choices_are_offered(script: Path) -> None:
    assert offered(script, "mst", "--solver", "") == list(recipes()["mst"].solvers)
    assert offered(script, "mst", "--device", "c") == ["cpu", "cuda"]


@pytest.mark.parametrize(
    "before",
    [
        ["mst", "--graph"],
        ["mst", "--json", "--plot"],
        ["plagiarism", "--code"],
        ["gan", "--data"],
        ["transport", "--points"],
        ["leaderboard"],
        ["check"],
        ["check", "answer.json", "--graph"],
    ],
)
def test_files_are_offered_where_a_file_is_meant(before: list[str], script: Path, tmp_path: Path) -> None:
    (tmp_path / "network.gml").touch()
    (tmp_path / "nets").mkdir()
    assert set(offered(script, *before, str(tmp_path / "net"))) >= {str(tmp_path / "network.gml")}


def test_a_number_is_no_file(script: Path, tmp_path: Path) -> None:
    (tmp_path / "network.gml").touch()
    assert offered(script, "mst", "--max-degree", str(tmp_path / "net")) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_other_shells_have_scripts_too(shell: str, capsys: Any) -> None:
    assert main(["--print-completion", shell]) == 0
    assert "cookbook" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["", "fish", "BASH", "a\nb"])
def test_an_unknown_shell_is_refused_in_a_line(shell: str, capsys: Any) -> None:
    assert main(["--print-completion", shell]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "bash, zsh, tcsh" in err
