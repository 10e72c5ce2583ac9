"""Of which label, or by which words, new images are asked for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from torch import Tensor

    from problems.studies.image_models import Model

MOST_LISTED = 40  # labels


def asked_of(options: argparse.Namespace, model: Model) -> int | Tensor | None:
    """The number of the label, or the numbers of the words, (1, most), that are asked for; None if neither is.

    Raises InputError where the model knows no such label or word, and where words are missing.
    """
    import torch

    from problems.studies.image_captions import Words

    words, trained = Words(model.words, model.most_words), f"the {model.kind} in {safe(options.source, 200)}"
    if options.label is not None:
        return _label(options.label, model, trained)
    if model.words and options.caption is None:
        raise InputError(f"--sample: {trained} makes images by words; add --words TEXT, of {words.listed()}")
    if options.caption is None:
        return None
    if not model.words:
        instead = "ask by --label" if model.labels else "leave it out, or train with --by-words"
        raise InputError(f"--words: {trained} knows no words; {instead}")
    return torch.from_numpy(words.asked(options.caption))


def _label(label: str, model: Model, trained: str) -> int:
    called = f"--label {safe(label, 40)}"
    if not model.labels:
        instead = "say it by --words" if model.words else "leave it out, or train with --by-label"
        raise InputError(f"{called}: {trained} makes no images by label; {instead}")
    if label not in model.labels:
        known = ", ".join(safe(name, 40) for name in model.labels[:MOST_LISTED])
        more = f", and {len(model.labels) - MOST_LISTED:,} more" if len(model.labels) > MOST_LISTED else ""
        raise InputError(f"{called}: there is no such label; there are {known}{more}")
    return model.labels.index(label)
