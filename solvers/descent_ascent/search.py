"""Saddle problems by gradients: one player descends the payoff, the other ascends it, in torch on a CPU or a GPU."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from formulations.problem import Block, Number, Players, SaddleProblem, Side
from solvers.clock import Clock, stoppable
from solvers.descent_ascent.play import SIDES, Play
from solvers.descent_ascent.steps import Mover, alternating, extragradient, optimistic, simultaneous
from solvers.judge import relative_gap
from solvers.threads import one_torch_thread

SMALL = 200_000  # numbers of both players up to which one thread is fastest
GROWTH, LOOKS = 1.1, 100  # iterations between two looks grow by that factor, until there are so many looks in all
WATCHING = 1_000_003  # added to the seed of samples that are only looked at
Method = Literal["extragradient", "optimistic", "alternating", "simultaneous"]
Optimizer = Callable[[list[Tensor]], torch.optim.Optimizer]


@dataclass(frozen=True, kw_only=True)
class DescentAscent:
    """How two players move towards a saddle point: the rule, its steps, and what is done with the points passed.

    method      "extragradient", "optimistic", "alternating" or "simultaneous": the rules of descent_ascent.steps
    step        length of plain steps, of both players or (maximizing, minimizing)
    momentum    share of the last step that is taken again, with plain steps
    optimizer   parameters -> a torch optimizer, in place of plain steps; of both players or (maximizing, minimizing)
    inner       steps of the minimizing player for each of the other, when alternating
    schedule    iteration -> factor of all steps
    averaging   "uniform" over all points, or the decay of an exponential moving average; the average is answered if it
                is better, and in place of the last point if values are estimated from samples
    restart     iterations after which the players are put at their uniform average, and average anew from there
    iterations  most iterations of the rule; batch: samples of each expectation, per member and gradient
    members     games played at once, with seeds seed, seed + 1, ...: one ensemble in batched operations
    tolerance   residual |z - P(z - F(z))| at which a game without randomness has settled
    resume      the state of an earlier search, to go on as if it had not stopped
    """

    method: Method = "extragradient"
    step: float | tuple[float, float] = 0.1
    momentum: float = 0.0
    optimizer: Optimizer | tuple[Optimizer, Optimizer] | None = None
    inner: int = 1
    schedule: Callable[[int], float] | None = None
    averaging: Literal["uniform"] | float | None = None
    restart: int | None = None
    iterations: int = 10_000
    batch: int = 256
    members: int = 1
    tolerance: float = 1e-12
    resume: Mapping[str, Any] | None = field(default=None, compare=False)
    name = "descent-ascent"

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that makes no sense."""
        wrong = {
            "method": self.method not in get_args(Method),
            "step": not all(0 < step < math.inf for step in both(self.step)),
            "momentum": not -1 < self.momentum < 1,
            "inner": self.inner < 1 or (self.inner > 1 and self.method != "alternating"),
            "averaging": not (self.averaging in (None, "uniform") or 0 < float(self.averaging) < 1),
            "restart": self.restart is not None and (self.restart < 1 or self.optimizer is not None),
            "iterations": self.iterations < 1,
            "batch": self.batch < 1,
            "members": self.members < 1,
            "tolerance": not self.tolerance >= 0,
        }
        for setting, refused in wrong.items():
            if refused:
                raise ValueError(f"{setting} is {getattr(self, setting)!r}; it must be {MEANT[setting]}")


MEANT = {
    "method": f"one of {', '.join(get_args(Method))}",
    "step": "a positive number, or one for each player",
    "momentum": "between -1 and 1",
    "inner": "a whole number from 1, and 1 unless the method is alternating",
    "averaging": "'uniform' or a decay between 0 and 1",
    "restart": "a whole number from 1, with plain steps",
    "iterations": "a whole number from 1",
    "batch": "a whole number from 1",
    "members": "a whole number from 1",
    "tolerance": "at least 0",
}


