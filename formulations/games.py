"""Small games whose saddle points are known or can be computed, to watch methods by.

    product      max over x, min over y of  x y, on [-1, 1]^2 or the whole plane
    bilinear     ...  b'x + x'Ay + c'y
    quadratic    ...  b'x + x'Ay + c'y - x'Px / 2 + y'Qy / 2,  P and Q positive definite
    matrix game  max over x, min over y in probability simplices of  x'Ay

A matrix game is a linear program (von Neumann 1928; Dantzig 1951): the row player secures min over j of (A'x)_j with
the mixed strategy x, the column player lets no one have more than max over i of (Ay)_i, and the best of both are equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import cvxpy as cp
import numpy as np
from numpy.typing import ArrayLike

from formulations.players.domains import Box, Simplex
from formulations.players.starts import at
from formulations.problem import (
    Block,
    Floats,
    MatrixGame,
    Number,
    Players,
    Problem,
    Reference,
    SaddleProblem,
    Term,
    Values,
)

if TYPE_CHECKING:
    from torch import Generator, Tensor

MAX_MAGNITUDE = 1e100  # sums of products of greater payoffs would overflow


@dataclass(frozen=True, kw_only=True)
class Game(SaddleProblem):
    """A saddle problem with a known saddle point, block name -> its values there; or with known stationary points."""

    saddle: Mapping[str, Floats]
    others: Sequence[Mapping[str, Floats]] = ()

    def distance(self, players: Players) -> float:
        """From the nearest of them."""
        return min(
            math.hypot(*(float(np.linalg.norm(np.asarray(players[name]) - to)) for name, to in point.items()))
            for point in (self.saddle, *self.others)
        )


def product(bounded: bool = True) -> Game:
    """x y from (1/2, 1/2), on the square [-1, 1]^2 or the plane; the saddle is the origin.

    >>> from solvers import solve
    >>> solve(product()).status
    'optimal'
    """
    game = _quadratic(np.ones((1, 1)), {"x": np.zeros(1), "y": np.zeros(1)}, start=0.5)
    if not bounded:
        return game
    square: dict[str, Any] = {
        side: {name: replace(block, domain=Box(-1.0, 1.0)) for name, block in blocks.items()}
        for side, blocks in (("maximize_over", game.maximize_over), ("minimize_over", game.minimize_over))
    }
    return replace(
        game,
        **square,
        value=lambda players: -abs(float(players["x"])),
        bound=lambda players: abs(float(players["y"])),
    )


def bilinear(n: int = 20, condition: float = 10.0, seed: int = 0) -> Game:
    """b'x + x'Ay + c'y from the origin, the saddle's 2n numbers standard normal.

    A's singular vectors are uniformly random, its singular values go from 1 to 1 / condition in equal ratios.

    >>> {name: at.shape for name, at in bilinear(3).saddle.items()}
    {'x': (3,), 'y': (3,)}
    """
    random = np.random.default_rng(seed)
    return _quadratic(_matrix(n, condition, random), _saddle(n, random))


def quadratic(n: int = 20, condition: float = 10.0, seed: int = 0) -> Game:
    """b'x + x'Ay + c'y - x'Px / 2 + y'Qy / 2 from the origin: as bilinear(), P and Q with A's singular values.

    >>> from solvers import solve
    >>> solve(quadratic(3, 2.0)).status
    'optimal'
    """
    random = np.random.default_rng(seed)
    A, saddle = _matrix(n, condition, random), _saddle(n, random)
    P, Q = (_matrix(n, condition, random, symmetric=True) for _ in range(2))
    return _quadratic(A, saddle, P, Q)


def matrix_game(payoff: ArrayLike) -> MatrixGame:
    """x'Ay for the payoff A, finite (m, n): the answer is the rows' and the columns' mixed strategy.

    Both start at random. It is played with payoffs relative to a typical one, since a constant changes no strategy.
    Raises ValueError unless A is a finite matrix with rows and columns.

    >>> game = matrix_game([[3, 0], [1, 2]])
    >>> from solvers import solve
    >>> round(solve(game, "highs").value, 9)
    1.5
    """
    A = _finite(payoff)
    A, constant = _without_constant(A, float(np.partition(A, A.size // 2, axis=None)[A.size // 2]))
    step = cache(lambda: least_difference(A))

    @cache
    def entries() -> Tensor:
        import torch

        return torch.tensor(A)

    def rows_guarantee(players: Players) -> Number:
        return Fraction(constant) + Fraction(float((_mixed(players["x"]) @ A).min()))

    def columns_guarantee(players: Players) -> Number:
        return Fraction(constant) + Fraction(float((A @ _mixed(players["y"])).max()))

    return MatrixGame(
        maximize_over={"x": Block(_random_mixture(len(A)), Simplex())},
        minimize_over={"y": Block(_random_mixture(len(A.T)), Simplex())},
        payoff=[Term(lambda x, y: _form(x, entries(), y), ["x", "y"])],
        answer=lambda players: {"x": _mixed(players["x"]).tolist(), "y": _mixed(players["y"]).tolist()},
        value=rows_guarantee,
        bound=columns_guarantee,
        size=lambda players: size_in_play(A, _mixed(players["x"]), _mixed(players["y"]), step()),
        model=lambda: matrix_game_lp(payoff),
        matrix=A,
        maths={
            "maximize over x": r"x^{\top} A y, \quad x \geq 0, \quad \mathbf{1}^{\top} x = 1",
            "minimize over y": r"y \geq 0, \quad \mathbf{1}^{\top} y = 1",
        },
    )


def matrix_game_lp(payoff: ArrayLike) -> Problem:
    """maximize u v + c subject to v <= (B'x)_j for every column j, x a mixed strategy of the rows, A = u B + c.

    c is the least payoff and u a typical one, so that the program is the same whatever is added to the payoffs, and
    whatever their unit. The multipliers of "columns", divided by their sum, are the columns' mixed strategy.

    >>> from solvers import solve
    >>> solve(matrix_game_lp([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]), "glop").status
    'optimal'
    """
    A, c = _without_constant(_finite(payoff), float(np.min(_finite(payoff))))
    u = 2.0 ** np.ceil(np.log2(np.median(np.abs(A[A != 0])))) if A.any() else 1.0  # dividing by it rounds nothing
    B = A / u
    x = cp.Variable(len(B), name="x", bounds=[0, 1])
    room = float(np.abs(B).max()) + 1  # v is not to rest on its bounds, which only keep the certificate finite
    v = cp.Variable(name="v", bounds=[-2 * room, 2 * room])
    step = cache(lambda: least_difference(A))

    def size(values: Values) -> float:
        against = _mixed(values["x"]) @ A
        return size_in_play(A, _mixed(values["x"]), _mixed(against == against.min()), step())

    return Problem(
        objective=cp.Maximize(u * v + c),
        subject_to={"columns": B.T @ x >= v, "mixture": cp.sum(x) == 1},  # type: ignore[attr-defined, dict-item]
        answer=lambda values: {"x": _mixed(values["x"]).tolist()},
        repair=lambda values: _best_guarantee(B, values["x"]),
        size=size,
    )


def size_in_play(A: Floats, x: Floats, y: Floats, step: float | None = None) -> float:
    """The mean distance of the payoffs in play from their mean, plus the least difference between any two payoffs.

    The first counts no choice that nobody makes, however large its payoffs; the second is there where play is pure.
    step: that least difference, if it is known already, as sorting all payoffs takes longest.

    >>> size_in_play(np.array([[0.0, 2.0], [2.0, 0.0]]), np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    3.0
    """
    rows, columns = np.flatnonzero(x), np.flatnonzero(y)
    p, q, played = x[rows], y[columns], A[np.ix_(rows, columns)]
    return float(p @ np.abs(played - p @ played @ q) @ q) + (least_difference(A) if step is None else step)


def least_difference(A: Floats) -> float:
    """The least difference between any two numbers that differ; 0 if all are equal.

    >>> least_difference(np.array([[0.0, 2.0], [2.0, 0.5]]))
    0.5
    """
    steps = np.diff(np.unique(A))
    return float(steps.min()) if len(steps) else 0.0


def _without_constant(A: Floats, constant: float) -> tuple[Floats, float]:
    """A less that constant, and the constant; A itself and 0 where subtracting would round."""
    less = A - constant
    return (less, constant) if (less + constant == A).all() else (A, 0.0)


def cyclic(n: int = 3) -> Floats:
    """The payoff, float64 (n, n), of rock, paper, scissors and the like: i beats the half of all before it in a circle.

    Raises ValueError unless n is odd and at least 3.

    >>> cyclic(3).tolist()
    [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]
    """
    if n < 3 or n % 2 == 0:
        raise ValueError(f"a cyclic game has an odd number of choices, 3 at least, not {n}")
    ahead = (np.arange(n)[:, None] - np.arange(n)) % n
    return np.where(ahead == 0, 0.0, np.where(ahead <= n // 2, 1.0, -1.0))


def _quadratic(
    A: Floats, saddle: Mapping[str, Floats], P: Floats | None = None, Q: Floats | None = None, start: float = 0.0
) -> Game:
    """b'x + x'Ay + c'y - x'Px / 2 + y'Qy / 2 with b and c such that both gradients vanish at that saddle."""
    import torch

    b, c = -A @ saddle["y"], -A.T @ saddle["x"]
    if P is not None and Q is not None:
        b, c = b + P @ saddle["x"], c - Q @ saddle["y"]
    tA, tb, tc = map(torch.tensor, (A, b, c))
    game = Game(
        maximize_over={"x": Block(at(np.full(len(b), start)))},
        minimize_over={"y": Block(at(np.full(len(c), start)))},
        payoff=[
            Term(lambda x, y: _form(x, tA, y), ["x", "y"]),
            Term(lambda x: x @ tb.to(x.device), ["x"]),
            Term(lambda y: y @ tc.to(y.device), ["y"]),
        ],
        answer=lambda players: {name: players[name].tolist() for name in ("x", "y")},
        saddle=saddle,
        maths={"maximize over x, minimize over y": r"b^{\top} x + x^{\top} A y + c^{\top} y"},
    )
    return game if P is None or Q is None else _strongly(game, A, b, c, P, Q)


def _strongly(game: Game, A: Floats, b: Floats, c: Floats, P: Floats, Q: Floats) -> Game:
    """The same with - x'Px / 2 + y'Qy / 2, where both players have a best response in closed form."""
    import torch

    tP, tQ = torch.tensor(P), torch.tensor(Q)

    def at(x: Floats, y: Floats) -> float:
        return float(b @ x + x @ A @ y + c @ y - x @ P @ x / 2 + y @ Q @ y / 2)

    def value(players: Players) -> float:
        x = players["x"].numpy()
        return at(x, -np.linalg.solve(Q, A.T @ x + c))

    def bound(players: Players) -> float:
        y = players["y"].numpy()
        return at(np.linalg.solve(P, A @ y + b), y)

    own = [Term(lambda x: -_form(x, tP, x) / 2, ["x"]), Term(lambda y: _form(y, tQ, y) / 2, ["y"])]
    known = Reference("payoff at the known saddle", lambda: at(game.saddle["x"], game.saddle["y"]))
    terms = r"b^{\top} x + x^{\top} A y + c^{\top} y - \frac{1}{2} x^{\top} P x + \frac{1}{2} y^{\top} Q y"
    maths = {"maximize over x, minimize over y": terms}
    return replace(game, payoff=[*game.payoff, *own], value=value, bound=bound, references=[known], maths=maths)


def _form(x: Tensor, A: Tensor, y: Tensor) -> Tensor:
    """x'Ay for each member, (members, m) and (members, n) -> (members,)."""
    return ((x @ A.to(x.device)) * y).sum(dim=-1)


def _random_mixture(n: int) -> Callable[[Generator], Tensor]:
    """Uniform on the simplex: exponential numbers divided by their sum."""

    def start(generator: Generator) -> Tensor:
        import torch

        draw = torch.empty(n, dtype=torch.float64, device=generator.device).exponential_(generator=generator)
        return draw / draw.sum()

    return start


def _matrix(n: int, condition: float, random: np.random.Generator, *, symmetric: bool = False) -> Floats:
    """Random, with singular values from 1 to 1 / condition in equal ratios; symmetric: positive definite."""
    U, V = (np.linalg.qr(random.standard_normal((n, n)))[0] for _ in range(2))
    return np.asarray(U * np.geomspace(1, 1 / condition, n) @ (U if symmetric else V).T)


def _saddle(n: int, random: np.random.Generator) -> dict[str, Floats]:
    return {name: random.standard_normal(n) for name in ("x", "y")}


def _finite(payoff: ArrayLike) -> Floats:
    A = np.asarray(payoff, dtype=np.float64)
    if A.ndim != 2 or not A.size:
        raise ValueError(f"a payoff has rows and columns, not shape {A.shape}; give an m x n matrix")
    if not (np.abs(A) <= MAX_MAGNITUDE).all():
        i, j = np.argwhere(~(np.abs(A) <= MAX_MAGNITUDE))[0]
        what = f"the payoff of row {i + 1}, column {j + 1} is {A[i, j]:g}"
        raise ValueError(f"{what}; give numbers within {MAX_MAGNITUDE:g}, divided by a constant if need be")
    return A


def _mixed(weights: Any) -> Floats:
    """The mixed strategy that such weights, up to rounding one already, stand for: >= 0, sum 1; uniform if none."""
    positive = np.maximum(np.asarray(weights, dtype=np.float64), 0.0)
    total = positive.sum()
    return np.asarray(positive / total) if 0 < total < np.inf else np.full(len(positive), 1 / len(positive))


def _best_guarantee(A: Floats, weights: Floats) -> Values:
    x = _mixed(weights)
    return {"x": x, "v": np.asarray((x @ A).min())}
