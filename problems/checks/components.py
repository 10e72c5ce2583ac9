"""Principal components checked again: frames, variances, and a count of the eigenvalues beyond them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from problems.checks.sandwich import Checked, counted, number, numbers, same, sandwich
from problems.terminal.errors import InputError

if TYPE_CHECKING:
    from formulations.pca import Covariance
    from problems.studies.named_rows import Table

ORTHONORMAL = 1e-9  # how far a product of two columns of loadings may be from 0, or 1


def checked(document: Mapping[str, Any], table: Table) -> Checked:
    """Every check of an answer of problems.pca; raises InputError for --robust, whose parts JSON does not hold."""
    from formulations.pca import covariance

    asked = document["asked"]
    if "robust" in asked:
        raise InputError("an answer of --robust holds neither of its two parts, so that it cannot be checked")
    given = covariance(table.values, standardise=asked["standardised"])
    names = ("columns are those of the file", list(document["answer"]["columns"]) == list(table.columns))
    found = _sparse(document, given) if "sparse" in asked else _components(document, given)
    return Checked([names, *found.checks], found.said.format(of=table.source))


def _components(document: Mapping[str, Any], given: Covariance) -> Checked:
    from formulations.pca import pca

    asked, answer = document["asked"], document["answer"]
    k, p = asked["components"], given.rows.shape[1]
    problem = pca(given, k)
    form: Any = problem.objective
    L = numbers(answer["loadings"], p, k)
    if np.abs(L.T @ L - np.eye(k)).max() > ORTHONORMAL:
        return Checked([("loadings have length 1 and are at right angles", False)], "")
    scores = given.rows.times(L)
    C = scores.T @ scores / (given.rows.shape[0] - 1)
    own = np.diagonal(C)
    size = max(float(own.sum()), given.total / p)
    # of ZZ' a frame is not of the loadings but of the scores
    Y = np.linalg.qr(scores)[0] if given.by_rows else L
    checks = [
        ("loadings have length 1 and are at right angles", True),
        ("they explain the value", abs(float(own.sum()) - number(document["value"])) <= ORTHONORMAL * size),
        ("scores are not correlated", np.abs(C - np.diag(own)).max() <= ORTHONORMAL * size),
        ("variances are those of the components", same(answer["variances"][:k], own)),
        ("all variances are as they should be", same(answer["variances"], given.variances)),
        ("their share is as stated", abs(number(answer["explained"]) - own.sum() / given.total) <= ORTHONORMAL),
        *sandwich(problem, Y, counted(form, Y), document),
    ]
    said = f"{k} components of {{of}} explain a variance of {document['value']:.9g}, and no other {k} explain more"
    return Checked(checks, said)


def _sparse(document: Mapping[str, Any], given: Covariance) -> Checked:
    from formulations.arithmetic.supports import SupportTree
    from formulations.sparse_pca import sparse_pca

    c = document["asked"]["sparse"]
    problem = sparse_pca(given, c)
    form: Any = problem.objective
    x = numbers(document["answer"]["loadings"], given.rows.shape[1], 1)[:, 0]
    written = document["certificate"]["tree"]
    entry, inside, outside = (np.array(written[name], dtype=np.int64) for name in ("entry", "inside", "outside"))
    tree = SupportTree(entry, inside, outside, number(written["q"]))
    checks = sandwich(problem, x, form.bound(tree), document)
    checks.append(("variances are those of the components", same(document["answer"]["variances"], [form.value(x)])))
    value, bound = document["value"], document["bound"]
    said = f"{c} variables of {{of}} explain a variance of {value:.9g}, and no {c} more than {bound:.9g}"
    return Checked(checks, said)
