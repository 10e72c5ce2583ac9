"""Pairs of users for tests, in memory and as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from problems.io.pairs import Pairs


def some_pairs(n: int = 6, seed: int = 0, missing: float = 0.2) -> Pairs:
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(n, 1)
    kept = np.flatnonzero(rng.random(len(first)) >= missing)
    similarity = (0.99 * rng.random(len(first))).round(2)
    return Pairs([f"user {i}" for i in range(n)], first[kept], second[kept], similarity[kept])


def pairs_file(path: Path, pairs: Pairs) -> str:
    ends = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist(), strict=True)
    lines = [f"{pairs.items[u]},{pairs.items[v]},{s}" for u, v, s in ends]
    path.write_text("user1,user2,similarity\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


TRAIN, HOLDOUT = some_pairs(), some_pairs(5, 1)
