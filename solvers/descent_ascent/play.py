"""A game in torch: each player's blocks as views of one flat buffer, their gradients, and the samples they need."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, vmap

from formulations.problem import Block, Players, SaddleProblem, Side, Term

SIDES: tuple[Side, Side] = ("maximize", "minimize")
PROGRESS = "progress"  # the sampler whose samples are all the share of the run that is done


class Player:
    """One player's blocks, for each member of an ensemble, and their gradients, as flat buffers (members, size).

    The blocks are views of the buffer, so that one operation updates them all.
    """

    def __init__(self, blocks: Mapping[str, Block], generators: Sequence[Generator]) -> None:
        """Initialize every block once per member; raises ValueError unless all have one floating-point dtype."""
        members, device = len(generators), generators[0].device
        starts = {name: [block.start(generator) for generator in generators] for name, block in blocks.items()}
        self._first: dict[str, Any] = {name: copy.deepcopy(started[0]) for name, started in starts.items()}
        parts = {name: [_tensors(started) for started in all_] for name, all_ in starts.items()}
        numbers = [[t for tensors in parts.values() for t in tensors[k].values()] for k in range(members)]
        kinds = {number.dtype for number in numbers[0]}
        if len(kinds) > 1 or not all(kind.is_floating_point for kind in kinds):
            found = ", ".join(sorted(map(str, kinds)))
            raise ValueError(f"the blocks {', '.join(blocks)} hold {found}; give them one floating-point dtype")
        rows = [torch.cat([t.detach().reshape(-1) for t in own] or [torch.zeros(0)]) for own in numbers]
        self.flat = torch.stack(rows).to(device)
        self.gradient = torch.zeros_like(self.flat)
        self.leaves: list[Tensor] = []
        self.blocks: dict[str, Any] = {}
        self._domains = []
        self._slices: dict[str, list[tuple[int, int, tuple[int, ...]]]] = {}
        at = 0
        for name, tensors in parts.items():
            views, self._slices[name] = {}, []
            for key, tensor in tensors[0].items():
                end = at + tensor.numel()
                views[key] = nn.Parameter(self.flat[:, at:end].view(members, *tensor.shape))
                self._slices[name].append((at, end, tuple(tensor.shape)))
                at = end
            self.leaves += views.values()
            started = starts[name][0]
            self.blocks[name] = stacked(started.to(device), views) if isinstance(started, nn.Module) else views[""]
            if blocks[name].domain is not None:
                self._domains.append((views[""].detach(), blocks[name].domain))
        self.project()

    def project(self) -> None:
        """Project every block onto its domain."""
        for view, domain in self._domains:
            assert domain is not None
            view.copy_(domain.project(view))

    def member(self, k: int, flat: Tensor) -> dict[str, Any]:
        """One member's blocks by name, copied to the CPU from a buffer like `flat`; modules in evaluation mode."""
        found: dict[str, Any] = {}
        for name, first in self._first.items():
            numbers = [flat[k, at:end].view(shape).clone() for at, end, shape in self._slices[name]]
            if isinstance(first, nn.Module):
                module = copy.deepcopy(first)
                with torch.no_grad():
                    for parameter, values in zip(module.parameters(), numbers, strict=True):
                        parameter.copy_(values)
                found[name] = module.cpu().eval().requires_grad_(False)
            else:
                found[name] = numbers[0].cpu()
        return found


def _tensors(started: Tensor | nn.Module) -> dict[str, Tensor]:
    """The parameters by name; a tensor's name is ""."""
    return dict(started.named_parameters()) if isinstance(started, nn.Module) else {"": started}


def stacked(module: nn.Module, parameters: Mapping[str, nn.Parameter]) -> nn.Module:
    """The module on an ensemble's parameters (members, ...): directly if all its layers are Stackable, else by vmap."""
    if not all(getattr(part, "stackable", False) or not list(part.parameters(False)) for part in module.modules()):
        return _Vmapped(module, parameters)
    for name, parameter in parameters.items():
        owner, _, key = name.rpartition(".")
        setattr(module.get_submodule(owner), key, parameter)
    return module


class _Vmapped(nn.Module):
    """A module mapped over the members' parameters and inputs."""

    def __init__(self, module: nn.Module, parameters: Mapping[str, nn.Parameter]) -> None:
        super().__init__()
        self._call = vmap(lambda given, *inputs: functional_call(module, given, inputs), randomness="different")
        self._given = dict(parameters)

    def forward(self, *inputs: Tensor) -> Any:
        """The outputs (members, ...)."""
        return self._call(self._given, *inputs)


