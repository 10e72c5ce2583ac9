"""Least squares on finite sets: the best discriminator, what it is worth, and where the generator is led."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from formulations.divergences.table import LE_CAM
from formulations.f_divergence import divergence, dual
from formulations.least_squares import CODINGS, best, least, least_squares
from formulations.problem import Floats

laws = (
    st.integers(1, 6)
    .flatmap(
        lambda k: st.tuples(*[st.lists(st.sampled_from([0.0, 0.1, 1.0, 3.0]), min_size=k, max_size=k).filter(any)] * 2)
    )
    .map(lambda pair: tuple(np.array(law) / sum(law) for law in pair))
)
labels = st.sampled_from([(a, b) for a, b, _ in CODINGS.values()] + [(2.0, -0.5)])


@given(laws, labels, st.integers(0, 10**6))
def test_the_least_that_a_discriminator_pays_is_le_cam_s_divergence(
    laws: tuple[Floats, Floats], labels: tuple[float, float], seed: int
) -> None:
    (q, p), (a, b), rng = laws, labels, np.random.default_rng(seed)
    D, value = best(q, p, a, b), (b - a) ** 2 / 8 * (2 - divergence(LE_CAM, q, p))
    assert least(q, p, D, a, b) == pytest.approx(value, abs=1e-12)
    for other in (D + rng.normal(size=len(q)), rng.normal(size=len(q)), 0 * q):
        assert least(q, p, other, a, b) >= value - 1e-12


@given(laws)
def test_it_is_twice_pearson_s_chi_squared_from_the_middle_and_the_generator_s_in_their_first_coding(
    laws: tuple[Floats, Floats],
) -> None:
    (q, p), (a, b, c) = laws, CODINGS["chi-squared"]
    le_cam = divergence(LE_CAM, q, p)
    assert le_cam == pytest.approx(2 * divergence("pearson", p, (q + p) / 2), abs=1e-12)
    assert (b - c, b - a) == (1, 2)
    assert (q + p) @ (best(q, p, a, b) - c) ** 2 == pytest.approx(le_cam, abs=1e-12)


@given(laws, st.integers(0, 10**6))
def test_every_discriminator_is_a_function_of_le_cam_s_dual(laws: tuple[Floats, Floats], seed: int) -> None:
    (q, p), D = laws, np.random.default_rng(seed).uniform(-0.2, 0.9, len(laws[0]))
    S = 1 - 4 * (1 - D) ** 2
    bound = 2 - 8 * least(q, p, D)
    assert dual(LE_CAM, q, p, S) >= bound - 1e-12  # no worse; the same for D between 0 and 1
    assert bound <= divergence(LE_CAM, q, p) + 1e-12


@pytest.mark.parametrize(("a", "b", "c"), CODINGS.values())
def test_the_terms_are_those_of_the_page_and_the_generator_is_led_to_its_label(a: float, b: float, c: float) -> None:
    (of_data, of_samples), surrogate = least_squares(a, b, c)
    D = torch.tensor([[-0.3, 0.2, 0.9]], dtype=torch.float64, requires_grad=True)
    assert of_data.f(lambda x: x, D).tolist() == [pytest.approx((D.detach()[0] - b).square().div(2).tolist())]
    assert of_samples.f(lambda z: z, lambda x: x, D).tolist() == [
        pytest.approx((D.detach()[0] - a).square().div(2).tolist())
    ]
    assert surrogate is not None
    (climbs,) = torch.autograd.grad(surrogate[0].f(lambda z: z, lambda x: x, D).sum(), D)
    assert (climbs * (c - D) > 0).all()
    assert least_squares(a, b, None)[1] is None


def test_labels_that_are_one_are_refused() -> None:
    with pytest.raises(ValueError, match="the same label, 1; give two"):
        least_squares(1.0, 1.0)
