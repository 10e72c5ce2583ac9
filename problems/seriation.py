"""An order in which what is alike stands together: python -m problems.seriation --code folder/."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Report, Task, main
from problems.terminal.errors import InputError, safe
from problems.terminal.files import check_writable, replace_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Floats, Ints, Problem, SearchProblem
    from problems.io.matrix import Pairs
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
EXAMPLE = (16, 2, 4)  # programs, chains of copies among them, seed
SHOWN = 40  # items of an order in the text; --json and --out have them all
LEADERBOARD_SECONDS = 10.0  # unless --time-limit says otherwise
QUICK = 200  # items up to which all criteria are worked out, whatever the time
CRITERION_SECONDS = 1e-6  # by n^2, that the slowest criterion takes
COPIES = 0.9  # similarity from which two items are near-copies wherever they stand
STANDS_OUT = 6.0  # robust standard deviations above the median that make two items near-copies


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


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--code", metavar="FOLDER", help="programs to compare: a file or a sub-folder each")
    given.add_argument("--similarity", metavar="FILE", help="pairs: a CSV with the columns user1, user2, similarity")
    given.add_argument("--matrix", metavar="FILE", help="a square matrix: .csv without header, or .npy")
    given.add_argument(
        "--leaderboard", nargs=2, metavar=("TRAIN", "HOLDOUT"), help="two files of pairs: all methods' scores on both"
    )
    parser.add_argument("--ignore", metavar="PATH", help="with --code: a template, whose code does not count")
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
    parser.add_argument(
        "--entry", metavar="MODULE:FUNCTION", action="append", default=[], help="with --leaderboard: one more method"
    )


def read(options: argparse.Namespace) -> Task | Report:
    """The task in a folder of code, a file of pairs or a matrix; or the leaderboard of two files of pairs."""
    until = math.inf if options.time_limit is None else time.monotonic() + options.time_limit
    for option, needs in (("ignore", "code"), ("kind", "matrix"), ("entry", "leaderboard")):
        if getattr(options, option) and getattr(options, needs) is None:
            raise InputError(f"--{option} goes with --{needs}; give both or neither")
    if options.leaderboard is not None:
        if options.out is not None or options.plot is not None:
            raise InputError("--leaderboard has no order to write or draw; leave out --out and --plot")
        return _leaderboard(options)
    if options.out is not None:
        check_writable("--out", options.out, (".csv",))
    data = _data(options)
    if len(data.items) < 2:
        raise InputError(f"{data.source}: has {len(data.items)} item; an order needs at least 2")
    if options.objective == "challenge":
        data = replace(data, notes=[*data.notes, *_clipped(data)])

    def problem() -> Problem | SearchProblem:
        from formulations.seriation import challenge, seriation

        if options.objective == "challenge":
            return _named_in(challenge(data.s), data.items)
        return _named_in(seriation(data.d, OBJECTIVES[options.objective]), data.items)

    return Task(
        source=data.source,
        problem=problem,
        describe=lambda solution: describe(data, options.objective, solution),
        draw=lambda solution: draw(data, options.objective, solution),
        notes=data.notes,
        facts={"items": len(data.items)},
        measures=lambda solution: measures(data, solution, until),
        write=None if options.out is None else lambda solution: write(options.out, solution),
    )


def _named_in(stated: Problem | SearchProblem, items: Sequence[Hashable]) -> Problem | SearchProblem:
    """The same, its answer in the items' names."""
    places: Callable[[Any], list[int]] = stated.answer
    changed: Any = {"answer": lambda found: [items[i] for i in places(found)]}
    return replace(stated, **changed)


