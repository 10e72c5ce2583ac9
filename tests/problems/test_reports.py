"""Reports: whole, safe, small, the same from the run and from its JSON, and readable wherever they are opened."""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import shlex
import subprocess
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from browser import browser, faults_in_browser, needs_browser, opened
from commandline import answer_of, without_seconds
from htmlpage import Page
from written import Write

from problems import report as later
from problems.__main__ import recipes
from problems.recipe import run
from problems.reports.asked import digest
from problems.reports.mathml import mathml
from problems.reports.page import LIMIT, Shown, page
from problems.reports.tables import LONGEST, tables
from problems.running.drawn import draw, not_drawn
from problems.terminal.errors import InputError

RECIPES = recipes()
HOSTILE = [
    "</td><script>document.title = 'won'</script>",
    '"\'" onmouseover=alert(1) x=',
    "\u202egnp.exe",
    "x" * 10_000,
    "القاهرة",
    "a&amp;b",
    "\x1b[31mred",
    "$\\frac{1}{2}$ {{ 7 * 7 }} {% x %}",
    "<img src=http://x.y/z>",
]
NOW = Shown(datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
DOCUMENT: dict[str, Any] = {
    "problem": "mst",
    "asked": {"reading": {}},
    "status": "optimal",
    "value": 3.0,
    "bound": 3.0,
    "gap": 0.0,
    "solver": "glop",
    "answer": [["a", "b", 10], ["b", "c", 9], ["c", "d", -1.5]],
    "checks": [{"name": "Kruskal", "relation": "==", "value": 3.0, "ok": True}],
    "certificate": {"kind": "multipliers", "verified": True, "exact": True, "sets": [{"nodes": ["a"]}]},
    "stats": {
        "rounds": 2,
        "solve_seconds": 0.123456,
        "history": [{"round": 1, "bound": 1.0, "value": None}, {"round": 2, "bound": 3.0, "value": 3.0}],
    },
    "notes": ["a note"],
    "message": "",
    "run": {
        "title": "Tree of <b>",
        "command": "python -m problems.mst --graph a.gml --forest",
        "files": [["a.gml", "0" * 64]],
        "seed": 0,
        "versions": {"python": "3.11"},
        "model": [["minimize", "c^{\\top} x", ""]],
    },
}


def hostile_graph(folder: Path) -> Path:
    links = [{"source": a, "target": b, "weight": k} for k, (a, b) in enumerate(pairwise(HOSTILE))]
    path = folder / "hostile.json"
    path.write_text(json.dumps({"nodes": [{"id": name} for name in HOSTILE], "links": links}))
    return path


def example(name: str, folder: Path) -> list[str]:
    """Arguments of the bundled example; of a generator, which would train for a minute, those of a small table."""
    if name != "gan":
        return []
    rows = folder / "rows.csv"
    rows.write_text("x\n" + "".join(f"{k % 17}.{k % 5}\n" for k in range(200)))
    return ["--data", str(rows), "--generator", "gaussian", "--iterations", "10"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path, dict[str, Any]]]:
    """The report of a recipe's example, the one made of its JSON, and that JSON."""
    folder, known = tmp_path_factory.mktemp("reports"), {}

    def of(name: str) -> tuple[Path, Path, dict[str, Any]]:
        if name not in known:
            at_once, answer, again = (folder / f"{name}{end}" for end in (".html", ".json", "_later.html"))
            with redirect_stdout(StringIO()) as out:
                arguments = [*example(name, folder), "--report", str(at_once), "--json", "--quiet"]
                assert run(RECIPES[name], arguments) == 0
            answer.write_text(out.getvalue())
            assert later.main([str(answer), "--out", str(again), "--quiet"]) == 0
            known[name] = at_once, again, json.loads(out.getvalue())
        return known[name]

    return of


def card(html: str) -> str:
    return html[html.index('<div class="card') : html.index("<h2>")] if '<div class="card' in html else ""


