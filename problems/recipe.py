"""What all recipes share: arguments, limits, progress, JSON, pictures, exit codes.

A recipe says what it reads and how its answer looks; run() does the rest, the same for every recipe:
exit 0 answered and proven, 1 answered but not proven or a check disagrees, 2 the input cannot be used or admits no
answer, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from problems.terminal.errors import InputError, safe
from problems.terminal.files import check_writable
from problems.terminal.output import progress, say, say_all, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formulations.problem import Problem, SaddleProblem, SearchProblem
    from problems.io import GraphFile
    from solvers.solution import Solution

EXAMPLE = Path(__file__).parent / "examples" / "cities.gml"
PROVEN, UNPROVEN, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True)
class Task:
    """One run of a recipe, its input read.

    source    what messages call the input: the file's name
    problem   builds the model; its ValueErrors are about the input
    notes     what the user should be told about how the input was read
    facts     sizes, for the JSON's stats and the headline
    describe  the answer in lines for a reader
    draw      the answer as a figure
    solving   further arguments of solve()
    solver    what --solver says, if anything -> that solver, its settings set
    follow    called with the search at every look at it
    answer    the answer as JSON holds it
    evidence  what the JSON's certificate holds besides, for whoever wants to check the answer without us
    measures  what the JSON's stats hold besides
    write     writes the file that the user asked for, beside the picture
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
    answer: Callable[[Solution], Any] = lambda solution: solution.answer
    evidence: Callable[[Solution], Mapping[str, Any]] = lambda _: {}
    measures: Callable[[Solution], Mapping[str, Any]] = lambda _: {}
    write: Callable[[Solution], None] | None = None


@dataclass(frozen=True)
class Verdict:
    """What came of checking an answer found earlier: each check's name, and whether it holds."""

    source: str
    checks: Sequence[tuple[str, bool]]


@dataclass(frozen=True)
class Report:
    """What came of comparing methods: lines for a reader, and the same for --json."""

    lines: Sequence[str]
    data: Mapping[str, Any]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Recipe:
    """A problem that a person can run: its name, one line on what it does, its own arguments, and how to read them."""

    name: str
    summary: str
    arguments: Callable[[argparse.ArgumentParser], None]
    read: Callable[[argparse.Namespace], Task | Verdict | Report]


def graph_arguments(parser: argparse.ArgumentParser) -> None:
    """What every recipe on a graph reads."""
    parser.add_argument("--graph", metavar="FILE", help="GML, GraphML, edge list, Pajek, .gr or .tsp; .gz .bz2 .xz")
    parser.add_argument("--weight", metavar="NAME", help="edge attribute to minimize (default weight, or the only one)")
    parser.add_argument("--delimiter", metavar="D", help="what separates the columns of an edge list")


def graph_of(options: argparse.Namespace, attributes: Sequence[str] = ()) -> tuple[GraphFile, str]:
    """The graph that those arguments name, or the bundled example, and what messages call it."""
    from problems.io import read_graph

    path = str(EXAMPLE) if options.graph is None else options.graph
    return read_graph(path, options.weight, options.delimiter, attributes), safe(Path(path).name, 200)


class _Parser(argparse.ArgumentParser):
    """argparse, its complaints on one line as all others."""

    def error(self, message: str) -> NoReturn:
        say(f"{self.prog}: {safe(message, 500)}; see --help")
        sys.exit(UNUSABLE)


def main(recipe: Recipe) -> NoReturn:
    """Run the recipe as a program."""
    # Nothing here is dense: BLAS's threads would only cost, a quarter of a second at the start alone.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code = run(recipe)
    if threading.active_count() > 1:  # a cross-check that outlasted the limit: it would delay or abort the exit
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(recipe: Recipe, arguments: Sequence[str] | None = None) -> int:
    """Run the recipe on command-line arguments; returns the exit code."""
    started = time.perf_counter()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell started us with it ignored
    options = _parser(recipe).parse_args(arguments)
    try:
        return _run(recipe, options, started)
    except InputError as error:
        say(str(error))
        return UNUSABLE
    except KeyboardInterrupt:
        say(f"{recipe.name}: interrupted before there was an answer")
        return INTERRUPTED


def positive_seconds(text: str) -> float:
    """A command-line value that is a positive, finite number."""
    try:
        if 0 < float(text) < float("inf"):
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")


def positive_whole(text: str) -> int:
    """A command-line value that is a whole number from 1."""
    if text.isdecimal() and len(text) < 10 and int(text):
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 999999999")


def _seed(text: str) -> int:
    """A command-line value that is a whole number, not negative."""
    if text.isdecimal() and len(text) < 10:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 999999999")


def _parser(recipe: Recipe) -> argparse.ArgumentParser:
    parser = _Parser(prog=f"python -m problems.{recipe.name}", description=recipe.summary, allow_abbrev=False)
    recipe.arguments(parser.add_argument_group("input"))  # type: ignore[arg-type]
    common = parser.add_argument_group("solving and showing")
    common.add_argument(
        "--solver",
        metavar="S",
        help="glop, highs, scip, cp-sat, pdlp, clarabel, descent-ascent; subsets, local-search for orders (by task)",
    )
    common.add_argument("--time-limit", type=positive_seconds, metavar="SEC", help="stop with the best answer by then")
    common.add_argument("--seed", type=_seed, default=0, metavar="N", help="seed of all random numbers (default 0)")
    common.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "cuda"), metavar="D", help="auto, cpu, cuda"
    )
    common.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else there")
    common.add_argument("--plot", metavar="FILE", help="draw the answer to a .png, .svg or .pdf file")
    common.add_argument("--quiet", action="store_true", help="no progress and no notes on standard error")
    return parser


