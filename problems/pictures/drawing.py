"""Pictures of graphs: chosen edges, and the history of bound and value. Nothing is shown on a screen."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.graphs import Network
from formulations.problem import Floats, Ints
from problems.pictures.layout import layout
from problems.terminal.errors import InputError, safe
from problems.terminal.files import replace_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours from dark to light; they differ in lightness, so that prints in grey are readable.
INK, RUST, SLATE, GREY, HAZE = "#12304f", "#c05a12", "#66707c", "#a3acb8", "#dfe4ea"
PLAIN_TEXT: dict[str, Any] = {"parse_math": False, "usetex": False}  # text from a file is never markup
FONTS = {"Noto Sans CJK JP", "Noto Sans CJK SC", "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Arial Unicode MS"}
PICTURES: dict[str, Any] = {  # by suffix its metadata, without what differs from run to run
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
MAX_LABELLED = 40  # nodes up to which all are labelled
MAX_NUMBERED = 12  # rounds up to which bars have numbers
VECTOR_EDGES = 5000  # edges up to which vector graphics are smaller than pixels


def draw_edges(network: Network, chosen: Ints, ax: Axes, *, labels: bool = True, marked: Ints | None = None) -> None:
    """All edges thin and grey, the chosen ones, int64 (k,), thick and dark; up to 40 nodes with their labels.

    The marked vertices stand out.
    """
    from matplotlib.collections import LineCollection

    n, m, place = network.n, network.m, layout(network, chosen)
    low, size = place.min(axis=0, initial=np.inf), np.ptp(place, axis=0) if n else np.zeros(2)
    place, size = (place - low - size / 2) / (size.max() or 1), size / (size.max() or 1)
    texts = [_label(ax, name) for name in network.nodes] if labels and n <= MAX_LABELLED else []
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_axis_off()
    with warnings.catch_warnings(action="ignore"):  # about characters in no font, drawn as boxes
        figure: Any = ax.figure.canvas.figure
        for _ in range(2):  # this determines the sizes of axes and texts; the layout settles in the second pass
            figure.draw_without_rendering()
        extent = np.array([text.get_window_extent().size for text in texts]).reshape(-1, 2) * 72 / figure.dpi
    box = ax.bbox.size * 72 / figure.dpi  # in points, like everything below
    inside = bool((extent[:, 0] <= 12).all())
    margin = np.array([10, 10]) if inside else np.minimum(extent.max(axis=0) + 8, box / 5)
    scale = float(((box - 2 * margin) / size.clip(1e-3)).min())
    ax.set(xlim=box[0] / scale * np.array([-0.5, 0.5]), ylim=box[1] / scale * np.array([-0.5, 0.5]))

    lines, room = place[np.stack([network.tail, network.head], axis=1)], float(np.sqrt(box.prod() / max(n, 1)))
    thin, thick = min(1.0, max(0.2, 35 / np.sqrt(m + 1))), min(2.6, max(0.4, room / 15))
    grey = thin * scale * np.hypot(*(lines[:, 1] - lines[:, 0]).T).sum() / box.prod()  # share of the area
    style: dict[str, Any] = {"capstyle": "butt" if m > VECTOR_EDGES else "round", "rasterized": m > VECTOR_EDGES}
    pale: dict[str, Any] = {"colors": GREY if grey < 1 else HAZE, "alpha": min(1.0, 0.3 / (grey + 0.15)), "zorder": 1}
    ax.add_collection(LineCollection(lines, linewidths=thin, **pale, **style))
    ax.add_collection(LineCollection(lines[chosen], colors=INK, linewidths=thick, zorder=2, **style))
    if network.directed and len(chosen):
        tail, way = lines[chosen, 0], (lines[chosen, 1] - lines[chosen, 0]) * 0.6
        units: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches"}
        ax.quiver(*tail.T, *way.T, color=INK, width=thick / 72, headwidth=5, headlength=6, zorder=2, **units)
    width = min(9.0, max(0.5, room / 9))
    special = np.isin(np.arange(n), [] if marked is None else marked)
    colours = np.where(special, RUST, INK).tolist()
    sizes = np.where(special, 1.8, 1) * width**2
    dots = ax.scatter(place[:, 0], place[:, 1], sizes, colours, lw=0, zorder=3, rasterized=m > VECTOR_EDGES)
    if texts and inside:
        dots.set(sizes=[14**2], facecolors="white", edgecolors=colours, linewidths=np.where(special, 2.5, 1))
    offset = np.zeros((n, 2)) if inside else _label_centres(place * scale, lines * scale, extent, box) - place * scale
    for text, xy, by in zip(texts, place, offset, strict=bool(texts)):
        text.xy = xy
        text.set(position=by, va="center_baseline" if inside else "center")


def _label(ax: Axes, name: object) -> Any:
    """A node's label, to be placed."""
    from matplotlib.patheffects import withStroke

    style: dict[str, Any] = {"size": 7.5, "color": INK, "path_effects": [withStroke(linewidth=2, foreground="white")]}
    where: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "annotation_clip": False, "zorder": 4}
    return ax.annotate(safe(name, 28), (0, 0), (0, 0), family=fonts(), in_layout=False, **where, **style, **PLAIN_TEXT)


