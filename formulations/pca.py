"""Principal components: the directions in which rows of measurements vary most.

    maximize    tr(Y'CY)                    C = Z'Z / (n - 1), the covariance matrix of the rows, Z being centred
    over        Y, a p x k frame
    subject to  Y'Y = I

that is the variance of the rows' projections on k directions, at right angles to each other (Hotelling, Analysis of a
complex of statistical variables into principal components, 1933; of the planes through the mean it is the nearest to
the rows, Pearson 1901). The columns of Y are called loadings, ZY scores. If the columns of Z are divided by their
standard deviations, C is the correlation matrix, and its trace p.

It is one trace over frames (formulations.trace): the value is the variance that the k components explain, the bound a
sum of eigenvalues, proven for C as the data have it exactly: what rounding did to C is part of the bound
(formulations.arithmetic.gram). Forming C squares the condition: variances below 1e-16 of the largest are lost in it,
which a singular value decomposition of Z would still tell apart. With more columns than rows ZZ' / (n - 1) takes the
place of C; it has the same eigenvalues but for zeros, and Y = Z'U, columns scaled to length 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, issparse

from formulations.arithmetic.eigenvalues import spectrum
from formulations.arithmetic.gram import Rows, centred, gram, gram_of_rows
from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats, SearchProblem
from formulations.trace import Frame, optimal_trace, with_signs

if TYPE_CHECKING:
    from scipy.sparse import sparray

MAX_MAGNITUDE = 1e45  # of an entry: the fourth power of what is summed is to be finite
MOST = 20_000  # rows or columns, whichever are fewer: their matrix takes 3 GB


@dataclass(frozen=True, eq=False)
class Covariance:
    """Of n rows of p measurements: C, (p, p), or ZZ' / (n - 1), (n, n), whichever is smaller; within `error`."""

    rows: Rows
    matrix: Floats
    error: float
    by_rows: bool

    @property
    def most(self) -> int:
        """How many components there are."""
        n, p = self.rows.shape
        return int(min(n - 1, p))

    @property
    def total(self) -> float:
        """The variance of all components."""
        return float(np.trace(self.matrix))

    @cached_property
    def variances(self) -> Floats:
        """Of all components, the largest first, (most,)."""
        return np.asarray(np.linalg.eigvalsh(self.matrix)[::-1][: self.most].clip(0))

    def accuracy(self) -> float:
        """A proven bound on the error of each variance; it takes some 10 p^3 operations."""
        return spectrum(self.matrix)[1] + self.error

    def explaining(self, share: float) -> int:
        """How many components explain that share of the variance."""
        enough = np.cumsum(self.variances) >= share * self.total * (1 - 1e-12)
        return int(enough.argmax()) + 1 if enough.any() else self.most

    def by_columns(self) -> tuple[Floats, float]:
        """C, (p, p), and its error, also where there are fewer rows than columns."""
        if not self.by_rows:
            return self.matrix, self.error
        G, error = gram(self.rows)
        return _covariance(G, error, self.rows.shape[0])

    def loadings(self, frame: Frame) -> Floats:
        """The components as directions, (p, k), that a frame of the matrix stands for."""
        if not self.by_rows:
            return frame.Y
        V = self.rows.transposed_times(frame.Y)
        return with_signs(np.linalg.qr(V)[0])


@dataclass(frozen=True, eq=False)
class Components:
    """Loadings (p, k) and the variances of all components, the largest first; the first k are those of the loadings."""

    loadings: Floats
    variances: Floats


def covariance(X: ArrayLike | sparray, standardise: bool = True) -> Covariance:
    """The covariance matrix of the columns of X (n, p), dense or sparse; of the standardised ones by default.

    Columns with the same value in all rows have variance 0, standardised or not. Raises ValueError for fewer than 2
    rows, for numbers that are not finite, and where no column varies.

    >>> covariance([[1.0, 2.0], [3.0, 6.0]]).matrix.round(9).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    data: Any = csr_array(X, dtype=np.float64) if issparse(X) else np.asarray(X, dtype=np.float64)
    if data.ndim != 2 or not data.shape[1]:
        raise ValueError(f"the data have shape {data.shape}; give a table, n rows by p columns")
    n, p = data.shape
    if n < 2:
        raise ValueError(f"{n} row{'' if n == 1 else 's'} cannot vary; give 2 at least")
    if min(n, p) > MOST:
        raise ValueError(f"{n:,} rows of {p:,} columns need a matrix of {min(n, p):,} rows; give at most {MOST:,}")
    largest = float(np.abs(data.data if issparse(data) else data).max(initial=0.0))
    if not largest <= MAX_MAGNITUDE:
        raise ValueError(f"a number is {largest:g} in size; give finite ones within {MAX_MAGNITUDE:g}")
    rows = centred(data, scaled=standardise)
    if rows.constant.all():
        raise ValueError("no column varies: every row is the same; give rows that differ")
    by_rows = p > n
    G, error = (gram_of_rows if by_rows else gram)(rows)
    return Covariance(rows, *_covariance(G, error, n), by_rows)


def _covariance(G: Floats, error: float, n: int) -> tuple[Floats, float]:
    """G / (n - 1), and by how much it may be off."""
    C = G / (n - 1)
    return C, error / (n - 1) + 2 * ROUNDOFF * float(np.linalg.norm(C))


def pca(
    X: ArrayLike | sparray | Covariance,
    k: int,
    standardise: bool = True,
    answer: Callable[[Components], Any] = lambda found: {
        "loadings": found.loadings.tolist(),
        "variances": found.variances.tolist(),
    },
) -> SearchProblem:
    """The k principal components of X (n, p); the answer has the loadings, (p, k), and the variances of all components.

    Of standardised columns unless told otherwise. Raises ValueError as covariance() does, and unless 1 <= k and there
    are k components: one fewer than rows, and as many as columns, at most.

    >>> from solvers import solve
    >>> found = solve(pca([[1, 0], [2, 1], [3, 5]], 1))
    >>> found.status, round(found.value, 6), np.round(found.answer["variances"], 6).tolist()
    ('optimal', 1.944911, [1.944911, 0.055089])
    """
    given = X if isinstance(X, Covariance) else covariance(X, standardise)
    n, p = given.rows.shape
    if not 1 <= k <= given.most:
        raise ValueError(
            f"{n:,} rows of {p:,} column{'s' if p > 1 else ''} have no {k:,} components; ask for 1 to {given.most:,}"
        )
    return optimal_trace(
        given.matrix,
        k,
        error=given.error,
        answer=lambda frame: answer(Components(given.loadings(frame), given.variances)),
    )
