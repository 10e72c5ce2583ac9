"""A sweep as a report: what is kept already, then the rest as it ends, and the table of all."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from problems.running.declared import Recipe, Report
from problems.sweeps.asked import Sweep, Trial, asked
from problems.sweeps.kept import Folder, document
from problems.sweeps.rows import Row, as_json, code, in_order, measures, row
from problems.sweeps.table import lines
from problems.terminal.errors import safe
from problems.terminal.output import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def report_on_sweep(recipe: Recipe) -> Recipe:
    """The recipe whose runs are sweeps of this one; a time limit is that of each run."""
    return replace(recipe, read=partial(read, recipe), parts=True)


def read(recipe: Recipe, options: argparse.Namespace) -> Report:
    """The sweep that the command line asks for."""
    sweep = asked(recipe, options.words)
    kept = {}
    if sweep.folder is not None:
        folder = Folder(sweep.folder)
        folder.begin()
        kept = {trial.key: found for trial in sweep.trials if (found := folder.found(trial)) is not None}
    notes = [f"{len(kept)} of {len(sweep.trials)} runs are in {sweep.folder} already."] if kept else []
    told = not options.quiet and sys.stderr.isatty()
    return Report(
        rows=_rows(recipe.name, sweep, kept, told),
        lines=lambda rows: lines(rows, sweep, recipe.name),
        data=lambda rows: as_json(rows, sweep),
        notes=notes,
        draw=lambda rows: _draw(in_order(rows, sweep), recipe.name),
        code=code,
    )


def _rows(recipe: str, sweep: Sweep, kept: dict[str, Any], told: bool) -> Iterator[Row]:
    """A row for each run: first those that are kept, then the others as they end."""
    left: list[Trial] = []
    for trial in sweep.trials:
        if trial.key in kept:
            yield row(recipe, trial, kept[trial.key])
        else:
            left.append(trial)
    if not left:
        return
    from problems.sweeps.workers import run_all

    for number, (trial, ended) in enumerate(run_all(recipe, left, sweep.scheduler, sweep.workers), start=1):
        answer = document(recipe, ended)
        if sweep.folder is not None:
            Folder(sweep.folder).keep(trial, answer)
        found = row(recipe, trial, answer)
        if told:
            which = ", ".join([*trial.setting.values(), f"seed {trial.seed}"])
            say(f"  {number} of {len(left)}: {safe(which, 80)}: {found.status}")
        yield found


def _draw(rows: Sequence[Row], recipe: str) -> Figure:
    """The values of the runs; where the recipe has none, the first of its own numbers."""
    from problems.pictures.sweeps import Point, figure_of

    valued = any(row.numbers.get("value") is not None for row in rows)
    heading, name = ("value", "value") if valued else next(iter(measures(rows).items()), ("value", "value"))
    bounds = [row.numbers.get("bound") if valued else None for row in rows]
    points = [Point(row.trial.setting, row.numbers.get(name), b) for row, b in zip(rows, bounds, strict=True)]
    return figure_of(points, heading, f"Sweep of {recipe}: {heading} of each run")
