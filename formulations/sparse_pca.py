"""A principal component with few loadings that are not 0: the direction of most variance that c variables have.

    maximize    x'Cx                        C the covariance or correlation matrix
    over        x, a direction of p entries
    subject to  x'x = 1
                at most c entries of x are not 0

It is NP-hard in general. The best of a given support is an eigenvector, so that it is a search among supports: by
branch and bound, each node bounded by eigenvalues and by sums of rows (formulations.arithmetic.supports). Some twenty
variables are proven in a second, and with few of them chosen many more; beyond, a gap is left, which the answer states.
The answer explains what it explains by itself: the variance of c variables along x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.supports import SparseDirection
from formulations.pca import Components, Covariance, covariance
from formulations.problem import SearchProblem, WeakDual
from formulations.trace import with_signs

if TYPE_CHECKING:
    from scipy.sparse import sparray

KIND = "a tree of supports"
MOST = 2_000  # variables


def sparse_pca(
    X: ArrayLike | sparray | Covariance,
    c: int,
    standardise: bool = True,
    answer: Callable[[Components], Any] = lambda found: found.loadings[:, 0],
) -> SearchProblem:
    """The component of most variance with loadings on at most c of the p variables; the answer is x, float64 (p,).

    X (n, p) as in formulations.pca. Raises ValueError as pca() does, and unless 1 <= c <= p.

    >>> from solvers import solve
    >>> found = solve(sparse_pca([[1, 2, 0], [2, 1, 1], [3, 4, 0], [4, 3, 1]], 2))
    >>> found.status, round(found.value, 6), np.round(found.answer, 4).tolist()
    ('optimal', 1.6, [0.7071, 0.7071, 0.0])
    """
    given = X if isinstance(X, Covariance) else covariance(X, standardise)
    p = given.rows.shape[1]
    if not 1 <= c <= p:
        raise ValueError(f"a direction of {p:,} variables has no {c:,} of them; ask for 1 to {p:,}")
    if p > MOST:
        raise ValueError(f"a search among {p:,} variables would not end; choose at most {MOST:,}")
    C, error = given.by_columns()
    form = SparseDirection(C, c, error)
    return SearchProblem(
        sense="maximize",
        objective=form,
        broken=form.broken,
        membership=f"|x| = 1, and at most {c} entries are not 0",
        answer=lambda x: answer(Components(with_signs(x[:, None]), np.array([form.value(x)]))),
        values=lambda x: {"x": x},
        weak_duals=[WeakDual(KIND, None, form.bound)],
        maths={
            "maximize": r"x^{\top} C x",
            "over": rf"x \in \mathbb{{R}}^{{{p}}}",
            "subject to": rf"x^{{\top}} x = 1, \quad \|x\|_0 \leq {c}",
        },
    )
