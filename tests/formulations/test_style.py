"""Style-based generators: demodulation, mixing, truncation, and the terms of their game by finite differences."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn

from formulations.players.convolutional import settled
from formulations.players.penalties import lazily, now_and_then, path_length, r1
from formulations.players.style import StyleDiscriminator, StyleGenerator, mixed
from formulations.players.style_layers import Deviation, Modulated, Shown
from formulations.problem import Term
from problems.io.images import read_images
from problems.studies.image_game import ImageGame
from problems.studies.image_models import Model

SHAPE = (1, 16, 12)


def numbers(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def generator(labels: int = 0) -> StyleGenerator:
    f = StyleGenerator(SHAPE, 8, 6, numbers(), labels)
    return settled(f, lambda n, g: torch.randn(n, 8 + labels, generator=g), numbers(1), batches=2, batch=64)  # type: ignore[return-value]


@pytest.mark.parametrize("larger", [True, False])
def test_demodulation_gives_unit_variance(larger: bool) -> None:
    layer = Modulated(12, 5, 4, numbers(), larger)
    x, w = torch.randn(2, 12, 120, 120, generator=numbers(1)), 3 * torch.randn(2, 4, generator=numbers(2))
    assert ((layer(x, w)[:, :, 1:-1, 1:-1].var((2, 3)) - 1).abs() < 0.05).all()


@pytest.mark.parametrize("larger", [True, False])
def test_modulating_samples_is_modulating_weights(larger: bool) -> None:
    layer = Modulated(3, 2, 4, numbers(), larger)
    x, w = torch.randn(1, 3, 7, 5, generator=numbers(1)), torch.randn(1, 4, generator=numbers(2))
    weight = layer.weight * layer.style(w)[:, :, None, None]
    weight = weight / weight.square().sum((1, 2, 3), keepdim=True).sqrt()
    if larger:  # zeros between pixels, and a convolution: which places of the kernel meet pixels depends on the place
        spread = torch.zeros(1, 3, 15, 11)
        spread[:, :, 1:-1:2, 1:-1:2] = x
        expected = 2 * nn.functional.conv2d(spread, weight.flip(2, 3), padding=1)
    else:
        expected = nn.functional.conv2d(x, weight, padding=1)
    torch.testing.assert_close(layer(x, w), expected, rtol=1e-4, atol=1e-5)


def test_what_is_shown_is_a_sum_of_channels_as_strong_as_the_code_says() -> None:
    shown, x, w = Shown(3, 2, 4, numbers()), torch.randn(5, 3, 7, 6), torch.randn(5, 4)
    expected = torch.einsum("oi,bi,bihw->bohw", shown.kernel.weight, shown.style(w), x) / 3**0.5
    torch.testing.assert_close(shown(x, w), expected)


def test_mixing_changes_what_comes_from_its_layers_on() -> None:
    f, outputs = generator(), []
    for layer in f.styled:
        layer.register_forward_hook(lambda _, __, y: outputs.append(y))
    with torch.no_grad():
        w, other = (f.each(f.codes(torch.randn(3, 8, generator=numbers(seed)))) for seed in (1, 2))
        f.images(w)
        for first in range(f.layers):
            del outputs[f.layers :]
            f.images(mixed(w, other, torch.arange(f.layers) == first))
            same = [torch.equal(a, b) for a, b in zip(outputs[: f.layers], outputs[f.layers :], strict=True)]
            assert same == [k < first for k in range(f.layers)]


def test_truncation_goes_from_the_mean_to_the_codes() -> None:
    f, z = generator(), torch.randn(4000, 8, generator=numbers(3))
    with torch.no_grad():
        w = f.codes(z)
        assert (w.mean(0) - f.center.mean).abs().max() < 0.3 * w.std(0).max()
        assert torch.allclose(f.truncated(w), w, atol=1e-6)
        whole = f.decoded(z[:50]).var(0).sum()
        f.truncation = 0.5
        assert f.decoded(z[:50]).var(0).sum() < 0.5 * whole
        f.truncation = 0.0
        assert f.decoded(z[:50]).var(0).sum() < 1e-9


def test_labels_are_handed_on_and_codes_take_the_direction_alone() -> None:
    f, z = generator(labels=2), torch.randn(5, 10, generator=numbers(4))
    made = f.train()(z)
    assert torch.equal(made[:, -2:], z[:, -2:])
    longer = torch.cat([3 * z[:, :8], z[:, 8:]], dim=1)
    torch.testing.assert_close(f.codes(longer), f.codes(z), rtol=1e-4, atol=1e-5)


def test_a_discriminator_sees_how_much_images_differ_and_knows_it_of_one_image_later() -> None:
    deviation, alike = Deviation(), torch.ones(6, 2, 3, 3)
    varied = alike + torch.randn(6, 2, 3, 3, generator=numbers())
    assert deviation(alike)[:, -1].max() < 1e-3
    assert deviation(varied)[:, -1].min() > 0.5
    d = StyleDiscriminator(SHAPE, 4, numbers(), 0).eval()
    x = torch.rand(6, 16 * 12, generator=numbers(1))
    torch.testing.assert_close(d(x)[:1], d(x[:1]))


class Alone:
    """A module as terms are given it, with a leading dimension of one member."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        return lambda x: getattr(self.module, name)(x[0])[None]

    def __call__(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.module(x[0])[None])


