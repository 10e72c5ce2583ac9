"""Images side by side in one, and as the bytes of a picture file."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEWEST_LOSSES: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}  # by format


def tiled(images: NDArray[Any], columns: int | None = None, white: Any = 255) -> NDArray[Any]:
    """Images (n, height, width, channels) in rows, a white line between them; about a square unless columns are given.

    >>> tiled(np.zeros((6, 2, 2, 1), dtype=np.uint8), columns=3).shape  # 2 x 3 of them
    (5, 8, 1)
    """
    n, height, width, channels = images.shape
    across = columns or math.ceil(math.sqrt(n))
    down = math.ceil(n / across)
    sheet = np.full((down * (height + 1) - 1, across * (width + 1) - 1, channels), white, dtype=images.dtype)
    for k, image in enumerate(images):
        top, left = k // across * (height + 1), k % across * (width + 1)
        sheet[top : top + height, left : left + width] = image
    return sheet


def png(image: NDArray[np.uint8]) -> bytes:
    """An image (height, width, channels) as the bytes of a .png file.

    >>> png(np.zeros((2, 2, 1), dtype=np.uint8))[:4]
    b'\\x89PNG'
    """
    return encoded(image, ".png")


def encoded(image: NDArray[np.uint8], suffix: str) -> bytes:
    """The same as the bytes of a file of that suffix, one of pictures.SUFFIXES.

    >>> encoded(np.zeros((2, 2, 3), dtype=np.uint8), ".gif")[:3]
    b'GIF'
    """
    from PIL import Image

    data = io.BytesIO()
    kind = Image.registered_extensions()[suffix]
    Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image).save(data, kind, **FEWEST_LOSSES.get(kind, {}))
    return data.getvalue()
