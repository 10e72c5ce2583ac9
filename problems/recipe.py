"""What all recipes share: arguments, limits, progress, JSON, pictures, exit codes.

A recipe says what it reads and how its answer looks; run() does the rest, the same for every recipe:
exit 0 answered, and every check agrees; 1 a check disagrees, the answer cannot be written, or --require-proof was given
and it is not proven; 2 the input cannot be used or there is no answer; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

from problems.graph_options import graph_arguments, graph_of
from problems.terminal.arguments import UNUSABLE, parser
from problems.terminal.errors import InputError, OutputError
from problems.terminal.files import check_writable
from problems.terminal.output import progress, say, say_all, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Problem, SaddleProblem, SearchProblem
    from solvers.clock import Watch
    from solvers.solution import Solution

__all__ = ["Ranking", "Recipe", "Report", "Task", "Verdict", "graph_arguments", "graph_of", "main", "run", "told"]
EXPLAINING = 2.0  # seconds to find out which demands contradict each other
ANSWERED, FAILED, INTERRUPTED = 0, 1, 130  # exit codes, beside UNUSABLE


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
    problem: Callable[[], Problem | SearchProblem | SaddleProblem]
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
    """What came of comparing methods: lines for a reader, and the same for --json."""

    lines: Sequence[str]
    data: Mapping[str, Any]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Recipe:
    """A problem that a person can run.

    name       of its module
    summary    one line on what it does
    arguments  declares its own arguments
    read       the arguments -> its task
    solvers    the names of the solvers that take it
    examples   two command lines, for --help: what comes after the recipe's name
    parts      whether --time-limit is for each of its parts, which the recipe sees to, rather than for the whole
    """

    name: str
    summary: str
    arguments: Callable[[argparse.ArgumentParser], None]
    read: Callable[[argparse.Namespace], Task | Verdict | Report]
    solvers: Sequence[str]
    examples: Sequence[str]
    parts: bool = False


def main(recipe: Recipe) -> NoReturn:
    """Run the recipe as a program."""
    # Nothing here is dense: BLAS's threads would only cost, a quarter of a second at the start alone.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    started = time.perf_counter()
    options = _options(recipe, None)
    from solvers.clock import GRACE, Watch

    running = _Run(recipe, options, started)
    limit = None if recipe.parts else options.time_limit
    with Watch(running.last_words, None if limit is None else limit + GRACE) as running.watch:
        code = running.code()
    if threading.active_count() > 1:  # a cross-check that outlasted the limit: it would delay or abort the exit
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(recipe: Recipe, arguments: Sequence[str] | None = None) -> int:
    """Run the recipe on command-line arguments, within a program; returns the exit code."""
    return _Run(recipe, _options(recipe, arguments), time.perf_counter()).code()


def _options(recipe: Recipe, arguments: Sequence[str] | None) -> argparse.Namespace:
    known = parser(recipe.name, recipe.summary, recipe.arguments, recipe.solvers, recipe.examples)
    return known.parse_args(arguments)


class _Run:
    """One run of a recipe, from its arguments to its exit code."""

    def __init__(self, recipe: Recipe, options: argparse.Namespace, started: float) -> None:
        self.recipe, self.options, self.started = recipe, options, started
        self.watch: Watch | None = None
        self._task: Task | None = None
        self._problem: Any = None
        self._search: Any = None  # as it was at its last round
        self._told = False  # the answer
        self._found: list[Solution] = []  # the answers, the best first

    def code(self) -> int:
        """Read, solve, show; the exit code."""
        try:
            return self._answered()
        except InputError as error:
            say(str(error))
            return UNUSABLE
        except OutputError as error:
            say(str(error))
            return FAILED
        except KeyboardInterrupt:
            return self._interrupted()
        except Exception:
            if self.watch is None or not self.watch.pressed.is_set():
                raise
            return self._interrupted()  # what broke because Ctrl-C came in the middle of it

    def _interrupted(self) -> int:
        if self._told:
            return INTERRUPTED
        if self.watch is not None:
            self.watch.answering()
        return self.last_words(interrupted=True)

    def last_words(self, interrupted: bool) -> int:
        """The best answer so far, unproven, where Ctrl-C or the time limit found the program busy; the exit code."""
        task, search, solution = self._task, self._search, None
        if task is not None and search is not None:
            from solvers.solve import so_far  # there is a search, so it is loaded already

            solution = so_far(search)
        if task is not None and task.ranking is not None and self._found:
            solution = self._best_of(task.ranking)
        if task is None or solution is None or solution.answer is None:
            why = "interrupted" if interrupted else "the time limit is over"
            say(f"{self.recipe.name}: {why} before there was an answer")
            return INTERRUPTED if interrupted else UNUSABLE
        if not self._found and not solution.certificate.verified:
            solution = replace(solution, message="the best answer so far; there was no time to prove it")
        self._found = self._found or [solution]
        self._show(task, solution, self._text(task, solution, brief=self.options.json))
        return INTERRUPTED if interrupted else self._verdict(solution)

    def _verdict(self, solution: Solution) -> int:
        """The exit code that an answer, or the lack of one, comes to."""
        if solution.answer is None:
            return UNUSABLE
        found, ranking = self._found or [solution], None if self._task is None else self._task.ranking
        complete = ranking is None or len(found) == ranking.k or found[-1].status == "infeasible"
        unproven = self.options.require_proof and not (complete and all(one.proven for one in found))
        return FAILED if unproven or not all(one.agrees for one in found) else ANSWERED

    def _answered(self) -> int:
        options = self.options
        if options.plot is not None:
            from problems.pictures.drawing import PICTURES

            check_writable("--plot", options.plot, PICTURES)
        if getattr(options, "export", None) is not None:
            check_writable("--export", options.export, (".lp", ".mps"))
        task = self.recipe.read(options)
        if isinstance(task, Verdict):
            return told(self.recipe.name, task, options)
        if isinstance(task, Report):
            return _reported(self.recipe, options, task)
        if getattr(options, "latex", None) is not None:
            return _stated(task, options.latex)
        self._task = task
        solution = self._explained(task, self._solved(task))
        cut_short = self._shown(task, solution)
        if task.write is not None and solution.answer is not None:
            task.write(solution)
        if getattr(options, "export", None) is not None:
            from solvers.linear.export import export_model

            export_model(self._problem, options.export, solution, task.columns())
        if cut_short or any(one.stats["interrupted"] for one in self._found or [solution]):
            return INTERRUPTED
        if options.plot is not None and solution.answer is not None:
            from problems.pictures.drawing import save

            save(task.draw(solution), options.plot)
        return self._verdict(solution)

    def _solved(self, task: Task) -> Solution:
        from solvers import solve

        options, limit = self.options, self.options.time_limit
        try:
            problem = self._problem = task.problem()
            if not options.quiet:
                say_all(task.notes)
            with progress(options.quiet, task.follow) as follow:
                asked: dict[str, Any] = {
                    "solver": task.solver(options.solver),
                    "time_limit": None if limit is None else max(limit - (time.perf_counter() - self.started), 0.01),
                    "seed": options.seed,
                    "device": options.device,
                    "progress": self._following(follow),
                    **task.solving,
                    **({} if options.gap is None else {"gap": options.gap}),
                    **self._start(task),
                }
                return solve(problem, **asked) if task.ranking is None else self._best(problem, task.ranking, asked)
        except ValueError as error:
            raise InputError(f"{task.source}: {error}") from error

    def _start(self, task: Task) -> dict[str, Any]:
        """The answer that the user gives to begin from."""
        path = getattr(self.options, "start", None)
        return {} if path is None or task.start is None else {"start": task.start(path)}

    def _best(self, problem: Any, ranking: Ranking, asked: Mapping[str, Any]) -> Solution:
        """The best answer; those that follow it are kept as they are found, so that Ctrl-C loses none."""
        from solvers import best

        try:
            for solution in best(problem, ranking.k, **asked):
                self._found.append(solution)
        except KeyboardInterrupt:
            if not self._found:
                raise
            last = self._found[-1]
            self._found[-1] = replace(last, stats={**last.stats, "interrupted": True})
        return self._best_of(ranking)

    def _best_of(self, ranking: Ranking) -> Solution:
        """The best answer, and whether all that were asked for, or all that there are, were found."""
        first, last = self._found[0], self._found[-1]
        answers = sum(one.answer is not None for one in self._found)
        message = f"{answers} of the {ranking.k} best were found within the limits" if answers < ranking.k else ""
        message = last.message if last.status == "infeasible" else message
        return replace(first, message=message) if first.proven and message else first

    def _explained(self, task: Task, solution: Solution) -> Solution:
        """The same, if it says that there is no answer with the demands that contradict each other."""
        limit = self.options.time_limit
        left = EXPLAINING if limit is None else min(limit - (time.perf_counter() - self.started), EXPLAINING)
        if solution.status != "infeasible" or task.conflict is None or left <= 0:
            return solution
        return replace(solution, message=task.conflict(solution, left))

    def _following(self, follow: Callable[[Any], None] | None) -> Callable[[Any], None]:
        def followed(search: Any) -> None:
            self._search = search
            if follow is not None:
                follow(search)

        return followed

    def _shown(self, task: Task, solution: Solution) -> bool:
        """Show the answer, with what the task works out of it; whether Ctrl-C cut that short, which loses no answer."""
        cut_short = False
        try:
            text = self._text(task, solution, brief=False)
        except KeyboardInterrupt:
            cut_short, text = True, self._text(task, solution, brief=True)
        if self.watch is not None:
            self.watch.answering()
        self._show(task, solution, text)
        return cut_short

    def _text(self, task: Task, solution: Solution, *, brief: bool) -> str:
        """The answer as it is shown; if brief, without what takes long to work out."""
        if self.options.json:
            further = (
                {} if brief or solution.answer is None or solution.stats["interrupted"] else task.measures(solution)
            )
            document = _as_json(self.recipe, task, solution, further, self._found, {} if brief else None)
            return json.dumps(document, allow_nan=False)
        if solution.answer is None:
            return ""
        answer = () if brief else task.describe(solution)
        return "\n".join([*_as_text(self.recipe, task, solution), *answer, *_ranked(task, self._found)])

    def _show(self, task: Task, solution: Solution, text: str) -> None:
        self._told = True
        if text:
            show(text)
        quiet = self.options.quiet and solution.certificate.verified
        if solution.message and not quiet and (solution.answer is None or self.options.json):
            say(f"{task.source}: {solution.message}")


def _stated(task: Task, path: str) -> int:
    """The model as maths, in a file or on standard output."""
    from formulations.problem import Problem, latex
    from problems.terminal.files import replace_file

    try:
        problem = task.problem()
    except ValueError as error:
        raise InputError(f"{task.source}: {error}") from error
    assert isinstance(problem, Problem)
    if path == "-":
        show(latex(problem))
    else:
        replace_file(path, f"{latex(problem)}\n".encode())
    return ANSWERED


def _reported(recipe: Recipe, options: argparse.Namespace, report: Report) -> int:
    """Say what came of comparing methods."""
    if not options.quiet:
        say_all(report.notes)
    show(json.dumps({"problem": recipe.name, **report.data}) if options.json else "\n".join(report.lines))
    return ANSWERED


def told(name: str, verdict: Verdict, options: argparse.Namespace) -> int:
    """Say what each check came to, and what is proven; the exit code."""
    if not options.quiet:
        say_all(verdict.notes)
    ok = all(holds for _, holds in verdict.checks)
    said = verdict.said if ok else ""
    if options.json:
        checks = [{"name": check, "ok": holds} for check, holds in verdict.checks]
        about = {"problem": name, "checked": verdict.source, "asked": verdict.asked}
        show(json.dumps({**about, "ok": ok, "proven": said, "checks": checks}))
    else:
        lines = [f"  {'holds' if holds else 'FAILS'}: {check}" for check, holds in verdict.checks]
        show("\n".join([f"{verdict.source}: {f'proven: {said}' if ok else 'NOT proven'}", *lines]))
    return ANSWERED if ok else FAILED


def _as_json(
    recipe: Recipe,
    task: Task,
    solution: Solution,
    measured: Mapping[str, Any],
    found: Sequence[Solution],
    evidence: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    evidence = task.evidence(solution) if evidence is None else evidence
    itself = _answer_as_json(task, solution)
    ranked = [_answer_as_json(task, one) for one in found if one.answer is not None]
    return {
        "problem": recipe.name,
        "asked": task.asked,
        **itself,
        "certificate": {**itself["certificate"], **evidence},
        **({} if task.ranking is None else {"best": ranked}),
        **({"prices": prices} if (prices := task.prices(solution)) else {}),
        "stats": {**task.facts, **solution.stats, **measured},
        "notes": list(task.notes),
        "message": solution.message,
    }


def _answer_as_json(task: Task, solution: Solution) -> dict[str, Any]:
    certificate = solution.certificate
    return {
        "status": solution.status,
        "value": solution.value,
        "bound": solution.bound,
        "gap": solution.gap,
        "solver": solution.solver,
        "answer": None if solution.answer is None else task.answer(solution),
        "checks": [vars(check) for check in solution.checks],
        "certificate": {"kind": certificate.kind, "verified": certificate.verified, "exact": certificate.exact},
    }


def _as_text(recipe: Recipe, task: Task, solution: Solution) -> Iterable[str]:
    sizes = ", ".join(f"{value:,} {name}" for name, value in task.facts.items())
    yield f"{task.title or recipe.summary.split(',')[0]} of {task.source} ({sizes})"
    yield from solution.report()


def _ranked(task: Task, found: Sequence[Solution]) -> Iterable[str]:
    """The best answers, a line each."""
    if task.ranking is None:
        return
    answers = [solution for solution in found if solution.answer is not None]
    proven = all(solution.proven for solution in answers)
    yield f"the {len(answers):,} best, {'each proven to be the next' if proven else 'not all of them proven'}:"
    for rank, one in enumerate(answers, start=1):
        yield f"  {rank}. {one.value:.12g}  {task.ranking.line(answers[0], one)}".rstrip()
        if not one.proven:
            yield f"     {one.proof_in_words}"
