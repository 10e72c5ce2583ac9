"""Divergences by playing games, held against their exact values: f-divergences, W1 and MMD, and Gaussians fitted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import chi, norm
from torch import Generator, Tensor, nn

from formulations.divergences.confidence import at_least, best_cap
from formulations.divergences.table import FDivergence, at
from formulations.f_divergence import DIVERGENCES, alpha, divergence_at_least, trained_bound, variational
from formulations.mmd import energy, gaussian, laplace, squared_mmd, unit_ball
from formulations.players.generators import Gaussian
from formulations.players.losses import of_samples
from formulations.players.networks import Capped, Scalar, Standardize, mlp
from formulations.players.penalties import gradient_penalty
from formulations.players.slopes import clipped, spectrally_normalised
from formulations.problem import Block, Floats, SaddleProblem, Term
from formulations.wasserstein import trained_critic, transformed_critic, wasserstein
from solvers import solve
from solvers.descent_ascent import DescentAscent

Report = Callable[[str, str, str], None]
ROWS = [*DIVERGENCES.values(), alpha(1 / 3)]
each = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def falling(iterations: int) -> Callable[[int], float]:
    return lambda i: (1 + math.cos(math.pi * i / iterations)) / 2


def adam(iterations: int, batch: int, *rates: float, **settings: Any) -> DescentAscent:
    """Adam with steps that fall along a cosine, of both players or (maximizing, minimizing)."""
    made = tuple(partial(torch.optim.AdamW, lr=rate, fused=True, **settings) for rate in rates)
    return DescentAscent(
        method="simultaneous",
        optimizer=made[0] if len(made) == 1 else (made[0], made[1]),
        schedule=falling(iterations),
        averaging=0.99,
        iterations=iterations,
        batch=batch,
    )


# D_f of q = N(m, s^2 I) from p = N(0, I), and of what a linear map makes of both, which is the same

N = 100_000
CASES = [(1, 1.0, 1.0), (1, 0.8, 1.1), (5, 1.0, 1.0), (5, 0.8, 1.1)]  # d, |m|, s
FRESH = 200_000


def exact(row: FDivergence, d: int, m: float, s: float) -> float:
    """By quadrature over x along the shift and the length r of the rest, which is of a chi law."""
    x, r = np.linspace(-14, 14, 4001)[:, None], (np.arange(2000) + 0.5) / 2000 * 14
    log_p, log_q = norm.logpdf(x), norm.logpdf(x, m, s)
    cell = x[1, 0] - x[0, 0]
    if d > 1:
        log_p, log_q = log_p + chi(d - 1).logpdf(r), log_q + chi(d - 1, scale=s).logpdf(r)
        cell *= r[1] - r[0]
    return float((at(row.f, np.exp(log_q - log_p)) * np.exp(log_p)).sum() * cell)


def closed(row: FDivergence, d: int, m: float, s: float) -> float | None:
    """The same where the integral of q^a p^(1 - a) is all that is needed; None elsewhere."""

    def power(a: float) -> float:
        precision, pull = a / s**2 + 1 - a, a * m / s**2
        return s ** (-a * d) * precision ** (-d / 2) * math.exp(pull**2 / 2 / precision - pull * m / 2)

    known = {
        "kl": (m**2 + d * s**2 - d) / 2 - d * math.log(s),
        "reverse-kl": (d + m**2 - d * s**2) / (2 * s**2) + d * math.log(s),
        "pearson": power(2) - 1,
        "neyman": power(-1) - 1,
        "hellinger": 2 - 2 * power(0.5),
        f"alpha {1 / 3:g}": (power(1 / 3) - 1) / (1 / 3 * (1 / 3 - 1)),
    }
    return known.get(row.name)


@pytest.mark.parametrize(("d", "m", "s"), CASES)
@each
def test_exact_values_are_the_closed_forms(row: FDivergence, d: int, m: float, s: float) -> None:
    if (known := closed(row, d, m, s)) is not None:
        assert exact(row, d, m, s) == pytest.approx(known, rel=1e-6)


def between(d: int, m: float, s: float, n: int, seed: int) -> tuple[Floats, Floats, Callable[[Floats], Floats]]:
    """Rows of q and of p, and log q / p."""
    numbers, mixing = np.random.default_rng(seed), np.eye(d) + 0.3 * np.tril(np.ones((d, d)), -1)
    mean = np.arange(d, 0, -1.0) * (-1) ** np.arange(d)
    mean *= m / np.linalg.norm(mean)

    def log_ratio(x: Floats) -> Floats:
        z = x @ np.linalg.inv(mixing).T
        found: Floats = (z**2).sum(1) / 2 - ((z - mean) ** 2).sum(1) / (2 * s**2) - d * math.log(s)
        return found

    q, p = s * numbers.normal(size=(n, d)) + mean, numbers.normal(size=(n, d))
    return q @ mixing.T, p @ mixing.T, log_ratio


def lost(row: FDivergence, v: Floats, log_ratio: Floats) -> float:
    """D_f - (E_q S - E_p f*(S)), from rows half of q and half of p: what S does not see, without much noise."""
    t, S = np.exp(log_ratio), at(row.slope, np.exp(v))
    return float(np.mean(2 / (1 + t) * (at(row.f, t) - t * S + at(row.conjugate, S))))


def oracle(row: FDivergence, d: int, m: float, s: float) -> float:
    """The limit at 95 % by log q / p itself, from as many rows as a trained bound holds out."""
    x, y, log_ratio = between(d, m, s, 4 * N // 10, 2)
    v, w = log_ratio(x), log_ratio(y)
    watched, held_out = slice(N // 10), slice(N // 10, None)
    cap = best_cap(row, v[watched], w[watched], 3 * N // 10, 3 * N // 10)
    return at_least(row, v[held_out], w[held_out], cap=cap)


@pytest.mark.parametrize(("d", "m", "s"), CASES)
@each
def test_trained_bounds(row: FDivergence, d: int, m: float, s: float, report: Report) -> None:
    x, y, log_ratio = between(d, m, s, N, 0)
    truth, start = exact(row, d, m, s), time.process_time()
    found = solve(trained_bound(row, x, y), adam(2000, 512, 3e-3, weight_decay=0.3, betas=(0.9, 0.99)))
    seconds, told = time.process_time() - start, found.answer
    fresh = np.concatenate(between(d, m, s, FRESH, 1)[:2])
    gap = lost(row, told.log_ratio(fresh), log_ratio(fresh))
    report(
        f"{row.name} of Gaussians in {d}-D, mean {m:g} apart, sd x {s:g}, n = {N:,}",
        "2 % or 0.005 / 0.5 %",
        f"exact {truth:.4f}; S bounds it by {truth - gap:.4f} ({-gap / truth:+.2%}); held-out estimate "
        f"{told.estimate:.4f} ({told.estimate / truth - 1:+.1%}), at 95 % {found.value:.4f} (cap {told.cap:g}), "
        f"by an oracle {oracle(row, d, m, s):.4f}; {seconds:.1f} s",
    )
    assert found.value is not None


# False limits, with S fixed, where the law is heavy and where S is next to the end of its domain


@pytest.mark.parametrize(("n", "m"), [(500, 500), (5000, 5000), (500, 5000)])
@pytest.mark.parametrize("kind", ["Gaussian", "heavy", "at the end"])
@each
def test_false_limits_of_a_fixed_function(row: FDivergence, kind: str, n: int, m: int, report: Report) -> None:
    """What S can prove is known: Gaussians 1 apart; 3 apart; a rare value at which S is as large as it may be."""
    numbers, start = np.random.default_rng(0), time.process_time()
    if kind == "at the end":
        shares, v = np.array([[0.01, 0.99], [0.0005, 0.9995]]), np.array([3.0, -0.01])  # of q and of p
        S = at(row.slope, np.exp(v))
        able = float(shares[0] @ S - shares[1] @ at(row.conjugate, S))

        def draw() -> tuple[Floats, Floats]:
            rare_q, rare_p = (numbers.random(size) < share for size, share in zip((n, m), shares[:, 0], strict=True))
            return np.where(rare_q, v[0], v[1]), np.where(rare_p, v[0], v[1])
    else:
        by = 3.0 if kind == "heavy" else 1.0
        points = np.linspace(-12, 12 + by, 100_001)
        S = at(row.slope, np.exp(np.clip(by * points - by**2 / 2, -3, 3)))
        q, p = norm.pdf(points, by), norm.pdf(points)
        able = float((q @ S - p @ at(row.conjugate, S)) * (points[1] - points[0]))

        def draw() -> tuple[Floats, Floats]:
            v_q, v_p = (by * numbers.normal(mean, 1, size) - by**2 / 2 for mean, size in ((by, n), (0.0, m)))
            return v_q, v_p

    claims = np.array([divergence_at_least(row, *(at(row.slope, np.exp(v)) for v in draw())) for _ in range(1000)])
    report(
        f"{row.name}, {kind}, n = {n:,}, m = {m:,}",
        "false <= 5 % / -",
        f"{np.mean(claims > able):.1%} of 1,000; {able:.4f} can be proven, median {np.median(claims):.4f}; "
        f"{(time.process_time() - start) / 1000:.4f} s each",
    )
    assert np.mean(claims > able) <= 0.05


# W1 by critics, 500 rows each in 2-D


def plain(numbers: Generator) -> nn.Module:
    return nn.Sequential(mlp([2, 64, 64, 1], numbers), Scalar())


CRITICS: dict[str, Callable[[Floats, Floats], SaddleProblem]] = {
    "penalty": lambda x, y: trained_critic(x, y, plain, [gradient_penalty("same", "S", "x", "y")]),
    "one-sided penalty": lambda x, y: trained_critic(
        x, y, plain, [gradient_penalty("same", "S", "x", "y", one_sided=True)]
    ),
    "spectral norm": lambda x, y: trained_critic(x, y, lambda numbers: spectrally_normalised(plain(numbers))),
    "clipping": lambda x, y: trained_critic(x, y, lambda numbers: clipped(plain(numbers), 0.1)),
    "c-transform": lambda x, y: transformed_critic(x, y, plain),
}


def pairs(kind: str, seed: int) -> tuple[Floats, Floats]:
    numbers = np.random.default_rng(seed)
    x, y = numbers.normal(size=(2, 500, 2))
    if kind == "shifted":
        return x, y + np.array([1.0, 0.0])
    if kind == "near":
        return x, y * [1.2, 0.8] + [0.3, 0.0]
    angles = numbers.integers(0, 8, 500) * math.pi / 4
    return 2 * np.c_[np.cos(angles), np.sin(angles)] + 0.05 * x, y


@pytest.mark.parametrize("kind", ["shifted", "near", "ring"])
@pytest.mark.parametrize("critic", CRITICS)
def test_wasserstein_by_critics(critic: str, kind: str, report: Report) -> None:
    said = []
    for seed in range(2):
        x, y = pairs(kind, seed)
        truth, start = solve(wasserstein(x, y)).value, time.process_time()
        found = solve(CRITICS[critic](x, y), adam(1000, 500, 3e-3, betas=(0.5, 0.99), weight_decay=0.0))
        seconds = time.process_time() - start
        assert truth is not None
        assert found.value is not None
        with torch.no_grad():
            raw = [float(found.answer(torch.from_numpy(rows).float()).mean()) for rows in (x, y)]
        said.append(
            f"{found.value:.4f} of {truth:.4f} ({found.value / truth - 1:+.2%}; S itself "
            f"{(raw[0] - raw[1]) / truth - 1:+.1%}), {seconds:.1f} s"
        )
        assert found.value <= truth + 1e-9
    report(f"W1 by a critic, {critic}, {kind}, n = 500", "3 % / 1 %", "; ".join(said))


@pytest.mark.parametrize("name", ["gaussian", "laplace", "energy"])
def test_mmd_by_ascent(name: str, report: Report) -> None:
    kernel = {"gaussian": gaussian(1.3), "laplace": laplace(0.7), "energy": energy()}[name]
    numbers = np.random.default_rng(0)
    x, y = numbers.normal(size=(300, 2)), numbers.normal(0.5, 2, size=(250, 2))
    elsewhere, start = {"c": numbers.normal(size=550)}, time.process_time()
    found = solve(unit_ball(x, y, kernel), DescentAscent(step=30.0), gap=1e-12, start=elsewhere)
    seconds, closed = time.process_time() - start, math.sqrt(squared_mmd(x, y, kernel, unbiased=False))
    assert found.value is not None
    said = f"{found.value:.12f}, off by {abs(found.value - closed):.1e}, {found.status}; "
    report(
        f"MMD by ascent, {name}, n = 300, m = 250",
        "1e-6 / 1e-10",
        f"{said}{found.stats['iterations']} steps, {seconds:.2f} s",
    )


# A Gaussian p fitted to a mixture q under each f: Nowozin, Cseke & Tomioka, 2016, table 2

WEIGHTS, MEANS, SDS = np.array([0.35, 0.65]), np.array([-1.0, 1.0]), np.array([1.0, 0.9])
LINE = np.linspace(-16, 16, 32_001)
PACE = LINE[1] - LINE[0]
Q = (WEIGHTS * np.exp(-((LINE[:, None] - MEANS) ** 2) / (2 * SDS**2)) / (SDS * math.sqrt(2 * math.pi))).sum(1)
CUMULATED = np.cumsum(Q) * PACE


def fitted(row: FDivergence) -> tuple[float, float, float]:
    """The best mean, standard deviation and D_f(q || p), by quadrature."""

    def value(theta: Floats) -> float:
        mean, log_sd = theta
        log_p = -((LINE - mean) ** 2) / (2 * math.exp(2 * log_sd)) - log_sd - math.log(2 * math.pi) / 2
        found = at(row.f, np.exp(np.clip(np.log(Q) - log_p, -600, 600))) * np.exp(log_p)
        return float(found.sum() * PACE) if np.isfinite(found).all() else 1e9

    starts = [[0.3, 0.2], [1.0, 0.0], [-0.5, 0.0]]
    options = {"xatol": 1e-7, "fatol": 1e-13, "maxiter": 2000}
    best = min((minimize(value, start, method="Nelder-Mead", options=options) for start in starts), key=lambda r: r.fun)
    return float(best.x[0]), math.exp(best.x[1]), float(best.fun)


def spread(batch: int, numbers: Generator) -> Tensor:
    """A number in each of as many equal parts of [0, 1]: expectations over them vary far less."""
    return (torch.arange(batch) + torch.rand(batch, generator=numbers)) / batch


CENTER, SCALE, CORNER = 0.3, 1.3, 1 / 20


def climbed(row: FDivergence) -> Callable[[Tensor], Tensor]:
    """f*(f'(e^v)); of total variation, whose slope is a step, with that rounded over |v| <= 1/20: it is KL there."""
    if row.name == "total-variation":
        return lambda v: torch.expm1(v.clamp(-CORNER, CORNER)) / (2 * CORNER)
    return row.charge


def data(batch: int, numbers: Generator) -> Tensor:
    u = spread(batch, numbers).double().numpy()
    return torch.from_numpy(np.interp(u, CUMULATED, LINE + PACE / 2).astype(np.float32))[:, None]


def noise(batch: int, numbers: Generator) -> Tensor:
    return torch.special.ndtri(spread(batch, numbers).double().clamp(1e-9, 1 - 1e-9)).float()[:, None]


def known_ratio(f: Gaussian, x: Tensor) -> Tensor:
    """log q / p at x, of a p that stands still."""
    weights, means, sds = map(torch.from_numpy, (WEIGHTS, MEANS, SDS))
    log_q = (weights.log() - ((x.double() - means) / sds) ** 2 / 2 - sds.log()).logsumexp(-1)
    log_sd = f.log_sd.detach().double() + math.log(SCALE)
    log_p = -(((x.double() - CENTER - SCALE * f.mean.detach()) / log_sd.exp()) ** 2) / 2 - log_sd
    return log_q - log_p[..., 0]


def fit(row: FDivergence, by: str) -> tuple[float, float]:
    """Mean and sd of the Gaussian p that climbs f*(f'(q / p)), by a trained q / p, the known one, or f's own game."""
    center, scale, charge = torch.tensor([CENTER]), torch.tensor([SCALE]), climbed(row)
    player = {"f": Block(lambda numbers: Gaussian(center, scale, numbers))}
    steps = adam(2000, 1024, 2e-3, 5e-3, betas=(0.0, 0.99), weight_decay=0.0)

    def network(numbers: Generator) -> nn.Module:
        return nn.Sequential(Standardize(center, scale), mlp([1, 64, 64, 1], numbers, nn.SiLU), Capped(10.0), Scalar())

    if by == "oracle":
        own = Term(lambda f, z: charge(known_ratio(f, f(z))), ["f"], ["noise"])
        game = SaddleProblem(maximize_over=player, minimize_over={}, payoff=[own], samplers={"noise": noise})
        steps = adam(2000, 1024, 2e-3, betas=(0.0, 0.99), weight_decay=0.0)
    else:
        game = SaddleProblem(
            maximize_over=player,
            minimize_over={"d": Block(network)},
            payoff=variational(row if by == "own game" else "gan"),
            surrogate=None if by == "own game" else [of_samples(charge)],
            samplers={"data": data, "noise": noise},
        )
    f = solve(game, steps).answer["f"]
    return float(center + scale * f.mean.item()), float(scale * f.log_sd.exp().item())


@pytest.mark.parametrize("by", ["trained q / p", "oracle", "own game"])
@each
def test_a_gaussian_fitted_to_a_mixture(row: FDivergence, by: str, report: Report) -> None:
    """By the log ratio that Goodfellow's loss trains, whatever f is, against the game in which d has f's own payoff."""
    (mean, sd, value), start = fitted(row), time.process_time()
    of_mean, of_sd = fit(row, by)
    report(
        f"a Gaussian fitted to a mixture by {row.name}, {by}",
        "mean and sd 2 % / 0.5 %",
        f"mean {of_mean:.4f} of {mean:.4f} ({of_mean / mean - 1:+.2%}), sd {of_sd:.4f} of {sd:.4f} "
        f"({of_sd / sd - 1:+.2%}), D {value:.4f}; {time.process_time() - start:.1f} s",
    )
    assert math.isfinite(of_mean + of_sd)
