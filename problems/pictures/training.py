"""Pictures of a trained generator: its samples, its discriminator, and the history of value and bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats
from problems.pictures.drawing import GREY, HAZE, INK, RUST, headline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from formulations.likelihood.data import Data
    from formulations.problem import Players

MAX_ROWS = 5000  # of data that are drawn
BINS, CURVE_POINTS = 80, 400  # of a histogram, of a curve
MAP_CELLS = 120  # along each side of the discriminator's map
WATCHED = ("value", "bound", "divergence")  # quantities that are drawn over time
MARGIN = 0.08  # around the data, as a share of their extent


def figure_of(
    data: Data, players: Players, samples: Floats, history: Sequence[Mapping[str, Any]], title: str
) -> Figure:
    """Data, samples, float64 (n, d), densities and the discriminator; beside them value and bound over time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    headline(figure, title)
    rows = data.origin + data.held_out[:MAX_ROWS].double().numpy()
    watched = [row for row in history if any(row.get(name) is not None for name in WATCHED)]
    if rows.shape[1] == 1:
        left: Any = figure.add_gridspec(2, 2, width_ratios=(5, 4), height_ratios=(3, 2))
        above = figure.add_subplot(left[0, 0])
        draw_densities(above, data, players, rows[:, 0], samples[:, 0])
        draw_log_ratio(figure.add_subplot(left[1, 0], sharex=above), data, players, rows[:, 0])
    else:
        left = figure.add_gridspec(1, 2, width_ratios=(5, 4))
        draw_plane(figure.add_subplot(left[0, 0]), data, players, rows, samples)
    draw_over_time(figure.add_subplot(left[:, 1]), watched, None if data.entropy is None else -data.entropy)
    return figure


def draw_densities(ax: Axes, data: Data, players: Players, x: Floats, made: Floats) -> None:
    """Histograms of data and samples, float64 (n,), and the densities that are known."""
    low, high = _extent(x)
    edges = np.linspace(low, high, BINS + 1).tolist()
    bars: list[tuple[Floats, dict[str, Any]]] = [
        (x, {"color": HAZE, "label": "data", "histtype": "stepfilled"}),
        (made, {"color": GREY, "label": "samples", "histtype": "step"}),
    ]
    for rows, style in bars:
        share = np.full(len(rows), 1 / (len(rows) * (edges[1] - edges[0])))  # of all, also outside of the bins
        ax.hist(rows, edges, weights=share, **style)
    across = np.linspace(low, high, CURVE_POINTS)
    if data.density is not None:
        ax.plot(across, np.exp(data.density.log_density(across[:, None])), color=INK, lw=3, alpha=0.35, label="truth")
    log_p = _log_density(data, players, across)
    if log_p is not None:
        ax.plot(across, np.exp(log_p), color=RUST, lw=1.4, label="generator")
    ax.legend(frameon=False, fontsize=9)
    ax.set(ylabel="density", xlim=(low, high))
    ax.spines[["top", "right"]].set_visible(False)


def draw_log_ratio(ax: Axes, data: Data, players: Players, x: Floats) -> None:
    """Log d, and log q / p where both densities are known: for the best d they differ by a constant."""
    across = np.linspace(*_extent(x), CURVE_POINTS)
    ax.axhline(0, color=GREY, lw=0.8)
    log_p = _log_density(data, players, across)
    if log_p is not None and data.density is not None:
        truth = data.density.log_density(across[:, None]) - log_p
        ax.plot(across, truth, color=INK, lw=3, alpha=0.35, label="log q / p")
        ax.set_ylim(*np.clip(_widened(*np.percentile(truth, (5, 95))), -4, 4))
    ax.plot(across, _log_d(data, players, across[:, None]), color=RUST, lw=1.4, ls="--", label="log d")
    ax.legend(frameon=False, fontsize=9)
    ax.set(xlabel="x", ylabel="log ratio")
    ax.spines[["top", "right"]].set_visible(False)


