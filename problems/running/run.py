"""One run of a recipe: its input read, its problem solved within the limits, its answer shown."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from problems.reports.asked import asked_of
from problems.running.declared import Ranking, Recipe, Report, Task, Verdict
from problems.running.drawn import check_drawable, draw, not_drawn, write_report
from problems.running.shown import as_json, as_text, ranked, reported, stated, told, verdict_as_json
from problems.terminal.arguments import ANSWERED, FAILED, INTERRUPTED, UNUSABLE
from problems.terminal.errors import InputError, OutputError
from problems.terminal.files import check_writable
from problems.terminal.output import progress, say, say_all, show
from problems.terminal.processes import helps
from problems.terminal.watch import Watch

if TYPE_CHECKING:
    from solvers.solution import Solution

EXPLAINING = 2.0  # seconds to find out which demands contradict each other


class Run:
    """One run of a recipe, from its arguments to its exit code."""

    def __init__(self, recipe: Recipe, options: argparse.Namespace, started: float) -> None:
        """A run that began when time.perf_counter() was `started`."""
        self.recipe, self.options, self.started = recipe, options, started
        self.watch: Watch | None = None
        self._task: Task | None = None
        self._report: Report | None = None
        self._rows: list[Any] = []  # of the report, so far
        self._problem: Any = None
        self._search: Any = None  # as it was at its last round
        self._told = False  # the answer
        self._asked: dict[str, Any] | None = None  # the command, its files and versions, where JSON or a report tells
        self._document: dict[str, Any] = {}  # the answer as JSON holds it
        self._found: list[Solution] = []  # the answers, the best first

    def code(self) -> int:
        """Read, solve, show; the exit code."""
        limit = None if self.recipe.parts else self.options.time_limit
        try:
            if self.watch is not None and limit is not None:
                import solvers  # noqa: F401  # what takes seconds on a cold machine is not broken off by the limit

                self.watch.limit(limit)
            return self._answered()
        except InputError as error:
            say(str(error))
            return UNUSABLE
        except OutputError as error:
            say(str(error))
            return FAILED
        except KeyboardInterrupt:
            return self._interrupted()
        except Exception as error:
            if self.watch is not None and self.watch.pressed.is_set():
                return self._interrupted()  # what broke because Ctrl-C came in the middle of it
            return self._without(error)

    def _without(self, error: Exception) -> int:
        """The exit code where a package that may be missing is; raises any other error."""
        from solvers.optional import missing

        needed = missing(error, by=self.recipe.name) if isinstance(error, ModuleNotFoundError) else None
        if needed is None:
            raise error
        say(str(needed))
        return UNUSABLE

    def _interrupted(self) -> int:
        if self._told:
            return INTERRUPTED
        if self.watch is not None:
            self.watch.answering()
        return self.last_words(interrupted=True)

    def last_words(self, interrupted: bool) -> int:
        """The best answer so far, unproven, where Ctrl-C or the time limit found the program busy; the exit code."""
        if self._report is not None and self._rows:
            self._compare(self._report)
            why = "interrupted" if interrupted else "the time limit is over"
            say(f"{self.recipe.name}: {why}; what is not listed has not been run")
            not_drawn(self.options)
            return INTERRUPTED if interrupted else ANSWERED
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
        if not self._found and not solution.certificate.verified and not solution.parts:  # parts say it of themselves
            solution = replace(solution, message="the best answer so far; there was no time to prove it")
        self._found = self._found or [solution]
        self._show(task, solution, self._text(task, solution, brief=self.options.json))
        not_drawn(self.options)
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
        check_drawable(options)
        if getattr(options, "export", None) is not None:
            check_writable("--export", options.export, (".lp", ".mps"))
        if getattr(options, "latex", None) is not None:
            for name in ("export", "plot", "report"):
                if getattr(options, name) is not None:
                    raise InputError(f"--latex states the model and stops, without --{name}; leave one out")
        task = self.recipe.read(options)
        if options.json or options.report is not None:
            self._asked = asked_of(self.recipe.name, options.words, options)
        if isinstance(task, Verdict):
            self._document = {**verdict_as_json(self.recipe.name, task), "run": self._asked}
            code = told(self.recipe.name, task, options)
            write_report(self.recipe, self._document, options)
            return code
        if isinstance(task, Report):
            return self._compared(task)
        if getattr(options, "latex", None) is not None:
            return stated(task, options.latex)
        self._task = task
        solution = self._explained(task, self._solved(task))
        if helps():
            return ANSWERED
        cut_short = self._shown(task, solution)
        if task.write is not None and solution.answer is not None:
            task.write(solution)
        if getattr(options, "export", None) is not None:
            from solvers.linear.export import export_model

            export_model(self._problem, options.export, solution, task.columns())
        if cut_short or any(one.stats["interrupted"] for one in self._found or [solution]):
            not_drawn(options)
            return INTERRUPTED
        picture = None if solution.answer is None else partial(task.draw, solution)
        draw(self.recipe, picture, self._document, options)
        return self._verdict(solution)

    def _compared(self, report: Report) -> int:
        self._report = report
        if not self.options.quiet:
            say_all(report.notes)
        for row in report.rows:
            self._rows.append(row)
        self._told = True
        if helps():
            return ANSWERED
        if self.watch is not None:
            self.watch.answering()
        self._compare(report)
        picture = None if report.draw is None or not self._rows else partial(report.draw, self._rows)
        draw(self.recipe, picture, self._document, self.options)
        return report.code(self._rows)

    def _compare(self, report: Report) -> None:
        """Say what came of comparing methods, as far as there are rows."""
        run = None if self._asked is None else {"title": self.recipe.summary.rstrip("."), **self._asked}
        self._document = reported(self.recipe.name, report, self._rows, self.options, run)

    def _solved(self, task: Task) -> Solution:
        from solvers import solve

        options, limit = self.options, self.options.time_limit
        try:
            problem = self._problem = task.problem()
            if not options.quiet:
                say_all(task.notes)
            with progress(options.quiet, None if helps() else task.follow) as follow:
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
        if self._asked is not None:
            from formulations.problem import statement

            further = (
                {} if brief or solution.answer is None or solution.stats["interrupted"] else task.measures(solution)
            )
            run = {**self._asked, "model": statement(self._problem)}
            evidence: dict[str, Any] | None = {} if brief else None
            self._document = as_json(self.recipe, task, solution, further, self._found, evidence, run)
        if self.options.json:
            return json.dumps(self._document, allow_nan=False)
        if solution.answer is None:
            return ""
        answer = () if brief else task.describe(solution)
        return "\n".join([*as_text(self.recipe, task, solution), *answer, *ranked(task, self._found)])

    def _show(self, task: Task, solution: Solution, text: str) -> None:
        self._told = True
        if text:
            show(text)
        quiet = self.options.quiet and solution.certificate.verified
        if solution.message and not quiet and (solution.answer is None or self.options.json):
            say(f"{task.source}: {solution.message}")
