"""python -m problems, or cookbook: which recipes there are, and each of them by its name."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from problems.running.found import commands, recipes
from problems.terminal.arguments import UNUSABLE
from problems.terminal.errors import quoted
from problems.terminal.output import say, show

USAGE = """\
usage: cookbook [NAME ARGUMENTS] [--help] [--version] [--print-completion SHELL]

Lists the recipes, or runs one: "cookbook mst" and "python -m problems mst" are python -m problems.mst.
Each runs on a small example of its own; with --help it says what else it reads.
cookbook check ANSWER --graph FILE proves an answer that --json printed once more, without a solver;
cookbook report ANSWER makes a page to mail of it.
--print-completion bash, zsh or tcsh prints what completes names, options and files there:
    eval "$(cookbook --print-completion bash)"
"""
SITE = Path(__file__).parents[1] / "site" / "index.html"  # where the pages are built


def listing() -> str:
    """A line for each recipe: the command that runs it, and what it does."""
    listed = {f"python -m problems.{name}": recipe.summary for name, recipe in recipes().items()}
    width = max(map(len, listed))
    return "\n".join(f"{command:{width}}  {summary}" for command, summary in listed.items())


def main(arguments: Sequence[str]) -> int:
    """List the recipes, or run the one that is named; returns the exit code."""
    match arguments:
        case []:
            show(listing())
            if SITE.is_file():
                say(f"A page on each: {SITE.as_uri()}")
        case ["-h" | "--help"]:
            show(f"{USAGE}\n{listing()}")
        case ["--version"]:
            from importlib.metadata import version

            show(version("optimization-cookbook"))
        case ["--print-completion", shell]:
            return _completion(shell)
        case [name, *rest] if name in commands():
            sys.argv[1:] = rest
            runpy.run_module(f"problems.{name}", run_name="__main__", alter_sys=True)
        case _:
            asked = quoted(" ".join(arguments))
            return _refused(f"takes no {asked}; name a recipe, one of {', '.join(recipes())}")
    return 0


def _completion(shell: str) -> int:
    from problems import check, report
    from problems.running.completion import SHELLS, completion

    if shell not in SHELLS:
        return _refused(f"there is no completion for {quoted(shell)}; choose among {', '.join(SHELLS)}")
    show(completion(recipes().values(), {"check": check.command_line(), "report": report.command_line()}, shell))
    return 0


def _refused(why: str) -> int:
    say(f"cookbook: {why}")
    return UNUSABLE


def command() -> int:
    """The program `cookbook`; returns the exit code."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(command())
