"""Estimates of location of one table: which there are, how each is solved, and how they are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.arithmetic.halfspaces import LEVELS
from problems.terminal.errors import safe

if TYPE_CHECKING:
    from formulations.problem import Floats, SaddleProblem, SearchProblem
    from solvers.descent_ascent import DescentAscent
    from solvers.solution import Solution

CONVEX = ("mean", "coordinatewise_median", "geometric_median", "huber", "trimmed_mean")
NAMES = (*CONVEX, "tukey_median", "mcd", "js_gan", "js_gan_scatter")
DEEP_CELLS = 5_000  # of a table up to which the deepest point is looked for unless it is asked for
LEARNT_ROWS = 50  # fewer make no sense of a generator
SHOWN = 5  # columns in the text
WIDTH = max(map(len, NAMES))


@dataclass(frozen=True, eq=False)
class Estimates:
    """The problems by name, what solves those that need settings, and notes on what is left out."""

    problems: Mapping[str, SearchProblem | SaddleProblem]
    solvers: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


def estimates(rows: Floats, names: Sequence[str] | None, iterations: int | None = None) -> Estimates:
    """Those of the names, or all that suit the table; raises ValueError as the problems do."""
    import formulations.location as location
    from formulations.halfspace_depth import tukey_median

    asked = NAMES if names is None else names
    problems: dict[str, Any] = {}
    solvers, notes = dict[str, Any](), list[str]()
    made = {name: getattr(location, name) for name in CONVEX}
    made |= {"tukey_median": tukey_median, "mcd": location.minimum_covariance_determinant}
    for name in asked:
        reason = _left_out(name, rows, chosen=names is not None)
        if reason is None and name.startswith("js_gan"):
            from formulations import js_gan

            try:
                problems[name] = getattr(js_gan, name)(rows)
                solvers[name] = play(len(rows), rows.shape[1], iterations)
            except ValueError as error:
                reason = str(error)
        elif reason is None:
            problems[name] = made[name](rows)
        if reason is not None:
            notes.append(f"{name} is left out: {reason}.")
    return Estimates(problems, solvers, notes)


def _left_out(name: str, rows: Floats, chosen: bool) -> str | None:
    """Why there is no such estimate of the table."""
    from solvers.optional import has_torch, remedy

    n, p = rows.shape
    if name == "tukey_median" and not chosen and n * p > DEEP_CELLS:
        return f"the deepest of {n:,} rows of {p:,} columns takes long; ask for it by --estimators"
    if name == "mcd":
        if n < 2 * (p + 1):
            return f"it needs {2 * (p + 1):,} rows of {p:,} columns"
        if np.linalg.matrix_rank(rows - rows.mean(axis=0)) < p:
            return "the rows lie in a plane"
        same = (rows == np.median(rows, axis=0)).sum(axis=0)
        if same.max() >= (n + p + 1) // 2:
            column = int(same.argmax()) + 1
            return f"{same.max():,} of the rows lie in a plane, as they are the same in column {column}"
    if name.startswith("js_gan"):
        if n < LEARNT_ROWS:
            return f"a generator learns from {LEARNT_ROWS} rows at least"
        if not has_torch():
            return f"it needs torch, which is not installed; {remedy()}"
    return None


def play(n: int, p: int, iterations: int | None = None) -> DescentAscent:
    """How the game is played: steps that shrink to a tenth by half-time, and an average over what comes then.

    Steps that small still err about the saddle point by the noise of batches, and the average by far less.
    """
    import torch

    from solvers.descent_ascent import DescentAscent

    large = n * p >= 50_000
    wide = large and p > 30
    steps = iterations or (800 if wide else 1_500 if large else 400)
    rates = (0.003, 0.01) if wide else (0.01, 0.03) if large else (0.02, 0.02)
    generator, discriminator = (partial(torch.optim.Adam, lr=rate, betas=(0.5, 0.99)) for rate in rates)
    return DescentAscent(
        method="alternating",
        optimizer=(generator, discriminator),
        schedule=lambda iteration: max(0.1, 1 - 2 * iteration / steps),
        inner=2 if large else 4,
        batch=2_000 if large else 500,
        iterations=steps,
        averaging=1 - 4 / max(steps, 8),
    )


def point_of(name: str, answer: Any) -> list[float]:
    """Where an answer says that the rows lie."""
    found = answer["location"] if isinstance(answer, Mapping) else answer
    return [float(number) for number in found]


def as_json(solution: Solution) -> dict[str, Any]:
    """Name -> vector; of js_gan_scatter the matrix."""
    return {
        name: np.asarray(found["scatter"]).tolist() if name == "js_gan_scatter" else point_of(name, found)
        for name, found in solution.answer.items()
    }


def evidence(solution: Solution) -> dict[str, Any]:
    """What proves the estimates that their points alone do not prove, as JSON, each if it is not too long."""
    from problems.proofs.cases import MOST_NUMBERS

    found: dict[str, dict[str, Any]] = {}
    for name, part in solution.parts.items():
        proof, values = part.certificate.proof, part.values or {}
        if name in ("geometric_median", "huber") and part.certificate.verified:
            found[name] = {"forces": proof}
        elif name == "mcd" and "mask" in values:
            found[name] = {"rows": np.flatnonzero(values["mask"])}
        elif name == "tukey_median":
            U, w = proof if part.certificate.kind == LEVELS else (np.zeros((0, 1)), np.zeros(0))
            tree = {"tree": values["tree"]} if "tree" in values else {}
            found[name] = {"directions": U[w > 0], "weights": w[w > 0], **tree}
    short = {name: kept for name, kept in found.items() if sum(np.size(some) for some in kept.values()) < MOST_NUMBERS}
    return {name: {key: np.asarray(some).tolist() for key, some in kept.items()} for name, kept in short.items()}


def unfinished(solution: Solution, asked: Iterable[str]) -> dict[str, list[str]]:
    """What there was too little time for: the names of the estimates that were stopped, and of those not begun."""
    stopped = [name for name, part in solution.parts.items() if "stopped by" in part.message]
    return {"stopped in time": stopped, "not begun in time": [name for name in asked if name not in solution.parts]}


def table(
    solution: Solution, columns: Sequence[str], errors: Mapping[str, float], asked: Iterable[str]
) -> Iterator[str]:
    """A line for each estimate that was asked for: value, bound, status, and the point; what is missing is named."""
    head = f"{'error':>9}" if errors else ""
    yield f"  {'estimate':<{WIDTH}} {'value':>13} {'bound':>13}  {'status':<13}{head}  " + _heads(columns)
    for name, part in solution.parts.items():
        if part.answer is None:
            continue
        value, bound = (f"{'' if number is None else f'{number:.7g}':>13}" for number in (part.value, part.bound))
        error = f"{errors[name]:>9.4f}" if errors else ""
        point = "".join(f" {number:>10.4g}" for number in point_of(name, part.answer)[:SHOWN])
        yield f"  {name:<{WIDTH}} {value} {bound}  {part.status:<13}{error}  {point}"
    if "oracle" in errors:
        yield f"  {'(mean of the clean rows)':<{WIDTH + 43}}{errors['oracle']:>9.4f}"
    if len(columns) > SHOWN:
        yield f"  ... of {len(columns):,} columns (--json has them all)"
    for told, names in unfinished(solution, asked).items():
        if names:
            yield f"  {told}: {', '.join(names)}"


def _heads(columns: Iterable[str]) -> str:
    return "".join(f" {safe(name, 10):>10}" for name in list(columns)[:SHOWN])


def errors_of(solution: Solution, oracle: Floats) -> dict[str, float]:
    """The Euclidean norm of each estimate, the truth being 0, and that of the oracle."""
    found = {name: point_of(name, answer) for name, answer in solution.answer.items()}
    found["oracle"] = oracle.tolist()
    return {name: float(np.linalg.norm(point)) for name, point in found.items()}
