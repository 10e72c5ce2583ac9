"""Text in whatever encoding: by its byte order mark, as UTF-8, as it declares itself, or as a guess that is said."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from problems.terminal.errors import InputError

MARKS = (  # longest first: UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
DECLARED = re.compile(  # PEP 263; XML 1.0, section 4.3.3; the meta element of HTML
    rb"\A(?:[^\n]*\n)?[^\n]*?coding[:=][ \t]*([-\w.]+)"
    rb"|\A\s*<\?xml[^>]*?encoding\s*=\s*[\"']([-\w.]+)"
    rb"|<meta[^>]*?charset\s*=\s*[\"']?([-\w.]+)"
)
DECLARED_WITHIN = 1024  # bytes
UTF16_ZEROS = 0.3  # share of the characters of UTF-16 without a mark that are below U+0100: of code, nearly all


def decode_any(data: bytes) -> tuple[str, str]:
    """The text, and the name of its encoding; raises InputError for bytes that are no text in any.

    >>> decode_any("Zürich".encode("utf-16"))
    ('Zürich', 'UTF-16')
    >>> decode_any("# coding: koi8-r\\n# Москва".encode("koi8-r"))[1]
    'koi8-r, as it declares'
    >>> decode_any("Zürich".encode("latin-1"))
    ('Zürich', 'windows-1252, which is a guess')
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            with suppress(UnicodeDecodeError):
                return data.decode("utf-8-sig" if encoding == "UTF-8" else encoding), encoding
    if b"\0" in data:
        return _without_mark(data), "UTF-16 without a byte order mark"
    declared = _declared(data)
    if declared is not None:
        with suppress(UnicodeError, ValueError):
            return data.decode(declared), f"{declared}, as it declares"
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8"), "UTF-8"
    with suppress(UnicodeDecodeError):
        return data.decode("windows-1252"), "windows-1252, which is a guess"
    return data.decode("latin-1"), "Latin-1, which is a guess"


def notes_on(encoding: str) -> list[str]:
    """What the user is told of an encoding by `decode_any`: nothing, unless it is a guess."""
    return [f"The text is read as {encoding}."] if "guess" in encoding else []


def _without_mark(data: bytes) -> str:
    """UTF-16 without a mark: one of its two bytes a character is mostly zero."""
    for zeros, encoding in ((data[1::2], "utf-16-le"), (data[::2], "utf-16-be")):
        if len(data) % 2 == 0 and zeros.count(0) > UTF16_ZEROS * len(zeros):
            with suppress(UnicodeDecodeError):
                text = data.decode(encoding)
                if "\0" not in text:
                    return text
    line = data.count(b"\n", 0, data.index(0)) + 1
    raise InputError(f"is not text: line {line} holds a NUL byte; save it as UTF-8 text")


def _declared(data: bytes) -> str | None:
    """The encoding that the text declares, if it is one that Python knows and other than UTF-8."""
    found = DECLARED.search(data[:DECLARED_WITHIN])
    name = next((group for group in found.groups() if group), b"").decode() if found else ""
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    return name if codec.name != "utf-8" and getattr(codec, "_is_text_encoding", False) else None
