"""Output files: checked before any work is done, and written atomically."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from secrets import token_hex

from problems.terminal.errors import InputError, safe

PART = ".part"  # suffix of the hidden file that is written first


def check_writable(option: str, path: str, suffixes: Collection[str]) -> None:
    """Raise InputError if the path has none of the suffixes or its folder cannot be written to.

    >>> check_writable("--plot", "tree.doc", [".png", ".svg"])
    Traceback (most recent call last):
        ...
    problems.terminal.errors.InputError: --plot tree.doc: unknown kind of file; end the name in .png, .svg
    """
    folder, suffix = os.path.dirname(path) or ".", os.path.splitext(path)[1].lower()
    if suffix not in suffixes:
        raise InputError(f"{option} {safe(path, 200)}: unknown kind of file; end the name in {', '.join(suffixes)}")
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK) or os.path.isdir(path):
        raise InputError(f"{option} {safe(path, 200)}: cannot be written there; name a file in an existing folder")


def make_folder(option: str, path: str) -> None:
    """Make a folder, if it is not there; raises InputError if it cannot be made or written to."""
    try:
        os.makedirs(path, exist_ok=True)
        writable = os.access(path, os.W_OK)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a possible path"
        raise InputError(f"{option} {safe(path, 200)}: no such folder can be made ({why}); name another") from None
    if not writable:
        raise InputError(f"{option} {safe(path, 200)}: cannot be written to; name another folder")


def empty_folder(option: str, path: str) -> None:
    """Make a folder that holds nothing; raises InputError if it cannot be made, or holds anything."""
    make_folder(option, path)
    if os.listdir(path):
        raise InputError(f"{option} {safe(path, 200)}: is not empty; name a new folder for the images")


def replace_file(path: str, data: bytes | memoryview) -> None:
    """Write a file atomically; raises InputError if it cannot be written."""
    part = os.path.join(os.path.dirname(path), f".{token_hex(6)}{PART}")
    try:
        with open(part, "xb") as file:
            file.write(data)
        os.replace(part, path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or "not a possible path"
        remedy = "name a file in a folder that exists and lets you write"
        raise InputError(f"{safe(path, 200)}: cannot be written ({why}); {remedy}") from None
    finally:
        with suppress(OSError, ValueError):
            os.remove(part)


def remove_parts(folder: str) -> None:
    """Remove the partial files that interrupted writes left in a folder."""
    for name in os.listdir(folder):
        if name.startswith(".") and name.endswith(PART):
            with suppress(OSError):
                os.remove(os.path.join(folder, name))
