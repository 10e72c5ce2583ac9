"""How likely a success is, told by how many throws it took: python -m problems.geometric --data counts.csv."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.terminal.arguments import Given
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Ints, Problem, SaddleProblem
    from solvers.solution import Solution

EXAMPLE = Path(__file__).parent / "examples" / "counts.csv"
ROUTES = ("clarabel", "descent-ascent")  # whatever is asked for, these are run and compared with the closed form
FLAT = 1e5  # mean from which the program is too flat at its top for cones, and the game alone is played
STEP = 0.5  # of the game, whose players are in units that suit it
DRAWS = 100_000  # of the generator that was found


@dataclass(frozen=True, eq=False)
class _Data:
    """What was observed, and how often; int64 (k,) both."""

    source: str
    value: Ints
    count: Ints

    @property
    def n(self) -> int:
        return int(self.count.sum())

    @property
    def routes(self) -> tuple[str, ...]:
        """Those that suit, the one that is taken unless another is asked for first."""
        from solvers.optional import has_torch

        if self.mean >= FLAT:
            return ROUTES[1:]
        return ROUTES if has_torch() else ROUTES[:1]

    @property
    def left_out(self) -> str | None:
        """Why one of them is not run, in a sentence."""
        if self.mean >= FLAT:
            flat = f"a mean of {self.mean:.6g} leaves the program too flat at its top for cone solvers"
            return f"{flat}: only the game is played"
        if len(self.routes) == len(ROUTES):
            return None
        from solvers.optional import remedy

        return f"the game is not played, which needs torch; {remedy()}"

    @property
    def mean(self) -> float:
        return int(self.value @ self.count) / self.n


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.add_argument(
        "--data", type=Given, metavar="FILE", help="a .csv file of observations, or of values and their counts"
    )


def read(options: argparse.Namespace) -> Task:
    """The task in a file of counts, or the bundled example."""
    from problems.io.counts import read_counts

    path = str(EXAMPLE) if options.data is None else options.data
    file = read_counts(path)
    data = _Data(safe(Path(path).name, 200), file.value, file.count)

    @cache
    def fitted(route: str) -> float | None:
        from solvers import solve

        p: float | None = solve(_stated(data, route), **_knobs(route)).answer
        return p

    route = options.solver or data.routes[0]
    settings = _knobs(route)
    return Task(
        source=data.source,
        problem=lambda: _compared(_stated(data, route), data, fitted),
        solver=lambda _: settings["solver"],
        solving={name: setting for name, setting in settings.items() if name != "solver"},
        describe=lambda solution: describe(data, solution, fitted, options.seed),
        draw=lambda solution: draw(data, solution),
        notes=[*file.notes, *filter(None, [data.left_out])],
        facts={"observations": data.n},
        answer=lambda solution: {"p": solution.answer, "mean": data.mean},
        evidence=evidence,
        measures=lambda solution: measures(data, solution, fitted, options.seed),
    )


def _stated(data: _Data, route: str | None) -> Problem | SaddleProblem:
    """The game for descent-ascent, the concave program for all others."""
    from formulations.geometric import geometric, geometric_game

    return (geometric_game if route == "descent-ascent" else geometric)(data.value, data.count)


def _knobs(route: str | None) -> dict[str, Any]:
    """What solve() is told; the game goes on until it rests."""
    if route != "descent-ascent":
        return {"solver": route}
    from solvers.descent_ascent import DescentAscent

    return {"solver": DescentAscent(step=STEP), "gap": 0.0}


def _compared(stated: Any, data: _Data, fitted: Callable[[str], float | None]) -> Any:
    """The same, with the value of what every route fits as a reference, to what a difference of 1e-6 in p makes."""
    from formulations.geometric import likelihood, tolerance
    from formulations.problem import Reference

    def by(route: str) -> Any:
        p = fitted(route)
        return None if p is None else likelihood(p, data.mean)

    routes = [Reference(f"p by {route}", partial(by, route), tolerance=tolerance(data.mean)) for route in data.routes]
    return replace(stated, references=[*stated.references, *routes])


def evidence(solution: Solution) -> Mapping[str, Any]:
    """The multiplier of s + t <= 1, or where the game came to rest."""
    if solution.multipliers is not None:
        return {name: float(multiplier) for name, multiplier in solution.multipliers.listed.items()}
    return {name: float(number.item()) for name, number in (solution.values or {}).items()}


def measures(data: _Data, solution: Solution, fitted: Callable[[str], float | None], seed: int) -> Mapping[str, Any]:
    """What every route says p is, and the mean of what the generator draws."""
    routes = {"n / sum of x": 1 / data.mean, **{route: fitted(route) for route in data.routes}}
    return {"p": routes, "draws": DRAWS, "drawn_mean": _drawn_mean(solution.answer, seed)}


def _drawn_mean(p: float, seed: int) -> float:
    """The mean of what the generator makes of uniform noise."""
    import numpy as np

    from formulations.geometric import draws

    return float(draws(p, 1 - np.random.default_rng(seed).random(DRAWS)).mean())


def describe(data: _Data, solution: Solution, fitted: Callable[[str], float | None], seed: int) -> Iterable[str]:
    """p by every route, and the generator at work."""
    found = measures(data, solution, fitted, seed)
    yield f"p = {solution.answer:.12g}, mean {data.mean:.12g}"
    for route, p in found["p"].items():
        yield f"  {route:<16}{'no answer' if p is None else format(p, '.12g')}"
    yield f"  {DRAWS:,} draws of the generator have the mean {found['drawn_mean']:.6g}"


def draw(data: _Data, solution: Solution) -> Figure:
    """The histogram of the data beside the fitted law."""
    from problems.pictures.laws import figure_of

    title = f"{data.source}: p = {solution.answer:.6g}, {solution.value:.6g} nats per observation"
    return figure_of(data.value, data.count, solution.answer, title)


RECIPE = Recipe(
    "geometric",
    "Geometric law, its p fitted by its likelihood and proven best.",
    arguments,
    read,
    solvers=("clarabel", "scs", "descent-ascent"),
    examples=("--data counts.csv", "--data counts.csv --solver descent-ascent --json"),
)

if __name__ == "__main__":
    main(RECIPE)
