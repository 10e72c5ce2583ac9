"""What goes from where to where at least cost: python -m problems.transport --points here.csv there.csv, or --costs."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.studies.table_options import columns_argument
from problems.terminal.arguments import Given
from problems.terminal.errors import InputError, most_of, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Floats, SearchProblem
    from solvers.solution import Solution

EXAMPLE_POINTS = 8, 10  # points of the example, drawn by the seed
SHOWN = 12  # amounts in the text; --json has them all
UNBALANCED_FROM = 1e-6  # relative difference of the sums from which it must be said what becomes of it


@dataclass(frozen=True, eq=False)
class _Data:
    """Amounts a (m,) and b (n,), costs (m, n); the points where there are any, (m, d) and (n, d); float64."""

    source: str
    a: Floats
    b: Floats
    cost: Floats
    points: tuple[Floats, Floats] | None = None
    notes: tuple[str, ...] = ()


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument(
        "--points",
        type=Given,
        metavar=("FROM", "TO"),
        nargs=2,
        help="two tables of points, .csv or .npy: a cost is a distance",
    )
    columns_argument(parser, "with --points")
    given.add_argument(
        "--costs", type=Given, metavar="FILE", help="the cost of each pair: .csv without header, or .npy"
    )
    parser.add_argument(
        "--supply", type=Given, metavar="FILE", help="how much is at each source (by default as much at each)"
    )
    parser.add_argument(
        "--demand", type=Given, metavar="FILE", help="how much each target wants (by default as much each)"
    )
    parser.add_argument("--weighted", action="store_true", help="with --points: the last column is how much there is")
    parser.add_argument("--squared", action="store_true", help="with --points: a cost is a squared distance")
    parser.add_argument(
        "--unbalanced",
        metavar="HOW",
        choices=("scale", "slack"),
        help="where the sums differ: scale the demand, or let the rest stay or be missing (slack), at no cost",
    )


def read(options: argparse.Namespace) -> Task:
    """The task in two tables of points, in a table of costs, or between random points."""
    data = _balanced(_read(options), options.unbalanced)

    def problem() -> SearchProblem:
        from formulations.transport import transport

        return transport(data.a, data.b, data.cost)

    return Task(
        source=data.source,
        problem=problem,
        describe=describe,
        draw=lambda solution: draw(data, solution),
        notes=data.notes,
        facts={"sources": len(data.a), "targets": len(data.b)},
        answer=amounts,
        evidence=evidence,
    )


def _read(options: argparse.Namespace) -> _Data:
    """The data as they are given."""
    import numpy as np

    from problems.io.costs import read_amounts, read_costs

    points, notes = None, []
    if options.costs is not None:
        source, cost = safe(Path(options.costs).name, 200), np.atleast_2d(read_costs(options.costs))
    elif options.points is not None:
        from problems.io.data_table import read_data_table

        files = [read_data_table(path, options.columns) for path in options.points]
        source = " and ".join(safe(Path(path).name, 100) for path in options.points)
        notes = [
            f"{safe(Path(path).name, 100)}: {note}"
            for path, f in zip(options.points, files, strict=True)
            for note in f.notes
        ]
        points = files[0].values, files[1].values
    else:
        random, source = np.random.default_rng(options.seed), "random points"
        points = random.random((EXAMPLE_POINTS[0], 2)), random.random((EXAMPLE_POINTS[1], 2))
    a = b = None
    if points is not None:
        if options.weighted and options.points:
            (x, a), (y, b) = ((p[:, :-1], p[:, -1]) for p in points)
            points = x, y
        cost = _distances(source, *points, squared=options.squared)
    m, n = cost.shape
    a = read_amounts(options.supply) if options.supply is not None else np.full(m, 1 / m) if a is None else a
    b = read_amounts(options.demand) if options.demand is not None else np.full(n, 1 / n) if b is None else b
    for name, amount, places, what in (("--supply", a, m, "sources"), ("--demand", b, n, "targets")):
        if len(amount) != places:
            raise InputError(f"{name}: has {len(amount):,} amounts for {places:,} {what}; give one for each")
    return _Data(source, a, b, cost, points, tuple(notes))


def _distances(source: str, x: Floats, y: Floats, *, squared: bool) -> Floats:
    """Between all pairs; raises InputError for points of different dimensions, or too many pairs."""
    from scipy.spatial.distance import cdist

    from problems.io.costs import MAX_PAIRS

    if x.shape[1] != y.shape[1] or not x.shape[1]:
        raise InputError(
            f"{source}: the points have {x.shape[1]} and {y.shape[1]} coordinates; give as many to both, 1 at least"
        )
    if len(x) * len(y) > MAX_PAIRS:
        raise InputError(f"{source}: has {len(x) * len(y):,} pairs of points; give at most {MAX_PAIRS:,}")
    distances: Floats = cdist(x, y, "sqeuclidean" if squared else "euclidean")
    return distances


def _balanced(data: _Data, how: str | None) -> _Data:
    """The same with sums that agree, and a note on what was done; raises InputError where that was not asked for."""
    from formulations.transport import with_slack

    supply, demand = float(data.a.sum()), float(data.b.sum())
    if not min(supply, demand) > 0 or abs(supply - demand) <= UNBALANCED_FROM * supply:
        return data
    differ = f"{supply:.10g} is there and {demand:.10g} is wanted"
    if how is None:
        remedy = (
            "say --unbalanced scale, to share what is there out in proportion, or --unbalanced slack, to leave the rest"
        )
        raise InputError(f"{data.source}: {differ}; {remedy}")
    if how == "scale":
        return replace(data, b=data.b * (supply / demand), notes=(*data.notes, f"{differ}: the demand is scaled."))
    a, b, cost = with_slack(data.a, data.b, data.cost)
    place = f"target {len(b)} stands for what stays" if supply > demand else f"source {len(a)} for what is missing"
    return replace(data, a=a, b=b, cost=cost, notes=(*data.notes, f"{differ}: {place}, at no cost."))


def amounts(solution: Solution) -> list[tuple[int, int, float]]:
    """Source, target and amount of all that is moved, the largest first."""
    import numpy as np

    plan = np.asarray(solution.answer)
    i, j = np.nonzero(plan)
    order = np.argsort(-plan[i, j], kind="stable")
    return [(int(s) + 1, int(t) + 1, float(plan[s, t])) for s, t in zip(i[order], j[order], strict=True)]


def evidence(solution: Solution) -> Mapping[str, Any]:
    """The potentials: f + g is nowhere more than the cost."""
    if solution.multipliers is None:
        return {}
    return {name: potentials.tolist() for name, potentials in solution.multipliers.listed.items()}


def describe(solution: Solution) -> Iterable[str]:
    """The largest amounts, one a line."""
    moved = amounts(solution)
    yield f"{len(moved):,} amounts are moved, the largest from, to:"
    shown, more = most_of(moved, SHOWN)
    yield from (f"  {source} -> {target}: {amount:.6g}" for source, target, amount in shown)
    if more:
        yield f"  ... {more:,} more (--json has them all)"


def draw(data: _Data, solution: Solution) -> Figure:
    """Points in the plane with what is moved between them, or the plan as a picture of its amounts."""
    import numpy as np

    from problems.pictures.plans import figure_of

    title = f"Transport of {data.source}: cost {solution.value:.6g}, {solution.status}"
    return figure_of(np.asarray(solution.answer), title, data.points)


RECIPE = Recipe(
    "transport",
    "Transport at least cost, its plan proven best by potentials.",
    arguments,
    read,
    solvers=("min-cost-flow", "glop", "highs", "scip", "pdlp", "descent-ascent"),
    examples=("--points here.csv there.csv --plot plan.png", "--costs costs.csv --supply a.csv --demand b.csv"),
    columns={"answer": ("from", "to", "amount")},
)

if __name__ == "__main__":
    main(RECIPE)
