"""Pages from the templates of this folder: all text in them is escaped, and they need no other file."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path


def rendered_page(template: str, **shown: object) -> str:
    """The page that a template makes of what is shown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = FileSystemLoader(Path(__file__).parent)
    pages = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.filters["hash"] = script_hash
    return pages.get_template(template).render(**shown)


def script_hash(script: str) -> str:
    """What a page's policy names the one script by that may run in it.

    >>> script_hash("")
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}"
