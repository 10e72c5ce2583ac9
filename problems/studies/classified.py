"""Rows with labels that a network learns from, and others that it is judged by: two moons, digits, or a table."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formulations.problem import Floats, Ints
from problems.studies.named_rows import standardised
from problems.studies.targets import targeted
from problems.terminal.errors import InputError, quoted

MADE = ("moons", "digits")  # names of data that are no files
TRAINED, NOISE = 400, 0.1  # made rows, and the standard deviation of what they are off the moons
HELD_OUT = 0.3  # share of the rows of each label that a network is not trained with
MOST_LABELS, MOST_ROWS, MOST_COLUMNS = 20, 5_000, 1_000  # rows to train with


@dataclass(frozen=True, eq=False)
class Classified:
    """Rows X (n, d) with labels y (n,), places in `labels`.

    trained, judged  which rows, int64 (k,)
    within           the range of all numbers, if they share one
    """

    source: str
    X: Floats
    y: Ints
    labels: Sequence[str]
    columns: Sequence[str]
    trained: Ints
    judged: Ints
    within: tuple[float, float] = (-math.inf, math.inf)
    notes: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """How many pixels wide its rows are as square images; 0 if they are none."""
        side = math.isqrt(self.X.shape[1])
        return side if math.isfinite(self.within[1]) and side**2 == self.X.shape[1] else 0


def classified(options: argparse.Namespace, points: int) -> Classified:
    """The data that the arguments name, and so many points to be judged, if there are as many."""
    rng = np.random.default_rng(options.seed)
    if options.data == "moons":
        X, y = moons(TRAINED + points, rng)
        rows = np.arange(len(y))
        return Classified("two moons", X, y, ["upper", "lower"], ["x", "y"], rows[:TRAINED], rows[TRAINED:])
    if options.data == "digits":
        return _digits(points, rng)
    return _table(options, points, rng)


def moons(n: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Points on two half circles that reach into each other, (n, 2), with noise, and which of the two each is on.

    >>> X, y = moons(100, np.random.default_rng(0))
    >>> X.shape, sorted(set(y.tolist()))
    ((100, 2), [0, 1])
    """
    angle, y = rng.uniform(0, np.pi, n), np.arange(n) % 2
    on = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    X = np.where(y[:, None] == 0, on, [1.0, 0.5] - on) + NOISE * rng.standard_normal((n, 2))
    return X, y


def _digits(points: int, rng: np.random.Generator) -> Classified:
    from sklearn.datasets import load_digits

    found = load_digits()
    X, y = found.data / 16, found.target.astype(np.int64)
    trained, judged, notes = split(y, points, rng)
    columns = [f"pixel {k}" for k in range(X.shape[1])]
    return Classified("digits", X, y, [str(k) for k in range(10)], columns, trained, judged, (0.0, 1.0), notes)


def _table(options: argparse.Namespace, points: int, rng: np.random.Generator) -> Classified:
    if options.target is None:
        raise InputError(f"--target is missing: name the column of {quoted(options.data)} that holds the labels")
    source, table, place, X, columns = targeted(options, "")
    name, values = table.columns[place], table.values[:, place]
    found, y = np.unique(values, return_inverse=True)
    texts = table.labels.get(place, [f"{value:g}" for value in found.tolist()])
    if not 2 <= len(found) <= MOST_LABELS:
        has = f"{len(found):,} different values" if len(found) > 1 else "one value only"
        raise InputError(
            f"{source}: the column {quoted(name)} has {has}, and a network tells 2 to {MOST_LABELS} labels apart; "
            "choose another column by --target"
        )
    if X.shape[1] > MOST_COLUMNS:
        raise InputError(f"{source}: has {X.shape[1]:,} columns; choose at most {MOST_COLUMNS:,} by --columns")
    if np.abs(X).max() > 1e15:
        raise InputError(f"{source}: has a number of {np.abs(X).max():.3g}; leave out columns with such by --columns")
    X = standardised(X) if options.standardise else X
    trained, judged, notes = split(y, points, rng)
    if not len(judged):
        raise InputError(f"{source}: no label has a row to spare for judging; give two rows of some label at least")
    return Classified(source, X, y, texts, columns, trained, judged, notes=(*table.notes, *notes))


def split(y: Ints, points: int, rng: np.random.Generator) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Rows to train with, at least one of each label, and so many of the others at most, and what is left out.

    >>> [len(part) for part in split(np.array([0, 0, 0, 0, 1]), 5, np.random.default_rng(0))]
    [4, 1, 1]
    """
    order = rng.permutation(len(y))
    rank = np.empty(len(y), dtype=np.int64)  # among the rows of its label
    for label in np.unique(y):
        own = order[y[order] == label]
        rank[own] = np.arange(len(own))
    kept = rank < np.ceil((1 - HELD_OUT) * np.bincount(y))[y]
    notes = []
    trained, held_out = order[kept[order]], order[~kept[order]]
    if len(trained) > MOST_ROWS:
        trained = trained[np.argsort(rank[trained], kind="stable")[:MOST_ROWS]]
        notes.append(f"The networks are trained with {MOST_ROWS:,} of {int(kept.sum()):,} rows.")
    if len(held_out) < points:
        notes.append(f"There are {len(held_out):,} rows to judge by that no network was trained with, not {points:,}.")
    return np.sort(trained), np.sort(held_out[:points]), tuple(notes)
