"""Reading a transport: a table of costs, and how much is where."""

from __future__ import annotations

import os

import numpy as np

from formulations.problem import Floats
from problems.io.content import decode, read_file, unknown_format
from problems.io.npy import Shape, misshapen, read_npy
from problems.io.table import read_table, refuse_beyond
from problems.terminal.errors import InputError

MAX_PAIRS = 25_000_000  # they take 200 MB
MAX_MAGNITUDE = 1e100  # of costs and of amounts, so that their products stay finite (that of kinds.py: squares)


def read_costs(path: str | os.PathLike[str]) -> Floats:
    r"""The cost of every pair, float64 (m, n), in a .csv file without header or a .npy file (.gz .bz2 .xz).

    Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("1,2\n3,4", file=file, flush=True)
    ...     read_costs(file.name).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return read_file(path, lambda data, suffix: _numbers(data, suffix, "a table of costs"), "costs")


def read_amounts(path: str | os.PathLike[str]) -> Floats:
    r"""How much is at each place, float64 (n,), in one row or column of a .csv or .npy file (.gz .bz2 .xz).

    Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("1\n3", file=file, flush=True)
    ...     read_amounts(file.name).tolist()
    [1.0, 3.0]
    """

    def amounts(data: bytes, suffix: str) -> Floats:
        table = np.atleast_2d(_numbers(data, suffix, "a list of amounts"))
        if min(table.shape) != 1:
            raise misshapen(table.shape, "give one amount for each place, in a row or a column")
        if (table < 0).any():
            raise InputError(f"has the amount {table.min():g}; an amount is 0 or more")
        return table.ravel()

    return read_file(path, amounts, "amounts")


def _numbers(data: bytes, suffix: str, name: str) -> Floats:
    if suffix not in (".csv", ".npy"):
        raise unknown_format(suffix, ".csv or .npy")
    table = read_npy(data, _check) if suffix == ".npy" else read_table(decode(data), _check, name)
    refuse_beyond(MAX_MAGNITUDE, np.atleast_2d(table), f"give numbers within {MAX_MAGNITUDE:g}")
    return table


def _check(shape: Shape) -> None:
    if len(shape) not in (1, 2) or min(shape) < 1:
        raise misshapen(shape, "give a table of numbers")
    if np.prod(shape, dtype=float) > MAX_PAIRS:
        raise InputError(f"has {np.prod(shape, dtype=float):,.0f} numbers; give at most {MAX_PAIRS:,}")
