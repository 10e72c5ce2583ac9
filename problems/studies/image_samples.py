"""Samples of images beside held-out ones, by features: how near, how varied, of which labels, and whether copied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.divergences.features import frechet_distance, kernel_distance, likeness
from problems.studies.memorised import memory

if TYPE_CHECKING:
    from torch import Tensor

    from formulations.problem import Floats, Ints
    from problems.studies.image_features import Features

MEASURES = ("precision", "recall", "density", "coverage")
COPIED = 0.01  # level of the test of memorisation
MOST_NAMED = 12  # labels whose shares are said one by one


def compared(
    made: Tensor, train: Tensor, held_out: Tensor, features: Features, unseen: Features, labels: int, seed: int
) -> dict[str, Any]:
    """Samples beside held-out images, and training images beside these, all (., channels, height, width).

    labels  how many there are, 0 if images have none
    unseen  features that know neither training nor held-out images, so that these are exchangeable by them as well
    """
    x, y, z = (features.of(part) for part in (held_out, made, train))
    found: dict[str, Any] = {
        "features": features.name,
        "kernel_distance": kernel_distance(x, y),
        "kernel_distance_of_training_images": kernel_distance(x, z),
        "frechet_distance": frechet_distance(x, y),
        "frechet_distance_of_training_images": frechet_distance(x, z),
        **asdict(likeness(x, y)),
        "memorised": copies(made, train, held_out, unseen, seed),
    }
    if features.classify is not None:
        found |= balance(features.classify(made), features.classify(held_out), labels)
    return found


def copies(made: Tensor, train: Tensor, held_out: Tensor, unseen: Features, seed: int) -> dict[str, Any]:
    """The test of memorisation by pixels and by features, a moved or thinned copy being near by these.

    As one of two tests may find copies, the p-value is twice the lesser one's (Bonferroni).

    >>> import torch
    >>> from problems.studies.image_features import features_of
    >>> x = torch.rand(120, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> found = copies(x[:60].square(), x[:60], x[60:], features_of(x, None), 0)
    >>> found["p_value"] < COPIED, found["by_pixels"]["repeated"]
    (True, 1.0)
    """

    def pixels(x: Tensor) -> Floats:
        found: Floats = x.flatten(1).double().numpy()
        return found

    found: dict[str, Any] = {}
    for name, of in (("pixels", pixels), ("features", unseen.of)):
        rows = of(made), of(train), of(held_out)
        found[f"by_{name}"] = asdict(memory(*rows, seed, np.ones(rows[0].shape[1])))
    return {"p_value": min(1.0, 2 * min(part["p_value"] for part in found.values())), **found}


def balance(told: Ints, held_out: Ints, count: int) -> dict[str, Any]:
    """The shares of labels 0 to count - 1, as told, among samples and held-out images, and whether they differ.

    label_distance  the share of samples that would have to be of other labels (total variation)
    label_p_value   of a chi-squared test that both are drawn by the same shares

    >>> found = balance(np.repeat([0, 1], [30, 10]), np.repeat([0, 1], 20), 2)
    >>> found["label_shares"], found["label_distance"], round(found["label_p_value"], 3)
    ([0.75, 0.25], 0.25, 0.038)
    """
    from scipy.stats import chi2_contingency

    table = np.stack([np.bincount(part, minlength=count) for part in (told, held_out)])
    shares = table / table.sum(axis=1, keepdims=True)
    seen = table[:, table.any(axis=0)]
    return {
        "label_shares": shares[0].tolist(),
        "label_shares_of_held_out_images": shares[1].tolist(),
        "label_distance": float(np.abs(shares[0] - shares[1]).sum() / 2),
        "label_p_value": float(chi2_contingency(seen).pvalue) if seen.shape[1] > 1 else 1.0,
    }


def described(found: Mapping[str, Any], labels: Sequence[str]) -> Iterable[str]:
    """What `compared` found, in words; labels: their names, none if there are none."""
    yield f"  by features of {found['features']}: {', '.join(f'{name} {found[name]:.3f}' for name in MEASURES)}"
    for name in ("kernel", "frechet"):
        own, train = found[f"{name}_distance"], found[f"{name}_distance_of_training_images"]
        called = name.replace("frechet", "Fréchet")
        yield f"  {called} distance to held-out images {own:.4g}; of training images {train:.4g}"
    if labels:
        shares = zip(labels, found["label_shares"], strict=True)
        named = ": " + ", ".join(f"{label} {share:.0%}" for label, share in shares) if len(labels) <= MOST_NAMED else ""
        off = f"{found['label_distance']:.1%} would have to be others, to be as held-out images"
        yield f"  labels that samples are told to have{named}; {off} (p = {found['label_p_value']:.2g})"
    copied = found["memorised"]
    by = max(("pixels", "features"), key=lambda name: -copied[f"by_{name}"]["p_value"])
    if copied["p_value"] < COPIED:
        share = f"about {max(copied[f'by_{by}']['repeated'], 0):.0%} of samples repeat training images, by their {by}"
        yield f"  warning: {share} (p = {copied['p_value']:.2g})"
    else:
        yield f"  samples repeat no training images, as far as can be told (p = {copied['p_value']:.2g})"
