"""The game of images by words: captions as a user gives them, or made of labels and measured attributes."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from problems.io.images.reading import read_labels
from problems.studies.image_captions import phrases, refuse_captions, thirds_of, words_of
from problems.studies.image_game import MOST_ROWS, ImageGame
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from problems.studies.image_captions import Thirds

LOSS = "non-saturating"  # whose game has a form for captions
ITERATIONS = 1_600


def worded(game: ImageGame, options: argparse.Namespace) -> ImageGame:
    """The same game by words, as --by-words or --captions ask; raises InputError where they do not fit."""
    option = "--by-words" if options.by_words else "--captions"
    for other in ("by_label", "captions"):
        if getattr(options, other) and option != f"--{other}":
            raise InputError(f"{option} and --{other.replace('_', '-')} are two ways to say what images show; give one")
    if game.loss != LOSS:
        raise InputError(f"{option}: images by words are learnt by the loss {LOSS}, not {game.loss}; leave --loss out")
    train, thirds = game.parts.train[:MOST_ROWS], None
    if options.captions:
        captions = _read(options.captions, len(game.images))
    else:
        captions, thirds = _made(game)
    words = words_of([captions[k] for k in train])
    model = replace(game.model, words=words.known, most_words=words.most)
    iterations = options.iterations or ITERATIONS
    return replace(game, model=model, iterations=iterations, captions=words.numbers(captions), thirds=thirds)


def _read(path: str, count: int) -> list[str]:
    captions = read_labels(path, count, "captions")
    try:
        refuse_captions(captions)
    except InputError as error:
        raise InputError(f"{safe(path, 200)}: {error}") from None
    return captions


def _made(game: ImageGame) -> tuple[list[str], Thirds]:
    if game.labels is None:
        raise InputError("--by-words needs labels to name what images show; give them by --labels FILE, or --captions")
    train = game.parts.train[:MOST_ROWS]
    thirds = thirds_of(game.images.rows(train), game.labels[train], game.names)
    return phrases(thirds, game.images, game.labels, game.seed), thirds
