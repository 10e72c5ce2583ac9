"""How many points keep their label however they are moved: python -m problems.robust_network --data moons."""

from __future__ import annotations

import argparse
import math
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.running.matrix_options import reading
from problems.running.once import once
from problems.studies.table_options import columns_argument, missing_argument, standardise_argument
from problems.terminal.arguments import Given, positive_whole
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.arithmetic.robust_accuracy import RobustAccuracy
    from problems.studies.classified import Classified
    from problems.studies.robust_networks import Outcome
    from solvers.solution import Solution

TRAININGS = ("both", "adversarial", "plain")
LAYERS = {"moons": "20,20", "digits": "32"}  # by default; of a table as of moons
RADIUS = {"moons": 0.2, "digits": 0.03}
TABLE_RADIUS = 0.1
POINTS, ITERATIONS = 100, 400
MOST_LAYERS, MOST_UNITS = 4, 500
TRAINING, JUDGING = 0.2, 0.3  # shares of the time limit for each network's training, and for the first to be judged


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument("--data", type=Given, metavar="FILE", default="moons", help="a table, or moons, or digits")
    parser.add_argument("--target", metavar="NAME", help="of a table: the column of labels")
    columns_argument(parser, "to tell them from, of a table")
    missing_argument(parser, "of a table")
    standardise_argument(parser)
    parser.add_argument("--radius", type=_radius, metavar="R", help="by which any number of a point may be moved")
    parser.add_argument("--layers", type=_layers, metavar="LIST", help="units of the hidden layers (default 20,20)")
    parser.add_argument(
        "--training", choices=TRAININGS, default=TRAININGS[0], help="against moves, or plainly, or both (default)"
    )
    parser.add_argument(
        "--points", type=positive_whole, default=POINTS, metavar="N", help=f"to be judged (default {POINTS})"
    )
    parser.add_argument(
        "--iterations", type=positive_whole, default=ITERATIONS, metavar="N", help=f"of training (default {ITERATIONS})"
    )


def read(options: argparse.Namespace) -> Task:
    """The task in the data."""
    started = time.monotonic()
    for name in ("target", "columns", "missing", "standardise"):
        if options.data in LAYERS and getattr(options, name):
            raise InputError(f"--{name} goes with a table, and --data {options.data} is none; leave it out")
    from problems.studies.classified import classified
    from problems.studies.robust_networks import Outcome, Training, answer, describe, evidence, judged

    limit = options.time_limit
    data = classified(options, options.points)
    radius = RADIUS.get(options.data, TABLE_RADIUS) if options.radius is None else options.radius
    hidden = options.layers or _layers(LAYERS.get(options.data, LAYERS["moons"]))
    names = ["adversarial", "plain"] if options.training == "both" else [options.training]
    seconds = None if limit is None else TRAINING * limit
    training = Training(hidden, options.iterations, options.seed, options.device, seconds, options.quiet)

    iterations: dict[str, int] = {}

    @cache
    def form(name: str) -> RobustAccuracy:
        from formulations.arithmetic.robust_accuracy import RobustAccuracy

        network, iterations[name] = training.network(data, radius if name == "adversarial" else 0.0)
        return RobustAccuracy(network, data.X[data.judged], data.y[data.judged], radius, *data.within)

    def problem() -> Any:
        from formulations.robust_network import robust_accuracy

        first = next(form(name) for name in names)
        return robust_accuracy(first.network, first.points, first.labels, radius, data.within)

    @once
    def outcome(solution: Solution) -> Outcome:
        """Of the network that was asked about."""
        return Outcome.of(form(names[0]), data.judged, solution)

    @once
    def outcomes(solution: Solution) -> dict[str, Outcome]:
        """Of that and, unless the user has had enough, of the other one."""
        until = math.inf if limit is None else started + limit
        others = [] if solution.stats["interrupted"] else names[1:]
        return {
            names[0]: outcome(solution),
            **{name: judged(form(name), data.judged, until, options.seed) for name in others},
        }

    def measures(solution: Solution) -> dict[str, Any]:
        (_, first), *others = outcomes(solution).items()
        found = {name: {**other.shares(), **other.as_json()} for name, other in others}
        return {"accuracy": first.shares()["accuracy"], "trained": iterations, **found}

    return Task(
        source=data.source,
        title="Robust accuracy of a network at points",
        problem=problem,
        describe=lambda solution: describe(outcomes(solution)),
        draw=lambda solution: draw(data, outcomes(solution)),
        notes=[*data.notes, *_large(data, radius)],
        facts={"points": len(data.judged), "columns": data.X.shape[1]},
        solving={} if limit is None else {"time_limit": JUDGING * limit},
        asked={
            **reading(options),
            "data": options.data if options.data in LAYERS else None,
            "points": options.points,
            "radius": radius,
            "layers": hidden,
            "training": names,
            "target": options.target,
            "standardised": options.standardise,
        },
        evidence=lambda solution: evidence(solution.certificate.proof),
        answer=lambda solution: answer(outcome(solution), data),
        measures=measures,
    )


def _large(data: Classified, radius: float) -> list[str]:
    """A note where the radius reaches beyond most of what a column holds."""
    spread = data.X.std(axis=0)
    small = [name for name, sd in zip(data.columns, spread.tolist(), strict=True) if 0 < sd < radius]
    if not small or math.isfinite(data.within[1]):
        return []
    from problems.terminal.errors import quoted

    others = f" and {len(small) - 1:,} other{'s' if len(small) > 2 else ''}" if len(small) > 1 else ""
    return [
        f"The radius, {radius:g}, is more than a standard deviation of {quoted(small[0])}{others}; --standardise "
        "measures it in these."
    ]


def _radius(text: str) -> float:
    """A command-line value that is a finite number from 0."""
    try:
        if 0 <= float(text) < math.inf:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0, such as 0.1")


def _layers(text: str) -> list[int]:
    """A command-line value that lists sizes of layers.

    >>> _layers("20,20")
    [20, 20]
    """
    sizes = [positive_whole(part.strip()) for part in text.split(",")]
    if len(sizes) <= MOST_LAYERS and max(sizes) <= MOST_UNITS:
        return sizes
    raise argparse.ArgumentTypeError(f"{text!r} is not at most {MOST_LAYERS} layers of at most {MOST_UNITS} units")


def draw(data: Classified, outcomes: dict[str, Outcome]) -> Figure:
    """What is broken and what is certified, and both shares as the radius grows."""
    from problems.pictures.robust_networks import figure_of

    return figure_of(data, outcomes)


RECIPE = Recipe(
    "robust_network",
    "Robust accuracy of a small network, between attacks and proofs.",
    arguments,
    read,
    solvers=("relu-splitting",),
    examples=("--radius .2 --plot moons.png", "--data table.csv --target species --standardise --radius .3"),
)

if __name__ == "__main__":
    main(RECIPE)
