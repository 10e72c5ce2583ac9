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
    return {**answer, "stats": {k: v for k, v in answer["stats"].items() if not k.endswith("_seconds")}}
