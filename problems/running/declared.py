"""What a recipe declares: its arguments, and what they come to.

Most come to a Task, which is to be solved; an earlier answer that is checked to a Verdict, a comparison of methods to a
Report.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from problems.terminal.arguments import ANSWERED, parser

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Problem, SaddleProblem, SearchProblem, Separable
    from solvers.solution import Solution


@dataclass(frozen=True)
class Ranking:
    """The k best answers are asked for; `line` says one of them, the second, in a line beside the best."""

    k: int
    line: Callable[[Solution, Solution], str]


@dataclass(frozen=True)
class Task:
    """One run of a recipe, its input read.

    source    what messages call the input: the file's name
    title     what is looked for; by default the recipe's summary up to its first comma
    problem   builds the model; its ValueErrors are about the input
    notes     what the user should be told about how the input was read
    facts     sizes, for the JSON's stats and the headline
    describe  the answer in lines for a reader
    draw      the answer as a figure
    solving   further arguments of solve()
    solver    what --solver says, if anything -> that solver, its settings set
    follow    called with the search at every look at it
    asked     the question as JSON holds it: an answer proves nothing of any other
    answer    the answer as JSON holds it
    evidence  what the JSON's certificate holds besides, for whoever wants to check the answer without us
    measures  what the JSON's stats hold besides
    start     a file -> an answer to begin from, as solve() takes it; raises InputError for what is no answer
    columns   variable -> names of its entries, for a model that is written for other solvers
    prices    what the limits that were asked for cost: name -> number or numbers
    conflict  which of the demands contradict each other where there is no answer, in a sentence, within those seconds
    write     writes the file that the user asked for, beside the picture
    ranking   how many of the best answers are asked for, if not the best alone
    """

    source: str
    problem: Callable[[], Problem | SearchProblem | SaddleProblem | Separable]
    describe: Callable[[Solution], Iterable[str]]
    draw: Callable[[Solution], Figure]
    notes: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    solving: Mapping[str, Any] = field(default_factory=dict)
    solver: Callable[[str | None], Any] = lambda name: name
    follow: Callable[[Any], None] | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    answer: Callable[[Solution], Any] = lambda solution: solution.answer
    evidence: Callable[[Solution], Mapping[str, Any]] = lambda _: {}
    measures: Callable[[Solution], Mapping[str, Any]] = lambda _: {}
    start: Callable[[str], Any] | None = None
    columns: Callable[[], Mapping[str, Sequence[str]]] = dict
    prices: Callable[[Solution], Mapping[str, Any]] = lambda _: {}
    conflict: Callable[[Solution, float], str] | None = None
    write: Callable[[Solution], None] | None = None
    title: str | None = None
    ranking: Ranking | None = None


@dataclass(frozen=True)
class Verdict:
    """What came of checking an answer found earlier: each check and whether it holds, and what all of them prove."""

    source: str
    checks: Sequence[tuple[str, bool]]
    said: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """What a recipe has to show besides an answer: a comparison of methods, or samples.

    rows   what came of each, one method after the other
    lines  those rows that there are, for a reader
    data   the same for --json
    notes  what the user should be told before
    draw   those rows as a figure, where there is one
    code   the exit code that those rows come to
    """

    rows: Iterable[Any]
    lines: Callable[[Sequence[Any]], Sequence[str]]
    data: Callable[[Sequence[Any]], Mapping[str, Any]]
    notes: Sequence[str] = ()
    draw: Callable[[Sequence[Any]], Figure] | None = None
    code: Callable[[Sequence[Any]], int] = lambda _: ANSWERED


@dataclass(frozen=True)
class Recipe:
    """A problem that a person can run.

    name       of its module
    summary    one line on what it does
    arguments  declares its own arguments
    read       the arguments -> its task
    solvers    the names of the solvers that take it
    examples   two command lines, for --help: what comes after the recipe's name
    parts      whether it is made of parts, each of which has the time limit to itself
    draws      whether there is a picture of what it finds
    columns    what the columns of the answer's tables are called in a report: "answer", or the table's key -> names
    """

    name: str
    summary: str
    arguments: Callable[[argparse.ArgumentParser], None]
    read: Callable[[argparse.Namespace], Task | Verdict | Report]
    solvers: Sequence[str]
    examples: Sequence[str]
    parts: bool = False
    draws: bool = True
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def parser(self) -> argparse.ArgumentParser:
        """The parser of its command line."""
        return parser(self.name, self.summary, self.arguments, self.solvers, self.examples, self.draws)
