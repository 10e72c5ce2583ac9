"""A mixture for rows of numbers and categories: within a component, all of them are independent of each other.

    p(x, c)  =  sum over k of P(k) N(x; mean_k, L_k L_k') prod over j of theta_kj(c_j)

a density in the numbers x times a probability of the categories c_1, ..., c_m: log p is in nats, and comparable among
all models of the same columns. Without numbers it is latent class analysis (Lazarsfeld & Henry, 1968); Everitt, A
finite mixture model for the clustering of mixed-mode data, 1988.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Generator, Tensor, nn

from formulations.players.categories import chosen, gumbel, log_shares, units_of_numbers
from formulations.players.generators import Mixture


class MixedMixture(Mixture):
    """A mixture of products; y is the numbers in standard units, and a one-hot vector for each category.

    >>> f = MixedMixture(3, torch.zeros(4), torch.ones(4), Generator().manual_seed(0), [2])
    >>> f.latent, f(torch.zeros(5, 5)).shape  # the component, two numbers and two scores
    (5, torch.Size([5, 4]))
    """

    def __init__(
        self, components: int, center: Tensor, scale: Tensor, generator: Generator, categories: Sequence[int]
    ) -> None:
        """center, scale: (d,), of which the last coordinates, of categories of these sizes, stay in their own units."""
        self.categories, self.labels = list(categories), sum(categories)
        numbers = len(center) - self.labels
        super().__init__(components, center[:numbers], scale[:numbers], generator)
        self.latent = 1 + len(center)
        self.units = units_of_numbers(center, scale, self.labels).to(generator.device)
        self.scores = nn.Parameter(torch.zeros(components, self.labels, device=generator.device))

    @classmethod
    def of_parts(
        cls,
        weights: ArrayLike,
        means: ArrayLike,
        factors: ArrayLike,
        log_theta: ArrayLike,
        center: Tensor,
        scale: Tensor,
        categories: Sequence[int],
    ) -> MixedMixture:
        """The mixture with these parts, as in Mixture.of, and log theta (K, L), not to be trained.

        >>> parts = [1.0], np.zeros((1, 0)), np.zeros((1, 0, 0)), np.log([[0.25, 0.75]])
        >>> f = MixedMixture.of_parts(*parts, torch.zeros(2), torch.ones(2), [2])
        >>> f.log_density(torch.eye(2)).exp()
        tensor([0.2500, 0.7500])
        """
        f = cls(len(np.asarray(weights)), center, scale, Generator(), categories)
        f.scores.data.copy_(torch.as_tensor(np.asarray(log_theta)))
        return f.placed(weights, means, factors)

    def of_selected(self, k: Tensor, z: Tensor) -> Tensor:
        """Numbers of the selected components, and categories drawn by their shares."""
        return self._with_labels(super().of_selected(k, z[..., : self.dims]), k @ self.scores, z)

    def of_each(self, z: Tensor) -> Tensor:
        """The same of all components, (..., batch, d + L) -> (..., K, batch, d + L)."""
        return self._with_labels(super().of_each(z[..., : self.dims]), self.scores.unsqueeze(-2), z.unsqueeze(-3))

    def _with_labels(self, numbers: Tensor, scores: Tensor, z: Tensor) -> Tensor:
        drawn = chosen(scores + gumbel(torch.special.ndtr(z[..., self.dims :])), self.categories)
        return torch.cat([numbers, drawn], dim=-1)

    def log_densities(self, y: Tensor) -> Tensor:
        """log N(x; mean_k, L_k L_k') + sum over j of log theta_kj(c_j) for all k: (..., K, batch)."""
        log_theta = log_shares(self.scores, self.categories)
        return super().log_densities(y[..., : self.dims]) + log_theta @ y[..., self.dims :].mT
