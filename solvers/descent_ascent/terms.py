"""A user's samplers and terms as they are evaluated: what is wrong with one is said in a sentence that names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import torch
from torch import Generator, Tensor, nn

from formulations.problem import Sampler, Term
from solvers.descent_ascent.modules import modules_of
from solvers.judged.asking import said


def named(where: str, term: Term) -> str:
    """A term in words: where it stands, its blocks and its samplers.

    >>> named("payoff[1]", Term(lambda f, d, z: d(f(z)), ["f", "d"], ["noise"]))
    'payoff[1] (of f, d over noise)'
    """
    return f"{where} (of {', '.join(term.blocks)}{' over ' if term.over else ''}{', '.join(term.over)})"


def draw(name: str, sampler: Sampler, batch: int, generators: Sequence[Generator]) -> Tensor:
    """A batch of samples for each member, (members, batch, ...); raises ValueError for what are no samples."""
    samples = []
    for generator in generators:
        try:
            drawn = sampler(batch, generator)
        except Exception as error:
            remedy = "call it with a batch and random numbers to see why"
            if isinstance(error, StopIteration):
                remedy = "begin its data anew where they end"
            elif isinstance(error, TypeError):
                remedy = "it is called as in lambda batch, generator: torch.randn(batch, 2, generator=generator)"
            raise ValueError(f"the sampler {name!r} raises {said(error)}; {remedy}") from error
        if not isinstance(drawn, Tensor):
            raise ValueError(
                f"the sampler {name!r} returns {type(drawn).__name__}; it must return a tensor, as by "
                "torch.as_tensor(x, dtype=torch.float32, device=generator.device)"
            )
        if not drawn.ndim or len(drawn) != batch:
            raise ValueError(
                f"the sampler {name!r} returns shape {tuple(drawn.shape)} for a batch of {batch}; its first dimension "
                "must be the batch (a data loader's last batch may be short: drop_last=True)"
            )
        if drawn.device != generator.device:
            raise ValueError(
                f"the sampler {name!r} returns a tensor on {drawn.device}; draw on the generator's device, "
                f"{generator.device}"
            )
        samples.append(drawn)
    if len({drawn.shape for drawn in samples}) > 1:
        shapes = " and ".join(str(tuple(shape)) for shape in dict.fromkeys(drawn.shape for drawn in samples))
        raise ValueError(f"the sampler {name!r} returns shapes {shapes} for members of one ensemble; return one shape")
    return samples[0].unsqueeze(0) if len(samples) == 1 else torch.stack(samples)


def evaluate(
    where: str, term: Term, blocks: Mapping[str, Any], drawn: Mapping[str, Tensor], shape: Sequence[int]
) -> Tensor:
    """The term at these samples, of that shape; raises ValueError where it raises or returns anything else."""
    try:
        values = term.f(*(blocks[name] for name in term.blocks), *(drawn[name] for name in term.over))
    except Exception as error:
        raise ValueError(_raised(named(where, term), term, blocks, drawn, error)) from error
    if isinstance(values, Tensor) and values.shape == shape and values.dtype.is_floating_point:
        return values
    raise ValueError(f"{named(where, term)} returned {_returned(values, tuple(shape), term)}")


def _returned(values: Any, shape: tuple[int, ...], term: Term) -> str:
    """What is wrong with what a term returned."""
    if not isinstance(values, Tensor):
        pair = (
            "; a recurrent layer returns (outputs, state), of which [0] is meant" if isinstance(values, tuple) else ""
        )
        return f"{type(values).__name__}; it must return a tensor of shape {shape}, made of its blocks by torch{pair}"
    if values.shape == shape:
        return f"{values.dtype}; it must return floating-point numbers"
    what = "one number for each member and sample" if term.over else "one number for each member"
    remedy = "reshape it"
    if values.shape == (*shape, 1):
        remedy = "add .squeeze(-1)"
    elif not values.ndim:
        remedy = "leave out its mean or sum" if term.over else "sum over the dimensions after the first"
    elif values.shape == shape[1:] or values.shape == shape[:1]:
        remedy = "sum or average over the dimensions after these only"
    return f"shape {tuple(values.shape)}; it must return {shape}, {what}: {remedy}"


def _raised(name: str, term: Term, blocks: Mapping[str, Any], drawn: Mapping[str, Tensor], error: Exception) -> str:
    """What a term raised, in which layer, at which samples, and what may help."""
    samples = {over: drawn[over] for over in term.over}
    where, kind = _layer(error.__traceback__, {block: blocks[block] for block in term.blocks})
    given = ", ".join(f"{over} {(*x.shape[1:],)} {_name(x.dtype)}" for over, x in samples.items())
    remedy = "correct it, or what it is given"
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        remedy = "take a smaller batch or fewer members"
    elif (
        loops := [n for n in term.blocks if any(isinstance(m, nn.RNNBase) for m in modules_of(blocks[n]))]
    ) and not where:
        remedy = f"the block {loops[0]!r} returns (outputs, state); take the first, as {loops[0]}(x)[0]"
    elif where:
        remedy = "fit the widths of the layers to each other and to the samples"
        for over, x in samples.items():
            if kind is not None and x.dtype != kind:
                remedy = (
                    f"let the sampler {over!r} draw {_name(kind)}, which the block holds, in place of {_name(x.dtype)}"
                )
            elif x.ndim == 2:
                remedy = f"let the sampler {over!r} return rows, (batch, 1), in place of single numbers"
    return f"{name} raises {said(error)}{where}{f'; its samples are {given}' if given else ''}; {remedy}"


def _layer(trace: TracebackType | None, blocks: Mapping[str, Any]) -> tuple[str, torch.dtype | None]:
    """The innermost layer of a block that raised, in words, and what numbers it holds; "" if none did."""
    layers = {
        id(layer): (block, key, layer)
        for block, played in blocks.items()
        for module in modules_of(played)
        for key, layer in module.named_modules()
    }
    found, kind = "", None
    while trace is not None:
        if (at := layers.get(id(trace.tb_frame.f_locals.get("self")))) is not None:
            block, key, layer = at
            kind = next((p.dtype for p in layer.parameters()), kind)
            found = f" in {f'the layer {key!r} of ' if key else ''}the block {block!r}, a {type(layer).__name__}"
            found += f"({layer.extra_repr()})" if layer.extra_repr() else ""
        trace = trace.tb_next
    return found, kind


def _name(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")
