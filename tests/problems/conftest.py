"""What tests of files share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from written import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A graph whose best tree of degree 2 is not found in seconds."""
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("large") / "large.edgelist"
    points = rng.random((400, 2))
    i, j = np.triu_indices(400, 1)
    weights = np.linalg.norm(points[i] - points[j], axis=1)
    path.write_text("".join(f"{u} {v} {w:.9f}\n" for u, v, w in zip(i, j, weights, strict=True)))
    return str(path)
