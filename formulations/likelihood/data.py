"""Independent observations of an unknown density: rows to train on, to watch by, and held out for what is claimed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Generator, Tensor

from formulations.likelihood.mixtures import GaussianMixture
from formulations.problem import Floats, Sampler

SPLIT_SHARES = (0.6, 0.1)  # of a user's data for training and for validation; the rest is held out
ROWS_PER_EVALUATION = 1 << 14
FEWEST_ROWS = 20  # the least number of rows that are split
LEAST_VARIATION = 1e-13  # of a column's standard deviation relative to its largest number, in float64
LEAST_VARIATION_FLOAT32 = 1e-5  # the same relative to its mean, of what players in float32 see
LEAST_SD, LARGEST = 1e-30, 1e30  # that they may see
ENTROPY_TOLERANCE = 1e-6  # standard error up to which an entropy counts as known


@dataclass(frozen=True, eq=False)
class Data:
    """Training, validation and test data, float32 (rows, d), without common rows.

    train     the training set
    watch     the validation set: for monitoring, and choices such as when to stop
    held_out  the test set, for value, bound and certificates: evaluate once; repeated use invalidates the confidence
              level
    density   q, where it is known
    origin    float64 (d,), or 0: the rows are relative to it, so that they keep their digits; it moves no density
    categories  how many values each category has; a row is its numbers, and then a one-hot vector for each category

    >>> data = split(np.arange(100.0))
    >>> len(data.train), len(data.watch), len(data.held_out), data.entropy is None
    (60, 10, 30, True)
    """

    train: Tensor
    watch: Tensor
    held_out: Tensor
    density: GaussianMixture | None = None
    origin: Floats | float = 0.0
    categories: Sequence[int] = ()

    @property
    def numbers(self) -> int:
        """How many coordinates of a row are numbers, the first."""
        return self.train.shape[1] - sum(self.categories)

    @cached_property
    def center(self) -> Tensor:
        """The mean of the training data, (d,)."""
        return self.train.double().mean(0).float()

    @cached_property
    def scale(self) -> Tensor:
        """Their standard deviation, (d,); in a one-hot vector the root of the sum of variances, as of one column.

        1 where all are the same, as at the edge of images.
        """
        variance = self.train.double().var(0)
        parts = torch.split(variance, [1] * self.numbers + list(self.categories))
        scale = torch.cat([part.sum().sqrt().expand(len(part)) for part in parts]).float()
        return torch.where(scale > 0, scale, 1.0)

    @cached_property
    def entropy(self) -> float | None:
        """The entropy of q in nats, where it is known."""
        known = self.density is not None and self.density.entropy_error() <= ENTROPY_TOLERANCE
        return self.density.entropy() if self.density is not None and known else None


def split(
    rows: ArrayLike,
    seed: int = 0,
    origin: Floats | float = 0.0,
    columns: Sequence[str] | None = None,
    categories: Sequence[int] = (),
) -> Data:
    """Independent observations (n, d), or (n,) for d = 1, shuffled and split into 60, 10 and 30 percent.

    origin      what is subtracted from the rows in float64, so that numbers far from 0 keep their digits in float32
    columns     what messages call the columns, of numbers and then categories; by default their numbers, from 1 on
    categories  of how many coordinates, the last ones, each is a one-hot vector
    Raises ValueError for fewer than 20 rows, for numbers that are missing or infinite, and for columns that do not
    vary, or not in float32.

    >>> data = split(1.7e9 + np.arange(100.0), origin=1.7e9)
    >>> data.held_out.shape, data.train.min() >= 0, data.train.max() < 100
    (torch.Size([30, 1]), tensor(True), tensor(True))
    """
    given = np.asarray(rows, dtype=np.float64)
    x = given.reshape(len(given), -1) if given.ndim in (1, 2) else given
    if x.ndim != 2 or len(x) < FEWEST_ROWS or not x.shape[1]:
        raise ValueError(f"the data have shape {given.shape}; they must be (n, d) with n at least {FEWEST_ROWS}")
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if len(bad):
        raise ValueError(f"row {bad[0] + 1} of the data has a number that is missing or infinite; leave it out")
    x = x[np.random.default_rng([seed, len(x)]).permutation(len(x))]
    until = [int(share * len(x)) for share in np.cumsum(SPLIT_SHARES)]
    numbers = x.shape[1] - sum(categories)
    names = columns or [str(j) for j in range(1, numbers + len(categories) + 1)]
    for j, name in enumerate(names[:numbers]):
        _refuse_unlearnable(x[:, j], until[0], (x - origin)[:, j], name)
    for start, size, name in zip(numbers + np.cumsum([0, *categories]), categories, names[numbers:], strict=False):
        if (x[: until[0], start : start + size] == x[0, start : start + size]).all():
            raise ValueError(f"column {name} of the data is one and the same in all rows to train with; leave it out")
    train, watch, held_out = (torch.from_numpy(part) for part in np.split((x - origin).astype(np.float32), until))
    return Data(train, watch, held_out, origin=origin, categories=tuple(categories))


def resampled(rows: Tensor) -> Sampler:
    """A sampler of rows with replacement, (batch, d).

    >>> resampled(torch.tensor([[1.0], [2.0]]))(3, Generator().manual_seed(0)).shape
    torch.Size([3, 1])
    """
    on = cache(rows.to)  # copied to each device once

    def draw(batch: int, generator: Generator) -> Tensor:
        device = generator.device
        return on(device).index_select(0, torch.randint(len(rows), (batch,), generator=generator, device=device))

    return draw


@torch.no_grad()
def over_batches(function: Callable[[Tensor], Any], batches: Sequence[Tensor]) -> Floats:
    """The function's values at all rows, one batch after another, float64 (n, ...).

    >>> over_batches(lambda x: x[:, 0], [torch.ones(2, 1), torch.zeros(1, 1)])
    array([1., 1., 0.])
    """
    return np.concatenate([np.asarray(function(part), dtype=np.float64) for part in batches])


def mean_of(values: Floats) -> float | None:
    """Their mean, if it is finite.

    >>> mean_of(np.array([1.0, 2.0])), mean_of(np.array([np.inf]))
    (1.5, None)
    """
    mean = float(values.mean())
    return mean if math.isfinite(mean) else None


def mapped(function: Callable[[Tensor], Any], rows: Tensor) -> Floats:
    """The function's values at the rows, float64 (n,), a chunk of rows at a time.

    >>> mapped(lambda x: 2 * x[:, 0], torch.ones(3, 1))
    array([2., 2., 2.])
    """
    return over_batches(function, torch.split(rows, ROWS_PER_EVALUATION))


def _refuse_unlearnable(x: Floats, n: int, shifted: Floats, name: str) -> None:
    """Raise ValueError for a column, float64, that is constant in its first n rows, or in float32."""
    size, unit = float(np.abs(shifted).max()), float(np.abs(x).max()) or 1.0
    train = shifted[:n] / unit
    sd = float(train.std())
    if sd <= LEAST_VARIATION:
        said = "all rows" if np.ptp(x) == 0 else f"all of {n:,} rows to train with, to 13 digits"
        raise ValueError(f"column {name} of the data is {x[0]:.6g} in {said}; leave it out")
    if not LEAST_SD <= sd * unit <= size <= LARGEST:
        raise ValueError(
            f"column {name} of the data has numbers of up to {size:.3g} that vary by {sd * unit:.3g}, beyond what "
            f"float32 holds; give it in other units, so that its numbers are nearer to 1"
        )
    if abs(float(train.mean())) * LEAST_VARIATION_FLOAT32 > sd:
        raise ValueError(
            f"column {name} of the data varies by {sd * unit:.3g} about {x[:n].mean():.6g}, which float32 does not "
            f"tell apart; subtract {x[0]:.6g} from it, as the origin"
        )
