"""Headline figures of a run, computed anew from the series by their definitions (docs/results.md#figures)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from audit.cars import wear_price_usd_per_kwh
from audit.finding import Floats
from audit.network import curtailed_mw
from audit.phase_figures import phase_figures
from audit.reserve_price import shortfall_usd_per_h
from audit.run import SECONDS_PER_HOUR, Run
from audit.thermal import life_h_and_hot_spot, own_losses_kwh
from audit.unit_tables import units_of
from audit.units import start_usd

NAN = float("nan")


def figures(run: Run) -> dict[str, float]:
    """Every figure by name; NaN where it does not apply."""
    money, energy = _money(run), _energy(run)
    return {**energy, **money, **_adjusted(run, money, energy), **_system(run), **_networks(run), **_service(run),
            **_planned(run), **_carbon(run, money), **_transformers(run), **phase_figures(run)}


def _sum(run: Run, name: str) -> float:
    return float(sum(d(name).sum() for d in run.districts))


def _mwh(run: Run, name: str) -> float:
    return float(run(name).sum()) * run.step_h


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else NAN


# ---------------------------------------------------------------- energy and money
def _energy(run: Run) -> dict[str, float]:
    """Energy of cars and what was not used."""
    energies = {f"{name}_mwh": _sum(run, f"{name}_kwh") / 1e3
             for name in ("charged", "discharged", "fast_charged", "driven")}
    change = NAN
    if run.has_totals:
        change = float(sum((d("vehicle_stored_end_kwh") - d("vehicle_stored_start_kwh")).sum()
                           for d in run.districts)) / 1e3
    charged = energies["charged_mwh"]
    for way in ("charge", "discharge"):
        below = run(f"price_{way}_usd_per_kwh") < 0
        energies[f"{way}d_below_zero_mwh"] = float(run.over_districts(f"{way}d_kwh")[below].sum()) / 1e3
    in_feeders = float(curtailed_mw(run.networks, run.steps).sum()) * run.step_h
    may = any(d.holds("generation_curtailed_kw") for d in run.networks)
    return {**energies, "curtailed_mwh": _curtailed_mwh(run), "generation_curtailed_mwh": in_feeders if may else NAN,
            "shed_load_mwh": _mwh(run, "shed_mw"), "dumped_mwh": _mwh(run, "dump_mw"),
            "uncalled_reserve_mwh": _uncalled_mwh(run),
            "reserve_shortfall_mwh": _mwh(run, "reserve_shortfall_mw"), "stored_energy_change_mwh": change,
            "steadiness_percent": 100 * abs(change) / charged if charged > 0 else NAN}


def _uncalled_mwh(run: Run) -> float:
    """Load shed within what cars' reserve counts for."""
    if run.part("system")["reserve_rule"] != "deliverable":
        return NAN
    return float(np.minimum(run("shed_mw"), run("reserve_credit_mw")).sum()) * run.step_h


def _curtailed_mwh(run: Run) -> float:
    """Of the system's wind and sun, and in feeders."""
    in_feeders = float(curtailed_mw(run.networks, run.steps).sum()) * run.step_h
    return _mwh(run, "wind_curtailed_mw") + _mwh(run, "pv_curtailed_mw") + in_feeders


