"""The variant of the modern system that spills: what its name says, prices and gap set it apart from `rts_day`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.runs import results_of
from experiments.system.rts_day import own_figures
from experiments.system.rts_prices import ALONE
from testbed.running.preflight import run_request
from testbed.running.several_runs import single_job
from testbed.scenario.loading import load_scenario
from testbed.setup.prices import own_prices

LEAST_SHARE = 0.05


def test_it_is_rts_day_with_more_water_wind_and_sun() -> None:
    day, spilling = (load_scenario(name).model_dump() for name in ("rts_day", "rts_day_spilling"))
    differing = {f"{part}.{key}" for part in day if isinstance(day[part], dict)
                 for key in day[part] if day[part][key] != spilling[part][key]}
    assert differing == {"profiles.renewables_factor", "tariff.table", "planning.mip_gap"}
    assert spilling["profiles"]["renewables_factor"] > 1


def test_energy_is_worth_nothing_in_more_hours_and_never_less_than_nothing() -> None:
    day, spilling = (own_prices(load_scenario(name)).paid[0] for name in ("rts_day", "rts_day_spilling"))
    assert day.size == spilling.size
    assert np.sum(spilling == 0) > np.sum(day == 0) > 0
    assert min(day.min(), spilling.min()) == 0


@pytest.mark.slow
def test_five_percent_are_spilt_without_cars(tmp_path: Path) -> None:
    result, = results_of([single_job(run_request(
        "rts_day_spilling", "no_pev", None, (*ALONE, "warmup_controlled_days=1"), None, tmp_path / "alone.h5"))])
    assert own_figures(result)["spilt_share"] >= LEAST_SHARE