def _data(options: argparse.Namespace) -> _Data:
    """What the arguments name, or the bundled example."""
    if options.similarity is not None:
        from problems.io.matrix import read_pairs

        pairs = read_pairs(options.similarity)
        return _Data(_named(options.similarity), pairs.items, 1 - pairs.matrix(), pairs.notes)
    if options.matrix is not None:
        from problems.io.matrix import read_matrix

        file = read_matrix(options.matrix, options.kind)
        d = 1 - file.matrix if file.kind == "similarity" else file.matrix
        return _Data(_named(options.matrix), range(1, len(d) + 1), d, file.notes)
    from problems.studies.code_similarity import similarity_of, similarity_of_sources

    if options.code is not None:
        code = similarity_of(options.code, options.ignore)
        return _Data(_named(options.code), code.items, 1 - code.matrix, code.notes)
    from problems.studies.cohort import cohort

    code = similarity_of_sources(cohort(*EXAMPLE).sources)
    return _Data("the example cohort", code.items, 1 - code.matrix, code.notes)


def _named(path: str) -> str:
    return safe(os.path.basename(os.path.normpath(path)) or path, 200)


def _clipped(data: _Data) -> Iterable[str]:
    """What is to be said of pairs with similarity 1 under the challenge's logarithm."""
    from formulations.seriation import CLIP

    same = int((data.s >= 1 - CLIP).sum() - len(data.items)) // 2
    if same:
        yield f"{same} pair{'s have' if same > 1 else ' has'} similarity 1, taken as 1 - {CLIP:g} in the logarithm"


def _order(data: _Data, solution: Solution) -> Ints:
    """The answer as positions of the items."""
    import numpy as np

    index = {item: i for i, item in enumerate(data.items)}
    return np.array([index[item] for item in solution.answer], dtype=np.int64)


def measures(data: _Data, solution: Solution, until: float) -> Mapping[str, Any]:
    """The criteria of the order, as many as there is time for, and its groups of near-copies."""
    from formulations.orders.criteria import CRITERIA, objective

    order, found = _order(data, solution), {}
    for name in CRITERIA:
        if len(order) <= QUICK or time.monotonic() + CRITERION_SECONDS * len(order) ** 2 < until:
            found[name] = float(objective(name, data.d).values(order[None])[0])
    least, groups = near_copies(data.d, order)
    named = [[data.items[i] for i in order[first:last]] for first, last in groups]
    return {"criteria": found, "near_copies": {"similarity_at_least": least, "groups": named}}


def near_copies(d: Floats, order: Ints) -> tuple[float, list[tuple[int, int]]]:
    """The similarity that makes neighbours near-copies, and the stretches (first, last + 1) of the order that are such.

    That is the median over all pairs plus six robust standard deviations (1.4826 times the median deviation from it),
    0.9 at most. Dissimilarities beyond 1 are no complement of similarities: then there are none.
    """
    import numpy as np

    s = 1 - d[np.triu_indices(len(d), 1)]
    middle = float(np.median(s))
    least = min(middle + STANDS_OUT * 1.4826 * float(np.median(np.abs(s - middle))), COPIES)
    alike = np.r_[False, (1 - d[order[:-1], order[1:]] >= least) & (s.min() >= 0), False].astype(np.int8)
    edges = np.diff(alike)
    return least, list(zip(np.flatnonzero(edges > 0).tolist(), (np.flatnonzero(edges < 0) + 1).tolist(), strict=True))


def describe(data: _Data, objective: str, solution: Solution) -> Iterable[str]:
    """How far from the best it may be, the order, and the groups of near-copies."""
    share = solution.stats.get("percent_of_range")
    if solution.status != "optimal" and share is not None and share <= 100:
        yield (
            f"  {objective}: no order is better by more than {share:.3g} % of the range between "
            f"a random order ({solution.stats['random']:.8g}) and this one"
        )
    least, groups = near_copies(data.d, _order(data, solution))
    yield "order:"
    for place, item in enumerate(solution.answer[:SHOWN], start=1):
        yield f"  {place:>4}  {safe(item)}"
    if len(solution.answer) > SHOWN:
        yield f"  ... and {len(solution.answer) - SHOWN:,} more (--json and --out have them all)"
    if data.d.max() <= 1:
        yield f"near-copies, neighbours of similarity {least:.3g} or more:{'' if groups else ' none'}"
    for first, last in groups:
        yield "  " + ", ".join(safe(item) for item in solution.answer[first:last])


