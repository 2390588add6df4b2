"""The report of a study in a browser: no error, legends, the table's numbers, dark, narrow, printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.reporting.study.report import write_study_report
from tests.testbed.reporting.chromium import BINARY, Page, browser
from tests.testbed.reporting.studies import write_study
from tests.testbed.reporting.test_study import OWNERS, POINTS, SOCIETY, day

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not BINARY, reason="no Chromium on this machine")]


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Page]:
    folder = write_study(tmp_path / "study", POINTS, day, metrics=(SOCIETY, OWNERS, "carbon_t"))
    write_study_report(folder, tmp_path / "report.html")
    with browser() as page:
        page.open((tmp_path / "report.html").as_uri())
        page.value("drawAll()")
        yield page
        assert page.errors == []


def test_curves_are_drawn_hidden_saved_and_printed(shown: Page) -> None:
    names = shown.value("Object.keys(charts)")
    assert len(names) > 4
    assert shown.value("document.querySelectorAll('.plot .main-svg').length") >= len(names)
    chart = next(name for name in names if name.startswith(SOCIETY) and shown.value(
        f"charts['{name}'].data.some(t => t.name === 'bilayer')"))
    button = f"document.querySelector('.legend[data-plot=\"{chart}\"] button[data-name=\"bilayer\"]')"
    hidden = f"document.getElementById('{chart}').data.find(t => t.name === 'bilayer').visible"
    shown.value(f"{button}.click()")
    assert shown.value(f"[{hidden}, {button}.getAttribute('aria-pressed')]") == [False, "false"]
    # 40 % comply under the first tariff: 1,000 $ and 10 more, since control loses there
    rows = [line.split(",") for line in shown.value(f"csv(charts['{chart}'])").splitlines()]
    assert any(row[0].startswith("bilayer") and row[1] == "0.4" and float(row[2]) == pytest.approx(1010)
               for row in rows), rows
    assert shown.print_pages() > 2


@pytest.mark.parametrize("width_px", [390, 1400])
def test_the_page_is_dark_where_wished_and_never_wider_than_the_window(shown: Page, width_px: int) -> None:
    light = shown.value("getComputedStyle(document.body).backgroundColor")
    shown.value("document.getElementById('theme').click()")
    assert shown.value("getComputedStyle(document.body).backgroundColor") != light
    shown.call("Emulation.setDeviceMetricsOverride", width=width_px, height=900, deviceScaleFactor=1, mobile=False)
    shown.until(f"window.innerWidth === {width_px}")
    shown.until(f"document.documentElement.scrollWidth <= {width_px}")
