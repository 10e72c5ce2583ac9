"""f-divergences against their definitions: conjugates by a numeric maximum, integrals by closed forms, weak duality."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from formulations.divergences.table import LE_CAM, FDivergence, at, named
from formulations.f_divergence import DIVERGENCES, alpha, best, divergence, divergence_at_least, dual, variational
from formulations.likelihood.held_out import kl_bound
from formulations.players.losses import lagrangian, minimax
from formulations.problem import Floats

ROWS = [*DIVERGENCES.values(), *map(alpha, (-2.5, -0.5, 0.3, 1.5, 4.0)), LE_CAM]
T = np.exp(np.linspace(-60, 60, 60_001))  # a grid of ratios to maximize over
ratios = np.exp(np.linspace(-4, 4, 81))
GRID = np.linspace(-40, 40, 160_001)

each = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def by_definition(row: FDivergence, s: float) -> float:
    """max over t >= 0 of s t - f(t), on the grid and at 0."""
    return float(max(np.max(s * T - at(row.f, T)), -at(row.f, np.zeros(1))[0]))


def gaussian(x: Floats, mean: float) -> Floats:
    density: Floats = np.exp(-((x - mean) ** 2) / 2) / math.sqrt(2 * math.pi)
    return density


def explicit(name: str, t: Floats) -> Floats:
    """The table of the page, as it stands there."""
    middle = (1 + t) / 2
    found: dict[str, Floats] = {
        "kl": t * np.log(t) - t + 1,
        "reverse-kl": t - 1 - np.log(t),
        "gan": t * np.log(t) - 2 * middle * np.log(middle),
        "js": (t * np.log(t) - 2 * middle * np.log(middle)) / 2,
        "pearson": (t - 1) ** 2,
        "neyman": (t - 1) ** 2 / t,
        "hellinger": (np.sqrt(t) - 1) ** 2,
        "total-variation": np.abs(t - 1) / 2,
    }
    return found[name]


# The table


@pytest.mark.parametrize("name", DIVERGENCES)
def test_f_is_what_the_page_says(name: str) -> None:
    assert at(named(name).f, ratios) == pytest.approx(explicit(name, ratios), rel=1e-12, abs=1e-13)


def test_le_cam_is_the_integral_of_the_squared_difference_over_the_sum() -> None:
    assert at(LE_CAM.f, ratios) == pytest.approx((ratios - 1) ** 2 / (ratios + 1), rel=1e-12)


@pytest.mark.parametrize("a", [-2.5, -0.5, 0.3, 1.5, 4.0])
def test_alpha_is_what_the_page_says(a: float) -> None:
    assert at(alpha(a).f, ratios) == pytest.approx(
        (ratios**a - 1 - a * (ratios - 1)) / (a * (a - 1)), rel=1e-12, abs=1e-12
    )


@each
def test_f_and_its_slope_vanish_at_one_and_the_slope_is_that_of_f(row: FDivergence) -> None:
    one = torch.ones(1, dtype=torch.float64)
    assert abs(row.f(one).item()) <= 1e-15
    assert abs(row.slope(one).item()) <= 1e-15
    t = torch.tensor(ratios[ratios != 1], requires_grad=True)
    (slope,) = torch.autograd.grad(row.f(t).sum(), t)
    assert row.slope(t.detach()).numpy() == pytest.approx(slope.numpy(), rel=1e-9, abs=1e-12)


@each
def test_the_conjugate_is_the_maximum_that_defines_it(row: FDivergence) -> None:
    for s in [*at(row.slope, ratios[::8]).tolist(), -2.3, -0.7, -0.4]:
        if s == row.most:  # there s t - f(t) is lost to rounding for large t
            continue
        assert at(row.conjugate, np.array([s]))[0] == pytest.approx(by_definition(row, s), rel=1e-5, abs=1e-5)


@each
def test_the_conjugate_is_infinite_just_above_its_domain(row: FDivergence) -> None:
    at_infinity = at(row.f, np.array([1e200]))[0] / 1e200
    assert at_infinity == pytest.approx(row.most, rel=1e-9) if math.isfinite(row.most) else at_infinity > 100
    if math.isfinite(row.most):
        beyond = np.array([row.most + 1e-6, math.inf])
        assert np.isposinf(at(row.conjugate, beyond)).all()
        assert by_definition(row, row.most + 1e-3) > 1e20
    inside = row.most - 1e-6 if math.isfinite(row.most) else 5.0
    assert np.isfinite(at(row.conjugate, np.array([inside, -1e6]))).all()


@each
def test_the_conjugate_of_the_conjugate_is_f(row: FDivergence) -> None:
    S = at(row.slope, np.exp(np.linspace(-6, 6, 4001)))
    paid = at(row.conjugate, S)
    for t in ratios[::8]:
        assert np.max(S * t - paid) == pytest.approx(at(row.f, np.array([t]))[0], rel=1e-4, abs=1e-5)


@each
def test_raw_outputs_of_any_size_are_mapped_into_the_domain(row: FDivergence) -> None:
    v = np.array([-1e4, -40.0, -3, -0.1, 0, 0.1, 3, 40, 1e4])
    S = at(row.output, v)
    assert (row.most * (1 + 1e-15) >= S).all()
    assert not np.isnan(at(row.charge, v)).any()
    moderate = np.linspace(-3, 3, 61)
    S, paid = at(row.output, moderate), at(row.charge, moderate)
    assert paid == pytest.approx(at(row.conjugate, S), rel=1e-12, abs=1e-14)
    if row.name != "total-variation":  # whose slope has a step
        assert pytest.approx(at(row.slope, np.exp(moderate)), rel=1e-12, abs=1e-14) == S
    single = torch.linspace(-15, 15, 61)  # float32, as in training
    assert torch.isfinite(row.charge(single)).all()


def test_alpha_is_continuous_at_its_limits_and_has_the_known_cases() -> None:
    for a, limit in ((1, "kl"), (0, "reverse-kl")):
        assert alpha(a) is DIVERGENCES[limit]
        for near in (a - 1e-9, a + 1e-9):
            for part in ("f", "slope", "output", "charge"):
                x = ratios if part in ("f", "slope") else np.log(ratios)
                known = at(getattr(named(limit), part), x)
                assert at(getattr(alpha(near), part), x) == pytest.approx(known, rel=1e-6, abs=1e-6)
    with pytest.raises(ValueError, match="order of the alpha divergence is nan"):
        alpha(math.nan)


# Integrals


def test_divergences_of_gaussians_by_quadrature_are_the_closed_forms() -> None:
    m = 0.8  # q = N(m, 1), p = N(0, 1)
    q, p = gaussian(GRID, m), gaussian(GRID, 0)
    t = np.exp(m * GRID - m**2 / 2)

    def integral(row: FDivergence) -> float:
        return float(at(row.f, t) @ p * (GRID[1] - GRID[0]))

    def power(a: float) -> float:  # integral of q^a p^(1 - a)
        return math.exp(a * (a - 1) * m**2 / 2)

    known = {
        "kl": m**2 / 2,
        "reverse-kl": m**2 / 2,
        "pearson": power(2) - 1,
        "neyman": power(-1) - 1,
        "hellinger": 2 - 2 * power(0.5),
        "total-variation": 2 * NormalDist().cdf(m / 2) - 1,
    }
    for name, value in known.items():
        assert integral(named(name)) == pytest.approx(value, rel=1e-7), name
    for a in (-0.5, 0.3, 1.5):
        assert integral(alpha(a)) == pytest.approx((power(a) - 1) / (a * (a - 1)), rel=1e-7)
    seen = (q > 0) & (p > 0)
    logs = [law * np.log(law / ((p + q)[seen] / 2)) for law in (q[seen], p[seen])]
    js = float(sum(logs).sum() * (GRID[1] - GRID[0]) / 2)
    assert integral(named("js")) == pytest.approx(js, rel=1e-7)
    assert integral(named("gan")) == pytest.approx(2 * js, rel=1e-7)


# Weak duality on finite sets


@st.composite
def distributions(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """q and p, with zeros and with entries of all magnitudes."""
    k = draw(st.integers(1, 6))
    weight = st.one_of(st.just(0.0), st.floats(-40, 0).map(math.exp))
    both = np.array([[draw(weight) for _ in range(k)] for _ in range(2)])
    both[:, draw(st.integers(0, k - 1))] += 0.1
    q, p = both / both.sum(axis=1, keepdims=True)
    return q, p


@given(distributions(), st.sampled_from(ROWS), st.data())
def test_no_function_exceeds_the_divergence(pair: tuple[Floats, Floats], row: FDivergence, data: st.DataObject) -> None:
    q, p = pair
    S = np.array([data.draw(st.one_of(st.floats(-5, 5), st.floats())) for _ in q])
    if np.isnan(S).any():
        with pytest.raises(ValueError, match="NaN"):
            dual(row, q, p, S)
        return
    value = divergence(row, q, p)
    assert value >= -1e-12
    assert dual(row, q, p, S) <= value + 1e-9 * (1 + value)


@given(distributions(), st.sampled_from(ROWS))
def test_the_best_function_reaches_it(pair: tuple[Floats, Floats], row: FDivergence) -> None:
    q, p = pair
    assert dual(row, q, p, best(row, q, p)) == pytest.approx(divergence(row, q, p), rel=1e-7, abs=1e-9)


def test_arrays_that_are_reversed_or_read_only_are_taken() -> None:
    q, p, S = (np.array(law)[::-1] for law in ([0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.2, 0.3]))
    q.flags.writeable = False
    assert dual("js", q, p, S) == pytest.approx(dual("js", q[::-1].copy(), p[::-1].copy(), S[::-1].copy()))
    assert divergence("js", q, p) == pytest.approx(divergence("js", q[::-1].copy(), p[::-1].copy()))


def test_what_leaves_the_domain_proves_nothing() -> None:
    q, p = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    for row in ROWS:
        if math.isfinite(row.most):  # in a cell that p never visits, too, where it would pay nothing
            for cell in range(3):
                S = np.zeros(3)
                S[cell] = row.most + 0.1
                assert dual(row, q, p, S) == -math.inf, (row.name, cell)
    assert divergence("kl", q, p) == divergence("pearson", q, p) == math.inf
    assert divergence("total-variation", q, p) == pytest.approx(0.5)
    assert divergence("js", [1.0, 0.0], [0.0, 1.0]) == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("f", "q", "S", "said"),
    [
        ("kld", [0.5, 0.5], [0, 0], "no divergence 'kld'; choose one of kl, reverse-kl"),
        ("kl", [0.5, 0.6], [0, 0], "q sums to 1.1"),
        ("kl", [0.5, 0.5], [0, 0, 0], "S has shape"),
        ("kl", [0.5, 0.5], [0, math.nan], "1 NaN"),
    ],
)
def test_what_has_no_dual_is_refused(f: str, q: Any, S: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        dual(f, q, [0.5, 0.5], S)


# The game


def test_the_terms_are_those_of_the_lagrangian_and_of_the_minimax_game_but_for_constants() -> None:
    v = torch.linspace(-5, 5, 11).view(1, 11, 1)

    def played(terms: list[Any]) -> tuple[torch.Tensor, torch.Tensor]:
        data, noise = terms
        assert (data.blocks, data.over, noise.blocks, noise.over) == (["d"], ["data"], ["f", "d"], ["noise"])
        return data.f(lambda x: x[..., 0], v), noise.f(lambda z: z, lambda x: x[..., 0], v)

    for name, other, constants in (("kl", lagrangian(), (0.0, -1.0)), ("gan", minimax(), (-math.log(2),) * 2)):
        for ours, theirs, constant in zip(played(variational(name)), played(other), constants, strict=True):
            assert torch.allclose(ours, theirs + constant, atol=1e-5)


@each
def test_descent_on_the_outputs_finds_the_divergence(row: FDivergence) -> None:
    """On three cells: the minimum of the terms over a table of outputs v is -D_f."""
    q, p = (torch.tensor([law], dtype=torch.float64) for law in ([0.5, 0.3, 0.2], [0.2, 0.2, 0.6]))
    v = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    data, noise = variational(row)
    optimizer = torch.optim.LBFGS([v], max_iter=200, line_search_fn="strong_wolfe")

    def payoff() -> torch.Tensor:
        total = (q * data.f(lambda x: x, v)).sum() + (p * noise.f(lambda z: z, lambda x: x, v)).sum()
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(payoff)
    assert -payoff().item() == pytest.approx(divergence(row, q[0].numpy(), p[0].numpy()), abs=1e-4)


# From samples


@each
def test_limits_at_the_best_function_are_false_as_seldom_as_they_say(row: FDivergence) -> None:
    rng, m, n = np.random.default_rng(0), 1.0, 100
    truth = float(at(row.f, np.exp(m * GRID - m**2 / 2)) @ gaussian(GRID, 0) * (GRID[1] - GRID[0]))
    capped = np.clip(m * GRID - m**2 / 2, -3, 3)
    S = at(row.slope, np.exp(capped))
    reachable = float((gaussian(GRID, m) @ S - gaussian(GRID, 0) @ at(row.conjugate, S)) * (GRID[1] - GRID[0]))
    assert reachable <= truth + 1e-9
    false = 0
    for k in range(60):
        of_q, of_p = (m * rng.normal(mean, 1, size) - m**2 / 2 for mean, size in ((m, n), (0, n * (1 + k % 3))))
        S_q, S_p = (at(row.slope, np.exp(v)) for v in (of_q, of_p))
        false += divergence_at_least(row, S_q, S_p, level=0.8) > reachable
    assert false <= 60 * 0.2


@each
def test_many_samples_come_near_the_divergence_and_reused_ones_prove_what_is_false(row: FDivergence) -> None:
    rng, m = np.random.default_rng(1), 0.7
    log_ratios = m * rng.normal([[m], [0]], 1, (2, 50_000)) - m**2 / 2
    truth = float(at(row.f, np.exp(m * GRID - m**2 / 2)) @ gaussian(GRID, 0) * (GRID[1] - GRID[0]))
    claimed = divergence_at_least(row, *at(row.slope, np.exp(log_ratios)))
    assert claimed < truth
    if row not in (ROWS[8], ROWS[12]):  # of which f* at S capped ranges up to e^12
        assert claimed > 0.6 * truth
    fitted = np.repeat([[3.0], [-3.0]], 200, axis=1)  # S that remembers 200 samples of one law as q's or as p's
    assert divergence_at_least(row, *at(row.slope, np.exp(fitted))) > 0.1
    assert divergence_at_least(row, *at(row.slope, np.exp(rng.choice([-3.0, 3.0], (2, 200))))) == 0


def test_of_kl_the_bound_by_its_mean_is_tighter_where_that_is_off_and_the_wrong_sign_proves_nothing() -> None:
    v = np.random.default_rng(0).normal([[0.5], [-0.5]], 1, (2, 5000))
    assert 0.3 < kl_bound(*v).kl_at_least <= divergence_at_least("kl", *v) < 0.5
    assert divergence_at_least("kl", *(v + 0.7)) < 0.3 < kl_bound(*(v + 0.7)).kl_at_least < 0.5
    assert divergence_at_least("kl", *-v) == 0


def test_infinite_values_are_capped_and_float32_may_round_up() -> None:
    for row in ROWS:
        v = torch.tensor([[-torch.inf, 200.0, 30.0], [torch.inf, -200.0, 0.0]])  # float32
        assert math.isfinite(divergence_at_least(row, *row.output(v).numpy())), row.name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"S_q": [0.0, 1.5]}, r"S at samples of q is 1.5, .* up to 1; map raw outputs"),
        ({"S_p": [0.0, math.inf]}, "S at samples of p is inf"),
        ({"S_p": [0.0, math.nan]}, "S at samples of p is NaN for 1 of 2"),
        ({"S_q": [0.0]}, "at least 2 values"),
        ({"level": 1.0}, "level is 1.0"),
        ({"cap": 0}, "cap on .* is 0"),
    ],
)
def test_what_proves_nothing_is_refused_in_a_sentence(change: dict[str, Any], said: str) -> None:
    arguments: dict[str, Any] = {"S_q": [0.0, 0.5], "S_p": [0.0, 0.5], **change}
    with pytest.raises(ValueError, match=said):
        divergence_at_least("reverse-kl", **arguments)
