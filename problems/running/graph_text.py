"""What recipes on graphs say alike: what of the file they have no use for, and nodes in the order visited."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from problems.terminal.errors import most_of, safe

if TYPE_CHECKING:
    from formulations.graphs import Network


def left_out(g: Network, simple: Network, kept: str) -> Iterable[str]:
    """The loops and parallel edges of g that its simple graph lacks; kept says which of parallel edges it has."""
    loops = int((g.tail == g.head).sum())
    parallel = g.m - loops - simple.m
    if loops:
        yield f"{loops} self-loop{'s are' if loops > 1 else ' is'} ignored"
    if parallel:
        yield f"{parallel} parallel edge{'s are' if parallel > 1 else ' is'} ignored, the {kept} being kept"


def in_order(way: Sequence[Hashable], most: int) -> str:
    """The nodes of a path or tour; of more than `most` those at its ends.

    >>> print(in_order(["a", "b", "c", "d"], most=2))
    a -> ... 2 more (--json has them all) ... -> d
    """
    names = [safe(node, 60) for node in way]
    _, more = most_of(names, most)
    if more:
        names[most // 2 : -most // 2] = [f"... {more:,} more (--json has them all) ..."]
    return " -> ".join(names)
