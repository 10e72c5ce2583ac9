"""What a shell completes after the word cookbook: recipes, their options, the solvers that they take, and files."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import Any

from problems.running.declared import Recipe

SHELLS = ("bash", "zsh", "tcsh")
FILES = {"FILE", "FOLDER", "DIR", "PATH", "ANSWER", "TRAIN", "HOLDOUT", "FROM", "DATA"}  # metavars of what is a file


def completion(recipes: Iterable[Recipe], others: Mapping[str, argparse.ArgumentParser], shell: str) -> str:
    """The script of that shell, one of SHELLS, for the arguments of cookbook; others are the parsers of no recipes.

    >>> from problems.mst import RECIPE
    >>> "--max-degree" in completion([RECIPE], {}, "bash")
    True
    """
    import shtab

    cookbook = argparse.ArgumentParser("cookbook", allow_abbrev=False)
    cookbook.add_argument("--version", action="store_true", help="which version this is")
    cookbook.add_argument("--print-completion", choices=SHELLS, help="print what completes the rest in a shell")
    made_here: Any = _handed_on
    names: Any = cookbook.add_subparsers(parser_class=made_here, metavar="NAME")
    for recipe in recipes:
        names.add_parser(recipe.name, help=recipe.summary, made=_parser(recipe))
    for name, made in others.items():
        names.add_parser(name, help=made.description, made=made)
    for made in names.choices.values():
        _marked(made)
    return str(shtab.complete(cookbook, shell))


def _handed_on(made: argparse.ArgumentParser, **_: Any) -> argparse.ArgumentParser:
    """The parser that is there already, where argparse would make one."""
    return made


def _parser(recipe: Recipe) -> argparse.ArgumentParser:
    """The parser of a recipe, with its solvers as choices."""
    found = recipe.parser()
    for argument in found._actions:
        if argument.dest == "solver" and recipe.solvers:
            argument.choices = recipe.solvers
    return found


def _marked(made: argparse.ArgumentParser) -> None:
    """Say of each argument that names a file or folder that it does; choices become lists, as shtab wants them."""
    import shtab

    for argument in made._actions:
        named = {argument.metavar} if isinstance(argument.metavar, str | None) else set(argument.metavar)
        if named & FILES:
            argument.complete = shtab.FILE  # type: ignore[attr-defined]
        if argument.choices is not None:
            argument.choices = list(argument.choices)
