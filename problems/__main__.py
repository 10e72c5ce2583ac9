"""python -m problems: which recipes there are.

A recipe is a module of this folder that defines RECIPE; no list of them is kept.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module

import problems
from problems.recipe import Recipe
from problems.terminal.arguments import UNUSABLE
from problems.terminal.errors import quoted
from problems.terminal.output import say, show

USAGE = """\
usage: python -m problems [--help]

Lists the recipes. Each runs on a small example of its own; with --help it says what else it reads.
python -m problems.check ANSWER --graph FILE proves an answer that --json printed once more, without a solver.
"""


def recipes() -> dict[str, Recipe]:
    """All recipes, by the names of their modules in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules(problems.__path__) if not module.ispkg)
    modules = {name: import_module(f"problems.{name}") for name in names if name != "__main__"}
    return {name: module.RECIPE for name, module in modules.items() if hasattr(module, "RECIPE")}


def listing() -> str:
    """A line for each recipe: the command that runs it, and what it does."""
    commands = {f"python -m problems.{name}": recipe.summary for name, recipe in recipes().items()}
    width = max(map(len, commands))
    return "\n".join(f"{command:{width}}  {summary}" for command, summary in commands.items())


def main(arguments: Sequence[str]) -> int:
    """List the recipes, or say that nothing else is done here; returns the exit code."""
    if not arguments:
        show(listing())
    elif set(arguments) <= {"-h", "--help"}:
        show(f"{USAGE}\n{listing()}")
    else:
        asked = quoted(" ".join(arguments))
        say(f"python -m problems: takes no {asked}; run python -m problems.NAME, NAME one of {', '.join(recipes())}")
        return UNUSABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
