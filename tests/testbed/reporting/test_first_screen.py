"""A reader of the first screen alone knows who wins, by how much, whether it is resolved, why, and what it hangs on."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.network.sources.ieee33 import ieee33
from testbed.reporting.feeder_view import SCALES, clock, every_step, feeder_data, packed
from testbed.reporting.first_screen import sparkline
from testbed.reporting.report import shown_runs, write_report
from testbed.results.reading import open_result
from testbed.wiring.failure import Failure

KEPT: list[str] = []
"""The screen, written once for all that read it."""


@pytest.fixture
def first(write_day: Any, tmp_path: Path) -> str:
    """Text of the first screen of two controllers under two seeds, and one that failed."""
    if KEPT:
        return KEPT[0]
    paths = [write_day(name, shift, seed) for name, shift in (("uncoordinated", 0), ("bilayer", 70)) for seed in (1, 2)]
    paths.append(write_day("temporal", 30, stop_after=40, status="failed",
                           failure=Failure("feeder", 36_000, "no power flow")))
    write_report(paths, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    screen = page[page.index('<section id="verdict">'):page.index("<nav>")]
    KEPT.append(html.unescape(re.sub(r"<[^>]+>", " ", screen)))
    return KEPT[0]


@pytest.mark.parametrize(("question", "answer"), [
    ("who wins for society?", r"Society pays least under \S+: [\d,.]+ \$, [\d,.]+ \$ less than under \S+, the next"),
    ("who wins for owners?", r"owners under \S+ \(-?[\d,.]+ \$, [\d,.]+ \$ less than under \S+\)"),
    ("is it resolved?", r"For society this is (not )?resolved: .*(95 % interval of 2 seeds|twice the gap)"),
    ("why?", r"the largest terms of the difference from \S+ are [a-z -]+ \([+-][\d,.]+ \$\) and"),
    ("what if every second driver refuses?", r"95 ?% of drivers are taken to comply, and what happens if every second "
     "driver refuses is not in this comparison"),
    ("on what does it hang?", r"It hangs most on the (price|cost|value) of|No price of one term alone"),
])
def test_the_first_screen_answers(first: str, question: str, answer: str) -> None:
    assert re.search(answer, " ".join(first.split())), question


def test_a_controller_that_failed_stands_there_as_failed(first: str) -> None:
    words = " ".join(first.split())
    assert "temporal, seed 1, failed and has no say: failed, 40 of 96 steps; feeder failed at day 1 10:00" in words
    assert re.search(r"temporal failed", words)


def test_pictures_are_there_before_any_script(write_day: Any, tmp_path: Path) -> None:
    write_report([write_day("uncoordinated", 0), write_day("bilayer", 70)], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    screen = page[page.index('<section id="verdict">'):page.index("<nav>")]
    assert screen.count('<div class="bars">') == 3 and screen.count('class="spark"') == 4
    assert '<span title="society_cost_usd_adjusted">total cost to society</span> [USD]' in screen


def test_a_sparkline_spans_its_box_and_leaves_out_what_is_missing() -> None:
    line = sparkline(np.array([1.0, np.nan, 3.0]), "#000000")
    assert 'd="M0.0 26.0 L120.0 2.0"' in line and "1 to 3" in line
    assert sparkline(np.array([np.nan]), "#000000") == ""


# ---------------------------------------------------------------- the feeder over time
def test_the_page_carries_the_voltages_of_the_file(write_day: Any) -> None:
    runs = shown_runs([open_result(write_day(name, 70, network=ieee33())) for name in ("uncoordinated", "bilayer")])
    data = feeder_data(runs, "feeder33")
    vm = runs[1].result.district("feeder33", "vm_pu")
    raw = np.frombuffer(base64.b64decode(data["runs"]["bilayer"]["values"]["happened"]), dtype="<u2")
    assert raw.reshape(vm.shape) * SCALES["voltage"]["unit"] == pytest.approx(vm, abs=2.1e-5)
    assert data["worst"] == int(np.argmin(vm.min(axis=1))) and data["clock"][data["worst"]].startswith("day 1, ")
    assert data["x"][0] == 0 and max(data["x"]) == 1 and len(set(data["x"])) > 20
    assert all(data["x"][i] > data["x"][p] for i, p in enumerate(data["parent"]) if p >= 0)
    assert len(feeder_data(runs, "feeder33", every=4)["clock"]) == 24


def test_numbers_beyond_the_scale_are_left_out_and_long_runs_thinned(write_day: Any,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.frombuffer(base64.b64decode(packed(np.array([[1.0, np.nan, 3.0, -1.0]]), "voltage")), dtype="<u2")
    assert whole.tolist() == [25000, 65535, 65535, 65535]
    assert clock(86_400 + 4500) == "day 2, 01:15"
    runs = shown_runs([open_result(write_day("bilayer", 70))])
    assert every_step(runs, ["feeder33"]) == 1
    monkeypatch.setattr("testbed.reporting.feeder_view.MOST_VALUES", 96 * 33 * 2)
    assert every_step(runs, ["feeder33"]) == 3
