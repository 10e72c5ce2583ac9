"""Rules against an adversary: what is learned from which table, the radius by cross-validation, and how it is told."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.ambiguity.losses import LOSSES, Loss, huber
from formulations.ambiguity.robust_loss import Perturbation, RobustLoss, Wasserstein
from formulations.ambiguity.worst_case import WorstCase, worst_case
from formulations.robust_regression import robust_loss, robust_search
from problems.proofs.cases import MOST_NUMBERS
from problems.studies.named_rows import standardised
from problems.studies.ordering import write_rows
from problems.studies.targets import targeted
from problems.terminal.errors import InputError, quoted, safe

if TYPE_CHECKING:
    from formulations.problem import Floats
    from solvers.solution import Solution

NORMS = {"1": 1.0, "2": 2.0, "inf": np.inf}  # that moves of rows are measured in
FOLDS = 5
MOVES = np.r_[0.0, 10.0 ** np.arange(-3, 0.6, 0.5)]  # radii that are tried, of a column's standard deviation
WEIGHINGS = {"chi-squared": (0.0, 0.03, 0.1, 0.3, 1.0, 3.0), "kl": (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)}
CODES = ([0, 1], [-1, 1], [1, 2])  # numbers that stand for two labels
SHARES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.1)  # of rows, for cvar
EFFICIENT = 1.345  # standard deviations of normal noise: the threshold by which Huber's loss wastes 5 % of the rows
NORMAL = 0.6745  # median absolute deviation of a normal law of standard deviation 1
SHOWN = 20  # coefficients in the text
RADII, BEYOND = 31, 3  # in the picture, up to so many times the one asked for


@dataclass(frozen=True, eq=False)
class Learned:
    """Rows X (n, p) of those columns, and what is to be told from them, y (n,): numbers, or -1 and 1 for two labels."""

    source: str
    X: Floats
    y: Floats
    columns: Sequence[str]
    target: str
    labels: tuple[str, str] | None
    loss: Loss
    notes: tuple[str, ...]

    def form(self, against: str, radius: float, norm: float) -> RobustLoss:
        """The objective."""
        return robust_loss(self.X, self.y, self.loss, against, radius, norm)

    def part(self, rows: Any) -> Learned:
        """Some of the rows."""
        return replace(self, X=self.X[rows], y=self.y[rows])


def learned_of(options: argparse.Namespace, example: str) -> Learned:
    """The rows and targets that the arguments name, or those of the example; raises InputError for what are none."""
    source, table, place, X, columns = targeted(options, example)
    name, y = table.columns[place], table.values[:, place]
    found = np.unique(y)
    asked = options.loss or ("logistic" if place in table.labels or found.tolist() in CODES else "squares")
    labels = None
    if LOSSES[asked]().of == "margins":
        texts = table.labels.get(place, [f"{value:g}" for value in found.tolist()])
        if len(found) != 2:
            more = f"{len(found):,} different values" if len(found) > 1 else "one value only"
            remedy = "choose a column of two, or a loss of numbers, such as squares"
            raise InputError(f"{source}: the column {quoted(name)} has {more}, and {asked} tells two apart; {remedy}")
        labels, y = (texts[0], texts[1]), np.where(y == found[1], 1.0, -1.0)
    elif place in table.labels:
        raise InputError(f"{source}: the column {quoted(name)} holds text; --loss logistic or hinge tells labels apart")
    loss = LOSSES[asked]() if asked != "huber" else huber(options.threshold or threshold(y))
    X = standardised(X) if options.standardise else X
    return Learned(source, X, y, columns, name, labels, loss, tuple(table.notes))


def threshold(y: Floats) -> float:
    """From where on Huber's loss is straight: 1.345 robust standard deviations of the targets.

    >>> round(threshold(np.arange(5.0)), 3)
    1.994
    """
    spread = float(np.median(np.abs(y - np.median(y)))) / NORMAL
    return EFFICIENT * spread or EFFICIENT * float(y.std()) or 1.0


@dataclass(frozen=True, eq=False)
class Validated:
    """The mean loss of held-out rows at each radius, and which radius is taken."""

    radii: Sequence[float]
    losses: Sequence[float]
    chosen: float


def validated(learned: Learned, against: str, norm: float, seed: int) -> Validated:
    """The radius whose rules lose least on rows that they were not learned from, in FOLDS folds."""
    from solvers import solve

    n = len(learned.y)
    if n < 2 * FOLDS:
        raise InputError(f"{learned.source}: has {n} rows; --radius cv takes {2 * FOLDS} at least, so give a number")
    scale = float(np.median(learned.X.std(axis=0))) or 1.0
    radii = SHARES if against == "cvar" else WEIGHINGS.get(against, tuple((scale * MOVES).tolist()))
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    if learned.labels is not None:  # as many of each label in every fold, as far as it goes
        order = np.lexsort((fold, learned.y))
        fold = np.empty(n, dtype=int)
        fold[order] = np.arange(n) % FOLDS
        rare = int(min((learned.y == 1).sum(), (learned.y == -1).sum()))
        if rare < 2:
            raise InputError(
                f"{learned.source}: one label has {rare} row only; --radius cv takes two, so give a number"
            )
    untouched, losses = learned.form("perturbation", 0.0, norm), []
    for radius in radii:
        lost = 0.0
        for k in range(FOLDS):
            rule = solve(robust_search(learned.part(fold != k).form(against, radius, norm))).answer
            lost += float(learned.loss.value(untouched.plain(rule))[fold == k].sum())
        losses.append(lost / n)
    return Validated(radii, losses, float(radii[int(np.argmin(losses))]))


@dataclass(frozen=True, eq=False)
class Compared:
    """The robust rule beside the plain one, which is best for the data as they are."""

    learned: Learned
    against: str
    radius: float
    norm: float
    rule: Floats

    @cached_property
    def form(self) -> RobustLoss:
        """What the rule makes least."""
        return self.learned.form(self.against, self.radius, self.norm)

    @cached_property
    def plain(self) -> Floats:
        """The rule that is best without an adversary."""
        from solvers import solve

        found: Floats = solve(robust_search(self.learned.form("perturbation", 0.0, 2))).answer
        return found

    @cached_property
    def worst(self) -> WorstCase:
        """The worst distribution against the robust rule."""
        return worst_case(self.form, self.rule)

    def untouched(self, rule: Floats) -> float:
        """The mean loss of a rule on the data as they are."""
        return float(self.form.loss.value(self.form.plain(rule)).mean())

    def measures(self) -> Mapping[str, Any]:
        """What both rules lose, on the data as they are and in the worst case, and the worst case constructed."""
        return {
            "loss": {"robust": self.untouched(self.rule), "plain": self.untouched(self.plain)},
            "worst_loss": {"robust": self.form.value(self.rule), "plain": self.form.value(self.plain)},
            "worst_case": {"loss": self.worst.loss, "spent": self.worst.spent},
            "plain": {"coefficients": self.plain[:-1].tolist(), "intercept": float(self.plain[-1])},
        }

    def against_radii(self) -> tuple[Floats, Floats, Floats]:
        """Radii up to BEYOND times the one asked for, and what the plain and the robust rule lose at each."""
        top = 1.0 if self.against == "cvar" else BEYOND * (self.radius or 1.0)
        radii = np.linspace(0, top, RADII)
        if self.against == "cvar":
            radii = np.maximum(radii, 1 / len(self.learned.y)).clip(max=1 - 1e-9)
        forms = [self.learned.form(self.against, float(r), self.norm) for r in radii]
        losses = np.array([[form.value(rule) for rule in (self.plain, self.rule)] for form in forms])
        return radii, losses[:, 0], losses[:, 1]


def describe(compared: Compared, validation: Validated | None) -> Iterable[str]:
    """The rule, and what it loses beside the plain one."""
    learned, form = compared.learned, compared.form
    if validation is not None:
        yield f"radius {validation.chosen:g}, of those tried the one that loses least on rows held out:"
        for radius, loss in zip(validation.radii, validation.losses, strict=True):
            yield f"  {radius:<12g}{loss:.6g}{'  taken' if radius == validation.chosen else ''}"
    told = "" if learned.labels is None else f": above 0 {safe(learned.labels[1])}, below {safe(learned.labels[0])}"
    yield f"{safe(learned.target)} by {form.loss.name} against {compared.against} of {compared.radius:g}{told}"
    width = max(len("intercept"), *(len(safe(name)) for name in learned.columns[:SHOWN])) + 2
    yield f"  {'':<{width}}{'robust':>14}{'plain':>14}"
    for k, name in enumerate(learned.columns[:SHOWN]):
        yield f"  {safe(name):<{width}}{compared.rule[k]:>14.6g}{compared.plain[k]:>14.6g}"
    if len(learned.columns) > SHOWN:
        yield f"  and {len(learned.columns) - SHOWN:,} more, which --json and --out have"
    yield f"  {'intercept':<{width}}{compared.rule[-1]:>14.6g}{compared.plain[-1]:>14.6g}"
    found = compared.measures()
    for what, name in (("loss", "mean loss"), ("worst_loss", "in the worst case")):
        yield f"  {name:<{width}}{found[what]['robust']:>14.6g}{found[what]['plain']:>14.6g}"
    yield f"  a worst case was constructed: it loses {compared.worst.loss:.6g} and takes {compared.worst.spent:.6g}"


def write(path: str, compared: Compared) -> None:
    """Both rules as CSV."""
    names = [*compared.learned.columns, "intercept"]
    rows = [[name, *map(float, pair)] for name, *pair in zip(names, compared.rule, compared.plain, strict=True)]
    write_rows(path, ["", "robust", "plain"], rows)


def evidence(form: RobustLoss, proof: Any) -> dict[str, Any]:
    """A dual point, (weights, subgradients, those of moved rows), as JSON: what this adversary needs of it."""
    if not isinstance(proof, tuple) or len(form.k) > MOST_NUMBERS // 3:
        return {}
    p, u, v = (part.tolist() for part in proof)
    if isinstance(form.adversary, Perturbation):
        return {"subgradients": u, "moved": v}
    return {"subgradients": u} if isinstance(form.adversary, Wasserstein) else {"weights": p, "subgradients": u}


def answer(solution: Solution, learned: Learned) -> dict[str, Any]:
    """The rule as JSON holds it."""
    rule = solution.answer
    labels = {} if learned.labels is None else {"labels": list(learned.labels)}
    return {
        "coefficients": rule[:-1].tolist(),
        "intercept": float(rule[-1]),
        "columns": list(learned.columns),
        "target": learned.target,
        **labels,
    }
