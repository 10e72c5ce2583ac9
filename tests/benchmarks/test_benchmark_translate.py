"""Translations measured, in CPU seconds on one core: python -m pytest tests/benchmarks/test_benchmark_translate.py.

Of MNIST's test set, thin to bold, trained with pairs and without; one seed each, COOKBOOK_SEEDS more. Asserts no time.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from places import SHARED

from problems.studies.translation_quality import TranslationJudged
from problems.translate import RECIPE, _training
from solvers import solve

Report = Callable[[str, str, str], None]
MNIST, LABELS = (SHARED / "data" / "images" / f"mnist-t10k-{what}-ubyte.gz" for what in ("images-idx3", "labels-idx1"))
SEEDS = range(int(os.environ.get("COOKBOOK_SEEDS", "1")))


def learnt(*asked: str, seed: int) -> dict[str, Any]:
    """What is measured of a translation by the recipe's own settings, with the CPU seconds that it was trained."""
    given = ["--data", str(MNIST), "--labels", str(LABELS), "--made", "bold", "--seed", str(seed), *asked]
    training, start = _training(RECIPE.parser().parse_args(given)), time.process_time()
    solution = solve(training.problem, training.settings(None), seed=seed)
    spent, judged = time.process_time() - start, TranslationJudged(training)
    (pixels, _), found = judged.evidence(solution)["transport"], judged.measures(solution)
    shares = {name: pixels[name] for name in ("pairs_found", "pairs_found_by_learned")}
    print("\n".join(judged.describe(solution)))
    return {**found, **shares, "seconds": spent, "above_ridge": found["psnr"] - found["psnr_of_ridge"]}


@pytest.mark.skipif(not MNIST.exists(), reason="no images here")
@pytest.mark.parametrize(
    ("asked", "reach"),
    [
        ((), "PSNR 3 dB above a linear filter / 6 dB, 5 minutes"),
        (("--unpaired",), "PSNR within 3 dB of that with pairs, label kept 0.9 / 1.5 dB, 0.97, 15 minutes"),
    ],
    ids=["paired", "unpaired"],
)
def test_thin_to_bold(report: Report, asked: tuple[str, ...], reach: str) -> None:
    runs = [learnt(*asked, seed=seed) for seed in SEEDS]
    psnr, above, kept, transport, learned, seconds = (
        statistics.median(run[name] for run in runs)
        for name in ("psnr", "above_ridge", "label_kept", "pairs_found", "pairs_found_by_learned", "seconds")
    )
    pairs = f"true pairs by transport {transport:.1%}, by the map {learned:.1%}"
    measured = f"{psnr:.2f} dB, {above:+.2f} to the filter, label kept {kept:.3f}, {pairs} ({seconds:.0f} s)"
    report(f"thin to bold, {'unpaired' if asked else 'paired'}", reach, measured)
