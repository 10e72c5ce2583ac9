"""What all recipes share: arguments, limits, progress, JSON, pictures, exit codes.

A recipe says what it reads and how its answer looks; run() does the rest, the same for every recipe:
exit 0 answered, and every check agrees; 1 a check disagrees, the answer cannot be written, or --require-proof was given
and it is not proven; 2 the input cannot be used or there is no answer; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import NoReturn

from problems.running.declared import Ranking, Recipe, Report, Task, Verdict
from problems.running.graph_options import graph_arguments, graph_of
from problems.running.run import Run
from problems.running.shown import told
from problems.terminal.arguments import ANSWERED, FAILED, INTERRUPTED, UNUSABLE, sweep_is_asked
from problems.terminal.leaving import leave
from problems.terminal.processes import be_silent, helps
from problems.terminal.watch import Watch

__all__ = [
    "ANSWERED",
    "FAILED",
    "INTERRUPTED",
    "UNUSABLE",
    "Ranking",
    "Recipe",
    "Report",
    "Task",
    "Verdict",
    "graph_arguments",
    "graph_of",
    "main",
    "run",
    "told",
]


def main(recipe: Recipe) -> NoReturn:
    """Run the recipe as a program."""
    # Nothing here is dense: BLAS's threads would only cost, a quarter of a second at the start alone.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    started = time.perf_counter()
    if helps():
        be_silent()
    running = _run(recipe, sys.argv[1:], started)
    with Watch(running.last_words) as running.watch:
        code = running.code()
    # What outlasted the limit would delay or abort the exit; and where Ctrl-C broke off an exec(), as of a dataclass in
    # an import, Python would end by the signal although it was caught.
    if code == INTERRUPTED or threading.active_count() > 1:
        leave(code)
    sys.exit(code)


def run(recipe: Recipe, arguments: Sequence[str] | None = None) -> int:
    """Run the recipe on command-line arguments, within a program; returns the exit code."""
    return _run(recipe, sys.argv[1:] if arguments is None else arguments, time.perf_counter()).code()


def _run(recipe: Recipe, words: Sequence[str], started: float) -> Run:
    """The run that the words of a command line ask for, or the sweep, which reports on many."""
    options = recipe.parser().parse_args(words)
    options.words = list(words)
    if sweep_is_asked(options):
        from problems.sweeps.report import report_on_sweep

        recipe = report_on_sweep(recipe)
    return Run(recipe, options, started)
