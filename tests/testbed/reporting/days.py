"""A plausible day of a system and a feeder, for pages."""

from __future__ import annotations

from typing import Any

import numpy as np

STEPS, BUSES = 96, 33


def day(shift_mw: float, seed: int = 1) -> dict[str, Any]:
    """A plausible day: morning and evening peaks; cars move `shift_mw` from the evening into the night."""
    hour = np.arange(STEPS) / 4
    rng = np.random.default_rng(seed)
    load = 1100 + 300 * np.sin((hour - 8) / 24 * 2 * np.pi) + 100 * np.cos(hour / 12 * 2 * np.pi)
    evening, night = np.exp(-((hour - 19) / 2.5) ** 2), np.exp(-((hour - 3) / 2.5) ** 2)
    pev = (90 - shift_mw) * evening + shift_mw * night
    groups = np.zeros((STEPS, 18))
    groups[:, 1], groups[:, 3], groups[:, 13] = 600 * pev, 300 * pev, 100 * pev
    down = np.zeros((STEPS, 18))
    down[:, 1] = 8 * shift_mw * evening
    vm = 1 - np.linspace(0, 0.06, BUSES) * (load / 1400 + pev / 400)[:, None] + 1e-4 * rng.random((STEPS, BUSES))
    on = np.clip((load + pev) / 400, 1, 3).round()
    return {
        "system": {
            "load_mw": load, "pev_total_mw": pev, "wind_available_mw": 80 + 30 * np.cos(hour / 4),
            "pv_available_mw": np.clip(100 * np.sin((hour - 6) / 12 * np.pi), 0, None),
            "committed": on[:, None] > np.arange(3), "p_mw": (load + pev)[:, None] / on[:, None] * np.ones(3),
            "fuel_cost_usd": 5 * (load + pev), "carbon_t": 0.2 * (load + pev),
            "startup_cost_usd": 300 * (np.diff(on, prepend=on[0]) > 0), "shed_mw": 0.5 * (hour == 19),
            "marginal_price_usd_per_mwh": 15 + (load + pev) / 100,
            "price_charge_usd_per_kwh": np.where(hour < 7, 0.04, 0.15), "price_discharge_usd_per_kwh": 0.12},
        "feeder": {
            "vm_pu": vm, "vm_socp_pu": vm, "vm_plan_ac_pu": vm, "vm_setpoint_pu": vm + 1e-4,
            "losses_kw": 0.06 * load + pev / 4, "losses_base_kw": 0.06 * load, "losses_setpoint_kw": 0.06 * load,
            "losses_socp_kw": 0.06 * load, "losses_plan_ac_kw": 0.06 * load, "charge_kw": groups / 400,
            "discharge_kw": down / 100, "wear_usd": down / 1e5,
            "refusals": np.tile([50, 3, 4, 2, 1, 0, 0, 1, 0, 2], (STEPS, 1)), "charged_kwh": 2.0, "driven_kwh": 1.5,
            "instructed_count": 60.0,
            "complied_count": 50.0},
        "rest": {"charge_kw": groups, "discharge_kw": down, "tariff_usd": groups / 1e3, "wear_usd": down / 1e3},
    }