def _money(run: Run) -> dict[str, float]:
    """Costs and ledgers (docs/model.md 2.4 and 2.5)."""
    o, system = run.part("objective"), run.part("system")
    fuel, starts, tons = (float(run(name).sum()) for name in ("fuel_cost_usd", "startup_cost_usd", "carbon_t"))
    carbon = tons * float(o["carbon_price_usd_per_t"])
    penalty = _curtailed_mwh(run) * float(o["curtailment_penalty_usd_per_mwh"])
    tariff, wear, fast = (_sum(run, name) for name in ("tariff_usd", "wear_usd", "fast_charged_usd"))
    required = float(system["reserve_fraction"]) * run("load_mw")
    imbalance = (_mwh(run, "shed_mw") * float(system["shed_usd_per_mwh"])
                 + _mwh(run, "dump_mw") * float(system["dump_usd_per_mwh"])
                 + float(shortfall_usd_per_h(run, run("reserve_shortfall_mw"), required).sum()) * run.step_h)
    counted = wear + (tariff if o["tariff_in_objective"] else 0.0)
    weighted = sum(float(o[f"weight_{name}"]) * value for name, value in (
        ("operating", fuel + starts), ("owners", counted), ("curtailment", penalty), ("carbon", carbon)))
    operator = fuel + starts + carbon + imbalance - tariff
    return {
        "fuel_cost_usd": fuel, "startup_cost_usd": starts, "operating_cost_usd": fuel + starts, "carbon_t": tons,
        "carbon_cost_usd": carbon, "curtailment_penalty_usd": penalty, "tariff_payments_usd": tariff,
        "wear_cost_usd": wear, "fast_charge_cost_usd": fast, "owners_net_cost_usd": tariff + wear + fast,
        "imbalance_cost_usd": imbalance,
        "uncalled_reserve_usd": _uncalled_mwh(run) * float(system["shed_usd_per_mwh"]),
        "total_cost_usd": fuel + starts + carbon + wear + imbalance,
        "objective_usd": weighted + imbalance, "society_cost_usd": operator + tariff + wear + fast,
        "owners_cost_usd": tariff + wear + fast, "operator_cost_usd": operator,
        "tariff_in_objective": float(o["tariff_in_objective"])}


def refill_steps(run: Run) -> Any:
    """[T] charging steps at the lowest tariff among them, none with load shed or power dumped; all served ones where
    nothing is charged (docs/model.md 2.6)."""
    charge, tariff = run.over_districts("charge_kw"), run("price_charge_usd_per_kwh")
    served = (run("shed_mw") == 0) & (run("dump_mw") == 0)
    chosen = served & (charge > 0) if (served & (charge > 0)).any() else served
    return chosen & (tariff <= tariff[chosen].min(initial=np.inf))


def refill_usd_per_mwh(run: Run, price: Floats) -> float:
    """Mean price of those steps by charging power, over the efficiency of the chargers used in them."""
    steps = refill_steps(run)
    if not steps.any():
        return NAN
    by_group = sum(d("charge_kw")[steps] for d in run.districts)
    weight = np.asarray(by_group).sum(axis=1)
    eta = float(run.part("fleet")["eta_charge"])
    if weight.sum() > 0:
        first = run.districts[0]
        of_group = first.classes.of_kind(first.group_kind, "eta_charge")
        eta = float((np.asarray(by_group) @ of_group).sum() / weight.sum())
    used = weight if weight.sum() > 0 else np.ones(weight.size)
    return float((price[steps] * used).sum() / used.sum()) / eta


def _adjusted(run: Run, money: dict[str, float], energy: dict[str, float]) -> dict[str, float]:
    """Costs less the change of stored energy at what refilling costs."""
    system = refill_usd_per_mwh(run, run("marginal_cost_usd_per_mwh"))
    owners = refill_usd_per_mwh(run, 1e3 * run("price_charge_usd_per_kwh"))
    objective = refill_usd_per_mwh(run, run("marginal_price_usd_per_mwh"))
    if run.part("objective")["tariff_in_objective"]:
        objective += float(run.part("objective")["weight_owners"]) * owners
    change = energy["stored_energy_change_mwh"]
    values = {"total_cost_usd": system, "society_cost_usd": system, "owners_cost_usd": owners,
              "operator_cost_usd": system - owners, "objective_usd": objective}
    return {"stored_energy_usd_per_mwh": system, "stored_energy_owners_usd_per_mwh": owners,
            "stored_energy_objective_usd_per_mwh": objective,
            "society_cost_called_usd_adjusted":
                money["society_cost_usd"] - change * system - money["uncalled_reserve_usd"],
            **{f"{name}_adjusted": money[name] - change * usd for name, usd in values.items()}}


# ---------------------------------------------------------------- system
def _system(run: Run) -> dict[str, float]:
    used = sum(run(f"{name}_available_mw") - run(f"{name}_curtailed_mw") for name in ("wind", "pv"))
    load = (run("load_mw") + run("pev_total_mw") + run("losses_change_total_mw")
            + curtailed_mw(run.networks, run.steps) - used)
    on = run("committed").sum(axis=1)
    written = run.plan["time_s"] >= 0
    return {
        "equivalent_load_peak_mw": float(load.max(initial=-np.inf)),
        "equivalent_load_valley_mw": float(load.min(initial=np.inf)),
        "equivalent_load_std_mw": float(load.std()) if load.size else NAN,
        "unit_hours": float(on.sum()) * run.step_h, "unit_starts": float(run("unit_starts").sum()),
        "emergency_starts": float(run("emergency_starts").sum()), "hours_fewer_units": _fewer(run, on),
        "redispatch_failures": float(run("redispatch_failed").sum()),
        "plan_gap_max_rel": float(run.plan["gap_rel"][written].max()) if written.any() else NAN}


