"""Where rows lie although some of them are wrong: python -m problems.location --data table.csv."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Report, Task, main
from problems.running.matrix_options import reading
from problems.running.once import once
from problems.studies.table_options import columns_argument, missing_argument
from problems.terminal.arguments import Given, Written, positive_whole, refuse, share
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Floats
    from problems.studies.contaminated import Contaminated
    from problems.studies.outliers import Outliers
    from solvers.clock import Clock
    from solvers.solution import Solution

ADVERSARIES = ("point", "far", "near", "cluster")
VARIED = ("eps", "n", "p")
ROWS, COLUMNS, SHARE = 300, 2, 0.2  # of made data
MADE = ("contamination", "adversary", "rows", "dimensions", "experiment")  # options that go with them
NOT_HERE = {
    "solver": "solves each problem by what suits it",
    "require_proof": "measures errors",
    "gap": "measures errors",
    "out": "marks no rows",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument("--data", type=Given, metavar="FILE", help="a table of numbers: .csv, .npy, sparse .npz")
    columns_argument(parser, "of a file")
    missing_argument(parser, "of a file")
    parser.add_argument("--estimators", metavar="LIST", help="names between commas (default: all that suit the table)")
    parser.add_argument(
        "--contamination", type=share, metavar="EPS", help="share of made rows that is bad (default .2)"
    )
    parser.add_argument("--adversary", choices=ADVERSARIES, help="where these are (default far)")
    parser.add_argument("--rows", type=positive_whole, metavar="N", help=f"made rows (default {ROWS})")
    parser.add_argument("--dimensions", type=positive_whole, metavar="P", help=f"their columns (default {COLUMNS})")
    parser.add_argument("--experiment", choices=VARIED, help="errors against the share, rows or columns of made data")
    parser.add_argument("--iterations", type=positive_whole, metavar="N", help="of the games")
    parser.add_argument("--out", type=Written, metavar="FILE", help="write each row's score and mark to a .csv file")


def read(options: argparse.Namespace) -> Task | Report:
    """The task in a table, or in made data; or an experiment."""
    if options.data is None:
        return _experiment(options) if options.experiment is not None else _made(options)
    for name in MADE:
        if getattr(options, name) is not None:
            raise InputError(f"--{name} goes with made data, not with --data; leave one of the two out")
    from problems.studies.named_rows import numbers_of, table_of

    table = table_of(options, "")
    values = numbers_of(table, standardise=False)
    return _task(options, table.source, values, table.columns, table.notes, reading(options))


def _made(options: argparse.Namespace) -> Task:
    """Made data."""
    from problems.studies.contaminated import contaminated
    from problems.terminal.files import check_writable

    for name in ("columns", "missing"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name} goes with --data FILE; leave it out, or name a file")
    if options.out is not None:
        check_writable("--out", options.out, (".csv",))
    n, p = options.rows or ROWS, options.dimensions or COLUMNS
    eps = SHARE if options.contamination is None else options.contamination
    if eps > 0.5:
        raise InputError(f"--contamination {eps}: no more than half can be told from the rest; give .5 at most")
    adversary = options.adversary or "far"
    made = contaminated(n, p, eps, adversary, options.seed)
    source = f"made data with {eps:.0%} {adversary}"
    asked = {"made": {"rows": n, "dimensions": p, "contamination": eps, "adversary": adversary}}
    return _task(options, source, made.rows, [f"x{j}" for j in range(1, p + 1)], (), asked, made)


def _task(
    options: argparse.Namespace,
    source: str,
    values: Floats,
    columns: Iterable[str],
    notes: Iterable[str],
    asked: Mapping[str, Any],
    made: Contaminated | None = None,
) -> Task:
    from problems.studies.estimators import as_json, errors_of, estimates, evidence, table
    from solvers.clock import Clock

    names, clock = list(columns), Clock(options.time_limit)
    try:
        found = estimates(values, names_of(options.estimators), options.iterations)
    except ValueError as error:
        raise InputError(f"{source}: {error}") from error
    if not found.problems:
        raise InputError(f"{source}: {' '.join(found.notes)}")

    @once
    def marked(solution: Solution) -> Outliers | None:
        """What the discriminator of the scatter marks, if there is one."""
        from problems.studies.outliers import outliers

        part = solution.answer.get("js_gan_scatter")
        return None if part is None else outliers(values, part)

    def answer(solution: Solution) -> dict[str, Any]:
        rows = marked(solution)
        return {**as_json(solution), **({} if rows is None else {"outliers": rows.rows})}

    def measures(solution: Solution) -> Mapping[str, Any]:
        rows = marked(solution)
        told = {} if rows is None else {"threshold": rows.threshold}
        if made is None:
            return told
        return {
            **told,
            "errors": errors_of(solution, made.oracle),
            "marks": detection(solution, made, rows, options.seed, clock),
        }

    def describe(solution: Solution) -> Iterable[str]:
        errors = {} if made is None else errors_of(solution, made.oracle)
        yield from table(solution, names, errors, found.problems)
        yield from described_marks(marked(solution), len(values))
        if made is not None:
            yield from described_detection(detection(solution, made, marked(solution), options.seed, clock))

    def draw(solution: Solution) -> Figure:
        from problems.pictures.estimates import figure_of

        return figure_of(values, names, solution, marked(solution), source)

    def problem() -> Any:
        from formulations.problem import Separable

        return Separable(found.problems)

    def write(solution: Solution) -> None:
        from problems.studies.ordering import write_rows

        rows = marked(solution)
        if rows is None:
            raise InputError("--out writes what the discriminator of js_gan_scatter marks, which is left out here")
        scored = zip(range(len(values)), rows.scores.tolist(), rows.marked.astype(int).tolist(), strict=True)
        write_rows(options.out, ("row", "score", "outlier"), scored)

    return Task(
        source=source,
        title="Robust estimates of location",
        problem=problem,
        describe=describe,
        draw=draw,
        notes=[*notes, *found.notes],
        facts={"rows": len(values), "columns": len(names)},
        solver=lambda name: found.solvers if name is None else name,
        asked={**asked, "standardised": False, "estimators": list(found.problems)},
        answer=answer,
        evidence=evidence,
        measures=measures,
        write=None if options.out is None else write,
    )


def names_of(text: str | None) -> list[str] | None:
    """The names of estimators between commas; raises InputError for others.

    >>> names_of("mean,mcd")
    ['mean', 'mcd']
    """
    if text is None:
        return None
    from problems.studies.estimators import NAMES
    from problems.terminal.arguments import similar

    found = list(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in found:
        if name not in NAMES:
            from problems.terminal.errors import quoted

            raise InputError(
                f"--estimators: there is no {quoted(name)}; there are {', '.join(NAMES)}{similar(name, NAMES)}"
            )
    return found


def detection(
    solution: Solution, made: Contaminated, rows: Outliers | None, seed: int, clock: Clock
) -> dict[str, dict[str, float | None]]:
    """Precision and recall of the marks, and of other methods if there is time for them, on made data."""
    from problems.studies.outliers import by_distance, by_isolation, precision_and_recall

    mcd = solution.answer.get("mcd")
    found = {
        "discriminator": None if rows is None else rows.marked,
        "mahalanobis (mcd)": None if mcd is None else by_distance(made.rows, mcd),
        "isolation forest (told the share)": by_isolation(made.rows, float(made.bad.mean()), seed)
        if mcd is not None and clock.left > 0
        else None,
    }
    return {name: precision_and_recall(marks, made.bad) for name, marks in found.items() if marks is not None}


def described_marks(rows: Outliers | None, n: int) -> Iterable[str]:
    """How many rows are marked, and the first of them."""
    if rows is None:
        return
    from problems.studies.outliers import FALSE_ALARM

    some = ", ".join(map(str, rows.rows[:8])) + (" ..." if len(rows.rows) > 8 else "")
    yield f"  outliers: {len(rows.rows):,} of {n:,} rows{': ' + some if some else ''} (numbers from 0)"
    yield f"    of rows as the generator makes them, at most {FALSE_ALARM:.0%} would be marked"


def described_detection(found: Mapping[str, Mapping[str, float | None]]) -> Iterable[str]:
    """A line for each method."""
    for name, score in found.items():
        told = (f"{key} {'none' if value is None else f'{value:.1%}'}" for key, value in score.items())
        yield f"    {name:<34}{', '.join(told)}"


def _experiment(options: argparse.Namespace) -> Report:
    """Errors of all estimators, as the share, the rows or the columns vary."""
    from problems.studies.breakdown import Experiment, as_rows, lines

    refuse(options, NOT_HERE, "an experiment")
    asked = Experiment(
        options.experiment,
        options.rows or ROWS,
        options.dimensions or COLUMNS,
        SHARE if options.contamination is None else options.contamination,
        options.adversary or "far",
        options.seed,
        names_of(options.estimators),
    )

    def draw(rows: Any) -> Figure:
        from problems.pictures.estimates import errors_figure

        return errors_figure(rows, asked.varied, f"{asked.adversary} adversary: errors, medians of {asked.seeds} seeds")

    return Report(
        rows=as_rows(asked),
        lines=lambda rows: lines(asked, rows),
        data=lambda rows: {**dataclasses.asdict(asked), "rows": [dataclasses.asdict(row) for row in rows]},
        draw=draw,
    )


RECIPE = Recipe(
    "location",
    "Robust estimates of location, each as its optimization problem.",
    arguments,
    read,
    solvers=(),
    examples=("--data table.csv --plot location.png", "--contamination .2 --adversary cluster"),
)

if __name__ == "__main__":
    main(RECIPE)
