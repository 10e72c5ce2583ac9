"""Pictures within a page: as data that need no other file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VECTORS, PIXELS = 300_000, 500_000  # bytes of an .svg, from which pixels are taken instead, and of a .png
DOTS = (150, 100, 75, 50, 30)  # per inch, tried one after the other


def embedded(figure: Figure) -> str:
    """A figure as the address of an image: an SVG, or a PNG where that is too large."""
    from problems.pictures.drawing import rendered

    vectors = rendered(figure, ".svg")
    if len(vectors) <= VECTORS:
        return address(vectors, "image/svg+xml")
    for dpi in DOTS:
        if len(pixels := rendered(figure, ".png", dpi)) <= PIXELS:
            break
    return address(pixels, "image/png")


def address(data: bytes, kind: str) -> str:
    """Data as an address of themselves.

    >>> address(b"{}", "application/json")
    'data:application/json;base64,e30='
    """
    return f"data:{kind};base64,{b64encode(data).decode()}"


def history_of(history: Sequence[Mapping[str, Any]]) -> str:
    """Bound and value by round or iteration, as the address of an image."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from problems.pictures.drawing import draw_history

    figure = Figure(figsize=(7, 3.4), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    draw_history(history, figure.subplots(), bound_is="bound")
    return embedded(figure)
