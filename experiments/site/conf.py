"""What Sphinx is told (docs/decisions/0052-documentation-site.md)."""

from __future__ import annotations

import re
from typing import Any

from pygments.lexers.special import TextLexer

project = "V2G testbed"
author = "the authors of the V2G testbed"
html_title = "V2G testbed"
root_doc = "index"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
highlight_language = "none"
# Other Markdown that a page links to is a download.
include_patterns = ["*.md", "api/**", "docs/**", "models/**", "notebooks/**"]

# The anchors that GitHub makes, so that a link holds in both places.
myst_heading_anchors = 6
myst_enable_extensions: list[str] = []

autodoc_member_order = "bysource"
autodoc_typehints = "signature"

html_theme = "furo"
html_static_path = ["assets"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
# Summaries in search results are fetched, which a browser refuses to pages that are files.
html_show_search_summary = False

LITERAL = re.compile(r"(`[^`]+`)")
DOCTEST = ">>>"


def setup(app: Any) -> None:
    """Words of ours for Sphinx: docstrings are plain text in which backticks mark code."""
    app.add_lexer("csv", TextLexer)
    app.connect("autodoc-process-docstring", as_restructured_text)


def as_restructured_text(_app: Any, _what: str, _name: str, _thing: object, _options: object, lines: list[str]) -> None:
    """The lines of a docstring, changed in place; examples stay as they are."""
    is_example = False
    for place, line in enumerate(lines):
        is_example = line.lstrip().startswith(DOCTEST) or (is_example and bool(line.strip()))
        if not is_example:
            lines[place] = plain_line(line)


def plain_line(line: str) -> str:
    """Code between double backticks; no other sign means anything."""
    parts = LITERAL.split(line)
    return "".join(f"`{part}`" if place % 2 else re.sub(r"([*|\\])|_(?=\W|$)", lambda sign: f"\\{sign[0]}", part)
                   for place, part in enumerate(parts))
