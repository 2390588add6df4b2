"""Pages laid out for Sphinx in a folder of their own, at the places that they have in the project."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from experiments.publishing.tables import ROOT
from experiments.site.navigation import HOME, sections, source_pages
from experiments.site.reference import REFERENCES, page_text
from experiments.site.tutorials import page_of

FENCED = re.compile(r"(^[ ]*```.*?^[ ]*```[^\n]*$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<to>[^)\s]+)\)")
INDEX = "index.md"
NOTEBOOK = ".ipynb"


def stage(folder: Path) -> None:
    """Write all pages and what they show or link to below a folder, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    for page in source_pages():
        path = ROOT / page
        if path.suffix == NOTEBOOK:
            shown = page_of(path)
            text = shown.text
            for name, picture in shown.pictures.items():
                _write(folder / path.parent.relative_to(ROOT) / name, picture)
        else:
            text = path.read_text(encoding="utf-8")
        _write(folder / place_of(page), linked(text, page, lambda file: _copy(file, folder)).encode())
    for page, reference in REFERENCES.items():
        _write(folder / page, page_text(reference).encode())
    index = folder / INDEX
    _write(index, (index.read_text(encoding="utf-8") + navigation_text()).encode())


def place_of(page: str) -> str:
    """Where a page stands on the site."""
    return INDEX if page == HOME else page.removesuffix(NOTEBOOK) + ".md" if page.endswith(NOTEBOOK) else page


def linked(text: str, page: str, copy: Callable[[Path], None]) -> str:
    """The text with links that hold on the site: to pages at their places, to other files as downloads, which are given
    to `copy`; a link to a folder keeps its words alone."""
    parts = FENCED.split(text)
    own = (ROOT / page).parent

    def target(link: re.Match[str]) -> str:
        way, mark, anchor = link["to"].partition("#")
        if not way or "://" in way or way.startswith("mailto:") or not (own / way).exists():
            return link[0]
        path = (own / way).resolve()
        if path.is_dir():
            return link["text"]
        name = path.relative_to(ROOT).as_posix()
        if name not in source_pages() or (path.suffix == NOTEBOOK and name == page):
            copy(path)
            return link[0] if link["picture"] else f"[{link['text']}](<path:{way}>)"
        return f"[{link['text']}]({_way(place_of(name), place_of(page))}{mark}{anchor})"

    return "".join(part if place % 2 else LINK.sub(target, part) for place, part in enumerate(parts))


def navigation_text() -> str:
    """The site's tree, below its first page."""
    trees = ["\n".join(["```{toctree}", f":caption: {section.title}", ":hidden:", "", *(
        f"/{place_of(page).rpartition('.')[0]}" for page in section.pages), "```"]) for section in sections()]
    return "\n\n" + "\n\n".join(trees) + "\n"


def _way(place: str, page: str) -> str:
    return Path(os.path.relpath(place, Path(page).parent)).as_posix()


def _copy(file: Path, folder: Path) -> None:
    _write(folder / file.relative_to(ROOT), file.read_bytes())


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
