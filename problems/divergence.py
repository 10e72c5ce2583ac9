"""How far apart two samples are: python -m problems.divergence --p real.csv --q synthetic.csv."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.studies.comparison import LEVEL, TRANSPORT_SHARE, Comparison
from problems.studies.paired_tables import Pair, Sample, read_pair, varying
from problems.studies.table_options import categories_argument, columns_argument, missing_argument
from problems.terminal.arguments import Given
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from solvers.solution import Solution

ROWS = 1_000  # of each sample of the example
MOST_ROWS = 100_000  # of a file that are compared
TABLE = ("columns", "categories", "missing")  # options that go with files


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument("--p", type=Given, metavar="FILE", help="rows of the law p, real ones, say: .csv or .npy")
    parser.add_argument("--q", type=Given, metavar="FILE", help="rows of the law q, synthetic ones, say")
    columns_argument(parser, "of both files")
    categories_argument(parser, "of both files")
    missing_argument(parser, "of both files")


def read(options: argparse.Namespace) -> Task:
    """Two samples, in two files or drawn from two laws with the same means and variances."""
    until = math.inf if options.time_limit is None else time.monotonic() + options.time_limit
    pair = _pair(options)
    comparison = Comparison(pair, options.seed, until)
    limit = {} if options.time_limit is None else {"time_limit": max(TRANSPORT_SHARE * comparison.left, 0.01)}
    return Task(
        source=f"{pair.q.name} from {pair.p.name}",
        title="W1 + W2 squared",
        problem=comparison.problem,
        describe=lambda solution: describe(comparison, solution),
        draw=lambda solution: draw(comparison, solution),
        notes=pair.notes,
        facts={"rows of p": len(pair.p.values), "rows of q": len(pair.q.values), "columns": len(pair.columns)},
        solving=limit,
        answer=lambda solution: answer(comparison, solution),
    )


def _pair(options: argparse.Namespace) -> Pair:
    if options.p is None and options.q is None:
        for option in TABLE:
            if getattr(options, option):
                raise InputError(f"--{option} goes with --p FILE --q FILE; leave it out, or give both files")
        return _example(options.seed)
    if options.p is None or options.q is None:
        raise InputError("two files are compared: give --p FILE and --q FILE, or none for the example")
    return _drawn(read_pair(options.p, options.q, options.columns, options.categories, options.missing), options.seed)


def _example(seed: int) -> Pair:
    """Two columns that go together in p and not in q: each by itself has the same law in both."""
    import numpy as np

    random = np.random.default_rng(seed)
    p, q = random.normal(size=(2, ROWS, 2))
    p[:, 1] = 0.8 * p[:, 0] + 0.6 * p[:, 1]
    rows = [str(i) for i in range(1, ROWS + 1)]
    return Pair(Sample("correlated", p, rows), Sample("independent", q, rows), ["a", "b"], [None, None])


def _drawn(pair: Pair, seed: int) -> Pair:
    """The same with at most MOST_ROWS random rows of each, and what is to be said of rows that both have."""
    from dataclasses import replace

    import numpy as np

    notes = list(pair.notes)
    if pair.common:
        notes.append(
            f"{pair.common:,} of {len(pair.q.values):,} rows of {pair.q.name} are rows of {pair.p.name} as well; if "
            "they were copied, the samples are not independent, as limits and p-values assume."
        )
    samples = []
    for sample in (pair.p, pair.q):
        n = len(sample.values)
        kept = np.sort(np.random.default_rng(seed).permutation(n)[:MOST_ROWS])
        if n > MOST_ROWS:
            notes.append(f"Of {sample.name} {MOST_ROWS:,} random rows of {n:,} are compared.")
            sample = Sample(sample.name, sample.values[kept], [sample.rows[i] for i in kept.tolist()])
        samples.append(sample)
    return varying(replace(pair, p=samples[0], q=samples[1], notes=notes))


def answer(comparison: Comparison, solution: Solution) -> dict[str, Any]:
    """Every number; null for what there was no time for. No key is missing, whatever could be measured."""
    from formulations.f_divergence import DIVERGENCES
    from problems.studies.comparison import accuracy, at_least, distances, most_telling

    found, pair = comparison.measured(solution), comparison.pair
    halves, kernels = found["halves"], found["kernels"] or {}
    unknown = {"value": None, "p_value": None}
    limits = dict.fromkeys(DIVERGENCES) if halves is None else at_least(halves)
    return {
        **{f"{name.replace('-', '_')}_at_least": limit for name, limit in limits.items()},
        "level": LEVEL,
        **distances(solution),
        "rows_transported": [len(points) for points in comparison.moved],
        "halves_of_p": found["halves_of_p"],
        "sliced_wasserstein_2": found["sliced_wasserstein_2"] or unknown,
        "entropic": found["entropic"],
        "mmd": kernels.get("mmd", unknown),
        "energy": kernels.get("energy", unknown),
        "classifier": {"accuracy": None, "p_value": None} if halves is None else accuracy(halves),
        "by_column": found["columns"],
        "rows": None if halves is None else most_telling(pair, halves),
    }


def describe(comparison: Comparison, solution: Solution) -> Iterable[str]:
    """What the numbers are, and what they do and do not show."""
    from problems.studies.account import account

    yield from account(comparison.pair, answer(comparison, solution))


def draw(comparison: Comparison, solution: Solution) -> Figure:
    """The rows where they differ, the columns by how much, and log q / p of either sample."""
    from problems.pictures.differences import figure_of
    from problems.studies.comparison import log_ratios

    found = comparison.measured(solution)
    ratios = None if found["halves"] is None else log_ratios(comparison.pair, found["halves"])
    return figure_of(comparison.pair, found["columns"] or [], ratios)


RECIPE = Recipe(
    "divergence",
    "Distances between two samples, with what they prove of the laws behind them.",
    arguments,
    read,
    solvers=("min-cost-flow", "glop", "highs", "scip", "pdlp", "descent-ascent"),
    examples=("--p real.csv --q synthetic.csv --plot differences.png", "--p a.csv --q b.csv --categories kind --json"),
)

if __name__ == "__main__":
    main(RECIPE)
