"""Paths and directions of codes: what they are known to move moves, what cannot be asked is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commandline import answer_of, without_seconds
from PIL import Image

from problems.images import RECIPE, STROKES
from problems.recipe import run
from problems.studies.asked_attributes import MEASURED
from problems.studies.image_codes import Attribute, Codes, described_effects, effects, paths


def codes(n: int, latent: int, seed: int) -> torch.Tensor:
    return torch.randn(n, latent, generator=torch.Generator().manual_seed(seed))


def as_images(z: torch.Tensor) -> torch.Tensor:
    return z[:, None, None, :]


def measured(k: int, z: torch.Tensor, held_out: torch.Tensor, sign: int = 1) -> Attribute:
    """Coordinate k of a code, had by those of which it is positive."""
    return Attribute(
        str(k),
        lambda x: sign * x[:, 0, 0, k].double().numpy(),
        (z[:, k] > 0).numpy(),
        (held_out[:, k] > 0).numpy(),
    )


def test_a_step_moves_its_attribute_by_the_difference_of_the_means_and_no_other() -> None:
    z, held_out = codes(4000, 3, 0), codes(1000, 3, 1)
    z[:, 1], held_out[:, 1] = z[:, 1] + 0.5 * z[:, 2], held_out[:, 1] + 0.5 * held_out[:, 2]  # two that go together
    asked = [measured(0, z, held_out), measured(1, z, held_out), measured(2, z, held_out)]
    found = effects(as_images, Codes(z, held_out), asked, lambda x: (x[:, 0, 0, 0] > 0).numpy())
    moves = np.array([[one["moves"][name]["mean"] for name in "012"] for one in found])
    assert moves == pytest.approx(np.array([[1, 0, 0], [0, 1, 0.45], [0, 0.45, 1]]), abs=0.06)
    assert [one["told_apart"] for one in found] == [1.0, 1.0, 1.0]
    assert found[0]["labels_changed"]["mean"] == pytest.approx(0.445, abs=0.05)  # P(0 < Z < 1.6)
    assert found[1]["labels_changed"]["mean"] < 0.05 < found[1]["at_random"]["mean"]
    lying = effects(as_images, Codes(z, held_out), [measured(0, z, held_out, -1)], None)
    assert lying[0]["told_apart"] == 0.0


def test_an_attribute_that_images_do_not_show_is_unknown() -> None:
    z = codes(20, 2, 0)
    found = effects(lambda z: torch.zeros(len(z), 1, 1, 2), Codes(z, z), [measured(0, z, z)], None)
    assert found[0]["moves"]["0"] == {"mean": None, "between": None}
    assert found[0]["told_apart"] == 0.5
    assert list(described_effects(found))[3].split() == ["0", "unknown"]


def test_where_data_lie_on_a_sphere_the_great_circle_stays_among_them() -> None:
    x = codes(3000, 3, 0).double()
    on_sphere = (x / x.norm(dim=1, keepdim=True)).numpy()
    found = paths(lambda z: z, torch.from_numpy(on_sphere[:200]), on_sphere, lambda x: x.numpy())
    assert (found["pairs"], found["ends"]["among"]) == (100, 1.0)
    assert found["circle"]["among"] > 0.9
    assert found["line"]["among"] < 0.3
    assert found["circle_less_line"]["between"][0] > 0.5


@pytest.fixture
def bars(tmp_path: Path) -> tuple[str, str]:
    """120 upright bars on 8 x 8, thin or thick, and a file that says which."""
    numbers = np.random.default_rng(0)
    x, thick = np.zeros((120, 8, 8), dtype=np.uint8), numbers.integers(0, 2, 120)
    for image, wide in zip(x, thick, strict=True):
        left = numbers.integers(1, 4)
        image[1:7, left : left + 1 + 2 * wide] = numbers.integers(200, 256)
    np.save(tmp_path / "bars.npy", x)
    (tmp_path / "thick.txt").write_text("\n".join(map(str, thick)))
    return str(tmp_path / "bars.npy"), str(tmp_path / "thick.txt")


def test_directions_are_found_measured_said_and_drawn(capsys: Any, tmp_path: Path, bars: tuple[str, str]) -> None:
    asked = ("--data", bars[0], "--iterations", "300", "--latent", "2", "--attribute", "ink", "--attribute", bars[1])
    _, answer, _ = answer_of(RECIPE, capsys, *asked, "--plot", str(tmp_path / "p.png"))
    stats = answer["stats"]
    ink, thick = stats["attributes"]
    assert (ink["attribute"], thick["attribute"], ink["images"]) == ("ink", "thick", 36)
    for one in (ink, thick):  # that of a file is as the measured one here, and told by a classifier
        assert one["told_apart"] > 0.95
        for name in ("ink", "thick"):
            low, high = one["moves"][name]["between"]
            assert 0.3 < low < high < 1.6
    assert "labels_changed" not in ink
    assert 0 <= stats["paths"]["line"]["among"] <= 1
    assert stats["memorised"]["p_value"] <= 1
    assert Image.open(tmp_path / "p.png").size == (2100, 1620)
    assert without_seconds(answer_of(RECIPE, capsys, *asked)[1])["stats"] == without_seconds(answer)["stats"]
    assert run(RECIPE, asked) == 0
    assert "\n    ink " in capsys.readouterr().out


def test_attributes_that_cannot_be_used_are_refused(capsys: Any, tmp_path: Path, bars: tuple[str, str]) -> None:
    assert STROKES == MEASURED
    three, rare = tmp_path / "three.txt", tmp_path / "rare.txt"
    three.write_text("\n".join("012" * 40))
    rare.write_text("\n".join("1" + "0" * 119))
    for options, said in (
        (("--attribute", "slnt"), "is no file, and not one of ink, thickness"),
        (("--attribute", str(three)), "holds 3 different values; give two"),
        (("--attribute", str(rare)), "give one that more of them have"),
        (("--attribute", "ink", "--attribute", "ink"), "is named twice"),
        (("--attribute", "ink", "--model", "autoregressive"), "autoregressive has none"),
    ):
        assert run(RECIPE, ["--data", bars[0], *options]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert said in line


def test_images_between_two_are_made_by_what_was_trained(capsys: Any, tmp_path: Path, bars: tuple[str, str]) -> None:
    trained, new = str(tmp_path / "run"), tmp_path / "way.npy"
    assert run(RECIPE, ["--data", bars[0], "--iterations", "200", "--out", trained, "--quiet"]) == 0
    way = ["--sample", "5", "--from", trained, "--between", "1", "3"]
    capsys.readouterr()
    made = np.array(answer_of(RECIPE, capsys, *way)[1]["samples"])
    drawn = np.array(answer_of(RECIPE, capsys, *way[:1], "3", *way[2:4])[1]["samples"])
    assert made[[0, -1]] == pytest.approx(drawn[[0, 2]], abs=1e-6)
    assert run(RECIPE, [*way, "--data", bars[0], "--out", str(new)]) == 0
    capsys.readouterr()
    there = np.load(new)
    back = answer_of(RECIPE, capsys, *way[:4], "--between", "3", "1", "--data", bars[0])[1]["samples"]
    assert there == pytest.approx(255 * np.array(back[::-1]), abs=1)
    ends = np.load(bars[0])[[0, 2]].astype(float)
    away = np.abs(there[[0, -1]][:, None] - ends[None]).mean((2, 3))  # each end is more like its own image
    assert away[0, 0] < away[0, 1]
    assert away[1, 1] < away[1, 0]
    for options, said in (
        ((*way[:4], "--between", "1", "121", "--data", bars[0], "--json"), "holds 120 images; name two of these"),
        ((*way, "--data", "digits", "--size", "9", "--json"), "give what it was trained with"),
        ((*way, "--data", bars[0], "--model", "vae", "--json"), "--model is for training"),
        (("--data", bars[0], "--between", "1", "2"), "goes with --sample"),
    ):
        assert run(RECIPE, options) == 2
        assert said in capsys.readouterr().err
