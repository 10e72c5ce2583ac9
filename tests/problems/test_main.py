"""python -m problems: the recipes, found by looking."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from places import ROOT

import problems
from problems.__main__ import SITE, command, commands, main, recipes
from problems.terminal.arguments import release

HEAVY = ("cvxpy", "torch", "matplotlib", "ortools", "highspy", "networkx", "scipy", "numpy")


def defines_recipe(file: Path) -> bool:
    """Whether a module assigns RECIPE, told by its text."""
    assigned = [node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
    return any(isinstance(target, ast.Name) and target.id == "RECIPE" for node in assigned for target in node.targets)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "problems", *arguments], capture_output=True, text=True, cwd=ROOT)


def test_all_recipes_and_nothing_else() -> None:
    assert "mst" in recipes()
    assert list(recipes()) == sorted(f.stem for f in (ROOT / "problems").glob("*.py") if defines_recipe(f))


def test_a_recipe_has_the_name_of_its_module_and_a_line_on_what_it_does() -> None:
    for name, recipe in recipes().items():
        assert recipe.name == name
        assert recipe.summary.endswith(".")
        assert "\n" not in recipe.summary


def test_a_line_each() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, f"A page on each: {SITE.as_uri()}\n" if SITE.is_file() else "")
    lines = done.stdout.splitlines()
    assert len(lines) == len(recipes())
    for line, (name, recipe) in zip(lines, recipes().items(), strict=True):
        assert line.startswith(f"python -m problems.{name} ")
        assert line.endswith(f" {recipe.summary}")
        assert len(line) <= 120


def test_help_says_how_to_use_it_and_lists_the_recipes() -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: cookbook ")
    assert run().stdout in done.stdout
    assert run("-h").stdout == done.stdout


@pytest.mark.parametrize(
    "arguments", [["no_such_thing"], ["--json"], [""], ["recipe"], ["__main__"], ["--help", "mst"], ["a\nb\x1b[1m"]]
)
def test_anything_else_is_refused_in_a_line_that_names_the_recipes(arguments: list[str], capsys: Any) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err[:-1].isprintable()
    assert all(name in err for name in recipes())


def test_refusal_is_the_exit_code() -> None:
    assert run("no_such_thing").returncode == 2


def module(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"problems.{arguments[0]}", *arguments[1:]], capture_output=True, text=True, cwd=ROOT
    )


@pytest.mark.parametrize("name", commands())
def test_each_is_run_by_its_name_with_the_same_parser(name: str) -> None:
    done, same = run(name, "--help"), module(name, "--help")
    assert (done.returncode, done.stdout, done.stderr) == (0, same.stdout, "")


@pytest.mark.parametrize("arguments", [["mst", "--no-such"], ["mst", "--graph", "missing.gml"], ["check", "missing"]])
def test_it_ends_as_the_module_does(arguments: list[str]) -> None:
    done, same = run(*arguments), module(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, same.stdout, same.stderr)


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"{release()}\n"


def test_pages_that_were_built_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("problems.__main__.SITE", tmp_path / "index.html")
    assert main([]) == 0
    assert capsys.readouterr().err == ""
    (tmp_path / "index.html").touch()
    assert main([]) == 0
    assert capsys.readouterr().err == f"A page on each: {(tmp_path / 'index.html').as_uri()}\n"


def test_a_new_recipe_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    module = """RECIPE = __import__("problems.recipe").recipe.Recipe("made_up", "Nothing.", None, None, (), ())"""
    (tmp_path / "made_up.py").write_text(module, encoding="utf-8")
    monkeypatch.setattr(problems, "__path__", [*problems.__path__, str(tmp_path)])
    try:
        assert main([]) == 0
    finally:
        sys.modules.pop("problems.made_up", None)
        vars(problems).pop("made_up", None)
    assert ["python", "-m", "problems.made_up", "Nothing."] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]


def test_listing_loads_nothing_heavy() -> None:
    program = f"""\
import sys
from problems.__main__ import main
main([])
print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.splitlines()[-1] == ""  # before it stands where the pages are, if they are built


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["mts"], "did you mean mst?"),
        (["shortest-path"], "did you mean shortest_path?"),
        (["TSP"], "did you mean tsp?"),
        (["chekc", "answer.json"], "did you mean check?"),
        (["--verison"], "did you mean --version?"),
    ],
)
def test_a_slip_is_understood(arguments: list[str], meant: str, capsys: Any) -> None:
    assert main(arguments) == 2
    assert meant in capsys.readouterr().err


def test_what_is_unlike_all_names_is_not_guessed(capsys: Any) -> None:
    assert main(["xyzzy"]) == 2
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["mst", "gan", "check", "report"])
def test_every_command_tells_its_version(name: str) -> None:
    done = run(name, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{release()}\n", "")


def test_an_option_with_a_slip_is_understood() -> None:
    done = run("mst", "--grap=x.gml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean --graph?" in done.stderr


def test_the_list_calls_recipes_as_it_was_called(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/cookbook"])
    assert command() == 0
    assert capsys.readouterr().out.splitlines()[0].startswith(f"cookbook {next(iter(recipes()))} ")
    monkeypatch.setattr(sys, "argv", ["problems/__main__.py"])
    assert command() == 0
    assert capsys.readouterr().out.splitlines()[0].startswith(f"python -m problems.{next(iter(recipes()))} ")
