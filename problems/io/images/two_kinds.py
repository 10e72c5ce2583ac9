"""Images of two kinds: pairs of the same name in two folders, or row by row in two files; or without pairs."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from formulations.problem import Ints
from problems.io.images.held import Images, Pixels
from problems.io.images.reading import FEWEST, read_images
from problems.terminal.errors import InputError, listed, safe

NAMED = 3  # of pictures without a partner, in a sentence


def read_two(first: str, second: str, size: int | None, *, grey: bool, drop: bool) -> tuple[Images, Images]:
    """Two sets of images of one shape, grey ones taken as colour where the others are; arguments as of read_images.

    Raises InputError for images of other sides.
    """
    x, y = (read_images(source, None, size, grey=grey, drop=drop) for source in (first, second))
    return alike(x, y)


def read_pairs(first: str, second: str, size: int | None, *, grey: bool, drop: bool) -> tuple[Images, Images]:
    """The same, image k of one belonging to image k of the other: by name in folders, by place in files.

    A name is taken without its suffix, so that photo 1.jpg and mask 1.png are a pair.

    Raises InputError, naming them, for pictures without a partner, unless they are to be dropped, and for files of
    different numbers of images.
    """
    x, y = read_two(first, second, size, grey=grey, drop=drop)
    if bool(x.names) != bool(y.names):
        raise InputError(f"--pairs: {_said(x)} and {_said(y)} are a folder and a file; give two folders or two files")
    if not x.names:
        if len(x) != len(y):
            raise InputError(f"--pairs: {_said(x)} holds {len(x):,} images and {_said(y)} {len(y):,}; give as many")
        return x, y
    of_x, of_y = _places(x, first), _places(y, second)
    if not drop:
        _refuse_single(x, of_y, first, second)
        _refuse_single(y, of_x, second, first)
    shared = [name for name in of_x if name in of_y]
    if len(shared) < FEWEST:
        raise InputError(f"--pairs: {len(shared)} pictures have a partner; give at least {FEWEST} pairs")
    return _taken(x, [of_x[name] for name in shared]), _taken(y, [of_y[name] for name in shared])


def alike(x: Images, y: Images) -> tuple[Images, Images]:
    """The same in the same number of channels; raises InputError unless sides are the same."""
    if x.shape[:2] != y.shape[:2]:
        sides = (f"{_said(images)} holds images of {images.shape[0]} x {images.shape[1]}" for images in (x, y))
        raise InputError(f"{' and '.join(sides)} pixels; make them alike, as by --size {min(x.shape[:2])}")
    channels = max(x.shape[2], y.shape[2])
    return _in_channels(x, channels), _in_channels(y, channels)


def _in_channels(images: Images, channels: int) -> Images:
    """Grey images in as many equal channels."""
    if images.shape[2] == channels:
        return images

    def read(places: Ints) -> Pixels:
        return np.repeat(images.read(places), channels, axis=3)

    notes = [*images.notes, f"{_said(images)} is grey, and taken as colour, as the others are."]
    return replace(images, shape=(*images.shape[:2], channels), read=read, notes=notes)


def _places(images: Images, folder: str) -> dict[str, int]:
    """Name without suffix -> place; raises InputError for names that differ in their suffixes alone."""
    found: dict[str, int] = {}
    for place, name in enumerate(images.names):
        stem = os.path.splitext(name)[0]
        if stem in found:
            both = f"{safe(images.names[found[stem]])} and {safe(name)}"
            raise InputError(f"{safe(folder, 200)}: {both} are of one name, so that pairs are not clear; rename one")
        found[stem] = place
    return found


def _refuse_single(images: Images, partners: Collection[str], here: str, there: str) -> None:
    """Raise InputError for pictures of which the other folder has no partner."""
    single = [safe(name) for name in images.names if os.path.splitext(name)[0] not in partners]
    if single:
        raise InputError(
            f"{safe(here, 200)}: {len(single):,} of {len(images):,} pictures have no partner of that name in "
            f"{safe(there, 200)}: {listed(single, NAMED)}; add them, or leave these out by --missing drop"
        )


def _taken(images: Images, places: Sequence[int]) -> Images:
    """Those at these places, in that order."""
    order = np.array(places, dtype=np.int64)
    labels = None if images.labels is None else [images.labels[k] for k in places]
    names = [images.names[k] for k in places]
    left = len(images) - len(places)
    notes = [
        *images.notes,
        *([f"{left:,} pictures of {_said(images)} have no partner and are left out."] if left else []),
    ]
    return replace(
        images, count=len(order), read=lambda k: images.read(order[k]), labels=labels, names=names, notes=notes
    )


def _said(images: Images) -> str:
    return safe(images.source, 100)
