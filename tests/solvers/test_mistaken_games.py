"""Mistakes of a user's game: each is a ValueError in one sentence that names the block, sampler, term or setting."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from formulations.players.domains import Box, Simplex
from formulations.problem import Block, SaddleProblem, Term
from solvers import solve
from solvers.descent_ascent import DescentAscent


def made(*layers: nn.Module) -> dict[str, Any]:
    return {"minimize_over": {"d": Block(lambda _: nn.Sequential(*layers, nn.Flatten(0)))}}


def begins(start: Any, domain: Any = None) -> dict[str, Any]:
    return {"maximize_over": {"f": Block(start, domain)}}


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0))


def normal(batch: int, generator: torch.Generator) -> Tensor:
    return torch.randn(batch, 2, generator=generator)


ON_DATA, ON_NOISE = Term(lambda d, x: -d(x), ["d"], ["data"]), Term(lambda f, d, z: d(f(z)), ["f", "d"], ["noise"])
SAMPLERS: dict[str, Any] = {"data": normal, "noise": normal}
GAME = {
    "maximize_over": {"f": Block(lambda _: nn.Linear(2, 2))},
    "minimize_over": {"d": Block(lambda _: net())},
    "payoff": [ON_DATA, ON_NOISE],
    "samplers": SAMPLERS,
    "level": 0.95,
}


def pays(f: Callable[..., Any]) -> dict[str, Any]:
    return {"payoff": [Term(f, ["d"], ["data"]), ON_NOISE]}


def draws(sampler: Any) -> dict[str, Any]:
    return {"samplers": {**SAMPLERS, "data": sampler}}


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"penalties": {"minimise": [ON_DATA]}}, r"a player 'minimise'; there are 'maximize' and 'minimize'"),
    ({"penalties": {"minimize": ON_DATA}}, r"penalties\['minimize'\] is a Term; give a list"),
    ({"penalties": [ON_DATA]}, "penalties is a list; give a dictionary"),
    ({"payoff": ON_DATA}, "payoff is a Term; give a list"),
    ({"payoff": []}, "the payoff has no terms"),
    ({"payoff": [lambda d: d]}, r"payoff\[0\] is a function; make it a Term"),
    ({"payoff": [ON_DATA]}, "no term is of the block 'f'"),
    ({"maximize_over": {"f": nn.Linear(2, 2)}}, r"maximize_over\['f'\] is a Linear; make it a Block"),
    ({"maximize_over": [1]}, "maximize_over is a list; give a dictionary"),
    ({"maximize_over": {1: Block(torch.ones(1))}}, "a block named 1"),
    ({"maximize_over": {}, "minimize_over": {}}, "neither player has a block"),
    ({"minimize_over": GAME["maximize_over"]}, "both players have a block named 'f'"),
    ({"samplers": [normal]}, "samplers is a list"),
    ({"samplers": {"data": normal}}, r"payoff\[1\]: a term names a sampler 'noise'; there are data, progress"),
    ({"samplers": {**SAMPLERS, "progress": normal}}, "a sampler 'progress'"),
    (draws(torch.ones(2)), "the sampler 'data' is a Tensor; give a function"),
    (draws(lambda batch, generator: np.zeros((batch, 2))), "the sampler 'data' returns ndarray; .*torch.as_tensor"),
    (draws(lambda batch, generator: [0.0] * batch), "the sampler 'data' returns list"),
    (draws(lambda batch, generator: None), "the sampler 'data' returns NoneType"),
    (draws(lambda batch, generator: torch.zeros(batch, 2).double()), "'data' draw float32.* in place of float64"),
    (draws(lambda batch, generator: torch.zeros(batch, 2).long()), "'data' draw float32.* in place of int64"),
    (draws(lambda batch, generator: torch.zeros(batch)), r"let the sampler 'data' return rows, \(batch, 1\)"),
    (draws(lambda batch, generator: torch.zeros(())), r"the sampler 'data' returns shape \(\) for a batch of 8"),
    (draws(lambda batch, generator: torch.zeros(batch - 1, 2)), r"'data' returns shape \(7, 2\) for a batch of 8"),
    (draws(lambda batch, generator: torch.zeros(batch, 3)), r"the layer '0' of the block 'd', a Linear\(in_features=2"),
    (draws(lambda batch, generator: torch.zeros(batch, 2, device="meta")), "'data' returns a tensor on meta"),
    (draws(lambda batch, generator: torch.full((batch, 2), np.nan)), "the sampler 'data' draws nan in 8 of 8 samples"),
    (draws(lambda batch, generator: 1 / 0), "the sampler 'data' raises ZeroDivisionError"),
    (draws(lambda batch: batch), "the sampler 'data' raises TypeError.*lambda batch, generator"),
    (draws(lambda batch, generator: next(iter(()))), "'data' raises StopIteration; begin its data anew"),
    (pays(lambda d, x: -d(x).mean()), r"payoff\[0\] \(of d over data\) returned shape \(\).*leave out its mean"),
    (pays(lambda d, x: d(x)[..., None]), r"returned shape \(1, 8, 1\); it must return \(1, 8\).*squeeze\(-1\)"),
    (pays(lambda d, x: d(x)[0]), r"returned shape \(8,\); it must return \(1, 8\)"),
    (pays(lambda d, x: torch.cat([d(x), d(x)], 1)), r"returned shape \(1, 16\)"),
    (pays(lambda d, x: 0.0), r"payoff\[0\] .* returned float; it must return a tensor"),
    (pays(lambda d, x: None), "returned NoneType"),
    (pays(lambda d, x: d(x).detach().numpy()), "returned ndarray"),
    (pays(lambda d, x: (d(x) > 0).long()), "returned torch.int64; it must return floating-point"),
    (pays(lambda d, x: d(x) + 0j), "returned torch.complex64"),
    (pays(lambda d, x: {}["key"]), r"payoff\[0\] \(of d over data\) raises KeyError: 'key'"),
    (pays(lambda d: d), r"payoff\[0\] .* raises TypeError"),
    (pays(lambda d, x: -d(x.add_(1))), "changes the sample of 'data' in place"),
    (pays(lambda d, x: d(x).exp_().tanh_().exp_()), "leave out operations in place"),
    (pays(lambda d, x: torch.full((1, 8), d(x).mean().item())), "does not depend on d; compute with it in torch"),
    (pays(lambda d, x: d(torch.zeros(8, 2))), r"the block 'd' is given shape \(8, 2\); the first dimension must be"),
    (pays(lambda d, x: d(x) * np.nan), r"at the start payoff\[0\] .* is nan in 8 of 8 samples"),
    (pays(lambda d, x: (d(x) * 0).log()), r"at the start payoff\[0\] .* is -inf"),
    (pays(lambda d, x: (d(x) * 0).sqrt()), r"at the start payoff\[0\] .* is finite but its gradient is not"),
    (
        {"payoff": [ON_DATA, Term(lambda f, d, z: d(f(z).detach()), ["f", "d"], ["noise"])]},
        r"payoff\[1\] .* does not depend on the block 'f', so it would never move",
    ),
    (begins(lambda: nn.Linear(2, 2)), "the start of the block 'f' raises TypeError"),
    (begins(lambda _: None), "the start of the block 'f' returns NoneType"),
    (begins(lambda _: np.zeros(2)), "the start of the block 'f' returns ndarray"),
    (begins(lambda _: nn.Linear(2, 2, dtype=torch.complex64)), "of the block 'f' weight holds torch.complex64"),
    (begins(lambda _: nn.LazyLinear(2)), "of the block 'f' weight has no size yet; .*LazyLinear"),
    (begins(lambda _: nn.Linear(2, 2, device="meta")), "of the block 'f' weight is on the device meta"),
    (begins(lambda _: nn.Linear(2, 2).double()), "let the sampler 'noise' draw float64"),
    (begins(lambda _: nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).double())), "one floating-point dtype"),
    (begins(lambda _: nn.DataParallel(nn.Linear(2, 2))), "the block 'f' is a DataParallel; give the module in it"),
    (begins(lambda _: nn.Linear(2, 2), Box(-1, 1)), "the block 'f' is a module and has a domain"),
    (
        begins(torch.tensor(1.0), Simplex()),
        r"the domain of the block 'f', Simplex\(sum=1.0\), does not suit shape \(\)",
    ),
    (made(nn.Linear(3, 4), nn.Linear(4, 1)), "the layer '0' of the block 'd', a Linear.*fit the widths"),
    (made(nn.Linear(2, 8), nn.Linear(7, 1)), "the layer '1' of the block 'd'"),
    (
        {"minimize_over": {"d": Block(lambda _: nn.LSTM(2, 1))}},
        r"returned tuple; .* \(outputs, state\), of which \[0\]",
    ),
    ({"value": 3}, "value is 3; give a function of the players"),
    ({"answer": None}, "answer is None"),
    ({"level": 2}, "level is 2; it must be a confidence"),
    ({"references": [3]}, "references is a list"),
    ({"answer": lambda players: players["g"]}, "the problem's answer raises KeyError: 'g'"),
    ({"value": lambda players: 1 / 0}, "the problem's value raises ZeroDivisionError"),
    ({"level": None, "value": lambda players: None}, "the problem's value returns NoneType"),
    ({"watch": lambda players: [1]}, "the problem's watch returns list"),
]


@pytest.mark.parametrize(("change", "match"), MISTAKES)
def test_a_mistake_of_a_game_is_said_in_one_sentence(change: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match) as caught:
        solve(SaddleProblem(**{**GAME, **change}), DescentAscent(batch=8, iterations=3))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("members", [1, 3])
def test_the_game_itself_is_played(members: int) -> None:
    assert solve(SaddleProblem(**GAME), DescentAscent(batch=8, iterations=3, members=members)).answer  # type: ignore[arg-type]


SETTINGS: list[dict[str, Any]] = [
    *({"step": step} for step in ((1, 2, 3), "fast", [0.1, 0.2], None, float("nan"), True, torch.tensor(0.1))),
    *({"batch": batch} for batch in ("a", 2.5, None, True)),
    *({"iterations": iterations} for iterations in (10.5, "x", True)),
    *({"members": members} for members in (1.0, "2")),
    *({"momentum": momentum} for momentum in ("a", None)),
    *({"method": method} for method in (None, "adam")),
    *({"optimizer": made} for made in ("adam", (torch.optim.Adam,), torch.optim.SGD([torch.zeros(1)]))),
    *({"inner": inner} for inner in (0, 1.5)),
    *({"schedule": given} for given in (0.5, (abs,), (abs, 0.5), (abs, None))),
    *({"averaging": averaging} for averaging in ("ema", 2, True)),
    *({"restart": restart} for restart in (0, 2.5)),
    *({"tolerance": tolerance} for tolerance in ("a", -1)),
    {"resume": 3},
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_senseless_setting_is_refused_when_it_is_made(setting: dict[str, Any]) -> None:
    (name,) = setting
    with pytest.raises(ValueError, match=rf"^{name} is .*; it must be") as caught:
        DescentAscent(**setting)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "match"),
    [
        ({"optimizer": lambda _: 3}, "the optimizer makes int"),
        ({"optimizer": partial(torch.optim.Adam, lr=-1)}, "the optimizer raises ValueError: Invalid learning rate"),
        ({"optimizer": torch.optim.LBFGS}, "the optimizer LBFGS does not move numbers one by one"),
        ({"schedule": lambda _: "a"}, "the schedule raises ValueError.* at iteration 0"),
        ({"schedule": lambda _: float("nan")}, "the schedule returns nan at iteration 0"),
        ({"schedule": (lambda _: 1.0, lambda _: math.inf)}, "the schedule returns inf at iteration 0"),
        ({"resume": {}}, "the state to resume is damaged"),
    ],
)
def test_what_a_setting_does_wrong_is_said(setting: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        solve(SaddleProblem(**GAME), DescentAscent(batch=8, **setting))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"start": [1]}, "start is list"),
        ({"start": {"h": 1}}, "start has a block 'h'; there are f, d"),
        ({"start": {"f": torch.zeros(2)}}, "start has Tensor for the block 'f', which is Linear"),
        ({"seed": "a"}, "seed is 'a'"),
        ({"seed": -1}, "seed is -1"),
        ({"gap": "a"}, "gap is 'a'"),
        ({"time_limit": "a"}, "time_limit is 'a'"),
        ({"progress": 3}, "progress is 3"),
    ],
)
def test_a_senseless_option_is_refused(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        solve(SaddleProblem(**GAME), DescentAscent(batch=8), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Term(lambda d: d, "fd"), r"a term's blocks is 'fd'; give the names in a list"),
        (lambda: Term(lambda d: d, ["d"], "data"), "a term's over is 'data'"),
        (lambda: Term(3, ["d"]), "a term's f is 3"),  # type: ignore[arg-type]
        (lambda: Block(None), "a block starts at None"),  # type: ignore[arg-type]
        (lambda: Block(torch.ones(1), Simplex), "a block's domain is the class Simplex"),  # type: ignore[arg-type]
        (lambda: Box(1, -1), r"Box\(1, -1\) is empty"),
    ],
)
def test_parts_are_checked_when_they_are_made(make: Callable[[], Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        make()


def test_a_users_own_traceback_is_kept() -> None:
    def mine(d: Any, x: Tensor) -> Tensor:
        raise LookupError("no such row")

    with pytest.raises(ValueError, match="no such row") as caught:
        solve(SaddleProblem(**{**GAME, **pays(mine)}), DescentAscent(batch=8))
    assert isinstance(caught.value.__cause__, LookupError)
    assert caught.traceback[-1].name == "evaluate"


def test_a_term_that_turns_nan_in_the_middle_of_the_play_is_named() -> None:
    def fails(d: Any, x: Tensor, progress: Tensor) -> Tensor:
        return -d(x) * torch.where(progress < 0.5, 1.0, np.nan)

    game = SaddleProblem(**{**GAME, "payoff": [ON_NOISE, Term(fails, ["d"], ["data", "progress"])]})
    for members in (1, 2):
        solution = solve(
            game, DescentAscent(method="simultaneous", step=1e-3, batch=8, iterations=100, members=members)
        )
        assert solution.status == "not_converged"
        assert "at iteration 51: payoff[1] (of d over data, progress) is nan in 8 of 8 samples" in solution.message
        assert "take smaller steps" not in solution.message
    grown = replace(game, payoff=[ON_DATA, Term(lambda f, d, z: d(f(z)).exp(), ["f", "d"], ["noise"])])
    assert "take smaller steps" in solve(grown, DescentAscent(step=1e9, batch=8, iterations=50)).message
