"""The rows of the table in formulations.f_divergence, as functions of torch tensors.

Each f has f(1) = f'(1) = 0, so that f >= 0, and a function S of 0 says nothing. The raw output v of a discriminator
estimates log q / p: it is mapped to S = f'(e^v), which is where f* is finite, and f*(S) is written in terms of v, so
that large v lead to no logarithm of 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus
from torch.special import xlog1py, xlogy

from formulations.problem import Floats

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class FDivergence:
    """D_f(q || p) = integral of f(q/p) p, for a convex f on t >= 0 with f(1) = f'(1) = 0.

    f       float tensors t >= 0 -> f(t)
    slope   t -> f'(t), or a subgradient: at t = q/p the best S
    inner   s <= most -> f*(s) = max over t >= 0 of s t - f(t)
    most    the supremum of the domain of f*, which is f(t) / t for t to infinity
    output  a discriminator's raw output v -> S in the domain: f'(e^v), smoothed where that has steps
    charge  v -> f*(S)

    >>> DIVERGENCES["pearson"].conjugate(torch.tensor([-3.0, 0.0, 2.0])).tolist()
    [-1.0, 0.0, 3.0]
    """

    name: str
    f: Function
    slope: Function
    inner: Function
    most: float
    output: Function
    charge: Function

    def conjugate(self, s: Tensor) -> Tensor:
        """f*(s), infinite outside of its domain.

        >>> DIVERGENCES["reverse-kl"].conjugate(torch.tensor([0.0, 1.5])).tolist()
        [0.0, inf]
        """
        return torch.where(s > self.most, torch.inf, self.inner(s.clamp(max=self.most)))


def scaled(name: str, by: float, of: FDivergence) -> FDivergence:
    """The same divergence in another unit: of `by` f the conjugate is by f*(s / by).

    >>> scaled("twice", 2.0, DIVERGENCES["js"]).f(torch.tensor(0.0)) == DIVERGENCES["gan"].f(torch.tensor(0.0))
    tensor(True)
    """
    return FDivergence(
        name=name,
        f=lambda t: by * of.f(t),
        slope=lambda t: by * of.slope(t),
        inner=lambda s: by * of.inner(s / by),
        most=by * of.most,
        output=lambda v: by * of.output(v),
        charge=lambda v: by * of.charge(v),
    )


def alpha(a: float) -> FDivergence:
    """The divergence of order a: KL at its limit a = 1, reverse KL at a = 0. Raises ValueError if a is not finite.

    Cressie & Read, Multinomial goodness-of-fit tests, JRSS B 46 (1984), with a = lambda + 1.

    >>> round(alpha(0.5).most, 3), round(alpha(0.5).f(torch.tensor(0.0)).item(), 3)
    (2.0, 2.0)
    """
    if not math.isfinite(a):
        raise ValueError(f"the order of the alpha divergence is {a}; give a finite number, such as 0.5")
    if a in (0, 1):
        return REVERSE_KL if a == 0 else KL

    def f(t: Tensor) -> Tensor:  # t f'(t) - f*(f'(t)), accurate for a near 0 and 1; inf - inf only where it is inf
        values = (t * output(t.log()) - charge(t.log())).nan_to_num(nan=math.inf, posinf=math.inf)
        return torch.where(t == 0, 1 / a if a > 0 else math.inf, values)

    def output(v: Tensor) -> Tensor:
        return torch.expm1((a - 1) * v) / (a - 1)

    def charge(v: Tensor) -> Tensor:
        return torch.expm1(a * v) / a

    return FDivergence(
        name=f"alpha {a:g}",
        f=f,
        slope=lambda t: output(t.log()),
        inner=lambda s: torch.expm1(a / (a - 1) * torch.log1p(((a - 1) * s).clamp(min=-1))) / a,
        most=math.inf if a > 1 else 1 / (1 - a),
        output=output,
        charge=charge,
    )


KL = FDivergence(
    name="kl",
    f=lambda t: xlogy(t, t) - t + 1,
    slope=torch.log,
    inner=torch.expm1,
    most=math.inf,
    output=lambda v: v,
    charge=torch.expm1,
)
REVERSE_KL = FDivergence(
    name="reverse-kl",
    f=lambda t: t - 1 - t.log(),
    slope=lambda t: 1 - 1 / t,
    inner=lambda s: -torch.log1p(-s),
    most=1.0,
    output=lambda v: -torch.expm1(-v),
    charge=lambda v: v,
)
GAN = FDivergence(
    name="gan",
    f=lambda t: math.log(2) * (1 + t) - xlog1py(t, 1 / t) - torch.log1p(t),
    slope=lambda t: math.log(2) - torch.log1p(1 / t),
    inner=lambda s: -torch.log1p(-torch.expm1(s)),
    most=math.log(2),
    output=lambda v: math.log(2) + logsigmoid(v),
    charge=lambda v: softplus(v) - math.log(2),
)
TOTAL_VARIATION = FDivergence(
    name="total-variation",
    f=lambda t: (t - 1).abs() / 2,
    slope=lambda t: (t - 1).sign() / 2,
    inner=lambda s: s.clamp(min=-0.5),
    most=0.5,
    output=lambda v: torch.tanh(v / 2) / 2,
    charge=lambda v: torch.tanh(v / 2) / 2,
)
LE_CAM = FDivergence(  # of least squares; with w = (t - 1) / (t + 1) = tanh(v / 2)
    name="le-cam",
    f=lambda t: (t - 1) * ((t - 1) / (t + 1)),
    slope=lambda t: (t - 1) / (t + 1) * (2 - (t - 1) / (t + 1)),
    inner=lambda s: s.clamp(min=-3) * (3 - (1 - s.clamp(min=-3)).sqrt()) / (1 + (1 - s.clamp(min=-3)).sqrt()),
    most=1.0,
    output=lambda v: torch.tanh(v / 2) * (2 - torch.tanh(v / 2)),
    charge=lambda v: torch.tanh(v / 2) * (2 + torch.tanh(v / 2)),
)
DIVERGENCES = {
    row.name: row
    for row in (
        KL,
        REVERSE_KL,
        scaled("js", 0.5, GAN),
        GAN,
        scaled("pearson", 2.0, alpha(2)),
        scaled("neyman", 2.0, alpha(-1)),
        scaled("hellinger", 0.5, alpha(0.5)),
        TOTAL_VARIATION,
    )
}


def named(f: FDivergence | str) -> FDivergence:
    """The row of that name. Raises ValueError if there is none.

    >>> named("js").name
    'js'
    """
    if isinstance(f, FDivergence):
        return f
    if f not in DIVERGENCES:
        raise ValueError(f"there is no divergence {f!r}; choose one of {', '.join(DIVERGENCES)}, or alpha(a)")
    return DIVERGENCES[f]


def at(function: Function, numbers: Floats) -> Floats:
    """The function's values at numbers, both float64.

    >>> at(torch.exp, np.zeros(2)).tolist()
    [1.0, 1.0]
    """
    own = torch.from_numpy(np.array(numbers, order="C"))  # torch takes no array that is reversed or read-only
    return np.asarray(function(own).numpy(), dtype=np.float64)
