"""The errors that end a program in one line, and how a file's contents are quoted in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class InputError(Exception):
    """A file that cannot be used: one sentence that names the file, the place, the value and the remedy."""


class OutputError(Exception):
    """An answer that cannot be written to standard output: one sentence."""


def safe(label: object, width: int = 60) -> str:
    r"""Anything from a file as a line of at most `width` printable characters; others are escaped.

    >>> print(safe("red\x1b[31m\n"))
    red\x1b[31m\n
    """
    try:
        text = str(label)
    except (ValueError, RecursionError):  # an integer of thousands of digits, a list nested as deep
        text = f"<{type(label).__name__}>"
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: width + 1])
    return shown if len(shown) <= width else shown[: width - 3] + "..."


def most_of(items: Sequence[T], most: int) -> tuple[Sequence[T], int]:
    """The first of a list, and how many more there are: none or at least two, as to say "1 more" takes as much room.

    >>> most_of("abc", most=2), most_of("abcd", most=2)
    (('abc', 0), ('ab', 2))
    """
    shown = items if len(items) <= most + 1 else items[:most]
    return shown, len(items) - len(shown)


def listed(names: Sequence[str], most: int) -> str:
    """The names between commas, ", ..." after about as many as `most`.

    >>> listed(["a", "b", "c", "d"], most=2), listed(["a", "b", "c"], most=2)
    ('a, b, ...', 'a, b, c')
    """
    shown, more = most_of(names, most)
    return ", ".join(shown) + (", ..." if more else "")


def quoted(value: object) -> str:
    """A value from a file for use in a sentence: 'text' in quotes, numbers bare, of lists only that they are one.

    >>> print(quoted("a"), quoted(1.5), quoted([1, 2]))
    'a' 1.5 a list
    """
    if isinstance(value, dict | list | tuple | set):
        return "a list"
    return f"'{safe(value)}'" if isinstance(value, str) else safe(value)
