"""python -m problems, or cookbook: which recipes there are, and each of them by its name."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from problems.running.found import commands, recipes
from problems.terminal.arguments import UNUSABLE, release, similar
from problems.terminal.errors import quoted
from problems.terminal.output import say, show

USAGE = """\
usage: cookbook [NAME ARGUMENTS] [--help] [--version] [--print-completion SHELL]

Lists the recipes, or runs one: "cookbook mst" is "python -m problems.mst", which needs nothing on the PATH.
Each runs on a small example of its own; with --help it says what else it reads.
cookbook check ANSWER --graph FILE proves an answer that --json printed once more, without a solver;
cookbook report ANSWER makes a page to mail of it.
--print-completion bash, zsh or tcsh prints what completes names, options and files there:
    eval "$(cookbook --print-completion bash)"
"""
OPTIONS = ("--help", "--version", "--print-completion")
SITE = Path(__file__).parents[1] / "site" / "index.html"  # where the pages are built


def listing(begin: str) -> str:
    """A line for each recipe: the command that runs it, its name after `begin`, and what it does."""
    listed = {f"{begin}{name}": recipe.summary for name, recipe in recipes().items()}
    width = max(map(len, listed))
    return "\n".join(f"{command:{width}}  {summary}" for command, summary in listed.items())


def main(arguments: Sequence[str], begin: str = "python -m problems.") -> int:
    """List the recipes, or run the one that is named; returns the exit code.

    begin  what stands before a recipe's name on the command line, as whoever reads the list has called it
    """
    match arguments:
        case []:
            show(listing(begin))
            if SITE.is_file():
                say(f"A page on each: {SITE.as_uri()}")
        case ["-h" | "--help"]:
            show(f"{USAGE}\n{listing(begin)}")
        case ["--version"]:
            show(release())
        case ["--print-completion", shell]:
            return _completion(shell)
        case [name, *rest] if name in commands():
            sys.argv[1:] = rest
            runpy.run_module(f"problems.{name}", run_name="__main__", alter_sys=True)
        case _:
            asked, meant = quoted(" ".join(arguments)), similar(arguments[0], [*commands(), *OPTIONS])
            return _refused(f"takes no {asked}{meant}; name a recipe, one of {', '.join(recipes())}")
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
    """The program `cookbook`, or python -m problems; returns the exit code."""
    return main(sys.argv[1:], *(["cookbook "] if Path(sys.argv[0]).stem == "cookbook" else []))


if __name__ == "__main__":
    sys.exit(command())
