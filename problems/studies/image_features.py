"""Features by which images are compared: of a small classifier where they have labels, else of random convolutions.

They are the recipe's own: nothing is downloaded, and distances by them are no others' FID. Random networks tell images
apart as well, if less sharply (Naeem et al., Reliable fidelity and diversity metrics, 2020).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from formulations.likelihood.data import over_batches
from formulations.problem import Floats, Ints

CHANNELS, FEATURES = 32, 64
LARGE = 16  # pixels a side from which images are halved twice, else once
EPOCHS, BATCH, LEARNING = 12, 64, 3e-3
LEFT_OUT = 0.3  # of the features, at random, while the classifier is trained
AT_ONCE = 500
Shape = tuple[int, int, int]  # channels, height, width


@dataclass(frozen=True, eq=False)
class Features:
    """What images are compared by.

    of        images, (n, channels, height, width) from 0 to 1 -> features, float64 (n, 64)
    name      how they are called
    classify  images -> the label of each, int64 (n,); None where there were none
    """

    of: Callable[[Tensor], Floats]
    name: str
    classify: Callable[[Tensor], Ints] | None = None


def features_of(train: Tensor, labels: Ints | None, seed: int = 0) -> Features:
    """Those of a classifier of these images (n, channels, height, width) by labels 0, 1, ... (n,), or of random layers.

    >>> x = torch.rand(40, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> features_of(x, None).of(x).shape
    (40, 64)
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        body = _body((train.shape[1], train.shape[2], train.shape[3]))
        if labels is None:
            return Features(lambda x: _by_parts(body, x), "random convolutions")
        classifier = nn.Sequential(body, nn.Dropout(LEFT_OUT), nn.Linear(FEATURES, int(labels.max()) + 1))
        _trained(classifier, train, torch.from_numpy(labels))

    def classify(x: Tensor) -> Ints:
        found: Ints = _by_parts(classifier, x).argmax(axis=1)
        return found

    return Features(lambda x: _by_parts(body, x), "a classifier trained on them", classify)


def _body(shape: Shape) -> nn.Module:
    """Images -> features."""
    channels, height, width = shape
    halvings = 2 if min(height, width) >= LARGE else 1
    layers: list[nn.Module] = []
    for k in range(2):
        layers += [nn.Conv2d(CHANNELS if k else channels, CHANNELS, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2, ceil_mode=True)] if k < halvings else []
    sides = [-(-side // 2**halvings) for side in (height, width)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(CHANNELS * sides[0] * sides[1], FEATURES), nn.ReLU())


@torch.enable_grad()
def _trained(classifier: nn.Module, train: Tensor, labels: Tensor) -> None:
    """Train it by its cross entropy, with steps that grow and shrink."""
    steps = EPOCHS * -(-len(train) // BATCH)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=LEARNING)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING, total_steps=steps)
    for _ in range(EPOCHS):
        for rows in torch.split(torch.randperm(len(train)), BATCH):
            optimizer.zero_grad()
            loss = cross_entropy(classifier(train[rows]), labels[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            pace.step()
    classifier.eval().requires_grad_(False)


def _by_parts(function: nn.Module, x: Tensor) -> Floats:
    return over_batches(function, torch.split(x, AT_ONCE))
