"""What tests of the command line share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from problems.recipe import Recipe, run
from problems.terminal.checkpoints import Folder


def answer_of(recipe: Recipe, capsys: Any, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, parsed JSON and standard error of a run with --json."""
    code = run(recipe, [*arguments, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def without_seconds(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer, and its parts, without what differs from run to run."""
    kept = {**answer, "stats": {k: v for k, v in answer["stats"].items() if not k.endswith("_seconds")}}
    parts = {name: without_seconds(part) for name, part in answer.get("parts", {}).items()}
    return {**kept, "parts": parts} if parts else kept


@contextmanager
def broken_off(iteration: int) -> Iterator[None]:
    """Meanwhile Ctrl-C is pressed in training that writes checkpoints, at the first look from that iteration on."""

    def stop(search: Any) -> None:
        if search.iteration >= iteration:
            raise KeyboardInterrupt

    follow = Folder.follow
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Folder, "follow", lambda self, search: (follow(self, search), self.save(), stop(search)))
        yield
