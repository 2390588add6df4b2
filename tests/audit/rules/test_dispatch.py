"""What one more MWh costs and emits where units of straight cost curves share a price: by widths of their pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.rules.dispatch import marginal_carbon_and_cost
from audit.run import Run
from tests.audit.made import run, said

UNITS = """unit,p_min_mw,p_max_mw,min_up_h,min_down_h,initial_h,cost_a_usd_per_h,cost_b_usd_per_mwh,\
cost_c_usd_per_mw2h,start_1_lag_h,start_1_usd,emission_beta_t_per_mwh
wide,50,100,4,4,48,0,20,0,4,0,0.5
narrow,20,60,4,4,48,0,20,0,4,0,0.2
dear,20,60,4,4,48,0,50,0,4,0,0.9
"""
TONS = (50 * 0.5 + 40 * 0.2) / 90
"""Of one more MWh the first two give 50 and 40 of 90 parts."""


def of(tons: Any = (TONS, 0.9), usd: Any = (20 + 10 * TONS, 50 + 9.0), price: Any = (20.0, 50.0), p_mw: Any = (
        (80.0, 44.0, 20.0), (100.0, 60.0, 30.0)), curtailed_mw: float = 0.0, units: str = UNITS) -> Run:
    """Two steps: first the two cheap units have room, then the dear one alone."""
    none, p = np.zeros(2), np.array(p_mw)
    arrays = {"p_mw": p, "committed": (p > 0).astype(float), "shed_mw": none, "dump_mw": none, "pv_curtailed_mw": none,
              "wind_curtailed_mw": none + curtailed_mw, "marginal_price_usd_per_mwh": price,
              "marginal_carbon_t_per_mwh": tons, "marginal_cost_usd_per_mwh": usd}
    system = {"units": "mine.csv", "unit_copies": 1, "unit_scale": 1.0, "emissions": "linear", "ramps": "none",
              "shed_usd_per_mwh": 3000.0, "dump_usd_per_mwh": 100.0}
    objective = {"weight_operating": 1.0, "weight_carbon": 0.0, "carbon_price_usd_per_t": 10.0,
                 "weight_curtailment": 1.0, "curtailment_penalty_usd_per_mwh": 75.0}
    return run(steps=2, arrays=arrays, system=system, objective=objective, inputs={"units": units})


def test_units_at_one_price_share_the_next_mwh_by_the_widths_of_their_pieces() -> None:
    assert said(marginal_carbon_and_cost, of()) == []


@pytest.mark.parametrize(("changes", "told"), [
    ({"tons": (0.35, 0.9)}, ["marginal_carbon_t_per_mwh, 0: 0.0166667 t/MWh"]),  # half of each
    ({"tons": (TONS, 0.5)}, ["marginal_carbon_t_per_mwh, 1: 0.4 t/MWh"]),
    ({"usd": (20.0, 59.0)}, ["marginal_cost_usd_per_mwh, 0: 3.66667 USD/MWh"])])
def test_another_share_is_told(changes: dict[str, Any], told: list[str]) -> None:
    assert said(marginal_carbon_and_cost, of(**changes)) == told


def test_where_power_is_curtailed_the_next_mwh_costs_and_emits_nothing() -> None:
    assert said(marginal_carbon_and_cost, of(tons=(0.0, 0.0), usd=(0.0, 0.0), curtailed_mw=5.0)) == []
    assert len(said(marginal_carbon_and_cost, of(curtailed_mw=5.0))) == 2


def test_pieces_of_a_bent_curve_count_each_for_itself() -> None:
    """20 $/MWh up to 75 MW, 40 above: 25 and 40 MW of 65 share the price."""
    bent = UNITS.replace("cost_c_usd_per_mw2h,", "cost_c_usd_per_mw2h,point_1_mw,point_1_usd_per_h,point_2_mw,"
                         "point_2_usd_per_h,point_3_mw,point_3_usd_per_h,")
    bent = bent.replace("wide,50,100,4,4,48,0,20,0,", "wide,50,100,4,4,48,,,,50,1000,75,1500,100,2500,")
    bent = bent.replace("48,0,20,0,4", "48,0,20,0,,,,,,,4").replace("48,0,50,0,4", "48,0,50,0,,,,,,,4")
    tons = (25 * 0.5 + 40 * 0.2) / 65
    assert said(marginal_carbon_and_cost, of((tons, 0.9), (20 + 10 * tons, 59.0), p_mw=(
        (60.0, 44.0, 20.0), (100.0, 60.0, 30.0)), units=bent)) == []
