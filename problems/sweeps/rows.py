"""A row for each run of a sweep, and medians over its seeds; as --json holds them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from problems.sweeps.asked import Sweep, Trial
from problems.sweeps.kept import ENDED
from problems.terminal.arguments import ANSWERED, FAILED, UNUSABLE

PLAIN = ("value", "bound", "gap")
ABOUT = {*PLAIN, "problem", "asked", "status", "solver", "checks", "notes", "message", "run", ENDED}  # no measures
MEASURED = ("certificate", "answer", "prices", "stats")  # where an answer has numbers besides, the most telling first
SECONDS = "run_seconds"


@dataclass(frozen=True)
class Row:
    """What a run came to.

    numbers  of its JSON by name: value, bound, gap, the recipe's own as "certificate.level", and how long it took
    message  why there is no answer, or what is to be said of it
    code     its exit code
    """

    trial: Trial
    command: str
    status: str
    numbers: Mapping[str, float | None]
    message: str
    code: int

    @property
    def failed(self) -> bool:
        """It has no answer."""
        return self.code not in (ANSWERED, FAILED) or self.status == "failed"


def row(recipe: str, trial: Trial, document: Mapping[str, Any]) -> Row:
    """The row of a run that has ended, from its JSON."""
    ended = document[ENDED]
    numbers = {name: document.get(name) for name in PLAIN} | dict(_numbers(document))
    return Row(
        trial=trial,
        command=shlex.join(["python", "-m", f"problems.{recipe}", *trial.words]),
        status=document.get("status", "answered"),
        numbers={**numbers, SECONDS: ended[SECONDS]},
        message=document.get("message", ""),
        code=ended["exit_code"],
    )


def _numbers(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers of an answer by their places; of a comparison of methods, or of samples, also those of its rows."""
    if "status" not in document:
        yield from _within({key: part for key, part in document.items() if key not in ABOUT}, "", rows=True)
        return
    for name in MEASURED:
        part = document.get(name)
        if isinstance(part, Mapping):
            items = list(part.items())
            # The solver's statistics stand before what the recipe measured.
            yield from _within(dict(items[::-1] if name == "stats" else items), f"{name}.", rows=False)


def _within(part: Mapping[str, Any], at: str, rows: bool) -> Iterator[tuple[str, float]]:
    for key, value in part.items():
        if key.endswith("_seconds") or key == "history":
            continue
        if isinstance(value, Mapping):
            yield from _within(value, f"{at}{key}.", rows)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{at}{key}", value
        elif rows and isinstance(value, list):
            for number, one in enumerate(value, start=1):
                if isinstance(one, Mapping):
                    named = next((text for text in one.values() if isinstance(text, str)), str(number))
                    yield from _within(one, f"{at}{key}.{named}.", rows)


def measures(rows: Sequence[Row]) -> dict[str, str]:
    """Heading -> name of the recipe's numbers that tell runs apart; of those that always agree the first.

    A heading is the last part of the name, if that is enough.
    """
    answered = [row for row in rows if not row.failed]
    columns: dict[tuple[float | None, ...], str] = {}
    for name in dict.fromkeys(name for row in answered for name in row.numbers):
        column = tuple(row.numbers.get(name) for row in answered)
        if name not in (*PLAIN, SECONDS) and (len(answered) == 1 or len({*column}) > 1):
            columns.setdefault(column, name)
    ends = [name.rpartition(".")[2] for name in columns.values()]
    return {end if ends.count(end) == 1 else name: name for end, name in zip(ends, columns.values(), strict=True)}


def in_order(rows: Sequence[Row], sweep: Sweep) -> list[Row]:
    """The rows in the order in which runs were asked for, not that in which they ended."""
    place = {trial.key: number for number, trial in enumerate(sweep.trials)}
    return sorted(rows, key=lambda row: place[row.trial.key])


@dataclass(frozen=True)
class Medians:
    """Of a setting: over the seeds that were answered, how many they are, and the medians of their numbers."""

    setting: Mapping[str, str]
    runs: int
    answered: int
    numbers: Mapping[str, float | None]


def medians(rows: Sequence[Row]) -> list[Medians]:
    """The medians of each setting."""
    settings: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        settings.setdefault(tuple(row.trial.setting.values()), []).append(row)
    return [_medians(its) for its in settings.values()]


def _medians(rows: Sequence[Row]) -> Medians:
    answered = [row for row in rows if not row.failed]
    known: dict[str, list[float]] = {}
    for row in answered:
        for name, number in row.numbers.items():
            known.setdefault(name, []).extend([] if number is None else [number])
    numbers = {name: median(found) if found else None for name, found in known.items()}
    return Medians(rows[0].trial.setting, len(rows), len(answered), numbers)


def as_json(rows: Sequence[Row], sweep: Sweep) -> dict[str, Any]:
    """The rows and the medians as --json holds them."""
    rows = in_order(rows, sweep)
    own = measures(rows)

    def numbers(of: Row | Medians) -> dict[str, Any]:
        return {
            **{name: of.numbers.get(name) for name in PLAIN},
            "measures": {heading: of.numbers.get(name) for heading, name in own.items()},
            SECONDS: of.numbers.get(SECONDS),
        }

    return {
        "swept": sweep.swept,
        "seeds": sweep.seeds,
        "rows": [
            {
                "setting": row.trial.setting,
                "seed": row.trial.seed,
                "status": row.status,
                **numbers(row),
                "message": row.message,
                "exit_code": row.code,
                "command": row.command,
                "key": row.trial.key,
            }
            for row in rows
        ],
        "medians": [
            {"setting": one.setting, "runs": one.runs, "answered": one.answered, **numbers(one)}
            for one in medians(rows)
        ],
    }


def code(rows: Sequence[Row]) -> int:
    """The exit code: 1 where a run ends with 1 or breaks off, 2 where none has an answer, else 0."""
    if any(row.code not in (ANSWERED, UNUSABLE) for row in rows):
        return FAILED
    return UNUSABLE if all(row.failed for row in rows) else ANSWERED
