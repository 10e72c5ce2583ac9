"""Reading the payoff matrix of a two-player zero-sum game."""

from __future__ import annotations

import os

import numpy as np

from formulations.problem import Floats
from problems.io.content import decode, read_file, unknown_format
from problems.io.npy import Shape, misshapen, read_npy
from problems.io.table import read_table, refuse_beyond
from problems.terminal.errors import InputError

MAX_PAYOFFS = 4_000_000  # they take 32 MB
MAX_MAGNITUDE = 1e12  # probabilities are lost to rounding if payoffs are greater
MIN_SPREAD = 1e-290  # floats near 1e-308 have few digits, and none to spare for what is computed of them


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
    remedy = f"give payoffs within {MAX_MAGNITUDE:g}, less a constant or divided by one if need be"
    refuse_beyond(MAX_MAGNITUDE, payoff, remedy)
    if 0 < np.ptp(payoff) < MIN_SPREAD:
        raise InputError(f"has payoffs that differ by {np.ptp(payoff):.3g} at most; multiply them by a constant")
    return payoff


def _refuse_unless_matrix(shape: Shape) -> None:
    if len(shape) != 2 or min(shape) < 1:
        raise misshapen(shape, "give a matrix, rows by columns")
    m, n = shape
    if m * n > MAX_PAYOFFS:
        raise InputError(f"has {m:,} x {n:,} payoffs; give at most {MAX_PAYOFFS:,}")
