"""Texts and paths that users write: what can be a file at all, and what may be shown on a terminal."""

from __future__ import annotations

import re
from pathlib import Path

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that move a cursor, colour a screen, turn the reading direction or are none; not tab and newline."""
LONGEST_PATH, LONGEST_PART = 4000, 255
"""Bytes that file systems take in a path and in each of its names."""


def cleaned(text: str) -> str:
    """The text with control characters written out (`\\x1b`), so that showing it changes nothing but the text."""
    return CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def path_mistake(text: str) -> str:
    """Why no file can have this path; empty if one can."""
    if not text or CONTROL.search(text) or "\n" in text or "\t" in text:
        return "must be a path without control characters"
    parts = text.encode(errors="surrogateescape").split(b"/")
    if len(b"/".join(parts)) > LONGEST_PATH or max(map(len, parts)) > LONGEST_PART:
        return f"must be a path of at most {LONGEST_PATH} bytes, {LONGEST_PART} in each of its names"
    return ""


def is_file(path: Path) -> bool:
    """Whether there is a regular file, also for paths that no system call takes."""
    try:
        return not path_mistake(str(path)) and path.is_file()
    except (OSError, RuntimeError):
        return False
