"""What the command lines of recipes on a matrix share: how it is read."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from problems.running.graph_options import given
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from problems.io.matrix import MatrixFile
    from problems.io.pairs import Pairs

MATRIX = "distances or similarities, a square matrix or a triangle: text, or .npy"  # the help of --matrix
READING = ("kind", "correlation", "symmetrize", "items")


def matrix_arguments(parser: argparse.ArgumentParser) -> None:
    """What every recipe on a matrix of similarities or dissimilarities reads it by."""
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--kind",
        metavar="KIND",
        choices=("similarity", "dissimilarity"),
        help="of a matrix: similarity or dissimilarity (told by its diagonal)",
    )
    kind.add_argument(
        "--correlation",
        metavar="HOW",
        choices=("signed", "absolute"),
        help="of a matrix of correlations: 1 - r is taken (signed), or 1 - |r| (absolute)",
    )
    parser.add_argument(
        "--symmetrize",
        metavar="HOW",
        choices=("mean", "max", "min"),
        help="of a matrix: the mean, max or min of a pair's two entries is taken",
    )
    items_argument(parser)


def items_argument(parser: argparse.ArgumentParser) -> None:
    """How many items a matrix has, where its shape leaves that open."""
    parser.add_argument("--items", metavar="N", type=int, help="how many a matrix has (told by its shape)")


def matrix_of(options: argparse.Namespace, path: str) -> MatrixFile:
    """The matrix in a file, read as those arguments say."""
    from problems.io.matrix import read_matrix

    return read_matrix(
        path, options.kind, correlation=options.correlation, symmetrize=options.symmetrize, items=options.items
    )


def reading(options: argparse.Namespace) -> dict[str, Any]:
    """What was said of how a table or a matrix is read, and the gap that was asked for, as JSON holds them.

    >>> reading(argparse.Namespace(columns="a,b", missing=None, gap=None))
    {'reading': {'columns': 'a,b'}}
    """
    said = given({name: getattr(options, name, None) for name in ("columns", "missing", *READING)})
    return given({"reading": said, "gap": getattr(options, "gap", None)})


def similarities_of(options: argparse.Namespace, path: str) -> MatrixFile | Pairs:
    """The same, or the pairs if it holds these, of which those arguments must say nothing."""
    from problems.io.matrix import MatrixFile, read_similarities

    read = read_similarities(
        path, options.kind, correlation=options.correlation, symmetrize=options.symmetrize, items=options.items
    )
    if not isinstance(read, MatrixFile):
        refuse_without_matrix(options, "a matrix")
    return read


def refuse_without_matrix(options: argparse.Namespace, given: str) -> None:
    """Raise InputError if something is said of a matrix where there is none; `given` names the option that gives it."""
    for name in READING:
        if getattr(options, name) is not None:
            raise InputError(f"--{name} goes with {given}; give both or neither")
