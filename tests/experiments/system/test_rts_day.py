"""The modern system's day: who gives what, and who pays, from results one can check in the head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.system import rts_day as study

UNITS = ("121_NUCLEAR_1", "101_CT_1", "123_CT_5")
"""Nuclear, oil turbine and gas turbine of the table."""


class Toy:
    """Two hours in steps of half an hour."""

    unit_names, step_h, districts = UNITS, 0.5, ("a", "b")

    def __init__(self) -> None:
        on = np.array([[1, 0, 1], [1, 1, 0], [1, 0, 0], [1, 1, 0]], dtype=float)
        self.arrays = {"committed": on, "p_mw": on * [400.0, 10.0, 50.0], "load_mw": np.array([1.0, 3.0, 5.0, 7.0]),
                       "wind_available_mw": np.full(4, 90.0), "pv_available_mw": np.full(4, 10.0),
                       "wind_curtailed_mw": np.array([0.0, 0.0, 20.0, 20.0]), "pv_curtailed_mw": np.zeros(4),
                       "marginal_price_usd_per_mwh": np.zeros(4)}

    def on_before_h(self, initial_h: Any) -> Any:
        return np.where([True, False, False], 5.0, -5.0) + 0 * initial_h

    def system(self, name: str) -> Any:
        return self.arrays[name]

    def district(self, name: str, series: str) -> Any:
        return np.full((4, 2), {"charge_kw": 500.0, "discharge_kw": 250.0, "target_discharge_kw": 100.0}[series])


toy: Any = Toy()


def test_a_unit_that_begins_the_day_on_does_not_start_and_one_that_was_off_before_does() -> None:
    assert study.starts(toy).tolist() == [0, 2, 1]


def test_peakers_are_turbines_of_oil_and_gas() -> None:
    own = study.own_figures(toy)
    assert own == {"spilt_share": pytest.approx(0.1), "peaker_mwh": pytest.approx(10.0 + 25.0), "peaker_starts": 3.0,
                   "asked_back_mwh": pytest.approx(0.8)}
    assert tuple(own) == study.OWN


def test_emissions_are_the_line_of_each_unit() -> None:
    by_kind = {name: tons for name, _, _, tons in study.technologies(toy)}
    assert by_kind["gas turbine"] == pytest.approx(0.5 * (5.96075 + 50 * 0.401071))
    assert by_kind["nuclear"] == by_kind["coal"] == 0.0


def test_hours_are_means_of_their_steps_and_cars_those_of_all_districts() -> None:
    rows = study.hourly_rows(toy)
    assert [dict(zip(study.HOURLY, row, strict=True))["load_mw"] for row in rows] == [2.0, 6.0]
    last = dict(zip(study.HOURLY, rows[1], strict=True))
    assert (last["charge_mw"], last["discharge_mw"], last["renewable_mw"], last["spilt_mw"]) == (2.0, 1.0, 80.0, 20.0)


def test_wrong_scenarios_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study.main(["--scenarios", "rts_dya", "-o", str(tmp_path)]) == 2
    assert "rts_dya" in capsys.readouterr().err
