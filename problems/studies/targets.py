"""Tables of which one column is to be told from the others."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from problems.io.data_table import DataTable, Missing, read_data_table
from problems.terminal.errors import InputError, quoted, safe

if TYPE_CHECKING:
    from formulations.problem import Floats


class Targeted(NamedTuple):
    """The table, at which place its target stands, and the other columns, (n, p), with their names."""

    source: str
    table: DataTable
    place: int
    X: Floats
    columns: tuple[str, ...]


def targeted(options: argparse.Namespace, example: str) -> Targeted:
    """The table that the arguments name, or the example; the target is --target, or else the last column.

    Raises InputError where there is nothing to tell it from, and where that holds text.
    """
    path = options.data or example
    source = safe(Path(path).name, 200)
    missing: Missing = options.missing or "refuse"
    target = None if options.target is None else read_data_table(path, options.target, "drop", mixed=True)
    columns = options.columns
    if columns is not None and options.target is not None:
        columns = f"{columns},{options.target}"
    labelled = options.target if target is not None and target.labels and columns is None else None
    table = read_data_table(path, columns, missing, mixed=True, categories=labelled)
    name = table.columns[-1] if target is None else target.columns[0]
    place = list(table.columns).index(name)
    features = [k for k in range(len(table.columns)) if k != place]
    if not features:
        raise InputError(f"{source}: {quoted(name)} is its only column of numbers; give others to tell it from")
    for k in features:
        if k in table.labels:
            raise InputError(f"{source}: the column {quoted(table.columns[k])} holds text; leave it out of --columns")
    return Targeted(source, table, place, table.values[:, features], tuple(table.columns[k] for k in features))
