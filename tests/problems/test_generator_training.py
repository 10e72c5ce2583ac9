"""Settings of a generator's training: what a table's rows allow, and how long the steps of both players are."""

from __future__ import annotations

import pytest
import torch

from formulations.gan import drawn
from formulations.likelihood.mixtures import GaussianMixture
from problems.studies.generator_training import LATE, MANY, Training
from problems.studies.tables import columns_of


def training(rows: int, kind: str = "mlp", iterations: int = 1000) -> Training:
    data = drawn(GaussianMixture([1.0], [[0.0, 0.0]], [1.0]), rows)
    return Training("points", data, columns_of(data, ["a", "b"]), kind, "lagrangian", iterations, 1, 0, False)


@pytest.mark.parametrize(("rows", "kind", "sees"), [(MANY - 1, "mlp", 0), (MANY, "mlp", 7), (MANY, "flow", 3)])
def test_fine_detail_is_seen_in_many_rows_by_who_judges_a_free_generator(rows: int, kind: str, sees: int) -> None:
    given = training(rows, kind)
    discriminator = given.problem.minimize_over["d"].start(torch.Generator().manual_seed(0))  # type: ignore[operator]
    assert discriminator[1].octaves == sees
    assert given.sharpened == (sees == 7)
    if not given.sharpened:
        assert [one(250) for one in given.schedules] == [given.pace(250)] * 2


def test_from_where_fine_detail_is_seen_a_generators_steps_fall_on_and_its_discriminators_are_long_again() -> None:
    makes, tells = training(MANY).schedules
    late = round(1000 * LATE)
    assert [makes(k) for k in range(late)] == [tells(k) for k in range(late)]
    assert makes(0) == 1 > 0.06 > makes(late - 1) > makes(late) > 10 * makes(999) > 0
    assert tells(late) > 1 > tells(999) > 100 * makes(999)
