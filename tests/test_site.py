"""The built site: every page in a browser, every link, and the pages of problems in their fixed order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import browser, faults_in_browser, needs_browser, opened
from places import ROOT
from sections import in_order

SITE, GALLERY = ROOT / "site", ROOT / "docs" / "gallery"
BUILD = "python -m sphinx --fail-on-warning docs site"


@pytest.fixture(scope="module")
def site() -> Path:
    """The built site, if it is there and no older than what it is built from."""
    built = SITE / "objects.inv"
    if not built.is_file():
        pytest.skip(f"there is no built site: {BUILD}")
    sources = [file for file in (ROOT / "docs").rglob("*") if file.suffix in {".py", ".md", ".css"}]
    newest = max(file.stat().st_mtime for file in sources if "problems" not in file.relative_to(ROOT).parts)
    if newest > built.stat().st_mtime:
        pytest.skip(f"the built site is older than docs/: {BUILD}")
    return SITE


def pages(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.html"))
    assert found
    return found


class Read(HTMLParser):
    """What a page refers to, what may be referred to in it, and its pictures without a text that stands for them."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.references: list[str] = []
        self.names: set[str] = set()
        self.without_alt: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names.update(given[name] for name in ("id", "name") if name in given)
        self.references += [given[name] for name in ("href", "src") if name in given]
        source = given.get("src", "")
        beside_its_title = "sphx_glr_" in source and source.endswith("_thumb.png")  # the empty text is right there
        if tag == "img" and not given.get("alt", "").strip() and not (beside_its_title and "alt" in given):
            self.without_alt.append(source)


def faults_of_text(folder: Path) -> Iterator[str]:
    """Links that lead nowhere, and pictures without a text that stands for them."""
    read = {page.resolve(): Read(page) for page in pages(folder)}
    for page, found in read.items():
        where = page.relative_to(folder.resolve())
        yield from (f"{where}: no alt text: {source}" for source in found.without_alt)
        for reference in found.references:
            if not leads_somewhere(page, reference, read):
                yield f"{where}: leads nowhere: {reference}"


def leads_somewhere(page: Path, reference: str, read: dict[Path, Read]) -> bool:
    """Whether there is that file, and that place in it; of other addresses whether they are well formed."""
    parts = urlsplit(reference)
    if parts.scheme or parts.netloc:
        return re.fullmatch(r"https?://[\w-]+(\.[\w-]+)+(/\S*)?", reference) is not None
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not parts.fragment or target not in read:
        return target.is_file()
    return unquote(parts.fragment) in read[target].names


def test_links_lead_somewhere_and_pictures_have_texts(site: Path) -> None:
    assert list(faults_of_text(site)) == []


@needs_browser
def test_every_page_opens_at_every_width_in_light_and_dark(site: Path) -> None:
    with browser() as chromium:
        assert [fault for page in pages(site) for fault in faults_in_browser(chromium, site, page)] == []


@needs_browser
def test_the_search_finds_a_page_from_the_file_system(site: Path) -> None:
    with browser() as chromium, opened(chromium, site / "search.html") as shown:
        shown.page.goto(f"{(site / 'search.html').as_uri()}?q=spanning+tree")
        shown.page.wait_for_selector("#search-results li a", timeout=60_000)
        assert "Minimum spanning tree" in shown.page.locator("#search-results li a").all_inner_texts()
        assert shown.errors == []


def test_every_page_of_a_problem_can_be_downloaded(site: Path) -> None:
    for script in GALLERY.glob("plot_*.py"):
        text = (site / "problems" / f"{script.stem}.html").read_text(encoding="utf-8")
        for suffix in ("py", "ipynb"):
            assert re.search(rf'href="\.\./_downloads/\w+/{script.stem}\.{suffix}"', text)


@pytest.mark.parametrize("script", sorted(GALLERY.glob("plot_*.py")), ids=lambda script: script.stem)
def test_the_pages_of_problems_have_one_order(script: Path) -> None:
    assert in_order(script.read_text(encoding="utf-8"))


def test_a_page_without_its_card_or_in_another_order_is_found() -> None:
    script = (GALLERY / "plot_mst.py").read_text(encoding="utf-8")
    assert not in_order(script.replace("\nsolution\n", "\n"))
    assert not in_order(script.replace("# References\n", "# Literature\n"))
    assert not in_order(script + script)


BROKEN = {
    "a wide table": ("<table><tr><td style='min-width:2000px'>wide</td></tr></table>", "pixels too wide for 1400"),
    "a wide line in dark alone": (
        "<style>@media (prefers-color-scheme: dark) {p {width: 600px}}</style><p>wide</p>",
        "pixels too wide for 400, dark",
    ),
    "an error": ("<script>undefined_name()</script>", "undefined_name is not defined"),
    "a warning": ("<script>console.warn('careful')</script>", "careful"),
    "an outside request": ("<img alt='a' src='https://example.org/a.png'>", "asks for https://example.org/a.png"),
    "a file of another folder": ("<img alt='a' src='../other.png'>", "other.png"),
    "a picture that is none": ("<img alt='a' src='index.html'>", "1 pictures do not load"),
}


@needs_browser
@pytest.mark.parametrize(("body", "fault"), BROKEN.values(), ids=BROKEN)
def test_what_a_browser_meets_is_found(tmp_path: Path, body: str, fault: str) -> None:
    page = written(tmp_path, body)
    with browser() as chromium:
        assert fault in "\n".join(faults_in_browser(chromium, tmp_path, page))


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ("<a href='index.html#there'>a</a> <p id='there'> <a href='https://example.org/a?b=c#d'>b</a>", []),
        ("<img src='index.html'>", ["index.html: no alt text: index.html"]),
        ("<a href='absent.html'>a</a>", ["index.html: leads nowhere: absent.html"]),
        ("<a href='#absent'>a</a>", ["index.html: leads nowhere: #absent"]),
        ("<a href='htp://example.org'>a</a>", ["index.html: leads nowhere: htp://example.org"]),
        ("<a href='https://example .org'>a</a>", ["index.html: leads nowhere: https://example .org"]),
        ("<link href='//example.org/style.css'>", ["index.html: leads nowhere: //example.org/style.css"]),
    ],
)
def test_what_a_reader_meets_is_found(tmp_path: Path, body: str, faults: list[str]) -> None:
    written(tmp_path, body)
    assert list(faults_of_text(tmp_path)) == faults


def written(folder: Path, body: str) -> Path:
    page = folder / "index.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><body>{body}", encoding="utf-8")
    return page
