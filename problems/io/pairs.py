"""Reading similarities: a table of pairs, as comparing programs write it."""

from __future__ import annotations

import csv
import io
import os
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Floats, Ints
from problems.io.content import read_file
from problems.io.encodings import decode_any, notes_on
from problems.io.parsed import number
from problems.terminal.errors import InputError, quoted, safe

MAX_ITEMS = 10_000  # their matrix takes 800 MB
DELIMITERS = ",;\t|"
WHO = "(users?|names?|students?|submissions?|submissionname|submissionid|files?|filename|filepath|path|items?|id)?"
COLUMNS = {  # what the header may say, letters and digits alone: our own names, then JPlag's, Dolos' and the like
    "user1": (r"user1", rf"{WHO}(1|a|first|left|from)", rf"(first|left|from|source){WHO}"),
    "user2": (r"user2", rf"{WHO}(2|b|second|right|to)", rf"(second|right|to|target){WHO}"),
    "similarity": (
        r"similarity",
        r"(average|avg|mean)similarity",
        r"(similarity)?(score|percent|percentage|pct)",
        r"weight",
    ),
}


@dataclass(frozen=True, eq=False)
class Pairs:
    """Similarities s of M pairs of users, each pair at most once; pairs may be missing.

    items       the N users by name, as the file has them: to be shown through `safe` only
    first, second  int64 (M,): positions in items, first != second
    similarity  float64 (M,), in [0, 1]
    notes       for the user, on how the file was read
    """

    items: list[str]
    first: Ints
    second: Ints
    similarity: Floats
    notes: tuple[str, ...] = ()

    def matrix(self) -> Floats:
        """The similarities as a symmetric float64 (N, N) with ones on the diagonal; missing pairs have 0.

        >>> Pairs(["ann", "bob"], np.array([0]), np.array([1]), np.array([0.5])).matrix().tolist()
        [[1.0, 0.5], [0.5, 1.0]]
        """
        full = np.eye(len(self.items))
        full[self.first, self.second] = full[self.second, self.first] = self.similarity
        return full


def read_pairs(path: str | os.PathLike[str]) -> Pairs:
    r"""The pairs in a CSV file (.gz .bz2 .xz) with the columns user1, user2, similarity in any order, among others.

    What JPlag, Dolos and others call these columns is understood (COLUMNS), `;`, tabs and `|` between the columns,
    decimal commas, and per cent. Raises InputError, one sentence for the user, for a file that cannot be used.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("user1,user2,similarity\nann,bob,0.9\nbob,cem,0.25", file=file, flush=True)
    ...     pairs = read_pairs(file.name)
    >>> pairs.items, pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist()
    (['ann', 'bob', 'cem'], [0, 1], [1, 2], [0.9, 0.25])
    """
    return read_file(path, pairs_in, "similarities")


def pairs_in(data: bytes, suffix: str) -> Pairs:
    """The pairs in the bytes of a CSV file."""
    index: dict[str, int] = {}
    ends, lines, values, marked = array("q"), array("q"), array("d"), array("b")
    body, encoding = decode_any(data)
    for line, (u, v, text) in _rows(body):
        if not u or not v:
            raise InputError(f"line {line} has an empty name; name both users")
        ends.extend((index.setdefault(u, len(index)), index.setdefault(v, len(index))))
        if len(index) > MAX_ITEMS:
            raise InputError(f"line {line} names user number {len(index):,}; give at most {MAX_ITEMS:,} users")
        values.append(_similarity(line, text))
        marked.append(text.endswith("%"))
        lines.append(line)
    pairs, at = np.array(ends, dtype=np.int64).reshape(-1, 2), np.array(lines, dtype=np.int64)
    similarity, notes = _from_0_to_1(np.array(values), np.array(marked, dtype=bool), at)
    notes += notes_on(encoding)
    loop = pairs[:, 0] == pairs[:, 1]
    odd = np.flatnonzero(loop & (similarity != 1))
    if len(odd):
        k = int(odd[0])
        raise InputError(
            f"line {lines[k]} pairs {quoted(list(index)[pairs[k, 0]])} with itself at similarity {similarity[k]:.12g}; "
            "drop the line or correct a name"
        )
    if loop.all():
        raise InputError("lists no pair of two users; give a line user1,user2,similarity for each")
    return _deduplicated(list(index), pairs[~loop], similarity[~loop], at[~loop], int(loop.sum()), notes)


