"""Every behaviour of drivers acts as its record says, and a file of its own is all that a new one needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.drivers.behaviour import Behaviour, in_order
from models.drivers.behaviours import BEHAVIOURS, COMPLIED, REFUSALS, behaviour_names
from models.drivers.plug_in_habit import NEVER_SOC
from models.drivers.population import FleetParameters as Population
from models.drivers.population import district_seed, draw_vehicles
from models.drivers.telemetry import ReportedSoc
from models.drivers.willingness import STAYS_PER_DAY, DriverParameters, Drivers
from models.mobility.stays import NEVER_S, stay_times
from models.records.arrays import RecordError
from tests.models.fleet.fleet_case import cars, fleet_of, presence_of, run
from tests.testbed import small_run

PRIVATE = 0

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3600
each = pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=behaviour_names())
each_refusal = pytest.mark.parametrize("behaviour", REFUSALS, ids=[behaviour.name for behaviour in REFUSALS])


def test_codes_that_stand_in_results_stay_as_they_are() -> None:
    assert behaviour_names()[:10] == (
        "complied", "not_enrolled", "ignores", "overrides", "leaves_early", "arrives_late", "never_plugs_in",
        "telemetry_lost", "zone_out", "limited")


# ---------------------------------------------------------------- each acts as its record says
@each
def test_who_follows_does_as_told_and_others_charge_at_once(behaviour: Behaviour) -> None:
    step = run(fleet_of(cars()), -4.0, presence=presence_of(behaviour=behaviour.code))
    assert step.p_kw[0] == pytest.approx(-4 if behaviour.follows else 8)
    assert step.behaviour[0] == (COMPLIED if behaviour.follows else behaviour.code)


@each
def test_of_the_silent_nothing_is_heard_after_they_plugged_in(behaviour: Behaviour) -> None:
    heard = ReportedSoc(np.array([0.4])).step(np.array([0.6]), np.array([0.6]), presence_of(behaviour=behaviour.code))
    assert heard[0] == (0.4 if behaviour.is_silent else 0.6)


@each
def test_a_stay_is_moved_as_the_record_says(behaviour: Behaviour) -> None:
    """Half of a stay of eight hours is more than the longest shift of three."""
    begin_s, leaves_s, override_s = map(int, stay_times(HOUR, 9 * HOUR, behaviour.code, 0.5))
    assert begin_s == (2.5 * HOUR if behaviour.moves == "plug_in" else HOUR)
    assert leaves_s == (7.5 * HOUR if behaviour.moves == "departure" else 9 * HOUR)
    assert override_s == (5 * HOUR if behaviour.moves == "obedience" else NEVER_S)


@each_refusal
def test_it_is_drawn_by_its_weight_and_plugs_in_as_the_record_says(behaviour: Behaviour) -> None:
    vehicles = draw_vehicles(Population(private=30, taxi=5, government=0), district_seed(3, 0))
    drivers = Drivers(vehicles, district_seed(3, 0), DriverParameters(compliance_mean=0.0, modes={behaviour.name: 2.0}))
    drawn = drivers.day(0, np.zeros((vehicles.count, STAYS_PER_DAY), dtype=np.int64))
    private = vehicles.class_index == PRIVATE
    assert np.all(drawn.behaviour[private, :4] == behaviour.code)
    assert np.all((drawn.plug_in_soc[private, :4] > NEVER_SOC) == behaviour.plugs_in)
    assert np.all(drawn.plug_in_soc[~private, :] > NEVER_SOC), "a taxi lives on charging"


@each_refusal
def test_its_weight_is_a_key_of_the_scenario(behaviour: Behaviour, tmp_path: Path) -> None:
    scenario = small_run.scenario(f"drivers.modes.{behaviour.name}=7", cache_dir=tmp_path)
    assert scenario.drivers.modes.model_dump()[behaviour.name] == 7
    assert small_run.scenario(cache_dir=tmp_path).drivers.modes.model_dump()[behaviour.name] == behaviour.weight


# ---------------------------------------------------------------- what a record and the registry refuse
@pytest.mark.parametrize(("changes", "message"), [
    ({"what": ""}, "what is empty"), ({"weight": None}, "weight=None with drawn='by weight'"),
    ({"weight": -1.0}, r"weight=-1 is below 0"), ({"moves": "house"}, "moves='house' is none of nothing, plug_in"),
    ({"moves": "obedience", "follows": False}, "for those that follow"), ({"drawn": "at will"}, "drawn='at will'")])
def test_a_record_that_contradicts_itself_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(RecordError, match=f"behaviour ignores: .*{message}"):
        replace(BEHAVIOURS[2], **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("code", "name", "message"), [
    (1, "naps", "naps has code 1, the place for 2 is taken twice|not_enrolled has code 1"),
    (len(BEHAVIOURS) + 1, "naps", f"naps has code {len(BEHAVIOURS) + 1}, the place for {len(BEHAVIOURS)} is empty"),
    (len(BEHAVIOURS), "ignores", "name ignores is taken twice")])
def test_a_code_or_name_taken_twice_or_left_out_is_refused(code: int, name: str, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        in_order([*BEHAVIOURS, replace(BEHAVIOURS[2], code=code, name=name)])


# ---------------------------------------------------------------- a new one is one file
NEW = f'''"""Follows until it leaves early, and is not heard of."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(code={len(BEHAVIOURS)}, name="slips_away", what="leaves early, unheard", ocpp="offline",
                      openadr="no report", weight=0.0, is_silent=True, moves="departure")
'''
PROGRAM = """
import sys
from pathlib import Path
from testbed.cli.doc_rows import kind_table
from testbed.results.reading import open_result
from tests.testbed import small_run
print(kind_table("behaviours").splitlines()[-1])
print(kind_table("protocols").splitlines()[-1])
others = ("ignores", "overrides", "leaves_early", "arrives_late", "never_plugs_in")
zero = [f"drivers.modes.{name}=0" for name in others]
path = small_run.run(Path(sys.argv[1]), "drivers.compliance_mean=0", "drivers.modes.slips_away=1", *zero,
                     cache_dir=sys.argv[1])
result = open_result(path)
counts = sum(result.district(name, "refusals").sum(axis=0) for name in result.districts)
print(result.status, counts[-1] > 0, counts[2:-1].sum() - counts[-2] == 0)
"""


@pytest.mark.slow
def test_a_new_way_of_refusing_is_one_file(tmp_path: Path) -> None:
    """Beside a copy of the models: it is listed, documented, drawn, and counted in a run's result."""
    for package in ("models", "controllers", "testbed", "audit", "tests", "experiments/scenarios"):
        ignored = shutil.ignore_patterns("__pycache__", "*.png")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    (tmp_path / "models/drivers/behaviours/slips_away.py").write_text(NEW, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def said(*arguments: str) -> list[str]:
        done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, check=True,
                              capture_output=True, text=True)
        return done.stdout.splitlines()

    listed = said("-m", "testbed", "list", "drivers")[-1]
    assert " ".join(listed.split()) == "slips_away leaves early, unheard; by weight, usually 0"
    assert said("-c", PROGRAM, str(tmp_path)) == [
        "| `slips_away` | leaves early, unheard | by weight, usually 0 |", "| `slips_away` | offline | no report |",
        "completed True True"]
