"""`testbed new`: a folder that can be filled in and runs as it is; the page about it shows its very files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from testbed.auditing.of_runs import audited
from testbed.running import preflight
from testbed.running.one_run import run_scenario
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scenario.loading import load_scenario
from testbed.scripting.new_world import TEMPLATE, write_world
from testbed.setup.controller_loading import load_controller
from tests.testbed.cli_runs import call, files_in
from tests.testbed.small_run import shared_cache

PAGE = (Path(__file__).parents[3] / "docs" / "bring_your_own_data.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(csv|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TABLES = {file.name: file.read_text(encoding="utf-8") for file in sorted(TEMPLATE.glob("*.csv"))}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_folder_has_a_commented_scenario_and_every_table(folder: Path) -> None:
    done = call("new", "mine", "--from", "rts_day")
    assert done.exit_code == 0
    assert files_in(folder) == sorted(["mine", "mine/mine.yaml", *(f"mine/{name}" for name in TABLES)])
    text = (folder / "mine" / "mine.yaml").read_text(encoding="utf-8")
    assert "\nextends: rts_day\n" in text
    assert not re.search(r"\b(FOLDER|BASE|NAME|SCHEMA)\b", text)
    assert all(f"mine/{name}" in text for name in TABLES), "each table is read"
    assert text.count("#") > 20


@pytest.mark.parametrize(("arguments", "words"), [
    (("new", "mine", "--from", "nowhere"), "--from"), (("new", "9 lives"), "must be letters, digits"),
    (("new", "there"), "is there already"), (("new", "no/where/mine"), "is not there")])
def test_a_folder_that_cannot_be_made_is_refused_with_nothing_written(folder: Path, arguments: tuple[str, ...],
                                                                      words: str) -> None:
    (folder / "there").mkdir()
    done = call(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert files_in(folder) == ["there"]


def test_a_place_that_takes_no_files_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "_takes_files", lambda place: place != folder)
    done = call("new", "mine")
    assert done.exit_code == 2 and "cannot be written into" in done.stderr
    assert files_in(folder) == []


def test_a_folder_may_stand_in_one_of_any_name(folder: Path) -> None:
    (folder / "a: b, #1").mkdir()
    assert call("new", "a: b, #1/mine").exit_code == 0
    scenario = load_scenario(folder / "a: b, #1" / "mine" / "mine.yaml")
    assert scenario.system.units == "a: b, #1/mine/units.csv"
    assert scenario.districts[0].series.file == "a: b, #1/mine/series.csv"


def test_the_page_shows_the_files_as_they_are_written() -> None:
    # after the folder's own files come whole scenarios that stand for themselves
    shown = BLOCK.findall(PAGE.split("### A case of MATPOWER")[0])
    assert {text for kind, text in shown if kind == "csv"} == set(TABLES.values())
    template = (TEMPLATE / "scenario.yaml").read_text(encoding="utf-8")
    blocks = [text for kind, text in shown if kind == "yaml"]
    assert len(blocks) == 5
    assert [text for text in blocks if text not in template] == []


def test_mistakes_in_any_of_its_files_are_told_at_once(folder: Path) -> None:
    write_world("mine", "smoke")
    for name, old, new in (("units.csv", "nuclear,90,100", "nuclear,190,100"), ("load.csv", "152,41,0", "152,41,nan"),
                           ("prices.csv", "58,58", "58,cheap"), ("trips.csv", "3,weekdays,06:20", "3,weekdays,14:00"),
                           ("cars.csv", "B-2,bus", "B-2,tram"), ("series.csv", "bus 24 p_kw", "bus 99 p_kw")):
        file = folder / "mine" / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(WrongRequest) as refused:
        checked_scenario("mine/mine.yaml")
    told = str(refused.value)
    for name, words in {"units.csv": "row 1 (line 2)", "load.csv": "row 2 (line 3): column pv_mw",
                        "prices.csv": "row 2 (line 3): column discharge_per_mwh",
                        "trips.csv": "row 6 (line 7): column departure '14:05' on monday is before its car has ended",
                        "cars.csv": "row 8 (line 9): column class 'tram'", "series.csv": "bus 99"}.items():
        assert f"mine/{name}" in told
        assert words in told


@pytest.mark.slow
@pytest.mark.parametrize("base", ["smoke", "rts_day"])
def test_what_is_written_runs_and_passes_the_audit(folder: Path, base: str) -> None:
    write_world("mine", base)
    described = load_scenario("mine/mine.yaml", (f"execution.cache_dir={shared_cache(folder)}", "planning.horizon_h=30",
                                                 "spatial.look_ahead_h=7", "planning.mip_gap=0.005"))
    file = run_scenario(described, load_controller("bilayer"), seed=1, output=folder / "run.h5")
    assert audited(file).violations == ()
