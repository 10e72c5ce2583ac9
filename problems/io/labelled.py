"""A matrix whose items may have names, and may be given as one triangle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from formulations.problem import Floats
from problems.terminal.errors import InputError, quoted

MAX_ITEMS = 10_000  # their matrix takes 800 MB


@dataclass(frozen=True, eq=False)
class Labelled:
    """A matrix, float64 (n, n) with nan for what is not given, the names of its items if it has any, and notes."""

    matrix: Floats
    names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def completed(given: Labelled) -> Labelled:
    """The same with both triangles if one is missing altogether; the diagonal stays nan where it is.

    Raises InputError, naming the pair, for one that is missing otherwise.

    >>> completed(Labelled(np.array([[0, np.nan], [3, 0]]))).matrix.tolist()
    [[0.0, 3.0], [3.0, 0.0]]
    """
    matrix, n = given.matrix, len(given.matrix)
    missing = np.isnan(matrix)
    if not missing.any():
        return given
    np.fill_diagonal(missing, False)
    pairs = n * (n - 1) // 2
    if not missing.any():
        return given
    if np.count_nonzero(missing) == pairs and np.count_nonzero(np.triu(missing)) in (0, pairs):
        matrix = np.where(missing, matrix.T, matrix)
        return replace(given, matrix=matrix)
    i, j = np.unravel_index(int(missing.argmax()), matrix.shape)
    count = int(np.count_nonzero(missing))
    more = f" (and {count - 1:,} more)" if count > 1 else ""
    raise InputError(
        f"has no value in {where(given.names, int(i), int(j))}{more}; write one, or leave out an item, "
        "its row and its column, of each pair without value"
    )


def where(names: Sequence[str] | None, i: int, j: int) -> str:
    """An entry's place, by the names of the items if they have any.

    >>> where(("a", "b"), 0, 1), where(None, 0, 1)
    ("row 'a', column 'b'", 'row 1, column 2')
    """
    row, column = (k + 1 if names is None else quoted(names[k]) for k in (i, j))
    return f"row {row}, column {column}"


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names; raises InputError unless each item has one of its own.

    >>> distinct(["a", "b", "a"])
    Traceback (most recent call last):
        ...
    problems.terminal.errors.InputError: calls both items 1 and 3 'a'; give each a name of its own
    """
    first: dict[str, int] = {}
    for k, name in enumerate(names, start=1):
        if not name:
            raise InputError(f"has no name for item {k:,}; give every item one, or none at all")
        if first.setdefault(name, k) != k:
            raise InputError(f"calls both items {first[name]:,} and {k:,} {quoted(name)}; give each a name of its own")
    return tuple(names)


def same(front: Sequence[str], above: Sequence[str]) -> bool:
    """Whether names in front of a matrix are those above it, which R may have made syntactic (make.names).

    >>> same(["Ann Lee", "1999"], ["Ann.Lee", "X1999"]), same(["a", "b"], ["b", "a"])
    (True, False)
    """
    return len(front) == len(above) and all(
        name == other or name.removeprefix("X") == re.sub(r"[^\w.]", ".", other)
        for other, name in zip(front, above, strict=True)
    )


def is_count(names: Sequence[str]) -> bool:
    """Whether names only count, as pandas (from 0) and R (from 1, its columns with a V or X) do where there are none.

    >>> is_count(["0", "1"]), is_count(["V1", "V2"]), is_count(["2001", "2002"])
    (True, True, False)
    """
    return len(names) > 1 and any(
        all(name == f"{letter}{k}" for k, name in enumerate(names, start))
        for letter in ("", "V", "X")
        for start in (0, 1)
    )
