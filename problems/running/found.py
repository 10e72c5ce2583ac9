"""Which recipes there are: the modules of the folder problems that define RECIPE; no list of them is kept."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import problems
from problems.running.declared import Recipe

NO_COMMANDS = {"__main__", "recipe"}  # modules of the folder that nobody runs by their names


def commands() -> list[str]:
    """The modules that can be run, in alphabetical order: the recipes, and what goes with them.

    >>> {"mst", "check"} <= set(commands())
    True
    """
    names = {module.name for module in pkgutil.iter_modules(problems.__path__) if not module.ispkg}
    return sorted(names - NO_COMMANDS)


def recipes() -> dict[str, Recipe]:
    """All recipes, by the names of their modules in alphabetical order.

    >>> recipes()["mst"].summary
    'Minimum spanning tree, by lazy cuts, with a proof of the answer.'
    """
    modules = {name: import_module(f"problems.{name}") for name in commands()}
    return {name: module.RECIPE for name, module in modules.items() if hasattr(module, "RECIPE")}
