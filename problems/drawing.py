"""Pictures of an answer: the graph with the chosen edges, and how bound and value met. Draws; shows nothing."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.graphs import Floats, Ints, Network
from problems.io import InputError, safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

INK, RUST, GREY, HAZE = "#12304f", "#c05a12", "#a3acb8", "#dfe4ea"  # they differ in lightness: readable in print
PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}  # text from a file is never markup
FALLBACKS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Arial Unicode MS")
METADATA: dict[str, dict[str, Any]] = {  # nothing that differs from run to run
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
LABELLED = 40  # nodes up to which they are named
STRESSED = 1000  # nodes up to which all pairs are laid out
RASTER = 5000  # edges from which pixels are smaller than lines


def layout(network: Network, chosen: Ints | None = None) -> Floats:
    """Where to draw the nodes, float64 (n, 2): their positions, else by hops, else (n > 1000) along a spanning forest.

    The forest takes the chosen edges first, so that these are drawn short and hardly cross.
    """
    if network.positions is not None:
        return np.asarray(network.positions, dtype=np.float64)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    n, rank = network.n, np.full(network.m, 2)
    rank[[] if chosen is None else chosen] = 1
    low, high = np.minimum(network.tail, network.head), np.maximum(network.tail, network.head)
    order = np.lexsort((rank, high, low))
    order = order[low[order] != high[order]]
    ends, first = np.unique(low[order] * n + high[order], return_index=True)  # csr_array would add up parallel edges
    links = csr_array((rank[order][first], (ends // n, ends % n)), shape=(n, n))
    count, component = network.components()
    sizes = np.bincount(component, minlength=count)
    members = np.split(np.argsort(component, kind="stable"), np.cumsum(sizes)[:-1])
    members.sort(key=len, reverse=True)
    if n <= STRESSED:
        return _side_by_side([(nodes, _least_stress(links[nodes][:, nodes])) for nodes in members], n)
    tail, head = minimum_spanning_tree(links).tocoo().coords
    near: list[list[int]] = [[] for _ in range(n)]
    for u, v in zip(tail.tolist(), head.tolist(), strict=True):
        near[u].append(v)
        near[v].append(u)
    return _relaxed(_side_by_side([_fanned_out(near, int(nodes[0])) for nodes in members], n), tail, head)


def _least_stress(links: Any) -> Floats:
    """Distances on paper as near as can be to the numbers of hops (stress majorization; Gansner et al. 2004)."""
    from scipy.sparse.csgraph import shortest_path

    n = links.shape[0]
    turn = np.arange(n) * 2 * np.pi / n
    circle = np.c_[np.cos(turn), np.sin(turn)]
    if n < 3:
        return circle / 2
    hops = shortest_path(links, "FW" if links.nnz > 20 * n else "D", directed=False, unweighted=True)
    weight = (hops + np.eye(n)) ** -2 - np.eye(n)
    inverse = np.linalg.inv(np.diag(weight.sum(axis=0)) - weight + 1 / n)
    centre = np.eye(n) - 1 / n
    size, axis = np.linalg.eigh(centre @ hops**2 @ centre / -2)
    x = axis[:, -2:] * np.sqrt(size[-2:].clip(0)) + circle / 10  # classical scaling unfolds; the circle parts twins
    for _ in range(100):
        pull = weight * hops / np.hypot(*(x.T[:, :, None] - x.T[:, None])).clip(1e-9)
        x = inverse @ (pull.sum(axis=1)[:, None] * x - pull @ x)
    x -= x.mean(axis=0)
    return np.asarray(x @ np.linalg.svd(x, full_matrices=False)[2].T)  # the longest way lies flat


def _fanned_out(near: list[list[int]], start: int) -> tuple[Ints, Floats]:
    """A tree from its middle outwards, each branch in a sector as wide as its leaves are many."""

    def outwards(root: int) -> tuple[list[int], dict[int, int]]:
        order, above = [root], {root: -1}
        for u in order:
            beyond = [v for v in near[u] if v != above[u]]
            order += beyond
            above.update(dict.fromkeys(beyond, u))
        return order, above

    order, above = outwards(outwards(start)[0][-1])
    longest = [order[-1]]
    while above[longest[-1]] >= 0:
        longest.append(above[longest[-1]])
    order, above = outwards(longest[len(longest) // 2])
    leaves, free, middle, depth = (dict.fromkeys([-1, *order], 0) for _ in range(4))
    for v in reversed(order):
        leaves[v] = leaves[v] or 1
        leaves[above[v]] += leaves[v]
    for v in order:
        u = above[v]
        free[v], depth[v] = free[u], depth[u] + 1
        middle[v] = 2 * free[u] + leaves[v]
        free[u] += leaves[v]
    angle = np.array([middle[v] for v in order]) * np.pi / leaves[-1]
    level = np.array([depth[v] for v in order]) - 1
    radius = np.sqrt(np.searchsorted(level, level))  # as much room as there are nodes further in
    return np.array(order), np.c_[radius * np.cos(angle), radius * np.sin(angle)]


def _relaxed(x: Floats, tail: Ints, head: Ints) -> Floats:
    """Nodes pushed off their nearest ones and pulled to unit distance along the forest, in a few seconds at most."""
    from scipy.spatial import KDTree

    n = len(x)
    ends = np.r_[tail, head]
    degree = np.bincount(ends, minlength=n).clip(1)
    for _ in range(min(60, 500_000 // n)):
        distance, other = KDTree(x).query(x, k=8)
        push = 0.4 * (1.2 / distance.clip(1e-3) - 1).clip(0)
        apart = push.sum(axis=1)[:, None] * x - np.stack([(push * c[other]).sum(axis=1) for c in x.T], axis=1)
        along = x[head] - x[tail]
        along *= (1 - 1 / np.hypot(*along.T).clip(1e-9))[:, None]
        together = np.stack([np.bincount(ends, np.r_[c, -c], n) for c in along.T], axis=1) / degree[:, None]
        x = x + (apart + together / 2).clip(-2, 2)
    return x


def _side_by_side(parts: Sequence[tuple[Ints, Floats]], n: int) -> Floats:
    """The parts in rows, the first (largest) one first, in a frame half as wide again as high."""
    corner = [x.min(axis=0) for _, x in parts]
    size = [np.ptp(x, axis=0) + 1 for _, x in parts]
    width = max(np.sqrt(1.5 * sum(w * h for w, h in size)), max((w for w, _ in size), default=0.0))
    place, left, top, height = np.zeros((n, 2)), 0.0, 0.0, 0.0
    for (nodes, x), low, (w, h) in zip(parts, corner, size, strict=True):
        if left + w > width * 1.001:
            left, top, height = 0.0, top - height, 0.0
        place[nodes] = x - low + (left, top - h)
        left, height = left + w, max(height, h)
    return place


def draw_edges(network: Network, chosen: Ints, ax: Axes, *, labels: bool = True) -> None:
    """All edges thin and grey, the chosen ones (indices of edges) thick and dark, up to 40 nodes with their labels."""
    from matplotlib.collections import LineCollection

    n, m, place = network.n, network.m, layout(network, chosen)
    low, size = place.min(axis=0, initial=np.inf), np.ptp(place, axis=0) if n else np.zeros(2)
    place = (place - low - size / 2) / (size.max() or 1)
    lines = place[np.stack([network.tail, network.head], axis=1)]
    room = float(np.sqrt(500 * 360 / max(n, 1)))  # points from a node to the next
    thin, thick = float(np.clip(25 / np.sqrt(max(m, 1)), 0.12, 1.2)), float(np.clip(room / 15, 0.45, 2.6))
    faint = float(np.clip(60 / np.sqrt(max(m, 1)), 0.1, 1))
    style: dict[str, Any] = {"capstyle": "round", "rasterized": m > RASTER}
    ax.add_collection(LineCollection(lines, colors=GREY, linewidths=thin, alpha=faint, zorder=1, **style))
    ax.add_collection(LineCollection(lines[chosen], colors=INK, linewidths=thick, zorder=2, **style))
    if network.directed and len(chosen):
        tail, way = lines[chosen, 0], np.diff(lines[chosen], axis=1)[:, 0] * 0.6
        units: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches"}
        ax.quiver(*tail.T, *way.T, color=INK, width=thick / 72, headwidth=5, headlength=6, zorder=2, **units)
    dot = float(np.clip(room / 9, 0.5, 9))
    dots = ax.scatter(*place.T, s=dot**2, c=INK, linewidths=0, zorder=3, rasterized=m > RASTER)
    half = (size / (size.max() or 1) / 2).clip(0.01) * (1.16 if n <= LABELLED else 1.03)
    ax.update_datalim([-half, half])
    ax.margins(0)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_axis_off()
    if labels and n <= LABELLED and _named(network, lines, place, ax):
        dots.set(sizes=[15**2], facecolors="white", edgecolors=INK, linewidths=1)


def _named(network: Network, lines: Floats, place: Floats, ax: Axes) -> bool:
    """Write each label where it hides least, or if all are short into the nodes; whether the latter."""
    from matplotlib.patheffects import withStroke

    font: dict[str, Any] = {"family": _fonts(), "color": INK, "zorder": 4, "in_layout": False, **PLAIN}
    halo = [withStroke(linewidth=2, foreground="white")]
    figure: Any = ax.figure.canvas.figure
    texts = [ax.annotate(safe(name, 24), xy, size=8, **font) for name, xy in zip(network.nodes, place, strict=True)]
    with warnings.catch_warnings(action="ignore"):  # a letter in no font is drawn as a box
        figure.draw_without_rendering()  # only now is it known how wide the axes and the texts are
        sizes = [text.get_window_extent() for text in texts]
    point = figure.dpi / 72
    if all(box.width <= 12 * point for box in sizes):
        for text in texts:
            text.set(ha="center", va="center_baseline", size=7.5)
        return True
    at = ax.transData.transform
    share = np.linspace(0, 1, 60)[:, None, None]
    ends = at(lines.reshape(-1, 2)).reshape(-1, 2, 2)
    ink = np.r_[at(place), ((1 - share) * ends[:, 0] + share * ends[:, 1]).reshape(-1, 2)]
    cost = np.r_[np.full(len(place), 20.0), np.ones(len(ink) - len(place))]
    taken = np.zeros((0, 4))
    for text, box, centre in zip(texts, sizes, at(place), strict=True):
        wide, high, far = box.width, box.height, 8 * point
        tries = []
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1), (0.6, 1), (-0.6, 1), (0.6, -1), (-0.6, -1)):
            low = centre + [dx * (wide / 2 + far * abs(dx)) - wide / 2, dy * (high / 2 + far) - high / 2]
            low = np.clip(low, ax.bbox.min, np.maximum(ax.bbox.max - [wide, high], ax.bbox.min))
            frame = np.r_[low, low + [wide, high]]
            hidden = cost[((ink > frame[:2] - 2) & (ink < frame[2:] + 2)).all(axis=1)].sum()
            over = (np.minimum(frame[2:], taken[:, 2:]) - np.maximum(frame[:2], taken[:, :2])).clip(0).prod(axis=1)
            tries.append((hidden + over.sum(), len(tries), frame))
        frame = min(tries)[2]
        taken = np.r_[taken, frame[None]]
        text.set(position=(frame[:2] - centre) / point, anncoords="offset points", va="bottom", path_effects=halo)
    return False


def draw_history(history: Sequence[Mapping[str, Any]], ax: Axes) -> None:
    """The lower bound rising to the best value, round by round, above the number of cuts that each round added."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("round")
    if not history:
        ax.set(xticks=[], yticks=[])
        return
    rounds, bound, value = (np.array([h[key] for h in history], dtype=float) for key in ("round", "bound", "value"))
    added = np.diff([h["cuts"] for h in history], prepend=0)
    few = len(rounds) <= 12
    mark = {"markevery": None if few else max(1, len(rounds) // 12)}
    (upper,) = ax.plot(rounds, value, "s--", color=RUST, ms=8, mfc="none", lw=1.6, label="best value", **mark)
    (lower,) = ax.plot(rounds, bound, "o-", color=INK, ms=4.5, lw=2, label="lower bound", **mark)
    keys: list[Any] = [upper, lower]
    known = np.r_[bound, value]
    known = known[np.isfinite(known)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    span = high - low or abs(high) / 10 or 1.0
    base = 0.75 if added.any() else 0.08  # the lines have the upper half for themselves, the bars the lower
    ax.set_ylim(low - base * span, high + 0.08 * span)
    ax.set_yticks([y for y in MaxNLocator(5).tick_values(low, high) if low - 0.05 * span <= y <= high + 0.08 * span])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.10g}"))
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    middle, half = (rounds[0] + rounds[-1]) / 2, max(rounds[-1] - rounds[0] + 1.2, 3) / 2
    ax.set_xlim(middle - half, middle + half)
    if added.any():
        twin = ax.twinx()
        edges = np.r_[rounds - 0.5, rounds[-1] + 0.5]
        bars: Any = twin.bar(rounds, added, 0.6, color=HAZE) if few else twin.stairs(added, edges, fill=True, color=HAZE)
        keys.append(bars)
        bars.set_label("cuts added")
        if few:
            twin.bar_label(bars, [f"{k:,}" if k else "" for k in added], padding=2, fontsize=8, color=INK)
        twin.set_ylim(0, added.max() * 2.8)
        twin.set_yticks([] if few else [k for k in MaxNLocator(3, integer=True).tick_values(0, added.max()) if k <= added.max()])
        twin.spines[["top", "right"]].set_visible(False)
        twin.tick_params(labelsize=8, colors="#66707c")
        ax.set_zorder(twin.get_zorder() + 1)
        ax.patch.set_visible(False)
    ax.legend(handles=keys, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, fontsize=9)


def figure_of(network: Network, chosen: Ints, history: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """The graph with its chosen edges on the left, the history, if there is one, on the right."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
    panels = figure.subplots(1, 2 if history else 1, squeeze=False, width_ratios=(5, 3) if history else None)[0]
    head = figure.suptitle(safe(title, 120), family=_fonts(), size=14, color=INK, **PLAIN)
    with warnings.catch_warnings(action="ignore"):
        head.set_size(14 * min(1.0, 0.95 * figure.bbox.width / max(head.get_window_extent().width, 1)))
    if history:
        draw_history(history, panels[1])
    counts = f"{network.n:,} nodes, {network.m:,} edges, {len(chosen):,} of them chosen (dark)"
    panels[0].set_title(counts, size=9, color="#66707c")
    draw_edges(network, chosen, panels[0])
    return figure


def _fonts() -> list[str]:
    """The font that matplotlib brings, then those here that know more letters."""
    from matplotlib.font_manager import fontManager

    here = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in FALLBACKS if name in here)]


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a PNG, SVG or PDF, told by the name, all or nothing; InputError if that cannot be."""
    name = os.fsdecode(path)
    folder, suffix = os.path.dirname(name), os.path.splitext(name)[1].lower()
    if suffix not in METADATA:
        raise InputError(f"{safe(name, 200)}: is no picture's name; let it end in .png, .svg or .pdf")
    import matplotlib

    data = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "cookbook", "svg.fonttype": "path"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        figure.savefig(data, format=suffix[1:], dpi=figure.dpi, metadata=METADATA[suffix])
    part = os.path.join(folder, f".{os.getpid()}.part")
    try:
        with open(part, "xb") as file:
            file.write(data.getbuffer())
        os.replace(part, name)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or "not a possible path"
        raise InputError(f"{safe(name, 200)}: cannot be written ({why}); give a file in a folder you may write to") from None
    finally:
        with suppress(OSError, ValueError):
            os.remove(part)