def embedded(html: str) -> Any:
    [data] = re.findall(r'href="data:application/json;base64,([^"]+)" download="answer.json"', html)
    return json.loads(base64.b64decode(data))


def check_page(html: str) -> Page:
    """It is whole, asks for nothing, and its policy lets no script run but its own."""
    shown = Page(html)
    addresses = shown.all("src") + shown.all("href")
    assert [address[:60] for address in addresses if not address.startswith("data:")] == []
    assert [name for _, given in shown.tags for name in given if name.startswith("on")] == []
    [script] = re.findall("<script>(.*?)</script>", html, re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'" in html
    assert not [tag for tag, given in shown.tags if tag == "img" and not given.get("alt")]
    assert len(html.encode()) <= LIMIT
    return shown


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_has_a_report(made: Any, name: str) -> None:
    at_once, again, answer = made(name)
    for path in (at_once, again):
        shown = check_page(path.read_text())
        assert answer["run"]["title"] in shown.text
        assert answer["run"]["command"] in shown.text
        assert embedded(path.read_text()) == answer
        if "status" in answer:
            assert {"What was asked", "The model", "How to check it without us", "Statistics"} <= set(shown.titles)
            assert shown.text.count(answer["status"].replace("_", " "))
            assert [tag for tag, _ in shown.tags].count("math") == len(answer["run"]["model"]) > 0
    assert card(at_once.read_text()) == card(again.read_text())


@needs_browser
@pytest.mark.parametrize("name", RECIPES)
def test_every_report_opens_at_every_width_in_light_and_dark(made: Any, name: str) -> None:
    at_once, again, _ = made(name)
    with browser() as chromium:
        assert [*faults_in_browser(chromium, at_once.parent, at_once)] == []
        assert [*faults_in_browser(chromium, again.parent, again)] == []


def test_names_from_a_file_stay_text(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "hostile.html"
    code, answer, _ = answer_of(
        RECIPES["mst"], capsys, "--graph", str(hostile_graph(tmp_path)), "--report", str(path), "--quiet"
    )
    assert code == 0
    shown = check_page(path.read_text())
    assert {tag for tag, _ in shown.tags}.isdisjoint({"iframe", "object", "b", "i", "form"})
    assert "</td><script>document.title = 'won'</script>" in shown.text
    assert "\\u202egnp.exe" in shown.text
    assert "\x1b" not in path.read_text()
    assert "\u202e" not in path.read_text()
    assert "x" * LONGEST not in path.read_text()  # and whole only within the JSON
    assert {tuple(row) for row in embedded(path.read_text())["answer"]} == {tuple(row) for row in answer["answer"]}


@needs_browser
def test_names_from_a_file_run_nothing(tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    assert run(RECIPES["mst"], ["--graph", str(hostile_graph(tmp_path)), "--report", str(path), "--quiet"]) == 0
    injected = tmp_path / "injected.html"
    injected.write_text(path.read_text().replace("<main>", "<main><script>document.title = 'won'</script>"))
    with browser() as chromium:
        assert [*faults_in_browser(chromium, tmp_path, path)] == []
        with opened(chromium, injected) as shown:
            assert "won" not in shown.page.title()
            assert "Content Security Policy" in "".join(shown.errors)


@needs_browser
def test_tables_are_sorted_by_their_headings(tmp_path: Path) -> None:
    path = tmp_path / "tree.html"
    path.write_text(page(DOCUMENT, Shown(NOW.written, headings=RECIPES["mst"].columns)))
    with browser() as chromium, opened(chromium, path, 400) as shown:
        table = shown.page.locator("table.sortable").first

        def weights() -> list[str]:
            return [str(text) for text in table.locator("td:nth-child(3)").all_inner_texts()]

        assert weights() == ["10", "9", "-1.5"]
        table.get_by_role("button", name="weight").click()
        assert weights() == ["-1.5", "9", "10"]
        assert table.locator("th[aria-sort=ascending]").inner_text().startswith("weight")
        table.get_by_role("button", name="weight").click()
        assert weights() == ["10", "9", "-1.5"]
        table.get_by_role("button", name="from").press("Enter")
        assert table.locator("td:nth-child(1)").all_inner_texts() == ["a", "b", "c"]
        assert shown.errors == []
    with browser() as chromium, opened(chromium, path, script=False) as shown:
        assert shown.page.locator("table.sortable").first.locator("tbody tr").count() == 3
        assert shown.page.locator("th button").count() == 0


@needs_browser
def test_pictures_scale_to_the_width_and_can_be_large(tmp_path: Path) -> None:
    path = tmp_path / "tree.html"
    wide = "data:image/svg+xml," + quote('<svg xmlns="http://www.w3.org/2000/svg" width="900" height="450"></svg>')
    path.write_text(page(DOCUMENT, Shown(NOW.written, picture=wide)))
    with browser() as chromium, opened(chromium, path, 400) as shown:
        figure, image = shown.page.locator("figure").first, shown.page.locator("figure img").first
        narrow = image.bounding_box()["width"]
        assert narrow <= figure.bounding_box()["width"] <= 400
        figure.get_by_label("large").check()
        assert image.bounding_box()["width"] > 1.4 * narrow  # and scrolls, within its frame
        assert (shown.overflow(), shown.errors) == (0, [])
    with browser() as chromium, opened(chromium, path, 1_400) as shown:
        assert not shown.page.locator("figure").first.get_by_label("large").is_visible()


def test_sections_without_data_say_so_in_a_line() -> None:
    bare = {key: part for key, part in DOCUMENT.items() if key != "run"}
    shown = check_page(page({**bare, "stats": {}, "certificate": {**bare["certificate"], "sets": []}}, NOW))
    assert "does not hold the command" in shown.text
    assert "does not hold the model" in shown.text
    assert "there is nothing to draw" in shown.text
    assert "It is not part of the JSON" in shown.text


def test_what_is_not_proven_is_not_shown_as_if_it_were() -> None:
    assert 'class="card"' in page(DOCUMENT, NOW)
    lie = [{**DOCUMENT["checks"][0], "ok": False}]
    unproven = {**DOCUMENT["certificate"], "verified": False}
    for other, mark in (({"checks": lie}, "✗"), ({"certificate": unproven}, "?"), ({"status": "feasible"}, "?")):
        html = page({**DOCUMENT, **other}, NOW)
        assert 'class="card doubt"' in html
        assert mark in card(html)
        assert "✓" not in html


def test_a_thousand_rows_and_more_fit_two_megabytes() -> None:
    plain = [[f"node {k}", f"node {k + 1}", k / 7] for k in range(1_000)]
    html = page({**DOCUMENT, "answer": plain}, NOW)
    assert len(check_page(html).text) > 0
    assert html.count("<tr>") > 1_000
    assert embedded(html)["answer"] == plain
    nasty = [['"' * 2_000, "<" * 2_000, k] for k in range(3_000)]
    html = page({**DOCUMENT, "answer": nasty}, NOW)
    shown = check_page(html)
    assert re.search(r"The first (1,000|300|100) of 3,000 rows; --json prints them all", shown.text)
    assert "too many for this page; --json prints it" in shown.text
    many = {f"{'<' * 90}{k}": [["'" * 99] * 12] * 99 for k in range(60)}
    assert "20 further tables are left out" in check_page(page({**DOCUMENT, "stats": many}, NOW)).text
    with pytest.raises(InputError, match="too much for a page"):
        page({**DOCUMENT, "notes": ["<" * 900] * 1_000}, NOW)


def test_the_same_question_reads_the_same(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    graph = tmp_path / "g.csv"
    graph.write_text("u,v,weight\na,b,1\nb,c,2\na,c,4\n")
    _, first, _ = answer_of(RECIPES["mst"], capsys, "--graph", str(graph), "--report", str(tmp_path / "a.html"))
    monkeypatch.chdir(tmp_path)
    _, second, _ = answer_of(RECIPES["mst"], capsys, "--plot=b.png", "--graph=g.csv", "--quiet")
    first["run"]["command"] = first["run"]["command"].replace("--graph ", "--graph=")
    assert without_seconds(first) == without_seconds(second)
    assert str(tmp_path) not in json.dumps(first)
    assert first["run"]["files"] == [["g.csv", hashlib.sha256(graph.read_bytes()).hexdigest()]]
    command = shlex.split(second["run"]["command"])
    assert command[:3] == ["python", "-m", "problems.mst"]
    _, again, _ = answer_of(RECIPES["mst"], capsys, *command[3:])
    assert without_seconds(again) == without_seconds(second)


def test_a_command_that_checks_it_is_told(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    from problems.check import main

    (tmp_path / "g.csv").write_text("u,v,weight\na,b,1\nb,c,2\na,c,4\n")
    monkeypatch.chdir(tmp_path)
    assert run(RECIPES["mst"], ["--graph", "g.csv", "--report", "r.html", "--quiet"]) == 0
    html = Path("r.html").read_text()
    [command] = re.findall(r"<pre>python -m problems\.check (.*)</pre>", html)
    Path("answer.json").write_text(json.dumps(embedded(html)))
    assert main(shlex.split(command)) == 0
    assert "proven" in capsys.readouterr().out


def test_a_folder_has_the_digest_that_sha256sum_gives(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.py").write_text("y = 2\n")
    (tmp_path / "a one.py").write_text("x = 1\n")
    (tmp_path / "link").symlink_to("a one.py")
    lines = "find . -type f -print0 | sed -z 's|^./||' | LC_ALL=C sort -z | sed -z 's|^|./|' | xargs -0 sha256sum"
    done = subprocess.run(
        ["bash", "-c", f"{lines} | sha256sum"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert digest(str(tmp_path)) == done.stdout.split()[0]
    assert digest("/dev/null") is None
    assert digest(str(tmp_path / "absent")) is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--report", "r.txt"], "--report r.txt"),
        (["--report", "absent/r.html"], "--report absent/r.html"),
        (["--report", "r.html", "--latex"], "without --report"),
        (["--report", "r.html", "--graph", "absent.gml"], "absent.gml"),
    ],
)
def test_what_cannot_be_reported_is_refused_in_a_line(
    tmp_path: Path, capsys: Any, monkeypatch: Any, arguments: list[str], named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.html").write_text("an earlier one")
    assert run(RECIPES["mst"], arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert named in err
    assert Path("r.html").read_text() == "an earlier one"
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_that_there_is_no_answer_is_reported_too(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "none.html"
    assert run(RECIPES["shortest_path"], ["--limit", "weight=1", "--report", str(path)]) == 2
    shown = check_page(path.read_text())
    assert "infeasible" in shown.text
    assert "There is no answer to show" in shown.text


def test_a_report_does_without_a_picture_that_cannot_be_drawn(tmp_path: Path) -> None:
    def fail() -> Any:
        raise InputError("there was no time to play; allow more")

    report, plot = tmp_path / "r.html", tmp_path / "p.png"
    options = argparse.Namespace(plot=None, report=str(report))
    draw(RECIPES["mst"], fail, DOCUMENT, options)
    assert "there was no time to play; allow more" in check_page(report.read_text()).text
    report.unlink()
    options.plot = str(plot)
    with pytest.raises(InputError, match="no time to play"):
        draw(RECIPES["mst"], fail, DOCUMENT, options)
    assert report.exists()
    assert not plot.exists()


def test_a_run_that_is_broken_off_says_that_there_is_no_report(capsys: Any) -> None:
    not_drawn(argparse.Namespace(plot="p\x1b.png", report="r.html"))
    said = capsys.readouterr().err.splitlines()
    assert said == [f"{name}: not written, as the run was broken off" for name in ("p\\x1b.png", "r.html")]


def test_an_answer_checked_again_has_a_report(tmp_path: Path, capsys: Any) -> None:
    _, answer, _ = answer_of(RECIPES["shortest_path"], capsys, "--quiet")
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    path = tmp_path / "r.html"
    arguments = ["--source", "Hamburg", "--target", "Munich", "--check", str(tmp_path / "answer.json")]
    assert run(RECIPES["shortest_path"], [*arguments, "--report", str(path)]) == 0
    assert "holds" in card(path.read_text())
    assert "proven: the path of weight 862" in check_page(path.read_text()).text
    answer["value"] = 861.0
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    assert run(RECIPES["shortest_path"], [*arguments, "--report", str(path)]) == 1
    assert "doubt" in card(path.read_text())
    assert "FAILS" in card(path.read_text())


@pytest.mark.parametrize(
    "content", ["", "[]", "{", "nonsense", "{}", '{"problem": 3}', '{"problem": "mst", "status": "optimal"}', "\xff"]
)
def test_what_is_no_answer_has_no_report(write: Write, capsys: Any, content: str) -> None:
    path = write("a.json", content.encode("latin-1"))
    assert later.main([str(path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("a.json: ")
    assert not path.with_suffix(".html").exists()


@pytest.mark.parametrize(
    "arguments", [["."], ["/"], ["absent.json"], ["a.html"], ["a\0b"], ["a.html", "--out", "a.doc"]]
)
def test_what_cannot_be_read_or_written_is_refused_in_a_line(
    write: Write, capsys: Any, monkeypatch: Any, arguments: list[str]
) -> None:
    path = write("a.html", json.dumps(DOCUMENT))
    monkeypatch.chdir(path.parent)
    assert later.main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert [file.name for file in path.parent.iterdir()] == ["a.html"]
    assert json.loads(path.read_text()) == DOCUMENT


def test_a_damaged_answer_is_shown_or_refused_and_never_runs() -> None:
    shown = 0
    for key in [*DOCUMENT, *(f"run.{key}" for key in DOCUMENT["run"]), "stats.history"]:
        for wrong in (None, 3, "<script>alert(1)</script>", ["<b>"], [["<b>", 1], [2]], {"<b>": "<i>"}, [{"x": [{}]}]):
            damaged = json.loads(json.dumps(DOCUMENT))
            *where, last = key.split(".")
            (damaged[where[0]] if where else damaged)[last] = wrong
            try:
                html = page(damaged, NOW)
            except InputError:
                continue
            check_page(html)
            shown += 1
    assert shown > 20


@pytest.mark.parametrize(
    ("latex", "there"),
    [
        (r"\text{a\_b <script>alert(1)</script> \& c}", "a_b&#160;&lt;script&gt;"),
        (r"A_{\text{limit &lt;b&gt;}}", "&lt;b&gt;"),
        (r"\href{javascript:alert(1)}{x}", "<mi>x</mi>"),
        ("x^", "<code>x^</code>"),
        (r"\log p", '<mi>log</mi><mspace width="0.17em" /><mi>p</mi>'),
        ("x" * 6_000, "<code>"),
    ],
)
def test_formulas_hold_nothing_but_maths(latex: str, there: str) -> None:
    found = str(mathml(latex)).replace("\xa0", "&#160;")
    assert there in found
    assert {tag for tag, _ in Page(found).tags}.isdisjoint({"script", "a", "b"})


def test_tables_hold_whatever_json_holds() -> None:
    [two] = tables("path", [["a", "b"], ["a", "c", "b"]], {"path": ("nodes",)})
    assert [[cell.text for cell in row] for row in two.rows] == [["1", "a, b"], ["2", "a, c, b"]]
    named = {"columns": ["x", "y"], "samples": [[1, 2], [3, 4]], "generator": "flow"}
    assert [list(table.headings) for table in tables("answer", named)] == [["", ""], ["x", "y"]]
    orders = {"rows": ["a", "b"], "columns": ["c", "d"]}
    assert [table.title for table in tables("answer", orders)] == ["rows", "columns"]
    assert [*tables("answer", None)] == [*tables("answer", [])] == []
    [huge] = tables("answer", [10**400, 1e308, -0.0, True])
    assert [row[1].number for row in huge.rows] == [True, True, True, False]
