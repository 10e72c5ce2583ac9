"""Links that hold on a code host too: pages name files of the repository, the site leads to what is built of them."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

BUILT_OF = {  # file -> page, patterns as re.sub takes them
    r"gallery/(plot_\w+)\.py": r"problems/\1",
    r"\.\./CONTRIBUTING\.md": "adding.md",
    r"\.\./CHANGELOG\.md": "changelog.md",
    r"\.\./formulations/problem/__init__\.py": "api/modules/formulations.problem.rst",
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx."""
    app.connect("source-read", lambda app, page, source: source.__setitem__(0, to_pages(source[0])))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def to_pages(text: str) -> str:
    """The text of a page, its links leading to pages instead of files.

    >>> to_pages("[tours](gallery/plot_tsp.py), [words](../CONTRIBUTING.md#words)")
    '[tours](problems/plot_tsp), [words](adding.md#words)'
    """
    for file, page in BUILT_OF.items():
        text = re.sub(rf"\]\({file}(?=[)#])", rf"]({page}", text)
    return text