def _fewer(run: Run, on: Floats) -> float:
    """Hours in which fewer units are on, at most, than without cars."""
    if not run.reference_attributes.get("name"):
        return NAN
    hour = run.time_s // SECONDS_PER_HOUR
    most = np.zeros(int(hour.max(initial=-1)) + 1)
    np.maximum.at(most, hour, on)
    return float((most < run.reference["committed"].sum(axis=1)[:most.size]).sum())


# ---------------------------------------------------------------- feeders
def _networks(run: Run) -> dict[str, float]:
    feeders = run.networks

    def energy(name: str) -> float:
        return float(sum(d(name).sum() for d in feeders)) * run.step_h if feeders else NAN

    def extreme(function: Callable[..., Any], name: str) -> float:
        values = [d(name)[np.isfinite(d(name))] for d in feeders]
        values = [part for part in values if part.size]
        return float(function([function(part) for part in values])) if values else NAN

    outside = sum(int(((d("vm_pu") < float(d.scenario["v_min_pu"])) | (d("vm_pu") > float(d.scenario["v_max_pu"])))
                      .sum()) for d in feeders)
    price = run("marginal_price_usd_per_mwh")
    lost_usd = sum(float((d("losses_kw") * price).sum()) for d in feeders) * run.step_h / 1e3
    flags = {f"spatial_{name}s": float(sum(d(f"spatial_{word}").sum() for d in feeders)) if feeders else NAN
             for name, word in (("fallback", "fallback"), ("repair", "repaired"))}
    return {
        **{f"feeder_losses{name}_kwh": energy(f"losses{name}_kw")
           for name in ("", "_base", "_socp", "_plan_ac", "_setpoint")},
        "feeder_loss_cost_usd": lost_usd if feeders else NAN, "vm_min_pu": extreme(np.min, "vm_pu"),
        "vm_max_pu": extreme(np.max, "vm_pu"),
        **{f"vm_min_{name}_pu": extreme(np.min, f"vm_{name}_pu") for name in ("socp", "plan_ac", "setpoint")},
        "voltage_violation_bus_h": outside * run.step_h if feeders else NAN,
        "line_loading_max_percent": extreme(np.max, "line_loading_percent"),
        "relaxation_gap_max_rel": extreme(np.max, "relaxation_gap_rel"),
        "relaxation_vm_error_max_pu": extreme(np.max, "relaxation_vm_error_pu"), **flags}


def _transformers(run: Run) -> dict[str, float]:
    aged = [ageing for d in run.networks if (ageing := life_h_and_hot_spot(run, d)) is not None]
    return {
        "transformer_life_max_h": max((float(life.max()) for life, _ in aged), default=NAN),
        "transformer_life_sum_h": float(sum(life.sum() for life, _ in aged)) if aged else NAN,
        "transformer_hot_spot_max_celsius": max((float(hot.max()) for _, hot in aged), default=NAN),
        "transformer_losses_kwh": (float(sum(own_losses_kwh(run, d) for d in run.networks)) if run.networks else NAN)}


# ---------------------------------------------------------------- service and compliance
def _service(run: Run) -> dict[str, float]:
    up, down, asked_up, asked_down = (_sum(run, f"{name}_kwh") for name in (
        "delivered_up", "delivered_down", "instructed_up", "instructed_down"))
    lost = _sum(run, "disaggregation_loss_kwh")
    return {
        **{name: _sum(run, name) for name in ("disaggregation_loss_kwh", "infeasible_request_kwh", "model_mismatch_kwh",
                                              "departures_short", "departures_short_kwh")},
        "not_delivered_share": _ratio(lost, _sum(run, "target_energy_kwh")),
        "compliance_realised": _ratio(_sum(run, "complied_count"), _sum(run, "instructed_count")),
        "compliance_realised_energy": _ratio(up + down, asked_up + asked_down),
        "compliance_realised_energy_up": _ratio(up, asked_up),
        "compliance_realised_energy_down": _ratio(down, asked_down)}


