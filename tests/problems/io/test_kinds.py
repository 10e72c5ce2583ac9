"""What a matrix means: kinds, scales, correlations, symmetry; each remedy that a message names is followed."""

from __future__ import annotations

import numpy as np
import pytest

from formulations.problem import Floats
from problems.io.kinds import MatrixFile, meant
from problems.io.labelled import Labelled
from problems.terminal.errors import InputError

NEAR = np.array([[1, 0.5, 0.25], [0.5, 1, 0], [0.25, 0, 1]])
R = np.array([[1, -0.8, 0.5], [-0.8, 1, 0], [0.5, 0, 1]])
COUNTS = np.array([[9.0, 3, 1], [3, 4, 2], [1, 2, 16]])
ASYMMETRIC = np.array([[0.0, 1, 2], [3, 0, 4], [2, 4, 0]])


def of(matrix: Floats, *arguments: str | None, names: tuple[str, ...] | None = None) -> MatrixFile:
    return meant(Labelled(matrix.copy(), names), *arguments)  # type: ignore[arg-type]


def refused(matrix: Floats, *arguments: str | None, names: tuple[str, ...] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        of(matrix, *arguments, names=names)
    return str(caught.value)


@pytest.mark.parametrize("scale", [1, 100, 200, 1e-3, 7.5])
@pytest.mark.parametrize("kind", [None, "similarity"])
def test_similarities_are_read_on_any_scale(scale: float, kind: str | None) -> None:
    found = of(NEAR * scale, kind)
    assert found.kind == "similarity"
    assert np.allclose(found.matrix, NEAR, rtol=0, atol=1e-15)
    assert found.matrix.diagonal().tolist() == [1, 1, 1]
    assert len(found.notes) == (scale != 1)


@pytest.mark.parametrize("scale", [1, 100, 200])
def test_similarities_are_never_taken_for_dissimilarities(scale: float) -> None:
    said = refused(NEAR * scale, "dissimilarity")
    assert "so it holds similarities; leave out --kind dissimilarity, or write 0 on the diagonal" in said
    assert of(NEAR * scale).kind == "similarity"
    assert of(NEAR * scale * (1 - np.eye(3)), "dissimilarity").kind == "dissimilarity"


def test_counts_of_agreement_are_refused_until_they_are_divided() -> None:
    said = refused(COUNTS)
    assert "divide every entry by the roots of its two diagonal entries" in said
    assert "holds similarities" in refused(COUNTS, "dissimilarity")
    own = COUNTS.diagonal()
    found = of(COUNTS / np.sqrt(np.outer(own, own)))
    assert found.kind == "similarity"
    assert found.matrix[0, 1] == 0.5


def test_covariances_come_to_correlations_and_these_to_dissimilarities() -> None:
    own = np.array([2.0, 3, 4])
    assert "divide every entry by the roots" in refused(R * np.outer(own, own))
    said = refused(R)
    assert "row 1, column 2 is -0.8 beside a diagonal of 1" in said
    assert "say --correlation signed for 1 - r, or --correlation absolute for 1 - |r|" in said
    assert refused(R, "similarity") == said
    signed, absolute = of(R, None, "signed"), of(R, None, "absolute")
    assert np.array_equal(signed.matrix, 1 - R)
    assert np.array_equal(absolute.matrix, 1 - np.abs(R))
    assert np.allclose(signed.similarities(), (1 + R) / 2)
    assert np.allclose(absolute.similarities(), np.abs(R))


def test_what_are_no_correlations_is_refused() -> None:
    assert "correlations have 1" in refused(NEAR - np.eye(3), None, "signed")
    assert "row 1, column 2 is 1.5 but a correlation is a number from -1 to 1" in refused(
        np.array([[1, 1.5], [1.5, 1]]), None, "signed"
    )


@pytest.mark.parametrize(("how", "taken"), [("mean", 2), ("max", 3), ("min", 1)])
def test_an_asymmetric_matrix_is_refused_until_it_is_said_what_to_take(how: str, taken: float) -> None:
    said = refused(ASYMMETRIC, names=("Ann", "Bob", "\x1b[2J"))
    assert said.startswith("row 'Ann', column 'Bob' is 1 but row 'Bob', column 'Ann' is 3;")
    assert said.endswith("say --symmetrize mean, max or min")
    found = of(ASYMMETRIC, None, None, how)
    assert found.matrix[0, 1] == found.matrix[1, 0] == taken
    assert f"the {how} is taken" in found.notes[0]


@pytest.mark.parametrize("triangle", [np.triu, np.tril])
def test_a_triangle_of_zeros_is_noticed(triangle: type[np.ufunc]) -> None:
    D = ASYMMETRIC + ASYMMETRIC.T
    assert "say --symmetrize max" in refused(triangle(D))
    assert np.array_equal(of(triangle(D), None, None, "max").matrix, D)


def test_without_a_diagonal_the_kind_must_be_said() -> None:
    open_ended = NEAR + np.diag([np.nan] * 3)
    assert "say --kind similarity or --kind dissimilarity" in refused(open_ended)
    assert np.array_equal(of(open_ended, "similarity").matrix, NEAR)
    assert of(open_ended, "dissimilarity").matrix.diagonal().tolist() == [0, 0, 0]


def test_remedies_for_entries_out_of_range_help() -> None:
    percent = np.array([[0.0, 91], [91, 0]])
    said = refused(percent, "similarity")
    assert "write the greatest possible similarity, such as 100 for per cent, everywhere on the diagonal" in said
    assert of(percent + 100 * np.eye(2), "similarity").matrix[0, 1] == 0.91
    assert "or say --kind dissimilarity" in said
    assert of(percent, "dissimilarity").matrix[0, 1] == 91
    odd = np.array([[0.3, 1.5], [1.5, 0.2]])
    assert "say --kind dissimilarity" in refused(odd)
    assert of(odd, "dissimilarity").kind == "dissimilarity"
    half = np.array([[0.5, 0.9], [0.9, 0.5]])
    assert "has 0.5 on its diagonal, but row 1, column 2 is 0.9" in refused(half)
    assert {of(half, kind).kind for kind in ("similarity", "dissimilarity")} == {"similarity", "dissimilarity"}
    negative = np.array([[0.0, -2], [-2, 0]])
    assert "add a constant to all of them" in refused(negative)
    assert of(negative + 2 - 2 * np.eye(2)).kind == "dissimilarity"
    assert "divide all entries by a constant" in refused(np.array([[0, 1e200], [1e200, 0]]))
