"""A folder of pictures; subfolders are labels. All are looked at before any is used: bad ones are named at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np

from formulations.problem import Ints
from problems.io.images.held import COLOUR, GREY, MOST_HELD, Images, Pixels, held
from problems.io.images.pictures import SUFFIXES, Header, Unusable, header, pixels
from problems.terminal.errors import InputError, listed, most_of, safe

MOST_FILES = 5_000_000
NAMED = 5  # of bad files, in a sentence
USUAL_SIDE, MOST_SIDE = 32, 64  # pixels a side: what pictures are made, unless --size says otherwise; and at most


def read_folder(folder: str, size: int | None, grey: bool, drop: bool) -> Images:
    """The pictures in a folder and its subfolders, in the order of their names.

    size  pixels a side; None for their own, if all have the same and at most 64 a side, else 32
    grey  whether colours are to be turned to grey
    drop  whether pictures that cannot be used are left out

    Raises InputError, naming the pictures that cannot be used.
    """
    names, others = picture_names(folder)
    if not names:
        raise InputError(f"holds no pictures; their names end in {', '.join(SUFFIXES)}")
    bad: dict[str, str] = {}
    headers: dict[str, Header] = {}
    for name in names:
        try:
            headers[name] = header(os.path.join(folder, name))
        except Unusable as error:
            bad[name] = str(error)
    if headers:
        side, channels = _side(list(headers.values()), size), _channels(list(headers.values()), grey=grey)
        shape = _shape(next(iter(headers.values())), side, channels)
        if len(headers) * int(np.prod(shape)) <= MOST_HELD:
            found, broken = _all(folder, list(headers), side, channels)
            bad |= broken
            kept = [name for name in headers if name not in broken]
            if channels == COLOUR and len(found) and (found == found[..., :1]).all():
                found, shape = found[..., :1], (*shape[:2], GREY)
            read = held(found)
        else:
            kept, read = list(headers), _reader(folder, list(headers), side, channels)
    refuse_unusable(bad, len(names), drop and len(bad) < len(names))
    used = [headers[name] for name in kept]
    return Images(
        source=os.path.basename(os.path.abspath(folder)),
        count=len(kept),
        shape=shape,
        levels=256,
        read=read,
        labels=_labels(kept),
        names=kept,
        notes=[*_notes(used, shape, side, grey), *_left_out(others, bad, kept)],
    )


def picture_names(folder: str) -> tuple[list[str], list[str]]:
    """Paths, from the folder on, of its pictures and of other files; hidden ones are neither; raises InputError."""
    found: list[str] = []
    others: list[str] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        for name in sorted(files):
            path = os.path.relpath(os.path.join(place, name), folder)
            if not name.startswith("."):
                (found if name.lower().endswith(SUFFIXES) else others).append(path)
        if len(found) + len(others) > MOST_FILES:
            raise InputError(f"holds more than {MOST_FILES:,} files; name a folder with fewer")
    return found, others


def _side(headers: Sequence[Header], size: int | None) -> int | None:
    """What each is made, pixels a side; None to leave them as they are."""
    sizes = {(one.width, one.height) for one in headers}
    if size is not None:
        return None if sizes == {(size, size)} else size
    return USUAL_SIDE if len(sizes) > 1 or max(next(iter(sizes))) > MOST_SIDE else None


def _channels(headers: Sequence[Header], *, grey: bool) -> int:
    return GREY if grey or all(one.grey and not one.transparent for one in headers) else COLOUR


def _shape(first: Header, side: int | None, channels: int) -> tuple[int, int, int]:
    return (first.height, first.width, channels) if side is None else (side, side, channels)


def _all(folder: str, names: Sequence[str], side: int | None, channels: int) -> tuple[Pixels, dict[str, str]]:
    """The pixels of all that can be used, (k, height, width, channels), and why others cannot."""
    found, bad = [], {}
    for name in names:
        try:
            found.append(pixels(os.path.join(folder, name), channels, side))
        except Unusable as error:
            bad[name] = str(error)
    return np.stack(found) if found else np.empty((0, 0, 0, channels), dtype=np.uint8), bad


def _reader(folder: str, names: Sequence[str], side: int | None, channels: int) -> Callable[[Ints], Pixels]:
    """Reads pictures whenever they are asked for."""

    def read(places: Ints) -> Pixels:
        found, bad = _all(folder, [names[k] for k in places.tolist()], side, channels)
        refuse_unusable(bad, len(places), drop=False)
        return found

    return read


def refuse_unusable(bad: dict[str, str], total: int, drop: bool) -> None:
    """Raise InputError that names the pictures which cannot be used, unless they are to be dropped."""
    if bad and not drop:
        shown, more = most_of(list(bad.items()), NAMED)
        said = "; ".join(f"{safe(name, 100)} {why}" for name, why in shown) + (f"; and {more:,} more" if more else "")
        remedy = "take them out, or add --missing drop" if len(bad) < total else "give pictures of these kinds"
        raise InputError(f"{len(bad):,} of {total:,} pictures cannot be used: {said}; {remedy}")


def _labels(names: Sequence[str]) -> list[str] | None:
    """The first folder on the way to each picture; None unless all are in one, and in more than one."""
    first = [name.split(os.sep, 1)[0] if os.sep in name else "" for name in names]
    return first if "" not in first and len(set(first)) > 1 else None


def _notes(used: Sequence[Header], shape: tuple[int, int, int], side: int | None, grey: bool) -> list[str]:
    """What was done to the pictures to make them alike."""
    notes = []
    if side is not None:
        widths, heights = [one.width for one in used], [one.height for one in used]
        low, high = (f"{of(widths):,} x {of(heights):,}" for of in (min, max))
        were = low if low == high else f"{low} to {high}"
        notes.append(f"Pictures of {were} pixels are cut to the square in their middle and made {side} x {side}.")
    coloured = sum(not one.grey for one in used)
    if shape[2] == GREY and coloured:
        notes.append(f"{coloured:,} pictures in colour are turned to grey." if grey else "All pictures are grey.")
    elif coloured and coloured < len(used):
        notes.append(f"{len(used) - coloured:,} of {len(used):,} pictures are grey; all are taken as colour.")
    for count, what in (
        (sum(one.transparent for one in used), "have transparent parts, which are laid on white"),
        (sum(one.deep for one in used), "have 16 bits, of which the upper 8 are taken"),
        (sum(one.frames > 1 for one in used), "have several frames, of which the first is taken"),
    ):
        if count:
            notes.append(f"{count:,} of {len(used):,} pictures {what}.")
    return notes


def _left_out(others: Sequence[str], bad: dict[str, str], kept: Sequence[str]) -> list[str]:
    """Which files are not used, and whether subfolders were taken as labels."""
    notes = []
    if others:
        named = listed([safe(name) for name in others], 3)
        notes.append(f"Files that by their names are no pictures are left out: {named} ({len(others):,} in all).")
    if bad:
        named = listed([f"{safe(name)} {why}" for name, why in bad.items()], NAMED)
        notes.append(f"Pictures that cannot be used are left out: {named} ({len(bad):,} in all).")
    if any(os.sep in name for name in kept) and any(os.sep not in name for name in kept):
        notes.append("Pictures lie beside subfolders, so these are not taken as labels.")
    return notes
