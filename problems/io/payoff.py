"""Reading the payoff matrix of a game of two players; or one sentence about why it cannot be used."""

from __future__ import annotations

import io
import os
import tokenize

import numpy as np

from formulations.problem import Floats
from problems.errors import InputError, quoted, safe
from problems.io.build import number
from problems.io.content import decode, read_bytes

LARGEST = 4_000_000  # payoffs: they take 32 MB
HIGHEST = 1e12  # beside greater ones probabilities are lost to rounding


def read_payoff(path: str | os.PathLike[str]) -> Floats:
    """The payoffs to the row player, float64 (m, n), in a .csv file without header or a .npy file (.gz .bz2 .xz).

    Raises InputError, one sentence for the user, for a file that cannot be used.
    """
    name = os.fsdecode(path)
    try:
        return _payoff(*read_bytes(name))
    except InputError as error:
        raise InputError(f"{safe(name, 200)}: {error}") from None
    except MemoryError:
        raise InputError(f"{safe(name, 200)}: is too large for this computer's memory; give fewer choices") from None


def _payoff(data: bytes, suffix: str) -> Floats:
    if not data.strip():
        raise InputError("is empty; give a line of payoffs for each choice of the row player")
    if suffix not in (".csv", ".npy"):
        raise InputError(f"has the suffix {quoted(suffix)}, which says no format; name it .csv or .npy")
    payoff = _csv(decode(data)) if suffix == ".csv" else _npy(data)
    wrong = np.argwhere(~(np.abs(payoff) <= HIGHEST))
    if len(wrong):
        i, j = wrong[0]
        raise InputError(
            f"row {i + 1}, column {j + 1} is {payoff[i, j]:.12g}; "
            f"give payoffs within {HIGHEST:g}, divided by a constant if need be"
        )
    return payoff


def _csv(text: str) -> Floats:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")
    width = lines[0].count(",") + 1
    _limit(len(lines), width)
    payoff = np.empty((len(lines), width))
    for line, row in enumerate(lines, start=1):
        cells = row.split(",", width)
        if len(cells) != width or row.count(",") >= width:
            raise InputError(
                f"line {line} has {row.count(',') + 1:,} fields where line 1 has {width:,}; "
                "give every choice of the row player as many payoffs, between commas"
            )
        for field, cell in enumerate(cells, start=1):
            value = number(cell.strip())
            if value is None:
                remedy = "write a number" + ("; a payoff matrix has no header" if line == 1 else "")
                raise InputError(f"line {line}, field {field} is {quoted(cell.strip())}; {remedy}")
            try:
                payoff[line - 1, field - 1] = value
            except OverflowError:
                payoff[line - 1, field - 1] = np.inf
    return payoff


def _npy(data: bytes) -> Floats:
    """The array in NumPy's own format; nothing in it is ever executed."""
    try:
        if not data.startswith(b"\x93NUMPY"):
            raise ValueError
        held = np.load(io.BytesIO(data), allow_pickle=False)  # a header of more than 10,000 characters: ValueError
    except (ValueError, KeyError, OverflowError, SyntaxError, TypeError, EOFError, RecursionError, tokenize.TokenError):
        raise InputError("is named .npy but does not hold a plain NumPy array; write it with numpy.save") from None
    if held.ndim != 2 or not held.size:
        form = " x ".join(map(str, held.shape)) or "0-dimensional"
        raise InputError(f"holds an array of shape {safe(form)}; give a matrix, rows by columns")
    if held.dtype.kind not in "biuf":
        raise InputError(f"holds {safe(held.dtype)}; save real numbers, as in array.astype(float)")
    _limit(*held.shape)
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes infinite, which is refused
        return np.asarray(held, dtype=np.float64, order="C")


def _limit(m: int, n: int) -> None:
    if m * n > LARGEST:
        raise InputError(f"has {m:,} x {n:,} payoffs; give at most {LARGEST:,}")
