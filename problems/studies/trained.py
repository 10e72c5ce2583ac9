"""A trained generator in a folder: written beside what it was trained with, and read again to make new rows."""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from problems.studies.tables import Columns
from problems.terminal.arguments import Given, positive_whole
from problems.terminal.errors import InputError, safe
from problems.terminal.files import check_writable, replace_file

if TYPE_CHECKING:
    from torch import nn

    from formulations.problem import Floats, Sampler
    from problems.terminal.checkpoints import Folder

FORMAT, READ = 2, (1, 2)  # of generator.pt: what is written, and which are read; in the first none is resampled
GENERATOR, DISCRIMINATOR = "generator.pt", "discriminator.pt"
PROGRAM = "generator.pt2"  # noise -> rows in the data's units, for torch.export.load, without this project
SAMPLED, RUN = "samples.csv", "run.json"
MOST_NUMBERS = 10_000_000  # that are sampled at once
MOST_TRIES = 1_000  # of which one is kept
# Options that say nothing to --sample:
TRAINING = ("data", "generator", "loss", "iterations", "compare", "resume", "columns", "categories", "missing", "plot")
Held = TypeVar("Held")


@dataclass(frozen=True, eq=False)
class Trained:
    """A generator and the units of its samples.

    kind    "mlp", "flow", "mixture" or "gaussian"
    origin  float64 (d,), or 0: what the module makes is relative to it
    """

    kind: str
    module: nn.Module
    origin: Floats | float
    columns: Columns

    @property
    def dims(self) -> int:
        """The coordinates of a sample."""
        return len(self.columns.coordinates)

    @property
    def noise(self) -> Sampler:
        """What the module is fed."""
        from formulations.players.generators import uniform
        from formulations.players.resampling import Resampled

        if isinstance(self.module, Resampled):
            return uniform(self.module.fed)
        return noise_of(self.kind, len(self.columns.numbers), self.columns.sizes)

    def samples(self, n: int, seed: int) -> Floats:
        """New rows in the data's units, float64 (n, d)."""
        import numpy as np
        import torch

        from formulations.gan import random_numbers
        from formulations.likelihood.data import ROWS_PER_EVALUATION

        noise = self.noise(n, random_numbers(seed, "samples"))
        with torch.no_grad():
            made = [self.module(z).double().numpy() for z in torch.split(noise, ROWS_PER_EVALUATION)]
        rows: Floats = self.origin + np.concatenate(made)
        return rows


def noise_of(kind: str, numbers: int, categories: Sequence[int]) -> Sampler:
    """What a generator of that kind is fed, for rows of that many numbers, and categories of these sizes."""
    from formulations.players.generators import normal, uniform

    if kind == "mlp":
        return uniform(latent(numbers, categories) + sum(categories))
    return normal((kind == "mixture") + numbers + sum(categories))


def latent(numbers: int, categories: Sequence[int]) -> int:
    """The noise that a free generator's network is fed."""
    return max(2, numbers + len(categories))


def sample_arguments(parser: argparse.ArgumentParser, what: str = "rows, by the generator") -> None:
    """What asks for new rows of a trained generator; `what` says what it makes."""
    parser.add_argument("--sample", type=positive_whole, metavar="N", help=f"make N new {what} in --from")
    parser.add_argument(
        "--from", dest="source", type=Given, metavar="DIR", help="with --sample: what --out DIR named in training"
    )


# Writing


def write_trained(folder: Folder, trained: Trained, discriminator: nn.Module | None, about: Mapping[str, Any]) -> None:
    """The generator, which alone is read again, its program for torch.export.load, the discriminator, and about them.

    about  options and whatever else a reader may want to know
    """
    import numpy as np

    held = {
        "format": FORMAT,
        "kind": trained.kind,
        "origin": np.broadcast_to(trained.origin, trained.dims).tolist(),
        "columns": trained.columns.as_json(),
        "tries": getattr(trained.module, "tries", 1),
        "weights": trained.module.state_dict(),
    }
    if discriminator is not None:
        folder.write(DISCRIMINATOR, saved(discriminator.state_dict()))
    folder.write(PROGRAM, program(trained))
    folder.write(GENERATOR, saved(held))
    noise = "uniform, of mean 0 and variance 1" if trained.kind == "mlp" else "standard normal"
    written = {
        **about,
        "generator": {"kind": trained.kind, "noise": [noise, _latent(trained)], "columns": trained.columns.coordinates},
        "versions": versions(),
    }
    folder.write(RUN, json.dumps(written, indent=1, allow_nan=False).encode())


