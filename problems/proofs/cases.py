"""The proof of a bound on k-means as JSON holds it: cases of pairs of rows, and multipliers of each.

    separated     [label of each row]: groups far from each other
    a case        {"pair": [a, b], "together": case, "apart": case}       a, b items of the problem of that case
                  {"triangles": [[a, b, c], ...], "count": n, "at": [place, ...], "multipliers": [number, ...]}
                  {"prices": [number, ...]}             of each item of that problem
                  null: no multipliers

The places are among the n multipliers of formulations.arithmetic.partition_inequalities; those not listed are 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from formulations.arithmetic.partition_bounds import BY_BLOCKS, BY_TREE, Blocks, Leaf, Split, Tree
from formulations.arithmetic.prices import Prices
from formulations.arithmetic.separated_groups import BY_SEPARATION

MOST_NUMBERS = 300_000  # of a proof that is written
MOST_MULTIPLIERS = 10_000_000  # of a case, most of them 0


def written(proof: Any) -> dict[str, Any]:
    """The proof as JSON; nothing if there is none, or if it is too long."""
    if isinstance(proof, Blocks):
        if sum(map(_length, proof.leaves)) + sum(map(len, proof.rows)) > MOST_NUMBERS:
            return {}
        return {"blocks": [[rows.tolist(), _case(leaf)] for rows, leaf in zip(proof.rows, proof.leaves, strict=True)]}
    if isinstance(proof, np.ndarray):
        return {"separated": proof.tolist()} if len(proof) <= MOST_NUMBERS else {}
    if not isinstance(proof, Leaf | Prices | Split) or _length(proof) > MOST_NUMBERS:
        return {}
    return {"cases": _case(proof)}


def certificate_of(document: Mapping[str, Any]) -> tuple[str, Any]:
    """The name of the bound that a proof is of, and the certificate that it stands for."""
    if "blocks" in document:
        rows = [np.array(part, dtype=np.int64).reshape(-1) for part, _ in document["blocks"]]
        return BY_BLOCKS, Blocks(rows, [_leaf(case) for _, case in document["blocks"]])
    if "separated" in document:
        return BY_SEPARATION, np.array(document["separated"])
    return BY_TREE, _tree(document.get("cases"))


def _length(tree: Tree) -> int:
    """How many numbers a case takes."""
    if isinstance(tree, Split):
        return 2 + _length(tree.together) + _length(tree.apart)
    if isinstance(tree, Prices):
        return len(tree.a)
    return 0 if tree is None else tree.triangles.size + 2 * int(np.count_nonzero(tree.y))


def _case(tree: Tree) -> dict[str, Any] | None:
    if isinstance(tree, Split):
        return {"pair": [tree.a, tree.b], "together": _case(tree.together), "apart": _case(tree.apart)}
    if isinstance(tree, Prices):
        return {"prices": tree.a.tolist()}
    if tree is None:
        return None
    at = np.flatnonzero(tree.y)
    return {
        "triangles": tree.triangles.tolist(),
        "count": len(tree.y),
        "at": at.tolist(),
        "multipliers": tree.y[at].tolist(),
    }


def _tree(case: Any) -> Tree:
    if case is None or "pair" not in case:
        return Prices(np.array(case["prices"], dtype=np.float64)) if case and "prices" in case else _leaf(case)
    a, b = case["pair"]
    return Split(int(a), int(b), _tree(case["together"]), _tree(case["apart"]))


def _leaf(case: Any) -> Leaf | None:
    if case is None:
        return None
    triangles = np.array(case["triangles"], dtype=np.int64).reshape(-1, 3)
    if not 0 <= case["count"] <= MOST_MULTIPLIERS:
        raise ValueError(f"a proof of {case['count']} multipliers")
    y = np.zeros(case["count"])
    y[np.array(case["at"], dtype=np.int64)] = np.array(case["multipliers"], dtype=np.float64)
    return Leaf(triangles, y)
