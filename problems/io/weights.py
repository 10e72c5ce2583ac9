"""Which edge attribute is the weight, and its numbers.

What the user names is taken; else "weight" in any case; else the only attribute that is a number on every edge, or the
only one of those whose name says that it is a length or a cost. Edges count 1 only where no attribute might be meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from formulations.problem import Floats
from problems.io.parsed import EXACT_INTEGERS, Asked, Column, Parsed, are_times, numeric
from problems.terminal.errors import InputError, quoted, safe

LENGTH = re.compile(  # a word in the name of an attribute which is a length or a cost
    r"w|wt|weights?|len|lengths?|dist|distances?|costs?|price|toll|time|duration|latency|delay|impedance|km|miles|mileage"
    r"|(kilo)?met(er|re)s"
)
NUMBERING = re.compile(r"ids?|key|index|idx|[a-z]*id")  # the last word in the name of one that only numbers the edges
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
COUNT = "--unweighted to count edges"


def weights(graph: Parsed, asked: Asked, notes: list[str]) -> tuple[Floats, dict[str, Floats]]:
    """The edges' weights, and the further attributes that were asked for, float64 (m,) each, all finite.

    Raises InputError for a name that is none of the attributes, for one that is not a finite number on every edge, and
    where no name was given but several attributes, or one that is not a number on every edge, might be the weight.

    >>> columns = {"osmid": ["7", "8"], "length": ["1.5", "2"]}
    >>> graph = Parsed(["a", "b"], np.array([0, 0]), np.array([1, 1]), columns=columns)
    >>> notes = []
    >>> weights(graph, Asked(), notes)[0].tolist(), notes
    ([1.5, 2.0], ["The edge attribute 'length', the only numeric one, is taken as weight."])
    """
    if asked.unweighted and asked.weight is not None:
        raise InputError("cannot be read with --weight and with --unweighted; say one of them")
    limits = {
        limit: _numbers(graph, _named(graph, limit), "--limit", notes) for limit in dict.fromkeys(asked.attributes)
    }
    if asked.unweighted:
        return np.ones(len(graph.tail)), limits
    name = _suggested(graph, asked.attributes, notes) if asked.weight is None else _named(graph, asked.weight)
    if name is None:
        return np.ones(len(graph.tail)), limits
    return limits[name] if name in limits else _numbers(graph, name, "--weight", notes), limits


def _named(graph: Parsed, name: str) -> str:
    """The attribute that the user means: of that name, the only one so named in another case, or of that column."""
    if name in graph.columns:
        return name
    same = [key for key in graph.columns if key.lower() == name.lower()]
    numbered = f"column {name}"
    return same[0] if len(same) == 1 else numbered if numbered in graph.columns else name


def _suggested(graph: Parsed, limits: Sequence[str], notes: list[str]) -> str | None:
    """The attribute that is the weight if the user names none; None where every edge counts 1."""
    for key in sorted([*graph.columns, *graph.unread], key=lambda key: key != "weight"):
        if key.lower() == "weight":
            return key
    taken = {_named(graph, limit) for limit in limits}
    m = len(graph.tail)
    typed, full, partly, times = [], [], [], []
    for key, column in graph.columns.items():
        if key in taken or NUMBERING.fullmatch(_words(key)[-1]):
            continue
        numbers, texts = _counted(column)
        if numbers + texts < m:
            partly += [key] if numbers or _is_length(key) else []
        elif m and are_times(column):
            times.append(key)
        elif m:
            full.append(key)
            typed += [key] if numbers == m else []
    return _only(graph, [typed, full, partly, times], bool(limits), notes)


def _only(graph: Parsed, found: Sequence[list[str]], others: bool, notes: list[str]) -> str | None:
    """The one of the attributes that might be the weight; None where none might.

    found   those that are numbers on every edge; these and those that have them as text; those that are not on every
            edge, or not numbers, though numbers somewhere or named like lengths; those that look like Unix times
    others  whether there are limits, on attributes that are none of them
    """
    typed, full, partly, times = found
    lengths = [key for key in full if _is_length(key)]
    vague = [key for key in [*partly, *graph.unread] if _is_length(key)]
    for choice in (lengths, [] if vague else typed):
        if len(choice) > 1:
            raise InputError(
                f"has several numeric edge attributes ({_listed(choice)}); choose one with --weight NAME, or {COUNT}"
            )
        if choice:
            rest = _listed(key for key in [*full, *times] if key != choice[0])
            why = f"not {rest}" if rest else f"the only {'other ' if others else ''}numeric one"
            notes.append(f"The edge attribute {quoted(choice[0])}, {why}, is taken as weight.")
            return choice[0]
    if vague and vague[0] in graph.unread:
        raise InputError(f"{graph.unread[vague[0]]}, or {COUNT}")
    if vague:
        raise InputError(
            f"has the edge attribute {quoted(vague[0])}, but not as a number on every edge; "
            f"give every edge one, choose another with --weight NAME, or {COUNT}"
        )
    if times:
        raise InputError(
            f"has as only numbers {_listed(times)}, which look{'s' if len(times) == 1 else ''} like Unix times; "
            f"say --weight {quoted(times[0].removeprefix('column '))} to take them as weights, or {COUNT}"
        )
    if full:
        raise InputError(
            f"has no attribute that is surely a weight, but numbers in {_listed(full)}; "
            f"choose with --weight NAME, or {COUNT}"
        )
    if len(graph.tail):
        but = f" ({_listed(partly)} is not a number on every edge)" if partly else ""
        notes.append(f"The edges have no weights{but}, so each counts 1.")
    return None


def _is_length(name: str) -> bool:
    """Whether a name says that it is of a length or a cost."""
    return any(map(LENGTH.fullmatch, _words(name)))


def _words(name: str) -> list[str]:
    """The words of a name such as travel_time or linkLength, in small letters."""
    return [word.lower() for word in _WORDS.findall(name)] or [""]


def _counted(column: Column) -> tuple[int, int]:
    """How many values are numbers, and how many are numbers written as text."""
    if isinstance(column, np.ndarray):
        return len(column), 0
    numbers = sum(type(value) in (int, float) for value in column)  # bool is excluded
    return numbers, sum(isinstance(value, str) and numeric(value) is not None for value in column)


def _numbers(graph: Parsed, name: str, option: str, notes: list[str]) -> Floats:
    """The attribute `name`, float64 (m,), all finite; the user named it by the command-line `option`."""
    if name in graph.unread:
        raise InputError(graph.unread[name])
    column = graph.columns.get(name)
    if column is None and not len(graph.tail):
        return np.empty(0)
    if column is None:
        raise InputError(_absent(graph, name, option))
    if isinstance(column, np.ndarray):
        values = column
        if np.any(np.abs(values) > EXACT_INTEGERS):
            notes.append("Weights beyond 2^53 are rounded to the nearest floating-point number.")
    else:
        values = _converted(graph, column, name, option, notes)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise InputError(_refusal(graph, int(bad[0]), name, column[bad[0]], option))
    return values


def _absent(graph: Parsed, name: str, option: str) -> str:
    """That there is no such attribute, and which there are, in a sentence."""
    known = [key for key, column in graph.columns.items() if sum(_counted(column))]
    if known == ["weight"]:
        return f"has no edge attribute {quoted(name)}; its only one is weight: name that or omit {option}"
    there = f"the numeric ones there are: {_listed(known)}" if known else f"numeric ones there are none: omit {option}"
    return f"has no edge attribute {quoted(name)}; {there}"


def _converted(graph: Parsed, column: Sequence[object], name: str, option: str, notes: list[str]) -> Floats:
    """The values as float64 (m,), perhaps not finite; notes those that are rounded."""
    values = np.empty(len(column))
    rounded = 0
    for e, given in enumerate(column):
        value = numeric(given)
        if value is None:
            raise InputError(_refusal(graph, e, name, given, option))
        try:
            values[e] = float(value)
        except OverflowError:  # an integer of hundreds of digits
            raise InputError(_refusal(graph, e, name, value, option)) from None
        rounded += abs(value) > EXACT_INTEGERS and isinstance(value, int) and int(values[e]) != value
    if rounded:
        what = "Integer weights" if option == "--weight" else f"Integers given as {safe(name)}"
        notes.append(f"{what} beyond 2^53 ({rounded}) are rounded to the nearest floating-point number.")
    return values


def _refusal(graph: Parsed, e: int, name: str, value: object, option: str) -> str:
    """Why the value of edge e cannot be used, in a sentence."""
    u, v = (quoted(graph.nodes[end]) for end in (int(graph.tail[e]), int(graph.head[e])))
    edge = f"edge {e + 1} ({u} to {v})"
    if value is None:
        return f"{edge} has no {safe(name)}; give every edge one, or choose another attribute with {option}"
    fault = "not a number"
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        fault = "too large" if isinstance(value, int) else "not finite"
    return f"{edge} has as {safe(name)} {quoted(value)}, which is {fault}; give every edge a finite number"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(safe(name, 30) for name in names[:8]) + (", ..." if len(names) > 8 else "")