def versions() -> dict[str, str]:
    """Of Python and of what models are trained by."""
    from importlib.metadata import version

    return {"python": platform.python_version(), **{name: version(name) for name in ("torch", "numpy")}}


def program(trained: Trained) -> bytes:
    """The generator as torch.export.load takes it: noise, float32 (n, latent) -> rows in the data's units, float64."""
    import torch
    from torch import Tensor, nn

    class InUnits(nn.Module):
        """Of the module's samples."""

        origin: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.module = trained.module
            self.register_buffer("origin", torch.as_tensor(trained.origin, dtype=torch.float64))

        def forward(self, z: Tensor) -> Tensor:
            made: Tensor = self.origin + self.module(z).double()
            return made

    rows = {0: torch.export.Dim("rows")}
    exported = torch.export.export(InUnits().eval(), (torch.zeros(7, _latent(trained)),), dynamic_shapes=(rows,))
    data = io.BytesIO()
    torch.export.save(exported, data)
    return data.getvalue()


def _latent(trained: Trained) -> int:
    import torch

    return trained.noise(1, torch.Generator()).shape[1]


def saved(held: Any) -> memoryview:
    """The bytes of tensors, numbers and names in dictionaries, as torch writes them."""
    import torch

    data = io.BytesIO()
    torch.save(held, data)
    return data.getbuffer()


