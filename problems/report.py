"""An earlier answer as a page to read or to mail: python -m problems.report answer.json, from what --json printed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from problems.reports.page import Shown, page
from problems.terminal.arguments import ANSWERED, Parser, exit_code
from problems.terminal.errors import InputError, safe
from problems.terminal.files import check_writable, replace_file
from problems.terminal.output import show

NO_PICTURE = "The JSON holds no picture: --report of the run itself draws one."


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page on an answer; returns the exit code."""
    options = command_line().parse_args(arguments)
    return exit_code(lambda: _written(options), "report: interrupted before the page was written")


def _written(options: argparse.Namespace) -> int:
    """Write the page."""
    out = options.out or f"{os.path.splitext(options.answer)[0]}.html"
    check_writable("--out", out, (".html",))
    if os.path.abspath(out) == os.path.abspath(options.answer):
        raise InputError(f"--out {safe(out, 200)}: is the answer itself; name another file")
    replace_file(out, report(options.answer).encode())
    if not options.quiet:
        show(safe(out, 1_000))
    return ANSWERED


def command_line() -> argparse.ArgumentParser:
    """The parser of its arguments."""
    parser = Parser(
        prog="python -m problems.report",
        description="Makes a page to read or to mail of an answer: one HTML file, from what --json printed.",
        epilog="exit codes: 0 written; 1 standard output cannot be; 2 the answer or the page cannot; 130 interrupted",
    )
    parser.add_argument("answer", metavar="ANSWER", help="what --json of a recipe, or of problems.check, printed")
    parser.add_argument("--out", metavar="FILE", help="the page, a .html file (by default beside the answer)")
    parser.add_argument("--quiet", action="store_true", help="do not say where the page is")
    return parser


def report(path: str) -> str:
    """The page on the answer in a file; raises InputError for a file that holds none."""
    from problems.io.answers import read_document
    from problems.running.found import recipes

    document, name = read_document(path), safe(Path(path).name, 200)
    if not isinstance(document.get("problem"), str):
        raise InputError(f"{name}: is not an answer; give what --json printed")
    recipe = recipes().get(document["problem"])
    shown = Shown(datetime.now(UTC), no_picture=NO_PICTURE)
    if recipe is not None:
        shown = Shown(shown.written, "", NO_PICTURE, recipe.columns, recipe.solvers)
    try:
        return page(document, shown)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
