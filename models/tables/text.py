"""From the bytes of a user's table to its text."""

from __future__ import annotations

import codecs
from pathlib import Path

from models.tables.content import content_of
from models.tables.mistakes import Mistakes

MOST_BYTES = 32_000_000
"""Of text: a year of minutes has half of it. More is refused rather than read for minutes."""
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""Byte order marks: they say the encoding."""
EITHER = ("utf-8", "windows-1252")
"""Tried in this order. The second, which holds Latin-1, can change no number: digits are the same in both."""

ADVICE = "save it as CSV in UTF-8, or declare its encoding"


def read_text(file: Path, encoding: str | None, mistakes: Mistakes) -> tuple[str, str]:
    """(text, encoding) of a file, gzipped where its name ends in .gz; TableError where it is no text."""
    content = _content(file, mistakes)
    mark = next((mark for mark in MARKS if content.startswith(mark)), None)
    tried = (MARKS[mark],) if mark else (encoding,) if encoding else EITHER
    for name in tried:
        try:
            text = content.decode(name)
        except UnicodeError as error:
            last = error
            continue
        if "\0" in text:
            mistakes.add(f"is no text in {name}, as it holds NUL characters; {ADVICE}")
            mistakes.refuse()
        return text, name.removesuffix("-sig")
    mistakes.add(f"is no text in {' or '.join(tried)} ({last}); {ADVICE}")
    mistakes.refuse()
    raise AssertionError("a mistake is refused")


def _content(file: Path, mistakes: Mistakes) -> bytes:
    try:
        return content_of(file, MOST_BYTES)
    except ValueError as error:
        mistakes.add(str(error))
    mistakes.refuse()
    raise AssertionError("a mistake is refused")
