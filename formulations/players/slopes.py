"""Discriminators whose slopes are bounded by their weights: spectral normalisation, and clipping.

Both reparametrize the layers of a module, in place, so that any solver trains it as it trains others.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import register_parametrization


def spectrally_normalised(module: nn.Module) -> nn.Module:
    """The module with each weight divided by its largest singular value, which one power iteration a call estimates.

    With activations of slopes within [-1, 1] its own are then within that too, about: to a critic of exactly such
    slopes leads formulations.wasserstein.lipschitz. Miyato et al., Spectral normalization, 2018. Raises ValueError for
    a module without a matrix of weights.

    >>> import torch
    >>> layer = nn.Linear(2, 2)
    >>> _ = layer.weight.data.copy_(torch.diag(torch.tensor([5.0, 1.0])))
    >>> spectrally_normalised(nn.Sequential(layer)).eval()(torch.eye(2)).diff(dim=0).norm() < 2
    tensor(True)
    """
    layers = [layer for layer in module.modules() if getattr(getattr(layer, "weight", None), "ndim", 0) > 1]
    if not layers:
        raise ValueError(
            f"{type(module).__name__} has no layer with a matrix of weights; give it one, or leave it as it is"
        )
    for layer in layers:
        spectral_norm(layer)
    return module


def clipped(module: nn.Module, bound: float = 0.01) -> nn.Module:
    """The module played with each parameter clipped to [-bound, bound]; gradients reach those outside as if inside.

    So steps are projected lazily: they add up without bounds, and what is played is the nearest point of the box.
    Arjovsky et al., 2017, algorithm 1, who project each step. Raises ValueError for a bound that is not positive.

    >>> clipped(nn.Linear(2, 1), 0.1).weight.abs().max() <= 0.1
    tensor(True)
    """
    if not 0 < bound < math.inf:
        raise ValueError(f"weights are to be clipped to {bound}; give a positive bound, such as 0.01")
    for layer in list(module.modules()):
        for name in list(dict(layer.named_parameters(recurse=False))):
            register_parametrization(layer, name, _Clip(bound))
    return module


class _Clip(nn.Module):
    def __init__(self, bound: float) -> None:
        super().__init__()
        self.bound = bound

    def forward(self, weight: Tensor) -> Tensor:
        return weight.clamp(-self.bound, self.bound).detach() + (weight - weight.detach())  # exactly the clipped number
