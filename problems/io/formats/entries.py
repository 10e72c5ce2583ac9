"""Lines of numbers, such as "a 1 2 3.5", as a table."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from problems.io.parsed import number
from problems.terminal.errors import InputError, quoted

ENDS = [("u", np.int64), ("v", np.int64)]
WEIGHTED = np.dtype([*ENDS, ("w", np.float64)])
UNWEIGHTED = np.dtype(ENDS)
LETTER = ("letter", "U2")


def entries(rows: Sequence[str], lines: Sequence[int], form: str) -> NDArray[np.void]:
    """The rows as a structured array of u and v, int64, and w, float64, if the form has a weight.

    lines  where the rows stand, counted from 0, for errors
    form   how a row looks: two ends, perhaps after a letter that all rows begin with, and perhaps a third word

    Raises InputError, naming the first of the rows that does not look so.

    >>> entries(["a 1 2 3.5"], [0], "a u v length").tolist()
    [('a', 1, 2, 3.5)]
    """
    first, *others = form.split()
    letter = "" if first == "u" else first
    columns = WEIGHTED if len(others) - bool(letter) == 2 else UNWEIGHTED
    if letter:
        columns = np.dtype([LETTER, *columns.descr])
    if not rows:
        return np.empty(0, dtype=columns)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # numpy's warning for 1.5 where an integer belongs
            table = np.loadtxt(rows, dtype=columns, comments=None, ndmin=1)
        if not letter or bool(np.all(table["letter"] == letter)):
            return table
    except (ValueError, DeprecationWarning):
        pass
    bad = next((i for i, row in enumerate(rows) if not _fits(row.split(), form.split(), letter)), 0)
    fault = f"line {lines[bad] + 1} is {quoted(rows[bad].strip())}"
    raise InputError(f"{fault}, which is not '{form}' in numbers; correct it")


def _fits(words: list[str], form: list[str], letter: str) -> bool:
    """Whether a row is well-formed."""
    if len(words) != len(form) or (letter and words[0] != letter):
        return False
    values = [number(word) for word in words[bool(letter) :]]
    return None not in values and all(isinstance(value, int) and abs(value) < 2**63 for value in values[:2])
