"""What strokes in an image are like, by its pixels: how thick they are, which way they lean, how far they reach.

Of the brightness b >= 0 at rows r and columns c, with means and central second moments weighted by b,

    ink        sum of b
    thickness  2 ink / (total variation of b)              pixels
    slant      arctan(-m_rc / m_rr)                        degrees, positive where the top leans to the right
    height     sqrt(12 m_rr + 1), width likewise by m_cc   pixels

The total variation is the length of the contours, averaged over their levels (coarea formula), so thickness asks for no
threshold and no skeleton: of a stroke w wide and l long it is w l / (w + l), nearly w where it is long. Slant is the
shear that undoes the covariance of rows and columns, as digits are deskewed by (LeCun et al., Gradient-based learning
applied to document recognition, 1998); of a bar that is sheared it is that angle. Height and width are those of a
filled rectangle with these moments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from formulations.problem import Floats


@dataclass(frozen=True, eq=False)
class Attributes:
    """Each float64 (n,), NaN where an image is black, and of slant where all that is bright is in one row.

    ink, thickness, slant, height, width  as above
    """

    ink: Floats
    thickness: Floats
    slant: Floats
    height: Floats
    width: Floats


def attributes(images: ArrayLike) -> Attributes:
    """Of images (n, channels, h, w) from 0 to 1, strokes being bright; the mean of the channels counts.

    >>> bar = np.zeros((1, 1, 20, 9))
    >>> bar[:, :, 1:19, 3:6] = 1
    >>> found = attributes(bar)
    >>> found.height, found.width, found.thickness.round(2)
    (array([18.]), array([3.]), array([2.65]))
    """
    b = np.asarray(images, dtype=np.float64).mean(axis=1)
    r, c = np.arange(b.shape[1]), np.arange(b.shape[2])
    ink = b.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):  # of black images, 0 / 0
        share = b / ink[:, None, None]
        rows, columns = r - (share.sum(2) @ r)[:, None], c - (share.sum(1) @ c)[:, None]
        m_rr = np.einsum("nrc,nr,nr->n", share, rows, rows)
        m_cc = np.einsum("nrc,nc,nc->n", share, columns, columns)
        m_rc = np.einsum("nrc,nr,nc->n", share, rows, columns)
        slant = np.degrees(np.arctan(-m_rc / np.where(m_rr > 0, m_rr, np.nan)))
        return Attributes(
            np.where(ink > 0, ink, np.nan),
            2 * ink / total_variation(b),
            slant,
            np.sqrt(12 * m_rr + 1),
            np.sqrt(12 * m_cc + 1),
        )


def total_variation(b: Floats) -> Floats:
    """Sum of the lengths of the gradients of images (n, h, w), which are 0 outside; (n,).

    Gradients are taken between pixels, at the corners where four meet (Roberts), so that upright edges and those at 45
    degrees have their true lengths.

    >>> total_variation(np.ones((1, 5, 5))).round(2)  # 4 sides of 4, and 4 corners cut
    array([18.83])
    """
    framed = np.pad(b, ((0, 0), (1, 1), (1, 1)))
    down, right = np.diff(framed, axis=1), np.diff(framed, axis=2)
    steps = (down[:, :, :-1] + down[:, :, 1:]) / 2, (right[:, :-1] + right[:, 1:]) / 2
    lengths: Floats = np.hypot(*steps).sum(axis=(1, 2))
    return lengths
