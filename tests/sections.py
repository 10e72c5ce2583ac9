"""The sections that every page of a problem has, in their order."""

from __future__ import annotations

import re

SECTIONS = [
    "Three questions",
    "The maths",
    "The code, run",
    "The certificate",
    "On the command line",
    "Where it fails, and what else to use",
    "References",
    "Related pages",
]


def in_order(script: str) -> bool:
    """Whether a page's script has them in that order, perhaps with others in between, and a cell with the card.

    A page of what nothing proves says so instead.
    """
    found = re.findall(r"^# (.+)\n# -{5,}$", script, re.MULTILINE)
    card = re.search(r"^solution$", script, re.MULTILINE)
    unproven = re.search(r"^# The certificate\n# -+\n#\n# There is none:", script, re.MULTILINE)
    return [name for name in found if name in SECTIONS] == SECTIONS and (card is not None or unproven is not None)
