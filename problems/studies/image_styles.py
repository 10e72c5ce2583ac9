"""Codes w of a style-based generator beside its noise z, and what the codes of its layers say of an image.

    path length     E |phi(x(t + e)) - phi(x(t))|^2 / e^2, phi the features of an image, x(t) a share t of the way from
                    one image to another, t uniform: on a great circle in z, on a line in w
    separability    R^2 = 1 - mean squared error / variance, of the best linear map from codes to what is measured of
                    their images, held against other codes than it was found by; 1 if codes are linear in it
    mixing          the codes of B in some layers, those of A in all others: how far that goes from A to B, the mean of
                    (v - v_A)'(v_B - v_A) over that of |v_B - v_A|^2, of features and of what is measured

(Karras, Laine & Aila, A style-based generator architecture for generative adversarial networks, 2019, section 4, where
separability is exp of a conditional entropy, of attributes that are there or not, and features are another network's.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from formulations.gan import random_numbers
from formulations.players.codes import on_circle
from formulations.players.style import mixed
from problems.studies.image_attributes import attributes

if TYPE_CHECKING:
    from formulations.players.style import StyleGenerator
    from formulations.problem import Floats

IMAGES = 2_000  # by which maps are found, and as many that they are held against
PAIRS = 1_000
STEP = 1e-2  # e
STROKES = ("thickness", "slant")
GROUPS = ("coarse", "middle", "fine")
AT_ONCE = 500  # images


def styles(f: StyleGenerator, of: Callable[[Tensor], Floats], seed: int) -> dict[str, Any]:
    """All of these, of a generator in evaluation mode; of: images (n, channels, height, width) -> features.

    >>> from formulations.players.style import StyleGenerator
    >>> f = StyleGenerator((1, 8, 8), 4, 4, torch.Generator().manual_seed(0)).eval()
    >>> found = styles(f, lambda x: x.flatten(1).double().numpy(), 0)
    >>> list(found["separability"]["w"]), list(found["mixing"])
    (['thickness', 'slant'], ['coarse', 'middle', 'fine'])
    """
    numbers = random_numbers(seed, "styles")
    with torch.no_grad():
        first, last, many = (torch.randn(n, f.latent, generator=numbers) for n in (PAIRS, PAIRS, 2 * IMAGES))
        t = torch.rand(PAIRS, 1, generator=numbers)
        a, b = (f.coded(z) for z in (first, last))

        def by_code(w: Tensor) -> Floats:
            return of(drawn(f, w))

        lengths = {
            "z": path_length(lambda t: by_code(f.coded(on_circle(first, last, t))), t),
            "w": path_length(lambda t: by_code(torch.lerp(a, b, t)), t),
        }
        w = f.coded(many)
        seen = asdict(attributes(drawn(f, w).numpy()))
        separable = {
            space: {name: separability(codes.double().numpy(), seen[name]) for name in STROKES}
            for space, codes in (("z", many), ("w", w))
        }
        return {"path_length": lengths, "separability": separable, "mixing": mixing(f, a, b, of)}


def drawn(f: StyleGenerator, w: Tensor) -> Tensor:
    """Images of codes, (n, channels, height, width)."""
    return torch.cat([f.images(part).view(-1, *f.shape) for part in torch.split(w, AT_ONCE)])


def path_length(at: Callable[[Tensor], Floats], t: Tensor) -> float:
    """E |at(t + e) - at(t)|^2 / e^2; at: shares t (n, 1) of ways -> features (n, d) there.

    >>> round(path_length(lambda t: 3 * t.double().numpy(), torch.rand(50, 1)), 2)
    9.0
    """
    t = t * (1 - STEP)
    return float(np.square((at(t + STEP) - at(t)) / STEP).sum(axis=1).mean())


def separability(codes: Floats, values: Floats) -> float | None:
    """R^2 of the best linear map from codes (n, d) to values (n,), found by one half, held against the other.

    Codes whose values are NaN are left out; None where values are too few, or do not vary.

    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> round(separability(x, x @ [1, 2] + 3), 3), separability(x, x[:, 0] ** 2) < 0.3, separability(x, np.ones(200))
    (1.0, True, None)
    """
    known = np.isfinite(values)
    columns, values = np.c_[codes, np.ones(len(codes))][known], values[known]
    half = len(values) // 2
    if half <= columns.shape[1] or not values[half:].std() > 1e-9 * np.abs(values).max():
        return None
    map_to = np.linalg.lstsq(columns[:half], values[:half], rcond=None)[0]
    return float(1 - np.square(values[half:] - columns[half:] @ map_to).mean() / values[half:].var())


def groups(layers: int) -> dict[str, Tensor]:
    """Which layers are coarse, middle and fine, bool (layers,): a third of them each; of fewer layers, not all three.

    >>> {name: chosen.tolist() for name, chosen in groups(2).items()}
    {'coarse': [True, False], 'middle': [False, True]}
    """
    parts = zip(GROUPS, torch.tensor_split(torch.arange(layers), len(GROUPS)), strict=True)
    return {name: torch.isin(torch.arange(layers), chosen) for name, chosen in parts if len(chosen)}


def mixing(
    f: StyleGenerator, a: Tensor, b: Tensor, of: Callable[[Tensor], Floats]
) -> dict[str, dict[str, float | None]]:
    """For each group of layers how far codes of B in it, (n, latent), take images of A to those of B."""

    def seen(w: Tensor) -> dict[str, Floats]:
        images = drawn(f, w)
        strokes = asdict(attributes(images.numpy()))
        return {"features": of(images), **{name: strokes[name][:, None] for name in STROKES}}

    first, last = seen(f.each(a)), seen(f.each(b))
    found = {}
    for group, chosen in groups(f.layers).items():
        between = seen(mixed(f.each(a), f.each(b), chosen))
        found[group] = {name: on_the_way(first[name], between[name], last[name]) for name in between}
    return found


def on_the_way(first: Floats, between: Floats, last: Floats) -> float | None:
    """How far what is between is on the way from the first to the last, (n, d), NaN left out; None if they are alike.

    >>> on_the_way(np.zeros((2, 1)), np.array([[1.0], [3.0]]), np.array([[2.0], [4.0]]))
    0.7
    """
    known = np.isfinite(first + between + last).all(axis=1)
    whole = np.square(last - first)[known].sum()
    return float(((between - first) * (last - first))[known].sum() / whole) if whole > 0 else None


def mixed_sheet(f: StyleGenerator, a: Tensor, b: Tensor, chosen: Tensor) -> Tensor:
    """A sheet of images, row by row: nothing, B in columns; then each A, and behind it A with B's codes in some layers.

    >>> from formulations.players.style import StyleGenerator
    >>> f = StyleGenerator((1, 8, 8), 4, 4, torch.Generator().manual_seed(0)).eval()
    >>> mixed_sheet(f, f.each(torch.randn(3, 4)), f.each(torch.randn(5, 4)), torch.arange(f.layers) < 1).shape
    torch.Size([24, 1, 8, 8])
    """
    rows = [drawn(f, torch.cat([one[None], mixed(one, b, chosen)])) for one in a]
    return torch.cat([torch.ones(1, *f.shape), drawn(f, b), *rows])


def described_styles(found: Mapping[str, Any]) -> Iterable[str]:
    """The same in words."""
    lengths, separable = found["path_length"], found["separability"]
    yield f"  path length by features: {lengths['w']:.4g} in codes w, {lengths['z']:.4g} in noise z"
    told = [f"of {name} {_said(separable['w'][name])} by w, {_said(separable['z'][name])} by z" for name in STROKES]
    yield f"  the share of the variance that is linear in codes: {'; '.join(told)}"
    yield "  how far another's codes in some layers take an image to it:"
    for group, moved in found["mixing"].items():
        yield f"    {group} layers: " + ", ".join(f"{name} {_said(value, '.0%')}" for name, value in moved.items())


def _said(value: float | None, how: str = ".2f") -> str:
    return "unknown" if value is None else format(value, how)
