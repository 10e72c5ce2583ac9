"""What a sweep is asked for: which options take which values, with which seeds, and so which runs."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from problems.reports.asked import digest, files_of, versions
from problems.running.declared import Recipe
from problems.terminal.arguments import Given, Parser, Written, sweep_arguments, whole
from problems.terminal.errors import InputError, safe

MOST = 10_000  # runs
KEY = 16  # digits of a hash
OF_THE_SWEEP = ("sweep", "seeds", "scheduler", "workers", "out", "json", "plot", "report", "quiet")  # not of its runs
SHOWING = ("words", "json", "quiet", "plot", "report")  # what an answer does not depend on


@dataclass(frozen=True)
class Trial:
    """One run of a sweep.

    setting  option -> value, as they were written
    words    the arguments of its command line
    files    absolute path of what it reads -> its hash
    key      hash of recipe, options, what is read and versions: the same key, the same answer
    """

    setting: Mapping[str, str]
    seed: int
    words: Sequence[str]
    files: Mapping[str, str]
    key: str


@dataclass(frozen=True)
class Sweep:
    """The runs that are asked for, in the order of the table, and where they are run and kept."""

    swept: Mapping[str, Sequence[str]]
    seeds: Sequence[int]
    trials: Sequence[Trial]
    folder: str | None
    scheduler: str | None
    workers: int | None


def asked(recipe: Recipe, words: Sequence[str]) -> Sweep:
    """The sweep that a recipe's command line asks for.

    Raises InputError for what cannot be swept; a value that the recipe does not take ends the program as its parser
    does.
    """
    own, kept = _own().parse_known_args(words)
    known, swept = recipe.parser(), own.sweep or []
    if not swept and (own.runs is None or _has_seeds(known)):
        also = "--sweep" if _has_seeds(known) else "--sweep, or --seeds"
        given = next(name for name in ("scheduler", "workers", "out") if _given(own, name))
        raise InputError(f"--{given} goes with {also}; give both, or neither")
    if own.scheduler is not None and own.workers is not None:
        raise InputError("--workers says how many to start here, and --scheduler has its own; leave one of them out")
    if "TORCHELASTIC_RUN_ID" in os.environ:
        raise InputError("a sweep shares its runs out by itself; start it without torchrun")
    seeds = range(own.seed, own.seed + (own.runs or 1))
    runs = len(seeds)
    for name, values in swept:
        _refuse(known, name, values, kept, [other for other, _ in swept])
        runs *= len(values)
    if runs > MOST:
        raise InputError(f"--sweep asks for {runs:,} runs; at most {MOST:,} are taken: name fewer values, or seeds")
    # Of a recipe that trains several seeds by itself each run has one: a row of the table is a setting and a seed.
    kept = [*kept, *(["--seeds", "1"] if known.get_default("seeds") not in (None, 1) else [])]
    trials, same = [], _Same(recipe.name, cache(digest), versions())
    for chosen in product(*([(name, value) for value in values] for name, values in swept)):
        said = [word for name, value in chosen for word in _words(known, name, value)]
        trials += [_trial(same, known, dict(chosen), seed, [*kept, *said, "--seed", str(seed)]) for seed in seeds]
    _refuse_repeated(trials)
    return Sweep(dict(swept), list(seeds), trials, own.results, own.scheduler, own.workers)


def _own() -> Parser:
    """The parser of what is of the sweep itself."""
    found = Parser(add_help=False)
    sweep_arguments(found)
    found.add_argument("--seed", type=whole, default=0)
    for name in ("--plot", "--report"):
        found.add_argument(name)
    for name in ("--json", "--quiet"):
        found.add_argument(name, action="store_true")
    return found


def _given(own: argparse.Namespace, name: str) -> bool:
    return getattr(own, "results" if name == "out" else name) is not None


def _has_seeds(known: argparse.ArgumentParser) -> bool:
    """Whether --seeds is an option of the recipe itself, which means something else without --sweep."""
    return known.get_default("seeds") is not None


def _action(known: argparse.ArgumentParser, name: str) -> argparse.Action | None:
    """The option of that name, if the recipe has one."""
    options = known._option_string_actions
    return options.get(f"--{name}", options.get(f"-{name}"))


def _refuse(
    known: argparse.ArgumentParser, name: str, values: Sequence[str], kept: Sequence[str], all_names: Sequence[str]
) -> None:
    """Raise InputError for an option that cannot be swept, or for values that cannot be."""
    option = safe(f"--sweep {name}")
    if all_names.count(name) > 1:
        raise InputError(f"{option}: is named twice; give all its values at once, {name}=A,B,C")
    if name == "seed":
        raise InputError(f"{option}: seeds are counted from --seed on; say how many by --seeds K")
    if name in OF_THE_SWEEP:
        raise InputError(f"{option}: --{name} is of the sweep itself, not of its runs; leave it out of --sweep")
    if len({*values}) < len(values):
        repeated = next(value for value in values if values.count(value) > 1)
        raise InputError(f"{option}: names {safe(repeated)} twice; name each value once")
    action = _action(known, name)
    if action is None:
        return  # which the recipe's parser will say
    besides = [word for word in kept if _names(action, word)]
    if besides:
        raise InputError(f"{option}: {safe(besides[0])} is given besides; leave it out, or add its value to the sweep")
    if action.nargs == 0 and not {*values} <= {"yes", "no"}:
        wrong = next(value for value in values if value not in ("yes", "no"))
        raise InputError(f"{option}={safe(wrong)}: --{name} takes no value; say {name}=yes,no for with and without it")


def _names(action: argparse.Action, word: str) -> bool:
    """Whether a word of the command line names that option: --option, --option=value, -o, or -ovalue."""
    short = [option for option in action.option_strings if not option.startswith("--")]
    attached = not word.startswith("--") and any(word.startswith(option) for option in short)
    return word.partition("=")[0] in action.option_strings or attached


def _words(known: argparse.ArgumentParser, name: str, value: str) -> list[str]:
    """The option with that value on a command line; several values of one option stand between spaces."""
    action = _action(known, name)
    option = f"--{name}" if action is None else action.option_strings[-1]
    if action is not None and action.nargs == 0:
        return [option] if value == "yes" else []
    if action is not None and action.nargs not in (None, "?"):
        return [option, *value.split()]
    return [f"{option}={value}"] if value.startswith("-") else [option, value]


@dataclass(frozen=True)
class _Same:
    """What all runs have in common: the recipe, the hashes of files, and the versions that answer."""

    recipe: str
    digest: Callable[[str], str | None]
    versions: Mapping[str, str]

    def key(self, options: Mapping[str, Any]) -> str:
        """The hash of all that an answer depends on."""
        asked_for = {name: self._plain(value) for name, value in options.items() if name not in SHOWING}
        question = {"recipe": self.recipe, "options": asked_for, "versions": self.versions}
        return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:KEY]

    def _plain(self, value: Any) -> Any:
        """A value of an option as JSON holds it; of a file its name and its hash, wherever it lies."""
        if isinstance(value, Given):
            return [os.path.basename(os.path.normpath(value)), self.digest(value)]
        if isinstance(value, list | tuple):
            return [self._plain(part) for part in value]
        return value if isinstance(value, str | int | float | None) else repr(value)


def _trial(
    same: _Same, known: argparse.ArgumentParser, setting: Mapping[str, str], seed: int, words: Sequence[str]
) -> Trial:
    """One run, its arguments taken by the recipe's parser, which ends the program where it does not take them."""
    options = known.parse_args(words)
    for name, value in vars(options).items():
        if isinstance(value, Written):
            said = safe(f"--{name.replace('_', '-')} {value}", 200)
            raise InputError(f"{said}: all runs of a sweep would write it; leave it out, or run that setting by itself")
    if getattr(options, "resume", False):
        raise InputError("--resume: a sweep goes on by itself if its --out DIR is the same; leave it out")
    files = {}
    for path in filter(os.path.exists, files_of(options)):  # what is not there is for the recipe to say
        found = same.digest(path)
        if found is None:
            raise InputError(f"{safe(path, 200)}: can be read once, if at all, and a sweep reads it often; give a file")
        files[os.path.abspath(path)] = found
    return Trial(setting, seed, words, files, same.key(vars(options)))


def _refuse_repeated(trials: Sequence[Trial]) -> None:
    """Raise InputError where two runs are the same, as of 1e-3 and .001."""
    seen: dict[str, Trial] = {}
    for trial in trials:
        if trial.key in seen:
            one, other = (_said(each.setting) for each in (seen[trial.key], trial))
            raise InputError(f"--sweep {one} and {other} are the same run; name each value once")
        seen[trial.key] = trial


def _said(setting: Mapping[str, str]) -> str:
    return safe(", ".join(f"{name}={value}" for name, value in setting.items()), 200)