def fonts() -> list[str]:
    """Matplotlib's own font, then installed ones that have more characters."""
    from matplotlib.font_manager import fontManager

    return ["DejaVu Sans", *sorted(FONTS.intersection(fontManager.get_font_names()))]


def _label_centres(place: Floats, lines: Floats, extent: Floats, box: Floats) -> Floats:
    """The labels' centres, each beside its node where it covers least; float64 (n, 2), in points from the middle."""
    share = np.linspace(0, 1, 60)[:, None, None]
    ink = np.r_[place, ((1 - share) * lines[:, 0] + share * lines[:, 1]).reshape(-1, 2)]
    cost = np.r_[np.full(len(place), 20), np.ones(len(ink) - len(place))]
    sides = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (0.6, 1), (-0.6, 1), (0.6, -1), (-0.6, -1)])
    where = place.copy()
    for i, (own, size) in enumerate(zip(place, extent, strict=True)):
        most = np.maximum(box - size, 0) / 2
        tries = np.clip(own + sides * (size / 2 + (8, 4)), -most, most)[:, None]
        covered = (np.abs(ink - tries) < size / 2 + 1).all(axis=2) @ cost
        over = ((size + extent[:i]) / 2 - np.abs(where[:i] - tries)).clip(0).prod(axis=2).sum(axis=1)
        where[i] = tries[np.argmin(covered + over), 0]
    return where