def _run(recipe: Recipe, options: argparse.Namespace, started: float) -> int:
    if options.plot is not None:
        from problems.pictures.drawing import PICTURES

        check_writable("--plot", options.plot, PICTURES)
    task = recipe.read(options)
    if isinstance(task, Verdict):
        return _judge(recipe, options, task)
    if isinstance(task, Report):
        if not options.quiet:
            say_all(task.notes)
        show(json.dumps({"problem": recipe.name, **task.data}) if options.json else "\n".join(task.lines))
        return PROVEN
    from solvers import solve

    try:
        problem = task.problem()
        if not options.quiet:
            say_all(task.notes)
        limit = options.time_limit
        with progress(options.quiet, task.follow) as follow:
            solution = solve(
                problem,
                task.solver(options.solver),
                time_limit=None if limit is None else max(limit - (time.perf_counter() - started), 0.01),
                seed=options.seed,
                device=options.device,
                progress=follow,
                **task.solving,
            )
    except ValueError as error:
        raise InputError(f"{task.source}: {error}") from error
    if options.json:
        measured, cut_short = _measured(task, solution)
        show(json.dumps(_as_json(recipe, task, solution, measured), allow_nan=False))
        if cut_short:
            return INTERRUPTED
    elif solution.answer is not None:
        show("\n".join(_as_text(recipe, task, solution)))
    if solution.message and (solution.answer is None or options.json):
        say(f"{task.source}: {solution.message}")
    if task.write is not None and solution.answer is not None:
        task.write(solution)
    if solution.stats["interrupted"]:
        return INTERRUPTED
    if options.plot is not None and solution.answer is not None:
        from problems.pictures.drawing import save

        save(task.draw(solution), options.plot)
    if solution.status in ("infeasible", "unbounded"):
        return UNUSABLE
    return PROVEN if solution.proven else UNPROVEN


def _judge(recipe: Recipe, options: argparse.Namespace, verdict: Verdict) -> int:
    """Say what each check came to."""
    ok = all(holds for _, holds in verdict.checks)
    if options.json:
        checks = [{"name": name, "ok": holds} for name, holds in verdict.checks]
        show(json.dumps({"problem": recipe.name, "checked": verdict.source, "ok": ok, "checks": checks}))
    else:
        said = [f"  {'holds' if holds else 'FAILS'}: {name}" for name, holds in verdict.checks]
        show("\n".join([f"{verdict.source}: {'proven' if ok else 'NOT proven'}", *said]))
    return PROVEN if ok else UNPROVEN


def _measured(task: Task, solution: Solution) -> tuple[Mapping[str, Any], bool]:
    """What the stats hold besides, and whether Ctrl-C came meanwhile: the answer is not lost to that."""
    if solution.answer is None or solution.stats["interrupted"]:
        return {}, False
    try:
        return task.measures(solution), False
    except KeyboardInterrupt:
        return {}, True


def _as_json(recipe: Recipe, task: Task, solution: Solution, measured: Mapping[str, Any]) -> dict[str, Any]:
    certificate = solution.certificate
    return {
        "problem": recipe.name,
        "status": solution.status,
        "value": solution.value,
        "bound": solution.bound,
        "gap": solution.gap,
        "solver": solution.solver,
        "answer": None if solution.answer is None else task.answer(solution),
        "checks": [vars(check) for check in solution.checks],
        "certificate": {
            "kind": certificate.kind,
            "verified": certificate.verified,
            "exact": certificate.exact,
            **task.evidence(solution),
        },
        "stats": {**task.facts, **solution.stats, **measured},
        "notes": list(task.notes),
        "message": solution.message,
    }


def _as_text(recipe: Recipe, task: Task, solution: Solution) -> Iterable[str]:
    stats, certificate = solution.stats, solution.certificate
    sizes = ", ".join(f"{value:,} {name}" for name, value in task.facts.items())
    yield f"{recipe.summary.split(',')[0]} of {task.source} ({sizes})"
    yield f"  value  {'unknown' if solution.value is None else format(solution.value, '.12g')}"
    bound = "none" if solution.bound is None else f"{solution.bound:.12g}"
    how = "exactly, without" if certificate.exact else "without"
    proof = f"optimal, proven by {certificate.kind}: re-checked {how} the solver"
    yield f"  bound  {bound}  ({proof if certificate.verified else solution.message})"
    work = ", ".join(
        f"{stats[name]:,} {name}"
        for name in ("rounds", "cuts", "boxes", "improvements", "iterations")
        if stats.get(name)
    )
    seconds = f"{stats['build_seconds'] + stats['solve_seconds']:.2f} s"
    yield f"  solver {solution.solver}: {', '.join(filter(None, (work, seconds)))}"
    for check in solution.checks:
        against = "" if check.value is None else f" {check.relation} {check.value:.12g}"
        yield f"  {'agrees' if check.ok else 'DISAGREES'}: {check.name}{against}"
    yield from task.describe(solution)
