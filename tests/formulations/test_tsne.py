"""t-SNE: its divergence against scikit-learn's and a plain sum; nothing is called proven; lies are caught."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from formulations.arithmetic.affinities import Affinities
from formulations.tsne import tsne, usual_perplexity
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched
from solvers.maps.tsne import Tsne


def distances(n: int, seed: int) -> Any:
    X = np.random.default_rng(seed).standard_normal((n, 4))
    return cdist(X, X)


@pytest.mark.parametrize("perplexity", [2.0, 5.0, 18.0])
def test_neighbours_are_as_many_as_the_perplexity_says(perplexity: float) -> None:
    P = Affinities(distances(20, 0), 2, perplexity).P
    assert P.sum() == pytest.approx(1)
    assert np.array_equal(P, P.T)
    assert not P.diagonal().any()


@pytest.mark.parametrize("n", [5, 12, 40])
def test_the_value_is_that_of_scikit_learn(n: int) -> None:
    theirs = pytest.importorskip("sklearn.manifold._t_sne")  # what its fit tells is that of an earlier iteration
    D, X = distances(n, n), np.random.default_rng(n).standard_normal((n, 2))
    P = theirs._joint_probabilities((D**2).astype(np.float32), 3.0, 0)
    value, _ = theirs._kl_divergence(X.ravel(), P, 1.0, n, 2)
    assert Affinities(D, 2, 3.0).value(X) == pytest.approx(value, rel=1e-4)


def test_the_value_is_the_sum_that_the_page_says_in_any_unit() -> None:
    D, X = distances(8, 1), np.random.default_rng(2).standard_normal((8, 2))
    form = Affinities(D, 2, 3.0)
    q = 1 / (1 + cdist(X, X) ** 2)
    total = q.sum() - 8
    plain = sum(form.P[i, j] * np.log(form.P[i, j] * total / q[i, j]) for i in range(8) for j in range(8) if i != j)
    assert form.value(X) == pytest.approx(plain)
    for unit in (1e-60, 1e60):
        assert Affinities(unit * D, 2, 3.0).value(X) == pytest.approx(plain)
    assert form.values([X, X]).tolist() == [form.value(X)] * 2


def test_groups_are_apart_and_the_seed_decides() -> None:
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 5)) + 8 * np.repeat(np.eye(2, 5), 20, axis=0)
    problem = tsne(cdist(X, X), 2)
    found, again, other = (solve(problem, seed=seed) for seed in (1, 1, 2))
    assert (found.status, found.bound, found.proven) == ("feasible", None, False)
    assert "no bound" in found.message
    assert np.array_equal(found.answer, again.answer)
    assert not np.array_equal(found.answer, other.answer)
    near = np.argsort(cdist(found.answer, found.answer), axis=1)[:, 1]
    assert (near // 20 == np.arange(40) // 20).all()
    assert found.value is not None
    assert 0 < found.value < problem.objective.value(rng.standard_normal((40, 2)))


def test_many_points_of_more_dimensions_and_at_one_place() -> None:
    pytest.importorskip("sklearn")
    quick: Any = Tsne(250)
    assert solve(tsne(distances(160, 0), 2), quick).answer.shape == (160, 2)
    assert solve(tsne(distances(20, 0), 4), quick).answer.shape == (20, 4)
    line = np.repeat(np.arange(4.0), 5)[:, None]  # one dimension, with ties
    flat = solve(tsne(cdist(line, line), 2, 3), quick)
    assert np.isfinite(flat.answer).all()
    assert flat.value is not None


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="4 points are too few"):
        tsne(distances(4, 0), 1)
    for perplexity in (1, 9, np.nan):
        with pytest.raises(ValueError, match="give 2 to 8"):
            tsne(distances(10, 0), 2, perplexity)
    with pytest.raises(ValueError, match="250 at least"):
        Tsne(10)
    tsne(distances(5, 0), 2, usual_perplexity(5))


def test_a_certificate_that_there_is_not_proves_nothing() -> None:
    problem = tsne(distances(6, 0), 2)
    X = np.random.default_rng(0).standard_normal((6, 2))
    for claimed in (X, np.zeros((6, 2))):
        found = judge(Searched(problem), Findings(solver="liar", ended="optimal", candidates=[claimed]))
        assert not found.proven
        assert found.value == pytest.approx(float(problem.objective.value(claimed)))
    for lie in (X[:, :1], np.full((6, 2), np.nan)):
        assert judge(Searched(problem), Findings(solver="liar", ended="optimal", candidates=[lie])).answer is None
