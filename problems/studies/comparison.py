"""How far apart two samples are: transport between them, tests by kernels, and a classifier's held-out logits.

Transport is solved and proven elsewhere (solvers.solve); what else is measured here is computed once, in the order of
STAGES, as far as there is time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from problems.studies.paired_tables import Pair

if TYPE_CHECKING:
    from formulations.problem import Floats, Separable
    from problems.studies.discriminator import Half
    from solvers.solution import Solution

LEVEL = 0.95  # of the limits on each f-divergence
W1, W2 = "W1", "W2 squared"  # the transports
MOST_MOVED = 2_000  # rows of each sample that are transported
MOST_ENTROPIC = 4_000  # rows of each sample in limits by entropic transport, where not all are transported
ENTROPIC_PAIRS_A_SECOND, ENTROPIC_SHARE = 2e6, 0.3  # a cautious guess for when there is a limit; a share of that time
MOST_TESTED = 5_000  # rows of each sample in tests by kernels
FEW, PERMUTATIONS, FEWER = 4_000, 999, 199  # up to so many rows in all there are so many permutations, else fewer
PAIRS_A_SECOND = 5e8  # of rows times permutations, a cautious guess for when there is a limit
OVERHEAD = 100  # permutations that take as long as the kernel itself
SHOWN = 5  # rows of each sample, and columns, that differ the most
TRANSPORT_SHARE = 0.4  # of the time, for transport
YARDSTICK_SHARE = 0.3  # of what is left then, for transport within p


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two samples as they are compared; until when, as time.monotonic() has it."""

    pair: Pair
    seed: int
    until: float = math.inf
    found: dict[str, Any] = field(default_factory=dict)  # what the stages came to
    busy: list[str] = field(default_factory=list)  # the stage at work, if one is

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self.until - time.monotonic())

    @cached_property
    def moved(self) -> tuple[Floats, Floats]:
        """The points of p and of q that are transported: all, or some drawn at random where they lie on no line."""
        p, q = self.pair.points
        return (p, q) if p.shape[1] == 1 else (self._drawn(p, MOST_MOVED), self._drawn(q, MOST_MOVED))

    def problem(self) -> Separable:
        """Both transports between the samples."""
        return transports(*self.moved)

    def measured(self, solution: Solution) -> Mapping[str, Any]:
        """What the stages come to, each once; None for one that was broken off, or that there was no time for.

        Who asks while a stage is at work (the time limit, or Ctrl-C, asks for last words) is told what there is.
        """
        over = bool(self.busy) or bool(solution.stats["interrupted"])
        for name, stage in STAGES.items():
            if name in self.found or over:
                continue
            self.busy.append(name)
            self.found[name] = stage(self) if self.left > 0 else None
            self.busy.remove(name)
        return {name: self.found.get(name) for name in STAGES}

    def _drawn(self, points: Floats, most: int) -> Floats:
        import numpy as np

        if len(points) <= most:
            return points
        return points[np.random.default_rng(self.seed).permutation(len(points))[:most]]


def transports(p: Floats, q: Floats) -> Separable:
    """Transport between points at distances, and at their squares."""
    from formulations.problem import Separable
    from formulations.wasserstein import wasserstein

    return Separable({W1: wasserstein(p, q), W2: wasserstein(p, q, order=2)})


def distances(solution: Solution) -> dict[str, dict[str, Any]]:
    """Both distances: the value of the best plan, and what its potentials prove; the same where they meet."""
    found = {}
    for name, part, root in (("wasserstein_1", W1, 1.0), ("wasserstein_2", W2, 0.5)):
        one = solution.parts.get(part)
        value, bound = (None, None) if one is None else (one.value, one.bound)
        found[name] = {
            "value": None if value is None else max(value, 0.0) ** root,
            "at_least": None if bound is None else max(bound, 0.0) ** root,
            "proven": one is not None and one.proven,
        }
    return found


