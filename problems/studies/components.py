"""Principal components of a table: what is asked, how the answer is told and drawn, and scores as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from problems.studies.ordering import write_rows
from problems.terminal.errors import quoted, safe

if TYPE_CHECKING:
    from formulations.pca import Components, Covariance
    from formulations.problem import Floats, SearchProblem
    from problems.studies.named_rows import Table
    from solvers.solution import Solution

SHOWN, SHOWN_ROWS = 6, 20  # components and variables in the text
EXAMPLES = 3  # names in a note


def explained(given: Covariance, k: int) -> SearchProblem:
    """The problem of k components; its answer is Components."""
    from formulations.pca import pca

    return pca(given, k, answer=lambda found: found)


def constant(table: Table, given: Covariance) -> list[str]:
    """A note on columns with one value in all rows."""
    names = [name for name, same in zip(table.columns, given.rows.constant.tolist(), strict=True) if same]
    if not names:
        return []
    shown = ", ".join(map(quoted, names[:EXAMPLES])) + (" and so on" if len(names) > EXAMPLES else "")
    return [f"Columns with the same value in every row have no part in any component: {shown}."]


def answer(table: Table, given: Covariance, found: Components) -> dict[str, Any]:
    """Loadings by variable, in the file's order, and the variances of all components."""
    return {
        "loadings": found.loadings.tolist(),
        "variances": found.variances.tolist(),
        "explained": float(shares_of(given, found)[: found.loadings.shape[1]].sum()),
        "columns": list(table.columns),
    }


def shares_of(given: Covariance, found: Components) -> Floats:
    """The share of the variance that each component has."""
    return found.variances / given.total


def describe(table: Table, given: Covariance, solution: Solution, enough: Mapping[str, Any]) -> Iterable[str]:
    """Variances, their shares, and loadings."""
    found: Components = solution.answer
    p, k = found.loadings.shape
    shares = shares_of(given, found)
    yield f"{k} of {len(shares):,} components explain {shares[:k].sum():.4%} of the variance"
    if enough:
        yield f"  and {k - 1} no more than {enough['fewer_explain_at_most']:.4%}, which is proven"
    shown = min(k, SHOWN)
    yield from _columns("component", [str(c) for c in range(1, shown + 1)])
    yield from _columns("variance", [f"{variance:.7g}" for variance in found.variances[:shown]])
    yield from _columns("share", [f"{share:.2%}" for share in shares[:shown]])
    yield from _columns("together", [f"{share:.2%}" for share in shares.cumsum()[:shown]])
    for name, loading in zip(table.columns[:SHOWN_ROWS], found.loadings.tolist(), strict=False):
        yield from _columns(safe(name, 20), [f"{number:.6f}" for number in loading[:shown]])
    if p > SHOWN_ROWS or k > SHOWN:
        yield f"  ... of {p:,} variables and {k:,} components (--json has them all)"


def _columns(name: str, cells: Sequence[str]) -> Iterable[str]:
    yield f"  {name:<20}" + "".join(f"{cell:>12}" for cell in cells)


def describe_sparse(table: Table, given: Covariance, solution: Solution) -> Iterable[str]:
    """The variables that were chosen, the largest loadings first."""
    x = solution.answer.loadings[:, 0]
    variance, first = float(solution.answer.variances[0]), float(given.variances[0])
    yield f"it explains {variance / given.total:.4%} of the variance, the first component {first / given.total:.4%}"
    chosen = sorted((-abs(loading), table.columns[j], loading) for j, loading in enumerate(x.tolist()) if loading)
    for _, name, loading in chosen[:SHOWN_ROWS]:
        yield from _columns(safe(name, 20), [f"{loading:.6f}"])
    if len(chosen) > SHOWN_ROWS:
        yield f"  ... {len(chosen) - SHOWN_ROWS:,} more (--json has them all)"


def tree_as_json(tree: Any) -> dict[str, Any]:
    """The tree of supports that proves a bound; nothing if there is none."""
    from formulations.arithmetic.supports import SupportTree

    if not isinstance(tree, SupportTree):
        return {}
    parts = {name: getattr(tree, name).tolist() for name in ("entry", "inside", "outside")}
    return {"tree": {**parts, "q": tree.q}}


def write(path: str, table: Table, given: Covariance, found: Components) -> None:
    """The scores of each row, below a header, as CSV."""
    write_scores(path, table.rows, given.rows.times(found.loadings))


def write_scores(path: str, rows: Sequence[str], scores: Floats) -> None:
    """Scores (n, k) of the rows of those names, below a header, as CSV."""
    heads = [f"PC{c}" for c in range(1, scores.shape[1] + 1)]
    write_rows(path, ["", *heads], ([name, *row] for name, row in zip(rows, scores.tolist(), strict=True)))
