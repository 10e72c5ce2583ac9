"""Losses compared: one generator trained by each on the same rows, with the same nets, and how each fares."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from problems.studies.generator_training import Training, best, evidence, usual_iterations

if TYPE_CHECKING:
    from solvers.solution import Solution

LOSSES = (  # rows of formulations.losses, of which this module tells without torch
    "likelihood",
    "lagrangian",
    "minimax",
    "non-saturating",
    "kl",
    "reverse-kl",
    "js",
    "gan",
    "pearson",
    "neyman",
    "hellinger",
    "total-variation",
    "least-squares",
    "wasserstein",
    "relativistic",
    "began",
    "mmd",
)
SAME = ("kl", "js", "gan")  # games of others in other units
USUAL = ("likelihood", "lagrangian", "minimax", "non-saturating", "least-squares", "wasserstein", "mmd")
ROWS = 2_500  # held-out ones, and samples, that an energy distance is estimated by


def losses(text: str) -> tuple[str, ...]:
    """The losses that are named with commas between; raises ArgumentTypeError for one that there is not.

    >>> losses("kl, mmd"), len(losses("all"))
    (('kl', 'mmd'), 14)
    """
    if text == "all":
        return tuple(loss for loss in LOSSES if loss not in SAME)
    named = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for loss in named or (text,):
        if loss not in LOSSES:
            raise argparse.ArgumentTypeError(f"there is no loss {loss!r}; choose of {', '.join(LOSSES)}, or say all")
    return named


def others(training: Training, asked: Sequence[str] | None) -> list[str]:
    """Those asked for that are not the training's own; no likelihood of a generator whose density is unknown."""
    return [loss for loss in asked or () if loss != training.loss and not (loss == "likelihood" and training.free)]


def compared(
    training: Training, solution: Solution, asked: Sequence[str], data: str, iterations: int | None, until: float
) -> list[dict[str, Any]]:
    """A row for the training that is done, and one for each other loss; until that time of time.monotonic().

    The time left is shared out evenly; a loss that there is none for has a row of its name alone.
    """
    from solvers import solve

    rows, waiting = [row(training, solution)], others(training, asked)
    while waiting:
        left, loss = (until - time.monotonic()) / len(waiting), waiting.pop(0)
        steps = iterations or usual_iterations(data, training.kind, loss)
        other = replace(training, loss=loss, iterations=steps, until=time.monotonic() + left)
        if left <= 0:
            rows.append({"loss": loss})
            continue
        limit = None if left == math.inf else left
        rows.append(row(other, solve(other.problem, other.settings(None), seed=other.seed, time_limit=limit)))
    return rows


def row(training: Training, solution: Solution) -> dict[str, Any]:
    """How one loss fares: what is None is unknown of such data, or of such a generator."""
    from formulations.likelihood.energy import energy_distance
    from problems.studies.mode_quality import mode_quality

    proof, data, samples = evidence(training, solution), training.data, training.samples(best(training, solution))
    scale, held_out = data.scale.double().numpy(), data.origin + data.held_out[:ROWS].double().numpy()
    score = {} if data.density is None else vars(mode_quality(samples, data.density))
    claims = ("likelihood_between", "kl_at_least", "divergence", "divergence_at_least", "divergence_at_most")
    return {
        "loss": training.loss,
        "iterations": solution.stats["iterations"],
        **{name: score.get(name) for name in ("covered", "modes", "high_quality", "reverse_kl", "sd_ratio")},
        "distance": energy_distance(held_out / scale, samples / scale)[0],
        **{name: proof.get(name) for name in claims},
        "solve_seconds": solution.stats["solve_seconds"],
    }


def table(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """The rows as lines of at most 100 letters, with the columns that any loss has a number in."""
    columns: dict[str, tuple[int, Callable[[Mapping[str, Any]], str]]] = {
        "modes": (6, lambda found: _number(found["covered"], "d")),
        "quality": (7, lambda found: _number(found["high_quality"], ".1%")),
        "rev. KL": (7, lambda found: _number(found["reverse_kl"], ".2g")),
        "sd ratio": (8, lambda found: _number(found["sd_ratio"], ".2f")),
        "distance": (8, lambda found: _number(found["distance"], ".2g")),
        "V": (7, lambda found: _number(found["likelihood_between"] and sum(found["likelihood_between"]) / 2, ".4g")),
        "KL from": (7, lambda found: _number(found["kl_at_least"], ".3g")),
        "its own, 95%": (22, _own),
        "seconds": (7, lambda found: _number(found["solve_seconds"], ".1f")),
    }
    trained = [found for found in rows if "iterations" in found]
    shown = {name: column for name, column in columns.items() if any(column[1](found) for found in trained)}
    yield f"  {'loss':<15} " + " ".join(f"{name:>{width}}" for name, (width, _) in shown.items())
    for found in trained:
        yield f"  {found['loss']:<15} " + " ".join(f"{text(found):>{width}}" for width, text in shown.values())
    if late := [found["loss"] for found in rows if found not in trained]:
        yield f"  no time was left for {', '.join(late)}; give more by --time-limit, or fewer --iterations"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"


def _own(found: Mapping[str, Any]) -> str:
    """What the loss bounds, by its own name."""
    name = {"wasserstein-1": "W1", "total-variation": "tv"}.get(found["divergence"], found["divergence"])
    least, most = found["divergence_at_least"], found["divergence_at_most"]
    if least is None:
        return ""
    return f"{name} >= {least:.3g}" if most is None else f"{name} {least:.2g} to {most:.2g}"
