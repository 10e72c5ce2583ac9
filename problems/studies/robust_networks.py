"""Networks trained plainly and against moves, and what is known of each at the points that it is judged by."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.arithmetic.robust_accuracy import RobustAccuracy, SignTrees
from problems.proofs.cases import MOST_NUMBERS
from problems.terminal.errors import InputError, safe
from problems.terminal.output import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from formulations.arithmetic.relu_network import ReluNetwork
    from formulations.problem import Bools, Floats, Ints
    from problems.studies.classified import Classified
    from solvers.solution import Solution

STEP, MOVE, LAST = 0.01, 0.2, 0.02  # of weights, of moves in radii, and the last as a share of the first
SHOWN = 10  # row numbers in the text
RADII, BEYOND, STEPS = 9, 2.0, 20  # of the curve, up to so many times the radius asked for; steps of its attacks


@dataclass(frozen=True)
class Training:
    """How networks are trained: hidden layers, iterations, seed, device; seconds for each, None for all it takes."""

    hidden: Sequence[int]
    iterations: int
    seed: int
    device: str
    seconds: float | None
    quiet: bool

    def network(self, data: Classified, radius: float) -> tuple[ReluNetwork, int]:
        """A network trained against moves by that radius, plainly where it is 0, and in how many iterations.

        Raises KeyboardInterrupt on Ctrl-C, and InputError where nothing comes of it.
        """
        import torch

        from formulations.robust_network import adversarial_training
        from solvers import solve
        from solvers.descent_ascent import DescentAscent

        rows = data.trained
        game = adversarial_training(data.X[rows], data.y[rows], self.hidden, radius, data.within)
        game = replace(game, bound=None)  # which takes longer than the training, and is not asked for
        rules = DescentAscent(
            method="alternating",
            optimizer=(
                partial(torch.optim.Adam, lr=MOVE, betas=(0.0, 0.9)),  # no momentum: it would carry moves past corners
                partial(torch.optim.Adam, lr=STEP),
            ),
            schedule=lambda iteration: max(LAST, 1 - iteration / self.iterations),
            iterations=self.iterations,
        )
        with progress(self.quiet, None) as follow:
            asked: dict[str, Any] = {"time_limit": self.seconds, "seed": self.seed, "device": self.device}
            found = solve(game, rules, progress=follow, **asked)
        if found.stats["interrupted"]:
            raise KeyboardInterrupt
        if found.answer is None:
            raise InputError(f"{data.source}: the training did not get anywhere: {found.message}")
        return found.answer, found.stats["iterations"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What is known of a network at the points that it is judged by; rows are their numbers in the data.

    moved  where points were moved to, (n, d)
    """

    form: RobustAccuracy
    rows: Ints
    moved: Floats
    certified: Bools
    status: str

    @staticmethod
    def of(form: RobustAccuracy, rows: Ints, solution: Solution) -> Outcome:
        """As the solution proves it."""
        certified = form.certified(solution.certificate.proof)
        none = np.zeros(len(rows), dtype=bool)
        return Outcome(form, rows, solution.answer, none if certified is None else certified, solution.status)

    @cached_property
    def broken(self) -> Bools:
        """Whose label does not survive, (n,)."""
        return self.form.broken_points(self.moved)

    @cached_property
    def right(self) -> Bools:
        """Which are told right as long as nobody moves them, (n,)."""
        return ~self.form.broken_points(self.form.points)

    @property
    def undecided(self) -> Bools:
        """Neither certified nor broken, (n,)."""
        return ~self.certified & ~self.broken

    def as_json(self) -> dict[str, Any]:
        """Row numbers of each kind."""
        return {name: self.rows[getattr(self, name)].tolist() for name in ("certified", "broken", "undecided")}

    def shares(self) -> dict[str, float | str]:
        """The accuracy, and between which shares it lies where points are moved."""
        value, bound = float((~self.broken).mean()), float(self.certified.mean())
        return {"accuracy": float(self.right.mean()), "value": value, "bound": bound, "status": self.status}

    def curve(self) -> tuple[Floats, Floats, Floats]:
        """Radii, and at each the shares of points that quick attacks leave and that linear bounds certify."""
        from solvers.networks.attacks import ascended

        radii = np.linspace(0, BEYOND * (self.form.radius or 1.0), RADII)
        points, survived, certified = np.arange(len(self.rows)), [], []
        for radius in radii.tolist():
            form = replace(self.form, radius=radius)
            low, high = form.reach
            broken = form.broken_points(ascended(form, points, STEPS)) | form.broken_points(self.moved.clip(low, high))
            survived.append(float((~broken & self.right).mean()))
            certified.append(float((form.least_margins() > 0).all(axis=1).mean()))
        return radii, np.minimum.accumulate(survived), np.array(certified)


