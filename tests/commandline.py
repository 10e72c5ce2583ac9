"""What tests of the command line share."""

from __future__ import annotations

import json
from typing import Any

from problems.recipe import Recipe, run


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
