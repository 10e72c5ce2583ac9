"""The command line that all recipes share."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

from problems.terminal.errors import InputError, OutputError, safe
from problems.terminal.output import say, show

EXIT_CODES = """exit codes:
  0    answered, and every check agrees; the status says whether it is proven
  1    a check disagrees, the answer cannot be written, or it is not proven
       though --require-proof asks for it
  2    the input cannot be used, or there is no answer
  130  interrupted; the best answer so far is printed
"""
ANSWERED, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130  # the exit codes of every command line


class Given(str):
    """The type of arguments that name a file or folder to be read: reports tell its name and its hash."""


class Written(str):
    """The type of arguments that name a file or folder to be written: what is answered does not depend on it."""


class _Version(argparse.Action):
    """Says which version this is, and ends; it is looked up only then, as that takes a while."""

    def __call__(self, *_: Any) -> NoReturn:
        show(release())
        sys.exit(ANSWERED)


class Parser(argparse.ArgumentParser):
    """argparse, its complaints on one line as all others, with --version."""

    def __init__(self, **settings: Any) -> None:
        """The settings of argparse; of options, no abbreviations."""
        super().__init__(**settings, allow_abbrev=False)
        self.add_argument("--version", action=_Version, nargs=0, help="which version this is, and nothing else")

    def error(self, message: str) -> NoReturn:
        """One line on standard error, and exit 2."""
        unknown = message.removeprefix("unrecognized arguments: ").split()[:1] if message.startswith("unrec") else []
        meant = "".join(similar(word.partition("=")[0], self._option_string_actions) for word in unknown)
        say(f"{self.prog}: {safe(message, 500)}{meant}; see --help")
        sys.exit(UNUSABLE)


def release() -> str:
    """Which version of the cookbook this is, as pip knows it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("optimization-cookbook")
    except PackageNotFoundError:
        return "not installed, so without a version; python -m pip install . gives it one"


def similar(word: str, known: Iterable[str]) -> str:
    """The known word that may be meant, as the end of a sentence; nothing if there is none.

    >>> similar("mts", ["mst", "tsp"]), similar("unlike", ["mst", "tsp"])
    ('; did you mean mst?', '')
    """
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), list(known))
    near.sort(key=lambda name: sorted(name) != sorted(word.lower()))  # letters in another order come first
    return f"; did you mean {near[0]}?" if near else ""


def parser(
    name: str,
    summary: str,
    own: Callable[[Any], None],
    solvers: Sequence[str],
    examples: Sequence[str],
    draws: bool = True,
) -> argparse.ArgumentParser:
    """The parser of a recipe: its own arguments, and those that it shares with all others."""
    shown = "".join(f"  python -m problems.{name} {example}\n" for example in examples)
    found = Parser(
        prog=f"python -m problems.{name}",
        description=summary,
        epilog=f"examples:\n{shown}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own(found.add_argument_group("input"))
    common = found.add_argument_group("solving and showing")

    def of_an_answer(text: str) -> str:
        return text if solvers else argparse.SUPPRESS  # whoever compares methods has none

    common.add_argument("--solver", metavar="S", help=of_an_answer(f"{', '.join(solvers)}; by default what suits"))
    common.add_argument("--time-limit", type=positive_seconds, metavar="SEC", help="stop with the best answer by then")
    near = of_an_answer("count as proven from that relative gap on, as .01")
    common.add_argument("--gap", type=share, metavar="G", help=near)
    unproven = of_an_answer("exit 1 unless the answer is proven")
    common.add_argument("--require-proof", action="store_true", help=unproven)
    common.add_argument("--seed", type=whole, default=0, metavar="N", help="seed of all random numbers (default 0)")
    common.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "cuda"), metavar="D", help="auto, cpu, cuda"
    )
    common.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else there")
    drawn = "draw the answer to a .png, .svg or .pdf file" if draws else argparse.SUPPRESS
    common.add_argument("--plot", type=Written, metavar="FILE", help=drawn)
    common.add_argument("--report", type=Written, metavar="FILE", help="write what was asked and found to a .html file")
    common.add_argument("--quiet", action="store_true", help="no progress and no notes on standard error")
    sweep_arguments(found.add_argument_group("many runs side by side, as one table"))
    return found


