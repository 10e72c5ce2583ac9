"""Paths between codes, and directions: their ends, lengths and limits."""

from __future__ import annotations

import pytest
import torch

from formulations.players.codes import along_circle, along_line, direction, typical


def codes(n: int, latent: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, latent, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_both_begin_and_end_at_the_codes_and_many_are_walked_at_once() -> None:
    first, last = codes(6, 5), codes(6, 5, 1)
    for walk in (along_line, along_circle):
        path = walk(first, last, 7)
        assert torch.allclose(path[[0, -1]], torch.stack([first, last]))
        assert torch.allclose(path[:, 2], walk(first[2], last[2], 7))


def test_a_great_circle_keeps_lengths_stays_in_the_plane_and_turns_evenly() -> None:
    first, last = 3 * codes(1, 8)[0], codes(1, 8, 1)[0]
    path = along_circle(first, last, 9)
    ends = first.norm().item(), last.norm().item()
    assert path.norm(dim=1).tolist() == pytest.approx(torch.linspace(*ends, 9).tolist())
    assert torch.linalg.matrix_rank(path).item() == 2
    u = path / path.norm(dim=1, keepdim=True)
    angles = torch.arccos((u[:-1] * u[1:]).sum(1))
    assert angles.tolist() == pytest.approx([angles.mean().item()] * 8)
    assert 8 * angles[0].item() == pytest.approx(torch.arccos(u[0] @ u[-1]).item())


def test_as_the_angle_tends_to_0_the_circle_tends_to_the_line() -> None:
    first, across = torch.tensor([1.0, 0.0], dtype=torch.float64), torch.tensor([0.0, 1.0], dtype=torch.float64)
    away = []
    for angle in (0.2, 0.02, 0.002):
        last = first * torch.tensor(angle).double().cos() + across * torch.tensor(angle).double().sin()
        away.append((along_circle(first, last, 5) - along_line(first, last, 5)).norm().item())
    assert away[0] / away[1] == pytest.approx(100, rel=0.02)  # the rise of an arc is quadratic in its angle
    assert away[1] / away[2] == pytest.approx(100, rel=0.02)
    for last in (2 * first, -first, 0 * first):  # no circle is the great one
        assert torch.equal(along_circle(first, last, 5), along_line(first, last, 5))


def test_the_middle_of_a_line_is_too_short_and_that_of_a_circle_is_not() -> None:
    first, last = codes(500, 128), codes(500, 128, 1)
    shares = [typical(walk(first, last, 3)[1]).double().mean().item() for walk in (along_line, along_circle)]
    assert shares[0] < 0.1
    assert shares[1] > 0.9


def test_a_direction_leads_from_those_without_to_those_with() -> None:
    z = codes(2000, 4)
    has = torch.arange(2000) % 3 == 0
    z[has] += torch.tensor([1.0, 0.0, -2.0, 0.0], dtype=torch.float64)
    assert direction(z, has).tolist() == pytest.approx([1, 0, -2, 0], abs=0.15)
    assert torch.allclose(direction(z, ~has), -direction(z, has))
    for same in (has | ~has, has & ~has):
        with pytest.raises(ValueError, match="give some of both"):
            direction(z, same)


def test_within_labels_a_direction_does_not_lead_to_those_that_have_an_attribute_more_often() -> None:
    z, labels = codes(4000, 3), torch.arange(4000) % 2
    has = torch.rand(4000, generator=torch.Generator().manual_seed(2)) < 0.2 + 0.6 * labels
    z[has, 0] += 1
    z[labels == 1, 1] += 1
    assert direction(z, has).tolist() == pytest.approx([1, 0.6, 0], abs=0.1)
    assert direction(z, has, labels).tolist() == pytest.approx([1, 0, 0], abs=0.1)
    assert torch.equal(direction(z, has, torch.arange(4000)), direction(z, has))
