"""Packs of samples on finite sets: the best discriminator of a pack, and what packs see that single samples do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from formulations.f_divergence import divergence
from formulations.packing import packed, packing
from formulations.players.losses import log_d_trick, minimax
from formulations.problem import Floats


def paid(q: Floats, p: Floats, v: Floats) -> float:
    """E_q[-log D] + E_p[-log(1 - D)] for probability vectors and outputs."""
    return float(q @ np.logaddexp(0, -v) + p @ np.logaddexp(0, v))


@given(st.integers(0, 10**6), st.integers(1, 4))
def test_the_best_output_of_a_pack_is_the_sum_of_its_log_ratios(seed: int, m: int) -> None:
    q, p = np.random.default_rng(seed).dirichlet(np.ones(3), 2)
    of_q, of_p = packed(q, m), packed(p, m)
    ratios = np.log(q / p)
    sums = sum(np.meshgrid(*[ratios] * m, indexing="ij")).ravel()
    least = paid(of_q, of_p, sums)
    assert least == pytest.approx(math.log(4) - 2 * divergence("js", of_q, of_p))
    assert paid(of_q, of_p, sums + np.random.default_rng(seed).normal(size=len(sums))) >= least
    assert divergence("js", packed(q, m + 1), packed(p, m + 1)) >= divergence("js", of_q, of_p) - 1e-12


def test_packs_betray_lost_modes_sooner_than_noise_of_the_same_size() -> None:
    q = np.full(10, 0.1)
    lost = np.r_[np.zeros(2), np.full(8, 0.125)]  # two of ten modes
    off = q + np.r_[np.full(5, 0.04), np.full(5, -0.04)]
    apart = [[divergence("total-variation", packed(q, m), packed(p, m)) for m in (1, 2, 4)] for p in (lost, off)]
    assert apart[0][0] == pytest.approx(apart[1][0])
    assert apart[0][1] > apart[1][1] + 0.05
    assert apart[0][2] > apart[1][2] + 0.1


def test_packs_of_one_are_the_game_itself_and_others_have_one_value_for_each_of_their_points() -> None:
    x = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    (data, noise), (trick,) = packing(1)
    v = nn.Sequential(nn.Linear(3, 1), nn.Flatten(-2))
    for own, known in ((data, minimax()[0]), (noise, minimax()[1]), (trick, log_d_trick()[0])):
        given_ = (v, x) if own is data else (nn.Identity(), v, x)
        assert torch.equal(own.f(*given_), known.f(*given_))
    (data, _), _ = packing(3)
    values = data.f(lambda packs: packs[..., 0], x)
    assert values.shape == (2, 6)
    assert torch.equal(values[:, 0], values[:, 2])
    assert torch.equal(values[:, ::3], nn.functional.softplus(-x[:, ::3, 0]))


def test_what_makes_no_packs_is_refused() -> None:
    with pytest.raises(ValueError, match="packs of 0 points are none"):
        packing(0)
    (data, _), _ = packing(4)
    with pytest.raises(ValueError, match="a batch of 6 is not made of packs of 4; take a multiple of 4"):
        data.f(lambda x: x[..., 0], torch.zeros(1, 6, 1))
