"""Each car in each step, where traces were recorded: power, battery, instructions, reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audit.cars import charge_max_kw, of_kind
from audit.finding import Check, Floats, same, within
from audit.registry import rule
from audit.run import WAYS, District, Run

SINGLE = 3e-7
"""Traces are kept in single precision: of a value, its share that may be rounded away."""
COMPLIED_KW, COMPLIED_SHARE = 0.2, 0.02
COMPLIED, NOT_ENROLLED = 0, 1
SOC = 1e-6


def _rounding(*values: Floats) -> float:
    """What single precision may take from the sum of a step, at most."""
    return 1e-6 + SINGLE * max((float(np.nansum(np.abs(own), axis=1).max(initial=0.0)) for own in values), default=0.0)


def _plugged_h(d: District) -> Floats:
    return np.nan_to_num(d.trace("stay_vehicle_h")) + d.trace("arrived_vehicle_h")


def _on_arrival_kwh(run: Run, d: District) -> Floats:
    """[T, V] the most that a stay that begins within the step may have charged besides."""
    return np.asarray(charge_max_kw(d) * d.trace("arrived_vehicle_h"))


def _takes_over(d: District) -> Any:
    """[T, V] whether the car stopped following within the step."""
    names = [str(name) for name in d.axes["reason"]]
    return d.trace("reason_vehicle") == (names.index("overrides") if "overrides" in names else -1)


def _names(d: District) -> tuple[str, ...]:
    return tuple(f"vehicle {i}" for i in range(len(d.axes["vehicle"])))


@rule("5.3", "traces/p_vehicle_kw", "charged_kwh", "discharged_kwh", needs_traces=True)
def power_of_steps(run: Run) -> Iterator[Check]:
    """Powers of all cars are what the district charged less what it discharged; each is within its charger."""
    for d in run.districts if run.schema >= 2 else ():
        p = d.trace("p_vehicle_kw")
        yield same(f"{d.name}: power of all cars", p.sum(axis=1), (d("charged_kwh") - d("discharged_kwh")) / run.step_h,
                   "kW", absolute=_rounding(p), rel=0.0)
        most, least = charge_max_kw(d), -d("vehicle_p_discharge_max_kw")
        yield within(f"{d.name}:", p, least, most, "kW", names=_names(d), rel=SINGLE)
        yield Check(f"{d.name}: power beyond hours plugged in,",
                    np.abs(p) * run.step_h - np.maximum(most, -least) * _plugged_h(d), 1e-4, "kWh", _names(d))


@rule("5.3", "traces/p_vehicle_kw", "vehicle_charged_kwh", "vehicle_discharged_kwh", "vehicle_tariff_usd",
      needs_traces=True)
def sums_of_steps(run: Run) -> Iterator[Check]:
    """A car's powers over all steps are its sums; at the tariff of each step they are what it paid."""
    pays, earns = run("price_charge_usd_per_kwh"), run("price_discharge_usd_per_kwh")
    for d in run.districts:
        p = d.trace("p_vehicle_kw") * run.step_h
        into, out = np.maximum(p, 0.0), np.maximum(-p, 0.0)
        allowed = 1e-6 + SINGLE * float(np.abs(p).sum(axis=0).max(initial=0.0))
        net = d("vehicle_charged_kwh") - d("vehicle_discharged_kwh")
        yield same(f"{d.name}: energy of vehicle", p.sum(axis=0), net, "kWh", axis="vehicle", absolute=allowed, rel=0.0)
        # who does both within a step shows its net power alone
        plain = np.abs(into.sum(axis=0) - d("vehicle_charged_kwh")) <= allowed
        right = pays @ into - earns @ out
        yield same(f"{d.name}: tariff of vehicle", np.where(plain, d("vehicle_tariff_usd"), 0.0),
                   np.where(plain, right, 0.0), "USD", axis="vehicle", absolute=allowed, rel=0.0)


@rule("5.3", "traces/soc", "stored_kwh", "vehicle_capacity_kwh", "vehicle_stored_end_kwh", needs_traces=True)
def soc_of_steps(run: Run) -> Iterator[Check]:
    """SOC times capacity is what is stored, in every step and at the end; it stays between its bounds."""
    fleet = run.part("fleet")
    for d in run.districts:
        soc, size = d.trace("soc"), d("vehicle_capacity_kwh")
        yield same(f"{d.name}: stored", soc @ size, d("stored_kwh"), "kWh", absolute=_rounding(soc * size), rel=0.0)
        yield same(f"{d.name}: stored at last, vehicle", soc[-1] * size, d("vehicle_stored_end_kwh"), "kWh",
                   axis="vehicle", absolute=1e-6 + SINGLE * float(size.max(initial=0.0)), rel=0.0)
        start = d("vehicle_stored_start_kwh") / size
        yield within(f"{d.name}: SOC of", soc, np.minimum(float(fleet["soc_min"]), start),
                     np.maximum(float(fleet["soc_max"]), start), "1", names=_names(d), absolute=SOC, rel=0.0)


