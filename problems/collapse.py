"""Mode collapse, shown and measured: python -m problems.collapse --data ring --plot collapse.png."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from problems.recipe import Recipe, Report, main
from problems.terminal.arguments import positive_whole, refuse
from problems.terminal.errors import InputError
from problems.terminal.output import progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.likelihood.data import Data
    from problems.studies.collapse import Outcome

KNOWN = ("ring", "grid")  # data whose modes are known
NOT_HERE = {
    "solver": "plays all variants by descent and ascent",
    "gap": "plays all variants to the end",
    "require_proof": "measures, and proves nothing",
}
ROWS = 20_000  # to train with
ITERATIONS, SEEDS = 800, 3
MOST = 100  # seeds


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument("--data", choices=KNOWN, default=KNOWN[0], help="8 modes or 25 (default ring)")
    parser.add_argument(
        "--iterations", type=positive_whole, default=ITERATIONS, metavar="N", help=f"of each (default {ITERATIONS})"
    )
    parser.add_argument(
        "--seeds", type=positive_whole, default=SEEDS, metavar="K", help=f"from --seed on (default {SEEDS})"
    )


def read(options: argparse.Namespace) -> Report:
    """All variants of training on a data set whose modes are known."""
    refuse(options, NOT_HERE, "a comparison of trainings")
    if options.seeds > MOST:
        raise InputError(f"--seeds {options.seeds}: at most {MOST} are trained at once; train others by another --seed")
    until = math.inf if options.time_limit is None else time.monotonic() + options.time_limit
    from formulations.gan import drawn
    from formulations.likelihood import mixtures
    from problems.studies.collapse import collapse, facts

    data = drawn(getattr(mixtures, options.data)(), ROWS, options.seed)
    watching = partial(progress, options.quiet)
    asked = options.iterations, options.seeds, options.seed
    about = {"data": options.data, **facts(data, options.iterations, options.seeds)}
    return Report(
        rows=collapse(data, *asked, until, watching, device=options.device),
        lines=lambda rows: describe(rows, options),
        data=lambda rows: {**about, "rows": [row.as_json() for row in rows]},
        draw=lambda rows: draw(rows, data, options.data),
    )


def describe(rows: Sequence[Outcome], options: argparse.Namespace) -> list[str]:
    """The table, and what there was no time for."""
    from problems.studies.collapse import missing, table

    seeds = f"{options.seeds} seeds" if options.seeds > 1 else "1 seed"
    first = f"Mode collapse on {options.data}: {options.iterations:,} iterations, averages of {seeds}"
    return [first, *table(rows), *missing(rows, options.iterations)]


def draw(rows: Sequence[Outcome], data: Data, name: str) -> Figure:
    """Samples, modes and gradients of every variant over time."""
    from problems.pictures.collapse import figure_of

    assert data.density is not None
    return figure_of(rows, data.density, f"{name}: a generator against discriminators of several strengths")


RECIPE = Recipe(
    "collapse",
    "Mode collapse of generators, shown and measured, and what helps.",
    arguments,
    read,
    solvers=(),
    examples=("--plot collapse.png", "--data grid --iterations 3000 --seeds 1"),
)

if __name__ == "__main__":
    main(RECIPE)
