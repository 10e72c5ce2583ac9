"""A page of the API reference for each public module: written before Sphinx reads what there is."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

PACKAGES = ("formulations", "problems.pictures")  # of these every module
MODULES = (
    "formulations.problem",
    "formulations.graphs",
    "formulations.players.domains",
    "formulations.players.generators",
    "solvers",
    "solvers.descent_ascent",
    "solvers.proof.certificate",
    "solvers.findings",
    "solvers.judge",
    "problems.recipe",
    "problems.io",
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx."""
    app.connect("builder-inited", write, priority=100)
    app.connect("viewcode-follow-imported", defined_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def modules() -> list[str]:
    """The modules that have a page."""
    listed = {
        f"{package}.{module.name}"
        for package in PACKAGES
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__)
        if not module.ispkg
    }
    return sorted(listed | set(MODULES))


def defined_in(app: Sphinx, module: str, attribute: str) -> str | None:
    """Where the source of what a module hands on stands; of a class's attributes where the class stands."""
    return getattr(getattr(importlib.import_module(module), attribute.partition(".")[0], None), "__module__", None)


def write(app: Sphinx) -> None:
    """One file a module; files that say the same already are left alone, so that they are not read again."""
    folder = Path(app.srcdir, "api", "modules")
    folder.mkdir(parents=True, exist_ok=True)
    pages = {folder / f"{name}.rst": page(name) for name in modules()}
    for old in set(folder.iterdir()) - set(pages):
        old.unlink()
    for file, text in pages.items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def page(name: str) -> str:
    """What Sphinx reads of a module: all that it hands on, or all that it defines."""
    handed_on = "   :imported-members:\n" if hasattr(importlib.import_module(name), "__all__") else ""
    return f"{name}\n{'=' * len(name)}\n\n.. automodule:: {name}\n   :members:\n{handed_on}"
