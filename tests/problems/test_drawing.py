"""Pictures: they appear, whole and always the same, whatever the labels say; and never through pyplot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from defusedxml import ElementTree
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image
from places import ROOT
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree
from stopwatch import within

from formulations.graphs import Network, network
from formulations.problem import Floats, Ints
from problems.io import InputError
from problems.pictures.drawing import draw_edges, draw_history, figure_of, save
from problems.pictures.layout import layout

NONE = np.zeros(0, dtype=np.int64)
KARATE = network(nx.karate_club_graph())
ROUNDS: list[dict[str, Any]] = [
    {"round": 1, "cuts": 5, "nodes": 1, "bound": None, "value": None},
    {"round": 2, "cuts": 9, "nodes": 1, "bound": 28.5, "value": None},
    {"round": 3, "cuts": 10, "nodes": 1, "bound": 31.0, "value": 34.0},
    {"round": 4, "cuts": 10, "nodes": 1, "bound": 33.0, "value": 33.0},
]
NASTY = [
    "$\\frac{1}{2}$ $x$ $",
    "\x1b[31mred\x1b[0m\r\n\t\0",
    '<script>alert("&amp;")</script> --> ]]>',
    "x" * 100_000,
    "東京 Αθήνα القاهرة 🚇",
    "\u202egnp.exe\ud800",
    ("a", "tuple", 3),
    "",
]


def chain(names: list[Any], directed: bool = False) -> Network:
    tail = np.arange(len(names) - 1, dtype=np.int64)
    return Network(names, tail, tail + 1, np.ones(len(tail)), directed=directed)


def spanning(g: Network) -> Ints:
    """Some spanning forest's edges; g without parallel edges."""
    tree = minimum_spanning_tree(csr_array((np.arange(1.0, g.m + 1), (g.tail, g.head)), shape=(g.n, g.n)))
    return np.sort(tree.data).astype(np.int64) - 1


def random_network(n: int, m: int, positions: Floats | None = None) -> Network:
    tail, head = np.random.default_rng(n).integers(0, n, (2, m))
    return Network(range(n), tail, head, np.ones(m), positions=positions).simple()


def drawn(g: Network, chosen: Ints | None = None, **options: Any) -> Any:
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    draw_edges(g, spanning(g) if chosen is None else chosen, ax, **options)
    figure.canvas.draw_idle()
    return ax


def picture(folder: Path, name: str, g: Network = KARATE, title: str = "Karate club") -> Path:
    path = folder / name
    save(figure_of(g, spanning(g), ROUNDS, title), path)
    return path


def test_the_three_formats_have_the_right_size(tmp_path: Path) -> None:
    with Image.open(picture(tmp_path, "a.PNG")) as image:
        image.load()
        assert image.size == (1800, 900)
        assert len(np.unique(np.asarray(image.convert("L")))) > 50
    root = ElementTree.parse(picture(tmp_path, "a.svg")).getroot()
    assert (root.get("width"), root.get("height")) == ("648pt", "324pt")
    pdf = picture(tmp_path, "a.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"/MediaBox [ 0 0 648 324 ]" in pdf
    assert sorted(os.listdir(tmp_path)) == ["a.PNG", "a.pdf", "a.svg"]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_input_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    first, second = (picture(tmp_path, name + suffix).read_bytes() for name in "ab")
    assert first == second
    for told in (b"Date", b"CreationDate", b"Matplotlib v"):
        assert told not in first


def test_another_process_draws_the_same(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import test_drawing;test_drawing.picture(Path(sys.argv[1]), 'other.svg')"
    )
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "tests" / "problems")))
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment)
    assert (tmp_path / "other.svg").read_bytes() == picture(tmp_path, "own.svg").read_bytes()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_no_label_or_title_is_markup_or_leaves_the_picture(tmp_path: Path, suffix: str) -> None:
    path = picture(tmp_path, "nasty" + suffix, chain(NASTY), title=" ".join(map(str, NASTY[:3])) + " 東京" * 90)
    if suffix == ".svg":
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
        assert "script" not in tags
        assert b"\x1b" not in path.read_bytes()
    figure = figure_of(chain(NASTY), np.arange(3), ROUNDS, "東京 $x^2$" * 100)
    with Image.open(picture(tmp_path, "frame.png", chain(NASTY), "w" * 200)) as image:
        grey = np.asarray(image.convert("L"))
    assert min(grey[:, [0, 1, -2, -1]].min(), grey[[0, 1, -2, -1]].min()) == 255
    title = figure.get_suptitle()
    assert "$x^2$" in title
    assert len(title) <= 120