def sweep_arguments(group: Any) -> None:
    """What says that a command is run for several values and seeds; --seeds and --out only where they are not yet.

    A recipe that has these itself means something else by them without --sweep.
    """
    group.add_argument(
        "--sweep",
        type=option_and_values,
        action="append",
        metavar="OPTION=A,B",
        help="run for each of these values of an option; yes,no for one that takes none",
    )
    known = group._option_string_actions
    if "--seeds" not in known:
        group.add_argument("--seeds", dest="runs", type=positive_whole, metavar="K", help="run K seeds, from --seed on")
    if "--out" not in known:
        kept = "keep what each run answers; what is there is not run again"
        group.add_argument("--out", dest="results", type=Written, metavar="DIR", help=kept)
    group.add_argument(
        "--workers", type=positive_whole, metavar="N", help="how many at a time (default: as many cores)"
    )
    group.add_argument(
        "--scheduler", metavar="ADDRESS", help="run on the machines of a Dask scheduler, as tcp://host:8786"
    )


def sweep_is_asked(options: argparse.Namespace) -> bool:
    """Whether anything on the command line is of a sweep.

    >>> sweep_is_asked(argparse.Namespace(sweep=[("gap", [".1"])])), sweep_is_asked(argparse.Namespace(seeds=3))
    (True, False)
    """
    of_sweeps = ("sweep", "runs", "results", "scheduler", "workers")
    return any(getattr(options, name, None) is not None for name in of_sweeps)


def refuse(options: argparse.Namespace, reasons: Mapping[str, str], recipe: str) -> None:
    """Raise InputError where an option is given that the recipe has no use for: name -> what the recipe does instead.

    >>> refuse(argparse.Namespace(gap=None), {"gap": "compares methods"}, "a leaderboard")
    """
    for name, why in reasons.items():
        given = getattr(options, name)
        if given is not None and given is not False:
            raise InputError(f"--{name.replace('_', '-')} is not for {recipe}, which {why}; leave it out")


def positive_seconds(text: str) -> float:
    """A command-line value that is a positive, finite number.

    >>> positive_seconds("2.5")
    2.5
    """
    try:
        if 0 < float(text) < float("inf"):
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")


def share(text: str) -> float:
    """A command-line value that is at least 0 and less than 1.

    >>> share("1e-3")
    0.001
    """
    try:
        if 0 <= float(text) < 1:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to less than 1")


def up_to_one(text: str) -> float:
    """A command-line value that is a number from 0 to 1.

    >>> up_to_one("0.5"), up_to_one("1")
    (0.5, 1.0)
    """
    try:
        if 0 <= float(text) <= 1:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")


def positive_whole(text: str) -> int:
    """A command-line value that is a whole number from 1.

    >>> positive_whole("12")
    12
    """
    if text.isdecimal() and len(text) < 10 and int(text):
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 999999999")


def whole(text: str) -> int:
    """A command-line value that is a whole number, not negative.

    >>> whole("0")
    0
    """
    if text.isdecimal() and len(text) < 10:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 999999999")


def option_and_values(text: str) -> tuple[str, list[str]]:
    """A command-line value OPTION=A,B,C; a value that has commas itself stands in double quotes.

    >>> option_and_values('columns="age,size",age')
    ('columns', ['age,size', 'age'])
    """
    name, _, listed = text.partition("=")
    values = next(csv.reader([listed]), [])
    if not name or not all(values) or not values:
        raise argparse.ArgumentTypeError(f"{text!r} is not OPTION=VALUE,VALUE, as in gap=.1,.01")
    return name, values


def exit_code(work: Callable[[], int], interrupted: str) -> int:
    """The exit code of work(), or of what broke it off, which is said in a line; `interrupted` is that of Ctrl-C.

    >>> exit_code(lambda: ANSWERED, "interrupted")
    0
    """
    try:
        return work()
    except (InputError, OutputError) as error:
        say(str(error))
        return UNUSABLE if isinstance(error, InputError) else FAILED
    except KeyboardInterrupt:
        say(interrupted)
        return INTERRUPTED
