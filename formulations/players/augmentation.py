"""Images changed at random before a discriminator sees them, the more the better it knows those of its training.

Of few images a discriminator learns each by heart. If all that it sees, data and samples, is changed by the same random
rules, it must tell their laws apart behind these changes, and a generator need not learn the changes themselves as long
as each is left out with some probability (Karras et al., Training generative adversarial networks with limited data,
2020). With probability p each, of brightness b from 0 to 1 at positions r from the middle,

    shift, rotate, scale   b(r) <- b(A r + t)      t up to 1/8 of the sides, angles up to 20 degrees, sizes by 20 %
    brightness             b <- b + e              e ~ N(0, 0.1^2)
    contrast               b <- 1/2 + c (b - 1/2)  c uniform from 0.6 to 1.4
    flip                   columns mirrored        if asked for; then with probability p / 2

Brightness and contrast leave every pixel as it is in expectation; shifts, rotations and scales do not, nor are they to;
a flip leaves the mean over the pixels. What is beyond the border is as at the border. All are differentiable, as often
as penalties on slopes need.

The strength p is adapted. Let s be the mean sign of the discriminator's outputs at the data: 0 where it does not know
them, 1 where it never errs. p rises while s is above 0.6, and falls while it is below.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from formulations.players.convolutional import Shape
from formulations.problem import SaddleProblem

TARGET = 0.6  # of s
TURN = 100_000  # images of the data in which p goes from 0 to 1
MEMORY = 0.9  # share of s that stays at each batch
SHIFT, ANGLE, SIZE = 1 / 8, math.radians(20), 0.2
BRIGHTNESS, CONTRAST = 0.1, 0.4


def augmented(images: Tensor, p: Tensor | float, flips: bool = False) -> Tensor:
    """Images (batch, channels, height, width) changed by torch's global random numbers.

    >>> x = torch.rand(5, 1, 8, 8)
    >>> torch.allclose(augmented(x, 0.0), x), augmented(x, 1.0).shape
    (True, torch.Size([5, 1, 8, 8]))
    """
    n, (height, width), like = len(images), images.shape[2:], images.new_zeros(len(images))

    def applied() -> Tensor:
        """Of which images a change is made."""
        return (torch.rand_like(like) < p).to(images.dtype)

    def spread(most: float) -> Tensor:
        """Uniform from -most to most, or 0 where the change is left out."""
        return (2 * torch.rand_like(like) - 1) * most * applied()

    down, right = spread(SHIFT * height).round(), spread(SHIFT * width).round()
    angle, size = spread(ANGLE), spread(math.log1p(SIZE)).exp()
    across = 1 - 2 * (torch.rand_like(like) < 0.5) * applied() if flips else torch.ones_like(like)
    A = torch.stack([angle.cos(), -angle.sin() * across, angle.sin(), angle.cos() * across], dim=-1)
    moved = resampled(images, (A / size[:, None]).view(n, 2, 2), torch.stack([down, right], dim=-1))
    e, c = torch.randn_like(like) * BRIGHTNESS * applied(), 1 + spread(CONTRAST)
    return torch.as_tensor(0.5 + c[:, None, None, None] * (moved - 0.5) + e[:, None, None, None])


def resampled(images: Tensor, A: Tensor, t: Tensor) -> Tensor:
    """b(A r + t) by bilinear interpolation: A (batch, 2, 2), t (batch, 2), of rows and columns from the middle.

    torch's own grid_sample cannot be differentiated twice.

    >>> x = torch.arange(3.0).expand(1, 1, 2, 3)
    >>> resampled(x, torch.eye(2)[None], torch.tensor([[0.0, 1.0]]))[0, 0, 0]
    tensor([1., 2., 2.])
    """
    _, channels, height, width = images.shape
    middle = torch.tensor([(height - 1) / 2, (width - 1) / 2], device=images.device, dtype=images.dtype)
    rows, columns = torch.meshgrid(
        torch.arange(height, device=images.device), torch.arange(width, device=images.device), indexing="ij"
    )
    r = torch.stack([rows, columns], dim=-1).view(-1, 2) - middle
    most = 2 * middle
    at = torch.minimum((r @ A.mT + t[:, None] + middle).clamp(min=0), most)  # (batch, pixels, 2)
    low = torch.minimum(at.floor(), (most - 1).clamp(min=0))
    share, flat, found = at - low, images.flatten(2), torch.zeros_like(images.flatten(2))
    for i in range(2):
        for j in range(2):
            corner = torch.minimum(low + torch.tensor([i, j], device=low.device), most).long()
            weight = (share[..., 0] if i else 1 - share[..., 0]) * (share[..., 1] if j else 1 - share[..., 1])
            place = (corner[..., 0] * width + corner[..., 1])[:, None].expand(-1, channels, -1)
            found = found + weight[:, None] * flat.gather(2, place)
    return found.view_as(images)


class Augmented(nn.Module):
    """A discriminator that in training sees augmented images, (batch, channels x h x w + labels) -> (batch,).

    >>> from formulations.players.convolutional import ConvolutionalDiscriminator
    >>> d = Augmented(ConvolutionalDiscriminator((1, 8, 8), 8, torch.Generator().manual_seed(0)), (1, 8, 8))
    >>> d(torch.zeros(5, 64)).shape, float(d.strength)
    (torch.Size([5]), 0.0)
    """

    strength: Tensor
    signs: Tensor

    def __init__(self, discriminator: nn.Module, shape: Shape, flips: bool = False) -> None:
        """Of images of that shape; flips: whether mirrored images are as likely."""
        super().__init__()
        self.discriminator, self.shape, self.flips = discriminator, shape, flips
        self.register_buffer("strength", torch.zeros(()))
        self.register_buffer("signs", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """The discriminator's outputs."""
        if self.training and self.strength:
            dims = math.prod(self.shape)
            images = augmented(x[:, :dims].reshape(-1, *self.shape), self.strength, self.flips)
            x = torch.cat([images.flatten(1), x[:, dims:]], dim=1)
        return torch.as_tensor(self.discriminator(x))

    def of_data(self, x: Tensor) -> Tensor:
        """The same of images of the data, by which the strength is adapted."""
        v: Tensor = self(x)
        if self.training:
            self.adapt(v.detach())
        return v

    @torch.no_grad()
    def adapt(self, v: Tensor) -> None:
        """Take a step of the strength by the discriminator's outputs at the data, (batch,)."""
        self.signs.lerp_(v.sign().mean(), 1 - MEMORY)
        self.strength.add_((self.signs - TARGET).sign() * len(v) / TURN).clamp_(0, 1)


def adapting(game: SaddleProblem) -> SaddleProblem:
    """The game of a discriminator that is Augmented, whose strength is adapted where the first term shows it the data.

    >>> from formulations.problem import Block, Term
    >>> d = Augmented(torch.nn.Flatten(0), (1, 1, 1))
    >>> told = Term(lambda d, x: -d(x), ["d"], ["data"])
    >>> rows = {"data": lambda n, _: torch.ones(n, 1)}
    >>> blocks = {"d": Block(lambda _: d)}
    >>> game = SaddleProblem(maximize_over={}, minimize_over=blocks, payoff=[told], samplers=rows)
    >>> adapting(game).payoff[0].f(d, torch.ones(2, 1)), d.signs > 0
    (tensor([-1., -1.]), tensor(True))
    """
    told, *others = game.payoff
    return replace(game, payoff=[replace(told, f=lambda d, x: told.f(d.of_data, x)), *others])
