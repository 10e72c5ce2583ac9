"""Settings of a generator's training: what a table's rows allow, and how long the steps of both players are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from formulations.gan import drawn, evidence
from formulations.likelihood.mixtures import GaussianMixture
from formulations.players.resampling import Resampled
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


SPREAD = 1.5  # of samples that should be of N(0, I), of which log q / p is then known


def spread(z: torch.Tensor) -> torch.Tensor:
    return SPREAD * torch.special.ndtri(z / 12**0.5 + 0.5)


def log_ratio(x: torch.Tensor) -> torch.Tensor:
    return 2 * torch.tensor(SPREAD).log() - (1 - SPREAD**-2) * x.square().sum(-1) / 2


@pytest.mark.parametrize(
    ("log_d", "better"),
    [(log_ratio, True), (lambda x: -log_ratio(x), False), (lambda x: 0 * x[:, 0], False), (lambda x: x[:, 0], False)],
)
@pytest.mark.parametrize("kind", ["mlp", "gaussian"])
def test_samples_are_chosen_from_where_unseen_rows_tell_that_this_is_better(
    kind: str, log_d: Callable[[torch.Tensor], torch.Tensor], better: bool
) -> None:
    given, players = training(MANY, kind), {"f": spread, "d": log_d}
    found = given.answered(players)
    assert found is given.answered(players)
    if not better or kind == "gaussian":
        assert found is players
        return
    assert isinstance(found["f"], Resampled)
    made = given.samples(found)
    assert 0.95 < made.std() < 1.1 < given.samples(players).std()
    before, after = (
        evidence(given.data, given.trained(these).noise, these)["kl_at_least"] for these in (players, found)
    )
    exact = 2 * torch.tensor(SPREAD).log().item() - (1 - SPREAD**-2)  # KL(q || p)
    assert 0 <= after < before / 4 < before < exact