def draw_plane(ax: Axes, data: Data, players: Players, rows: Floats, samples: Floats) -> None:
    """The first two columns of data and samples; in two dimensions log d behind them."""
    (left, right), (low, high) = _extent(rows[:, 0]), _extent(rows[:, 1])
    if rows.shape[1] == 2:
        x, y = np.meshgrid(np.linspace(left, right, MAP_CELLS), np.linspace(low, high, MAP_CELLS))
        log_d = _log_d(data, players, np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
        shades = ax.imshow(
            log_d, origin="lower", extent=(left, right, low, high), cmap="bone", interpolation="bilinear", alpha=0.5
        )
        bar = ax.figure.colorbar(shades, ax=ax, shrink=0.6, pad=0.01)
        bar.outline.set_visible(False)
        bar.set_label("log d: low where there are no data")
    ax.scatter(rows[:, 0], rows[:, 1], s=14, color=GREY, lw=0, alpha=0.5, label="data", rasterized=True)
    ax.scatter(samples[:, 0], samples[:, 1], s=3, color=INK, lw=0, label="samples", rasterized=True)
    legend = ax.legend(frameon=True, fontsize=9, loc="upper right", markerscale=2)
    legend.get_frame().set(edgecolor="none", alpha=0.8)
    ax.set(xlim=(left, right), ylim=(low, high))
    if rows.shape[1] == 2:
        ax.set_aspect("equal", adjustable="box")
    else:
        ax.set(xlabel="column 1", ylabel=f"column 2 (of {rows.shape[1]})")
    ax.spines[["top", "right"]].set_visible(False)


def draw_over_time(ax: Axes, history: Sequence[Mapping[str, Any]], ceiling: float | None) -> None:
    """The generator's log-likelihood and the discriminator's bound on it; if neither is known, its estimate of KL."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set(xlabel="iteration (logarithmic)")
    if not history:
        ax.text(0.5, 0.5, "nothing was watched", transform=ax.transAxes, ha="center", color=GREY)
        return
    iteration = np.array([row["iteration"] for row in history])
    series = {name: np.array([row.get(name) for row in history], dtype=float) for name in WATCHED}
    known = [name for name in ("value", "bound") if np.isfinite(series[name]).any()]
    styles: dict[str, Any] = {
        "value": {"color": INK, "lw": 2, "label": "truth: log-likelihood V"},
        "bound": {"color": RUST, "lw": 1.6, "ls": "--", "label": "bound on V by the discriminator"},
        "divergence": {"color": RUST, "lw": 1.6, "label": "KL(data || generator), as estimated by the discriminator"},
    }
    for name in known or ["divergence"]:
        ax.plot(iteration, series[name], **styles[name])
    if len(known) == 2:
        ax.fill_between(iteration, series["value"], series["bound"], color=HAZE, lw=0)
    if ceiling is not None:
        ax.axhline(ceiling, color=GREY, lw=1, ls=":", label="no generator exceeds this")
    late = np.concatenate([series[name][len(iteration) // 6 :] for name in known or ["divergence"]])
    late = np.r_[late[np.isfinite(late)], [] if ceiling is None else ceiling]
    ax.set_xscale("symlog", linthresh=10, linscale=0.5)
    ax.set_xticks([t for t in (0, 10, 100, 1_000, 10_000, 100_000) if t <= iteration[-1]])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(xlim=(0, iteration[-1]), ylim=_widened(float(late.min()), float(late.max())), ylabel="nats per row")
    ax.legend(frameon=False, fontsize=9)


def _extent(x: Floats) -> tuple[float, float]:
    return _widened(float(x.min()), float(x.max()))


def _widened(low: float, high: float) -> tuple[float, float]:
    by = MARGIN * (high - low) or 1e-6 * max(abs(low), abs(high), 1.0)
    return low - by, high + by


def _log_density(data: Data, players: Players, across: Floats) -> Floats | None:
    """The generator's log density at points, float64 (k,), None if it has none."""
    import torch

    if not hasattr(players["f"], "log_density"):
        return None
    with torch.no_grad():
        return np.asarray(
            players["f"].log_density(torch.tensor(across[:, None] - data.origin, dtype=torch.float32)).double()
        )


def _log_d(data: Data, players: Players, points: Floats) -> Floats:
    import torch

    with torch.no_grad():
        return np.asarray(players["d"](torch.tensor(points - data.origin, dtype=torch.float32)).double())