def _similarity(line: int, text: str) -> float:
    """The number in a cell, a decimal comma and a sign of per cent allowed; from 0 to 100."""
    value = number(text.rstrip("%").rstrip().replace(",", ".", 1))
    if value is None or not 0 <= value <= 100:
        fault = "not a number" if value is None else "not between 0 and 1"
        remedy = "write a number from 0 to 1, or per cent in all lines, or leave the pair out"
        raise InputError(f"line {line} has similarity {quoted(text)}, which is {fault}; {remedy}")
    return float(value)


def _from_0_to_1(values: Floats, marked: NDArray[np.bool_], lines: Ints) -> tuple[Floats, list[str]]:
    """Per cent divided by 100: those marked %, and all others if most of them that are not 0 are beyond 1."""
    notes, plain = [], values[~marked]
    percent = marked.copy()
    if np.count_nonzero(plain > 1) > np.count_nonzero(plain) / 2:
        percent[:] = True
        notes.append(f"The similarities go up to {plain.max():.6g}: they are taken as per cent.")
    similarity = np.where(percent, values / 100, values)
    beyond = np.flatnonzero(similarity > 1)
    if len(beyond):
        k = int(beyond[0])
        raise InputError(
            f"line {lines[k]} has similarity {values[k]:.12g}, which is not between 0 and 1 as most others are; "
            "write a number from 0 to 1, or per cent in all lines"
        )
    return similarity, notes


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and (user1, user2, similarity) of each line below the header, blank lines skipped."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=header.count)  # the comma, if there is none
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    places: list[int] | None = None
    width = line = 0
    try:
        for row in rows:
            line, before = rows.line_num, line
            if not row:
                continue
            if places is None:
                places, width = _places([cell.strip() for cell in row]), len(row)
            elif len(row) != width:
                raise InputError(
                    f"line {before + 1} has {len(row)} fields where the header has {width}; "
                    "separate fields as the header does and quote names that contain what separates them"
                )
            else:
                yield before + 1, [row[place].strip() for place in places]
    except csv.Error as error:
        raise InputError(
            f"line {line + 1} begins a row with a quote that does not close as it should ({safe(error)}); "
            'write a quote within a quoted name twice, as in "Ann ""A"" Lee"'
        ) from None


def names_pairs(header: list[str]) -> bool:
    """Whether the cells of a row name each of the three columns once.

    >>> names_pairs(["submission1", "submission2", "avg_similarity"]), names_pairs(["a", "b", "c"])
    (True, False)
    """
    return len(_fitting(header)) == len(COLUMNS)


def _places(header: list[str]) -> list[int]:
    """Positions of the three columns in the header."""
    places = _fitting(header)
    if len(places) < len(COLUMNS):
        named = quoted(",".join(header))
        raise InputError(f"has as header {named}; it must name each of user1,user2,similarity once")
    return places


def _fitting(header: list[str]) -> list[int]:
    """Positions of the columns that are named once: of each, by the first pattern that fits any cell."""
    cells = ["".join(c for c in cell.lower() if c.isalnum() or c == "%") for cell in header]
    places = []
    for patterns in COLUMNS.values():
        fits = ([k for k, cell in enumerate(cells) if re.fullmatch(pattern, cell)] for pattern in patterns)
        found = next((places for places in fits if places), [])
        places += found if len(found) == 1 else []
    return places


def _deduplicated(items: list[str], ends: Ints, values: Floats, lines: Ints, loops: int, notes: list[str]) -> Pairs:
    """Each pair once, in the order of the file; raises InputError for a pair with two similarities."""
    n, (low, high) = len(items), np.sort(ends, axis=1).T
    _, first, inverse = np.unique(low * n + high, return_index=True, return_inverse=True)
    clash = np.flatnonzero(values != values[first][inverse])
    if len(clash):
        later, earlier = int(clash[0]), int(first[inverse[clash[0]]])
        u, v = (quoted(items[end]) for end in ends[later])
        raise InputError(
            f"line {lines[later]} gives {u} and {v} similarity {values[later]:.12g} "
            f"but line {lines[earlier]} gave them {values[earlier]:.12g}; keep one"
        )
    kept = np.sort(first)
    again, pairs = len(values) - len(kept), n * (n - 1) // 2
    told = [
        f"Lines that pair a user with itself, left out: {loops:,}.",
        f"Lines that repeat a pair at the same similarity, left out: {again:,}.",
        f"Pairs that are not listed, of {pairs:,}: {pairs - len(kept):,}; the score knows nothing of them.",
        f"Pairs at similarity 1, which the score clips to 1 - 1e-9: {np.count_nonzero(values[kept] == 1):,}.",
    ]
    counts = (loops, again, pairs - len(kept), np.any(values[kept] == 1))
    notes = [*notes, *(note for note, count in zip(told, counts, strict=True) if count)]
    return Pairs(items, ends[kept, 0], ends[kept, 1], values[kept], tuple(notes))
