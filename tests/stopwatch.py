"""Time as tests measure it: in CPU seconds, which a busy machine does not change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Assert that what is done here takes less, of this process and of children that it has waited for."""
    before = sum(os.times()[:4])
    yield
    assert sum(os.times()[:4]) - before < seconds
