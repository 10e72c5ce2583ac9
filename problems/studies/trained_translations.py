"""A trained translation in a folder: written, and read again to translate the pictures of another folder."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.io.images.folder import picture_names, refuse_unusable
from problems.io.images.pictures import Unusable, header, pixels
from problems.io.images.written import encoded
from problems.studies.trained import read_held, write_held
from problems.studies.translation import Translation, Translator
from problems.terminal.errors import InputError, safe
from problems.terminal.files import empty_folder, replace_file

if TYPE_CHECKING:
    from torch import nn

    from formulations.problem import Players
    from problems.terminal.checkpoints import Folder

FORMAT, TRANSLATOR, TRANSLATED = 1, "translator.pt", "translated"
MOST_PIXELS, LEAST_SIDE = 4_000_000, 4  # of a picture that is translated at its own size
TRAINING = ("pairs", "first", "second", "data", "made", "labels", "unpaired", "iterations", "resume", "plot", "grey")


def write_trained(folder: Folder, training: Translation, players: Players) -> None:
    """The generators, which alone are read again, and a word on what they came of."""
    weights = {name: players[name].state_dict() for name in ("G", "F") if name in players}
    held = {"format": FORMAT, "model": asdict(training.model), "weights": weights}
    write_held(folder, TRANSLATOR, held, training.options)


def read_trained(folder: str) -> tuple[Translator, Mapping[str, nn.Module]]:
    """The generators "G", and "F" if there is one; raises InputError for a folder without, or a damaged file."""

    def known(held: Any) -> tuple[Translator, Mapping[str, nn.Module]]:
        model = Translator(**{**held["model"], "shape": tuple(held["model"]["shape"])})
        found = {}
        for name in ("G",) if model.paired else ("G", "F"):
            found[name] = model.generator().eval()
            found[name].load_state_dict(held["weights"][name])
            if not all(tensor.isfinite().all() for tensor in found[name].state_dict().values()):
                raise ValueError("numbers are not finite")
        return model, found

    return read_held(folder, TRANSLATOR, [FORMAT], "translator", known)


@dataclass(frozen=True)
class Applied:
    """What is said of translated pictures, and what JSON holds of them."""

    lines: Sequence[str]
    data: Mapping[str, Any]
    notes: Sequence[str]


def applied(options: argparse.Namespace) -> Applied:
    """The pictures of --apply, each translated under its own name in --out, by default in the run's own folder."""
    if options.apply is None or options.source is None:
        raise InputError("--apply DIR goes with --from-run DIR, a folder that --out named in training; give both")
    for option in TRAINING:
        if getattr(options, option):
            name = {"first": "from", "second": "to"}.get(option, option)
            raise InputError(f"--{name} is for training, not for --apply; leave it out")
    model, generators = read_trained(options.source)
    if options.back and "F" not in generators:
        raise InputError(f"--back: {safe(options.source, 200)} was trained by pairs, one way only; leave it out")
    given, out = options.apply, options.out or os.path.join(options.source, TRANSLATED)
    names, notes = _usable(given, model, options.size, drop=options.missing == "drop")
    empty_folder("--out", out)
    for name in names:
        made = _translated(generators["F" if options.back else "G"], os.path.join(given, name), model, options.size)
        path = os.path.join(out, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        replace_file(path, encoded(made, os.path.splitext(name)[1].lower()))
    lines = [f"{len(names):,} pictures of {safe(given, 200)} translated: {safe(out, 200)}"]
    return Applied(lines, {"translated": [safe(name, 200) for name in names], "folder": safe(out, 200)}, notes)


def _usable(folder: str, model: Translator, size: int | None, *, drop: bool) -> tuple[list[str], list[str]]:
    """The pictures that can be translated, and notes; raises InputError that names those which cannot."""
    if not os.path.isdir(folder):
        raise InputError(f"--apply {safe(folder, 200)}: is no folder; name one that holds pictures")
    names, _ = picture_names(folder)
    if not names:
        raise InputError(f"--apply {safe(folder, 200)}: holds no pictures; name a folder that does")
    bad, other = {}, 0
    _, height, width = model.shape
    for name in names:
        try:
            found = header(os.path.join(folder, name))
            _refuse_size(found.width, found.height, size)
            other += size is None and (found.height, found.width) != (height, width)
        except Unusable as error:
            bad[name] = str(error)
    try:
        refuse_unusable(bad, len(names), drop=drop and len(bad) < len(names))
    except InputError as error:
        raise InputError(f"--apply {safe(folder, 200)}: {error}") from None
    notes = []
    if other:
        at = f"{height} x {width}, at which it was trained"
        notes.append(f"{other:,} of {len(names):,} pictures are not {at}; they keep their size. --size N changes that.")
    if bad:
        notes.append(f"{len(bad):,} of {len(names):,} pictures cannot be used and are left out.")
    return [name for name in names if name not in bad], notes


def _refuse_size(width: int, height: int, size: int | None) -> None:
    if size is None and (min(width, height) < LEAST_SIDE or width * height > MOST_PIXELS):
        most = f"from {LEAST_SIDE} a side to {MOST_PIXELS:,} in all are translated, others made N a side by --size N"
        raise Unusable(f"has {width:,} x {height:,} pixels ({most})")


def _translated(G: nn.Module, path: str, model: Translator, size: int | None) -> np.ndarray:
    """The translated picture, uint8 (height, width, channels)."""
    import torch

    try:
        given = pixels(path, model.shape[0], size)
    except Unusable as error:
        raise InputError(f"{safe(path, 200)} {error}; take it out, or give another") from None
    with torch.no_grad():
        made = G(torch.from_numpy(given.transpose(2, 0, 1)[None].astype(np.float32) / 255))[0]
    return np.asarray((255 * made.movedim(0, -1)).round().numpy().astype(np.uint8))
