"""The pages of problems: in which order they stand, and how their figures are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakSet

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

from problems.pictures.drawing import save

ORDER = (  # easy problems first, each kind together; a page that is not named here stands at the end
    "mst",
    "shortest_path",
    "steiner",
    "tsp",
    "seriation",
    "plagiarism",
    "leaderboard",
    "transport",
    "divergence",
    "push_forward",
    "pca",
    "kmeans",
    "clustering",
    "embedding",
    "location",
    "robust_regression",
    "robust_network",
    "saddle",
    "geometric",
    "gan",
    "collapse",
    "images",
    "translate",
)
SHOWN: WeakSet[Figure] = WeakSet()


def position(file: str) -> tuple[int, str]:
    """Where the page of a script stands among the others."""
    name = Path(file).stem.removeprefix("plot_")
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def figures(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """The figure that a cell ends with, as an image; its titles are the alternative text."""
    figure = block_vars["example_globals"].get("___")  # the last expression, also of an earlier cell
    if not isinstance(figure, Figure) or figure in SHOWN:
        return ""
    SHOWN.add(figure)
    path = next(block_vars["image_path_iterator"])
    save(figure, path)
    return str(figure_rst([path], gallery_conf["src_dir"], " ".join(titles(figure)) or "Figure"))


def titles(figure: Figure) -> list[str]:
    """What stands above a figure and its panels, a sentence each."""
    found = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    return [" ".join(title.replace('"', "'").split()).rstrip(".") + "." for title in found if title.strip()]
