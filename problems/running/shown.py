"""How a run's outcome is shown, as text or as JSON: an answer, a verdict, a report, or the model as maths."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from problems.running.declared import Recipe, Report, Task, Verdict
from problems.terminal.arguments import ANSWERED, FAILED
from problems.terminal.errors import InputError
from problems.terminal.files import replace_file
from problems.terminal.output import say_all, show

if TYPE_CHECKING:
    from solvers.solution import Solution


def as_json(
    recipe: Recipe,
    task: Task,
    solution: Solution,
    measured: Mapping[str, Any],
    found: Sequence[Solution],
    evidence: Mapping[str, Any] | None = None,
    run: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The answer as --json holds it.

    measured  what its stats hold besides
    found     all the answers, where several were asked for
    evidence  what its certificate holds besides; None for what the task says
    run       the command, its files, the versions and the model, as a report tells them
    """
    evidence = task.evidence(solution) if evidence is None else evidence
    itself = _outcome(solution, answer=_answer(task, solution))
    best = [_outcome(one, answer=_answer(task, one)) for one in found if one.answer is not None]
    parts = {name: {**_outcome(part), "stats": part.stats} for name, part in solution.parts.items()}
    return {
        "problem": recipe.name,
        "asked": task.asked,
        **itself,
        "certificate": {**itself["certificate"], **evidence},
        **({} if task.ranking is None else {"best": best}),
        **({"parts": parts} if parts else {}),
        **({"prices": prices} if (prices := task.prices(solution)) else {}),
        "stats": {**task.facts, **solution.stats, **measured},
        "notes": list(task.notes),
        "message": solution.message,
        **({} if run is None else {"run": {"title": title(recipe, task), **run}}),
    }


def _answer(task: Task, solution: Solution) -> Any:
    return None if solution.answer is None else task.answer(solution)


def _outcome(solution: Solution, **answer: Any) -> dict[str, Any]:
    certificate = solution.certificate
    return {
        "status": solution.status,
        "value": solution.value,
        "bound": solution.bound,
        "gap": solution.gap,
        "solver": solution.solver,
        **answer,
        "checks": [vars(check) for check in solution.checks],
        "certificate": {"kind": certificate.kind, "verified": certificate.verified, "exact": certificate.exact},
    }


def title(recipe: Recipe, task: Task) -> str:
    """What was looked for, and where."""
    return f"{task.title or recipe.summary.split(',')[0]} of {task.source}"


def as_text(recipe: Recipe, task: Task, solution: Solution) -> Iterable[str]:
    """What was looked for and where, and what the solver and the judge say of the answer."""
    from solvers.solution import counted

    sizes = ", ".join(counted(value, name) for name, value in task.facts.items())
    yield f"{title(recipe, task)} ({sizes})"
    yield from solution.report()


def ranked(task: Task, found: Sequence[Solution]) -> Iterable[str]:
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


def told(name: str, verdict: Verdict, options: argparse.Namespace) -> int:
    """Say what each check came to, and what is proven; the exit code.

    >>> options = argparse.Namespace(quiet=False, json=False)
    >>> told("check", Verdict("tree.json", [("it spans all nodes", True)], "it is a tree"), options)
    tree.json: proven: it is a tree
      holds: it spans all nodes
    0
    """
    if not options.quiet:
        say_all(verdict.notes)
    found = verdict_as_json(name, verdict)
    if options.json:
        show(json.dumps(found, allow_nan=False))
    else:
        lines = [f"  {'holds' if holds else 'FAILS'}: {check}" for check, holds in verdict.checks]
        proven = f"proven: {found['proven']}" if found["ok"] else "NOT proven"
        show("\n".join([f"{verdict.source}: {proven}", *lines]))
    return ANSWERED if found["ok"] else FAILED


def verdict_as_json(name: str, verdict: Verdict) -> dict[str, Any]:
    """What came of checking an answer as --json holds it."""
    ok = all(holds for _, holds in verdict.checks)
    checks = [{"name": check, "ok": holds} for check, holds in verdict.checks]
    about = {"problem": name, "checked": verdict.source, "asked": verdict.asked}
    return {**about, "ok": ok, "proven": verdict.said if ok else "", "checks": checks}


def reported(
    name: str,
    report: Report,
    rows: Sequence[Any],
    options: argparse.Namespace,
    run: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Say what came of comparing methods, as far as there are rows; the same as JSON holds it, if anyone wants it.

    run  the command, its files and the versions, as a report tells them
    """
    further = {} if run is None else {"run": run}
    data = {"problem": name, **report.data(rows), **further} if options.json or run is not None else {}
    show(json.dumps(data, allow_nan=False) if options.json else "\n".join(report.lines(rows)))
    return data


def stated(task: Task, path: str) -> int:
    """The model as maths, in a file or on standard output; the exit code."""
    from formulations.problem import Problem, latex

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
