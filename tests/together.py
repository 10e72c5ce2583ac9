"""A few games, each played once, or by two processes together: python together.py FOLDER RANK, RANK 0 and 1."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, distributed, nn

from formulations.games import bilinear
from formulations.gan import drawn, gan
from formulations.likelihood.mixtures import GaussianMixture
from formulations.players.generators import normal
from formulations.players.penalties import r1
from formulations.problem import Block, SaddleProblem, Term
from solvers.clock import Clock
from solvers.descent_ascent import DescentAscent, SaddleSearch

UNEVEN = 11  # samples in a batch, which two processes share as 5 and 6


def layers(last: int, *others: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), *others, nn.Linear(8, last))


def adversarial(*others: nn.Module) -> SaddleProblem:
    """A generator with those layers besides against a discriminator whose slopes are penalised."""
    data = drawn(GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [0.3, 0.3]), 100)
    f, d = lambda _: layers(2, *others), lambda _: nn.Sequential(layers(1), nn.Flatten(0))
    return gan(data, f, d, normal(2), loss="non-saturating", penalties=[r1()])


def falling() -> SaddleProblem:
    """A term without samples beside an expectation, of whose samples the third is infinite from the fifth batch on."""
    calls = 0

    def sampled(n: int, numbers: Generator) -> Tensor:
        nonlocal calls
        calls += 1
        x = torch.randn(n, generator=numbers)
        x[2] = torch.inf if calls > 4 else 0.0
        return x

    terms = [Term(lambda x, z: x * z, ["x"], ["z"]), Term(lambda x: x.square(), ["x"])]
    return SaddleProblem(
        maximize_over={}, minimize_over={"x": Block(torch.ones(()))}, payoff=terms, samplers={"z": sampled}
    )


class Asked(Clock):
    """A clock by which time is over once it has been asked so often."""

    @property
    def left(self) -> float:
        assert self.limit is not None
        self.limit -= 1
        return self.limit


def played(problem: SaddleProblem, clock: Clock | None = None, **settings: Any) -> SaddleSearch:
    found = SaddleSearch(problem, DescentAscent(**settings), clock=clock or Clock(), gap=0.0, seed=5, device="cpu")
    found.run(lambda _: None)
    return found


def all_played() -> dict[str, Any]:
    """What each of the games comes to: the numbers of both players, and whatever else is to be compared."""
    # by plain steps: those of Adam are the same if all gradients are twice as long
    game = {"method": "alternating", "inner": 2, "step": 0.1, "momentum": 0.5, "batch": UNEVEN, "iterations": 12}
    whole, half = played(adversarial(), **game), played(adversarial(), **{**game, "iterations": 6})
    again = played(adversarial(), **game, resume=half.state())
    layered = adversarial(nn.BatchNorm1d(8), nn.Dropout())
    normalised = played(layered, optimizer=torch.optim.Adam, batch=16, iterations=12)
    plain = played(bilinear(5, 3.0), step=0.1, momentum=0.5, averaging="uniform", iterations=30)
    lost = played(falling(), method="simultaneous", iterations=5, batch=4)
    return {
        "shared": numbers(whole),
        "resumed": numbers(again),
        "normalised": numbers(normalised),
        "buffers": normalised.play.buffers(),
        "without samples": numbers(plain),
        "lost": lost.reasons[0],
    }


def numbers(search: SaddleSearch) -> list[Tensor]:
    return [player.flat.clone() for player in search.play.players.values()]


def main(folder: Path, rank: int) -> None:
    """Play them, and then two that end early: by the time limit of the first process, and by the end of the other."""
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    torch.set_num_threads(1)
    found = all_played()
    game = adversarial()
    limited = played(game, Asked(20 if rank == 0 else 10**9), method="simultaneous", batch=16, iterations=10**9)
    torch.save({**found, "limited": (limited.iteration, numbers(limited))}, folder / f"{rank}.pt")
    calls = 0

    def ending(n: int, numbers: Generator) -> Tensor:
        nonlocal calls
        calls += 1
        if rank == 1 and calls == 10:
            os._exit(3)
        return normal(2)(n, numbers)

    game.samplers["noise"] = ending  # type: ignore[index]
    try:
        played(game, method="simultaneous", batch=16, iterations=10**9)
    except ValueError as error:
        (folder / "lost.txt").write_text(str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
