"""Games of one number against one number, whose payoffs can be drawn as surfaces: four ways in which they end.

    convex-concave   max over x, min over y of  y^2 - x^2
    four saddles     ...  (y^2 - 1)^2 / 4 - (x^2 - 1)^2 / 4 + x y / 5
    limit cycle      ...  y (x - 9/20) + h(y) - h(x),    h(t) = t^2/4 - t^4/2 + t^6/6
    Dirac GAN        max over phi, min over theta of  log sigma(theta phi) + log sigma(0) - gamma phi^2 / 2

each on a square [-r, r]^2, sigma(t) = 1 / (1 + e^-t). For any x and y whatever, weak duality says

    min over y' of f(x, y')  <=  maximin = max over x min over y of f
                             <=  minimax = min over y max over x of f  <=  max over x' of f(x', y).

The first game has a saddle point, where all four meet. The second has four local ones, which no small step improves,
and no other: there the two in the middle differ. In the third, methods of gradients circle around a point where both
gradients vanish (Hsieh, Mertikopoulos & Cevher, The limits of min-max optimization algorithms, 2021, section 5). The
fourth is the simplest generative adversarial network: data that are all 0, a generator that draws theta always, and a
discriminator sigma(phi x). Near its saddle, the origin, it is theta phi / 2, and gamma > 0 is the gradient penalty that
makes it converge (Mescheder, Geiger & Nowozin, Which training methods for GANs do actually converge?, 2018).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.polynomial.polynomial import polyder, polyval2d
from numpy.typing import ArrayLike

from formulations.games import Game
from formulations.players.domains import Box
from formulations.players.starts import at
from formulations.problem import Block, Floats, Players, Term

if TYPE_CHECKING:
    from torch import Tensor

Interval = tuple[float, float]
RADIUS = 1.5  # of the square that polynomials are played on
DIRAC_RADIUS = 2.0
NEWTON_STEPS = 50  # towards a point where both gradients vanish
GRID = 61  # points a side at which the gradient's Lipschitz constant is looked for


@dataclass(frozen=True, kw_only=True)
class PlanarGame(Game):
    """A game of x against y on [-radius, radius]^2.

    lipschitz   of the payoff's gradient there, nearly
    guarantees  how close -> intervals, at most that wide, that hold the best guarantees of the maximizing and of the
                minimizing player: max over x min over y, and min over y max over x; None where a saddle point is known
    """

    radius: float
    lipschitz: float
    guarantees: Callable[[float], tuple[Interval, Interval]] | None = None


def convex_concave() -> PlanarGame:
    """y^2 - x^2 from (1, 1): the saddle point is the origin.

    >>> from solvers import solve
    >>> solve(convex_concave()).status
    'optimal'
    """
    return _polynomial([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]], [(0.0, 0.0)], start=(1.0, 1.0))


def four_saddles() -> PlanarGame:
    """(y^2 - 1)^2 / 4 - (x^2 - 1)^2 / 4 + x y / 5 from (0.2, 0.5): four local saddle points, near (1 or -1, 1 or -1).

    >>> (maximin, _), (_, minimax) = four_saddles().guarantees(1e-3)
    >>> bool(maximin < minimax)
    True
    """
    C = np.zeros((5, 5))
    C[2, 0], C[4, 0], C[0, 2], C[0, 4], C[1, 1] = 0.5, -0.25, -0.5, 0.25, 0.2
    return _polynomial(C, [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)], start=(0.2, 0.5), global_=False)


def limit_cycle() -> PlanarGame:
    """y (x - 9/20) + h(y) - h(x) from (1/2, 1/2); from nearer to where both gradients vanish, methods do converge.

    >>> {name: float(number.round(3)[0]) for name, number in limit_cycle().saddle.items()}
    {'x': 0.412, 'y': 0.078}
    """
    h, C = np.array([0, 0, 1 / 4, 0, -1 / 2, 0, 1 / 6]), np.zeros((7, 7))
    C[:, 0], C[0] = -h, h
    C[0, 1], C[1, 1] = -9 / 20, 1.0
    return _polynomial(C, [(0.4, 0.1)], start=(0.5, 0.5), global_=False)


def dirac_gan(penalty: float = 0.0) -> PlanarGame:
    """log sigma(theta phi) + log sigma(0) - penalty phi^2 / 2 from (1, 1); the discriminator phi maximizes.

    Raises ValueError for a penalty below 0.

    >>> from solvers import solve
    >>> found = solve(dirac_gan(1.0))
    >>> found.status, round(found.value, 6)  # 2 log(1/2): the discriminator cannot tell
    ('optimal', -1.386294)
    """
    if not 0 <= penalty < math.inf:
        raise ValueError(f"the penalty is {penalty}; give a number from 0 on")

    def payoff(phi: Tensor, theta: Tensor) -> Tensor:
        import torch

        told = torch.nn.functional.logsigmoid(phi * theta)
        return (told - math.log(2) - penalty * phi.square() / 2).sum(-1)

    def value(players: Players) -> float:
        phi = abs(float(players["phi"]))
        return _log_sigmoid(-phi * DIRAC_RADIUS) - math.log(2) - penalty * phi**2 / 2

    def bound(players: Players) -> float:
        theta = abs(float(players["theta"]))
        at_edge = _log_sigmoid(theta * DIRAC_RADIUS)
        if penalty > 0:  # log sigma(t) <= log sigma(0) + t / 2, as it is concave
            at_edge = min(at_edge, theta**2 / (8 * penalty) - math.log(2))
        return at_edge - math.log(2)

    square = Box(-DIRAC_RADIUS, DIRAC_RADIUS)
    return PlanarGame(
        maximize_over={"phi": Block(at([1.0]), square)},
        minimize_over={"theta": Block(at([1.0]), square)},
        payoff=[Term(payoff, ["phi", "theta"])],
        answer=lambda players: {name: players[name].tolist() for name in ("phi", "theta")},
        value=value,
        bound=bound,
        saddle={"phi": np.zeros(1), "theta": np.zeros(1)},
        radius=DIRAC_RADIUS,
        lipschitz=1.0 + penalty,
        maths={"maximize over phi, minimize over theta": r"\log \sigma(\theta \varphi) - \gamma \varphi^2 / 2"},
    )


def best_guarantee(
    guaranteed: Callable[[float], float], slope: float, radius: float, gap: float
) -> tuple[float, float]:
    """An interval, at most `gap` wide, that holds the maximum of a function on [-radius, radius].

    slope: a Lipschitz constant of the function. Where the least upper bound is, an interval is halved
    (Piyavskii, An algorithm for finding the absolute extremum of a function, 1972).

    >>> low, high = best_guarantee(lambda x: -(x**2), 2.0, 1.0, 0.01)
    >>> bool(low <= 0 <= high <= low + 0.01)
    True
    """
    ends = [(t, guaranteed(t)) for t in (-radius, radius)]
    best = max(v for _, v in ends)

    def entry(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, tuple[float, float], tuple[float, float]]:
        return -(a[1] + b[1] + slope * (b[0] - a[0])) / 2, a, b

    intervals = [entry(*ends)]
    while -intervals[0][0] - best > gap:
        _, a, b = heapq.heappop(intervals)
        middle = (a[0] + b[0]) / 2
        found = middle, guaranteed(middle)
        best = max(best, found[1])
        for part in (entry(a, found), entry(found, b)):
            heapq.heappush(intervals, part)
    return best, max(best, -intervals[0][0])


def _polynomial(
    coefficients: ArrayLike, near: Sequence[tuple[float, float]], start: tuple[float, float], *, global_: bool = True
) -> PlanarGame:
    """The sum of C_ij x^i y^j, with the points near those given where both gradients vanish.

    What a player guarantees is the least, or the greatest, of a polynomial in the other's number, at a root of its
    derivative or at an end. global_: whether the first point is a saddle point of the whole square.
    """
    C = np.asarray(coefficients, dtype=np.float64)
    square, points = Box(-RADIUS, RADIUS), [_stationary(C, *point) for point in near]

    def secured(x: float) -> float:
        return _least(x ** np.arange(len(C)) @ C)

    def allowed(y: float) -> float:
        return -_least(-(C @ y ** np.arange(len(C.T))))

    def guarantees(gap: float) -> tuple[Interval, Interval]:
        maximin = best_guarantee(secured, _steepest(C), RADIUS, gap)
        low, high = best_guarantee(lambda y: -allowed(y), _steepest(C.T), RADIUS, gap)
        return maximin, (-high, -low)

    def payoff(x: Tensor, y: Tensor) -> Tensor:
        import torch

        i, j = (torch.arange(k, dtype=x.dtype, device=x.device) for k in C.shape)
        return ((x**i @ torch.tensor(C, dtype=x.dtype, device=x.device)) * y**j).sum(-1)

    saddle, *others = ({"x": np.array([x]), "y": np.array([y])} for x, y in points)
    return PlanarGame(
        maximize_over={"x": Block(at([start[0]]), square)},
        minimize_over={"y": Block(at([start[1]]), square)},
        payoff=[Term(payoff, ["x", "y"])],
        answer=lambda players: {name: players[name].tolist() for name in ("x", "y")},
        value=lambda players: secured(float(players["x"])),
        bound=lambda players: allowed(float(players["y"])),
        saddle=saddle,
        others=others,
        radius=RADIUS,
        lipschitz=_lipschitz(C),
        guarantees=None if global_ else guarantees,
        maths={"maximize over x, minimize over y": r"\sum_{i, j} C_{ij} x^i y^j"},
    )


def _least(coefficients: Floats) -> float:
    """The least value on [-RADIUS, RADIUS] of a polynomial, its coefficients from the constant on."""
    p = Polynomial(coefficients).trim()
    t = np.clip(np.r_[p.deriv().roots().real, -RADIUS, RADIUS], -RADIUS, RADIUS)
    return float(p(t).min())


def _steepest(C: Floats) -> float:
    """A Lipschitz constant of x -> min over y: by the sizes of the terms of the derivative by x."""
    powers = [RADIUS ** np.arange(k) for k in C.shape]
    return float(np.arange(1, len(C)) * powers[0][:-1] @ np.abs(C[1:]) @ powers[1])


def _derivatives(C: Floats, x: Any, y: Any) -> tuple[Floats, Floats]:
    """The gradient (2, ...) and the second derivatives (2, 2, ...) at those points."""
    by_x, by_y = polyder(C, axis=0), polyder(C, axis=1)
    gradient = np.array([polyval2d(x, y, by_x), polyval2d(x, y, by_y)])
    second = [[polyval2d(x, y, polyder(part, axis=axis)) for axis in (0, 1)] for part in (by_x, by_y)]
    return gradient, np.array(second)


def _stationary(C: Floats, x: float, y: float) -> tuple[float, float]:
    """Where both gradients vanish, by Newton's method from there."""
    point = np.array([x, y])
    for _ in range(NEWTON_STEPS):
        gradient, second = _derivatives(C, *point)
        point = point - np.linalg.solve(second, gradient)
    return float(point[0]), float(point[1])


def _lipschitz(C: Floats) -> float:
    """The largest norm of the second derivatives on a grid of the square."""
    t = np.linspace(-RADIUS, RADIUS, GRID)
    _, second = _derivatives(C, *np.meshgrid(t, t))
    return float(np.linalg.norm(np.moveaxis(second, (0, 1), (-2, -1)), 2, axis=(-2, -1)).max())


def _log_sigmoid(t: float) -> float:
    return -float(np.logaddexp(0.0, -t))