@rule("5.3", "traces/soc", "soc_count", needs_traces=True)
def soc_counted(run: Run) -> Iterator[Check]:
    """Cars stand in the band of charge in which they are counted."""
    for d in run.districts:
        if "soc_count" not in d.arrays:
            continue
        told, kind = d("soc_count"), d("vehicle_class_index").astype(np.int64)
        bands = told.shape[2]
        place = np.clip((d.trace("soc").astype(np.float32) * np.float32(bands)).astype(np.int64), 0, bands - 1)
        for k, c in enumerate(d.classes.classes):
            mine = place[:, kind == k]
            counted = np.stack([(mine == band).sum(axis=1) for band in range(bands)], axis=1)
            yield same(f"{d.name}: {c.name} cars by charge, band", told[:, k], counted, "cars",
                       names=tuple(map(str, range(bands))))


@rule("5.3", "traces/soc", needs_traces=True)
def energy_of_steps(run: Run) -> Iterator[Check]:
    """No battery gains more than its charger stores, or loses less than is drawn, but for fast charging up to the
    least SOC; nobody discharges below the floor."""
    fleet = run.part("fleet")
    least, floor = float(fleet["soc_min"]), float(fleet["soc_floor_v2g"])
    for d in run.districts:
        soc, p, size = d.trace("soc"), d.trace("p_vehicle_kw"), d("vehicle_capacity_kwh")
        start = d("vehicle_stored_start_kwh") / size
        before = np.concatenate([start[None, :], soc[:-1]])
        kind = d.car_kind
        into, out = of_kind(run, kind, "charge", 1), of_kind(run, kind, "discharge", 1)
        gain = (np.maximum(p, 0.0) * into - np.maximum(-p, 0.0) / out) * run.step_h / size
        # a car below its least after driving was helped up to it, then plugged in
        helped = soc <= least + np.maximum(gain, 0.0) + SOC
        excess = np.where(helped, -1.0, soc - before - gain)
        yield Check(f"{d.name}: SOC gained from nothing,", excess, 3 * SOC, "1", _names(d))
        stayed = before - soc <= np.maximum(-p, 0.0) * run.step_h / size / out * (1 + 1e-3) + SOC
        below = np.where((p < -1e-2) & stayed, np.minimum(floor, before) - soc, -1.0)
        yield Check(f"{d.name}: discharged below the floor,", below, 3 * SOC, "1", _names(d))


@rule("6.4", "traces/setpoint_vehicle_kw", "traces/reason_vehicle", "refusals", "instructed_count",
      "complied_count", needs_traces=True)
def reasons_of_steps(run: Run) -> Iterator[Check]:
    """Cars told something, and cars by reason, are counted as they are."""
    for d in run.districts:
        asked, reason = np.isfinite(d.trace("setpoint_vehicle_kw")), d.trace("reason_vehicle")
        yield same(f"{d.name}: told", d("instructed_count"), asked.sum(axis=1), "cars")
        yield same(f"{d.name}: complied", d("complied_count"), (asked & (reason == COMPLIED)).sum(axis=1), "cars")
        codes = np.arange(1, d("refusals").shape[1])
        counted = np.stack([(reason == code).sum(axis=1) for code in codes], axis=1)
        yield same(f"{d.name}: reason", d("refusals")[:, 1:], counted, "cars", names=tuple(map(str, codes)))
        enrolled = d("vehicle_is_enrolled") > 0
        yield Check(f"{d.name}: without a contract, but told something,", asked & ~enrolled, 0.0, "", _names(d))


@rule("6.4", "traces/setpoint_vehicle_kw", "traces/reason_vehicle", needs_traces=True)
def compliance_of_steps(run: Run) -> Iterator[Check]:
    """A car complied if what it took is what its set-point asks over the time it is held, to 0.2 kW or 2 %."""
    for d in run.districts if run.schema >= 2 else ():
        told, took = d.trace("setpoint_vehicle_kw"), d.trace("p_vehicle_kw") * run.step_h
        asked_kwh, held = d.trace("asked_vehicle_kwh"), told * np.nan_to_num(d.trace("stay_vehicle_h"))
        held_kwh = np.where(np.abs(asked_kwh) > np.abs(held), asked_kwh, held)
        allowed = run.step_h * np.maximum(COMPLIED_KW, COMPLIED_SHARE * np.abs(held_kwh) / run.step_h)
        # a stay that begins within the step may have charged too: what the first took lies between
        most, least = took - held_kwh, took - _on_arrival_kwh(run, d) - held_kwh
        nearest = np.where((least <= 0) & (most >= 0), 0.0, np.minimum(np.abs(least), np.abs(most)))
        asked, complied = np.isfinite(told), d.trace("reason_vehicle") == COMPLIED
        yield Check(f"{d.name}: said to comply, but did not,",
                    np.where(asked & complied, nearest - allowed, -1.0), 1e-4, "kWh", _names(d))
        yield Check(f"{d.name}: said not to comply, but did,", np.where(
            asked & ~complied, allowed - np.maximum(np.abs(least), np.abs(most)), -1.0), 1e-4, "kWh", _names(d))


