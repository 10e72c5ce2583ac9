"""Networks that turn images into images and tell them by patches, of pix2pix and CycleGAN, for images of any sides.

By pairs a generator is a U-Net (Ronneberger, Fischer & Brox, U-Net: convolutional networks for biomedical image
segmentation, 2015): sides are halved by strided convolutions and doubled again, and what is made at a resolution sees
what was seen there before. Without pairs it is a residual network (He, Zhang, Ren & Sun, Deep residual learning for
image recognition, 2016; in CycleGAN's place between halvings, here at the full resolution): each pixel is made of those
near it, so that of all maps between two kinds of images those that leave things where they are come first. A
discriminator says of each patch of an image, some pixels a side, how real it looks, so that it judges
texture and leaves the whole to other terms (Isola, Zhu, Zhou & Efros, Image-to-image translation with conditional
adversarial networks, 2017). Both are convolutions alone: what was trained on small images takes large ones too. Unlike
theirs they do not normalise, which small images do without, and a generator makes one image of each, without noise.

Images are (batch, channels, height, width), numbers from 0 to 1.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from formulations.players.convolutional import LEAK

Shape = tuple[int, int, int]  # channels, height, width
ODDS = 4.0  # of a white pixel to be white: e^4 to 1


class UNet(nn.Module):
    """Images -> images of the same sides and channels: x plus what the network makes of it.

    In evaluation mode what is beyond 0 and 1 is cut off. In training it is not: a pixel there would have no slope, so
    that a generator, which begins near the identity, would not learn to turn white into black.

    >>> G = UNet(1, 8, halvings=2)
    >>> G(torch.zeros(5, 1, 11, 8)).shape
    torch.Size([5, 1, 11, 8])
    """

    def __init__(self, channels: int, width: int, halvings: int) -> None:
        """width: channels at the full resolution; after each halving, whose sides are rounded down, twice as many."""
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(LEAK))
        self.inner = _seen(width, halvings)
        self.last = nn.Conv2d(2 * width, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """The translated images."""
        made: Tensor = x + self.last(self.inner(self.first(2 * x - 1)))
        return made if self.training else made.clamp(0, 1)


class _Level(nn.Module):
    """What is seen at a resolution beside what is made of it at half of that: `width` channels -> twice as many."""

    def __init__(self, width: int, halvings: int) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(LEAK))
        self.inner = _seen(2 * width, halvings - 1)
        self.up, self.bent = nn.ConvTranspose2d(4 * width, width, 4, 2, 1), nn.LeakyReLU(LEAK)

    def forward(self, x: Tensor) -> Tensor:
        made = self.up(self.inner(self.down(x)), output_size=x.shape[-2:])  # whether a side was odd, halves do not tell
        return torch.cat([x, self.bent(made)], dim=1)


def _seen(width: int, halvings: int) -> nn.Module:
    """`width` channels -> twice as many, seen at this resolution and at so many halvings of it."""
    if halvings:
        return _Level(width, halvings)
    return nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1), nn.LeakyReLU(LEAK))


class ResidualNetwork(nn.Module):
    """Images -> images of the same sides and channels, each pixel made of the (2 blocks + 3)^2 about it.

    What the network makes is added to the log odds of x, which are taken to lie between -ODDS and ODDS.

    >>> G = ResidualNetwork(1, 8, blocks=3)
    >>> G(torch.zeros(5, 1, 11, 8)).shape
    torch.Size([5, 1, 11, 8])
    """

    def __init__(self, channels: int, width: int, blocks: int) -> None:
        """width: channels of all layers between the first and the last."""
        super().__init__()
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.blocks = nn.ModuleList([nn.Conv2d(width, width, 3, padding=1) for _ in range(blocks)])
        self.last = nn.Conv2d(width, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The translated images."""
        signs = 2 * x - 1
        h = self.first(signs)
        for block in self.blocks:
            h = h + block(leaky_relu(h, LEAK))
        return torch.sigmoid(ODDS * signs + self.last(leaky_relu(h, LEAK)))


class PatchDiscriminator(nn.Module):
    """Images -> an output for each patch, (batch, rows, columns): patches of 8 pixels a side, or 18 by two halvings.

    >>> D = PatchDiscriminator(1, 8, halvings=1)
    >>> D(torch.zeros(5, 1, 11, 8)).shape
    torch.Size([5, 5, 4])
    """

    def __init__(self, channels: int, width: int, halvings: int) -> None:
        """width: channels of the first layer; each behind it has twice as many."""
        super().__init__()
        widths = [channels, *(width * 2**k for k in range(halvings))]
        layers: list[nn.Module] = []
        for few, many in pairwise(widths):
            layers += [nn.Conv2d(few, many, 4, 2, 1), nn.LeakyReLU(LEAK)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """The outputs."""
        return torch.as_tensor(self.layers(2 * x - 1).squeeze(1))


class Remembering(nn.Module):
    """A discriminator with a history of images that it was shown: D(D.history(x)) is also of earlier ones.

    >>> D = Remembering(PatchDiscriminator(1, 8, halvings=1), 50, (1, 8, 8))
    >>> D(D.history(torch.zeros(5, 1, 8, 8))).shape
    torch.Size([5, 4, 4])
    """

    def __init__(self, discriminator: nn.Module, images: int, shape: Shape) -> None:
        """It remembers so many images of that shape."""
        super().__init__()
        self.discriminator, self.history = discriminator, History(images, shape)

    def forward(self, x: Tensor) -> Tensor:
        """The discriminator's outputs."""
        return torch.as_tensor(self.discriminator(x))


class History(nn.Module):
    """Images -> the same, about half of them exchanged for images of earlier calls, at random, once there are enough.

    Shrivastava et al., Learning from simulated and unsupervised images through adversarial training, 2017. Which are
    remembered is part of a game's state, as running means of a batch are, so that a game that is resumed goes on alike.
    In evaluation mode images stay as they are. They are held as bits, which are no numbers to be averaged, as running
    statistics of several processes are: each process remembers its own share.

    >>> history = History(2, (1, 1, 1))
    >>> history(torch.ones(2, 1, 1, 1)).sum(), history.images.sum()
    (tensor(2.), tensor(2.))
    """

    bits: Tensor
    held: Tensor

    def __init__(self, most: int, shape: Shape) -> None:
        """It holds that many images of that shape at most."""
        super().__init__()
        self.register_buffer("bits", torch.zeros(most, *shape, dtype=torch.int32))
        self.register_buffer("held", torch.zeros((), dtype=torch.int64))

    @property
    def images(self) -> Tensor:
        """What it holds, float32."""
        return self.bits.view(torch.float32)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Images that are shown."""
        if not self.training:
            return x
        held, most, images = int(self.held), len(self.bits), self.images
        if held < most:
            first = x[: most - held]
            images[held : held + len(first)] = first
            self.held += len(first)
            return x
        places = torch.randperm(most, device=x.device)[: len(x)]
        rows = (torch.rand(len(places), device=x.device) < 0.5).nonzero().squeeze(1)
        shown = x.clone()
        shown[rows], images[places[rows]] = images[places[rows]], x[rows]
        return shown