def draw(data: _Data, objective: str, solution: Solution) -> Figure:
    """The matrix as given and in order, near-copies outlined, with a clustering's dendrogram if it has the order."""
    from problems.pictures.heatmap import figure_of

    order = _order(data, solution)
    alike = data.d.max() <= 1
    return figure_of(
        1 - data.d if alike else data.d,
        order,
        items=[str(item) for item in data.items],
        title=f"{data.source}: {objective} {solution.value:.6g}",
        kind="similarity" if alike else "dissimilarity",
        tree=_dendrogram(data.d, order),
        groups=near_copies(data.d, order)[1],
    )


def _dendrogram(d: Floats, order: Ints) -> Floats | None:
    """The clustering, of the usual four, all of whose clusters stand together in the order; None if there is none."""
    from typing import get_args

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


def write(path: str, solution: Solution) -> None:
    """The order as CSV, place by place; the file is whole or not there."""
    import csv
    from io import StringIO

    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["place", "item"])
    writer.writerows(enumerate(solution.answer, start=1))
    replace_file(path, text.getvalue().encode("utf-8"))


def _leaderboard(options: argparse.Namespace) -> Report:
    """All methods, and those that the user names, on two files of pairs."""
    from problems.io.matrix import read_pairs
    from problems.studies.leaderboard import leaderboard, table

    train, holdout = (read_pairs(path) for path in options.leaderboard)
    seconds = LEADERBOARD_SECONDS if options.time_limit is None else options.time_limit
    rows = leaderboard(train, holdout, _methods(options), options.entry, seconds)
    return Report(
        lines=[f"the challenge, {seconds:g} s for each method and file of pairs", *table(rows)],
        data={"time_limit": seconds, "rows": [vars(row) for row in rows]},
        notes=[
            f"{_named(path)}: {note}"
            for path, pairs in zip(options.leaderboard, (train, holdout), strict=True)
            for note in pairs.notes
        ],
    )


def _methods(options: argparse.Namespace) -> dict[str, Callable[[Pairs, float], Ints]]:
    """Our own entries: pairs, seconds -> an order."""
    import numpy as np

    from formulations.orders.order_starts import spectral_order
    from formulations.seriation import challenge, hamiltonian_path, leaf_orders
    from solvers import solve

    def solved(stated: SearchProblem | Problem, seconds: float) -> Ints:
        solution = solve(stated, time_limit=seconds, seed=options.seed, device=options.device)
        return np.array(solution.answer, dtype=np.int64)

    methods: dict[str, Callable[[Pairs, float], Ints]] = {
        "local search": lambda pairs, seconds: solved(challenge(pairs.matrix()), seconds),
        "shortest path": lambda pairs, seconds: solved(hamiltonian_path(1 - pairs.matrix()), seconds),
        "order of the Fiedler vector": lambda pairs, _: spectral_order(pairs.matrix() - np.eye(len(pairs.items))),
    }

    def leaves(name: str, pairs: Pairs, _: float) -> Ints:
        return leaf_orders(1 - pairs.matrix())[name]()

    return methods | {name: partial(leaves, name) for name in leaf_orders(np.zeros((2, 2)))}


RECIPE = Recipe(
    "seriation",
    "Order in which what is alike stands together, with a bound on any other.",
    arguments,
    read,
    solvers=("enumeration", "subsets", "local-search", "faq", "glop", "highs", "scip", "cp-sat"),
    examples=(
        "--code submissions/ --ignore template/ --plot heat.png",
        "--matrix d.npy --objective path",
    ),
)

if __name__ == "__main__":
    main(RECIPE)
