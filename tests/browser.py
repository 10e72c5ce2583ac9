"""Pages opened in headless Chromium: what goes wrong in them, at which width, in light and dark."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
WHY_NOT = "" if CHROMIUM and find_spec("playwright") else "there is no Chromium, or no playwright to open it (.[test])"
needs_browser = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
WIDTHS = (400, 1_400)


@dataclass
class Opened:
    """A page that is open in the browser.

    errors    what its console and its scripts complained of
    requests  what it asked for besides itself; data: addresses are not counted
    """

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def without_alt(self) -> int:
        """How many of its pictures have no text that stands for them."""
        return int(self.page.evaluate("[...document.images].filter(image => !image.alt).length"))

    def broken(self) -> int:
        """How many of its pictures do not load."""
        return int(self.page.evaluate("[...document.images].filter(image => !image.naturalWidth).length"))


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, without a window and without a network."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def opened(
    chromium: Any, file: Path, width: int = 1_400, *, dark: bool = False, script: bool = True
) -> Iterator[Opened]:
    """A file as that browser shows it."""
    scheme = "dark" if dark else "light"
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script, offline=True
    )
    try:
        page, address = context.new_page(), file.resolve().as_uri()
        found = Opened(page)
        page.on("console", lambda said: found.errors.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        asked = found.requests
        page.on("request", lambda r: None if r.url.startswith(("data:", address)) else asked.append(r.url))
        page.goto(address)
        yield found
    finally:
        context.close()


def faults_in_browser(chromium: Any, folder: Path, page: Path) -> Iterator[str]:
    """What its console complained of, what it asked for outside the folder, and where it is wider than the window."""
    inside = f"{folder.resolve().as_uri()}/"
    with opened(chromium, page) as shown:
        for scheme in ("light", "dark"):
            shown.page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                shown.page.set_viewport_size({"width": width, "height": 900})
                if over := shown.overflow():
                    yield f"{page.name}: {over} pixels too wide for {width}, {scheme}"
        if shown.broken():
            yield f"{page.name}: {shown.broken()} pictures do not load"
        yield from (f"{page.name}: {error}" for error in shown.errors)
        yield from (f"{page.name}: asks for {url}" for url in shown.requests if not url.startswith(inside))
