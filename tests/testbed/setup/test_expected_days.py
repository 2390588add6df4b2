"""Expected days are simulated once for each question, and again when anything that decides them changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import models
from models.drivers.plug_in_habit import PlugInHabit
from models.drivers.population import district_seed
from testbed.setup import expected_days
from testbed.setup.expected_days import ExpectedDays
from tests.models.mobility.test_expectation import INPUTS, SEED, SITE, assert_same

ONE_DAY = (1, 2_500, 24)


def sampled(folder, inputs=INPUTS, seed=SEED, question=ONE_DAY):
    return ExpectedDays(folder, inputs).sampled(seed, *question)


@pytest.mark.parametrize("ask", [
    lambda days: days.sampled(SEED, *ONE_DAY), lambda days: days.perfect(SEED, 1), lambda days: days.true(SEED, 1)])
def test_the_second_time_nothing_is_simulated(ask, tmp_path, monkeypatch):
    first = ask(ExpectedDays(tmp_path, INPUTS))
    assert [path.suffix for path in tmp_path.iterdir()] == [".kept"]
    for name in ("expected_sessions", "perfect_sessions", "true_sessions"):
        monkeypatch.setattr(expected_days, name, lambda *_, **__: pytest.fail("simulated although kept"))
    second = ask(ExpectedDays(tmp_path, INPUTS))
    assert_same(first, second)
    np.testing.assert_array_equal(first.vehicle, second.vehicle)


def test_any_other_input_is_another_file(tmp_path):
    others = (replace(INPUTS, fleet=replace(INPUTS.fleet, enrolled_share=0.9)),
              replace(INPUTS, site=replace(SITE, slow_ports=SITE.slow_ports + 1)),
              replace(INPUTS, drivers=replace(INPUTS.drivers, plug_in_probability=0.9)),
              replace(INPUTS, fleet=replace(INPUTS.fleet, habit=PlugInHabit())),
              replace(INPUTS, drivers=replace(INPUTS.drivers, habit=PlugInHabit(mean_soc=0.4))),
              replace(INPUTS, drivers=replace(INPUTS.drivers, habit=PlugInHabit(mean_soc=0.5))),
              replace(INPUTS, trips=replace(INPUTS.trips, trips="home")),
              replace(INPUTS, trips=replace(INPUTS.trips, office_share=0.1)), replace(INPUTS, step_s=1_800))
    for inputs in (INPUTS, *others):
        sampled(tmp_path, inputs)
    sampled(tmp_path, seed=district_seed(3, 0))
    sampled(tmp_path, question=(2, 2_500, 24))
    sampled(tmp_path, question=(1, 100, 24))
    sampled(tmp_path, question=(1, 2_500, 48))
    ExpectedDays(tmp_path, INPUTS).perfect(SEED, 1)
    assert len(list(tmp_path.iterdir())) == 1 + len(others) + 5


def test_the_key_covers_the_surveys_tables():
    """All other code that moves cars: tests/testbed/wiring/test_keys.py."""
    tables = Path(models.__file__).parent / "data" / "trips"
    assert len(list(tables.glob("*.csv"))) >= 4
    assert [table.name for table in tables.glob("*.csv") if table.read_bytes() not in expected_days.CODE] == []


def test_other_code_or_another_version_of_a_library_asks_anew(tmp_path, monkeypatch):
    sampled(tmp_path)
    monkeypatch.setattr(expected_days, "CODE", b"changed")
    sampled(tmp_path)
    monkeypatch.setattr("testbed.wiring.content_cache._version", lambda name: "0.0")
    sampled(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("factor", [0.0, 1.05])
def test_a_damaged_file_is_made_again(factor, tmp_path, capsys):
    """Cut short, or whole but for energies times 1.05 (an archive that reads well)."""
    first = sampled(tmp_path)
    (path,) = tmp_path.iterdir()
    raw = path.read_bytes()
    stays = replace(first, sessions=replace(first.sessions, energy_kwh=first.sessions.energy_kwh * factor))
    path.write_bytes(raw[:raw.index(b"\n") + 1] + expected_days._packed(stays) if factor else raw[:200])
    assert_same(first, sampled(tmp_path))
    assert_same(first, sampled(tmp_path))
    assert capsys.readouterr().err.splitlines() == [
        f"testbed: {path}: damaged entry of the cache (ValueError: its checksum does not fit its content); its answer "
        "is found anew"]
