"""Edge lists: one edge a line, as "u v", "u v weight" or "u v {'weight': 1.5}"."""

from __future__ import annotations

import ast
import warnings

from problems.io.build import Attributes, Parsed, ends, number
from problems.terminal.errors import InputError, quoted

MAX_DICT = 10_000  # characters; Python's parser needs disproportionate memory for more
HEADERS = {("source", "target"), ("from", "to"), ("tail", "head"), ("src", "dst"), ("node1", "node2")}
COLUMNS = {2: "two columns", 3: "three columns", 0: "a dict"}


def parse(text: str, delimiter: str | None = None) -> Parsed:
    r"""The graph in an edge list whose columns are separated by blanks, or by `delimiter`; raises InputError.

    >>> graph = parse("a b 2.5\nb c 1  # a comment\n")
    >>> graph.nodes, graph.tail.tolist(), graph.head.tolist(), graph.attributes
    (['a', 'b', 'c'], [0, 1], [1, 2], [{'weight': 2.5}, {'weight': 1}])
    """
    sources: list[str] = []
    targets: list[str] = []
    attributes: list[Attributes] = []
    shape = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python's parser about unusual literals
        for line, row in enumerate(text.split("\n"), start=1):
            columns = _columns(row, delimiter)
            if not columns:
                continue
            if len(columns) not in (2, 3) or "" in columns[:2]:
                raise InputError(_misshapen(line, columns, delimiter))
            if delimiter is None and columns[0].endswith((",", ";")):
                raise InputError(f"line {line} has commas between columns; use --delimiter '{columns[0][-1]}'")
            literal = len(columns) == 3 and columns[2].startswith("{")
            this = 0 if literal else len(columns)
            if shape is None:
                shape = this
                if (columns[0].lower(), columns[1].lower()) in HEADERS:
                    raise InputError(f"line {line} looks like a header ({quoted(row.strip())}); begin it with #")
            if this != shape:
                raise InputError(
                    f"line {line} has {COLUMNS[this]} where the lines before have {COLUMNS[shape]}; make them all alike"
                )
            sources.append(columns[0])
            targets.append(columns[1])
            if this:
                attributes.append({"weight": _number_or_word(columns[2])} if this == 3 else {})
            else:
                attributes.append(_literal(columns[2], line))
    if not sources:
        raise InputError("has no edges; an edge list has one edge a line: u v, or u v weight")
    ids = list(dict.fromkeys(end for pair in zip(sources, targets, strict=True) for end in pair))
    tail, head = ends(ids, sources, targets)
    return Parsed(ids, tail, head, attributes=attributes)


def _columns(row: str, delimiter: str | None) -> list[str]:
    """The columns of a row without its comment; a dict at the end is one column."""
    if "#" in row:
        if row.lstrip().startswith("#"):
            return []
        if "{" not in row:
            row = row.partition(" #")[0]
    if not row or row.isspace():
        return []
    if not row.rstrip().endswith("}"):
        return _split(row, delimiter)
    before, brace, after = row.partition("{")
    return [column for column in _split(before, delimiter) if column] + [(brace + after).strip()]


def _split(row: str, delimiter: str | None) -> list[str]:
    return row.split() if delimiter is None else [column.strip() for column in row.split(delimiter)]


def _number_or_word(text: str) -> object:
    value = number(text)
    return text if value is None else value


def _literal(text: str, line: int) -> dict[str, object]:
    """The attributes in a Python dict of literals; nothing is executed."""
    try:
        if len(text) > MAX_DICT:
            raise ValueError
        value = ast.literal_eval(text)
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise ValueError
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise InputError(f"line {line} has {quoted(text)}, which is not a dict of plain values") from None
    return value


def _misshapen(line: int, columns: list[str], delimiter: str | None) -> str:
    """What is wrong with the columns of a line, and the remedy."""
    count = f"line {line} has {'an empty column' if len(columns) in (2, 3) else f'{len(columns)} column(s)'}"
    shape = "an edge is u v, or u v weight"
    used = next((sign for sign in (",", ";", "|", "\t") if sign in " ".join(columns)), None)
    if used and used != delimiter:
        return f"{count}; {shape}: if columns are parted by '{used}', use --delimiter '{used}'"
    return f"{count}; {shape}: remove the others, or give another --delimiter"
