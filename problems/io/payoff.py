"""Reading the payoff matrix of a game of two players; or one sentence about why it cannot be used."""

from __future__ import annotations

import os

from formulations.problem import Floats
from problems.io.content import decode, read_file, unknown_format
from problems.io.npy import Shape, misshapen, read_npy
from problems.io.table import read_table, refuse_beyond
from problems.terminal.errors import InputError

LARGEST = 4_000_000  # payoffs: they take 32 MB
HIGHEST = 1e12  # beside greater ones probabilities are lost to rounding


def read_payoff(path: str | os.PathLike[str]) -> Floats:
    """The payoffs to the row player, float64 (m, n), in a .csv file without header or a .npy file (.gz .bz2 .xz).

    Raises InputError, one sentence for the user, for a file that cannot be used.
    """
    return read_file(path, _payoff, "payoffs")


def _payoff(data: bytes, suffix: str) -> Floats:
    if suffix not in (".csv", ".npy"):
        raise unknown_format(suffix, ".csv or .npy")
    if suffix == ".npy":
        payoff = read_npy(data, _refuse_unless_matrix)
    else:
        payoff = read_table(decode(data), _refuse_unless_matrix, "a payoff matrix")
    refuse_beyond(HIGHEST, payoff, f"give payoffs within {HIGHEST:g}, divided by a constant if need be")
    return payoff


def _refuse_unless_matrix(shape: Shape) -> None:
    if len(shape) != 2 or min(shape) < 1:
        raise misshapen(shape, "give a matrix, rows by columns")
    m, n = shape
    if m * n > LARGEST:
        raise InputError(f"has {m:,} x {n:,} payoffs; give at most {LARGEST:,}")
