r"""t-SNE: positions in k dimensions among which neighbours are as likely as among the points that are given.

    minimize  sum over i != j of p_ij log(p_ij / q_ij)      the divergence of Kullback and Leibler
    over      X in R^(n x k), a row for each point          q_ij in proportion to 1 / (1 + |x_i - x_j|^2)

with p_ij from the distances (formulations.arithmetic.affinities), so that each point has about as many neighbours as
the perplexity says (van der Maaten and Hinton, Visualizing data using t-SNE, 2008). It is not convex, and no bound of
use is known besides 0: what is found is a value, never proven the best.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike

from formulations.arithmetic.affinities import Affinities
from formulations.embedding import checked_distances, refuse_dimensions
from formulations.problem import Floats, SearchProblem
from formulations.stress import turned

LEAST, USUAL = 5, 30  # points, and the perplexity of many


def tsne(
    D: ArrayLike, k: int, perplexity: float | None = None, answer: Callable[[Floats], Any] = lambda X: X
) -> SearchProblem:
    """t-SNE of distances D (n, n); the answer is the coordinates (n, k), or what `answer` makes of them.

    They are centred, and turned to their principal axes. Perplexity is the usual one unless given. Raises ValueError
    for what are no distances, fewer than 5 points, and unless 1 <= k < n and 2 <= perplexity <= n - 2.

    >>> tsne([[abs(i - j) for i in range(4)] for j in range(4)], 1)
    Traceback (most recent call last):
        ...
    ValueError: 4 points are too few for neighbours to be likely or not; give 5 at least, or use classical scaling
    """
    known = checked_distances(D)
    n = len(known)
    if n < LEAST:
        raise ValueError(
            f"{n} points are too few for neighbours to be likely or not; give {LEAST} at least, "
            "or use classical scaling"
        )
    refuse_dimensions(n, k)
    about = usual_perplexity(n) if perplexity is None else perplexity
    if not 2 <= about <= n - 2:
        raise ValueError(f"{n:,} points cannot have about {about:,} neighbours each; give 2 to {n - 2:,}")
    form = Affinities(known, k, float(about))
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="",
        answer=lambda X: answer(turned(X)),
        values=lambda X: {"X": turned(X)},
        maths={
            "minimize": r"\sum_{i \ne j} p_{ij} \log \frac{p_{ij}}{q_{ij}}",
            "over": rf"X \in \mathbb{{R}}^{{{n} \times {k}}}",
        },
    )


def usual_perplexity(n: int) -> int:
    """30, or of few points a third of the others.

    >>> usual_perplexity(1000), usual_perplexity(10)
    (30, 3)
    """
    return min(USUAL, max(2, (n - 1) // 3))