# ---------------------------------------------------------------- what was planned
def _planned(run: Run) -> dict[str, float]:
    """Over the hours of each plan that bind and were run."""
    names = ("operating_cost_usd", "tariff_payments_usd", "wear_cost_usd", "owners_net_cost_usd",
             "curtailment_penalty_usd", "carbon_t", "carbon_cost_usd")
    written = np.flatnonzero(run.plan["time_s"] >= 0)
    if not written.size:
        return {f"planned_{name}": NAN for name in names}
    units, o, total = units_of(run), run.part("objective"), dict.fromkeys(names, 0.0)
    hours_on = np.asarray(run("on_before_h")[0], dtype=np.float64)
    wear_usd = _planned_wear(run)
    for plan in written:
        first = int(run.plan["time_s"][plan]) // SECONDS_PER_HOUR
        run_h = run.steps * run.step_s // SECONDS_PER_HOUR
        keep = slice(0, max(min(int(run.part("planning")["binding_h"]), run_h - first), 0))
        on, p = run.plan["committed"][plan].T[keep] > 0, run.plan["p_mw"][plan].T[keep]
        total["operating_cost_usd"] += float(units.fuel_usd_per_h(p, on).sum())
        total["carbon_t"] += float(units.tons_per_h(p, on).sum())
        cut = run.plan["wind_curtailed_mw"][plan][keep] + run.plan["pv_curtailed_mw"][plan][keep]
        total["curtailment_penalty_usd"] += float(cut.sum()) * float(o["curtailment_penalty_usd_per_mwh"])
        for row in on:
            total["operating_cost_usd"] += float(start_usd(units, row, hours_on).sum())
            alike = row == (hours_on > 0)
            hours_on = np.where(row, 1.0, -1.0) * (np.where(alike, np.abs(hours_on), 0.0) + 1.0)
        at = slice(first, first + on.shape[0])
        for d in run.districts:
            pc, pd = d("plan_pc_kw")[plan][:, keep], d("plan_pd_kw")[plan][:, keep]
            total["tariff_payments_usd"] += float(pc.sum(axis=0) @ _hourly(run, "price_charge_usd_per_kwh")[at]
                                                  - pd.sum(axis=0) @ _hourly(run, "price_discharge_usd_per_kwh")[at])
            total["wear_cost_usd"] += float(wear_usd @ pd.reshape(wear_usd.size, -1).sum(axis=1))
    total["carbon_cost_usd"] = total["carbon_t"] * float(o["carbon_price_usd_per_t"])
    total["owners_net_cost_usd"] = total["tariff_payments_usd"] + total["wear_cost_usd"]
    return {f"planned_{name}": value for name, value in total.items()}


def _hourly(run: Run, name: str) -> Floats:
    """[whole hours] means of the steps in them."""
    steps = SECONDS_PER_HOUR // run.step_s
    hours = run.steps // steps
    return np.asarray(run(name)[:hours * steps].reshape(hours, steps).mean(axis=1))


def _planned_wear(run: Run) -> Floats:
    """[G] per kWh at the bus; NaN where the price is that of a cell's model."""
    price = wear_price_usd_per_kwh(run)
    first = run.districts[0]
    eta = first.classes.of_kind(first.group_kind, "eta_discharge")
    return np.asarray((NAN if price is None else price) / eta)


def _carbon(run: Run, money: dict[str, float]) -> dict[str, float]:
    used = sum(_mwh(run, f"{name}_available_mw") - _mwh(run, f"{name}_curtailed_mw") for name in ("wind", "pv"))
    marginal = run("marginal_carbon_t_per_mwh")
    charge, discharge = run.over_districts("charge_kw"), run.over_districts("discharge_kw")
    return {
        "carbon_average_t_per_mwh": _ratio(money["carbon_t"], _mwh(run, "p_mw") + float(used)),
        "carbon_marginal_charging_t_per_mwh": _ratio(float(marginal @ charge), float(charge.sum())),
        "carbon_marginal_discharging_t_per_mwh": _ratio(float(marginal @ discharge), float(discharge.sum())),
        "carbon_marginal_mean_t_per_mwh": float(marginal.mean())}

