"""Which programs were copied from each other: python -m problems.plagiarism --code folder/."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from problems.recipe import Recipe, Task, main
from problems.running.matrix_options import matrix_arguments, refuse_without_matrix, similarities_of
from problems.studies.submissions import Submissions
from problems.terminal.arguments import Given, Written, share
from problems.terminal.errors import InputError, most_of, safe
from problems.terminal.files import check_writable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Floats, SearchProblem
    from problems.studies.code_similarity import CodeSimilarity
    from solvers.solution import Solution

SHOWN = 40  # pairs in the text; --json and --pairs have them all
PASSAGES_SHOWN = 3  # of a pair
QUICK_BOUND, QUICK_SOLVER = "projected eigenvalue bound", "insertion"  # unless a solver or a time limit is asked for
BOUNDED = 300  # items up to which that bound costs less than reading the programs
QUICKLY = "The order is a quick one, which pairs and groups do not depend on; --time-limit 60 finds a better one."
SMALL = 16  # items up to which the order is proven optimal in no time


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument(
        "--code", type=Given, metavar="FOLDER", help="programs to compare: a file, folder or archive a person"
    )
    given.add_argument(
        "--similarity",
        type=Given,
        metavar="FILE",
        help="pairs, a CSV with columns user1, user2, similarity; or a square matrix",
    )
    matrix_arguments(parser)
    parser.add_argument(
        "--ignore", type=Given, metavar="PATH", help="with --code: a template, whose code does not count"
    )
    parser.add_argument(
        "--threshold", type=share, metavar="S", help="similarity above which pairs are near-copies (default estimated)"
    )
    parser.add_argument(
        "--pairs", type=Written, metavar="FILE", help="write the pairs, and which lines match, to a .csv file"
    )
    parser.add_argument(
        "--html", type=Written, metavar="FILE", help="with --code: write the pairs side by side to a .html file"
    )
    parser.add_argument("--out", type=Written, metavar="FILE", help="write the order to a .csv file")


def read(options: argparse.Namespace) -> Task:
    """The task in a folder of code, or in similarities that are known."""
    if options.ignore is not None and options.code is None:
        raise InputError("--ignore goes with --code; give both or neither")
    if options.html is not None and options.similarity is not None:
        raise InputError("--html shows code; give --code, or --pairs FILE.csv for the pairs alone")
    for option, suffix in (("pairs", ".csv"), ("out", ".csv"), ("html", ".html")):
        if getattr(options, option) is not None:
            check_writable(f"--{option}", getattr(options, option), (suffix,))
    cohort = _cohort(options)
    if len(cohort.items) < 2:
        raise InputError(f"{cohort.source}: has {len(cohort.items)} item; a comparison needs at least 2")
    quick = options.time_limit is None and options.solver is None and len(cohort.items) > SMALL
    return Task(
        source=cohort.source,
        problem=lambda: _problem(cohort, quick),
        describe=lambda solution: describe(cohort, solution),
        draw=lambda solution: draw(cohort, solution),
        notes=[*cohort.notes, *([QUICKLY] if quick else [])],
        facts={"submissions": len(cohort.items), "near-copies": len(cohort.pairs)},
        solver=lambda name: QUICK_SOLVER if quick else name,
        answer=lambda solution: answer(cohort, solution),
        measures=lambda _: {"threshold": cohort.threshold.why, "pairs": table(cohort)},
        write=lambda solution: write(cohort, options, solution),
    )


def _cohort(options: argparse.Namespace) -> Submissions:
    """What the arguments name, or the bundled example, and its near-copies."""
    import numpy as np

    from problems.studies.near_copies import MANY, Threshold, estimated, near_pairs
    from problems.studies.ordering import clipped

    source, items, similarity, code, notes = _similarity(options)
    comparable = np.ones(similarity.shape, dtype=bool) if code is None else code.comparable
    threshold = estimated(similarity, comparable)
    if options.threshold is not None:
        threshold = Threshold(options.threshold, "as asked for")
    pairs = near_pairs(similarity, threshold.value)
    accused = {item for pair in pairs for item in pair}
    if len(items) > SMALL and len(accused) > MANY * len(items):
        notes = [
            *notes,
            f"{len(accused)} of {len(items)} submissions are near-copies of another: do they share code that was given "
            f"to all? {'Set' if code is None else 'Name it by --ignore, or set'} a --threshold.",
        ]
    return Submissions(source, items, similarity, threshold, pairs, code, [*notes, *clipped(similarity)])


def _similarity(
    options: argparse.Namespace,
) -> tuple[str, Sequence[str], Floats, CodeSimilarity | None, Sequence[str]]:
    """What messages call the input, names, similarities, the code that they rest on, and notes on reading it."""
    if options.similarity is not None:
        from problems.io.pairs import Pairs

        source, file = _base(options.similarity), similarities_of(options, options.similarity)
        if isinstance(file, Pairs):
            return source, file.items, file.matrix(), None, file.notes
        if file.kind != "similarity" and options.correlation is None:
            raise InputError(
                f"{source}: has 0 on its diagonal, as dissimilarities d have; write 1 - d, or say --kind similarity"
            )
        names = file.names or [str(k + 1) for k in range(len(file.matrix))]
        return source, names, file.similarities(), None, file.notes
    refuse_without_matrix(options, "a matrix as --similarity")
    if options.code is None:
        from problems.studies.ordering import example

        code, source = example(), "the example cohort"
    else:
        from problems.studies.code_similarity import similarity_of

        code, source = similarity_of(options.code, options.ignore), _base(options.code)
    return source, code.items, code.matrix, code, code.notes


def _base(path: str) -> str:
    return safe(os.path.basename(os.path.normpath(path)) or path, 200)


def _problem(cohort: Submissions, quick: bool) -> SearchProblem:
    """The challenge's order; where nobody shares anything, any order, as the least arrangement of nothing."""
    import numpy as np

    from formulations.seriation import challenge, linear_arrangement

    nothing = not np.triu(cohort.similarity, 1).any()
    stated = linear_arrangement(np.zeros(cohort.similarity.shape)) if nothing else challenge(cohort.similarity)
    if not quick:
        return stated
    kept = [dual for dual in stated.weak_duals if dual.name == QUICK_BOUND and len(cohort.items) <= BOUNDED]
    return replace(stated, weak_duals=kept)


