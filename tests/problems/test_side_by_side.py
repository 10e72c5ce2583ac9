"""The page of pairs: everything escaped, numbered and linked, and nothing asked of anybody."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from htmlpage import Page

from problems.pictures.side_by_side import ENDS, LONG, MAX_PAIRS, Pair, page
from problems.studies.passages import Passage

NASTY = "</pre><script>alert(1)</script>{{ 7 * 7 }}{% x %}&amp;\x1b[31m\u202e<img src=http://x.y/z>'\"\ud800"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""


def pair(first: str = "x = 1\ny = 2\nz = 3\n", second: str = "y = 2\nq = 4\n") -> Pair:
    passages = [Passage("a.py", (2, 2), "b.py", (1, 1), 12), Passage("a.py", (3, 3), "b.py", (2, 2), 12)]
    return Pair("ana", "ben", 0.5, {"a.py": first}, {"b.py": second}, passages)


def test_passages_lead_to_each_other() -> None:
    shown = Page(page("cohort", "similarity above 0.3", [pair(), pair()], 2))
    targets, links = shown.all("id"), shown.all("href")
    assert len(set(targets)) == len(targets)
    assert {link.removeprefix("#") for link in links} <= set(targets)
    assert {"p1-1-0", "p1-1-1", "p1-2-0", "p1-2-1", "p2-2-1", "pair-2"} <= set(targets)
    assert all(link.startswith("#") for link in links)


def test_all_lines_are_there_with_their_places() -> None:
    shown = Page(page("cohort", "similarity above 0.3", [pair()], 1))
    for line in ("    1  x = 1", "    2  y = 2", "    3  z = 3", "    1  y = 2", "    2  q = 4"):
        assert line in shown.text


def test_the_table_says_how_many_lines_match() -> None:
    shown = Page(page("cohort", "similarity above 0.3", [pair()], 1))
    assert "2 of 3" in shown.text
    assert "2 of 2" in shown.text


def test_nothing_in_a_submission_is_markup() -> None:
    files = {NASTY: f"{NASTY}\n\t{NASTY}"}
    passage = Passage(NASTY, (1, 2), NASTY, (1, 2), 99)
    html = page(NASTY, NASTY, [Pair(NASTY, NASTY, 0.5, files, files, [passage])], 1)
    html.encode("utf-8")
    shown = Page(html)
    assert not {tag for tag, _ in shown.tags} & {"script", "img", "link", "iframe", "object", "form", "svg"}
    assert not any(key.startswith("on") for _, found in shown.tags for key in found)
    assert not shown.all("src")
    assert "49" not in shown.text.replace("alert", "")
    assert "<script>alert(1)</script>{{ 7 * 7 }}" in shown.text
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "\\u202e" in html


def test_it_forbids_every_request() -> None:
    html = page("cohort", "similarity above 0.3", [pair()], 1)
    assert "default-src 'none'" in html
    assert "http" not in html.replace("http-equiv", "")
    assert "<script" not in html


def test_what_does_not_match_is_cut_in_its_middle_if_it_is_long() -> None:
    long = "\n".join(f"line{k}" for k in range(1, LONG + 101))
    shown = Page(page("c", "t", [Pair("a", "b", 0.5, {"a.py": long}, {"b.py": "x"}, [])], 1))
    assert f"... {LONG + 100 - 2 * ENDS:,} lines" in shown.text
    assert f"line{ENDS}\n" in shown.text
    assert f"line{ENDS + 1}\n" not in shown.text
    assert f"{LONG + 100}  line{LONG + 100}" in shown.text


def test_of_many_pairs_the_first_are_shown_and_that_is_said() -> None:
    html = page("c", "t", [pair()] * (MAX_PAIRS + 1), 3000)
    assert f"The first {MAX_PAIRS} of 3000 pairs." in html
    assert f'id="pair-{MAX_PAIRS}"' in html
    assert f'id="pair-{MAX_PAIRS + 1}"' not in html


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
def test_a_browser_opens_it_without_a_complaint(tmp_path: Path) -> None:
    file = tmp_path / "p.html"
    file.write_text(page("cohort", "similarity above 0.3", [pair(NASTY.replace("\ud800", ""))], 1), encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    done = subprocess.run([*command, file.as_uri()], capture_output=True, text=True, check=True, timeout=120)
    assert "ana" in done.stdout
    assert "CONSOLE" not in done.stderr
