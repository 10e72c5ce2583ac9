"""The generator's game: what its payoff is least at, which way its players move, and what its evidence is worth."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from formulations.divergences.table import at
from formulations.gan import drawn, evidence, gan, watched_kl
from formulations.likelihood.data import Data, split
from formulations.likelihood.mixtures import GaussianMixture, mixture, ring
from formulations.losses import objective
from formulations.players.generators import Gaussian, Mixture, discriminator, free, normal
from formulations.players.networks import Scalar, Stackable
from formulations.problem import SaddleProblem
from solvers import solve
from solvers.descent_ascent import DescentAscent

torch.set_num_threads(1)
MEAN, SD = 0.5, 1.2
Q = GaussianMixture([1], [[MEAN]], [SD])  # against p = N(0, 1)
LOSSES = ["lagrangian", "minimax", "non-saturating"]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def standard(generator: torch.Generator) -> Gaussian:
    """N(0, 1), whatever the data."""
    f = Gaussian(torch.zeros(1), torch.ones(1), generator)
    nn.init.zeros_(f.mean)
    return f


class Quadratic(Stackable):
    """log d = a + b x + c x^2: all that two Gaussians need."""

    def __init__(self, _: Any) -> None:
        super().__init__()
        self.c = nn.Parameter(torch.zeros(3, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (torch.cat([torch.ones_like(x), x, x**2], -1) @ self.c).squeeze(-1)


LOG_RATIO = [-math.log(SD) - MEAN**2 / (2 * SD**2), MEAN / SD**2, 0.5 - 1 / (2 * SD**2)]  # log q / p
KL = -math.log(SD) + (SD**2 + MEAN**2 - 1) / 2


def exact() -> Any:
    d = Quadratic(None)
    with torch.no_grad():
        d.c.copy_(torch.tensor(LOG_RATIO)[:, None])
    return d


@pytest.fixture(scope="module")
def data() -> Data:
    return drawn(Q, 20_000)


def game(data: Data, loss: str = "lagrangian", **options: Any) -> SaddleProblem:
    return gan(data, standard, Quadratic, normal(1), loss=loss, **options)


def payoff(problem: SaddleProblem, blocks: dict[str, Any], terms: Any = None, batch: int = 20_000) -> Tensor:
    drawn_ = {name: sampler(batch, seeded(9)).unsqueeze(0) for name, sampler in problem.samplers.items()}
    parts = [
        term.f(*(blocks[b] for b in term.blocks), *(drawn_[s] for s in term.over)).mean()
        for term in terms or problem.payoff
    ]
    return torch.stack(parts).sum()


def jensen_shannon() -> float:
    x = np.linspace(-12, 12, 20_001)
    q, p = (np.exp(-((x - m) ** 2) / (2 * s**2)) / s / math.sqrt(2 * math.pi) for m, s in ((MEAN, SD), (0, 1)))
    mid = (p + q) / 2
    return float(np.sum(q * np.log(q / mid) + p * np.log(p / mid)) / 2 * (x[1] - x[0]))


@pytest.mark.parametrize("loss", LOSSES)
def test_the_least_payoff_is_the_divergence_and_the_best_discriminator_the_ratio(data: Data, loss: str) -> None:
    problem = game(data, loss)
    f, d = standard(seeded()), Quadratic(None)
    expected = 1 - KL if loss == "lagrangian" else 2 * math.log(2) - 2 * jensen_shannon()
    assert float(payoff(problem, {"f": f, "d": exact()}).detach()) == pytest.approx(expected, abs=0.02)
    adam = torch.optim.Adam(d.parameters(), lr=0.02)
    for _ in range(400):
        adam.zero_grad()
        least = payoff(problem, {"f": f, "d": d}, batch=4000)
        least.backward()
        adam.step()
    assert float(least.detach()) == pytest.approx(expected, abs=0.05)
    assert d.c.detach().flatten().tolist() == pytest.approx(LOG_RATIO, abs=0.06)


@pytest.mark.parametrize("loss", LOSSES)
def test_climbing_takes_the_generator_to_the_data(data: Data, loss: str) -> None:
    problem, f = game(data, loss), standard(seeded())
    climbed = problem.payoff if problem.surrogate is None else problem.surrogate
    assert (problem.surrogate is not None) == (loss == "non-saturating")
    terms = [term for term in climbed if "f" in term.blocks]
    payoff(problem, {"f": f, "d": exact()}, terms).backward()
    assert f.mean.grad is not None
    assert f.log_sd.grad is not None
    assert float(f.mean.grad) > 0.01
    assert float(f.log_sd.grad) > 0.01


def test_value_evidence_and_bound_are_a_chain_around_the_truth(data: Data) -> None:
    problem, players = game(data), {"f": standard(seeded()), "d": exact()}
    truth = -math.log(2 * math.pi) / 2 - (SD**2 + MEAN**2) / 2
    entropy = math.log(2 * math.pi * math.e * SD**2) / 2
    assert truth == pytest.approx(-entropy - KL)
    assert problem.value is not None
    assert problem.bound is not None
    found = evidence(data, normal(1), players)
    value, bound = problem.value(players), problem.bound(players)
    assert truth - 0.02 < value < truth
    assert bound == pytest.approx(-entropy)
    assert value <= truth <= found["likelihood_at_most"] <= bound
    assert found["likelihood_at_most"] - truth < 0.1  # the cap on log d costs most of it
    low, high = found["likelihood_between"]
    assert low == value
    assert low < truth < high
    assert KL - 0.1 < found["kl_at_least"] < KL
    assert problem.watch is not None
    watched = problem.watch(players)
    assert watched["value"] == pytest.approx(truth, abs=0.1)
    assert watched["bound"] == pytest.approx(truth, abs=0.1)
    assert watched["bound"] == pytest.approx(-entropy - watched_kl(data, normal(1), players))
    assert watched["divergence"] == pytest.approx(KL, abs=0.1)


def test_a_wrong_discriminator_does_not_lift_the_watched_bound_above_that_on_all_generators(data: Data) -> None:
    problem, d = game(data), Quadratic(None)
    with torch.no_grad():
        d.c.copy_(-torch.tensor(LOG_RATIO)[:, None])
    assert problem.watch is not None
    watched = problem.watch({"f": standard(seeded()), "d": d})
    assert watched["divergence"] is not None
    assert watched["divergence"] < -KL / 2
    assert data.entropy is not None
    assert watched["bound"] == -data.entropy


def test_a_good_discriminator_does_not_make_a_bad_generator_look_best(data: Data) -> None:
    """Its bound on this generator is tight; the bound on all is not met."""
    problem, players = game(data), {"f": standard(seeded()), "d": exact()}
    assert problem.value is not None
    assert problem.bound is not None
    assert problem.bound(players) - problem.value(players) > KL - 1e-9


@pytest.mark.parametrize("lie", ["swapped sign", "constant", "infinite", "not a number"])
def test_a_lying_discriminator_proves_nothing(data: Data, lie: str) -> None:
    class Liar(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            honest: Tensor = exact()(x)
            say = {"swapped sign": -honest, "constant": 0 * honest + 7, "infinite": honest * math.inf}
            return say.get(lie, honest * math.nan)

    found = evidence(data, normal(1), {"f": standard(seeded()), "d": Liar()})
    assert 0 <= found["kl_at_least"] <= KL
    if lie != "infinite":  # the sign of log q / p is some evidence
        assert found["kl_at_least"] < 0.01
    assert math.isfinite(found["kl_estimate"])


def test_what_a_discriminator_has_learnt_by_heart_is_no_evidence() -> None:
    """With p = q, so that KL = 0, one that knows its 50 training points "proves" a KL in sample, and none held out."""
    data = drawn(GaussianMixture([1], [[0]], [1]), 50)
    problem = game(data)

    class ByHeart(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.where((x - data.train.T).abs().amin(-1) < 1e-5, 3.0, -1.0)

    players = {"f": standard(seeded()), "d": ByHeart()}
    cheated = evidence(replace(data, held_out=data.train), normal(1), players)
    assert cheated["kl_at_least"] > 0.5
    honest = evidence(data, normal(1), players)
    assert honest["kl_at_least"] == 0
    assert problem.bound is not None
    assert honest["likelihood_at_most"] == problem.bound(players)


OF_LOSSES = ["reverse-kl", "minimax", "pearson", "neyman", "hellinger", "total-variation", "least-squares"]


def shares(log_ratio: Any, loss: str) -> Any:
    """A discriminator of that loss, by one that says log q / p."""
    return (lambda x: torch.sigmoid(log_ratio(x))) if loss == "least-squares" else log_ratio


@pytest.mark.parametrize("loss", OF_LOSSES)
def test_each_loss_proves_most_of_its_own_divergence_and_not_more(data: Data, loss: str) -> None:
    x = np.linspace(-12, 12, 20_001)
    q, p = (np.exp(-((x - m) ** 2) / (2 * s**2)) / s / math.sqrt(2 * math.pi) for m, s in ((MEAN, SD), (0, 1)))
    row = objective(loss).divergence
    assert row is not None
    truth = float(p @ at(row.f, q / p) * (x[1] - x[0]))
    players = {"f": standard(seeded()), "d": shares(exact(), loss)}
    found = evidence(replace(data, held_out=data.held_out[:20_000]), normal(1), players, loss=loss)
    assert found["divergence"] == row.name
    least = 0.25 if loss == "pearson" else 0.7  # whose expectations are mostly of q / p above the cap
    assert least * truth < found["divergence_at_least"] < truth
    assert KL - 0.15 < found["kl_at_least"] < KL


@pytest.mark.parametrize("loss", OF_LOSSES)
def test_what_is_learnt_by_heart_is_no_evidence_of_any_divergence(loss: str) -> None:
    data = drawn(GaussianMixture([1], [[0]], [1]), 200)
    honest = replace(data, held_out=data.held_out[:2000])

    def by_heart(x: Tensor) -> Tensor:
        return torch.where((x - data.train.T).abs().amin(-1) < 1e-5, 2.0, -1.0)

    players = {"f": standard(seeded()), "d": shares(by_heart, loss)}
    assert (
        evidence(replace(data, held_out=data.train, watch=data.train), normal(1), players, loss=loss)[
            "divergence_at_least"
        ]
        > 0.1
    )
    assert evidence(honest, normal(1), players, loss=loss)["divergence_at_least"] == 0


def test_where_entropy_or_density_are_unknown_neither_is_claimed() -> None:
    x = np.random.default_rng(0).normal(size=(2000, 1)) * SD + MEAN
    data = split(x)
    players = {"f": standard(seeded()), "d": exact()}
    problem = game(data)
    assert problem.bound is None
    assert problem.value is not None
    assert problem.value(players) == pytest.approx(-KL - math.log(2 * math.pi * math.e * SD**2) / 2, abs=0.3)
    found = evidence(data, normal(1), players)
    assert found["likelihood_at_most"] is None
    assert found["any_likelihood_at_most"] is None
    assert 0.05 < found["kl_at_least"] < KL
    assert (found["data"], len(data.held_out)) == (600, 600)

    makes = partial(free, 2, [8], data.center, data.scale)
    problem = gan(data, makes, Quadratic, normal(2))
    assert problem.value is None
    assert problem.watch is not None
    watched = problem.watch({"f": makes(seeded()), "d": exact()})
    assert (watched["value"], watched["bound"]) == (None, None)
    assert watched["divergence"] is not None
    assert evidence(data, normal(2), {"f": makes(seeded()), "d": exact()})["likelihood_between"] is None

    overlapping = drawn(GaussianMixture([1, 1], [[0, 0], [1, 0]], [1, 1]), 100)
    assert overlapping.entropy is None
    assert drawn(ring(), 100).entropy is not None


def test_users_data_are_parted_once_and_for_good() -> None:
    x = np.arange(1000.0)
    data = split(x, seed=3)
    parts = [set(part[:, 0].tolist()) for part in (data.train, data.watch, data.held_out)]
    assert [len(part) for part in parts] == [600, 100, 300]
    assert set.union(*parts) == set(x.tolist())
    assert torch.equal(data.held_out, split(x, seed=3).held_out)
    assert not torch.equal(data.held_out, split(x, seed=4).held_out)
    assert abs(float(data.train.mean()) - 500) < 50  # shuffled
    seen = gan(data, standard, Quadratic, normal(1)).samplers["data"](5000, seeded())
    assert seen.shape == (5000, 1)
    assert set(seen[:, 0].tolist()) == parts[0]


def test_known_data_are_not_what_the_same_seed_draws_elsewhere() -> None:
    data = drawn(Q, 100, seed=5)
    parts = [*data.train[:, 0].tolist(), *data.watch[:, 0].tolist(), *data.held_out[:, 0].tolist()]
    assert len(set(parts)) > 0.9 * len(parts)  # float32 repeats some of so many
    assert not set(Q.sample(100, seeded(5))[:, 0].tolist()) & set(parts[:100])
    assert torch.equal(data.train, drawn(Q, 100, seed=5).train)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((5, 2)), "n at least 20"),
        (np.zeros((50, 2, 2)), "n at least 20"),
        (np.zeros((50, 0)), "n at least 20"),
        (np.r_[np.zeros(30), np.nan, np.zeros(30)], "row 31"),
        (np.r_[np.zeros(30), np.inf], "row 31"),
    ],
)
def test_data_that_cannot_be_used_are_refused(rows: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split(rows)


def test_columns_that_do_not_vary_and_options_that_are_none_are_refused(data: Data) -> None:
    rows = np.column_stack([np.arange(50.0), np.full(50, 7.0)])
    with pytest.raises(ValueError, match="column 2 of the data is 7 in all rows"):
        split(rows)
    with pytest.raises(ValueError, match="'hinge'"):
        game(data, "hinge")
    with pytest.raises(ValueError, match="level is 95"):
        game(data, level=95)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_solver_plays_it_to_the_bound_and_the_same_each_time(data: Data, loss: str) -> None:
    start = partial(Gaussian, data.center + 1, data.scale * 0.7)  # away from where it ends
    problem = gan(data, start, Quadratic, normal(1), loss=loss)
    adam = partial(torch.optim.Adam, lr=0.02, betas=(0.5, 0.9))
    settings = DescentAscent(
        method="alternating", optimizer=adam, iterations=400, averaging=0.98, schedule=lambda k: 1 - k / 400
    )
    solution = solve(problem, settings, seed=1)
    assert solution.value is not None
    assert solution.bound is not None
    assert 0 <= solution.bound - solution.value < 0.02
    assert evidence(data, normal(1), solution.answer)["kl_at_least"] < 0.01
    first, second = (solve(problem, replace(settings, iterations=20), seed=1) for _ in range(2))
    assert first.value == second.value
    assert first.value < solution.value - 0.05


def test_several_members_are_played_as_each_alone() -> None:
    data = drawn(mixture(), 5000)
    units = data.center, data.scale
    problem = gan(data, partial(Mixture, 3, *units), partial(discriminator, [8], *units), normal(2))
    settings = DescentAscent(method="alternating", step=0.05, iterations=20, batch=64)
    together = solve(problem, replace(settings, members=3), seed=4)
    for k in range(3):
        alone = solve(problem, settings, seed=4 + k)
        for name in ("f", "d"):
            pairs = zip(alone.answer[name].parameters(), together.answer[k][name].parameters(), strict=True)
            assert all(torch.allclose(one, other, atol=1e-4) for one, other in pairs)


def test_a_critic_that_is_a_plain_torch_module_will_do() -> None:
    data = drawn(ring(), 500)
    judge = lambda g: nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1), Scalar())  # noqa: E731
    problem = gan(data, lambda g: nn.Linear(2, 2), judge, normal(2))
    solution = solve(problem, DescentAscent(method="alternating", step=0.01, iterations=5, batch=16, members=2))
    assert solution.value is None
    assert solution.bound == pytest.approx(4.29302, abs=1e-5)


class Lying(nn.Module):
    """Says that its density is the same everywhere, which is no density."""

    def __init__(self) -> None:
        super().__init__()
        self.at = nn.Parameter(torch.zeros(1))

    def forward(self, z: Tensor) -> Tensor:
        return z + self.at

    def log_density(self, x: Tensor) -> Tensor:
        return x[..., 0] * 0 - mixture().entropy() - 1e-3


def test_a_log_density_that_is_none_is_not_believed() -> None:
    data = drawn(mixture(), 1000)
    honest = partial(Mixture, 3, data.center, data.scale)
    lying, true = (gan(data, start, Quadratic, normal(2)) for start in (lambda _: Lying(), honest))
    assert lying.value is not None
    assert true.value is not None
    assert lying.value({"f": Lying(), "d": exact()}) == -math.inf
    assert math.isfinite(true.value({"f": honest(seeded()), "d": exact()}))


@pytest.mark.parametrize("size", [3e37, 1e-42])
def test_sizes_that_float32_cannot_compute_with_are_refused(size: float) -> None:
    rows = size * np.random.default_rng(0).choice([-1.0, 1.0, 3.0], size=(50, 2))
    with pytest.raises(ValueError, match=r"column 1 of the data has numbers .* beyond what float32 holds; give it in"):
        split(rows)


def test_numbers_far_from_0_need_an_origin() -> None:
    rows = 1.7e9 + np.arange(100.0)
    with pytest.raises(ValueError, match=r"which float32 does not tell apart; subtract 1\.7e\+09 from it"):
        split(rows)
    parts = split(rows, origin=1.7e9)
    assert set(torch.cat([parts.train, parts.watch, parts.held_out])[:, 0].tolist()) == set(range(100))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("blur", [None, lambda t: 0.0 * t])
def test_a_discriminator_is_told_the_share_of_training_where_it_asks_for_it(data: Data, loss: str, blur: Any) -> None:
    told: list[Tensor] = []

    def d(x: Tensor, share: Tensor) -> Tensor:
        told.append(share)
        return x[..., 0]

    problem, x, share = game(data, loss, blur=blur, told=True), torch.ones(1, 3, 1), torch.full((1, 3), 0.25)
    given = {"f": lambda z: z, "d": d, "data": x, "noise": x, "blur": x, "progress": share}
    terms = [*problem.payoff, *(problem.surrogate or [])]
    for term in terms:
        term.f(*(given[name] for name in (*term.blocks, *term.over)))
    assert len(told) == len(terms)
    assert all(torch.equal(one, share) for one in told)
