"""Collects what the benchmarks measure and prints it as one table at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

ROWS: list[tuple[str, str, str]] = []


@pytest.fixture
def report() -> Callable[[str, str, str], None]:
    """report(case, what was asked, what was measured) adds a line to the table."""
    return lambda case, asked, measured: ROWS.append((case, asked, measured))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch uses one core."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if ROWS:
        terminalreporter.write_line("")
        terminalreporter.write_line("| case | reach / go for | measured |")
        terminalreporter.write_line("|---|---|---|")
        for row in ROWS:
            terminalreporter.write_line(f"| {' | '.join(row)} |")
