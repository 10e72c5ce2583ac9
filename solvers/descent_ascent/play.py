"""A game in torch: both players, the samples that they need, and the gradients of what each of them minimizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor

from formulations.problem import Block, Players, SaddleProblem, Side
from formulations.problem.saddle import PROGRESS
from solvers.descent_ascent.distributed import Processes
from solvers.descent_ascent.players import Player, begin, block_of, refuse_start
from solvers.descent_ascent.terms import draw, evaluate, named
from solvers.judged.asking import said
from solvers.judged.randomness import GlobalNumbers

SIDES: tuple[Side, Side] = ("maximize", "minimize")
PROCESS_SEED = 10_000_019  # of the global numbers of other processes, times their rank
GLOBAL_SEED = 2_000_003  # added to the seed: torch's global numbers are none of those that samplers are given


@dataclass
class Evaluation:
    """What one evaluation of gradients was of, to tell later what made it infinite.

    drawn   the samples by sampler
    points  the largest of each side's numbers, (members,); of later evaluations of a step than the first
    values  each term's, by where it stands
    slopes  each side's gradient (members, size), or once that is overwritten its sum, (members,)
    """

    drawn: Mapping[str, Tensor]
    points: Mapping[Side, Tensor]
    values: dict[str, Tensor] = field(default_factory=dict)
    slopes: dict[Side, Tensor] = field(default_factory=dict)


class Play:
    """The state of a saddle problem: both players, their gradients, and the random generator of each member.

    Member k uses a generator with seed + k, as it would if it were alone; torch's global numbers, from which layers of
    torch.nn start, are seeded for each member as well, and those that dropout uses in play go on from the first's, of
    other processes from seeds of their own.

    numbers  torch's global random numbers in play
    terms    all terms by where they stand; in_play: those of them that anyone minimizes
    pay      the signs and places of those whose sum a side minimizes
    share    which samples of a batch are played with here: all, unless several processes play the game together
    log      the evaluations of the step that is being taken
    """

    def __init__(
        self,
        problem: SaddleProblem,
        *,
        members: int,
        batch: int,
        seed: int,
        device: str,
        start: Mapping[str, Any] | None = None,
        processes: Processes | None = None,
    ) -> None:
        """Begin all members on the device, at the start given or their own; raises ValueError where that cannot be."""
        self.problem, self.batch, self.members, self.evaluations, self.progress = problem, batch, members, 0, 0.0
        self.processes = processes or Processes()
        self.share = self.processes.share(batch)
        self.generators = [torch.Generator(device).manual_seed(seed + k) for k in range(members)]
        streams = [GlobalNumbers(GLOBAL_SEED + seed + k, device) for k in range(members)]
        owned = {"maximize": problem.maximize_over, "minimize": problem.minimize_over}
        refuse_start(start, [*problem.maximize_over, *problem.minimize_over])
        begun: dict[str, list[Any]] = {name: [] for side in SIDES for name in owned[side]}
        for generator, numbers in zip(self.generators, streams, strict=True):
            with numbers.used():
                for side in SIDES:
                    for name, block in owned[side].items():
                        begun[name].append(begin(name, block, generator, (start or {}).get(name)))
        self.numbers = streams[0] if self.processes.rank == 0 else self.own_numbers(seed, 0)
        self.players = {
            side: Player(
                [block_of(name, block, begun[name]) for name, block in owned[side].items()],
                members,
                self.generators[0].device,
            )
            for side in SIDES
        }
        self.processes.follow(player.flat for player in self.players.values())
        self.blocks = {name: block for player in self.players.values() for name, block in player.blocks.items()}
        self.terms = problem.terms
        climbed = "payoff" if problem.surrogate is None else "surrogate"
        self.pay: dict[Side, list[tuple[int, str]]] = {
            "maximize": [(-1, where) for where in self._of(climbed, problem.maximize_over)],
            "minimize": [(1, where) for where in self._of("payoff", problem.minimize_over)],
        }
        for side in SIDES:
            self.pay[side] += [(1, where) for where in self.terms if where.startswith(f"penalties[{side!r}][")]
        self._names = {
            side: list(dict.fromkeys(name for _, where in self.pay[side] for name in self.terms[where].over))
            for side in SIDES
        }
        self._zero_sum = problem.surrogate is None and not any(problem.penalties.values())
        self.in_play = list(dict.fromkeys(where for side in SIDES for _, where in self.pay[side]))
        self.random = any(self._names.values())
        self.log: list[Evaluation] = []

    def own_numbers(self, seed: int, iteration: int) -> GlobalNumbers:
        """The global numbers of a process that is not the first, from that iteration on."""
        return GlobalNumbers(seed + PROCESS_SEED * self.processes.rank + iteration, self.generators[0].device)

    def _of(self, kind: str, blocks: Mapping[str, Block]) -> list[str]:
        """Where the terms of that kind stand that some of the blocks are in."""
        return [w for w, term in self.terms.items() if w.startswith(f"{kind}[") and set(term.blocks) & set(blocks)]

    def gradients(self, *sides: Side, generators: Sequence[Generator] | None = None) -> None:
        """Set the gradients of what each side minimizes: the payoff, negated for the maximizer, plus its penalties.

        Both sides see the same samples, drawn from the members' own generators unless others are given.
        """
        self.evaluations += 1
        names = list(dict.fromkeys(name for side in sides for name in self._names[side]))
        points = {side: self._largest(side) for side in SIDES} if self.log else {}
        for earlier in self.log:
            earlier.slopes.update({side: slope.sum(dim=-1) for side, slope in earlier.slopes.items() if slope.ndim > 1})
        seen = Evaluation(self.drawn(names, generators or self.generators), points)
        self.log.append(seen)
        if len(sides) == 2 and self._zero_sum and all(self.players[side].leaves for side in SIDES):
            found = self.differentiate([(1, where) for where in self.terms], SIDES, seen)
            first = len(self.players["maximize"].leaves)
            self._set("maximize", found[:first], seen, -1)
            self._set("minimize", found[first:], seen)
            return
        if len(sides) == 2:
            self._gradients_of_both(seen)
            return
        (side,) = sides
        idle = [leaf for other in SIDES if other != side for leaf in self.players[other].leaves]
        for leaf in idle:
            leaf.requires_grad_(False)
        self._set(side, self.differentiate(self.pay[side], [side], seen), seen)
        for leaf in idle:
            leaf.requires_grad_(True)

    def _gradients_of_both(self, seen: Evaluation) -> None:
        """Those of sides that pay by different terms; what a module returns for both is worked out once."""
        try:
            for side in SIDES:
                for player in self.players.values():
                    player.share_calls(first=side == SIDES[0])
                self._set(side, self.differentiate(self.pay[side], [side], seen, keep=side == SIDES[0]), seen)
        finally:
            for player in self.players.values():
                player.forget_calls()

    def _largest(self, side: Side) -> Tensor:
        """The greatest absolute number of each member, (members,)."""
        flat = self.players[side].flat
        return torch.linalg.vector_norm(flat, torch.inf, dim=1) if flat.shape[1] else flat.sum(dim=1)

    @torch.no_grad()
    def drawn(self, names: Iterable[str], generators: Sequence[Generator]) -> dict[str, Tensor]:
        """This process's share of a batch of samples for each member, (members, batch, ...), by sampler."""
        shape, device = (self.members, self.batch), generators[0].device
        whole = {
            name: torch.full(shape, self.progress, device=device)
            if name == PROGRESS
            else draw(name, self.problem.samplers[name], self.batch, generators)
            for name in names
        }
        return {name: drawn[:, self.share] for name, drawn in whole.items()}

    def differentiate(
        self, pay: Sequence[tuple[int, str]], sides: Sequence[Side], seen: Evaluation, keep: bool = False
    ) -> Sequence[Tensor | None]:
        """The gradients, by these sides' leaves, of the signed sum of the means of terms; None for none.

        keep  what modules returned is to be differentiated again
        """
        total: Any = 0.0
        with torch.enable_grad():
            for sign, where in pay:
                values = self.values(where, seen.drawn)
                seen.values[where] = values.detach()
                total = total + sign * values.sum() / (self.batch if self.terms[where].over else self.processes.size)
        leaves = [leaf for side in sides for leaf in self.players[side].leaves]
        if not leaves or not isinstance(total, Tensor) or not total.requires_grad:
            return [None for _ in leaves]
        try:
            return torch.autograd.grad(total, leaves, retain_graph=keep, allow_unused=True)
        except Exception as error:
            terms = ", ".join(named(where, self.terms[where]) for _, where in pay)
            remedy = (
                "leave out operations in place, such as exp_() and +=" if "inplace" in str(error) else "correct them"
            )
            raise ValueError(f"the gradient of {terms} raises {said(error)}; {remedy}") from error

    def values(self, where: str, drawn: Mapping[str, Tensor]) -> Tensor:
        """One term at these samples."""
        term = self.terms[where]
        shape = (self.members, self.share.stop - self.share.start) if term.over else (self.members,)
        return evaluate(where, term, self.blocks, drawn, shape)

    def _set(self, side: Side, gradients: Sequence[Tensor | None], seen: Evaluation, sign: int = 1) -> None:
        """Write the gradients to the side's flat buffer, summed over the shares of all processes."""
        player = self.players[side]
        player.set_gradient(gradients, sign)
        alone = self.processes.size == 1
        seen.slopes[side] = player.gradient if alone else player.gradient.sum(dim=1)
        self.processes.add_up(player.gradient)

    def member(self, k: int, flats: Mapping[Side, Tensor] | None = None) -> Players:
        """Both players' blocks of one member, as they are now or from the given buffers, such as averages."""
        found: dict[str, Any] = {}
        for side, player in self.players.items():
            found |= player.member(k, player.flat if flats is None else flats[side])
        return found

    def residuals(self, generators: Sequence[Generator]) -> list[float]:
        """The natural residual |z - P(z - F(z))| of each member, F both players' gradients; 0 at a stationary point.

        Samples are drawn from these generators, so that evaluating does not change the run.
        """
        with self.aside(generators):
            self.gradients(*SIDES, generators=generators)
        total = torch.zeros(self.members, dtype=torch.float64, device=generators[0].device)
        for player in self.players.values():
            before = player.flat.clone()
            player.flat.sub_(player.gradient)
            player.project()
            total += (player.flat - before).double().square().sum(dim=1)
            player.flat.copy_(before)
        residuals: list[float] = total.sqrt().tolist()
        return residuals

    @contextmanager
    def aside(self, generators: Sequence[Generator]) -> Iterator[None]:
        """What is played meanwhile changes nothing in the play: buffers, numbers and counts are put back after it."""
        buffers, log, evaluations = self.buffers(), self.log, self.evaluations
        self.log = []
        try:
            with GlobalNumbers(generators[0].initial_seed(), generators[0].device).used():
                yield
        finally:
            self.log, self.evaluations = log, evaluations
            self.put_back(buffers)

    def buffers(self) -> list[dict[str, Tensor]]:
        """Copies of what each member's modules hold besides parameters, such as running statistics."""
        return [
            {key: tensor.detach().clone() for side in SIDES for key, tensor in self.players[side].buffers(k).items()}
            for k in range(self.members)
        ]

    def average_buffers(self) -> None:
        """Let running statistics, which layers have of their own share, be the same in all processes: their means."""
        for k in range(self.members):
            self.processes.average(tensor for side in SIDES for tensor in self.players[side].buffers(k).values())

    def put_back(self, buffers: Sequence[Mapping[str, Tensor]], members: Iterable[int] | None = None) -> None:
        """Let the modules of those members, or of all, hold that again."""
        for k in range(self.members) if members is None else members:
            for side in SIDES:
                for key, tensor in self.players[side].buffers(k).items():
                    tensor.detach().copy_(buffers[k][key])
