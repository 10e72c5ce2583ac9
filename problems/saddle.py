"""Games of two players, and how methods fare on them: python -m problems.saddle --game cyclic, or --matrix file."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.studies.named_games import GAMES, Played, game_of_matrix, named_game
from problems.terminal.arguments import Given, positive_whole
from problems.terminal.errors import InputError, most_of, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import SaddleProblem
    from problems.studies.trajectories import Trajectory
    from solvers.solution import Solution

METHODS = ("restarted", "extragradient", "optimistic", "averaged", "alternating", "simultaneous")
ITERATIONS = 20_000
IN_THE_PLANE, ELSEWHERE = 150, 600  # gradient evaluations that methods are compared by
CROSS_CHECKED = 2_500  # payoffs up to which GLOP is asked as well: 50 x 50
LARGE = 100_000  # payoffs from which methods are compared by fewer gradients
SHOWN = 12  # choices of a mixed strategy in the text; --json has them all
USED = 5e-7  # probability from which a choice is shown


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--game", metavar="NAME", choices=GAMES, help=f"{', '.join(GAMES)} (default penalty)")
    given.add_argument(
        "--matrix", type=Given, metavar="FILE", help="payoffs to the row player: .csv without header, or .npy"
    )
    parser.add_argument(
        "--method",
        metavar="RULE",
        choices=METHODS,
        help=f"how the players move by gradients: {', '.join(METHODS)} (default {METHODS[0]})",
    )
    parser.add_argument(
        "--iterations", metavar="N", type=positive_whole, default=ITERATIONS, help=f"at most (default {ITERATIONS:,})"
    )
    parser.add_argument(
        "--compare", action="store_true", help="say how each method of gradients fares; --plot shows it"
    )


def read(options: argparse.Namespace) -> Task:
    """The task in a payoff matrix, or one of the games here."""
    until = math.inf if options.time_limit is None else time.monotonic() + options.time_limit
    game, source = _game(options)
    smaller, payoffs = min(game.size.values()), math.prod(game.size.values())
    soon = (game.plane and game.guarantees is None) or payoffs > LARGE
    evaluations = IN_THE_PLANE if soon else ELSEWHERE
    method = options.method or METHODS[0]
    by_gradients = options.solver == "descent-ascent" or (
        options.solver is None and (options.method is not None or not game.is_matrix_game)
    )

    @cache
    def trajectories() -> Sequence[Trajectory]:
        from problems.studies.trajectories import compare

        return compare(game.problem, game.lipschitz, evaluations, smaller, options.seed, until)

    def compared(solution: Solution) -> Sequence[Trajectory]:
        return trajectories() if options.compare and not solution.stats["interrupted"] else []

    def solver(name: str | None) -> Any:
        if not by_gradients:
            return name
        from problems.studies.trajectories import settings

        return settings(method, game.lipschitz, options.iterations, smaller)

    checked = by_gradients or options.solver in (None, "interior-point")
    return Task(
        source=source,
        problem=lambda: _against_its_program(game.problem) if checked and payoffs <= CROSS_CHECKED else game.problem,
        describe=lambda solution: describe(game, solution, compared(solution)),
        notes=[] if options.matrix is not None else [f"{source} is {GAMES[source]}."],
        draw=lambda solution: draw(game, source, solution, trajectories()),
        solver=solver,
        answer=both,
        facts=game.size,
        evidence=evidence,
        measures=lambda solution: measures(game, solution, compared(solution), method if by_gradients else None),
    )


def _game(options: argparse.Namespace) -> tuple[Played, str]:
    """What the arguments name, and what messages call it."""
    if options.matrix is not None:
        from problems.io.payoff import read_payoff

        return game_of_matrix(read_payoff(options.matrix)), safe(os.path.basename(options.matrix), 200)
    name = options.game or "penalty"
    return named_game(name, options.seed), name


def _against_its_program(problem: SaddleProblem) -> SaddleProblem:
    """The same, to be held against its linear program as well, if it has one."""
    if problem.model is None:
        return problem
    from formulations.problem import Reference
    from solvers import solve

    model = problem.model()

    def value() -> float:
        found = solve(replace(model, references=()), "glop")
        if found.value is None:
            raise ValueError(f"glop found no value to compare with: {found.message}")
        return found.value

    return replace(problem, references=[*problem.references, Reference("linear program (GLOP)", value)])


def both(solution: Solution) -> Any:
    """Both players' choices: of a matrix game's linear program the columns' are the multipliers."""
    answer, multipliers = solution.answer, solution.multipliers
    if not isinstance(answer, Mapping) or multipliers is None or "columns" not in multipliers.listed:
        return answer
    y = abs(multipliers.listed["columns"])
    return {**answer, "y": (y / y.sum()).tolist()}


