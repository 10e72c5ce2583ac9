"""A table that a generator learns: its columns of numbers, and rows in their units as CSV."""

from __future__ import annotations

import argparse
import csv
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from problems.studies.table_options import columns_argument, missing_argument
from problems.terminal.errors import InputError, quoted, safe

if TYPE_CHECKING:
    from formulations.likelihood.data import Data
    from formulations.problem import Floats
    from problems.io.data_table import Missing

OPTIONS = ("columns", "missing", "round")  # that go with a file
EXACT, LONGEST = 2.0**53, 2.0**64  # whole numbers between these are keys that float64 does not tell apart
MOST_DECIMALS = 8  # that a column is taken to be rounded to
RESOLVED = 5  # digits of a column's standard deviation that float32 tells apart


@dataclass(frozen=True)
class Column:
    """A column of numbers.

    decimals   that its numbers have in the file, None for more than 8
    resolved   that a generator in float32 tells apart, negative for tens, hundreds and so on
    low, high  the range of the rows that were trained with
    """

    name: str
    decimals: int | None
    resolved: int
    low: float
    high: float

    def texts(self, x: Floats, rounded: bool) -> list[str]:
        """Samples, float64 (n,), as text; if rounded to the column's decimals, and within its range.

        >>> import numpy as np
        >>> age = Column("age", 0, 5, 18, 99)
        >>> age.texts(np.array([17.2, 41.527, 60.0]), rounded=False), age.texts(np.array([17.2, 41.6]), rounded=True)
        (['17.2', '41.527', '60'], ['18', '42'])
        """
        import numpy as np

        digits = self.resolved if not rounded or self.decimals is None else self.decimals
        kept = np.round(x, digits)
        if rounded:
            kept = kept.clip(self.low, self.high)
        return [repr(value).removesuffix(".0") for value in (kept + 0.0).tolist()]


@dataclass(frozen=True)
class Columns:
    """The columns of a table; headed: whether its file names them."""

    columns: Sequence[Column]
    headed: bool = True

    def csv(self, samples: Floats, rounded: bool) -> str:
        """Rows, float64 (n, d), as CSV, below the file's header if it has one."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if self.headed:
            writer.writerow(self.names)
        writer.writerows(zip(*self.texts(samples, rounded), strict=True))
        return text.getvalue()

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [column.name for column in self.columns]

    def texts(self, samples: Floats, rounded: bool) -> list[list[str]]:
        """The same, column by column."""
        return [column.texts(x, rounded) for column, x in zip(self.columns, samples.T, strict=True)]

    def as_json(self) -> dict[str, Any]:
        """What `of_json` takes."""
        return asdict(self)

    @classmethod
    def of_json(cls, held: Mapping[str, Any]) -> Columns:
        """What `as_json` gave; raises KeyError, TypeError or ValueError for anything else."""
        found = [Column(**column) for column in held["columns"]]
        for column in found:
            if not (isinstance(column.name, str) and math.isfinite(column.low + column.high) and column.resolved < 99):
                raise ValueError("a column is damaged")
        return cls(found, bool(held["headed"]))


def table_arguments(parser: argparse.ArgumentParser) -> None:
    """What is asked of a table besides its file."""
    columns_argument(parser, "of a file")
    missing_argument(parser, "of a file")
    parser.add_argument(
        "--round",
        action="store_true",
        help="of a file: write samples with its decimals, whole numbers whole, and within the range of the rows that "
        "were trained with",
    )


def read_table(
    path: str, columns: str | None, missing: Missing | None, seed: int
) -> tuple[Data, Columns, Sequence[str]]:
    """The numbers in a file, split; its columns; notes on how it was read.

    Raises InputError for what teaches nothing.
    """
    from formulations.likelihood.data import split
    from problems.io.data_table import read_data_table

    table = read_data_table(path, columns, missing or "refuse")
    source = safe(os.path.basename(path), 200)
    _refuse_long_integers(source, table.columns, table.values)
    origin = table.values.mean(axis=0)
    try:
        data = split(table.values, seed, origin, [quoted(name) for name in table.columns])
    except ValueError as error:
        raise InputError(f"{source}: {error}") from error
    decimals = [_decimals(x) for x in table.values.T]
    return data, columns_of(data, table.columns, decimals, table.headed), table.notes


def columns_of(
    data: Data, names: Sequence[str], decimals: Iterable[int | None] | None = None, headed: bool = True
) -> Columns:
    """Columns of those names, with the range of the rows to train with."""
    import numpy as np

    rows = data.origin + data.train.double().numpy()
    resolved = [RESOLVED - math.floor(math.log10(sd)) for sd in rows.std(axis=0)]
    kept = [None] * len(names) if decimals is None else decimals
    found = []
    for name, x, places, k in zip(names, rows.T, kept, resolved, strict=True):
        low, high = np.round([x.min(), x.max()], k if places is None else places).tolist()
        found.append(Column(name, places, k, low, high))
    return Columns(found, headed)


def _refuse_long_integers(source: str, names: Sequence[str], values: Floats) -> None:
    import numpy as np

    for name, x in zip(names, values.T, strict=True):
        if EXACT < np.abs(x).max() <= LONGEST and (x == np.rint(x)).all():
            raise InputError(
                f"{source}: column {quoted(name)} holds whole numbers beyond 2^53, such as {np.abs(x).max():.17g}, "
                "which are not told apart; leave it out by --columns, or give it in larger units"
            )


def _decimals(x: Floats) -> int | None:
    """The least number of decimals that writes these numbers; None for more than 8."""
    import numpy as np

    return next((k for k in range(MOST_DECIMALS + 1) if (np.round(x, k) == x).all()), None)
