"""A table as low rank plus sparse: its components, and the cells that are set apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from problems.studies.components import write_scores
from problems.studies.named_rows import Table
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from formulations.pca import Components
    from formulations.robust_pca import Split
    from solvers.solution import Solution

SHOWN = 12  # cells in the text
MANY = 0.3  # of the cells, from where on they are no longer few


def robust_components(split: Split) -> Components:
    """The right singular vectors of the part of low rank, as many as its rank, and its variances about 0."""
    import numpy as np

    from formulations.pca import Components
    from formulations.trace import with_signs

    _, values, V = np.linalg.svd(split.low_rank, full_matrices=False)
    return Components(with_signs(V[: split.rank].T), values**2 / max(len(split.low_rank) - 1, 1))


def set_apart(table: Table, split: Split) -> list[tuple[str, str, float]]:
    """Row, column and amount of what is not negligible in the sparse part, the largest first."""
    import numpy as np

    from formulations.robust_pca import NEGLIGIBLE

    size = np.abs(split.sparse)
    i, j = np.nonzero(size > NEGLIGIBLE * max(float(np.abs(split.low_rank + split.sparse).max()), 1e-300))
    order = np.argsort(-size[i, j], kind="stable")
    cells = zip(i[order].tolist(), j[order].tolist(), strict=True)
    return [(table.rows[row], table.columns[column], float(split.sparse[row, column])) for row, column in cells]


def robust_answer(table: Table, split: Split) -> dict[str, Any]:
    """Loadings and variances of the part of low rank, its rank, and the cells that are set apart."""
    found = robust_components(split)
    return {
        "loadings": found.loadings.tolist(),
        "variances": found.variances.tolist(),
        "rank": split.rank,
        "cells": set_apart(table, split),
        "columns": list(table.columns),
    }


def describe_robust(table: Table, solution: Solution) -> Iterable[str]:
    """The rank, and the largest cells."""
    split: Split = solution.answer
    cells = set_apart(table, split)
    yield f"rank {split.rank}, and {len(cells):,} of {split.sparse.size:,} cells are set apart, the largest of them"
    if len(cells) > MANY * split.sparse.size:
        yield "  so many are noise rather than errors: the table is not of low rank but for a few cells"
    yield from (f"  {safe(row, 28)}, {safe(column, 28)}: {amount:+.6g}" for row, column, amount in cells[:SHOWN])
    if len(cells) > SHOWN:
        yield f"  ... {len(cells) - SHOWN:,} more (--json has them all)"


def write_low_rank(path: str, table: Table, split: Split) -> None:
    """The scores of each row's part of low rank, as CSV."""
    write_scores(path, table.rows, split.low_rank @ robust_components(split).loadings)