@rule("6.4", "instructed_up_kwh", "instructed_down_kwh", "delivered_up_kwh", "delivered_down_kwh",
      "traces/asked_vehicle_kwh", "traces/setpoint_vehicle_kw", needs_traces=True)
def instructed_and_delivered(run: Run) -> Iterator[Check]:
    """Energy asked is the set-point until the declared departure; delivered is what of it came."""
    for d in run.districts if run.schema >= 2 else ():
        asked, told = d.trace("asked_vehicle_kwh"), np.nan_to_num(d.trace("setpoint_vehicle_kw"))
        yield within(f"{d.name}: asked of", asked, np.minimum(told, 0.0) * run.step_h,
                     np.maximum(told, 0.0) * run.step_h, "kWh", names=_names(d), rel=1e-6)
        took, later = d.trace("p_vehicle_kw") * run.step_h, _on_arrival_kwh(run, d)
        for way, sign in (("up", -1.0), ("down", 1.0)):
            wanted = np.maximum(sign * asked, 0.0)
            allowed = _rounding(wanted)
            yield same(f"{d.name}: asked {way}", d(f"instructed_{way}_kwh"), wanted.sum(axis=1), "kWh",
                       absolute=allowed, rel=0.0)
            ends = [np.minimum(wanted, np.maximum(sign * flow, 0.0)) for flow in (took, took - later)]
            # who takes over within the step may go both ways in it
            most = np.where(_takes_over(d), wanted, np.maximum(*ends)).sum(axis=1)
            yield within(f"{d.name}: delivered {way}", d(f"delivered_{way}_kwh"), np.minimum(*ends).sum(axis=1), most,
                         "kWh", absolute=allowed, rel=0.0)


@rule("5.3", "traces/limited_vehicle_kw", needs_traces=True)
def limited_of_steps(run: Run) -> Iterator[Check]:
    """Charger and battery can do what is asked, or less of it where the battery is at its end or tapers."""
    fleet = run.part("fleet")
    for d in run.districts:
        told, can, size = d.trace("setpoint_vehicle_kw"), d.trace("limited_vehicle_kw"), d("vehicle_capacity_kwh")
        yield Check(f"{d.name}: one without the other,", np.isfinite(told) != np.isfinite(can), 0.0, "", _names(d))
        beyond = np.maximum(np.abs(can) - np.abs(told), np.where(can * told < 0, np.abs(can), -1.0))
        yield Check(f"{d.name}: more than asked,", np.nan_to_num(beyond, nan=-1.0), 1e-5, "kW", _names(d))
        start = d("vehicle_stored_start_kwh") / size
        before = np.concatenate([start[None, :], d.trace("soc")[:-1]])
        kind = d.car_kind
        filled = before + np.maximum(can, 0.0) * of_kind(run, kind, "charge", 1) * run.step_h / size
        emptied = before - np.maximum(-can, 0.0) / of_kind(run, kind, "discharge", 0) * run.step_h / size
        taper = d.classes.of_kind(kind, "taper_start_soc")
        at_end = np.where(told > 0, filled >= np.minimum(float(fleet["soc_max"]), taper) - 1e-5,
                          emptied <= np.maximum(float(fleet["soc_floor_v2g"]), 0.0) + 1e-5)
        cut = np.abs(told) - np.abs(can) > 1e-5 + 1e-6 * np.abs(np.nan_to_num(told))
        yield Check(f"{d.name}: cut though the battery is not at its end,", cut & ~at_end, 0.0, "", _names(d))


@rule("6.1", "traces/stay_vehicle_h", "traces/arrived_vehicle_h", "vehicle_plugged_h", needs_traces=True)
def hours_of_steps(run: Run) -> Iterator[Check]:
    """Hours plugged in add up, and no step has more of them than it lasts."""
    for d in run.districts if run.schema >= 2 else ():
        hours = _plugged_h(d)
        yield within(f"{d.name}: plugged in,", hours, 0.0, run.step_h, "h", names=_names(d), absolute=1e-6)
        yield same(f"{d.name}: plugged in, vehicle", hours.sum(axis=0), d("vehicle_plugged_h"), "h", axis="vehicle",
                   absolute=1e-5)


@rule("5.1", "plugged_count", needs_traces=True)
def plugged_of_steps(run: Run) -> Iterator[Check]:
    """Cars plugged in as a step begins are those whose stay goes on in it, class by class and way by way."""
    for d in run.districts if run.schema >= 2 else ():
        here = np.isfinite(d.trace("stay_vehicle_h"))
        row = (d("vehicle_class_index") * WAYS + d("vehicle_is_bidirectional")).astype(np.int64)
        told = d("plugged_count").reshape(run.steps, d.zone_count, -1).sum(axis=1)
        right = np.stack([here[:, row == kind].sum(axis=1) for kind in range(told.shape[1])], axis=1)
        yield same(f"{d.name}: plugged in of class and way", told, right, "cars")