def draw_history(history: Sequence[Mapping[str, Any]], ax: Axes, *, bound_is: str = "lower bound") -> None:
    """Lower bound and incumbent value by round or iteration, above the number of cuts that each round added, if any.

    history   rows with "round" or "iteration", "bound" and "value" (these two may be None), and perhaps "cuts", such as
              stats["history"]
    bound_is  what the bound is called
    """
    from matplotlib.ticker import MaxNLocator

    def ticks(count: int, low: float, high: float, whole: bool = True) -> list[float]:
        return [t for t in MaxNLocator(count, integer=whole).tick_values(low, high) if low <= t <= high]

    ax.spines[["top", "right"]].set_visible(False)
    step = "iteration" if history and "iteration" in history[0] else "round"
    ax.set(xlabel=step, xticks=[], yticks=[])
    if not history:
        return
    rounds, bound, value = (np.array([h.get(key) for h in history], dtype=float) for key in (step, "bound", "value"))
    added = np.diff([h.get("cuts", 0) for h in history], prepend=0)
    few = len(rounds) <= MAX_NUMBERED
    marks = np.unique(np.linspace(0, len(rounds) - 1, MAX_NUMBERED).astype(int)).tolist()
    keys: list[Any] = ax.plot(rounds, bound, "o-", color=INK, ms=4.5, lw=2, label=bound_is, markevery=marks)
    keys += ax.plot(rounds, value, "s--", color=RUST, ms=8, mfc="none", lw=1.6, label="best value", markevery=marks)
    known = np.r_[bound, value]
    known = known[np.isfinite(known)] if np.isfinite(known).any() else np.zeros(1)
    low, high = float(known.min()), float(known.max())
    span = high - low or abs(high) / 10 or 1.0
    # Lines in the upper half, bars in the lower.
    ax.set_ylim(low - span * (0.75 if added.any() else 0.08), high + 0.08 * span)
    ax.set_yticks(ticks(5, low - 0.05 * span, high + 0.05 * span, False) if low < high else [low])
    ax.yaxis.set_major_formatter(lambda y, _: f"{y:,.10g}")
    ax.set_xticks(ticks(8, rounds[0], rounds[-1]))
    half = max(rounds[-1] - rounds[0] + 1.2, 3) / 2
    ax.set_xlim((rounds[0] + rounds[-1]) / 2 + np.array([-half, half]))
    if added.any():
        twin = ax.twinx()
        if few:
            bars: Any = twin.bar(rounds, added, 0.6, color=HAZE)
            twin.bar_label(bars, [f"{k:,}" if k else "" for k in added], padding=2, fontsize=8, color=INK)
        else:
            bars = twin.stairs(added, np.r_[rounds - 0.5, rounds[-1] + 0.5], fill=True, color=HAZE)
        twin.set(ylim=(0, added.max() * 2.8), yticks=[] if few else ticks(3, 0, added.max()))
        twin.spines[["top", "right"]].set_visible(False)
        twin.tick_params(labelsize=8, colors="#66707c")
        ax.set_zorder(twin.get_zorder() + 1)
        ax.patch.set_visible(False)
        bars.set_label("cuts added")
        keys.append(bars)
    ax.legend(handles=keys, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, fontsize=9)


def figure_of(
    network: Network, chosen: Ints, history: Sequence[Mapping[str, Any]], title: str, marked: Ints | None = None
) -> Figure:
    """The graph with its chosen edges, int64 (k,), on the left, the history, if there is one, on the right.

    marked  vertices that stand out, if any

    >>> triangle = Network("abc", np.array([0, 1, 0]), np.array([1, 2, 2]), np.ones(3))
    >>> [ax.get_title() for ax in figure_of(triangle, np.array([0, 1]), [], "A tree").axes]
    ['nodes: 3    edges: 3    chosen (dark): 2']
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=(9, 4.5), dpi=200, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
    FigureCanvasAgg(figure)
    headline(figure, title)
    shares = (5, 3) if history else (1,)
    panels = figure.subplots(1, len(shares), squeeze=False, width_ratios=shares)[0]
    counts = f"nodes: {network.n:,}    edges: {network.m:,}    chosen (dark): {len(chosen):,}"
    panels[0].set_title(counts, size=9, color="#66707c")
    if history:
        draw_history(history, panels[1])
    draw_edges(network, chosen, panels[0], marked=marked)
    return figure


def headline(figure: Figure, title: str, **place: Any) -> None:
    """A title over the whole figure, in a smaller font if it is too wide."""
    head = figure.suptitle(safe(title, 120), family=fonts(), size=14, color=INK, **place, **PLAIN_TEXT)
    with warnings.catch_warnings(action="ignore"):  # about characters in no font, drawn as boxes
        head.set_fontsize(14 * min(1.0, 0.95 * figure.bbox.width / max(head.get_window_extent().width, 1)))


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a PNG, SVG or PDF, by the suffix, atomically; raises InputError if it cannot be written."""
    name = os.fsdecode(path)
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in PICTURES:
        raise InputError(f"{safe(name, 200)}: does not say which kind of picture; let it end in .png, .svg or .pdf")
    replace_file(name, rendered(figure, suffix))


def rendered(figure: Figure, suffix: str, dpi: float | None = None) -> bytes:
    """A PNG, SVG or PDF, in dots per inch of the figure's or others."""
    import matplotlib

    data = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "cookbook", "svg.fonttype": "path"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        figure.savefig(data, format=suffix[1:], dpi=dpi or figure.dpi, metadata=PICTURES[suffix])
    return data.getvalue()
