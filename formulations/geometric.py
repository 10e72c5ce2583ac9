"""The geometric generator: fitted by its likelihood, and as a game against a discriminator.

Uniform noise u in (0, 1] becomes the number of throws until the first success of probability p,

    X = f_p(u) = ceil(log u / log(1 - p)),    P(X = x) = p (1 - p)^(x - 1),

the inverse of its distribution function. Of data with the mean m the log-likelihood, per observation, is

    V(p) = log p + (m - 1) log(1 - p),        greatest at p = 1 / m = n / sum of x.

As a concave program: maximize log s + (m - 1) log t subject to s + t <= 1, whose Lagrangian dual function is

    mu - 1 - log mu + (m - 1) (log((m - 1) / mu) - 1)  >=  V(p),  for all mu > 0 and all p.

As a game: V depends on the data through m alone, as if they had the frequencies q of the geometric law of mean m. So

    V(p)  <=  const - E_data log d(x) + E_noise d(f_p(u)),      const = sum of q log q - 1 = V(1 / m) - 1,

for any discriminator d > 0 (formulations.weak_dual), and d(x) = exp(a + b (x / m - 1)) is enough to make it tight, as
q / p is of that form. Its expectation under the generator is, where (1 - p) e^(b/m) < 1,

    E_noise d  =  p e^(a + b/m - b) / (1 - (1 - p) e^(b/m)).

For b <= 0 that increases with p, up to e^(a + b/m - b) at p = 1: such a d bounds V(p) for all p at once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from formulations.players.domains import Box
from formulations.players.starts import at
from formulations.problem import Block, Floats, Ints, Players, Problem, Reference, SaddleProblem, Term, Values
from formulations.weak_dual import divergence

if TYPE_CHECKING:
    from torch import Tensor

LEAST, MOST = 0.5, 2.0  # the p, and the 1 - p, that the game is played on, relative to the best
STEEPEST, RISING = -1.0, 0.25  # the b: E_noise d stays below 2 e^a on these p, whatever m is
ALIKE = 1e-6  # p that count as the same
ROUNDING = 4  # units in the last place by which the bound may be off


def draws(p: float, u: ArrayLike) -> Ints:
    """f_p(u), int64, for u float64 in (0, 1] and p in (0, 1]."""
    with np.errstate(divide="ignore"):
        rate = np.log1p(-np.float64(p))  # -inf for p = 1: every throw succeeds
    thrown: Ints = np.maximum(np.ceil(np.log(np.asarray(u)) / rate), 1).astype(np.int64)
    return thrown


def likelihood(p: float, m: float) -> float:
    """V(p) = log p + (m - 1) log(1 - p) in nats; -inf where it is, 0 log 0 being 0.

    >>> round(likelihood(0.5, 2.0), 6)  # 2 log(1/2)
    -1.386294
    """
    if not 0 < p <= 1:
        return -math.inf
    return math.log(p) + ((m - 1) * math.log1p(-p) if p < 1 else 0.0 if m == 1 else -math.inf)


def geometric(value: ArrayLike, count: ArrayLike | None = None) -> Problem:
    """The most likely p, as a concave program; value and count, whole numbers from 1, (k,), are the data.

    Raises ValueError for other data.

    >>> from solvers import solve
    >>> round(solve(geometric([1, 2, 3])).answer, 6)
    0.5
    """
    x, frequency = _data(value, count)
    m = float(frequency @ x)
    s, t = cp.Variable(name="s", nonneg=True), cp.Variable(name="t", nonneg=True)
    successes, failures = cp.log(s), (m - 1) * cp.log(t) if m > 1 else 0  # type: ignore[attr-defined]

    def dual(mu: float) -> float:
        if not mu > 0:
            return math.inf
        return float(mu - 1 - math.log(mu) + xlogy(m - 1, (m - 1) / mu) - (m - 1))

    def repair(values: Values) -> Values:
        s, t = max(float(values["s"]), 0.0), max(float(values["t"]), 0.0) if m > 1 else 0.0
        return {"s": np.asarray(s / (s + t)), "t": np.asarray(t / (s + t))}

    return Problem(
        objective=cp.Maximize(successes + failures),
        subject_to={"total": s + t <= 1},
        answer=lambda values: float(values["s"]),
        repair=repair,
        dual_function=lambda multipliers: dual(float(multipliers["total"])),
        size=lambda _: 1.0,  # nat
        references=[closed_form(m)],
    )


def geometric_game(value: ArrayLike, count: ArrayLike | None = None) -> SaddleProblem:
    """max over p, min over d(x) = exp(a + b (x / m - 1)) of  const - E_data log d(x) + E_noise d(f_p(u)), both exact.

    The generator chooses r, p = (1 + w r) / m, and the discriminator c = w b, where w = sqrt(m - 1) or, if less, 1. In
    these units r and c are coupled by 1 at the saddle whatever m is, so extragradient steps of 0.5 suit all data. The
    generator starts where p is a half or 1 - p is twice of what is best, the discriminator where it is best. The bound
    is rounded up, so that with a gap of 0 the play goes on until it rests. Raises ValueError for other data.

    >>> from solvers import solve
    >>> from solvers.descent_ascent import DescentAscent
    >>> round(solve(geometric_game([1, 2, 3]), DescentAscent(step=0.5), gap=0.0).answer, 6)
    0.5
    """
    import torch

    x, frequency = _data(value, count)
    m = float(frequency @ x)
    best, w = likelihood(1 / m, m), math.sqrt(min(m - 1, 1.0)) or 1.0
    const, rounding = best - 1, ROUNDING * np.spacing(abs(best)) if m > 1 else 0.0
    slowest, fastest = (max(LEAST - 1, 1 - m) / w, min(MOST - 1, (m - 1) / 2) / w)
    share, scaled = torch.tensor(frequency), torch.tensor(x / m - 1)

    def on_data(a: Tensor, c: Tensor) -> Tensor:
        """-E_data log d(x)."""
        return -(share.to(a.device) * (a + c / w * scaled.to(a.device))).sum(dim=-1)

    def on_noise(r: Tensor, a: Tensor, c: Tensor) -> Tensor:
        """E_noise d(f_p(u))."""
        p, b = (1 + w * r) / m, c / w
        tilt = (b / m).exp()
        return (p * tilt * (a - b).exp() / (p * tilt - (b / m).expm1())).squeeze(-1)  # 1 - (1 - p) tilt would cancel

    def made(players: Players) -> float:
        return min((1 + w * float(players["r"])) / m, 1.0)

    def secured(players: Players) -> float:
        """V(p) as V(1 / m) less the divergence from there: V(p) itself is rounded off when p is within 1e-8."""
        p, fitted = made(players), np.array([1 / m, 1 - 1 / m])
        return best - m * divergence(fitted, np.array([p, 1 - p]))

    def bound_on_all(players: Players) -> float:
        b = min(float(players["c"]) / w, 0.0)
        a = b * (m - 1) / m  # the best one: d is 1 at x = 1, so that E_noise d is 1 at most; E_data log d is a
        return best - a + rounding  # const - a + 1, where no 1 swallows digits

    return SaddleProblem(
        maximize_over={"r": Block(at([slowest]), Box(slowest, fastest))},
        minimize_over={"a": Block(at([0.0])), "c": Block(at([0.0]), Box(w * STEEPEST, w * RISING))},
        payoff=[
            Term(lambda a, c: const + on_data(a, c), ["a", "c"]),
            Term(on_noise, ["r", "a", "c"]),
        ],
        answer=made,
        value=secured,
        bound=bound_on_all,
        size=lambda _: 1.0,  # nat
        model=lambda: geometric(value, count),
        references=[closed_form(m)],
        maths={
            "maximize over p": r"-\text{entropy} - 1 - E_{\text{data}}[\log d(x)] + E_{\text{noise}}[d(f_p(u))]",
            "minimize over d": r"d(x) = \exp(a + b (x / m - 1))",
        },
    )


def closed_form(m: float) -> Reference:
    """V(1 / m)."""
    return Reference("p = n / sum of x", lambda: likelihood(1 / m, m), tolerance=tolerance(m))


def tolerance(m: float) -> float:
    """How close, in nats, V(p) must be to V(1 / m) for p to be within 1e-6 of 1 / m; V is strongly concave.

    >>> tolerance(2.0) < 1e-11
    True
    """
    return likelihood(1 / m, m) - likelihood(max(1 / m - ALIKE, 0.5 / m), m)


def _data(value: ArrayLike, count: ArrayLike | None) -> tuple[Floats, Floats]:
    """The values and their frequencies, both float64 (k,)."""
    x = np.asarray(value, dtype=np.float64)
    n = np.ones_like(x) if count is None else np.asarray(count, dtype=np.float64)
    if x.ndim != 1 or not x.size or n.shape != x.shape:
        raise ValueError(f"there are values of shape {x.shape} and counts of shape {n.shape}; give one count a value")
    for name, numbers in (("value", x), ("count", n)):
        wrong = numbers[~((numbers >= 1) & (numbers == np.rint(numbers)) & np.isfinite(numbers))]
        if len(wrong):
            raise ValueError(f"a {name} is {wrong[0]:.12g}; all must be whole numbers from 1")
    return x, n / n.sum()
