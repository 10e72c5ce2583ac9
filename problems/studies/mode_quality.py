"""How well samples cover a mixture whose modes are known: scores for generators without a density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from formulations.likelihood.mixtures import GaussianMixture
    from formulations.problem import Floats, Ints

HIGH_QUALITY = 3.0  # standard deviations from its nearest mode up to which a sample is of high quality
CHUNK = 1 << 16  # samples compared with all modes at a time


@dataclass(frozen=True, kw_only=True)
class ModeQuality:
    """Scores of samples against modes; those of a perfect sampler in two dimensions are in brackets.

    covered       modes with at least one sample of high quality (all)
    modes         how many there are
    high_quality  the share of samples within 3 sd of their nearest mode (0.989)
    reverse_kl    KL in nats from the samples' shares of the modes to the mixture's weights (0); None if none is finite
    sd_ratio      within a mode, the sd of samples of high quality over that of a perfect sampler's (1); None where no
                  mode has two
    Srivastava et al., VEEGAN, 2017, section 4.1; Lin et al., PacGAN, 2018, section 4.1.
    """

    covered: int
    modes: int
    high_quality: float
    reverse_kl: float | None
    sd_ratio: float | None


def mode_quality(samples: Floats, truth: GaussianMixture) -> ModeQuality:
    """The scores of samples, float64 (n, d); those that are not finite are of low quality and belong to no mode.

    Raises ValueError if there are no samples, or if they are of another dimension.

    >>> import numpy as np
    >>> from formulations.likelihood.mixtures import GaussianMixture
    >>> two = GaussianMixture(np.array([0.5, 0.5]), np.array([[0.0], [10.0]]), np.ones((2, 1)))
    >>> scores = mode_quality(np.array([[0.0], [1.0], [-1.0], [50.0]]), two)
    >>> scores.covered, scores.high_quality
    (1, 0.75)
    """
    import numpy as np
    from scipy.special import entr, gammainc

    samples = np.asarray(samples, dtype=np.float64)
    k, d = truth.means.shape
    if samples.ndim != 2 or samples.shape[1] != d or not len(samples):
        raise ValueError(f"the samples have shape {samples.shape}; they must be (n, {d}) with n at least 1")
    usable = samples[np.isfinite(samples).all(axis=1)]
    mode, distance = _nearest(usable, truth)
    near = distance <= HIGH_QUALITY
    counts = np.bincount(mode[near], minlength=k)
    share = np.bincount(mode, minlength=k) / max(len(usable), 1)
    reverse_kl = -entr(share).sum() - share @ np.log(truth.weights)

    y = (usable[near] - truth.means[mode[near]]) / truth.sds[mode[near]]
    sums = np.column_stack([np.bincount(mode[near], column, k) for column in y.T])
    squares = (y**2).sum() - (sums**2 / np.maximum(counts, 1)[:, None]).sum()
    spare = d * (counts - 1)[counts > 0].sum()
    # the variance of a coordinate of N(0, I) within that radius: a quotient of chi-squared probabilities, d + 2 and d
    perfect = gammainc(d / 2 + 1, HIGH_QUALITY**2 / 2) / gammainc(d / 2, HIGH_QUALITY**2 / 2)
    return ModeQuality(
        covered=int((counts > 0).sum()),
        modes=k,
        high_quality=float(near.sum() / len(samples)),
        reverse_kl=float(reverse_kl) if len(usable) else None,
        sd_ratio=float(np.sqrt(max(squares, 0.0) / spare / perfect)) if spare else None,
    )


def mode_shares(samples: Sequence[Floats], truth: GaussianMixture) -> Floats:
    """The share of samples of high quality that each mode has, of several generators (m, modes).

    >>> import numpy as np
    >>> from formulations.likelihood.mixtures import GaussianMixture
    >>> two = GaussianMixture(np.array([0.5, 0.5]), np.array([[0.0], [10.0]]), np.ones((2, 1)))
    >>> mode_shares([np.array([[0.0], [1.0], [-1.0], [50.0]])], two).tolist()
    [[0.75, 0.0]]
    """
    import numpy as np

    found = []
    for own in samples:
        mode, distance = _nearest(own, truth)
        found.append(np.bincount(mode[distance <= HIGH_QUALITY], minlength=len(truth.weights)) / len(own))
    return np.array(found)


def _nearest(samples: Floats, truth: GaussianMixture) -> tuple[Ints, Floats]:
    """Of each sample that is finite the nearest mode, and how far it is in standard deviations."""
    import numpy as np

    usable = samples[np.isfinite(samples).all(axis=1)]
    mode, distance = np.zeros(len(usable), dtype=np.int64), np.zeros(len(usable))
    for start in range(0, len(usable), CHUNK):
        chunk = usable[start : start + CHUNK]
        squared = sum(
            ((x[:, None] - mean) / sd) ** 2 for x, mean, sd in zip(chunk.T, truth.means.T, truth.sds.T, strict=True)
        )
        mode[start : start + CHUNK] = nearest = np.argmin(squared, axis=1)
        distance[start : start + CHUNK] = np.sqrt(squared[np.arange(len(chunk)), nearest])
    return mode, distance
