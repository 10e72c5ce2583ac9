"""An order in which what is alike stands together: python -m problems.seriation --matrix file.csv."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.terminal.errors import InputError, safe
from problems.terminal.files import check_writable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Floats, Problem, SearchProblem
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
QUICK = 200  # items up to which all criteria are worked out, whatever the time
CRITERION_SECONDS = 1e-6  # by n^2, that the slowest criterion takes


@dataclass(frozen=True, eq=False)
class _Data:
    """n items, dissimilarities d and, where they have a meaning, similarities s = 1 - d; float64 (n, n)."""

    source: str
    items: Sequence[Hashable]
    d: Floats
    notes: Sequence[str] = ()

    @property
    def s(self) -> Floats:
        """The similarities; raises InputError where the dissimilarities are not within 0 and 1."""
        if self.d.max(initial=0) > 1:
            raise InputError(
                f"{self.source}: has dissimilarities up to {self.d.max():.6g}, so no similarities within 0 and 1; "
                f"choose an --objective other than challenge"
            )
        similarity: Floats = 1 - self.d
        return similarity

    def named(self, solution: Solution) -> list[Hashable]:
        """The items in the order found."""
        return [self.items[i] for i in solution.answer]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--matrix", metavar="FILE", help="a square matrix: .csv without header, or .npy")
    given.add_argument("--similarity", metavar="FILE", help="pairs: a CSV with the columns user1, user2, similarity")
    parser.add_argument("--kind", choices=("similarity", "dissimilarity"), help="with --matrix (told by its diagonal)")
    parser.add_argument(
        "--objective",
        metavar="NAME",
        choices=("challenge", *OBJECTIVES),
        type=str.lower,
        default="challenge",
        help=f"what is best: challenge (default), {', '.join(OBJECTIVES)}",
    )
    parser.add_argument("--out", metavar="FILE", help="write the order to a .csv file")


def read(options: argparse.Namespace) -> Task:
    """The task in a matrix or a file of pairs."""
    from problems.studies.ordering import clipped, write_order

    until = math.inf if options.time_limit is None else time.monotonic() + options.time_limit
    if options.kind is not None and options.matrix is None:
        raise InputError("--kind goes with --matrix; give both or neither")
    if options.out is not None:
        check_writable("--out", options.out, (".csv",))
    data = _data(options)
    if len(data.items) < 2:
        raise InputError(f"{data.source}: has {len(data.items)} item; an order needs at least 2")

    def problem() -> Problem | SearchProblem:
        from formulations.seriation import challenge, seriation

        if options.objective == "challenge":
            return challenge(data.s)
        return seriation(data.d, OBJECTIVES[options.objective])

    return Task(
        source=data.source,
        problem=problem,
        describe=lambda solution: describe(data, options.objective, solution),
        draw=lambda solution: draw(data, options.objective, solution),
        notes=[*data.notes, *(clipped(data.s) if options.objective == "challenge" else ())],
        facts={"items": len(data.items)},
        answer=data.named,
        measures=lambda solution: measures(data, solution, until),
        write=None if options.out is None else lambda solution: write_order(options.out, data.named(solution)),
    )


def _data(options: argparse.Namespace) -> _Data:
    """What the arguments name, or the bundled example."""
    if options.similarity is not None:
        from problems.io.pairs import read_pairs

        pairs = read_pairs(options.similarity)
        return _Data(_base(options.similarity), pairs.items, 1 - pairs.matrix(), pairs.notes)
    if options.matrix is not None:
        from problems.io.matrix import read_matrix

        file = read_matrix(options.matrix, options.kind)
        d = 1 - file.matrix if file.kind == "similarity" else file.matrix
        return _Data(_base(options.matrix), range(1, len(d) + 1), d, file.notes)
    from problems.studies.ordering import example

    code = example()
    return _Data("the example cohort", code.items, 1 - code.matrix, code.notes)


def _base(path: str) -> str:
    return safe(os.path.basename(path), 200)


def measures(data: _Data, solution: Solution, until: float) -> Mapping[str, Any]:
    """The criteria of the order, as many as there is time for."""
    import numpy as np

    from formulations.orders.criteria import CRITERIA, objective

    order, found = np.array(solution.answer, dtype=np.int64), {}
    for name in CRITERIA:
        if len(order) <= QUICK or time.monotonic() + CRITERION_SECONDS * len(order) ** 2 < until:
            found[name] = float(objective(name, data.d).values(order[None])[0])
    return {"criteria": found}


def describe(data: _Data, objective: str, solution: Solution) -> Iterable[str]:
    """How far from the best it may be, and the order."""
    from problems.studies.ordering import how_good, listed

    yield from how_good(objective, solution)
    yield from listed(data.named(solution))


def draw(data: _Data, objective: str, solution: Solution) -> Figure:
    """The matrix as given and in order, with a clustering's dendrogram if it has the order."""
    import numpy as np

    from problems.pictures.heatmap import figure_of
    from problems.studies.ordering import dendrogram

    order = np.array(solution.answer, dtype=np.int64)
    alike = data.d.max() <= 1
    return figure_of(
        1 - data.d if alike else data.d,
        order,
        items=[str(item) for item in data.items],
        title=f"{data.source}: {objective} {solution.value:.6g}",
        kind="similarity" if alike else "dissimilarity",
        tree=dendrogram(data.d, order),
    )


RECIPE = Recipe(
    "seriation",
    "Order in which what is alike stands together, with a bound on any other.",
    arguments,
    read,
    solvers=("enumeration", "subsets", "local-search", "faq", "glop", "highs", "scip", "cp-sat"),
    examples=("--matrix d.npy --objective path", "--similarity pairs.csv --plot heat.png"),
)

if __name__ == "__main__":
    main(RECIPE)
