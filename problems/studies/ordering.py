"""What the recipes that order things share: how good an order is, the order as text, CSV and dendrogram."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, get_args

from problems.terminal.errors import most_of, safe
from problems.terminal.files import replace_file

if TYPE_CHECKING:
    from formulations.problem import Floats, Ints
    from problems.studies.code_similarity import CodeSimilarity
    from solvers.solution import Solution

OBJECTIVES = {  # on the command line: of formulations.orders.criteria
    "path": "Path_length",
    "lazy-path": "Lazy_path_length",
    "2sum": "2SUM",
    "ls": "LS",
    "inertia": "Inertia",
    "bar": "BAR",
    "least-squares": "Least_squares",
    "ar-events": "AR_events",
    "ar-deviations": "AR_deviations",
    "rgar": "RGAR",
    "gradient-raw": "Gradient_raw",
    "gradient-weighted": "Gradient_weighted",
    "me": "ME",
    "moore": "Moore_stress",
    "neumann": "Neumann_stress",
    "cor-r": "Cor_R",
}
DIRECTED = {"lazy-path"}  # of them, those whose value depends on the direction of an order
QUICK = 200  # items up to which all criteria are worked out, whatever the time
CRITERION_SECONDS = 1e-6  # by n^2, that the slowest criterion takes
SHOWN = 40  # items of an order in the text; --json and --out have them all
EXAMPLE = (16, 2, 4)  # programs, chains of copies among them, seed


def example() -> CodeSimilarity:
    """The similarity of some made-up programs, a few of them copied from each other."""
    from problems.studies.code_similarity import similarity_of_sources
    from problems.studies.cohort import cohort

    return similarity_of_sources(cohort(*EXAMPLE).sources)


def similarities(d: Floats) -> Floats:
    """The similarities 1 - d; raises ValueError where the dissimilarities are not within 0 and 1."""
    if d.max(initial=0) > 1:
        raise ValueError(
            f"has dissimilarities up to {d.max():.6g}, so no similarities within 0 and 1; "
            f"choose an --objective other than challenge"
        )
    similarity: Floats = 1 - d
    return similarity


def criteria_within(d: Floats, order: Ints, until: float) -> dict[str, float]:
    """The criteria of an order, int64 (n,), of which there may not be time for all."""
    import numpy as np

    from formulations.orders.criteria import CRITERIA, objective

    found, quick = {}, len(order) <= QUICK
    for name in CRITERIA:
        if quick or time.monotonic() + CRITERION_SECONDS * len(order) ** 2 < until:
            found[name] = float(objective(name, d).values(np.asarray(order)[None])[0])
    return found


def how_good(objective: str, solution: Solution) -> Iterable[str]:
    """How far from the best an order may be that is not proven optimal."""
    share = solution.stats.get("percent_of_range")
    if solution.status != "optimal" and share is not None and share <= 100:
        yield (
            f"  {objective}: no order is better by more than {share:.3g} % of the range between "
            f"a random order ({solution.stats['random']:.8g}) and this one"
        )


def listed(names: Sequence[object], heading: str = "order") -> Iterable[str]:
    """An order for a reader, place by place."""
    yield f"{heading}:"
    shown, more = most_of(names, SHOWN)
    for place, name in enumerate(shown, start=1):
        yield f"  {place:>4}  {safe(name)}"
    if more:
        yield f"  ... and {more:,} more (--json and --out have them all)"


def clipped(similarity: Floats) -> Iterable[str]:
    """What is to be said of pairs with similarity 1 under the challenge's logarithm."""
    from formulations.seriation import CLIP

    same = int((similarity >= 1 - CLIP).sum() - len(similarity)) // 2
    if same:
        yield f"{same} pair{'s have' if same > 1 else ' has'} similarity 1, taken as 1 - {CLIP:g} in the logarithm"


def write_rows(path: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A CSV file, whole or not there; names of files are written as they are."""
    import csv
    from io import StringIO

    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    replace_file(path, text.getvalue().encode("utf-8", "surrogateescape"))


def write_order(path: str, names: Iterable[object]) -> None:
    """An order as CSV, place by place."""
    write_rows(path, ("place", "item"), enumerate(names, start=1))


def dendrogram(d: Floats, order: Ints) -> Floats | None:
    """The clustering, of the usual four, all of whose clusters stand together in the order; None if there is none."""
    import numpy as np

    from formulations.orders.leaf_order import Linkage, linkage_tree

    n, place = len(d), np.argsort(order)
    for method in get_args(Linkage):
        tree = linkage_tree(d, method)
        low, high = list(place), list(place)
        for a, b in tree[:, :2].astype(int).tolist():
            low.append(min(low[a], low[b]))
            high.append(max(high[a], high[b]))
        sizes = np.r_[np.ones(n), tree[:, 3]]
        if (np.array(high) - np.array(low) + 1 == sizes).all():
            return tree
    return None
