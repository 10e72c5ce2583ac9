"""Saddle problems by gradients: one player descends the payoff, the other ascends it, in torch on a CPU or a GPU."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Literal

import torch
from torch import Tensor

from formulations.problem import Number, Players, SaddleProblem, Side
from solvers.clock import Clock, stoppable
from solvers.descent_ascent.distributed import processes
from solvers.descent_ascent.divergence import reason
from solvers.descent_ascent.kept import Kept, kept_again, kept_of
from solvers.descent_ascent.play import SIDES, Play
from solvers.descent_ascent.rehearsal import rehearse
from solvers.descent_ascent.settings import DescentAscent, both
from solvers.descent_ascent.steps import Mover, alternating, extragradient, optimistic, scheduled, simultaneous
from solvers.judge import relative_gap
from solvers.judged.asking import number, watched
from solvers.optional import one_torch_thread

SMALL = 200_000  # numbers of both players up to which one thread is fastest
GROWTH, EVALUATIONS = 1.1, 100  # the iterations between two evaluations grow by that factor, up to total / EVALUATIONS
RESERVE = 60  # evaluations' time is left for samples that are held out, which are as many times those that are watched
EVALUATION_SEED = 1_000_003  # added to the seed: samples of evaluations are none of the play


class SaddleSearch:
    """A game as it is being played.

    iteration  how far it has come, of `total`
    history    each evaluation of it: iteration, evaluations of gradients so far, value, bound, residual
    best       the best guarantee of either player: "value" or "bound" -> that number, and the players
    kept       where it is watched by samples, each member's evaluation that did best: early stopping
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
        self.play = Play(
            problem,
            members=settings.members,
            batch=settings.batch,
            seed=int(seed),
            device=device,
            start=start,
            processes=processes(device),
        )
        sampled = problem.level is not None and clock.limit is not None
        self.reserve = clock.left / 2 if sampled else 0.0  # seconds left for held-out samples, if they take no less
        self.iteration, self.total, self.interrupted = 0, settings.iterations, False
        self.history: list[dict[str, Any]] = []
        self.so_far: Callable[[], Any] = lambda: None  # what was found up to now
        self.size: float | None = None  # how far value and bound lay apart when the play began
        self.best: dict[Literal["value", "bound"], tuple[Number, Players]] = {}
        self.kept: list[Kept | None] = [None] * settings.members
        self.lost = torch.zeros(settings.members, dtype=torch.bool)  # members that diverged: they stay where they were
        self.reasons: dict[int, str] = {}  # why those did
        self._before = {side: torch.empty_like(player.flat) for side, player in self.play.players.items()}
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
            rehearse(self.play, self._evaluating())
            ended = self._evaluate(report) if not self.history else None
            while ended is None and self.iteration < self.total:
                ended = self._stopped(stopped())
                if ended is not None:
                    break
                self._step()
                if self.lost.all():
                    ended = "diverged"
                elif self.iteration >= self._next_evaluation:
                    ended = self._evaluate(report)
            if ended in (None, "diverged") and self.history[-1]["iteration"] < self.iteration:
                ended = self._evaluate(report) or ended
        return ended or "iterations"

    def _stopped(self, interrupted: bool) -> str | None:
        """Why it is over before its end, if it is: by Ctrl-C or the time limit, of the first of several processes."""
        choice = 2 if interrupted else int(self.clock.left <= self.reserve)
        choice = self.play.processes.agreed(choice)
        self.interrupted = choice == 2
        return "limit" if choice else None

    @property
    def _next_evaluation(self) -> int:
        """Its iteration, told by the last one's alone."""
        last: int = self.history[-1]["iteration"]
        return min(max(last + 1, math.ceil(last * GROWTH)), last + max(self.total // EVALUATIONS, 1))

    def _step(self) -> None:
        """One iteration of the rule; members whose numbers are no longer finite after it are put back and given up."""
        settings, play = self.settings, self.play
        factor = scheduled(settings.schedule, self.iteration)
        before, buffers = (
            {side: self._before[side].copy_(player.flat) for side, player in play.players.items()},
            play.buffers(),
        )
        play.progress = self.iteration / self.total
        play.log.clear()
        with play.numbers.used():
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
            self._put_back((~finite).nonzero()[:, 0].tolist(), before, buffers)
        self._average()

    def _put_back(self, members: Sequence[int], before: Mapping[Side, Tensor], buffers: Sequence[Any]) -> None:
        """Put members back to where the step began, and give up those that had not been given up."""
        for side, player in self.play.players.items():
            player.flat[members] = before[side][members]
        self.play.put_back(buffers, members)
        for k in members:
            if not self.lost[k]:
                self.lost[k] = True
                self.reasons[k] = reason(self.play, k)

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

    def _evaluating(self) -> list[torch.Generator]:
        """The random numbers of an evaluation, which are none of the play."""
        seed = self.seed + EVALUATION_SEED + self.iteration
        return [torch.Generator(g.device).manual_seed(seed + k) for k, g in enumerate(self.play.generators)]

    def _evaluate(self, report: Callable[[SaddleSearch], None]) -> str | None:
        """Note where the game stands; returns why it is over, if it is."""
        problem = self.problem
        self.play.average_buffers()
        residual = max(self.play.residuals(self._evaluating()))
        seen: Mapping[str, float | None]
        if problem.level is None:
            self._keep_best()
            seen = {name: float(found[0]) for name, found in self.best.items()}
        else:
            began = self.clock.elapsed
            seen = self._keep_watched()
            self.reserve = min(self.reserve, RESERVE * (self.clock.elapsed - began) / self.settings.members)
        row = {"iteration": self.iteration, "evaluations": self.play.evaluations, "value": None, "bound": None}
        self.history.append({**row, **seen, "residual": residual})
        report(self)
        at_rest = not self.play.random and residual <= self.settings.tolerance and not bool(self.lost.any())
        ends = (None, "settled", "optimal")
        return ends[self.play.processes.agreed(2 if self._met() else int(at_rest))]

    def _met(self) -> bool:
        """Whether the best value and the best bound are as near each other as was asked."""
        if self.problem.level is not None or len(self.best) < 2:
            return False
        value, bound = self.best["value"][0], self.best["bound"][0]
        if self.size is None:
            self.size = abs(float(bound) - float(value))
        size = number(self.problem, "size", self.best_of_both({}))
        return relative_gap(value, bound, self.size if size is None else float(size)) <= self.gap

    def best_of_both(self, players: Players) -> Players:
        """The maximizing player of the best value and the minimizing one of the best bound, else those given."""
        best = dict(players)
        for name, blocks in (("value", self.problem.maximize_over), ("bound", self.problem.minimize_over)):
            if name in self.best:
                best |= {block: self.best[name][1][block] for block in blocks}
        return best

    def _keep_best(self) -> None:
        """Ask what each player guarantees, at the last point and at the average."""
        if self.problem.value is None and self.problem.bound is None:
            return
        points = (None, self.averages) if self.averages else (None,)
        for k in range(self.settings.members):
            for flats in points:
                players = self.play.member(k, flats)
                self._keep("value", players, 1)
                self._keep("bound", players, -1)

    def _keep(self, name: Literal["value", "bound"], players: Players, sign: int) -> None:
        found = number(self.problem, name, players)
        if found is not None and (name not in self.best or sign * found >= sign * self.best[name][0]):
            self.best[name] = (found, players)  # the later of equals is nearer to the saddle point

    def _keep_watched(self) -> Mapping[str, float | None]:
        """Watch every member, and keep the players that do best; what was seen of the first member."""
        now = []
        for k in range(self.settings.members):
            players = self.latest(k)
            now.append(Kept(self.iteration, watched(self.problem, players), players))
            self.kept[k] = kept_of(self.kept[k], now[k])
        return now[0].watched

    def latest(self, k: int) -> Players:
        """One member's players as they are now: their average where there is one."""
        return self.play.member(k, self.averages or None)

    def players(self, k: int) -> Players:
        """One member's players to be judged by samples: those kept of the evaluation that did best, else the latest."""
        kept = self.kept[k]
        return self.latest(k) if kept is None else kept.players

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
            "kept": [None if kept is None else kept.state() for kept in self.kept],
            "buffers": self.play.buffers(),
            "numbers": [state.clone() for state in self.play.numbers.state],
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
        if "kept" in state:  # nor of these
            self.kept = [
                None if kept is None else kept_again(kept, self.latest(k)) for k, kept in enumerate(state["kept"])
            ]
        if "buffers" in state:  # not in those of earlier versions, which had none
            self.play.put_back(state["buffers"])
            if self.play.processes.rank == 0:
                self.play.numbers.state = [numbers.cpu() for numbers in state["numbers"]]
            else:
                self.play.numbers = self.play.own_numbers(self.seed, self.iteration)
        for generator, numbers in zip(self.play.generators, state["generators"], strict=True):
            generator.set_state(numbers.cpu())