@pytest.mark.filterwarnings("ignore:Glyph")
def test_labels_are_short_inside_the_axes_and_apart() -> None:
    g = network(nx.relabel_nodes(nx.florentine_families_graph(), lambda name: f"The {name} family of Florence"))
    ax = drawn(g)
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == g.n
    assert all(len(text.get_text()) <= 28 and not text.get_parse_math() for text in ax.texts)
    assert all(ax.bbox.x0 - 1 <= box.x0 and box.x1 <= ax.bbox.x1 + 1 for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_labels_are_for_small_graphs_and_for_those_who_want_them() -> None:
    assert len(drawn(KARATE).texts) == 34
    assert not drawn(KARATE, labels=False).texts
    assert not drawn(random_network(41, 60)).texts


def test_all_edges_are_drawn_in_two_collections_the_chosen_ones_thicker_and_darker() -> None:
    chosen = spanning(KARATE)
    every: Any
    best: Any
    every, best = (c for c in drawn(KARATE).collections if isinstance(c, LineCollection))
    assert len(every.get_segments()) == KARATE.m
    assert len(best.get_segments()) == len(chosen) == 33
    assert best.get_linewidth()[0] > 2 * every.get_linewidth()[0]
    assert best.get_color()[0][:3].sum() < every.get_color()[0][:3].sum() - 1


def test_chosen_arcs_have_arrowheads() -> None:
    arrows = [c for c in drawn(chain(list("abc"), directed=True)).collections if hasattr(c, "U")]
    assert [len(c.U) for c in arrows] == [2]
    assert not [c for c in drawn(chain(list("abc"))).collections if hasattr(c, "U")]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "g",
    [
        chain(["alone"]),
        Network(range(7), NONE, NONE, np.zeros(0)),
        Network([], NONE, NONE, np.zeros(0)),
        Network(range(2000), NONE, NONE, np.zeros(0)),
        Network("ab", np.array([0, 0, 1, 0]), np.array([0, 1, 0, 1]), np.ones(4)),  # a loop and parallel edges
        Network("ab", np.array([0]), np.array([1]), np.ones(1), positions=np.full((2, 2), 1e9)),
        Network(
            "abc", np.array([0, 1]), np.array([1, 2]), np.ones(2), positions=np.array([[1e9, 5], [1e9, 6], [1e9, 9]])
        ),
        network(nx.complete_graph(30)),
        network(nx.star_graph(1500)),
        network(nx.path_graph(3000)),
        network(nx.disjoint_union_all([nx.path_graph(2), nx.cycle_graph(5), nx.empty_graph(4)])),
    ],
    ids=lambda g: f"n={g.n},m={g.m}",
)
def test_odd_graphs_are_drawn(tmp_path: Path, g: Network) -> None:
    figure = figure_of(g, np.arange(g.m)[:1], ROUNDS, "odd")
    assert np.isfinite(layout(g)).all()
    save(figure, tmp_path / "odd.png")
    assert (tmp_path / "odd.png").stat().st_size > 10_000


def test_positions_are_kept_with_their_aspect() -> None:
    positions = np.array([[0.0, 0], [4, 0], [4, 1], [0, 1]])
    g = Network("abcd", np.array([0, 1, 2]), np.array([1, 2, 3]), np.ones(3), positions=positions)
    assert (layout(g) == positions).all()
    ax = drawn(g, labels=False)
    ax.figure.draw_without_rendering()
    across, up = (np.ptp(ax.transData.transform(s), axis=0).max() for s in ax.collections[0].get_segments()[:2])
    assert across / up == pytest.approx(4)


