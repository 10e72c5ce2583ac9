"""A trained model of images in a folder: written, and read again to make new images."""

from __future__ import annotations

import argparse
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.io.images.written import png, tiled
from problems.studies.image_models import Model, made
from problems.studies.trained import RUN, read_held, refuse_training, saved, versions
from problems.terminal.errors import InputError, safe
from problems.terminal.files import check_writable, replace_file

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from formulations.problem import Floats
    from problems.studies.image_game import ImageGame
    from problems.studies.image_training import ImageTraining
    from problems.terminal.checkpoints import Folder

FORMAT, MODEL = 1, "model.pt"
MOST_NUMBERS = 100_000_000  # that are sampled at once
AT_ONCE = 256  # images
READING = ("data", "labels", "size", "grey", "missing")
LEARNING = ("model", "likelihood", "binarise", "latent", "attribute", "iterations", "resume", "plot")
TRAINING = (*READING, *LEARNING)  # which say nothing to it


def drawn(f: Any, shape: Sequence[int], n: int, numbers: Generator) -> Tensor:
    """n new images, (n, channels, height, width): of a model with a code the mean image of each code drawn."""
    import torch

    with torch.no_grad():
        parts = []
        for start in range(0, n, AT_ONCE):
            count = min(AT_ONCE, n - start)
            if hasattr(f, "posterior"):
                parts.append(f(torch.randn(count, f.latent, generator=numbers)))
            else:
                parts.append(f.sample(count, numbers))
        return torch.cat(parts).view(-1, *shape).clamp(0, 1)


def write_trained(folder: Folder, training: ImageTraining | ImageGame, f: nn.Module) -> None:
    """The model, which alone is read again, and a word on what it came of."""
    held = {"format": FORMAT, "model": asdict(training.model), "weights": f.state_dict()}
    folder.write(MODEL, saved(held))
    about = {"options": training.options, "versions": versions()}
    folder.write(RUN, json.dumps(about, indent=1, allow_nan=False).encode())


def read_trained(folder: str) -> tuple[Model, Any]:
    """The model in a folder; raises InputError if there is none, or one that is damaged or of another version."""
    import torch

    def known(held: Any) -> tuple[Model, Any]:
        model = Model(**{**held["model"], "shape": tuple(held["model"]["shape"])})
        module = made(model, torch.zeros(model.dims))
        module.load_state_dict(held["weights"])
        if not all(tensor.isfinite().all() for tensor in module.state_dict().values()):
            raise ValueError("numbers are not finite")
        return model, module.eval()

    return read_held(folder, MODEL, [FORMAT], "model", known)


@dataclass(frozen=True)
class Sampled:
    """What is said of new images, and what JSON holds of them."""

    lines: Sequence[str]
    data: Mapping[str, Any]


def sampled(options: argparse.Namespace) -> Sampled:
    """The new images that --sample asks for, in the file or folder that --out names, or as JSON."""
    refuse_training(options, TRAINING)
    if options.out is None and not options.json:
        raise InputError("--sample: say where to, as by --out new.npy, new.png or the name of a folder; or add --json")
    suffix = "" if options.out is None else os.path.splitext(options.out)[1].lower()
    if suffix:
        check_writable("--out", options.out, (".npy", ".png"))
    from formulations.gan import random_numbers

    model, f = read_trained(options.source)
    if options.sample > MOST_NUMBERS // model.dims:
        most = MOST_NUMBERS // model.dims
        raise InputError(f"--sample {options.sample}: makes at most {most:,} images; make more by another --seed")
    made = drawn(f, model.shape, options.sample, random_numbers(options.seed, "samples")).movedim(1, -1).numpy()
    if options.out is not None:
        _write(options.out, suffix, made)
    lines = [f"{len(made):,} images by the {model.kind} in {safe(options.source, 200)}: {safe(options.out, 200)}"]
    images: Floats = made.squeeze(-1) if model.shape[0] == 1 else made
    return Sampled(lines, {"model": model.kind, "samples": images.tolist() if options.json else []})


def _write(path: str, suffix: str, images: Floats) -> None:
    """Images (n, height, width, channels) from 0 to 1, as uint8: an array, a picture of all, or a picture each."""
    values = (255 * images).round().astype(np.uint8)
    if suffix == ".npy":
        data = io.BytesIO()
        np.save(data, values.squeeze(-1) if values.shape[3] == 1 else values)
        replace_file(path, data.getvalue())
    elif suffix == ".png":
        replace_file(path, png(tiled(values)))
    else:
        _write_each(path, values)


def _write_each(folder: str, values: Any) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
        holds = os.listdir(folder)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a possible path"
        raise InputError(f"--out {safe(folder, 200)}: no such folder can be made ({why}); name another") from None
    if holds:
        raise InputError(f"--out {safe(folder, 200)}: is not empty; name a new folder for the images")
    digits = len(str(len(values)))
    for k, image in enumerate(values, start=1):
        replace_file(os.path.join(folder, f"{k:0{digits}}.png"), png(image))
