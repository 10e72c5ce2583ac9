"""The differences of all exchanges, against objectives summed anew."""

from __future__ import annotations

import numpy as np
import pytest

from formulations.problem import Floats, Ints

torch = pytest.importorskip("torch")

from solvers.orders.exchanges import Exchanges  # noqa: E402


def matrices(kind: str, n: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Two integer matrices with non-zero diagonals, or two of floats."""
    A, B = random.integers(-9, 10, (2, n, n)).astype(np.float64)
    if kind == "floats":
        return A * random.random((n, n)), B + random.random((n, n))
    return A + A.T * (kind in ("symmetric", "A symmetric")), B + B.T * (kind in ("symmetric", "B symmetric"))


def summed_anew(A: Floats, B: Floats, place: Ints) -> Floats:
    """What each exchange changes, float64 (n, n), the diagonal infinite."""
    n = len(place)
    changes = np.full((n, n), np.inf)
    for u in range(n):
        for v in range(n):
            moved = place.copy()
            moved[[u, v]] = place[[v, u]]
            if u != v:
                changes[u, v] = (A * B[np.ix_(moved, moved)]).sum() - (A * B[np.ix_(place, place)]).sum()
    return changes


@pytest.mark.parametrize("n", [2, 3, 9])
@pytest.mark.parametrize("kind", ["symmetric", "A symmetric", "B symmetric", "asymmetric", "floats"])
def test_differences_stay_right_over_many_exchanges(kind: str, n: int) -> None:
    random = np.random.default_rng(n)
    A, B = matrices(kind, n, random)
    state = Exchanges(A, B, torch.tensor(np.array([random.permutation(n) for _ in range(3)])))
    for step in range(500):
        if step in (0, 1, 2, 499):
            for differences, place in zip(state.differences, state.place, strict=True):
                exact = summed_anew(A, B, place.numpy())
                found = state.factor * differences.numpy()
                if kind == "floats":
                    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-9)
                else:
                    np.testing.assert_array_equal(found, exact)  # not one unit is lost on integers
        state.exchange(torch.tensor(np.array([random.permutation(n)[:2] for _ in range(3)])))
    np.testing.assert_array_equal(state.item.numpy(), state.place.argsort(1).numpy())


def test_large_integers_are_exact() -> None:
    random = np.random.default_rng(0)
    A, B = random.integers(0, 2**21, (2, 8, 8)).astype(np.float64)
    A = A + A.T
    B = B + B.T
    state = Exchanges(A, B, torch.arange(8)[None])
    for _ in range(100):
        state.exchange(torch.tensor(random.permutation(8)[None, :2]))
    exact = summed_anew(A, B, state.place[0].numpy())
    np.testing.assert_array_equal(state.factor * state.differences[0].numpy(), exact)


def test_the_places_given_are_not_changed() -> None:
    place = torch.arange(4)[None]
    Exchanges(np.eye(4), np.ones((4, 4)), place).exchange(torch.tensor([[0, 1]]))
    assert place.tolist() == [[0, 1, 2, 3]]
