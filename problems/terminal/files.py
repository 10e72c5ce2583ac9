"""Files that a person asked for: refused before any work is done, or written whole."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from secrets import token_hex

from problems.terminal.errors import InputError, safe

PART = ".part"  # the end of a hidden file's name while it is being written


def check_writable(option: str, path: str, suffixes: Collection[str]) -> None:
    """Raise InputError if a file of one of those kinds could not be written there."""
    folder, suffix = os.path.dirname(path) or ".", os.path.splitext(path)[1].lower()
    if suffix not in suffixes:
        raise InputError(f"{option} {safe(path, 200)}: unknown kind of file; end the name in {', '.join(suffixes)}")
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK) or os.path.isdir(path):
        raise InputError(f"{option} {safe(path, 200)}: cannot be written there; name a file in an existing folder")


def replace_file(path: str, data: bytes | memoryview) -> None:
    """Write a file, all or nothing; InputError if that cannot be."""
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
    """Remove what writes that were cut off left in a folder of our own."""
    for name in os.listdir(folder):
        if name.startswith(".") and name.endswith(PART):
            with suppress(OSError):
                os.remove(os.path.join(folder, name))