def answer(cohort: Submissions, solution: Solution) -> Mapping[str, Any]:
    """The pairs, their groups, the order and the threshold, by name."""
    s = cohort.similarity
    return {
        "pairs": [[*cohort.named((i, j)), float(s[i, j])] for i, j in cohort.pairs],
        "groups": [cohort.named(group) for group in cohort.groups(solution)],
        "order": cohort.named(solution.answer),
        "threshold": cohort.threshold.value,
    }


def table(cohort: Submissions) -> list[dict[str, Any]]:
    """The pairs by rank, with the passages that match."""
    found = [[vars(passage) for passage in listed] for listed in cohort.passages]
    found += [[]] * (len(cohort.pairs) - len(found))
    return [
        {
            "rank": rank,
            "user1": cohort.items[i],
            "user2": cohort.items[j],
            "similarity": float(cohort.similarity[i, j]),
            "passages": passages,
        }
        for rank, ((i, j), passages) in enumerate(zip(cohort.pairs, found, strict=True), start=1)
    ]


def describe(cohort: Submissions, solution: Solution) -> Iterable[str]:
    """The pairs with the lines that match, their groups, and the order."""
    from problems.studies.ordering import how_good, listed

    threshold = cohort.threshold
    yield f"near-copies, similarity above {threshold.value:.3g} ({threshold.why}):{'' if cohort.pairs else ' none'}"
    rows, further = most_of(table(cohort), SHOWN)
    for row in rows:
        yield f"  {row['similarity']:.3f}  {safe(row['user1'])}  {safe(row['user2'])}"
        passages, more = most_of(row["passages"], PASSAGES_SHOWN)
        yield from (f"           {_lines(passage)}" for passage in passages)
        if more:
            yield f"           and {more} more passages"
    if further:
        yield f"  ... and {further:,} more pairs (--json and --pairs have them all)"
    for group in cohort.groups(solution):
        yield f"  group: {', '.join(safe(name) for name in cohort.named(group))}"
    yield from how_good("challenge", solution)
    yield from listed(cohort.named(solution.answer))


def _lines(passage: Mapping[str, Any]) -> str:
    """Which lines match, in a phrase."""
    parts = ((passage["first_file"], passage["first_lines"]), (passage["second_file"], passage["second_lines"]))
    return " = ".join(f"{safe(file, 200)} {first}-{last}" for file, (first, last) in parts)


def draw(cohort: Submissions, solution: Solution) -> Figure:
    """The similarities as given and in order, the groups framed."""
    import numpy as np

    from problems.pictures.heatmap import figure_of
    from problems.studies.ordering import dendrogram

    order = np.array(solution.answer, dtype=np.int64)
    place = np.argsort(order)
    count = len(cohort.pairs)
    return figure_of(
        cohort.similarity,
        order,
        items=cohort.titles,
        title=f"{cohort.source}: {count} pair{'' if count == 1 else 's'} above {cohort.threshold.value:.3g}",
        tree=dendrogram(1 - cohort.similarity, order),
        groups=[place[group].tolist() for group in cohort.groups(solution)],
    )


def write(cohort: Submissions, options: argparse.Namespace, solution: Solution) -> None:
    """The files that were asked for."""
    from problems.studies.ordering import write_order, write_rows

    if options.out is not None:
        write_order(options.out, cohort.named(solution.answer))
    if options.pairs is not None:
        write_rows(
            options.pairs,
            ("rank", "user1", "user2", "similarity", "passages"),
            ([*list(row.values())[:4], "; ".join(map(_lines, row["passages"]))] for row in table(cohort)),
        )
    if options.html is not None and cohort.code is not None:
        from problems.pictures.side_by_side import Pair, page
        from problems.terminal.files import replace_file

        texts = [{source.path: source.text for source in sources} for sources in cohort.code.sources]
        shown = [
            Pair(cohort.titles[i], cohort.titles[j], float(cohort.similarity[i, j]), texts[i], texts[j], passages)
            for (i, j), passages in zip(cohort.pairs, cohort.passages, strict=False)
        ]
        told = f"similarity above {cohort.threshold.value:.3g}: {cohort.threshold.why}"
        replace_file(options.html, page(cohort.source, told, shown, len(cohort.pairs)).encode("utf-8"))


RECIPE = Recipe(
    "plagiarism",
    "Near-copies among programs, in pairs, groups and an order of all.",
    arguments,
    read,
    solvers=("enumeration", "subsets", "local-search", "insertion", "faq"),
    examples=("--code submissions/ --ignore template/ --html pairs.html", "--similarity pairs.csv --plot heat.png"),
    columns={"pairs": ("first", "second", "similarity"), "groups": ("group",), "order": ("submission",)},
)

if __name__ == "__main__":
    main(RECIPE)
