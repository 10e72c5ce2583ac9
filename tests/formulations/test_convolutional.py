"""Convolutional networks: images of every size, labels that are handed on, and the guidelines of DCGAN."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from formulations.players.convolutional import ConvolutionalDiscriminator, ConvolutionalGenerator, settled
from formulations.players.generators import normal

SHAPES = [(1, 4, 4), (1, 8, 8), (3, 16, 16), (1, 28, 28), (1, 30, 18), (3, 32, 48), (3, 64, 64), (1, 9, 13)]


def numbers() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("labels", [0, 3])
def test_images_of_every_size_are_made_and_told(shape: tuple[int, int, int], labels: int) -> None:
    f = ConvolutionalGenerator(shape, 5, 4, numbers(), labels)
    d = ConvolutionalDiscriminator(shape, 4, numbers(), labels)
    z = torch.cat([torch.randn(6, 5), torch.eye(3).repeat(2, 1)[:, :labels]], dim=1)
    x = f(z)
    dims = shape[0] * shape[1] * shape[2]
    assert x.shape == (6, dims + labels)
    assert x.min() >= 0
    assert x.max() <= 1
    assert torch.equal(x[:, dims:], z[:, 5:])
    assert d(x).shape == (6,)
    d(x).sum().backward()
    assert all(parameter.grad is not None for parameter in [*f.parameters(), *d.parameters()])


def test_the_label_changes_what_is_made_and_what_is_told() -> None:
    f = ConvolutionalGenerator((1, 8, 8), 5, 8, numbers(), 2).eval()
    d = ConvolutionalDiscriminator((1, 8, 8), 8, numbers(), 2).eval()
    z = torch.randn(1, 5).repeat(2, 1)
    rows = f(torch.cat([z, torch.eye(2)], dim=1))
    assert not torch.equal(rows[0, :64], rows[1, :64])
    same = torch.cat([rows[:1, :64].repeat(2, 1), torch.eye(2)], dim=1)
    assert d(same)[0] != d(same)[1]
    assert torch.equal(f.sample(4, numbers(), label=1), f.sample(4, numbers(), label=1))
    assert not torch.equal(f.sample(4, numbers(), label=1), f.sample(4, numbers(), label=0))


def test_the_guidelines_are_followed() -> None:
    f = ConvolutionalGenerator((3, 64, 64), 100, 128, numbers())
    d = ConvolutionalDiscriminator((3, 64, 64), 128, numbers())
    widths = [part.out_channels for part in f.modules() if isinstance(part, nn.ConvTranspose2d)]
    assert widths == [1024, 512, 256, 128, 3]  # figure 1 of the paper
    assert [part.out_channels for part in d.modules() if isinstance(part, nn.Conv2d)] == [128, 256, 512, 1024]
    assert sum(isinstance(part, nn.BatchNorm2d) for part in f.modules()) == 4
    assert sum(isinstance(part, nn.BatchNorm2d) for part in d.modules()) == 3
    assert isinstance(f.layers[-1], nn.Tanh)
    assert not any(isinstance(part, nn.MaxPool2d | nn.AvgPool2d) for part in [*f.modules(), *d.modules()])
    for part in [*f.modules(), *d.modules()]:
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d) and part.weight.numel() > 10_000:
            assert float(part.weight.detach().std()) == pytest.approx(0.02, rel=0.05)
    plain = ConvolutionalDiscriminator((3, 64, 64), 8, numbers(), normalised=False)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in plain.modules())


def test_a_settled_generator_normalises_by_the_means_of_its_own_layers() -> None:
    f = ConvolutionalGenerator((1, 8, 8), 5, 8, numbers())
    with torch.no_grad():
        for part in f.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean += 100  # of other parameters
    found = settled(f, normal(5), numbers())
    z = normal(5)(4096, torch.Generator().manual_seed(1))
    with torch.no_grad():
        by_batch, by_means, stale = f.train()(z), found(z), f.eval()(z)
    assert float((by_batch - by_means).abs().mean()) < 0.1 * float((by_batch - stale).abs().mean())
    assert not found.training
