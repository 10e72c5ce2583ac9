"""Reading the payoff matrix of a two-player zero-sum game."""

from __future__ import annotations

import os

from formulations.problem import Floats
from problems.io.content import decode, read_file, unknown_format
from problems.io.npy import Shape, misshapen, read_npy
from problems.io.table import read_table, refuse_beyond
from problems.terminal.errors import InputError

MAX_PAYOFFS = 4_000_000  # they take 32 MB
MAX_MAGNITUDE = 1e12  # probabilities are lost to rounding if payoffs are greater


def read_payoff(path: str | os.PathLike[str]) -> Floats:
    r"""The payoffs to the row player, float64 (m, n), in a .csv file without header or a .npy file (.gz .bz2 .xz).

    Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("1,-1\n-1,1", file=file, flush=True)
    ...     read_payoff(file.name).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    return read_file(path, _payoff, "payoffs")


def _payoff(data: bytes, suffix: str) -> Floats:
    if suffix not in (".csv", ".npy"):
        raise unknown_format(suffix, ".csv or .npy")
    if suffix == ".npy":
        payoff = read_npy(data, _refuse_unless_matrix)
    else:
        payoff = read_table(decode(data), _refuse_unless_matrix, "a payoff matrix")
    refuse_beyond(MAX_MAGNITUDE, payoff, f"give payoffs within {MAX_MAGNITUDE:g}, divided by a constant if need be")
    return payoff


def _refuse_unless_matrix(shape: Shape) -> None:
    if len(shape) != 2 or min(shape) < 1:
        raise misshapen(shape, "give a matrix, rows by columns")
    m, n = shape
    if m * n > MAX_PAYOFFS:
        raise InputError(f"has {m:,} x {n:,} payoffs; give at most {MAX_PAYOFFS:,}")
