"""Regression against moves of every row, as a game: the rule descends the mean loss, the adversary ascends it.

    min over w, b   max over e_1, ..., e_n with |e_i| <= r of   mean of l(k_i + (a_i + e_i)'w + s_i b)

k_i + a_i'w + s_i b is the residual or the margin of row i (formulations.ambiguity.robust_loss). Given w the best e_i
are known, so the rule's guarantee is formulations.robust_regression's objective; given the e_i, any subgradients of the
losses bound what all rules lose at least. The steps need neither: the adversary's are projected gradient ascent, as
adversarial training of networks has them (Madry et al., Towards deep learning models resistant to adversarial attacks,
ICLR 2018). w is played in units of which no direction is steep, and e_i / r in a ball of radius 1 / sqrt(n), so that
the mean of n losses does not slow the adversary down. The payoff is convex in the rule, and depends on e_i by e_i'w.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formulations.ambiguity.robust_loss import Perturbation, RobustLoss
from formulations.players.domains import Ball, Box
from formulations.players.starts import at
from formulations.problem import Block, Floats, Players, SaddleProblem, Term
from formulations.robust_regression import robust_search

if TYPE_CHECKING:
    from torch import Tensor


def adversarial_game(form: RobustLoss) -> SaddleProblem:
    """The game of that objective; its answer is the rule (w, b), float64 (p + 1,).

    Raises ValueError unless the adversary moves every row, by a radius above 0 in the norm of order 2 or inf.

    >>> from formulations.robust_regression import robust_loss
    >>> from solvers import solve
    >>> from solvers.descent_ascent import DescentAscent
    >>> form = robust_loss([[-1.0], [1.0], [3.0]], [-1, 1, -1], "logistic", "perturbation", 0.5)
    >>> solve(adversarial_game(form), DescentAscent(method="extragradient", step=1.0, iterations=2000)).gap < 1e-3
    True
    """
    import torch

    adversary = form.adversary
    if not isinstance(adversary, Perturbation) or not adversary.radius or adversary.order == 1:
        raise ValueError("the game is played against moves of every row, by a radius above 0, in the norm 2 or inf")
    centred, radius, (columns, unit) = form.centred, adversary.radius, form.units
    columns = columns * np.linalg.norm(centred.A / columns, 2) / np.sqrt(len(centred.k))  # no direction is steeper
    given = centred.in_units(columns, unit)
    A, s, k, per = (torch.tensor(part) for part in (given.A, given.s, given.k, radius / columns))
    n, p = A.shape
    reach = n**-0.5

    def payoff(w: Tensor, b: Tensor, moves: Tensor) -> Tensor:
        z = k.to(w) + ((A.to(w) + per.to(w) / reach * moves) * w[:, None, :]).sum(dim=-1) + s.to(w) * b
        return _loss(given, z).mean(dim=-1)

    def played(players: Players) -> tuple[Floats, Floats]:
        """The rule for centred data, and the moves."""
        w, b, moves = (players[name].double().cpu().numpy() for name in ("w", "b", "moves"))
        return np.append(w * unit / columns, b * unit), radius / reach * moves

    def rule(players: Players) -> Floats:
        return form.uncentred(played(players)[0])

    def at_least(players: Players) -> float:
        here, moves = played(players)
        with np.errstate(all="ignore"):  # too long steps overflow
            slope = form.loss.slope(centred.plain(here) + moves @ here[:-1])
            return form.bound((np.full(n, 1 / n), slope, np.abs(slope)))

    def at_most(players: Players) -> float:
        with np.errstate(all="ignore"):
            return form.value(rule(players))

    return SaddleProblem(
        maximize_over={
            "moves": Block(at(np.zeros((n, p))), Ball(reach) if adversary.order == 2 else Box(-reach, reach))
        },
        minimize_over={"w": Block(at(np.zeros(p))), "b": Block(at([0.0]))},
        payoff=[Term(payoff, ["w", "b", "moves"])],
        answer=rule,
        value=at_least,
        bound=at_most,
        size=lambda players: form.size(rule(players)),
        model=lambda: robust_search(form),
        maths={
            "minimize over w, b": r"\max_{\|e_i\| \leq r} \frac1n \sum_i \ell(k_i + (a_i + e_i)^{\top} w + s_i b)",
        },
    )


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
