"""Bad input: one clear message with every mistake, exit code 2, nothing written."""

import pytest

from tests.testbed.cli_runs import call, files_in

CSV = ("profiles.source=csv", "profiles.file=own.csv", "planning.mip_gap=0.01")


NO_PRIVATE = ("districts.0.private=0", "districts.1.private=0")
ALL_RECORDED = ("districts.1.private=0", "districts.0.taxi=0", "districts.0.government=0",
                "districts.0.sessions=caltech2019", "districts.0.sessions_start_date=2019-06-05")
OWN_SESSIONS = (*ALL_RECORDED[1:3], "districts.0.sessions=own_sessions.csv", ALL_RECORDED[-1])
SESSIONS = """arrival,departure,delivered_kwh
now,2019-06-05T10:00,3
2019-06-05T08:00,2019-06-05T10:00,1e9
2019-06-05T08:00,2019-06-05T10:00
"""


def sets(*overrides):
    return [word for override in overrides for word in ("--set", override)]


@pytest.mark.parametrize(("arguments", "words"), [
    (["run", "nowhere.yaml"], ["nowhere.yaml"]),
    (["run", "smoke", *sets("planning.horizn_h=3")], ["planning.horizn_h", "horizon_h"]),
    (["run", "smoke", *sets("profiles.wind_capacity_mw=-3")], ["profiles.wind_capacity_mw", "-3"]),
    (["run", "smoke", *sets("fleet.slow_charger_kw=-3")], ["fleet.slow_charger_kw", "-3", "a list in brackets"]),
    (["run", "smoke", *sets("step_s=700")], ["step_s", "700", "3600"]),
    (["run", "smoke", *sets("districts.0.zone_map={residential: [40], commercial: [3], office: [4]}")],
     ["districts.0.zone_map", "[40]", "1 to 33"]),
    (["run", "smoke", *sets("system.reserve_curve=own", "system.shed_usd_per_mwh=900",
                            "system.reserve_steps={missing_share: [0.1, 0.05], usd_per_mwh: [1000, 100, 5]}")],
     ["2 shares in missing_share for 3 prices", "must rise from 0", "must not fall along missing_share",
      "above shed_usd_per_mwh=900"]),
    (["run", "smoke", *sets("system.reserve_curve=own",
                            "system.reserve_steps={held_share: [0, 0.9], usd_per_mwh: [100, 1000]}")],
     ["must not rise along held_share"]),
    (["run", "smoke", *sets("system.reserve_curve=own")], ["needs reserve_steps with own"]),
    (["run", "smoke", *sets("fleet.eta_charge=0.85", "fleet.fast_charger_curve=dc_400v", "fleet.fast_eta_discharge=1")],
     ["fleet.eta_charge = 0.85: must be within 0.05 of 0.933", "slow_charger_curve=ac_onboard",
      "fleet.fast_eta_discharge = 1", "must be within 0.05 of 0.93,", "fast_charger_curve: constant"]),
    (["run", "smoke", *sets("warmup_controlled_days=-1")], ["warmup_controlled_days", "-1"]),
    (["run", "smoke", *sets("system.reserve_curve=own", "system.reserve_steps={usd_per_mwh: [100]}")],
     ["either missing_share or held_share"]),
    (["run", "smoke", *sets("system.shed_usd_per_mwh=900")], ["system.reserve_curve", "1100", "900"]),
    (["run", "smoke", *sets(*CSV)], ["own.csv", "row 6 (line 7): column load_mw is empty"]),
    (["run", "smoke", *sets(*CSV[:1], "profiles.file=short.csv")], ["short.csv", "3 rows of 3600 s"]),
    (["run", "smoke", *sets(*CSV[:1], "profiles.file=none.csv")], ["none.csv", "no such file"]),
    (["run", "smoke", *sets(*OWN_SESSIONS)],
     ["sessions own_sessions.csv: 3 mistakes", "row 1 (line 2): column arrival 'now'",
      "row 2 (line 3): column delivered_kwh '1e9'", "row 3 (line 4): has 2 cells"]),
    (["run", "smoke", *sets(*OWN_SESSIONS, "districts.0.sessions_format.time_zone=Mars/Base")],
     ["districts.0.sessions_format.time_zone", "Mars/Base", "Europe/Berlin"]),
    (["run", "smoke", *sets(*ALL_RECORDED, "districts.0.private=2")], ["2 cars are too few"]),
    (["run", "smoke", *sets("drivers.profile=home", *NO_PRIVATE)],
     ["drivers.profile = 'home'", "a district must have private above 0 and no sessions"]),
    (["run", "smoke", *sets("drivers.profile=uk", *ALL_RECORDED)], ["drivers.profile = 'uk'", "no sessions"]),
    (["run", "smoke", *sets("drivers.habit.mean_soc=0.5", *NO_PRIVATE)], ["drivers.habit", "private above 0"]),
    (["run", "smoke", "--controller", "bilayr"], ["bilayr", "bilayer"]),
    (["run", "smoke", "-o", "own.csv/x.h5"], ["own.csv"]),
    (["run", "smoke", "-o", "/proc/x/y.h5"], ["/proc cannot be written into"]),
    (["compare", "smoke", "--controllers", "no_pev,nothing", *sets("step_s=7")], ["nothing", "step_s"]),
])
def test_one_message_code_2_nothing_written(here, fake_run, arguments, words):
    header = "load_mw,wind_mw,pv_mw\n"
    (here / "own.csv").write_text(header + "900,1,0\n" * 5 + ",1,0\n" + "900,1,0\n" * 18)
    (here / "own_sessions.csv").write_text(SESSIONS)
    (here / "short.csv").write_text(header + "900,1,0\n" * 3)
    before = files_in(here)
    done = call(*arguments)
    assert done.exit_code == 2
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert files_in(here) == before
    assert fake_run.calls == []


def test_an_own_file_of_series_runs(here, fake_run):
    (here / "own.csv").write_text("load_mw,wind_mw,pv_mw\n" + "900,1,0\n" * 24)
    assert call("run", "smoke", "--controller", "mine.py:Mine", *sets(*CSV)).exit_code == 0


def test_what_is_told_of_tables_is_told_by_check_and_by_run(here, fake_run):
    (here / "other.csv").write_text("load_mw;wind_mw;pv_mw\n" + "900,5;1;0\n" * 24)
    note = "note: profiles other.csv: read with delimiter semicolon, decimal comma\n"
    other = sets("profiles.source=csv", "profiles.file=other.csv")
    checked = call("check", "smoke", *other)
    assert checked.exit_code == 0 and note in checked.stdout
    assert note in call("run", "smoke", "--controller", "mine.py:Mine", *other).stderr
