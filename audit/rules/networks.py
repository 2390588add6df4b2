"""AC power flow of every network, of what happened, of set-points, and without cars, by the audit's own sweeps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.cars import charge_max_kw
from audit.finding import Check, Floats, holds, outside, same, within
from audit.network import loads, loads_taken, slack_vm_pu, tree_of
from audit.registry import rule
from audit.run import District, Run

VM_PU = 1e-8
"""Engines agree to it (docs/model.md 5.4)."""
POWER_REL = 1e-7
SIZES_KVA = np.array([50, 100, 160, 250, 400, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000, np.inf])


def _networks(run: Run) -> tuple[District, ...]:
    return run.networks if run.schema >= 2 else ()


def _balanced(run: Run) -> tuple[District, ...]:
    return run.balanced if run.schema >= 2 else ()


@rule("5.4", "vm_pu", "losses_kw", "p_slack_kw", "q_slack_kvar", "p_bus_kw", "q_bus_kvar", "line_loading_percent",
      "line_rating_a", "line_r_pu", "line_x_pu", "line_turns_ratio", "shunt_g_pu", "shunt_b_pu", "load_bus_kw",
      "load_bus_kvar", "bus_parent")
def ac_of_what_happened(run: Run) -> Iterator[Check]:
    """Voltages, losses, loadings and the draw from the substation are those of AC power flow."""
    for d in _balanced(run):
        yield from outside(_ac_of(d), run.told_by("feeder", d.name))
        no_line = [float(d(name)[0]) for name in ("line_r_pu", "line_x_pu", "line_rating_a")]
        yield same(f"{d.name}: line before the substation", no_line, 0.0, "", axis="entry")
        yield same(f"{d.name}: turns ratio before the substation", d("line_turns_ratio")[0], 1.0, "1", axis="run")


def _ac_of(d: District) -> Iterator[Check]:
    tree, (p, q) = tree_of(d).at(slack_vm_pu(d)), loads_taken(d)
    flow = tree.flow(p + d("p_bus_kw"), q + d("q_bus_kvar"))
    yield same(f"{d.name}: voltage at", d("vm_pu"), flow.vm_pu, "pu", names=d.buses, rel=0.0, absolute=VM_PU)
    for name, right in (("losses_kw", flow.losses_kw), ("p_slack_kw", flow.p_slack_kw),
                        ("q_slack_kvar", flow.q_slack_kvar)):
        yield same(f"{d.name}: {name}", d(name), right, "kW", rel=POWER_REL, absolute=1e-6)
    rated_pu = d("line_rating_a") * np.sqrt(3.0) * float(d.attributes["nominal_kv"]) / 1e3
    with np.errstate(divide="ignore", invalid="ignore"):
        loading = np.where(rated_pu > 0, 100 * flow.current_pu / rated_pu, 0.0)
    loading[:, 0] = 0.0
    yield same(f"{d.name}: loading of the line to", d("line_loading_percent"), loading, "%", names=d.buses,
               rel=POWER_REL, absolute=1e-7)


@rule("5.4", "losses_base_kw", "load_bus_kw", "load_bus_kvar")
def ac_without_cars(run: Run) -> Iterator[Check]:
    """Losses without cars are those of the loads alone."""
    for d in _balanced(run):
        flow = tree_of(d).at(slack_vm_pu(d)).flow(*loads(d))
        yield from outside(iter([same(f"{d.name}: losses without cars", d("losses_base_kw"), flow.losses_kw, "kW",
                                      rel=POWER_REL, absolute=1e-6)]), run.told_by("feeder", d.name))


@rule("5.4", "vm_setpoint_pu", "losses_setpoint_kw", "q_plan_bus_kvar")
def ac_of_setpoints(run: Run) -> Iterator[Check]:
    """The voltages of set-points belong to powers that cars could have at buses where they park, and to the losses
    said."""
    for d in _balanced(run):
        yield from outside(_ac_of_setpoints(run, d), run.told_by("feeder", d.name))


def _ac_of_setpoints(run: Run, d: District) -> Iterator[Check]:
    tree, (p, q) = tree_of(d), loads_taken(d)
    behind, losses = tree.powers_behind(d("vm_setpoint_pu"), q + d("q_plan_bus_kvar"))
    yield same(f"{d.name}: losses of set-points", d("losses_setpoint_kw"), losses, "kW", rel=1e-5, absolute=1e-3)
    yield same(f"{d.name}: slack voltage of set-points", d("vm_setpoint_pu")[:, 0], slack_vm_pu(d), "pu")
    cars = (behind - p)[:, 1:]
    parks = (d("bus_zone") >= 0)[1:]
    most = _port_kw(run, d)
    yield within(f"{d.name}: set-points at", cars, np.where(parks, -most, 0.0), np.where(parks, most, 0.0), "kW",
                 names=d.buses[1:], rel=0.0, absolute=0.05)


def _port_kw(run: Run, d: District) -> float:
    """All chargers of the district, the most that one bus could draw."""
    return float(charge_max_kw(d).sum()) if run.has_totals else np.inf


@rule("5.5", "transformer_kva", "transformer_rating_kva")
def transformers(run: Run) -> Iterator[Check]:
    """Load and slow chargers pass a bus's own transformer; its rating is the next size above the margin times its
    peak."""
    for d in _networks(run):
        p, q = loads_taken(d)
        fast = _fast_kw(d)
        low, high = (p + d("p_bus_kw") - fast[way] for way in (0, 1))
        crosses = (np.minimum(low, high) <= 0) & (np.maximum(low, high) >= 0)
        least = np.where(crosses, 0.0, np.minimum(np.abs(low), np.abs(high)))
        reactive = q + d("q_bus_kvar")
        yield within(f"{d.name}: transformer at", d("transformer_kva"), np.hypot(least, reactive),
                     np.hypot(np.maximum(np.abs(low), np.abs(high)), reactive), "kVA", names=d.buses, absolute=1e-6)
        yield from _ratings(d)


def _fast_kw(d: District) -> tuple[Floats, Floats]:
    """(most, least) [T, B] of a bus's power that may pass ports beside its own transformer: what cars of its zone that
    use such ports, as taxis do, charge and give back."""
    is_behind = d.classes.of_kind(d.group_kind, "is_behind")
    charge, discharge = (np.where(is_behind, 0.0, d(name)).reshape(d(name).shape[0], d.zone_count, -1).sum(axis=2)
                         for name in ("charge_kw", "discharge_kw"))
    zone = d("bus_zone")
    at = np.where(zone >= 0, zone, 0)
    return np.where(zone >= 0, charge[:, at], 0.0), np.where(zone >= 0, -discharge[:, at], 0.0)


def _ratings(d: District) -> Iterator[Check]:
    """Of buses on the medium voltage; the substation has its own."""
    margin, scale = d.scenario["transformer_margin"], float(d.scenario["peak_scale"])
    rating = d("transformer_rating_kva")
    substation = d.scenario["substation_mva"]
    yield same(f"{d.name}: rating of the substation", rating[0], np.inf if substation is None else 1e3 * substation,
               "kVA", axis="run")
    peak = np.hypot(d("load_peak_kw"), d("load_peak_kvar"))[1:] / scale
    need = peak * (np.inf if margin is None else float(margin)) * (1 - 1e-12)
    right = np.where(peak > 0, SIZES_KVA[np.minimum(np.searchsorted(SIZES_KVA, need), SIZES_KVA.size - 1)], np.inf)
    # behind a transformer to low voltage stands a customer, with none of its own
    yield holds(f"{d.name}: rating of the transformer at", (rating[1:] == right) | np.isinf(rating[1:]),
                names=(), axis="bus")


@rule("4.4")
def limits_of_networks(run: Run) -> Iterator[Check]:
    """Voltages, lines and transformers within their limits; what is beyond them is a note."""
    for d in run.networks:
        vm, low, high = d("vm_pu"), float(d.scenario["v_min_pu"]), float(d.scenario["v_max_pu"])
        outside = np.maximum(low - vm, vm - high).max(axis=1)
        yield Check(f"{d.name}: voltage outside {low:g}..{high:g} pu", outside, 0.0, "pu", is_note=True)
        loading = d("line_loading_percent").max(axis=1, initial=0.0)
        yield Check(f"{d.name}: line above its rating", loading - 100.0, 1e-9, "%", is_note=True)
        rating = d("transformer_rating_kva")[1:]
        over = (d("transformer_kva")[:, 1:] - rating).max(axis=1, initial=-1.0)
        yield Check(f"{d.name}: transformer above its rating", over, 1e-9, "kVA", is_note=True)


@rule("2.4")
def paid_imbalance(run: Run) -> Iterator[Check]:
    """Load shed, power dumped and reserve missing have a price; each is a note."""
    for name, text in (("shed_mw", "load shed"), ("dump_mw", "power dumped"),
                       ("reserve_shortfall_mw", "reserve missing")):
        yield Check(text, run(name), 1e-4, "MW", is_note=True)

