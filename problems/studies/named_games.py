"""The games that the saddle recipe knows by name, and those of payoff matrices, with what there is to know of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from formulations.planar_games import PlanarGame
    from formulations.problem import Floats, SaddleProblem

GAMES = {
    "penalty": "kicker against goalkeeper, left or right: how often 1,417 penalties went in (Palacios-Huerta 2003)",
    "matching-pennies": "won by the row player, counted 1, if both show the same side",
    "cyclic": "rock, paper, scissors, a win counted 1 and a tie 1/2",
    "product": "x y on [-1, 1]^2",
    "product-unbounded": "x y on the plane",
    "convex-concave": "y^2 - x^2 on [-1.5, 1.5]^2: the saddle of the textbooks",
    "four-saddles": "(y^2 - 1)^2 / 4 - (x^2 - 1)^2 / 4 + x y / 5 on [-1.5, 1.5]^2: neither convex nor concave",
    "limit-cycle": "y (x - 9/20) + h(y) - h(x), h(t) = t^2/4 - t^4/2 + t^6/6: methods go round in circles",
    "dirac-gan": "log sigma(theta phi) + log sigma(0): data at 0, a generator at theta, a discriminator sigma(phi x)",
    "dirac-gan-penalized": "the same less 0.3 phi^2 / 2, the gradient penalty that makes it converge",
    "bilinear": "b'x + x'Ay + c'y in 20 + 20 numbers",
    "quadratic": "the same with a strongly concave and a strongly convex term",
    "wasserstein": "potentials against a plan: the Wasserstein-1 distance of 8 and 10 random points",
}
PAYOFFS = {"penalty": [[0.5830, 0.9497], [0.9291, 0.6992]], "matching-pennies": [[1.0, 0.0], [0.0, 1.0]]}
POINTS = 8, 10  # of the two distributions
CLOSE = 1e-3  # how wide the intervals of best guarantees are at most
PENALTY = 0.3  # of the penalized discriminator
NUMBERS = {"numbers of x": 1, "numbers of y": 1}


@dataclass(frozen=True, eq=False)
class Played:
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

    @cached_property
    def guarantees(self) -> Mapping[str, tuple[float, float]] | None:
        """Intervals that hold the best that each player can guarantee, of a game that may have no saddle point."""
        within = getattr(self.problem, "guarantees", None)
        return None if within is None else dict(zip(("maximin", "minimax"), within(CLOSE), strict=True))


def named_game(name: str, seed: int) -> Played:
    """The game of that name in GAMES; its random numbers, if it has any, by the seed.

    >>> named_game("product", 0).size
    {'numbers of x': 1, 'numbers of y': 1}
    """
    import numpy as np

    from formulations import games, planar_games, transport

    match name:
        case "product":
            return Played(games.product(), NUMBERS, lambda: 1.0, ("x", "y"))
        case "product-unbounded":
            return Played(games.product(bounded=False), NUMBERS, lambda: 1.0, ("x", "y"), (-1.5, 1.5))
        case "convex-concave":
            return _planar(planar_games.convex_concave())
        case "four-saddles":
            return _planar(planar_games.four_saddles())
        case "limit-cycle":
            return _planar(planar_games.limit_cycle())
        case "dirac-gan":
            return _planar(planar_games.dirac_gan())
        case "dirac-gan-penalized":
            return _planar(planar_games.dirac_gan(PENALTY))
        case "bilinear":
            return Played(games.bilinear(seed=seed), {"numbers of x": 20, "numbers of y": 20}, lambda: 1.0)
        case "quadratic":
            return Played(games.quadratic(seed=seed), {"numbers of x": 20, "numbers of y": 20}, lambda: 2.0)
        case "wasserstein":
            random, (m, n) = np.random.default_rng(seed), POINTS
            x, y, a, b = (random.random(k) for k in (m, n, m, n))
            problem = transport.on_a_line(x, a / a.sum(), y, b / b.sum())
            return Played(problem, {"sources": m, "targets": n}, lambda: math.sqrt(m + n))
        case "cyclic":
            return game_of_matrix((games.cyclic() + 1) / 2)
        case _:
            return game_of_matrix(np.array(PAYOFFS[name]))


def game_of_matrix(payoff: Floats) -> Played:
    """The game of a payoff matrix, float64 (m, n).

    >>> import numpy as np
    >>> game_of_matrix(np.eye(2)).plane
    ('probability of row 1', 'probability of column 1')
    """
    import numpy as np

    from formulations.games import matrix_game

    (m, n), game = payoff.shape, matrix_game(payoff)
    plane = ("probability of row 1", "probability of column 1") if (m, n) == (2, 2) else None

    def lipschitz() -> float:
        return float(np.linalg.norm(game.matrix - game.matrix.mean(), 2)) or 1.0  # a constant moves nobody

    return Played(game, {"rows": m, "columns": n}, lipschitz, plane, (0.0, 1.0))


def payoff_at(game: Played, x: Floats, y: Floats) -> Floats:
    """The payoff of a game in the plane where its coordinates are x and y, arrays of one shape.

    >>> import numpy as np
    >>> payoff_at(named_game("product", 0), np.array([1.0, 2.0]), np.array([3.0, -1.0])).tolist()
    [3.0, -2.0]
    """
    import numpy as np
    import torch

    names = [next(iter(side)) for side in (game.problem.maximize_over, game.problem.minimize_over)]
    players = {}
    for name, coordinate in zip(names, (x, y), strict=True):
        first = torch.tensor(np.reshape(coordinate, (-1, 1)))
        players[name] = torch.cat([first, 1 - first], dim=1) if game.is_matrix_game else first
    total = torch.stack([term.f(*(players[name] for name in term.blocks)) for term in game.problem.payoff]).sum(dim=0)
    return np.asarray(total.numpy()).reshape(np.shape(x))


def surface_of(game: Played, points: int = 61) -> Floats:
    """The payoff on a grid of the window of a game in the plane, (points, points): a row for each second coordinate.

    >>> surface_of(named_game("convex-concave", 0), 3)[:, 0].tolist()  # y = -1.5, 0, 1.5 at x = -1.5
    [0.0, -2.25, 0.0]
    """
    import numpy as np

    t = np.linspace(*game.window, points)
    return payoff_at(game, *np.meshgrid(t, t))


def _planar(game: PlanarGame) -> Played:
    """The same, with the names of its blocks."""
    (x,), (y,) = game.maximize_over, game.minimize_over
    size = {f"numbers of {x}": 1, f"numbers of {y}": 1}
    return Played(game, size, lambda: game.lipschitz, (x, y), (-game.radius, game.radius))
