"""Regression against an adversary as a game: the rule descends the mean loss, the adversary ascends it.

    min over w, b   max over the adversary's part of

    perturbation   mean of l(z_i + e_i'w)                             |e_i| <= r, or of margins the same
    wasserstein    mean of l(z_i) + r L d'w                           |d| <= 1, L the steepest slope of l
      squares      root mean square of z_i + r d'w                    the root of the objective
      with kinks   mean of u_i z_i - l*(u_i) + r L d'w                u_i between the least and largest slope of l
    chi-squared    sum of p_i l(z_i) + t (r - mean of (n p_i - 1)^2)  p of sum 1, and t >= 0 the rule's
    kl             sum of p_i l(z_i) + t (r - sum of p_i log(n p_i))  the same
    cvar           sum of p_i l(z_i) + t (1 - sum of p_i)             p_i <= 1 / (n r), and t the rule's

z_i = k_i + a_i'w + s_i b is the residual or the margin of row i (formulations.ambiguity.robust_loss); t is the Lagrange
multiplier of what limits the weights. Given w the worst is known, so the rule's guarantee is
formulations.robust_regression's objective; given the adversary's part, any subgradients of the losses bound what all
rules lose at least. The steps need neither: the adversary's are projected gradient ascent, as adversarial training of
networks has them (Madry et al., Towards deep learning models resistant to adversarial attacks, ICLR 2018). w is played
in units of which no direction is steep, and e_i / r and p_i in units of 1 / sqrt(n), so that the mean of n losses does
not slow the adversary down.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from formulations.ambiguity.robust_loss import Perturbation, RobustLoss, Wasserstein
from formulations.ambiguity.weights import Weights
from formulations.players.domains import Ball, Box, NonNeg, Simplex
from formulations.players.starts import at
from formulations.problem import Block, Floats, Players, SaddleProblem, Term
from formulations.robust_regression import robust_search

if TYPE_CHECKING:
    from torch import Tensor

SMALL = 1e-12  # weights n p whose logarithm is taken for that of a smaller one


def adversarial_game(form: RobustLoss) -> SaddleProblem:
    """The game of that objective; its answer is the rule (w, b), float64 (p + 1,).

    Raises ValueError without an adversary, and for moves measured in the norm of order 1.

    >>> from formulations.robust_regression import robust_loss
    >>> from solvers import solve
    >>> from solvers.descent_ascent import DescentAscent
    >>> form = robust_loss([[-1.0], [1.0], [3.0]], [-1, 1, -1], "logistic", "perturbation", 0.5)
    >>> solve(adversarial_game(form), DescentAscent(method="extragradient", step=1.0, iterations=2000)).gap < 1e-3
    True
    """
    adversary = form.adversary
    if isinstance(adversary, Perturbation | Wasserstein) and (not adversary.radius or adversary.order == 1):
        raise ValueError("the game takes an adversary who may do something, and moves in the norm 2 or inf, not 1")
    centred, (columns, unit) = form.centred, form.units
    columns = columns * np.linalg.norm(centred.A / columns, 2) / np.sqrt(len(centred.k))  # no direction is steeper
    given = centred.in_units(columns, unit)
    match adversary:
        case Perturbation():
            part = _moved(given, adversary, columns)
        case Wasserstein():
            part = _along(given, adversary, columns)
        case _:
            part = _weighed(given, adversary)

    def played(players: Players) -> Floats:
        """The rule for centred data."""
        w, b = (_numbers(players[name]) for name in ("w", "b"))
        return np.append(w * unit / columns, b * unit)

    def at_least(players: Players) -> float:
        with np.errstate(all="ignore"):  # too long steps overflow
            return form.bound(part.dual(centred, played(players), players))

    def at_most(players: Players) -> float:
        with np.errstate(all="ignore"):
            return form.value(form.uncentred(played(players)))

    return SaddleProblem(
        maximize_over=part.adversary,
        minimize_over={"w": Block(at(np.zeros(len(columns)))), "b": Block(at([0.0])), **part.multiplier},
        payoff=[Term(part.payoff, ["w", "b", *part.adversary, *part.multiplier])],
        answer=lambda players: form.uncentred(played(players)),
        value=at_least,
        bound=at_most,
        size=lambda players: form.size(form.uncentred(played(players))),
        model=lambda: robust_search(form),
        maths={"minimize over w, b": part.maths},
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """What an adversary plays, for what, and the dual point that it is at a rule of centred data."""

    adversary: dict[str, Block]
    payoff: Callable[..., Tensor]
    dual: Callable[[RobustLoss, Floats, Players], tuple[Floats, Floats, Floats]]
    maths: str
    multiplier: dict[str, Block] = field(default_factory=dict)


def _moved(given: RobustLoss, adversary: Perturbation, columns: Floats) -> _Part:
    """Every row is moved."""
    n, p = given.A.shape
    reach = n**-0.5
    far = adversary.radius / reach
    rows, per = _residuals(given), far / columns

    def payoff(w: Tensor, b: Tensor, moves: Tensor) -> Tensor:
        return _loss(given, rows(w, b) + (moves * w.new_tensor(per) * w[:, None, :]).sum(dim=-1)).mean(dim=-1)

    def dual(form: RobustLoss, rule: Floats, players: Players) -> tuple[Floats, Floats, Floats]:
        slope = form.loss.slope(form.plain(rule) + far * _numbers(players["moves"]) @ rule[:-1])
        return np.full(n, 1 / n), slope, np.abs(slope)

    domain = Ball(reach) if adversary.order == 2 else Box(-reach, reach)
    maths = r"\max_{\|e_i\| \leq r} \frac1n \sum_i \ell(k_i + (a_i + e_i)^{\top} w + s_i b)"
    return _Part({"moves": Block(at(np.zeros((n, p))), domain)}, payoff, dual, maths)


def _along(given: RobustLoss, adversary: Wasserstein, columns: Floats) -> _Part:
    """Rows are moved along one direction, as far as pays."""
    n, p = given.A.shape
    root, loss = math.sqrt(n), given.loss
    squares, kinked = math.isinf(loss.steepest), loss.curvature is None
    rows, per = _residuals(given), adversary.radius * (1.0 if squares else loss.steepest) / columns

    def payoff(w: Tensor, b: Tensor, direction: Tensor, *slopes: Tensor) -> Tensor:
        z = rows(w, b)
        if kinked:
            lost = (slopes[0] * (z - float(loss.name == "hinge"))).sum(dim=-1) / root
        else:
            lost = z.norm(dim=-1) / root if squares else _loss(given, z).mean(dim=-1)
        return lost + (direction * w.new_tensor(per) * w).sum(dim=-1)

    def dual(form: RobustLoss, rule: Floats, players: Players) -> tuple[Floats, Floats, Floats]:
        slope = _numbers(players["slopes"]) * root if kinked else form.slopes(form.plain(rule))
        return np.full(n, 1 / n), slope, np.abs(slope)

    blocks = {"direction": Block(at(np.zeros(p)), Ball(1.0) if adversary.order == 2 else Box(-1.0, 1.0))}
    if kinked:
        ends = loss.low / root, loss.high / root
        blocks["slopes"] = Block(at(np.full(n, sum(ends) / 2)), Box(*ends))
    lost = r"\sqrt{\frac1n \sum_i z_i^2}" if squares else r"\frac1n \sum_i \ell(z_i)"
    return _Part(blocks, payoff, dual, rf"\max_{{\|d\| \leq 1}} {lost} + r L d^{{\top}} w")


def _weighed(given: RobustLoss, adversary: Weights) -> _Part:
    """Rows are weighed; the weights are played as sqrt(n) p."""
    n, radius = len(given.k), adversary.radius
    root = math.sqrt(n)
    rows = _residuals(given)

    def payoff(w: Tensor, b: Tensor, weights: Tensor, t: Tensor) -> Tensor:
        return (weights * _loss(given, rows(w, b))).sum(dim=-1) / root + t.squeeze(-1) * left(weights)

    def left(weights: Tensor) -> Tensor:
        """How much of the radius, or of the sum, is not spent."""
        match adversary.name:
            case "chi-squared":
                return radius - (weights - 1 / root).square().sum(dim=-1)
            case "kl":
                return radius - (weights * (weights * root).clamp(min=SMALL).log()).sum(dim=-1) / root
        return 1 - weights.sum(dim=-1) / root

    def dual(form: RobustLoss, rule: Floats, players: Players) -> tuple[Floats, Floats, Floats]:
        slope = form.loss.slope(form.plain(rule))
        return _numbers(players["weights"]) / root, slope, np.abs(slope)

    limited = adversary.name == "cvar"
    domain = Box(0.0, 1 / (radius * root)) if limited else Simplex(root)
    spent = {
        "chi-squared": r"\frac1n \sum_i (n p_i - 1)^2 \leq r",
        "kl": r"\sum_i p_i \log n p_i \leq r",
        "cvar": r"p_i \leq \frac1{n r}",
    }
    return _Part(
        {"weights": Block(at(np.full(n, 1 / root)), domain)},
        payoff,
        dual,
        rf"\max_p \{{\sum_i p_i \ell(z_i) : {spent[adversary.name]}\}}",
        {"t": Block(at([0.0 if limited else 1.0]), None if limited else NonNeg())},
    )


def _residuals(form: RobustLoss) -> Callable[[Tensor, Tensor], Tensor]:
    """(w, b) -> z in torch, of each member."""
    import torch

    A, s, k = (torch.tensor(part) for part in (form.A, form.s, form.k))
    return lambda w, b: k.to(w) + w @ A.to(w).T + s.to(w) * b


def _numbers(player: Tensor) -> Floats:
    found: Floats = player.double().cpu().numpy()
    return found


def _loss(form: RobustLoss, z: Tensor) -> Tensor:
    """The loss in torch."""
    from torch.nn.functional import relu, softplus

    match form.loss.name:
        case "squares":
            return z.square()
        case "absolute":
            return z.abs()
        case "huber":
            near = z.abs().clamp(max=form.loss.high)
            return near * (z.abs() - near / 2)
        case "logistic":
            return softplus(-z)
    return relu(1 - z)
