"""PHYLIP's distance matrices, and Mash's triangles: the number of items, then each item's name and distances.

Rows are whole, or a lower triangle, and may go on over lines. A name is what stands before a tab, or the first word of
its line, or, as PHYLIP has it, the first ten characters.
https://phylipweb.github.io/phylip/doc/distance.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from problems.io.cells import numbers
from problems.io.labelled import MAX_ITEMS, Labelled, distinct
from problems.terminal.errors import InputError

SUFFIXES = (".phy", ".phylip")
NAME_WIDTH = 10  # characters

Lines = Sequence[tuple[int, str]]  # numbered, without blank ones
Split = Callable[[str], tuple[str, list[str]]]  # of a line: name and distances


def items_of(lines: Sequence[str]) -> int | None:
    """The number of items, two at least, if that is all of the first line; else None.

    >>> items_of(["", "  5"]), items_of(["0,1"]), items_of(["1"])
    (5, None, None)
    """
    first = next((line.strip() for line in lines if line.strip()), "")
    if not (first.isascii() and first.isdecimal() and len(first) < 10):
        return None
    return int(first) if int(first) > 1 else None


def phylip(lines: Sequence[str]) -> Labelled:
    """The distances in lines of which the first is the number of items; nan for those that a triangle leaves out.

    Raises InputError if it is none.

    >>> read = phylip(["2", "Homo", "Pan  0.25"])
    >>> read.names, read.matrix.tolist()
    (('Homo', 'Pan'), [[0.0, nan], [0.25, 0.0]])
    """
    n = items_of(lines)
    if n is None:
        raise InputError("does not begin with the number of its items, as PHYLIP files do; name it .csv if it is none")
    if n > MAX_ITEMS:
        raise InputError(f"promises {n:,} items; give a matrix of at most {MAX_ITEMS:,}")
    _, *rows = [(k, line) for k, line in enumerate(lines, start=1) if line.strip()]
    if len(rows) < n:
        raise InputError(f"promises {n:,} items, as PHYLIP files do, but {len(rows):,} lines follow; is it cut short?")
    found, reached = [], 0
    for split in (_by_blanks, _by_width):
        for least in (n, 0, 1):  # whole rows, a triangle without its diagonal, with it
            widths = [n] * n if least == n else range(least, n + least)
            read, line = _read(rows, widths, split)
            reached = max(reached, line)
            if read is not None and (least != 1 or not read.matrix.diagonal().any()):
                found.append(read)
    if found:
        best = next((read for read in found if len(set(read.names or ())) == n), found[0])
        distinct(best.names or ())
        if np.isnan(best.matrix.diagonal()).any():
            np.fill_diagonal(best.matrix, 0)
        return best
    raise InputError(
        f"begins with {n:,}, as PHYLIP files of {n:,} items do, but line {reached} does not go on so; after each name "
        f"(without blanks, or {NAME_WIDTH} characters wide) write all {n:,} distances, or those to the items before it"
    )


def _read(rows: Lines, widths: Sequence[int], split: Split) -> tuple[Labelled | None, int]:
    """The matrix with so many numbers for each item, None if the lines do not have them; and the line that was read."""
    matrix, names, place = np.full((len(widths), len(widths)), np.nan), [], 0
    for item, width in enumerate(widths):
        if place == len(rows):
            return None, rows[-1][0]
        name, cells = split(rows[place][1])
        names.append(name)
        place += 1
        while len(cells) < width and place < len(rows):
            cells += rows[place][1].split()
            place += 1
        values, odd = numbers(cells, None)
        if len(cells) != width or odd is not None:
            return None, rows[place - 1][0]
        matrix[item, :width] = values
    return (Labelled(matrix, tuple(names)), 0) if place == len(rows) else (None, rows[place][0])


def _by_blanks(line: str) -> tuple[str, list[str]]:
    """The name before a tab, or the first word, and all others."""
    name, tab, rest = line.strip(" ").partition("\t")
    if tab:
        return name.strip(), rest.split()
    name, *cells = line.split()
    return name, cells


def _by_width(line: str) -> tuple[str, list[str]]:
    """The name in the first characters, and the words after it."""
    return line[:NAME_WIDTH].strip(), line[NAME_WIDTH:].split()
