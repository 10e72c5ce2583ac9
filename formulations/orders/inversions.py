"""Pairs out of order within the rows of a matrix: how many, and by how much.

Entries x_i, x_j with i < j are out of order if x_i > x_j. As max(x, 0) = (|x| + x) / 2, and as the sum of |x_i - x_j|
over all pairs is that of the row y with the entries of x in increasing order, where all signs are known,

    sum over i < j of max(x_i - x_j, 0)  =  sum over t of t (y_t - x_t).

The number of pairs out of order is counted by merging: see `inversions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Floats, Ints

Rows = NDArray[Any]
SHORT = 32  # entries up to which all pairs are compared
ROW_ENTRIES = 1 << 15  # entries of rows that are counted at a time: they stay in the cache, and 16 bits count them


def row_ranks(d: Floats) -> NDArray[Any]:
    """By row the number of distinct smaller entries, (n, m), int16 if twice that fits in there, else int32.

    >>> row_ranks(np.array([[0.5, 0.1, 0.5, 9.0]])).tolist()
    [[1, 0, 1, 2]]
    """
    n, m = d.shape
    ranks = np.empty((n, m), dtype=np.int16 if m < 2**14 else np.int32)
    for row, rank in zip(d, ranks, strict=True):
        increasing = row.argsort()
        rank[increasing] = np.cumsum(np.diff(row[increasing], prepend=row[increasing[:1]]) > 0)
    return ranks


def sides(matrix: Rows, order: Ints) -> Iterator[Rows]:
    """What is on either side of each item in an order, nearest first: some rows of equal length at a time.

    Shorter ones end in entries one greater than the greatest of the matrix.

    >>> [rows.tolist() for rows in sides(np.array([[0, 1, 3], [1, 0, 2], [3, 2, 0]]), np.array([0, 1, 2]))]
    [[[1, 3], [2, 4]], [[2, 3], [1, 4]]]
    """
    n, above = len(order), matrix.max(initial=0) + 1
    rows = max(1, ROW_ENTRIES // max(n, 1))
    for towards in (order, order[::-1]):
        for at in range(0, n - 1, rows):
            side = np.full((min(rows, n - 1 - at), n - 1 - at), above, dtype=matrix.dtype)
            for k, entries in enumerate(side):
                entries[: n - 1 - at - k] = matrix[towards[at + k]].take(towards[at + k + 1 :])
            yield side


def inversions(rows: NDArray[Any]) -> int:
    """The number of pairs in each row whose left entry is greater than its right one, all rows together.

    rows (k, m), of integers at least 0 twice of which fits in their type. In stretches of up to 32 all pairs are
    compared. Then neighbouring stretches of length h, each in order, are merged: if the entries of the right one come
    to the places t, h h + h (h - 1) / 2 - sum of t entries of the left one are greater.

    >>> inversions(np.array([[2, 3, 1], [0, 1, 2]]))
    2
    """
    k, m = rows.shape
    merges = max(0, (m - 1) // SHORT).bit_length()
    half = -(-m // 2**merges)  # so that what is filled up is short
    stretches = np.full((k, half << merges), rows.max(initial=0), dtype=rows.dtype)
    stretches[:, :m] = rows
    columns = np.ascontiguousarray(stretches.reshape(-1, half).T)
    number = sum(int(np.count_nonzero(columns[i] > columns[i + 1 :])) for i in range(half - 1))
    merged = np.sort(2 * stretches.reshape(-1, half), axis=1) if merges else stretches
    for _ in range(merges):
        merged = merged.reshape(-1, 2 * half)
        merged[:, half:] += 1  # odd: of the right one, and behind equal entries of the left one
        merged.sort(axis=1, kind="stable" if merged.itemsize == 2 and half > 256 else None)  # the former by radix
        from_right = np.add.reduce(merged & 1, axis=0, dtype=np.int32)
        number += len(merged) * (half * half + half * (half - 1) // 2) - int(from_right @ np.arange(2 * half))
        merged &= ~1
        half *= 2
    return number


def deviations(rows: Floats) -> float:
    """The sum of x - y over all pairs in each row whose left entry x is greater than its right one y.

    rows float64 (k, m). Exactly 0 for rows that are in order.

    >>> deviations(np.array([[2.0, 3.0, 1.0], [0.0, 1.0, 9.0]]))
    3.0
    """
    return float(((np.sort(rows, axis=1) - rows) @ np.arange(rows.shape[1])).sum())
