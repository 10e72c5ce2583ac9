"""Two tables with the same columns, to be compared: matched by name, and in units in which distances make sense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from problems.studies.tables import refuse_long_integers
from problems.terminal.errors import InputError, quoted, safe

if TYPE_CHECKING:
    from formulations.problem import Floats, Ints
    from problems.io.data_table import DataTable, Missing

EXAMPLES = 5  # columns in a note
LEAST_ROWS = 2
LEAST_SPREAD = 1e-150  # of a column, whose square is to be a number
LEAST_VARIATION = 1e-13  # of a column's standard deviation, relative to its largest number, in float64


@dataclass(frozen=True, eq=False)
class Sample:
    """The rows of a file, float64 (n, k): its numbers, and of categories the places of their labels.

    rows  what its rows are called
    """

    name: str
    values: Floats
    rows: Sequence[str]


@dataclass(frozen=True, eq=False)
class Pair:
    """Two samples in the same k columns, each of which varies in at least one of them.

    labels  of each column its labels, None for a column of numbers
    notes   for the user, on how the files were read
    """

    p: Sample
    q: Sample
    columns: Sequence[str]
    labels: Sequence[Sequence[str] | None]
    notes: Sequence[str] = ()

    @cached_property
    def points(self) -> tuple[Floats, Floats]:
        """The rows of p and of q as points: numbers in standard deviations of both together, labels 1 apart if unlike.

        float64 (n, d) and (m, d); a category is a vector of 0s and a single 1, divided by the root of 2.
        """
        import numpy as np

        n, parts = len(self.p.values), []
        for x, labels in zip(np.concatenate([self.p.values, self.q.values]).T, self.labels, strict=True):
            if labels is None:
                shifted = x - x[0]  # numbers far from 0 keep their digits
                parts.append(((shifted - shifted.mean()) / shifted.std())[:, None])
            else:
                parts.append(np.eye(len(labels))[x.astype(np.intp)] / np.sqrt(2))
        both = np.concatenate(parts, axis=1)
        return both[:n], both[n:]

    @cached_property
    def owners(self) -> Ints:
        """The column that each coordinate of the points is of, (d,)."""
        import numpy as np

        return np.repeat(np.arange(len(self.labels)), [1 if known is None else len(known) for known in self.labels])

    @cached_property
    def common(self) -> int:
        """How many rows of q are rows of p as well, value for value."""
        import numpy as np

        both = np.concatenate([self.p.values, self.q.values])
        _, kind = np.unique(both, axis=0, return_inverse=True)
        kind = kind.reshape(-1)
        return int(np.isin(kind[len(self.p.values) :], kind[: len(self.p.values)]).sum())


def read_pair(p: str, q: str, columns: str | None, categories: str | None, missing: Missing | None) -> Pair:
    """The columns that two files share, by name, in the order of the first.

    Raises InputError for files that share none, and for what cannot be compared.
    """
    from problems.io.data_table import read_data_table

    names = _told_apart(p, q)
    tables = []
    for path, name in zip((p, q), names, strict=True):
        table = read_data_table(path, columns, missing or "refuse", mixed=True, categories=categories)
        if len(table.values) < LEAST_ROWS:
            raise InputError(f"{name}: has 1 row; give at least {LEAST_ROWS} of each file")
        tables.append(table)
    (first, second), notes = _named_alike(tables, names)
    notes = [*(f"{name}: {note}" for name, t in zip(names, tables, strict=True) for note in t.notes), *notes]
    place = {column: k for k, column in enumerate(second.columns)}
    shared = [(k, place[column]) for k, column in enumerate(first.columns) if column in place]
    if not shared:
        has = " and ".join(f"{name} has {_listed(t.columns)}" for name, t in zip(names, (first, second), strict=True))
        raise InputError(f"{names[0]} and {names[1]}: no column of one is in the other: {has}; name columns alike")
    for name, other, table, used in ((*names, first, 0), (*names[::-1], second, 1)):
        alone = [column for k, column in enumerate(table.columns) if k not in {pair[used] for pair in shared}]
        if alone:
            notes.append(f"Columns of {name} that are not compared, as {other} has none such: {_listed(alone)}.")
    values, labels = _matched(first, second, shared, names)
    for (k, j), known in zip(shared, labels, strict=True):
        for name, of in zip(names, (first.labels.get(k), second.labels.get(j)), strict=True):
            if own := [label for label in known or () if label not in (of or ())]:
                notes.append(f"Labels of column {quoted(first.columns[k])} that {name} has not: {_listed(own)}.")
    for name, x in zip(names, values, strict=True):
        numbers = [j for j, known in enumerate(labels) if known is None]
        refuse_long_integers(name, [first.columns[shared[j][0]] for j in numbers], x[:, numbers])
    first_, second_ = (
        Sample(name, x, table.rows) for name, x, table in zip(names, values, (first, second), strict=True)
    )
    return varying(Pair(first_, second_, [first.columns[k] for k, _ in shared], labels, notes))


def varying(pair: Pair) -> Pair:
    """The same without columns that hold one value only, with a note; raises InputError if none are left."""
    import numpy as np

    both = np.concatenate([pair.p.values, pair.q.values])
    spread, size = np.ptp(both, axis=0), np.abs(both).max(axis=0)
    kept = np.flatnonzero(spread > LEAST_VARIATION * size).tolist()
    if tiny := [pair.columns[j] for j in kept if spread[j] < LEAST_SPREAD]:
        raise InputError(
            f"{pair.p.name} and {pair.q.name}: columns vary by less than {LEAST_SPREAD:g}: {_listed(tiny)}; give them "
            "in another unit"
        )
    if len(kept) == both.shape[1]:
        return pair
    constant = [name for j, name in enumerate(pair.columns) if j not in kept]
    if not kept:
        raise InputError(
            f"{pair.p.name} and {pair.q.name}: all columns hold one and the same value in all rows of both files: "
            f"{_listed(constant)}; there is nothing to compare"
        )
    note = f"Columns that hold one and the same value in both files are left out: {_listed(constant)}."
    p, q = (Sample(of.name, of.values[:, kept], of.rows) for of in (pair.p, pair.q))
    columns, labels = [pair.columns[j] for j in kept], [pair.labels[j] for j in kept]
    return Pair(p, q, columns, labels, [*pair.notes, note])


def _told_apart(p: str, q: str) -> tuple[str, str]:
    """What the files are called: by their names, or by more of their paths where these are the same."""
    parts = Path(p).absolute().parts, Path(q).absolute().parts
    alike = 1
    while alike < min(map(len, parts)) and parts[0][-alike:] == parts[1][-alike:]:
        alike += 1
    first, second = (safe("/".join(part[-alike:]), 100) if p != q else safe(part[-1], 100) for part in parts)
    return (first, second) if first != second else (f"{first} (p)", f"{second} (q)")


def _named_alike(tables: Sequence[DataTable], names: Sequence[str]) -> tuple[Sequence[DataTable], list[str]]:
    """The same; where one of two files does not name its columns, and has as many, by the names of the other."""
    from dataclasses import replace

    first, second = tables
    if first.headed == second.headed or len(first.columns) != len(second.columns):
        return tables, []
    bare, named = (1, 0) if first.headed else (0, 1)
    found = list(tables)
    found[bare] = replace(tables[bare], columns=tables[named].columns)
    return found, [f"{names[bare]} does not name its columns: they are taken in the order of {names[named]}."]


def _matched(
    first: DataTable, second: DataTable, shared: Sequence[tuple[int, int]], names: Sequence[str]
) -> tuple[list[Floats], list[Sequence[str] | None]]:
    """The shared columns of both, and their labels; raises InputError for numbers in one and labels in the other."""
    import numpy as np

    parts: tuple[list[Floats], list[Floats]] = ([], [])
    labels: list[Sequence[str] | None] = []
    for places in shared:
        known = [table.labels.get(k) for table, k in zip((first, second), places, strict=True)]
        if (known[0] is None) != (known[1] is None):
            column = quoted(first.columns[places[0]])
            labelled, numbers = names if known[1] is None else names[::-1]
            raise InputError(
                f"{numbers}: column {column} holds numbers, and labels in {labelled}; read both as labels by "
                f"--categories, or leave it out by --columns"
            )
        every = list(dict.fromkeys(label for of in known for label in of or ())) or None
        labels.append(every)
        for part, table, k, of in zip(parts, (first, second), places, known, strict=True):
            x = table.values[:, k]
            part.append(x if of is None or every is None else np.array(_places(of, every))[x.astype(np.intp)])
    return [np.column_stack(part) for part in parts], labels


def _places(of: Sequence[str], every: Sequence[str]) -> list[float]:
    """Where labels stand among all."""
    where: Mapping[str, int] = {label: k for k, label in enumerate(every)}
    return [float(where[label]) for label in of]


def _listed(columns: Sequence[str]) -> str:
    """Some names of columns, and how many more there are."""
    more = f" and {len(columns) - EXAMPLES:,} more" if len(columns) > EXAMPLES else ""
    return ", ".join(quoted(column) for column in columns[:EXAMPLES]) + more