def write_held(folder: Folder, file: str, held: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """A dictionary that read_held reads again, and a word on the options and versions that it came of."""
    folder.write(file, saved(held))
    about = {"options": options, "versions": versions()}
    folder.write(RUN, json.dumps(about, indent=1, allow_nan=False).encode())


# Reading


def read_trained(folder: str) -> Trained:
    """The generator in a folder; raises InputError if there is none, or one that is damaged or of another version."""
    import numpy as np
    import torch

    def generator(held: Any) -> Trained:
        columns, origin = Columns.of_json(held["columns"]), np.array(held["origin"], dtype=np.float64)
        dims = len(columns.coordinates)
        module = _module(held["kind"], columns, held["weights"], held["tries"] if held["format"] > 1 else 1)
        numbers = [torch.as_tensor(origin), *module.state_dict().values()]
        if origin.shape != (dims,) or not all(tensor.isfinite().all() for tensor in numbers):
            raise ValueError("sizes or numbers do not fit")
        return Trained(held["kind"], module, origin, columns)

    return read_held(folder, GENERATOR, READ, "generator", generator)


def read_held(folder: str, file: str, formats: Sequence[int], what: str, made: Callable[[Any], Held]) -> Held:
    """What is made of the file in a folder, where `saved` wrote a dictionary with one of these formats.

    what  it is called in messages
    Raises InputError if it is not there, damaged, of another version, or if nothing can be made of it.
    """
    path = os.path.join(folder, file)
    held, name = loaded(path, instead(folder)), safe(path, 200)
    try:
        if held["format"] not in formats:
            said = f"has format {safe(held['format'], 20)}, not {' or '.join(map(str, formats))}"
            raise InputError(f"{name}: {said}; sample by its own version")
        return made(held)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
        raise InputError(
            f"{name}: holds no {what} that this version knows ({type(error).__name__}); train again, or sample by the "
            f"version that {RUN} beside it names"
        ) from None


def loaded(path: str, otherwise: str) -> Any:
    """What `saved` wrote to a file; raises InputError if it is damaged, or with `otherwise` if it is not there."""
    import torch

    name = safe(path, 200)
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError:
        raise InputError(f"{name}: {otherwise}") from None
    except Exception as error:  # torch raises a dozen kinds for a file that is not one of its own
        raise InputError(f"{name}: cannot be read ({type(error).__name__}); it is damaged or not ours") from None


def instead(folder: str) -> str:
    """What to say of a folder without a generator."""
    from problems.terminal.checkpoints import CHECKPOINT

    if os.path.exists(os.path.join(folder, CHECKPOINT)):
        return "is not there yet: training was broken off; end it by --resume --out with that folder"
    return "is not there; name a folder that --out named in training"


def _module(kind: str, columns: Columns, weights: Mapping[str, Any], tries: int) -> nn.Module:
    """The module of that kind with these weights; raises ValueError or RuntimeError for what does not fit."""
    import torch

    from formulations.players.generators import discriminator
    from formulations.players.resampling import Resampled

    if tries == 1:
        return _as_trained(kind, columns, weights)
    if kind != "mlp" or tries not in range(2, MOST_TRIES + 1):
        raise ValueError(f"no such kind: {kind}, of {tries} samples one")
    f, d = ({name[2:]: held for name, held in weights.items() if name.startswith(part)} for part in ("f.", "d."))
    dims, sees = len(columns.coordinates), [held.shape for name, held in d.items() if name.endswith(".weight")]
    octaves = (sees[0][0] // dims - 1) // 2
    units = torch.zeros(dims), torch.ones(dims), torch.Generator()
    tells = discriminator([shape[1] for shape in sees[:-1]], *units, octaves=octaves)
    tells.load_state_dict(d)
    fed = noise_of(kind, len(columns.numbers), columns.sizes)(1, torch.Generator()).shape[1]
    return Resampled(_as_trained(kind, columns, f), tells, fed, tries).eval()


def _as_trained(kind: str, columns: Columns, weights: Mapping[str, Any]) -> nn.Module:
    """The same, not resampled."""
    import torch

    from formulations.players import generators
    from formulations.players.flows import Flow
    from formulations.players.mixed import MixedMixture

    dims, sizes = len(columns.coordinates), columns.sizes
    units = torch.zeros(dims), torch.ones(dims), torch.Generator()
    if kind == "mlp":
        hidden = [tensor.shape[1] for name, tensor in weights.items() if name.endswith(".weight")]
        module: nn.Module = generators.free(latent(len(columns.numbers), sizes), hidden[:-1], *units, sizes)
    elif kind == "mixture" and sizes:
        module = MixedMixture(weights["logits"].shape[-1], *units, sizes)
    elif kind == "mixture":
        module = generators.Mixture(weights["logits"].shape[-1], *units)
    elif kind == "flow" and not sizes:
        module = Flow(*units, weights["mixture.logits"].shape[-1])
    elif kind == "gaussian" and not sizes:
        module = generators.Gaussian(*units)
    else:
        raise ValueError(f"no such kind: {kind}")
    module.load_state_dict(weights)
    return module.eval()


# New rows


@dataclass(frozen=True)
class Sampled:
    """New rows: what is said of them, or the rows themselves; and what JSON holds of them."""

    lines: Sequence[str]
    data: Mapping[str, Any]


def refuse_training(options: argparse.Namespace, names: Iterable[str]) -> None:
    """Raise InputError unless --sample and --from are given, and none of the options of training."""
    if options.sample is None or options.source is None:
        raise InputError("--sample N goes with --from DIR, a folder that --out named in training; give both")
    for option in names:
        if getattr(options, option):
            raise InputError(f"--{option.replace('_', '-')} is for training, not for --sample; leave it out")


def sampled(options: argparse.Namespace) -> Sampled:
    """The rows that --sample asks for, in the file that --out names or to be shown."""
    refuse_training(options, TRAINING)
    if options.out is not None:
        check_writable("--out", options.out, (".csv",))
    trained = read_trained(options.source)
    most = MOST_NUMBERS // trained.dims
    if options.sample > most:
        raise InputError(f"--sample {options.sample}: makes at most {most:,} rows; make more by another --seed")
    rows = trained.samples(options.sample, options.seed)
    text = trained.columns.csv(rows, options.round)
    lines = text.rstrip("\n").split("\n")
    if sys.stdout.isatty():  # a terminal would obey what labels and names may hold
        lines = [safe(line, 12 * len(line)) for line in lines]
    if options.out is not None:
        replace_file(options.out, text.encode())
        lines = [f"{len(rows):,} rows by the {trained.kind} in {safe(options.source, 200)}: {safe(options.out, 200)}"]
    samples = trained.columns.values(rows, options.round) if options.json else []
    return Sampled(lines, {"generator": trained.kind, "columns": trained.columns.names, "samples": samples})
