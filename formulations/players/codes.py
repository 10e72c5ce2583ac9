"""Paths between the codes of a generator, and directions among them.

A generator f makes the image f(z) of a code z, of the law N(0, I) on R^d. From code z_0 to z_1, t from 0 to 1,

    along a line           z(t) = (1 - t) z_0 + t z_1

    along a great circle   z(t) = |z(t)| (sin((1 - t) a) u_0 + sin(t a) u_1) / sin a,   |z(t)| = (1 - t) |z_0| + t |z_1|

where u = z / |z|, and a is the angle from u_0 to u_1 (Shoemake, Animating rotation with quaternion curves, 1985). As a
tends to 0 both are the same; at a = 0 and a = pi, where no circle is the great one, the line is taken.

|Z|^2 is chi-squared with d degrees of freedom, so that for large d nearly all codes have lengths near the root of d. On
the line between two of them, the code in the middle has the law N(0, I / 2): its density is higher, and yet hardly any
code is drawn as short as it is (White, Sampling generative networks, 2016).

An attribute that some images have, and others have not, is a direction of codes,

    v  =  mean of z with it  -  mean of z without it,

and f(z + t v) has more of it, if f and its codes are good, and all else as f(z) has it (Radford, Metz & Chintala,
Unsupervised representation learning, 2016). Where images have labels, and an attribute is more frequent with some of
them, v leads to these labels as well; so it is taken within each label, and the mean of these directions.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEAST_SINE = 1e-4  # of the angle between codes that a great circle goes through


def along_line(first: Tensor, last: Tensor, steps: int) -> Tensor:
    """Codes from the first to the last, (steps, ..., latent), along a line.

    >>> along_line(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]), 3)[1]
    tensor([0.5000, 0.5000])
    """
    t = _shares(first, steps)
    return torch.as_tensor((1 - t) * first + t * last)


def along_circle(first: Tensor, last: Tensor, steps: int) -> Tensor:
    """The same along a great circle, lengths changing evenly.

    >>> along_circle(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]), 3)[1]
    tensor([0.7071, 0.7071])
    """
    return on_circle(first, last, _shares(first, steps))


def on_circle(first: Tensor, last: Tensor, t: Tensor) -> Tensor:
    """Codes at shares t of the way along a great circle.

    >>> on_circle(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]), torch.tensor([0.5]))
    tensor([0.7071, 0.7071])
    """
    lengths = [z.norm(dim=-1, keepdim=True) for z in (first, last)]
    u, w = first / lengths[0], last / lengths[1]
    a = torch.arccos((u * w).sum(-1, keepdim=True).clamp(-1, 1))
    curved = (((1 - t) * a).sin() * u + (t * a).sin() * w) / a.sin() * ((1 - t) * lengths[0] + t * lengths[1])
    return torch.where(a.sin() > LEAST_SINE, curved, torch.lerp(first, last, t))


def _shares(z: Tensor, steps: int) -> Tensor:
    """t from 0 to 1, (steps, 1, ..., 1)."""
    return torch.linspace(0, 1, steps, dtype=z.dtype).view(-1, *[1] * z.dim())


def direction(z: Tensor, has: Tensor, labels: Tensor | None = None) -> Tensor:
    """From the mean of the codes without an attribute to that of those with it, (latent,); z (n, latent), has (n,).

    labels  of the codes, (n,): the mean of the directions within each label that has codes of both kinds, if any has

    Raises ValueError if all codes have the attribute, or none.

    >>> z, has = torch.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 3.0], [5.0, 1.0]]), torch.tensor([0, 0, 1, 1]) == 1
    >>> direction(z, has), direction(z, has, torch.tensor([1, 2, 2, 3]))
    (tensor([2., 2.]), tensor([-1.,  3.]))
    """
    if bool(has.all()) or not bool(has.any()):
        raise ValueError("a direction leads from codes without an attribute to codes with it; give some of both")
    kinds = [] if labels is None else [labels == label for label in set(labels.tolist())]
    mixed = [kind for kind in kinds if bool(has[kind].any()) and not bool(has[kind].all())]
    parts = mixed or [torch.ones_like(has)]
    return torch.stack([z[part & has].mean(0) - z[part & ~has].mean(0) for part in parts]).mean(0)


def typical(z: Tensor, level: float = 0.95) -> Tensor:
    """Whether the length of each code is among the middle 95 % of those of N(0, I), (...,); z (..., latent).

    >>> z = torch.randn(4000, 100, generator=torch.Generator().manual_seed(0))
    >>> round(typical(z).double().mean().item(), 2), typical((z[::2] + z[1::2]) / 2).double().mean().item() < 0.05
    (0.95, True)
    """
    half = torch.tensor(z.shape[-1] / 2, dtype=torch.float64)
    below = torch.special.gammainc(half, z.double().square().sum(-1) / 2)  # of the chi-squared law
    return torch.as_tensor((below - 0.5).abs() < level / 2)
