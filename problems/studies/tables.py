"""A table that a generator learns: its columns of numbers and categories, and rows in their units as CSV."""

from __future__ import annotations

import argparse
import csv
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from problems.studies.table_options import categories_argument, columns_argument, missing_argument
from problems.terminal.errors import InputError, quoted, safe

if TYPE_CHECKING:
    from formulations.likelihood.data import Data
    from formulations.problem import Floats
    from problems.io.data_table import Missing

OPTIONS = ("columns", "categories", "missing", "round")  # that go with a file
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
class Category:
    """A column of labels: of each the generator has a coordinate that is 1 where the row has that label, else 0."""

    name: str
    labels: Sequence[str]

    def texts(self, one_hot: Floats) -> list[str]:
        """The labels of samples, (n, L).

        >>> import numpy as np
        >>> Category("colour", ["red", "blue"]).texts(np.array([[0.0, 1.0]]))
        ['blue']
        """
        return [self.labels[k] for k in one_hot.argmax(axis=1).tolist()]


@dataclass(frozen=True)
class Columns:
    """The columns of a table, as in its file; headed: whether that names them.

    A generator's coordinates are the columns of numbers and then those of each category.
    """

    columns: Sequence[Column | Category]
    headed: bool = True

    @property
    def numbers(self) -> list[Column]:
        """Those of numbers."""
        return [column for column in self.columns if isinstance(column, Column)]

    @property
    def sizes(self) -> list[int]:
        """How many labels each category has."""
        return [len(column.labels) for column in self.columns if isinstance(column, Category)]

    @property
    def coordinates(self) -> list[str]:
        """What a generator's coordinates stand for."""
        categories = [column for column in self.columns if isinstance(column, Category)]
        ones = [f"{column.name}={label}" for column in categories for label in column.labels]
        return [*(column.name for column in self.numbers), *ones]

    def csv(self, samples: Floats, rounded: bool) -> str:
        """Samples, float64 (n, coordinates), as CSV, below the file's header if it has one."""
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
        return [
            column.texts(part) if isinstance(column, Category) else column.texts(part[:, 0], rounded)
            for column, part in zip(self.columns, self._parts(samples), strict=True)
        ]

    def values(self, samples: Floats, rounded: bool) -> list[list[float | str]]:
        """The same row by row, numbers as numbers."""
        columns: list[Sequence[float | str]] = [
            texts if isinstance(column, Category) else [float(text) for text in texts]
            for column, texts in zip(self.columns, self.texts(samples, rounded), strict=True)
        ]
        return [list(row) for row in zip(*columns, strict=True)]

    def codes(self, samples: Floats) -> Floats:
        """Samples as one number a column, float64 (n, m): of a category the place of the label."""
        import numpy as np

        parts = zip(self.columns, self._parts(samples), strict=True)
        return np.column_stack(
            [part.argmax(axis=1) if isinstance(column, Category) else part[:, 0] for column, part in parts]
        )

    def _parts(self, samples: Floats) -> Iterable[Floats]:
        """The coordinates of each column."""
        number, label = 0, len(self.numbers)
        for column in self.columns:
            if isinstance(column, Category):
                yield samples[:, label : label + len(column.labels)]
                label += len(column.labels)
            else:
                yield samples[:, number : number + 1]
                number += 1

    def as_json(self) -> dict[str, Any]:
        """What `of_json` takes."""
        return asdict(self)

    @classmethod
    def of_json(cls, held: Mapping[str, Any]) -> Columns:
        """What `as_json` gave; raises KeyError, TypeError or ValueError for anything else."""
        found = [Category(**column) if "labels" in column else Column(**column) for column in held["columns"]]
        for column in found:
            texts = [column.name, *(column.labels if isinstance(column, Category) else ())]
            whole = isinstance(column, Category) or (math.isfinite(column.low + column.high) and column.resolved < 99)
            if not (whole and all(isinstance(text, str) for text in texts)):
                raise ValueError("a column is damaged")
        return cls(found, bool(held["headed"]))


def table_arguments(parser: argparse.ArgumentParser) -> None:
    """What is asked of a table besides its file."""
    columns_argument(parser, "of a file")
    categories_argument(parser, "of a file")
    missing_argument(parser, "of a file")
    parser.add_argument(
        "--round",
        action="store_true",
        help="of a file: write samples with its decimals, whole numbers whole, and within the range of the rows that "
        "were trained with",
    )


def read_table(
    path: str, columns: str | None, missing: Missing | None, seed: int, categories: str | None = None
) -> tuple[Data, Columns, Sequence[str]]:
    """The numbers and categories in a file, split; its columns; notes on how it was read.

    Raises InputError for what teaches nothing.
    """
    import numpy as np

    from formulations.likelihood.data import split
    from problems.io.data_table import read_data_table

    table = read_data_table(path, columns, missing or "refuse", mixed=True, categories=categories)
    source = safe(os.path.basename(path), 200)
    numbers = [k for k in range(len(table.columns)) if k not in table.labels]
    x, names = table.values[:, numbers], [table.columns[k] for k in numbers]
    refuse_long_integers(source, names, x)
    labelled = sorted(table.labels)
    sizes = [len(table.labels[k]) for k in labelled]
    one_hot = [np.eye(size)[table.values[:, k].astype(np.intp)] for k, size in zip(labelled, sizes, strict=True)]
    rows, origin = np.column_stack([x, *one_hot]), np.r_[x.mean(axis=0), np.zeros(sum(sizes))]
    try:
        data = split(rows, seed, origin, [quoted(table.columns[k]) for k in (*numbers, *labelled)], sizes)
    except ValueError as error:
        raise InputError(f"{source}: {error}") from error
    found: dict[int, Column | Category] = dict(
        zip(numbers, columns_of(data, names, map(_decimals, x.T)).numbers, strict=True)
    )
    found |= {k: Category(table.columns[k], table.labels[k]) for k in labelled}
    return data, Columns([column for _, column in sorted(found.items())], table.headed), table.notes


def columns_of(data: Data, names: Sequence[str], decimals: Iterable[int | None] | None = None) -> Columns:
    """Columns of numbers of those names, with the range of the rows to train with."""
    import numpy as np

    rows = data.origin + data.train.double().numpy()
    rows = rows[:, : data.numbers]
    resolved = [RESOLVED - math.floor(math.log10(sd)) for sd in rows.std(axis=0)]
    kept = [None] * len(names) if decimals is None else decimals
    found = []
    for name, x, places, k in zip(names, rows.T, kept, resolved, strict=True):
        low, high = np.round([x.min(), x.max()], k if places is None else places).tolist()
        found.append(Column(name, places, k, low, high))
    return Columns(found)


def refuse_long_integers(source: str, names: Sequence[str], values: Floats) -> None:
    """Raise InputError for a column of whole numbers, of values (n, m), that float64 does not tell apart."""
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
