"""A matrix of numbers in the lines of a text."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from formulations.problem import Floats
from problems.io.npy import Shape
from problems.io.parsed import number
from problems.terminal.errors import InputError, quoted


def read_table(text: str, check: Callable[[Shape], None], name: str) -> Floats:
    r"""The numbers, float64 (m, n), separated by commas, in m lines without header.

    check   raises InputError for a shape that cannot be used, before the text is split
    name    what such a table is called, as in "a matrix"

    Raises InputError for a line of another width than the first and for a field that is no number.

    >>> read_table("1,2,3\n4,5,6", check=print, name="a matrix").tolist()
    (2, 3)
    [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    shape = m, n = text.count("\n") + 1, text.split("\n", 1)[0].count(",") + 1
    check(shape)
    lines = text.split("\n")
    for line, row in enumerate(lines, start=1):
        fields = row.count(",") + 1
        if fields != n:
            remedy = "give as many numbers on every line, between commas"
            raise InputError(
                f"line {line} has {fields:,} field{'s' if fields > 1 else ''} where line 1 has {n:,}; {remedy}"
            )
    with warnings.catch_warnings(action="error", category=DeprecationWarning):  # an older numpy's warning for text
        try:
            numbers = np.fromstring(",".join(lines), dtype=np.float64, sep=",")
            if len(numbers) == m * n and np.isfinite(numbers).all():
                return numbers.reshape(shape)
        except (ValueError, DeprecationWarning):
            pass
    numbers = np.empty(shape)
    for line, row in enumerate(lines, start=1):  # slower, but it finds the first field that is no number
        for field, cell in enumerate(row.split(","), start=1):
            value = _float(cell.strip())
            if value is None:
                parted = any(mark in cell.strip() for mark in ";\t ")
                remedy = "write numbers with commas between them" if parted else "write a number"
                remedy += f"; {name} has no header" if line == 1 and not parted else ""
                raise InputError(f"line {line}, field {field} is {quoted(cell.strip())}; {remedy}")
            numbers[line - 1, field - 1] = value
    return numbers


def _float(cell: str) -> float | None:
    """The number in a cell, None if there is none."""
    value = number(cell)
    try:
        return None if value is None else float(value)
    except OverflowError:  # an integer of hundreds of digits
        return np.inf


def refuse_beyond(highest: float, matrix: Floats, remedy: str) -> None:
    """Raise InputError for the first entry of float64 (m, n) that is nan or greater than `highest` in absolute value.

    >>> refuse_beyond(10.0, np.array([[1.0, -11.0]]), "give payoffs within 10")
    Traceback (most recent call last):
        ...
    problems.terminal.errors.InputError: row 1, column 2 is -11; give payoffs within 10
    """
    wrong = np.argwhere(~(np.abs(matrix) <= highest))
    if len(wrong):
        i, j = wrong[0]
        remedy = "write a number" if np.isnan(matrix[i, j]) else remedy
        raise InputError(f"row {i + 1}, column {j + 1} is {matrix[i, j]:.16g}; {remedy}")
