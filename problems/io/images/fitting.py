"""Images cut to the square in their middle, and made as small as a model is to learn them."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.io.images.held import COLOUR, GREY, Pixels


def square(width: int, height: int) -> tuple[int, int, int, int]:
    """The largest square in the middle: left, top, right, bottom.

    >>> square(7, 4)
    (1, 0, 5, 4)
    """
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def fitted(picture: Any, size: int) -> Any:
    """A picture of pillow cut to its square, `size` pixels a side; each pixel is an average of those that it covers.

    >>> from PIL import Image
    >>> fitted(Image.new("L", (90, 60)), 28).size
    (28, 28)
    """
    from PIL import Image

    return picture.crop(square(*picture.size)).resize((size, size), Image.Resampling.BILINEAR)


def all_fitted(pixels: Pixels, size: int) -> Pixels:
    """The same of an array (k, height, width, channels), uint8 or float32 from 0 to 1.

    >>> all_fitted(np.zeros((2, 64, 64, 3), dtype=np.uint8), 16).shape
    (2, 16, 16, 3)
    """
    from PIL import Image

    if pixels.dtype == np.uint8 and pixels.shape[3] in (GREY, COLOUR):
        made = [
            np.asarray(fitted(Image.fromarray(image.squeeze(2) if image.shape[2] == GREY else image), size))
            for image in pixels
        ]
        return np.stack(made).reshape(len(pixels), size, size, -1)
    channels = pixels.astype(np.float32).transpose(0, 3, 1, 2)
    made = [np.stack([np.asarray(fitted(Image.fromarray(part), size)) for part in image], -1) for image in channels]
    return np.stack(made)
