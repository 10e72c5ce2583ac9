"""Files that tests write, and what is said of those that cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from problems.terminal.errors import InputError, safe

Write = Callable[[str, str | bytes], Path]  # name, content -> path


def refusal(read: Callable[..., Any], path: Path | str, *arguments: Any, **options: Any) -> str:
    """The message of the InputError that reading the file must raise: one printable line naming the file."""
    with pytest.raises(InputError) as caught:
        read(path, *arguments, **options)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 600
    assert safe(str(path)[:50]) in message
    return message
