"""Links of pages hold on the site, and nothing else of a page is changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiments.publishing.tables import ROOT
from experiments.site.navigation import source_pages
from experiments.site.staged import FENCED, LINK, linked, navigation_text, place_of

PAGES = [page for page in source_pages() if page.endswith(".md")]


@pytest.mark.parametrize(("page", "text", "staged", "copied"), [
    ("docs/README.md", "[start](../README.md#how-to-cite)", "[start](../index.md#how-to-cite)", []),
    ("README.md", "[a day](notebooks/first_day.ipynb)", "[a day](notebooks/first_day.md)", []),
    ("notebooks/first_day.ipynb", "[next](own_controller.ipynb)", "[next](own_controller.md)", []),
    ("notebooks/first_day.ipynb", "[it](first_day.ipynb)", "[it](<path:first_day.ipynb>)",
     ["notebooks/first_day.ipynb"]),
    ("docs/README.md", "in [data](data/) too", "in data too", []),
    ("README.md", "[BSD](LICENSE)", "[BSD](<path:LICENSE>)", ["LICENSE"]),
    ("README.md", "![parts](docs/overview.svg)", "![parts](docs/overview.svg)", ["docs/overview.svg"]),
    ("docs/faq.md", "[here](#speed), [there](https://a.b/c.md)", "[here](#speed), [there](https://a.b/c.md)", []),
    ("README.md", "```\n[start](README.md)\n```", "```\n[start](README.md)\n```", []),
])
def test_links_lead_to_places_of_the_site(page: str, text: str, staged: str, copied: list[str]) -> None:
    files: list[Path] = []
    assert linked(text, page, files.append) == staged
    assert [file.relative_to(ROOT).as_posix() for file in files] == copied


def test_every_link_between_pages_leads_to_a_page_of_the_site() -> None:
    places = {place_of(page) for page in source_pages()}
    for page in PAGES:
        text = linked((ROOT / page).read_text(encoding="utf-8"), page, lambda _: None)
        home = (ROOT / place_of(page)).parent
        prose = "".join(FENCED.split(text)[::2])
        ways = [link["to"].partition("#")[0] for link in LINK.finditer(prose) if not link["picture"]]
        lost = [way for way in ways if way.endswith(".md") and "://" not in way
                and (home / way).resolve().relative_to(ROOT).as_posix() not in places]
        assert lost == [], page


def test_the_tree_names_every_place() -> None:
    named = set(re.findall(r"^/(\S+)$", navigation_text(), re.MULTILINE))
    assert {place_of(page).removesuffix(".md") for page in source_pages()} - named == {"index"}
