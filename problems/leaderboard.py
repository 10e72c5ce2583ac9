"""Methods that order users, on two sets of pairs: python -m problems.leaderboard train.csv holdout.csv."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from problems.recipe import Recipe, Report, main
from problems.terminal.arguments import Given, refuse
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from formulations.problem import Ints, Problem, SearchProblem
    from problems.io.pairs import Pairs

PROTOCOL = """TRAIN is to be looked at: tune a method on it as you like. HOLDOUT, pairs of
other users, ranks: run it once, at the end. Whoever chooses or tunes by it
makes it a second TRAIN, and its scores too good. Without files, two made-up
cohorts.

An entry is a function of yours, order(user1, user2, similarity), of three
lists, a line of the file each; it returns a list of all users. It is called
once for each set, in a process of its own. --time-limit is then in CPU
seconds of all its threads, importing aside, and twice that on the clock;
memory is half of the machine's. It can read Python, what is installed, and
its own file or, of a package, that folder: keep HOLDOUT out of there. It can
write temporary files, and has no network and no other processes. Where a
system cannot hold it to that, this is said."""
NOT_HERE = {
    "plot": "has no picture",
    "solver": "runs all methods",
    "gap": "gives all methods their time",
    "require_proof": "proves nothing",
}
SECONDS = 10.0  # for each method and set of pairs, unless --time-limit says otherwise
EXAMPLE = (12, 2)  # programs and chains of copies among them, in either set of the example
EXAMPLE_SECONDS = 1.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this recipe reads."""
    parser.description = PROTOCOL
    parser.add_argument(
        "train", type=Given, metavar="TRAIN", nargs="?", help="pairs to look at: a CSV user1, user2, similarity"
    )
    parser.add_argument(
        "holdout", type=Given, metavar="HOLDOUT", nargs="?", help="pairs to be judged by, of other users"
    )
    parser.add_argument(
        "--entry", metavar="MODULE:FUNCTION", action="append", default=[], help="one more method, of your own"
    )


def read(options: argparse.Namespace) -> Report:
    """All methods, and those that the user names, on two files of pairs or on the bundled example."""
    from problems.studies.isolation import gaps
    from problems.studies.leaderboard import leaderboard, table

    refuse(options, NOT_HERE, "a leaderboard")
    if (options.train is None) != (options.holdout is None):
        raise InputError("TRAIN is given without HOLDOUT; give two files of pairs, or none for the example")
    bundled = options.train is None
    if bundled:
        train, holdout = _made_up(0), _made_up(1)
        notes: list[str] = []
    else:
        from problems.io.pairs import read_pairs

        paths = (options.train, options.holdout)
        train, holdout = map(read_pairs, paths)
        notes = [
            f"{safe(os.path.basename(path), 200)}: {note}"
            for path, pairs in zip(paths, (train, holdout), strict=True)
            for note in pairs.notes
        ]
    if options.entry and (left := gaps()):
        notes.append(f"this system cannot isolate entries: they may {left}; run only those that you trust")
    seconds = options.time_limit or (EXAMPLE_SECONDS if bundled else SECONDS)
    return Report(
        rows=leaderboard(train, holdout, _methods(options), options.entry, seconds),
        lines=lambda rows: [f"the challenge, {seconds:g} s for each method and set of pairs", *table(rows)],
        data=lambda rows: {"time_limit": seconds, "rows": [vars(row) for row in rows]},
        notes=notes,
    )


def _made_up(seed: int) -> Pairs:
    """The pairs of a made-up cohort."""
    import numpy as np

    from problems.io.pairs import Pairs
    from problems.studies.code_similarity import similarity_of_sources
    from problems.studies.cohort import cohort

    code = similarity_of_sources(cohort(*EXAMPLE, seed).sources)
    first, second = np.triu_indices(len(code.items), 1)
    return Pairs(code.items, first, second, code.matrix[first, second])


def _methods(options: argparse.Namespace) -> dict[str, Callable[[Pairs, float], Ints]]:
    """Our own entries: pairs, seconds -> an order."""
    import numpy as np

    from formulations.orders.leaf_order import leaf_orders
    from formulations.orders.order_starts import spectral_order
    from formulations.seriation import challenge, hamiltonian_path
    from solvers import solve

    def solved(stated: SearchProblem | Problem, seconds: float) -> Ints:
        solution = solve(stated, time_limit=seconds, seed=options.seed, device=options.device)
        if solution.stats["interrupted"]:
            raise KeyboardInterrupt
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
    "leaderboard",
    "The challenge of ordering users, methods compared on two sets of pairs.",
    arguments,
    read,
    solvers=(),
    examples=("train.csv holdout.csv --time-limit 10", "train.csv holdout.csv --entry mymodule:order"),
    parts=True,
    draws=False,
)

if __name__ == "__main__":
    main(RECIPE)
