"""Whole runs with zones of any name and number: equal to the usual three under other names, and judged by the audit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from testbed.auditing.of_runs import audited
from testbed.owners.statements import zone_sums
from testbed.reporting.drawn_runs import Run
from testbed.reporting.figures.cars import by_zone
from testbed.results.equality import equal_results
from testbed.results.reading import open_result
from testbed.running.one_run import run_scenario
from testbed.scenario.loading import load_scenario
from testbed.setup.controller_loading import load_controller
from tests.testbed.small_run import HOURLY, shared_cache

TRIPS = """car,days,departure,arrival,zone,distance_km
1,daily,07:00,08:00,{away},22
1,daily,16:00,17:00,{home},22
2,daily,08:30,09:00,{away},12
2,daily,12:00,12:30,{third},9
2,daily,18:00,19:00,{home},21
"""
TOWN = """
extends: smoke
name: town
fleet:
  zones: [{home}, {third}, {away}{more_zones}]
  charger_kinds: {{dock: {{power_kw: [11, 11], zones: [{third}, {away}]}}}}
  classes:
    worker: {{home_zone: {home}, trips: {trips}}}
    porter: {{home_zone: {third}, trips: {trips}, charger: dock}}
districts:
  - name: town
    feeder: ieee33
    peak_scale: 0.83
    zone_map: {{{home}: [7, 8, 9, 10, 11, 12], {third}: [19, 20, 21], {away}: [23, 24, 25]{more_buses}}}
    cars: {{worker: 12, porter: 6}}
  - name: rest
    cars: {{worker: 300, porter: 40}}
    slow_ports_per_bus: null
    ports_per_bus: {{dock: null}}
    fast_ports_per_bus: null
{faults}
"""
USUAL = {"home": "residential", "third": "commercial", "away": "office"}
OWN = {"home": "village", "third": "harbour", "away": "campus"}


def run(folder: Path, names: dict[str, str], more_zones: str = "", more_buses: str = "", faults: str = "",
        controller: str = "bilayer") -> Path:
    trips = folder / f"trips_{names['home']}.csv"
    trips.write_text(TRIPS.format(**names), encoding="utf-8")
    text = TOWN.format(**names, trips=trips, more_zones=more_zones, more_buses=more_buses, faults=faults)
    (folder / f"{names['home']}.yaml").write_text(text, encoding="utf-8")
    described = load_scenario(str(folder / f"{names['home']}.yaml"), (
        *HOURLY, "planning.horizon_h=26", "spatial.look_ahead_h=2", "record.vehicles=true",
        f"execution.cache_dir={shared_cache(folder)}"))
    return run_scenario(described, load_controller(controller), seed=1, output=folder / f"{names['home']}.h5")


@pytest.mark.slow
def test_other_names_change_nothing_but_names(tmp_path: Path) -> None:
    usual, own = run(tmp_path, USUAL), run(tmp_path, OWN)
    # texts: the scenario itself, the tables of trips in it, and the names of groups of cars
    assert {name.rsplit("/", 1)[-1] for name in equal_results(usual, own)} <= {
        "@scenario", "group", "trips_worker", "trips_porter"}
    assert audited(own).violations == ()
    result = open_result(own)
    names = {str(name).split("/")[0] for name in result.district("town", "group")}
    assert names == {"village", "harbour", "campus"}
    assert {name.split("/")[0] for name, *_ in zone_sums(result)} <= names
    (chart,) = by_zone([Run("a", "black", "solid", result)])
    assert "harbour" in str(chart) and "residential" not in str(chart)


@pytest.mark.slow
def test_five_zones_run_and_pass_the_audit(tmp_path: Path) -> None:
    """Two more zones, one of which nobody drives to; a fault in one of one's own."""
    fault = "faults: [{kind: chargers_out, district: town, zone: campus, from_h: 9, until_h: 12}]"
    file = run(tmp_path, OWN, ", quay, moor", ", quay: [26, 27], moor: [33]", fault)
    result, report = open_result(file), audited(file)
    assert report.violations == ()
    assert result.district("town", "bus_zone")[[6, 18, 22, 25, 32]].tolist() == [0, 1, 2, 3, 4]
    assert result.district("rest", "bus_zone").tolist() == [0, 1, 2, 3, 4]
    plugged = result.district("town", "plugged_count").reshape(24, 5, -1).sum(axis=(0, 2))
    assert np.all(plugged[:3] > 0) and not plugged[3:].any()
    campus = result.district("town", "bus_zone") == 2
    assert not result.district("town", "p_bus_kw")[9:12][:, campus].any()
