"""The rows of a sweep, and their medians, in lines for a reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from problems.sweeps.asked import Sweep
from problems.sweeps.rows import PLAIN, SECONDS, Medians, Row, in_order, measures, medians
from problems.terminal.arguments import FAILED
from problems.terminal.errors import safe

WIDTH = 110  # letters of a line
LETTERS = 30  # of a name or a value


def lines(rows: Sequence[Row], sweep: Sweep, recipe: str) -> list[str]:
    """The table: as many numbers as there is room for; a run without an answer has a sentence instead."""
    rows, names, several = in_order(rows, sweep), list(sweep.swept), len(sweep.seeds) > 1
    over = f" over {safe(', '.join(names), 100)}" if names else ""
    seeds = f"{len(sweep.seeds):,} seeds" if several else f"seed {sweep.seeds[0]}"
    yet = "" if len(rows) == len(sweep.trials) else f"{len(rows):,} of "
    own = measures(rows)
    texts = [[*row.trial.setting.values(), str(row.trial.seed), row.status.replace("_", " ")] for row in rows]
    table, shown = _table([*names, "seed", "status"], texts, rows, own)
    found = [f"Sweep of {recipe}{over}, {seeds}: {yet}{len(sweep.trials):,} runs", *table]
    if several:
        middle = medians(rows)
        texts = [[*one.setting.values(), f"{one.answered} of {one.runs}"] for one in middle]
        found += ["medians over the seeds that are answered:", *_table([*names, "answered"], texts, middle, shown)[0]]
    if len(shown) < len(own):
        found.append(f"  --json has {len(own) - len(shown):,} further numbers that differ from run to run")
    if any(row.code == FAILED and not row.failed for row in rows):
        found.append("  where --json has exit_code 1 a check disagrees, or the proof that is required is missing")
    return found


def _table(
    heads: Sequence[str], texts: Sequence[Sequence[str]], of: Sequence[Row | Medians], own: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """The lines, and those of the recipe's own numbers that there was room for."""
    left = [_column(head, (row[k] for row in texts), "<") for k, head in enumerate(heads)]
    known = [name for name in PLAIN if any(one.numbers.get(name) is not None for one in of)]
    right = [_column(name, (_number(one.numbers.get(name)) for one in of), ">") for name in known]
    last = _column("seconds", (_number(one.numbers.get(SECONDS), ".1f") for one in of), ">")
    room, shown = WIDTH - sum(len(column[0]) for column in (*left, *right, last)), {}
    for head, name in own.items():
        column = _column(head, (_number(one.numbers.get(name)) for one in of), ">")
        room -= len(column[0])
        if room < 0:
            break
        right, shown[head] = [*right, column], name
    begins = ["".join(parts) for parts in zip(*left, strict=True)]
    numbers = ["".join(parts) for parts in zip(*right, last, strict=True)]
    said = ["", *(one.message if isinstance(one, Row) and one.failed else "" for one in of)]
    return [
        f"{begin}  {safe(why, 200)}" if why else f"{begin}{rest}".rstrip()
        for begin, rest, why in zip(begins, numbers, said, strict=True)
    ], shown


def _column(head: str, texts: Iterable[str], side: str) -> list[str]:
    """A column of texts, the head first, all of the same width."""
    cells = [safe(text, LETTERS) for text in (head, *texts)]
    width = max(map(len, cells))
    return [f"  {cell:{side}{width}}" for cell in cells]


def _number(value: float | None, form: str = ".6g") -> str:
    return "" if value is None else f"{value:{form}}"
