"""The pairing loss on finite sets: its best discriminator, its divergence, its gradients; and where steps lead."""

from __future__ import annotations

import copy
import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from formulations.f_divergence import divergence
from formulations.gan import drawn, evidence
from formulations.likelihood.mixtures import GaussianMixture
from formulations.players.generators import Mixture, discriminator, normal
from formulations.players.penalties import r1, r2
from formulations.problem import Block, Floats, SaddleProblem
from formulations.relativistic import best, paid, relativistic
from solvers import solve
from solvers.descent_ascent import DescentAscent

torch.set_num_threads(1)


def two_laws(seed: int, k: int = 5) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    q, p = rng.dirichlet(np.ones(k), 2)
    return q, p


@given(st.integers(0, 10**6), st.floats(-4, 4))
def test_the_best_discriminator_is_the_log_ratio_and_pays_what_the_divergence_leaves(seed: int, shift: float) -> None:
    q, p = two_laws(seed)
    least = paid(q, p, best(q, p) + shift)
    assert least == pytest.approx(math.log(2) - divergence("js", np.outer(q, p).ravel(), np.outer(p, q).ravel()))
    other = np.random.default_rng(seed + 1).normal(size=len(q))
    assert paid(q, p, other) >= least - 1e-12
    assert paid(q, p, -best(q, p)) >= math.log(2) - 1e-12  # a liar is worse than who knows nothing


def test_at_equal_laws_nothing_is_better_than_a_constant() -> None:
    q, _ = two_laws(0)
    assert paid(q, q, np.zeros(5)) == pytest.approx(math.log(2))
    assert best(q, q).tolist() == [0.0] * 5
    assert paid(q, q, [1.0, 0, 0, 0, 0]) > math.log(2)


def test_terms_are_the_mean_over_pairs_and_their_gradients_are_differences() -> None:
    points, counts = 3, ([1, 2, 3], [3, 2, 1])  # laws of sixths
    q, p = (np.repeat(np.arange(points), each) for each in counts)
    pairs = [torch.tensor(part.ravel())[None, :, None] for part in np.meshgrid(q, p)]
    v = torch.tensor([0.3, -1.0, 0.7], dtype=torch.float64, requires_grad=True)
    (payoff,), (surrogate,) = relativistic()

    def d(x: Tensor) -> Tensor:
        return v[x[..., 0]]

    laws = [np.array(each) / 6 for each in counts]
    found = payoff.f(nn.Identity(), d, *pairs).mean()
    assert found.item() == pytest.approx(paid(*laws, v.detach().numpy()))
    (gradient,) = torch.autograd.grad(found, v)
    step = 1e-6 * np.eye(points)
    at = v.detach().numpy()
    differences = [(paid(*laws, at + one) - paid(*laws, at - one)) / 2e-6 for one in step]
    assert gradient.numpy() == pytest.approx(differences, abs=1e-8)
    assert surrogate.f(nn.Identity(), d, *pairs).mean().item() == pytest.approx(-paid(*laws[::-1], at))


def test_a_certain_discriminator_takes_the_gradient_of_the_payoff_alone() -> None:
    (payoff,), (surrogate,) = relativistic()
    for term, least, most in ((payoff, 0.0, 1e-6), (surrogate, 0.9, 1.1)):
        at = torch.zeros(1, 1, 1, requires_grad=True)
        value = term.f(lambda z, at=at: z + at, lambda x: x[..., 0], torch.full((1, 1, 1), 20.0), torch.zeros(1, 1, 1))
        (gradient,) = torch.autograd.grad(value.sum(), at)
        assert least <= abs(gradient.item()) <= most


