"""Distances with arcs of either sign: as scipy finds them, fixed where they should be, and few sweeps on long paths."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import bellman_ford

from formulations.problem import Floats, Ints
from solvers.flows import distances
from solvers.flows.distances import shortest


@pytest.mark.parametrize("seed", range(40))
def test_distances_are_those_of_scipy(seed: int) -> None:
    """Negative lengths, no negative cycle: lengths >= 0 shifted by potentials; d_k = min over l of dist(k, l) + d_l."""
    rng = np.random.default_rng(seed)
    k, arcs = int(rng.integers(1, 30)), int(rng.integers(0, 120))
    of, to = rng.integers(0, k, (2, arcs))
    p, start = rng.normal(size=k), rng.normal(size=k)
    length = rng.integers(0, 3, arcs) + p[of] - p[to]
    length[of == to] = 0
    whole = csr_array((k + 1, k + 1)).tolil()  # one more vertex, to which all d lead
    for a, b, w in zip(of, to, length, strict=True):
        if a != b and (whole[b, a] == 0 or w < whole[b, a]):
            whole[b, a] = w if w else 1e-15
    for v in range(k):
        whole[k, v] = start[v]
    known = bellman_ford(csr_array(whole), indices=k)[:k]
    assert shortest(of, to, length, start) == pytest.approx(known, abs=1e-12)


def test_a_path_in_reverse_order_takes_few_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """One hundred thousand arcs in a row: by sweeps alone it would take as many."""
    n, calls, honest = 100_000, 0, distances._along

    def counted(after: Ints, by: Floats, d: Floats) -> Floats:
        nonlocal calls
        calls += 1
        return honest(after, by, d)

    monkeypatch.setattr(distances, "_along", counted)
    d = shortest(np.arange(n - 1), np.arange(1, n), np.full(n - 1, -1.0), np.zeros(n))
    assert (d == np.arange(n) - (n - 1)).all()
    assert calls <= 2


def test_a_negative_cycle_ends() -> None:
    """There are no distances then; the sweeps end all the same."""
    d = shortest(np.array([0, 1]), np.array([1, 0]), np.array([1.0, -2.0]), np.zeros(2))
    assert np.isfinite(d).all()


def test_no_arcs_change_nothing() -> None:
    """No vertices, and vertices without arcs."""
    none = np.zeros(0, dtype=np.int64)
    assert shortest(none, none, np.zeros(0), np.zeros(0)).tolist() == []
    assert shortest(none, none, np.zeros(0), np.array([3.0, -1.0])).tolist() == [3.0, -1.0]
