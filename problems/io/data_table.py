"""Reading a table of objects by measurements or counts, with their names, as R, pandas and spreadsheets write it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from formulations.problem import Floats
from problems.io.content import read_file, unknown_format
from problems.io.labels import coded, holds_labels
from problems.io.raw_table import RawTable, as_list, numbered, of_array, of_text
from problems.terminal.errors import InputError, most_of, quoted, safe

Missing = Literal["refuse", "drop"]
TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data")
SHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
EXAMPLES = 3  # names in a note


@dataclass(frozen=True, eq=False)
class DataTable:
    """n objects by m measurements or counts: float64 (n, m), finite; all names are different.

    rows, columns  their names, n and m >= 1 of them
    notes          for the user, on how the file was read
    headed         whether the file itself names the columns
    labels         of each column that is a category, by its place, the labels that its numbers 0, 1, ... stand for
    """

    rows: Sequence[str]
    columns: Sequence[str]
    values: Floats
    notes: tuple[str, ...] = ()
    headed: bool = True
    labels: Mapping[int, Sequence[str]] = field(default_factory=dict)


def read_data_table(
    path: str | os.PathLike[str],
    columns: str | None = None,
    missing: Missing = "refuse",
    *,
    mixed: bool = False,
    categories: str | None = None,
) -> DataTable:
    r"""The columns of numbers in a table of text, or a .npy file (n, m), perhaps packed (.gz .bz2 .xz).

    columns  names or numbers, from 1 on, of the columns to read, between commas; None for all that hold numbers
    missing  what to do about rows with missing values (MISSING): refuse the file, or drop the rows, with a note
    mixed    whether columns may be categories: those in `columns` that hold text, and those that `categories` adds, by
             name or number, whatever they hold

    The first line is the header if it does not look like those below; the first column of text, or one that only
    numbers the rows, or that the header leaves without a name, has the names of the rows. Raises InputError, one
    sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("site;bowls;jars\nA;1,5;2\nB;0;4", file=file, flush=True)
    ...     table = read_data_table(file.name)
    >>> table.rows, table.columns, table.values.tolist()
    (['A', 'B'], ['bowls', 'jars'], [[1.5, 2.0], [0.0, 4.0]])
    """

    def parse(data: bytes, suffix: str) -> DataTable:
        if suffix in SHEETS:
            raise InputError("is a spreadsheet's own file; save it as CSV")
        if suffix not in (*TEXT_SUFFIXES, ".npy"):
            raise unknown_format(suffix, ".csv, .tsv, .txt or .npy")
        raw = of_array(data) if suffix == ".npy" else of_text(data)
        named, added = raw.columns(columns), raw.columns(categories, "--categories") or []
        label = raw.label(named)
        if mixed and label is not None and (label in added or (raw.names[label] and raw.text[:, label].any())):
            label = None  # it may be a category as well
        if named is None:
            own = [k for k in range(len(raw.names)) if k != label and raw.holds_numbers(k)]
            chosen = sorted({*own, *added})
        else:
            chosen = list(dict.fromkeys([*named, *added]))
        labelled = {*added, *(k for k in named or () if not raw.holds_numbers(k))} if mixed else set()
        return _table(raw, chosen, labelled, label, missing, mixed)

    return read_file(path, parse, "measurements or counts")


def _table(
    raw: RawTable, chosen: Sequence[int], labelled: Collection[int], label: int | None, missing: Missing, mixed: bool
) -> DataTable:
    """The chosen columns, of numbers but for those that are labelled, and the names of the rows."""
    notes = [*raw.notes, *about_label(raw, label), *_left_out(raw, chosen, label, mixed)]
    if not chosen:
        remedy = "or name columns of text by --categories" if mixed else "or 1 and 0 for yes and no"
        raise InputError(f"has no column of numbers; give measurements or counts of each object, {remedy}")
    values, text = raw.values[:, chosen], raw.text[:, chosen]
    labels = {}
    for place, k in enumerate(chosen):
        if k in labelled:
            labels[place], values[:, place] = coded(raw, k)
            text[:, place] = False
    bad = np.argwhere(text | np.isinf(values))
    if len(bad):
        raise raw.no_number(int(bad[0][0]), chosen[bad[0][1]])
    given = numbered(len(values)) if label is None else raw.cells[label]
    rows, said = told_apart([name or str(i) for i, name in enumerate(given, start=1)], "rows", "row")
    notes += said
    columns, said = told_apart([raw.names[k] or str(k + 1) for k in chosen], "columns", "column")
    notes += said
    whole = np.asarray(~np.isnan(values).any(axis=1))
    if not whole.all():
        _refuse_missing(raw.where, rows, columns, values, missing)
        dropped = [quoted(rows[i]) for i in np.flatnonzero(~whole)[:EXAMPLES]]
        if not whole.any():
            raise InputError(f"has a missing value in every row; choose --columns without {_emptiest(values, columns)}")
        notes.append(
            f"Rows with missing values are left out: {(~whole).sum():,} of {len(whole):,}, such as "
            f"{', '.join(dropped)}; most are missing in {_emptiest(values, columns)}."
        )
    names = [name for name, kept in zip(rows, whole, strict=True) if kept]
    values = values[whole]
    for place, known in labels.items():
        used, values[:, place] = np.unique(values[:, place], return_inverse=True)
        labels[place] = [known[int(code)] for code in used]
    return DataTable(names, columns, values, tuple(notes), raw.headed, labels)


def _refuse_missing(
    where: Sequence[str], rows: Sequence[str], columns: Sequence[str], values: Floats, missing: Missing
) -> None:
    """Raise InputError for the first missing value, unless rows are to be dropped."""
    if missing == "drop":
        return
    absent = np.isnan(values)
    i, j = np.argwhere(absent)[0]
    others = int(absent.sum()) - 1
    more = f", and {others:,} more are missing" if others else ""
    kept = int((~absent.any(axis=1)).sum())
    without = f"choose --columns without {_emptiest(values, columns)}"
    drop = f"leave out such rows by --missing drop, which keeps {kept:,} of {len(absent):,}, or " if kept else ""
    raise InputError(
        f"{where[i]}, row {quoted(rows[i])} has no value in column {quoted(columns[j])}{more}; {drop}{without}"
    )


def _emptiest(values: Floats, columns: Sequence[str]) -> str:
    return quoted(columns[int(np.isnan(values).sum(axis=0).argmax())])


def about_label(raw: RawTable, label: int | None) -> list[str]:
    r"""What is to be said of where the names of the rows are from, if it is not plain.

    >>> about_label(of_text(b"year,x\n1999,1\n2000,4\n2001,2\n"), 0)
    ["Rows are named by column 'year', which counts on from row to row; --columns says which to read as numbers."]
    """
    if label is None or (label == 0 and (raw.text[:, 0].any() or not raw.names[0])):
        return []
    why = "which counts on from row to row" if label == 0 else "the first that holds text"
    return [f"Rows are named by column {raw.called(label)}, {why}; --columns says which to read as numbers."]


def _left_out(raw: RawTable, chosen: Sequence[int], label: int | None, mixed: bool) -> list[str]:
    """What is to be said of columns without numbers."""
    others = [k for k in range(len(raw.names)) if k not in chosen and k != label and not raw.holds_numbers(k)]
    text = [raw.called(k) for k in others]
    if not text:
        return []
    shown, more = most_of(text, EXAMPLES)
    named = f"{', '.join(shown)}{' and so on' if more else ''}"
    possible = [raw.names[k] or str(k + 1) for k in others if holds_labels(raw, k)] if mixed else []
    remedy = f"; --categories {safe(as_list(possible), 200)} learns from what can be a category" if possible else ""
    return [f"Columns that hold text, or nothing, are left out: {named}{remedy}."]


def told_apart(names: Sequence[str], what: str, one: str) -> tuple[list[str], list[str]]:
    """The names made different by their numbers where some are the same, and what is to be said of that.

    >>> told_apart(["a", "b", "a"], "rows", "row")
    (['a (1)', 'b', 'a (3)'], ["Of the rows, 2 share their name with another, such as 'a'; row numbers are added."])
    """
    times = Counter(names)
    if len(times) == len(names):
        return list(names), []
    again = [name for name in names if times[name] > 1]
    found = [f"{name} ({i})" if times[name] > 1 else name for i, name in enumerate(names, start=1)]
    if len(set(found)) < len(found):  # one of them was called so already
        found = [f"{name} ({i})" for i, name in enumerate(names, start=1)]
    said = f"Of the {what}, {len(again):,} share their name with another, such as {quoted(again[0])}"
    return found, [f"{said}; {one} numbers are added."]
