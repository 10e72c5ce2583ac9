"""Which edge attribute is the weight, and its numbers.

What the user names is taken; else "weight" in any case; else the only attribute that is a number on every edge, or the
only one of those whose name says that it is a length or a cost. Edges count 1 only where no attribute might be meant.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from formulations.problem import Floats
from problems.io.parsed import EXACT_INTEGERS, Asked, Column, Parsed, are_times, numeric
from problems.terminal.errors import InputError, listed, quoted, safe

LENGTH = re.compile(  # a word in the name of an attribute which is a length or a cost
    r"w|wt|weights?|len|lengths?|dist|distances?|costs?|price|toll|time|duration|latency|delay|impedance|km|miles|mileage"
    r"|(kilo)?met(er|re)s"
)
NUMBERING = re.compile(
    r"ids?|key|index|idx|(osm|su|e|f|g|o)id"
)  # the last word in the name of one that only numbers the edges
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


@dataclass
class _Candidates:
    """The names of attributes that might be the weight.

    typed   numbers on every edge
    full    these, and those that have the numbers as text
    partly  not numbers on every edge, but on some
    vague   not numbers on every edge, though they should be: named like lengths, or labels drawn as numbers
    times   numbers on every edge that look like Unix times
    """

    typed: list[str] = field(default_factory=list)
    full: list[str] = field(default_factory=list)
    partly: list[str] = field(default_factory=list)
    vague: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)


def _suggested(graph: Parsed, limits: Sequence[str], notes: list[str]) -> str | None:
    """The attribute that is the weight if the user names none; None where every edge counts 1."""
    for key in sorted([*graph.columns, *graph.unread], key=lambda key: key != "weight"):
        if key.lower() == "weight":
            return key
    if not len(graph.tail):
        return None
    found = _candidates(graph, {_named(graph, limit) for limit in limits})
    lengths = [key for key in found.full if is_length(key)]
    for choice in (lengths, [] if found.vague else found.typed):
        if len(choice) > 1:
            names = _listed(choice)
            raise InputError(
                f"has several numeric edge attributes ({names}); choose one with --weight NAME, or {COUNT}"
            )
        if choice:
            rest = _listed(key for key in [*found.full, *found.times] if key != choice[0])
            why = f"not {rest}" if rest else f"the only {'other ' if limits else ''}numeric one"
            notes.append(f"The edge attribute {quoted(choice[0])}, {why}, is taken as weight.")
            return choice[0]
    _refuse_to_guess(graph, found)
    but = ""
    if found.partly:
        but = f" ({_listed(found.partly)} is not a number on every edge{_first_without(graph, found.partly[0])})"
    notes.append(f"The edges have no weights{but}, so each counts 1.")
    return None


def _candidates(graph: Parsed, taken: Collection[str]) -> _Candidates:
    """The attributes that might be the weight; those `taken` are not."""
    found = _Candidates(vague=[key for key in graph.unread if is_length(key)])
    for key, column in graph.columns.items():
        if key in taken or NUMBERING.fullmatch(_words(key)[-1]):
            continue
        numbers, texts = _counted(column)
        if numbers + texts < len(column):
            found.partly += [key] if numbers else []
            found.vague += [key] if is_length(key) or (key == "label" and _are_amounts(column)) else []
        elif are_times(column):
            found.times.append(key)
        else:
            found.full.append(key)
            found.typed += [key] if not texts else []
    return found


def _refuse_to_guess(graph: Parsed, found: _Candidates) -> None:
    """Raise InputError where edges should not simply be counted, as some attribute may be meant to be the weight."""
    if found.vague and found.vague[0] in graph.unread:
        raise InputError(f"{graph.unread[found.vague[0]]}, or {COUNT}")
    if found.vague:
        raise InputError(
            f"has the edge attribute {quoted(found.vague[0])}, but not as a number on every edge"
            f"{_first_without(graph, found.vague[0])}; give every edge one, "
            f"choose another with --weight NAME, or {COUNT}"
        )
    if found.times:
        verb = "look" if len(found.times) > 1 else "looks"
        raise InputError(
            f"has as only numbers {_listed(found.times)}, which {verb} like Unix times; "
            f"say --weight {quoted(found.times[0].removeprefix('column '))} to take them as weights, or {COUNT}"
        )
    if found.full:
        names = _listed(found.full)
        raise InputError(
            f"has no attribute that is surely a weight, but numbers in {names}; choose with --weight NAME, or {COUNT}"
        )


def _first_without(graph: Parsed, name: str) -> str:
    """The first edge whose attribute is no number, and what it has instead, as the end of a sentence."""
    for e, value in enumerate(graph.columns[name]):
        if numeric(value) is None:
            return f": {_edge(graph, e)} has {'none' if value in (None, '') else quoted(value)}"
    return ""


def is_length(name: str) -> bool:
    """Whether a name says that it is of a length or a cost.

    >>> is_length("travel_time"), is_length("roadLength"), is_length("colour")
    (True, True, False)
    """
    return any(map(LENGTH.fullmatch, _words(name)))


def _words(name: str) -> list[str]:
    """The words of a name such as travel_time or linkLength, in small letters."""
    return [word.lower() for word in _WORDS.findall(name)] or [""]


def _are_amounts(column: Column) -> bool:
    """Whether all values that are there begin with a digit, as drawings label edges "3 km"."""
    given = [str(value) for value in column if value not in (None, "")]
    return bool(given) and all(text[:1].isdecimal() for text in given)


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
    edge = _edge(graph, e)
    if value is None:
        return f"{edge} has no {safe(name)}; give every edge one, or choose another attribute with {option}"
    fault = "not a number"
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        fault = "too large" if isinstance(value, int) else "not finite"
    return f"{edge} has as {safe(name)} {quoted(value)}, which is {fault}; give every edge a finite number"


def _edge(graph: Parsed, e: int) -> str:
    """Edge e, by its number from 1 on and its ends."""
    u, v = (quoted(graph.nodes[end]) for end in (int(graph.tail[e]), int(graph.head[e])))
    return f"edge {e + 1} ({u} to {v})"


def _listed(names: Iterable[str]) -> str:
    return listed([safe(name, 30) for name in names], 8)
