"""The table of losses on finite sets: no discriminator pays less than the page says, and the best one pays that."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from formulations.divergences.table import LE_CAM
from formulations.f_divergence import DIVERGENCES, divergence
from formulations.losses import LOSSES, log_ratios, objective
from formulations.players.networks import Scalar
from formulations.problem import Block, Floats, Players, SaddleProblem

torch.set_num_threads(1)
LEAST: dict[str, Callable[[Floats, Floats], float]] = {  # the payoff's minimum over d, of the page
    "likelihood": lambda q, p: 1 - divergence("kl", q, p),
    "lagrangian": lambda q, p: 1 - divergence("kl", q, p),
    "minimax": lambda q, p: math.log(4) - 2 * divergence("js", q, p),
    "non-saturating": lambda q, p: math.log(4) - 2 * divergence("js", q, p),
    "kl": lambda q, p: 1 - divergence("kl", q, p),
    **{name: lambda q, p: math.log(4) - 2 * divergence("js", q, p) for name in DIVERGENCES if name != "kl"},
    "least-squares": lambda q, p: (2 - divergence(LE_CAM, q, p)) / 8,
}
laws = st.integers(2, 5).flatmap(
    lambda k: st.tuples(*[st.lists(st.floats(0.05, 1), min_size=k, max_size=k).map(normalised)] * 2)
)


def normalised(weights: list[float]) -> Floats:
    law: Floats = np.array(weights) / sum(weights)
    return law


def paid(loss: str, q: Floats, p: Floats, v: Floats) -> float:
    """What a discriminator with output v, (k,), pays on the set of k points."""
    of_data, of_samples = objective(loss).payoff
    x = torch.tensor(v)[None]
    at_data, at_samples = of_data.f(lambda x: x, x), of_samples.f(lambda z: z, lambda x: x, x)
    return float(torch.tensor(q) @ at_data[0] + torch.tensor(p) @ at_samples[0])


def best_output(loss: str, q: Floats, p: Floats) -> Floats:
    best: Floats = q / (q + p) if loss == "least-squares" else np.log(q / p)
    return best


@pytest.mark.parametrize("loss", LEAST)
@given(laws=laws, seed=st.integers(0, 10**6))
def test_no_discriminator_pays_less_than_the_page_says_and_the_best_pays_that(
    loss: str, laws: tuple[Floats, Floats], seed: int
) -> None:
    q, p = laws
    least, best = LEAST[loss](q, p), best_output(loss, q, p)
    rng = np.random.default_rng(seed)
    for v in (best, rng.normal(size=len(q)), best + 0.01 * rng.normal(size=len(q)), 0 * q, -best):
        assert paid(loss, q, p, v) >= least - 1e-9
    assert paid(loss, q, p, best) == pytest.approx(least, abs=1e-9)


@pytest.mark.parametrize("loss", [name for name in DIVERGENCES if name not in ("kl", "total-variation")])
@given(laws=laws, seed=st.integers(0, 10**6))
def test_at_the_best_output_the_generator_climbs_minus_the_divergence(
    loss: str, laws: tuple[Floats, Floats], seed: int
) -> None:
    q, p = laws
    (climbed,) = objective(loss).surrogate or ()
    h = p * np.random.default_rng(seed).uniform(-1, 1, size=len(p))
    h -= p * h.sum()  # a direction in which p stays a law
    values = climbed.f(lambda z: z, lambda x: x, torch.tensor(np.log(q / p))[None])[0].numpy()
    step = 1e-5
    found = (divergence(loss, q, p - step * h) - divergence(loss, q, p + step * h)) / (2 * step)
    assert values @ h == pytest.approx(found, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("loss", LEAST)
@given(laws=laws)
def test_the_best_output_is_read_as_log_q_over_p(loss: str, laws: tuple[Floats, Floats]) -> None:
    q, p = laws
    d = log_ratios({"f": None, "d": torch.nn.Identity()}, loss)["d"]
    assert d(torch.tensor(best_output(loss, q, p))).numpy() == pytest.approx(np.log(q / p), abs=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_each_row_is_a_game_of_its_players(loss: str) -> None:
    row = objective(loss)
    judge, draw = torch.nn.Sequential(torch.nn.Linear(1, 1), Scalar()), lambda n, _: torch.ones(n, 1)
    SaddleProblem(
        maximize_over={"f": Block(torch.nn.Linear(1, 1)), **row.multipliers},
        minimize_over={"d": Block(judge)} if row.adversarial else {},
        payoff=row.payoff,
        surrogate=row.surrogate,
        penalties={"minimize": row.penalties} if row.penalties else {},
        samplers={"data": draw, "noise": draw, "uniform": draw},
        maths=row.maths,
    )
    assert row.adversarial == (loss != "mmd")
    assert (row.log_ratio is None) == (loss in ("wasserstein", "began", "mmd"))
    assert (row.divergence is None) == (loss in ("wasserstein", "relativistic", "began", "mmd"))


@pytest.mark.parametrize("loss", ["wasserstein", "mmd"])
def test_where_the_output_says_nothing_of_q_over_p_no_player_claims_to(loss: str) -> None:
    players: Players = {"f": 1, "d": 2}
    assert log_ratios(players, loss) == {"f": 1}


def test_a_loss_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"the loss is 'hinge'; it must be one of likelihood, .*, mmd"):
        objective("hinge")


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e6])
def test_distances_and_slopes_are_in_the_units_of_the_data(scale: float) -> None:
    """The same data in other units: the same payoff, penalty and so training."""
    unit, rng = torch.tensor([scale, 1.0]), torch.Generator().manual_seed(0)
    x, z = (torch.randn(1, 6, 2, generator=rng) for _ in range(2))
    (mmd,), (as_it_is,) = objective("mmd", unit).payoff, objective("mmd").payoff
    assert torch.allclose(mmd.f(lambda z: z * unit, x * unit, z), as_it_is.f(lambda z: z, x, z), atol=1e-5)
    (penalty,), u = objective("wasserstein", unit).penalties, torch.full((1, 6), 0.5)
    steep = lambda x: 3 * (x / unit).sum(-1)  # noqa: E731
    assert penalty.f(lambda z: z * unit, steep, x * unit, z, u).mean().item() == pytest.approx(
        10 * (3 * math.sqrt(2) - 1) ** 2, rel=1e-4
    )
