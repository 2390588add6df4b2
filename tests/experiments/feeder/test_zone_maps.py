"""Zone maps: scenarios of both peaks, and where along the feeder cars act."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.feeder import zone_maps
from experiments.feeder.placement import Row
from testbed.running.preflight import checked_scenario


@pytest.mark.parametrize(("scale", "cars"), [("0.83", 103), ("1.0", 124)])
def test_the_feeders_share_of_the_fleet_goes_with_its_peak(scale: str, cars: int) -> None:
    scenario = checked_scenario(zone_maps.SCENARIO, zone_maps.SCALES[scale])
    assert scenario.districts[0].vehicle_count == cars
    assert scenario.system.unit_scale == pytest.approx(cars / 50_000)
    assert scenario.profiles.load_peak_mw == pytest.approx(1500 * scenario.system.unit_scale)


def test_every_map_meets_every_peak() -> None:
    todo = zone_maps.studies(2, Path("somewhere"))
    assert {(run.zone_map, run.scale) for run in todo} == {(m, s) for m in zone_maps.MAPS for s in zone_maps.SCALES}
    assert len({run.place for run in todo}) == len(todo)


def test_charging_at_the_cheap_bus_and_discharging_at_the_dear_one_is_seen() -> None:
    marginal = np.array([[0.01, 0.03], [0.02, 0.06]])
    power = np.array([[10.0, 0.0], [0.0, -5.0]])
    at_charge, at_discharge, even, even_discharge, correlation = zone_maps._ends(marginal, power)
    assert at_charge == pytest.approx(0.01) and even == pytest.approx(0.02)
    assert at_discharge == pytest.approx(0.06) and even_discharge == pytest.approx(0.04)
    assert correlation == pytest.approx(-1.0)


def test_savings_are_those_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(*_: object, **__: object) -> list[Row]:
        return [Row(seed, name, losses, 0.0, 0.0, 100.0, 0.0, 0, 0) for seed in (1, 2)
                for name, losses in (("in_place", 100.0), ("guided", 99.0), ("migrate", 95.0))]

    monkeypatch.setattr(zone_maps, "measure", rows)
    monkeypatch.setattr(zone_maps, "ends_of_feeder", lambda run, variant: variant)
    savings, ends = zone_maps.study(zone_maps.Study("public", "1.0", (1, 2), Path("somewhere")))
    assert [round(s.reduction, 4) for s in savings] == [0.0, 0.01, 0.05]
    assert [s.reaches_claim for s in savings] == [False, False, True]
    assert list(ends) == ["pro_rata", "in_place", "guided"]


def test_plans_are_stored_before_they_are_carried_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two waves: every pro rata run, then every run that reads its plan."""
    waves: list[list[Path]] = []
    monkeypatch.setattr(zone_maps, "results_of", lambda jobs, workers, fresh: waves.append([j.output for j in jobs]))
    zone_maps.make_runs(zone_maps.studies(2, Path("somewhere")), 2)
    names = [{path.stem.split("-")[0] for path in wave} for wave in waves]
    assert names == [{"pro_rata"}, {"in_place", "guided"}]
    assert [len(set(wave)) for wave in waves] == [8, 16]
