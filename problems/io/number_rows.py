"""Rows of numbers, perhaps with names above them and in front of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from formulations.problem import Floats
from problems.io.cells import MISSING, Table, finite, not_a_number, numbers
from problems.terminal.errors import InputError


@dataclass(frozen=True, eq=False)
class Row:
    """A row on a line: all its cells if it is the first; its first cell, also as a number; all others as numbers.

    wrong  the error for the first of those others that is neither a number nor missing; None if all are
    """

    line: int
    cells: Sequence[str]
    first: str
    value: float
    rest: Floats
    wrong: InputError | None

    @property
    def width(self) -> int:
        """The number of cells."""
        return 1 + len(self.rest)

    @property
    def named(self) -> bool:
        """Whether the first cell can only be a name."""
        return bool(np.isnan(self.value)) and self.first.lower() not in MISSING


def rows_of_numbers(table: Table, most: int) -> list[Row]:
    """The rows, all but the first with numbers from the second cell on, and decimals written alike."""
    rows: list[Row] = []
    marks: dict[str, int] = {}
    for line, cells in table.rows():
        rest, odd = numbers(cells[1:], table.separator)
        wrong = None if odd is None else not_a_number(line, odd[0] + 2, odd[1])
        if rows and wrong is not None:
            raise wrong
        value = np.nan if cells[0].lower() in MISSING else finite(cells[0], table.separator)
        rows.append(Row(line, cells if not rows else (), cells[0], value, rest, wrong))
        if table.separator != "," and wrong is None:
            text = "".join(cell for cell in cells[1:] if cell not in MISSING)
            marks |= {mark: line for mark in ",." if mark in text and mark not in marks}
        if len(rows) > most:
            raise InputError(f"has more than {most:,} rows; give fewer")
    if len(marks) == 2:
        lines = f"a comma on line {marks[',']} and a point on line {marks['.']}"
        raise InputError(f"has decimals after {lines}; write one of them, and nothing between thousands")
    if not rows:
        raise InputError("has nothing but comments, which begin with #; put names that begin so in quotes")
    return rows


def without_empty_ends(rows: list[Row]) -> list[Row]:
    """The rows without those at the end, and without a column at the end, that hold nothing at all."""
    last = len(rows)
    while last > 1 and not rows[last - 1].first and np.isnan(rows[last - 1].rest).all():
        last -= 1
    rows = rows[:last]
    if any(row.width == 1 or not np.isnan(row.rest[-1]) for row in rows) or rows[0].cells[-1]:
        return rows
    return [replace(row, rest=row.rest[:-1], cells=row.cells[:-1]) for row in rows]
