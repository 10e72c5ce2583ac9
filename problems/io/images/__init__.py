"""Reading a user's images: a folder of pictures, an array, or an idx file; nothing here imports torch."""

from problems.io.images.held import Images
from problems.io.images.reading import read_images

__all__ = ["Images", "read_images"]