class SaddleSearch:
    """A game as it is being played.

    iteration  how far it has come, of `total`
    history    each look at it: iteration, evaluations, value, bound, residual
    best       the best guarantee of either player: "value" or "bound" -> that number, and the players
    """

    def __init__(
        self,
        problem: SaddleProblem,
        settings: DescentAscent,
        *,
        clock: Clock,
        gap: float,
        seed: int,
        device: str,
        start: Mapping[str, Any] | None = None,
    ) -> None:
        """Start both players, at the blocks given or their own, or put them where the state to resume left them."""
        self.problem, self.settings, self.clock, self.gap, self.seed = problem, settings, clock, gap, seed
        if start is not None:
            problem = started_at(problem, start)
        self.play = Play(problem, members=settings.members, batch=settings.batch, seed=seed, device=device)
        self.iteration, self.total, self.interrupted = 0, settings.iterations, False
        self.history: list[dict[str, Any]] = []
        self.so_far: Callable[[], Any] = lambda: None  # what was found up to now
        self.size: float | None = None  # how far value and bound lay apart when the play began
        self.best: dict[Literal["value", "bound"], tuple[Number, Players]] = {}
        self.lost = torch.zeros(settings.members, dtype=torch.bool)  # members that diverged: they stay where they were
        self.averages: dict[Side, Tensor] = {}
        self._averaged = 0
        self._gradients: dict[Side, Tensor] = {}  # the optimistic rule's last
        self._movers = {
            side: Mover(self.play.players[side], step, settings.momentum, optimizer)
            for side, step, optimizer in zip(SIDES, both(settings.step), both(settings.optimizer), strict=True)
        }
        if settings.averaging is not None or settings.restart is not None:
            self.averages = {side: player.flat.clone() for side, player in self.play.players.items()}
        if settings.resume is not None:
            self._load(settings.resume)

    def run(self, report: Callable[[SaddleSearch], None]) -> str:
        """Play; returns "optimal" (value and bound met), "settled", "iterations", "limit" or "diverged"."""
        small = sum(player.flat.numel() for player in self.play.players.values()) < SMALL
        with one_torch_thread() if small else nullcontext(), stoppable() as stopped, torch.no_grad():
            ended = self._look(report) if not self.history else None
            while ended is None and self.iteration < self.total:
                self.interrupted = stopped()
                if self.interrupted or self.clock.left <= 0:
                    ended = "limit"
                    break
                self._step()
                if self.lost.all():
                    ended = "diverged"
                elif self.iteration >= self._next:
                    ended = self._look(report)
            if ended in (None, "diverged") and self.history[-1]["iteration"] < self.iteration:
                ended = self._look(report) or ended
        return ended or "iterations"

    @property
    def _next(self) -> int:
        """The iteration of the next look, told by the last alone."""
        last: int = self.history[-1]["iteration"]
        return min(max(last + 1, math.ceil(last * GROWTH)), last + max(self.total // LOOKS, 1))

    def _step(self) -> None:
        """One iteration of the rule; members whose numbers are no longer finite after it are put back and given up."""
        settings, play = self.settings, self.play
        factor = 1.0 if settings.schedule is None else settings.schedule(self.iteration)
        before = {side: player.flat.clone() for side, player in play.players.items()}
        play.progress = self.iteration / self.total
        match settings.method:
            case "simultaneous":
                simultaneous(play, self._movers, factor)
            case "alternating":
                alternating(play, self._movers, factor, settings.inner)
            case "extragradient":
                extragradient(play, self._movers, factor, before)
            case "optimistic":
                optimistic(play, self._movers, factor, self._gradients)
        self.iteration += 1
        maximizing, minimizing = play.players.values()
        finite = (maximizing.flat.sum(dim=1) + minimizing.flat.sum(dim=1)).isfinite()
        if not finite.all():
            self.lost |= ~finite.cpu()
            for side, player in play.players.items():
                player.flat[~finite] = before[side][~finite]
        self._average()

    def _average(self) -> None:
        """Let the averages follow the players, and the players start again from them if that is due."""
        if not self.averages:
            return
        self._averaged += 1
        t, decay = self._averaged, self.settings.averaging
        weight = 1 - min(decay, t / (t + 9)) if isinstance(decay, float) else 1 / t  # the start is forgotten soon
        for side, player in self.play.players.items():
            self.averages[side].lerp_(player.flat, weight)
        if self.settings.restart is not None and self._averaged == self.settings.restart:
            self._averaged = 0
            self._gradients.clear()
            for side, player in self.play.players.items():
                player.flat.copy_(self.averages[side])
                self._movers[side].forget()

    def _look(self, report: Callable[[SaddleSearch], None]) -> str | None:
        """Note where the game stands; returns why it is over, if it is."""
        problem, seed = self.problem, self.seed + WATCHING + self.iteration
        generators = [torch.Generator(g.device).manual_seed(seed + k) for k, g in enumerate(self.play.generators)]
        residual = max(self.play.residuals(generators))
        watched: Mapping[str, float | None] = {}
        if problem.level is None:
            self._keep_best()
            watched = {name: float(found[0]) for name, found in self.best.items()}
        elif problem.watch is not None:
            watched = problem.watch(self.players(0))
        row = {"iteration": self.iteration, "evaluations": self.play.evaluations, "value": None, "bound": None}
        self.history.append({**row, **watched, "residual": residual})
        report(self)
        if self._met():
            return "optimal"
        at_rest = not self.play.random and residual <= self.settings.tolerance
        return "settled" if at_rest and not bool(self.lost.any()) else None

    def _met(self) -> bool:
        """Whether the best value and the best bound are as near each other as was asked."""
        if self.problem.level is not None or len(self.best) < 2:
            return False
        value, bound = self.best["value"][0], self.best["bound"][0]
        if self.size is None:
            self.size = abs(float(bound) - float(value))
        own = self.problem.size
        return relative_gap(value, bound, self.size if own is None else own(self.best_of_both({}))) <= self.gap

    def best_of_both(self, players: Players) -> Players:
        """The maximizing player of the best value and the minimizing one of the best bound, else those given."""
        best = dict(players)
        for name, blocks in (("value", self.problem.maximize_over), ("bound", self.problem.minimize_over)):
            if name in self.best:
                best |= {block: self.best[name][1][block] for block in blocks}
        return best

    def _keep_best(self) -> None:
        """Ask what each player guarantees, at the last point and at the average."""
        value, bound = self.problem.value, self.problem.bound
        if value is None and bound is None:
            return
        points = (None, self.averages) if self.averages else (None,)
        for k in range(self.settings.members):
            for flats in points:
                players = self.play.member(k, flats)
                self._keep("value", value, players, 1)
                self._keep("bound", bound, players, -1)

    def _keep(
        self,
        name: Literal["value", "bound"],
        guaranteed: Callable[[Players], Number] | None,
        players: Players,
        sign: int,
    ) -> None:
        found = math.nan if guaranteed is None else guaranteed(players)
        if math.isfinite(found) and (name not in self.best or sign * found >= sign * self.best[name][0]):
            self.best[name] = (found, players)  # the later of equals is nearer to the saddle point

    def players(self, k: int) -> Players:
        """One member's players to be judged by samples: their average where there is one."""
        return self.play.member(k, self.averages or None)

    def state(self) -> dict[str, Any]:
        """All that the rest of the play depends on: tensors, numbers and names in lists and dictionaries."""
        return {
            "iteration": self.iteration,
            "evaluations": self.play.evaluations,
            "size": self.size,
            "history": list(self.history),
            "lost": self.lost.clone(),
            "averaged": self._averaged,
            "averages": {side: flat.clone() for side, flat in self.averages.items()},
            "gradients": {side: flat.clone() for side, flat in self._gradients.items()},
            "players": {side: player.flat.clone() for side, player in self.play.players.items()},
            "movers": {side: copy.deepcopy(mover.state()) for side, mover in self._movers.items()},
            "generators": [generator.get_state() for generator in self.play.generators],
        }

    def _load(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; raises ValueError if it is of another game, or damaged."""
        try:
            self._restore(state)
        except (KeyError, TypeError, AttributeError, IndexError, RuntimeError) as error:
            raise ValueError(f"the state to resume is damaged ({type(error).__name__}); start anew") from error

    def _restore(self, state: Mapping[str, Any]) -> None:
        for side, player in self.play.players.items():
            there, here = tuple(state["players"][side].shape), tuple(player.flat.shape)
            if there != here or set(state["averages"]) != set(self.averages):
                raise ValueError(
                    f"the state to resume has {there[0]} members of {there[1]} numbers to {side} over, this game "
                    f"{here[0]} of {here[1]}; resume with the options it was begun with"
                )
            player.flat.copy_(state["players"][side])
            self._movers[side].load(state["movers"][side])
        self.iteration, self.play.evaluations = state["iteration"], state["evaluations"]
        self.size = state["size"]
        self.history, self.lost, self._averaged = list(state["history"]), state["lost"].clone(), state["averaged"]
        if not 0 <= self.history[-1]["iteration"] <= self.iteration:
            raise IndexError("the history is of another iteration")
        for side, flat in self.averages.items():
            flat.copy_(state["averages"][side])
        self._gradients = {side: flat.to(self.play.players[side].flat) for side, flat in state["gradients"].items()}
        for generator, numbers in zip(self.play.generators, state["generators"], strict=True):
            generator.set_state(numbers.cpu())


def both(setting: Any) -> tuple[Any, Any]:
    """The setting of the maximizing and of the minimizing player."""
    return setting if isinstance(setting, tuple) else (setting, setting)


def started_at(problem: SaddleProblem, start: Mapping[str, Any]) -> SaddleProblem:
    """The same game, its blocks beginning as given: tensors or arrays, or modules; raises ValueError for others."""
    known = {**problem.maximize_over, **problem.minimize_over}
    for name in start:
        if name not in known:
            raise ValueError(f"start has a block {name!r}; there are {', '.join(known)}")

    def begun(name: str, block: Block) -> Block:
        if name not in start:
            return block
        given = start[name]

        def begin(generator: torch.Generator) -> Any:
            own = block.start(generator)
            if isinstance(own, torch.nn.Module) and isinstance(given, torch.nn.Module):
                return copy.deepcopy(given)
            if isinstance(own, torch.nn.Module) or isinstance(given, torch.nn.Module):
                raise ValueError(f"start has a {type(given).__name__} for the block {name!r}, a {type(own).__name__}")
            tensor = torch.as_tensor(given, dtype=own.dtype, device=own.device).clone()
            if tensor.shape != own.shape:
                raise ValueError(f"start has shape {tuple(tensor.shape)} for the block {name!r} of {tuple(own.shape)}")
            return tensor

        return replace(block, start=begin)

    return replace(
        problem,
        maximize_over={name: begun(name, block) for name, block in problem.maximize_over.items()},
        minimize_over={name: begun(name, block) for name, block in problem.minimize_over.items()},
    )