def test_path_lengths_are_those_of_finite_differences() -> None:
    f = generator().double()
    z, y = (torch.randn(1, 6, n, generator=numbers(5)).double() for n in (8, 192))
    found = path_length(weight=2.0).f(Alone(f), z, y)[0]
    step, w = 1e-7, f.codes(z[0])  # short: f has kinks
    rises = [((f.images(w + e) - f.images(w - e)) * y[0]).sum(-1) for e in step * torch.eye(8).double()]
    lengths = (torch.stack(rises) / (2 * step) / 192**0.5).square().sum(0).sqrt()
    torch.testing.assert_close(found, 2 * 6 / 5 * (lengths - lengths.mean()).square(), rtol=1e-4, atol=1e-9)
    assert found.mean().item() == pytest.approx(2 * lengths.var().item(), rel=1e-4)  # the least over a, without bias


def test_r1_is_that_of_finite_differences() -> None:
    d = StyleDiscriminator((1, 4, 4), 4, numbers()).double().eval()
    x, step = torch.rand(1, 3, 16, generator=numbers(6)).double(), 1e-7
    found = r1(weight=3.0).f(Alone(d), x)[0]
    slopes = torch.stack([(d(x[0] + e) - d(x[0] - e)) / (2 * step) for e in step * torch.eye(16).double()])
    torch.testing.assert_close(found, 1.5 * slopes.square().sum(0), rtol=1e-4, atol=1e-9)


def test_a_lazy_term_is_the_same_in_expectation_and_asked_in_few_steps() -> None:
    asked = []

    def f(x: Tensor) -> Tensor:
        asked.append(1)
        return x

    lazy, draws = lazily(Term(f, [], ["data"]), 8), numbers()
    found = torch.stack([lazy.f(torch.full((1, 4), 3.0), now_and_then(4, draws)[None]) for _ in range(8000)]).detach()
    assert len(asked) == pytest.approx(1000, abs=120)
    assert float(found.mean()) == pytest.approx(3.0, rel=0.12)
    assert all(len(row.unique()) == 1 for row in found)  # a whole batch at once


@pytest.mark.parametrize(("loss", "slopes"), [("relativistic", 2), ("non-saturating", 0)])
def test_slopes_are_penalised_now_and_then_and_not_of_batches(loss: str, slopes: int) -> None:
    images = read_images("digits")
    model = Model("style", "", None, (1, 8, 8), images.levels, latent=4)
    game = ImageGame("digits", images, model, loss, iterations=2, seed=0, labels=None).problem
    terms = game.penalties.get("minimize", [])
    assert [term.over[-1] for term in terms] == ["coin"] * slopes
    start = game.minimize_over["d"].start
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in start(numbers()).modules()) == (not slopes)
    x, d, late, early = torch.rand(1, 5, 64), start(numbers()), torch.ones(1, 5), torch.zeros(1, 5)
    for term in terms:
        blocks = [{"d": lambda rows: d(rows[0])[None], "f": lambda z: x}[name] for name in term.blocks]
        assert term.f(*blocks, x, late).abs().max() == 0 < term.f(*blocks, x, early).min()