def judged(form: RobustAccuracy, rows: Ints, until: float, seed: int) -> Outcome:
    """Another network judged, until time.monotonic() is that; raises KeyboardInterrupt on Ctrl-C."""
    from formulations.robust_network import robust_accuracy
    from solvers import solve

    left = None if until == float("inf") else max(until - time.monotonic(), 0.01)
    problem = robust_accuracy(form.network, form.points, form.labels, form.radius, (form.low, form.high))
    solution = solve(problem, time_limit=left, seed=seed)
    if solution.stats["interrupted"]:
        raise KeyboardInterrupt
    return Outcome.of(form, rows, solution)


def describe(outcomes: Mapping[str, Outcome]) -> Iterable[str]:
    """A line for each network, and which rows are broken or undecided."""
    yield f"  {'network':<24}{'accuracy':>9}{'survived':>10}{'certified':>11}{'broken':>8}{'undecided':>11}"
    for name, outcome in outcomes.items():
        found, counts = outcome.shares(), {key: len(rows) for key, rows in outcome.as_json().items()}
        yield (
            f"  {told(name, outcome.form.radius):<24}{found['accuracy']:>9.1%}{found['value']:>10.1%}"
            f"{found['bound']:>11.1%}{counts['broken']:>8,}{counts['undecided']:>11,}"
        )
    for kind in ("broken", "undecided"):
        rows = next(iter(outcomes.values())).as_json()[kind]
        if rows:
            some = ", ".join(map(str, rows[:SHOWN])) + (" ..." if len(rows) > SHOWN else "")
            yield f"  rows {kind} in the first: {some} (numbers from 0)"


def told(name: str, radius: float) -> str:
    """How the network of that name was trained.

    >>> told("adversarial", 0.1), told("plain", 0.1)
    ('trained against 0.1', 'trained plainly')
    """
    return f"trained against {radius:g}" if name == "adversarial" else "trained plainly"


def answer(outcome: Outcome, data: Classified) -> dict[str, Any]:
    """What is known of the points, the attacks on those that are broken in order of these, and the network."""
    network = outcome.form.network
    return {
        **outcome.as_json(),
        "attacks": outcome.moved[outcome.broken].tolist(),
        "labels": [safe(label) for label in data.labels],
        "columns": list(data.columns),
        "network": {
            "weights": [W.tolist() for W in network.weights],
            "biases": [b.tolist() for b in network.biases],
        },
    }


def evidence(proof: Any) -> dict[str, Any]:
    """The trees as JSON; nothing if there are none, or if they take too many numbers."""
    if not isinstance(proof, SignTrees) or sum(part.size for part in vars(proof).values()) > MOST_NUMBERS:
        return {}
    return {"trees": {name: part.tolist() for name, part in vars(proof).items()}}


def trees_of(certificate: Mapping[str, Any]) -> SignTrees | None:
    """The trees that were written so; None if there are none."""
    if "trees" not in certificate:
        return None
    written = certificate["trees"]
    whole = {name: np.array(written[name], dtype=np.int64) for name in ("point", "rival", "unit", "below", "leaf")}
    return SignTrees(**whole, nu=np.array(written["nu"], dtype=np.float64))
