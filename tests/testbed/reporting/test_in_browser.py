"""The report in a browser: no error, numbers of the file, toggles, export, dark, narrow, printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.network.sources.ieee33 import ieee33
from testbed.reporting.report import write_report
from testbed.results.reading import open_result
from tests.testbed.reporting.chromium import BINARY, Page, browser

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not BINARY, reason="no Chromium on this machine")]


@pytest.fixture
def shown(write_day: Any, tmp_path: Path) -> Iterator[tuple[Page, Path]]:
    """The open page of two runs, and the file of the second."""
    paths = [write_day("uncoordinated", 0), write_day("bilayer", 70)]
    write_report(paths, tmp_path / "r.html")
    with browser() as page:
        page.open((tmp_path / "r.html").as_uri())
        yield page, paths[1]
        assert page.errors == []


def test_the_page_is_drawn_hidden_saved_and_printed(shown: tuple[Page, Path]) -> None:
    page, _ = shown
    page.value("drawAll()")
    assert page.value("document.querySelectorAll('.plot .main-svg').length") > 10
    button = "document.querySelector('.legend[data-plot=\"load-0\"] button[data-name=\"bilayer\"]')"
    page.value(f"{button}.click()")
    hidden = "document.getElementById('load-0').data.find(t => t.name === 'bilayer').visible"
    assert page.value(f"[{hidden}, {button}.getAttribute('aria-pressed')]") == [False, "false"]
    page.value(f"{button}.click()")
    assert page.value(f"{hidden} !== false")
    table = page.value("csv(charts['load-0'])").splitlines()
    assert table[0] == "series,x,y,value" and any(line.startswith("bilayer,0,") for line in table)
    for kind in ("png", "svg"):
        picture = f"Plotly.toImage(document.getElementById('load-0'), {{format: '{kind}', width: 400, height: 300}})"
        assert page.value(picture).startswith(f"data:image/{kind}")
    assert page.print_pages() > 3


def test_dark_and_narrow_pages_stay_within_their_width(shown: tuple[Page, Path], tmp_path: Path) -> None:
    page, _ = shown
    light = page.value("getComputedStyle(document.body).backgroundColor")
    page.value("document.getElementById('theme').click()")
    assert page.value("getComputedStyle(document.body).backgroundColor") != light
    page.value("drawAll()")
    assert page.value("document.getElementById('load-0').layout.paper_bgcolor") == "#16191d"
    for width_px in (390, 1400):
        page.call("Emulation.setDeviceMetricsOverride", width=width_px, height=900, deviceScaleFactor=1, mobile=False)
        page.until(f"window.innerWidth === {width_px}")
        page.until(f"document.documentElement.scrollWidth <= {width_px}")  # charts follow the window in their own time
        page.picture(tmp_path / f"{width_px}.png")


@pytest.mark.parametrize("step", [3, 76])
def test_the_slider_shows_voltages_of_the_file(write_day: Any, tmp_path: Path, step: int) -> None:
    path = write_day("bilayer", 70, network=ieee33())
    write_report([write_day("uncoordinated", 0, network=ieee33()), path], tmp_path / "r.html")
    vm = open_result(path).district("feeder33", "vm_pu")[step]
    with browser() as page:
        page.open((tmp_path / "r.html").as_uri())
        page.value(f"(() => {{ const f = feeders[0]; f.part('first').value = 'bilayer'; f.part('second').value = ''; "
                   f"f.slider.value = {step}; f.show(); }})()")
        drawn = page.value("[...document.querySelectorAll('.feeder circle')].map(c => Number(c.dataset.value))")
        assert np.allclose(drawn, vm, atol=2.1e-5)
        lowest = page.value("document.querySelector('.feeder [data-part=told]').textContent")
        told = re.fullmatch(r"bilayer: lowest ([\d.]+) pu at bus (\d+)", lowest)
        assert told and float(told[1]) == pytest.approx(vm.min(), abs=8e-5) and int(told[2]) == np.argmin(vm) + 1
        tints = "[...document.querySelectorAll('.feeder circle')].map(c => c.getAttribute('fill'))"
        before = page.value(tints)
        page.value(f"(() => {{ const f = feeders[0]; f.slider.value = {(step + 40) % 96}; f.show(); }})()")
        assert page.value(tints) != before
        page.value("feeders[0].play()")
        moved = page.value("Number(feeders[0].slider.value)")
        page.until(f"Number(feeders[0].slider.value) !== {moved}")
        assert page.errors == []