def _yardstick(of: Comparison) -> dict[str, Any] | None:
    """The same distances between two parts of p without a common row, as large as the transported samples if may be."""
    import numpy as np

    from solvers import solve

    p = of.pair.points[0]
    size = min(len(p) // 2, len(of.moved[1]))
    shuffled = p[np.random.default_rng(of.seed).permutation(len(p))]
    limit = None if of.until == math.inf else max(YARDSTICK_SHARE * of.left, 0.01)
    solution = solve(transports(shuffled[:size], shuffled[size : 2 * size]), time_limit=limit, seed=of.seed)
    if solution.stats["interrupted"]:
        raise KeyboardInterrupt
    return {"rows": size, **distances(solution)}


def _entropic(of: Comparison) -> dict[str, Any] | None:
    """Limits on W1 and W2 between more rows than are transported exactly; None where all of them are."""
    import numpy as np
    from scipy.spatial.distance import cdist

    from formulations.transport import entropic_limits
    from solvers.clock import Clock
    from solvers.flows.sinkhorn import nearly_optimal

    rows, found = MOST_ENTROPIC, {}
    if of.until < math.inf:
        rows = min(rows, int(math.sqrt(ENTROPIC_SHARE * of.left * ENTROPIC_PAIRS_A_SECOND)))
    p, q = (of._drawn(points, rows) for points in of.pair.points)
    if max(len(p), len(q)) <= max(map(len, of.moved)):
        return None
    supply, demand = np.full(len(p), len(q)), np.full(len(q), len(p))
    a, b, distance = supply / supply.sum(), demand / demand.sum(), cdist(p, q)
    for order, name in ((1, "wasserstein_1"), (2, "wasserstein_2")):
        cost = distance**order
        f, _ = nearly_optimal(cost, supply, demand, Clock())
        low, high = entropic_limits(f, a, b, cost)
        found[name] = {"at_least": max(low, 0.0) ** (1 / order), "at_most": high ** (1 / order)}
    return {"rows": [len(p), len(q)], **found}


def _sliced(of: Comparison) -> dict[str, float]:
    """The sliced W2 of all rows, which is at most their W2."""
    from formulations.wasserstein import sliced

    return {"value": sliced(*of.pair.points, seed=of.seed)}


def _columns(of: Comparison) -> list[dict[str, Any]]:
    """The columns, those whose own laws differ the most first."""
    import numpy as np

    from formulations.wasserstein import on_line

    pair, found = of.pair, []
    for j, name in enumerate(pair.columns):
        p, q, labels = pair.p.values[:, j], pair.q.values[:, j], pair.labels[j]
        if labels is not None:
            more = np.bincount(q.astype(int), minlength=len(labels)) / len(q)
            more -= np.bincount(p.astype(int), minlength=len(labels)) / len(p)
            apart = float(np.abs(more).sum() / 2)
            k = int(np.abs(more).argmax())
            found.append(
                {"column": name, "distance": apart, "ks": apart, "label": labels[k], "more_in_q": float(more[k])}
            )
            continue
        sd = float(np.concatenate([p - p[0], q - p[0]]).std())
        spread = float((p - p[0]).std())
        at = np.sort(np.concatenate([p, q]))
        below = [np.searchsorted(np.sort(x), at, side="right") / len(x) for x in (p, q)]
        found.append(
            {
                "column": name,
                "distance": on_line((p - p[0]) / sd, (q - p[0]) / sd),
                "ks": float(np.abs(below[0] - below[1]).max()),
                "mean_of_q_higher_by": float((q - p[0]).mean() - (p - p[0]).mean()) / sd,
                "sd_ratio": float((q - p[0]).std()) / spread if spread > 0 else None,
            }
        )
    return sorted(found, key=lambda column: -column["distance"])


def _kernels(of: Comparison) -> dict[str, Any]:
    """MMD and energy distance between the samples, with p-values by permutations."""
    import numpy as np

    from formulations.mmd import energy, gaussian, median_distance, permutation_p_value, squared_mmd

    rows = MOST_TESTED
    if of.until < math.inf:
        rows = min(rows, int(math.sqrt(of.left / 2 * PAIRS_A_SECOND / (2 * (FEWER + OVERHEAD))) / 2))
    p, q = (of._drawn(points, max(rows, 50)) for points in of.pair.points)
    permutations = PERMUTATIONS if len(p) + len(q) <= FEW else FEWER
    both = np.random.default_rng(of.seed).permutation(np.concatenate([p, q]))  # a width that does not see the labels
    width = median_distance(both[: len(p)], both[len(p) :])
    found = {}
    for name, kernel, root, about in (("mmd", gaussian(width), 0.5, {"width": width}), ("energy", energy(), 1.0, {})):
        found[name] = {
            "value": squared_mmd(q, p, kernel, unbiased=False) ** root,
            "p_value": permutation_p_value(q, p, kernel, permutations, of.seed),
            "permutations": permutations,
            "rows": [len(p), len(q)],
            **about,
        }
    return found


def _halves(of: Comparison) -> tuple[Half, Half] | None:
    """What each half of the rows was told by the other; None for too few rows, or too little time."""
    from formulations.f_divergence import DIVERGENCES
    from problems.studies.discriminator import LEAST_ROWS, cross_fitted

    p, q = of.pair.points
    if min(len(p), len(q)) < LEAST_ROWS:
        return None
    return cross_fitted(p, q, list(DIVERGENCES), HALF_LEVEL, of.seed, of.until)


STAGES: Mapping[str, Callable[[Comparison], Any]] = {
    "columns": _columns,
    "sliced_wasserstein_2": _sliced,
    "entropic": _entropic,
    "halves_of_p": _yardstick,
    "halves": _halves,
    "kernels": _kernels,
}
HALF_LEVEL = (1 + LEVEL) / 2  # of a limit by one half, so that the larger of two holds at the level


def at_least(halves: tuple[Half, Half]) -> dict[str, float]:
    """For each f the larger of the limits on D_f(q || p) that both halves prove.

    Each fails with a probability of at most half of 1 - LEVEL.
    """
    from formulations.divergences.confidence import at_least
    from formulations.f_divergence import DIVERGENCES

    return {
        name: max(at_least(name, half.v_q, half.v_p, HALF_LEVEL, half.caps[name]) for half in halves)
        for name in DIVERGENCES
    }


def accuracy(halves: tuple[Half, Half]) -> dict[str, float]:
    """How often a row's sample is told, the mean of both samples, and the p-value of q = p.

    In each half, given who is taken for a row of q, the number of those that are is hypergeometric if q = p (Fisher's
    exact test); of the halves' p-values twice the smaller is one.
    """
    import numpy as np
    from scipy.stats import hypergeom

    right, smallest = [], 1.0
    for sign, values in ((1, [half.v_q for half in halves]), (-1, [half.v_p for half in halves])):
        v = sign * np.concatenate(values)
        right.append(float((v > 0).mean() + (v == 0).mean() / 2))
    for half in halves:
        hits, taken = int((half.v_q > 0).sum()), int((half.v_q > 0).sum() + (half.v_p > 0).sum())
        n = len(half.v_q)
        smallest = min(smallest, float(hypergeom.sf(hits - 1, n + len(half.v_p), n, taken)))
    return {"accuracy": sum(right) / 2, "p_value": min(1.0, 2 * smallest)}


def log_ratios(pair: Pair, halves: tuple[Half, Half]) -> tuple[Floats, Floats]:
    """The estimates of log q / p at all rows of p, (n,), and of q, (m,)."""
    import numpy as np

    v_p, v_q = np.empty(len(pair.p.values)), np.empty(len(pair.q.values))
    for half in halves:
        v_p[half.p], v_q[half.q] = half.v_p, half.v_q
    return v_p, v_q


def most_telling(pair: Pair, halves: tuple[Half, Half]) -> dict[str, list[list[Any]]]:
    """Rows of q that are unlike p, and rows of p that are unlike q: what they are called, and log q / p."""
    import numpy as np

    found = {}
    for name, sample, v, sign in zip(("p", "q"), (pair.p, pair.q), log_ratios(pair, halves), (1, -1), strict=True):
        order = np.argsort(sign * v, kind="stable")[:SHOWN]
        found[f"of_{name}"] = [[sample.rows[i], float(v[i])] for i in order.tolist()]
    return found
