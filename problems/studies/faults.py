"""Faults of a trained generator, each a claim by rows that it was not trained on, at a stated level.

    worsened   the last generator of the training is worse than the one that is answered
    blind      the discriminator's estimate of KL(data || generator) is below 0, which no KL is: it tells nothing
    copied     samples repeat training rows (problems.studies.memorised)
    lost       parts of the data get hardly any samples (problems.studies.coverage)

None is claimed of a generator that has not the fault but with a probability of at most its level.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from problems.studies.coverage import LEVEL, coverage
from problems.studies.memorised import memory

if TYPE_CHECKING:
    from torch import Tensor

    from formulations.likelihood.data import Data
    from formulations.problem import Floats, Players, Sampler
    from problems.terminal.checkpoints import Folder
    from solvers.descent_ascent import SaddleSearch

COPIED_LEVEL = 1e-3  # of what is nearly an accusation; whoever fits his rows by likelihood leans towards them a little
SAMPLES = 2_500
ROWS = 2_000  # held-out rows and samples, by whose distances two generators are compared


@dataclass
class Followed:
    """A search that is followed, for what its players were like last; it is saved in a folder where there is one."""

    folder: Folder | None = None
    search: SaddleSearch | None = None

    def __call__(self, search: SaddleSearch) -> None:
        """Follow it."""
        self.search = search
        if self.folder is not None:
            self.folder.follow(search)

    def latest(self, member: int, answered: int) -> tuple[int, Players] | None:
        """A member's players at the last iteration, and which that is; None if they are those of the answered one."""
        if self.search is None or self.search.iteration <= answered:
            return None
        return self.search.iteration, self.search.latest(member)


def faults(
    data: Data, noise: Sampler, players: Players, answered: int, latest: tuple[int, Players] | None
) -> dict[str, Any]:
    """What each test of the players came to, by name, and "warnings": a sentence for each fault that is claimed.

    answered  the iteration that the players are of
    latest    the last iteration and its players, if those are others
    """
    import numpy as np

    found: dict[str, Any] = {}
    said = []
    if latest is not None:
        found["worsened"] = worse = {
            "iteration": answered,
            "last": latest[0],
            **worsened(data, noise, players, latest[1]),
        }
        if worse["p_value"] <= LEVEL:
            by = "infinitely" if worse["by"] is None else f"{worse['by']:.3g} {worse['unit']}"
            said.append(
                f"training got worse after iteration {answered:,}, whose generator is answered: that of iteration "
                f"{latest[0]:,} is {by} worse on held-out rows ({_p(worse['p_value'])})"
            )
    if "d" in players:
        found["blind"] = blind = estimated_divergence(data, noise, players)
        if blind["p_value"] <= LEVEL:
            said.append(
                f"the discriminator estimates a KL of {blind['estimate']:.3g} on held-out rows, and no KL is below 0 "
                f"({_p(blind['p_value'])}): it fits its training rows, and tells nothing of this generator"
            )
    train, held_out = (rows.double().numpy() for rows in (data.train, data.held_out))
    samples = _made(noise, players, SAMPLES)
    samples = samples[np.isfinite(samples).all(axis=1)]
    if len(samples) < SAMPLES:
        said.append(f"{SAMPLES - len(samples):,} of {SAMPLES:,} samples are no finite numbers")
    if not len(samples):
        return {**found, "warnings": said}
    scale = data.scale.double().numpy()
    copied = memory(samples, train, held_out, scale=scale)
    if copied.p_value <= COPIED_LEVEL:
        said.append(
            f"training rows are repeated, by some {max(copied.repeated, 0):.0%} of samples: these lie nearer to them "
            f"(median {copied.distance:.2g} sd) than held-out rows do ({copied.held_out_distance:.2g} sd), and nearer "
            f"than to held-out rows ({_p(copied.p_value)})"
        )
    covered = coverage(samples, held_out, len(train), labels=sum(data.categories), scale=scale)
    if covered.lost:
        said.append(
            f"modes, or edges of them, are lost: {covered.lost:.1%} of held-out rows lie where less than a tenth of "
            f"the samples that are due is made ({_p(covered.p_value)})"
        )
    lost = {name: value for name, value in asdict(covered).items() if name != "where"}
    return {**found, "copied": asdict(copied), "lost": lost, "warnings": said}


def worsened(data: Data, noise: Sampler, before: Players, after: Players) -> Mapping[str, Any]:
    """By how much the second generator is worse on held-out rows, and the p-value of it being no worse.

    By log p, row by row, where both densities are known; else by the energy score of their samples.
    """
    import numpy as np
    from scipy.stats import ttest_1samp

    from formulations.likelihood.data import mapped
    from formulations.likelihood.energy import energy_score, worse_by

    if all(hasattr(players["f"], "log_density") for players in (before, after)):
        log_p = [mapped(players["f"].log_density, data.held_out) for players in (before, after)]
        if not np.isfinite(log_p).all():  # a row that is impossible by one density alone decides
            return {"by": None, "unit": "nats a row", "p_value": float(not np.isfinite(log_p[0]).all())}
        less = log_p[0] - log_p[1]
        p_value = float(ttest_1samp(less, 0, alternative="greater").pvalue) if less.std() > 0 else float(less[0] <= 0)
        return {"by": float(less.mean()), "unit": "nats a row", "p_value": p_value}
    scale = data.scale.double().numpy()
    rows = data.held_out[:ROWS].double().numpy() / scale
    samples = [_made(noise, players, ROWS) / scale for players in (before, after)]
    if not all(np.isfinite(made).all() for made in samples):
        return {"by": None, "unit": "in energy score", "p_value": float(not np.isfinite(samples[0]).all())}
    by, p_value = worse_by(*(energy_score(rows, made) for made in samples))
    return {"by": by, "unit": "in energy score", "p_value": p_value}


def estimated_divergence(data: Data, noise: Sampler, players: Players) -> Mapping[str, float]:
    """E_q log d - log E_p d by held-out rows and samples, and the p-value of it being 0 or more (delta method)."""
    import numpy as np

    from formulations.likelihood.data import mapped
    from formulations.likelihood.held_out import LOG_D_CAP

    log_d = np.clip(np.nan_to_num(mapped(players["d"], data.held_out), nan=-np.inf), -LOG_D_CAP, LOG_D_CAP)
    at_samples = mapped(players["d"], _tensor(noise, players, len(log_d)))
    d = np.exp(np.clip(np.nan_to_num(at_samples, nan=-np.inf), -LOG_D_CAP, LOG_D_CAP))
    estimate = float(log_d.mean() - np.log(d.mean()))
    error = math.sqrt(log_d.var(ddof=1) / len(log_d) + d.var(ddof=1) / len(d) / d.mean() ** 2)
    p_value = NormalDist().cdf(estimate / error) if error else float(estimate >= 0)
    return {"estimate": estimate, "p_value": p_value}


def _tensor(noise: Sampler, players: Players, count: int) -> Tensor:
    """Samples of one generator, in the units that players have; the same noise for all."""
    import torch

    from formulations.gan import random_numbers

    with torch.no_grad():
        made: Tensor = players["f"](noise(count, random_numbers(0, "faults")))
    return made


def _made(noise: Sampler, players: Players, count: int) -> Floats:
    samples: Floats = _tensor(noise, players, count).double().numpy()
    return samples


def _p(p_value: float) -> str:
    return f"p = {p_value:.1g}" if p_value >= 1e-12 else "p < 1e-12"
