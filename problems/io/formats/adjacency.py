"""networkx's lists of neighbours: "u v w ..." a line, or "u 2" and then two lines "v {attributes}"."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from problems.io.formats.edgelist import dict_of
from problems.io.parsed import Attributes, Parsed, columns_of, ends, number
from problems.terminal.errors import InputError, quoted, safe


def parse(text: str) -> Parsed:
    r"""The graph in an adjacency list, without weights; raises InputError.

    >>> graph = parse("# a comment\na b c\nb c\nd\n")
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist()
    (['a', 'b', 'c', 'd'], [0, 0, 1], [1, 2, 2])
    """
    rows = [words for _, words in _rows(text)]
    ids = list(dict.fromkeys(chain.from_iterable(rows)))
    pairs = [(row[0], other) for row in rows for other in row[1:]]
    return Parsed(ids, *ends(ids, [u for u, _ in pairs], [v for _, v in pairs]))


def parse_multiline(text: str) -> Parsed:
    r"""The graph in an adjacency list of several lines a node, with attributes; raises InputError.

    >>> graph = parse_multiline("a 1\nb {'weight': 2}\nb 0\n")
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist(), graph.columns
    (['a', 'b'], [0], [1], {'weight': [2]})
    """
    ids: dict[str, None] = {}
    pairs: list[tuple[str, str]] = []
    attributes: list[Attributes] = []
    node, left = "", 0
    for line, words in _rows(text):
        ids[words[0]] = None
        if left:
            rest = " ".join(words[1:])
            pairs.append((node, words[0]))
            attributes.append(dict_of(rest, line) if rest else {})
            left -= 1
            continue
        node = words[0]
        count = number(words[1]) if len(words) == 2 else None
        if not isinstance(count, int) or count < 0:
            raise InputError(f"line {line} is {quoted(' '.join(words))}; write 'node neighbours', the second a number")
        left = count
    if left:
        raise InputError(f"ends where {safe(left)} neighbours of {quoted(node)} should follow; is it cut short?")
    nodes = list(ids)
    tail, head = ends(nodes, [u for u, _ in pairs], [v for _, v in pairs])
    return Parsed(nodes, tail, head, columns=columns_of(attributes))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The numbered lines in words, without comments."""
    for line, row in enumerate(text.split("\n"), start=1):
        words = row.partition("#")[0].split() if "{" not in row else row.split()
        if words:
            yield line, words
