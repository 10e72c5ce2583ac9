"""Games watched by samples: what is answered is the evaluation that did best, not the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from formulations.problem import Block, Players, SaddleProblem, Term
from solvers import solve
from solvers.clock import Clock
from solvers.descent_ascent import DescentAscent, SaddleSearch
from solvers.descent_ascent.kept import Kept, kept_of, standing

SEEN = {"value": lambda theta: 1 - (theta - 1) ** 2, "distance": lambda theta: (theta - 1) ** 2 - 1e-3}


class Counting(nn.Module):
    """A number that is pushed upwards, and a buffer that counts how often it was used."""

    used: Tensor

    def __init__(self, start: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.full((1, 1), start))
        self.register_buffer("used", torch.zeros(1))

    def forward(self, z: Tensor) -> Tensor:
        if self.training:
            self.used += 1
        return z + self.theta


def climbing(seen: Mapping[str, Any], module: bool = True) -> SaddleProblem:
    """A number that climbs for ever, past 1 where it is best."""
    start: Any = (lambda g: Counting(float(torch.rand((), generator=g)) / 10)) if module else torch.zeros(1)
    number = (lambda f: f.theta.item()) if module else (lambda f: f.item())
    return SaddleProblem(
        maximize_over={"f": Block(start)},
        minimize_over={"d": Block(torch.zeros(1))},
        payoff=[
            Term(lambda f, z: f(z)[..., 0] if module else f + 0 * z[..., 0], ["f"], ["noise"]),
            Term(lambda d: (d**2).sum(-1), ["d"], []),
        ],
        samplers={"noise": lambda n, g: torch.randn(n, 1, generator=g)},
        level=0.95,
        watch=lambda players: {name: how(number(players["f"])) for name, how in seen.items()},
    )


STEPS = DescentAscent(method="simultaneous", step=0.02, iterations=200, batch=2)


@pytest.mark.parametrize("name", ["value", "distance"])
@pytest.mark.parametrize("module", [True, False])
def test_the_best_evaluation_is_answered(name: str, module: bool) -> None:
    found = solve(climbing({name: SEEN[name], "divergence": lambda _: 0.0}, module), STEPS)
    history, chosen = found.stats["history"], found.stats["members"][0]
    rank = {"value": max, "distance": min}[name]
    best = rank(history, key=lambda row: row[name])
    assert (chosen["iteration"], chosen[name]) == (best["iteration"], best[name])
    assert 0 < chosen["iteration"] < 100 < history[-1]["iteration"]
    theta = found.answer["f"].theta.item() if module else found.answer["f"].item()
    assert SEEN[name](theta) == best[name]
    if module:
        assert found.answer["f"].used.item() == pytest.approx(best["iteration"] + 1, abs=2)  # as it was then


class Driven(Clock):
    """A clock that goes on when it is told to."""

    now = 0.0

    @property
    def elapsed(self) -> float:
        return self.now


@pytest.mark.parametrize(("limit", "reserved"), [(1000.0, 60.0), (100.0, 50.0)])
def test_time_is_left_for_samples_that_are_held_out(limit: float, reserved: float) -> None:
    """An evaluation takes a second, a step a tenth of one: 60 evaluations' time is left, or half of the limit."""
    clock = Driven(limit, started=0.0)
    problem = climbing({})

    def takes(seconds: float, what: Any) -> Any:
        def timed(*given: Any) -> Any:
            clock.now += seconds
            return what(*given)

        return timed

    problem = replace(
        problem,
        watch=takes(1.0, lambda players: {"value": 0.0}),
        samplers={"noise": takes(0.1, problem.samplers["noise"])},
    )
    settings = replace(STEPS, iterations=100_000)
    search = SaddleSearch(problem, settings, clock=clock, gap=0.0, seed=0, device="cpu")
    assert search.run(lambda _: None) == "limit"
    assert search.iteration > 0
    assert reserved - 2 < clock.left <= reserved


