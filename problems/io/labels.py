"""Columns of labels: which of a table's columns are categories, and their labels as whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formulations.problem import Floats
from problems.io.cells import MISSING
from problems.io.raw_table import RawTable
from problems.terminal.errors import InputError

MOST_LABELS = 50  # that a category may have
LEAST_ROWS = 2  # for each of them, on average: what has a label of its own in nearly every row names the rows


def coded(raw: RawTable, k: int) -> tuple[list[str], Floats]:
    """The labels of column k, in the order of their first rows, and which each row has, float64 (n,); nan if none.

    Labels are as the file writes them; an array's are its numbers. Raises InputError for more than 50, and for fewer
    than two rows for each.
    """
    labels, found = _codes(_texts(raw, k))
    known = int(np.count_nonzero(~np.isnan(found)))
    for too_many, why in (
        (len(labels) > MOST_LABELS, f"more than the {MOST_LABELS} that a category may have"),
        (LEAST_ROWS * len(labels) > known, f"in {known:,} rows, too few of each to learn"),
    ):
        if too_many:
            raise InputError(f"column {raw.called(k)} holds {len(labels):,} different labels, {why}; leave it out")
    return labels, found


def holds_labels(raw: RawTable, k: int) -> bool:
    """Whether column k can be a category of at least two labels."""
    labels, found = _codes(_texts(raw, k))
    return 2 <= len(labels) <= MOST_LABELS and LEAST_ROWS * len(labels) <= int(np.count_nonzero(~np.isnan(found)))


def _texts(raw: RawTable, k: int) -> Sequence[str]:
    if raw.cells:
        return raw.cells[k]
    return ["" if np.isnan(x) else repr(x).removesuffix(".0") for x in raw.values[:, k].tolist()]


def _codes(texts: Sequence[str]) -> tuple[list[str], Floats]:
    places: dict[str, int] = {}
    codes = [np.nan if text.lower() in MISSING else places.setdefault(text, len(places)) for text in texts]
    return list(places), np.array(codes, dtype=np.float64)
