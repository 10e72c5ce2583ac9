"""What is drawn of an answer: the picture and the report that the command line asks for."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from problems.running.declared import Recipe
from problems.terminal.errors import InputError, safe
from problems.terminal.files import check_writable, replace_file
from problems.terminal.output import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_drawable(options: argparse.Namespace) -> None:
    """Raise InputError where the picture or the report cannot be written."""
    if options.plot is not None:
        from problems.pictures.drawing import PICTURES

        check_writable("--plot", options.plot, PICTURES)
    if options.report is not None:
        check_writable("--report", options.report, (".html",))


def not_drawn(options: argparse.Namespace) -> None:
    """Say that the picture and the report that were asked for are not there: an older file would be taken for them."""
    for path in (options.plot, options.report):
        if path is not None:
            say(f"{safe(path, 200)}: not written, as the run was broken off")


def draw(recipe: Recipe, picture: Callable[[], Figure] | None, document: Mapping[str, Any], options: Any) -> None:
    """Write the picture and the report, as far as they are asked for; the report does without a picture, if it must."""
    figure, failed = None, None
    if picture is not None and (options.plot is not None or options.report is not None):
        try:
            figure = picture()
        except InputError as error:
            failed = error
    write_report(recipe, document, options, figure, "" if failed is None else str(failed))
    if options.plot is not None and failed is not None:
        raise failed
    if options.plot is not None and figure is not None:
        from problems.pictures.drawing import save

        save(figure, options.plot)


def write_report(
    recipe: Recipe, document: Mapping[str, Any], options: Any, figure: Figure | None = None, no_picture: str = ""
) -> None:
    """The page on what --json says, if it is asked for."""
    if options.report is None:
        return
    from problems.pictures.embedded import embedded
    from problems.reports.page import Shown, page

    picture = "" if figure is None else embedded(figure)
    shown = Shown(datetime.now(UTC), picture, no_picture, recipe.columns, recipe.solvers)
    replace_file(options.report, page(document, shown).encode())
