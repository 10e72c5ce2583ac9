"""What people hand in: folders, archives, names and encodings of all kinds; nothing is dropped without a word."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from problems.io import archives, submissions
from problems.io.encodings import decode_any
from problems.io.submissions import read_submissions
from problems.studies.code_similarity import similarity_of
from problems.terminal.errors import InputError

TEXT = 'def größte(zahlen):\n    """Die größte."""\n    return max(zahlen, default="ä")\n'


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def tarred(files: Mapping[str, str | bytes], link: str = "") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member, data = tarfile.TarInfo(name), content.encode() if isinstance(content, str) else content
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        if link:
            member = tarfile.TarInfo(link)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(member)
    return packed.getvalue()


def wrote(folder: Path, files: Mapping[str, str | bytes]) -> str:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder)


def names(path: str) -> list[str]:
    return [submission.name for submission in read_submissions(path)[0]]


# Encodings


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-16-le", "UTF-16 without a byte order mark"),
        ("utf-16-be", "UTF-16 without a byte order mark"),
        ("latin-1", "windows-1252, which is a guess"),
        ("cp1252", "windows-1252, which is a guess"),
    ],
)
def test_text_in_any_encoding_is_read(encoding: str, said: str) -> None:
    assert decode_any(TEXT.encode(encoding)) == (TEXT, said)


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("# -*- coding: koi8-r -*-\n", "koi8-r"),
        ("#!/usr/bin/python\n# vim: set fileencoding=shift_jis :\n", "shift_jis"),
        ('<?xml version="1.0" encoding="iso-8859-5"?>\n', "iso-8859-5"),
        ('<html><head>\n<title>x</title>\n<meta charset="cp1251">\n', "cp1251"),
    ],
)
def test_text_is_read_as_it_declares(head: str, encoding: str) -> None:
    text = head + "Москва = 1\n"
    assert decode_any(text.encode(encoding)) == (text, f"{encoding}, as it declares")


@pytest.mark.parametrize("declared", ["utf-8", "ascii", "no-such", "hex", "rot13", "a" * 500, "\x1b"])
def test_what_is_declared_wrongly_does_not_matter(declared: str) -> None:
    text = f"# coding: {declared}\nx = 'ä'\n"
    assert decode_any(text.encode()) == (text, "UTF-8")


@given(st.binary(max_size=80))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        text, encoding = decode_any(data)
    except InputError as error:
        message = str(error)
    else:
        message = encoding
        assert text is not None
    assert message.isprintable()


# Folders and archives


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
def test_an_archive_is_a_submission_and_may_hold_them_all(tmp_path: Path, suffix: str) -> None:
    def pack(files: Mapping[str, str | bytes]) -> bytes:
        if suffix == "zip":
            return zipped(files)
        squeeze = {"gz": gzip.compress, "tgz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
        return squeeze.get(suffix.split(".")[-1], bytes)(tarred(files, f"{next(iter(files)).split('/')[0]}/link.py"))

    ana, ben = pack({"src/main.py": TEXT, "src/x.py": "1"}), zipped({"main.py": TEXT})
    read, _ = read_submissions(wrote(tmp_path, {f"ana.{suffix}": ana, "ben.zip": ben}))
    assert [submission.name for submission in read] == [f"ana.{suffix}", "ben.zip"]
    assert read[0].files == {f"ana.{suffix}/src/main.py": TEXT.encode(), f"ana.{suffix}/src/x.py": b"1"}
    if suffix != "zip":
        assert "link" in read[0].unread[f"ana.{suffix}/src/link.py"]
    whole = tmp_path / f"all.{suffix}"
    whole.write_bytes(pack({f"c/ana.{suffix}": ana, "c/ben.zip": ben, "__MACOSX/c/._ben.zip": b"\0"}))
    assert {f"ana.{suffix}", "ben.zip"} <= set(names(str(whole))) <= {f"ana.{suffix}", "ben.zip", "link.py", "__MACOSX"}


def test_no_name_leads_out_of_an_archive_or_is_lost(tmp_path: Path) -> None:
    escaping = ["../../a.py", "/a.py", "a.py", "./a.py", "..\\a.py"]
    read, _ = read_submissions(wrote(tmp_path, {"x.zip": zipped(dict.fromkeys(escaping, TEXT)), "y.py": TEXT}))
    assert len(read[0].files) == 5
    assert all(".." not in path for path in read[0].files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.zip", "y.py"]


def test_bombs_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(submissions, "MAX_ARCHIVE", 4 << 20)
    many = zipped({f"{k}.py": b"x" * (1 << 20) for k in range(6)})
    files = {
        "big.zip": zipped({"a.py": b"0" * (2 << 20), "b.py": TEXT}),
        "many.zip": many,
        "tar.tgz": gzip.compress(tarred({"a.py": b"0" * (5 << 20)})),
        "deep.zip": zipped({"1.zip": zipped({"2.zip": zipped({"3.zip": zipped({"a.py": TEXT})})})}),
        "broken.zip": many[:1000],
        "locked.7z": b"7z",
    }
    read = {submission.name: submission for submission in read_submissions(wrote(tmp_path, files))[0]}
    assert read["big.zip"].unread == {"big.zip/a.py": "holds more than 1 MB"}
    assert list(read["big.zip"].files) == ["big.zip/b.py"]
    assert "unpacks to more than 4 MB" in read["many.zip"].unread["many.zip"]
    assert "unpacks to more than 4 MB" in read["tar.tgz"].unread["tar.tgz"]
    assert f"within {archives.MAX_DEPTH} others" in next(iter(read["deep.zip"].unread.values()))
    assert "pack it again" in read["broken.zip"].unread["broken.zip"]
    assert "cannot be opened here" in read["locked.7z"].unread["locked.7z"]


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.py": TEXT}))
    for mark in (b"PK\1\2", b"PK\3\4"):  # sets the flag of encryption in both headers
        data[data.index(mark) + (8 if mark == b"PK\1\2" else 6)] |= 1
    read, _ = read_submissions(wrote(tmp_path, {"a.zip": bytes(data), "b.py": TEXT}))
    assert "encrypted" in read[0].unread["a.zip/a.py"]


@given(st.binary(max_size=200), st.sampled_from(["zip", "tar"]), st.booleans())
def test_any_bytes_are_an_archive_or_refused(data: bytes, kind: archives.Packing, headed: bool) -> None:
    whole = zipped({"a": TEXT}) if kind == "zip" else tarred({"a": TEXT})
    try:
        found = list(archives.members(whole[: 200 * headed] + data, kind, 1000, 10_000))
    except InputError as error:
        found, message = [], str(error)
        assert message.isprintable()
    assert all(parts for parts, _ in found)


# Names


def test_files_of_one_person_in_moodle_are_one_submission(tmp_path: Path) -> None:
    flat = {
        "Anna Müller_101_assignsubmission_file_main.py": TEXT,
        "Anna Müller_101_assignsubmission_file_util.py": TEXT,
        "Ben_102_assignsubmission_file_main.py": TEXT,
        "Ben_103_assignsubmission_file_/main.py": TEXT,
        "Ben_103_assignsubmission_onlinetext_/onlinetext.html": "<p>done</p>",
        "Cem_104_assignsubmission_file_/nested/deeper/main.py": TEXT,
    }
    read, _ = read_submissions(wrote(tmp_path, flat))
    assert [submission.name for submission in read] == [
        "Anna Müller_101",
        "Ben_102_assignsubmission_file_main.py",
        "Ben_103",
        "Cem_104_assignsubmission_file_",
    ]
    assert [len(submission.files) for submission in read] == [2, 1, 2, 1]


def test_names_that_look_the_same_are_two_items(tmp_path: Path) -> None:
    alike = ["a.py", "a\u200b.py", "a\\u200b.py", "\u00e9.py", "e\u0301.py", "=1+1.py", " a.py", "a.py "]
    files = dict.fromkeys(alike, TEXT)
    assert sorted(names(wrote(tmp_path, files))) == sorted(alike)


def test_a_name_that_is_no_text_is_kept(tmp_path: Path) -> None:
    try:
        (tmp_path / "\udcff.py").write_text(TEXT)
    except (OSError, UnicodeError):
        pytest.skip("no such names here")
    wrote(tmp_path, {"b.py": TEXT})
    assert names(str(tmp_path)) == ["b.py", "\udcff.py"]


def test_a_folder_in_a_folder_stands_for_it(tmp_path: Path) -> None:
    folder = wrote(tmp_path, {"all/in/a.py": TEXT, "all/in/b/c.py": TEXT, ".DS_Store": b"\0"})
    read, notes = read_submissions(folder)
    assert [submission.name for submission in read] == [".DS_Store", "a.py", "b"]
    assert read[0].unread == {".DS_Store": submissions.HIDDEN}
    assert notes == ["All is within all/in: what that holds are the submissions."]


def test_packages_and_what_programs_generate_are_not_a_students_and_are_named(tmp_path: Path) -> None:
    parts = ["node_modules/x/index.js", "venv/lib/site-packages/y.py", "__pycache__/a.pyc", ".git/HEAD", "src/main.py"]
    read, _ = read_submissions(wrote(tmp_path, {f"{who}/{part}": TEXT for who in ("ana", "ben") for part in parts}))
    for submission in read:
        assert list(submission.files) == [f"{submission.name}/src/main.py"]
        assert submission.unread == {
            f"{submission.name}/{part.split('/')[0]}": submissions.HIDDEN for part in parts[:-1]
        }


def test_names_for_a_reader_stay_apart() -> None:
    same = ["Ana_7_assignsubmission_file_", "Ana_7_assignsubmission_onlinetext_"]
    assert submissions.people(same) == same
    assert submissions.people([same[0], "b_1_assignsubmission_file_x.py"]) == [
        "Ana_7",
        "b_1_assignsubmission_file_x.py",
    ]


# What is in them

ESSAY = (
    "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a "
    "wife, as everybody in the neighbourhood has always said to everybody else."
)
LOOP = "total = 0\nfor number in [1, 2, 3]:\n    if number > 2:\n        total += number * number\nprint(total)\n"
SAME = LOOP.replace("total", "s").replace("number", "n")
JAVA = "class A { static int f(int[] a) { int s = 0; for (int x : a) { s += x * x; } return s; } }\n"


def notebook(cells: list[str], **about: object) -> str:
    listed = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    prose = {"cell_type": "markdown", "source": ["# Title\n", "for all of you"]}
    return json.dumps({"cells": [prose, *listed], "metadata": {"language_info": about}, "nbformat": 4})


def test_notebooks_text_files_and_several_languages_are_compared(tmp_path: Path) -> None:
    files = {
        "a.py": LOOP,
        "b.ipynb": notebook([LOOP], file_extension=".py"),
        "c.txt": SAME,
        "d": SAME,
        "e.java": JAVA,
        "f.txt": JAVA.replace(" s ", " sum ").replace("return s", "return sum"),
        "g.ipynb": json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": LOOP}]}], "nbformat": 3}),
        "h.txt": f"{ESSAY} However little known the feelings of such a man may be on first entering a neighbourhood.",
        "i.txt": f"{ESSAY} Nobody minds having what is too good for them; and it is not everyone who has it at all.",
    }
    found = similarity_of(wrote(tmp_path, files))
    assert found.items == list(files)
    of = {name: found.matrix[0, k] for k, name in enumerate(found.items)}
    assert [of[name] for name in ("b.ipynb", "c.txt", "d", "g.ipynb")] == [1, 1, 1, 1]
    assert [of[name] for name in ("e.java", "f.txt", "h.txt", "i.txt")] == [0, 0, 0, 0]
    assert found.matrix[4, 5] == 1
    assert 0.3 < found.matrix[7, 8] < 1
    assert "Read as Python, which is a guess: c.txt, d." in found.notes
    assert "Read as Java, which is a guess: f.txt." in found.notes
    assert "Read as prose, which is a guess: h.txt, i.txt." in found.notes
    assert found.comparable[0, 1]
    assert not found.comparable[0, 4]


def test_copies_in_other_encodings_are_found_and_the_encodings_said(tmp_path: Path) -> None:
    text = "# Grüße\n" + LOOP
    encoded = {f"{k}.py": text.encode(e) for k, e in enumerate(("utf-8", "latin-1", "utf-16", "utf-8-sig", "cp1252"))}
    found = similarity_of(
        wrote(tmp_path, {**encoded, "crlf.py": text.replace("\n", "\r\n"), "cr.py": text.replace("\n", "\r")})
    )
    assert (found.matrix == 1).all()
    assert found.notes == ("Read as windows-1252, which is a guess: 1.py, 4.py.", "Read as UTF-16: 2.py.")
