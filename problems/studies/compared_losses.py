"""Losses compared: one generator trained by each on the same rows, and what held-out rows say of it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from problems.studies.generator_training import Training, evidence, usual_iterations

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
COMPARED = LOSSES[:4]


def compared(
    training: Training, solution: Solution, data: str, iterations: int | None, until: float
) -> list[dict[str, Any]]:
    """A row for the training that is done, and one for each other loss; until that time of time.monotonic()."""
    from solvers import solve

    rows = [row(training, solution)]
    for loss in COMPARED:
        left = until - time.monotonic()
        if left > 0 and loss != training.loss and not (training.free and loss == "likelihood"):
            steps = iterations or usual_iterations(data, training.kind, loss)
            other = replace(training, loss=loss, iterations=steps)
            limit = None if left == math.inf else left
            rows.append(row(other, solve(other.problem, other.settings(None), seed=other.seed, time_limit=limit)))
    return rows


def row(training: Training, solution: Solution) -> dict[str, Any]:
    """The loss, the log-likelihood of held-out rows where the density is known, the least KL, and seconds."""
    proof = evidence(training, solution)
    return {
        "loss": training.loss,
        "iterations": solution.stats["iterations"],
        "likelihood_between": proof.get("likelihood_between"),
        "kl_at_least": proof.get("kl_at_least"),
        "solve_seconds": solution.stats["solve_seconds"],
    }


def table(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """The rows as lines, the log-likelihood as an estimate and its interval."""
    yield f"  {'loss':<15} {'log-likelihood per held-out row (95%)':<38} {'KL at least':>11} {'seconds':>8}"
    for found in rows:
        between, least = found["likelihood_between"], found["kl_at_least"]
        known = "" if between is None else f"{sum(between) / 2:.4g} ({between[0]:.4g} to {between[1]:.4g})"
        kl = "" if least is None else f"{least:.3g}"
        yield f"  {found['loss']:<15} {known or 'unknown':<38} {kl:>11} {found['solve_seconds']:>8.1f}"
