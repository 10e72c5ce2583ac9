"""A torch module as a block: its parameters are views of a player's flat buffer, for each member of an ensemble.

Members are played in one batched operation where all layers are Stackable, or where torch.func.vmap can map the module
over them and comes to the same; else one after the other. A member alone is called as it is.
"""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

Path = tuple[str, ...]  # names of parts, from the outermost to the innermost
SAME = 1e-4  # by which outputs mapped over the members may differ from those of one after the other
BY_ENTRY = {nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.Identity, nn.Dropout, nn.ReLU, nn.LeakyReLU, nn.ELU} | {
    nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Tanh, nn.Sigmoid, nn.LogSigmoid, nn.Softplus, nn.Hardtanh
}  # fmt: skip  # containers and layers that take any leading dimensions


class _Call:
    """What was returned for tensors, as long as nothing has changed these in place."""

    def __init__(self, path: Path, given: Any, returned: Any) -> None:
        self._path, self._grad, self._given = path, torch.is_grad_enabled(), given
        self.returned = returned
        self._versions = self._now()

    def _now(self) -> list[int]:
        return [tensor._version for tensor in _tensors([*self._given, self.returned])]

    def answers(self, path: Path, given: Any) -> bool:
        """Whether a call is the same: of the same part for the very same tensors, gradients being followed or not."""
        inputs, named = given
        same = path == self._path and not named and not self._given[1] and len(inputs) == len(self._given[0])
        same = same and all(a is b and isinstance(a, Tensor) for a, b in zip(inputs, self._given[0], strict=True))
        return same and self._grad == torch.is_grad_enabled() and self._versions == self._now()


