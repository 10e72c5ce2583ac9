"""Edge tables: an edge a line, as "u v", "u v weight" or "u v {'weight': 1.5}", or with named columns in any order."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from itertools import chain

import numpy as np

from problems.io.cells import Separator, split
from problems.io.formats.header import POINTS, Header, ends_of, header_of, like_points
from problems.io.formats.rows import BY_SUFFIX, COMMENTS, Rows, first_unlike, is_number, rows_of
from problems.io.parsed import EXACT_INTEGERS, Asked, Attributes, Column, Parsed, are_times, columns_of, ends, number
from problems.terminal.errors import InputError, quoted

STRICT = ".edgelist"  # what networkx writes: separated by blanks, without a header
MAX_DICT = 10_000  # characters; Python's parser needs disproportionate memory for more
KONECT = re.compile(r"(sym|asym|bip)\s+(\w+)")


def parse(text: str, asked: Asked = Asked(), suffix: str = STRICT) -> Parsed:  # noqa: B008 (it is frozen)
    r"""The graph in an edge table; raises InputError.

    What separates the columns, and whether the first row names them, is guessed unless the suffix is STRICT.

    >>> graph = parse("a b 2.5\nb c 1  # a comment\n")
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist(), graph.columns["weight"].tolist()
    (['a', 'b', 'c'], [0, 1], [1, 2], [2.5, 1.0])
    """
    separator = _separator(asked.delimiter)
    first = next((line for line in text.split("\n") if line.strip() and line.lstrip()[0] not in COMMENTS), "")
    if first.rstrip().endswith("}") and "{" in first:
        return _with_dicts(text, separator or BY_SUFFIX.get(suffix))
    rows = rows_of(text, separator, suffix, guess=suffix != STRICT)
    header = header_of(rows, asked.columns or ())
    if suffix == STRICT and header and header.is_row:
        raise InputError(f"line {rows.lines[0]} looks like a header ({quoted(' '.join(rows.first))}); begin it with #")
    graph = _graph(rows, header, asked)
    if separator is None and rows.separator not in (None, "\t", BY_SUFFIX.get(suffix)):
        graph.notes.append(f"The columns are separated by {quoted(rows.separator)}.")
    return graph


def _separator(given: str | None) -> Separator:
    """What --delimiter says: "\\t" is a tab, blanks are the default."""
    if given == "":
        raise InputError("cannot be split at an empty --delimiter; give a character")
    return None if given is None or given == " " else given.replace("\\t", "\t")


def _graph(rows: Rows, header: Header | None, asked: Asked) -> Parsed:
    """The graph in the rows, those of the header apart."""
    columns, lines, where = rows.columns, rows.lines, "the last comment"
    if header and header.is_row:
        where, lines = f"line {lines[0]}", lines[1:]
        if not lines:
            raise InputError(f"has no edges below {where}, which names columns; write one a line")
    elif len(rows.first) == len(columns) or not columns:
        columns = [[cell, *(columns[i] if columns else ())] for i, cell in enumerate(rows.first)]
    else:
        raise InputError(first_unlike(rows))
    names = header.names if header else [""] * len(columns)
    if not header and asked.columns is None:
        if like_points(columns, rows):
            raise InputError(f"looks like {POINTS}; if these are edges, write {_names_above(len(columns))} above them")
        _refuse_other_ends(columns)
    u, v = _chosen(names, asked) or (ends_of(names, rows, where) if header else (0, 1))
    graph = _assembled(rows.comments, columns[u], columns[v], lines)
    others = {i: _values(column, rows.separator) for i, column in enumerate(columns) if i not in (u, v)}
    if header:
        for i, column in others.items():
            by_number = not names[i] or (asked.weight == str(i + 1) and asked.weight not in names)
            graph.columns.setdefault(f"column {i + 1}" if by_number else names[i], column)
        _take_types(graph)
        ends = f"an edge's ends are {quoted(names[u])} and {quoted(names[v])}"
        both = ", both ways unless you say --directed" if graph.directed is None and asked.directed is None else ""
        graph.notes.append(f"{where[0].upper()}{where[1:]} is taken as names of columns: {ends}{both}.")
    elif not _take_konect(graph, rows.comments, others):
        graph.columns = _unnamed(others, asked)
        if not others:
            _refuse_counts(columns, lines)
        elif len(columns) == len(lines):
            _refuse_matrix(columns)
    return graph


def _refuse_other_ends(columns: Sequence[Sequence[str]]) -> None:
    """Raise InputError where further columns look like ends of edges, as in "a -> b 1.5" or "a knows b"."""
    if len(columns) < 3:
        return
    if not any(map(str.isalnum, "".join(columns[1]))):
        sign = quoted(columns[1][0])
        raise InputError(f"has {sign} where an edge's end should be; say --columns 1 3, or which others")
    first, second = map(set, columns[:2])
    for place, column in enumerate(columns[2:], start=3):
        for cell in column:
            if (cell in first or cell in second) and number(cell) is None:
                why = f"column {place} holds {quoted(cell)} too, as column {1 if cell in first else 2}"
                remedy = f"say which columns, perhaps --columns {1 if cell in first else 2} {place}"
                raise InputError(f"has edges' ends in columns that are not sure: {why}; {remedy}")


def _refuse_counts(columns: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
    """Raise InputError for a first row that counts nodes and edges, as far as one can tell from all others."""
    n, m = (number(column[0]) for column in columns)
    if isinstance(n, int) and m == len(columns[0]) - 1 and n > 1:
        nodes = {*columns[0][1:], *columns[1][1:]}
        if len(nodes) == n and nodes in ({str(i) for i in range(n)}, {str(i) for i in range(1, n + 1)}):
            raise InputError(
                f"line {lines[0]} may count {n} nodes and {m} edges, or be an edge; "
                "begin it with # if it counts, move it to the end if it is an edge"
            )


def _names_above(width: int) -> str:
    """What to write above two or three columns that are read as edges then."""
    return ",".join(("source", "target", "weight")[:width])


def _refuse_matrix(columns: Sequence[Sequence[str]]) -> None:
    """Raise InputError for numbers that are symmetric, with zeros on the diagonal."""
    symmetric = all(
        tuple(row) == tuple(column) for row, column in zip(zip(*columns, strict=True), columns, strict=True)
    )
    if symmetric and all(number(column[i]) == 0 for i, column in enumerate(columns)):
        remedy = f"if they are edges, write {_names_above(3)} above them"
        raise InputError(f"looks like a matrix of {len(columns)} nodes; give a line for each edge, or {remedy}")


def _chosen(names: Sequence[str], asked: Asked) -> tuple[int, int] | None:
    """The positions of the columns that the user says hold the ends; None if not said."""
    if asked.columns is None:
        return None
    places = []
    for name in asked.columns:
        place = names.index(name) if name in names else int(name) - 1 if name.isdecimal() and len(name) < 9 else -1
        if not 0 <= place < len(names):
            there = f"named {quoted(', '.join(filter(None, names)))}, or " if any(names) else ""
            remedy = f"say one of those {there}numbered 1 to {len(names)}"
            raise InputError(f"has no column {quoted(name)}, as --columns says; {remedy}")
        places.append(place)
    if places[0] == places[1]:
        raise InputError("cannot have both ends of an edge in one column; name two with --columns U V")
    return places[0], places[1]


def _assembled(comments: Sequence[str], sources: list[str], targets: list[str], lines: Sequence[int]) -> Parsed:
    """The graph of these edges, its direction as the comments in front say."""
    notes: list[str] = []
    directed: bool | None = None
    for comment in comments:
        konect = KONECT.match(comment)
        said = re.match(r"(un)?directed\s+graph\b", comment, re.IGNORECASE)
        if konect:
            directed = konect[1] == "asym"
            if konect[1] == "bip":  # both sides are numbered from 1
                sources, targets = [f"left {node}" for node in sources], [f"right {node}" for node in targets]
                notes.append("The graph is bipartite; its nodes are named 'left 1', 'right 1' and so on.")
            break
        if said:
            directed = said[1] is None
            break
    ids = list(dict.fromkeys(chain.from_iterable(zip(sources, targets, strict=True))))
    if "" in ids:
        e = next(e for e, pair in enumerate(zip(sources, targets, strict=True)) if "" in pair)
        raise InputError(f"line {lines[e]} has an empty column where an edge's end should be; name the node")
    tail, head = ends(ids, sources, targets)
    return Parsed(ids, tail, head, directed, notes=notes)


def _values(column: Sequence[str], separator: Separator) -> Column:
    """The numbers of a column, float64, if all its cells are; else its texts and numbers, None for an empty cell."""
    if separator not in (",", None) and any("," in cell for cell in column):
        cells: Sequence[str] = [cell.replace(",", ".") if is_number(cell, separator) else cell for cell in column]
    else:
        cells = column
    joined = "".join(cells)
    if joined.isascii() and "_" not in joined:
        try:
            values = np.array(list(map(float, cells)))
            if np.all(np.abs(values) <= EXACT_INTEGERS):
                return values
        except ValueError:
            pass
    numbers = [number(cell) for cell in cells]
    return [(cell or None) if value is None else value for cell, value in zip(cells, numbers, strict=True)]


def _unnamed(others: dict[int, Column], asked: Asked) -> dict[str, Column]:
    """The columns of a table without header: "weight" if there is one, and the user does not say its number."""
    names = {i: f"column {i + 1}" for i in others}
    if len(others) == 1 and asked.weight != str(next(iter(others)) + 1) and not are_times(next(iter(others.values()))):
        names = dict.fromkeys(others, "weight")
    return {names[i]: column for i, column in others.items()}


def _take_types(graph: Parsed) -> None:
    """Gephi's column Type says of each edge whether it is directed."""
    for name, column in graph.columns.items():
        words = [str(value).lower() for value in column] if name.lower() == "type" else []
        if words and set(words) <= {"directed", "undirected"}:
            graph.directed = np.array([word == "directed" for word in words])
            del graph.columns[name]
            return


