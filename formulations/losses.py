"""What a generator and its discriminator are scored by: one row for each loss.

With data X from q, samples f(Z) from p, and v the discriminator's output, f maximizes and d minimizes the payoff:

                      payoff                                                  its minimum over d           best v
    lagrangian, kl    E_q[-v] + E_p[e^v]                                      1 - KL(q || p)               log q / p
    minimax           E_q[-log D] + E_p[-log(1 - D)],  D = e^v / (1 + e^v)    log 4 - 2 JS(q, p)           log q / p
    least-squares     E_q[(v - 1)^2] / 2 + E_p[v^2] / 2                       (2 - Le Cam(q, p)) / 8       q / (q + p)
    wasserstein       E_q[-v] + E_p[v],  slopes of v about 1 at most          -W_1(q, p)                   a potential
    relativistic      E log(1 + e^(v(f(Z)) - v(X)))                           log 2 - JS(q x p, p x q)     log q / p + c
    began             E_q L - k E_p L,  L the error of an auto-encoder                                     none
    mmd               -MMD^2(q, p), the best discriminator being known                                     none

What f climbs in place of the payoff, where that is another thing: E_q log p itself for "likelihood"; for another
f-divergence (formulations.f_divergence) E_p f*(f'(e^v)), v by the payoff of minimax, as its best is log q / p as well:
there the slope is that of -D_f, and in games of their own ratios explode (Uehara et al., Generative adversarial nets
from a density ratio estimation perspective, 2016), so that "js" and "gan" are minimax in other units;
E_p log D for "non-saturating", -E_p[(v - 1)^2] / 2 for "least-squares", -E log(1 + e^(v(X) - v(f(Z)))) for
"relativistic", and -E_p L for "began", where k is to keep E_p L at E_q L.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor, nn

from formulations.began import began, multiplier
from formulations.divergences.table import LE_CAM
from formulations.f_divergence import DIVERGENCES, FDivergence
from formulations.least_squares import least_squares
from formulations.mmd import inverse_multiquadric, mixture, moment_matching
from formulations.players.generators import discriminator
from formulations.players.losses import Blur, lagrangian, likelihood, log_d_trick, minimax, of_samples
from formulations.players.networks import autoencoder
from formulations.players.penalties import gradient_penalty, r1, r2
from formulations.problem import Block, Players, Term
from formulations.relativistic import relativistic
from formulations.wasserstein import critic

LOSSES = (
    "likelihood",
    "lagrangian",
    "minimax",
    "non-saturating",
    *DIVERGENCES,
    "least-squares",
    "wasserstein",
    "relativistic",
    "began",
    "mmd",
)
SLOPES = 0.1  # weight of the penalties on slopes, of losses whose discriminators are else too steep to climb
WIDTHS = (1 / 64, 1 / 16, 1 / 4, 1.0)  # in standard deviations of the data, of the kernels that "mmd" is the mean of
KERNEL = mixture(*map(inverse_multiquadric, WIDTHS))
CODE = 16  # numbers that the auto-encoder of "began" restores rows from: of fewer it restores the mean, to begin with
SURE = 1e-3  # how near to 0 and 1 a share q / (q + p) is believed
PAYOFFS = {
    "minimax": r"E_q[-\log D(X)] + E[-\log(1 - D(f(Z)))], \quad D = \frac{d}{1 + d}",
    "lagrangian": r"E_q[-\log d(X)] + E[d(f(Z))], \quad d > 0",
    "least-squares": r"\tfrac12 E_q[(D(X) - 1)^2] + \tfrac12 E[D(f(Z))^2]",
    "relativistic": r"E[\log(1 + e^{v(f(Z)) - v(X)})]",
    "began": r"E_q[L(X)] - k E[L(f(Z))], \quad L(x) = |x - d(x)|^2, \quad 0 \leq k \leq 1",
    "wasserstein": r"E_q[-S(X)] + E[S(f(Z))], \quad |S(x) - S(y)| \leq |x - y|",
}
CLIMBED = r"E[f^*(f'(d(f(Z))))]"  # of an f-divergence, by a discriminator of another game


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The terms of one loss, and what the discriminator's output means.

    payoff      terms that f is to maximize and d to minimize
    surrogate   terms that f climbs in place of the payoff, if any
    penalties   terms that d pays besides
    multipliers blocks that maximize besides f
    network     what d is: hidden layers, centers and scales of the data, random numbers -> a module
    log_ratio   the output v -> an estimate of log q / p; None where it says nothing of that
    divergence  the f-divergence that f makes small where d is best; None if none
    maths       what each line of the problem says, in LaTeX
    """

    payoff: Sequence[Term]
    surrogate: Sequence[Term] | None = None
    penalties: Sequence[Term] = ()
    multipliers: Mapping[str, Block] = field(default_factory=dict)
    network: Callable[..., nn.Module] = discriminator
    log_ratio: Callable[[Tensor], Tensor] | None = None
    divergence: FDivergence | None = None
    maths: dict[str, str]

    @property
    def adversarial(self) -> bool:
        """Whether there is a discriminator."""
        return any("d" in term.blocks for term in self.payoff)