@pytest.mark.parametrize("n", [30, 90, 400])
def test_layouts_repeat_and_keep_nodes_apart(n: int) -> None:
    g = random_network(n, 2 * n)
    place = layout(g, spanning(g))
    assert (place == layout(g, spanning(g))).all()
    near = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1)) + 9 * np.eye(n)
    assert near.min() > 0.01 * np.median(near)


def test_components_do_not_overlap() -> None:
    g = network(nx.disjoint_union(nx.cycle_graph(12), nx.star_graph(6)))
    ring, star = layout(g)[:12], layout(g)[12:]
    assert (ring.max(axis=0) < star.min(axis=0)).any() or (star.max(axis=0) < ring.min(axis=0)).any()


@pytest.mark.parametrize("placed", [False, True])
def test_large_graphs_are_drawn_in_seconds(tmp_path: Path, placed: bool) -> None:
    positions = np.random.default_rng(0).random((3000, 2)) if placed else None
    g = random_network(3000, 12_000, positions)
    with within(10):
        path = picture(tmp_path, "large.svg", g)
    assert path.stat().st_size < 3_000_000  # as pixels, not as 12,000 paths


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("k", [0, 1, 4, 60, 3000])
def test_history_shows_bound_value_and_cuts(k: int) -> None:
    history = [{"round": r, "cuts": 3 * r, "nodes": 1, "bound": r / k, "value": 2.0} for r in range(1, k + 1)]
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    draw_history(history, ax)
    figure.draw_without_rendering()
    assert len(ax.lines) == (2 if k else 0)
    if k:
        bound, value = ax.lines
        assert bound.get_ydata() == pytest.approx([h["bound"] for h in history])
        assert value.get_linestyle() == "--"
        legend: Any = ax.get_legend()
        assert len(legend.get_texts()) == 3
        written = [text.get_text() for twin in figure.axes[1:] for text in twin.texts]
        assert written == (["3"] * k if k <= 12 else [])
        assert legend.get_window_extent().y0 >= ax.bbox.y1 - 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", [None, 0.0, float("inf"), -1e15, 1e-12])
def test_history_without_cuts_or_with_odd_numbers(tmp_path: Path, number: float | None) -> None:
    history = [{"round": 1, "cuts": 0, "nodes": 1, "bound": number, "value": number}]
    figure = figure_of(KARATE, spanning(KARATE), history, "odd")
    save(figure, tmp_path / "odd.png")
    assert len(figure.axes) == 2  # no bars, no second scale


def test_without_a_history_the_graph_has_all_the_room() -> None:
    assert len(figure_of(KARATE, spanning(KARATE), [], "graph").axes) == 1


@pytest.mark.parametrize("name", ["a.gif", "a", "a.png.gz", "missing/a.png", "folder.png", "file/a.png", "nul\0.png"])
def test_what_cannot_be_written_is_said_in_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as caught:
        save(Figure(figsize=(1, 1)), tmp_path / name if "\0" not in name else str(tmp_path) + "/" + name)
    said = str(caught.value)
    assert name.split("\0")[0] in said
    assert said.isprintable()
    assert ";" in said
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.png"]


def test_a_failed_write_leaves_the_old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        save(Figure(figsize=(1, 1)), path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


def test_neither_pyplot_nor_anything_heavy_unless_drawn(tmp_path: Path) -> None:
    code = (
        "import sys; import problems.pictures.drawing as d; import numpy as np;"
        "from formulations.graphs import Network;"
        "print('matplotlib' in sys.modules, 'networkx' in sys.modules);"
        "i = np.arange(3); g = Network('abcd', i, i + 1, i + 1.0);"
        "d.save(d.figure_of(g, i, [], 'x'), sys.argv[1]); print('matplotlib.pyplot' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, str(tmp_path / "a.png")]
    out = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    assert out.stdout.split() == ["False", "False", "False"]
    assert out.stderr == ""
