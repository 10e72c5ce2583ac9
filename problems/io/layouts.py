"""How a symmetric matrix may stand in rows of cells: square or as a triangle, with names above, in front, or without.

The widths of the rows tell. With n items, and one cell more in rows that begin with a name, they are

    square            n, n, ..., n
    lower triangle    1, 2, ..., n with its diagonal; 0, 1, ..., n - 1 without, or 1, ..., n - 1 where row 1 is left out
    upper triangle    n, ..., 2, 1 with its diagonal; n - 1, ..., 1, 0 without, or n - 1, ..., 1 where row n is left out

So names that are numbers, such as years, are told too. Where the widths allow several readings, what is no number must
be a name, names above and in front must agree, and then the diagonal decides: see `_plausible`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from formulations.problem import Floats, Ints
from problems.io.cells import Table, finite, not_a_number, number_in
from problems.io.labelled import MAX_ITEMS, Labelled, distinct, is_count, same
from problems.io.npy import misshapen
from problems.io.number_rows import Row, rows_of_numbers, without_empty_ends
from problems.terminal.errors import InputError, listed, quoted

SHAPES = "give a square matrix, n x n, or one triangle of it; tables of measurements are for problems.seriation --table"
ROUNDING = 1e-9  # relative, within which the entries of a diagonal are the same


@dataclass(frozen=True)
class _Form:
    """A reading of the rows as a matrix of n items.

    above, front  whether names stand above it and in front of it
    side          -1 for a lower triangle, 1 for an upper one, 0 for a square
    diagonal      whether it is there
    cut           whether the item without entries, in a triangle without diagonal, has no row
    """

    above: bool
    front: bool
    side: int
    diagonal: bool
    cut: bool
    n: int

    @property
    def items(self) -> slice:
        """Those that have a row."""
        return slice(int(self.cut and self.side < 0), self.n - int(self.cut and self.side > 0))

    def __str__(self) -> str:
        shape = {-1: "a lower triangle", 0: "a square", 1: "an upper triangle"}[self.side]
        names = " and ".join(["above"] * self.above + ["in front"] * self.front)
        diagonal = "" if self.diagonal else ", without its diagonal"
        return f"{shape} of {self.n:,} items{diagonal}{f', their names {names}' if names else ''}"


def labelled(table: Table, items: int | None = None) -> Labelled:
    r"""The matrix in a table of cells; items is how many it has, None to find out.

    Raises InputError for what is no number, for widths that allow none of the shapes above or more than one, and for
    names that are empty, the same, or not the same above and in front.

    >>> read = labelled(Table([",a,b", "a,0,3", "b,3,0"], ","))
    >>> read.names, read.matrix.tolist()
    (('a', 'b'), [[0.0, 3.0], [3.0, 0.0]])
    >>> labelled(Table(["0", "3 0"], None)).matrix.tolist()
    [[0.0, nan], [3.0, 0.0]]
    """
    form, rows = _form(rows_of_numbers(table, MAX_ITEMS + 1), items)
    matrix, notes = _matrix(form, rows), []
    if not form.diagonal:
        notes.append(f"It is read as {form}.")
    front, above = _names(form, rows)
    if form.above and form.front and not _agree(form, front, above):
        place = {name: k for k, name in enumerate(above)}
        matrix = matrix[:, [place[name] for name in front]]
        notes.append("The columns stand in another order than the rows; they are put into that of the rows.")
    return Labelled(matrix, distinct(_kept(form, front, above)) if form.above or form.front else None, tuple(notes))


# Readings


def _form(rows: list[Row], items: int | None) -> tuple[_Form, list[Row]]:
    """The most plausible reading, and the rows that it reads; raises InputError if there is none, or more than one."""
    trimmed = without_empty_ends(rows)
    for some in (trimmed, rows):
        found = [form for form in _forms(some) if _well_named(form, some) and items in (None, form.n)]
        if len(found) == 1:
            return found[0], some
        if found:
            belief = [_plausible(form, some) for form in found]
            best = [form for form, own in zip(found, belief, strict=True) if own == max(belief)]
            if len(best) == 1:
                return best[0], some
            raise _ambiguous(best)
    raise _misfit(trimmed, items)


def _forms(rows: Sequence[Row]) -> Iterator[_Form]:
    """All readings that the widths of the rows allow, where what is no number is a name."""
    for above in (False, True):
        data = rows[above:]
        if not data or (not above and rows[0].wrong):
            continue
        for front in (False, True):
            if not front and any(row.named for row in data):
                continue
            widths = np.array([row.width for row in data], dtype=np.int64) - front
            for side, diagonal, cut in _shapes(widths):
                n = len(data) + cut
                if (n < 2 and (above or front)) or (cut and front and not above):
                    continue  # of one item no name is needed; the item without a row has its own only above
                if not above or rows[0].width in {n, n + front, n - (cut and front)}:
                    yield _Form(above, front, side, diagonal, cut, n)


def _shapes(widths: Ints) -> Iterator[tuple[int, bool, bool]]:
    """The shapes with rows of those widths, int64 (r,): side, whether the diagonal is there, whether a row is cut."""
    r, k = len(widths), np.arange(len(widths))
    if (widths == r).all():
        yield 0, True, False
    for side, least in ((-1, k), (1, k[::-1])):
        if r > 1 and (widths == least).all():
            yield side, False, False
        if r > 1 and (widths == least + 1).all():
            yield side, True, False
            yield side, False, True


def _plausible(form: _Form, rows: Sequence[Row]) -> int:
    """How far a reading is to be believed where there are several: 2 if its diagonal tells, 1 if possible, 0 if not.

    A diagonal tells if it is 0 throughout, or one number that no other exceeds, and others differ from it. Names that
    are numbers are whole and distinct, and their matrix has such a diagonal, if any.
    """
    named = form.above or form.front
    if named:
        front, above = _names(form, rows)
        if not _are_whole(front or above):
            return 0
    if not form.diagonal:
        return 1
    matrix = _matrix(form, rows)
    diagonal = matrix.diagonal()
    if np.isnan(diagonal).any():
        return int(np.isnan(diagonal).all())
    low, high = float(np.nanmin(matrix)), float(np.nanmax(matrix))
    constant = float(np.ptp(diagonal)) <= ROUNDING * float(np.abs(diagonal).max())
    if constant and low < high and (not diagonal.any() or diagonal.max() >= high):
        return 1 if named else 2
    rest = np.fmax(np.fmax.reduce(matrix, axis=0), np.fmax.reduce(matrix, axis=1))
    return int(not named and (form.side == 0 or constant or bool((diagonal >= rest).all())))


def _matrix(form: _Form, rows: Sequence[Row]) -> Floats:
    """The numbers in their places, nan elsewhere."""
    matrix = np.full((form.n, form.n), np.nan)
    for into, row in zip(matrix[form.items], rows[form.above :], strict=True):
        values = row.rest if form.front else np.r_[row.value, row.rest]
        if form.side > 0:
            into[form.n - len(values) :] = values
        else:
            into[: len(values)] = values
    return matrix


# Names


def _names(form: _Form, rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """The names in front, of the items that have a row, and those above, of all; each empty if there are none."""
    front = [row.first for row in rows[form.above :]] if form.front else []
    above = list(rows[0].cells)[-form.n :] if form.above else []
    if form.above and len(above) < form.n:  # R prints n - 1 columns
        above = [*above, front[-1]] if form.side < 0 else [front[0], *above]
    return front, above


def _agree(form: _Form, front: Sequence[str], above: Sequence[str]) -> bool:
    """Whether names in front and above, item by item, are the same, or one of them only counts."""
    own = above[form.items]
    return same(front, own) or (sorted(front) != sorted(own) and (is_count(front) or is_count(own)))


def _well_named(form: _Form, rows: Sequence[Row]) -> bool:
    """Whether the names, if any, can be those of items: there, the same on both sides.

    Those that are numbers are whole, unless an empty corner says that they are names.
    """
    front, above = _names(form, rows)
    if "" in front or "" in above:
        return False
    numeric = all(not np.isnan(finite(name, None)) for name in (*front, *above))
    if numeric and rows[0].first and not _are_whole(front or above):
        return False
    return not (front and above) or _agree(form, front, above) or (form.side == 0 and sorted(front) == sorted(above))


def _are_whole(names: Sequence[str]) -> bool:
    """Whether names are distinct whole numbers."""
    return len(set(names)) == len(names) and all(re.fullmatch(r"[+-]?[0-9]+", name) for name in names)


def _kept(form: _Form, front: list[str], above: list[str]) -> list[str]:
    """The names of all items: those in front, unless these only count."""
    if not front or (above and is_count(front) and not same(front, above[form.items])):
        return above
    return [*above[: form.items.start], *front, *above[form.items.stop :]]


# Errors


def _ambiguous(forms: Sequence[_Form]) -> InputError:
    """The error for several readings."""
    counts = " or ".join(dict.fromkeys(f"--items {form.n}" for form in forms))
    say = "" if len({form.n for form in forms}) == 1 else f", or say {counts}"
    return InputError(f"may be {', or '.join(map(str, forms))}; write names that are no numbers{say}")


def _misfit(rows: Sequence[Row], items: int | None) -> InputError:
    """The error for rows that are no matrix: a cell, a number of items, a name or a width that is wrong."""
    return _wrong_cell(rows) or _wrong_form(rows, items) or _wrong_number(rows) or _wrong_width(rows)


def _wrong_cell(rows: Sequence[Row]) -> InputError | None:
    """The error for one of a few cells that are no numbers, where the widths are right without names."""
    texts = sum(1 for row in rows if row.named or row.wrong)
    above = np.isnan(np.r_[rows[0].value, rows[0].rest]).mean() > 0.5  # the first row holds names
    data = rows[1:] if above else rows
    if not data or texts > len(rows) / 2 or not any(_shapes(np.array([row.width for row in data]))):
        return None
    row = next((row for row in data if row.named or row.wrong), None)
    return not_a_number(row.line, 1, row.first) if row and row.named else row.wrong if row else None


def _wrong_form(rows: Sequence[Row], items: int | None) -> InputError | None:
    """The error for rows whose widths are right, but not their names, or not for so many items."""
    for form in _forms(rows):
        if items not in (None, form.n):
            return InputError(f"is {form}, not of {items:,} as --items says; correct one")
        front, above = _names(form, rows)
        for side, names in (("row", front), ("column", above)):
            if "" in names:
                return InputError(f"has no name for {side} {names.index('') + 1:,}; give every item one, or none")
        for k, (name, other) in enumerate(zip(front, above[form.items], strict=False), start=1):
            if not same([name], [other]):
                both = f"row {k:,} {quoted(name)} but column {k:,} {quoted(other)}"
                return InputError(f"calls {both}; give the items the same names above and in front")
    return None


def _wrong_number(rows: Sequence[Row]) -> InputError | None:
    """The error for a number that cannot be read, where a name was thought to be, as 1.234,5."""
    first = zip(rows[0].cells, (rows[0].value, *rows[0].rest), strict=True)
    cells = [(rows[0].line, k, cell, value) for k, (cell, value) in enumerate(first, start=1)]
    for line, place, cell, value in [*cells, *((row.line, 1, row.first, row.value) for row in rows[1:])]:
        like_a_number = any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))
        if np.isnan(value) and (like_a_number or number_in(cell, None) is not None):
            return not_a_number(line, place, cell)
    return None


def _wrong_width(rows: Sequence[Row]) -> InputError:
    """The error for rows whose widths are none of a matrix."""
    widths = [row.width for row in rows]
    width, times = Counter(widths[1:] or widths).most_common(1)[0]
    if times >= len(rows) - 1:
        headed, named = rows[0].wrong is not None or widths[0] != width, any(row.named for row in rows[1:])
        return misshapen((len(rows) - headed, width - named), SHAPES)
    if 2 * widths.count(width) > len(rows):
        k = next(k for k, other in enumerate(widths) if other != width)
        return InputError(f"line {rows[k].line} has {widths[k]:,} cells where most have {width:,}; {SHAPES}")
    return InputError(f"has rows of {listed([f'{width:,}' for width in widths], 5)} cells; {SHAPES}")