def _take_konect(graph: Parsed, comments: Sequence[str], others: dict[int, Column]) -> bool:
    """KONECT's first comment says whether the third column holds weights; the fourth holds times."""
    match = next((match for comment in comments if (match := KONECT.match(comment))), None)
    if match is None:
        return False
    if match[2] == "dynamic":
        raise InputError("lists edges that come and go (KONECT's dynamic); give the edges of one moment, a line each")
    if 2 in others and match[2] not in ("unweighted", "positive"):
        graph.columns = {"weight": others[2]}
    elif 2 in others and match[2] == "positive":
        graph.columns = {"multiplicity": others[2]}
    return True


def _with_dicts(text: str, separator: Separator) -> Parsed:
    """The graph in lines "u v {attributes}", as networkx writes them."""
    sources: list[str] = []
    targets: list[str] = []
    attributes: list[Attributes] = []
    lines: list[int] = []
    for line, row in enumerate(text.split("\n"), start=1):
        if not row.strip() or row.lstrip()[0] in COMMENTS:
            continue
        before, brace, after = row.partition("{")
        pair = [cell for cell in split(before.strip(), separator) if cell]
        if not brace or len(pair) != 2:
            raise InputError(
                f"line {line} is {quoted(row.strip())}, where 'u v {{attributes}}' is expected; make all rows alike"
            )
        sources.append(pair[0])
        targets.append(pair[1])
        attributes.append(dict_of((brace + after).strip(), line))
        lines.append(line)
    graph = _assembled([], sources, targets, lines)
    graph.columns = columns_of(attributes)
    return graph


def dict_of(text: str, line: int) -> dict[str, object]:
    """The attributes in a Python dict of literals; nothing is executed. Raises InputError for anything else.

    >>> dict_of("{'weight': 1.5}", line=1)
    {'weight': 1.5}
    """
    try:
        if len(text) > MAX_DICT:
            raise ValueError
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python's parser about unusual literals
            value = ast.literal_eval(text)
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise ValueError
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise InputError(f"line {line} has {quoted(text)}, which is not a dict of plain values") from None
    return value
