"""A player: its blocks as views of one flat buffer (members, numbers), so that one operation moves them all."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import torch
from torch import Generator, Tensor, nn

from formulations.problem import Block, Domain
from solvers.descent_ascent.modules import ModuleBlock
from solvers.judged.asking import said

Leaf = TypeVar("Leaf", Tensor, Tensor | None)
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


class TensorBlock:
    """A tensor for each member, and the set that it stays in."""

    def __init__(self, name: str, tensors: Sequence[Tensor], domain: Domain | None) -> None:
        """Of tensors of one shape."""
        self.name, self._begun, self._domain = name, tensors, domain
        self.shapes = [tensors[0].shape]

    def starts(self, k: int) -> list[Tensor]:
        """The tensor that a member begins with."""
        return [self._begun[k]]

    def bind(self, views: Sequence[Tensor]) -> None:
        """Be this view (members, ...) from now on."""
        (self._view,) = views
        self.played = nn.Parameter(self._view)
        self.leaves = [self.played]

        self._refuse_mixing()

    def _refuse_mixing(self) -> None:
        """Raise ValueError for a domain that does not project each member by itself."""
        if self._domain is not None:
            alone, both = self._projected(self._view[:1]), self._projected(self._view[[0, 0]])
            if not torch.equal(alone, both[:1]):
                raise ValueError(
                    f"the domain of the block {self.name!r}, {self._domain}, does not suit shape "
                    f"{tuple(self.shapes[0])}: it mixes the members, the first dimension of what it is given"
                )

    def rows(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """Gradients of the leaves as rows (members, numbers)."""
        return [gradient.reshape(gradient.shape[0], -1) for gradient in gradients]

    def project(self) -> None:
        """Project it onto its domain."""
        if self._domain is not None:
            self._view.copy_(self._projected(self._view))

    def _projected(self, x: Tensor) -> Tensor:
        """The nearest points of the domain; raises ValueError where it does not give such."""
        assert self._domain is not None
        try:
            found = self._domain.project(x)
            found_shape = tuple(found.shape)
        except Exception as error:
            raise ValueError(
                f"the domain of the block {self.name!r}, {self._domain}, raises {said(error)} for shape "
                f"{tuple(self.shapes[0])}"
            ) from error
        if found_shape != tuple(x.shape):
            raise ValueError(
                f"the domain of the block {self.name!r}, {self._domain}, projects shape {tuple(x.shape)} to "
                f"{found_shape}; it must keep the shape"
            )
        return found

    def member(self, k: int, numbers: Sequence[Tensor]) -> Tensor:
        """That tensor on the CPU."""
        return numbers[0].cpu()

    def buffers(self, k: int) -> dict[str, Tensor]:
        """Nothing: all that it holds is moved."""
        return {}


class Player:
    """One player's blocks, for each member of an ensemble, and their gradients, as flat buffers (members, size)."""

    def __init__(self, parts: Sequence[TensorBlock | ModuleBlock], members: int, device: torch.device) -> None:
        """Of blocks that were begun; raises ValueError unless all have one floating-point dtype."""
        self._parts = parts
        self._modules = [part for part in parts if isinstance(part, ModuleBlock)]
        starts = [[tensor for part in parts for tensor in part.starts(k)] for k in range(members)]
        kinds = {tensor.dtype for tensor in starts[0]}
        if len(kinds) > 1 or not all(kind.is_floating_point for kind in kinds):
            found = ", ".join(f"{part.name} {kind}" for part in parts for kind in _kinds(part))
            raise ValueError(f"the blocks of a player hold {found}; give them one floating-point dtype")
        rows = [torch.cat([tensor.reshape(-1) for tensor in own] or [torch.zeros(0)]) for own in starts]
        self.flat = torch.stack(rows).to(device)
        self.gradient = torch.zeros_like(self.flat)
        self.blocks: dict[str, Any] = {}
        for part, tensors in zip(parts, self._split(self.flat), strict=True):
            part.bind(tensors)
            self.blocks[part.name] = part.played
        self.project()

    def _split(self, flat: Tensor) -> list[list[Tensor]]:
        """Each part's tensors as views of a buffer whose last dimension is like that of `flat`."""
        shapes = [shape for part in self._parts for shape in part.shapes]
        views = iter(torch.split(flat, [shape.numel() for shape in shapes], dim=-1))
        return [[next(views).view((*flat.shape[:-1], *shape)) for shape in part.shapes] for part in self._parts]

    @property
    def leaves(self) -> list[Tensor]:
        """What gradients are taken of."""
        return [leaf for part in self._parts for leaf in part.leaves]

    def by_block(self, gradients: Sequence[Leaf]) -> dict[str, list[Leaf]]:
        """What belongs to each block of gradients of the leaves."""
        left = iter(gradients)
        return {part.name: list(islice(left, len(part.leaves))) for part in self._parts}

    def set_gradient(self, gradients: Sequence[Tensor | None], sign: int = 1) -> None:
        """Write gradients of the leaves, None for 0, to the flat buffer, times the sign."""
        known = [torch.zeros_like(leaf) if g is None else g for leaf, g in zip(self.leaves, gradients, strict=True)]
        own = self.by_block(known)
        rows = [row for part in self._parts for row in part.rows(own[part.name])]
        if rows:
            torch.cat(rows, dim=1, out=self.gradient)
        if sign < 0:
            self.gradient.neg_()

    def project(self) -> None:
        """Project every block onto its domain."""
        for part in self._parts:
            if isinstance(part, TensorBlock):
                part.project()

    def member(self, k: int, flat: Tensor) -> dict[str, Any]:
        """One member's blocks by name, copied to the CPU from a buffer like `flat`; modules in evaluation mode."""
        parts = zip(self._parts, self._split(flat[k].clone()), strict=True)
        return {part.name: part.member(k, tensors) for part, tensors in parts}

    def buffers(self, k: int) -> dict[str, Tensor]:
        """What else a member's modules hold that playing changes, such as running statistics."""
        return {f"{part.name}.{key}": b for part in self._parts for key, b in part.buffers(k).items()}

    def share_calls(self, first: bool) -> None:
        """Let modules hand on what they return to the side that is evaluated next; first: this one is the first."""
        for part in self._modules:
            part.share_calls(first)

    def forget_calls(self) -> None:
        """Let modules work out each call."""
        for part in self._modules:
            part.forget_calls()

    def rehearsed(self) -> None:
        """From now on keep to how the members were played; raises ValueError where a module replaced its parameters."""
        for part in self._modules:
            part.rehearsed()


