"""The site builds without a warning, needs no network, and has what it should."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import testbed
from experiments.publishing.tables import ROOT
from experiments.site import staged
from experiments.site.navigation import source_pages
from experiments.site.staged import place_of
from tests.testbed.reporting import chromium

FETCHED = re.compile(r"""<(?:script|img|iframe|source)[^>]* src=["'](https?:)?//"""
                     r"""|<link[^>]*rel=["']stylesheet["'][^>]*href=["'](https?:)?//""")
"""What a browser would ask the network for."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    ended = subprocess.run([sys.executable, "-m", "experiments.site", "-o", str(folder)], cwd=ROOT, check=False,
                           capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


@pytest.mark.slow
def test_it_has_every_page_and_fetches_nothing(site: Path) -> None:
    places = [f"{place_of(page).removesuffix('.md')}.html" for page in source_pages()]
    assert [place for place in places if not (site / place).exists()] == []
    fetching = [file.name for file in site.rglob("*.html") if FETCHED.search(file.read_text(encoding="utf-8"))]
    assert fetching == []


@pytest.mark.slow
def test_links_within_it_lead_somewhere(site: Path) -> None:
    """Pages and anchors: MyST judges those that it makes, not those of pages it copies."""
    pages = {file: file.read_text(encoding="utf-8") for file in site.rglob("*.html")}
    anchors = {file: set(re.findall(r'\bid="([^"]+)"', text)) for file, text in pages.items()}
    lost = []
    for file, text in pages.items():
        for way in re.findall(r'<a [^>]*href="([^"]*)"', text):
            path, _, anchor = way.partition("#")
            if "://" in way or way.startswith("mailto:"):
                continue
            there = (file.parent / path).resolve() if path else file
            if not there.exists() or (anchor and there in anchors and anchor not in anchors[there]):
                lost.append(f"{file.relative_to(site)}: {way}")
    assert lost == []


@pytest.mark.slow
def test_the_search_and_the_reference_know_the_public_names(site: Path) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert "Search.setIndex(" in index[:100]
    known = json.loads(index[index.index("(") + 1: index.rindex(")")])
    assert {"cohort", "compli", "envelop"} <= set(known["terms"])
    text = (site / "api" / "python.html").read_text(encoding="utf-8")
    assert [name for name in testbed.__all__ if f'id="testbed.{name}"' not in text] == []
    assert 'id="controllers.port.FeederView"' in (site / "api" / "controllers.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_link_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    program = ("import sys\nfrom pathlib import Path\nfrom experiments.site import __main__ as site\n"
               "real = site.stage\n"
               "def stage(folder):\n"
               "    real(folder)\n"
               "    page = folder / 'docs' / 'faq.md'\n"
               "    page.write_text(page.read_text() + '\\n[gone](findings.md#gone)\\n')\n"
               "site.stage = stage\n"
               "sys.exit(site.build(Path(sys.argv[1])))")
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path / "site")], cwd=ROOT, check=False,
                           capture_output=True, text=True)
    assert ended.returncode != 0 and "gone" in ended.stderr


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(not chromium.BINARY, reason="there is no Chromium")
def test_the_search_works_from_files(site: Path) -> None:
    with chromium.browser() as page:
        page.call("Page.navigate", url=f"{(site / 'search.html').as_uri()}?q=cohort")
        links = "[...document.querySelectorAll('#search-results li a')]"  # they come one after the other
        page.until(f"{links}.some(link => link.href.includes('glossary.html'))")
        assert page.errors == []
        page.open((site / "docs" / "concepts.html").as_uri(), width_px=390)
        assert page.value("document.documentElement.scrollWidth <= 390"), "a telephone shows it"
        shown = "[...document.images].every(picture => picture.complete && picture.naturalWidth > 0)"
        assert page.value(shown) and page.errors == []


def test_docstrings_become_what_sphinx_reads() -> None:
    spec = importlib.util.spec_from_file_location("conf", Path(staged.__file__).parent / "conf.py")
    assert spec is not None and spec.loader is not None
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    lines = ["[H * Q] of `p_kw`, |a - b|, p_ and p_kw", "", ">>> run.p_", "'*'", "", "a_"]
    conf.as_restructured_text(None, "", "", None, None, lines)
    assert lines == [r"[H \* Q] of ``p_kw``, \|a - b\|, p\_ and p_kw", "", ">>> run.p_", "'*'", "", r"a\_"]