def test_blurred_pairs_are_blurred_independently() -> None:
    (payoff,), _ = relativistic(lambda t: torch.ones_like(t))
    seen: list[Tensor] = []

    def d(x: Tensor) -> Tensor:
        seen.append(x[..., 0])
        return x[..., 0]

    nothing, e = torch.zeros(2, 4, 1), torch.arange(8.0).view(2, 4, 1)
    payoff.f(nn.Identity(), d, nothing, nothing, e, torch.zeros(2, 4))
    assert sorted(seen[0].flatten().tolist()) == sorted(seen[1].flatten().tolist()) == list(range(8))
    assert (seen[0] != seen[1]).all()


def dirac(weight: float) -> float:
    """How far (theta, psi) ends from rest in the game of data at 0, samples at theta and v(x) = psi x, from (1, 0).

    Mescheder et al., Which training methods for GANs do actually converge, 2018, definition 2.1.
    """
    (payoff,), (surrogate,) = relativistic()
    linear = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(linear.weight)

    class Point(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.theta = nn.Parameter(torch.ones(1))

        def forward(self, z: Tensor) -> Tensor:
            return z + self.theta

    v = nn.Sequential(linear, nn.Flatten(0))
    game = SaddleProblem(
        maximize_over={"f": Block(Point())},
        minimize_over={"d": Block(v)},
        payoff=[payoff],
        surrogate=[surrogate],
        penalties={"minimize": [r1(weight=weight), r2(weight=weight)]} if weight else {},
        samplers={name: lambda n, _: torch.zeros(n, 1) for name in ("data", "noise")},
    )
    found = solve(game, DescentAscent(method="simultaneous", step=0.1, iterations=400, batch=1))
    return math.hypot(float(found.answer["f"].theta), float(found.answer["d"][0].weight))


def test_both_penalties_lead_to_the_data_where_the_loss_alone_circles_for_long() -> None:
    assert dirac(weight=0.5) < 1e-3
    assert dirac(weight=0.0) > 0.3


def test_held_out_rows_bound_the_divergence_of_a_mixture_and_its_weights_get_gradients() -> None:
    q = GaussianMixture([0.8, 0.2], [[-2.0], [2.0]], [0.5, 0.5])
    data = drawn(q, 5_000)
    units = (data.center, data.scale)
    payoff, surrogate = relativistic()
    game = SaddleProblem(
        maximize_over={"f": Block(lambda _: wrong(units))},
        minimize_over={"d": Block(partial(discriminator, [32], *units))},
        payoff=payoff,
        surrogate=surrogate,
        samplers={
            "data": lambda n, g: data.train[torch.randint(len(data.train), (n,), generator=g)],
            "noise": normal(2),
        },
    )
    adam = partial(torch.optim.Adam, betas=(0.0, 0.99))
    still = partial(torch.optim.SGD, lr=1e-12)  # f stays where it is: its divergence is known
    settings = DescentAscent(
        method="simultaneous", optimizer=(still, partial(adam, lr=1e-2)), iterations=120, averaging=0.95
    )
    players = solve(game, settings).answer
    pair = data.train[None, :64], normal(2)(64, torch.Generator().manual_seed(0))[None]
    f, d = copy.deepcopy(players["f"]), players["d"]
    logits = f.logits.requires_grad_(True)
    (gradient,) = torch.autograd.grad(surrogate[0].f(f, d, *pair).mean(), logits)
    assert gradient[0, 0] > 0 > gradient[0, 1]  # the first component is to get more weight
    exact = 0.8 * math.log(0.8 / 0.5) + 0.2 * math.log(0.2 / 0.5)  # the modes hardly overlap
    proof = evidence(data, normal(2), players)
    assert 0.8 * exact < proof["kl_at_least"] < exact


def wrong(units: tuple[Tensor, Tensor]) -> Mixture:
    """The components of the data with equal weights, still to be trained."""
    center, scale = (float(part) for part in units)
    means = [[(mean - center) / scale] for mean in (-2.0, 2.0)]
    f = Mixture.of([0.5, 0.5], means, [[[0.5 / scale]]] * 2, *units)
    f.logits.requires_grad_(True)
    return f