def objective(loss: str, scale: Tensor | float = 1.0, blur: Blur | None = None, told: bool = False) -> Objective:
    """The row of that name; raises ValueError if there is none.

    scale        the standard deviations of the data, (d,): slopes and distances are in these units
    blur, told   as in formulations.gan

    >>> objective("pearson").divergence.name, objective("mmd").adversarial, objective("wasserstein").log_ratio
    ('pearson', False, None)
    """
    slopes = [penalty(weight=SLOPES, scale=scale, told=told) for penalty in (r1, r2)]
    match loss:
        case "lagrangian" | "likelihood" | "kl":
            game = Objective(
                payoff=lagrangian(blur, told),
                surrogate=likelihood() if loss == "likelihood" else None,
                log_ratio=as_it_is,
                divergence=DIVERGENCES["kl"],
                maths=played("lagrangian", r"E_q[\log p(X)]" if loss == "likelihood" else None),
            )
        case "minimax" | "non-saturating":
            game = Objective(
                payoff=minimax(blur, told),
                surrogate=log_d_trick(blur, told) if loss == "non-saturating" else None,
                log_ratio=as_it_is,
                divergence=DIVERGENCES["js"],
                maths=played("minimax", r"E[\log D(f(Z))]" if loss == "non-saturating" else None),
            )
        case "least-squares":
            payoff, surrogate = least_squares(blur=blur, told=told)
            game = Objective(
                payoff=payoff,
                surrogate=surrogate,
                penalties=slopes,
                log_ratio=lambda v: torch.logit(v, SURE),
                divergence=LE_CAM,
                maths=played("least-squares", r"-\tfrac12 E[(D(f(Z)) - 1)^2]"),
            )
        case "wasserstein":
            penalty = gradient_penalty(one_sided=True, scale=scale, told=told)
            game = Objective(payoff=critic(blur, told), penalties=[penalty], maths=played("wasserstein"))
        case "relativistic":
            payoff, surrogate = relativistic(blur, told)
            game = Objective(
                payoff=payoff,
                surrogate=surrogate,
                penalties=slopes,
                log_ratio=as_it_is,
                maths=played("relativistic", r"-E[\log(1 + e^{v(X) - v(f(Z))})]"),
            )
        case "began":
            payoff, surrogate = began(1.0, blur)
            game = Objective(
                payoff=payoff,
                surrogate=surrogate,
                multipliers={"k": multiplier()},
                network=restoring,
                maths={
                    **played("began", "-E[L(f(Z))]"),
                    "ascend in k": r"k (E_q[L(X)] - E[L(f(Z))])",
                },
            )
        case "mmd":
            game = Objective(
                payoff=moment_matching(KERNEL, scale),
                maths={"maximize over f": r"-\text{MMD}^2(q, p), \quad f(Z) \sim p"},
            )
        case _ if loss in DIVERGENCES:
            row = DIVERGENCES[loss]
            game = Objective(
                payoff=minimax(blur, told),
                surrogate=[of_samples(row.charge, blur, told)],
                penalties=[] if loss in ("js", "gan") else slopes,
                log_ratio=as_it_is,
                divergence=row,
                maths={**played("minimax", CLIMBED), "divergence": rf"D_f = \text{{{loss}}}"},
            )
        case _:
            raise ValueError(f"the loss is {loss!r}; it must be one of {', '.join(LOSSES)}")
    return game


def restoring(
    hidden: Sequence[int], center: Tensor, scale: Tensor, generator: Generator, octaves: int = 0, begins: float = 0.0
) -> nn.Module:
    """The error of an auto-encoder, which sees no waves and is told nothing of time.

    >>> restoring([8], torch.zeros(3), torch.ones(3), Generator().manual_seed(0))(torch.zeros(5, 3)).shape
    torch.Size([5])
    """
    return autoencoder(hidden, CODE, center, scale, generator)


def as_it_is(v: Tensor) -> Tensor:
    """Of the outputs that estimate log q / p themselves, perhaps but for a constant.

    >>> as_it_is(torch.ones(1))
    tensor([1.])
    """
    return v


def played(payoff: str, climbed: str | None = None) -> dict[str, str]:
    """The maths of a payoff, and of what f climbs instead of it.

    >>> list(played("minimax", "x"))
    ['maximize over f', 'minimize over d']
    """
    if climbed is None:
        return {"maximize over f, minimize over d": PAYOFFS[payoff]}
    return {"maximize over f": climbed, "minimize over d": PAYOFFS[payoff]}


def log_ratios(players: Players, loss: str) -> Players:
    """The players with a "d" that estimates log q / p, whatever its output is; without one where it says nothing of it.

    >>> d = log_ratios({"f": None, "d": lambda x: x}, "least-squares")["d"]
    >>> d(torch.tensor([0.5])), list(log_ratios({"f": None, "d": None}, "wasserstein"))
    (tensor([0.]), ['f'])
    """
    log_ratio = objective(loss).log_ratio
    if log_ratio is as_it_is:
        return players
    own = {name: player for name, player in players.items() if name != "d"}
    if log_ratio is None:
        return own
    return {**own, "d": lambda *x: log_ratio(players["d"](*x))}