def begin(name: str, block: Block, generator: Generator, given: Any = None) -> Tensor | nn.Module:
    """What a block begins with, or what is given in its place: its own, on the generator's device.

    Raises ValueError for what cannot be played.
    """
    begun: Any = block.start
    if not isinstance(begun, Tensor | nn.Module):
        try:
            begun = block.start(generator)  # type: ignore[operator]
        except Exception as error:
            raise ValueError(
                f"the start of the block {name!r} raises {said(error)}; it is given the random numbers, as in "
                "lambda generator: ..., and returns a tensor or module"
            ) from error
    if not isinstance(begun, Tensor | nn.Module):
        raise ValueError(f"the start of the block {name!r} returns {type(begun).__name__}, not a tensor or module")
    if given is not None:
        begun = _in_place_of(begun, given, name)
    if isinstance(begun, Tensor):
        return begun.detach().to(generator.device, copy=True)
    _refuse_module(name, block, begun)
    try:
        own: nn.Module = copy.deepcopy(begun).to(generator.device)
        return own
    except Exception as error:
        raise ValueError(
            f"the module of the block {name!r} cannot be copied: {said(error)}; make it anew in its start, with "
            "torch.nn.utils.parametrizations in place of the older torch.nn.utils.weight_norm"
        ) from error