def test_a_divergence_told_by_the_other_player_stops_nothing() -> None:
    found = solve(climbing({"divergence": lambda theta: theta}), STEPS)
    assert found.answer["f"].theta.item() > 3.9
    assert found.stats["members"][0]["iteration"] == 200


def test_what_was_never_finite_is_not_kept() -> None:
    nowhere = {"value": lambda theta: None if theta < 3 else float("nan")}
    assert solve(climbing(nowhere), STEPS).answer["f"].theta.item() > 3.9
    late = {"value": lambda theta: None if theta < 2 else -theta}
    assert 2 <= solve(climbing(late), STEPS).answer["f"].theta.item() < 2.2


def test_each_member_keeps_its_own_and_the_best_of_them_is_chosen() -> None:
    found = solve(climbing({"value": SEEN["value"]}), replace(STEPS, members=3))
    rows = found.stats["members"]
    for row, players in zip(rows, found.answer, strict=True):
        assert SEEN["value"](players["f"].theta.item()) == row["value"] > 0.99
    assert rows[found.stats["chosen"]]["value"] == max(row["value"] for row in rows)


def test_a_resumed_play_remembers_what_it_had_kept() -> None:
    states = []

    def follow(search: SaddleSearch) -> None:
        states.append(search.state())

    whole = solve(climbing({"value": SEEN["value"]}), STEPS, progress=follow)
    late = next(state for state in states if state["iteration"] > 150)  # long after the best
    again = solve(climbing({"value": SEEN["value"]}), replace(STEPS, resume=late))
    assert again.stats["members"] == whole.stats["members"]
    for key, tensor in whole.answer["f"].state_dict().items():
        assert torch.equal(again.answer["f"].state_dict()[key], tensor)
    old = {key: held for key, held in late.items() if key != "kept"}  # of an earlier version
    assert solve(climbing({"value": SEEN["value"]}), replace(STEPS, resume=old)).answer["f"].theta.item() > 2.9
    damaged = {**late, "kept": [{"iteration": 1}]}
    with pytest.raises(ValueError, match="the state to resume is damaged"):
        solve(climbing({"value": SEEN["value"]}), replace(STEPS, resume=damaged))


def test_standing_is_by_what_no_discriminator_can_flatter() -> None:
    players: Players = {}
    assert standing(players) is None
    assert standing({"bound": 0.0, "divergence": -1.0}) is None
    assert standing({"value": float("inf"), "distance": 2.0}) == (-2.0, 0.0)


def test_among_evaluations_that_noise_could_have_told_apart_the_latest_is_kept() -> None:
    kept = None
    for iteration, distance in enumerate([9.0, 2.0, 1.0, 1.9, 2.1, 1.5]):
        kept = kept_of(kept, Kept(iteration, {"distance": distance, "distance_error": 0.5}, {}))
        assert kept is not None
        assert kept.iteration == [0, 1, 2, 3, 3, 5][iteration]


def test_watching_changes_nothing_in_the_play() -> None:
    def last(seen: Mapping[str, Any]) -> Tensor:
        states: list[Any] = []
        solve(climbing(seen), STEPS, progress=lambda search: states.append(search.state()))
        flat: Tensor = states[-1]["players"]["maximize"]
        return flat

    assert torch.equal(last({"value": SEEN["value"]}), last({}))


def test_of_a_generator_that_is_not_trained_the_discriminator_that_tells_most_is_kept() -> None:
    kept = None
    for iteration, divergence in enumerate([0.0, 0.3, 0.1, -0.5]):
        kept = kept_of(kept, Kept(iteration, {"value": -1.0, "divergence": divergence}, {}))
    assert kept is not None
    assert kept.iteration == 1
    better = kept_of(kept, Kept(4, {"value": -0.9, "divergence": -0.5}, {}))
    assert better is not None
    assert better.iteration == 4