class Play:
    """The state of a saddle problem: both players, their gradients, and the random generator of each member.

    Member k uses a generator with seed + k, as it would if it were alone. Raises ValueError for a payoff that names
    unknown blocks or samplers, and for a block that both players have.
    """

    def __init__(self, problem: SaddleProblem, *, members: int, batch: int, seed: int, device: str) -> None:
        """Initialize all members on the device."""
        self.problem, self.batch, self.members, self.evaluations, self.progress = problem, batch, members, 0, 0.0
        self.generators = [torch.Generator(device).manual_seed(seed + k) for k in range(members)]
        shared = sorted(set(problem.maximize_over) & set(problem.minimize_over))
        if shared:
            raise ValueError(f"both players have a block named {shared[0]!r}; rename one")
        owned = {"maximize": problem.maximize_over, "minimize": problem.minimize_over}
        self.players = {side: Player(owned[side], self.generators) for side in SIDES}
        blocks = {name: block for player in self.players.values() for name, block in player.blocks.items()}
        climbed = problem.payoff if problem.surrogate is None else problem.surrogate
        self._pay = {
            "maximize": [(-1, term) for term in climbed if set(term.blocks) & set(problem.maximize_over)],
            "minimize": [(1, term) for term in problem.payoff if set(term.blocks) & set(problem.minimize_over)],
        }
        for side, terms in problem.penalties.items():
            self._pay[side] += [(1, term) for term in terms]
        self._arguments: dict[int, list[Any]] = {}
        for term in (*problem.payoff, *(term for pay in self._pay.values() for _, term in pay)):
            samplers = [*problem.samplers, PROGRESS]
            for kind, names, known in (("block", term.blocks, list(blocks)), ("sampler", term.over, samplers)):
                for name in names:
                    if name not in known:
                        raise ValueError(f"a term names a {kind} {name!r}; there are {', '.join(known)}")
            self._arguments[id(term)] = [blocks[name] for name in term.blocks]
        self._names = {side: list(dict.fromkeys(n for _, term in self._pay[side] for n in term.over)) for side in SIDES}
        self._zero_sum = problem.surrogate is None and not any(problem.penalties.values())
        self.random = any(self._names.values())

    def gradients(self, *sides: Side, generators: Sequence[Generator] | None = None) -> None:
        """Set the gradients of what each side minimizes: the payoff, negated for the maximizer, plus its penalties.

        Both sides see the same samples, drawn from the members' own generators unless others are given.
        """
        self.evaluations += 1
        both = len(sides) == 2
        names = dict.fromkeys(name for side in sides for name in self._names[side])
        with torch.no_grad():
            drawn = {name: self._draw(name, generators or self.generators) for name in names}
        if both and self._zero_sum:
            leaves = [leaf for side in SIDES for leaf in self.players[side].leaves]
            found = self._differentiate([(1, term) for term in self.problem.payoff], drawn, leaves)
            first = len(self.players["maximize"].leaves)
            self._set("maximize", found[:first])
            self._set("minimize", found[first:])
            self.players["maximize"].gradient.neg_()
            return
        for side in sides:
            idle = [leaf for other in SIDES if other != side for leaf in self.players[other].leaves]
            for leaf in idle:
                leaf.requires_grad_(False)
            self._set(side, self._differentiate(self._pay[side], drawn, self.players[side].leaves))
            for leaf in idle:
                leaf.requires_grad_(True)

    def _draw(self, name: str, generators: Sequence[Generator]) -> Tensor:
        """A batch of samples for each member, (members, batch, ...)."""
        if name == PROGRESS:
            return torch.full((self.members, self.batch), self.progress, device=generators[0].device)
        sampler = self.problem.samplers[name]
        samples = [sampler(self.batch, generator) for generator in generators]
        return samples[0].unsqueeze(0) if len(samples) == 1 else torch.stack(samples)

    def _differentiate(
        self, pay: Sequence[tuple[int, Term]], drawn: Mapping[str, Tensor], leaves: Sequence[Tensor]
    ) -> Sequence[Tensor]:
        """The gradients of the signed sum of the terms; zero where it does not depend on a leaf."""
        total: Any = 0.0
        with torch.enable_grad():
            for sign, term in pay:
                total = total + sign * self._mean(term, drawn)
        if not leaves or not isinstance(total, Tensor) or not total.requires_grad:
            return [torch.zeros_like(leaf) for leaf in leaves]
        return torch.autograd.grad(total, leaves, materialize_grads=True)

    def _mean(self, term: Term, drawn: Mapping[str, Tensor]) -> Tensor:
        """The term's mean over the samples, summed over the members."""
        values = term.f(*self._arguments[id(term)], *(drawn[name] for name in term.over))
        expected = (self.members, self.batch) if term.over else (self.members,)
        if values.shape != expected:
            what = " and ".join(term.over) or "nothing"
            raise ValueError(
                f"a term over {what} returned shape {tuple(values.shape)} for {self.members} members and a batch of "
                f"{self.batch}; it must return {expected}"
            )
        return values.sum() / self.batch if term.over else values.sum()

    def _set(self, side: Side, gradients: Sequence[Tensor]) -> None:
        """Write the gradients to the side's flat buffer."""
        if gradients:
            rows = [gradient.reshape(self.members, -1) for gradient in gradients]
            torch.cat(rows, dim=1, out=self.players[side].gradient)

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
        self.gradients(*SIDES, generators=generators)
        self.evaluations -= 1
        total = torch.zeros(self.members, dtype=torch.float64, device=self.generators[0].device)
        for player in self.players.values():
            before = player.flat.clone()
            player.flat.sub_(player.gradient)
            player.project()
            total += (player.flat - before).double().square().sum(dim=1)
            player.flat.copy_(before)
        residuals: list[float] = total.sqrt().tolist()
        return residuals


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

        def begin(generator: Generator) -> Any:
            own = block.start(generator)
            if isinstance(own, nn.Module) and isinstance(given, nn.Module):
                return copy.deepcopy(given)
            if isinstance(own, nn.Module) or isinstance(given, nn.Module):
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