def refuse_start(start: Any, blocks: Sequence[str]) -> None:
    """Raise ValueError for a start that is not of these blocks."""
    if start is not None and not isinstance(start, Mapping):
        raise ValueError(f"start is {type(start).__name__}; give a dictionary of block names and tensors or modules")
    for name in start or {}:
        if name not in blocks:
            raise ValueError(f"start has a block {name!r}; there are {', '.join(blocks)}")


def _in_place_of(own: Tensor | nn.Module, given: Any, name: str) -> Tensor | nn.Module:
    """What the user gives as the start of a block, a module, or a tensor or array, as the block's own."""
    if isinstance(own, nn.Module) and isinstance(given, nn.Module):
        return given
    if isinstance(own, nn.Module) or isinstance(given, nn.Module):
        raise ValueError(f"start has {type(given).__name__} for the block {name!r}, which is {type(own).__name__}")
    try:
        tensor = torch.as_tensor(given, dtype=own.dtype, device=own.device)
    except Exception as error:
        raise ValueError(f"start has no numbers for the block {name!r}: {said(error)}; give a tensor") from error
    if tensor.shape != own.shape:
        raise ValueError(f"start has shape {tuple(tensor.shape)} for the block {name!r} of {tuple(own.shape)}")
    return tensor


def _refuse_module(name: str, block: Block, module: nn.Module) -> None:
    if block.domain is not None:
        raise ValueError(
            f"the block {name!r} is a module and has a domain, {block.domain}, which are for tensors; leave it out, or "
            "parametrize the module (torch.nn.utils.parametrize)"
        )
    if isinstance(module, WRAPPERS):
        raise ValueError(f"the block {name!r} is a {type(module).__name__}; give the module in it, its .module")
    if isinstance(module, torch.jit.ScriptModule):
        raise ValueError(
            f"the block {name!r} is a ScriptModule, which cannot be copied whole; give the module it is of"
        )
    for key, tensor in (*module.named_parameters(), *module.named_buffers()):
        of = f"of the block {name!r} {key} "
        if nn.parameter.is_lazy(tensor):
            layer = module.get_submodule(key.rpartition(".")[0])
            raise ValueError(
                f"{of}has no size yet; give the sizes of its layer, a {type(layer).__name__}, or call it once"
            )
        if tensor.is_meta:
            raise ValueError(f"{of}is on the device meta, without numbers; make it on the cpu")
    for key, parameter in module.named_parameters():
        if parameter.requires_grad and not parameter.dtype.is_floating_point:
            raise ValueError(
                f"of the block {name!r} {key} holds {parameter.dtype}; make it of two real parameters, as in "
                "torch.view_as_complex, or freeze it with requires_grad_(False)"
            )


def block_of(name: str, block: Block, begun: Sequence[Any]) -> TensorBlock | ModuleBlock:
    """The block of what its members begin with; raises ValueError unless that is of the same kinds and shapes."""
    for other in begun[1:]:
        if _outline(other) != _outline(begun[0]):
            raise ValueError(
                f"the block {name!r} begins with other shapes or kinds for another seed; only its numbers may differ"
            )
    return ModuleBlock(name, begun) if isinstance(begun[0], nn.Module) else TensorBlock(name, begun, block.domain)


def _outline(begun: Tensor | nn.Module) -> list[Any]:
    if isinstance(begun, Tensor):
        return [begun.shape, begun.dtype]
    held = {**dict(begun.named_parameters()), **dict(begun.named_buffers())}
    return [(key, tensor.shape, tensor.dtype, tensor.requires_grad) for key, tensor in held.items()]


def _kinds(part: TensorBlock | ModuleBlock) -> list[torch.dtype]:
    return list(dict.fromkeys(tensor.dtype for tensor in part.starts(0)))
