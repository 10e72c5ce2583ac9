"""Games of two players, and how methods fare on them: python -m problems.saddle --game cyclic, or --matrix file."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.terminal.arguments import Given, positive_whole
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Floats, SaddleProblem
    from problems.studies.trajectories import Trajectory
    from solvers.solution import Solution

GAMES = {
    "penalty": "kicker against goalkeeper, left or right: how often 1,417 penalties went in (Palacios-Huerta 2003)",
    "matching-pennies": "won by the row player, counted 1, if both show the same side",
    "cyclic": "rock, paper, scissors, a win counted 1 and a tie 1/2",
    "product": "x y on [-1, 1]^2",
    "product-unbounded": "x y on the plane",
    "bilinear": "b'x + x'Ay + c'y in 20 + 20 numbers",
    "quadratic": "the same with a strongly concave and a strongly convex term",
    "wasserstein": "potentials against a plan: the Wasserstein-1 distance of 8 and 10 random points",
}
PAYOFFS = {"penalty": [[0.5830, 0.9497], [0.9291, 0.6992]], "matching-pennies": [[1.0, 0.0], [0.0, 1.0]]}
METHODS = ("restarted", "extragradient", "optimistic", "averaged", "alternating", "simultaneous")
ITERATIONS = 20_000
IN_THE_PLANE, ELSEWHERE = 150, 600  # gradient evaluations that methods are compared by
CROSS_CHECKED = 2_500  # payoffs up to which GLOP is asked as well: 50 x 50
LARGE = 100_000  # payoffs from which methods are compared by fewer gradients
POINTS = 8, 10  # of the two distributions
SHOWN = 12  # choices of a mixed strategy in the text; --json has them all
USED = 5e-7  # probability from which a choice is shown


@dataclass(frozen=True, eq=False)
class _Played:
    """A game and its size.

    constant  works out a Lipschitz constant of its gradient
    plane   what the two coordinates are, if it is a game in the plane; window: the part of it to draw
    """

    problem: SaddleProblem
    size: Mapping[str, int]
    constant: Callable[[], float]
    plane: tuple[str, str] | None = None
    window: tuple[float, float] = (-1.0, 1.0)

    @cached_property
    def lipschitz(self) -> float:
        """The Lipschitz constant."""
        return self.constant()

    @property
    def is_matrix_game(self) -> bool:
        """Whether it is x'Ay on probability simplices."""
        return hasattr(self.problem, "matrix")


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
    evaluations = IN_THE_PLANE if game.plane or payoffs > LARGE else ELSEWHERE
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


def _game(options: argparse.Namespace) -> tuple[_Played, str]:
    """What the arguments name, and what messages call it."""
    import numpy as np

    from formulations import games, transport

    if options.matrix is not None:
        from problems.io.payoff import read_payoff

        return _matrix(read_payoff(options.matrix)), safe(os.path.basename(options.matrix), 200)
    name = options.game or "penalty"
    match name:
        case "product":
            game = _Played(games.product(), {"numbers of x": 1, "numbers of y": 1}, lambda: 1.0, ("x", "y"))
        case "product-unbounded":
            game = _Played(
                games.product(bounded=False),
                {"numbers of x": 1, "numbers of y": 1},
                lambda: 1.0,
                ("x", "y"),
                (-1.5, 1.5),
            )
        case "bilinear":
            game = _Played(games.bilinear(seed=options.seed), {"numbers of x": 20, "numbers of y": 20}, lambda: 1.0)
        case "quadratic":
            game = _Played(games.quadratic(seed=options.seed), {"numbers of x": 20, "numbers of y": 20}, lambda: 2.0)
        case "wasserstein":
            random, (m, n) = np.random.default_rng(options.seed), POINTS
            x, y, a, b = (random.random(k) for k in (m, n, m, n))
            problem = transport.on_a_line(x, a / a.sum(), y, b / b.sum())
            game = _Played(problem, {"sources": m, "targets": n}, lambda: math.sqrt(m + n))
        case "cyclic":
            game = _matrix((games.cyclic() + 1) / 2)
        case _:
            game = _matrix(np.array(PAYOFFS[name]))
    return game, name


def _matrix(payoff: Floats) -> _Played:
    """The game of a payoff matrix."""
    import numpy as np

    from formulations.games import matrix_game

    (m, n), game = payoff.shape, matrix_game(payoff)
    plane = ("probability of row 1", "probability of column 1") if (m, n) == (2, 2) else None

    def lipschitz() -> float:
        return float(np.linalg.norm(game.matrix - game.matrix.mean(), 2)) or 1.0  # a constant moves nobody

    return _Played(game, {"rows": m, "columns": n}, lipschitz, plane, (0.0, 1.0))


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
    game: _Played, solution: Solution, trajectories: Sequence[Trajectory], method: str | None
) -> dict[str, Any]:
    """How far the answer is from the saddle point, where that is known, and what became of every method."""
    found: dict[str, Any] = {"methods": [trajectory.shown for trajectory in trajectories]}
    found |= {} if method is None else {"method": method}
    distance = _distance(game, solution)
    return found if distance is None else {"distance_to_saddle": distance, **found}


def _distance(game: _Played, solution: Solution) -> float | None:
    import numpy as np

    saddle, values = getattr(game.problem, "saddle", None), solution.values
    if saddle is None or values is None:
        return None
    return math.hypot(*(float(np.linalg.norm(values[name] - at)) for name, at in saddle.items()))


def describe(game: _Played, solution: Solution, trajectories: Sequence[Trajectory]) -> Iterable[str]:
    """Both players' choices, and what became of every method."""
    answer = both(solution)
    for player, name in (("maximizing", "x"), ("minimizing", "y")):
        if isinstance(answer, Mapping) and name in answer:
            yield f"{player} player: {_listed(answer[name])}"
    yield from _dominated(solution)
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
            more = f", ... {len(found) - SHOWN:,} more (--json has them all)" if len(found) > SHOWN else ""
            yield f"dominated {side}s, one after the other: {', '.join(found[:SHOWN])}{more}"


def _error(game: _Played) -> str:
    return "bound - value" if getattr(game.problem, "saddle", None) is None else "distance to the saddle point"


def _listed(numbers: Sequence[float]) -> str:
    """The numbers that are not 0, with their places."""
    used = [f"{k}: {number:.6g}" for k, number in enumerate(numbers, start=1) if abs(number) > USED]
    more = f", ... {len(used) - SHOWN:,} more (--json has them all)" if len(used) > SHOWN else ""
    return ", ".join(used[:SHOWN]) + more if used else "0"


def draw(game: _Played, source: str, solution: Solution, trajectories: Sequence[Trajectory]) -> Figure:
    """Where every method goes, and how far from the saddle point it is."""
    import numpy as np

    from problems.pictures.trajectories import figure_of

    if not trajectories:
        raise InputError("--plot: there was no time to play any method within --time-limit; allow more")
    value = "" if solution.value is None else f": value {solution.value:.6g}"
    title = f"{source}{value}, {solution.status}"
    return figure_of(trajectories, title=title, error=_error(game), plane=game.plane, window=np.array(game.window))


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
