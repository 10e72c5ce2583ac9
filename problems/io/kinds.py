"""What the numbers of a symmetric matrix mean: similarities on any scale, dissimilarities, or correlations.

The diagonal tells. What an item has with itself is 0 for dissimilarities, and the greatest of all for similarities: 1,
or 100 for per cent, or 200 for the coefficient of Brainerd and Robinson.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from formulations.problem import Floats, is_symmetric
from problems.io.labelled import Labelled, where
from problems.terminal.errors import InputError

Kind = Literal["similarity", "dissimilarity"]
Correlation = Literal["signed", "absolute"]
Symmetrize = Literal["mean", "max", "min"]

MAX_MAGNITUDE = 1e100  # greater dissimilarities overflow once they are squared and summed
TOLERANCE = 1e-9  # relative to the largest entry: differences up to it are rounding
NORMALISE = "divide every entry by the roots of its two diagonal entries, as R's cov2cor does"


@dataclass(frozen=True, eq=False)
class MatrixFile:
    """A symmetric float64 (n, n), its diagonal 1 for similarities and 0 for dissimilarities.

    names     of the items, to be shown through `safe` only; None if they have none
    furthest  the dissimilarity of what is not similar at all, where that is known to be other than 1
    notes     for the user, on how the file was read
    """

    matrix: Floats
    kind: Kind
    names: tuple[str, ...] | None = None
    furthest: float = 1.0
    notes: tuple[str, ...] = ()

    def similarities(self) -> Floats:
        """The matrix itself, or 1 - d / furthest of dissimilarities d.

        >>> MatrixFile(np.array([[0.0, 0.5], [0.5, 0]]), "dissimilarity", furthest=2.0).similarities().tolist()
        [[1.0, 0.75], [0.75, 1.0]]
        """
        return self.matrix if self.kind == "similarity" else 1 - self.matrix / self.furthest

    def dissimilarities(self) -> Floats:
        """The matrix itself, or 1 - s of similarities s.

        >>> MatrixFile(np.array([[1.0, 0.25], [0.25, 1]]), "similarity").dissimilarities().tolist()
        [[0.0, 0.75], [0.75, 0.0]]
        """
        return 1 - self.matrix if self.kind == "similarity" else self.matrix


@dataclass(frozen=True, eq=False)
class _Entries:
    """A symmetric matrix, float64 (n, n), and what its diagonal, float64 (n,), says besides; nan is not given.

    low, high  the least and the greatest entry beside the diagonal
    slack      differences up to it are rounding
    """

    matrix: Floats
    names: tuple[str, ...] | None
    diagonal: Floats
    low: float
    high: float
    slack: float

    @property
    def own(self) -> Floats:
        """The entries of the diagonal that are given."""
        return self.diagonal[~np.isnan(self.diagonal)]

    @property
    def top(self) -> float | None:
        """The entry that the whole diagonal has, if it is positive and no other is greater."""
        own = self.own
        if not len(own) or np.ptp(own) > self.slack or own[0] <= self.slack or self.high > own[0] + self.slack:
            return None
        return 1.0 if abs(own[0] - 1) <= TOLERANCE else float(own[0])

    def first(self, wrong: NDArray[np.bool_]) -> str:
        """The first entry beside the diagonal for which `wrong`, bool (n, n), holds, and its place, in a phrase."""
        np.fill_diagonal(wrong, False)
        i, j = (int(k) for k in np.unravel_index(int(wrong.argmax()), wrong.shape))
        return f"{where(self.names, i, j)} is {self.matrix[i, j]:.12g}"

    def refuse_beyond(self, low: float, high: float, what: str, remedy: str) -> None:
        """Raise InputError for an entry beside the diagonal that is not from low to high."""
        if self.low < low - self.slack or self.high > high + self.slack:
            wrong = (self.matrix < low - self.slack) | (self.matrix > high + self.slack)
            raise InputError(f"{self.first(wrong)} but {what} is a number from {low:g} to {high:g}; {remedy}")


def meant(
    given: Labelled,
    kind: Kind | None = None,
    correlation: Correlation | None = None,
    symmetrize: Symmetrize | None = None,
) -> MatrixFile:
    """The similarities or dissimilarities in a matrix whose pairs are all given; its diagonal may be nan.

    kind         which of the two, None to be told by the diagonal
    correlation  how correlations r become dissimilarities, signed 1 - r or absolute 1 - |r|; None if there are none
    symmetrize   which of two entries of a pair that differ is taken, None if they must not

    Raises InputError if that cannot be.

    >>> read = meant(Labelled(np.array([[100.0, 91], [91, 100]])))
    >>> read.kind, read.matrix.tolist()
    ('similarity', [[1.0, 0.91], [0.91, 1.0]])
    """
    notes = list(given.notes)
    matrix = _symmetric(given, symmetrize, notes)
    diagonal = matrix.diagonal().copy()
    np.fill_diagonal(matrix, matrix[0, 1] if len(matrix) > 1 else 0)
    low, high = float(matrix.min()), float(matrix.max())
    most = max(-low, high, float(np.abs(diagonal[~np.isnan(diagonal)]).max(initial=0)))
    entries = _Entries(matrix, given.names, diagonal, low, high, TOLERANCE * min(most, MAX_MAGNITUDE))
    if correlation is not None:
        matrix, furthest = _uncorrelated(entries, correlation), 2.0 if correlation == "signed" else 1.0
        said = "1 - r, similarities (1 + r) / 2" if correlation == "signed" else "1 - |r|, similarities |r|"
        notes.append(f"Of correlations r, dissimilarities are {said}.")
        return MatrixFile(matrix, "dissimilarity", given.names, furthest, tuple(notes))
    kind = _told(entries) if kind is None else kind
    matrix = _similarities(entries, notes) if kind == "similarity" else _dissimilarities(entries, notes)
    return MatrixFile(matrix, kind, given.names, 1.0, tuple(notes))


def _symmetric(given: Labelled, symmetrize: Symmetrize | None, notes: list[str]) -> Floats:
    """The matrix made exactly symmetric; raises InputError where more than rounding is needed and is not asked for."""
    matrix = given.matrix
    if is_symmetric(matrix):
        return matrix.copy()
    with np.errstate(over="ignore"):  # what overflows is refused later
        difference = matrix - matrix.T
        np.abs(difference, out=difference)
    np.fill_diagonal(difference, 0)
    i, j = (int(k) for k in np.unravel_index(int(difference.argmax()), matrix.shape))
    gap = float(difference[i, j])
    if gap == 0:
        return matrix.copy()
    if gap <= TOLERANCE * min(float(np.nanmax(np.abs(matrix))), MAX_MAGNITUDE):
        notes.append(f"The matrix is symmetric only up to {gap:.1g}: the means are taken.")
        return (matrix + matrix.T) / 2
    if symmetrize is None:
        raise InputError(
            f"{where(given.names, i, j)} is {matrix[i, j]:.12g} but {where(given.names, j, i)} is {matrix[j, i]:.12g}; "
            f"{_remedy_of_asymmetry(matrix)}"
        )
    notes.append(f"The matrix is not symmetric: of two entries, up to {gap:.3g} apart, the {symmetrize} is taken.")
    if symmetrize == "mean":
        return matrix / 2 + matrix.T / 2
    return np.maximum(matrix, matrix.T) if symmetrize == "max" else np.minimum(matrix, matrix.T)


def _remedy_of_asymmetry(matrix: Floats) -> str:
    """What to do about a matrix that is not symmetric, perhaps because one triangle was left 0."""
    for side, other, triangle in (("above", "below", np.triu(matrix, 1)), ("below", "above", np.tril(matrix, -1))):
        if not triangle.any() and np.nanmin(matrix) >= 0:
            return (
                f"all entries {side} the diagonal are 0: if those {other} it are meant for both, say --symmetrize max"
            )
    return f"correct one, or say --symmetrize {', '.join(get_args(Symmetrize)[:-1])} or {get_args(Symmetrize)[-1]}"


def _told(entries: _Entries) -> Kind:
    """The kind that the diagonal tells; raises InputError if it tells none."""
    own = entries.own
    if not len(own):
        raise InputError("has no diagonal, which would tell its kind; say --kind similarity or --kind dissimilarity")
    if np.abs(own).max() <= entries.slack:
        return "dissimilarity"
    if entries.top is not None:
        return "similarity"
    shown = f"has a diagonal from {own.min():.6g} to {own.max():.6g}"
    if np.ptp(own) <= entries.slack:
        shown = f"has {own[0]:.6g} on its diagonal, but {entries.first(np.abs(entries.matrix) > abs(own[0]))}"
    if _dominated(entries):
        raise InputError(f"{shown}, as counts of what is shared have, and covariances; {NORMALISE}")
    both = "similarity or --kind dissimilarity" if entries.low >= 0 and entries.high <= 1 else "dissimilarity"
    raise InputError(
        f"{shown}, where similarities have the greatest of all entries and dissimilarities 0; correct it, or say "
        f"--kind {both} if the diagonal is not to be used"
    )


def _dominated(entries: _Entries) -> bool:
    """Whether |m_ij| <= sqrt(m_ii m_jj) for all i and j, as for counts of what is shared, and covariances."""
    own = entries.diagonal
    if np.isnan(own).any() or own.min() < 0 or own.max() <= entries.slack:
        return False
    beyond = np.abs(entries.matrix) > np.outer(np.sqrt(own), np.sqrt(own)) + entries.slack
    np.fill_diagonal(beyond, False)
    return not beyond.any()


def _similarities(entries: _Entries, notes: list[str]) -> Floats:
    """The matrix within 0 and 1, divided by its diagonal if that is the greatest entry throughout."""
    scale = entries.top or 1.0
    if scale == 1 and entries.low < -entries.slack and entries.low >= -1 - entries.slack and entries.top:
        raise InputError(
            f"{entries.first(entries.matrix < -entries.slack)} beside a diagonal of 1, as in correlations; say "
            "--correlation signed for 1 - r, or --correlation absolute for 1 - |r|"
        )
    remedy = "write the greatest possible similarity, such as 100 for per cent, everywhere on the diagonal"
    if not entries.own.any():
        remedy += ", or say --kind dissimilarity if that is what it holds"
    entries.refuse_beyond(0.0, scale, "a similarity", remedy if entries.low >= -entries.slack else NORMALISE)
    if scale != 1:
        notes.append(f"The similarities go up to {scale:.6g}, as the diagonal says: they are divided by it.")
    elif np.any(np.abs(entries.diagonal - 1) > TOLERANCE):
        notes.append("The diagonal is not used: an item's similarity to itself is 1.")
    matrix = entries.matrix
    if scale != 1:
        matrix /= scale
    np.clip(matrix, 0, 1, out=matrix)
    np.fill_diagonal(matrix, 1)
    return matrix


def _dissimilarities(entries: _Entries, notes: list[str]) -> Floats:
    """The matrix from 0 up, its diagonal 0."""
    if entries.top is not None or _dominated(entries):
        raise InputError(
            f"has {entries.own.max():.6g} on its diagonal and nothing greater, so it holds similarities; leave out "
            "--kind dissimilarity, or write 0 on the diagonal"
        )
    remedy = "divide all entries by a constant" if entries.high > MAX_MAGNITUDE else "add a constant to all of them"
    entries.refuse_beyond(0.0, MAX_MAGNITUDE, "a dissimilarity", remedy)
    if np.any(np.abs(entries.diagonal) > entries.slack):
        notes.append("The diagonal is not used: an item's dissimilarity to itself is 0.")
    matrix = entries.matrix
    np.clip(matrix, 0, MAX_MAGNITUDE, out=matrix)
    np.fill_diagonal(matrix, 0)
    return matrix


def _uncorrelated(entries: _Entries, correlation: Correlation) -> Floats:
    """1 - r or 1 - |r| of correlations r."""
    own = entries.own
    if np.any(np.abs(own - 1) > TOLERANCE):
        raise InputError(
            f"has a diagonal from {own.min():.6g} to {own.max():.6g}, where correlations have 1; {NORMALISE}, "
            "or leave out --correlation"
        )
    entries.refuse_beyond(-1.0, 1.0, "a correlation", "correct it, or leave out --correlation")
    matrix = np.clip(entries.matrix, -1, 1)
    matrix = 1 - (matrix if correlation == "signed" else np.abs(matrix))
    np.fill_diagonal(matrix, 0)
    return matrix