class ModuleBlock:
    """One module for each member, with parameters in the player's flat buffer.

    shapes  those of the trained parameters, in their order in the buffer
    begun   the modules as they began
    """

    def __init__(self, name: str, modules: Sequence[nn.Module]) -> None:
        """Of modules of the same shapes that are the block's own."""
        self.name, self.begun, self.members = name, modules, len(modules)
        parameters = dict(modules[0].named_parameters())
        self._names = [key for key, parameter in parameters.items() if parameter.requires_grad]
        self._buffered = any(True for _ in modules[0].buffers())
        self.shapes = [parameters[key].shape for key in self._names]
        self._rehearsed = False
        self._calls: list[_Call] | None = None  # what a call may be answered by; None where each is worked out
        self._made: list[_Call] = []

    def starts(self, k: int) -> list[Tensor]:
        """The trained parameters of a member as they began."""
        return [parameter.detach() for parameter in self._trained(self.begun[k])]

    def _trained(self, module: nn.Module) -> list[nn.Parameter]:
        parameters = dict(module.named_parameters())
        return [parameters[key] for key in self._names]

    def bind(self, views: Sequence[Tensor]) -> None:
        """Let the parameters be these views (members, ...) from now on, wherever a module refers to them."""
        self._direct = _stackable(self.begun)
        self.modules = [copy.deepcopy(module) for module in (self.begun[:1] if self._direct else self.begun)]
        for k, module in enumerate(self.modules):
            for parameter, view in zip(self._trained(module), views, strict=True):
                parameter.data = view if self._direct else view[k]
        self._one_by_one = [parameter for module in self.modules for parameter in self._trained(module)]
        self._places = {parameter.data_ptr() for parameter in self._one_by_one}
        if self._direct:
            for key, frozen in _frozen(self.modules[0]).items():
                frozen.data = torch.stack([module.get_parameter(key).detach() for module in self.begun])
        self._mapped = not self._direct and self.members > 1
        if self._mapped:
            self._stacked = [nn.Parameter(view) for view in views]
            held = [{**_frozen(module), **dict(module.named_buffers())} for module in self.modules]
            self._held = {key: torch.stack([tensors[key].detach() for tensors in held]) for key in held[0]}

    @property
    def played(self) -> Any:
        """What payoffs call."""
        return self.modules[0] if self._direct else _Part(self, ())

    @property
    def leaves(self) -> Sequence[Tensor]:
        """What gradients are taken of: of all members at once, (members, ...), or of one after the other."""
        return self._stacked if self._mapped else self._one_by_one

    def rows(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """Gradients of the leaves as rows (members, numbers), side by side."""
        if self._mapped or self._direct or self.members == 1:
            return [gradient.reshape(self.members, -1) for gradient in gradients]
        each = len(self._names)
        members = [gradients[k * each : (k + 1) * each] for k in range(self.members)]
        return [torch.stack([gradient.reshape(-1) for gradient in same]) for same in zip(*members, strict=True)]

    def buffers(self, k: int) -> dict[str, Tensor]:
        """What else of a member playing may change; none of Stackable layers, whose members share it."""
        if self._direct or not self._buffered:
            return {}
        if self._mapped:
            return {key: self._held[key][k] for key, _ in self.begun[0].named_buffers()}
        return dict(self.modules[k].named_buffers())

    def member(self, k: int, numbers: Sequence[Tensor]) -> nn.Module:
        """A copy of one member on the CPU, with these parameters and the buffers as they are, in evaluation mode."""
        module = copy.deepcopy(self.begun[k])
        with torch.no_grad():
            for parameter, values in zip(self._trained(module), numbers, strict=True):
                parameter.copy_(values)
        own = dict(module.named_buffers())
        for key, buffer in self.buffers(k).items():
            own[key].data = buffer.detach().clone()
        for parameter in module.parameters():
            parameter.requires_grad_(False)
        return module.cpu().eval()

    def rehearsed(self) -> None:
        """Play the members as they were played last; raises ValueError where a module has replaced its parameters."""
        self._rehearsed = True
        for module in self.modules:
            for key, parameter in zip(self._names, self._trained(module), strict=True):
                if parameter.data_ptr() not in self._places:
                    raise ValueError(
                        f"the block {self.name!r} replaces its parameter {key} when called, so that steps would not "
                        "reach it; change it in place, and leave out flatten_parameters()"
                    )

    def call(self, path: Path, given: tuple[tuple[Any, ...], Mapping[str, Any]]) -> Any:
        """What the modules, or their part or method at that path, return for the inputs given."""
        if self._calls is None:
            return self._called(path, given)
        for k, call in enumerate(self._calls):
            if call.answers(path, given):
                return self._calls.pop(k).returned
        returned = self._called(path, given)
        self._made.append(_Call(path, given, returned))
        return returned

    def share_calls(self, first: bool) -> None:
        """From now on hand on what was returned since this was said last, once, to calls of the same; none if first."""
        self._calls, self._made = [] if first else self._made, []

    def forget_calls(self) -> None:
        """From now on work out each call."""
        self._calls, self._made = None, []

    def _called(self, path: Path, given: tuple[tuple[Any, ...], Mapping[str, Any]]) -> Any:
        if self._mapped and not self._rehearsed:
            self._mapped = self._can_be_mapped(path, given)
        if self._mapped:
            return _map(self.modules[0], self._numbers, path, given)
        return self._in_turn(self.modules, path, given)

    def _in_turn(self, modules: Sequence[nn.Module], path: Path, given: Any) -> Any:
        if len(modules) == 1:
            inputs, named = _each(lambda tensors: self._of_members(tensors[0])[0], [given])
            return _each(lambda tensors: tensors[0].unsqueeze(0), [_at(modules[0], path)(*inputs, **named)])
        parts = {id(tensor): self._of_members(tensor) for tensor in _tensors(given)}
        returned = []
        for k, module in enumerate(modules):
            inputs, named = _each(lambda tensors, k=k: parts[id(tensors[0])][k], [given])  # type: ignore[misc]
            returned.append(_at(module, path)(*inputs, **named))
        return _each(lambda tensors: torch.stack(list(tensors)), returned)

    def _of_members(self, tensor: Tensor) -> Sequence[Tensor]:
        if not tensor.ndim or tensor.shape[0] != self.members:
            raise ValueError(
                f"the block {self.name!r} is given shape {tuple(tensor.shape)}; the first dimension must be the "
                f"members, {self.members}, as in samples: expand what is the same for all to that"
            )
        return tensor.unbind(0) if self.members > 1 else [tensor.squeeze(0)]

    @property
    def _numbers(self) -> dict[str, Tensor]:
        """All that the modules hold, stacked."""
        return dict(zip(self._names, self._stacked, strict=True)) | self._held

    def _can_be_mapped(self, path: Path, given: Any) -> bool:
        """Whether vmap can do it and comes to the same as one member after the other, in its buffers too."""
        for k, module in enumerate(self.modules):  # whose buffers stood still while all were mapped
            for key, buffer in module.named_buffers():
                buffer.copy_(self._held[key][k])
        try:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("error")  # torch warns of what it maps by slow loops
                still = [copy.deepcopy(module).eval() for module in self.modules]
                found, expected = _map(still[0], self._numbers, path, given), self._in_turn(still, path, given)
                pairs = list(zip(_tensors(found), _tensors(expected), strict=True))
                copied = {key: tensor.clone() for key, tensor in self._numbers.items()}
                playing = [copy.deepcopy(module) for module in self.modules]  # in their own mode, where dropout differs
                _map(playing[0], copied, path, given)
                self._in_turn(playing, path, given)
                for key, buffer in playing[-1].named_buffers():
                    if torch.equal(buffer, self._held[key][-1]) != torch.equal(copied[key][-1], self._held[key][-1]):
                        return False
        except Exception:  # of any kind: an error of the module itself is raised again when it is played in turn
            return False
        return all(a.shape == b.shape and torch.allclose(a, b, SAME, SAME, equal_nan=True) for a, b in pairs)

    def read(self, path: Path) -> Any:
        """An attribute of the modules: a part or method to call, a tensor (members, ...), or what the first has."""
        found = [_at(module, path) for module in self.modules]
        if isinstance(found[0], Tensor):
            key = ".".join(path)
            return self._numbers[key] if self._mapped and key in self._numbers else torch.stack(found)
        return _Part(self, path) if callable(found[0]) else found[0]


class _Part:
    """The block's modules, or a part or method of them, as payoffs call it: inputs and outputs are (members, ...)."""

    def __init__(self, block: ModuleBlock, path: Path) -> None:
        self._block, self._path = block, path

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        return self._block.call(self._path, (inputs, named))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by copy and pickle
            raise AttributeError(name)
        return self._block.read((*self._path, name))


def modules_of(played: Any) -> Sequence[nn.Module]:
    """The modules behind what a payoff calls; none behind a tensor."""
    if isinstance(played, _Part):
        return played._block.modules
    return [played] if isinstance(played, nn.Module) else []


class _Via(nn.Module):
    """A module whose call is that of a part or method of another."""

    def __init__(self, module: nn.Module, path: Path) -> None:
        super().__init__()
        self.module, self._path = module, path

    def forward(self, *inputs: Any, **named: Any) -> Any:
        return _at(self.module, self._path)(*inputs, **named)


def _map(module: nn.Module, numbers: Mapping[str, Tensor], path: Path, given: Any) -> Any:
    """What the module returns with each member's numbers and inputs."""

    def one(numbers: Mapping[str, Tensor], given: Any) -> Any:
        within = {f"module.{key}": tensor for key, tensor in numbers.items()}
        return functional_call(_Via(module, path), within, *given)

    return vmap(one, randomness="different")(numbers, given)


def _at(module: nn.Module, path: Path) -> Any:
    """The part of the module at that path."""
    return functools.reduce(getattr, path, module)


def _frozen(module: nn.Module) -> dict[str, Tensor]:
    """The parameters that are not trained."""
    return {key: parameter for key, parameter in module.named_parameters() if not parameter.requires_grad}


def _stackable(modules: Sequence[nn.Module]) -> bool:
    """Whether the layers themselves take a leading dimension of members, which hold the same besides parameters."""
    if not all(getattr(part, "stackable", False) or type(part) in BY_ENTRY for part in modules[0].modules()):
        return False
    first = dict(modules[0].named_buffers())
    return all(torch.equal(buffer, first[key]) for module in modules[1:] for key, buffer in module.named_buffers())


def _tensors(nested: Any) -> Iterator[Tensor]:
    """The tensors in tuples, lists and dictionaries."""
    if isinstance(nested, Tensor):
        yield nested
    elif isinstance(nested, tuple | list | dict):
        for part in nested.values() if isinstance(nested, dict) else nested:
            yield from _tensors(part)


def _each(f: Callable[[Sequence[Tensor]], Any], alike: Sequence[Any]) -> Any:
    """Of nested tuples, lists and dictionaries that are alike, the same with f of the tensors in each place."""
    first = alike[0]
    if isinstance(first, Tensor):
        return f(alike)
    if isinstance(first, dict):
        return {key: _each(f, [one[key] for one in alike]) for key in first}
    if isinstance(first, tuple | list):
        parts = [_each(f, same) for same in zip(*alike, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return first
