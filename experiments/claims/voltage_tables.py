"""Tables and verdict on the lowest voltage: what it takes to lift it, and what cars' reactive power does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from experiments.claims import reactive
from experiments.claims.verdicts import Verdict
from experiments.claims.voltage import MEANS, Support, highest_vm_pu, least_support, slack_needed_pu
from experiments.csv_rows import write_rows
from models.network.feeder import site
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33, zone_map
from models.records.arrays import SECONDS_PER_HOUR, Floats
from testbed.reporting.tables import print_table
from testbed.running.preflight import checked_scenario
from testbed.setup.profiles import build_profiles

PEAK_SCALE, WANTED_PU = 0.83, 0.977
CAR_KW, CARS = 7.0, 103
CAR_KWH = 55.0 * (0.9 - 0.35) * 0.95
"""What a full private battery can feed back down to its V2G floor, at the bus."""
SLOW_PORTS = 8


def report(folder: Path, seeds: int, workers: int) -> list[Verdict]:
    """Both tables and the verdict."""
    feeder = ieee33(peak_scale=PEAK_SCALE)
    flow = ac_engine(feeder).power_flow
    shape = load_shape()[:, None]
    p_kw, q_kvar = shape * feeder.p_base_kw, shape * feeder.q_base_kvar
    needs = {by: least_support(feeder, flow, p_kw, q_kvar, WANTED_PU, by) for by in MEANS}
    places = site(feeder, zone_map("contiguous"), slow_ports_per_bus=SLOW_PORTS)
    ports = np.asarray(places.slow_ports * CAR_KW, dtype=np.float64)
    worst = int(np.argmin(flow(p_kw, q_kvar).vm_pu.min(axis=1)))
    reach = {by: [highest_vm_pu(feeder, flow, p_kw[worst], q_kvar[worst], cars * CAR_KW, by, ports)
                  for cars in (CARS, SLOW_PORTS * (feeder.bus_count - 1))] for by in MEANS}
    slack = slack_needed_pu(lambda v: ac_engine(replace(feeder, v_slack_pu=v)).power_flow,
                            p_kw[worst][None], q_kvar[worst][None], WANTED_PU)
    head = ("by", "hours", "most needed in", "MW", "Mvar", "MVA", "cars at 7 kW", "MWh a day", "full cars for it",
            "lowest pu (AC)", f"{CARS} cars reach pu", "all ports reach pu")
    rows = [_row(need, reach[by]) for by, need in needs.items()]
    print(f"lowest voltage {WANTED_PU} pu at peak scale {PEAK_SCALE}, substation at 1.0 pu, best buses")
    print_table(head, rows)
    print(f"without any car the substation would have to hold {slack:.4f} pu")
    write_rows(head, rows, folder / "voltage.csv")
    effects = report_reactive(folder, seeds, workers)
    return [verdict(needs["active"], needs["both"], reach["both"], slack), effects]


def load_shape() -> Floats:
    """[24] system load over its peak: the feeder's daily shape."""
    return build_profiles(checked_scenario("paper_day", ())).load_shape(0, SECONDS_PER_HOUR, 24)


def _row(need: Support, reach: list[float]) -> tuple[str, ...]:
    hour = need.hour_of_need
    return (need.by, str(need.hours), f"h{hour + 1}", f"{need.p_bus_kw[hour].sum() / 1e3:.3f}",
            f"{need.q_bus_kvar[hour].sum() / 1e3:.3f}", f"{need.kva[hour] / 1e3:.3f}",
            f"{np.ceil(need.kva[hour] / CAR_KW):.0f}", f"{need.energy_mwh:.2f}",
            f"{np.ceil(need.energy_mwh * 1e3 / CAR_KWH):.0f}", f"{need.vm_min_after_pu.min():.4f}",
            f"{reach[0]:.4f}", f"{reach[1]:.4f}")


def verdict(active: Support, both: Support, reach: list[float], slack: float) -> Verdict:
    """0.929 to 0.977 pu."""
    hour = active.hour_of_need
    before = float(active.vm_min_before_pu.min())
    return Verdict(
        f"lowest voltage {before:.3f} -> {WANTED_PU} pu",
        f"needs {active.kva[hour] / 1e3:.2f} MW in h{hour + 1} ({np.ceil(active.kva[hour] / CAR_KW):.0f} cars), "
        f"{active.energy_mwh:.1f} MWh over {active.hours} hours; with reactive power {both.kva.max() / 1e3:.2f} MVA; "
        f"{CARS} cars reach {reach[0]:.3f} pu, every slow port taken {reach[1]:.3f} pu in that hour",
        "no", f"not by cars at a substation held at 1.0 pu; a substation at {slack:.3f} pu does it without any car")


# ---------------------------------------------------------------- reactive power in runs
def report_reactive(folder: Path, seeds: int, workers: int) -> Verdict:
    """Mean over seeds of the runs with p alone and both, against pro rata; runs of the part `places` are shared."""
    shared = folder / "zone_maps" / f"contiguous-{PEAK_SCALE}"
    effects = reactive.measure(range(1, seeds + 1), shared, workers=workers)
    head = ("seed", "by", "losses kWh", "lowest pu", "reactive kvarh", "planned kvarh", "class diff %")
    rows = [(str(e.seed), e.by, f"{e.losses_kwh:.2f}", f"{e.vm_min_pu:.5f}", f"{e.reactive_kvarh:.0f}",
             f"{e.planned_kvarh:.0f}", f"{100 * e.class_difference:.2f}") for e in effects]
    print_table(head, rows)
    write_rows(head, rows, folder / "reactive.csv")
    saved = {by: _mean_saving(effects, by) for by in ("p alone", "both")}
    lowest = {by: float(np.mean([e.vm_min_pu for e in effects if e.by == by])) for by in reactive.RUNS}
    return Verdict(
        "reactive power of chargers (not claimed; asked beside it)",
        f"losses against pro rata: p alone {100 * saved['p alone']:+.2f} %, both {100 * saved['both']:+.2f} %, so "
        f"q alone about {100 * (saved['both'] - saved['p alone']):+.2f} %; lowest voltage {lowest['p alone']:.4f} "
        f"and {lowest['both']:.4f} pu", "yes", "placement_day, in_place, q free of cost within each charger's kVA")


def _mean_saving(effects: list[reactive.Effect], by: str) -> float:
    base = {e.seed: e.losses_kwh for e in effects if e.by == reactive.REFERENCE}
    return float(np.mean([1.0 - e.losses_kwh / base[e.seed] for e in effects if e.by == by]))
