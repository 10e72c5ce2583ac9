"""Folders of runs of problems.images: a run that was killed goes on to the same end, and so do its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from problems.images import RECIPE
from problems.recipe import run
from problems.studies import image_features, image_game, trained_images
from problems.studies.image_models import GAMES, MODELS
from problems.terminal import checkpoints


class Killed(BaseException):
    """Nothing catches it."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: Any) -> None:
    """A checkpoint and a sheet at every evaluation, of small networks."""
    monkeypatch.setattr(checkpoints, "CHECKPOINT_INTERVAL", 0.0)
    monkeypatch.setattr(trained_images, "SHARE", 1.0)
    monkeypatch.setattr(image_game, "WIDTH", 8)
    monkeypatch.setattr(image_features, "EPOCHS", 1)


@pytest.mark.parametrize("model", MODELS)
def test_a_killed_run_goes_on_to_the_same_end(monkeypatch: Any, tmp_path: Path, model: str) -> None:
    numbers = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", numbers.integers(0, 255, (60, 4, 4), dtype=np.uint8))
    asked = ["--data", str(tmp_path / "x.npy"), "--model", model, "--iterations", "12", "--quiet"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run(RECIPE, [*asked, "--out", str(whole)]) == 0
    follow, seen = trained_images.Sheet.follow, []

    def killing(self: Any, search: Any) -> None:
        follow(self, search)
        seen.append((broken / "samples.png").read_bytes())
        if search.iteration >= 6:
            raise Killed

    monkeypatch.setattr(trained_images.Sheet, "follow", killing)
    with pytest.raises(Killed):
        run(RECIPE, [*asked, "--out", str(broken)])
    assert len(set(seen)) > 3  # it was renewed as the model changed
    monkeypatch.setattr(trained_images.Sheet, "follow", follow)
    assert run(RECIPE, [*asked, "--out", str(broken), "--resume"]) == 0
    ends = [torch.load(folder / "model.pt", weights_only=True)["weights"] for folder in (whole, broken)]
    assert all(torch.equal(ends[0][name], held) for name, held in ends[1].items())
    by = {int(held) for name, held in ends[0].items() if name.endswith("num_batches_tracked")}
    assert by == ({image_game.SETTLED} if model in GAMES else set())  # kept with the means by which it is measured
    assert (whole / "samples.png").read_bytes() == (broken / "samples.png").read_bytes()


def test_sheets_take_a_small_share_of_the_time(monkeypatch: Any) -> None:
    monkeypatch.setattr(trained_images, "SHARE", 0.02)
    now, drawn = [0.0], []
    monkeypatch.setattr(trained_images.time, "perf_counter", lambda: now[0])

    class Slow(trained_images.Sheet):
        def draw(self, f: Any) -> None:
            now[0] += 3.0
            drawn.append(now[0])

    class Search:
        def latest(self, k: int) -> dict[str, Any]:
            return {"f": None}

    sheet, search = Slow(None, None), Search()  # type: ignore[arg-type]
    for _ in range(10_000):
        now[0] += 0.1
        sheet.follow(search)  # type: ignore[arg-type]
    assert len(drawn) > 3
    assert 3.0 * len(drawn) <= trained_images.SHARE * now[0] + 3.0
