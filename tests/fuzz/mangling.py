"""How texts and bytes are mangled, and words that have made readers stumble."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

WORDS = (
    "", "~", "null", "true", "-1", "0", "1", "2", "1e308", "-1e308", "1e-320", "1e400", ".nan", "nan", "NaN", ".inf",
    "-.inf", "inf", "9" * 30, "9" * 5000, "9223372036854775807", "9223372036854775808", "18446744073709551616", "012",
    "1:30", "0x7f", "0b11", "1_000", "1,5", "0.1.2", "--1", "2016-13-45", "2016-02-30", "0000-01-01", "0001-01-01",
    "9999-12-31", "2016-01-01T99:00:00", "2016-01-01T00:00:00+99:00", "2016-01-01 25:61:61", "now", "abc", "yes",
    "off",
    "[]", "{}", "[1, 2]", "[[[[1]]]]", "{a: 1}", "[" * 40 + "]" * 40, "[" * 3000, "{a: " * 60, "!!int abc", "!!int ''",
    "!!float ._", "!!bool abc", "!!timestamp x", "!!timestamp 2001-99-99", "!!binary aGVsbG8=", "!!str 5", "!x y",
    "!!python/name:os.system", "&a [*a]", "*nowhere", "'" + "a" * 300 + "'", "'" + "/a" * 2500 + "'", "/dev/zero",
    "../../../etc/passwd", "/", ".", "\"\\0\"", "\"\\e[31mred\"", "\"\\u202e\"", "'\u202e'", "\u00e9", "\x1b[2J",
    "\x00",
    "- 1", "a: b", "|", ">", "%", "@", "`", "[", "{", "\"", "'", "#", "?", "base.yaml", "smoke", "none", "bilayer",
    "constant", "own", "{residential: [1], commercial: [2], office: [3]}", "[0.1, 0.9]", "[0.9, 0.1]", "0.5", "1e-9",
)
BYTES = (b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\x00", b"\x1b[31m", b"\xc3\x28", b"\r\n", b"\t", b"\"", b"'", b",",
         b";", b"\n", b":", b"- ", b"NaT", b"nan", b"inf", b"-", b"1e308", b"9" * 400, b"x" * 200_000, b"{", b"}",
         b"[", b"]",
         b"\xe2\x80\xae", b"#", b"2016-13-45", b"0001-01-01T00:00:00", b"+99:00", b"1:30")
words = st.one_of(st.sampled_from(WORDS), st.integers(0, 30).map(str), st.floats(0, 1).map(repr),
                  st.integers(-(2**70), 2**70).map(str), st.floats().map(repr), st.text(max_size=12))
"""One value, as a user may write it."""


@st.composite
def mangled(draw: Any, base: bytes, most: int = 3) -> bytes:
    """The bytes with a few places changed, filled in, cut away or doubled."""
    content = bytearray(base)
    for _ in range(draw(st.one_of(st.just(1), st.integers(1, most)))):
        start = draw(st.integers(0, max(len(content) - 1, 0)))
        end = min(start + draw(st.sampled_from((1, 1, 2, 8, 60, 1000))), len(content))
        content[start:end] = draw(st.one_of(
            st.sampled_from(BYTES), st.integers(0, 99).map(lambda digits: str(digits).encode()),
            st.binary(max_size=4), st.just(b""), st.just(bytes(content[start:end]) * 2)))
    return bytes(content)


@st.composite
def with_other_cells(draw: Any, rows: Sequence[Sequence[str]], separators: Sequence[str] = (",", ";", "\t")) -> bytes:
    """A table of which a few cells hold other words, or rows other lengths."""
    cells = [list(row) for row in rows]
    for _ in range(draw(st.integers(1, 3))):
        row = draw(st.sampled_from(cells))
        place = draw(st.integers(0, len(row)))
        if place == len(row):
            row.append(draw(words))
        elif draw(st.integers(0, 5)):
            row[place] = draw(words)
        else:
            del row[place]
    separator = separators[draw(st.sampled_from((0, 0, 0, 1, 2)))]
    return "\n".join(separator.join(row) for row in cells).encode(errors="surrogatepass")
