"""A trained model of images in a folder: written, and read again to make new images."""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.io.images.written import png, tiled
from problems.studies.asked_images import asked_of
from problems.studies.image_models import Model, made
from problems.studies.trained import read_held, refuse_training, write_held
from problems.terminal.errors import InputError, safe
from problems.terminal.files import check_writable, empty_folder, replace_file

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from formulations.problem import Floats
    from problems.studies.image_game import ImageGame
    from problems.studies.image_training import ImageTraining
    from problems.terminal.checkpoints import Folder
    from solvers.descent_ascent import SaddleSearch

FORMAT, MODEL, SHEET = 1, "model.pt", "samples.png"
ON_SHEET = 64  # images
SHARE = 0.02  # of the time that training takes, at most, for its sheets
MOST_NUMBERS = 100_000_000  # that are sampled at once
AT_ONCE = 256  # images
READING = ("data", "labels", "size", "grey", "missing")
ASKED = ("model", "likelihood", "binarise", "loss", "by_label", "by_words", "captions", "latent", "attribute")
LEARNING = (*ASKED, "iterations", "resume", "plot")
TRAINING = (*READING, *LEARNING)  # which say nothing to it


def drawn(f: Any, shape: Sequence[int], n: int, numbers: Generator, told: int | Tensor | None = None) -> Tensor:
    """n new images, (n, channels, height, width): of a model with a code the mean image of each code drawn.

    told  a label's number, of all in turn if it is None, or captions' numbers of words, (k, most), in turn
    """
    import torch

    with torch.no_grad():
        counts = [min(AT_ONCE, n - start) for start in range(0, n, AT_ONCE)]
        if hasattr(f, "latent"):
            parts = [decoded(f, _codes(f.latent, numbers)[:count], told) for count in counts]
        else:
            parts = [f.sample(count, numbers) for count in counts]
        return torch.cat(parts).view(-1, *shape).clamp(0, 1)


def decoded(f: Any, z: Tensor, told: int | Tensor | None = None) -> Tensor:
    """The images of codes (n, latent), as rows; of a generator of that label or these captions, or of all in turn."""
    found: Tensor = f(z) if hasattr(f, "posterior") else f.decoded(z, told)
    return found


def _codes(latent: int, numbers: Generator) -> Tensor:
    """As many as are decoded at once, whatever number is asked for, so that each is the same then."""
    import torch

    return torch.randn(AT_ONCE, latent, generator=numbers)


def write_trained(folder: Folder, training: ImageTraining | ImageGame, f: nn.Module) -> None:
    """The model, which alone is read again, and a word on what it came of."""
    if training.model.played:
        f = training.settled(f)  # type: ignore[union-attr]
    held = {"format": FORMAT, "model": asdict(training.model), "weights": f.state_dict()}
    write_held(folder, MODEL, held, training.options)


class Sheet:
    """A picture in the folder of a run of what the model makes by now, of the same random numbers each time.

    It is renewed whenever the run is evaluated, and all of them together have taken at most 2 % of the time.
    """

    def __init__(self, folder: Folder, training: ImageTraining | ImageGame) -> None:
        """Nothing is drawn yet."""
        self._folder, self._training = folder, training
        self._began, self._spent = time.perf_counter(), 0.0

    def follow(self, search: SaddleSearch) -> None:
        """Renew it, if there was time for that."""
        now = time.perf_counter()
        if self._spent <= SHARE * (now - self._began):
            self.draw(search.latest(0)["f"])
            self._spent += time.perf_counter() - now

    def draw(self, f: nn.Module) -> None:
        """Renew it by this model."""
        from formulations.gan import random_numbers

        training, told = self._training, None
        if training.model.played:
            told = training.some_captions  # type: ignore[union-attr]
            f = training.settled(f, batches=1)  # type: ignore[union-attr]
        made = drawn(f, training.model.shape, ON_SHEET, random_numbers(training.seed, "samples"), told)
        self._folder.write(SHEET, png(tiled((255 * made.movedim(1, -1).numpy()).round().astype(np.uint8))))


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
    refuse_training(options, LEARNING if options.between else TRAINING)
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
    if options.truncation is not None:
        if not model.styled:
            raise InputError(f"--truncation: a model that is {model.kind} has no styles; leave it out")
        f.truncation = options.truncation
    told, numbers = asked_of(options, model), random_numbers(options.seed, "samples")
    n, way = options.sample, options.between
    made = _between(options, model, f, numbers, told) if way else drawn(f, model.shape, n, numbers, told)
    pixels = made.movedim(1, -1).numpy()
    if options.out is not None:
        _write(options.out, suffix, pixels)
    lines = [f"{len(pixels):,} images by the {model.kind} in {safe(options.source, 200)}: {safe(options.out, 200)}"]
    images: Floats = pixels.squeeze(-1) if model.shape[0] == 1 else pixels
    asked = {name: said for name, said in (("label", options.label), ("words", options.caption)) if said is not None}
    return Sampled(lines, {"model": model.kind, **asked, "samples": images.tolist() if options.json else []})


def _between(
    options: argparse.Namespace, model: Model, f: Any, numbers: Generator, told: int | Tensor | None
) -> Tensor:
    """Images on the way between two codes: of images of --data along a line, or of samples along a great circle."""
    import torch

    from formulations.players.codes import along_circle, along_line

    if not hasattr(f, "latent"):
        raise InputError(f"--between: a model that is {model.kind} has no codes to walk between; leave it out")
    ends = [place - 1 for place in options.between]
    with torch.no_grad():
        if options.data is None:
            most = max(ends)
            if most >= MOST_NUMBERS // model.dims:
                raise InputError(f"--between {most + 1}: is too far among the samples; name two of the first")
            first, last = torch.cat([_codes(f.latent, numbers) for _ in range(most // AT_ONCE + 1)])[ends]
            z = along_circle(first, last, options.sample)
            if told is None and model.labels:
                told = ends[0] % AT_ONCE % len(model.labels)
        else:
            first, last = _codes_of(options, model, f, ends)
            z = along_line(first, last, options.sample)
        return decoded(f, z, told).view(-1, *model.shape).clamp(0, 1)


def _codes_of(options: argparse.Namespace, model: Model, f: Any, places: Sequence[int]) -> Tensor:
    """The codes of images of --data, (k, latent); raises InputError if there are none."""
    import torch

    from problems.io.images import read_images

    if not hasattr(f, "posterior"):
        raise InputError(f"--data: {model.kind} has no encoder, so that --between is of its samples; leave it out")
    images = read_images(options.data, options.labels, options.size, grey=options.grey, drop=options.missing == "drop")
    name, (height, width, channels) = safe(images.source, 200), images.shape
    if (channels, height, width) != model.shape:
        raise InputError(
            f"{name}: its images are of {height} x {width} pixels, {channels} channels, and the model's of "
            f"{model.shape[1]} x {model.shape[2]}, {model.shape[0]}; give what it was trained with, and its --size"
        )
    if max(places) >= len(images):
        raise InputError(f"--between {max(places) + 1}: {name} holds {len(images):,} images; name two of these")
    found: Tensor = f.posterior(torch.from_numpy(images.rows(np.array(places))))[0]
    return found


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
    empty_folder("--out", folder)
    digits = len(str(len(values)))
    for k, image in enumerate(values, start=1):
        replace_file(os.path.join(folder, f"{k:0{digits}}.png"), png(image))
