"""What a study is: its mistakes, its cases, and the key of each."""

from pathlib import Path

import pytest

from testbed.running.preflight import WrongRequest
from testbed.scenario.files import at_home, named_files
from testbed.scenario.loading import load_scenario
from testbed.sweeping.study import Case, load_study
from testbed.sweeping.sweep import sweep_request
from tests.testbed.sweeping.test_sweep import DOCS, STUDY, write_study


def mistakes_of(tmp_path: Path, text: str) -> str:
    with pytest.raises(WrongRequest) as caught:
        sweep_request(str(write_study(tmp_path, text)), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    return "\n".join(caught.value.mistakes)


def test_all_mistakes_of_a_study_are_told_at_once(tmp_path: Path) -> None:
    told = mistakes_of(tmp_path, "scenario: smoke\ncontrollers: [uncoordinated, bylayer]\nmetrics: [beauty]\n"
                                 "grid:\n  system.reserve_fraction: [0.1, 2]\n  spatial.colour: [1]\n")
    for piece in ("did you mean bilayer", "beauty", "reserve_fraction", "spatial.colour"):
        assert piece in told


def test_mistakes_of_form_and_of_content_are_told_together(tmp_path: Path) -> None:
    told = mistakes_of(tmp_path, "scenario: smoke\ncontrollers: [bylayer]\nseeds: [-1]\nmetrics: [beauty]\ngrids: 1\n"
                                 "grid: {spatial.colour: [1]}\n").splitlines()
    for piece in ("did you mean bilayer", "beauty", "spatial.colour", "known: name", "or a list of them"):
        assert sum(piece in line for line in told) == 1, piece


@pytest.mark.parametrize(("text", "piece"), [
    ("controllers: [no_pev]\n", "scenario"),
    ("scenario: smoke\ncontrollers: []\n", "controllers"),
    ("scenario: smoke\ncontrollers: [no_pev]\nname: a b\n", "name = 'a b': must be letters, digits, _ . -"),
    ("scenario: smoke\ncontrollers: [no_pev]\nseeds: 0\n", "seeds = 0: must be how many (1 to 100,000), or a list"),
    ("scenario: smoke\ncontrollers: [no_pev]\ngrids: 1\n", "known: name"),
    ("scenario: smoke\ncontrollers: [no_pev]\ngrid: {seed: [1, 1]}\n", "twice"),
    ("scenario: smoke\ncontrollers: [no_pev, no_pev]\n", "2 times"),
    ("scenario: smoke\ncontrollers: [no_pev]\npoints: [{seed: 1}, {seed: 1}]\n", "twice"),
    ("scenario: smoke\ncontrollers: [no_pev]\npoints: [{}]\n", "names no key"),
])
def test_a_study_that_cannot_be_run_is_refused(tmp_path: Path, text: str, piece: str) -> None:
    assert piece in mistakes_of(tmp_path, text)


def test_cases_are_every_combination_once(tmp_path: Path) -> None:
    text = ("scenario: smoke\ncontrollers: [no_pev, uncoordinated]\nseeds: 3\n"
            "grid: {fleet.soc_min: [0.1, 0.2], tariff.table: [beijing2015, chengdu2023]}\n")
    cases = sweep_request(str(write_study(tmp_path, text)), tmp_path / "out").cases
    assert len(cases) == len({case.key for case in cases}) == 24
    assert {case.seed for case in cases} == {1, 2, 3}
    assert cases[0].point == ("0.1", '"beijing2015"') and '"soc_min":0.1' in cases[0].scenario_json


def test_all_mistakes_of_points_are_told_at_once(tmp_path: Path) -> None:
    told = mistakes_of(tmp_path, "scenario: smoke\ncontrollers: [no_pev]\ngrid: {seed: [1]}\npoints:\n"
                                 "- {seed: 1, fleet.soc_min: 3}\n- {fleet.soc_max: 0.9}\n"
                                 "- {seed: 1, fleet.soc_min: 0.1, spatial.colour: 2}\n")
    for piece in ("seed is a key of grid too", "soc_min = 3",
                  "points.1: must have the keys of points.0, seed, fleet.soc_min", "points.2"):
        assert piece in told


def test_points_are_taken_as_they_stand_and_a_grid_is_laid_over_each(tmp_path: Path) -> None:
    text = ("scenario: smoke\ncontrollers: [no_pev]\ngrid: {tariff.table: [beijing2015, chengdu2023]}\n"
            "points: [{fleet.soc_min: 0.1, fleet.soc_max: 0.95}, {fleet.soc_max: 0.9, fleet.soc_min: 0.2}]\n")
    sweep = sweep_request(str(write_study(tmp_path, text)), tmp_path / "out")
    assert sweep.study.axes == ("fleet.soc_min", "fleet.soc_max", "tariff.table")
    assert [case.point for case in sweep.cases] == [
        (*pair, tariff) for pair in (("0.1", "0.95"), ("0.2", "0.9")) for tariff in ('"beijing2015"', '"chengdu2023"')]
    assert '"soc_min":0.2' in sweep.cases[2].scenario_json and '"soc_max":0.9' in sweep.cases[2].scenario_json
    label = 'no_pev seed 1 fleet.soc_min=0.1 fleet.soc_max=0.95 tariff.table="beijing2015"'
    assert sweep.label(sweep.cases[0]) == label


def test_a_key_is_the_content_of_the_case(tmp_path: Path) -> None:
    def keys() -> set[str]:
        return {case.key for case in sweep_request(str(tmp_path / "study.yaml"), tmp_path / "out").cases}

    write_study(tmp_path)
    first = keys()
    study = (tmp_path / "study.yaml").read_text()
    (tmp_path / "study.yaml").write_text(f"name: other\ndescription: another\n{study}")
    assert keys() == first, "neither its name nor its description matters"
    (tmp_path / "mine.py").write_text((tmp_path / "mine.py").read_text() + "# changed\n")
    assert not keys() & first, "an own controller is its file's content"


def test_a_key_is_the_content_of_the_files_that_the_scenario_names(tmp_path: Path) -> None:
    series, text = tmp_path / "series.csv", STUDY.replace("{common}", "profiles.source: csv\n  {common}")
    series.write_text("\n".join(["load_mw,wind_mw,pv_mw", *["1000,50,0"] * 24]))
    write_study(tmp_path, text.replace("{common}", f"profiles.file: {series}\n  {{common}}"))

    def cases() -> tuple[Case, ...]:
        return sweep_request(str(tmp_path / "study.yaml"), tmp_path / "out").cases

    first = cases()
    assert cases() == first
    series.write_text(series.read_text().replace("1000", "1001", 1))
    assert not {case.key for case in cases()} & {case.key for case in first}


def test_paths_travel_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ["districts.0.feeder=nets/mine.json", "profiles.source=csv", "profiles.file=series.csv"]
    named = load_scenario("smoke", keys)
    monkeypatch.chdir(tmp_path)
    whole = at_home(named)
    assert whole.districts[0].feeder == str(tmp_path / "nets" / "mine.json")
    assert at_home(whole) == whole and named_files(whole) == (tmp_path / "series.csv", tmp_path / "nets" / "mine.json")
    workplace = load_scenario("workplace_replay")
    assert at_home(workplace) == workplace and named_files(workplace) == ()


def test_every_study_that_comes_along_is_valid() -> None:
    files = list((DOCS.parents[1] / "experiments" / "studies").glob("*.yaml"))
    assert files
    assert all(load_study(file.stem)[0].name == file.stem for file in files)
