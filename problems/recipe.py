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
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from problems.terminal.arguments import UNUSABLE, parser
from problems.terminal.errors import InputError, OutputError, safe
from problems.terminal.files import check_writable
from problems.terminal.output import progress, say, say_all, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.graphs import Network
    from formulations.problem import Problem, SaddleProblem, SearchProblem
    from problems.io import GraphFile
    from solvers.clock import Watch
    from solvers.solution import Solution

EXAMPLE = Path(__file__).parent / "examples" / "cities.gml"
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


def graph_arguments(parser: argparse.ArgumentParser) -> None:
    """What every recipe on a graph reads."""
    formats = (
        "table of edges (.csv .tsv .txt .edges .edgelist), GML, GraphML, GEXF, JSON, Pajek .net, Matrix Market .mtx, "
        "METIS .graph, DIMACS .gr .col, SteinLib .stp, TSPLIB .tsp .atsp; perhaps packed .gz .bz2 .xz"
    )
    parser.add_argument("--graph", metavar="FILE", help=formats)
    parser.add_argument("--weight", metavar="NAME", help="edge attribute, or column, to minimize (default weight)")
    parser.add_argument("--unweighted", action="store_true", help="count edges instead")
    direction = parser.add_mutually_exclusive_group()
    direction.add_argument("--directed", action="store_true", default=None, help="edges are arcs, whatever FILE says")
    direction.add_argument("--undirected", action="store_false", dest="directed", help="edges go both ways")
    parser.add_argument("--delimiter", metavar="D", help="what separates the columns of a table")
    parser.add_argument("--columns", metavar=("U", "V"), nargs=2, help="columns of a table that hold an edge's ends")


def model_arguments(parser: argparse.ArgumentParser) -> None:
    """What every recipe on a graph does with its model besides solving it."""
    parser.add_argument(
        "--start", metavar="ANSWER", help="an answer of your own to begin from: JSON, or names on lines"
    )
    parser.add_argument("--export", metavar="FILE", help="write the model as solved, with its cuts: .lp or .mps")
    parser.add_argument(
        "--latex", metavar="FILE", nargs="?", const="-", help="state the model as maths, and stop there"
    )


def asked(options: argparse.Namespace, **question: Any) -> dict[str, Any]:
    """The question about a graph as JSON holds it: what was given of it, and of how the graph is read."""
    reading = {name: getattr(options, name) for name, usual in _reading().items() if getattr(options, name) != usual}
    return {"reading": reading} | given({"gap": options.gap, **question})


def read_as(options: argparse.Namespace, stored: Mapping[str, Any]) -> argparse.Namespace:
    """The options, with those of reading as they were stored with an answer where nothing else is said."""
    usual = _reading()
    then = {name: value for name, value in stored.items() if name in usual and getattr(options, name) == usual[name]}
    return argparse.Namespace(**{**vars(options), **then})


def _reading() -> dict[str, Any]:
    """The options of how to read a graph, and what they are unless something is said."""
    parser = argparse.ArgumentParser()
    graph_arguments(parser)
    return {name: usual for name, usual in vars(parser.parse_args([])).items() if name != "graph"}


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """What was given of those options: no None, no False, nothing empty; 0 was.

    >>> given({"most": 0, "forest": False, "nodes": []})
    {'most': 0}
    """
    return {
        name: value
        for name, value in options.items()
        if value is not None and value not in ([], {}) and value is not False
    }


def edge_names(g: Network) -> list[str]:
    """x_u_v for each edge or arc."""
    return [f"x_{u}_{v}" for u, v in g.edges()]


def graph_of(options: argparse.Namespace, attributes: Sequence[str] = ()) -> tuple[GraphFile, str]:
    """The graph or matrix that those arguments name, or the bundled example, and what messages call it."""
    from problems.io import GraphFile, read_graph

    if matrix := getattr(options, "matrix", None):
        from problems.io.matrix import read_distances

        if options.graph is not None:
            raise InputError("give --graph or --matrix, not both")
        return GraphFile(read_distances(matrix), ()), safe(Path(matrix).name, 200)
    path = str(EXAMPLE) if options.graph is None else options.graph
    columns = None if options.columns is None else (options.columns[0], options.columns[1])
    file = read_graph(
        path,
        options.weight,
        options.delimiter,
        attributes,
        unweighted=options.unweighted,
        directed=options.directed,
        columns=columns,
    )
    return file, safe(Path(path).name, 200)


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
        self._found: list[Solution] = []  # the best answers, where several are asked for

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
        if path is None or task.start is None:
            return {}
        if task.ranking is not None:
            raise InputError("--start is for one answer, not the best several; leave out --best")
        return {"start": task.start(path)}

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
        if solution.message and (solution.answer is None or self.options.json):
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
