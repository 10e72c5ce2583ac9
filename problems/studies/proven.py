"""What held-out rows prove of a generator, by the loss that it was trained by: W_1 and MMD between two limits each.

Distances are in standard deviations of the training rows. S is chosen by training rows and samples of noise of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from formulations.likelihood.data import Data
    from formulations.problem import Floats, Players, Sampler

FITTED, HELD_OUT = 1_000, 2_000  # rows, and as many samples, to choose S by, and to judge by


def of_distance(data: Data, noise: Sampler, players: Players, loss: str, level: float = 0.95) -> Mapping[str, Any]:
    """The name of the distance that the loss is, its limits, and what they assume; no limits for others."""
    claims: Mapping[str, Callable[..., Mapping[str, Any]]] = {"wasserstein": _wasserstein, "mmd": _mmd}
    if loss in claims:
        return claims[loss](data, noise, players, level)
    return {"divergence_at_most": None, "divergence_assumes": None}


def _wasserstein(data: Data, noise: Sampler, players: Players, level: float) -> Mapping[str, Any]:
    """By the discriminator's c-transform and by a transport of held-out rows to samples."""
    import numpy as np
    from scipy.spatial.distance import cdist

    from formulations.likelihood.data import mapped
    from formulations.transport import transport
    from formulations.wasserstein import extended, wasserstein_between
    from solvers import solve

    x, y = _samples(data, noise, players, data.train[:FITTED], "fitted")
    rows, samples = _samples(data, noise, players, data.held_out[:HELD_OUT], "judged")
    if not all(np.isfinite(made).all() for made in (y, samples)):
        return _claimed("wasserstein-1", 0.0, None, None)
    S, most = extended(np.nan_to_num(mapped(players["d"], data.train[:FITTED])), x, y)  # any values will do
    diameter = float(np.linalg.norm(np.ptp(np.concatenate([x, y]), axis=0)))
    share = np.full(len(rows), 1 / len(rows))
    moved = solve(transport(share, share, np.minimum(cdist(rows, samples), diameter))).value
    assert moved is not None  # whatever is found moves all
    low, high = wasserstein_between(S, most, rows, samples, moved, diameter, level)
    assumed = f"distances above {diameter:.3g} count as {diameter:.3g}"
    return _claimed("wasserstein-1", low, high, assumed)


def _mmd(data: Data, noise: Sampler, players: Players, level: float) -> Mapping[str, Any]:
    """By the witness of training rows, and by the MMD of held-out ones."""
    import numpy as np

    from formulations.losses import KERNEL
    from formulations.mmd import mmd_between, witness

    fitted = _samples(data, noise, players, data.train[:FITTED], "fitted")
    judged = _samples(data, noise, players, data.held_out[: 2 * HELD_OUT], "judged")
    if not all(np.isfinite(made).all() for _, made in (fitted, judged)):
        return _claimed("mmd", 0.0, None, None)
    low, high = mmd_between(witness(*fitted, KERNEL), *judged, KERNEL, level)
    return _claimed("mmd", low, high, None)


def _claimed(name: str, low: float, high: float | None, assumed: str | None) -> Mapping[str, Any]:
    names = ("divergence", "divergence_at_least", "divergence_at_most", "divergence_assumes")
    return dict(zip(names, (name, low, high, assumed), strict=True))


def _samples(data: Data, noise: Sampler, players: Players, rows: Tensor, purpose: str) -> tuple[Floats, Floats]:
    """The rows, and as many samples of noise for that purpose, in standard units."""
    from formulations.gan import random_numbers
    from formulations.likelihood.data import mapped

    scale = data.scale.double().numpy()
    z = noise(len(rows), random_numbers(0, purpose))
    return rows.double().numpy() / scale, mapped(players["f"], z) / scale


def said(proof: Mapping[str, Any]) -> Iterable[str]:
    """What is proven, in words."""
    rows, sure = f"{proof['data']:,} held-out rows and {proof['generated']:,} samples", f"{proof['level']:.0%}"
    if proof["kl_at_least"] is not None:
        yield f"  KL(data || generator) is at least {proof['kl_at_least']:.4g}, at {sure} confidence, by {rows}"
    name, least, most = proof["divergence"], proof["divergence_at_least"], proof["divergence_at_most"]
    if most is not None:
        assumed = "" if proof["divergence_assumes"] is None else f", where {proof['divergence_assumes']}"
        yield f"  {name} of data and generator is from {least:.4g} to {most:.4g} at {sure}, in standard units{assumed}"
    elif name not in (None, "kl"):
        yield f"  {name} of data and generator is at least {least:.4g} at {sure}"
    if proof["likelihood_at_most"] is not None:
        yield f"  so its log-likelihood is at most {proof['likelihood_at_most']:.6g} nats per row"
    if proof["likelihood_between"] is not None:
        low, high = proof["likelihood_between"]
        yield f"  its log-likelihood is {(low + high) / 2:.6g} per held-out row, from {low:.6g} to {high:.6g} at {sure}"
