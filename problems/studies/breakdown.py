"""Errors of estimates against the share of bad rows, the rows or the columns, on made data of several seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from problems.studies.contaminated import contaminated
from problems.studies.estimators import NAMES, errors_of, estimates

VALUES = {"eps": (0.0, 0.05, 0.1, 0.2, 0.3, 0.4), "n": (100, 300, 1_000, 3_000), "p": (1, 2, 5, 10, 20)}
USUAL = tuple(name for name in NAMES if not name.startswith("js_gan") and name != "tukey_median")  # what takes no time


@dataclass(frozen=True)
class Experiment:
    """What is varied, and what stays as it is."""

    varied: str
    n: int
    p: int
    eps: float
    adversary: str
    seed: int
    names: Sequence[str] | None
    seeds: int = 5


@dataclass(frozen=True)
class Errors:
    """At one value the median error of each estimate, by name, and of the mean of the clean rows, the oracle."""

    at: float
    errors: Mapping[str, float]


def as_rows(asked: Experiment) -> Iterator[Errors]:
    """A row for each value, one after the other."""
    from formulations.problem import Separable
    from solvers import solve

    for value in VALUES[asked.varied]:
        n, p, eps = (value if asked.varied == name else usual for name, usual in _usual(asked).items())
        found: dict[str, list[float]] = {}
        for seed in range(asked.seed, asked.seed + asked.seeds):
            made = contaminated(int(n), int(p), float(eps), asked.adversary, seed)
            some = estimates(made.rows, asked.names or USUAL)
            solution = solve(Separable(some.problems), some.solvers, seed=seed)
            if solution.stats["interrupted"]:
                raise KeyboardInterrupt
            for name, error in errors_of(solution, made.oracle).items():
                found.setdefault(name, []).append(error)
        yield Errors(value, {name: median(errors) for name, errors in found.items()})


def _usual(asked: Experiment) -> dict[str, float]:
    return {"n": asked.n, "p": asked.p, "eps": asked.eps}


def lines(asked: Experiment, rows: Sequence[Errors]) -> list[str]:
    """The table."""
    others = ", ".join(f"{name} {value:g}" for name, value in _usual(asked).items() if name != asked.varied)
    first = f"Errors against {asked.varied} ({others}, {asked.adversary}): medians of {asked.seeds} seeds"
    names = list(dict.fromkeys(name for row in rows for name in row.errors))
    width = max(map(len, names), default=0)
    head = f"  {asked.varied:<{width}}" + "".join(f" {row.at:>9g}" for row in rows)
    cells = {name: [row.errors.get(name) for row in rows] for name in names}
    body = [
        f"  {name:<{width}}" + "".join(f" {'' if error is None else f'{error:.4f}':>9}" for error in errors)
        for name, errors in cells.items()
    ]
    return [first, head, *body]
