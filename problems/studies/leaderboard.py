"""The seriation challenge: order users so that similar ones are close, and compare methods by one score."""

from __future__ import annotations

import math
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from problems.studies.entries import Failed, outside
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from formulations.problem import Ints
    from problems.io.pairs import Pairs

CLIP = 1e-9  # similarities are at most 1 - CLIP, so that log(1 - s) is finite
FEW = 20  # users on whom our own methods run first, so that what they import does not count either
WIDTH, METHOD_WIDTH = 80, 40  # characters of a line of the table, and of a method's name in it
Result = float | str  # a score, "timeout", or why there is none
Method = Callable[["Pairs", float], "Ints"]


@dataclass(frozen=True)
class Row:
    """A method's scores on the two sets of pairs, or "timeout", or why there is none; seconds for both."""

    method: str
    train: Result
    holdout: Result
    seconds: float


def score(pairs: Pairs, order: Ints) -> float:
    """100 (x - m) / (-m) for x = sum |z_u - z_v| log(1 - s_uv) / (M N) and m = sum log(1 - s_uv) / (3 M).

    The sums run over the M listed pairs, z is the place of each of the N users, order int64 (N,) the user at each
    place. About 0 for a random order (mean |z_u - z_v| is (N + 1) / 3), greater is better; s = 1 counts as 1 - 1e-9.
    Raises InputError where all s are 0 (every order is then equally good), ValueError if `order` is no permutation.

    >>> import numpy as np
    >>> from problems.io.pairs import Pairs
    >>> pairs = Pairs(["ann", "bob", "cem"], np.array([0]), np.array([2]), np.array([0.9]))
    >>> score(pairs, np.array([0, 1, 2])), score(pairs, np.array([0, 2, 1]))  # ann and cem apart, next to each other
    (-100.0, 0.0)
    """
    import numpy as np

    n = len(pairs.items)
    if not np.array_equal(np.sort(order), np.arange(n)):
        raise ValueError(f"the order does not name each of the {n} users once; give a permutation of 0 to {n - 1}")
    log = np.log1p(-np.minimum(pairs.similarity, 1 - CLIP))
    if not log.any():
        raise InputError("all similarities are 0, so that every order is as good; give pairs with some similarity")
    place = np.argsort(order)
    x = np.abs(place[pairs.first] - place[pairs.second]) @ log / n
    m = log.sum() / 3
    return float(100 * (x - m) / -m)


def leaderboard(
    train: Pairs, holdout: Pairs, entries: Mapping[str, Method], user_entries: Sequence[str], seconds: float
) -> Iterator[Row]:
    """One row for each of our entries and of the users' "module:function", once it was run on both sets of pairs.

    Ours map pairs and seconds on the clock to an order. A user's function
    order(user1, user2, similarity) -> list of the users runs in a process that is killed when its threads together have
    used that many CPU seconds, or after twice as many on the clock; its module may also be in the current folder.
    Whatever an entry raises is noted in its row. Raises InputError if all similarities of a set are 0.
    """
    import numpy as np  # not at the top: child processes would spend their time on it

    for name, pairs in (("training", train), ("hold-out", holdout)):
        try:
            score(pairs, np.arange(len(pairs.items)))
        except InputError as error:
            raise InputError(f"the {name} pairs: {error}") from None
    users: dict[str, Method] = {target: outside(target) for target in user_entries}
    few = _few()
    for method, order in (*entries.items(), *users.items()):
        if method not in users:
            with suppress(Exception):  # its row will say so
                order(few, min(seconds, 1.0))
        started = time.perf_counter()
        on_train, on_holdout = (_result(order, pairs, seconds) for pairs in (train, holdout))
        yield Row(method, on_train, on_holdout, time.perf_counter() - started)


def _few() -> Pairs:
    """A few users, of whom neighbours are similar."""
    import numpy as np

    from problems.io.pairs import Pairs

    first, second = np.triu_indices(FEW, 1)
    return Pairs([str(user) for user in range(FEW)], first, second, np.power(0.9, second - first).astype(np.float64))


def table(rows: Sequence[Row]) -> list[str]:
    r"""The leaderboard in lines of up to WIDTH characters, ranked by hold-out scores; below it why methods failed.

    >>> rows = [Row("random", 0.5, -1.25, 0.01), Row("mine", 80.0, "timeout", 60.0), Row("other", 1.5, -1.25, 2.0)]
    >>> print("\n".join(table(rows)))
    rank  method  train  hold-out  seconds
       1  random   0.50     -1.25      0.0
       1  other    1.50     -1.25      2.0
       -  mine    80.00   timeout     60.0
    """
    scores = [_rounded(row.holdout) for row in rows]
    ranked = sorted(zip(scores, rows, strict=True), key=lambda scored: -scored[0])  # equal ones as they came
    cells = [("rank", "method", "train", "hold-out", "seconds")]
    for own, row in ranked:
        rank = "-" if own == -math.inf else str(1 + sum(score > own for score in scores))
        results = _cell(row.train), _cell(row.holdout)
        cells.append((rank, safe(row.method, METHOD_WIDTH), *results, f"{row.seconds:.1f}"))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for rank, method, *numbers in cells:
        aligned = map(str.rjust, (rank, *numbers), (widths[0], *widths[2:]))
        lines.append("  ".join([next(aligned), method.ljust(widths[1]), *aligned]))
    for _, row in ranked:
        for name, result in (("train", row.train), ("hold-out", row.holdout)):
            if _cell(result) == "failed":
                why = f"{safe(row.method, METHOD_WIDTH)} failed on {name}: {safe(result, 160)}"
                lines += textwrap.wrap(why, WIDTH, subsequent_indent="  ")
    return lines


def _rounded(result: Result) -> float:
    """The score without the rounding errors of its sum, so that equal orders tie; none is the worst."""
    return -math.inf if isinstance(result, str) else round(result, 9)


def _cell(result: Result) -> str:
    if isinstance(result, str):
        return "timeout" if result == "timeout" else "failed"
    return f"{result:.2f}"


def _result(order: Method, pairs: Pairs, seconds: float) -> Result:
    try:
        return score(pairs, order(pairs, seconds))
    except Failed as error:
        return str(error)
    except Exception as error:  # the other entries are still to run
        return f"{type(error).__name__}: {safe(error, 120)}"
