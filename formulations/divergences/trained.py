"""A trained lower bound on an f-divergence: the game of formulations.f_divergence with the discriminator alone.

From rows of q and of p a network learns v, an estimate of log q / p, by 60 % of them. Whatever it has learnt,
S = f'(e^v) is one S, and held-out rows bound the divergence by it. What it climbs is the bound of Goodfellow's game,
at which v = log q / p is best, too: its gradients are bounded, where those of f can be as large as f(q/p) and lead
astray (of Pearson's between Gaussians in 5 dimensions they cost 4 % of the divergence, and those of the game 1 %).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Generator, Tensor, nn

from formulations.divergences.confidence import at_least, best_cap
from formulations.divergences.samples import two_samples
from formulations.divergences.table import GAN, FDivergence, at, named
from formulations.likelihood.data import FEWEST_ROWS, SPLIT_SHARES, mapped, resampled
from formulations.likelihood.held_out import refuse_level
from formulations.players.networks import Capped, Scalar, mlp
from formulations.problem import Block, Floats, Players, SaddleProblem, Term

HIDDEN = (64, 64)
FURTHEST = 100.0  # that a row may lie from the mean, in standard deviations
LARGEST_OUTPUT = 10.0  # of the network, so that no e^v overflows
TRAIN, WATCH, HELD_OUT = range(3)  # the parts of a sample


@dataclass(frozen=True)
class Told:
    """What a network tells of two laws.

    log_ratio  rows (k, d) -> its estimate of log q / p there, float64 (k,)
    estimate   E_q S - E_p f*(S) by the held-out rows, S = f'(e^v) with |v| <= cap: without bias, but no bound
    cap        the largest |v|
    """

    log_ratio: Callable[[ArrayLike], Floats]
    estimate: float
    cap: float


def trained_bound(
    f: FDivergence | str,
    x: ArrayLike,
    y: ArrayLike,
    network: Callable[[Generator], nn.Module] | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> SaddleProblem:
    """max over S of E_q S - E_p f*(S), by rows x (n, d) of q and y (m, d) of p, at least 20 each: D_f(q || p).

    network  random numbers -> a module from rows (batch, d), each column with mean 0 and variance 1 over what it
             is trained by, to v (batch,); by default one with two hidden layers of 64
    Of the problem, value is a lower confidence limit on D_f at that level, from the 30 % of the rows, chosen by the
    seed, that are held out; another 10 % say when to stop and how to cap v. The rows of each sample are to be
    independent. The answer is what the network tells. Raises ValueError for what is no sample, an unknown f, and a
    level not within [0.5, 1).

    >>> from functools import partial
    >>> from solvers import solve
    >>> from solvers.descent_ascent import DescentAscent
    >>> x, y = np.random.default_rng(0).normal([[1.0], [0.0]], 1, (2, 20_000))
    >>> adam = DescentAscent(method="simultaneous", optimizer=partial(torch.optim.AdamW, lr=0.01), iterations=100)
    >>> found = solve(trained_bound("hellinger", x, y), adam)  # of 2 - 2 e^(-1/8) = 0.235
    >>> 0.17 < found.value < 0.235, abs(found.answer.estimate - 0.235) < 0.03
    (True, True)
    """
    row, (x_, y_) = named(f), two_samples(x, y, least=FEWEST_ROWS)
    refuse_level(level)
    of_x, of_y = _split(x_, seed), _split(y_, seed)
    units = _Units.of(np.concatenate([of_x[TRAIN], of_y[TRAIN]]))  # held-out rows are not to be seen
    q, p = ([units(part) for part in parts] for parts in (of_x, of_y))

    def network_of(numbers: Generator) -> nn.Module:
        return nn.Sequential(mlp([x_.shape[1], *HIDDEN, 1], numbers, nn.SiLU), Capped(LARGEST_OUTPUT), Scalar())

    def seen(players: Players, part: int) -> tuple[Floats, Floats]:
        return mapped(players["v"], q[part]), mapped(players["v"], p[part])

    def cap_of(players: Players) -> float:
        return best_cap(row, *seen(players, WATCH), len(q[HELD_OUT]), len(p[HELD_OUT]), level)

    def told(players: Players) -> Told:
        cap = cap_of(players)
        gained, paid = _gained_and_paid(row, *seen(players, HELD_OUT), cap)
        return Told(
            lambda rows: mapped(players["v"], units(two_samples(rows, y_)[0])), float(gained.mean() - paid.mean()), cap
        )

    def watch(players: Players) -> dict[str, float | None]:
        gained, paid = _gained_and_paid(row, *seen(players, WATCH), cap_of(players))
        return {"value": float(gained.mean() - paid.mean())}

    return SaddleProblem(
        maximize_over={"v": Block(network or network_of)},
        minimize_over={},
        payoff=_terms(row),
        surrogate=None if row is GAN else _terms(GAN),
        samplers={"q": resampled(q[TRAIN]), "p": resampled(p[TRAIN])},
        answer=told,
        value=lambda players: at_least(row, *seen(players, HELD_OUT), level, cap_of(players)),
        level=level,
        watch=watch,
        maths={"maximize over v": r"E_q[S(X)] - E_p[f^*(S(X))], \quad S = f'(e^v)"},
    )


@dataclass(frozen=True)
class _Units:
    """Standard units, in which rows further than FURTHEST are as if at that."""

    center: Floats
    scale: Floats

    @classmethod
    def of(cls, rows: Floats) -> _Units:
        sd = rows.std(axis=0)
        return cls(rows.mean(axis=0), np.where(sd > 0, sd, 1.0))

    def __call__(self, rows: Floats) -> Tensor:
        seen = np.clip((rows - self.center) / self.scale, -FURTHEST, FURTHEST)
        return torch.from_numpy(seen.astype(np.float32))


def _split(rows: Floats, seed: int) -> list[Floats]:
    """The rows, shuffled, to train on, to watch by and held out."""
    order = np.random.default_rng([seed, len(rows)]).permutation(len(rows))
    return np.split(rows[order], [int(share * len(rows)) for share in np.cumsum(SPLIT_SHARES)])


def _terms(row: FDivergence) -> list[Term]:
    return [
        Term(lambda v, x: row.output(v(x)), ["v"], ["q"]),
        Term(lambda v, y: -row.charge(v(y)), ["v"], ["p"]),
    ]


def _best(row: FDivergence, v: Floats, cap: float) -> Floats:
    """S = f'(e^v), |v| capped."""
    return at(row.slope, np.exp(np.clip(v, -cap, cap)))


def _gained_and_paid(row: FDivergence, v_q: Floats, v_p: Floats, cap: float) -> tuple[Floats, Floats]:
    """S at rows of q, and f*(S) at rows of p."""
    return _best(row, v_q, cap), at(row.conjugate, _best(row, v_p, cap))
