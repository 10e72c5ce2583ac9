"""Tables of numbers with names of rows: how they are read, and their numbers as they are compared."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.terminal.errors import InputError, safe
from problems.terminal.files import check_writable

if TYPE_CHECKING:
    from formulations.problem import Floats

MOST_CELLS = 20_000_000  # of a table whose zeros are filled in, or whose rows are drawn as a map


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers (n, p), dense or sparse, with the names of rows and columns, and notes on how they were read."""

    source: str
    values: Any
    rows: Sequence[str]
    columns: Sequence[str]
    notes: tuple[str, ...] = ()


def table_of(options: argparse.Namespace, example: str) -> Table:
    """The table that the arguments name, or the example."""
    from problems.io.data_table import read_data_table

    path = example if options.data is None else options.data
    source = safe(Path(path).name, 200)
    if options.out is not None:
        check_writable("--out", options.out, (".csv",))
    if path.lower().endswith(".npz"):
        return _sparse_table(path, source, options)
    table = read_data_table(path, options.columns, options.missing or "refuse")
    return Table(source, table.values, table.rows, table.columns, table.notes)


def _sparse_table(path: str, source: str, options: argparse.Namespace) -> Table:
    """A sparse table, of which rows and columns are numbered and nothing is missing."""
    from problems.io.raw_table import numbered
    from problems.io.sparse_table import read_sparse_table

    for name in ("columns", "missing"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name} is for tables of text and .npy files, and {source} is sparse; leave it out")
    values = read_sparse_table(path)
    return Table(source, values, numbered(values.shape[0]), numbered(values.shape[1]))


def numbers_of(table: Table, standardise: bool) -> Floats:
    """The table's numbers, float64 (n, p), standardised if asked; raises InputError for too large a sparse one."""
    from scipy.sparse import issparse

    values = table.values
    if issparse(values):
        refuse_cells(table)
        values = values.toarray()
    return standardised(values) if standardise else np.asarray(values)


def refuse_cells(table: Table) -> None:
    """Raise InputError for more than MOST_CELLS."""
    n, p = table.values.shape
    if n * p > MOST_CELLS:
        raise InputError(f"{table.source}: has {n:,} rows of {p:,} columns; give at most {MOST_CELLS:,} cells")


def standardised(values: Floats, by: Floats | None = None) -> Floats:
    """Columns of mean 0 and standard deviation 1 (by n - 1), or 0 where all rows are the same; those of `by`, if given.

    >>> standardised(np.array([[4.0]]), np.array([[1.0], [3.0]])).round(4).tolist()
    [[1.4142]]
    """
    by = values if by is None else by
    centred = values - by.mean(axis=0)
    sd = by.std(axis=0, ddof=1) if len(by) > 1 else np.zeros(values.shape[1])
    return np.asarray(np.divide(centred, sd, out=np.zeros_like(centred), where=sd > 0))
