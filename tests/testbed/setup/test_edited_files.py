"""A file that is edited while the process goes on is read again, whatever its time of change says."""

import os
from pathlib import Path

import pandapower
import pytest

from testbed.scenario.loading import load_scenario
from testbed.setup.districts import build_districts, network_mistakes
from testbed.setup.profiles import build_profiles
from testbed.setup.reference import no_car_reference
from testbed.wiring.run_spec import RunSpec

CASE = """extends: smoke
districts:
  - {name: campus, feeder: FEEDER, zone_map: {residential: 0.4, commercial: 0.3, office: 0.3}, private: 6,
     sessions: SESSIONS, sessions_start_date: 2019-05-06}
  - {name: rest, private: 3}
days: 1
warmup_controlled_days: 0
execution: {cache_dir: CACHE}
planning: {horizon_h: 25, binding_h: 24, expectation: perfect, mip_gap: 0.05}
spatial: {look_ahead_h: 2}
profiles: {source: csv, file: SERIES, resolution_s: 3600, load_peak_mw: 1500, wind_capacity_mw: 0, pv_capacity_mw: 0}
"""


def edit(file: Path, old: str, new: str) -> None:
    """As a copy that keeps its time would: equal length, equal time."""
    text, times = file.read_text(), file.stat()
    assert old in text and len(old) == len(new)
    file.write_text(text.replace(old, new))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def four_buses(file: Path) -> Path:
    net = pandapower.create_empty_network()
    slack, *others = (pandapower.create_bus(net, vn_kv=12.66) for _ in range(4))
    pandapower.create_ext_grid(net, slack)
    for bus in others:
        pandapower.create_line_from_parameters(net, bus - 1, bus, length_km=1.0, r_ohm_per_km=0.5, x_ohm_per_km=0.3,
                                               c_nf_per_km=0.0, max_i_ka=0.4)
        pandapower.create_load(net, bus, p_mw=0.125, q_mvar=0.1)
    pandapower.to_json(net, str(file))
    return file


@pytest.fixture
def case(tmp_path):
    """A scenario all of whose files are the user's own."""
    feeder, sessions, series = four_buses(tmp_path / "net.json"), tmp_path / "ses.csv", tmp_path / "own.csv"
    days = (f"2019-05-{day:02d}T08:00:00,2019-05-{day:02d}T16:00:00,10,10,2019-05-{day:02d}T16:00:00,A"
            for day in range(1, 11))
    sessions.write_text("\n".join(["arrival,departure,delivered_kwh,requested_kwh,declared_departure,station", *days]))
    series.write_text("\n".join(["load_mw,wind_mw,pv_mw", *["900,10,0"] * 24]))
    words = {"FEEDER": feeder, "SESSIONS": sessions, "SERIES": series, "CACHE": tmp_path / "cache"}
    text = CASE
    for word, path in words.items():
        text = text.replace(word, str(path))
    (tmp_path / "case.yaml").write_text(text)
    return load_scenario(str(tmp_path / "case.yaml"))


@pytest.fixture
def campus(case, tmp_path):
    """The replayed district, as any part of a run would get it now."""
    return lambda: build_districts(RunSpec(case, "bilayer", 1, tmp_path / "run.h5"))["campus"]


def test_an_edited_network_is_another_network(case, campus, tmp_path):
    assert network_mistakes(case.districts[0], case) == []
    before = campus().feeder.p_base_kw.sum()
    edit(tmp_path / "net.json", "0.125", "0.375")
    assert campus().feeder.p_base_kw.sum() == pytest.approx(3 * before)


def test_edited_sessions_are_other_sessions(campus, tmp_path):
    before = campus().replay.sessions.requested_kwh.sum()
    edit(tmp_path / "ses.csv", ",10,10,", ",12,12,")
    assert (before, campus().replay.sessions.requested_kwh.sum()) == (pytest.approx(100.0), pytest.approx(120.0))


def test_edited_series_are_other_series_and_other_units_run_without_cars(case, tmp_path):
    load, cost = build_profiles(case).hourly(0, 24).load_mw.sum(), no_car_reference(case).operating_cost_usd
    edit(tmp_path / "own.csv", "900", "990")
    assert build_profiles(case).hourly(0, 24).load_mw.sum() == pytest.approx(load * 1.1)
    assert no_car_reference(case).operating_cost_usd > cost * 1.05


def test_what_is_not_edited_is_built_once(campus):
    assert campus() is campus()