def evidence(solution: Solution) -> Mapping[str, Any]:
    """Which rows and columns were dropped as dominated, and by which: the value and the bound do without them."""
    dropped = getattr(solution.certificate.proof, "dropped", ())
    return {"dominated": [{kind: which + 1, "by": by + 1} for kind, which, by in dropped]} if dropped else {}


def measures(
    game: Played, solution: Solution, trajectories: Sequence[Trajectory], method: str | None
) -> dict[str, Any]:
    """How far the answer is from the saddle point, where that is known, and what became of every method."""
    found: dict[str, Any] = {"methods": [trajectory.shown for trajectory in trajectories]}
    found |= {} if method is None else {"method": method}
    found |= {} if game.guarantees is None else {"guarantees": game.guarantees}
    distance = _distance(game, solution)
    return found if distance is None else {"distance_to_saddle": distance, **found}


def _distance(game: Played, solution: Solution) -> float | None:
    problem, values = game.problem, solution.values
    known = hasattr(problem, "saddle") and game.guarantees is None  # local ones are nobody's best answer
    return float(problem.distance(values)) if known and values is not None else None  # type: ignore[attr-defined]


def describe(game: Played, solution: Solution, trajectories: Sequence[Trajectory]) -> Iterable[str]:
    """Both players' choices, and what became of every method."""
    answer = both(solution)
    for player, blocks in (("maximizing", game.problem.maximize_over), ("minimizing", game.problem.minimize_over)):
        if len(game.problem.maximize_over) == 1 and isinstance(answer, Mapping):
            yield f"{player} player: {_listed(answer[next(iter(blocks))])}"
    yield from _dominated(solution)
    yield from _said_guarantees(game)
    distance = _distance(game, solution)
    if distance is not None:
        yield f"distance to the saddle point, which is known: {distance:.3g}"
    if trajectories:
        evaluations = f"{trajectories[0].evaluations[-1]:,.0f} gradient evaluations"
        yield f"every method after {evaluations}, all with the same step: {_error(game)}"
    for trajectory in trajectories:
        behaviour, error = trajectory.shown["behaviour"], trajectory.error[-1]
        rate = "" if trajectory.said == behaviour else trajectory.said
        yield f"  {trajectory.name:14} {error:<10.3g} {behaviour:23} {rate}".rstrip()


def _dominated(solution: Solution) -> Iterable[str]:
    """The choices that no player needs, in a line a side."""
    dropped = getattr(solution.certificate.proof, "dropped", ())
    for side in ("row", "column"):
        found = [f"{which + 1} by {by + 1}" for kind, which, by in dropped if kind == side]
        if found:
            yield f"dominated {side}s, one after the other: {_first(found)}"


def _said_guarantees(game: Played) -> Iterable[str]:
    """How much each player can guarantee at best, in two lines."""
    found = game.guarantees
    if found is not None:
        (low, high), (least, most) = found["maximin"], found["minimax"]
        yield f"with one number each, the maximizing player can guarantee {low:.4g} to {high:.4g} at best,"
        sense = "so there is no saddle point: who moves second gains" if high < least else "which may meet"
        yield f"  the minimizing player {least:.4g} to {most:.4g}; {sense}"


def _error(game: Played) -> str:
    if not hasattr(game.problem, "saddle"):
        return "bound - value"
    return f"distance to the {'saddle' if game.guarantees is None else 'nearest stationary'} point"


def _listed(numbers: Sequence[float]) -> str:
    """The numbers that are not 0, with their places."""
    used = [f"{k}: {number:.6g}" for k, number in enumerate(numbers, start=1) if abs(number) > USED]
    return _first(used) if used else "0"


def _first(texts: Sequence[str]) -> str:
    """The first of them between commas, and how many more there are."""
    shown, more = most_of(texts, SHOWN)
    return ", ".join(shown) + (f", ... {more:,} more (--json has them all)" if more else "")


def draw(game: Played, source: str, solution: Solution, trajectories: Sequence[Trajectory]) -> Figure:
    """Where every method goes, and how far from the saddle point it is."""
    import numpy as np

    from problems.pictures.trajectories import figure_of
    from problems.studies.named_games import surface_of

    if not trajectories:
        raise InputError("--plot: there was no time to play any method within --time-limit; allow more")
    value = "" if solution.value is None else f": value {solution.value:.6g}"
    title = f"{source}{value}, {solution.status}"
    window, surface = np.array(game.window), None if game.plane is None else surface_of(game)
    return figure_of(trajectories, title=title, error=_error(game), plane=game.plane, window=window, surface=surface)


RECIPE = Recipe(
    "saddle",
    "Saddle point, proven, and how methods of gradients fare on the way to it.",
    arguments,
    read,
    solvers=("interior-point", "descent-ascent", "glop", "highs", "scip", "pdlp"),
    examples=("--game cyclic --compare --plot paths.png", "--matrix payoff.csv --solver glop"),
    columns={"x": ("number",), "y": ("number",)},
)

if __name__ == "__main__":
    main(RECIPE)
